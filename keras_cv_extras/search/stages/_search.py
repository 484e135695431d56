"""A whole search, `search_policy`: screen, portfolio, trials and confirmation."""

import contextlib
import dataclasses
import math
import pathlib
import signal
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_cv_extras._base import checks, files, supervise
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.policy import Policy
from keras_cv_extras.search._settings import SearchSettings
from keras_cv_extras.search.stages import _plan, _retrain
from keras_cv_extras.search.stages._progress import SearchProgress, is_finished
from keras_cv_extras.search.stages._request import make_request, versions
from keras_cv_extras.search.stages._screen import Screen
from keras_cv_extras.search.stages._stages import Stages
from keras_cv_extras.search.stages._state import ChiefWatch, SearchFolder, hold
from keras_cv_extras.search.verdict import _arms, _insight, _record, _report
from keras_cv_extras.search.workers import _processes


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    Args:
        policy: the policy of the arm that won; the one in `policy.json`.
        winner: that arm, a finalist of the search or a control: of space "randaugment" the best
            trial, if it is within one standard error of the best; else the simplest that is.
        arms: all arms with their confirmed accuracies, the simplest first: controls, but before
            them the best trial of space "randaugment".
        verdict: sentences that say which arm won, by how much, and whether that may be chance.
        trials: a dictionary for each policy that was tried: what the search saw.
        screen: what the screen of the ops found; None with `method="full"`.
        insight: the effect of each op, how well scores of the search predict confirmed ones, and
            the expected accuracy of the written policy.
        directory: the folder with `policy.json`, `trials.csv` and `report.html`.
    """

    policy: Policy
    winner: _arms.Arm
    arms: tuple[_arms.Arm, ...]
    verdict: str
    trials: tuple[dict[str, Any], ...]
    screen: Screen | None
    insight: _insight.Insight
    directory: pathlib.Path

    def compare(self, first: str, second: str) -> _arms.Comparison:
        """Returns the difference of two arms on the confirmation images, with its interval.

        Args:
            first: the name of an arm.
            second: of the one that is taken from it.

        Raises:
            ValueError: if there is no arm of that name whose trainings have finished.
        """
        finished = {arm.name: arm.correct for arm in self.arms if math.isfinite(arm.accuracy)}
        for name in (first, second):
            checks.one_of("an arm", name, sorted(finished))
        return _arms.compare(first, second, finished)


def search_policy(
    data: Any,
    build_model: Callable[..., keras.Model],
    *,
    directory: Path,
    settings: SearchSettings | None = None,
    validation_data: Any | None = None,
    progress: bool = True,
    **options: Any,
) -> SearchResult:
    """Searches for an augmentation policy, and reports whether it is worth using.

    The training data is split into three parts. Trials train on the first and are scored on the
    second; the best of them and the controls (no augmentation, crop, RandAugment, TrivialAugment, a
    random policy) are then trained again with new seeds and scored on the third. The best trial is
    written if it is within one standard error of the best of these last scores, else the simplest
    arm that is, which may be a control. With `space="recipe"` or "policy", it is always the
    simplest.

    The stages: a screen finds out which ops at which strengths destroy labels, and they are left
    out, unless training with them helps all the same. The first three quarters of a training
    are done once, for all policies. From there, a portfolio of known policies and the trials
    train the last quarter, each with its own policy; the best third of the trials does so twice
    more. The best are confirmed from fresh weights. With `harm_seeds`, trainings with each op alone
    say which ops harm.

    Writes `policy.json`, `trials.csv` and `report.html`. A search that was interrupted or killed
    resumes if it is started again with the same arguments: finished trainings are not repeated.

    On a cluster, run the same script in every process, with keras-tuner's variables
    KERASTUNER_TUNER_ID ("chief" in one of them), KERASTUNER_ORACLE_IP and
    KERASTUNER_ORACLE_PORT set, and `directory` on a file system that all see.

    Args:
        data: an `ImageData`, whose test part is not touched, or training data as
            `(images, labels)`: uint8 `(n, height, width, channels)` and integers `(n,)`.
        build_model: a function without arguments that returns a new Keras classifier, with one
            output per class, compiled with a loss for integer labels or not compiled.
        directory: folder for what is written.
        settings: None for those of `SearchSettings()`.
        validation_data: None, or `(images, labels)` to score on instead of a part of the training
            data, if the images of later use differ from those to train on.
            Half of them are kept for the confirmation.
        progress: whether to show the plan and a progress line.
        **options: fields of `SearchSettings`, such as `trials=20`, in place of those of `settings`.

    Returns:
        The policy, the arms and the verdict.

    Raises:
        TypeError, ValueError: if an argument is not as above, or if `directory` holds a search
            with other arguments, or a damaged one.
        OSError: if the folder cannot be written; what it holds stays good, and `best.json` is
            the best policy so far.
        DivergedError: if even the training without augmentation diverges.

    References:
        [AutoAugment](https://arxiv.org/abs/1805.09501): the space, and joining the five best
        policies. [Fast AutoAugment](https://arxiv.org/abs/1905.00397): scores without training.
        [Augmentation-wise weight sharing](https://arxiv.org/abs/2009.14737): the shared epochs.
    """
    settings = dataclasses.replace(settings or SearchSettings(), **options)
    role = _processes.role_in(directory)
    if role.decides:
        folders.check(directory, kinds.SEARCH)
    request = make_request(data, build_model, settings, validation_data=validation_data)
    workers = settings.workers
    if workers > 1 and role.kind == "alone" and not is_finished(directory):
        _launch(directory, workers)
    with contextlib.ExitStack() as stack:
        if role.decides:
            stack.enter_context(folders.owned(directory, kinds.SEARCH))
            stack.enter_context(hold(directory))
        else:
            progress = False
            ChiefWatch(directory).wait_for("settings.json")
        request, plan = _plan.decide(request, pathlib.Path(directory), measured=progress)
        if progress:
            Terminal(stderr=True).print(plan.describe(), highlight=False)
        folder = SearchFolder(directory, request.identity())
        if role.decides:
            folders.identify(directory, request.identity())
        shown = SearchProgress(
            plan.num_trainings, folder=folder.path if role.decides else None, shown=progress
        )
        result = _run(request, folder, stack.enter_context(shown), role)
    if role.kind != "alone" and _processes.ends_with_search():
        sys.exit(0)  # what follows in the program is for the process that started this one
    return result


def _launch(directory, workers):
    """Has this program run by a chief and workers, until the search is done."""
    code = _processes.launch(
        _processes.this_command(),
        directory,
        workers,
        end_with_search=True,
        report=lambda line: print(line, file=sys.stderr),
    )
    if code == 128 + signal.SIGINT:
        raise KeyboardInterrupt
    if code in supervise.ENDING_CODES:
        raise supervise.Ended(code - 128)
    if code:
        raise RuntimeError(
            f"the processes of the search have ended with exit code {code}; what they said is "
            f"above, and in {pathlib.Path(directory) / 'logs'}. Started again, the search goes on"
        )


def _run(request, folder, shown, role):
    """Runs the stages, or this process's part of them."""
    stages = Stages(request, folder, shown, role)
    if request.staged:
        stages.screen()
        stages.share()
        stages.appeal()
    if request.harm_seeds:
        stages.judge_harm()
    portfolio = stages.portfolio()
    tuner = stages.trials()
    ranked = stages.promote(tuner)
    finalists = stages.finalists(portfolio, ranked)
    if request.tuned_control:
        last = max(place for place, one in enumerate(finalists) if one.kind == "control")
        finalists.insert(last + 1, stages.tune_control(portfolio, tuner, ranked))
    confirmed = stages.confirm(finalists)
    result = _result(
        request, folder, stages.screened, portfolio, tuner, ranked, confirmed, write=role.decides
    )
    if request.settings.retrain and role.decides:
        shown.stage("last training")
        _retrain.retrain(request, result.policy, folder.path / "model.keras")
    return result


def _result(request, folder, screened, portfolio, tuner, ranked, confirmed, *, write):
    """Judges what was found, and writes it if this process is the one to do so."""
    scored = [(one, folder.load("portfolio", one.name)) for one in portfolio]
    rows = _record.rows(scored, tuner)
    arms = _record.arms(confirmed)
    # The policies that differ in the searched ops alone tell what these are worth.
    candidates = [(row["policy"], row["val_accuracy"]) for row in rows if row["kind"] == "trial"]
    candidates.append((portfolio[0].policy, portfolio[0].accuracy))
    if request.space != "policy":
        candidates = []  # a recipe has the ops of a kind together, and tells of none by itself
    insight = _insight.insight(candidates, [one.accuracies for one in ranked], arms)
    labels = request.parts["confirmation"][1]
    guessing = np.bincount(labels).max() / len(labels)
    best, verdict = _arms.chosen(arms), _arms.verdict(arms, float(guessing))
    provenance = {
        "arm": best.name,
        "kind": best.kind,
        "verdict": verdict,
        "arms": [_record.summary(arm) for arm in arms],
        "insight": insight.to_dict(),
        "harmful": list((insight if screened is None else screened).harmful),
        "cost": _record.cost(folder, rows, screened),
        "settings": request.identity(),
        "budget": request.settings.budget,
        **versions(),
    }
    title = f"{best.name}, chosen on {request.name}" if request.name else best.name
    policy = Policy.from_dict({**best.policy.to_dict(), "name": title, "provenance": provenance})
    if write:
        _record.write_trials(folder.path / "trials.csv", rows)
        images = request.parts["train"][0]
        known = {"network": request.trainer.model.name, "of_files": request.of_files}
        shown = {"images": images, "screen": screened}
        page = _report.report(policy, arms, rows, verdict, insight, **shown, **known)
        files.write_text(folder.path / "report.html", page)
        policy.save(folder.path / "policy.json")
    return SearchResult(
        policy, best, tuple(arms), verdict, tuple(rows), screened, insight, folder.path
    )
