"""A policy: what is done to images, as data that can be written, read, joined and run."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops as keras_ops

from keras_cv_extras._base import checks, files
from keras_cv_extras._base import random as _random
from keras_cv_extras._base.owned import json_text, written
from keras_cv_extras._base.types import Color, Interval, Path, Tensor
from keras_cv_extras.augment import OPS
from keras_cv_extras.mix import BatchSettings
from keras_cv_extras.policy._augmentation import Augmentation
from keras_cv_extras.policy._program import stage_loops
from keras_cv_extras.policy._stage import SEARCH_OPS, Stage, stage_from_dict, stage_to_dict
from keras_cv_extras.policy._step import Step

FORMAT = "keras_cv_extras.policy"
FORMAT_VERSION = 1
_OPTIONS = ("fill", "value_range", "spec", "name")


class Policy(Augmentation):
    """Augments every image of a batch by one of several sub-policies, drawn for that image.

    A policy is called with images and integers, and is a pure function of them: the same seed,
    epoch and sample number give the same augmentation, in any batch. The images of a call are
    augmented by one compiled program; another policy with as many sub-policies and steps uses
    the same program. Policies are joined by `+`: `flip_crop() + rand_augment()`.

    Args:
        sub_policies: a sequence of sub-policies; each a sequence of `Step`, applied in order.
        weights: how often each sub-policy is drawn, relative to the others; None for equally.
        num_draws: how many sub-policies are drawn for an image and applied in a row.
        fill: the colour of pixels from outside the image, in [0, 255]; a number, or one per
            channel.
        value_range: the range of the images' values: `(0, 255)`, `(0, 1)` for floats,
            `(0, 65535)` for uint16.
        num_levels: None to draw strengths continuously between the ends of a step's interval,
            or how many equally spaced strengths there are to draw from.
        spec: whose numbers the steps are: "kcx" for this library's strengths, or the name of a
            published table.
        name: a short name for reports.
        provenance: a dictionary for JSON that says where the policy comes from.
        batch: None, or the `BatchSettings` that are to go with the policy. Calling it does not
            apply them; the trainings of a search and `kcx train` do.

    Example:
        >>> policy = Policy([[Step("rotate", 0.7, 0.5), Step("color", 0.4, 0.8)]])
        >>> augmented = policy(images, seed=7, epoch=0)
    """

    def __init__(
        self,
        sub_policies: Sequence[Sequence[Step]],
        weights: Sequence[float] | None = None,
        num_draws: int = 1,
        *,
        fill: Color = 0,
        value_range: Interval = (0, 255),
        num_levels: int | None = None,
        spec: str = "kcx",
        name: str | None = None,
        provenance: Mapping[str, Any] | None = None,
        batch: BatchSettings | None = None,
    ) -> None:
        fill = tuple(fill) if isinstance(fill, (tuple, list)) else fill
        if fill == ():
            raise ValueError("fill must be a number, or one per channel, received none")
        for value in fill if isinstance(fill, tuple) else (fill,):
            if not 0 <= checks.number("fill", value) <= 255:
                raise ValueError(f"fill must lie in [0, 255], received {fill!r}")
        self.stages: tuple[Stage, ...] = (Stage(sub_policies, weights, num_draws, num_levels),)
        self.fill = fill
        pair = tuple(value_range) if isinstance(value_range, Iterable) else value_range
        self.value_range: Any = checks.rising("value_range", pair)
        for option, text in (("spec", spec), ("name", "" if name is None else name)):
            if not isinstance(text, str):
                raise TypeError(f"{option} must be a text, received {checks.shown(text)}")
        self.spec = spec
        self.name = name
        self.provenance: dict[Any, Any] = _provenance(provenance or {})
        if batch is not None and not isinstance(batch, BatchSettings):
            raise TypeError(f"batch must be BatchSettings or None, received {batch!r}")
        self.batch: BatchSettings = batch or BatchSettings()

    @classmethod
    def random(
        cls,
        num_sub_policies: int = 25,
        num_steps: int = 2,
        *,
        ops: tuple[str, ...] = SEARCH_OPS,
        seed: int = 0,
        **options: Any,
    ) -> "Policy":
        """Draws a policy from the search space: the control arm of every search.

        Args:
            num_sub_policies: how many sub-policies.
            num_steps: steps per sub-policy.
            ops: names to draw from.
            seed: an integer; another seed gives another policy.
            **options: further arguments of `Policy`.

        Returns:
            A policy with ops drawn uniformly, rates from 0, 0.1, ..., 1, strengths from
            0, 1/9, ..., 1, as in AutoAugment's space.
        """
        checks.integer("num_sub_policies", num_sub_policies, minimum=1)
        checks.integer("num_steps", num_steps, minimum=1)
        samples = np.arange(num_sub_policies * num_steps)[:, None]
        draws = keras_ops.convert_to_numpy(_random.uniform(seed, 0, samples, np.arange(3)))
        steps = []
        for choice, rate, strength in draws:
            name = ops[int(choice * len(ops))]
            own = int(strength * 10) / 9 if OPS[name].has_strength else None
            steps.append(Step(name, int(rate * 11) / 10, own))
        rows = [steps[i : i + num_steps] for i in range(0, len(steps), num_steps)]
        return cls(rows, **{"name": f"random policy {seed}", **options})

    @classmethod
    def load(cls, path: Path) -> "Policy":
        """Reads a policy file.

        Args:
            path: a JSON file, as `save` writes it.

        Returns:
            The policy.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no policy file; the message names the file, and the
                sub-policy and step that are wrong.
        """
        fields = json_text.read_json(path)
        try:
            return cls.from_dict(fields)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error

    def save(self, path: Path) -> None:
        """Writes the policy as a JSON file, in one step.

        Args:
            path: where to; missing folders are made. A policy file there is replaced.

        Raises:
            OSError: if there is something else, or it cannot be written.
        """
        files.write_json(path, self.to_dict(), written.is_ours)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Policy":
        """Returns the policy of a dictionary, as `to_dict` makes it.

        Raises:
            TypeError, ValueError: if it is none; the message names the sub-policy and step.
        """
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise ValueError(f"not a policy: the field 'format' must be {FORMAT!r}")
        if fields.get("version") != FORMAT_VERSION:
            raise ValueError(
                f"policy format version {checks.shown(fields.get('version'))} is not known, only "
                f"{FORMAT_VERSION}: update keras_cv_extras"
            )
        known = ("format", "version", "stages", "provenance", "batch", *_OPTIONS)
        checks.unknown_fields(fields, known)
        stages = fields.get("stages")
        if not isinstance(stages, list) or not stages:
            raise ValueError("the field 'stages' must be a list of at least one stage")
        stages = tuple(stage_from_dict(number, stage) for number, stage in enumerate(stages))
        options = {key: fields[key] for key in _OPTIONS if key in fields}
        batch = BatchSettings.from_dict(fields.get("batch", {}))
        return cls([[Step("identity")]], batch=batch, **options)._with_stages(
            stages, provenance=_provenance(fields.get("provenance", {}))
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns the policy as a dictionary for JSON."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "name": self.name,
            "spec": self.spec,
            "value_range": list(self.value_range),
            "fill": list(self.fill) if isinstance(self.fill, tuple) else self.fill,
            "stages": [stage_to_dict(stage) for stage in self.stages],
            **({"batch": batch} if (batch := self.batch.to_dict()) else {}),
            "provenance": self.provenance,
        }

    def describe(self) -> str:
        """Returns the policy as text, a line for each sub-policy."""
        lines = []
        for stage in self.stages:
            often = "" if stage.num_draws == 1 else f", {stage.num_draws} drawn for each image"
            count = len(stage.sub_policies)
            lines.append(f"{count} sub-polic{'y' if count == 1 else 'ies'}{often}")
            for number, steps in enumerate(stage.sub_policies):
                lines.append(f"  {number:3d}  " + ", then ".join(s.describe() for s in steps))
        batch = self.batch.describe()
        return "\n".join([*lines, f"of batches: {batch}"] if batch else lines)

    @property
    def sub_policies(self) -> tuple[Sequence[Step], ...]:
        """The sub-policies of all stages, in order."""
        return tuple(steps for stage in self.stages for steps in stage.sub_policies)

    @property
    def weights(self) -> Sequence[float] | None:
        """The weights of a policy of one stage."""
        return self.stages[0].weights if len(self.stages) == 1 else None

    def __add__(self, other: "Policy") -> "Policy":
        """Returns the policy that applies this one and then the other."""
        if not isinstance(other, Policy):
            return NotImplemented
        for field in ("fill", "value_range"):
            if getattr(self, field) != getattr(other, field):
                raise ValueError(
                    f"policies that are joined must have the same {field}, received "
                    f"{getattr(self, field)!r} and {getattr(other, field)!r}"
                )
        names = [policy.name or "policy" for policy in (self, other)]
        batches = {one.batch for one in (self, other) if one.batch != BatchSettings()}
        if len(batches) > 1:
            raise ValueError(
                "of policies that are joined only one may have settings of batches, received "
                f"{self.batch.describe()!r} and {other.batch.describe()!r}"
            )
        batch = batches.pop() if batches else BatchSettings()
        return self._with_stages(self.stages + other.stages, name=" + ".join(names), batch=batch)

    def with_batch(self, **changes: Any) -> "Policy":
        """Returns this policy with other settings of batches.

        Args:
            **changes: fields of `BatchSettings`, such as `mix="none"`.
        """
        batch = dataclasses.replace(self.batch, **changes)
        return self._with_stages(self.stages, batch=batch, provenance=dict(self.provenance))

    def with_value_range(self, value_range: Interval) -> "Policy":
        """Returns this policy for images of another range, such as `(0, 1)`."""
        low, high = checks.rising("value_range", tuple(value_range))
        return self._with_stages(
            self.stages, value_range=(low, high), provenance=dict(self.provenance)
        )

    def tables(self, height: int | None, width: int | None, epoch: Tensor) -> Any:
        """Returns what a program runs on, and what is part of it; see `Augmentation`."""
        del epoch
        # Kept for the next call: to find it by all numbers of the steps costs more than to read it.
        known = self.__dict__.get("_known")
        if known is None or known[0] is not self.stages or known[1] != (height, width):
            known = (self.stages, (height, width), stage_loops([self], height, width))
            self._known = known
        return known[2]

    def _with_stages(self, stages, **changes):
        policy = object.__new__(Policy)
        policy.__dict__.update({**self.__dict__, "provenance": {}, "stages": stages, **changes})
        return policy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self.stages)

    def __repr__(self) -> str:
        return f"<Policy {self.name or self.spec}: {len(self.sub_policies)} sub-policies>"


def concatenate(policies: Sequence[Policy], *, name: str | None = None) -> Policy:
    """Returns one policy with the sub-policies of several, as AutoAugment joins its five best.

    Args:
        policies: a sequence of policies of one stage each, of the same fill and value range.
        name: a short name for reports.

    Returns:
        A policy in which each of the given ones has the same weight.

    Raises:
        ValueError: if there are none, or they do not go together.

    Example:
        >>> policy = concatenate([auto_augment("cifar10"), auto_augment("svhn")], name="both")
        >>> len(policy.sub_policies)
        50
    """
    policies = list(policies)
    if not policies:
        raise ValueError("concatenate needs at least one policy")
    first = policies[0]
    for policy in policies:
        if len(policy.stages) != 1:
            raise ValueError(f"only policies of one stage can be concatenated, received {policy!r}")
        same = (policy.fill, policy.value_range, policy.batch, policy.stages[0].num_draws)
        if same != (first.fill, first.value_range, first.batch, first.stages[0].num_draws):
            raise ValueError(
                "policies that are concatenated must have the same fill, value_range, batch and "
                f"num_draws, received {first!r} and {policy!r}"
            )
    weights = []
    for policy in policies:
        own = policy.weights or (1.0,) * len(policy.sub_policies)
        weights += [weight / sum(own) for weight in own]
    return Policy(
        [steps for policy in policies for steps in policy.sub_policies],
        None if len(set(weights)) == 1 else weights,
        first.stages[0].num_draws,
        fill=first.fill,
        value_range=first.value_range,
        name=name,
        batch=first.batch,
    )


def _provenance(fields):
    if not isinstance(fields, Mapping) or not all(isinstance(key, str) for key in fields):
        raise TypeError(
            f"provenance must be a dictionary with names as keys, received {checks.shown(fields)}"
        )
    return dict(fields)
