"""How training changes the labels of batches: class weights, and rows in place of numbers."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_cv_extras import data
from keras_cv_extras._base import checks, label_forms, samples


def with_rows(dataset: "tf.data.Dataset[Any]", num_classes: int) -> "tf.data.Dataset[Any]":
    """Returns a dataset of batches with labels as rows of probabilities.

    Args:
        dataset: batches of images and labels in any form: integers, rows, or what mixing makes
            of integers; with weights, if it has them.
        num_classes: length of a row.
    """
    checks.integer("num_classes", num_classes, minimum=1)

    def rows(images, labels, *weights):
        return images, _rows(labels, num_classes), *weights

    made = dataset.map(rows)
    return samples.remember(made, lambda: samples.samples_of(dataset))


def with_class_weights(
    dataset: "tf.data.Dataset[Any]", weights: dict[int, float]
) -> "tf.data.Dataset[Any]":
    """Returns a dataset of batches with a weight for every sample, from that of its class.

    A label that several classes share gets the mean of their weights, weighted by the shares.

    Args:
        dataset: batches of images and labels in any form: integers, rows, or what mixing makes
            of integers.
        weights: class -> weight, as `data.class_weight` gives them.

    Example:
        >>> train = with_class_weights(train, data.class_weight(labels, "effective"))
    """
    table = np.zeros(max(weights) + 1, "float32")
    for number, weight in weights.items():
        table[number] = weight

    def weighted(images, labels):
        return images, labels, tf.linalg.matvec(_rows(labels, len(table)), table)

    made = dataset.map(weighted)
    return samples.remember(made, lambda: samples.samples_of(dataset))


@keras.saving.register_keras_serializable("keras_cv_extras")
class _PositiveWeighted(keras.losses.Loss):
    """A loss of several labels per image, in which positive labels have weights of their own.

    Args:
        loss: a `keras.losses.Loss` whose loss is a mean or a sum over labels, linear in each.
        weights: one for each label.
        mean: whether it is a mean.
    """

    def __init__(self, loss, weights, mean, reduction="sum_over_batch_size", name=None):
        super().__init__(name=name or "positive_weighted", reduction=reduction)
        self.loss, self.weights, self.mean = loss, [float(weight) for weight in weights], mean

    def call(self, y_true, y_pred):
        """Returns the loss of each image."""
        each = ops.expand_dims(y_pred, -1)
        there, absent = (
            self.loss.call(make(each), each) for make in (ops.ones_like, ops.zeros_like)
        )
        share = ops.cast(y_true, there.dtype)
        losses = share * ops.convert_to_tensor(self.weights, there.dtype) * there
        losses += (1 - share) * absent
        return ops.mean(losses, axis=-1) if self.mean else ops.sum(losses, axis=-1)

    def get_config(self):
        """Returns the configuration."""
        loss = keras.losses.serialize(self.loss)
        own = {"loss": loss, "weights": self.weights, "mean": self.mean}
        return {**own, "reduction": self.reduction, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Makes the loss from its configuration."""
        return cls(**{**config, "loss": keras.losses.deserialize(config["loss"])})


def positive_weighted(loss: keras.losses.Loss, weights: Any) -> keras.losses.Loss:
    """Returns a loss of several labels with a weight for each where an image has it.

    Args:
        loss: `keras.losses.BinaryCrossentropy` or `losses.AsymmetricMultilabel`.
        weights: `(labels,)`, as `data.positive_weights` gives them.
    """
    mean = isinstance(loss, keras.losses.BinaryCrossentropy)
    return _PositiveWeighted(loss, np.asarray(weights).tolist(), mean)


def batches_of(dataset: Any, name: str) -> Any:
    """Returns batches as pairs where they are dictionaries of image and label, else as they are.

    Args:
        dataset: what `fit` was given: a dataset, or anything else that Keras takes.
        name: of the argument.

    Raises:
        ValueError: if a dataset gives single images.
    """
    if not isinstance(dataset, tf.data.Dataset):
        return dataset
    dataset = data.as_pairs(dataset)
    spec = tf.nest.flatten(dataset.element_spec)
    if len(spec) == 2 and [getattr(item.shape, "rank", None) for item in spec] == [3, 0]:
        raise ValueError(
            f"{name} gives single images, {spec[0].shape}: call batch on it, or give it to "
            "data.pipeline"
        )
    return dataset


def _rows(labels, num_classes):
    """Does what `label_forms.rows` does, by TensorFlow, which datasets run on under any Keras."""
    if label_forms.is_mixed(labels):
        pairs = label_forms.parts(labels)
        return tf.add_n([share[:, None] * _rows(own, num_classes) for own, share in pairs])
    if not label_forms.is_flat(labels):
        return tf.cast(labels, "float32")
    classes = tf.cast(tf.reshape(labels, (-1,)), "int32")
    inside = (classes >= 0) & (classes < num_classes)
    return tf.where(inside[:, None], tf.one_hot(classes, num_classes), float("nan"))
