"""What the layers of KerasCV have in common: images alone, or a dictionary that has them."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras._base.text.signatures import ClassSignature
from keras_cv_extras.compat.keras_cv._ragged import each_image, is_ragged
from keras_cv_extras.compat.keras_cv.core import FactorSampler, sampler_of

_PACKAGE = "keras_cv_extras.compat.keras_cv"
_OF_BOXES = ("bounding_box_format", "segmentation_classes")
_REFUSED = ("bounding_boxes", "segmentation_masks", "keypoints")


class OldLayer(keras.layers.Layer):
    """A layer under an old name: it takes the old arguments, and gives images to a new one.

    A subclass has `make`, a function of the old arguments that returns what takes images: a layer
    of this library or of Keras.
    """

    make: ClassVar[Callable[..., Any]]
    resizes: ClassVar[bool] = False
    mixes: ClassVar[bool] = False
    #: The arguments that are kept as samplers, and the smallest value of each.
    sampled: ClassVar[dict[str, float | None]] = {}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        own = {name: options.pop(name) for name in ("name", "dtype") if name in options}
        options.pop("trainable", None)
        options.pop("autocast", None)
        super().__init__(autocast=False, **own)
        given = {option: options.pop(option, None) for option in _OF_BOXES}
        bound = inspect.signature(self.make).bind(*arguments, **options)
        bound.apply_defaults()
        for option in _OF_BOXES:
            if (bound.arguments.pop(option, None), given[option]) != (None, None):
                raise ValueError(
                    f"{type(self).__name__} has no {option}: boxes and masks are out of scope; "
                    f"{_USE}"
                )
        # Keras would make lists of tuples, and layers of what it tracks.
        object.__setattr__(self, "arguments", dict(bound.arguments))
        self.inner = self.make(**self.arguments)
        for name, lowest in self.sampled.items():
            if self.arguments[name] is not None:
                self.arguments[name] = sampler_of(self.arguments[name], lowest)
        self.built = True

    def __getattr__(self, name: str) -> Any:
        """Returns an argument under its name, as the layers of KerasCV have them."""
        arguments = self.__dict__.get("arguments", {})
        if name in arguments:
            return arguments[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        """Checks what is given, and augments it."""
        # Before Keras, which would say ten lines more.
        self._check(inputs)
        return super().__call__(inputs, *arguments, **options)

    def _check(self, inputs):
        name = type(self).__name__
        needed = {"images", "labels"} if self.mixes else {"images"}
        if not isinstance(inputs, dict):
            if self.mixes:
                raise ValueError(f"{name} {_DICTIONARY}, received {type(inputs).__name__}")
            inputs = {"images": inputs}
        refuse_boxes(name, inputs)
        if not needed <= set(inputs):
            wanted = _DICTIONARY if self.mixes else "takes a dictionary with images"
            raise ValueError(f"{name} {wanted}, received {sorted(inputs)}")
        if is_ragged(inputs["images"]) and self.mixes:
            raise ValueError(
                f"{name} mixes images of one size, received a ragged batch: resize before it, by "
                "Resizing, RandomCropAndResize or JitteredResize"
            )
        if self.mixes and len(inputs["images"].shape) == 3:
            raise ValueError(
                f"{name} received a single image to `call`: it mixes the images of a batch "
                "(batch, height, width, channels)"
            )
        if self.mixes and len(inputs["images"].shape) != 4:
            raise ValueError(
                f"{name} mixes a batch (batch, height, width, channels), received shape "
                f"{tuple(inputs['images'].shape)}"
            )
        if self.mixes:
            _check_labels(name, inputs["labels"])

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Augments images, or the images of a dictionary."""
        if training is None:
            training = self._get_call_context().entry_layer is self
        if not isinstance(inputs, dict):
            return self._augment(inputs, training)
        if self.mixes:
            images, labels = (ops.cast(inputs[name], "float32") for name in ("images", "labels"))
            shape = ops.shape(labels)
            columns = labels if len(shape) == 2 else ops.expand_dims(labels, -1)
            images, labels = self.inner(images, columns, training=training)
            return {**inputs, "images": images, "labels": ops.reshape(labels, shape)}
        return {**inputs, "images": self._augment(inputs["images"], training)}

    def _augment(self, images, training):
        if is_ragged(images):
            return self._ragged(images, training)
        images = ops.cast(ops.convert_to_tensor(images), "float32")
        result = self.inner(images, training=training)
        return ops.cast(result, self.compute_dtype)

    def _ragged(self, images, training):
        import tensorflow as tf

        def one(image):
            return self.inner(tf.cast(image.to_tensor(), "float32"), training=training)

        shape = self.inner.compute_output_shape((None, None, images.shape[-1]))
        height, width, channels = shape
        if not self.resizes:
            images = tf.cast(images, self.compute_dtype)

            def kept(sample):
                made = self.inner(tf.cast(sample["images"], "float32"), training=training)
                return {"images": tf.cast(made, images.dtype)}

            return each_image(kept, {"images": images}, channels)["images"]
        spec = tf.TensorSpec((height, width, images.shape[-1]), "float32")
        return ops.cast(tf.map_fn(one, images, fn_output_signature=spec), self.compute_dtype)

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the shape and type of the result."""

        def spec(images: Any) -> Any:
            shape = self.inner.compute_output_shape(images.shape)
            return keras.KerasTensor(shape, self.compute_dtype)

        if not isinstance(inputs, dict):
            return spec(inputs)
        if self.mixes:
            return inputs
        return {**inputs, "images": spec(inputs["images"])}

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        saved: Any = {name: _saved(value) for name, value in self.arguments.items()}
        return {**super().get_config(), **saved}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OldLayer":
        """Returns the layer of a configuration."""
        return cls(**{name: _loaded(value) for name, value in config.items()})


def _check_labels(name, labels):
    """Refuses labels that cannot be mixed: what is between two classes' numbers is neither."""
    kind, shape = keras.backend.standardize_dtype(labels.dtype), tuple(labels.shape)
    floats = "float" in kind
    if len(shape) not in (1, 2) or (len(shape) == 1 and not floats):
        raise ValueError(
            f"{name} takes one-hot labels (batch, classes), received shape {shape}; use "
            "keras.ops.one_hot"
        )
    if not floats:
        raise ValueError(
            f"{name} received labels with type {kind}, which are mixed as floats: use "
            'keras.ops.cast(labels, "float32")'
        )


