"""Pipelines of torchvision, `Compose` of transforms, as stages of a policy.

References:
    torchvision 0.28, `torchvision.transforms` and its `v2`, whose attributes are read.
"""

import itertools
from collections.abc import Callable
from typing import Any

from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import Omissions, resized_crop
from keras_cv_extras.policy.interop._elsewhere import TORCHVISION

#: The transforms of one op without numbers, and the op.
_FLAT = {
    "RandomAutocontrast": "autocontrast",
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


def stages_of(transform: Any, auto: Callable[[Any], Any], omissions: Omissions) -> list[Stage]:
    """Returns the stages of a `Compose`.

    Args:
        transform: a `Compose`, or what stands in one.
        auto: returns the policy of one of torchvision's Auto classes.
        omissions: where what differs is noted.
    """
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
            stages.extend(auto(part).stages)
        elif name in ("RandomApply", "RandomChoice", "RandomOrder"):
            close()
            stages.append(_drawn(name, part, omissions))
        elif len(orders := _orders(part, omissions)) > 1:
            close()
            stages.append(Stage(orders))
        else:
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
    if name == "RandomGrayscale":
        return [Step("color", rate, value=0.0)]
    if name == "RandomPosterize":
        return [Step("posterize", rate, value=float(part.bits))]
    if name == "RandomSolarize":
        return [Step("solarize", rate, value=float(part.threshold))]
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
    else:
        omissions.add(f"the transform {name} is not known")
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
    """Returns the steps of a RandomAffine that only turns, or only moves by whole pixels."""
    _note_fill(part, omissions)
    options = _interpolated(part, omissions)
    turns = (-float(part.degrees[1]), -float(part.degrees[0]))  # it turns clockwise
    moves = part.translate
    if part.scale is not None or part.shear:
        return []
    if not moves and getattr(part, "center", None) is None:
        return [Step("rotate", value=turns, options=options)]
    if any(turns) or not moves:
        return []
    pairs = (("x", moves[0], "width"), ("y", moves[1], "height"))
    return [
        Step(f"translate_{axis}", value=(-float(share), float(share)), unit=side)
        for axis, share, side in pairs
        if share
    ]


def _note_fill(part, omissions):
    if getattr(part, "fill", 0) not in (0, 0.0, None, [0]):
        name = type(part).__name__
        omissions.add(f"{name} with fill={part.fill!r}: give fill to the policy")


def interpolation_of(part: Any) -> str:
    """Returns the interpolation of a transform, such as "bilinear", which is also the default."""
    value = getattr(part, "interpolation", "bilinear")
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
    _note_fill(part, omissions)
    low, high = map(float, part.degrees)
    return [Step("rotate", value=(low, high), options=_interpolated(part, omissions))]
