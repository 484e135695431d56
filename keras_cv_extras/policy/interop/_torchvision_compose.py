"""Pipelines of torchvision, `Compose` of transforms, as stages of a policy.

References:
    torchvision 0.28, `torchvision.transforms` and its `v2`, whose attributes are read.
"""

from collections.abc import Callable
from typing import Any

from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import Omissions

_RESIZES = "changes the size of images: resize them before the policy"
_SCALES = "networks do themselves: models.ImagePreprocessing"
_UNNEEDED = "Keras does not need"
# What is left out with strict=False, and what does it in this library.
_LEFT_OUT = {
    "CenterCrop": _RESIZES,
    "ConvertImageDtype": _SCALES,
    "Normalize": _SCALES,
    "PILToTensor": _UNNEEDED,
    "RandomCrop": _RESIZES,
    "Resize": _RESIZES,
    "ToDtype": _SCALES,
    "ToImage": _UNNEEDED,
    "ToPILImage": _UNNEEDED,
    "ToPureTensor": _UNNEEDED,
    "ToTensor": _SCALES,
}
#: The transforms of one op without numbers, and the op.
_FLAT = {
    "RandomAutocontrast": "autocontrast",
    "RandomEqualize": "equalize",
    "RandomHorizontalFlip": "flip_horizontal",
    "RandomInvert": "invert",
    "RandomVerticalFlip": "flip_vertical",
}
_SEQUENCES = ("Compose", "Sequential", "RandomOrder")


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
        if name in ("AutoAugment", "RandAugment", "TrivialAugmentWide"):
            close()
            stages.extend(auto(part).stages)
        elif name in ("RandomApply", "RandomChoice"):
            close()
            stages.append(_drawn(name, part, omissions))
        else:
            row.extend(_steps(part, omissions))
    close()
    return stages or [Stage([(Step("identity"),)])]


def _parts(transform, omissions):
    """Yields transforms that are applied one after another."""
    if type(transform).__name__ not in _SEQUENCES:
        yield transform
        return
    if type(transform).__name__ == "RandomOrder":
        omissions.add("RandomOrder, in place of which the order is that of the list")
    for child in getattr(transform, "transforms", transform):
        yield from _parts(child, omissions)


def _drawn(name, transform, omissions):
    def row(children):
        parts = [part for child in children for part in _parts(child, omissions)]
        steps = [step for part in parts for step in _steps(part, omissions)]
        return tuple(steps) or (Step("identity"),)

    if name == "RandomChoice":
        rows = [row([child]) for child in transform.transforms]
        return Stage(rows, None if transform.p is None else list(transform.p))
    rate = float(transform.p)
    rows = [(rate, row(transform.transforms)), (1 - rate, (Step("identity"),))]
    rows = [(weight, steps) for weight, steps in rows if weight > 0]
    return Stage([steps for _, steps in rows], [weight for weight, _ in rows])


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
        options = (("kernel_size", size),)
        return [Step("gaussian_blur", value=tuple(part.sigma), options=options)]
    if name == "RandomRotation":
        return _rotation(part, omissions)
    if name == "RandomResizedCrop":
        omissions.add(f"the size {tuple(part.size)} of RandomResizedCrop: images keep their own")
        options = (("aspect", tuple(part.ratio)),)
        return [Step("random_resized_crop", value=tuple(part.scale), options=options)]
    if name == "RandomErasing":
        omissions.add("RandomErasing, which draws another aspect ratio and area of its own")
        return [Step("random_erasing", rate, value=tuple(part.scale))]
    if name in _LEFT_OUT:
        omissions.add(f"{name}, which {_LEFT_OUT[name]}")
    else:
        omissions.add(f"the transform {name} is not known")
    return []


def _jitter(part, omissions):
    values = {
        "brightness": part.brightness,
        "contrast": part.contrast,
        "color": part.saturation,
        "hue": part.hue,
    }
    steps = [Step(op, value=tuple(value)) for op, value in values.items() if value is not None]
    if len(steps) > 1:
        omissions.add("the random order of ColorJitter, in place of which is that of its arguments")
    return steps


def _rotation(part, omissions):
    if getattr(part, "expand", False) or getattr(part, "center", None) is not None:
        omissions.add("RandomRotation with expand or center")
    interpolation = getattr(part.interpolation, "value", part.interpolation)
    options = (("interpolation", interpolation),) if interpolation == "bilinear" else ()
    low, high = map(float, part.degrees)
    return [Step("rotate", value=(low, high), options=options)]
