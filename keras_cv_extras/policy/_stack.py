"""Many policies at once: their numbers in tensors of one shape, so that one program runs them all.

A policy runs as a table of steps, and the shape of that table is part of the compiled program.
Here the tables of several policies are padded to a common shape, with steps that do nothing and
sub-policies that are never drawn. Every image gets the same draws, and so the same
augmentation, as from its own policy alone.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.random import uniform
from keras_cv_extras._base.types import Images, Tensor
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy._augmentation import Augmentation
from keras_cv_extras.policy._execute import (
    COLUMNS,
    IDENTITY,
    SLOTS,
    apply_step,
    op_and_value,
)
from keras_cv_extras.policy._stage import SEARCH_OPS


@dataclasses.dataclass(frozen=True)
class StackShape:
    """What of stacked policies is part of the compiled program.

    Args:
        branches: the branches of the compiled switch: pairs of an op's name and its options.
        num_steps: steps that an image goes through, over all draws of all stages.
        num_sub_policies: rows that each of them is drawn from.
    """

    branches: tuple[tuple[str, tuple], ...] = tuple((op, ()) for op in ("identity", *SEARCH_OPS))
    num_steps: int = 1
    num_sub_policies: int = 1

    def holding(self, policies: Sequence[Any]) -> "StackShape":
        """Returns the smallest shape that is no smaller than this one and holds the policies."""
        stages = [stage for policy in policies for stage in policy.stages]
        used = {step.branch for stage in stages for row in stage.sub_policies for step in row}
        return StackShape(
            self.branches + tuple(sorted(used - set(self.branches), key=repr)),
            max([self.num_steps, *map(_num_steps, policies)]),
            max([self.num_sub_policies, *(len(stage.sub_policies) for stage in stages)]),
        )

    def holds(self, policy: Any) -> bool:
        """Whether a policy fits in."""
        return self.holding([policy]) == self


class Stack(NamedTuple):
    """The numbers of stacked policies, as tensors or arrays.

    Attributes:
        table: `(steps, policies, sub-policies, columns)`.
        cumulative: `(steps, policies, sub-policies)`, the cumulative weights.
        slots: `(2, steps, policies)`: where the random numbers begin that a step's sub-policy is
            chosen by, and those of the step itself.
        levels: `(2, steps, policies)`: how many levels strengths are drawn from, 0 for any, and
            the distance of two.
        fill: `(policies, channels)`, the colour of pixels from outside.
    """

    table: np.ndarray
    cumulative: np.ndarray
    slots: np.ndarray
    levels: np.ndarray
    fill: np.ndarray


def stack_policies(policies: Sequence[Any], shape: StackShape, images: Images) -> Stack:
    """Returns the numbers of policies, padded to a shape that holds them.

    Args:
        policies: a sequence of policies.
        shape: from `StackShape.holding`.
        images: what they will be applied to, or images of the same size and type.

    Raises:
        ValueError: if a policy has an op that does not work on this number of channels.
    """
    for name in {step.op for policy in policies for row in policy.sub_policies for step in row}:
        OPS[name].check(images)
    height, width, channels = images.shape[-3:]
    fill = [np.broadcast_to(np.float32(policy.fill), (channels,)) for policy in policies]
    return Stack(*_numbers(policies, shape, height, width), np.stack(fill))


def _numbers(policies, shape, height, width):
    """Returns all of a stack but the colours to fill with."""
    size = (shape.num_steps, len(policies))
    table = np.zeros((*size, shape.num_sub_policies, len(COLUMNS)), "float32")
    table[..., 0] = shape.branches.index(IDENTITY)
    # No draw reaches 1: rows that are added are never chosen.
    cumulative = np.ones((*size, shape.num_sub_policies), "float32")
    slots, levels = np.zeros((2, *size), "uint32"), np.zeros((2, *size), "float32")
    for member, policy in enumerate(policies):
        place = 0
        for stage in policy.stages:
            rows = stage.table(height, width, shape.branches)
            for _ in range(stage.num_draws):
                own = slice(place, place + rows.shape[1])
                table[own, member, : len(rows)] = rows.swapaxes(0, 1)
                cumulative[own, member, : len(rows)] = stage.cumulative_weights()
                slots[0, own, member] = place * len(SLOTS)
                slots[1, own, member] = np.arange(own.start, own.stop) * len(SLOTS)
                if stage.num_levels:
                    levels[:, own, member] = [[stage.num_levels], [1 / (stage.num_levels - 1)]]
                place = own.stop
    return table, cumulative, slots, levels


def execute_stack(images: Any, partners: Any, draws: Any, stack: Any, *, branches: Any) -> Tensor:
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
    num_steps, members, num_rows, _ = stack.table.shape
    seeds, epoch, samples = draws
    choice, *others = (
        uniform(
            ops.reshape(seeds, (-1, 1)),
            epoch,
            samples,
            stack.slots[min(i, 1), :, :, None] + np.uint32(i),
        )
        for i in range(len(SLOTS))
    )  # (steps, members, batch)
    rate, value, sign, x, y = others
    chosen = ops.cast(choice[..., None] >= stack.cumulative[:, :, None, :], "int32")
    first = np.arange(num_steps * members, dtype="int32").reshape(num_steps, members, 1) * num_rows
    rows = ops.take(
        ops.reshape(stack.table, (-1, len(COLUMNS))),
        ops.reshape(ops.sum(chosen, axis=-1) + first, (-1,)),
        axis=0,
    )
    rows = ops.reshape(rows, (num_steps, members, batch, len(COLUMNS)))
    rows = ops.transpose(rows, (3, 0, 1, 2))  # (columns, steps, members, batch)
    count, width = (stack.levels[i][:, :, None] for i in (0, 1))
    value = ops.where(count > 0, ops.floor(value * count) * width, value)
    index, value = op_and_value(rows, rate, value, sign, branches)
    second, numbers = partners[0], ops.reshape(partners[1], (-1,))
    images = engine.repeat(
        num_steps,
        lambda images, *row: apply_step(
            images,
            lambda position: engine.take(second, engine.take(numbers, position, axis=0), axis=0),
            lambda position: engine.take(stack.fill, position // batch, axis=0),
            branches,
            *row,
        ),
        ops.reshape(images, (members * batch, *shape[2:])),
        *(ops.reshape(row, (num_steps, members * batch)) for row in (index, value, x, y)),
    )
    return ops.reshape(images, shape)


class Padded(Augmentation):
    """A policy that runs by the program of a shape, which other policies share.

    Args:
        policy: a policy that the shape holds.
        shape: the shape.
    """

    def __init__(self, policy: Any, shape: StackShape) -> None:
        self.policy, self.shape = policy, shape

    fill = property(lambda self: self.policy.fill)
    sub_policies = property(lambda self: self.policy.sub_policies)
    value_range = property(lambda self: self.policy.value_range)

    def tables(self, height: int, width: int, epoch: Tensor) -> Any:
        """Returns what a program runs on, and what is part of it; see `Augmentation`."""
        del epoch
        return _numbers([self.policy], self.shape, height, width), self.shape.branches

    @staticmethod
    def execute(
        images: Any, partners: Any, fill: Any, draws: Any, tables: Any, *, structure: Any
    ) -> Any:
        """Applies the policy; see `Augmentation`."""
        seed, epoch, samples = draws
        numbers = ops.arange(images.shape[0], dtype="int32")
        result = execute_stack(
            images[None],
            (partners, numbers[None]),
            (ops.reshape(seed, (1,)), epoch, samples[None]),
            Stack(*tables, fill=fill[None]),
            branches=structure,
        )
        return result[0]


def _num_steps(policy):
    return sum(
        stage.num_draws * max(len(steps) for steps in stage.sub_policies) for stage in policy.stages
    )
