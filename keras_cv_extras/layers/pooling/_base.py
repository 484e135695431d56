"""What every pooling layer shares: arguments, shapes, data formats and the cells of a window."""

import inspect
from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.text import docstrings
from keras_cv_extras._base.types import Config, Shape, Sizes, Tensor

# What is below it has lost digits of float32, or soon will.
VANISHING = 1e-25


class Ranked:
    """Base of layers that there are for 1, 2 and 3 spatial axes: `class Blur2D(Blur, rank=2)`.

    Such a class is registered. Its docstring is that of its base, with an example of its own, and
    with what the bases of that say of the arguments and the result, where it says nothing itself.
    """

    rank: ClassVar[int]
    example: ClassVar[str]  # how one is made and called

    def __init_subclass__(cls, rank: int | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if rank is not None:
            cls.rank = rank
            cls.__doc__ = _described(cls)
            keras.saving.register_keras_serializable("keras_cv_extras")(cls)


def _described(cls):
    """Returns a class' docstring, of which each base describes what those before it do not."""
    described: dict[str, dict[str, str]] = {"Args": {}, "Call arguments": {}}
    others = {}
    for base in reversed(cls.__mro__[1:]):
        if base.__module__.startswith(__package__):
            for name, text in docstrings.parted(base.__doc__)[1].items():
                if name in described:
                    described[name] |= docstrings.entries(text)
                else:
                    others[name] = text
    given = inspect.signature(cls.__init__).parameters
    order = [name.replace("kwargs", "**kwargs") for name in given]
    described["Args"] = {name: text for name in order if (text := described["Args"].get(name))}
    sections = {name: "\n".join(entries.values()) for name, entries in described.items()}
    example = f"    >>> y = {cls.__name__}{cls.example}"
    head, _ = docstrings.parted(cls.__bases__[0].__doc__)
    return docstrings.whole(head, {**sections, **others, "Example": example})


class Pooling(Ranked, keras.layers.Layer):
    """Base of layers that reduce windows of 1, 2 or 3 spatial axes.

    A subclass gives `rank` and `pool(x, training)`, which sees channels last whatever the data
    format is.

    Args:
        pool_size: a window's size, an integer or one per spatial axis.
        strides: the step from window to window, an integer or one per spatial axis. None for
            `pool_size`: windows that do not overlap.
        padding: "valid" for whole windows only, "same" for `ceil(size / stride)` of them.
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, *spatial, channels)` or, channels first, `(batch, channels, *spatial)`.

    Returns:
        A tensor of the same rank, one cell for each window.
    """

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size: tuple[int, ...] = checks.sizes("pool_size", pool_size, self.rank)
        strides = self.pool_size if strides is None else strides
        self.strides: tuple[int, ...] = checks.sizes("strides", strides, self.rank)
        self.padding: Any = standard_padding(padding)
        self.data_format: Any = standard_data_format(data_format)
        self.input_spec: Any = keras.layers.InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Pools; see the class."""
        self.compute_output_shape(inputs.shape)  # raises if a window does not fit
        if self.data_format == "channels_last":
            return self.pool(inputs, training)
        outputs = self.pool(ops.moveaxis(inputs, 1, -1), training)
        return ops.moveaxis(outputs, -1, 1)

    def windows(self, x: Tensor, value: float = 0.0) -> Tensor:
        """Returns the cells of all windows, one tensor per cell; see `cells`.

        Args:
            x: `(batch, *spatial, channels)`.
            value: what padding="same" surrounds `x` with.
        """
        if self.padding == "same":
            x = pad_same(x, self.pool_size, self.strides, value)
        return cells(x, self.pool_size, self.strides)

    def highest(self, x: Tensor, strides: Sizes | None = None) -> Tensor:
        """Returns the maximum of every window of `x`, by Keras' kernel."""
        strides = self.strides if strides is None else strides
        return ops.max_pool(x, self.pool_size, strides, self.padding, "channels_last")

    def average(self, x: Tensor) -> Tensor:
        """Returns the average of every window of `x` without padding, by Keras' kernel."""
        return ops.average_pool(x, self.pool_size, self.strides, self.padding, "channels_last")

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape after pooling."""
        first = 1 if self.data_format == "channels_last" else 2
        shape = list(input_shape)
        for axis in range(self.rank):
            size, window, step = shape[first + axis], self.pool_size[axis], self.strides[axis]
            shape[first + axis] = num_windows(size, window, step, self.padding)
        return tuple(shape)

    def compute_output_spec(self, inputs: Tensor, training: bool | None = False) -> Any:
        """Returns the shape and type after pooling."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            **attributes(self, "pool_size", "strides", "padding", "data_format"),
        }


class DrawnPooling(Pooling):
    """Base of layers that draw in training.

    Args:
        seed: an integer, or None to draw one.

    Call arguments:
        training: whether to draw.
    """

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "seed": self.seed}


