"""Augmentation layers of Keras as steps of a policy.

References:
    Keras 3.15, `keras.layers`, whose attributes are read.
"""

from typing import Any

from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import Omissions

_FLIPS = {
    "horizontal": ["flip_horizontal"],
    "vertical": ["flip_vertical"],
    "horizontal_and_vertical": ["flip_horizontal", "flip_vertical"],
}
#: Layers that differ from the nearest op, and in what.
_OTHERWISE = {
    "AugMix": "mixes images: use layers.AugMix",
    "AutoContrast": "stretches floats, where layers.RandomAutocontrast makes integers",
    "ContrastLimitedAdaptiveHistogramEqualization": "has other tiles: use layers.RandomClahe",
    "Pipeline": "is a list of layers: give that",
    "RandomColorDegeneration": "computes in floats: use layers.RandomColor",
    "RandomColorJitter": "has an order of its own: use layers.RandomColorJitter",
    "RandomContrast": "keeps each channel's own mean: use layers.RandomContrast",
    "RandomElasticTransform": "draws another field: use layers.RandomElastic",
    "RandomErasing": "draws height and width alone: use layers.RandomErasing",
    "RandomGaussianBlur": "has a border of zeros: use layers.RandomGaussianBlur",
    "RandomHue": "turns the hue in HSV: use layers.RandomHue",
    "RandomInvert": "draws how far, and whether, in one number: use layers.RandomInvert",
    "RandomPerspective": "draws other corners: use layers.RandomPerspective",
    "RandomSaturation": "scales the saturation of HSV: use layers.RandomSaturation",
    "RandomSharpness": "leaves the border: use layers.RandomSharpness",
    "RandomShear": "shears both ways in one warp: use layers.RandomShearX and layers.RandomShearY",
    "RandAugment": "has ops and ranges of its own: use policy.rand_augment",
}


def from_keras(layers: Any, *, strict: bool = True, **options: Any) -> Policy:
    """Translates augmentation layers of Keras.

    Args:
        layers: a layer, a list of them or a `Sequential` of `RandomFlip`, `RandomRotation`,
            `RandomTranslation`, `RandomZoom` with one factor, `RandomBrightness`,
            `RandomGrayscale`, `RandomPosterization`, `Equalization` and `Solarization`.
        strict: whether to raise where this library cannot do the same; else one warning names
            what is left out.
        **options: `value_range`, `fill`, `name` of `Policy`.

    Returns:
        A policy that draws the same for each image. Warps of one `fill_mode` are read with it.

    Raises:
        ValueError: if a layer is not one of these and `strict`; the message names it.

    Example:
        >>> policy = from_keras([keras.layers.RandomFlip("horizontal")])
        >>> policy.sub_policies[0][0].op
        'flip_horizontal'
    """
    omissions = Omissions("keras_cv_extras")
    policy = read_policy(parts(layers), omissions, **options)
    omissions.settle(strict)
    return policy


def read_policy(layers: list[Any], omissions: Omissions, **options: Any) -> Policy:
    """Returns the policy of layers of Keras.

    Args:
        layers: as `parts` lists them.
        omissions: where what differs is noted.
        **options: of `Policy`.
    """
    steps = [step for layer in layers for step in steps_of(layer, omissions)]
    return Policy([steps or [Step("identity")]], **{"spec": "keras", **options})


def parts(layers: Any) -> list[Any]:
    """Returns the layers of a layer, a list or a nest of `Sequential`.

    Args:
        layers: as `from_keras` takes them.
    """
    if isinstance(layers, (list, tuple)):
        return [part for layer in layers for part in parts(layer)]
    if type(layers).__name__ in ("Sequential", "Pipeline"):
        return parts(list(layers.layers))
    return [] if type(layers).__name__ == "InputLayer" else [layers]


def steps_of(layer: Any, omissions: Omissions) -> list[Step]:
    """Returns the steps of a layer; none, with a note, if it has no counterpart.

    Args:
        layer: a layer of Keras.
        omissions: where what differs is noted.
    """
    name = type(layer).__name__
    if type(layer).__module__.partition(".")[0] != "keras":
        omissions.add(f"{name}, which is no layer of Keras' own: give it to read_transforms")
        return []
    if name == "RandomFlip":
        return [Step(op, 0.5) for op in _FLIPS[layer.mode]]
    if name in ("RandomRotation", "RandomTranslation", "RandomZoom"):
        return _warps(name, layer, omissions)
    if name == "RandomBrightness":
        ends = tuple(255.0 * end for end in layer.factor)
        return [Step("solarize_add", value=ends, options=(("threshold", 256),))]
    if name == "RandomGrayscale":
        return [Step("color", float(layer.factor), value=0.0)]
    if name == "RandomPosterization":
        low, high = map(float, layer.factor)  # whole bits, the upper end is left out
        return [Step("posterize", value=(low - 0.5, high - 0.5) if low < high else low)]
    if name == "Equalization" and layer.bins == 256:
        return [Step("equalize")]
    if name == "Solarization" and not any(layer.addition_factor):
        low, high = layer.threshold_factor  # Keras scales the upper end alone
        return [Step("solarize", value=(float(low), 255.0 * high))]
    if name in _OTHERWISE:
        omissions.add(f"{name}, which {_OTHERWISE[name]}")
    else:
        omissions.add(f"the layer {name} is not known")
    return []


def _warps(name, layer, omissions):
    options = (("interpolation", layer.interpolation), ("fill_mode", layer.fill_mode))
    if layer.fill_mode == "constant" and layer.fill_value:
        omissions.add(f"{name} with fill_value={layer.fill_value}: give fill to the policy")
    if name == "RandomRotation":
        ends = (360.0 * layer.factor[0], 360.0 * layer.factor[1])
        return [Step("rotate", value=ends, options=options)]
    low, high = layer.height_lower, layer.height_upper
    if name == "RandomZoom":
        if layer.width_factor is not None and (layer.width_lower, layer.width_upper) != (low, high):
            omissions.add("RandomZoom with a width_factor of its own")
        return [Step("zoom", value=(1 / (1 + high), 1 / (1 + low)), options=options)]
    # Keras moves down and to the right, the ops up and to the left.
    sides = (("y", low, high, "height"), ("x", layer.width_lower, layer.width_upper, "width"))
    return [
        Step(f"translate_{axis}", value=(-end, -start), unit=side, options=options)
        for axis, start, end, side in sides
        if (start, end) != (0, 0)
    ]
