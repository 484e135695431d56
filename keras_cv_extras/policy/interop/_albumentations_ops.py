"""Single ops as transforms of Albumentations, and single transforms as ops."""

import math
from typing import Any

from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import (
    ENHANCERS,
    WARPS,
    Omissions,
    ends_of,
    in_pixels,
    interpolated,
    lost,
    resized_crop,
    scale_of,
)
from keras_cv_extras.policy.interop._elsewhere import ALBUMENTATIONS

# Names of OpenCV's numbers.
_INTERPOLATIONS = {"nearest": 0, "bilinear": 1}
_BLUR = 13  # pixels, the kernel of this library's blur
_OTHERS = ("posterize", "solarize", "cutout", "gaussian_blur", "hole_dropout")
_COLOURS = {"brightness": "brightness", "contrast": "contrast", "color": "saturation"}
_FLAT = {
    "invert": ("InvertImg", {}),
    "flip_horizontal": ("HorizontalFlip", {}),
    "flip_vertical": ("VerticalFlip", {}),
    "equalize": ("Equalize", {"mode": "pil", "by_channels": True, "mask": None}),
    "autocontrast": ("AutoContrast", {"cutoff": 0.0, "ignore": None, "method": "pil"}),
}


def transform_of(step, place, fill, image_size, omissions):
    """Returns the transform of a step in the op's own numbers, or None if there is none."""
    if step.op in _FLAT:
        name, fields = _FLAT[step.op]
        return _named(name, step.rate, **fields)
    if step.op not in (*WARPS, *ENHANCERS, *_OTHERS):
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
    if step.options:
        omissions.add(f"{place}: the options of {step.op}")
    if step.op in _COLOURS:
        still = {"brightness": [1.0, 1.0], "contrast": [1.0, 1.0], "saturation": [1.0, 1.0]}
        fields = {**still, "hue": [0.0, 0.0], _COLOURS[step.op]: [max(0.0, low), high]}
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


def _affine(step, low, high, place, fill, image_size, omissions):
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
        "border_mode": 0,
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


#: What becomes several steps in a row, of images that are square.
SYMMETRIES = {
    "RandomRotate90": (Step("rotate_90", strength=(0.0, 1.0)),),
    "SquareSymmetry": (Step("rotate_90", strength=(0.0, 1.0)), Step("flip_horizontal", 0.5)),
    "Transpose": (Step("rotate_90", value=1.0), Step("flip_vertical")),
}
SYMMETRIES["D4"] = SYMMETRIES["SquareSymmetry"]


def step_of(name, node, rate, omissions):
    """Returns the step of a transform, and its fill colour or None."""
    for op, (other, fields) in _FLAT.items():
        if name == other:
            wrong = [key for key in fields if key in node and node[key] != fields[key]]
            for key in wrong:
                omissions.add(f"{name} with {key}={node[key]!r}")
            return Step(op, rate), None
    if name in ("Affine", "Rotate"):
        return _warp(name, node, rate, omissions)
    if name == "ColorJitter":  # of one kind: _Reader.rows has several
        if any(node["hue"]):
            omissions.add("the hue of ColorJitter, in steps of HSV: use layers.RandomColorJitter")
        return (colours_of(node, rate) or [Step("identity", rate)])[0], None
    if name == "Posterize":
        bits = node["num_bits"]
        if not isinstance(bits, int) and any(not isinstance(end, int) for end in bits):
            omissions.add(f"Posterize with num_bits={bits!r}, in place of which is {bits[0]!r}")
            bits = bits[0]
        return Step("posterize", rate, value=_interval(bits)), None
    if name == "Solarize":
        low, high = (float(end) * 255 for end in node["threshold_range"])
        if low == high:
            low, high = (math.ceil(end - 1e-9) for end in (low, high))
        return Step("solarize", rate, value=(low, high)), None
    if name == "Sharpen":
        if node.get("method") != "kernel" or list(node["lightness"]) != [1.0, 1.0]:
            omissions.add("Sharpen other than by a kernel with lightness 1")
        low, high = (1 + 13 * end for end in node["alpha"])
        return Step("sharpness", rate, value=(low, high)), None
    if name == "ToGray":
        if node.get("method", "weighted_average") != "weighted_average":
            omissions.add(f"ToGray with method={node['method']!r}")
        return Step("color", rate, value=0.0), None
    if name == "GaussianBlur":
        sizes = set(node["blur_limit"])
        if len(sizes) > 1:
            omissions.add("GaussianBlur of several kernel sizes, in place of which is the greatest")
        value = tuple(node["sigma_limit"])
        size = max(sizes) or int(max(value) * 3.5) * 2 + 1
        options = (("kernel_size", size), ("border", "mirror"))
        return Step("gaussian_blur", rate, value=value, options=options), None
    if name == "CoarseDropout":
        return _holes(node, rate, omissions)
    if name == "RandomResizedCrop":
        omissions.add(f"the size {node['size']} of RandomResizedCrop: images keep their own")
        aspect, area = node.get("ratio", (3 / 4, 4 / 3)), node.get("scale", (0.08, 1.0))
        return resized_crop(area, aspect, rate), None
    if name in ALBUMENTATIONS:
        omissions.add(f"{name}, which {ALBUMENTATIONS[name]}")
    else:
        omissions.add(f"the transform {name} is not known")
    return None, None


