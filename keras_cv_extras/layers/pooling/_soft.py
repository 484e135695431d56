"""SoftPool: cells weighted by their exponentials."""

import functools

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.layers.pooling._base import VANISHING, Pooling


class _SoftPooling(Pooling):
    """Returns the cells of every window weighted by their exponentials: `sum e^x x / sum e^x`.

    Exponentials are of the difference to the window's largest cell and in float32: inputs of
    any size are safe.

    Args:
        padding: "valid" or "same"; cells of padding do not count.

    References:
        [Refining activation downsampling with SoftPool](https://arxiv.org/abs/2101.00440)
    """

    example = "(2)(x)"

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        x, dtype = floats(x), x.dtype
        return ops.cast(self._weighted(x), dtype)

    def _weighted(self, x):
        @ops.custom_gradient
        def weighted(x):
            # Relative to the largest cell two averages do, unless a window lies far below it.
            top = ops.max(x)
            weights = ops.exp(x - top)
            total = self.average(weights)
            kept = ops.min(total) > VANISHING
            pooled = ops.cond(
                kept,
                lambda: self.average(weights * x) / total,
                lambda: self._by_cells(x),
            )

            def slope(upstream):
                """Returns `upstream * (1 + x - pooled) * weights / total`."""
                shares = upstream / total
                spread, middle = (
                    engine.pulled_back(self.average, x, part)
                    for part in (shares, shares * (pooled - top))
                )
                return weights * ((1.0 + (x - top)) * spread - middle)

            def gradient(*arguments, upstream=None):
                upstream = arguments[0] if upstream is None else upstream
                return ops.cond(
                    kept,
                    lambda: slope(upstream),
                    lambda: engine.pulled_back(self._by_cells, x, upstream),
                )

            return pooled, gradient

        return weighted(x)

    def _by_cells(self, x):
        # Padding is lower than any cell, and its exponential zero.
        lowest = float(np.finfo(keras.backend.standardize_dtype(x.dtype)).min)
        views = self.windows(x, lowest)
        top = ops.stop_gradient(functools.reduce(ops.maximum, views))
        weights = [ops.exp(view - top) for view in views]
        total = sum(weight * view for weight, view in zip(weights, views, strict=True))
        return total / sum(weights)


class SoftPooling1D(_SoftPooling, rank=1):
    pass


class SoftPooling2D(_SoftPooling, rank=2):
    pass


class SoftPooling3D(_SoftPooling, rank=3):
    pass
