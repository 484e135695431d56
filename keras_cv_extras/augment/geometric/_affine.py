"""Affine ops: shears, rotation, zoom, aspect, and all of them in one warp."""

from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks, random
from keras_cv_extras._base.exact import quotient, root
from keras_cv_extras._base.images.fill import Fill
from keras_cv_extras._base.images.fixed import (
    HALF,
    ONE,
    offset,
    rotation,
    round_half_up,
    times,
    times_half,
    to_fixed,
)
from keras_cv_extras._base.images.sampling import lookup_grid, warp
from keras_cv_extras._base.types import Color, Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range
from keras_cv_extras.augment.geometric._geometry import about_centre

_SMALLEST = 1e-6  # a factor below makes nothing smaller: there is but one pixel left


# The matrices for `warp`, of an image's sides and the op's numbers.


def _sheared_x(height, width, slope, key, **options):
    step, start = _shear(slope)
    return ONE, step, start, 0, ONE, HALF


def _sheared_y(height, width, slope, key, **options):
    step, start = _shear(slope)
    return ONE, 0, HALF, step, ONE, start


def _rotated(height, width, degrees, key, **options):
    turn = rotation(degrees)
    # The centre of the picture stays: c = W/2 - a W/2 - b H/2, and half a pixel to pixel centres.
    whole, small = times_half(turn, ops.convert_to_tensor([1 - width, 1 - height] * 2, "int32"))
    centre = ops.convert_to_tensor([width * HALF, height * HALF], "int32")
    starts = centre + whole[::2] + whole[1::2], small[::2] + small[1::2]
    (a, b, d, e), (c, f) = ops.unstack(to_fixed(turn), 4), ops.unstack(to_fixed(starts), 2)
    return a, b, c, d, e, f


def _zoomed(height, width, factor, key, **options):
    scale = _coefficient(quotient(1.0, ops.maximum(factor, _SMALLEST)), height, width)
    return about_centre(height, width, scale, 0, 0, scale)


def _stretched(height, width, ratio, key, **options):
    wider = root(ops.maximum(ratio, _SMALLEST))
    across, down = (_coefficient(number, height, width) for number in (quotient(1.0, wider), wider))
    return about_centre(height, width, across, 0, 0, down)


def _any_affine(
    height, width, amount, key, *, degrees, shift, scale, slope, shift_y=None, stretch=False,
    **options,
):  # fmt: skip
    draws = (random.of_key(key, 6 if stretch else 5) * 2.0 - 1.0) * amount
    angle, right, down, size, lean = (draws[number] for number in range(5))
    return _affine_matrix(
        height,
        width,
        _within(degrees, angle, amount),
        _within(shift, right, amount, ops.cast(width, "float32")),
        _within(shift if shift_y is None else shift_y, down, amount, ops.cast(height, "float32")),
        _scaled(scale, size, amount),
        _within(slope, lean, amount),
        _scaled(scale, draws[5], amount) if stretch else None,
    )


def _within(limits, draw, amount, side=1.0):
    """A number of a draw in [-amount, amount]: up to a limit either way, or between two."""
    if not isinstance(limits, Sequence):
        return draw * (limits * side)
    low, high = limits
    return draw * ((high - low) / 2 * side) + amount * ((low + high) / 2 * side)


def _scaled(scale, draw, amount):
    """A factor of a draw: as much smaller as larger, or between two limits."""
    if isinstance(scale, Sequence):
        return 1.0 + _within([limit - 1.0 for limit in scale], draw, amount)
    step = times(draw, scale)
    return ops.where(draw < 0, quotient(1.0, 1.0 - step), 1.0 + step)


def _check_limits(name, value):
    if isinstance(value, (tuple, list)):
        return checks.interval(name, value)
    if name != "shift_y" or value is not None:
        checks.number(name, value)
    return value


def _check_scale(name, value):
    if isinstance(value, (tuple, list)) and not min(value) > 0:
        raise ValueError(f"{name} must be above 0, received {value}")
    return _check_limits(name, value)


