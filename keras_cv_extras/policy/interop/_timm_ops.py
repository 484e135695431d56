"""What timm's ops do at a magnitude, noise included; which ops its RandAugment draws from."""

import statistics

from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import WARPS

_FLAT = {"AutoContrast": "autocontrast", "Equalize": "equalize", "Invert": "invert"}
_WARPS = {
    "Rotate": "rotate",
    "ShearX": "shear_x",
    "ShearY": "shear_y",
    "TranslateX": "translate_x",
    "TranslateY": "translate_y",
    "TranslateXRel": "translate_x",
    "TranslateYRel": "translate_y",
}
_INCREASING = ("Posterize", "Solarize", "Color", "Contrast", "Brightness", "Sharpness")

_RAND = (
    "AutoContrast",
    "Equalize",
    "Invert",
    "Rotate",
    "Posterize",
    "Solarize",
    "SolarizeAdd",
    "Color",
    "Contrast",
    "Brightness",
    "Sharpness",
    "ShearX",
    "ShearY",
    "TranslateXRel",
    "TranslateYRel",
)
#: The ops of its AugMix.
AUGMIX = (
    "AutoContrast",
    "ColorIncreasing",
    "ContrastIncreasing",
    "BrightnessIncreasing",
    "SharpnessIncreasing",
    "Equalize",
    "Rotate",
    "PosterizeIncreasing",
    "SolarizeIncreasing",
    "ShearX",
    "ShearY",
    "TranslateXRel",
    "TranslateYRel",
)
_WEIGHTS = {
    "weights": {
        "Rotate": 3,
        "ShearX": 2,
        "ShearY": 2,
        "TranslateXRel": 1,
        "TranslateYRel": 1,
        "ColorIncreasing": 0.25,
        "SharpnessIncreasing": 0.25,
        "AutoContrast": 0.25,
        "SolarizeIncreasing": 0.05,
        "SolarizeAdd": 0.05,
        "ContrastIncreasing": 0.05,
        "BrightnessIncreasing": 0.05,
        "Equalize": 0.05,
        "PosterizeIncreasing": 0.05,
        "Invert": 0.05,
    },
    "3aw": {
        "SolarizeIncreasing": 6,
        "Desaturate": 6,
        "GaussianBlur": 6,
        "Rotate": 3,
        "ShearX": 2,
        "ShearY": 2,
        "PosterizeIncreasing": 1,
        "AutoContrast": 1,
        "ColorIncreasing": 1,
        "SharpnessIncreasing": 1,
        "ContrastIncreasing": 1,
        "BrightnessIncreasing": 1,
        "Equalize": 1,
        "Invert": 1,
    },
}


def choices(name, increasing):
    """Returns the ops that RandAugment draws from, and their weights or None."""
    if name in _WEIGHTS:
        return tuple(_WEIGHTS[name]), tuple(_WEIGHTS[name].values())
    if name == "3a":
        return ("SolarizeIncreasing", "Desaturate", "GaussianBlur"), None
    if increasing:
        return tuple(op + "Increasing" if op in _INCREASING else op for op in _RAND), None
    return _RAND, None


def magnitudes(mean, deviation, highest, number):
    """Returns equally likely magnitudes with the mean and standard deviation of a normal draw.

    Args:
        mean: the magnitude without noise.
        deviation: the standard deviation, 0 for no noise.
        highest: magnitudes beyond 0 and this are moved to there.
        number: how many.
    """
    if not deviation or number == 1:
        return [min(max(float(mean), 0.0), float(highest))]
    normal = statistics.NormalDist()
    parts = [normal.inv_cdf((k + 0.5) / number) for k in range(number)]
    scale = deviation / statistics.pstdev(parts)
    return [min(max(mean + scale * part, 0.0), float(highest)) for part in parts]


def rows(name, rate, magnitudes, constants):
    """Returns pairs of a weight and a step that together are an op at equally likely magnitudes."""
    if name in _FLAT:
        return [(1.0, Step(_FLAT[name], rate))]
    found = {}
    for magnitude in magnitudes:
        for share, op, fields in _at(name, magnitude, constants):
            step = Step(op, rate, **fields, options=_options(op, constants))
            found[step] = found.get(step, 0.0) + share / len(magnitudes)
    return [(weight, step) for step, weight in found.items()]


def uniform_rows(name, rate, magnitude, constants):
    """Returns the same for a magnitude drawn uniformly from 0 to `magnitude`."""
    if name in _FLAT:
        return [(1.0, Step(_FLAT[name], rate))]
    ends = [_at(name, end, constants)[0] for end in (0.0, min(float(magnitude), 10.0))]
    (_, op, low), (_, _, high) = ends
    if op == "posterize":  # cut to whole bits
        return rows(name, rate, [magnitude * (k + 0.5) / 60 for k in range(60)], constants)
    fields = {**high, "value": (low["value"], high["value"])}
    return [(1.0, Step(op, rate, **fields, options=_options(op, constants)))]


def random_blur(rate, magnitude):
    """Returns the step of the blur whose radius is drawn."""
    return Step("gaussian_blur", rate, value=(0.1, 2.0 * magnitude / 10))


def _options(op, constants):
    bilinear = op in WARPS and constants["interpolation"] == "bilinear"
    return (("interpolation", "bilinear"),) if bilinear else ()


def _at(name, magnitude, constants):
    """Lists what an op does at a magnitude: triples of a share, an op and its step's fields."""
    share, base = magnitude / 10, name.removesuffix("Increasing").removesuffix("Original")
    one = lambda op, value, **fields: [(1.0, op, {"value": value, **fields})]  # noqa: E731
    if base in _WARPS:
        op = _WARPS[base]
        if base == "Rotate":
            return one(op, share * 30, signed=True)
        if base.startswith("Shear"):
            return one(op, share * 0.3, signed=True)
        if base.endswith("Rel"):
            unit = "width" if op == "translate_x" else "height"
            return one(op, share * constants["translate_pct"], signed=True, unit=unit)
        return one(op, share * constants["translate_const"], signed=True)
    if base == "Posterize":
        bits = int(share * 4)
        offset = {"Posterize": bits, "PosterizeIncreasing": 4 - bits, "PosterizeOriginal": 4 + bits}
        return one("posterize", max(0, min(8, offset[name])))
    if base == "Solarize":
        threshold = min(256, int(share * 256))
        return one("solarize", 256 - threshold if name != base else threshold)
    if base == "SolarizeAdd":
        return one("solarize_add", min(128, int(share * 110)))
    if base == "Desaturate":
        return one("color", 1 - min(1.0, 0.5 + 0.5 * share))
    if base == "GaussianBlur":
        return one("gaussian_blur", min(2.0, 0.1 + 1.9 * share))
    op = base.lower()
    if name == base:
        return one(op, 0.1 + 1.8 * share)
    if 0.9 * share <= 0.9:
        return one(op, 1 + 0.9 * share, signed=True)
    # Beyond magnitude 10 the lower factors end at 0.1, the higher ones do not.
    return [(0.5, op, {"value": 1 + 0.9 * share}), (0.5, op, {"value": 0.1})]
