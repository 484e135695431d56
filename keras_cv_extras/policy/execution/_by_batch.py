"""A step on a whole batch in a few passes, as an accelerator is fastest.

Every op goes one of three ways, by what stands beside its kernel in `OPS`:

- Ops that are a warp by a matrix: each image has its own matrix, that of the identity if it gets
  another op. All images are warped at once.
- Cheap ops are computed for all images, in the same loop over the pixels, and what is not wanted
  is thrown away.
- The images of other ops are gathered in groups of a fixed size, as many as there are, and put
  back.

The pixels are those of `_by_image`: it is the same kernels that are traced.
"""

import functools
import math

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.images.batches import key_from
from keras_cv_extras._base.images.fill import Fill
from keras_cv_extras._base.images.fixed import HALF, ONE
from keras_cv_extras._base.images.sampling import warp
from keras_cv_extras.augment import OPS

_UNMOVED = (ONE, 0, HALF, 0, ONE, HALF)
_GROUP_VALUES = 1 << 21  # of a group of images: enough to keep an accelerator busy


def apply_by_batch(images, partners, fills, branches, index, value, x, y):
    """Applies to each image the op that `index` points at; see `apply_by_image`."""
    warps, cheap, others = _sorted(branches, images.shape[-1])
    used = [OPS[name] for name, _ in branches]
    rows = {"index": index, "value": value, "x": x, "y": y}
    if any(op.takes_fill for op in used):
        rows["fill"] = _taken(fills, images)
    if any(op.takes_partner for op in used):
        rows["partner"] = _taken(partners, images)
    names = tuple(rows)

    def first(image, *numbers):
        row = dict(zip(names, numbers, strict=True))
        result = image
        for (interpolation, mode), members in warps.items():
            moved, mine = _warped(image, row, members, interpolation, mode)
            result = ops.where(mine, moved, result)
        for number, (name, options) in cheap:
            changed = _apply(name, options, image, row)
            result = ops.where(ops.equal(row["index"], number), changed, result)
        return result

    result = engine.map_images(first, images, *rows.values()) if warps or cheap else images
    if not others:
        return result
    share = min(1.0, 2 / len(branches))  # twice what an op gets where all are equally likely
    return _in_groups(images, result, index, names, tuple(rows.values()), others, share)


def _sorted(branches, channels):
    """The numbered branches of the three ways; warps by what one pass over a batch can share."""
    warps, cheap, others = {}, [], []
    for number, (name, options) in enumerate(branches):
        op = OPS[name]
        if name == "identity" or (op.channels is not None and channels not in op.channels):
            continue
        settings = {**op.options, **dict(options)}
        mode = settings.get("fill_mode", "constant")
        if op.matrix is not None and mode != "noise":
            shared = settings.get("interpolation", "nearest"), mode
            warps.setdefault(shared, []).append((number, op, settings))
        elif op.cheap and mode != "noise":
            cheap.append((number, (name, options)))
        else:
            others.append((number, (name, options)))
    return warps, cheap, others


def _taken(pair, images):
    """The row of every image, of rows and the numbers of those that the images have, or None."""
    rows, numbers = pair
    if numbers is not None:
        return engine.take(rows, numbers, axis=0)
    if rows.shape[0] == 1:
        return ops.broadcast_to(rows, (ops.shape(images)[0], *rows.shape[1:]))
    return rows


def _warped(image, row, members, interpolation, mode):
    """An image warped by the matrix of its op, and whether it has one."""
    height, width = ops.shape(image)[:2]
    matrix, mine = [ops.cast(number, "int32") for number in _UNMOVED], False
    for number, op, settings in members:
        is_own = ops.equal(row["index"], number)
        numbers = [*op.numbers(row["value"], row["x"], row["y"]), 0][:2] if op.has_strength else []
        own = op.matrix(height, width, *numbers, **settings)
        matrix = [ops.where(is_own, one, other) for one, other in zip(own, matrix, strict=True)]
        mine = ops.logical_or(is_own, mine)
    # Flips have no fill, and need none.
    fill = Fill(mode, row.get("fill", np.float32(0)), key_from(row["x"]))
    return warp(image, matrix, fill, interpolation), mine


def _apply(name, options, image, row):
    op = OPS[name]
    arguments = op.numbers(row["value"], row["x"], row["y"])
    if op.takes_partner:
        arguments = [row["partner"], *arguments]
    fill = {"fill": row["fill"]} if op.takes_fill else {}
    return op.apply(image, *arguments, **dict(options), **fill)


def _in_groups(images, result, index, names, rows, others, share):
    """Puts into `result` what the images of the other ops become.

    One loop goes over the groups of all of these ops; a batch in which none is drawn costs nothing.
    A group is at most a share of the batch: what it has room for beyond its images is wasted.
    """
    size = max(1, _GROUP_VALUES // int(np.prod(images.shape[1:])))
    size = min(size, math.ceil(share * images.shape[0]) if images.shape[0] else size)
    numbers = np.array([number for number, _ in others], "int32")[:, None]
    order = ops.argsort(index)
    starts, counts = (
        ops.sum(ops.cast(chosen, "int32"), axis=1)
        for chosen in (index[None] < numbers, ops.equal(index[None], numbers))
    )
    groups = (counts + size - 1) // size
    ends = ops.cumsum(groups)

    def work(option, image, *numbers):
        name, options = option
        return _apply(name, options, image, dict(zip(names, numbers, strict=True)))

    def body(turn, result):
        which = ops.sum(ops.cast(ends <= turn, "int32"))
        start, count, first = (
            engine.take(part, which, axis=0) for part in (starts, counts, ends - groups)
        )
        # The last group repeats the last image: it is written several times, each time the same.
        places = (turn - first) * size + ops.arange(size, dtype="int32")
        chosen = engine.take(order, start + ops.minimum(places, count - 1), axis=0)
        own = [engine.take(row, chosen, axis=0) for row in (images, *rows)]
        made = [
            functools.partial(engine.vectorize, functools.partial(work, option), *own)
            for _, option in others
        ]
        return turn + 1, ops.scatter_update(result, chosen[:, None], engine.switch(which, made))

    start = (ops.zeros((), "int32"), result)
    return ops.while_loop(lambda turn, _: turn < ends[-1], body, start)[1]
