"""Optimizers of TensorFlow Addons that Keras does not have."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes, check_written
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.compat.tensorflow_addons.optimizers import _rates

_PACKAGE = "keras_cv_extras.compat"


@keras.saving.register_keras_serializable(_PACKAGE)
class ConditionalGradient(keras.optimizers.Optimizer):
    """Moves weights towards a point of a ball, so that they stay in it.

    Args:
        learning_rate: how much of the weights stays, in [0, 1]: a number, or a schedule.
        lambda_: the radius of the ball, a number or a function without arguments.
        epsilon: added to the norm of the gradient.
        ord: the norm, "fro" or "nuclear".
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, and `decay` of the learning rate.

    References:
        [Ravi et al., Constrained Deep Learning using Conditional Gradient and Applications in
        Computer Vision](https://arxiv.org/abs/1803.06453).

    Example:
        >>> optimizer = ConditionalGradient(learning_rate=0.99, lambda_=203)
    """

    def __init__(
        self,
        learning_rate: Any,
        lambda_: Any = 0.01,
        epsilon: float = 1e-7,
        ord: str = "fro",
        name: str = "ConditionalGradient",
        **kwargs: Any,
    ) -> None:
        learning_rate = _rates.plain(kwargs.pop("lr", learning_rate))
        kwargs.pop("use_locking", None)
        checks.one_of("ord", ord, ("fro", "nuclear"))
        decay = kwargs.pop("decay", None)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        _rates.fall(self, decay)
        self.lambda_, self.epsilon, self.ord = _rates.plain(lambda_), epsilon, ord

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Goes the rest of the way to the point of the ball that lies against the gradient."""
        rate = ops.cast(learning_rate, variable.dtype)
        if self.ord == "fro":
            gradient = ops.convert_to_tensor(gradient)
            norm = ops.sqrt(ops.sum(ops.square(gradient)))
            point = gradient / (norm + self.epsilon)
        else:
            point = self._singular(gradient)
        radius = self.lambda_() if callable(self.lambda_) else self.lambda_
        moved = ops.multiply(variable, rate) - (1 - rate) * radius * point
        self.assign(variable, moved)

    def _singular(self, gradient):
        """Returns the product of the singular vectors of the largest singular value."""
        if hasattr(gradient, "indices"):  # of some rows, as of an embedding
            import tensorflow as tf

            gradient = tf.convert_to_tensor(gradient)
        shape = gradient.shape
        matrix = ops.reshape(gradient, (-1, 1)) if len(shape) < 2 else gradient
        left, values, right = ops.svd(matrix, full_matrices=False)
        del values
        return ops.reshape(ops.matmul(left[:, :1], right[:1]), shape)

    def get_config(self) -> Config:
        """Returns the configuration."""
        check_written("lambda_", self.lambda_)
        return {**super().get_config(), **attributes(self, "lambda_", "epsilon", "ord")}


def _same(first, second):
    """Tells whether two paths name one weight: the model's name stands before it, or does not.

    A model that was built when it was called has its name there, one that is loaded does not.
    """
    return first == second or second in first.split("/", 1)[1:] or first in second.split("/", 1)[1:]


def _last(path):
    return path.rsplit("/", 1)[-1]


@keras.saving.register_keras_serializable(_PACKAGE)
class MultiOptimizer(keras.optimizers.MultiOptimizer):
    """Gives the weights of each layer to its optimizer; those of no layer stay as they are.

    Args:
        optimizers_and_layers: pairs of an optimizer and a layer or a list of layers. Files have
            the paths of weights instead, such as "dense/kernel".
        name: as of every Keras optimizer.

    Raises:
        ValueError: a layer is given to two optimizers.

    Example:
        >>> slow, fast = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-2)
        >>> optimizer = MultiOptimizer([(slow, model.layers[0]), (fast, model.layers[1:])])
    """

    def __init__(self, optimizers_and_layers: Any, *, name: str = "MultiOptimizer") -> None:
        pairs = [
            (optimizer, leaf)
            for optimizer, given in optimizers_and_layers
            for leaf in (given if isinstance(given, (list, tuple)) else [given])
        ]
        for place, (_, leaf) in enumerate(pairs):
            if any(leaf is other for _, other in pairs[:place]):
                raise ValueError(f"{leaf.name} is given to two optimizers: give it to one")
        super().__init__(self._chosen, name=name)
        # A function, since Keras looks for variables in the layers of a list.
        self._given = lambda: pairs
        self._still = keras.optimizers.SGD(0.0)
        self._saved: Any = None  # of a file: (path, number of its optimizer or None) of each weight
        self._by_place: dict[int, Any] = {}

    def _owners(self, variable):
        """Returns the optimizers of the leaves that a weight belongs to, one for each leaf."""
        return [
            optimizer
            for optimizer, leaf in self._given()
            if (
                _same(leaf, variable.path)
                if isinstance(leaf, str)
                else any(variable is weight for weight in leaf.trainable_weights)
            )
        ]

    def _chosen(self, variable):
        if self._by_place:
            return self._by_place[id(variable)]
        return next(iter(self._owners(variable)), self._still)

    def build(self, var_list: Any) -> None:
        """Makes the optimizers' variables; weights of a file that a model lacks are told."""
        var_list = list(var_list)
        if not self.built:
            self._by_place = self._read(var_list)
            if not self._by_place:
                self._check_paths(var_list)
        super().build(var_list)

    def _read(self, var_list):
        """Returns the optimizer of each weight by its place in the model that was saved."""
        saved = self._saved or []
        if [_last(path) for path, _ in saved] != [_last(weight.path) for weight in var_list]:
            return {}
        made = self._distinct()
        return {
            id(weight): self._still if number is None else made[number]
            for weight, (_, number) in zip(var_list, saved, strict=True)
        }

    def _check_paths(self, var_list):
        """Warns of paths of a file that no weight has, or that more weights have than it had."""
        leaves = [leaf for _, leaf in self._given() if isinstance(leaf, str)]
        found = {leaf: [w for w in var_list if _same(leaf, w.path)] for leaf in leaves}
        lost = [leaf for leaf, weights in found.items() if not weights]
        if lost:
            caller.warn(
                f"the model has no weights {', '.join(lost)}, as the file of the optimizer calls "
                "them: what no optimizer knows stays as it is; compile the model again"
            )
        unclear = [
            leaf
            for leaf, weights in found.items()
            if len(weights) > leaves.count(leaf)
            or any(len({id(one) for one in self._owners(weight)}) > 1 for weight in weights)
        ]
        if unclear:
            caller.warn(
                f"several weights of the model are {', '.join(unclear)}, as the file of the "
                "optimizer calls them: which optimizer has which is not known; compile the model "
                "again"
            )

    def _distinct(self):
        """Returns the optimizers that were given, each once."""
        return list({id(one): one for one, _ in self._given()}.values())

    def get_config(self) -> Config:
        """Returns the configuration."""
        made = self._distinct()
        numbers = {id(one): number for number, one in enumerate(made)}
        paths: list[list[str]] = [[] for _ in made]
        for optimizer, leaf in self._given():
            own = [leaf] if isinstance(leaf, str) else [w.path for w in leaf.trainable_weights]
            paths[numbers[id(optimizer)]].extend(own)
        weights = self._saved
        if self.built:  # a path may be that of several weights, once the model is loaded
            weights = [
                [weight.path, numbers.get(id(self._chosen(weight)))]
                for weight in self._trainable_variables
            ]
        saved = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "optimizers_and_layers": [
                [saved(one), own] for one, own in zip(made, paths, strict=True)
            ],
            "weights": weights,
        }

    @classmethod
    def from_config(cls, config: Config, custom_objects: Any = None) -> Any:
        """Returns the optimizer of a configuration."""
        read = keras.saving.deserialize_keras_object
        pairs = [
            (read(one, custom_objects=custom_objects), paths)
            for one, paths in config["optimizers_and_layers"]
        ]
        made = cls(pairs, name=config["name"])
        made._saved = config.get("weights")
        return made


