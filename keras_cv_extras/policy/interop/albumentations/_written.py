"""Single ops as transforms of Albumentations.

References:
    Albumentations 2.0.8, whose dictionaries are written.
"""

import dataclasses
import math

from keras_cv_extras.policy.interop._common import (
    ENHANCERS,
    WARPS,
    ends_of,
    in_pixels,
    interpolated,
    lost,
    scale_of,
)
from keras_cv_extras.policy.interop.albumentations._warps import FILL_MODES

# Names of OpenCV's numbers.
_INTERPOLATIONS = {"nearest": 0, "bilinear": 1}
_BLUR = 13  # pixels, the kernel of this library's blur
_OTHERS = ("posterize", "solarize", "cutout", "gaussian_blur", "hole_dropout")
_RANGES = ("brightness_contrast", "gamma", "gaussian_noise")
_BORDERS = {name: number for number, name in FILL_MODES.items()}
#: The factors of ColorJitter, by the ops that they are of.
COLOURS = {"brightness": "brightness", "contrast": "contrast", "color": "saturation"}
#: Ops without numbers: the transform, and its fields.
FLAT = {
    "invert": ("InvertImg", {}),
    "flip_horizontal": ("HorizontalFlip", {}),
    "flip_vertical": ("VerticalFlip", {}),
    "equalize": ("Equalize", {"mode": "pil", "by_channels": True, "mask": None}),
    "autocontrast": ("AutoContrast", {"cutoff": 0.0, "ignore": None, "method": "pil"}),
    "channel_shuffle": ("ChannelShuffle", {}),
}


def transform_of(step, place, fill, image_size, omissions):
    """Returns the transform of a step in the op's own numbers, or None if there is none."""
    if step.op in FLAT:
        name, fields = FLAT[step.op]
        return _named(name, step.rate, **fields)
    if step.op not in (*WARPS, *ENHANCERS, *_OTHERS, *_RANGES):
        return lost(omissions, step, place)
    step = in_pixels(step, image_size)
    low, high = ends_of(step)
    identity = scale_of(step.op).identity
    if step.signed and low == identity and high != low and step.op != "sharpness":
        values = [(2 * identity - high, high)]
    elif step.signed:
        values = [(low, high), (2 * identity - low, 2 * identity - high)]
    else:
        values = [(low, high)]
    values = list(dict.fromkeys(tuple(sorted(pair)) for pair in values))
    made = [_transform(step, *pair, place, fill, image_size, omissions) for pair in values]
    if len(made) == 1:
        return {**made[0], "p": float(step.rate)}
    return _named("OneOf", step.rate, transforms=made)


def _transform(step, low, high, place, fill, image_size, omissions):
    if step.op in WARPS:
        return _affine(step, low, high, place, fill, image_size, omissions)
    if step.op == "gaussian_blur":
        size = dict(step.options).get("kernel_size", _BLUR)
        return _named("GaussianBlur", 1.0, blur_limit=[size] * 2, sigma_limit=[low, high])
    if step.op == "hole_dropout":
        return _dropout(step, low, high, place, fill, image_size, omissions)
    if step.op in _RANGES:
        return _ranged(step, low, high, place, omissions)
    if step.options:
        omissions.add(f"{place}: the options of {step.op}")
    if step.op in COLOURS:
        still = {"brightness": [1.0, 1.0], "contrast": [1.0, 1.0], "saturation": [1.0, 1.0]}
        fields = {**still, "hue": [0.0, 0.0], COLOURS[step.op]: [max(0.0, low), high]}
        return _named("ColorJitter", 1.0, **fields)
    if step.op == "sharpness":
        return _sharpness(step, low, high, place, omissions)
    if step.op == "posterize":
        bits = sorted(math.floor(end + 0.5) for end in (low, high))
        if bits[0] < 1 or (bits[0] != bits[1] and bits[1] > 7):
            omissions.add(
                f"{place}: posterize to {bits[0]} to {bits[1]} bits, which ends at 1 and 7"
            )
        if bits[0] >= 8:
            return _named("NoOp", 1.0)
        return _named("Posterize", 1.0, num_bits=[min(max(b, 1), 7) for b in bits])
    if step.op == "solarize":
        if low >= 255.5:
            return _named("NoOp", 1.0)
        ends = [max(0.0, math.ceil(end) - 0.5) / 255 if low == high else end / 255
                for end in (low, high)]  # fmt: skip
        return _named("Solarize", 1.0, threshold_range=[min(end, 1.0) for end in ends])
    omissions.add(f"{place}: cutout, whose hole lies inside the image")
    size = [low, high] if step.unit else [math.floor(low + 0.5), math.floor(high + 0.5)]
    if size[0] <= 0:
        return _named("NoOp", 1.0)
    return _named(
        "CoarseDropout",
        1.0,
        num_holes_range=[1, 1],
        hole_height_range=size,
        hole_width_range=list(size),
        fill=fill,
        fill_mask=None,
    )


