"""Projective transforms of images, as TensorFlow Addons has them."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


def has_rank(tensor: Any) -> bool:
    """Returns whether it is known how many axes a tensor has, which graphs need not know."""
    return getattr(tensor.shape, "rank", 0) is not None


def with_axes(tensor: Any, count: int) -> None:
    """Gives a tensor of a graph so many axes, if it is not known how many it has."""
    if not has_rank(tensor):
        tensor.set_shape((None,) * count)


def as_batch(image: Any) -> Any:
    """Returns `(batch, height, width, channels)` of an image of two, three or four axes."""
    if not has_rank(image):
        import tensorflow as tf

        before, after = (tf.cast(tf.rank(image) < most, "int32") for most in (4, 3))
        shape = [tf.ones([before], "int32"), tf.shape(image), tf.ones([after], "int32")]
        return tf.ensure_shape(tf.reshape(image, tf.concat(shape, axis=0)), [None] * 4)
    rank = len(image.shape)
    if rank not in (2, 3, 4):
        raise ValueError(f"images must have two to four axes, received rank {rank}")
    image = image[..., None] if rank == 2 else image
    return image[None] if rank < 4 else image


def like_given(batch: Any, image: Any) -> Any:
    """Returns a batch with the axes of the image that it was made of."""
    if not has_rank(image):
        import tensorflow as tf

        first, last = tf.cast(tf.rank(image) < 4, "int32"), tf.cast(tf.rank(image) > 2, "int32") + 3
        return tf.reshape(batch, tf.shape(batch)[first:last])
    rank = len(image.shape)
    batch = batch[0] if rank < 4 else batch
    return batch[..., 0] if rank == 2 else batch


def transform(
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
    images = ops.convert_to_tensor(images)
    kind = keras.backend.standardize_dtype(images.dtype)
    batch = as_batch(images)
    matrices = ops.reshape(ops.cast(ops.convert_to_tensor(transforms), "float32"), (-1, 8))
    floats = batch if "float" in kind else ops.cast(batch, "float32")
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        made = tf.raw_ops.ImageProjectiveTransformV3(
            images=floats,
            transforms=matrices,
            output_shape=tf.shape(floats)[1:3] if output_shape is None else output_shape,
            fill_value=fill_value,
            interpolation=interpolation.upper(),
            fill_mode=fill_mode.upper(),
        )
        if output_shape is None:
            made.set_shape((made.shape[0], *floats.shape[1:3], made.shape[3]))
    else:
        if output_shape is not None:
            raise ValueError("output_shape needs the TensorFlow backend; or use keras.ops.image")
        rows = ops.broadcast_to(matrices, (ops.shape(floats)[0], 8))
        made = ops.image.affine_transform(
            floats,
            rows,
            interpolation=interpolation.lower(),
            fill_mode=fill_mode.lower(),
            fill_value=fill_value,
            data_format="channels_last",
        )
    return like_given(ops.cast(made, kind), images)


def angles_to_projective_transforms(
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


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Any:
    """Returns the transforms that move images by `(right, down)` pixels."""
    del name
    moves = ops.reshape(ops.cast(ops.convert_to_tensor(translations), "float32"), (-1, 2))
    one, none = ops.ones_like(moves[:, 0]), ops.zeros_like(moves[:, 0])
    rows = [one, none, -moves[:, 0], none, one, -moves[:, 1], none, none]
    return ops.stack(rows, axis=1)


def compose_transforms(transforms: Sequence[Any], name: str | None = None) -> Any:
    """Returns the transforms that do what several do one after another."""
    del name
    if not len(transforms):
        raise ValueError("transforms must be a list of at least one transform, received none")

    def matrix(one: Any) -> Any:
        flat = ops.reshape(ops.cast(ops.convert_to_tensor(one), "float32"), (-1, 8))
        whole = ops.concatenate([flat, ops.ones_like(flat[:, :1])], axis=1)
        return ops.reshape(whole, (-1, 3, 3))

    made = matrix(transforms[0])
    for other in transforms[1:]:
        made = ops.matmul(made, matrix(other))
    flat = ops.reshape(made, (-1, 9))
    return (flat / flat[:, 8:])[:, :8]


def rotate(
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
    height, width = ops.shape(as_batch(images))[1:3]
    turns = angles_to_projective_transforms(angles, height, width)
    return transform(images, turns, interpolation, fill_mode, fill_value=fill_value)


def translate(
    images: Any,
    translations: Any,
    interpolation: str = "nearest",
    fill_mode: str = "constant",
    name: str | None = None,
    fill_value: float = 0.0,
) -> Any:
    """Moves images by `(right, down)` pixels."""
    del name
    moves = translations_to_projective_transforms(translations)
    return transform(images, moves, interpolation, fill_mode, fill_value=fill_value)


def _replaced(image, row, replace):
    """Warps one image, and gives a colour to what comes from outside of it."""
    image = ops.convert_to_tensor(image)
    seen = transform(ops.ones_like(ops.cast(image[..., :1], "float32")), row)
    moved = transform(image, row)
    return ops.where(seen > 0, moved, ops.cast(ops.convert_to_tensor(replace), image.dtype))


def shear_x(image: Any, level: Any, replace: Any) -> Any:
    """Shears an image along its rows."""
    row = ops.stack([1.0, ops.cast(level, "float32"), 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    return _replaced(image, row, replace)


def shear_y(image: Any, level: Any, replace: Any) -> Any:
    """Shears an image along its columns."""
    row = ops.stack([1.0, 0.0, 0.0, ops.cast(level, "float32"), 1.0, 0.0, 0.0, 0.0])
    return _replaced(image, row, replace)


def translate_xy(image: Any, translate_to: Any, replace: Any) -> Any:
    """Moves an image by `(right, down)` pixels, and fills with a colour."""
    return _replaced(image, translations_to_projective_transforms(translate_to), replace)