@keras.saving.register_keras_serializable(_PACKAGE)
class ProximalAdagrad(keras.optimizers.Optimizer):
    """Adagrad, whose weights are then moved towards 0 by two penalties.

    Args:
        learning_rate: a number, or a schedule.
        initial_accumulator_value: what the sums of squares begin with, at least 0.
        l1_regularization_strength: penalty of the absolute weights, at least 0.
        l2_regularization_strength: penalty of the squared weights, at least 0.
        name: as of every Keras optimizer.
        **kwargs: what every Keras optimizer takes, and `decay` of the learning rate.

    References:
        [Duchi and Singer, Efficient Online and Batch Learning Using Forward Backward
        Splitting](https://jmlr.org/papers/v10/duchi09a.html).

    Example:
        >>> optimizer = ProximalAdagrad(0.1, l1_regularization_strength=1e-3)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        name: str = "ProximalAdagrad",
        **kwargs: Any,
    ) -> None:
        learning_rate = _rates.plain(kwargs.pop("lr", learning_rate))
        decay = kwargs.pop("decay", None)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        _rates.fall(self, decay)
        begin = checks.non_negative("initial_accumulator_value", initial_accumulator_value)
        self.initial_accumulator_value = begin
        self.l1_regularization_strength = checks.non_negative(
            "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = checks.non_negative(
            "l2_regularization_strength", l2_regularization_strength
        )

    def build(self, variables: Any) -> None:
        """Makes the sums of squares."""
        if self.built:
            return
        super().build(variables)
        begin = keras.initializers.Constant(self.initial_accumulator_value)
        self._sums = self.add_optimizer_variables(variables, "accumulator", initializer=begin)

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Takes the step of Adagrad, and that of the penalties."""
        slot = self._sums[self._get_variable_index(variable)]
        self.assign_add(slot, ops.square(gradient))
        rate = ops.cast(learning_rate, variable.dtype) / ops.sqrt(slot)
        ahead = variable - rate * gradient
        short = ops.maximum(ops.abs(ahead) - rate * self.l1_regularization_strength, 0.0)
        self.assign(
            variable, ops.sign(ahead) * short / (1 + rate * self.l2_regularization_strength)
        )

    def get_config(self) -> Config:
        """Returns the configuration."""
        own = (
            "initial_accumulator_value",
            "l1_regularization_strength",
            "l2_regularization_strength",
        )
        return {**super().get_config(), **attributes(self, *own)}
