"""A step image by image: each takes the one branch that it needs, as a processor is fastest."""

import functools

from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS

_FEW = 2  # ops: so many passes over a batch are faster than a loop over its images


def apply_by_image(images, partners, fills, branches, index, value, x, y):
    """Applies to each image the op that `index` points at in `branches`.

    Args:
        images: `(batch, height, width, channels)`.
        partners: `(rows, numbers)`: images to take second images from, and which, int32
            `(batch,)`; None where each stands in its own place.
        fills: `(colours, numbers)`: the fill colours, `(colours, channels)`, and likewise.
        branches: pairs of an op's name and its options.
        index: `(batch,)`, int32.
        value: `(batch,)`, the ops' own numbers; and so `x` and `y`, random positions in [0, 1).
        x: horizontal.
        y: vertical.

    Returns:
        Images of the same shape and type.
    """
    if _at_once(branches, images.shape[-1]):
        numbers = map(engine.by_pixel, (index, value, x, y))
        if all(OPS[name].elementwise for name, _ in branches if name != "identity"):
            return engine.in_rows(functools.partial(_apply_all, branches), images, *numbers)
        return _apply_all(branches, images, *numbers)

    def taken(pair, position):
        rows, numbers = pair
        if numbers is not None:
            position = engine.take(numbers, position, axis=0)
        return engine.take(rows, position, axis=0)

    def one(image, position, index, value, x, y):
        colours, numbers = fills
        fill = colours[0] if colours.shape[0] == 1 else taken(fills, position)

        def branch(name, options):
            op = OPS[name]
            if op.channels is not None and image.shape[-1] not in op.channels:
                return lambda: image  # the policy has been checked: it is not drawn
            arguments = op.numbers(value, x, y)
            options = {**dict(options), **({"fill": fill} if op.takes_fill else {})}
            if op.takes_partner:
                return lambda: op.apply(image, taken(partners, position), *arguments, **options)
            return lambda: op.apply(image, *arguments, **options)

        return engine.switch(index, [branch(*pair) for pair in branches])

    positions = ops.arange(ops.shape(images)[0], dtype="int32")
    return engine.map_images(one, images, positions, index, value, x, y)


def _apply_all(branches, images, index, value, x, y):
    """Computes all branches for a batch, or for its rows of values, and keeps what is wanted."""
    result = images
    for number, (name, options) in enumerate(branches):
        if name != "identity":
            changed = OPS[name].apply(images, *OPS[name].numbers(value, x, y), **dict(options))
            result = ops.where(ops.equal(index, number), changed, result)
    return result


def _at_once(branches, channels):
    """Whether all branches are better computed for a whole batch, to keep what is wanted."""
    used = [OPS[name] for name, _ in branches if name != "identity"]
    return 0 < len(used) <= _FEW and all(
        op.batched
        and not (op.takes_fill or op.takes_partner)
        and (op.channels is None or channels in op.channels)
        for op in used
    )
