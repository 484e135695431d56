"""Images of TensorFlow Addons."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras import augment
from keras_cv_extras.compat import _draws, _table
from keras_cv_extras.compat.tensorflow_addons import _filters as filters
from keras_cv_extras.compat.tensorflow_addons import _splines as splines
from keras_cv_extras.compat.tensorflow_addons import _transforms as transforms

_HERE = "keras_cv_extras.augment."


def _without_name(made):
    """Returns what takes `name` too, as the graphs of TensorFlow 1 did."""

    def call(*arguments: Any, name: str | None = None, **options: Any) -> Any:
        del name
        return made(*arguments, **options)

    call.__name__, call.__doc__ = made.__name__, made.__doc__
    return call


def _blend(image1: Any, image2: Any, factor: float) -> Any:
    """Goes from one image to another, rounded."""
    first, second = ops.cast(image1, "float32"), ops.cast(image2, "float32")
    if factor in (0.0, 1.0):
        return ops.convert_to_tensor(image2 if factor else image1)
    result = first + factor * (second - first)
    return ops.round(result if 0 < factor < 1 else ops.clip(result, 0.0, 255.0))


def _cutout(images: Any, mask_size: Any, offset: Any = (0, 0), constant_values: float = 0) -> Any:
    """Fills a rectangle about each offset `(row, column)`."""
    images = ops.convert_to_tensor(images)
    sizes = np.broadcast_to(np.asarray(mask_size), (2,))
    if (sizes % 2).any():
        raise ValueError(f"mask_size must be even, received {mask_size}")
    offset = ops.reshape(ops.cast(offset, "int32"), (-1, 2))

    def near(axis):
        places = ops.arange(ops.shape(images)[1 + axis], dtype="int32")
        away = places[None] - offset[:, axis : axis + 1]
        half = int(sizes[axis]) // 2
        return ops.logical_and(away >= -half, away < half)

    inside = ops.logical_and(near(0)[:, :, None], near(1)[:, None])[..., None]
    return ops.where(inside, ops.cast(constant_values, images.dtype), images)


def _random_cutout(
    images: Any, mask_size: Any, constant_values: float = 0, seed: int | None = None
) -> Any:
    """Fills a rectangle about a pixel of each image, drawn anew at each call."""
    images = ops.convert_to_tensor(images)
    count, height, width = ops.shape(images)[:3]
    generator = _draws.shared(seed)
    drawn = keras.random.uniform((count, 2), seed=generator)
    offset = ops.floor(drawn * ops.cast(ops.stack([height, width]), "float32"))
    return _cutout(images, mask_size, offset, constant_values)


def _random_hsv_in_yiq(
    image: Any,
    max_delta_hue: float = 0,
    lower_saturation: float = 1,
    upper_saturation: float = 1,
    lower_value: float = 1,
    upper_value: float = 1,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Turns the hue, and scales saturation and value, by numbers drawn anew at each call."""
    del name
    if min(max_delta_hue, lower_saturation, lower_value) < 0:
        raise ValueError("max_delta_hue, lower_saturation and lower_value must be at least 0")
    if lower_saturation > upper_saturation or lower_value > upper_value:
        raise ValueError("lower_saturation and lower_value must be at most the upper ones")
    generator = _draws.shared(seed)
    hue, saturation, value = (
        keras.random.uniform((), low, high, seed=generator)
        for low, high in (
            (-max_delta_hue, max_delta_hue),
            (lower_saturation, upper_saturation),
            (lower_value, upper_value),
        )
    )
    return _adjust_hsv_in_yiq(image, hue, saturation, value)


