"""Means of powers: generalised-mean and LP pooling."""

import functools
import math
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.types import Config, Shape, Sizes, Tensor
from keras_cv_extras.layers.pooling._base import (
    VANISHING,
    GlobalPooling,
    Pooling,
    cells,
    known_channels,
    pad_same,
)

# Below it, the division by p loses the digits of float32.
_SMALLEST_P = 0.01
# Beside a sum above it, powers below `VANISHING` are less than the rounding of float32.
_SAFE = 1e-16


class _AtLeast(keras.constraints.Constraint):
    """Keeps a weight at or above a bound."""

    def __init__(self, bound):
        self.bound = bound

    def __call__(self, w):
        return ops.maximum(w, ops.cast(self.bound, w.dtype))


class _LearnedPower(keras.layers.Layer):
    """The exponent of a generalised mean: its arguments, its weight, its configuration.

    Args:
        p: the exponent that training starts with, at least 0.01, which it also stays above.
        learnable: whether training changes the exponent.
        per_channel: whether every channel has an exponent of its own.
        epsilon: the smallest input, above 0.

    References:
        [Radenovic et al.](https://arxiv.org/abs/1711.02512)
    """

    data_format: str

    def _set_power(self, p, learnable, per_channel, epsilon):
        self.p: float = checks.positive("p", p)
        if self.p < _SMALLEST_P:
            raise ValueError(f"p must be at least {_SMALLEST_P}, received {p!r}")
        self.learnable: bool = checks.boolean("learnable", learnable)
        self.per_channel: bool = checks.boolean("per_channel", per_channel)
        self.epsilon: float = checks.positive("epsilon", epsilon)

    def build(self, input_shape: Shape) -> None:
        """Creates the exponent."""
        channels = known_channels(input_shape, self.data_format) if self.per_channel else None
        self.exponent: Any = self.add_weight(
            name="p",
            shape=(channels,) if self.per_channel else (),
            initializer=keras.initializers.Constant(self.p),
            constraint=_AtLeast(_SMALLEST_P),
            trainable=self.learnable,
            autocast=False,
        )
        self.built = True

    def _logs(self, x):
        x = floats(x)
        return ops.log(ops.maximum(x, self.epsilon)), ops.cast(self.exponent, x.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            **attributes(self, "p", "learnable", "per_channel", "epsilon"),
        }


class _GeneralizedMeanPooling(_LearnedPower, Pooling):
    """Returns the generalised mean (GeM) of every window, `mean(x^p)^(1/p)`, with a learned p.

    p = 1 is average pooling of positive inputs, and the larger p is, the nearer max pooling.
    Inputs below `epsilon` count as epsilon and get no gradient: powers of negative numbers are
    not defined. Computed from logarithms in float32, so that no power overflows.

    Args:
        padding: "valid" or "same"; cells of padding do not count.
    """

    example = "(2, p=3.0)(x)"

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        p: float = 3.0,
        learnable: bool = True,
        per_channel: bool = False,
        epsilon: float = 1e-6,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self._set_power(p, learnable, per_channel, epsilon)

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        logs, p = self._logs(x)
        # Relative to the map's largest cell one average does, unless a window lies far below it.
        top = ops.stop_gradient(ops.max(logs, axis=range(1, self.rank + 1), keepdims=True))
        mean = self.average(ops.exp(p * (logs - top)))
        pooled = ops.cond(
            ops.min(mean) > VANISHING,
            lambda: ops.exp(top + ops.log(mean) / p),
            lambda: self._by_cells(logs, p),
        )
        return ops.cast(pooled, x.dtype)

    def _by_cells(self, logs, p):
        # No logarithm is smaller than that of epsilon: padding is nowhere the largest cell.
        views = self.windows(logs, math.log(self.epsilon))
        inside = self.windows(ops.ones_like(logs[:1, ..., :1]))
        # Relative to the window's largest cell, no power overflows, and one of them is 1.
        top = ops.stop_gradient(functools.reduce(ops.maximum, views))
        powers = [ops.exp(p * (view - top)) for view in views]
        total = sum(power * one for power, one in zip(powers, inside, strict=True))
        return ops.exp(top + ops.log(total / sum(inside)) / p)


