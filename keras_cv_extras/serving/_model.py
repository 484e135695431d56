"""The part of a model that is served: images in, calibrated probabilities and features out."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base.types import Tensor
from keras_cv_extras.inference import Calibration, Fuse, output_activation

_HEADS = (keras.layers.Dense, keras.layers.Conv2D)


class ServedModel:
    """A classifier with what an export adds to it.

    Args:
        model: a Keras model of one batch of images of a known size.
        class_names: the name of each class.
        features: "auto", None, or the name of a layer; see `export`.
        calibration: a `Calibration`.
        activation: what makes probabilities of logits, "softmax" or "sigmoid"; None for what the
            model says.

    Raises:
        TypeError, ValueError: if these do not fit together.
    """

    def __init__(
        self,
        model: keras.Model,
        class_names: Sequence[Any],
        features: str | None,
        calibration: Any,
        activation: str | None = None,
    ) -> None:
        if hasattr(model, "inference_model"):
            model = model.inference_model()  # auxiliary heads are of training alone
        self.model: Any = model
        self.input_shape: Any = _input_shape(model)
        self.class_names: tuple[str, ...] = tuple(str(name) for name in class_names)
        count = num_classes(model)
        if count != len(self.class_names):
            one = " (one output is one label, there or not: its name alone is given)"
            raise ValueError(
                f"class_names must hold {count} names, one for each output of "
                f"the model, received {len(self.class_names)}{one if count == 1 else ''}"
            )
        if not isinstance(calibration, Calibration):
            raise TypeError(
                f"calibration must be a Calibration or its file, received {calibration}"
            )
        found: tuple[str, bool] = output_activation(model)
        self.activation: str = found[0]
        self.from_logits: bool = found[1]
        if activation is not None and self.activation != activation:
            if not self.from_logits:
                raise ValueError(
                    f"activation must be {self.activation!r}, at the end of the model, or be left "
                    f"out: received {activation!r}"
                )
            self.activation = activation
        if self.activation == "softmax" and count == 1:
            raise ValueError(
                "the model gives one number for each image, of which softmax makes 1 always: give "
                "it a sigmoid at its end, or an output for each class"
            )
        calibration.check(len(self.class_names), self.activation)
        self.calibration = calibration
        self._joint: Any = model
        self.features: tuple[Any, ...] | None = None
        tensor, self._num_views = _features(model, features)
        if tensor is not None:
            self._joint = keras.Model(model.inputs, [model.outputs[0], tensor])
            self.features = tuple(tensor.shape[1:])

    def __call__(self, images: Tensor) -> tuple[Any, Any]:
        """Returns probabilities `(batch, classes)` and features, or None, both in float32."""
        images = ops.cast(images, self.model.inputs[0].dtype)
        outputs = self._joint(images, training=False)
        both = self.features is not None
        outputs, features = outputs if both else (outputs, None)
        probabilities = self._probabilities(ops.cast(outputs, "float32"))
        if features is not None:
            features = ops.cast(features, "float32")
            if self._num_views > 1:
                views = ops.reshape(features, (-1, self._num_views, *(self.features or ())))
                features = ops.mean(views, axis=1)
        return probabilities, features

    def _probabilities(self, outputs):
        if self.from_logits:
            return self.calibration(outputs, self.activation)
        if self.calibration == Calibration():
            return outputs  # exactly what the model says
        small = keras.config.epsilon()
        logits = ops.log(ops.maximum(outputs, small))
        if self.activation == "sigmoid":
            logits = logits - ops.log(ops.maximum(1 - outputs, small))
        return self.calibration(logits, self.activation)

    def expected(self, images: Tensor) -> tuple[Any, Any]:
        """Returns likewise what Keras says of images, as arrays."""
        probabilities, features = self(ops.convert_to_tensor(images, "float32"))
        return np.asarray(probabilities), None if features is None else np.asarray(features)


def num_classes(model: keras.Model) -> int:
    """Returns how many classes a model tells apart.

    Raises:
        ValueError: if it answers something else than a row of numbers for each image.
    """
    shape: Any = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[1], int):
        raise ValueError(
            f"the model must answer one number for each class, (None, classes), received {shape}"
        )
    return shape[1]


def _input_shape(model):
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or None in shape[1:]:
        raise ValueError(
            "the model must take one batch of images of a known size, (None, height, width, "
            f"channels), received a model for {shape}: if it takes such images, export keras.Model("
            "inputs, model(inputs)) with inputs = keras.Input((height, width, channels))"
        )
    if shape[-1] not in (1, 3):
        raise ValueError(f"the model must take images of 1 or 3 channels, received {shape[-1]}")
    return shape[1:]


def _features(model, which):
    """Returns the symbolic features of a model, or None, and how many rows an image has."""
    if which is None:
        return None, 1
    if which == "auto":
        tensor, num_views = _before_head(model)
    else:
        try:
            tensor, num_views = model.get_layer(which).output, 1
        except (ValueError, AttributeError) as error:
            raise ValueError(
                f"features must be 'auto', None or the name of a layer, received {which!r}"
            ) from error
    if tensor is not None and len(tensor.shape) == 4:
        tensor = keras.layers.GlobalAveragePooling2D()(tensor)
    return tensor, num_views


def _before_head(model):
    """Returns what goes into the last dense or convolutional layer, None if that is not clear.

    The way back from the output leads through layers of one input, into a model within the model,
    and through the fusion of several views, whose number is returned too.
    """
    tensor = model.outputs[0] if getattr(model, "outputs", None) else None
    num_views = 1
    while tensor is not None:
        layer, number, _ = tensor._keras_history
        inputs = () if layer is None else layer._inbound_nodes[number].input_tensors
        if len(inputs) != 1:
            break
        if isinstance(layer, _HEADS):
            return inputs[0], num_views
        if isinstance(layer, keras.Model):
            inner, _ = _before_head(layer)
            return inner if inner is None else keras.Model(layer.inputs, inner)(inputs), num_views
        if isinstance(layer, Fuse):
            num_views = layer.num_views
        tensor = inputs[0]
    return None, 1
