"""Differentiable augmentation of real and synthetic images alike, before the discriminator.

With few images a discriminator learns them by heart. If it only ever sees augmented ones, of
both kinds, it cannot, and since gradients go through the augmentation the generator still
learns to make images that are not augmented.

The kernels are those of `augment`: whole pixels moved by `lookup_grid`, squares filled by
`cutout`, colours blended by `blend`. They run vectorised over the batch, without the clipping
and the rounding of the published ops, through which no gradient goes.

References:
    [Zhao et al., Differentiable augmentation](https://arxiv.org/abs/2006.10738)
"""

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.exact import blend
from keras_cv_extras._base.images.fill import Fill
from keras_cv_extras._base.images.fixed import HALF, ONE
from keras_cv_extras._base.images.sampling import lookup_grid
from keras_cv_extras.augment import OPS

KINDS = ("color", "translation", "cutout")
NUM_DRAWS = 11  # random numbers of one image: eight amounts, and one coin for each kind

_SHIFT = 1 / 8  # of each side, the paper's
_HOLE = 1 / 2  # of the shorter side, the paper's


def check_kinds(name, value):
    """Returns `value`, kinds of augmentation, as a tuple; raises if one is not known."""
    kinds = (value,) if isinstance(value, str) else tuple(value or ())
    for kind in kinds:
        checks.one_of(name, kind, KINDS)
    return kinds


def diff_augment(images, draws, kinds=KINDS, *, rate=1.0):
    """Augments a batch, each image by its own random numbers; gradients go through.

    Args:
        images: `(batch, height, width, channels)` floats in [-1, 1], 1 or 3 channels. They are
            not clipped to it: a gradient would end there.
        draws: `(batch, NUM_DRAWS)` random numbers in [0, 1).
        kinds: some of "color" (brightness by up to a quarter of the range, saturation and
            contrast by factors up to 2 and from 0.5 to 1.5), "translation" (by up to an eighth
            of each side) and "cutout" (a square of half the shorter side, filled with 0).
        rate: the probability of each kind, a number or a scalar tensor in [0, 1].

    Returns:
        Images of the same shape and type.
    """
    kinds = check_kinds("kinds", kinds)
    if not kinds:
        return images
    on = ops.cast(draws[:, 8:11] < rate, images.dtype)  # of each kind
    if "color" in kinds:
        images = _colors(images, draws, on[:, 0])
    return ops.vectorized_map(lambda row: _one(*row, kinds=kinds), (images, draws, on))


def _colors(images, draws, on):
    """Changes brightness, saturation and contrast, in this order, as the authors' code does."""
    brightness, saturation, contrast = (
        ops.reshape(amount * on, (-1, 1, 1, 1))
        for amount in (draws[:, 0] - 0.5, draws[:, 1] * 2 - 1, draws[:, 2] - 0.5)
    )
    images = images + brightness
    if images.shape[-1] == 3:
        images = blend(ops.mean(images, axis=-1, keepdims=True), images, 1 + saturation)
    return blend(ops.mean(images, axis=(1, 2, 3), keepdims=True), images, 1 + contrast)


def _one(image, draws, on, *, kinds):
    """Moves one image and cuts a square out of it."""
    height, width, channels = image.shape
    nothing = Fill("constant", ops.zeros((channels,), image.dtype))
    if "translation" in kinds:
        # Whole pixels, all shifts up to an eighth of the side as likely.
        across, down = (
            ops.cast(on[1] * ops.floor((draw * 2 - 1) * most + draw), "int32")
            for draw, most in ((draws[3], _pixels(width)), (draws[4], _pixels(height)))
        )
        x, y = (
            (ops.arange(side, dtype="int32") + shift) * ONE + HALF
            for side, shift in ((width, across), (height, down))
        )
        image = lookup_grid(image, x, y, nothing)
    if "cutout" in kinds:
        size = on[2] * round(min(height, width) * _HOLE)
        image = OPS["cutout"].kernel(image, size, draws[5], draws[6], fill=nothing.colour)
    return image


def _pixels(side):
    return float(int(side * _SHIFT + 0.5))