class _GlobalGeneralizedMeanPooling(_LearnedPower, GlobalPooling):
    """Returns the generalised mean (GeM) over all places, `mean(x^p)^(1/p)`, with a learned p.

    p = 1 is global average pooling of positive inputs, and the larger p is, the nearer global
    max pooling. Inputs below `epsilon` count as epsilon and get no gradient. Computed from
    logarithms in float32, so that no power overflows.
    """

    example = "(p=3.0)(x)"

    def __init__(
        self,
        data_format: str | None = None,
        keepdims: bool = False,
        p: float = 3.0,
        learnable: bool = True,
        per_channel: bool = False,
        epsilon: float = 1e-6,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self._set_power(p, learnable, per_channel, epsilon)

    def reduce(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns `x` of shape `(batch, *spatial, channels)` with all spatial sizes 1."""
        logs, p = self._logs(x)
        top = ops.stop_gradient(ops.max(logs, axis=self.axes, keepdims=True))
        mean = ops.mean(ops.exp(p * (logs - top)), axis=self.axes, keepdims=True)
        return ops.cast(ops.exp(top + ops.log(mean) / p), x.dtype)


class _LPPooling(Pooling):
    """Returns the p-norm of every window, `(sum |x|^p)^(1/p)`: a sum over cells, not a mean.

    p = 1 is the sum of absolute values, p = 2 the root of the sum of squares. The gradient of a
    window of zeros is zero. Computed in float32, relative to the largest cell of each window, so
    that no power overflows or vanishes.

    Args:
        padding: "valid" or "same"; cells of padding are zero.
        p: the exponent, at least 1.

    References:
        [Sermanet et al.](https://arxiv.org/abs/1204.3968)
    """

    example = "(2, p=2.0)(x)"

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        p: float = 2.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self.p: float = checks.number("p", p)
        if self.p < 1:
            raise ValueError(f"p must be at least 1, received {p!r}")

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        dtype, x = x.dtype, floats(x)
        if self.padding == "same":
            x = pad_same(x, self.pool_size, self.strides)
        return ops.cast(self._norm(x), dtype)

    def _norm(self, x):
        @ops.custom_gradient
        def norm(x):
            # One average does, unless a power overflows or vanishes.
            powers = ops.square(x) if self.p == 2 else ops.power(ops.abs(x), self.p)
            total = math.prod(self.pool_size) * self._mean(powers)
            vanished = ops.cond(
                ops.min(total) > _SAFE,  # whatever has vanished is nothing beside it
                lambda: ops.convert_to_tensor(False),
                lambda: ops.any(ops.logical_and(powers < VANISHING, x != 0)),
            )
            lost = ops.logical_or(vanished, ops.max(total) > 1 / VANISHING)
            pooled = ops.cond(lost, lambda: self._by_cells(x), lambda: self._root(total))

            def gradient(*arguments, upstream=None):
                upstream = arguments[0] if upstream is None else upstream
                return ops.cond(
                    lost,
                    lambda: engine.pulled_back(self._by_cells, x, upstream),
                    lambda: self._slope(x, pooled, upstream),
                )

            return pooled, gradient

        return norm(x)

    def _slope(self, x, pooled, upstream):
        """Returns `upstream * sign(x) * (|x| / pooled)^(p - 1)`, 0 in a window of zeros."""
        below = pooled if self.p == 2 else ops.power(pooled, self.p - 1)
        upstream = ops.divide_no_nan(upstream * math.prod(self.pool_size), below)
        spread = engine.pulled_back(self._mean, x, upstream)
        return spread * (x if self.p == 2 else ops.sign(x) * ops.power(ops.abs(x), self.p - 1))

    def _mean(self, x):
        return ops.average_pool(x, self.pool_size, self.strides, "valid", "channels_last")

    def _root(self, total):
        return ops.sqrt(total) if self.p == 2 else ops.power(total, 1.0 / self.p)

    def _by_cells(self, x):
        views = cells(ops.abs(x), self.pool_size, self.strides)
        top = ops.stop_gradient(functools.reduce(ops.maximum, views))
        scale = ops.where(top > 0, top, 1.0)
        total = sum(ops.power(view / scale, self.p) for view in views)
        # The root of zero has no slope; it is asked only of windows that have a positive cell.
        positive = total > 0
        root = self._root(ops.where(positive, total, 1.0))
        return ops.where(positive, scale * root, 0.0)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "p": self.p}


class GeneralizedMeanPooling1D(_GeneralizedMeanPooling, rank=1):
    pass


class GeneralizedMeanPooling2D(_GeneralizedMeanPooling, rank=2):
    pass


class GeneralizedMeanPooling3D(_GeneralizedMeanPooling, rank=3):
    pass


class GlobalGeneralizedMeanPooling1D(_GlobalGeneralizedMeanPooling, rank=1):
    pass


class GlobalGeneralizedMeanPooling2D(_GlobalGeneralizedMeanPooling, rank=2):
    pass


class GlobalGeneralizedMeanPooling3D(_GlobalGeneralizedMeanPooling, rank=3):
    pass


class LPPooling1D(_LPPooling, rank=1):
    pass


class LPPooling2D(_LPPooling, rank=2):
    pass


class LPPooling3D(_LPPooling, rank=3):
    pass
