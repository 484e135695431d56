"""Recorded images with the answers of the Keras model, and warm-up requests."""

import base64

import numpy as np
import tensorflow as tf

GOLDEN_FILE = "golden.json"
WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"  # where TensorFlow Serving looks

_MOST = 16


def golden(served, servable, images):
    """Returns requests, encoded and decoded, and the answers of the Keras model to them.

    The last file is of another size than the model takes, so that resizing is checked too.
    """
    images = chosen(images, served.input_shape)
    double = images[:1].repeat(2, axis=1).repeat(2, axis=2)[0]
    files = [tf.io.encode_png(image).numpy() for image in [*images, double]]
    last = servable.decode(tf.constant(files[-1:]))[0]
    images = np.concatenate([images.astype("float32"), last])
    probabilities, features = served.expected(images)
    return {
        "encoded": [base64.b64encode(file).decode("ascii") for file in files],
        "probabilities": np.asarray(probabilities, "float64").tolist(),
        "features": None if features is None else np.asarray(features, "float64").tolist(),
    }


def chosen(images, shape):
    """Returns the images that an export carries: of those given the first ones, else two."""
    if images is None:
        ramp = np.arange(np.prod(shape)).reshape(shape)
        return np.stack([ramp % 256, 255 - ramp % 256]).astype("uint8")
    images = np.asarray(images)[:_MOST]
    if images.dtype != np.uint8 or images.shape[1:] != tuple(shape) or len(images) == 0:
        raise ValueError(
            f"images must be uint8 of shape (count, {', '.join(map(str, shape))}), received "
            f"{images.dtype} of {images.shape}"
        )
    return images


def write_warmup(folder, signatures, golden):
    """Writes requests that TensorFlow Serving runs before it says that it is ready.

    They are records of the message PredictionLog of tensorflow_serving/apis. The five fields
    that they need are written here, so that an export does not need that package.
    """
    encoded = [base64.b64decode(text) for text in golden["encoded"][:1]]
    path = folder / WARMUP_FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, function in signatures.items():
            ((spec,), _) = function.structured_input_signature
            value = encoded
            if spec.dtype != tf.string:
                value = tf.cast(tf.io.decode_png(encoded[0]), spec.dtype).numpy()[None]
            tensor = tf.make_tensor_proto(value, spec.dtype).SerializeToString()
            entry = _field(1, spec.name.encode()) + _field(2, tensor)  # of the map of inputs
            model = _field(3, name.encode())  # ModelSpec.signature_name
            request = _field(1, model) + _field(2, entry)  # PredictRequest
            writer.write(_field(6, _field(1, request)))  # PredictionLog.predict_log.request


def _field(number, payload):
    """Returns a field of bytes as protocol buffers encode it."""
    return bytes([number << 3 | 2]) + _varint(len(payload)) + payload


def _varint(value):
    digits = []
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])
