"""Builds the model of a trial, with or without hyperparameters."""

import gc
from collections.abc import Callable
from typing import Any

import keras
import keras_tuner as kt

from keras_cv_extras.search.trials._child import num_required
from keras_cv_extras.search.trials._oracle_checks import check_no_others
from keras_cv_extras.search.trials._trainer import Trainer

EPOCHS = "tuner/epochs"  # how long a trial trains, where a Hyperband oracle says so
_OF_TUNER = "tuner/"


class ModelBuilder(kt.HyperModel):
    """Builds models, and keeps the trainer of the model that was asked for last.

    Args:
        function: a function that returns a new Keras model, without arguments or of keras-tuner's
            `hp`; or a keras-tuner HyperModel.
        is_of_policy: whether a hyperparameter, by its name, is the policy's and not the model's.

    Raises:
        TypeError, ValueError: if it is none of these.
    """

    def __init__(
        self,
        function: Callable[..., keras.Model] | kt.HyperModel,
        is_of_policy: Callable[[str], bool],
    ) -> None:
        if isinstance(function, kt.HyperModel):
            if type(function).fit is not kt.HyperModel.fit:
                raise ValueError(
                    f"{type(function).__name__}.fit would not be called: trials are trained and "
                    "scored in one way, so that they can be compared; give its build alone"
                )
            function = function.build
        super().__init__()
        self._is_of_policy = is_of_policy
        self._function: Callable[..., keras.Model] = function
        required = num_required(function, also=", or a keras_tuner.HyperModel")
        if required > 1:
            raise TypeError(
                "build_model must take no argument, or hp alone, received one that takes "
                f"{required}"
            )
        self.takes_hyperparameters = required == 1
        self._trainer, self._values = None, None

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Returns a new model."""
        return self._function(hp) if self.takes_hyperparameters else self._function()

    def declare(self, oracle: kt.Oracle) -> Any:
        """Adds to an oracle's space what the function asks of its hyperparameters.

        Returns:
            The model that it was asked for, None if it takes none.

        Raises:
            ValueError: if the space has a hyperparameter that would reach nothing.
        """
        if self.takes_hyperparameters:
            space = oracle.get_space()
            model = self.build(space)
            oracle.update_space(space)
            return model
        check_no_others(
            oracle,
            lambda name: not self._is_of_model(name),
            "build_model takes no argument: let it take hp, and read it by hp.get",
        )
        return None

    def _is_of_model(self, name):
        """Whether a hyperparameter is the model's."""
        return not self._is_of_policy(name) and not name.startswith(_OF_TUNER)

    def trainer(self, hyperparameters: kt.HyperParameters, train: Any, **options: Any) -> Trainer:
        """Returns what trains the model that hyperparameters ask for.

        It is built and traced anew only if they are not those of the last call, but for those
        of the policy.
        """
        values = {
            name: value for name, value in hyperparameters.values.items() if self._is_of_model(name)
        }
        if self._trainer is None or values != self._values:
            self._trainer = None
            gc.collect()  # models are full of cycles, and the next one may be as large
            asked = hyperparameters.copy()
            self._trainer = Trainer(lambda: self.build(asked.copy()), train, **options)
            self._values = values
        return self._trainer


def num_epochs(trial: Any, most: int) -> int:
    """Returns how many epochs a trial trains: what a Hyperband oracle wants, or all."""
    return int(trial.hyperparameters.values.get(EPOCHS, most))
