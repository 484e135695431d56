"""Policies that change from epoch to epoch, run by one compiled program."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import json_text, written
from keras_cv_extras._base.types import Interval, Path, Tensor
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy._augmentation import Augmentation
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._program import stage_loops, taken
from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy._step import Step

FORMAT = "keras_cv_extras.policy_schedule"
FORMAT_VERSION = 1


class PolicySchedule(Augmentation):
    """Augments as one of several policies does, which one depending on the epoch.

    The policies are data of one program: at a new epoch nothing is traced or compiled again, also
    where the epoch is a tensor, as in `keras_cv_extras.data.pipeline` and in
    `layers.PolicyAugment`.

    Args:
        policies: a dictionary from the first epoch of each policy, counted from 0, to the
            policy. The first key is 0. All have the same fill, value range, settings of batches,
            and number of stages, draws and levels; of sub-policies and steps they may have as many
            as they like.
        name: a short name for reports.

    Raises:
        TypeError, ValueError: if `policies` are not as above.

    Example:
        >>> schedule = PolicySchedule({0: rand_augment(2, 0.2), 50: rand_augment(2, 0.6)})
        >>> augmented = schedule(images, seed=1, epoch=60)
    """

    def __init__(self, policies: dict[int, Policy], *, name: str | None = None) -> None:
        if not isinstance(policies, dict) or not policies:
            raise TypeError(
                "policies must be a dictionary from first epochs to policies, received "
                f"{policies!r:.80}"
            )
        for epoch, policy in policies.items():
            checks.integer("an epoch", epoch, minimum=0, maximum=2**31 - 1)
            if not isinstance(policy, Policy):
                raise TypeError(f"policies must hold Policies, received {policy!r}")
        self.policies: dict[int, Policy] = dict(sorted(policies.items()))
        if 0 not in policies:
            raise ValueError(f"policies must begin at epoch 0, received {sorted(policies)}")
        first = policies[0]
        for epoch, policy in self.policies.items():
            for field, own, wanted in zip(_FIELDS, _form(policy), _form(first), strict=True):
                if own != wanted:
                    raise ValueError(
                        f"the policies of a schedule must have the same {field}, received {wanted} "
                        f"at epoch 0 and {own} at epoch {epoch}"
                    )
        self.fill: Any = first.fill
        self.value_range: Any = first.value_range
        self.batch: Any = first.batch
        self.name: str | None = name

    @property
    def sub_policies(self) -> tuple[Sequence[Step], ...]:
        """The sub-policies of all policies."""
        return tuple(steps for policy in self.policies.values() for steps in policy.sub_policies)

    @property
    def is_random(self) -> bool:
        """Whether images may come out otherwise with another seed."""
        return any(policy.is_random for policy in self.policies.values())

    def policy_at(self, epoch: int) -> Policy:
        """Returns the policy of an epoch.

        Args:
            epoch: an integer, counted from 0.
        """
        checks.integer("epoch", epoch, minimum=0)
        return self.policies[max(first for first in self.policies if first <= epoch)]

    def tables(self, height: int | None, width: int | None, epoch: Tensor) -> Any:
        """Returns what a program runs on, and what is part of it; see `Augmentation`."""
        firsts = np.array(list(self.policies), "int32")
        epoch = ops.cast(epoch, "int32")
        which = ops.sum(ops.cast(epoch >= ops.convert_to_tensor(firsts), "int32")) - 1
        loops, structure = stage_loops(list(self.policies.values()), height, width)
        return [taken(loop, which) for loop in loops], structure

    def with_value_range(self, value_range: Interval) -> "PolicySchedule":
        """Returns this schedule for images of another range, such as `(0, 1)`."""
        policies = {k: policy.with_value_range(value_range) for k, policy in self.policies.items()}
        return PolicySchedule(policies, name=self.name)

    def with_batch(self, **changes: Any) -> "PolicySchedule":
        """Returns this schedule with other settings of batches, see `Policy.with_batch`."""
        policies = {k: policy.with_batch(**changes) for k, policy in self.policies.items()}
        return PolicySchedule(policies, name=self.name)

    def describe(self) -> str:
        """Returns the schedule as text: every policy under its first epoch."""
        parts = [f"from epoch {k}: {p.describe()}" for k, p in self.policies.items()]
        return "\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Returns the schedule as a dictionary for JSON."""
        policies = [
            {"first_epoch": epoch, "policy": policy.to_dict()}
            for epoch, policy in self.policies.items()
        ]
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "name": self.name,
            "policies": policies,
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "PolicySchedule":
        """Returns the schedule of a dictionary, as `to_dict` makes it.

        Raises:
            TypeError, ValueError: if it is none; the message names what is wrong.
        """
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise ValueError(f"not a schedule: the field 'format' must be {FORMAT!r}")
        if fields.get("version") != FORMAT_VERSION:
            raise ValueError(
                f"schedule format version {checks.shown(fields.get('version'))} is not known, only "
                f"{FORMAT_VERSION}: update keras_cv_extras"
            )
        checks.unknown_fields(fields, ("format", "version", "name", "policies"))
        entries = fields.get("policies")
        if not isinstance(entries, list):
            raise ValueError("the field 'policies' must be a list")
        policies = {}
        for number, entry in enumerate(entries):
            try:
                policies[entry["first_epoch"]] = Policy.from_dict(entry["policy"])
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"policy {number} of the schedule: {error!r}") from error
        return cls(policies, name=fields.get("name"))

    def save(self, path: Path) -> None:
        """Writes the schedule as a JSON file, in one step.

        Args:
            path: where to; missing folders are made.
        """
        files.write_json(path, self.to_dict(), written.is_ours)

    @classmethod
    def load(cls, path: Path) -> "PolicySchedule":
        """Reads a file that `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no schedule; the message names the file.
        """
        fields = json_text.read_json(path)
        try:
            return cls.from_dict(fields)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolicySchedule) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(tuple(self.policies.items()))

    def __repr__(self) -> str:
        return f"<PolicySchedule {self.name or ''}: {len(self.policies)} policies>"


