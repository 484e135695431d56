"""Single transforms of Albumentations as steps.

References:
    Albumentations 2.0.8, whose dictionaries are read.
"""

import math
from typing import Any

from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import Omissions, resized_crop
from keras_cv_extras.policy.interop._elsewhere import ALBUMENTATIONS
from keras_cv_extras.policy.interop.albumentations import _warps
from keras_cv_extras.policy.interop.albumentations._written import COLOURS, FLAT

_MOST_HOLES = 31  # that hole_dropout has
_MOST_MEDIAN = 5  # pixels of a window, whose comparisons grow with the fourth power

#: What becomes several steps in a row, of images that are square.
SYMMETRIES = {
    "RandomRotate90": (Step("rotate_90", strength=(0.0, 1.0)),),
    "SquareSymmetry": (Step("rotate_90", strength=(0.0, 1.0)), Step("flip_horizontal", 0.5)),
    "Transpose": (Step("rotate_90", value=1.0), Step("flip_vertical")),
}
SYMMETRIES["D4"] = SYMMETRIES["SquareSymmetry"]


def rows_of(name: str, node: dict[str, Any], omissions: Omissions) -> list[Any] | None:
    """Lists pairs of a probability and of steps, for a transform that is not one step.

    Args:
        name: of the transform.
        node: its dictionary.
        omissions: where what differs is noted.

    Returns:
        The list, for images that the transform is applied to; None if it is one step.
    """
    if name in SYMMETRIES:
        return [(1.0, SYMMETRIES[name])]
    if name not in ("Blur", "MedianBlur"):
        return None
    limit = node.get("blur_limit", (3, 7))
    low, high = (limit, limit) if isinstance(limit, int) else limit
    sizes = range(low + 1 - low % 2, high + 1, 2)  # the odd ones
    if name == "MedianBlur" and high > _MOST_MEDIAN:
        omissions.add(f"MedianBlur of {high} pixels, in place of which are {_MOST_MEDIAN}")
        sizes = [min(size, _MOST_MEDIAN) for size in sizes]
    mirrored = ("border", "mirror")
    steps = [
        Step("median_blur", options=(("kernel_size", size),))
        if name == "MedianBlur"
        else Step("box_blur", value=size // 2, options=(("kernel_size", size), mirrored))
        for size in sizes
    ]
    return [(1 / len(steps), (step,)) for step in steps]


def step_of(
    name: str, node: dict[str, Any], rate: float, omissions: Omissions
) -> tuple[Step | None, Any]:
    """Returns the step of a transform, and its fill colour; None of what there is not.

    Args:
        name: of the transform.
        node: its dictionary.
        rate: how often it is applied.
        omissions: where what differs is noted.
    """
    try:
        return _step_of(name, node, rate, omissions)
    except KeyError as error:
        omissions.add(f"{name} without {error.args[0]}")
    except (TypeError, ValueError) as error:
        omissions.add(f"{name}, whose numbers no step takes: {error}")
    return None, None


def _step_of(name, node, rate, omissions):
    for op, (other, fields) in FLAT.items():
        if name == other:
            wrong = [key for key in fields if key in node and node[key] != fields[key]]
            for key in wrong:
                omissions.add(f"{name} with {key}={node[key]!r}")
            return Step(op, rate), None
    if name in ("Affine", "Rotate", "ShiftScaleRotate"):
        return _warps.warp(name, node, rate, omissions)
    if name == "ColorJitter":  # of one kind: _Reader.rows has several
        if any(node.get("hue", ())):
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
        if not any(value) and max(sizes):  # OpenCV then takes what suits the size
            value = 0.3 * ((max(sizes) - 1) * 0.5 - 1) + 0.8
        size = max(sizes) or int(max(value) * 3.5) * 2 + 1
        options = (("kernel_size", size), ("border", "mirror"))
        return Step("gaussian_blur", rate, value=value, options=options), None
    if name == "CoarseDropout":
        return _holes(node, rate, omissions)
    if name == "RandomResizedCrop":
        omissions.add(f"the size {node['size']} of RandomResizedCrop: images keep their own")
        aspect, area = node.get("ratio", (3 / 4, 4 / 3)), node.get("scale", (0.08, 1.0))
        return resized_crop(area, aspect, rate), None
    if name in _PIXELS and (found := _PIXELS[name](node, rate, omissions)) is not None:
        return found
    if name in ALBUMENTATIONS:
        omissions.add(f"{name}, which {ALBUMENTATIONS[name]}")
    else:
        omissions.add(f"the transform {name} is not known: make an op of it with augment.image_op")
    return None, None


def _brightness_contrast(node, rate, omissions):
    if not node.get("brightness_by_max", True):
        omissions.add("RandomBrightnessContrast with brightness_by_max=False, which is by the mean")
    if node.get("ensure_safe_range"):
        omissions.add("RandomBrightnessContrast with ensure_safe_range=True")
    limits = [
        (kind, tuple(float(end) for end in node[f"{kind}_limit"]))
        for kind in ("brightness", "contrast")
    ]
    return Step("brightness_contrast", rate, value=1.0, options=tuple(limits)), None


def _channel_dropout(node, rate, omissions):
    counts = list(node.get("channel_drop_range", (1, 1)))
    if counts != [1, 1]:
        omissions.add(f"ChannelDropout of {counts} channels, in place of which is one")
    return Step("channel_dropout", rate), node.get("fill", 0)


def _gamma(node, rate, omissions):
    omissions.remark("RandomGamma, which cuts values where gamma rounds them")
    return Step("gamma", rate, value=tuple(end / 100 for end in node["gamma_limit"])), None


def _hsv(node, rate, omissions):
    omissions.remark("HueSaturationValue, whose hues have steps of two degrees there")
    options = tuple(
        (option, tuple(float(end) / of for end in node[f"{part}_shift_limit"]))
        for option, part, of in (
            ("hue", "hue", 180.0),
            ("saturation", "sat", 255.0),
            ("brightness", "val", 255.0),
        )
    )
    return Step("hsv_shift", rate, value=1.0, options=options), None


def _noise(node, rate, omissions):
    if any(node.get("mean_range", ())) or node.get("noise_scale_factor", 1.0) != 1.0:
        return None
    if "std_range" not in node:  # of version 1, whose variance is drawn
        return None
    options = (("per_channel", bool(node.get("per_channel", True))),)
    low, high = (255 * float(end) for end in node["std_range"])
    return Step("gaussian_noise", rate, value=(low, high), options=options), None


def _factor(node, rate, omissions):
    if node.get("per_channel") or node.get("elementwise"):
        return None
    low, high = map(float, node["multiplier"])
    return Step("brightness", rate, value=(low, high)), None


def _shift(node, rate, omissions):
    limits = [tuple(map(float, node[f"{channel}_shift_limit"])) for channel in "rgb"]
    low, high = limits[0]
    if len(set(limits)) > 1 or low != -high:
        return None
    return Step("channel_shift", rate, value=high if high > 1 else 255 * high), None


#: Transforms of pixel values, of which a step is the same only for some numbers.
_PIXELS = {
    "ChannelDropout": _channel_dropout,
    "ChannelShuffle": lambda node, rate, omissions: (Step("channel_shuffle", rate), None),
    "GaussNoise": _noise,
    "HueSaturationValue": _hsv,
    "MultiplicativeNoise": _factor,
    "RGBShift": _shift,
    "RandomBrightnessContrast": _brightness_contrast,
    "RandomGamma": _gamma,
}


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
    _warps.note_shears(node, omissions)


def colours_of(node: dict[str, Any], rate: float) -> list[Step]:
    """Returns the steps of a ColorJitter, which it applies in a random order.

    Args:
        node: the transform.
        rate: of each step.
    """
    return [
        _warps.signed(op, rate, node[name], (), identity=1.0)
        for op, name in COLOURS.items()
        if list(node.get(name, (1.0, 1.0))) != [1.0, 1.0]
    ]


def _holes(node, rate, omissions):
    sizes, widths = list(node["hole_height_range"]), list(node["hole_width_range"])
    if sizes != widths:
        omissions.add(f"CoarseDropout with hole_width_range={widths}, in place of which is {sizes}")
    low, high = map(float, sizes)
    share = high < 1
    if not share and low < high:  # whole numbers, each as likely
        low, high = low - 0.5, high + 0.499
    counts = tuple(int(count) for count in node["num_holes_range"])
    if counts[1] > _MOST_HOLES:
        omissions.add(f"CoarseDropout of {counts} holes, of which {_MOST_HOLES} are the most")
        counts = tuple(min(count, _MOST_HOLES) for count in counts)
    options = {"num_holes": counts, "per_side": share}
    fill = node.get("fill", 0)
    if isinstance(fill, str):
        omissions.add(f"CoarseDropout with fill={fill!r}, in place of which is 0")
        fill = 0
    options["smallest"] = low / high
    return Step("hole_dropout", rate, value=high, options=tuple(options.items())), fill


def _interval(value):
    return tuple(value) if isinstance(value, (list, tuple)) else value
