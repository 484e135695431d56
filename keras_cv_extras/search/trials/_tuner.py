"""A keras-tuner Tuner whose trials train one model with the policies that an oracle suggests."""

import json
import pathlib
import zlib
from collections.abc import Callable
from typing import Any

import keras_tuner as kt

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Path
from keras_cv_extras.policy import Policy
from keras_cv_extras.search.oracles._durable import forget_lock, make_durable
from keras_cv_extras.search.oracles._recipes import batches_of, is_of_recipe
from keras_cv_extras.search.oracles._space import place_in_policy, policy_from
from keras_cv_extras.search.oracles._trial_files import read_oracle
from keras_cv_extras.search.trials._builder import ModelBuilder, num_epochs
from keras_cv_extras.search.trials._child import images_of, one_per_image
from keras_cv_extras.search.trials._folder import check_folder
from keras_cv_extras.search.trials._oracle_checks import check_no_others, check_objective
from keras_cv_extras.search.trials._rows_loss import check_smoothed_once, either_loss
from keras_cv_extras.search.trials._shared import SharedWeights
from keras_cv_extras.search.trials._trainer import DivergedError, Trainer
from keras_cv_extras.search.workers._processes import Role, role_of_keras_tuner


class PolicyTuner(kt.Tuner):
    """Searches augmentation policies with any keras-tuner Oracle over a space of policies.

    The spaces are `policy_space()` and `recipe_space()`, of either form.

    A trial trains the model from fresh weights with the suggested policy and returns
    `val_accuracy`, `val_log_loss` and `seconds`. The model is built and traced once, for all
    trials, or for those that ask for the same one if `build_model` takes hyperparameters. With
    keras-tuner's Hyperband oracle a trial trains as many epochs as it says, each from the start. A
    trial whose loss is not finite has failed, and the search goes on; any other error
    ends it. A search that was interrupted goes on when it is started again with the same
    directory; finished trials are not repeated.

    Several processes share out the trials as keras-tuner has it: each runs the same script, with
    KERASTUNER_TUNER_ID ("chief" in one of them), KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT
    in its environment, and the same `directory` on a file system that all see. The chief may be
    killed and started again, and the trial of a worker that has died is run by another.

    Args:
        oracle: a keras-tuner Oracle whose hyperparameters are one of these, such as
            `TPEOracle(max_trials=50)`. Its objective is one of the values above.
        build_model: a function that returns a new Keras classifier with one output per class,
            compiled with a loss for integer labels or not compiled. It takes no argument, or
            keras-tuner's `hp`: what it asks of it, such as a learning rate, is searched along
            with the policy. Or a keras-tuner HyperModel.
        train: `(images, labels)` to train on: `(n, height, width, channels)` and `(n,)`.
        validation: `(images, labels)` to score on.
        epochs: passes over the training images in a trial.
        batch_size: images per training step.
        seed: an integer; with the number of a trial it decides everything random in it.
        directory: folder for the state of the search.
        project_name: name of a folder in it, which must be new, empty, or a search's.
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
        self.caps: dict[str, float] = dict(caps or {})
        self.policy_of_values({hp.name: hp.default for hp in oracle.get_space().space})
        if type(self).run_trial is PolicyTuner.run_trial:  # a subclass gives what it likes
            check_objective(oracle)
        self.epochs: int = checks.integer("epochs", epochs, minimum=1)
        self._check_epochs(oracle, trainer)
        self.trainer: Any = trainer
        self._options = {"train": train, "epochs": epochs, "batch_size": batch_size}
        self._builder: Any = None
        if trainer is not None:
            if build_model is not None or train is not None:
                raise TypeError("give a trainer, or build_model and train, not both")
            check_no_others(oracle, self._is_of_policy)
            model = getattr(trainer, "model", None)
        else:
            images_of("train", train)
            self._builder = ModelBuilder(build_model, self._is_of_policy)
            model = self._builder.declare(oracle)
            if not self._builder.takes_hyperparameters:
                self.trainer = self._builder.trainer(oracle.get_space(), **self._options)
                model = self.trainer.model
        _check_batches(oracle.get_space(), model)
        self.validation: Any = validation
        if trainer is None:  # what is given as one scores as it likes
            validation_images, labels = images_of("validation", validation)
            self.validation = (validation_images, one_per_image(labels))
        self.seed: int = checks.integer("seed", seed)
        self.on_trial = on_trial
        self.role: Role = role_of_keras_tuner() if role is None else role
        durable: Any = make_durable(oracle)
        folder = pathlib.Path(directory or ".", project_name)
        # keras-tuner lets each worker delete all.
        overwrite = checks.boolean("overwrite", overwrite) and self.role.decides
        if self.role.decides:
            check_folder(folder)
        super().__init__(
            oracle=durable,
            hypermodel=None,  # what it asks for has been declared
            directory=None if directory is None else str(directory),
            project_name=project_name,
            overwrite=overwrite,
        )
        if self._builder is not None:
            self.hypermodel: Any = self._builder
        durable.verbose = 0
        self.oracle: Any = durable
        self.tuner_id: str = self.role.tuner_id
        self._reload()

    def _check_epochs(self, oracle, trainer):
        most = getattr(oracle, "max_epochs", None)  # a Hyperband oracle's
        if most is None:
            return
        if trainer is not None:
            raise ValueError(
                f"{type(oracle).__name__} says how long a trial trains, and a trainer has a "
                "length of its own: give build_model and train instead"
            )
        if most != self.epochs:
            raise ValueError(
                f"epochs must be {type(oracle).__name__}'s max_epochs, {most}, received "
                f"{self.epochs}"
            )

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Trains and scores the policy of a trial; called by `search`."""
        try:
            trainer, options = self._trainer_of(trial)
            seed = seed_of_trial(self.seed, trial.trial_id)
            score = trainer.score(self.policy_of(trial), seed, *self.validation, **options)
        except DivergedError as error:
            raise kt.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            # Every trial runs the same program: what breaks one would break them all.
            raise kt.errors.FatalError(f"trial {trial.trial_id}: {error}") from error
        return metrics_of(score)

    def _trainer_of(self, trial):
        """Returns what trains a trial, and the arguments that are the trial's own."""
        if self._builder is None:
            return self.trainer, {}
        trainer = self._builder.trainer(trial.hyperparameters, **self._options)
        count = num_epochs(trial, self.epochs)
        return trainer, {} if count == self.epochs else {"epochs": (0, count)}

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Runs the trials that are left, or has them run if this process is the chief.

        Raises:
            TypeError: if arguments of `Model.fit` are given, which would reach nothing.
        """
        self._refuse(fit_args, fit_kwargs)
        try:
            if self.role.kind == "chief":
                self._serve()
            elif self.role.kind == "worker":
                self._work()
            else:
                super().search()
            self._raise_failure()
        finally:
            forget_lock(self.oracle)

    def _refuse(self, fit_args, fit_kwargs):
        if fit_args or fit_kwargs:
            first = next(iter(fit_kwargs), "an argument without a name")
            raise TypeError(
                f"{type(self).__name__}.search takes no arguments of fit, received {first}: give "
                "train, validation, epochs and batch_size to the tuner itself"
            )

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

    def _work(self):
        from keras_cv_extras.search.workers import _worker

        oracle = self.oracle
        self.oracle = _worker.WorkerOracle(
            oracle, self.role.address, self.role.tuner_id, self.project_dir, self._is_over
        )
        try:
            super().search()
            self.oracle.wait_for_end()
        finally:
            self.oracle.close()
            self.oracle = oracle
            self._reload()

    def _reload(self):
        if not pathlib.Path(self.oracle._get_oracle_fname()).is_file():
            return
        asked = _values_of(self.oracle.get_space())
        self.oracle.reload()
        found = _values_of(self.oracle.get_space())
        if different := sorted(asked.items() ^ found.items()):
            name = different[0][0]
            how = f"in which {name!r} has other values"
            if name not in asked or name not in found:
                how = f"of which {name!r} is {'no part' if name in asked else 'a part'}"
            raise ValueError(
                f"{self.project_dir} holds a search over another space, {how}: give another "
                "directory, or overwrite=True"
            )

    def _is_over(self):
        """Whether a chief has written that all trials are finished."""
        path = pathlib.Path(self.project_dir, "oracle.json")
        return path.is_file() and read_oracle(path).get("stopped", False)

    def on_trial_end(self, trial: Any) -> None:
        """Records a finished trial; called by `search`."""
        super().on_trial_end(trial)
        if self.on_trial is not None and self.role.decides:
            self.on_trial(self.oracle.get_trial(trial.trial_id))

    def save(self) -> None:
        """Does nothing: all state is the oracle's, which writes it itself."""

    def load_model(self, trial: Any) -> Any:
        """Trains the model of a trial once more: trials keep no weights, but give the same again.

        Raises:
            ValueError: if the tuner was given a trainer, whose model it does not build.
        """
        if self._builder is None:
            raise ValueError(
                "the models of a search belong to the trainer that it was given: train one with a "
                "policy of best_policies()"
            )
        trainer, options = self._trainer_of(trial)
        seed = seed_of_trial(self.seed, trial.trial_id)
        trained = trainer.train(self.policy_of(trial), seed, **options)
        model = trainer.new_model(seed)
        model.set_weights(trained.get_weights())
        return model

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """Returns the models of the best finished trials, the best first, each trained again.

        Args:
            num_models: how many at most.

        Returns:
            Keras models; each costs the seconds of its trial.
        """
        trials = self.oracle.get_best_trials(num_models)
        return [self.load_model(trial) for trial in trials if trial.status == "COMPLETED"]

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

    def _is_of_policy(self, name):
        """Whether a hyperparameter is the policy's, and not the model's."""
        if place_in_policy(name) is not None or is_of_recipe(name):
            return True
        # A subclass may make policies of any; a model that asks for none can have none.
        own = type(self).policy_of_values is not PolicyTuner.policy_of_values
        return own and not (self._builder is not None and self._builder.takes_hyperparameters)

    def policy_of_values(self, values: dict[str, Any], **options: Any) -> Policy:
        """Returns the policy that values of hyperparameters stand for."""
        return policy_from(values, caps=self.caps, **options)


def _values_of(space):
    """Returns for each hyperparameter of a space what it may be, as a text."""
    return {hp.name: json.dumps(hp.get_config(), sort_keys=True) for hp in space.space}


def metrics_of(score) -> dict[str, Any]:
    """Returns what an oracle is told of a trial's score."""
    return {
        "val_accuracy": score.accuracy,
        "val_log_loss": score.log_loss,
        "seconds": score.seconds,
    }


def seed_of_trial(seed: int, trial) -> int:
    """Returns the seed of a trial: a function of the search's seed and the trial's name."""
    name = str(int(trial)) if str(trial).isdecimal() else str(trial)
    return zlib.crc32(f"{seed}/{name}".encode())


def _check_batches(space, model):
    """Raises now if the model's loss does not read the labels that recipes make."""
    asked = batches_of(space) & {"mix", "label_smoothing"}
    if asked and getattr(model, "compiled", False):
        either_loss(model.loss)
        if "label_smoothing" in asked:
            check_smoothed_once(model.loss)