def ramp(
    policy: Policy, num_epochs: int, *, first: float = 0.0, last: float = 1.0
) -> PolicySchedule:
    """Returns a schedule in which a policy grows stronger, or weaker, from epoch to epoch.

    Args:
        policy: the policy at full strength.
        num_epochs: how many epochs it takes; afterwards the last one stays.
        first: the factor of all strengths in the first epoch, in [0, 1].
        last: likewise in the last one.

    Returns:
        A `PolicySchedule`. A number that a step has instead of a strength is scaled by its
        distance from the op's identity; ops without a strength are applied as ever.

    Raises:
        ValueError: if an argument is not as above.

    Example:
        >>> schedule = ramp(rand_augment(2, 0.8), num_epochs=30)
    """
    checks.integer("num_epochs", num_epochs, minimum=1)
    first, last = checks.fraction("first", first), checks.fraction("last", last)
    steps = max(1, num_epochs - 1)
    policies = {
        epoch: _scaled(policy, first + (last - first) * epoch / steps)
        for epoch in range(num_epochs)
    }
    return PolicySchedule(policies, name=f"{policy.name or 'policy'}, ramp")


def load(path: Path) -> Policy | PolicySchedule:
    """Reads a file of a policy or of a schedule.

    Args:
        path: a JSON file that `save` of either wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is neither; the message names the file.

    Example:
        >>> rand_augment(2, 0.5).save("rand_augment.json")
        >>> policy = load("rand_augment.json")
    """
    fields = json_text.read_json(path)
    scheduled = isinstance(fields, dict) and fields.get("format") == FORMAT
    return (PolicySchedule if scheduled else Policy).load(path)


def from_dict(fields: dict[str, Any]) -> Policy | PolicySchedule:
    """Returns the policy or the schedule of a dictionary.

    Example:
        >>> from_dict(rand_augment().to_dict()) == rand_augment()
        True
    """
    scheduled = isinstance(fields, dict) and fields.get("format") == FORMAT
    return (PolicySchedule if scheduled else Policy).from_dict(fields)


_FIELDS = (
    *("fill", "value_range", "number of stages", "draws and levels"),
    "settings of batches",
)


def _form(policy):
    draws = [(stage.num_draws, stage.num_levels) for stage in policy.stages]
    return policy.fill, policy.value_range, len(policy.stages), draws, policy.batch


def _scaled(policy, factor):
    stages = tuple(
        Stage(
            [[_scaled_step(step, factor) for step in steps] for steps in stage.sub_policies],
            stage.weights,
            stage.num_draws,
            stage.num_levels,
        )
        for stage in policy.stages
    )
    return policy._with_stages(stages)


def _scaled_step(step, factor):
    fields = step.to_dict()
    for name, start in (("strength", 0.0), ("value", _identity(step))):
        if name in fields:
            ends = fields[name] if isinstance(fields[name], list) else [fields[name]] * 2
            fields[name] = [start + factor * (end - start) for end in ends]
    return Step.from_dict(fields)


def _identity(step):
    scale = OPS[step.op].strength
    return 0.0 if scale is None else scale.identity
