"""What a search is asked: its arguments, checked, and the parts of the data."""

import contextlib
import dataclasses
import importlib.metadata

import keras
import keras_tuner as kt
import numpy as np

from keras_cv_extras import __version__
from keras_cv_extras._base import checks
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import SEARCH_OPS
from keras_cv_extras.search.oracles._evolution import EvolutionOracle
from keras_cv_extras.search.oracles._ppo import ControllerOracle
from keras_cv_extras.search.oracles._random import RandomOracle
from keras_cv_extras.search.oracles._space import op_alone, policy_space
from keras_cv_extras.search.oracles._tpe import TPEOracle
from keras_cv_extras.search.stages import _portfolio, _splits
from keras_cv_extras.search.trials._trainer import Trainer

_OBJECTIVES = ("val_accuracy", "val_log_loss")
METHODS = ("staged", "full")
ORACLES = {
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
        method: one of `METHODS`.
        oracle: one of `ORACLES`, or an oracle.
        trials: how many policies to try; None as long as a budget has not decided it.
        workers: how many trials run at once.
        confirm_seeds: trainings of each arm for the confirmation.
        ops: names of the ops to search in.
        flip: whether the controls may mirror images.
        seed: an integer.
        budget: the minutes that decided the number of trials, or None.
        class_names: the names of the classes, where the data knows them.
    """

    trainer: Trainer
    parts: dict
    everything: tuple
    name: str | None
    digest: str
    method: str
    oracle: str | kt.Oracle
    trials: int | None
    workers: int
    confirm_seeds: int
    ops: tuple[str, ...]
    flip: bool
    seed: int
    budget: float | None = None
    class_names: tuple[str, ...] | None = None

    @property
    def staged(self) -> bool:
        """Whether the ops are screened and the trials share weights."""
        return self.method == "staged"

    def settings(self) -> dict:
        """Returns what tells this search from others, for JSON."""
        return {
            "data": {"name": self.name, "digest": self.digest},
            "num_images": {part: len(labels) for part, (_, labels) in self.parts.items()},
            "trials": self.trials,
            "method": self.method,
            "epochs": self.trainer.epochs,
            "batch_size": self.trainer.batch_size,
            "confirm_seeds": self.confirm_seeds,
            "oracle": self.oracle if isinstance(self.oracle, str) else type(self.oracle).__name__,
            "ops": list(self.ops),
            "flip": self.flip,
            "seed": self.seed,
            "model": self.trainer.describe(),
            # With several workers a trial knows less of others, so that other trials are run.
            **({"workers": self.workers} if self.workers > 1 else {}),
        }

    def make_oracle(self, ops) -> kt.Oracle:
        """Returns the oracle that suggests policies of some ops.

        If at least half of the trials are left to it, each op is first tried alone: what an op
        is worth is then known, and the oracle starts from it.
        """
        if isinstance(self.oracle, kt.Oracle):
            return self.oracle
        alone = [op_alone(op) for op in ops] if 2 * len(ops) <= (self.trials or 0) else []
        return ORACLES[self.oracle](
            max_trials=self.trials,
            hyperparameters=policy_space(ops=ops),
            seed=self.seed,
            first=alone,
            parallel=self.workers,
        )


def make_request(
    data,
    build_model,
    *,
    validation_data=None,
    trials,
    workers,
    epochs,
    train_size,
    validation_size,
    confirmation_size,
    batch_size,
    confirm_seeds,
    oracle,
    method,
    ops,
    flip,
    seed,
) -> Request:
    """Checks the arguments of `search_policy`, which describes them, and divides the data."""
    images, labels = getattr(data, "train", data)
    name = getattr(data, "name", None)
    seed = checks.integer("seed", seed)
    if trials is not None:
        checks.integer("trials", trials, minimum=1)
    checks.integer("workers", workers, minimum=1)
    checks.integer("confirm_seeds", confirm_seeds, minimum=1)
    parts = _splits.split_for_search(
        images,
        labels,
        validation_data=validation_data,
        train_size=train_size,
        validation_size=validation_size,
        confirmation_size=confirmation_size,
        seed=seed,
    )
    if flip == "auto":
        flip = _portfolio.default_flip(name)
    elif not isinstance(flip, bool):
        raise TypeError(f"flip must be True, False or 'auto', received {flip!r}")
    checks.one_of("method", method, METHODS)
    if method == "staged" and epochs < 2:
        raise ValueError(
            "method='staged' divides a training of at least 2 epochs, received epochs=1: use "
            "more, or method='full'"
        )
    if isinstance(oracle, kt.Oracle):
        name = getattr(oracle.objective, "name", None)
        if name not in _OBJECTIVES:
            raise ValueError(
                f"oracle: the objective must be one of {', '.join(_OBJECTIVES)}, which is what a "
                f"trial reports, received {name!r}"
            )
        trials = oracle.max_trials
    else:
        checks.one_of("oracle", oracle, tuple(ORACLES))
    arrays = [np.asarray(images), np.asarray(labels)]
    if validation_data is not None:
        arrays += [np.asarray(array) for array in validation_data]
    ops = _searched_ops(ops, parts["train"][0])
    return Request(
        trainer=Trainer(
            build_model,
            parts["train"],
            epochs=epochs,
            batch_size=batch_size,
            policies=_portfolio.example_policies(flip=flip, ops=ops),
        ),
        parts=parts,
        everything=(images, labels),
        name=name,
        digest=_splits.digest(*arrays),
        method=method,
        oracle=oracle,
        trials=trials,
        workers=workers,
        confirm_seeds=confirm_seeds,
        ops=ops,
        flip=flip,
        seed=seed,
        class_names=getattr(data, "class_names", None),
    )


def versions() -> dict:
    """Returns the versions of what a search depends on, as far as it is there, and the backend."""
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
