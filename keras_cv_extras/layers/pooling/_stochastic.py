"""Stochastic pooling: a cell drawn in proportion to its activation."""

import functools

import keras
from keras import ops

from keras_cv_extras.layers.pooling._base import Pooling, cells, pad_same, with_example


def _weights(views):
    return [ops.maximum(ops.cast(view, "float32"), 0.0) for view in views]


def chosen_cells(views, uniform):
    """Returns which cell of every window is drawn, in proportion to its positive part.

    Args:
        views: the cells of the windows, one tensor `(batch, *windows, channels)` per cell.
        uniform: float32 numbers in [0, 1), one per window and channel.

    Returns:
        int32 `(batch, *windows, channels)`: the first cell whose running sum exceeds the number's
        share of the total; the first cell in a window without a positive one.
    """
    weights = _weights(views)
    level = uniform * functools.reduce(ops.add, weights)
    running, index = weights[0], 0
    for weight in weights[1:]:
        # A level of zero is passed by the first positive cell only, unless there is none.
        index = index + ops.cast(ops.logical_and(running <= level, level > 0), "int32")
        running = running + weight
    return index


def draw(x, uniform, pool_size, strides):
    """Returns the drawn cell of every whole window of `x`; the gradient goes to it alone."""

    @ops.custom_gradient
    def pooled(x, uniform):
        views = cells(x, pool_size, strides)
        index = chosen_cells(views, uniform)
        value = views[0]
        for number, view in enumerate(views[1:], start=1):
            value = ops.where(index == number, view, value)

        def gradient(*arguments, upstream=None):
            (upstream,) = (upstream,) if upstream is not None else arguments
            parts = [ops.where(index == number, upstream, 0) for number in range(len(views))]
            return scatter(parts, ops.shape(x), pool_size, strides), ops.zeros_like(uniform)

        return value, gradient

    return pooled(x, uniform)


def scatter(parts, shape, pool_size, strides):
    """Returns the sum of the cells of all windows at their places: the reverse of `cells`.

    Args:
        parts: one tensor `(batch, *windows, channels)` per cell, in row-major order.
        shape: of the tensor that the cells came from.
        pool_size: a window's size along each spatial axis.
        strides: the step along each spatial axis.
    """
    for axis in reversed(range(len(pool_size))):
        window, step = pool_size[axis], strides[axis]
        parts = [
            _along(parts[start : start + window], axis + 1, shape[axis + 1], step)
            for start in range(0, len(parts), window)
        ]
    return parts[0]


def _along(parts, axis, size, step):
    """Puts the cells of one axis in place: `step` neighbours interleaved, later ones added."""
    total = None
    for start in range(0, len(parts), step):
        row = parts[start : start + step]
        row = row + [ops.zeros_like(row[0])] * (step - len(row))
        joined = ops.stack(row, axis=axis + 1) if step > 1 else row[0]
        if step > 1:
            old = list(ops.shape(row[0]))
            old[axis] = old[axis] * step
            joined = ops.reshape(joined, old)
        joined = _placed(joined, axis, start, size)
        total = joined if total is None else total + joined
    return total


def _placed(part, axis, start, size):
    """Shifts along an axis by `start` and cuts or fills with zeros to `size`."""
    shape = list(ops.shape(part))
    behind = size - start - shape[axis]
    cut = [slice(None)] * len(shape)
    cut[axis] = slice(0, size - start)
    part = part[tuple(cut)]
    edges = [part]
    for amount, at in ((start, 0), (behind if not isinstance(behind, int) else max(behind, 0), 2)):
        if isinstance(amount, int) and amount == 0:
            continue
        shape[axis] = amount if isinstance(amount, int) else ops.maximum(amount, 0)
        edge = ops.zeros(shape, dtype=part.dtype)
        edges = [edge, *edges] if at == 0 else [*edges, edge]
    return ops.concatenate(edges, axis=axis) if len(edges) > 1 else part


def weighted_average(views):
    """Returns the average of the cells, weighted by their positive parts: `sum a^2 / sum a`.

    Zero in a window without a positive cell.
    """
    weights = _weights(views)
    top = functools.reduce(ops.maximum, weights)
    # Relative to the largest cell, squares neither overflow nor vanish.
    scale = ops.where(top > 0, top, 1.0)
    total = sum(weight / scale for weight in weights)
    squares = sum((weight / scale) * (weight / scale) for weight in weights)
    average = scale * squares / ops.where(top > 0, total, 1.0)
    return ops.cast(average, views[0].dtype)


class _StochasticPooling(Pooling):
    """Draws one cell of every window in training, and weighs all cells by their probability else.

    Cell i of a window has the probability `a_i / sum a`, where a is the positive part of the
    inputs. In training a cell is drawn, for every window and channel anew, and the gradient
    goes to it alone. At inference the output is the expectation `sum a_i^2 / sum a`. A window
    without a positive cell gives its first cell in training, and zero at inference; after a
    ReLU both are zero. Draws are made in float32 whatever the type of the inputs is.

    Args:
        pool_size: a window's size, an integer or one per spatial axis.
        strides: the step from window to window; None for `pool_size`. Overlapping windows draw
            independently.
        padding: "valid" or "same"; cells of padding are never drawn before others.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        [Zeiler and Fergus](https://arxiv.org/abs/1301.3557)
    """

    def __init__(
        self, pool_size=2, strides=None, padding="valid", data_format=None, seed=None, **kwargs
    ):
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def pool(self, x, training):
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        if self.padding == "same":
            x = pad_same(x, self.pool_size, self.strides)
        if not training:
            return weighted_average(cells(x, self.pool_size, self.strides))
        shape = list(ops.shape(x))
        for axis in range(self.rank):
            window, step = self.pool_size[axis], self.strides[axis]
            shape[axis + 1] = (shape[axis + 1] - window) // step + 1
        uniform = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        return draw(x, uniform, self.pool_size, self.strides)

    def get_config(self):
        """Returns the configuration."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("keras_cv_extras")
class StochasticPooling1D(_StochasticPooling):
    __doc__ = with_example(_StochasticPooling, "y = StochasticPooling1D(2)(x, training=True)")
    rank = 1


@keras.saving.register_keras_serializable("keras_cv_extras")
class StochasticPooling2D(_StochasticPooling):
    __doc__ = with_example(_StochasticPooling, "y = StochasticPooling2D(2)(x, training=True)")
    rank = 2


@keras.saving.register_keras_serializable("keras_cv_extras")
class StochasticPooling3D(_StochasticPooling):
    __doc__ = with_example(_StochasticPooling, "y = StochasticPooling3D(2)(x, training=True)")
    rank = 3
