"""Ops that bend images: perspective, elastic deformation, a distorted grid."""

from keras import ops

from keras_cv_extras._base import checks, engine, random
from keras_cv_extras._base.exact import quotient
from keras_cv_extras._base.images.fill import Fill
from keras_cv_extras._base.images.fixed import HALF, ONE, round_half_up, times
from keras_cv_extras._base.images.sampling import lookup, lookup_grid
from keras_cv_extras._base.types import Color, Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range

_WHOLE = 1 << 18  # perspective: the unit of the homography, in which 4096 pixels fit an int32
_FINE = 1 << 12  # elastic: the unit of weights and displacements; 12 bits by 12 bits are exact


def _check_cells(name, value):
    return checks.integer(name, value, minimum=1)


@image_op(strength=Range(0.0, 0.5, least=0.0, most=1.0), pixels="moved")
def perspective(
    image: Tensor,
    distortion: Numbers,
    key: Numbers = 0,
    *,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Shows images as if seen from aside: moves the four corners, and all between with them.

    Args:
        distortion: how far each corner of the result may lie from that of the image, in either
            direction, as a fraction of half the side, in [0, 1]; a number, or one per image.
            0 is the identity. Above 0.5 a draw may fold the picture, most of which is then fill.

    References:
        Heckbert, Fundamentals of texture mapping and image warping, 1989, section 2.2.3: the
        projective map of the unit square to any four corners.

    Example:
        >>> tilted = perspective(images, 0.3, key=7)
    """
    height, width = ops.shape(image)[:2]
    draws = times(random.of_key(key, 8) - 0.5, distortion)
    x = times(draws[:4], ops.cast(width, "float32")) + _corners(width, (0, 1, 1, 0))
    y = times(draws[4:], ops.cast(height, "float32")) + _corners(height, (0, 0, 1, 1))
    return projective_warp(
        image, homography(x, y, height, width), Fill(fill_mode, fill, key), interpolation
    )


def _corners(side, where):
    return ops.cast(ops.convert_to_tensor(where, "int32") * side, "float32")


def homography(x, y, height, width):
    """Returns the map of an image's rectangle to four corners.

    Args:
        x: `(4,)`, horizontal positions of the corners in pixels, from the top left clockwise.
        y: `(4,)`, vertical positions.
        height: of the rectangle.
        width: of the rectangle.

    Returns:
        Eight int32 scalars `(a, b, c, d, e, f, g, h)`: `((a x + b y + c) / w,
        (d x + e y + f) / w)` with `w = g x + h y + 262144` is where the point `(x, y)` of the
        rectangle lies, in pixels.
    """
    x0, x1, x2, x3 = (x[i] for i in range(4))
    y0, y1, y2, y3 = (y[i] for i in range(4))
    sum_x, sum_y = (x0 - x1) + (x2 - x3), (y0 - y1) + (y2 - y3)
    right_x, right_y, down_x, down_y = x1 - x2, y1 - y2, x3 - x2, y3 - y2
    area = times(right_x, down_y) - times(down_x, right_y)
    area = ops.where(ops.abs(area) < 1e-3, 1e-3, area)  # three corners on a line
    g = quotient(times(sum_x, down_y) - times(down_x, sum_y), area)
    h = quotient(times(right_x, sum_y) - times(sum_x, right_y), area)
    over_x, over_y = (ops.cast(side, "float32") for side in (width, height))
    numbers = (
        quotient((x1 - x0) + times(g, x1), over_x),
        quotient((x3 - x0) + times(h, x3), over_y),
        x0,
        quotient((y1 - y0) + times(g, y1), over_x),
        quotient((y3 - y0) + times(h, y3), over_y),
        y0,
        quotient(g, over_x),
        quotient(h, over_y),
    )
    # No term may leave an int32 on the way over the image.
    longest = ops.maximum(over_x, over_y)
    limit = quotient(1024.0, longest)
    limits = [limit, limit, 1024.0] * 2 + [limit] * 2
    return [
        round_half_up(ops.clip(number, -limit, limit) * _WHOLE)
        for number, limit in zip(numbers, limits, strict=True)
    ]


def projective_warp(image, coefficients, fill, interpolation):
    """Looks up every pixel of the result where a `homography` points."""
    height, width = ops.shape(image)[:2]
    a, b, c, d, e, f, g, h = coefficients
    # Twice the centres of pixels, which are whole numbers; so are all terms then.
    x = ops.arange(width, dtype="int32")[None, :]
    y = ops.arange(height, dtype="int32")[:, None]
    x_part, y_part, depth = (
        p * x + q * y + r + ops.right_shift(p + q, 1)
        for p, q, r in ((a, b, c), (d, e, f), (g, h, _WHOLE))
    )
    # `quotient` rounds alike everywhere. Behind the horizon there is nothing.
    depth = ops.cast(depth, "float32")
    visible = depth >= 1.0
    depth = ops.maximum(depth, 1.0)
    limit = 16384.0
    source_x, source_y = (
        ops.cast(
            ops.floor(ops.clip(quotient(ops.cast(part, "float32"), depth), -limit, limit) * ONE),
            "int32",
        )
        for part in (x_part, y_part)
    )
    far = ops.broadcast_to(ops.cast(-limit * ONE, "int32"), ops.shape(source_x))
    source_x = ops.where(visible, source_x, far)
    return lookup(image, source_x, source_y, fill, interpolation)


@image_op(strength=Range(0.0, 0.1, unit="shorter"), pixels="moved", checks={"cells": _check_cells})
def elastic(
    image: Tensor,
    pixels: Numbers,
    key: Numbers = 0,
    *,
    cells: int = 6,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Bends images by a smooth random field of displacements.

    The field is a cubic B-spline over a grid of random vectors. It is much like noise blurred
    by a Gaussian whose standard deviation is `1 / sqrt(3)` of a cell, and never longer than
    said.

    Args:
        pixels: the largest displacement along each axis; a number, or one per image. 0 is the
            identity.
        cells: how many cells of the grid a side has: more make finer waves.

    References:
        Simard et al., Best practices for convolutional neural networks, ICDAR 2003. The spline:
        Rueckert et al., Nonrigid registration using free-form deformations, 1999.

    Example:
        >>> bent = elastic(images, 2.0, key=7)
    """
    height, width = ops.shape(image)[:2]
    x_field, y_field = elastic_field(key, cells, height, width)
    size = ops.cast(ops.minimum(height, width), "float32")
    pixels = ops.clip(pixels, -size, size) * (ONE / _FINE)
    x = ops.arange(width, dtype="int32")[None, :] * ONE + HALF + round_half_up(x_field * pixels)
    y = ops.arange(height, dtype="int32")[:, None] * ONE + HALF + round_half_up(y_field * pixels)
    return lookup(image, x, y, Fill(fill_mode, fill, key), interpolation)


def elastic_field(key, cells, height, width):
    """Returns two fields `(height, width)` of whole numbers within 4096 of 0, as float32."""
    knots = cells + 3
    draws = random.of_key(key, 2 * knots * knots)
    draws = ops.reshape(ops.floor(draws * (2 * _FINE + 1)) - _FINE, (2, knots, knots))
    across = ops.transpose(_spline_weights(width, cells))
    down = _spline_weights(height, cells)
    # Each product is of 12 bits by 12 bits, and its sums no larger: exact in any order, by a
    # product of matrices that keeps 24 bits on every device.
    return [
        ops.floor(
            engine.matmul(ops.floor(engine.matmul(down, draws[axis]) / _FINE + 0.5), across) / _FINE
            + 0.5
        )
        for axis in (0, 1)
    ]


def _spline_weights(length, cells):
    """Weights `(length, cells + 3)` of a cubic B-spline's knots at an axis' pixels, in 1/4096.

    They are whole and sum to 4096, so that no field leaves the range of its knots.
    """
    cell, inside = _cell(length, cells)
    t = (inside * 512) // length  # in 1/1024 of a cell: its cube fits an int32
    square, cube = t * t, t * t * t
    first = _sixth((1024 - t) * (1024 - t) * (1024 - t), 18)
    second = _sixth((4 << 28) - 6 * ops.left_shift(square, 8) + 3 * ops.right_shift(cube, 2), 16)
    last = _sixth(cube, 18)
    weights = (first, second, _FINE - first - second - last, last)
    knot = ops.arange(cells + 3, dtype="int32")[None, :] - cell[:, None]
    return sum(
        ops.where(ops.equal(knot, place), ops.cast(weight, "float32")[:, None], 0.0)
        for place, weight in enumerate(weights)
    )


def _sixth(number, bits):
    """A sixth of a whole number in 1/4096, for one in 2 ** -(12 + bits)."""
    unit = 6 << bits
    return (number + unit // 2) // unit


def _cell(length, cells):
    """The cell that each pixel's centre is in, and where in it, in 1 / (2 length)."""
    place = (2 * ops.arange(length, dtype="int32") + 1) * cells
    cell = place // (2 * length)
    return cell, place - 2 * length * cell


@image_op(strength=Range(0.0, 0.5), pixels="moved", checks={"cells": _check_cells})
def grid_distortion(
    image: Tensor,
    distortion: Numbers,
    key: Numbers = 0,
    *,
    cells: int = 5,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    fill: Color = 0,
) -> Tensor:
    """Makes columns and rows of a grid wider or narrower, with all that is in them.

    The borders stay where they are.

    Args:
        distortion: how much the width of a column, or the height of a row, may differ from the
            others', as a fraction in [0, 0.9]; a number, or one per image. 0 is the identity.
        cells: how many columns and rows.

    References:
        As `GridDistortion(normalized=True)` of Albumentations.

    Example:
        >>> distorted = grid_distortion(images, 0.3, key=7)
    """
    height, width = ops.shape(image)[:2]
    draws = random.of_key(key, 2 * cells) * 2.0 - 1.0
    distortion = ops.clip(distortion, 0.0, 0.9)
    x = distorted_axis(width, times(draws[:cells], distortion))
    y = distorted_axis(height, times(draws[cells:], distortion))
    return lookup_grid(image, x, y, Fill(fill_mode, fill, key), interpolation)


def distorted_axis(length, stretch):
    """Returns where an axis' pixels look, in 1/65536 pixel.

    Args:
        length: of the axis.
        stretch: `(cells,)`, how much longer than before each cell's source is, in (-1, 1).
    """
    cells = stretch.shape[0]
    steps = round_half_up((stretch + 1.0) * 1024)
    knots = ops.concatenate([ops.zeros((1,), "int32"), ops.cumsum(steps)], axis=0)
    # Quotients of whole numbers round alike everywhere, by `quotient`.
    scale = ops.cast(length * ONE, "float32")
    total = ops.cast(knots[-1], "float32")
    knots = round_half_up(quotient(ops.cast(knots, "float32"), total) * scale)
    cell, inside = _cell(length, cells)
    start, end = ops.take(knots, cell, axis=0), ops.take(knots, cell + 1, axis=0)
    way = ops.cast(end - start, "float32") * ops.cast(inside, "float32")
    return start + round_half_up(quotient(way, ops.cast(2 * length, "float32")))
