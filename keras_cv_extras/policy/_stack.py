"""Many policies at once: their numbers in tensors of one shape, so that one program runs them all.

A policy runs as a table of steps, and the shape of that table is part of the compiled program.
Here the tables of several policies are padded to a common shape, with steps that do nothing and
sub-policies that are never drawn. Every image gets the same draws, and so the same
augmentation, as from its own policy alone.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_cv_extras.augment import OPS, _engine
from keras_cv_extras.augment._random import uniform
from keras_cv_extras.policy._execute import (
    COLUMNS,
    IDENTITY,
    SLOTS,
    apply_step,
    op_and_value,
    stage_table,
)
from keras_cv_extras.policy._stage import SEARCH_OPS


@dataclasses.dataclass(frozen=True)
class StackShape:
    """What of stacked policies is part of the compiled program.

    Args:
        branches: the branches of the compiled switch: pairs of an op's name and its options.
        num_draws: how many sub-policies are drawn for an image, over all stages.
        num_sub_policies: rows to draw from.
        num_steps: steps of a sub-policy.
    """

    branches: tuple[tuple[str, tuple], ...] = tuple((op, ()) for op in ("identity", *SEARCH_OPS))
    num_draws: int = 1
    num_sub_policies: int = 1
    num_steps: int = 1

    def holding(self, policies) -> "StackShape":
        """Returns the smallest shape that is no smaller than this one and holds the policies."""
        stages = [stage for policy in policies for stage in policy.stages]
        rows = [steps for stage in stages for steps in stage.sub_policies]
        used = {step.branch for steps in rows for step in steps}
        draws = [sum(stage.num_draws for stage in policy.stages) for policy in policies]
        return StackShape(
            self.branches + tuple(sorted(used - set(self.branches), key=repr)),
            max([self.num_draws, *draws]),
            max([self.num_sub_policies, *(len(stage.sub_policies) for stage in stages)]),
            max([self.num_steps, *map(len, rows)]),
        )


class Stack(NamedTuple):
    """The numbers of stacked policies, as tensors or arrays.

    Attributes:
        table: `(draws, policies, sub-policies, steps, columns)`.
        cumulative: `(draws, policies, sub-policies)`, the cumulative weights.
        slots: `(draws, steps, policies)`, where the random numbers of a step begin.
        levels: `(2, draws, policies)`: how many levels strengths are drawn from, 0 for any, and
            the distance of two.
        fill: `(policies, channels)`, the colour of pixels from outside.
    """

    table: np.ndarray
    cumulative: np.ndarray
    slots: np.ndarray
    levels: np.ndarray
    fill: np.ndarray


def stack_policies(policies, shape: StackShape, images) -> Stack:
    """Returns the numbers of policies, padded to a shape that holds them.

    Args:
        policies: a sequence of policies.
        shape: from `StackShape.holding`.
        images: what they will be applied to, or images of the same size and type.

    Raises:
        ValueError: if a policy has an op that does not work on this number of channels.
    """
    height, width, channels = images.shape[-3:]
    size = (shape.num_draws, len(policies), shape.num_sub_policies)
    table = np.zeros((*size, shape.num_steps, len(COLUMNS)), "float32")
    table[..., 0] = shape.branches.index(IDENTITY)
    cumulative = np.ones(size, "float32")  # no draw reaches 1: what is added is never chosen
    slots = np.zeros((shape.num_draws, shape.num_steps, len(policies)), "uint32")
    levels = np.zeros((2, *size[:2]), "float32")
    for member, policy in enumerate(policies):
        for name in {step.op for steps in policy.sub_policies for step in steps}:
            OPS[name].check(images)
        place = slot = 0
        for stage in policy.stages:
            rows = stage_table(stage.sub_policies, shape.branches, height, width)
            count, num_steps = rows.shape[:2]
            for _ in range(stage.num_draws):
                table[place, member, :count, :num_steps] = rows
                cumulative[place, member, :count] = stage.cumulative_weights()
                slots[place, :num_steps, member] = slot + len(SLOTS) * np.arange(num_steps)
                if stage.num_levels:
                    levels[:, place, member] = stage.num_levels, 1 / (stage.num_levels - 1)
                slot += len(SLOTS) * num_steps
                place += 1
    fill = [np.broadcast_to(np.float32(policy.fill), (channels,)) for policy in policies]
    return Stack(table, cumulative, slots, levels, np.stack(fill))


def execute_stack(images, partners, draws, stack, *, branches):
    """Applies to every batch its own policy.

    Args:
        images: `(policies, batch, height, width, channels)`.
        partners: `(rows, numbers)`: images `(n, height, width, channels)` to take second images
            from, and which, int32 `(policies, batch)`.
        draws: `(seeds, epoch, samples)`, integers of shape `(policies,)`, scalar, and
            `(policies, batch)`.
        stack: a `Stack`.
        branches: those of its shape.

    Returns:
        Images of the same shape and type.
    """
    stack = Stack(*(ops.convert_to_tensor(part) for part in stack))
    shape, batch = tuple(images.shape), images.shape[1]
    num_draws, members, num_rows, num_steps, _ = stack.table.shape
    seeds, epoch, samples = draws
    choice, rate, value, sign, x, y = (
        uniform(ops.reshape(seeds, (-1, 1)), epoch, samples, stack.slots[..., None] + np.uint32(i))
        for i in range(len(SLOTS))
    )  # (draws, steps, members, batch)
    chosen = choice[:, 0, :, :, None] >= stack.cumulative[:, :, None, :]
    chosen = ops.sum(ops.cast(chosen, "int32"), axis=-1)  # (draws, members, batch)
    first = np.arange(num_draws * members, dtype="int32").reshape(num_draws, members, 1) * num_rows
    table = ops.reshape(stack.table, (-1, num_steps * len(COLUMNS)))
    rows = ops.take(table, ops.reshape(chosen + first, (-1,)), axis=0)
    rows = ops.reshape(rows, (num_draws, members, batch, num_steps, len(COLUMNS)))
    rows = ops.transpose(rows, (4, 0, 3, 1, 2))  # (columns, draws, steps, members, batch)
    count, width = (stack.levels[i][:, None, :, None] for i in (0, 1))
    value = ops.where(count > 0, ops.floor(value * count) * width, value)
    index, value = op_and_value(rows, rate, value, sign, branches)
    second, numbers = partners[0], ops.reshape(partners[1], (-1,))
    total = num_draws * num_steps
    images = _engine.repeat(
        total,
        lambda images, *row: apply_step(
            images,
            lambda position: _engine.take(second, _engine.take(numbers, position, axis=0), axis=0),
            lambda position: _engine.take(stack.fill, position // batch, axis=0),
            branches,
            *row,
        ),
        ops.reshape(images, (members * batch, *shape[2:])),
        *(ops.reshape(row, (total, members * batch)) for row in (index, value, x, y)),
    )
    return ops.reshape(images, shape)
