"""How far apart two images are: mean absolute difference in shares of the value range."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Config, Interval, Tensor
from keras_cv_extras.metrics import _base


def image_mean_absolute_error(
    images_a: Tensor, images_b: Tensor, *, value_range: Interval = (0, 255)
) -> Tensor:
    """Returns the mean absolute difference of images, as a share of the value range.

    The mean is over height, width and channels: white against black is 1 in grey and in colour.
    Integer images are converted first, so that no difference wraps around. Differentiable; the
    gradient of a pixel without a difference is 0.

    Args:
        images_a: `(batch, height, width, channels)` or one image `(height, width, channels)`,
            integers or floats; the layout of the channels does not matter.
        images_b: the same.
        value_range: the least and the greatest value of a pixel.

    Returns:
        `(batch,)`, or a scalar for one image: float32 (float64 for float64 images), in [0, 1] for
        images within the range.

    Raises:
        ValueError: if the shapes differ or are not those of images, or the range is empty.

    Example:
        >>> image_mean_absolute_error(np.zeros((1, 2, 2, 1)), np.full((1, 2, 2, 1), 51.0))
    """
    low, high = checks.rising("value_range", value_range)
    images_a, images_b = ops.convert_to_tensor(images_a), ops.convert_to_tensor(images_b)
    shape_a, shape_b = tuple(images_a.shape), tuple(images_b.shape)
    if len(shape_a) not in (3, 4) or len(shape_a) != len(shape_b) or _differ(shape_a, shape_b):
        raise ValueError(
            "images must be two of the same shape, (batch, height, width, channels) or (height, "
            f"width, channels), received {shape_a} and {shape_b}"
        )
    types = {keras.backend.standardize_dtype(images.dtype) for images in (images_a, images_b)}
    dtype = "float64" if "float64" in types else "float32"
    differences = ops.abs(ops.cast(images_a, dtype) - ops.cast(images_b, dtype))
    return ops.mean(differences, axis=(-3, -2, -1)) / (high - low)


@_base.registered
class ImageMeanAbsoluteError(_base.Accumulator):
    """The mean of `image_mean_absolute_error` over all images; 0 before the first one.

    Args:
        value_range: the least and the greatest value of a pixel.
        name: the name of the metric.
        dtype: the type of the result; float64 counts in float64 too.

    Example:
        >>> autoencoder.compile("adam", "mse", metrics=[ImageMeanAbsoluteError((0, 1))])
    """

    def __init__(
        self,
        value_range: Interval = (0, 255),
        name: str = "image_mean_absolute_error",
        dtype: Any | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._direction = "down"
        self.value_range: tuple[float, float] = checks.rising("value_range", value_range)
        self.total: Any = self.add_sum((), "total")
        self.weight: Any = self.add_sum((), "weight")

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: `(batch, height, width, channels)`.
            y_pred: the same.
            sample_weight: `(batch,)`, `(batch, 1)` or a number.
        """
        errors = image_mean_absolute_error(y_true, y_pred, value_range=self.value_range)
        if len(errors.shape) != 1:
            raise ValueError(
                "y_pred must hold a batch of images (batch, height, width, channels), received "
                "one image: add the axis of the batch"
            )
        errors = ops.cast(errors, self.sum_dtype)
        weights = _base.batch_weights(sample_weight, errors)
        self.total.assign_add(ops.sum(weights * errors))
        self.weight.assign_add(ops.sum(weights))

    def result(self) -> Tensor:
        """Returns the weighted mean so far."""
        return self.as_result(_base.divide(self.total, self.weight))

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "value_range": self.value_range}


def _differ(shape_a, shape_b):
    """Whether two sizes that are known differ."""
    return any(
        None not in pair and pair[0] != pair[1] for pair in zip(shape_a, shape_b, strict=True)
    )
