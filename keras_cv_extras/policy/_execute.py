"""Runs a policy: one compiled program of images, policy tensors and random numbers.

The policy is data of the program, not part of it. Another policy with as many sub-policies and
steps over the same ops runs the same program: nothing is traced or compiled again.
"""

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.random import uniform
from keras_cv_extras.augment import OPS

# One step reads six numbers of a table, and six of the generator.
COLUMNS = ("op", "rate", "low", "high", "identity", "signed")
SLOTS = ("choice", "rate", "value", "sign", "x", "y")

IDENTITY = ("identity", ())


def stage_table(sub_policies, branches, height, width):
    """Returns a stage's steps as an array of shape (sub-policies, steps, columns).

    Args:
        sub_policies: a sequence of sequences of steps.
        branches: the branches of the compiled switch, in its order; see `Stage.branches`.
        height: height of the images in pixels.
        width: width of the images in pixels.
    """
    num_steps = max(len(steps) for steps in sub_policies)
    table = np.zeros((len(sub_policies), num_steps, len(COLUMNS)), "float32")
    table[..., 0] = branches.index(IDENTITY)
    for row, steps in zip(table, sub_policies, strict=True):
        for cell, step in zip(row, steps, strict=False):
            strength = OPS[step.op].strength
            identity = strength.value(0.0, height, width) if strength else 0.0
            low, high = step.interval(height, width)
            index = branches.index(step.branch)
            cell[:] = index, step.rate, low, high, identity, step.is_signed
    return table


def execute(images, partners, fill, draws, stages, *, structure):
    """Applies the stages of a policy, one after the other.

    Args:
        images: `(batch, height, width, channels)`.
        partners: images of the same shape for `sample_pairing`.
        fill: `(channels,)`, the colour of pixels from outside.
        draws: `(seed, epoch, samples)`; the last of shape `(batch,)`.
        stages: for every stage a pair of its table and the cumulative weights of its
            sub-policies.
        structure: for every stage a triple of the branches of its switch, its number of draws,
            and of levels that strengths are drawn from (0 for any).

    Returns:
        Images of the same shape and type.
    """
    seed, epoch, samples = draws
    first_slot = 0
    for (table, cumulative), (branches, num_draws, num_levels) in zip(
        stages, structure, strict=True
    ):
        num_steps = table.shape[1]
        total = num_draws * num_steps
        slots = ops.arange(first_slot, first_slot + total * len(SLOTS), dtype="int32")
        numbers = uniform(seed, epoch, samples[None, :], slots[:, None])
        numbers = ops.reshape(numbers, (num_draws, num_steps, len(SLOTS), -1))
        index, arguments = _choose(table, cumulative, numbers, branches, num_levels)
        shape = (total, -1)
        images = engine.repeat(
            total,
            lambda images, *row, branches=branches: apply_step(
                images,
                lambda position: engine.take(partners, position, axis=0),
                lambda position: fill,
                branches,
                *row,
            ),
            images,
            ops.reshape(index, shape),
            *(ops.reshape(argument, shape) for argument in arguments),
        )
        first_slot += total * len(SLOTS)
    return images


def _choose(table, cumulative, numbers, branches, num_levels):
    """Draws, for every draw, step and image, the op and its value and position."""
    choice, value = numbers[:, :, 0], numbers[:, :, 2]
    # One sub-policy for all steps of a draw. The last cumulative weight is 1, above any draw.
    chosen = ops.sum(
        ops.cast(choice[:, 0, :, None] >= cumulative, "int32"), axis=-1
    )  # (draws, batch)
    rows = ops.take(table, chosen, axis=0)  # (draws, batch, steps, columns)
    rows = ops.transpose(rows, (3, 0, 2, 1))  # (columns, draws, steps, batch)
    if num_levels:
        value = ops.floor(value * num_levels) * np.float32(1 / (num_levels - 1))
    rate, sign, x, y = (numbers[:, :, SLOTS.index(name)] for name in ("rate", "sign", "x", "y"))
    index, value = op_and_value(rows, rate, value, sign, branches)
    return index, (value, x, y)


def op_and_value(rows, rate, value, sign, branches):
    """Decides which op is applied and with what value.

    Args:
        rows: the columns of the chosen steps, along the first axis.
        rate: a random number in [0, 1); and so `value`, 1 included, and `sign`.
        value: where between its ends the op's value lies.
        sign: on which side of the identity.
        branches: the branches of the compiled switch.

    Returns:
        The number of the branch, int32, and the op's value.
    """
    index, applied, low, high, identity, signed = (rows[i] for i in range(len(COLUMNS)))
    # The minimum keeps a compiler from fusing multiply and add, which rounds otherwise.
    value = low + ops.minimum((high - low) * value, 1e6)
    value = ops.where((signed > 0) & (sign < 0.5), 2.0 * identity - value, value)
    return ops.where(rate < applied, ops.cast(index, "int32"), branches.index(IDENTITY)), value


def apply_step(images, partner_of, fill_of, branches, index, value, x, y):
    """Applies to each image the op that `index` points at in `branches`.

    Args:
        images: `(batch, height, width, channels)`.
        partner_of: a function of an image's position in the batch that returns its second image.
        fill_of: likewise, its fill colour, `(channels,)`.
        branches: pairs of an op's name and its options.
        index: `(batch,)`, int32.
        value: `(batch,)`, the ops' own numbers; and so `x` and `y`, random positions in [0, 1).
        x: horizontal.
        y: vertical.
    """

    def one(image, position, index, value, x, y):
        fill = fill_of(position)

        def branch(name, options):
            op = OPS[name]
            if op.channels is not None and image.shape[-1] not in op.channels:
                return lambda: image  # the policy has been checked: it is not drawn
            arguments = op.numbers(value, x, y)
            options = {**dict(options), **({"fill": fill} if op.takes_fill else {})}
            if op.takes_partner:
                return lambda: op.apply(image, partner_of(position), *arguments, **options)
            return lambda: op.apply(image, *arguments, **options)

        return engine.switch(index, [branch(*pair) for pair in branches])

    positions = ops.arange(ops.shape(images)[0], dtype="int32")
    return engine.map_images(one, images, positions, index, value, x, y)
