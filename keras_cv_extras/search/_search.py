"""A whole search: controls, trials, and the confirmation that its claim rests on."""

import dataclasses
import importlib.metadata
import pathlib

import keras
import keras_tuner as kt
import numpy as np

from keras_cv_extras import _checks, _files
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import SEARCH_OPS, Policy, concatenate
from keras_cv_extras.search import _arms, _record, _report, _splits
from keras_cv_extras.search._evolution import EvolutionOracle
from keras_cv_extras.search._ppo import ControllerOracle
from keras_cv_extras.search._progress import SearchProgress
from keras_cv_extras.search._screen import screen
from keras_cv_extras.search._shared import SharedWeights, uniform_policy
from keras_cv_extras.search._space import policy_space
from keras_cv_extras.search._state import SearchFolder
from keras_cv_extras.search._tpe import TPEOracle
from keras_cv_extras.search._trainer import DivergedError, Score, Trainer
from keras_cv_extras.search._tuner import PolicyTuner, seed_of_trial

_NUM_JOINED = 5  # the best policies of AutoAugment's final one, arXiv:1805.09501
_VERSIONS = ("keras_cv_extras", "keras", "tensorflow", "keras-tuner", "optuna", "numpy")


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Args:
        policy: the policy of the arm that won; the one in `policy.json`.
        winner: that arm, a finalist of the search or a control: the simplest within one
            standard error of the best.
        arms: all arms with their confirmed accuracies, controls first.
        verdict: in plain words, which arm won, by how much, and whether that may be chance.
        trials: a dictionary for each control and trial: what the search saw.
        directory: the folder with `policy.json`, `trials.csv` and `report.html`.
    """

    policy: Policy
    winner: _arms.Arm
    arms: tuple[_arms.Arm, ...]
    verdict: str
    trials: tuple[dict, ...]
    directory: pathlib.Path


def search_policy(
    data,
    build_model,
    *,
    directory,
    trials: int = 20,
    epochs: int = 20,
    train_size: int = 1000,
    validation_size: int | None = None,
    confirmation_size: int | None = None,
    batch_size: int = 64,
    confirm_seeds: int = 2,
    oracle="tpe",
    method: str = "staged",
    ops: tuple[str, ...] | None = None,
    flip="auto",
    seed: int = 0,
    progress: bool = True,
) -> SearchResult:
    """Searches an augmentation policy, and says honestly whether it is worth using.

    The training data is cut into three parts: trials train on the first and are scored on the
    second; the best of them and the controls (no augmentation, crop, RandAugment,
    TrivialAugment, a random policy) are then trained again with new seeds and scored on the
    third. That score counts: of all arms within one standard error of the best, the simplest is
    written, and that may be a control.

    Before the trials, a screen finds out which ops at which strengths destroy labels, and they
    are left out. Then the first three quarters of a training are done once, for all trials; a
    trial is the last quarter with its own policy.

    Writes `policy.json`, `trials.csv` and `report.html`. Interrupted, and started again with
    the same arguments, it goes on: finished trainings are not repeated.

    Args:
        data: an `ImageData`, whose test part is not touched, or training data as
            `(images, labels)`: uint8 `(n, height, width, channels)` and integers `(n,)`.
        build_model: a function without arguments that returns a new Keras classifier, with one
            output per class, compiled with a loss for integer labels or not compiled.
        directory: folder for what is written.
        trials: how many policies to try.
        epochs: passes over the training part in each training.
        train_size: images of the training part.
        validation_size: images that trials are scored on; None for half of what is left, at
            most 5,000.
        confirmation_size: images that finalists and controls are scored on; None likewise.
        batch_size: images per training step.
        confirm_seeds: trainings of each finalist and control for the confirmation.
        oracle: "tpe", "evolution", "controller" (AutoAugment's own), "random", or a keras-tuner
            Oracle over `policy_space()` whose objective is "val_accuracy" or "val_log_loss"; its
            own `max_trials` then counts, and its own space, so that an op that the screen would
            leave out is only capped.
        method: "staged" for the screen and shared weights; "full" for neither, every trial
            being a training of its own, as long as the confirmation's.
        ops: names of ops to search in; None for the 16 of AutoAugment that the images' number
            of channels allows and that can change them.
        flip: whether the controls may mirror images; "auto" for not with digits and letters,
            told by the data's name.
        seed: an integer; the same one gives the same trials.
        progress: whether to show a progress line.

    Returns:
        The policy, the arms and the verdict.

    Raises:
        TypeError, ValueError: if an argument is not as above, or if `directory` holds a search
            with other arguments, or a damaged one.
        DivergedError: if even the training without augmentation diverges.

    References:
        [AutoAugment](https://arxiv.org/abs/1805.09501): the space, and joining the five best
        policies.
    """
    images, labels = getattr(data, "train", data)
    name = getattr(data, "name", None)
    seed = _checks.integer("seed", seed)
    _checks.integer("trials", trials, minimum=1)
    _checks.integer("confirm_seeds", confirm_seeds, minimum=1)
    parts = _splits.split_for_search(
        images,
        labels,
        train_size=train_size,
        validation_size=validation_size,
        confirmation_size=confirmation_size,
        seed=seed,
    )
    if flip == "auto":
        flip = _arms.default_flip(name)
    elif not isinstance(flip, bool):
        raise TypeError(f"flip must be True, False or 'auto', received {flip!r}")
    ops = _searched_ops(ops, parts["train"][0])
    _checks.one_of("method", method, ("staged", "full"))
    if method == "staged" and epochs < 2:
        raise ValueError(
            "method='staged' divides a training of at least 2 epochs, received epochs=1: use "
            "more, or method='full'"
        )
    if isinstance(oracle, kt.Oracle):
        trials = oracle.max_trials
    else:
        _checks.one_of("oracle", oracle, tuple(_ORACLES))
    trainer = Trainer(build_model, parts["train"], epochs=epochs, batch_size=batch_size)
    settings = {
        "data": {"name": name, "digest": _splits.digest(np.asarray(images), np.asarray(labels))},
        "num_images": {part: len(values[1]) for part, values in parts.items()},
        "trials": trials,
        "method": method,
        "epochs": epochs,
        "batch_size": batch_size,
        "confirm_seeds": confirm_seeds,
        "oracle": oracle if isinstance(oracle, str) else type(oracle).__name__,
        "ops": list(ops),
        "flip": flip,
        "seed": seed,
        "model": trainer.describe(),
    }
    folder = SearchFolder(directory, settings)
    controls = _arms.control_policies(flip=flip, seed=seed_of_trial(seed, "control"), ops=ops)
    run = _Run(folder, trainer, parts, seed)
    done = run.count("controls", controls)
    names = [*controls, *_finalist_names(2)]
    done += run.count("confirmation", _confirmations(names, confirm_seeds))
    total = len(controls) + (trials or 0) + len(names) * confirm_seeds
    with SearchProgress(total, done, shown=progress) as shown:
        shown.stage("controls")
        seen = {arm: run.control(arm, policy, shown) for arm, policy in controls.items()}
        found, caps, scorer = None, {}, trainer
        if method == "staged":
            shown.stage("screen of the ops")
            found = folder.screen(lambda: screen(trainer, ops, seed=seed_of_trial(seed, "screen")))
            kept = found.kept or ("identity",)
            caps = found.caps
            shown.stage("shared weights")
            scorer = SharedWeights(
                trainer,
                uniform_policy(kept, caps={"identity": 1.0, **caps}),
                seed=seed_of_trial(seed, "shared"),
                path=folder.path / "shared.npz",
            )
            scorer.prepare()
        tuner = PolicyTuner(
            _oracle(oracle, trials, ops if found is None else kept, seed),
            trainer=scorer,
            validation=parts["validation"],
            caps=caps,
            seed=seed,
            directory=folder.path,
        )
        shown.stage("trials")
        finished = tuner.oracle.trials.values()
        shown.skip(sum(trial.status in ("COMPLETED", "FAILED") for trial in finished))
        tuner.on_trial = lambda trial: shown.advance(
            f"trial {int(trial.trial_id)}", _record.metric(trial, "val_accuracy")
        )
        tuner.search()
        finalists = _finalists(tuner)
        shown.stage("confirmation")
        arms = []
        for arm, policy in {**controls, **finalists}.items():
            scores = [run.confirm(arm, policy, k, shown) for k in range(confirm_seeds)]
            arms.append((arm, policy, scores))
    rows = _record.rows(seen, controls, tuner)
    arms = _record.arms(arms, controls, rows, _finalist_names(1)[0])
    best, verdict = _arms.chosen(arms), _arms.verdict(arms)
    provenance = {
        "arm": best.name,
        "kind": best.kind,
        "verdict": verdict,
        "arms": [_record.summary(arm) for arm in arms],
        "settings": settings,
        "versions": {name: importlib.metadata.version(name) for name in _VERSIONS},
        "backend": keras.backend.backend(),
    }
    title = f"{best.name}, chosen on {name}" if name else best.name
    policy = Policy.from_dict({**best.policy.to_dict(), "name": title, "provenance": provenance})
    _record.write_trials(folder.path / "trials.csv", rows)
    _files.write_text(
        folder.path / "report.html",
        _report.report(policy, arms, rows, verdict, images=parts["train"][0], screen=found),
    )
    policy.save(folder.path / "policy.json")
    return SearchResult(policy, best, tuple(arms), verdict, tuple(rows), folder.path)


class _Run:
    """Trains and scores, unless the folder knows the score already."""

    def __init__(self, folder, trainer, parts, seed):
        self.folder, self.trainer, self.parts, self.seed = folder, trainer, parts, seed

    def count(self, stage, names):
        return sum(self.folder.load(stage, name) is not None for name in names)

    def control(self, name, policy, shown):
        score = self._score("controls", name, policy, f"control {name}", "validation", shown)
        if name == "none" and not np.isfinite(score.accuracy):
            raise DivergedError(
                "the training without augmentation diverged: lower the learning rate of build_model"
            )
        return score

    def confirm(self, arm, policy, number, shown):
        name = f"{arm} {number}"
        # The arms of one number share their seed: the same weights and order of images.
        return self._score(
            "confirmation", name, policy, f"confirmation {number}", "confirmation", shown
        )

    def _score(self, stage, name, policy, seed_name, part, shown):
        score = self.folder.load(stage, name)
        if score is None:
            images, labels = self.parts[part]
            try:
                score = self.trainer.score(
                    policy, seed_of_trial(self.seed, seed_name), images, labels
                )
            except DivergedError:
                nothing = np.zeros(len(labels), bool)
                score = Score(float("nan"), float("nan"), nothing, float("nan"))
            self.folder.store(stage, name, score)
            shown.advance(name, score.accuracy if part == "validation" else None)
        return score


def _searched_ops(ops, images):
    channels = images.shape[-1]
    if ops is None:
        fitting = (
            op for op in SEARCH_OPS if OPS[op].channels in (None,) or channels in OPS[op].channels
        )
        # Grey images have no colour to change.
        return tuple(op for op in fitting if not (op == "color" and channels == 1))
    for op in ops:
        _checks.one_of("an op", op, sorted(OPS))
        OPS[op].check(images)
    return tuple(ops)


_ORACLES = {"tpe": TPEOracle, "evolution": EvolutionOracle, "controller": ControllerOracle}
_ORACLES["random"] = None  # keras-tuner's own


def _oracle(oracle, trials, ops, seed):
    if isinstance(oracle, kt.Oracle):
        return oracle
    if _ORACLES[oracle] is not None:
        space = policy_space(ops=ops)
        return _ORACLES[oracle](max_trials=trials, hyperparameters=space, seed=seed)
    return kt.oracles.RandomSearchOracle(
        objective=kt.Objective("val_accuracy", "max"),
        max_trials=trials,
        hyperparameters=policy_space(ops=ops),
        allow_new_entries=False,
        tune_new_entries=False,
        seed=seed + 1,  # keras-tuner takes 0 for "any seed"
        max_consecutive_failed_trials=trials + 1,
    )


def _finalist_names(num_finished):
    return ["best trial", f"best {_NUM_JOINED} joined"][:num_finished]


def _finalists(tuner):
    best = tuner.best_policies(_NUM_JOINED)
    policies = [best[0] if best else None, concatenate(best) if len(best) > 1 else None]
    return dict(zip(_finalist_names(min(2, len(best))), policies, strict=False))


def _confirmations(names, confirm_seeds):
    return [f"{name} {number}" for name in names for number in range(confirm_seeds)]
