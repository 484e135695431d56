"""Images of any range of values on [0, 255], where all kernels work, and back again."""

from keras import backend, ops


def to_pixel_range(images, value_range):
    """Returns images of a range of values on [0, 255].

    Raises:
        ValueError: if they are integers, and the range is another one.
    """
    low, high = value_range
    if (low, high) == (0, 255):
        return images
    if not backend.is_float_dtype(backend.standardize_dtype(images.dtype)):
        raise ValueError(
            f"integer images have the value_range (0, 255), this policy has {value_range}"
        )
    return (ops.cast(images, "float32") - low) * (255.0 / (high - low))


def from_pixel_range(images, value_range, dtype):
    """Returns images on [0, 255] in their own range and type again."""
    low, high = value_range
    if (low, high) == (0, 255):
        return images
    return ops.cast(images / (255.0 / (high - low)) + low, dtype)
