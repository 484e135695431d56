"""A version gives the pixels of the one before: of every op, with every option.

    python tests/augment/test_pixels_stay.py    # records them, where a change is meant

The kernels run without a program, on small images that are not square.
"""

import inspect
import pathlib

import numpy as np
import pytest
from keras import ops

from keras_cv_extras.augment import OPS, _image_op

RECORDED = pathlib.Path(__file__).parents[1] / "reference" / "pixels_of_ops.npz"
RANDOM = np.random.default_rng(36)
COLOURED = (RANDOM.integers(0, 200, (7, 10, 3)) + np.arange(0, 60, 6)[:, None]).astype("uint8")
COUNTED = RANDOM.integers(0, 60, (26, 31, 3)).astype("uint8")  # for what counts values
# What an option is changed to, wherever it stands, or several at once; of the own number too.
OTHERS = {
    "antialias": [{"antialias": True, "size": (3, 4)}],
    "aspect": [0.9, (0.2, 3.0)],
    "border": ["mirror"],
    "brightness": [0.1],
    "cells": [3],
    "clip_limit": [1.5],
    "contrast": [0.1],
    "degrees": [77.0],
    "fill": [99],
    "fill_mode": ["mean", "noise", "wrap", "reflect", "nearest"],
    "grid": [3],
    "hue": [0.5],
    "interpolation": ["bilinear", "nearest"],
    "kernel_size": [5],
    "largest": [0.3],
    "num_holes": [(2, 2)],
    "per_channel": [True, False],
    "per_side": [{"per_side": True, "value": 0.43, "smallest": 0.8}],
    "saturation": [0.1],
    "scale": [(0.3, 0.6)],
    "shift": [0.4],
    "shift_y": [0.3, (0.2, 0.4)],
    "size": [(4, 6)],
    "slope": [0.9],
    "smallest": [0.1],
    "stretch": [{"stretch": True, "scale": (0.4, 0.9)}],
    "subsampling": [False],
    "threshold": [60],
    "tiles": [(2, 3)],
    "tries": [3],
    "unit": [(0.8, 0.9)],
}
OTHERS_OF = {
    ("affine", "scale"): [0.7],
    ("affine", "degrees"): [77.0, (50.0, 60.0)],
    ("brightness_contrast", "brightness"): [0.1, (0.2, 0.4)],
    ("brightness_contrast", "contrast"): [0.1, (0.2, 0.4)],
    ("hsv_shift", "hue"): [0.4, (0.2, 0.3)],
    ("hsv_shift", "saturation"): [0.4, (0.2, 0.3)],
    ("hsv_shift", "brightness"): [0.4, (-0.3, -0.2)],
}
# `rotate` is filled by the same code as these.
WARPS = ("affine", "aspect", "elastic", "grid_distortion", "perspective", "shear_x", "shear_y")
OTHERS_OF |= {(name, "fill_mode"): ["mean"] for name in (*WARPS, "zoom")}
OTHERS_OF |= {(name, "fill"): [] for name in (*WARPS, "zoom")}
# Ops that compute, and take bytes as they are.
IN_BYTES = ("color", "contrast", "grayscale", "hue", "saturation")
# Numbers and options of what no policy can use.
UNLISTED = {
    "random_crop": [((0.3, 0.9), {"size": (5, 6)})],
    "resize": [
        ((), {"size": size, "mode": mode, "antialias": smooth})
        for size, smooth in (((6, 4), False), ((3, 9), True), ((12, 5), True))
        for mode in ("stretch", "crop", "pad")
    ]
    + [((), {"size": (1, 40), "mode": mode}) for mode in ("crop", "pad")],
    "warp_affine": [((20.0, 2.0, -1.0, 1.3, 0.1), {}), ((-60.0, 0.5, 3.0, 0.7, -0.4), {})],
}


def variants(name):
    """What an op is called with: (image, strength, a random number, options)."""
    op, image = OPS[name], COUNTED if name in ("clahe", "equalize") else COLOURED
    known = [count for count in (3, 1) if op.channels is None or count in op.channels]
    yield image[..., : known[0]], 0.7, 0.3, {}
    if op.has_strength and (op.pixels in ("computed", "rounded") or name in IN_BYTES):
        yield image[..., : known[0]], 0.0, 0.3, {}
    if (op.takes_key or op.positions or op.has_strength) and name != "jpeg":
        yield image[..., : known[-1]], 1.0, 0.8, {}
    if (
        op.strength is not None and name != "jpeg"
    ):  # far beyond its strengths, of an image that is all edge
        far = 20.0 * (op.strength.extreme - op.strength.identity)
        yield COLOURED[:2, :5, : known[0]], 0.7, 0.1, {"value": op.strength.identity + far}
        if op.strength.signed and op.strength.least is None:
            yield COLOURED[:5, :2, : known[-1]], 0.7, 0.2, {"value": op.strength.identity - far}
    for option, parameter in inspect.signature(op.kernel).parameters.items():
        if parameter.kind == parameter.KEYWORD_ONLY:
            for value in OTHERS_OF.get((name, option), OTHERS[option]):
                said = value if isinstance(value, dict) else {option: value}
                if value != parameter.default and is_allowed(op, said):
                    yield image[..., : known[0]], 0.8, 0.4, said


def is_allowed(op, options):
    try:
        op.checked({k: v for k, v in options.items() if k not in ("value", "fill")})
    except ValueError:
        return False
    return True


def applied(op, image, numbers, options):
    if op.takes_fill:
        options = {**options, "fill": np.full(image.shape[-1], options.get("fill", 0), "float32")}
    partners = [ops.convert_to_tensor(image[::-1, ::-1].copy())] if op.takes_partner else []
    found = op.apply(ops.convert_to_tensor(image), *partners, *numbers, **op.checked(options))
    return ops.convert_to_numpy(found)


def results(name):
    """Yields what was asked for, and the pixels."""
    if name in UNLISTED:
        op = _image_op._PUBLISHED[name]
        for numbers, options in UNLISTED[name]:
            yield (numbers, options), applied(op, COLOURED, numbers, options)
        return
    op = OPS[name]
    for image, strength, x, options in variants(name):
        value = op.strength.value(strength, *image.shape[:2]) if op.has_strength else None
        value = options.get("value", value)
        options = {k: v for k, v in options.items() if k != "value"}
        numbers = [ops.convert_to_tensor(n, "float32") for n in op.numbers(value, x, 1 - x)]
        yield (strength, options), applied(op, image, numbers, options)


NAMES = [*sorted(OPS), *UNLISTED]
# Pillow's own pixels are asked for by `test_pillow.py`.
BY_PILLOW = ("aspect", "autocontrast", "jpeg", "shear_x", "shear_y", "translate_y", "zoom")


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED) as file:
        return dict(file)


@pytest.mark.wide_but(*(name for name in NAMES if name not in BY_PILLOW))
@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_those_of_the_version_before(name, recorded):
    before = recorded[name]
    for asked, now in results(name):
        kept, before = before[: now.size].astype(int), before[now.size :]
        # Processors may round floats differently, which a value of an image may show.
        assert (now.ravel() != kept).sum() <= 1, asked
    assert not before.size


if __name__ == "__main__":
    made = {name: np.concatenate([f.ravel() for _, f in results(name)]) for name in NAMES}
    np.savez_compressed(RECORDED, **made)
