"""The grey version of colours, in the whole-number arithmetic of Pillow."""

from keras import backend, ops

from keras_cv_extras._base import engine

_WEIGHTS = (19595, 38470, 7471)  # ITU-R 601-2 in 1/65536; libImaging/Convert.c
_HALVINGS = 4  # after so many the rest is fast


def luma(image):
    """Returns the whole grey values of an image, `(..., 1)`, as Pillow converts RGB.

    They are uint16 for uint8 images, else float32.
    """
    values = bytes_or_floats(image)
    whole, channels = backend.standardize_dtype(values.dtype) == "uint8", channels_of(values)
    if len(channels) == 1:
        return ops.cast(image, "uint16") if whole else ops.floor(values)
    if whole:
        return mean_of_bytes(channels, [256 * weight for weight in _WEIGHTS])
    # Sums below 2**24 are exact in float32.
    parts = (weight * channel for weight, channel in zip(_WEIGHTS, channels, strict=True))
    return ops.floor((sum(parts) + 32768.0) * (1.0 / 65536.0))


def grey_rows(rows):
    """Returns the luma of uint8 RGB images in all of their channels; both as rows of values."""

    def spread(pixels):
        # The minimum is always the luma. A loop that stores one byte three times would become
        # a `memset` of three bytes for every pixel, which takes ten times as long.
        grey = ops.minimum(luma(pixels), ops.cast(rejoined(pixels), "uint16") + 255)
        return ops.cast(grey, "uint8")

    return ops.reshape(engine.kept(spread, pixels_of_rows(rows, 3)), ops.shape(rows))


def mean_luma(image):
    """Returns the mean of the luma of every image, rounded, as float32 `(..., 1, 1, 1)`."""
    height, width = ops.shape(image)[-3:-1]
    count, total = ops.cast(height * width, "int32"), _total(luma(image))
    # int(mean + 0.5) in whole numbers: a float32 does not hold the sum of a large picture.
    return ops.cast(total // count + ops.cast(total % count * 2 >= count, "int32"), "float32")


def pixels_of_rows(rows, channels):
    """Returns rows of values, `(batch, values)`, as images of one row of pixels."""
    return ops.reshape(rows, (ops.shape(rows)[0], 1, -1, channels))


def mean_of_bytes(parts, weights, more=0):
    """Returns the mean of uint8 tensors, rounded, as uint16.

    Exact, in 16 bits, of which an instruction takes twice as many numbers as of 32: the bytes of
    a weight are multiplied one by one.

    Args:
        parts: uint8 tensors.
        weights: for each an integer or an int32 tensor, in 1 / 2**24. Their sum is 2**24, and
            that of their lowest bytes at most 256, as of the bytes in the middle.
        more: what is added to the mean before halves are rounded up, in 1 / 2**16.
    """
    total = [0, more, 128]
    for part, weight in zip(parts, weights, strict=True):
        part = ops.cast(part, "uint16")
        for place, byte in enumerate(_bytes_of(weight)):
            if not isinstance(byte, int) or byte > 0:
                total[place] = total[place] + byte * part
    low, middle, high = total
    return _above(high + _above(middle + _above(low)))


def _above(number):
    """What is above the lowest byte, of a number that is known or a tensor."""
    return number >> 8 if isinstance(number, int) else ops.right_shift(number, 8)


def _bytes_of(weight):
    """The lowest byte of a weight, the one in the middle, and what is above."""
    masks = 0xFF, 0xFF, 0x1FF
    if isinstance(weight, int):  # known, and no step of a program
        return [weight >> 8 * place & mask for place, mask in enumerate(masks)]
    return [
        ops.cast(ops.bitwise_and(ops.right_shift(weight, 8 * place), mask), "uint16")
        for place, mask in enumerate(masks)
    ]


def bytes_or_floats(image):
    """Returns a uint8 image as it is, of which an instruction takes most; others as float32."""
    whole = backend.standardize_dtype(image.dtype) == "uint8"
    return image if whole else ops.cast(image, "float32")


def channels_of(image):
    """Returns the channels of an image, each `(..., 1)`."""
    return ops.split(image, image.shape[-1], axis=-1)


def rejoined(image):
    """Returns an image of three channels as it is, read as its `channels_of` are.

    A compiled loop that also reads pixels whole takes their channels apart twice, and the last
    pixels of every row one by one.
    """
    red, green, blue = channels_of(image)
    channel = ops.arange(3, dtype="int32")
    return ops.where(channel == 0, red, ops.where(channel == 1, green, blue))


def _total(values):
    """The sums of whole numbers in [0, 255] over the last three axes, int32.

    Halves of 16 bits are added first, which a compiler makes fast. The value in the middle of an
    odd number is in both.
    """
    axes, twice = (-3, -2, -1), 0
    if backend.standardize_dtype(values.dtype) == "uint16" and not engine.is_vectorized():
        values = ops.reshape(values, (*ops.shape(values)[:-3], 1, 1, -1))
        for _ in range(_HALVINGS if values.shape[-1] is not None else 0):
            first, second = engine.halves(values, -1)
            if values.shape[-1] % 2:
                twice = twice + ops.cast(second[..., :1], "int32")
            values = first + second
    return ops.sum(ops.cast(values, "int32"), axis=axes, keepdims=True) - twice
