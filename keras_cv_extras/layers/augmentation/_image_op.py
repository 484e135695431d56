"""A layer for every op of `augment.OPS`: what the function does, drawn anew for every image."""

import inspect
from typing import Any, ClassVar

import keras

from keras_cv_extras._base import checks
from keras_cv_extras._base.text.signatures import ClassSignature
from keras_cv_extras._base.types import Config, Interval
from keras_cv_extras.augment import OPS
from keras_cv_extras.layers.augmentation._policy import PolicyAugment
from keras_cv_extras.policy import Policy, Step

_PACKAGE = "keras_cv_extras"
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class ImageOp(PolicyAugment):
    """Base of the layers of one op: a policy of one step, whose parts are the arguments.

    A subclass names its `op`. `image_op_layer` makes one.

    Example:
        >>> issubclass(RandomRotate, ImageOp)
        True
    """

    op: ClassVar[str]
    __signature__: ClassVar[Any]

    def __init__(
        self,
        strength: float | tuple[float, float] | None = None,
        *,
        value_range: Interval = (0, 255),
        seed: int | None = None,
        **arguments: Any,
    ) -> None:
        op = OPS[self.op]
        own = {name: arguments.pop(name) for name in _own(op) if name in arguments}
        rate = own.pop("rate", _default_rate(op))
        fill = own.pop("fill", 0)
        value_name = _value_name(op)
        value = own.pop(value_name, None)
        if strength is not None and not op.has_strength:
            raise ValueError(f"{type(self).__name__} has no strength, received {strength!r}")
        if op.has_strength and strength is None and value is None:
            strength = (0.0, 1.0)
        step = Step(self.op, rate, strength, value, options=tuple(own.items()))
        policy = Policy([[step]], fill=fill, name=self.op)
        super().__init__(policy, value_range=value_range, seed=seed, **arguments)
        self._numbers = {
            "strength": _plain(step.strength),
            **({value_name: _plain(step.value)} if value_name else {}),
            "rate": step.rate,
            **({"fill": _plain(fill)} if op.takes_fill else {}),
            **{name: _plain(option) for name, option in own.items()},
            "value_range": list(value_range),
        }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        op = OPS[cls.op]
        positional = inspect.Parameter("strength", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        first = [positional.replace(default=None)] if op.has_strength else []
        defaults = {**_own(op), "value_range": (0, 255), "seed": None}
        options = [inspect.Parameter(k, _KEYWORD, default=v) for k, v in defaults.items()]
        rest = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
        cls.__signature__ = ClassSignature(inspect.Signature([*first, *options, rest]))

    def get_config(self) -> Config:
        """Returns the configuration."""
        config = super().get_config()
        del config["policy"]
        return {**config, **self._numbers}


def image_op_layer(name: str) -> type[ImageOp]:
    """Returns the layer class of an op: `RandomShearX` for `shear_x`.

    Args:
        name: a name in `keras_cv_extras.augment.OPS`.

    Example:
        >>> layer = image_op_layer("rotate")(0.5, seed=1)
        >>> rotated = layer(images, training=True)
    """
    op = OPS[checks.one_of("name", name, sorted(OPS))]
    # `random_erasing` is random by name already.
    words = name.removeprefix("random_").split("_")
    title = "Random" + "".join(word.capitalize() for word in words)
    fields = {"op": name, "__doc__": _doc(op, title), "__module__": __name__}
    return keras.saving.register_keras_serializable(_PACKAGE)(type(title, (ImageOp,), fields))


def _own(op):
    """The arguments that a layer has of its op, and their defaults."""
    value = {_value_name(op): None} if op.has_strength else {}
    fill = {"fill": 0} if op.takes_fill else {}
    return {**value, "rate": _default_rate(op), **fill, **op.options}


def _value_name(op):
    """What a layer calls the op's own number, if it has one: as the op does, unless that is taken.

    `rate` is the share of images in all layers.
    """
    if not op.has_strength:
        return None
    return "value" if op.value_name == "rate" else op.value_name


def _default_rate(op):
    """Half of the images, where there is no strength to be drawn."""
    return 1.0 if op.has_strength else 0.5


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def _doc(op, title):
    what = (op.kernel.__doc__ or "").splitlines()[0]
    lines = [what, "", f"The layer of `augment.{op.name}`, which tells what its options mean."]
    lines += ["Every image of a batch gets a draw of its own; at inference nothing happens."]
    lines += ["", "Args:"]
    if op.has_strength:
        lines += [
            "    strength: in [0, 1], 0 being the identity; or a pair to draw from, for every",
            f"        image. None for (0, 1), unless `{_value_name(op)}` is given.",
            f"    {_value_name(op)}: instead of a strength, the op's `{op.value_name}`, or a pair",
            "        to draw from.",
        ]
    lines += ["    rate: share of the images that are changed, in [0, 1]."]
    if op.takes_fill:
        lines += ["    fill: the colour of what is filled, in [0, 255]; or one per channel."]
    lines += [f"    {name}: {default!r} by default." for name, default in op.options.items()]
    lines += [
        "    value_range: the range of the images' values.",
        "    seed: an integer, or None to draw one.",
        "    **kwargs: the arguments of `keras.layers.Layer`.",
        "",
        "Example:",
        f"    >>> augmented = {title}(seed=1)(images)",
    ]
    return "\n".join(lines) + "\n"


RandomAffine: type[ImageOp] = image_op_layer("affine")
RandomAspect: type[ImageOp] = image_op_layer("aspect")
RandomAutocontrast: type[ImageOp] = image_op_layer("autocontrast")
RandomBoxBlur: type[ImageOp] = image_op_layer("box_blur")
RandomBrightness: type[ImageOp] = image_op_layer("brightness")
RandomBrightnessContrast: type[ImageOp] = image_op_layer("brightness_contrast")
RandomChannelDropout: type[ImageOp] = image_op_layer("channel_dropout")
RandomChannelShift: type[ImageOp] = image_op_layer("channel_shift")
RandomChannelShuffle: type[ImageOp] = image_op_layer("channel_shuffle")
RandomClahe: type[ImageOp] = image_op_layer("clahe")
RandomCoarseDropout: type[ImageOp] = image_op_layer("coarse_dropout")
RandomColor: type[ImageOp] = image_op_layer("color")
RandomColorJitter: type[ImageOp] = image_op_layer("color_jitter")
RandomContrast: type[ImageOp] = image_op_layer("contrast")
RandomCutout: type[ImageOp] = image_op_layer("cutout")
RandomElastic: type[ImageOp] = image_op_layer("elastic")
RandomEqualize: type[ImageOp] = image_op_layer("equalize")
RandomErasing: type[ImageOp] = image_op_layer("random_erasing")
RandomFlipHorizontal: type[ImageOp] = image_op_layer("flip_horizontal")
RandomFlipVertical: type[ImageOp] = image_op_layer("flip_vertical")
RandomGamma: type[ImageOp] = image_op_layer("gamma")
RandomGaussianBlur: type[ImageOp] = image_op_layer("gaussian_blur")
RandomGaussianNoise: type[ImageOp] = image_op_layer("gaussian_noise")
RandomGrayscale: type[ImageOp] = image_op_layer("grayscale")
RandomGridDistortion: type[ImageOp] = image_op_layer("grid_distortion")
RandomGridMask: type[ImageOp] = image_op_layer("grid_mask")
RandomHoleDropout: type[ImageOp] = image_op_layer("hole_dropout")
RandomHsvShift: type[ImageOp] = image_op_layer("hsv_shift")
RandomHue: type[ImageOp] = image_op_layer("hue")
RandomInvert: type[ImageOp] = image_op_layer("invert")
RandomJpeg: type[ImageOp] = image_op_layer("jpeg")
RandomMedianBlur: type[ImageOp] = image_op_layer("median_blur")
RandomMotionBlur: type[ImageOp] = image_op_layer("motion_blur")
RandomPaddedCrop: type[ImageOp] = image_op_layer("padded_crop")
RandomPcaLighting: type[ImageOp] = image_op_layer("pca_lighting")
RandomPerspective: type[ImageOp] = image_op_layer("perspective")
RandomPlanckianJitter: type[ImageOp] = image_op_layer("planckian_jitter")
RandomPoissonNoise: type[ImageOp] = image_op_layer("poisson_noise")
RandomPosterize: type[ImageOp] = image_op_layer("posterize")
RandomRotate: type[ImageOp] = image_op_layer("rotate")
RandomRotate90: type[ImageOp] = image_op_layer("rotate_90")
RandomSaltAndPepper: type[ImageOp] = image_op_layer("salt_and_pepper")
RandomSamplePairing: type[ImageOp] = image_op_layer("sample_pairing")
RandomSaturation: type[ImageOp] = image_op_layer("saturation")
RandomSharpness: type[ImageOp] = image_op_layer("sharpness")
RandomShearX: type[ImageOp] = image_op_layer("shear_x")
RandomShearY: type[ImageOp] = image_op_layer("shear_y")
RandomSolarize: type[ImageOp] = image_op_layer("solarize")
RandomSolarizeAdd: type[ImageOp] = image_op_layer("solarize_add")
RandomSpeckleNoise: type[ImageOp] = image_op_layer("speckle_noise")
RandomTranslateX: type[ImageOp] = image_op_layer("translate_x")
RandomTranslateY: type[ImageOp] = image_op_layer("translate_y")
RandomZoom: type[ImageOp] = image_op_layer("zoom")
