"""The old arguments of layers of one image, as steps of a policy."""

from typing import Any

import keras

from keras_cv_extras import layers
from keras_cv_extras.compat.keras_cv._pixels import InOrder, random_contrast
from keras_cv_extras.compat.keras_cv.core import NormalFactorSampler, interval_of
from keras_cv_extras.policy import Policy, Step, augmix_chain, some_of

_FILL = {"reflect": "reflect", "constant": "constant", "nearest": "nearest", "wrap": "wrap"}

#: The largest factor of saturation that is not infinite: f / (1 - f) times as much.
_FULL = 1 - 1e-6


def _policy(steps, seed=None, value_range=(0, 255), fill=0.0):
    policy = Policy([steps], value_range=tuple(value_range), fill=fill)
    return layers.PolicyAugment(policy, value_range=tuple(value_range), seed=seed)


def _warp(interpolation, fill_mode):
    if fill_mode not in _FILL:
        raise ValueError(f"fill_mode must be one of {', '.join(_FILL)}, received {fill_mode!r}")
    return (("interpolation", interpolation), ("fill_mode", _FILL[fill_mode]))


def _either_way(factor):
    """Returns the ends of a factor; a pair may be the wrong way round, as Keras takes it."""
    if isinstance(factor, (int, float)):
        return -factor, factor
    pair = tuple(sorted(factor)) if isinstance(factor, (tuple, list)) else factor
    return interval_of("factor", pair)


def equalization(value_range: Any, bins: int = 256, seed: int | None = None) -> Any:
    """Equalises the histogram of every channel."""
    if bins != 256:
        raise ValueError(f"bins must be 256 here, received {bins}")
    return _policy([Step("equalize")], seed, value_range)


def posterization(value_range: Any, bits: int, seed: int | None = None) -> Any:
    """Keeps the highest bits of every pixel value."""
    if not 1 <= bits <= 8:
        raise ValueError(f"bits must be in [1, 8], received {bits}")
    if len(value_range) != 2:
        raise ValueError(f"value_range must be (low, high), received {value_range}")
    return _policy([Step("posterize", value=bits)], seed, value_range)


def solarization(
    value_range: Any,
    addition_factor: Any = 0.0,
    threshold_factor: Any = 0.0,
    seed: int | None = None,
) -> Any:
    """Adds to every pixel value, and inverts those from a threshold on."""
    addition = interval_of("addition_factor", addition_factor)
    threshold = interval_of("threshold_factor", threshold_factor)
    steps = [Step("solarize", value=threshold)]
    if addition != (0.0, 0.0):
        steps.insert(0, Step("solarize_add", value=addition, options=(("threshold", 256),)))
    return _policy(steps, seed, value_range)


def grid_mask(
    ratio_factor: Any = (0, 0.5),
    rotation_factor: Any = 0.15,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    seed: int | None = None,
) -> Any:
    """Fills the squares of a grid."""
    mode = "constant" if fill_mode == "constant" else "noise"
    rotation = interval_of("rotation_factor", rotation_factor)[1]
    options = (("degrees", min(360.0 * rotation, 180.0)), ("fill_mode", mode))
    ratio = interval_of("ratio_factor", ratio_factor)
    return _policy([Step("grid_mask", value=ratio, options=options)], seed, fill=fill_value)


def random_channel_shift(
    value_range: Any, factor: Any, channels: int = 3, seed: int | None = None
) -> Any:
    """Adds another number to every channel."""
    del channels
    limits: Any = tuple(end * 0.5 * 255 for end in interval_of("factor", factor, highest=1.0))
    return _policy([Step("channel_shift", value=limits)], seed, value_range)


def _brightness(factor):
    low, high = interval_of("factor", _either_way(factor) if _is_number(factor) else factor, -1)
    return Step("solarize_add", value=(low * 255, high * 255), options=(("threshold", 256),))


def _is_number(factor):
    return isinstance(factor, (int, float))


def _saturation(factor):
    low, high = (min(end, _FULL) for end in interval_of("factor", factor, highest=1.0))
    return Step("saturation", value=(low / (1 - low), high / (1 - high)))


def _hue(factor):
    low, high = interval_of("factor", factor, highest=1.0)
    return Step("hue", value=(low / 2, high / 2), signed=True)


def random_brightness(factor: Any, value_range: Any = (0, 255), seed: int | None = None) -> Any:
    """Adds to all pixel values."""
    return _policy([_brightness(factor)], seed, value_range)


def random_hue(factor: Any, value_range: Any, seed: int | None = None) -> Any:
    """Turns the hue."""
    return _policy([_hue(factor)], seed, value_range)


def random_saturation(factor: Any, seed: int | None = None) -> Any:
    """Changes the saturation; 0.5 leaves it."""
    return _policy([_saturation(factor)], seed)


def random_color_jitter(
    value_range: Any,
    brightness_factor: Any,
    contrast_factor: Any,
    saturation_factor: Any,
    hue_factor: Any,
    seed: int | None = None,
) -> Any:
    """Changes brightness, contrast, saturation and hue, in this order."""
    return InOrder(
        [
            _policy([_brightness(brightness_factor)], seed, value_range),
            random_contrast(value_range, contrast_factor, seed),
            _policy([_saturation(saturation_factor), _hue(hue_factor)], seed, value_range),
        ]
    )


def random_jpeg_quality(factor: Any, seed: int | None = None) -> Any:
    """Gives images the artefacts of JPEG; values in [0, 255]."""
    low, high = interval_of("factor", factor)
    return _policy([Step("jpeg", value=(max(low, 1.0), high))], seed)


