"""Images of TensorFlow Addons."""

from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras import augment
from keras_cv_extras.compat import _table

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


def _transform(
    images: Any,
    transforms: Any,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    output_shape: Any = None,
    name: str | None = None,
    fill_value: float = 0.0,
) -> Any:
    """Warps images by projective transforms, eight numbers each."""
    del name
    if output_shape is not None:
        raise ValueError("output_shape is not taken here: resize with keras.ops.image.resize")
    images = ops.convert_to_tensor(images)
    mode, filling = interpolation.lower(), fill_mode.lower()
    result = ops.image.affine_transform(
        ops.cast(images, "float32") if "float" not in str(images.dtype) else images,
        ops.cast(transforms, "float32"),
        interpolation=mode,
        fill_mode=filling,
        fill_value=fill_value,
        data_format="channels_last",
    )
    return ops.cast(result, images.dtype)


def _transform_each(images, transforms, interpolation, fill_mode, fill_value):
    """Transforms each image by its row, or all of them, or one without a batch, by the only one."""
    if len(images.shape) == 3:
        transforms = transforms[0]
    elif ops.shape(transforms)[0] == 1:
        transforms = ops.broadcast_to(transforms, (ops.shape(images)[0], 8))
    return _transform(images, transforms, interpolation, fill_mode, fill_value=fill_value)


def _angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> Any:
    """Returns the transforms that turn images about their middle, counter-clockwise."""
    del name
    angles = ops.reshape(ops.cast(angles, "float32"), (-1,))
    cos, sin = ops.cos(angles), ops.sin(angles)
    x, y = (ops.cast(size, "float32") / 2 - 0.5 for size in (image_width, image_height))
    none = ops.zeros_like(cos)
    rows = [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y, none, none]
    return ops.stack(rows, axis=1)


def _rotate(
    images: Any,
    angles: Any,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    name: str | None = None,
    fill_value: float = 0.0,
) -> Any:
    """Turns images about their middle, counter-clockwise, by angles in radians."""
    del name
    images = ops.convert_to_tensor(images)
    height, width = ops.shape(images)[-3:-1]
    transforms = _angles_to_projective_transforms(angles, height, width)
    return _transform_each(images, transforms, interpolation, fill_mode, fill_value)


def _translate(
    images: Any,
    translations: Any,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    name: str | None = None,
    fill_value: float = 0.0,
) -> Any:
    """Moves images by `(right, down)` pixels."""
    del name
    images = ops.convert_to_tensor(images)
    moves = ops.reshape(ops.cast(translations, "float32"), (-1, 2))
    one, none = ops.ones_like(moves[:, 0]), ops.zeros_like(moves[:, 0])
    rows = [one, none, -moves[:, 0], none, one, -moves[:, 1], none, none]
    transforms = ops.stack(rows, axis=1)
    return _transform_each(images, transforms, interpolation, fill_mode, fill_value)


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


def _equalize(image: Any, bins: int = 256, name: str | None = None) -> Any:
    """Equalises the histogram of every channel."""
    del name
    if bins != 256:
        raise ValueError(f"bins must be 256 here, received {bins}")
    return augment.equalize(image)


def _sharpness(image: Any, factor: float, name: str | None = None) -> Any:
    """Sharpens or blurs."""
    del name
    return augment.sharpness(image, factor)


_DRAWN = "draw the numbers yourself, or use the layer: keras_cv_extras.layers."

__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.image",
    [
        _table.Name(
            "adjust_hsv_in_yiq",
            _HERE + "adjust_hsv_in_yiq",
            "",
            _without_name(augment.adjust_hsv_in_yiq),
        ),
        _table.Name(
            "angles_to_projective_transforms",
            _HERE + "rotate",
            "degrees, counter-clockwise",
            _angles_to_projective_transforms,
            _HERE + "rotate(images, degrees)",
        ),
        _table.Name(
            "blend",
            "keras.ops.round",
            "",
            _blend,
            "keras.ops.round(first + factor * (second - first))",
        ),
        _table.Name("compose_transforms", note="multiply the matrices with keras.ops.matmul"),
        _table.Name("connected_components", note="use skimage.measure.label(connectivity=1)"),
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
        _table.Name("euclidean_dist_transform", note="use scipy.ndimage.distance_transform_edt"),
        _table.Name("gaussian_filter2d", note="use keras_cv_extras.augment.gaussian_blur"),
        _table.Name(
            "interpolate_bilinear",
            _HERE + "interpolate_bilinear",
            "",
            _without_name(augment.interpolate_bilinear),
        ),
        _table.Name("interpolate_spline", note="use scipy.interpolate.RBFInterpolator"),
        _table.Name("mean_filter2d", note="use keras_cv_extras.augment.box_blur"),
        _table.Name("median_filter2d", note="use keras_cv_extras.augment.median_blur"),
        _table.Name("random_cutout", note=_DRAWN + "RandomCutout"),
        _table.Name("random_hsv_in_yiq", note=_DRAWN + "RandomColorJitter"),
        _table.Name("resampler", note="use keras_cv_extras.augment.interpolate_bilinear"),
        _table.Name(
            "rotate",
            _HERE + "rotate",
            "degrees instead of radians",
            _rotate,
            _HERE + "rotate(images, degrees)",
        ),
        _table.Name(
            "sharpness",
            _HERE + "sharpness",
            "",
            _sharpness,
        ),
        _table.Name("shear_x", note="use keras_cv_extras.augment.shear_x(images, slope, fill=...)"),
        _table.Name("shear_y", note="use keras_cv_extras.augment.shear_y(images, slope, fill=...)"),
        _table.Name("sparse_image_warp", note="use keras_cv_extras.augment.dense_image_warp"),
        _table.Name("transform", "keras.ops.image.affine_transform", "bilinear", _transform),
        _table.Name(
            "translate",
            _HERE + "translate_x",
            "one axis at a time",
            _translate,
            _HERE + "translate_x(images, pixels)",
        ),
        _table.Name("translate_xy", note="use keras_cv_extras.augment.translate_x and translate_y"),
        _table.Name(
            "translations_to_projective_transforms",
            note="use keras_cv_extras.augment.translate_x and translate_y",
        ),
    ],
)
