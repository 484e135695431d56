"""Interpolation between points, as TensorFlow Addons has it."""

from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras import augment
from keras_cv_extras.compat.tensorflow_addons._transforms import as_batch, like_given, with_axes

_SMALLEST = 1e-10


def resampler(data: Any, warp: Any, name: str | None = None) -> Any:
    """Reads images between their pixels at `(x, y)`; outside of them lie zeros."""
    del name
    data, warp = ops.convert_to_tensor(data), ops.convert_to_tensor(warp)
    batch, height, width, channels = ops.shape(data)
    points = ops.reshape(warp, (batch, -1, 2))
    corner = ops.floor(points)
    flat = ops.reshape(data, (batch, -1, channels))
    found = 0.0
    for down in (0, 1):
        for right in (0, 1):
            x, y = corner[..., 0] + right, corner[..., 1] + down
            near_x = 1 - ops.abs(points[..., 0] - x)
            near_y = 1 - ops.abs(points[..., 1] - y)
            inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
            place = ops.clip(y, 0, height - 1) * width + ops.clip(x, 0, width - 1)
            read = ops.take_along_axis(flat, ops.cast(place, "int32")[..., None], axis=1)
            found = found + ops.where(inside, near_x * near_y, 0.0)[..., None] * read
    return ops.reshape(found, (*ops.shape(warp)[:-1], channels))


def _radial(squared, order):
    """Returns the polyharmonic function of squared distances."""
    safe = ops.maximum(squared, _SMALLEST)
    power = safe ** (order / 2)
    return power if order % 2 else 0.5 * power * ops.log(safe)


def _squared_distances(first, second):
    return ops.sum(ops.square(first[:, :, None] - second[:, None]), axis=-1)


def interpolate_spline(
    train_points: Any,
    train_values: Any,
    query_points: Any,
    order: int,
    regularization_weight: float = 0.0,
    name: str | None = None,
) -> Any:
    """Returns what a polyharmonic spline through given points is at others."""
    del name
    points, values, asked = (
        ops.cast(ops.convert_to_tensor(x), "float32")
        for x in (train_points, train_values, query_points)
    )
    for tensor in (points, values, asked):
        with_axes(tensor, 3)
    _, count, axes = ops.shape(points)
    place = ops.arange(count, dtype="int32")
    same = ops.cast(place[:, None] == place, "float32")
    matrix = _radial(_squared_distances(points, points), order) + regularization_weight * same
    linear = ops.concatenate([points, ops.ones_like(points[..., :1])], axis=-1)
    none = ops.zeros_like(linear[:, : axes + 1])
    upper = ops.concatenate([matrix, linear], axis=2)
    lower = ops.concatenate([ops.transpose(linear, (0, 2, 1)), none], axis=2)
    right = ops.pad(values, ((0, 0), (0, axes + 1), (0, 0)))
    solved = ops.solve(ops.concatenate([upper, lower], axis=1), right)
    away = _radial(_squared_distances(asked, points), order)
    flat = ops.concatenate([asked, ops.ones_like(asked[..., :1])], axis=-1)
    return ops.matmul(away, solved[:, :count]) + ops.matmul(flat, solved[:, count:])


def _edge_points(height, width, each):
    """Returns points along the edges, the corners among them."""
    share = np.linspace(0, 1, each + 2)
    points = np.stack(np.meshgrid(share, share, indexing="ij"), axis=-1)
    outer = ((points == 0) | (points == 1)).any(-1)
    last = ops.cast(ops.stack([height - 1, width - 1]), "float32")
    return ops.cast(points[outer], "float32") * last


def sparse_image_warp(
    image: Any,
    source_control_point_locations: Any,
    dest_control_point_locations: Any,
    interpolation_order: int = 2,
    regularization_weight: float = 0.0,
    num_boundary_points: int = 0,
    name: str = "sparse_image_warp",
) -> tuple[Any, Any]:
    """Moves points of images to others, and all between them; returns the flow too."""
    del name
    image = ops.convert_to_tensor(image)
    batch = as_batch(image)
    count, height, width = ops.shape(batch)[:3]
    source, target = (
        ops.reshape(ops.cast(ops.convert_to_tensor(x), "float32"), (count, -1, 2))
        for x in (source_control_point_locations, dest_control_point_locations)
    )
    flows = target - source
    if num_boundary_points > 0:
        edge = _edge_points(height, width, num_boundary_points - 1)
        edge = ops.broadcast_to(edge, (count, *edge.shape))
        target = ops.concatenate([target, edge], axis=1)
        flows = ops.concatenate([flows, ops.zeros_like(edge)], axis=1)
    sides = (ops.cast(ops.arange(side, dtype="int32"), "float32") for side in (height, width))
    grid = ops.reshape(ops.stack(ops.meshgrid(*sides, indexing="ij"), axis=-1), (-1, 2))
    everywhere = interpolate_spline(
        target,
        flows,
        ops.broadcast_to(grid, (count, *ops.shape(grid))),
        interpolation_order,
        regularization_weight,
    )
    flow = ops.reshape(everywhere, (count, height, width, 2))
    warped = augment.dense_image_warp(batch, flow)
    return like_given(warped, image), flow
