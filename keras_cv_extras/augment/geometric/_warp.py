"""Warps of images by a flow that is given for every pixel."""

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor


def interpolate_bilinear(grid: Tensor, query_points: Tensor, indexing: str = "ij") -> Tensor:
    """Reads images between their pixels; a point outside is read at the nearest edge.

    Args:
        grid: `(batch, height, width, channels)`, float, at least 2 x 2.
        query_points: `(batch, points, 2)`, in pixels.
        indexing: "ij" for points `(row, column)`, "xy" for `(column, row)`.

    Returns:
        `(batch, points, channels)`, of the type of `grid`.

    Example:
        >>> grid = np.arange(4, dtype="float32").reshape(1, 2, 2, 1)
        >>> float(interpolate_bilinear(grid, np.array([[[0.5, 1.0]]], "float32"))[0, 0, 0])
        2.0
    """
    checks.one_of("indexing", indexing, ("ij", "xy"))
    grid, points = ops.convert_to_tensor(grid), ops.convert_to_tensor(query_points)
    if len(grid.shape) != 4 or len(points.shape) != 3 or points.shape[-1] != 2:
        raise ValueError(
            "grid must be (batch, height, width, channels) and query_points (batch, points, 2), "
            f"received shapes {tuple(grid.shape)} and {tuple(points.shape)}"
        )
    _, height, width, channels = ops.shape(grid)
    rows, columns = points[..., 0], points[..., 1]
    if indexing == "xy":
        rows, columns = columns, rows
    top, down = _between(rows, height, grid.dtype)
    left, right = _between(columns, width, grid.dtype)
    flat = ops.reshape(grid, (-1, height * width, channels))

    def read(row, column):
        places = ops.cast(row * width + column, "int32")[..., None]
        return ops.take_along_axis(flat, places, axis=1)

    upper = _blend(read(top, left), read(top, left + 1), right)
    lower = _blend(read(top + 1, left), read(top + 1, left + 1), right)
    return _blend(upper, lower, down)


def _between(places, size, dtype):
    """Returns the pixel before each place, and how far the place is on the way to the next."""
    before = ops.clip(ops.floor(places), 0, ops.cast(size - 2, places.dtype))
    share = ops.clip(ops.cast(places - before, dtype), 0, 1)
    return ops.cast(before, "int32"), share[..., None]


def _blend(first, second, share):
    return first + share * (second - first)


def dense_image_warp(image: Tensor, flow: Tensor) -> Tensor:
    """Moves every pixel by a flow: the result at p is the image at `p - flow[p]`.

    Args:
        image: `(batch, height, width, channels)`, float.
        flow: `(batch, height, width, 2)`, float: how far each pixel is moved, `(down, right)`, in
            pixels.

    Returns:
        Images of the shape and type of `image`, read bilinearly, at the nearest edge where a
        pixel would come from outside.

    Example:
        >>> moved = dense_image_warp(images.astype("float32"), np.ones((96, 32, 32, 2), "float32"))
    """
    image, flow = ops.convert_to_tensor(image), ops.convert_to_tensor(flow)
    batch, height, width, channels = ops.shape(image)
    rows = ops.cast(ops.arange(height), flow.dtype)[None, :, None] - flow[..., 0]
    columns = ops.cast(ops.arange(width), flow.dtype)[None, None, :] - flow[..., 1]
    points = ops.reshape(ops.stack([rows, columns], axis=-1), (batch, height * width, 2))
    return ops.reshape(interpolate_bilinear(image, points), (batch, height, width, channels))
