"""Ops that shuffle, shift or drop whole channels."""

from keras import ops

from keras_cv_extras._base.exact import product
from keras_cv_extras._base.random import of_key, order_of_key
from keras_cv_extras._base.types import Color, Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range


@image_op(pixels="moved", cheap=True)
def channel_shuffle(image: Tensor, key: Numbers = 0) -> Tensor:
    """Puts the channels into a random order.

    Args:
        key: an integer in [0, 2**24), or one per image; all orders are equally likely, that of
            the image included.

    Example:
        >>> shuffled = channel_shuffle(images, key=7)
    """
    channels = image.shape[-1]
    source = order_of_key(key, channels)
    result = ops.broadcast_to(image[..., :1], ops.shape(image))
    for channel in range(1, channels):
        result = ops.where(source == channel, image[..., channel : channel + 1], result)
    return result


@image_op(strength=Range(0.0, 51.0), pixels="rounded", cheap=True)
def channel_shift(image: Tensor, limit: Numbers, key: Numbers = 0) -> Tensor:
    """Adds a random number to every channel.

    Args:
        limit: the numbers lie in [-limit, limit]; a number, or one per image. 0 is the identity.
        key: an integer in [0, 2**24), or one per image; another key gives other numbers.

    Returns:
        Images of the same shape and type, clipped to [0, 255]; integers are rounded.

    Example:
        >>> shifted = channel_shift(images, 20.0, key=7)
    """
    return image + product(limit, 2.0 * of_key(key, image.shape[-1]) - 1.0)


@image_op(pixels="moved", cheap=True)
def channel_dropout(image: Tensor, key: Numbers = 0, *, fill: Color = 0) -> Tensor:
    """Fills one of the channels, drawn at random.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, integer or
            float, values in [0, 255]. Images of one channel do not change.
        key: an integer in [0, 2**24), or one per image; another key may draw another channel.
        fill: what it is filled with, in [0, 255]; a number, or one per channel.

    Example:
        >>> dropped = channel_dropout(images, key=np.arange(len(images)))
    """
    channels = image.shape[-1]
    if channels == 1:
        return image
    dropped = ops.cast(ops.floor(of_key(key, 1) * channels), "int32")
    return ops.where(
        ops.arange(channels, dtype="int32") == dropped, ops.cast(fill, image.dtype), image
    )
