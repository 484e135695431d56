"""The one program that runs policies: a policy alone, by the epoch, or many side by side.

A policy is data of the program, not part of it: numbers in tensors, of policies side by side. A
policy alone is a stack of one, a schedule a stack of which the epoch takes one. Where policies
differ in size, steps are added that do nothing, and sub-policies that are never drawn. Another
policy of as many steps over the same ops runs the same program, whatever the number of its
sub-policies up to 32, then 64, 128, and so on: nothing is traced or compiled again.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.random import uniform
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy.execution._by_batch import apply_by_batch
from keras_cv_extras.policy.execution._by_image import apply_by_image
from keras_cv_extras.policy.execution._sizes import EXTRA, cell_of_any_size

# One step reads six numbers of a table, and six of the generator.
COLUMNS = ("op", "rate", "low", "high", "identity", "signed")
SLOTS = ("choice", "rate", "value", "sign", "x", "y")

IDENTITY = ("identity", ())

# Sub-policies that a program has room for, at least: most policies have fewer. A program takes
# some 7 MB, which a process does not get back.
_ROOM = 32


class Loop(NamedTuple):
    """Steps that are run one after the other by one switch, as numbers.

    Attributes:
        table: `(steps, policies, sub-policies, columns)`.
        cumulative: `(draws, policies, sub-policies)`, the cumulative weights. Each draw is for
            equally many steps in a row.
        choices: `(draws, policies)`: the slot of the random number that a draw is made by.
        slots: `(steps, policies)`: where the random numbers of a step begin.
        grid: `(2, steps, policies)`: of how many equally spaced strengths one is drawn, 0 for
            any, and the distance of two.
    """

    table: Any
    cumulative: Any
    choices: Any
    slots: Any
    grid: Any


def stage_table(sub_policies, branches, height, width):
    """Returns a stage's steps as an array of shape (sub-policies, steps, columns).

    Args:
        sub_policies: a sequence of sequences of steps.
        branches: the branches of the compiled switch, in its order; see `Stage.branches`.
        height: height of the images in pixels; None for any size, see `_sizes`.
        width: width of the images in pixels.
    """
    num_steps = max(len(steps) for steps in sub_policies)
    table = _zeros((len(sub_policies), num_steps), height)
    table[..., 0] = branches.index(IDENTITY)
    for row, steps in zip(table, sub_policies, strict=True):
        for cell, step in zip(row, steps, strict=False):
            strength, units = OPS[step.op].strength, ()
            if height is None:
                low, high, identity, units = cell_of_any_size(step, strength)
            else:
                identity = strength.value(0.0, height, width) if strength else 0.0
                low, high = step.interval(height, width)
            index = branches.index(step.branch)
            cell[:] = index, step.rate, low, high, identity, step.is_signed, *units
    return table


def _zeros(shape, height):
    if height is None:
        return np.zeros((*shape, len(COLUMNS) + EXTRA), "float64")
    return np.zeros((*shape, len(COLUMNS)), "float32")


def stage_loops(
    policies: Sequence[Any], height: int | None, width: int | None
) -> tuple[list[Loop], tuple[Any, ...]]:
    """Returns policies of as many stages and draws as numbers: a loop for every stage.

    Args:
        policies: a sequence of policies.
        height: height of the images in pixels.
        width: width of the images in pixels.

    Returns:
        The loops, which must not be changed, and the branches of their switches.
    """
    loops, structure, first = [], [], 0
    for stages in zip(*(policy.stages for policy in policies), strict=True):
        branches = sorted({branch for stage in stages for branch in stage.branches}, key=repr)
        own = stages[0].branches
        branches = own if set(branches) == set(own) else tuple(branches)
        loops.append(_stage_loop(stages, branches, first, height, width))
        structure.append(branches)
        first += len(loops[-1].slots)
    return loops, tuple(structure)


@functools.lru_cache(maxsize=128)
def _stage_loop(stages, branches, first, height, width):
    each = max(stage.num_steps for stage in stages)
    rows = max(len(stage.sub_policies) for stage in stages)
    rows = max(_ROOM, 1 << (rows - 1).bit_length())
    members = [(stage,) for stage in stages]
    size = (stages[0].num_draws * each, rows)
    return loop_of(members, branches, size, height, width, first=first, each=each)


def loop_of(members, branches, size, height, width, *, first=0, each=1):
    """Returns the stages of policies as the numbers of one loop.

    Args:
        members: for every policy its stages.
        branches: the branches of the switch.
        size: how many steps there are, and sub-policies to draw from, at least.
        height: height of the images in pixels.
        width: width of the images in pixels.
        first: the number of the first step among all that an image goes through.
        each: how many steps a draw is for: as many as the longest sub-policy has, or 1, where
            every step has its draw, and the steps of one sub-policy make the same.
    """
    num_steps, num_rows = size
    num_draws, members_count = num_steps // each, len(members)
    table = _zeros((num_steps, members_count, num_rows), height)
    table[..., 0] = branches.index(IDENTITY)
    # No draw reaches 1: rows that are added are never chosen.
    cumulative = np.ones((num_draws, members_count, num_rows), "float32")
    choices = np.zeros((num_draws, members_count), "uint32")
    slots = np.zeros((num_steps, members_count), "uint32")
    grid = np.zeros((2, num_steps, members_count), "float32")
    for member, stages in enumerate(members):
        place = 0
        for stage in stages:
            rows = stage.table(height, width, branches)
            for _ in range(stage.num_draws):
                end = place + rows.shape[1]
                own, draws = slice(place, end), slice(place // each, -(-end // each))
                table[own, member, : len(rows)] = rows.swapaxes(0, 1)
                cumulative[draws, member, : len(rows)] = stage.cumulative_weights()
                choices[draws, member] = (first + place) * len(SLOTS)
                slots[own, member] = (first + np.arange(place, end)) * len(SLOTS)
                if stage.num_levels:
                    grid[:, own, member] = [[stage.num_levels], [1 / (stage.num_levels - 1)]]
                place = max(end, place + each)
    return Loop(table, cumulative, choices, slots, grid)


def taken(loop, which):
    """Returns the numbers of one of the policies, by an integer tensor."""
    parts = [ops.take(part, which, axis=1) for part in loop[:-1]]
    grid = ops.take(loop.grid, which, axis=2)
    return Loop._make([*(part[:, None] for part in parts), grid[:, :, None]])


def execute_one(images, partners, fill, draws, loops, *, structure):
    """Applies to a batch the steps of one policy.

    Args:
        images: `(batch, height, width, channels)`.
        partners: images of the same shape for `sample_pairing`.
        fill: `(channels,)`, the colour of pixels from outside.
        draws: `(seed, epoch, samples)`; the last of shape `(batch,)`.
        loops: a sequence of `Loop`, of one policy.
        structure: for every loop the branches of its switch.

    Returns:
        Images of the same shape and type.
    """
    seed, epoch, samples = draws
    draws = (ops.reshape(seed, (1,)), epoch, samples[None])
    return execute(images[None], (partners, None), fill[None], draws, loops, structure=structure)[0]


def execute(images, partners, fill, draws, loops, *, structure):
    """Applies to every batch the steps of its own policy.

    Args:
        images: `(policies, batch, height, width, channels)`.
        partners: `(rows, numbers)`: images `(n, height, width, channels)` to take second images
            from, and which, int32 `(policies, batch)`; None where each stands in its own place.
        fill: `(policies, channels)`, the colours of pixels from outside.
        draws: `(seeds, epoch, samples)`, integers of shape `(policies,)`, scalar, and
            `(policies, batch)`.
        loops: a sequence of `Loop`.
        structure: for every loop the branches of its switch.

    Returns:
        Images of the same shape and type.
    """
    shape, batch = tuple(images.shape[:2]) + tuple(ops.shape(images)[2:]), ops.shape(images)[1]
    rows, numbers = partners
    partners = rows, None if numbers is None else ops.reshape(numbers, (-1,))
    images = ops.reshape(images, (-1, *shape[2:]))
    member = ops.arange(ops.shape(images)[0], dtype="int32") // batch
    fills = fill, None if shape[0] == 1 else member
    apply = apply_by_batch if engine.is_by_batch() else apply_by_image
    for loop, branches in zip(loops, structure, strict=True):
        steps = _drawn(Loop(*map(ops.convert_to_tensor, loop)), draws, branches)
        images = engine.repeat(
            steps[0].shape[0],
            lambda images, *step, branches=branches: apply(
                images, partners, fills, branches, *step
            ),
            images,
            *(ops.reshape(step, (step.shape[0], -1)) for step in steps),
        )
    return ops.reshape(images, (shape[0], -1, *shape[2:]))


def _drawn(loop, draws, branches):
    """Draws, for every step, policy and image, the op, its value and its position."""
    seeds, epoch, samples = draws
    num_steps, num_members, num_rows, _ = loop.table.shape

    num_draws = loop.choices.shape[0]
    # All in one: to be compiled, the generator costs more than what it draws.
    slots = [loop.choices, *(loop.slots + np.uint32(number) for number in range(1, len(SLOTS)))]
    slots = ops.concatenate(slots, axis=0)[:, :, None]
    numbers = uniform(ops.reshape(seeds, (-1, 1)), epoch, samples, slots)
    # The last cumulative weight is 1, above any draw.
    below = numbers[:num_draws, :, :, None] >= loop.cumulative[:, :, None, :]
    chosen = ops.sum(ops.cast(below, "int32"), axis=-1)  # (draws, members, batch)
    if num_draws < num_steps:
        chosen = ops.repeat(chosen, num_steps // num_draws, axis=0)
    first = np.arange(num_steps * num_members, dtype="int32") * num_rows
    chosen = chosen + first.reshape(num_steps, num_members, 1)
    rows = ops.take(ops.reshape(loop.table, (-1, len(COLUMNS))), chosen, axis=0)
    rows = ops.transpose(rows, (3, 0, 1, 2))  # (columns, steps, members, batch)
    rate, value, sign, x, y = (
        numbers[start : start + num_steps]
        for start in range(num_draws, num_draws + 5 * num_steps, num_steps)
    )
    count, distance = (loop.grid[i][:, :, None] for i in (0, 1))
    value = ops.where(count > 0, ops.floor(value * count) * distance, value)
    return (*op_and_value(rows, rate, value, sign, branches), x, y)


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
