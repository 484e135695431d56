"""Blends of max and average pooling: fixed, learned, drawn, or gated by what is pooled."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Config, Maker, Shape, Sizes, Tensor
from keras_cv_extras.layers.pooling._base import (
    GlobalPooling,
    Pooling,
    known_channels,
)


class _UnitInterval(keras.constraints.Constraint):
    """Keeps a weight in [0, 1]."""

    def __call__(self, w):
        return ops.clip(w, 0.0, 1.0)


class _Mixing(keras.layers.Layer):
    """The share of max pooling: its arguments, its weight or draw, its configuration.

    Args:
        share: the share of max pooling, in [0, 1]; the one to start with if it is learned.
        mixing: "layer" to learn one share, "channel" to learn one for each channel, both kept in
            [0, 1] (Lee et al.); "fixed" to leave it; "random" to draw max or average anew for
            every cell of the result in training, max with the probability `share`, and to
            return their expectation at inference (Yu et al.).
        seed: of the draws, an integer, or None to draw one.

    Call arguments:
        training: whether to draw, with mixing="random".
    """

    data_format: str

    def _set_mixing(self, share, mixing, seed):
        self.share: float = checks.fraction("share", share)
        self.mixing: Any = checks.one_of("mixing", mixing, ("fixed", "layer", "channel", "random"))
        self.seed: Any = seed
        if mixing == "random":
            self.seed_generator: SeedGenerator = SeedGenerator(seed)

    def build(self, input_shape: Shape) -> None:
        """Creates the shares that are learned."""
        if self.mixing in ("layer", "channel"):
            per_channel = self.mixing == "channel"
            channels = known_channels(input_shape, self.data_format) if per_channel else None
            self.shares: Any = self.add_weight(
                name="share",
                shape=(channels,) if per_channel else (),
                initializer=keras.initializers.Constant(self.share),
                constraint=_UnitInterval(),
                autocast=False,
            )
        self.built = True

    def _mixed(self, highest, average, training):
        """Returns a blend of two float32 tensors."""
        if self.mixing == "random" and training:
            drawn = keras.random.uniform(
                ops.shape(average), dtype="float32", seed=self.seed_generator
            )
            return ops.where(drawn < self.share, highest, average)
        share = self.share
        if self.mixing in ("layer", "channel"):
            share = ops.cast(self.shares, average.dtype)
        return share * highest + (1.0 - share) * average

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "share", "mixing", "seed")}


class _MixedPooling(_Mixing, Pooling):
    """Returns a blend of max and average pooling: `share * max + (1 - share) * average`.

    Args:
        padding: "valid" or "same"; cells of padding do not count.

    References:
        [Lee et al.](https://arxiv.org/abs/1509.08985), section 3.1;
        Yu et al., Mixed pooling for convolutional neural networks, RSKT 2014
    """

    example = "(2)(x)"

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        share: float = 0.5,
        mixing: str = "layer",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self._set_mixing(share, mixing, seed)

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        x, dtype = floats(x), x.dtype
        return ops.cast(self._mixed(self.highest(x), self.average(x), training), dtype)


class _GlobalMixedPooling(_Mixing, GlobalPooling):
    """Returns a blend of global max and average pooling.

    `share * max + (1 - share) * average` over all places.

    References:
        [Lee et al.](https://arxiv.org/abs/1509.08985), section 3.1
    """

    example = "()(x)"

    def __init__(
        self,
        data_format: str | None = None,
        keepdims: bool = False,
        share: float = 0.5,
        mixing: str = "layer",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self._set_mixing(share, mixing, seed)

    def reduce(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns `x` of shape `(batch, *spatial, channels)` with all spatial sizes 1."""
        x, dtype = floats(x), x.dtype
        highest = ops.max(x, axis=self.axes, keepdims=True)
        average = ops.mean(x, axis=self.axes, keepdims=True)
        return ops.cast(self._mixed(highest, average, training), dtype)


class _GatedPooling(Pooling):
    """Returns a blend of max and average pooling, with a share computed from each window.

    `g * max + (1 - g) * average` with `g = sigmoid(sum of w_i x_i)` over the window's cells.

    Args:
        padding: "valid" or "same"; cells of padding do not count.
        per_channel: whether every channel has a mask w of its own, or all share one.
        initializer: how the mask starts; with zeros, shares start at a half.
        regularizer: a penalty on the mask.

    References:
        [Lee et al.](https://arxiv.org/abs/1509.08985), section 3.2
    """

    example = "(2)(x)"

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        per_channel: bool = False,
        initializer: Maker = "zeros",
        regularizer: Maker | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)
        self.per_channel: bool = checks.boolean("per_channel", per_channel)
        self.initializer: Any = keras.initializers.get(initializer)
        self.regularizer: Any = keras.regularizers.get(regularizer)

    def build(self, input_shape: Shape) -> None:
        """Creates the gating mask."""
        channels = known_channels(input_shape, self.data_format) if self.per_channel else 1
        self.mask: Any = self.add_weight(
            name="mask",
            shape=(*self.pool_size, channels),
            initializer=self.initializer,
            regularizer=self.regularizer,
            autocast=False,
        )
        self.built = True

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        x, dtype = floats(x), x.dtype
        mask = ops.reshape(ops.cast(self.mask, x.dtype), (-1, self.mask.shape[-1]))
        gate = ops.sigmoid(sum(mask[i] * view for i, view in enumerate(self.windows(x))))
        return ops.cast(gate * self.highest(x) + (1.0 - gate) * self.average(x), dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "per_channel": self.per_channel,
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }


class MixedPooling1D(_MixedPooling, rank=1):
    pass


class MixedPooling2D(_MixedPooling, rank=2):
    pass


class MixedPooling3D(_MixedPooling, rank=3):
    pass


class GlobalMixedPooling1D(_GlobalMixedPooling, rank=1):
    pass


class GlobalMixedPooling2D(_GlobalMixedPooling, rank=2):
    pass


class GlobalMixedPooling3D(_GlobalMixedPooling, rank=3):
    pass


class GatedPooling1D(_GatedPooling, rank=1):
    pass


class GatedPooling2D(_GatedPooling, rank=2):
    pass


class GatedPooling3D(_GatedPooling, rank=3):
    pass
