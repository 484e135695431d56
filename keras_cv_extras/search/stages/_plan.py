"""The plan of a search: what it will run, how long that takes, and what it can find out."""

import bisect
import dataclasses
import functools
import math
import pathlib
from typing import Any

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import fields
from keras_cv_extras.search.stages import _portfolio, _stages, _timing, _tuned_control
from keras_cv_extras.search.stages._promotion import NUM_REPEATS, promoted_of
from keras_cv_extras.search.stages._screen import NUM_FOLDS
from keras_cv_extras.search.stages._state import folder_path, read_state
from keras_cv_extras.search.stages._timing import Timing, Work
from keras_cv_extras.search.trials._shared import common_epochs

_FILE = "plan.json"
_MOST_TRIALS = 100_000  # that a budget can decide
_LEAST_TRIALS = 2
# Below these a budget does not lower what was asked.
_LEAST_EPOCHS, _LEAST_SEEDS = 4, 2
_NUM_CONFIRMED = 7  # five controls, an entrant, the best trial
_POWER = 2.8  # standard errors that a difference must have: 5 % two-sided, found in 80 %


def _is_timing(name, value):
    """Raises unless a value has all numbers of a timing, and no others."""
    parts = [field.name for field in dataclasses.fields(Timing)]
    fields.check(name, value, dict.fromkeys(parts, checks.non_negative))
    checks.unknown_fields(value, parts)


_FORM = {
    "budget": (None, checks.positive),
    "trials": fields.at_least_one,
    "lengths?": (None, [fields.at_least_one, fields.at_least_one]),
    "timing?": (None, _is_timing),  # plans of earlier versions have none
}
APPEAL = "appeal of capped ops"
HARM = "harm of the ops"


