"""Warps of Albumentations as steps.

References:
    Albumentations 2.0.8, `Affine`, of which `ShiftScaleRotate` is a kind.
"""

import math
from collections.abc import Sequence
from typing import Any

from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import Omissions

#: OpenCV's numbers of borders that warps have here.
FILL_MODES = {0: "constant", 1: "nearest", 2: "reflect", 3: "wrap"}


def note_shears(node: dict[str, Any], omissions: Omissions) -> None:
    """Notes shears of an Affine, which are about another place.

    Args:
        node: the transform.
        omissions: where to note them.
    """
    for axis in "xy":
        ends = (node.get("shear") or {}).get(axis, ())
        if any(ends) and not _is_moved_back(axis, ends, node):
            omissions.add(
                f"Affine with a shear along {axis}, which is about the centre there and about the "
                "first row or column here: use layers.RandomAffine"
            )


def signed(
    op: str, rate: float, ends: Sequence[float], options: Any, identity: float = 0.0, **fields: Any
) -> Step:
    """Returns a step of an interval, which counts as signed if it is one about the identity.

    Args:
        op: of the step.
        rate: of the step.
        ends: of the interval.
        options: of the step.
        identity: the value that changes nothing.
        **fields: others of the step.
    """
    low, high = (round(float(end), 9) for end in ends)
    if low != high and abs((low + high) / 2 - identity) < 1e-6:
        return Step(
            op, rate, value=(identity, max(low, high)), signed=True, options=options, **fields
        )
    return Step(op, rate, value=(low, high), options=options, **fields)


def _is_moved_back(axis, ends, node):
    """Tells whether a shear of a fixed angle is moved so that the first row or column stays."""
    moved = (node.get("translate_percent") or {}).get(axis, (0, 0))
    return ends[0] == ends[1] and moved[0] == moved[1] and moved[0] * ends[0] < 0


def warp(
    name: str, node: dict[str, Any], rate: float, omissions: Omissions
) -> tuple[Step | None, Any]:
    """Returns the step of a warp, and the colour that it fills with; None of what there is not.

    Args:
        name: "Affine", "Rotate" or "ShiftScaleRotate".
        node: the transform.
        rate: of the step.
        omissions: where what differs is noted.
    """
    if name == "ShiftScaleRotate":
        node = _as_affine(node)
    interpolation = node.get("interpolation", 1)
    if interpolation not in (0, 1):
        omissions.add(
            f"{name} with interpolation {interpolation}, in place of which bilinear is used"
        )
    options = (("interpolation", "bilinear"),) if interpolation else ()
    border, fill = node.get("border_mode", 0), node.get("fill", 0)
    if border not in FILL_MODES:
        omissions.add(f"{name} with border_mode {border}, in place of which is 2")
        border = 2
    if border:
        options, fill = (*options, ("fill_mode", FILL_MODES[border])), None
    for key in ("crop_border", "fit_output"):
        if node.get(key):
            omissions.add(f"{name} with {key}=True, in place of which the size stays")
    if name == "Rotate":
        return signed("rotate", rate, node["limit"], options), fill
    scale, shear = node.get("scale"), node.get("shear")
    found = []
    if scale and any(list(scale[axis]) != [1.0, 1.0] for axis in "xy"):
        return _several(name, node, rate, options, omissions), fill
    if any(node.get("rotate", (0, 0))):
        found.append(signed("rotate", rate, node["rotate"], options))
    for axis in "xy":
        if shear and any(shear[axis]):
            slopes = [math.tan(math.radians(end)) for end in shear[axis]]
            found.append(signed(f"shear_{axis}", rate, slopes, options))
    if not (shear and any((*shear["x"], *shear["y"]))):  # a shear is moved back to the corner
        found += _translations(node, rate, options)
    if len(found) > 1:
        return _several(name, node, rate, options, omissions), fill
    return found[0] if found else Step("identity", rate), fill


def _as_affine(node):
    """Returns a ShiftScaleRotate as the Affine that it is."""
    scale = [1.0 + float(end) for end in node["scale_limit"]]
    moved = {axis: list(node[f"shift_limit_{axis}"]) for axis in "xy"}
    made = {"scale": {"x": scale, "y": scale}, "rotate": node["rotate_limit"]}
    return {**node, **made, "translate_percent": moved}


def _several(name, node, rate, options, omissions):
    """Returns the step of an Affine that turns, moves and scales in one warp."""
    if any(any(ends) for ends in (node.get("shear") or {}).values()):
        omissions.add(f"{name} with a shear among others in one warp: use layers.RandomAffine")
        return None
    if any(any(ends) for ends in (node.get("translate_px") or {}).values()):
        omissions.add(f"{name} with translate_px among others: give translate_percent")
    if node.get("balanced_scale"):
        omissions.add(f"{name} with balanced_scale=True, in place of which scales are uniform")
    alike = bool(node.get("keep_ratio"))
    x, y = _of_both(node.get("scale"), (1.0, 1.0))
    if x != y and not alike:
        omissions.add(f"{name} with another scale along y, in place of which is that along x")
    right, down = _of_both(node.get("translate_percent"), (0.0, 0.0))
    if any((*right, *down)):
        omissions.remark(f"{name}, whose shifts are cut to whole pixels there, and not here")
    found = {
        "degrees": tuple(float(end) for end in node.get("rotate") or (0.0, 0.0)),
        "shift": right,
        "shift_y": None if right == down else down,
        "scale": x,
        "slope": 0.0,
        "stretch": not alike and x[0] != x[1],
    }
    return Step("affine", rate, value=1.0, options=(*found.items(), *options))


def _of_both(given, none):
    """Returns the ends of the numbers of both axes."""
    return (tuple(float(end) for end in (given or {}).get(axis, none)) for axis in "xy")


def _translations(node, rate, options):
    found = []
    for axis, side in (("x", "width"), ("y", "height")):
        for key, unit in (("translate_px", None), ("translate_percent", side)):
            ends = (node.get(key) or {}).get(axis, (0, 0))
            if any(ends):
                ends = [-end for end in ends]
                fields = {"unit": unit, "whole": unit is not None}
                found.append(signed(f"translate_{axis}", rate, ends, options, **fields))
    return found
