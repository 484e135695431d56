"""Averages of the weights along training, and the batch normalisation that fits them."""

from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.optimizers._options import PACKAGE, decay_rate
from keras_cv_extras.optimizers._wrapper import OptimizerWrapper


class AveragedOptimizerWrapper(OptimizerWrapper):
    """Base of optimizers that keep an average of the weights; a subclass gives `after`.

    Args:
        optimizer: a Keras optimizer, or its name.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    Example:
        >>> isinstance(SWA("sgd"), AveragedOptimizerWrapper)
        True
    """

    copy_name = "average"

    def averages(self, variables: Iterable[Any]) -> list[Any]:
        """Returns the variables that hold the averages of weights.

        Args:
            variables: weights that the optimizer trains.

        Raises:
            ValueError: if the optimizer has taken no step, or does not know a weight.
        """
        if not self.built:
            raise ValueError(f"{type(self).__name__} has no averages before training")
        variables = list(variables)
        self._check_variables_are_known(variables)
        return [self._copies[self._get_variable_index(variable)] for variable in variables]

    def assign_average_vars(self, var_list: Iterable[Any]) -> None:
        """Sets weights to their averages.

        Batch normalisation keeps statistics of the weights as they were: see
        `update_batch_normalization`.

        Args:
            var_list: weights that the optimizer trains; others that are not trainable, as
                `model.variables` has them, stay as they are.
        """
        known = {id(variable) for variable in self._trainable_variables} if self.built else set()
        var_list = [v for v in var_list if v.trainable or id(v) in known]
        for variable, average in zip(var_list, self.averages(var_list), strict=True):
            variable.assign(average)


def _is_counter(value):
    """Whether a value is a scalar integer variable."""
    if not hasattr(value, "assign"):
        return False
    dtype = keras.backend.standardize_dtype(value.dtype)
    return keras.backend.is_int_dtype(dtype) and tuple(value.shape) == ()


