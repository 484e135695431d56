"""What the magnitudes of published policies mean: one table for each source.

There is no single AutoAugment. The implementations give the same names and magnitudes to ops of
different strength, sign, and even direction: TPU's posterize gets stronger as its magnitude falls.
A table says exactly what one source does with a magnitude; the result is a step that holds the op's
own number.

References:
    "paper": tensorflow/models, research/autoaugment/augmentation_transforms.py, the authors'
    code for CIFAR. "tpu": tensorflow/tpu, models/official/efficientnet/autoaugment.py.
    "torchvision": torchvision 0.29, transforms/autoaugment.py.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras.policy._step import Step

#: Published name -> name in `OPS`.
OP_NAMES = {
    "ShearX": "shear_x",
    "ShearY": "shear_y",
    "TranslateX": "translate_x",
    "TranslateY": "translate_y",
    "Rotate": "rotate",
    "AutoContrast": "autocontrast",
    "Invert": "invert",
    "Equalize": "equalize",
    "Solarize": "solarize",
    "SolarizeAdd": "solarize_add",
    "Posterize": "posterize",
    "Contrast": "contrast",
    "Color": "color",
    "Brightness": "brightness",
    "Sharpness": "sharpness",
    "Cutout": "cutout",
    "SamplePairing": "sample_pairing",
    "Identity": "identity",
}

_ENHANCERS = ("contrast", "color", "brightness", "sharpness")


def _signed(value, **fields):
    return {"value": value, "signed": True, **fields}


def _cut(magnitude, extreme):
    """`int(magnitude / 10 * extreme)`, in exact arithmetic where floats might fall below."""
    return int(Fraction(str(magnitude)) / 10 * extreme)


def _authors(magnitude) -> dict[str, Any]:
    """What the paper's and the TPU code share."""
    share = magnitude / 10
    return {
        "shear_x": _signed(0.3 * share),
        "shear_y": _signed(0.3 * share),
        "solarize_add": {"value": _cut(magnitude, 110)},
        "sample_pairing": {"value": 0.4 * share},
        **{op: {"value": 0.1 + 1.8 * share} for op in _ENHANCERS},
    }


def _paper(magnitude) -> dict[str, Any]:
    return {
        **_authors(magnitude),
        "translate_x": _signed(_cut(magnitude, 10)),  # pixels, of images of 32
        "translate_y": _signed(_cut(magnitude, 10)),
        "rotate": _signed(_cut(magnitude, 30)),
        "solarize": {"value": 256 - _cut(magnitude, 256)},
        "posterize": {"value": 4 - _cut(magnitude, 4)},
        "cutout": {"value": _cut(magnitude, 20)},
    }


def _tpu(magnitude) -> dict[str, Any]:
    return {
        **_authors(magnitude),
        "translate_x": _signed(magnitude / 10 * 250),  # pixels, of images of 224 and more
        "translate_y": _signed(magnitude / 10 * 250),
        "rotate": _signed(magnitude / 10 * 30),
        "solarize": {"value": _cut(magnitude, 256)},
        "posterize": {"value": _cut(magnitude, 4)},
        "cutout": {"value": 2 * _cut(magnitude, 100)},  # the magnitude gives half the side
    }


def _torchvision(magnitude) -> dict[str, Any]:
    share = magnitude / 9
    return {
        "shear_x": _signed(0.3 * share),
        "shear_y": _signed(0.3 * share),
        "translate_x": _signed(150 / 331 * share, unit="width", whole=True),
        "translate_y": _signed(150 / 331 * share, unit="height", whole=True),
        "rotate": _signed(30.0 * share),
        "solarize": {"value": 255 - 255 * share},
        "posterize": {"value": 8 - round(magnitude / (9 / 4))},
        **{op: _signed(1 + 0.9 * share) for op in _ENHANCERS},
    }


#: Name -> (what a magnitude means for each op, the highest magnitude).
SPECS: dict[str, tuple[Callable[[float], dict[str, Any]], int]] = {
    "paper": (_paper, 10),
    "torchvision": (_torchvision, 9),
    "tpu": (_tpu, 10),
}


def step_of_magnitude(spec: str, op: str, rate: float, magnitude: float | None) -> Step:
    """Translates one published step.

    Args:
        spec: a key of `SPECS`.
        op: the op's name as published, such as "ShearX".
        rate: share of the images, in [0, 1].
        magnitude: the magnitude, from 0 to the spec's highest; ignored where the op has none.

    Returns:
        A step that holds the op's own number.

    Raises:
        TypeError, ValueError: if the spec, op or magnitude is not known.
    """
    checks.one_of("spec", spec, sorted(SPECS))
    table, highest = SPECS[spec]
    name = OP_NAMES[checks.one_of("op", op, sorted(OP_NAMES))]
    if name in ("autocontrast", "invert", "equalize", "identity"):
        return Step(name, rate)
    if not 0 <= checks.number("magnitude", magnitude) <= highest:
        raise ValueError(f"magnitude must be in [0, {highest}], received {magnitude!r}")
    fields = table(magnitude)  # pyright: ignore[reportArgumentType] None is no number
    if name not in fields:
        raise ValueError(f"{op} has no magnitudes in the spec {spec!r}")
    return Step(name, rate, **fields[name])