def note_others(name: str, node: Any, omissions: Omissions):
    """Remarks what transforms do otherwise that to_albumentations itself may use.

    Args:
        name: of the transform.
        node: its dictionary.
        omissions: where to note it.
    """
    if name == "Sharpen":
        omissions.remark("Sharpen, which also sharpens the outermost pixels")
    if name == "Equalize" and node.get("mode") == "pil":
        omissions.remark("Equalize with mode='pil', which spreads levels further than Pillow does")
    for axis in "xy":
        if any(ends := (node.get("shear") or {}).get(axis, ())) and not _is_moved_back(
            axis, ends, node
        ):
            omissions.add(
                f"Affine with a shear along {axis}, which is about the centre there and about the "
                "first row or column here: use layers.RandomAffine"
            )


def _is_moved_back(axis, ends, node):
    """Tells whether a shear of a fixed angle is moved so that the first row or column stays."""
    moved = (node.get("translate_percent") or {}).get(axis, (0, 0))
    return ends[0] == ends[1] and moved[0] == moved[1] and moved[0] * ends[0] < 0


def _warp(name, node, rate, omissions):
    interpolation = node.get("interpolation", 1)
    if interpolation not in (0, 1):
        omissions.add(
            f"{name} with interpolation {interpolation}, in place of which bilinear is used"
        )
    options = (("interpolation", "bilinear"),) if interpolation else ()
    if node.get("border_mode", 0) != 0:
        omissions.add(f"{name} with border_mode {node['border_mode']}, in place of which it fills")
    for key in ("crop_border", "fit_output"):
        if node.get(key):
            omissions.add(f"{name} with {key}=True, in place of which the size stays")
    if name == "Rotate":
        return _signed("rotate", rate, node["limit"], options), node.get("fill", 0)
    scale, shear = node.get("scale"), node.get("shear")
    found = []
    if scale and any(list(scale[axis]) != [1.0, 1.0] for axis in "xy"):
        omissions.add(
            "Affine with a scale, which does several things in one warp: use layers.RandomAffine"
        )
        return None, None
    if any(node.get("rotate", (0, 0))):
        found.append(_signed("rotate", rate, node["rotate"], options))
    for axis in "xy":
        if shear and any(shear[axis]):
            slopes = [math.tan(math.radians(end)) for end in shear[axis]]
            found.append(_signed(f"shear_{axis}", rate, slopes, options))
    if not (shear and any((*shear["x"], *shear["y"]))):  # a shear is moved back to the corner
        found += _translations(node, rate, options)
    if len(found) > 1:
        kinds = ", ".join(step.op for step in found)
        omissions.add(f"Affine of several kinds ({kinds}) in one warp: use layers.RandomAffine")
        return None, None
    return found[0] if found else Step("identity", rate), node.get("fill", 0)


def _translations(node, rate, options):
    found = []
    for axis, side in (("x", "width"), ("y", "height")):
        for key, unit in (("translate_px", None), ("translate_percent", side)):
            ends = (node.get(key) or {}).get(axis, (0, 0))
            if any(ends):
                ends = [-end for end in ends]
                fields = {"unit": unit, "whole": unit is not None}
                found.append(_signed(f"translate_{axis}", rate, ends, options, **fields))
    return found


def colours_of(node, rate):
    """Returns the steps of a ColorJitter, which it applies in a random order.

    Args:
        node: the transform.
        rate: of each step.
    """
    return [
        _signed(op, rate, node[name], (), identity=1.0)
        for op, name in _COLOURS.items()
        if list(node[name]) != [1.0, 1.0]
    ]


def _holes(node, rate, omissions):
    sizes, widths = list(node["hole_height_range"]), list(node["hole_width_range"])
    if sizes != widths:
        omissions.add(f"CoarseDropout with hole_width_range={widths}, in place of which is {sizes}")
    low, high = map(float, sizes)
    share = high < 1
    if not share and low < high:  # whole numbers, each as likely
        low, high = low - 0.5, high + 0.499
    options = {"num_holes": tuple(node["num_holes_range"]), "per_side": share}
    fill = node.get("fill", 0)
    if isinstance(fill, str):
        omissions.add(f"CoarseDropout with fill={fill!r}, in place of which is 0")
        fill = 0
    options["smallest"] = low / high
    return Step("hole_dropout", rate, value=high, options=tuple(options.items())), fill


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


def _signed(op, rate, ends, options, identity=0.0, **fields):
    """Returns a step of an interval, which counts as signed if it is one about the identity."""
    low, high = (round(float(end), 9) for end in ends)
    if low != high and abs((low + high) / 2 - identity) < 1e-6:
        return Step(
            op, rate, value=(identity, max(low, high)), signed=True, options=options, **fields
        )
    return Step(op, rate, value=(low, high), options=options, **fields)


def _interval(value):
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _named(name, rate, **fields):
    return {"__class_fullname__": name, "p": float(rate), **fields}