def _equalize(image: Any, bins: int = 256, name: str | None = None) -> Any:
    """Equalises the histogram of every channel, as Pillow does with 256 bins."""
    del name
    image = ops.convert_to_tensor(image)
    batch = transforms.as_batch(image)
    if (
        bins == 256
        and keras.backend.standardize_dtype(batch.dtype) == "uint8"
        and None not in tuple(batch.shape[1:])
    ):
        return transforms.like_given(augment.equalize(batch), image)
    count, height, width, channels = ops.shape(batch)
    rows = ops.reshape(ops.transpose(batch, (0, 3, 1, 2)), (-1, height * width))
    rows = ops.clip(ops.cast(rows, "int32"), 0, bins - 1)
    place = rows + bins * ops.arange(count * channels, dtype="int32")[:, None]
    flat = ops.reshape(place, (-1,))
    found = ops.segment_sum(ops.ones_like(flat), flat, count * channels * bins)
    numbers = ops.reshape(found, (-1, bins))
    largest = ops.take_along_axis(numbers, ops.max(rows, axis=1, keepdims=True), axis=1)
    step = (height * width - largest) // (bins - 1)
    below = ops.cumsum(numbers, axis=1) - numbers
    new = ops.clip((below + step // 2) // ops.maximum(step, 1), 0, bins - 1)
    made = ops.where(step > 0, ops.take_along_axis(new, rows, axis=1), rows)
    made = ops.transpose(ops.reshape(made, (count, channels, height, width)), (0, 2, 3, 1))
    return transforms.like_given(ops.cast(made, image.dtype), image)


def _adjust_hsv_in_yiq(
    image: Any,
    delta_hue: Any = 0,
    scale_saturation: Any = 1,
    scale_value: Any = 1,
    name: str | None = None,
) -> Any:
    """Turns the hue of images, and scales saturation and value, in YIQ."""
    del name
    image = ops.convert_to_tensor(image)
    scales = delta_hue, scale_saturation, scale_value
    if transforms.has_rank(image):
        return augment.adjust_hsv_in_yiq(image, *scales)
    batch = transforms.as_batch(image)
    batch.set_shape((None, None, None, 3))
    return transforms.like_given(augment.adjust_hsv_in_yiq(batch, *scales), image)


def _sharpness(image: Any, factor: float, name: str | None = None) -> Any:
    """Sharpens or blurs; smoothed integers are cut, not rounded, and the border stays."""
    del name
    image = ops.convert_to_tensor(image)
    kind = keras.backend.standardize_dtype(image.dtype)
    batch = ops.cast(transforms.as_batch(image), "float32")
    rows, columns = (size - 2 for size in ops.shape(batch)[1:3])
    around = sum(batch[:, y : y + rows, x : x + columns] for y in range(3) for x in range(3))
    middle = batch[:, 1:-1, 1:-1]
    smooth = (around + 4 * middle) / 13
    if "float" not in kind:
        smooth = ops.floor(smooth + 1e-4)  # sums of thirteenths that are whole are not below
    change = ops.pad(smooth - middle, ((0, 0), (1, 1), (1, 1), (0, 0)))
    blended = _blend(batch + change, batch, factor)
    return transforms.like_given(ops.cast(blended, kind), image)


__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.image",
    [
        _table.Name(
            "adjust_hsv_in_yiq",
            _HERE + "adjust_hsv_in_yiq",
            "",
            _adjust_hsv_in_yiq,
        ),
        _table.Name(
            "angles_to_projective_transforms",
            _HERE + "rotate",
            "degrees, counter-clockwise",
            transforms.angles_to_projective_transforms,
            _HERE + "rotate(images, degrees)",
        ),
        _table.Name(
            "blend",
            "keras.ops.round",
            "",
            _blend,
            "keras.ops.round(first + factor * (second - first))",
        ),
        _table.Name(
            "compose_transforms",
            "keras.ops.matmul",
            "of matrices (3, 3)",
            transforms.compose_transforms,
            "keras.ops.matmul(first, second)",
        ),
        _table.Name(
            "connected_components",
            "skimage.measure.label",
            "for an array; zeros are the ground",
            filters.connected_components,
            "skimage.measure.label(image, connectivity=1)",
        ),
        _table.Name(
            "cutout",
            _HERE + "cutout",
            "one size; places are shares of the image",
            _cutout,
            _HERE + "cutout(images, size, ...)",
        ),
        _table.Name(
            "dense_image_warp",
            _HERE + "dense_image_warp",
            "",
            _without_name(augment.dense_image_warp),
        ),
        _table.Name("equalize", _HERE + "equalize", "always 256 bins", _equalize),
        _table.Name(
            "euclidean_dist_transform",
            "scipy.ndimage.distance_transform_edt",
            "for an array (height, width)",
            filters.euclidean_dist_transform,
        ),
        _table.Name(
            "gaussian_filter2d",
            _HERE + "gaussian_blur",
            "one sigma, and a border that goes on",
            filters.gaussian_filter2d,
            _HERE + "gaussian_blur(images, sigma)",
        ),
        _table.Name(
            "interpolate_bilinear",
            _HERE + "interpolate_bilinear",
            "",
            _without_name(augment.interpolate_bilinear),
        ),
        _table.Name(
            "interpolate_spline",
            "scipy.interpolate.RBFInterpolator",
            "for arrays; order 2 is thin_plate_spline",
            splines.interpolate_spline,
            "scipy.interpolate.RBFInterpolator(points, values)(queries)",
        ),
        _table.Name(
            "mean_filter2d",
            _HERE + "box_blur",
            "squares, and a border that goes on",
            filters.mean_filter2d,
            _HERE + "box_blur(images, size)",
        ),
        _table.Name(
            "median_filter2d",
            _HERE + "median_blur",
            "squares, and a border that goes on",
            filters.median_filter2d,
            _HERE + "median_blur(images, size)",
        ),
        _table.Name(
            "random_cutout",
            "keras_cv_extras.layers.RandomCutout",
            "a layer, whose squares are drawn for each image",
            _random_cutout,
        ),
        _table.Name(
            "random_hsv_in_yiq",
            "keras_cv_extras.layers.RandomColorJitter",
            "a layer, in RGB and HSV",
            _random_hsv_in_yiq,
        ),
        _table.Name(
            "resampler",
            _HERE + "interpolate_bilinear",
            "points (y, x) are moved into the image",
            splines.resampler,
            _HERE + "interpolate_bilinear(data, points)",
        ),
        _table.Name(
            "rotate",
            _HERE + "rotate",
            "degrees instead of radians",
            transforms.rotate,
            _HERE + "rotate(images, degrees)",
        ),
        _table.Name(
            "sharpness",
            _HERE + "sharpness",
            "",
            _sharpness,
        ),
        _table.Name(
            "shear_x",
            _HERE + "shear_x",
            "bilinear",
            transforms.shear_x,
            _HERE + "shear_x(images, slope, fill=...)",
        ),
        _table.Name(
            "shear_y",
            _HERE + "shear_y",
            "bilinear",
            transforms.shear_y,
            _HERE + "shear_y(images, slope, fill=...)",
        ),
        _table.Name(
            "sparse_image_warp",
            _HERE + "dense_image_warp",
            "by a flow of every pixel",
            splines.sparse_image_warp,
            _HERE + "dense_image_warp(image, flow)",
        ),
        _table.Name(
            "transform",
            "keras.ops.image.affine_transform",
            "transforms are the coefficients",
            transforms.transform,
        ),
        _table.Name(
            "translate",
            _HERE + "translate_x",
            "one axis at a time",
            transforms.translate,
            _HERE + "translate_x(images, pixels)",
        ),
        _table.Name(
            "translate_xy",
            _HERE + "translate_x",
            "one axis at a time",
            transforms.translate_xy,
            _HERE + "translate_x(images, pixels)",
        ),
        _table.Name(
            "translations_to_projective_transforms",
            _HERE + "translate_x",
            "pixels instead of transforms",
            transforms.translations_to_projective_transforms,
            _HERE + "translate_x(images, pixels)",
        ),
        _table.Name("utils", note="it is of Addons itself; images need no fourth axis here"),
    ],
    "color_ops compose_ops connected_components cutout_ops dense_image_warp distance_transform "
    "distort_image_ops filters interpolate_spline resampler_ops sparse_image_warp transform_ops "
    "translate_ops",
)
