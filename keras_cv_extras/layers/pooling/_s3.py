"""S3Pool: dense maxima, then rows and columns drawn at random."""

import keras
from keras import ops

from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.layers.pooling._base import DrawnPooling


class _S3Pooling(DrawnPooling):
    """Returns dense maxima at randomly drawn rows and columns: stochastic spatial sampling.

    The maxima of the windows at every place are divided into strips of `strides` rows, and into
    strips of as many columns. In training one row of each strip and one column of each strip is
    drawn, the same for all images and channels of a batch. At inference every block of rows and
    columns gives its average, which is the expectation of the draws. Only a few integers are
    drawn: the cheapest of the stochastic poolings.

    Args:
        strides: the size of the strips, an integer or one per spatial axis; None for `pool_size`.
        padding: "valid" or "same", as of Keras' max pooling; a last strip may be smaller.

    References:
        [S3Pool](https://arxiv.org/abs/1611.05138)
    """

    example = "(2)(x, training=True)"

    def pool(self, x: Tensor, training: bool | None) -> Tensor:
        """Returns the pooled `x` of shape `(batch, *spatial, channels)`."""
        # TensorFlow has no kernel on the CPU for volumes of half precision.
        dense = self.highest(floats(x), strides=1)
        if not training:
            return ops.cast(self._averages(dense), x.dtype)
        for axis, step in enumerate(self.strides, start=1):
            size = ops.shape(dense)[axis]
            starts = step * ops.arange(-(-size // step), dtype="int32")
            length = ops.minimum(size - starts, step)
            drawn = keras.random.uniform(
                ops.shape(starts), dtype="float32", seed=self.seed_generator
            )
            drawn = ops.cast(ops.floor(drawn * ops.cast(length, "float32")), "int32")
            dense = ops.take(dense, starts + drawn, axis=axis)
        return ops.cast(dense, x.dtype)

    def _averages(self, x):
        """Returns the average of every block, of fewer cells at the end."""
        sums = []
        for tensor in (x, ops.ones_like(x[:1, ..., :1])):
            for axis, step in enumerate(self.strides, start=1):
                missing = -ops.shape(tensor)[axis] % step
                shape = list(ops.shape(tensor))
                shape[axis] = missing
                if not isinstance(missing, int) or missing > 0:
                    zeros = ops.zeros(shape, dtype=tensor.dtype)
                    tensor = ops.concatenate([tensor, zeros], axis=axis)
            sums.append(
                ops.average_pool(tensor, self.strides, self.strides, "valid", "channels_last")
            )
        return sums[0] / sums[1]


class S3Pooling1D(_S3Pooling, rank=1):
    pass


class S3Pooling2D(_S3Pooling, rank=2):
    pass


class S3Pooling3D(_S3Pooling, rank=3):
    pass