@keras.saving.register_keras_serializable(PACKAGE)
class MovingAverage(AveragedOptimizerWrapper):
    """Keeps an exponential moving average of the weights beside any optimizer.

    Args:
        optimizer: a Keras optimizer, or its name.
        average_decay: how much of the average stays at a step, in [0, 1).
        num_updates: None, or a number of updates n that bounds the decay by `(1 + n) / (10 + n)`;
            an integer, or a scalar integer variable, which every step reads anew; what is saved
            of it is its number at that time.
        start_step: up to which step the average is the weights themselves.
        dynamic_decay: whether the decay is bounded so by the steps since then.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Polyak and Juditsky, Acceleration of Stochastic Approximation by
        Averaging](https://doi.org/10.1137/0330046), with weights that fall exponentially.

    Example:
        >>> optimizer = MovingAverage("adam", average_decay=0.999, dynamic_decay=True)
        >>> model.compile(optimizer, "sparse_categorical_crossentropy")
    """

    def __init__(
        self,
        optimizer: Any,
        average_decay: float = 0.99,
        num_updates: Any = None,
        start_step: int = 0,
        dynamic_decay: bool = False,
        name: str = "MovingAverage",
        **kwargs: Any,
    ) -> None:
        super().__init__(optimizer, name, **kwargs)
        self.average_decay: float = decay_rate("average_decay", average_decay)
        if num_updates is not None and not _is_counter(num_updates):
            checks.integer("num_updates", num_updates, minimum=0)
        # Behind a function: a variable would be taken for one of the optimizer's own.
        self._updates = lambda: num_updates
        self.start_step: int = checks.integer("start_step", start_step, minimum=0)
        self.dynamic_decay: bool = checks.boolean("dynamic_decay", dynamic_decay)

    @property
    def num_updates(self) -> int | None:
        """The number of updates, as it is now."""
        updates = self._updates()
        return int(ops.convert_to_numpy(updates)) if _is_counter(updates) else updates

    def after(self, weight: Tensor, copy: Tensor) -> tuple[Tensor, Tensor]:
        """Moves the average."""
        decay = self.average_decay
        if _is_counter(updates := self._updates()):
            updates = ops.cast(updates, "float32")
            decay = ops.minimum(decay, (1 + updates) / (10 + updates))
        elif updates is not None:
            decay = min(decay, (1 + updates) / (10 + updates))
        count = ops.cast(self.iterations - self.start_step, "float32")
        if self.dynamic_decay:
            decay = ops.minimum(decay, (1 + count) / (10 + count))
        stays = ops.cast(ops.where(count < 0, 0.0, decay), weight.dtype)
        return weight, copy - (copy - weight) * (1 - stays)

    def shadow_copy(self, model_weights: Iterable[Any]) -> None:
        """Makes the averages before the first step.

        Args:
            model_weights: the weights that will be trained.
        """
        if not self.built:
            self.build(list(model_weights))

    @property
    def has_shadow_copy(self) -> bool:
        """Whether there are averages."""
        return self.built

    def swap_weights(self) -> None:
        """Exchanges the weights and their averages; call it again to exchange them back.

        Call it outside of compiled functions.
        """
        for variable, average in zip(
            self._trainable_variables, self.averages(self._trainable_variables), strict=True
        ):
            held = ops.convert_to_numpy(average)
            average.assign(variable)
            variable.assign(held)

    def get_config(self) -> Config:
        """Returns the configuration."""
        own = attributes(self, "average_decay", "num_updates", "start_step", "dynamic_decay")
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(PACKAGE)
class SWA(AveragedOptimizerWrapper):
    """Stochastic weight averaging: the mean of the weights after every so many steps.

    Before the first of them the average is the weights themselves.

    Args:
        optimizer: a Keras optimizer, or its name.
        start_averaging: the step after which the weights enter the mean first, from 0 on.
        average_period: how many steps there are from one to the next.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, such as `clipnorm`.

    References:
        [Izmailov et al., Averaging Weights Leads to Wider Optima and Better
        Generalization](https://arxiv.org/abs/1803.05407), algorithm 1.

    Example:
        >>> optimizer = SWA(keras.optimizers.SGD(0.05), start_averaging=500, average_period=100)
        >>> model.compile(optimizer, "sparse_categorical_crossentropy")
        >>> history = model.fit(images, labels, verbose=0)
        >>> optimizer.assign_average_vars(model.trainable_variables)
        >>> model = update_batch_normalization(model, [images])
    """

    def __init__(
        self,
        optimizer: Any,
        start_averaging: int = 0,
        average_period: int = 10,
        name: str = "SWA",
        **kwargs: Any,
    ) -> None:
        super().__init__(optimizer, name, **kwargs)
        self.start_averaging: int = checks.integer("start_averaging", start_averaging, minimum=0)
        self.average_period: int = checks.integer("average_period", average_period, minimum=1)

    def after(self, weight: Tensor, copy: Tensor) -> tuple[Tensor, Tensor]:
        """Takes the weights into the mean at the end of a period."""
        since = self.iterations - self.start_averaging
        before = ops.cast(ops.maximum(since // self.average_period, 0), weight.dtype)
        mean = (copy * before + weight) / (before + 1)
        enters = ops.logical_or(since < 0, ops.equal(ops.mod(since, self.average_period), 0))
        return weight, ops.where(enters, mean, copy)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "start_averaging", "average_period")}


def update_batch_normalization(
    model: keras.Model, batches: Iterable[Any], steps: int | None = None
) -> keras.Model:
    """Computes the statistics of batch normalisation anew, for weights that were averaged.

    The statistics become the mean of those of the batches.

    Args:
        model: a model whose weights were replaced, as by `assign_average_vars`.
        batches: batches of inputs, or tuples that begin with them, as a dataset for `fit` gives.
        steps: how many batches to take; None for all.

    Returns:
        The model itself. A model without batch normalisation is left as it is.

    Raises:
        ValueError: if there is no batch.

    References:
        [Izmailov et al.](https://arxiv.org/abs/1803.05407), section 3.2.

    Example:
        >>> model = update_batch_normalization(model, [images[:32], images[32:64]], steps=2)
    """
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    if not layers:
        return model
    statistics = [value for layer in layers for value in (layer.moving_mean, layer.moving_variance)]
    momenta = [layer.momentum for layer in layers]
    sums, count = [0.0] * len(statistics), 0
    try:
        for layer in layers:
            layer.momentum = 0.0  # what a batch leaves is its own
        for batch in batches:
            if count == steps:
                break
            inputs = batch[0] if isinstance(batch, (tuple, list)) else batch
            if not count and hasattr(inputs, "shape"):
                value_range.check_for(model, ops.convert_to_numpy(inputs))
            model(inputs, training=True)
            found = [ops.convert_to_numpy(value).astype("float64") for value in statistics]
            sums = [total + value for total, value in zip(sums, found, strict=True)]
            count += 1
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
    if not count:
        raise ValueError("batches must have at least one batch, received none")
    for value, total in zip(statistics, sums, strict=True):
        value.assign(total / count)
    return model
