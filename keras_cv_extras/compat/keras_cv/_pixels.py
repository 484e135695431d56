"""Layers of KerasCV whose values stay as they are computed, where the library's ops round."""

from collections.abc import Iterable
from typing import Any

from keras import ops

from keras_cv_extras.compat.keras_cv._drawn import Drawn
from keras_cv_extras.compat.keras_cv.core import interval_of

#: The weights of red, green and blue in `tf.image.rgb_to_grayscale`.
_GREY = (0.2989, 0.5870, 0.1140)


def _grey(images):
    return ops.sum(images * ops.convert_to_tensor(_GREY, images.dtype), axis=-1, keepdims=True)


class AutoContrast(Drawn):
    """Stretches every channel to the whole range; a channel of one value stays.

    Args:
        value_range: the range of the images' values.

    Example:
        >>> layer = AutoContrast((0, 255))
    """

    def __init__(self, value_range: tuple[float, float]) -> None:
        super().__init__(None)
        self.low, self.high = value_range

    def augment(self, images: Any) -> Any:
        """Returns the stretched images."""
        least = ops.min(images, axis=(1, 2), keepdims=True)
        span = ops.max(images, axis=(1, 2), keepdims=True) - least
        share = (images - least) / ops.where(span > 0, span, 1.0)
        return ops.where(span > 0, share * (self.high - self.low) + self.low, images)


class Grey(Drawn):
    """Takes the colour away, in training and at inference.

    Args:
        channels: of the result, 1 or 3.

    Example:
        >>> layer = Grey(1)
    """

    def __init__(self, channels: int) -> None:
        super().__init__(None)
        self.channels = channels

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Returns the brightness of the images."""
        grey = _grey(images)
        return grey if self.channels == 1 else ops.repeat(grey, 3, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the images, with their channels."""
        return (*input_shape[:-1], self.channels)


class Degenerate(Drawn):
    """Blends each image with its brightness.

    Args:
        factor: ends of the share of the brightness, in [0, 1].
        seed: an integer, or None to draw one.

    Example:
        >>> layer = Degenerate((0.2, 0.4))
    """

    def __init__(self, factor: tuple[float, float], seed: int | None = None) -> None:
        super().__init__(seed)
        self.factor = factor

    def augment(self, images: Any) -> Any:
        """Returns the blended images."""
        return images + self.uniform(images, *self.factor) * (_grey(images) - images)


class _Ranged(Drawn):
    """Base of what a drawn factor changes, and whose results stay within a range."""

    def __init__(
        self,
        factor: tuple[float, float],
        value_range: tuple[float, float],
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.factor, self.range = factor, value_range


class Sharpness(_Ranged):
    """Blends each image with a smoothed one; the border stays.

    Args:
        factor: ends of the share of the smoothed image, in [0, 1].
        value_range: the range of the images' values.
        seed: an integer, or None to draw one.

    Example:
        >>> layer = Sharpness((0.5, 0.5), (0, 255))
    """

    def augment(self, images: Any) -> Any:
        """Returns the blended images."""
        middle = images[:, 1:-1, 1:-1]
        rows, columns = ops.shape(middle)[1:3]
        around = sum(images[:, y : y + rows, x : x + columns] for y in range(3) for x in range(3))
        smooth = (around + 4 * middle) / 13
        smooth = ops.clip(smooth, *self.range)
        change = self.uniform(images, *self.factor) * (smooth - middle)
        return images + ops.pad(change, ((0, 0), (1, 1), (1, 1), (0, 0)))


class Contrast(_Ranged):
    """Moves the values of each channel away from the channel's mean, or towards it.

    Args:
        factor: ends of what distances from the mean are multiplied by.
        value_range: the range of the images' values.
        seed: an integer, or None to draw one.

    Example:
        >>> layer = Contrast((0.5, 1.5), (0, 255))
    """

    def augment(self, images: Any) -> Any:
        """Returns the images with another contrast."""
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        made = mean + self.uniform(images, *self.factor) * (images - mean)
        return ops.clip(made, *self.range)


class InOrder(Drawn):
    """Applies layers one after another.

    Args:
        layers: layers that keep the size of images.

    Example:
        >>> layer = InOrder([Grey(3)])
    """

    def __init__(self, layers: Iterable[Any]) -> None:
        super().__init__(None)
        self.layers = list(layers)

    def augment(self, images: Any) -> Any:
        """Returns what the last layer gives."""
        for layer in self.layers:
            images = layer(images, training=True)
        return images


class GaussianBlur(Drawn):
    """Blurs each image by a Gaussian kernel; beyond the border lie zeros.

    Args:
        size: width and height of the kernel.
        factor: ends of the standard deviation, in pixels.
        seed: an integer, or None to draw one.

    Example:
        >>> layer = GaussianBlur((3, 3), (0.5, 1.0))
    """

    def __init__(
        self, size: tuple[int, int], factor: tuple[float, float], seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.size, self.factor = size, factor

    def augment(self, images: Any) -> Any:
        """Returns the blurred images."""
        sigma = ops.maximum(self.uniform(images, *self.factor), 1e-7)
        for axis, count in ((2, self.size[0]), (1, self.size[1])):
            images = self._along(images, axis, count, sigma)
        return images

    def _along(self, images, axis, count, sigma):
        before, length = (count - 1) // 2, ops.shape(images)[axis]
        places = [place - before for place in range(count)]
        weights = [ops.exp(-(place**2) / (2 * ops.square(sigma))) for place in places]
        total = sum(weights)
        pads = [(0, 0)] * 4
        pads[axis] = (before, count - 1 - before)
        padded = ops.pad(images, pads)
        made = 0.0
        for start, weight in enumerate(weights):
            part = (
                padded[:, start : start + length]
                if axis == 1
                else padded[:, :, start : start + length]
            )
            made = made + weight / total * part
        return made


def auto_contrast(value_range: Any, seed: int | None = None) -> Any:
    """Stretches every channel to the whole range."""
    del seed
    return AutoContrast(tuple(value_range))


def grayscale(output_channels: int = 1) -> Any:
    """Takes the colour away."""
    if output_channels not in (1, 3):
        raise ValueError(f"output_channels must be 1 or 3, received {output_channels}")
    return Grey(output_channels)


def random_color_degeneration(factor: Any, seed: int | None = None) -> Any:
    """Blends with grey."""
    return Degenerate(interval_of("factor", factor, highest=1.0), seed)


def random_sharpness(factor: Any, value_range: Any, seed: int | None = None) -> Any:
    """Blends with a smoothed image."""
    return Sharpness(interval_of("factor", factor, highest=1.0), tuple(value_range), seed)


def random_contrast(value_range: Any, factor: Any, seed: int | None = None) -> Any:
    """Moves levels away from the mean, or towards it."""
    below, above = (factor, factor) if isinstance(factor, (int, float)) else tuple(factor)
    return Contrast((1 - below, 1 + above), tuple(value_range), seed)


def random_gaussian_blur(
    kernel_size: int | Iterable[int], factor: Any, seed: int | None = None
) -> Any:
    """Blurs by a Gaussian kernel."""
    size: Any = (kernel_size,) * 2 if isinstance(kernel_size, int) else tuple(kernel_size)
    return GaussianBlur(size, interval_of("factor", factor), seed)