class GlobalPooling(Ranked, keras.layers.Layer):
    """Base of layers that reduce all spatial axes to one cell.

    A subclass gives `rank` and `reduce(x, training)`, which sees channels last whatever the data
    format is, and keeps the axes.

    Args:
        data_format: "channels_last", "channels_first" or None for Keras' setting.
        keepdims: whether the spatial axes stay, of size 1.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, *spatial, channels)` or, channels first, `(batch, channels, *spatial)`.

    Returns:
        `(batch, channels)`, or a tensor of the inputs' rank with `keepdims`.
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format: Any = standard_data_format(data_format)
        self.keepdims: bool = checks.boolean("keepdims", keepdims)
        self.input_spec: Any = keras.layers.InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor, training: bool | None = False) -> Tensor:
        """Pools; see the class."""
        return self.finish(self.reduce(self.channels_last(inputs), training))

    def channels_last(self, x: Tensor) -> Tensor:
        """Returns `x` with its channels last."""
        return x if self.data_format == "channels_last" else ops.moveaxis(x, 1, -1)

    def finish(self, x: Tensor) -> Tensor:
        """Returns reduced cells, channels last, in the shape that was asked for."""
        if not self.keepdims:
            return ops.squeeze(x, axis=self.axes)
        return x if self.data_format == "channels_last" else ops.moveaxis(x, -1, 1)

    @property
    def axes(self) -> tuple[int, ...]:
        """The spatial axes when channels are last."""
        return tuple(range(1, self.rank + 1))

    def reduce(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns `x` of shape `(batch, *spatial, channels)` with all spatial sizes 1."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape after pooling."""
        batch, channels = input_shape[0], channels_of(input_shape, self.data_format)
        if not self.keepdims:
            return (batch, channels)
        cell = (1,) * self.rank
        if self.data_format == "channels_last":
            return (batch, *cell, channels)
        return (batch, channels, *cell)

    def compute_output_spec(self, inputs: Tensor, training: bool | None = False) -> Any:
        """Returns the shape and type after pooling."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "data_format", "keepdims")}


def channels_of(shape, data_format):
    """Returns the number of channels in a shape; None for an unknown one."""
    return shape[-1] if data_format == "channels_last" else shape[1]


def known_channels(shape, data_format):
    """Returns the number of channels in a shape, or raises if it is unknown."""
    channels = channels_of(shape, data_format)
    if channels is None:
        raise ValueError(
            "the number of channels must be known for weights of each channel, received shape "
            f"{tuple(shape)}"
        )
    return channels


def standard_data_format(data_format):
    """Returns the data format, Keras' setting for None."""
    if data_format is None:
        return keras.config.image_data_format()
    return checks.one_of("data_format", data_format, ("channels_last", "channels_first"))


def standard_padding(padding):
    """Returns "valid" or "same", which may be given in capitals as Keras takes them."""
    given = padding.lower() if isinstance(padding, str) else padding
    return checks.one_of("padding", given, ("valid", "same"))


def num_windows(size, window, step, padding):
    """Returns how many windows an axis of `size` has; None for an unknown size."""
    if size is None:
        return None
    if padding == "same":
        return -(-size // step)
    if size < window:
        raise ValueError(
            f"a window of {window} does not fit into an axis of {size}: use a smaller pool_size "
            'or padding="same"'
        )
    return (size - window) // step + 1


def pad_same(x, pool_size, strides, value=0.0):
    """Surrounds `x` by `value` so that its whole windows are those of padding="same".

    Args:
        x: `(batch, *spatial, channels)`; spatial sizes may be unknown until the model runs.
        pool_size: a window's size along each spatial axis.
        strides: the step along each spatial axis.
        value: what to pad with.

    Returns:
        The padded tensor: its "valid" windows are the "same" windows of `x`, the odd cell of
        padding at the end, as in TensorFlow.
    """
    for axis, (window, step) in enumerate(zip(pool_size, strides, strict=True), start=1):
        size = ops.shape(x)[axis]
        total = (-(-size // step) - 1) * step + window - size
        known = isinstance(total, int)
        total = max(total, 0) if known else ops.maximum(total, 0)
        if known and total == 0:
            continue
        edges = []
        for amount in (total // 2, total - total // 2):
            shape = list(ops.shape(x))
            shape[axis] = amount
            edges.append(ops.full(shape, value, dtype=x.dtype))
        x = ops.concatenate([edges[0], x, edges[1]], axis=axis)
    return x


def cells(x, pool_size, strides):
    """Returns one view of `x` per cell of a window, in row-major order.

    Args:
        x: `(batch, *spatial, channels)`.
        pool_size: a window's size along each spatial axis.
        strides: the step along each spatial axis.

    Returns:
        A list of `prod(pool_size)` tensors `(batch, *windows, channels)`: element i holds cell i
        of every whole window.
    """
    views = [x]
    for axis, (window, step) in enumerate(zip(pool_size, strides, strict=True), start=1):
        views = [part for view in views for part in _cells_along(view, axis, window, step)]
    return views


def _cells_along(x, axis, window, step):
    """Returns the cells of windows along one axis.

    By a reshape and slices without a step: TensorFlow's slices with one are five times slower,
    and their gradients too.
    """
    count = (ops.shape(x)[axis] - window) // step + 1
    # Blocks of `step` cells, as many as windows reach into.
    behind = (window - 1) // step
    blocks = count + behind if behind else count
    phases = [x]
    if step > 1:
        x = resized(x, axis, blocks * step)
        shape = list(ops.shape(x))
        phases = ops.unstack(
            ops.reshape(x, (*shape[:axis], blocks, step, *shape[axis + 1 :])), axis=axis + 1
        )
    index = (slice(None),) * axis
    views = []
    for offset in range(window):
        start, phase = divmod(offset, step)
        whole = window <= step and step > 1
        views.append(
            phases[phase] if whole else phases[phase][(*index, slice(start, start + count))]
        )
    return views


def resized(x, axis, size):
    """Cuts an axis, or fills it with zeros, at its end."""
    old = ops.shape(x)[axis]
    known = isinstance(old, int) and isinstance(size, int)
    if not known or size < old:
        x = x[(slice(None),) * axis + (slice(0, size),)]
    if known and size <= old:
        return x
    shape = list(ops.shape(x))
    shape[axis] = size - old if known else ops.maximum(size - old, 0)
    return ops.concatenate([x, ops.zeros(shape, dtype=x.dtype)], axis=axis)
