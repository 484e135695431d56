"""A model that looks at several views of an image, and fuses what it sees."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Shape, Sizes, Tensor
from keras_cv_extras.inference import _crops
from keras_cv_extras.inference._fusion import FUSIONS, fuse

_PACKAGE = "keras_cv_extras"
_VIEWS = {
    "center": lambda images, size, scales: _crops.center_crop(images, size),
    "flip": lambda images, size, scales: _crops.flip_views(images, size),
    "five": lambda images, size, scales: _crops.five_crop(images, size),
    "ten": lambda images, size, scales: _crops.ten_crop(images, size),
    "multi_scale": lambda images, size, scales: _crops.multi_scale_crops(images, size, scales),
    "inception": lambda images, size, scales: _crops.inception_crops(images, size, scales),
}
_SCALED = ("multi_scale", "inception")


@keras.saving.register_keras_serializable(_PACKAGE)
class _Views(keras.layers.Layer):
    """Cuts out views, and folds them into the batch."""

    def __init__(self, crops, size, scales, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.crops, self.size = crops, tuple(size)
        self.scales = None if scales is None else tuple(scales)

    def call(self, images):
        views = _VIEWS[self.crops](images, self.size, self.scales)
        return ops.reshape(views, (-1, *views.shape[2:]))

    def compute_output_shape(self, input_shape):
        return (None, *self.size, input_shape[-1])

    def get_config(self):
        options = {"crops": self.crops, "size": self.size, "scales": self.scales}
        return {**super().get_config(), **options}


@keras.saving.register_keras_serializable(_PACKAGE)
class Fuse(keras.layers.Layer):
    """Takes views out of the batch, and fuses their predictions into logits.

    Args:
        num_views: how many views of each image follow one another in the batch.
        fusion: as in `fuse`.
        activation: "softmax" or "sigmoid", likewise.
        from_logits: whether predictions are logits; otherwise probabilities.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = Fuse(2, "logit", "softmax", from_logits=True)
        >>> tuple(layer(np.zeros((8, 3), "float32")).shape)
        (4, 3)
    """

    def __init__(
        self, num_views: int, fusion: str, activation: str, from_logits: bool, **kwargs: Any
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.num_views: int = num_views
        self.fusion: str = fusion
        self.activation: Any = activation
        self.from_logits: bool = from_logits

    def call(self, outputs: Tensor) -> Tensor:
        outputs = ops.cast(outputs, "float32")
        if not self.from_logits:
            small = keras.config.epsilon()
            logs = ops.log(ops.maximum(outputs, small))
            if self.activation == "sigmoid":
                logs = logs - ops.log(ops.maximum(1 - outputs, small))
            outputs = logs
        outputs = ops.reshape(outputs, (-1, self.num_views, outputs.shape[-1]))
        return fuse(outputs, self.fusion, activation=self.activation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (None, input_shape[-1])

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            **attributes(self, "num_views", "fusion", "activation", "from_logits"),
        }


@keras.saving.register_keras_serializable(_PACKAGE)
class TestTimeAugment(keras.Model):
    """A classifier that sees several views of every image, and answers once.

    All views of a batch go through the model as one batch. The result is a Keras model like any
    other: it is saved, loaded, and exported with `keras_cv_extras.serving.export`.

    Args:
        model: a Keras model of one batch of images `(batch, height, width, channels)` that gives
            logits, or probabilities by a softmax or sigmoid at its end.
        crops: "flip" for images and their mirror images, "five" for corners and middle, "ten" for
            those and their mirror images, "multi_scale" for the middle at several scales and
            mirrored, "inception" for the 144 crops of GoogLeNet, "center" for the middle alone.
            Mirror images are wrong for digits and text: take "five" there.
        fusion: "probability", "logit", "geometric" or "max"; see `fuse`.
        image_size: `(height, width)` of the images that go in, or one number for both. None for
            the size that the model was built for with "flip" and "center", and for 8/7 of it, as
            256 is of 224, with the others.
        crop_size: of the crops; None for the size that the model was built for.
        scales: for "multi_scale" and "inception", lengths of the shorter side in pixels. None for
            8/7, 9/7, 10/7 and 11/7 of the crop, as 256, 288, 320 and 352 are of 224.
        activation: what makes probabilities of the model's logits, "softmax" or "sigmoid". None
            for that at the end of the model, and softmax if there is none.
        name: of the model.

    Input: `(batch, *image_size, channels)`, values as the model takes them.

    Output: float32 `(batch, classes)`, probabilities.

    Raises:
        TypeError, ValueError: if an argument is not as above, or the images are smaller than the
            crops.

    Example:
        >>> better = TestTimeAugment(model, crops="ten", image_size=256)
        >>> keras_cv_extras.serving.export(better, "served", class_names=names)
    """

    __test__: ClassVar[bool] = False  # not one of pytest's

    def __init__(
        self,
        model: keras.Model,
        crops: str = "ten",
        fusion: str = "probability",
        *,
        image_size: Sizes | None = None,
        crop_size: Sizes | None = None,
        scales: Sequence[int] | None = None,
        activation: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(model, keras.Model) or len(getattr(model, "input_shape", ())) != 4:
            raise TypeError(f"model must be a Keras model of one batch of images, received {model}")
        checks.one_of("crops", crops, sorted(_VIEWS))
        checks.one_of("fusion", fusion, FUSIONS)
        _, height, width, channels = model.input_shape
        if crop_size is None:
            if None in (height, width):
                raise ValueError("crop_size must be given: the model takes images of any size")
            crop_size = (height, width)
        crop_size = checks.sizes("crop_size", crop_size, 2)
        if image_size is None:
            larger = 1 if crops in ("flip", "center") else 8 / 7
            image_size = tuple(round(side * larger) for side in crop_size)
        image_size = checks.sizes("image_size", image_size, 2)
        if crops not in _SCALED:
            if scales is not None:
                raise ValueError(f"scales go with {' and '.join(_SCALED)}, not with {crops!r}")
        elif scales is None:
            scales = tuple(round(max(crop_size) * part / 7) for part in (8, 9, 10, 11))
        # At once, not at the first batch: the layers are not run to find their shapes.
        if crops in _SCALED:
            for scale in scales or ():
                _crops.check_scale(scale, crop_size)
        else:
            _crops.check_fits(image_size, crop_size)
        found, from_logits = output_activation(model)
        activation = checks.one_of("activation", activation or found, ("softmax", "sigmoid"))

        images = keras.Input((*image_size, channels), name="images", dtype=model.inputs[0].dtype)
        views = _Views(crops, crop_size, scales, name="views")(images)
        num_views = _num_views(crops, scales)
        outputs = model(views)
        logits = Fuse(num_views, fusion, activation, from_logits, name="fuse")(outputs)
        last = {"softmax": keras.layers.Softmax, "sigmoid": _Sigmoid}[activation]
        outputs = last(dtype="float32", name="probabilities")(logits)
        super().__init__(inputs=images, outputs=outputs, name=name, **kwargs)
        self._options = {
            "crops": crops,
            "fusion": fusion,
            "image_size": image_size,
            "crop_size": crop_size,
            "scales": None if scales is None else tuple(scales),
            "activation": activation,
        }
        self._inner = model

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Returns probabilities; images of another size are an error that names both."""
        shape = tuple(getattr(args[0], "shape", ())) if args else ()
        wanted = self._options["image_size"]
        if len(shape) == 4 and None not in shape[1:3] and shape[1:3] != wanted:
            raise ValueError(
                f"this TestTimeAugment takes images of {wanted[0]} x {wanted[1]}, of which it cuts "
                f"{' x '.join(map(str, self._options['crop_size']))}, received {shape[1]} x "
                f"{shape[2]}: resize them, or build it with image_size=({shape[1]}, {shape[2]})"
            )
        return super().__call__(*args, **kwargs)

    def get_config(self) -> Config:
        """Returns the configuration."""
        inner = keras.saving.serialize_keras_object(self._inner)
        return {"model": inner, "name": self.name, **self._options}

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any | None = None) -> Self:
        """Returns the model of a configuration."""
        config = dict(config)
        model = keras.saving.deserialize_keras_object(
            config.pop("model"), custom_objects=custom_objects
        )
        return cls(model, **config)


