"""What users' own layers of KerasCV call: factors and ranges of values."""

from typing import Any

from keras import ops

from keras_cv_extras.compat import _table
from keras_cv_extras.compat.keras_cv import core


def parse_factor(
    param: Any,
    min_value: float = 0.0,
    max_value: float | None = 1.0,
    param_name: str = "factor",
    seed: int | None = None,
) -> core.FactorSampler:
    """Returns the sampler that a factor stands for.

    Args:
        param: a sampler, a pair of ends, or a number for `(min_value, number)`.
        min_value: the smallest value that is taken.
        max_value: the largest value that is taken, or None.
        param_name: how errors call the factor.
        seed: of the sampler.

    Returns:
        The sampler.

    Raises:
        ValueError: an end is outside of the limits.

    Example:
        >>> parse_factor((0.2, 0.4)).interval()
        (0.2, 0.4)
    """
    if isinstance(param, core.FactorSampler):
        return param
    low, high = core.interval_of(param_name, param, min_value)
    if low < min_value or (max_value is not None and high > max_value):
        raise ValueError(f"{param_name} must be in [{min_value}, {max_value}], received {param}")
    return core.sampler_of((low, high), seed=seed)


def transform_value_range(
    images: Any, original_range: Any, target_range: Any, dtype: str = "float32"
) -> Any:
    """Returns images with values of one range in another.

    Args:
        images: of any shape.
        original_range: `(low, high)` of the images.
        target_range: `(low, high)` of the result.
        dtype: of the result.

    Returns:
        The images, of the same shape.

    Example:
        >>> round(float(transform_value_range(51.0, (0, 255), (0, 1))), 4)
        0.2
    """
    images = ops.cast(images, dtype)
    low, high = original_range
    new_low, new_high = target_range
    return (images - low) / (high - low) * (new_high - new_low) + new_low


__getattr__: _table.Load = _table.gone(__name__, "keras_cv.utils", {}, "preprocessing")
