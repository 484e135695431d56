"""Transforms of Albumentations that set the size or the scale of images, as layers.

References:
    Albumentations 2.0.8, whose dictionaries are read.
"""

from typing import Any

from keras_cv_extras.policy.interop._common import Omissions
from keras_cv_extras.policy.interop.transforms import _sizes

#: What changes no pixel.
_NOTHING = ("NoOp", "ToTensorV2")
_INTERPOLATIONS = {0: "nearest", 1: "bilinear", 2: "bicubic"}  # OpenCV's numbers
#: OpenCV's numbers of borders.
_MODES = {0: "constant", 1: "edge", 2: "symmetric", 3: "wrap", 4: "reflect"}


def layers_of(
    name: str, node: dict[str, Any], seed: int | None, omissions: Omissions
) -> list[Any] | None:
    """Returns the layers of a transform that sets a size or a scale; None for any other.

    Args:
        name: of the transform.
        node: its dictionary.
        seed: of random layers.
        omissions: where what differs is noted.
    """
    if name in _NOTHING:
        return []
    made = _SCALES.get(name) or _SIZES.get(name)
    if made is None:
        return None
    try:
        layers = made(name, node, seed, omissions)
    except KeyError as error:
        omissions.add(f"{name} without {error.args[0]}")
        return []
    if (rate := float(node.get("p", 1.0))) != 1.0:
        omissions.add(f"{name} with p={rate:g}, in place of which is 1: a batch has one size")
    return layers


def _normalize(name, node, seed, omissions):
    kind = node.get("normalization", "standard")
    if kind != "standard":
        omissions.add(f"Normalize with normalization={kind!r}: give mean and std instead")
        return []
    top = float(node.get("max_pixel_value", 255.0))
    means, deviations = ([top * x for x in _sizes.each(node[key])] for key in ("mean", "std"))
    return [_sizes.normalised(means, deviations)]


def _to_float(name, node, seed, omissions):
    return [_sizes.scaled(1 / float(node.get("max_value") or 255.0))]


def _from_float(name, node, seed, omissions):
    return [_sizes.scaled(float(node.get("max_value") or 255.0))]


def _resized_crop(name, node, seed, omissions):
    scale, ratio = node.get("scale", (0.08, 1.0)), node.get("ratio", (3 / 4, 4 / 3))
    method = _method(name, node, omissions)
    return [_sizes.resized_crop(node["size"], scale, ratio, method, seed)]


def _crop(name, node, seed, omissions):
    import keras

    size = node["height"], node["width"]
    borders = []
    if node.get("pad_if_needed"):
        borders = _least(name, size, node, node.get("pad_position", "center"), omissions)
    if name == "RandomCrop":
        return [*borders, _sizes.cut(size, seed)]
    return [*borders, keras.layers.CenterCrop(*size)]


def _resize(name, node, seed, omissions):
    method = _method(name, node, omissions)
    return [_sizes.resize((node["height"], node["width"]), method, antialias=False)]


def _side(name, node, seed, omissions):
    lengths = _sizes.each(node["max_size"])
    if lengths == [None]:
        omissions.add(f"{name} with max_size_hw: give max_size")
        return []
    if len(lengths) > 1:
        omissions.add(f"{name} with max_size={lengths}, in place of which is {lengths[0]}")
    side = "longer" if name == "LongestMaxSize" else "shorter"
    method = _method(name, node, omissions)
    return [_sizes.resized_side(lengths[0], method, False, side=side, rounded=True)]


def _pad(name, node, seed, omissions):
    fill, mode = _fill(node), _mode(name, node, omissions)
    return _sizes.padded(_sizes.borders(node["padding"]), mode=mode, fill=fill)


def _pad_if_needed(name, node, seed, omissions):
    least = [node.get("min_height"), node.get("min_width")]
    for side in ("height", "width"):
        if node.get(f"pad_{side}_divisor"):
            omissions.add(f"PadIfNeeded with pad_{side}_divisor: give min_{side}")
    sizes = [size or 0 for size in least]
    return _least(name, sizes, node, node.get("position", "center"), omissions)


def _least(name, size, node, position, omissions):
    position = str(getattr(position, "value", position))
    if position not in ("center", "top_left"):
        omissions.add(f"{name} with the position {position!r}, in place of which is 'center'")
    place = "corner" if position == "top_left" else "centre"
    mode = _mode(name, node, omissions)
    return _sizes.padded(least=size, place=place, mode=mode, fill=_fill(node))


def _fill(node):
    fill = node.get("fill")
    return 0 if fill is None else fill


def _mode(name, node, omissions):
    number = node.get("border_mode", 0)
    if number not in _MODES:
        omissions.add(f"{name} with border_mode {number}, in place of which it fills")
    return _MODES.get(number, "constant")


def _method(name, node, omissions):
    """Returns the interpolation of a transform; that of OpenCV is its own but for bilinear."""
    known = node.get("interpolation", 1)
    method = _INTERPOLATIONS.get(known)
    if method is None:
        omissions.add(f"{name} with interpolation {known}, in place of which is bilinear")
    elif method != "bilinear":
        omissions.add(f"{name} with interpolation {known}, which OpenCV computes otherwise")
    if node.get("area_for_downscale"):
        omissions.add(f"{name} with area_for_downscale, in place of which is bilinear")
    return method or "bilinear"


_SCALES = {"FromFloat": _from_float, "Normalize": _normalize, "ToFloat": _to_float}
_SIZES = {
    "CenterCrop": _crop,
    "LongestMaxSize": _side,
    "Pad": _pad,
    "PadIfNeeded": _pad_if_needed,
    "RandomCrop": _crop,
    "RandomResizedCrop": _resized_crop,
    "Resize": _resize,
    "SmallestMaxSize": _side,
}
