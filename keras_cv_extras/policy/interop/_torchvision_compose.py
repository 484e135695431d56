"""Pipelines of torchvision, `Compose` of transforms, as stages of a policy.

References:
    torchvision 0.28, `torchvision.transforms` and its `v2`, whose attributes are read.
"""

import itertools
from collections.abc import Callable
from typing import Any

from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import Omissions, resized_crop
from keras_cv_extras.policy.interop._elsewhere import TORCHVISION

#: The transforms of one op without numbers, and the op.
_FLAT = {
    "RandomAutocontrast": "autocontrast",
    "RandomChannelPermutation": "channel_shuffle",
    "RandomEqualize": "equalize",
    "RandomHorizontalFlip": "flip_horizontal",
    "RandomInvert": "invert",
    "RandomVerticalFlip": "flip_vertical",
}
_SEQUENCES = ("Compose", "Sequential")
_MOST_ORDERED = 5  # transforms of a RandomOrder, whose orders are listed


#: What is said of bilinear interpolation.
EDGES = (
    "whose edges are blended with the fill, as on torchvision's tensors and not on Pillow images"
)

#: What is said of timm's transforms, whose names are torchvision's and whose attributes are not.
OF_TIMM = "which is timm's: give the keywords of create_transform to read_transforms"


def is_of_timm(part: Any) -> bool:
    """Tells whether a transform is one of timm's."""
    return type(part).__module__.partition(".")[0] == "timm"


def read_policy(transform: Any, auto: Callable[[Any], Any], omissions: Omissions) -> Policy:
    """Returns the policy of a `Compose`.

    Args:
        transform: a `Compose`, or what stands in one.
        auto: returns the policy of one of torchvision's Auto classes.
        omissions: where what differs is noted.
    """
    fills: list[Any] = []
    stages = _stages_of(transform, auto, omissions, fills)
    fills = list(dict.fromkeys(fills))
    if len(fills) > 1:
        omissions.add(f"fill colours that differ, of which {fills[0]} is used")
    policy = Policy([[Step("identity")]], name="Compose", spec="torchvision")
    return policy._with_stages(tuple(stages), fill=fills[0] if fills else 0)


def _stages_of(transform, auto, omissions, fills):
    stages, row = [], []

    def close():
        if row:
            stages.append(Stage([tuple(row)]))
            row.clear()

    for part in _parts(transform, omissions):
        name = type(part).__name__
        if is_of_timm(part):
            omissions.add(f"{name}, {OF_TIMM}")
        elif name in ("AutoAugment", "RandAugment", "TrivialAugmentWide"):
            close()
            policy = auto(part)
            fills.append(policy.fill)
            stages.extend(policy.stages)
        elif name in ("RandomApply", "RandomChoice", "RandomOrder"):
            close()
            fills += _fills_of(part)
            stages.append(_drawn(name, part, omissions))
        elif len(orders := _orders(part, omissions)) > 1:
            close()
            stages.append(Stage(orders))
        else:
            fills += _fills_of(part)
            row.extend(_steps(part, omissions))
    close()
    return stages or [Stage([(Step("identity"),)])]


def _parts(transform, omissions):
    """Yields transforms that are applied one after another."""
    if type(transform).__name__ not in _SEQUENCES:
        yield transform
        return
    for child in getattr(transform, "transforms", transform):
        yield from _parts(child, omissions)


