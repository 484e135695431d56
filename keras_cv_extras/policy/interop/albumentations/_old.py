"""Pipelines of Albumentations as dictionaries, and the names that version 1 had in them.

References:
    Albumentations 1.3.1 and 2.0.8, `to_dict`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from keras_cv_extras.policy.interop._common import Omissions

_COMPOSED = ("n", "replace")  # fields of compositions beside their transforms
#: Fields of version 1, and what version 2 calls them.
_FIELDS = {"cval": "fill", "fill_value": "fill", "mode": "border_mode", "value": "fill"}
_KEEP_MODE = ("Equalize",)  # whose mode is no border


def fields_of(transform: Any) -> dict[str, Any]:
    """Returns the dictionary of a pipeline, in the names of version 2.

    Args:
        transform: a transform of Albumentations, or its `to_dict`. Of a transform that has none,
            such as a Lambda without a name, the name is kept.

    Raises:
        TypeError: if it is neither.
    """
    if isinstance(transform, Mapping):
        fields = dict(transform)
    elif hasattr(transform, "to_dict"):
        fields = _dictionary(transform)
    else:
        fields = {}
    if "transform" not in fields:
        raise TypeError(
            "fields must be a dictionary with the key 'transform', as albumentations.to_dict makes "
            f"it; received {transform!r:.80}"
        )
    version = str(fields.get("__version__", ""))
    if version.partition(".")[0] in ("0", "1"):
        fields["transform"] = _modern(fields["transform"])
    return fields


def note_targets(fields: dict[str, Any], omissions: Omissions) -> None:
    """Notes what a pipeline moves beside images.

    Args:
        fields: the dictionary of the pipeline.
        omissions: where to note it.
    """
    whole = fields["transform"] if isinstance(fields["transform"], Mapping) else {}
    if whole.get("bbox_params"):
        omissions.add("bbox_params, as boxes are out of scope: use keras.layers, which take boxes")
    if whole.get("keypoint_params"):
        omissions.add("keypoint_params, as key points are out of scope")
    if targets := whole.get("additional_targets"):
        named = ", ".join(targets)
        omissions.add(f"additional_targets {named}, each drawn for by itself: join them to one")


def _dictionary(transform):
    try:
        return transform.to_dict()
    except (NotImplementedError, TypeError, ValueError):
        return {"__version__": _version(transform), "transform": _tree(transform)}


def _version(transform):
    import sys

    library = sys.modules.get(type(transform).__module__.partition(".")[0])
    return getattr(library, "__version__", "2")


def _tree(transform):
    """Returns the dictionary of a pipeline, part by part."""
    fields = {"__class_fullname__": type(transform).__name__, "p": getattr(transform, "p", 1.0)}
    children = getattr(transform, "transforms", None)
    if children is None:
        try:
            return transform.to_dict()["transform"]
        except (NotImplementedError, TypeError, ValueError):
            return fields
    fields |= {key: getattr(transform, key) for key in _COMPOSED if hasattr(transform, key)}
    moved = getattr(transform, "processors", None) or {}
    for key, name in (("bboxes", "bbox_params"), ("keypoints", "keypoint_params")):
        fields |= {name: {"format": "?"}} if key in moved else {}
    fields["additional_targets"] = getattr(transform, "additional_targets", None) or {}
    return {**fields, "transforms": [_tree(child) for child in children]}


def _modern(node):
    """Returns a transform of version 1, or a composition of these, as version 2 has it."""
    if not isinstance(node, Mapping):
        return node
    name = str(node.get("__class_fullname__", "")).rpartition(".")[2]
    made = dict(node)
    if made.pop("always_apply", False):
        made["p"] = 1.0
    if "transforms" in made:
        made["transforms"] = [_modern(child) for child in made["transforms"]]
        if name == "SomeOf":
            made["forced"] = True  # it draws by the transforms' p, and applies what is drawn
        return made
    for old, new in _FIELDS.items():
        if old in made and not (old == "mode" and name in _KEEP_MODE):
            value = made.pop(old)
            made[new] = 0 if value is None else value
    return _RENAMED[name](made) if name in _RENAMED else made


def _size(node):
    if "size" not in node and "height" in node:
        node["size"] = [node.pop("height"), node.pop("width")]
    return node


def _holes(node):
    for new, old in (
        ("num_holes_range", "holes"),
        ("hole_height_range", "height"),
        ("hole_width_range", "width"),
    ):
        least, most = node.pop(f"min_{old}", None), node.pop(f"max_{old}", None)
        if new not in node and most is not None:
            node[new] = [most if least is None else least, most]
    return node


def _threshold(node):
    if "threshold" in node:
        ends = node.pop("threshold")
        ends = ends if isinstance(ends, (list, tuple)) else [ends, ends]
        node["threshold_range"] = [end / 255 for end in ends]
    return node


def _kernel(node):
    return {"method": "kernel", **node}


def _quality(node):
    if "quality_lower" in node:
        node["quality_range"] = [node.pop("quality_lower"), node.pop("quality_upper")]
    return {**node, "__class_fullname__": "ImageCompression"}


def _limit(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def made(node):
        still = {"brightness_limit": [0.0, 0.0], "contrast_limit": [0.0, 0.0]}
        given = {f"{kind}_limit": node.pop("limit")} if "limit" in node else {}
        return {**node, **still, **given, "__class_fullname__": "RandomBrightnessContrast"}

    return made


def _flip(node):
    def one(name):
        return {"__class_fullname__": name, "p": 1.0}

    flips = [one("HorizontalFlip"), one("VerticalFlip")]
    both = {"__class_fullname__": "Sequential", "p": 1.0, "transforms": list(flips)}
    named = {"__class_fullname__": "OneOf", "transforms": [*flips, both]}
    return {**named, "p": node.get("p", 0.5)}


def _alike(node):
    return {**node, "keep_ratio": True}


_RENAMED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "CoarseDropout": _holes,
    "Flip": _flip,
    "ImageCompression": _quality,
    "JpegCompression": _quality,
    "RandomBrightness": _limit("brightness"),
    "RandomContrast": _limit("contrast"),
    "RandomResizedCrop": _size,
    "Sharpen": _kernel,
    "ShiftScaleRotate": _alike,
    "Solarize": _threshold,
}