def random_flip(mode: str = "horizontal", rate: float = 0.5, seed: int | None = None) -> Any:
    """Mirrors images."""
    flips = {
        "horizontal": ["flip_horizontal"],
        "vertical": ["flip_vertical"],
        "horizontal_and_vertical": ["flip_horizontal", "flip_vertical"],
    }
    if mode not in flips:
        raise ValueError(f"mode must be one of {', '.join(flips)}, received {mode!r}")
    return _policy([Step(op, rate) for op in flips[mode]], seed)


def random_rotation(
    factor: Any,
    fill_mode: str = "reflect",
    interpolation: str = "bilinear",
    seed: int | None = None,
    fill_value: float = 0.0,
) -> Any:
    """Turns images, by parts of a whole turn."""
    factors: Any = _either_way(factor)
    return keras.layers.RandomRotation(factors, fill_mode, interpolation, seed, fill_value)


def random_shear(
    x_factor: Any = None,
    y_factor: Any = None,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    bounding_box_format: None = None,
    seed: int | None = None,
) -> Any:
    """Shears images, either way."""
    options = _warp(interpolation, fill_mode)
    steps = [
        Step(op, value=interval_of(name, factor), signed=True, options=options)
        for op, name, factor in (
            ("shear_x", "x_factor", x_factor),
            ("shear_y", "y_factor", y_factor),
        )
        if factor is not None
    ]
    return _policy(steps or [Step("identity")], seed, fill=fill_value)


def random_translation(
    height_factor: Any,
    width_factor: Any,
    fill_mode: str = "reflect",
    interpolation: str = "bilinear",
    seed: int | None = None,
    fill_value: float = 0.0,
) -> Any:
    """Moves images, by parts of their height and width."""
    options = _warp(interpolation, fill_mode)
    # KerasCV moves down and to the right, Pillow's ops, which are the library's, up and left.
    steps = [
        Step(op, value=(-high, -low), unit=unit, options=options)
        for op, (low, high), unit in (
            ("translate_y", _either_way(height_factor), "height"),
            ("translate_x", _either_way(width_factor), "width"),
        )
    ]
    return _policy(steps, seed, fill=fill_value)


def random_zoom(
    height_factor: Any,
    width_factor: Any = None,
    fill_mode: str = "reflect",
    interpolation: str = "bilinear",
    seed: int | None = None,
    fill_value: float = 0.0,
) -> Any:
    """Makes what images show smaller, for factors above 0, or larger."""
    if width_factor is not None and _either_way(width_factor) != _either_way(height_factor):
        factors: Any = [_either_way(factor) for factor in (height_factor, width_factor)]
        return keras.layers.RandomZoom(*factors, fill_mode, interpolation, seed, fill_value)
    low, high = _either_way(height_factor)
    step = Step(
        "zoom", value=(1 / (1 + high), 1 / (1 + low)), options=_warp(interpolation, fill_mode)
    )
    return _policy([step], seed, fill=fill_value)


def rand_augment(
    value_range: Any,
    augmentations_per_image: int = 3,
    magnitude: float = 0.5,
    magnitude_stddev: float = 0.15,
    rate: float = 10 / 11,
    geometric: bool = True,
    seed: int | None = None,
) -> Any:
    """Applies some ops to every image, drawn for that image, of about one strength."""
    for name, number in (("magnitude", magnitude), ("magnitude_stddev", magnitude_stddev)):
        if not 0 <= number <= 1:
            raise ValueError(f"{name} must be in [0, 1], received {number}")
    low, high = NormalFactorSampler(magnitude, magnitude_stddev, 0.0, 1.0).interval()
    warp = _warp("bilinear", "reflect")
    steps = [
        Step("autocontrast", rate),
        Step("equalize", rate),
        Step("solarize", rate, value=(255 - high * 255, 255 - low * 255)),
        Step("color", rate, value=(1 - high, 1 - low)),
        Step("contrast", rate, value=(1 - max(magnitude, 0.001), 1 + max(magnitude, 0.001))),
        Step(
            "solarize_add",
            rate,
            value=(-255 * magnitude, 255 * magnitude),
            options=(("threshold", 256),),
        ),
    ]
    if geometric:
        for op in ("shear_x", "shear_y"):
            steps.append(Step(op, rate, value=(low, high), signed=True, options=warp))
        for op, unit in (("translate_x", "width"), ("translate_y", "height")):
            value = (-magnitude, magnitude)
            steps.append(Step(op, rate, value=value, unit=unit, options=warp))
    policy = some_of(steps, augmentations_per_image, replace=True, value_range=tuple(value_range))
    return layers.PolicyAugment(policy, value_range=tuple(value_range), seed=seed)


def aug_mix(
    value_range: Any,
    severity: float = 0.3,
    num_chains: int = 3,
    chain_depth: Any = (1, 3),
    alpha: float = 1.0,
    seed: int | None = None,
) -> Any:
    """Blends every image with a mixture of augmented versions of it."""
    low, top = (chain_depth,) * 2 if isinstance(chain_depth, int) else chain_depth
    if not 1 <= low <= top <= 3:
        raise ValueError(f"chain_depth must be within [1, 3] here, received {chain_depth}")
    high = severity if isinstance(severity, (int, float)) else interval_of("", severity)[1]
    lengths = tuple(range(low, top + 1))
    chain = None if len(lengths) == 3 else augmix_chain(high, lengths=lengths)
    return layers.AugMix(high, num_chains, alpha, tuple(value_range), chain=chain, seed=seed)
