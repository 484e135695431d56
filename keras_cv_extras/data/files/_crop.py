"""Boxes that are drawn before a file is decoded, so that only they are."""

import dataclasses
import types
from typing import Any

import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.images.boxes import draw_box
from keras_cv_extras._base.random import CROP_SLOT
from keras_cv_extras._base.types import Interval, Tensor
from keras_cv_extras.data._order import uniform

# What `draw_box` needs, for tensors of TensorFlow whatever the backend.
_LIBRARY: Any = types.SimpleNamespace(
    cast=tf.cast,
    clip=tf.clip_by_value,
    convert_to_tensor=tf.convert_to_tensor,
    expand_dims=tf.expand_dims,
    floor=tf.floor,
    minimum=tf.minimum,
    sqrt=tf.sqrt,
    sum=tf.reduce_sum,
    take=tf.gather,
)


@dataclasses.dataclass(frozen=True)
class RandomResizedCrop:
    """A box of random area and aspect ratio, drawn anew for every file in every epoch.

    `image_files(..., crop=RandomResizedCrop())` decodes the box alone, where the format allows
    it, and resizes it, antialiased. The layer of the same name cuts images that are decoded.

    Args:
        scale: the smallest and the largest share of the image's area, in (0, 1].
        ratio: the smallest and the largest width over height, in pixels.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842) section 6. Aspect ratios
        are drawn on a logarithmic scale among those with which the box fits.

    Example:
        >>> RandomResizedCrop(scale=(0.25, 1.0)).ratio
        (0.75, 1.3333333333333333)
    """

    scale: Interval = (0.08, 1.0)
    ratio: Interval = (3 / 4, 4 / 3)

    def __post_init__(self) -> None:
        scale = checks.interval("scale", tuple(self.scale), low=0.0, high=1.0)
        ratio = checks.interval("ratio", tuple(self.ratio))
        for name, (low, high) in (("scale", scale), ("ratio", ratio)):
            if not 0 < low <= high:
                raise ValueError(
                    f"{name} must be two numbers above 0, the smaller first, received {low, high}"
                )
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "ratio", ratio)

    def box(self, size: Tensor, *, seed: int, epoch: Tensor, sample: Tensor) -> Tensor:
        """Draws the box of a sample: a function of the seed, the epoch and the sample alone.

        Args:
            size: `(2,)` integers, height and width of the image in pixels; `(n, 2)` of several.
            seed: an integer.
            epoch: an integer or integer scalar tensor.
            sample: likewise, the number of the sample; `(n,)` of several.

        Returns:
            `(4,)` int32: first row, first column, height and width; `(n, 4)` of several.

        Example:
            >>> RandomResizedCrop().box((375, 500), seed=1, epoch=0, sample=7).numpy()
        """
        height, width = tf.unstack(tf.cast(size, tf.int32), axis=-1)
        slots = CROP_SLOT + tf.range(4, dtype=tf.int64)
        share, *draws = tf.unstack(uniform(seed, epoch, tf.expand_dims(sample, -1), slots), axis=-1)
        low, high = self.scale
        area = low + (high - low) * share
        return tf.stack(draw_box(height, width, area, self.ratio, draws, _LIBRARY), axis=-1)
