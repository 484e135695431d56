"""Layers of KerasCV that no step of a policy stands for: what they do to a batch of images."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras.compat.keras_cv.core import interval_of


class Drawn(SameShape, keras.layers.Layer):
    """Base: draws for each image of a batch, in training only."""

    def __init__(self, seed: int | None) -> None:
        super().__init__(autocast=False)
        self.state = SeedGenerator(seed)
        self.built = True

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Augments images `(batch, height, width, channels)`, or one without the batch."""
        if not training:
            return images
        single = len(images.shape) == 3
        made = self.augment(images[None] if single else images)
        return made[0] if single else made

    def augment(self, images: Any) -> Any:
        """Returns the augmented batch."""
        raise NotImplementedError

    def uniform(self, images: Any, low: Any = 0.0, high: Any = 1.0) -> Any:
        """Returns a number for each image, `(batch, 1, 1, 1)`."""
        drawn = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), seed=self.state)
        return low + drawn * (high - low)


class Cutout(Drawn):
    """Fills a rectangle about a pixel that is drawn; what lies outside of the image is cut off.

    Args:
        height: ends of the height, as shares of that of the image.
        width: ends of the width, as shares of that of the image.
        fill: the value of the rectangle, or None for noise.
        seed: an integer, or None to draw one.

    Example:
        >>> layer = Cutout((0.5, 0.5), (0.5, 0.5), fill=0.0)
    """

    def __init__(
        self,
        height: tuple[float, float],
        width: tuple[float, float],
        fill: float | None,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.height, self.width, self.fill = height, width, fill

    def augment(self, images: Any) -> Any:
        """Returns the images with their rectangles."""
        inside = ops.logical_and(
            self._near(images, 1, self.height, (1, -1, 1, 1)),
            self._near(images, 2, self.width, (1, 1, -1, 1)),
        )
        if self.fill is None:
            filling = keras.random.normal(ops.shape(images), seed=self.state)
        else:
            filling = self.fill
        return ops.where(inside, filling, images)

    def _near(self, images, axis, share, shape):
        count = ops.cast(ops.shape(images)[axis], "float32")
        half = ops.ceil(self.uniform(images, *share) * count) / 2
        middle = ops.floor(self.uniform(images) * count)
        places = ops.reshape(ops.arange(ops.shape(images)[axis], dtype="float32"), shape)
        return ops.logical_and(places >= middle - half, places < middle + half)


class ChannelShuffle(Drawn):
    """Puts groups of neighbouring channels into a random order.

    Args:
        groups: how many groups; must divide the number of channels.
        seed: an integer, or None to draw one.

    Example:
        >>> layer = ChannelShuffle(3)
    """

    def __init__(self, groups: int, seed: int | None = None) -> None:
        super().__init__(seed)
        self.groups = groups

    def augment(self, images: Any) -> Any:
        """Returns the images with their channels in another order."""
        count = images.shape[-1]
        if count % self.groups:
            raise ValueError(
                f"groups must divide the number of channels, received {self.groups} and {count}"
            )
        draws = keras.random.uniform((ops.shape(images)[0], self.groups), seed=self.state)
        order, each = ops.argsort(draws, axis=-1), count // self.groups
        order = ops.cast(order, "int32")[:, :, None] * each + ops.arange(each, dtype="int32")
        order = ops.reshape(order, (-1, 1, 1, count))
        return ops.take_along_axis(images, ops.broadcast_to(order, ops.shape(images)), axis=-1)


def channel_shuffle(groups: int = 3, seed: int | None = None) -> Any:
    """Puts groups of channels into a random order."""
    return ChannelShuffle(groups, seed)


def random_cutout(
    height_factor: Any,
    width_factor: Any,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    seed: int | None = None,
) -> Any:
    """Fills a rectangle."""
    if fill_mode not in ("constant", "gaussian_noise"):
        raise ValueError(f"fill_mode must be constant or gaussian_noise, received {fill_mode!r}")
    height = interval_of("height_factor", height_factor, highest=1.0)
    width = interval_of("width_factor", width_factor, highest=1.0)
    return Cutout(height, width, fill_value if fill_mode == "constant" else None, seed)
