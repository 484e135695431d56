"""The request of a search: its settings, and the parts of the data."""

import contextlib
import dataclasses
import importlib.metadata
from typing import Any

import keras
import keras_tuner as kt
import numpy as np

from keras_cv_extras import __version__
from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.registry import ORACLES
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import SEARCH_OPS
from keras_cv_extras.search._settings import SearchSettings
from keras_cv_extras.search.oracles._evolution import EvolutionOracle
from keras_cv_extras.search.oracles._ppo import ControllerOracle
from keras_cv_extras.search.oracles._random import RandomOracle
from keras_cv_extras.search.oracles._recipes import (
    batches_of,
    first_recipes,
    form_of,
    is_of_recipe,
    recipe_space,
)
from keras_cv_extras.search.oracles._space import (
    op_alone,
    place_in_policy,
    policy_space,
    spread_out,
)
from keras_cv_extras.search.oracles._suggesting import SuggestingOracle
from keras_cv_extras.search.oracles._tpe import TPEOracle
from keras_cv_extras.search.stages import _portfolio, _splits
from keras_cv_extras.search.stages._state import LEFT_OUT
from keras_cv_extras.search.trials._child import pair_of
from keras_cv_extras.search.trials._oracle_checks import (
    check_no_others,
    check_objective,
    check_trials,
)
from keras_cv_extras.search.trials._rows_loss import check_smoothed_once, either_loss
from keras_cv_extras.search.trials._trainer import Trainer

_OBJECTIVES = ("val_accuracy", "val_log_loss")
_ORACLES = {
    "tpe": TPEOracle,
    "evolution": EvolutionOracle,
    "controller": ControllerOracle,
    "random": RandomOracle,
}
_PACKAGES = ("keras", "tensorflow", "jax", "keras-tuner", "optuna", "numpy")


