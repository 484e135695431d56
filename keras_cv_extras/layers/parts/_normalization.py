"""Filter response normalisation, which needs no batch, and its activation."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.types import Config, Maker, Shape, Tensor

_PACKAGE = "keras_cv_extras"


@keras.saving.register_keras_serializable(_PACKAGE)
class FilterResponseNormalization(SameShape, keras.layers.Layer):
    """Divides every channel of every sample by the root of its mean square.

    `gamma * x / sqrt(mean(x^2) + epsilon) + beta`, the mean over `axis`. `TLU` is the activation
    that belongs behind it.

    Args:
        epsilon: what is added to the mean square; its absolute value counts.
        axis: the spatial axes, a list: `[1, 2]` for images with channels last, `[2, 3]` for
            channels first, `[1]` or `[1, 2, 3]` for other ranks.
        beta_initializer: how beta starts.
        gamma_initializer: how gamma starts.
        beta_regularizer: a penalty on beta.
        gamma_regularizer: a penalty on gamma.
        beta_constraint: a constraint of beta.
        gamma_constraint: a constraint of gamma.
        learned_epsilon: whether to learn a second epsilon, which starts at 1e-4 and whose
            absolute value is added to the first: for maps of 1x1, where the mean square of one
            value would leave only its sign.
        learned_epsilon_constraint: a constraint of that epsilon.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, ...)`; spatial sizes may be unknown.

    Returns:
        A tensor of the same shape.

    References:
        [Filter response normalization layer](https://arxiv.org/abs/1911.09737)

    Example:
        >>> features = TLU()(FilterResponseNormalization()(features))
    """

    gamma: Any
    beta: Any

    def __init__(
        self,
        epsilon: float = 1e-6,
        axis: int | Sequence[int] = (1, 2),
        beta_initializer: Maker = "zeros",
        gamma_initializer: Maker = "ones",
        beta_regularizer: Maker | None = None,
        gamma_regularizer: Maker | None = None,
        beta_constraint: Maker | None = None,
        gamma_constraint: Maker | None = None,
        learned_epsilon: bool = False,
        learned_epsilon_constraint: Maker | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon: float = abs(checks.number("epsilon", epsilon))
        if not isinstance(axis, (list, tuple)) or not axis:
            raise TypeError(f"axis must be a list of spatial axes, received {axis!r}")
        self.axis: list[int] = [checks.integer("axis", item) for item in axis]
        self.beta_initializer: Any = keras.initializers.get(beta_initializer)
        self.gamma_initializer: Any = keras.initializers.get(gamma_initializer)
        self.beta_regularizer: Any = keras.regularizers.get(beta_regularizer)
        self.gamma_regularizer: Any = keras.regularizers.get(gamma_regularizer)
        self.beta_constraint: Any = keras.constraints.get(beta_constraint)
        self.gamma_constraint: Any = keras.constraints.get(gamma_constraint)
        self.learned_epsilon: bool = bool(learned_epsilon)
        self.learned_epsilon_constraint: Any = keras.constraints.get(learned_epsilon_constraint)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Creates gamma, beta and the learned epsilon."""
        rank = len(input_shape)
        axes = {item % rank for item in self.axis if -rank <= item < rank}
        if len(axes) != len(self.axis) or 0 in axes:
            raise ValueError(
                f"axis must name different axes behind the batch's, received {self.axis} for "
                f"shape {tuple(input_shape)}"
            )
        shape = [1 if i == 0 or i in axes else size for i, size in enumerate(input_shape)]
        if None in shape:
            raise ValueError(
                f"only the batch and the axes {self.axis} may be of unknown size, received shape "
                f"{tuple(input_shape)}"
            )
        self.gamma, self.beta = (
            self.add_weight(
                name=name,
                shape=shape,
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                constraint=getattr(self, f"{name}_constraint"),
                autocast=False,
            )
            for name in ("gamma", "beta")
        )
        if self.learned_epsilon:
            self.epsilon_weight: Any = self.add_weight(
                name="learned_epsilon",
                shape=(1,),
                initializer=keras.initializers.Constant(1e-4),
                constraint=self.learned_epsilon_constraint,
                autocast=False,
            )
        self.input_spec: Any = keras.layers.InputSpec(
            ndim=rank, axes={i: size for i, size in enumerate(shape) if i and i not in axes}
        )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Normalises; see the class."""
        x = floats(inputs)
        epsilon = self.epsilon
        if self.learned_epsilon:
            epsilon = epsilon + ops.cast(ops.abs(self.epsilon_weight), x.dtype)
        mean_square = ops.mean(ops.square(x), axis=self.axis, keepdims=True)
        scale = ops.cast(self.gamma, x.dtype) * ops.rsqrt(mean_square + epsilon)
        return ops.cast(x * scale + ops.cast(self.beta, x.dtype), inputs.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "axis": list(self.axis),
            **_serialized(self, ("beta", "gamma")),
            "learned_epsilon": self.learned_epsilon,
            "learned_epsilon_constraint": keras.constraints.serialize(
                self.learned_epsilon_constraint
            ),
        }


@keras.saving.register_keras_serializable(_PACKAGE)
class TLU(SameShape, keras.layers.Layer):
    """Thresholded linear unit: `max(x, tau)` with a learned threshold for every channel.

    Args:
        affine: whether the threshold depends on the input: `max(x, alpha * x + tau)`.
        tau_initializer: how tau starts.
        tau_regularizer: a penalty on tau.
        tau_constraint: a constraint of tau.
        alpha_initializer: how alpha starts.
        alpha_regularizer: a penalty on alpha.
        alpha_constraint: a constraint of alpha.
        axis: the axis of the channels. TensorFlow Addons learned a threshold for every cell of
            the map instead, and could not take maps of unknown size; the paper's is per channel.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, ...)`.

    Returns:
        A tensor of the same shape.

    References:
        [Filter response normalization layer](https://arxiv.org/abs/1911.09737)

    Example:
        >>> features = TLU(affine=True)(FilterResponseNormalization()(features))
    """

    def __init__(
        self,
        affine: bool = False,
        tau_initializer: Maker = "zeros",
        tau_regularizer: Maker | None = None,
        tau_constraint: Maker | None = None,
        alpha_initializer: Maker = "zeros",
        alpha_regularizer: Maker | None = None,
        alpha_constraint: Maker | None = None,
        axis: int | Sequence[int] = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.affine: bool = bool(affine)
        self.tau_initializer: Any = keras.initializers.get(tau_initializer)
        self.tau_regularizer: Any = keras.regularizers.get(tau_regularizer)
        self.tau_constraint: Any = keras.constraints.get(tau_constraint)
        self.alpha_initializer: Any = keras.initializers.get(alpha_initializer)
        self.alpha_regularizer: Any = keras.regularizers.get(alpha_regularizer)
        self.alpha_constraint: Any = keras.constraints.get(alpha_constraint)
        self.axis: int = checks.integer("axis", axis)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Creates the thresholds."""
        channels = known_channels(input_shape, self.axis)
        shape: list[int | None] = [1] * (len(input_shape) - 1)
        # Weights without the batch's axis broadcast from the last axis backwards.
        shape[self.axis if self.axis < 0 else self.axis - 1] = channels
        for name in ("tau", "alpha") if self.affine else ("tau",):
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                constraint=getattr(self, f"{name}_constraint"),
            )
            setattr(self, name, weight)
        self.input_spec: Any = keras.layers.InputSpec(
            ndim=len(input_shape), axes={self.axis: channels}
        )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Applies the thresholds; see the class."""
        tau = ops.cast(self.tau, inputs.dtype)
        if self.affine:
            tau = ops.cast(self.alpha, inputs.dtype) * inputs + tau
        return ops.maximum(inputs, tau)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "affine": self.affine,
            **_serialized(self, ("tau", "alpha")),
            "axis": self.axis,
        }


def known_channels(shape, axis):
    """Returns the size of the axis of channels, or raises if there is none or it is unknown."""
    checks.behind_batch(axis, shape)
    if shape[axis] is None:
        raise ValueError(
            f"the number of channels (axis {axis}) must be known, received shape {tuple(shape)}"
        )
    return shape[axis]


def _serialized(layer, weights):
    """Returns the configuration of the initializers, regularizers and constraints of weights."""
    config = {}
    for kind in ("initializer", "regularizer", "constraint"):
        module = getattr(keras, f"{kind}s")
        for weight in weights:
            config[f"{weight}_{kind}"] = module.serialize(getattr(layer, f"{weight}_{kind}"))
    return config