def _drawn(name, transform, omissions):
    def rows_of(weight, children):
        """Returns pairs of a weight and of steps that are equally likely."""
        parts = [part for child in children for part in _parts(child, omissions)]
        found = itertools.product(*(_orders(part, omissions) for part in parts))
        found = [tuple(step for steps in row for step in steps) for row in found]
        return [(weight / len(found), steps or (Step("identity"),)) for steps in found]

    if name == "RandomChoice":
        weights = transform.p or [1.0] * len(transform.transforms)
        pairs = zip(weights, transform.transforms, strict=True)
        rows = [row for weight, child in pairs for row in rows_of(float(weight), [child])]
        if transform.p is None and len(rows) == len(transform.transforms):
            return Stage([steps for _, steps in rows])
        return Stage([steps for _, steps in rows], [weight for weight, _ in rows])
    if name == "RandomOrder":
        children = list(transform.transforms)
        if len(children) > _MOST_ORDERED:
            omissions.add("a long RandomOrder, in place of which the order is that of the list")
            return Stage([steps for _, steps in rows_of(1.0, children)])
        orders = itertools.permutations(children)
        return Stage([steps for order in orders for _, steps in rows_of(1.0, order)])
    rate = float(transform.p)
    rows = [*rows_of(rate, transform.transforms), (1 - rate, (Step("identity"),))]
    rows = [(weight, steps) for weight, steps in rows if weight > 0]
    return Stage([steps for _, steps in rows], [weight for weight, _ in rows])


def _orders(part, omissions):
    """Returns the steps of a transform in each of the orders that are equally likely."""
    steps = _steps(part, omissions)
    shuffled = type(part).__name__ == "ColorJitter"
    return list(itertools.permutations(steps)) if shuffled else [tuple(steps)]


def _steps(part, omissions):
    """Returns the steps of a transform; none, with a note, if it has no counterpart."""
    name, rate = type(part).__name__, float(getattr(part, "p", 1.0) or 0.0)
    if name in _FLAT:
        return [Step(_FLAT[name], rate)]
    if name == "JPEG":
        low, high = (part.quality,) * 2 if isinstance(part.quality, int) else part.quality
        ends = (low, high) if low == high else (low - 0.5, high + 0.499)  # each as likely
        return [Step("jpeg", value=(float(ends[0]), float(ends[1])))]
    if name == "GaussianNoise" and not part.mean and getattr(part, "clip", True):
        return [Step("gaussian_noise", value=255 * float(part.sigma))]
    if name == "Grayscale" and part.num_output_channels == 3:
        return [Step("color", value=0.0)]
    if name == "RandomGrayscale":
        return [Step("color", rate, value=0.0)]
    if name == "RandomPosterize":
        return [Step("posterize", rate, value=float(part.bits))]
    if name == "RandomSolarize":
        threshold = float(part.threshold)  # of floats, if it is at most 1
        return [Step("solarize", rate, value=threshold if threshold > 1 else 255 * threshold)]
    if name == "RandomAdjustSharpness":
        return [Step("sharpness", rate, value=float(part.sharpness_factor))]
    if name == "ColorJitter":
        return _jitter(part, omissions)
    if name == "GaussianBlur":
        sizes = part.kernel_size
        size = max(sizes) if isinstance(sizes, (tuple, list)) else sizes
        if sizes not in (size, [size, size], (size, size)):
            omissions.add(f"GaussianBlur with kernel_size={sizes!r}, in place of which is {size}")
        options = (("kernel_size", size), ("border", "mirror"))
        return [Step("gaussian_blur", value=tuple(part.sigma), options=options)]
    if name == "RandomRotation":
        return _rotation(part, omissions)
    if name == "RandomAffine" and (found := _affine(part, omissions)):
        return found
    if name == "RandomResizedCrop":
        omissions.add(f"the size {tuple(part.size)} of RandomResizedCrop: images keep their own")
        return [resized_crop(part.scale, part.ratio)]
    if name == "RandomErasing":
        if part.value not in (0, 0.0, [0], [0.0]):
            value = "random" if part.value is None else part.value  # as it is kept there
            omissions.add(f"RandomErasing with value={value!r}, in place of which is 0")
        options = (("smallest", float(part.scale[0])), ("aspect", tuple(map(float, part.ratio))))
        return [Step("random_erasing", rate, value=float(part.scale[1]), options=options)]
    if name in TORCHVISION:
        omissions.add(f"{name}, which {TORCHVISION[name]}")
    elif hasattr(part, "__qualname__"):  # a function
        omissions.add(f"the function {part.__name__}, which {TORCHVISION['Lambda']}")
    else:
        omissions.add(f"the transform {name} is not known: make an op of it with augment.image_op")
    return []


