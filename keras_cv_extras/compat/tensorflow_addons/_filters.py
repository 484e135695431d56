"""Filters and labels of pixels, as TensorFlow Addons has them."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras.compat.tensorflow_addons._transforms import as_batch, like_given

_PADDINGS = ("reflect", "constant", "symmetric")


def _windows(image, shape, padding, constant):
    """Returns the window of each pixel, `(batch, height, width, channels, cells)`, as floats."""
    if padding.lower() not in _PADDINGS:
        raise ValueError(f"padding must be one of {', '.join(_PADDINGS)}, received {padding!r}")
    height, width = (shape, shape) if isinstance(shape, int) else tuple(shape)
    before = (height - 1) // 2, (width - 1) // 2
    after = height - 1 - before[0], width - 1 - before[1]
    pads = ((0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0))
    value = {"constant_values": constant} if padding.lower() == "constant" else {}
    padded = ops.pad(image, pads, mode=padding.lower(), **value)
    rows, columns = ops.shape(image)[1:3]
    cells = [padded[:, y : y + rows, x : x + columns] for y in range(height) for x in range(width)]
    return ops.stack(cells, axis=-1)


def _filtered(image, shape, padding, constant, reduce: Callable[[Any], Any]):
    image = ops.convert_to_tensor(image)
    batch = as_batch(image)
    kind = keras.backend.standardize_dtype(image.dtype)
    floats = batch if "float" in kind else ops.cast(batch, "float32")
    made = reduce(_windows(floats, shape, padding, constant))
    return like_given(ops.cast(made, kind), image)


def mean_filter2d(
    image: Any,
    filter_shape: int | Iterable[int] = (3, 3),
    padding: str = "REFLECT",
    constant_values: float = 0,
    name: str | None = None,
) -> Any:
    """Averages the window of each pixel."""
    del name
    return _filtered(
        image, filter_shape, padding, constant_values, lambda cells: ops.mean(cells, axis=-1)
    )


def median_filter2d(
    image: Any,
    filter_shape: int | Iterable[int] = (3, 3),
    padding: str = "REFLECT",
    constant_values: float = 0,
    name: str | None = None,
) -> Any:
    """Takes the median of the window of each pixel."""
    del name
    return _filtered(
        image, filter_shape, padding, constant_values, lambda cells: ops.median(cells, axis=-1)
    )


def _gaussian(sigma, count):
    places = np.arange(-count // 2 + 1, count // 2 + 1) ** 2
    if not sigma:
        return (places == 0).astype("float32")
    weights = np.exp(-places / (2.0 * sigma**2))
    return weights / weights.sum()


def gaussian_filter2d(
    image: Any,
    filter_shape: int | Iterable[int] = (3, 3),
    sigma: float | Iterable[float] = 1.0,
    padding: str = "REFLECT",
    constant_values: float = 0,
    name: str | None = None,
) -> Any:
    """Averages the window of each pixel by Gaussian weights."""
    del name
    sigmas = (sigma, sigma) if isinstance(sigma, (int, float)) else tuple(sigma)
    if len(sigmas) != 2 or min(sigmas) < 0:
        raise ValueError(f"sigma must be one or two numbers of at least 0, received {sigma}")
    shape = (filter_shape,) * 2 if isinstance(filter_shape, int) else tuple(filter_shape)
    weights = np.outer(_gaussian(sigmas[0], shape[0]), _gaussian(sigmas[1], shape[1])).ravel()

    def reduce(cells):
        return ops.sum(cells * ops.cast(weights, cells.dtype), axis=-1)

    return _filtered(image, shape, padding, constant_values, reduce)


def _by_numpy(function: Callable[[Any], Any], images: Any, dtype: Any) -> Any:
    """Calls a function of arrays, within a graph of TensorFlow too."""
    symbolic = keras.backend.backend() == "tensorflow" or not ops.is_tensor(images)
    if not symbolic:
        return ops.convert_to_tensor(function(ops.convert_to_numpy(images)))
    import tensorflow as tf

    images = tf.convert_to_tensor(images)
    made = tf.numpy_function(function, [images], tf.as_dtype(dtype), stateful=False)
    made.set_shape(images.shape)
    return made


def _components(images):
    from scipy import sparse
    from scipy.sparse import csgraph

    numbers = np.arange(images.size).reshape(images.shape)
    pairs = []
    for axis in (-1, -2):
        first, second = numbers.swapaxes(axis, -1)[..., :-1], numbers.swapaxes(axis, -1)[..., 1:]
        pairs.append(np.stack([first.ravel(), second.ravel()]))
    first, second = np.concatenate(pairs, axis=1)
    values = images.ravel()
    joined = (values[first] == values[second]) & (values[first] != 0)
    first, second = first[joined], second[joined]
    edges = sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(images.size,) * 2)
    labels = csgraph.connected_components(edges, directed=False)[1]
    found = np.zeros(images.size, "int32")
    inside = values != 0
    _, where, inverse = np.unique(labels[inside], return_index=True, return_inverse=True)
    order = np.empty(len(where), "int32")
    order[np.argsort(where)] = np.arange(1, len(where) + 1)
    found[inside] = order[inverse]
    return found.reshape(images.shape)


def connected_components(images: Any, name: str | None = None) -> Any:
    """Numbers the parts of one value, joined by their sides, from 1 on; zeros stay 0."""
    del name
    rank = len(ops.shape(images))
    if rank not in (2, 3):
        raise TypeError(f"images must be (height, width) or a batch of these, received rank {rank}")
    return _by_numpy(_components, images, "int32")


def euclidean_dist_transform(images: Any, dtype: Any = "float32", name: str | None = None) -> Any:
    """Measures how far each pixel is from the nearest zero; uint8 images."""
    del name
    kind = keras.backend.standardize_dtype(dtype)
    images = ops.convert_to_tensor(images)
    if keras.backend.standardize_dtype(images.dtype) != "uint8":
        raise TypeError(f"images must be uint8, received {images.dtype}")
    if kind not in ("float16", "float32", "float64"):
        raise TypeError(f"dtype must be float16, float32 or float64, received {kind}")

    def measure(values):
        from scipy import ndimage

        layered = values[..., None] if values.ndim == 2 else values
        planes = np.moveaxis(layered, -1, 0).reshape(-1, *layered.shape[-3:-1])
        far: list[Any] = [
            ndimage.distance_transform_edt(plane)
            if (plane == 0).any()
            else np.full(plane.shape, np.sqrt(np.finfo(kind).max))
            for plane in planes
        ]
        moved = np.stack(far).reshape(layered.shape[-1], *layered.shape[:-1])
        return np.moveaxis(moved, 0, -1).reshape(values.shape).astype(kind)

    return _by_numpy(measure, images, kind)
