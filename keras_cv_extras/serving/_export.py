"""A SavedModel that a server can load: images or encoded bytes in, class names out."""

import base64
import pathlib

import keras
import numpy as np
import tensorflow as tf

from keras_cv_extras import _files

SPEC_FILE = "kcx.json"
_MOST_GOLDEN = 32


def export(model, path, *, class_names, images=None):
    """Writes a classifier as a SavedModel with two signatures.

    `serving_default` takes `images`, float32 `(batch, height, width, channels)` with values in
    [0, 255]. `serve_bytes` takes `encoded`, strings `(batch,)` of JPEG, PNG, BMP or GIF files;
    they are decoded, brought to the size of the model by keeping the aspect ratio and cutting
    off what is outside the centre, with bilinear interpolation, antialiased. Both answer
    `probabilities` `(batch, classes)`, `label` (the class name), `index` and `confidence`, each
    `(batch,)`. A request of another shape is refused, an empty one answered.

    The folder is written in one step: what was there stays whole if the export fails. Beside
    the model it holds `kcx.json`: the class names, the shape of images, and what the model says
    of some of them, for `verify`.

    Args:
        model: a Keras model of one input, images of a known size with values in [0, 255], that
            gives logits or, after a softmax, probabilities. Auxiliary heads are left out.
        path: the folder to write.
        class_names: the name of each class, by its number.
        images: `(count, height, width, channels)`, uint8: images to remember the predictions of;
            at most 32 are. None for two made up.

    Raises:
        ValueError: if the model's input or number of classes does not fit.
    """
    if hasattr(model, "inference_model"):
        model = model.inference_model()
    shape = _input_shape(model)
    class_names = [str(name) for name in class_names]
    if model.output_shape[-1] != len(class_names):
        raise ValueError(
            f"class_names must hold {model.output_shape[-1]} names, one for each output of the "
            f"model, received {len(class_names)}"
        )
    names = tf.constant(class_names)
    logits = not _ends_in_softmax(model)

    def answer(images):
        images = tf.ensure_shape(images, (None, *shape))  # another shape could end the server
        count = tf.shape(images)[0]
        # TensorFlow's convolutions fail on an empty batch: give them one row, and cut it off.
        missing = tf.maximum(1 - count, 0)
        outputs = model(tf.pad(images, [[0, missing], [0, 0], [0, 0], [0, 0]]), training=False)
        outputs = tf.cast(outputs[:count], tf.float32)
        probabilities = tf.nn.softmax(outputs) if logits else outputs
        index = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
        return {
            "probabilities": probabilities,
            "label": tf.gather(names, index),
            "index": index,
            "confidence": tf.reduce_max(probabilities, axis=-1),
        }

    def answer_bytes(encoded):
        images = tf.map_fn(
            lambda one: decode(one, shape),
            encoded,
            fn_output_signature=tf.TensorSpec(shape, tf.float32),
        )
        return answer(images)

    golden = _golden(images, shape)
    expected = np.asarray(answer(tf.constant(golden, tf.float32))["probabilities"])
    archive = keras.export.ExportArchive()
    archive.track(model)
    specs = {
        "serving_default": (answer, tf.TensorSpec((None, *shape), tf.float32, name="images")),
        "serve_bytes": (answer_bytes, tf.TensorSpec((None,), tf.string, name="encoded")),
    }
    for name, (function, spec) in specs.items():
        archive.add_endpoint(name, function, input_signature=[spec])
    with _files.replacing(path) as temporary:
        archive.write_out(str(temporary), verbose=False)
        _files.write_json(
            temporary / SPEC_FILE,
            {
                "format": "keras_cv_extras.saved_model",
                "version": 1,
                "class_names": class_names,
                "input_shape": list(shape),
                "golden": {
                    "png": [_png(image) for image in golden],
                    "probabilities": expected.astype(float).tolist(),
                },
            },
        )


def decode(encoded, shape):
    """Decodes one image file to float32 of a shape `(height, width, channels)`."""
    height, width, channels = shape
    image = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
    image.set_shape((None, None, channels))
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    wanted = tf.constant([height, width])
    scale = tf.reduce_max(tf.cast(wanted, tf.float32) / size)
    scaled = tf.maximum(tf.cast(tf.round(size * scale), tf.int32), wanted)
    same = tf.reduce_all(tf.shape(image)[:2] == scaled)
    image = tf.cond(
        same,
        lambda: tf.cast(image, tf.float32),
        lambda: tf.image.resize(image, scaled, antialias=True),
    )
    start = (scaled - wanted) // 2
    image = image[start[0] : start[0] + height, start[1] : start[1] + width]
    return tf.ensure_shape(image, shape)


def _input_shape(model):
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or None in shape[1:]:
        raise ValueError(
            "the model must take one batch of images of a known size, (None, height, width, "
            f"channels), received a model for {shape}"
        )
    return shape[1:]


def _ends_in_softmax(model):
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return True
    return getattr(last, "activation", None) is keras.activations.softmax


def _golden(images, shape):
    if images is None:
        ramp = np.arange(np.prod(shape)).reshape(shape)
        return np.stack([ramp % 256, 255 - ramp % 256]).astype("uint8")
    images = np.asarray(images)[:_MOST_GOLDEN]
    if images.dtype != np.uint8 or images.shape[1:] != tuple(shape) or len(images) == 0:
        raise ValueError(
            f"images must be uint8 of shape (count, {', '.join(map(str, shape))}), received "
            f"{images.dtype} of {images.shape}"
        )
    return images


def _png(image):
    return base64.b64encode(tf.io.encode_png(image).numpy()).decode("ascii")


def read_spec(path) -> dict:
    """Reads the `kcx.json` of an export.

    Raises:
        FileNotFoundError: if there is no export.
        ValueError: if it is damaged, or none of ours.
    """
    path = pathlib.Path(path)
    if not (path / "saved_model.pb").is_file():
        raise FileNotFoundError(f"{path}: no SavedModel there")
    spec = _files.read_json(path / SPEC_FILE)
    if not isinstance(spec, dict) or spec.get("format") != "keras_cv_extras.saved_model":
        raise ValueError(f"{path / SPEC_FILE}: not the description of an export")
    return spec
