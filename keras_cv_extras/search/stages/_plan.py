"""What a search will run, how long that should take, and what it can find out at all."""

import bisect
import dataclasses
import pathlib
import time
from typing import Any

from keras_cv_extras._base import files
from keras_cv_extras.augment import OPS
from keras_cv_extras.search.stages import _portfolio, _stages
from keras_cv_extras.search.stages._screen import LEVELS, NUM_FOLDS
from keras_cv_extras.search.stages._state import folder_path, read_fields
from keras_cv_extras.search.trials._shared import common_epochs, uniform_policy

_FILE = "plan.json"
_MOST_TRIALS = 100_000  # that a budget can decide
_FORWARD = 1 / 3  # of the time of a training step
_NUM_CONFIRMED = 8  # five controls, an entrant, the best trial and the best joined; staged: 9
_POWER = 2.8  # standard errors that a difference must have: 5 % two-sided, found in 80 %


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a search will run.

    Args:
        stages: for each stage its name, its number of trainings, and its cost in epochs.
        seconds_per_epoch: as measured; None if it was not.
        trials: how many policies are tried.
        budget: the minutes it may take, or None.
        num_confirmation: the confirmation images.
    """

    stages: tuple[tuple[str, int, float], ...]
    seconds_per_epoch: float | None
    trials: int
    budget: float | None
    num_confirmation: int

    @property
    def num_trainings(self) -> int:
        """The trainings of all stages."""
        return sum(count for _, count, _ in self.stages)

    @property
    def minutes(self) -> float | None:
        """How long the search should take."""
        if self.seconds_per_epoch is None:
            return None
        return sum(epochs for _, _, epochs in self.stages) * self.seconds_per_epoch / 60

    @property
    def resolution(self) -> float:
        """The difference in accuracy that the confirmation images can tell from chance.

        It is that of two policies of 90 % accuracy, half of whose errors are the same.
        """
        return _POWER * (2 * 0.1 * 0.9 * 0.5 / self.num_confirmation) ** 0.5

    def describe(self) -> str:
        """Says what will run, as a table."""
        lines = ["stage                trainings    epochs   minutes"]
        for name, count, epochs in self.stages:
            lines.append(f"{name:<20} {count:>9} {epochs:>9.0f} {self._minutes(epochs):>9}")
        total = sum(epochs for _, _, epochs in self.stages)
        lines.append(f"{'all':<20} {self.num_trainings:>9} {total:>9.0f} {self._minutes(total):>9}")
        lines.append(
            f"{self.num_confirmation:,} confirmation images tell differences from about "
            f"{100 * self.resolution:.1f} points on from chance (at 90 % accuracy)."
        )
        return "\n".join(lines)

    def _minutes(self, epochs):
        if self.seconds_per_epoch is None:
            return "-"
        return f"{epochs * self.seconds_per_epoch / 60:.1f}"


def decide(request, directory, *, measured):
    """Returns the request with its number of trials, and the plan.

    An earlier run's plan in the folder is kept, as its number of trials is the search's.

    Args:
        request: what the search is asked.
        directory: the search's folder.
        measured: whether to measure an epoch for the plan even without a budget.

    Raises:
        ValueError: if the budget is too small, or not that of the folder's search.
    """
    budget = request.settings.budget
    path = folder_path(directory) / _FILE
    names = ("budget", "trials", "seconds_per_epoch")
    earlier = None
    if path.is_file():
        earlier = dict(zip(names, read_fields(path, *names), strict=True))
    if earlier is not None and earlier["budget"] != budget:
        raise ValueError(
            f"{directory} holds a search with budget={earlier['budget']}, received {budget}: use "
            "the same to go on, or another directory"
        )
    seconds = earlier and earlier["seconds_per_epoch"]
    if seconds is None and (measured or budget is not None):
        seconds = _seconds_per_epoch(request)
    trials = request.trials or request.settings.DEFAULT_TRIALS
    if budget is not None:
        trials = earlier["trials"] if earlier else _affordable(request, seconds, budget)
    request = dataclasses.replace(request, trials=trials)
    plan = _plan(request, seconds, budget)
    if earlier is None:
        fields = {"budget": budget, "trials": trials, "seconds_per_epoch": seconds}
        files.write_json(pathlib.Path(path), fields)
    return request, plan


def _plan(request, seconds, budget):
    epochs, num_ops = request.trainer.epochs, len(request.ops)
    num_images = {part: len(labels) for part, (_, labels) in request.parts.items()}
    tail = epochs - common_epochs(epochs) if request.staged else epochs
    scoring = {part: _FORWARD * count / num_images["train"] for part, count in num_images.items()}
    drawn = {"seed": 0, "ops": request.ops}
    contest = len(_portfolio.entrant_policies(**drawn))
    if request.staged:
        contest += len(_portfolio.screened_policies(request.ops, {}, trials=request.trials))
    portfolio = contest + len(_portfolio.control_policies(flip=request.flip, **drawn))
    promoted = sum(map(_stages.promoted_of, (request.trials, contest))) * _stages.NUM_LOOKS
    confirmed = (_NUM_CONFIRMED + request.staged) * request.confirm_seeds
    cells = sum(_num_cells(op) for op in request.ops)
    stages = [
        ("portfolio", portfolio, portfolio * (tail + scoring["validation"])),
        ("trials", request.trials, request.trials * (tail + scoring["validation"])),
        ("confirmation", confirmed, confirmed * (epochs + scoring["confirmation"])),
    ]
    if request.staged:
        stages[:0] = [
            (f"screen of {num_ops} ops", 1, NUM_FOLDS * epochs + cells * _FORWARD),
            ("shared weights", 1, common_epochs(epochs)),
        ]
        cost = promoted * (tail + scoring["validation"])
        stages.insert(4, ("promoted trials", promoted, cost))
    return Plan(tuple(stages), seconds, request.trials, budget, num_images["confirmation"])


def _num_cells(op):
    strength = OPS[op].strength
    return 1 if strength is None else len(LEVELS) * (2 if strength.signed else 1)


def _seconds_per_epoch(request):
    """Times an epoch, after one that compiles."""
    policy = uniform_policy(request.ops)
    seconds = 0.0
    for _ in range(2):
        start = time.monotonic()
        request.trainer.train(policy, request.seed, epochs=(0, 1))
        seconds = time.monotonic() - start
    return round(seconds, 4)


def _affordable(request, seconds, budget):
    def minutes(trials) -> Any:  # a number, as no budget is given
        return _plan(dataclasses.replace(request, trials=trials), seconds, None).minutes

    trials = bisect.bisect_right(range(1, _MOST_TRIALS + 1), budget, key=minutes)
    if trials < 2:
        raise ValueError(
            f"a budget of {budget:g} minutes is too small: with 2 trials the search should take "
            f"{minutes(2):.1f} minutes. Give more, or lower epochs, train_size or confirm_seeds"
        )
    return trials
