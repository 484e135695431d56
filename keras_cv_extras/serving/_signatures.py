"""The functions of a SavedModel that a server calls, by their names."""

import functools
from typing import Any

import tensorflow as tf

from keras_cv_extras._base.images import value_range
from keras_cv_extras.data.files import decoder

BAD_IMAGE = ("raise", "report")


class Servable:
    """A model as functions of TensorFlow, and the variables that they read.

    Args:
        served: a `ServedModel`.
        top_k: how many classes to name.
        on_bad_image: "raise" or "report".
        threshold: None, or the probability below which no label is named.
        resize: "crop", "pad" or "stretch".
        jpeg: "whole" or "reduced".
    """

    def __init__(self, served, *, top_k, on_bad_image, threshold, resize, jpeg):
        self.served = served
        self.shape = served.input_shape
        self._top_k = top_k
        self._threshold = threshold
        self._report = on_bad_image == "report"
        self._values = value_range.most_of(served.model)
        # What is written: the weights, without random seeds and metrics, and the signatures alone.
        self.root: Any = tf.Module()
        self.root.weights = [weight.value for weight in served.model.weights]
        # Traced once each, whatever number of signatures call them.
        images = tf.TensorSpec((None, *self.shape), tf.float32)
        self._classify = _traced(self._classify, images)
        self.decode = _decoder(self.shape, resize, jpeg, self._report)

    def signatures(self):
        """Returns the name of each signature and its traced function."""
        encoded = tf.TensorSpec((None,), tf.string, name="encoded")
        images = tf.TensorSpec((None, *self.shape), tf.float32, name="images")
        pixels = tf.TensorSpec((None, *self.shape), tf.uint8, name="images")
        wanted = {
            "serving_default": (self._answer_encoded, encoded),
            "predict_images": (self._answer_images, images),
            "predict_images_uint8": (self._answer_images, pixels),
        }
        if self.served.features is not None:
            wanted["features"] = (self._features_of_images, images)
            wanted["features_encoded"] = (self._features_of_encoded, encoded)
        return {
            name: _traced(function, spec).get_concrete_function()
            for name, (function, spec) in wanted.items()
        }

    def plain(self):
        """Returns one function of images without strings, for engines that have none."""

        def answer(images):
            named = zip(("probabilities", "features"), self.served(images), strict=True)
            return {name: value for name, value in named if value is not None}

        images = tf.TensorSpec((None, *self.shape), tf.float32, name="images")
        return _traced(answer, images)

    def _answer_encoded(self, encoded):
        images, errors = self.decode(encoded)
        return self._named(self._classify(images)[0], errors)

    def _answer_images(self, images):
        return self._named(self._classify(self._checked(images))[0], None)

    def _features_of_encoded(self, encoded):
        images, errors = self.decode(encoded)
        features = self._classify(images)[1]
        if errors is None:
            return {"features": features}
        good = tf.reshape(errors == b"", [-1] + [1] * len(self.served.features))
        return {"features": tf.where(good, features, 0.0), "error": errors}

    def _features_of_images(self, images):
        return {"features": self._classify(self._checked(images))[1]}

    def _checked(self, images):
        # A server does not check the shape of a request, and kernels may abort on another rank.
        images = tf.ensure_shape(images, (None, *self.shape))
        if images.dtype == tf.uint8:
            return tf.cast(images, tf.float32)
        low, high = self._values
        right = tf.reduce_all((images >= low) & (images <= high))  # which NaN is not
        text = f"images must be finite numbers from {low:g} to {high:g}, as the model takes them"
        with tf.control_dependencies([tf.debugging.Assert(right, [text])]):
            return tf.identity(images)

    def _classify(self, images):
        """Returns probabilities and, if there are any, features."""
        count = tf.shape(images)[0]
        # TensorFlow's convolutions fail on an empty batch: give them one row, and cut it off. A
        # `tf.pad` would become a part of a convolution that comes next, without the row.
        missing = tf.maximum(1 - count, 0)
        images = tf.concat([images, tf.zeros((missing, *self.shape))], axis=0)
        probabilities, features = self.served(images)
        return [one[:count] for one in (probabilities, features) if one is not None]

    def _named(self, probabilities, errors):
        """Returns what a server answers, rows of bad images blanked out."""
        values, places = tf.math.top_k(probabilities, k=self._top_k)
        labels = tf.gather(tf.constant(self.served.class_names), places)
        if self._threshold is not None:
            enough = values >= self._threshold
            labels, places = tf.where(enough, labels, b""), tf.where(enough, places, -1)
        answer = {
            "probabilities": probabilities,
            "top_labels": labels,
            "top_probabilities": values,
            "top_indices": places,
        }
        if errors is None:
            return answer
        blanks = {"top_labels": b"", "top_indices": -1}
        good = (errors == b"")[:, None]
        answer = {
            name: tf.where(good, value, tf.cast(blanks.get(name, 0), value.dtype))
            if value.dtype != tf.string
            else tf.where(good, value, b"")
            for name, value in answer.items()
        }
        return {**answer, "error": errors}


@functools.lru_cache(maxsize=8)
def _decoder(shape, resize, jpeg, report):
    """Returns what decodes a request, one for all exports alike: it takes seconds to trace.

    It returns images, and what is wrong with each, or None if that fails the request.
    """

    def decode(encoded):
        encoded = tf.ensure_shape(encoded, (None,))
        decode = decoder.decode_or_report if report else decoder.decode_all
        decoded = decode(encoded, shape[:2], shape[2], resize=resize, jpeg=jpeg)
        images, errors = decoded if report else (decoded, None)
        return tf.cast(images, tf.float32), errors

    return _traced(decode, tf.TensorSpec((None,), tf.string))


def _traced(function, spec):
    """Returns a function for a server, whose code has no `if` for AutoGraph to convert."""
    return tf.function(function, input_signature=[spec], autograph=False)