@image_op(
    strength=Range(0.0, 0.3, signed=True), pixels="moved", matrix=_sheared_x, key_for_fill=True
)
def shear_x(
    image: Tensor,
    slope: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Shears images along the horizontal axis, with the top left corner fixed.

    Args:
        slope: horizontal pixels for each vertical one; a number, or one per image. Row `y`
            shows what was `slope * y` pixels further right. 0 is the identity.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, slope, 0, 0, 1, 0))`.

    Example:
        >>> sheared = shear_x(images, 0.2)
    """
    height, width = ops.shape(image)[:2]
    matrix = _sheared_x(height, width, slope, key)
    return warp(image, matrix, Fill(fill_mode, fill, key), interpolation)


@image_op(
    strength=Range(0.0, 0.3, signed=True), pixels="moved", matrix=_sheared_y, key_for_fill=True
)
def shear_y(
    image: Tensor,
    slope: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Shears images along the vertical axis, with the top left corner fixed.

    Args:
        slope: vertical pixels for each horizontal one; a number, or one per image. Column `x`
            shows what was `slope * x` pixels further down. 0 is the identity.

    References:
        Pillow's `Image.transform(size, AFFINE, (1, 0, 0, slope, 1, 0))`.

    Example:
        >>> sheared = shear_y(images, 0.2, fill_mode="reflect")
    """
    height, width = ops.shape(image)[:2]
    matrix = _sheared_y(height, width, slope, key)
    return warp(image, matrix, Fill(fill_mode, fill, key), interpolation)


@image_op(
    strength=Range(0.0, 30.0, signed=True), pixels="moved", matrix=_rotated, key_for_fill=True
)
def rotate(
    image: Tensor,
    degrees: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Rotates images about their centre.

    Args:
        degrees: the angle, counter-clockwise; a number, or one per image. 0 is the identity.

    References:
        Pillow's `Image.rotate(degrees)`.

    Example:
        >>> rotated = rotate(images, 15.0, interpolation="bilinear")
        >>> each_its_own = rotate(images, np.linspace(-30, 30, len(images)))
    """
    height, width = ops.shape(image)[:2]
    matrix = _rotated(height, width, degrees, key)
    return warp(image, matrix, Fill(fill_mode, fill, key), interpolation)


@image_op(
    strength=Range(1.0, 1.5, signed=True, positive=True),
    pixels="moved",
    matrix=_zoomed,
    key_for_fill=True,
)
def zoom(
    image: Tensor,
    factor: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Makes what images show larger or smaller, about their centre.

    Args:
        factor: how many times as large; a number above 0, or one per image. 1 is the identity.

    References:
        Pillow's `Image.transform(size, AFFINE, ...)` with the scale `1 / factor`.

    Example:
        >>> larger = zoom(images, 1.25)
    """
    height, width = ops.shape(image)[:2]
    matrix = _zoomed(height, width, factor, key)
    return _stretch(image, matrix, Fill(fill_mode, fill, key), interpolation)


@image_op(
    strength=Range(1.0, 1.5, signed=True, positive=True),
    pixels="moved",
    matrix=_stretched,
    key_for_fill=True,
)
def aspect(
    image: Tensor,
    ratio: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Stretches images in one direction and shrinks them in the other, about their centre.

    Args:
        ratio: by how much the ratio of width to height grows, at the same area; a number above
            0, or one per image. 1 is the identity.

    Example:
        >>> stretched = aspect(images, 1.25)
    """
    height, width = ops.shape(image)[:2]
    matrix = _stretched(height, width, ratio, key)
    return _stretch(image, matrix, Fill(fill_mode, fill, key), interpolation)


@image_op(
    strength=Range(0.0, 1.0, least=0.0, most=1.0),
    pixels="moved",
    matrix=_any_affine,
    checks={
        **dict.fromkeys(("degrees", "shift", "shift_y", "slope"), _check_limits),
        "scale": _check_scale,
        "stretch": checks.boolean,
    },
)
def affine(
    image: Tensor,
    amount: Numbers,
    key: Numbers = 0,
    *,
    degrees: float | Sequence[float] = 30.0,
    shift: float | Sequence[float] = 0.1,
    scale: float | Sequence[float] = 0.2,
    slope: float | Sequence[float] = 0.2,
    shift_y: float | Sequence[float] | None = None,
    stretch: bool = False,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Rotates, moves, zooms and shears images at random, in one warp.

    One warp loses less than four, and is as fast as one. `warp_affine` takes the numbers
    themselves.

    Args:
        amount: the share of the largest changes, below, that may be drawn, in [0, 1]; a number,
            or one per image. 0 is the identity.
        degrees: the largest angle, either way; or a pair of the ends that it is drawn from, as
            of all below.
        shift: the furthest that images move, either way, as a fraction of the side.
        scale: images become larger or smaller by a factor of up to `1 + scale`. A pair has the
            smallest and the largest factor, which is drawn uniformly.
        slope: the steepest horizontal shear, either way.
        shift_y: likewise, how far down or up; None for `shift`.
        stretch: whether height and width are scaled by factors of their own.

    Example:
        >>> warped = affine(images, 0.5, key=np.arange(len(images)), interpolation="bilinear")
    """
    largest = {"degrees": degrees, "shift": shift, "scale": scale, "slope": slope}
    height, width = ops.shape(image)[:2]
    matrix = _any_affine(height, width, amount, key, **largest, shift_y=shift_y, stretch=stretch)
    return warp(image, matrix, Fill(fill_mode, fill, key), interpolation)


@image_op(pixels="moved", listed=False, key_for_fill=True)
def warp_affine(
    image: Tensor,
    degrees: Numbers = 0.0,
    shift_x: Numbers = 0.0,
    shift_y: Numbers = 0.0,
    factor: Numbers = 1.0,
    slope: Numbers = 0.0,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Shears, zooms, rotates and moves images, in this order about their centre, in one warp.

    Args:
        degrees: the angle, counter-clockwise; this and all below a number, or one per image.
        shift_x: pixels to the right.
        shift_y: pixels down.
        factor: how many times as large, above 0.
        slope: horizontal pixels to the right for each pixel down.

    Example:
        >>> warped = warp_affine(images, degrees=10.0, shift_x=2.0, factor=1.1)
    """
    height, width = ops.shape(image)[:2]
    matrix = _affine_matrix(height, width, degrees, shift_x, shift_y, factor, slope)
    return warp(image, matrix, Fill(fill_mode, fill, key), interpolation)


def _affine_matrix(height, width, degrees, shift_x, shift_y, factor, slope, factor_y=None):
    """The inverse of shear, zoom, rotation and shift: from the result back to the image."""
    turn = rotation(degrees)
    cos, sin = own = _zoomed_back(turn, factor)
    cos_y, sin_y = own if factor_y is None else _zoomed_back(turn, factor_y)
    # Unrotate, then unshear: what the rotation gives for x, less the slope times that for y.
    a, b = cos - times(slope, sin_y), -sin - times(slope, cos_y)
    x = offset(-times(a, shift_x) - times(b, shift_y))
    y = offset(-times(sin_y, shift_x) - times(cos_y, shift_y))
    coefficients = (_coefficient(number, height, width) for number in (a, b, sin_y, cos_y))
    a, b, c, d, e, f = about_centre(height, width, *coefficients)
    return a, b, c + x, d, e, f + y


def _zoomed_back(turn, factor):
    """The cosine and the sine of a rotation, over a factor."""
    factor = ops.maximum(factor, _SMALLEST)
    parts = ops.unstack(quotient(ops.cast(turn[0], "float32") + turn[1], factor * ONE), 4)
    return parts[0], parts[2]


def _coefficient(number, height, width):
    """A float32 in 1/65536, as small as sums over an image's sides need it."""
    longer = ops.cast(ops.maximum(height, width), "float32")
    limit = quotient(8192.0, longer)
    return round_half_up(ops.clip(number, -limit, limit) * ONE)


def _stretch(image, matrix, fill, interpolation):
    """Warps by a matrix that is diagonal."""
    height, width = ops.shape(image)[:2]
    a, _, c, _, e, f = matrix
    x = a * ops.arange(width, dtype="int32") + c
    y = e * ops.arange(height, dtype="int32") + f
    return lookup_grid(image, x, y, fill, interpolation)


def _shear(slope):
    """The step from row to row and the offset of the first, in 1/65536 pixel."""
    return round_half_up(slope * ONE), HALF + round_half_up(slope * HALF)