def _ranged(step, low, high, place, omissions):
    options = dict(step.options)
    if step.op == "gamma":
        return _named("RandomGamma", 1.0, gamma_limit=[100 * low, 100 * high])
    if step.op == "gaussian_noise":
        fields = {"mean_range": [0.0, 0.0], "noise_scale_factor": 1.0}
        fields["per_channel"] = options.get("per_channel", True)
        return _named("GaussNoise", 1.0, std_range=[low / 255, high / 255], **fields)
    if low != high:
        omissions.add(f"{place}: a drawn amount of {step.op}, in place of which is {high}")
    limits = {}
    for kind in ("brightness", "contrast"):
        limit = options.get(kind, 0.2)
        ends = limit if isinstance(limit, tuple) else (-limit, limit)
        limits[f"{kind}_limit"] = [high * end for end in ends]
    fields = {**limits, "brightness_by_max": True, "ensure_safe_range": False}
    return _named("RandomBrightnessContrast", 1.0, **fields)


def _affine(step, low, high, place, fill, image_size, omissions):
    options = dict(step.options)
    border = _BORDERS.get(options.get("fill_mode", "constant"))
    if border is not None:
        options.pop("fill_mode", None)
        step = dataclasses.replace(step, options=tuple(options.items()))
    interpolation = _INTERPOLATIONS[interpolated(step, omissions, place)]
    fields = {
        "scale": {"x": [1.0, 1.0], "y": [1.0, 1.0]},
        "translate_percent": None,
        "translate_px": {"x": [0, 0], "y": [0, 0]},
        "rotate": [0.0, 0.0],
        "shear": {"x": [0.0, 0.0], "y": [0.0, 0.0]},
        "interpolation": interpolation,
        "mask_interpolation": 0,
        "fit_output": False,
        "keep_ratio": False,
        "rotate_method": "largest_box",
        "balanced_scale": False,
        "border_mode": border or 0,
        "fill": fill,
        "fill_mask": 0.0,
    }
    axis = step.op[-1]
    if step.op == "rotate":
        fields["rotate"] = [low, high]
    elif step.op.startswith("shear"):
        fields["shear"][axis] = [math.degrees(math.atan(end)) for end in (low, high)]
        if low == high:
            height, width = image_size or (1, 1)
            ratio = height / width if axis == "x" else width / height
            moved = {"x": [0.0, 0.0], "y": [0.0, 0.0], axis: [-low / 2 * ratio] * 2}
            fields |= {"translate_percent": moved, "translate_px": None}
        else:
            omissions.add(f"{place}: {step.op} of a drawn strength, which turns about the centre")
    elif step.unit is None:
        ends = [int(end) if step.whole else math.floor(end + 0.5) for end in (-high, -low)]
        fields["translate_px"][axis] = ends
    else:
        moved = {"x": [0.0, 0.0], "y": [0.0, 0.0], axis: [-high, -low]}
        fields |= {"translate_percent": moved, "translate_px": None}
    return _named("Affine", 1.0, **fields)


def _sharpness(step, low, high, place, omissions):
    if low >= 1:
        alpha = [min(1.0, (end - 1) / 13) for end in (low, high)]
        fields = {"method": "kernel", "kernel_size": 5, "sigma": 1.0, "lightness": [1.0, 1.0]}
        return _named("Sharpen", 1.0, alpha=alpha, **fields)
    omissions.add(f"{place}: sharpness below 1, in place of which a Gaussian blurs as much")
    sigmas = sorted(_sigma(min(end, 1.0)) for end in (low, high))
    return _named("GaussianBlur", 1.0, blur_limit=[3, 3], sigma_limit=sigmas)


def _sigma(factor):
    """Returns the Gaussian over three pixels with the variance of Pillow's smoothing."""
    variance = (1 - factor) * 6 / 13  # of the kernel (1 1 1, 1 5 1, 1 1 1) / 13
    side = variance / (2 * (1 - variance))  # of the middle's weight
    return math.sqrt(-1 / (2 * math.log(side))) if side > 1e-4 else 0.2


def _dropout(step, low, high, place, fill, image_size, omissions):
    """Returns the transform of holes."""
    options = {"num_holes": (1, 8), "smallest": 0.5, "per_side": False, **dict(step.options)}
    if low != high:
        omissions.add(f"{place}: a drawn size of hole_dropout, in place of which is the greatest")
    if step.unit is not None:
        omissions.add(f"{place}: hole_dropout by the shorter side; give image_size")
    others = set(dict(step.options)) - {"num_holes", "smallest", "per_side"}
    if others:
        omissions.add(f"{place}: {', '.join(sorted(others))} of hole_dropout")
    ends = [high * options["smallest"], high]
    if not options["per_side"] and step.unit is None:
        ends = [math.floor(end + 0.5) for end in ends]
    if high <= 0:
        return _named("NoOp", 1.0)
    return _named(
        "CoarseDropout",
        1.0,
        num_holes_range=list(options["num_holes"]),
        hole_height_range=ends,
        hole_width_range=list(ends),
        fill=fill,
        fill_mask=None,
    )


def _named(name, rate, **fields):
    return {"__class_fullname__": name, "p": float(rate), **fields}