def _jitter(part, omissions):
    if part.hue is not None:
        omissions.remark("the hue of ColorJitter, as on tensors; that of Pillow's images has steps")
    values = {
        "brightness": part.brightness,
        "contrast": part.contrast,
        "color": part.saturation,
        "hue": part.hue,
    }
    return [Step(op, value=tuple(value)) for op, value in values.items() if value is not None]


def _affine(part, omissions):
    """Returns the steps of a RandomAffine without a shear, moved by whole pixels or turned too."""
    if part.shear and any(part.shear):
        return []
    options = _interpolated(part, omissions)
    turns = (-float(part.degrees[1]), -float(part.degrees[0]))  # it turns clockwise
    moves = part.translate
    centred = getattr(part, "center", None) is None
    if part.scale is None and not moves and centred:
        return [Step("rotate", value=turns, options=options)]
    if part.scale is None and moves and not any(turns):
        pairs = (("x", moves[0], "width"), ("y", moves[1], "height"))
        return [
            Step(f"translate_{axis}", value=(-float(share), float(share)), unit=side)
            for axis, share, side in pairs
            if share
        ]
    if not centred:
        return []
    if moves and any(moves):
        omissions.remark("RandomAffine, whose shifts are whole pixels there, and not here")
    x, y = map(float, moves or (0.0, 0.0))
    own = {
        "degrees": turns,
        "shift": x,
        "shift_y": None if x == y else y,
        "scale": tuple(map(float, part.scale or (1.0, 1.0))),
        "slope": 0.0,
    }
    return [Step("affine", value=1.0, options=(*own.items(), *options))]


#: What fills the places outside of an image.
_WARPS = ("RandomAffine", "RandomRotation")


def _fills_of(part):
    """Lists the colours that a transform, or those in it, fill with."""
    if type(part).__name__ in _WARPS:
        return [fill_of(part)]
    if isinstance(part, (str, bytes)):
        return []
    children = getattr(part, "transforms", part if type(part).__name__ in _SEQUENCES else ())
    return [fill for child in children for fill in _fills_of(child)]


def fill_of(part: Any) -> Any:
    """Returns the colour that a transform fills with: a number, or one per channel.

    Args:
        part: the transform; v2 may have a colour for each kind of input.
    """
    value: Any = getattr(part, "fill", 0)
    if isinstance(value, dict):
        named = {getattr(key, "__name__", str(key)): colour for key, colour in value.items()}
        value = next((named[key] for key in ("Image", "Tensor", "others") if key in named), 0)
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (list, tuple)):
        colours = tuple(float(colour) for colour in value)
        return colours if len(set(colours)) > 1 else colours[0]
    return float(value) if isinstance(value, (int, float)) else 0.0


def interpolation_of(part: Any) -> str:
    """Returns the interpolation of a transform, such as "bilinear", which is also the default."""
    value = getattr(part, "interpolation", "bilinear")
    if isinstance(value, (list, tuple)):  # timm's choice
        return "random"
    return str(getattr(value, "value", value)).rpartition(".")[2].lower()


def _interpolated(part, omissions):
    method = interpolation_of(part)
    name = type(part).__name__
    if method not in ("bilinear", "nearest"):
        omissions.add(f"{name} with interpolation {method!r}, in place of which is nearest")
    smooth = method == "bilinear"
    if smooth:
        omissions.remark(f"{name} with 'bilinear', {EDGES}")
    return (("interpolation", "bilinear"),) if smooth else ()


def _rotation(part, omissions):
    if getattr(part, "expand", False) or getattr(part, "center", None) is not None:
        omissions.add("RandomRotation with expand or center")
    low, high = map(float, part.degrees)
    return [Step("rotate", value=(low, high), options=_interpolated(part, omissions))]