@dataclasses.dataclass(frozen=True)
class Request:
    """What a search is asked.

    Args:
        trainer: trains the network on the training part.
        parts: `(images, labels)` of "train", "validation" and "confirmation".
        everything: `(images, labels)`, all of them, for the last training.
        name: the data's name, or None.
        digest: a short name of the data's bytes.
        settings: what was asked for.
        trials: how many policies to try; None as long as a budget has not decided it.
        ops: names of the ops to search in.
        flip: whether the controls, and policies of "recipe" and "randaugment", may mirror images.
        class_names: the names of the classes, where the data knows them.
        of_files: whether the images were read from files, and the name is that of their folder.
    """

    trainer: Trainer
    parts: dict[str, Any]
    everything: tuple[Any, ...]
    name: str | None
    digest: str
    settings: SearchSettings
    trials: int | None
    ops: tuple[str, ...]
    flip: bool
    class_names: tuple[str, ...] | None = None
    of_files: bool = False

    @property
    def seed(self) -> int:
        """That of the search."""
        return self.settings.seed

    @property
    def staged(self) -> bool:
        """Whether the ops are screened and the trials share weights."""
        return self.settings.staged

    @property
    def space(self) -> str:
        """In what it searches: "policy", "recipe" or "randaugment"."""
        return _space_of(self.settings)

    @property
    def ops_were_left_open(self) -> bool:
        """Whether the ops are those that suit the images, as nobody has named any."""
        return self.settings.ops is None

    @property
    def tuned_control(self) -> bool:
        """Whether RandAugment is tuned with as many trainings as the search has."""
        return self.settings.tuned_control

    @property
    def epochs(self) -> int:
        """Of each training."""
        return self.settings.epochs

    @property
    def confirm_seeds(self) -> int:
        """Trainings of each arm for the confirmation."""
        return self.settings.confirm_seeds

    @property
    def harm_seeds(self) -> int:
        """The most trainings with each op alone; 0 to call none harmful."""
        return self.settings.harm_seeds

    def identity(self) -> dict[str, Any]:
        """Returns what tells this search from others, for JSON."""
        asked = self.settings
        named = isinstance(asked.oracle, str)
        # With several workers a trial knows less of others, so that other trials are run.
        others = {"workers": asked.workers, "space": self.space, "crop": asked.crop}
        others |= {"also": list(asked.also), "tuned_control": asked.tuned_control}
        others["harm_seeds"] = asked.harm_seeds
        return {
            "data": {"name": self.name, "digest": self.digest},
            "num_images": {part: len(labels) for part, (_, labels) in self.parts.items()},
            "trials": self.trials,
            "method": asked.method,
            "epochs": asked.epochs,
            "batch_size": asked.batch_size,
            "confirm_seeds": asked.confirm_seeds,
            "oracle": asked.oracle if named else type(asked.oracle).__name__,
            "ops": list(self.ops),
            "flip": self.flip,
            "seed": self.seed,
            "model": self.trainer.describe(),
            **{key: value for key, value in others.items() if value != LEFT_OUT[key]},
        }

    def lowered(self, *, epochs: int, confirm_seeds: int) -> "Request":
        """Returns the request with shorter or fewer trainings, for which a budget is enough."""
        settings = dataclasses.replace(self.settings, epochs=epochs, confirm_seeds=confirm_seeds)
        trainer = self.trainer
        if epochs != self.epochs:
            trainer = _trainer(
                trainer.build_model, self.parts["train"], settings, flip=self.flip, ops=self.ops
            )
        return dataclasses.replace(self, settings=settings, trainer=trainer)

    def make_oracle(self, ops) -> kt.Oracle:
        """Returns the oracle that suggests policies of some ops.

        If at least half of the trials are left to it, each op is first tried alone, or of
        recipes a few that are usual: what these are worth is then known, and the oracle starts
        from it. Of "randaugment" half of the trials are spread over the space.
        """
        oracle = self.settings.oracle
        if isinstance(oracle, kt.Oracle):
            return oracle
        trials = self.trials or 0
        if self.space != "policy":
            asked = self.settings
            space = recipe_space(
                ops=ops,
                flip=self.flip,
                crop=asked.crop,
                also=asked.also,
                form="any" if self.space == "recipe" else "randaugment",
            )
            spread = self.space == "randaugment"
            first = spread_out(space, trials // 2) if spread else first_recipes(space)
        else:
            space = policy_space(ops=ops)
            first = [op_alone(op) for op in ops]
        if ORACLES.added(oracle):
            made = ORACLES.make(
                oracle,
                kt.Oracle,
                objective=kt.Objective("val_accuracy", "max"),
                max_trials=self.trials,
                hyperparameters=space,
                seed=self.seed or 1,  # keras-tuner takes 0 for "any seed"
            )
            if isinstance(made, SuggestingOracle):
                made.parallel = max(made.parallel, self.settings.workers)
            return made
        return _ORACLES[oracle](
            max_trials=self.trials,
            hyperparameters=space,
            seed=self.seed,
            first=first if 2 * len(first) <= trials else [],
            parallel=self.settings.workers,
        )


def make_request(data, build_model, settings: SearchSettings, *, validation_data=None) -> Request:
    """Checks settings that depend on the data, and divides it; see `search_policy`."""
    images, labels = pair_of("data", getattr(data, "train", data))
    if validation_data is not None:
        validation_data = pair_of("validation_data", validation_data)
    name = getattr(data, "name", None)
    parts = _splits.split_for_search(
        images,
        labels,
        validation_data=validation_data,
        train_size=settings.train_size,
        validation_size=settings.validation_size,
        confirmation_size=settings.confirmation_size,
        seed=settings.seed,
    )
    flip, trials = settings.flip, settings.trials
    if flip == "auto":
        flip = _portfolio.default_flip(name)
    if not isinstance(settings.oracle, str):
        trials = _trials_of(settings.oracle, settings.budget)
    arrays = [np.asarray(images), np.asarray(labels)]
    if validation_data is not None:
        arrays += [np.asarray(array) for array in validation_data]
    ops = _searched_ops(settings.ops, parts["train"][0])
    request = Request(
        trainer=_trainer(build_model, parts["train"], settings, flip=flip, ops=ops),
        parts=parts,
        everything=(images, labels),
        name=name,
        digest=_splits.digest(*arrays),
        settings=settings,
        trials=trials,
        ops=ops,
        flip=flip,
        class_names=getattr(data, "class_names", None),
        of_files=getattr(data, "files", None) is not None,
    )
    also = set(settings.also)
    if isinstance(settings.oracle, kt.Oracle):
        also |= batches_of(settings.oracle.get_space())
    if {"mix", "label_smoothing"} & also:
        either_loss(request.trainer.model.loss)
    if "label_smoothing" in also:
        check_smoothed_once(request.trainer.model.loss)
    if ORACLES.added(settings.oracle):
        dataclasses.replace(request, trials=trials or 1).make_oracle(ops)
    return request


def _trainer(build_model, train, settings, *, flip, ops):
    return Trainer(
        build_model,
        train,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        policies=_portfolio.example_policies(
            flip=flip, ops=ops, space=_space_of(settings), crop=settings.crop
        ),
    )


def _space_of(settings):
    """Returns the name of the space; an oracle that was given has one of its own."""
    if not isinstance(settings.oracle, kt.Oracle):
        return settings.space
    return form_of(settings.oracle.get_space())


def _trials_of(oracle, budget):
    """Returns how many policies somebody's own oracle tries."""
    if not isinstance(oracle, kt.Oracle):
        raise TypeError(f"oracle must be a name or a keras-tuner Oracle, received {oracle!r}")
    check_objective(oracle, _OBJECTIVES)
    check_no_others(oracle, lambda name: bool(place_in_policy(name)) or is_of_recipe(name))
    if budget is not None:
        raise ValueError("give an oracle or a budget, not both: max_trials says how many trials")
    return check_trials(oracle)


def versions() -> dict[str, Any]:
    """Returns the versions of the installed packages that a search depends on, and the backend.

    Example:
        >>> found = versions()
    """
    found = {"keras_cv_extras": __version__}
    for name in _PACKAGES:
        # One backend is enough.
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return {"versions": found, "backend": keras.backend.backend()}


def _searched_ops(ops, images):
    channels = images.shape[-1]
    if ops is None:
        fitting = (op for op in SEARCH_OPS if channels in (OPS[op].channels or (channels,)))
        # Grey images have no colour to change.
        return tuple(op for op in fitting if not (op == "color" and channels == 1))
    for op in ops:
        checks.one_of("an op", op, sorted(OPS))
        OPS[op].check(images)
    return tuple(ops)
