"""Many policies side by side: their numbers in tensors of one shape, run by one program.

The shape of the numbers is part of the compiled program. Here those of several policies are
padded to a common shape. Every image gets the same draws, and so the same augmentation, as
from its own policy alone.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from keras_cv_extras._base.types import Images, Tensor
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy._augmentation import Augmentation
from keras_cv_extras.policy._program import Loop, execute, loop_of
from keras_cv_extras.policy._stage import SEARCH_OPS


@dataclasses.dataclass(frozen=True)
class StackShape:
    """What of stacked policies is part of the compiled program.

    Args:
        branches: the branches of the compiled switch: pairs of an op's name and its options.
        num_steps: steps that an image goes through, over all draws of all stages.
        num_sub_policies: rows that each of them is drawn from.

    Example:
        >>> shape = StackShape().holding([rand_augment(2), rand_augment(3)])
        >>> shape.holds(rand_augment(1)), shape.num_steps
        (True, 3)
    """

    branches: tuple[tuple[str, tuple[Any, ...]], ...] = tuple(
        (op, ()) for op in ("identity", *SEARCH_OPS)
    )
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
    """The numbers of stacked policies, as tensors or arrays: those of their `Loop`, and colours.

    Attributes:
        table: see `Loop`; and so `cumulative`, `choices`, `slots` and `grid`.
        fill: `(policies, channels)`, the colours of pixels from outside.
    """

    table: Any
    cumulative: Any
    choices: Any
    slots: Any
    grid: Any
    fill: Any


def stack_policies(policies: Sequence[Any], shape: StackShape, images: Images) -> Stack:
    """Returns the numbers of policies, padded to a shape that holds them.

    Args:
        policies: a sequence of policies.
        shape: from `StackShape.holding`.
        images: what they will be applied to, or images of the same size and type.

    Raises:
        ValueError: if a policy has an op that does not work on this number of channels.

    Example:
        >>> policies = [rand_augment(1), rand_augment(2)]
        >>> stack = stack_policies(policies, StackShape().holding(policies), images)
    """
    for name in {step.op for policy in policies for row in policy.sub_policies for step in row}:
        OPS[name].check(images)
    height, width, channels = images.shape[-3:]
    fill = [np.broadcast_to(np.float32(policy.fill), (channels,)) for policy in policies]
    return Stack(*_loop(policies, shape, height, width), np.stack(fill))


def _loop(policies, shape, height, width):
    size = (shape.num_steps, shape.num_sub_policies)
    return loop_of([policy.stages for policy in policies], shape.branches, size, height, width)


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

    Example:
        >>> policies = [no_augmentation(), Policy([[Step("flip_horizontal", 0.5)]])]
        >>> shape = StackShape(branches=()).holding(policies)
        >>> stack = stack_policies(policies, shape, images)
        >>> batches = np.stack([images, images])  # one batch for each policy
        >>> draws = np.array([1, 1]), 0, np.stack([np.arange(96)] * 2)
        >>> partners = images, np.stack([np.arange(96)] * 2)
        >>> augmented = execute_stack(batches, partners, draws, stack, branches=shape.branches)
    """
    *loop, fill = stack
    fill = ops.convert_to_tensor(fill)
    return execute(images, partners, fill, draws, [Loop(*loop)], structure=(branches,))


class Padded(Augmentation):
    """A policy that runs by the program of a shape, which other policies share.

    Args:
        policy: a policy that the shape holds.
        shape: the shape.

    Example:
        >>> shape = StackShape(branches=()).holding([flip_crop(), no_augmentation()])
        >>> augmented = Padded(no_augmentation(), shape)(images, seed=1)
    """

    def __init__(self, policy: Any, shape: StackShape) -> None:
        self.policy: Any = policy
        self.shape: StackShape = shape

    fill: Any = property(lambda self: self.policy.fill)
    sub_policies: Any = property(lambda self: self.policy.sub_policies)
    value_range: Any = property(lambda self: self.policy.value_range)
    batch: Any = property(lambda self: self.policy.batch)

    def tables(self, height: int | None, width: int | None, epoch: Tensor) -> Any:
        """Returns what a program runs on, and what is part of it; see `Augmentation`."""
        del epoch
        return [_loop([self.policy], self.shape, height, width)], (self.shape.branches,)


def _num_steps(policy):
    return sum(stage.num_draws * stage.num_steps for stage in policy.stages)