def _saved(value):
    plain = (FactorSampler, int, float, str, bool, type(None), list, tuple)
    return value if isinstance(value, plain) else keras.saving.serialize_keras_object(value)


def _loaded(value):
    if isinstance(value, (list, tuple)):
        return type(value)(_loaded(item) for item in value)
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value)
    return value


def refuse_boxes(name: str, inputs: Any) -> None:
    """Refuses dictionaries with boxes, masks or key points.

    Args:
        name: of the layer.
        inputs: images, or a dictionary.
    """
    for refused in _REFUSED:
        if isinstance(inputs, dict) and refused in inputs:
            raise ValueError(f"{name}: {refused} are out of scope; {_USE}")


_DICTIONARY = 'expects inputs in a dictionary with format {"images": images, "labels": labels}'
_USE = "augment boxes with keras.layers, whose preprocessing layers take bounding_box_format"


def old_layer(
    name: str,
    make: Callable[..., Any],
    *,
    resizes: bool = False,
    mixes: bool = False,
    sampled: dict[str, float | None] | None = None,
    base: type[OldLayer] = OldLayer,
) -> type[OldLayer]:
    """Returns the class of an old name.

    Args:
        name: the old name.
        make: of the old arguments, returns what takes images.
        resizes: whether the result has a size of its own, so that ragged batches are taken.
        mixes: whether images and labels are mixed with those of others.
        sampled: the arguments that are kept as samplers, and the smallest value of each; None
            for the negative of a number.
        base: the class to derive from.
    """
    fields = {
        "make": staticmethod(make),
        "resizes": resizes,
        "mixes": mixes,
        "sampled": sampled or {},
        "__doc__": make.__doc__,
        "__module__": __name__,
        "__signature__": ClassSignature(inspect.signature(make)),
    }
    made = type(name, (base,), fields)
    return keras.saving.register_keras_serializable(_PACKAGE)(made)