@keras.saving.register_keras_serializable(_PACKAGE)
class _Sigmoid(keras.layers.Activation):
    def __init__(self, **kwargs):
        super().__init__("sigmoid", **{key: kwargs[key] for key in kwargs if key != "activation"})


def _num_views(crops, scales):
    """Returns how many views there are of an image."""
    fixed = {"center": 1, "flip": 2, "five": 5, "ten": 10}
    each = {"multi_scale": 2, "inception": 36}
    return fixed[crops] if crops in fixed else each[crops] * len(scales)


def output_activation(model: keras.Model) -> tuple[str, bool]:
    """Returns the activation at the end of a model, and whether the model gives logits.

    Args:
        model: a Keras model of images.

    Returns:
        "softmax" or "sigmoid", and whether its outputs are logits. A model without one of these at
        its end gives logits, for a softmax.

    Raises:
        TypeError: if the model is a `TestTimeAugment`, which gives probabilities of several views.

    Example:
        >>> output_activation(model)
        ('softmax', True)
    """
    last = model.layers[-1]
    if isinstance(last, TestTimeAugment):
        raise TypeError("model is a TestTimeAugment already")
    if isinstance(last, keras.layers.Softmax):
        return "softmax", False
    activation = getattr(last, "activation", None)
    if isinstance(last, Fuse):
        return last.activation, True
    for name in ("softmax", "sigmoid"):
        if activation is getattr(keras.activations, name):
            return name, False
    return "softmax", True