@dataclasses.dataclass(frozen=True)
class Stage:
    """What a stage will run.

    Args:
        name: what it is called in tables.
        trainings: how many; of the appeals and of ops alone, the most that there can be.
        work: what they are made of.
        at_most: whether the screen may leave fewer.
    """

    name: str
    trainings: int
    work: Work
    at_most: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a search will run.

    Args:
        stages: in their order.
        timing: as measured; None if it was not.
        trials: how many policies are tried.
        budget: the minutes it may take, or None.
        num_confirmation: the confirmation images.
    """

    stages: tuple[Stage, ...]
    timing: Timing | None
    trials: int
    budget: float | None
    num_confirmation: int

    @property
    def num_trainings(self) -> int:
        """The trainings of all stages, with all that there can be."""
        return sum(stage.trainings for stage in self.stages)

    @property
    def minutes(self) -> float | None:
        """How long the search should take, with half of what there can be at most."""
        if self.timing is None:
            return None
        halves = (1 - 0.5 * stage.at_most for stage in self.stages)
        seconds = (stage.work.seconds(self.timing) for stage in self.stages)
        return sum(half * value for half, value in zip(halves, seconds, strict=True)) / 60

    @property
    def most_minutes(self) -> float | None:
        """How long it should take with all that there can be."""
        if self.timing is None:
            return None
        return sum(stage.work.seconds(self.timing) for stage in self.stages) / 60

    @property
    def resolution(self) -> float:
        """The difference in accuracy that the confirmation images can tell from chance.

        It is that of two policies of 90 % accuracy, half of whose errors are the same.
        """
        return _POWER * (2 * 0.1 * 0.9 * 0.5 / self.num_confirmation) ** 0.5

    def describe(self) -> str:
        """Says what will run, as a table."""
        lines = ["stage                 trainings    epochs   minutes"]
        lines += [
            self._line(one.name, one.trainings, one.work, at_most=one.at_most)
            for one in self.stages
        ]
        total = Work(*map(sum, zip(*(stage.work for stage in self.stages), strict=True)))
        uncertain = any(stage.at_most for stage in self.stages)
        lines.append(self._line("all", self.num_trainings, total, at_most=uncertain))
        if uncertain and self.minutes is not None:
            lines.append(f"With half of those at most it takes {self.minutes:.1f} minutes.")
        lines.append(
            f"{self.num_confirmation:,} confirmation images tell differences from about "
            f"{100 * self.resolution:.1f} points on from chance (at 90 % accuracy)."
        )
        return "\n".join(lines)

    def _line(self, name, trainings, work, *, at_most):
        count = f"<= {trainings}" if at_most else str(trainings)
        minutes = "-" if self.timing is None else f"{work.seconds(self.timing) / 60:.1f}"
        return f"{name:<20} {count:>10} {work.epochs:>9.0f} {minutes:>9}"


def decide(request, directory, *, measured):
    """Returns the request with its number of trials, and the plan.

    An earlier run's plan in the folder is kept, as its number of trials is the search's.

    Args:
        request: what the search is asked.
        directory: the search's folder.
        measured: whether to time trainings for the plan even without a budget.

    Raises:
        ValueError: if the budget is too small, or not that of the folder's search.
    """
    budget = request.settings.budget
    path = folder_path(directory) / _FILE
    earlier = _earlier(path)
    if earlier is not None and earlier["budget"] != budget:
        raise ValueError(
            f"{directory} holds a search with budget={earlier['budget']}, received {budget}: use "
            "the same to go on, or another directory"
        )
    timing = earlier and earlier["timing"]
    if timing is None and (measured or budget is not None):
        timing = _timing.measure(request)
    trials = request.trials or request.settings.DEFAULT_TRIALS
    if budget is not None:
        lengths = (request.epochs, request.confirm_seeds)
        if earlier:
            trials, lengths = earlier["trials"], earlier["lengths"] or lengths
        else:
            trials, lengths = _affordable(request, timing, budget)
        request = request.lowered(epochs=lengths[0], confirm_seeds=lengths[1])
    request = dataclasses.replace(request, trials=trials)
    plan = _plan(request, timing, budget)
    if earlier is None:
        found: dict[str, Any] = {"budget": budget, "trials": trials}
        found["lengths"] = [request.epochs, request.confirm_seeds]
        found["timing"] = None if timing is None else dataclasses.asdict(timing)
        files.write_json(pathlib.Path(path), found)
    return request, plan


def _earlier(path) -> Any:
    """Returns the plan of an earlier run; None if there is none."""
    if not path.is_file():
        return None
    found = {"timing": None, "lengths": None} | read_state(path, _FORM)
    return {**found, "timing": found["timing"] and Timing(**found["timing"])}


def _plan(request, timing, budget, **lengths):
    """Returns a plan; `epochs` and `confirm_seeds` may be other ones than the request's."""
    epochs, num_ops = lengths.get("epochs", request.epochs), len(request.ops)
    num_images = {part: len(labels) for part, (_, labels) in request.parts.items()}
    common = common_epochs(epochs) if request.staged else 0

    def stage(name, count, *, part="validation", first=common, starts=None, at_most=False):
        """Trainings from an epoch on; those from the first one draw weights of their own."""
        fresh = (0 if first else count) if starts is None else starts
        images = num_images[part] * count
        return Stage(name, count, Work(fresh, count, (epochs - first) * count, images), at_most)

    drawn = {"seed": 0, "ops": request.ops}
    contest = len(_portfolio.entrant_policies(**drawn))
    if request.staged:
        contest += len(_portfolio.screened_policies(request.ops, {}, trials=request.trials))
    controls = len(_portfolio.control_policies(flip=request.flip, **drawn))
    promoted = sum(map(promoted_of, (request.trials, contest))) * NUM_REPEATS
    joined = request.trials > 1 and request.space == "policy"
    arms = _NUM_CONFIRMED + request.staged + joined + request.tuned_control
    seeds = lengths.get("confirm_seeds", request.confirm_seeds)
    # The arms share their seeds, and the weights of as many as are kept.
    starts = seeds if seeds <= request.trainer.num_kept else arms * seeds
    portfolio = stage("portfolio", controls + contest)
    trials = stage("trials", request.trials)
    confirmation = stage("confirmation", arms * seeds, part="confirmation", first=0, starts=starts)
    stages = [portfolio, trials, confirmation]
    appeals = _stages.most_appeals(request.ops) if request.staged else 0
    if request.tuned_control:  # it gets what the search spends on all but the controls
        spent = contest + request.trials + (promoted if request.staged else 0) + appeals
        stages.insert(-1, stage(_tuned_control.NAME, spent, at_most=request.staged))
    if request.staged:
        compiled = max(0, len(_timing.own_programs(request.ops)) - 1)  # one has been timed
        screened = _timing.screened_images(request.ops, num_images["train"])
        screen = Work(NUM_FOLDS, NUM_FOLDS, NUM_FOLDS * epochs, 0, compiled, screened)
        stages = [
            Stage(f"screen of {num_ops} ops", 1, screen),
            Stage("shared weights", 1, Work(1, 1, common)),
            stage(APPEAL, appeals, at_most=True),
            portfolio,
            trials,
            stage("promoted trials", promoted),
            *stages[2:],
        ]
        if request.harm_seeds:
            count = _stages.most_alone(request.ops, request.harm_seeds)
            drawn = request.harm_seeds if request.harm_seeds <= request.trainer.num_kept else count
            stages.insert(3, stage(HARM, count, first=0, starts=drawn, at_most=True))
    return Plan(tuple(stages), timing, request.trials, budget, num_images["confirmation"])


def _affordable(request, timing, budget):
    """Returns how many trials a budget allows, and the epochs and seeds that leave room for two."""

    def minutes(trials, **lengths) -> Any:  # a number, as there is a timing
        asked = dataclasses.replace(request, trials=trials)
        return _plan(asked, timing, None, **lengths).most_minutes

    epochs, seeds, least = request.epochs, request.confirm_seeds, math.inf
    for epochs, seeds in _lengths(request.epochs, request.confirm_seeds):
        taken = functools.partial(minutes, epochs=epochs, confirm_seeds=seeds)
        trials = bisect.bisect_right(range(1, _MOST_TRIALS + 1), budget, key=taken)
        if trials >= _LEAST_TRIALS:
            return trials, (epochs, seeds)
        least = taken(_LEAST_TRIALS)
    raise ValueError(
        f"a budget of {budget:g} minutes is too small: {_LEAST_TRIALS} trials of {epochs} epochs, "
        f"with {seeds} trainings of each finalist, should take {least:.1f} "
        "minutes. Give more, or lower train_size"
    )


def _lengths(epochs, seeds):
    """Gives epochs and seeds of each finalist, as asked and then ever fewer of them."""
    yield epochs, seeds
    seeds = min(seeds, _LEAST_SEEDS)
    yield epochs, seeds
    while epochs > _LEAST_EPOCHS:
        epochs = max(epochs // 2, _LEAST_EPOCHS)
        yield epochs, seeds
