"""A keras-tuner Tuner whose trials train one model with the policies that an oracle suggests."""

import pathlib
import zlib
from collections.abc import Callable
from typing import Any

import keras_tuner as kt

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.types import Path
from keras_cv_extras.policy import Policy
from keras_cv_extras.search.oracles._durable import forget_lock, make_durable
from keras_cv_extras.search.oracles._space import policy_from
from keras_cv_extras.search.trials._shared import SharedWeights
from keras_cv_extras.search.trials._trainer import DivergedError, Trainer
from keras_cv_extras.search.workers._processes import Role, role_of_keras_tuner


class PolicyTuner(kt.Tuner):
    """Searches augmentation policies with any keras-tuner Oracle over `policy_space()`.

    A trial trains the model from fresh weights with the suggested policy and returns
    `val_accuracy`, `val_log_loss` and `seconds`. The model is built and traced once, for all
    trials. A trial whose loss is not finite has failed, and the search goes on; any other error
    ends it. A search that was interrupted goes on when it is started again with the same
    directory; finished trials are not repeated.

    Several processes share out the trials as keras-tuner has it: each runs the same script, with
    KERASTUNER_TUNER_ID ("chief" in one of them), KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT
    in its environment, and the same `directory` on a file system that all see. The chief may be
    killed and started again, and the trial of a worker that has died is run by another.

    Args:
        oracle: a keras-tuner Oracle whose hyperparameters are `policy_space()`, such as
            `TPEOracle(max_trials=50)`. Its objective is one of the values above.
        build_model: a function without arguments that returns a new Keras classifier with one
            output per class, compiled with a loss for integer labels or not compiled.
        train: `(images, labels)` to train on: `(n, height, width, channels)` and `(n,)`.
        validation: `(images, labels)` to score on.
        epochs: passes over the training images in a trial.
        batch_size: images per training step.
        seed: an integer; with the number of a trial it decides everything random in it.
        directory: folder for the state of the search.
        project_name: name of a folder in it.
        overwrite: whether to start again instead of going on; in a worker it has no effect.
        trainer: None, or a `Trainer` or `SharedWeights` to use instead of making one of the
            arguments above.
        caps: None, or for ops the strength in [0, 1] that a strength of 1 of the oracle stands
            for, as a `Screen` has found it.
        on_trial: None, or a function that is called with every finished trial; in workers it
            is not called.
        role: None for what the environment says, or what this process is.

    Raises:
        TypeError, ValueError: if an argument is not as above, or the state of an earlier run
            is damaged.

    Example:
        >>> tuner = PolicyTuner(
        ...     TPEOracle(max_trials=20), build_model, train, validation, epochs=10,
        ...     directory="search",
        ... )
        >>> tuner.search()
        >>> policy = tuner.best_policies(1)[0]
    """

    def __init__(
        self,
        oracle: kt.Oracle,
        build_model: Any = None,
        train: Any | None = None,
        validation: Any | None = None,
        *,
        epochs: int = 10,
        batch_size: int = 128,
        seed: int = 0,
        directory: Path | None = None,
        project_name: str = "trials",
        overwrite: bool = False,
        trainer: Trainer | SharedWeights | None = None,
        caps: dict[str, float] | None = None,
        on_trial: Callable[..., None] | None = None,
        role: Role | None = None,
    ) -> None:
        if not isinstance(oracle, kt.Oracle):
            raise TypeError(f"oracle must be a keras_tuner.Oracle, received {oracle!r}")
        self.caps = dict(caps or {})
        self.policy_of_values({hp.name: hp.default for hp in oracle.get_space().space})
        self.trainer: Any = trainer or Trainer(
            build_model, train, epochs=epochs, batch_size=batch_size
        )
        self.validation: Any = validation
        self.seed = checks.integer("seed", seed)
        self.on_trial = on_trial
        self.role = role_of_keras_tuner() if role is None else role
        durable: Any = make_durable(oracle)
        super().__init__(
            oracle=durable,
            directory=None if directory is None else str(directory),
            project_name=project_name,
            # keras-tuner lets each worker delete what all have written.
            overwrite=overwrite and self.role.decides,
        )
        durable.verbose = 0
        self.oracle: Any = durable
        self.tuner_id = self.role.tuner_id
        self._reload()

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict:
        """Trains and scores the policy of a trial; called by `search`."""
        policy = self.policy_of(trial)
        seed = seed_of_trial(self.seed, trial.trial_id)
        try:
            score = self.trainer.score(policy, seed, *self.validation)
        except DivergedError as error:
            raise kt.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            # Every trial runs the same program: what breaks one would break them all.
            raise kt.errors.FatalError(f"trial {trial.trial_id}: {error}") from error
        return metrics_of(score)

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Runs the trials that are left, or has them run if this process is the chief."""
        try:
            if self.role.kind == "chief":
                self._serve()
            elif self.role.kind == "worker":
                self._work(*fit_args, **fit_kwargs)
            else:
                super().search(*fit_args, **fit_kwargs)
            self._raise_failure()
        finally:
            forget_lock(self.oracle)

    def _raise_failure(self):
        if self.oracle.failure is not None:
            raise self.oracle.failure

    def _serve(self):
        from keras_cv_extras.search.workers import _chief  # gRPC takes a second to import

        self.oracle.stopped = False
        self.oracle.save()
        _chief.serve(self.oracle, self.role.address, self.project_dir, self.on_trial)
        self.oracle.stopped = self.oracle.failure is None
        self.oracle.save()

    def _work(self, *fit_args, **fit_kwargs):
        from keras_cv_extras.search.workers import _worker

        oracle = self.oracle
        self.oracle = _worker.WorkerOracle(
            oracle, self.role.address, self.role.tuner_id, self.project_dir, self._is_over
        )
        try:
            super().search(*fit_args, **fit_kwargs)
            self.oracle.wait_for_end()
        finally:
            self.oracle.close()
            self.oracle = oracle
            self._reload()

    def _reload(self):
        if pathlib.Path(self.oracle._get_oracle_fname()).is_file():
            self.oracle.reload()

    def _is_over(self):
        """Whether a chief has written that all trials are finished."""
        path = pathlib.Path(self.project_dir, "oracle.json")
        return path.is_file() and files.read_json(path).get("stopped", False)

    def on_trial_end(self, trial: Any) -> None:
        """Records a finished trial; called by `search`."""
        super().on_trial_end(trial)
        if self.on_trial is not None and self.role.decides:
            self.on_trial(self.oracle.get_trial(trial.trial_id))

    def save(self) -> None:
        """Does nothing: all state is the oracle's, which writes it itself."""

    def load_model(self, trial: Any) -> Any:
        """Trials keep no models.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "PolicyTuner keeps no models: train one with a policy of best_policies()"
        )

    def best_policies(self, count: int = 1) -> list[Policy]:
        """Returns the policies of the best finished trials, the best first.

        Args:
            count: how many at most.
        """
        trials = [t for t in self.oracle.get_best_trials(count) if t.status == "COMPLETED"]
        return [self.policy_of(trial) for trial in trials]

    def policy_of(self, trial: Any) -> Policy:
        """Returns the policy of a trial."""
        name = f"trial {int(trial.trial_id)}"
        return self.policy_of_values(trial.hyperparameters.values, name=name)

    def policy_of_values(self, values: dict, **options: Any) -> Policy:
        """Returns the policy that values of hyperparameters stand for."""
        return policy_from(values, caps=self.caps, **options)


def metrics_of(score) -> dict:
    """Returns what an oracle is told of a trial's score."""
    return {
        "val_accuracy": score.accuracy,
        "val_log_loss": score.log_loss,
        "seconds": score.seconds,
    }


def seed_of_trial(seed: int, trial) -> int:
    """Returns the seed of a trial: a function of the search's seed and the trial's name."""
    name = str(int(trial)) if str(trial).isdigit() else str(trial)
    return zlib.crc32(f"{seed}/{name}".encode())
