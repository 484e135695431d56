"""The screen: which ops, at which strengths, preserve the label.

A few models are trained, each without a part of the training images, with all ops at all
strengths. Then every op at every strength is scored by forward passes alone, on the part that
the model has not seen. A model that was trained with an op and still does not recognise its
results has been given images whose label is gone: a six that was turned by half a circle.

Scored by models that never saw the ops, as density matching was proposed, an op is also blamed
for being new to the model, and a search would be led away from just what it is for.

References:
    Lim et al., [Fast AutoAugment](https://arxiv.org/abs/1905.00397)
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import fields
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Padded, Policy, StackShape, Step
from keras_cv_extras.search.trials._shared import uniform_policy
from keras_cv_extras.search.trials._trainer import Trainer
from keras_cv_extras.search.verdict._harm import Gains, harmful_ops, mean_gain

STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
NUM_FOLDS = 2
_LEAST_SKILL = 0.5  # of what is above guessing: a network with less cannot tell
_TUPLES = ("unchanged", "reinstated", "seconds", "harmful")
_SECONDS = (None, fields.no_number, checks.non_negative)
_FORM = {
    "clean": checks.fraction,
    "accuracy": {str: [checks.fraction]},
    "errors": {str: [(None, fields.no_number, checks.non_negative)]},
    "caps": {str: checks.fraction},
    "unchanged": [fields.text],
    "num_images": fields.at_least_one,
    # What an earlier version wrote has no ops that were tried alone.
    "reinstated?": [fields.text],
    "seconds?": [_SECONDS, _SECONDS],
    "guessing?": checks.fraction,
    "alone?": {str: [[checks.number, checks.non_negative]]},
    "harmful?": [fields.text],
}


@dataclasses.dataclass(frozen=True)
class Screen:
    """The result of a screen.

    Args:
        clean: accuracy on the images themselves, in [0, 1].
        accuracy: for each op its accuracy at `STRENGTHS`, of the worse sign for a signed op; one
            number for an op without strength.
        errors: likewise, the standard error of the difference from `clean`.
        caps: for each op the highest strength that keeps labels, in [0, 1]; 0 for an op that
            destroys them at any strength.
        unchanged: ops that change no image.
        num_images: how many images were classified for each number.
        reinstated: ops whose cap was lifted, because training with them helps.
        seconds: wall time, of the trainings and of the forward passes.
        guessing: the accuracy of always naming the most frequent class.
        alone: for ops that were tried alone from fresh weights, rows `(gain, error)`, one for each
            training: the change of the validation accuracy from a training with nothing and the
            same seed, and its standard error over the images.
        harmful: ops that make a training worse by more than a point, beyond chance.
    """

    clean: float
    accuracy: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]
    caps: dict[str, float]
    unchanged: tuple[str, ...]
    num_images: int
    reinstated: tuple[str, ...] = ()
    seconds: tuple[float, float] = (float("nan"), float("nan"))
    guessing: float = 0.0
    alone: dict[str, Gains] = dataclasses.field(default_factory=dict)
    harmful: tuple[str, ...] = ()

    @property
    def can_tell(self) -> bool:
        """Whether the network knows enough of the images for its errors to mean something."""
        return knows_enough(self.clean, self.guessing)

    @property
    def kept(self) -> tuple[str, ...]:
        """The ops that are worth searching in."""
        return tuple(op for op, cap in self.caps.items() if cap > 0 and op not in self.unchanged)

    @property
    def limited(self) -> tuple[str, ...]:
        """The ops whose results the networks cannot read at some strength; they may do no harm."""
        return tuple(op for op, cap in self.caps.items() if cap < 1)

    def reinstate(self, caps: dict[str, float]) -> "Screen":
        """Returns the screen with the caps of some ops lifted to these."""
        return dataclasses.replace(self, caps={**self.caps, **caps}, reinstated=tuple(caps))

    def judged(self, alone: dict[str, Gains], seeds: int) -> "Screen":
        """Returns the screen with the ops named that harm.

        Args:
            alone: the gains of each op in trainings with it alone.
            seeds: the most trainings that an op was given.
        """
        return dataclasses.replace(self, alone=alone, harmful=harmful_ops(alone, seeds))

    def to_dict(self) -> dict[str, Any]:
        """Returns the screen as a dictionary for JSON."""
        rounded = {
            name: {op: [round(float(v), 6) for v in row] for op, row in rows.items()}
            for name, rows in (("accuracy", self.accuracy), ("errors", self.errors))
        }
        lists = {name: list(getattr(self, name)) for name in _TUPLES}
        return {**dataclasses.asdict(self), **rounded, **lists}

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> "Screen":
        """Returns the screen of a dictionary, as `to_dict` makes it.

        Raises:
            TypeError, ValueError: if it is none.
        """
        fields.check("", found, _FORM)
        checks.unknown_fields(found, [field.name for field in dataclasses.fields(cls)])
        for op, row in found["accuracy"].items():
            checks.one_of("an op", op, sorted(OPS))
            if not row or len(row) != len(found["errors"].get(op, ())):
                raise ValueError(f"accuracy and errors of {op!r} must have as many numbers")
        ops, named = set(found["accuracy"]), {*found["errors"], *found.get("alone", ())}
        named.update(*(found.get(name, ()) for name in ("unchanged", "reinstated", "harmful")))
        if set(found["caps"]) != ops or named - ops:
            raise ValueError("caps must be of the ops that accuracy is of, and so must the others")
        arrays = {
            name: {op: np.array(row, float) for op, row in found[name].items()}
            for name in ("accuracy", "errors")
        }
        tuples = {name: tuple(found.get(name, ())) for name in _TUPLES}
        seconds = tuples["seconds"] or (None, None)
        tuples["seconds"] = tuple(float("nan") if one is None else one for one in seconds)
        alone = {op: tuple(map(tuple, rows)) for op, rows in found.get("alone", {}).items()}
        return cls(**{**found, **arrays, **tuples, "alone": alone})

    def describe(self) -> str:
        """Says in plain words what is left out, and why."""
        lines = [f"{op}: changes no image, left out" for op in self.unchanged]
        if not self.can_tell:
            lines.append(
                f"cannot tell which ops destroy labels: the network has {self.clean:.1%} right, "
                f"{self.guessing:.1%} by guessing; no op is left out for it. More epochs or more "
                "training images would tell"
            )
            lines += [f"{op}: {self._cost_of(op)}" for op in self.harmful]
            return "\n".join(lines)
        for op in self.limited:
            lowest = 100 * (self.clean - self.accuracy[op].min())
            cap = self.caps[op]
            above = f" above strength {cap:.1f}" if cap else ""
            line = f"{op}: its results are not recognised{above} ({lowest:.1f} points)"
            line += ", limited to that" if cap else ", left out"
            if op in self.harmful:
                line += f"; {self._cost_of(op)}"
            lines.append(line)
        lines += [f"{op}: {self._cost_of(op)}" for op in self.harmful if op not in self.limited]
        if self.reinstated:
            names = ", ".join(self.reinstated)
            lines.append(f"not recognised, but training with them helps: {names}")
        return "\n".join(lines) or "every op keeps the labels at every strength"

    def _cost_of(self, op):
        return (
            f"it harms: trained with alone, it costs {-100 * mean_gain(self.alone[op]):.1f} points"
        )


def screen(
    trainer: Trainer,
    ops: Sequence[str],
    *,
    seed: int = 0,
    num_folds: int = NUM_FOLDS,
    threshold: float = 0.25,
    on_step: Callable[..., None] | None = None,
) -> Screen:
    """Scores every op at every strength by forward passes.

    Args:
        trainer: trains the model; its training images are cut into folds.
        ops: names in `keras_cv_extras.augment.OPS`.
        seed: an integer.
        num_folds: how many models are trained, each without one fold, at least 2.
        threshold: an op destroys labels if the accuracy falls by more than this share, in (0, 1),
            of what it has above that of guessing, and by more than three standard errors. A network
            with less than half of that accuracy caps no op.
        on_step: None, or a function that is called with the name of every op that is scored.

    Raises:
        DivergedError: if a training diverges.
        ValueError: if an argument is not as above.
    """
    checks.integer("num_folds", num_folds, minimum=2)
    threshold = checks.fraction("threshold", threshold)
    images, labels = trainer.train_images, trainer.train_labels
    # Training images come stratified and shuffled: every n-th of a class is as good as drawn.
    fold = np.empty(len(labels), int)
    fold[np.argsort(labels, kind="stable")] = np.arange(len(labels)) % num_folds
    cells = {op: list(_cells(op, images.shape[1:3])) for op in ops}
    correct = {op: np.zeros((len(cells[op]), len(labels)), bool) for op in ops}
    clean, changed = np.zeros(len(labels), bool), dict.fromkeys(ops, False)
    common = uniform_policy(ops)
    training = scoring = 0.0
    for number in range(num_folds):
        held = np.flatnonzero(fold == number)
        start = time.monotonic()
        trainer.train(common, seed + number, rows=np.flatnonzero(fold != number))
        training += time.monotonic() - start
        start = time.monotonic()
        clean[held] = trainer.evaluate(images[held], labels[held]).correct
        filled = np.resize(held, np.bincount(fold).max())  # folds of one size share a program
        for op in ops:
            right, changes = _classified(trainer, cells[op], held, filled, seed)
            changed[op] = changed[op] or changes
            correct[op][:, held] = right
            if on_step is not None:
                on_step(op)
        scoring += time.monotonic() - start
    guessing = np.bincount(labels).max() / len(labels)
    most = threshold * max(clean.mean() - guessing, 0.0)
    if not knows_enough(clean.mean(), guessing):
        most = np.inf
    found = _judge(clean, correct, changed, most)
    seconds = (round(training, 3), round(scoring, 3))
    return dataclasses.replace(found, seconds=seconds, guessing=float(guessing))


def knows_enough(clean: float, guessing: float) -> bool:
    """Whether an accuracy is so far above that of guessing that its falls mean something."""
    return clean - guessing >= _LEAST_SKILL * (1 - guessing)


def time_op(trainer: Trainer, op: str) -> tuple[float, float]:
    """Returns the seconds of screening an op on a fold, when it is compiled and again."""
    cells = list(_cells(op, trainer.train_images.shape[1:3]))
    fold = np.arange(-(-len(trainer.train_labels) // NUM_FOLDS))
    seconds = []
    for _ in range(2):
        start = time.monotonic()
        _classified(trainer, cells, fold, fold, 0)
        seconds.append(time.monotonic() - start)
    return seconds[0], seconds[1]


def num_cells(op: str) -> int:
    """Returns how often a screen classifies its images for an op."""
    strength = OPS[op].strength
    return 1 if strength is None else len(STRENGTHS) * (2 if strength.signed else 1)


def _classified(trainer, cells, held, filled, seed):
    """Returns what of held images is right under each policy, and whether one changes any."""
    images, labels = trainer.train_images, trainer.train_labels
    results = [policy(images[filled], seed=seed, samples=filled) for policy in cells]
    augmented = np.stack([np.asarray(result)[: len(held)] for result in results])
    # One call for all cells: calls take longer than small networks do.
    flat = augmented.reshape(-1, *images.shape[1:])
    score = trainer.evaluate(flat, np.tile(labels[held], len(cells)))
    return score.correct.reshape(len(cells), -1), bool((augmented != images[held]).any())


def _cells(op, size):
    """Gives policies that apply an op at each strength, the signs of one side by side.

    Those of all ops that are usual in searches run by one program, for which one is compiled, and
    not one for each op.
    """
    strength, usual = OPS[op].strength, StackShape()

    def alone(**values):
        policy = Policy([[Step(op, **values)]])
        return Padded(policy, usual) if usual.holds(policy) else policy

    if strength is None:
        yield alone()
        return
    for number in STRENGTHS:
        value = strength.value(number, *size)
        yield alone(value=value)
        if strength.signed:
            yield alone(value=2 * strength.value(0.0, *size) - value)


def _judge(clean, correct, changed, most):
    accuracy, errors, caps = {}, {}, {}
    for op, rows in correct.items():
        strength = OPS[op].strength
        signs = 2 if strength is not None and strength.signed else 1
        difference = rows.astype(float) - clean
        means = rows.mean(axis=1).reshape(-1, signs)
        spread = (difference.std(axis=1, ddof=1) / np.sqrt(len(clean))).reshape(-1, signs)
        worse = np.argmin(means, axis=1)[:, None]
        accuracy[op] = np.take_along_axis(means, worse, axis=1)[:, 0]
        errors[op] = np.take_along_axis(spread, worse, axis=1)[:, 0]
        drop = clean.mean() - accuracy[op]
        bad = (drop > most) & (drop > 3 * errors[op])
        first = int(np.argmax(bad)) if bad.any() else len(bad)
        strengths = (0.0, *STRENGTHS) if strength is not None else (0.0, 1.0)
        caps[op] = strengths[first]
    unchanged = tuple(op for op in correct if not changed[op])
    return Screen(float(clean.mean()), accuracy, errors, caps, unchanged, len(clean))
