"""Tables of policies for images whose size only a graph will know.

Distances are shares of a side of the image. Where the side is not known yet, a table holds shares,
in float64, and which side each is of; `of_size` multiplies them in the graph, with the bits that a
table for the size has.
"""

from keras import ops

_UNITS = (None, "height", "width", "shorter")
EXTRA = 3  # columns more: the side of both ends, that of the identity, whether ends are whole


def cell_of_any_size(step, strength):
    """Returns the shares of a step: ends, identity, and what they are shares of.

    Args:
        step: a `Step`.
        strength: the `Range` of its op, or None.

    Returns:
        `(low, high, identity, units)`; the last are the three additional columns.
    """
    if strength is None:
        return 0.0, 0.0, 0.0, (0, 0, 0)
    own = _UNITS.index(strength.unit)
    unit = own if step.value is None else _UNITS.index(step.unit)
    return *step.ends_of(strength), strength.identity, (unit, own, int(step.whole))


def of_size(loop, height, width):
    """Returns a loop whose table is for images of a size.

    Args:
        loop: a `Loop` whose table is for any size, `(..., columns + 3)` float64.
        height: a scalar integer tensor.
        width: likewise.
    """
    table = ops.convert_to_tensor(loop.table)
    height, width = (ops.cast(side, "float64") for side in (height, width))
    sides = ops.stack([ops.ones_like(height), height, width, ops.minimum(height, width)])
    ends, own = (ops.take(sides, ops.cast(table[..., -n], "int32")) for n in (3, 2))
    whole = table[..., -1] > 0
    columns = [table[..., n] for n in range(table.shape[-1] - EXTRA)]
    for place in (2, 3):  # low and high, then the identity
        value = columns[place] * ends
        cut = ops.sign(value) * ops.floor(ops.abs(value))
        columns[place] = ops.where(whole, cut, value)
    columns[4] = columns[4] * own
    return loop._replace(table=ops.cast(ops.stack(columns, axis=-1), "float32"))
