"""The old arguments of layers that change the size of images, or mix several."""

import math
from typing import Any

import keras
from keras import ops

from keras_cv_extras import layers
from keras_cv_extras.compat.keras_cv._drawn import Drawn
from keras_cv_extras.compat.keras_cv._layer import OldLayer
from keras_cv_extras.compat.keras_cv._ragged import is_ragged
from keras_cv_extras.compat.keras_cv.core import FactorSampler, interval_of

_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian")


def random_crop(height: int, width: int, seed: int | None = None) -> Any:
    """Cuts a window out of every image; smaller images are resized to it."""
    return _CropOrResize(height, width, seed)


def random_crop_and_resize(
    target_size: Any,
    crop_area_factor: Any,
    aspect_ratio_factor: Any,
    interpolation: str = "bilinear",
    bounding_box_format: None = None,
    seed: int | None = None,
) -> Any:
    """Cuts a window of random area and aspect ratio out of every image, and resizes it."""
    height_and_width = isinstance(target_size, (tuple, list)) and len(target_size) == 2
    if not height_and_width or not all(isinstance(side, int) for side in target_size):
        raise ValueError(
            f"`target_size` must be tuple of two integers. Received target_size={target_size}"
        )
    low, high = _pair("crop_area_factor", crop_area_factor, " less than or equal to 1", 1.0)
    return layers.RandomResizedCrop(
        tuple(target_size),
        low,
        largest=high,
        aspect=_pair("aspect_ratio_factor", aspect_ratio_factor),
        interpolation=interpolation,
        seed=seed,
    )


def _pair(name, factor, limit="", highest=math.inf):
    """Returns the interval of a factor that is no number, as KerasCV asks for it."""
    pair = isinstance(factor, (tuple, list)) and len(factor) == 2
    if pair and factor[0] >= 0 and factor[1] <= highest:
        return interval_of(name, factor)
    if isinstance(factor, FactorSampler) or (isinstance(factor, dict) and "class_name" in factor):
        return interval_of(name, factor)
    raise ValueError(
        f"`{name}` must be tuple of two positive floats{limit} or keras_cv.core.FactorSampler "
        f"instance. Received {name}={factor}"
    )


class _Stretched(Drawn):
    """Makes one image wider and lower, or narrower and higher."""

    def __init__(self, factor, interpolation, seed):
        super().__init__(seed)
        self.factor, self.interpolation = factor, interpolation

    def augment(self, images):
        factor = ops.reshape(self.uniform(images[:1], *self.factor), ())
        height, width = (ops.cast(side, "float32") for side in ops.shape(images)[1:3])
        size = [ops.cast(side, "int32") for side in (height / factor, width * factor)]
        import tensorflow as tf  # whose images alone may have a size that is drawn

        return tf.image.resize(images, size, self.interpolation)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], None, None, input_shape[-1])


class Stretched(OldLayer):
    """Gives every image of a batch a size of its own: dense batches become ragged."""

    def _augment(self, images, training):
        if training and not is_ragged(images) and len(images.shape) == 4:
            import tensorflow as tf

            ragged: Any = tf.RaggedTensor
            images = ragged.from_tensor(tf.convert_to_tensor(images), ragged_rank=2)
        return super()._augment(images, training)


def random_aspect_ratio(
    factor: Any,
    interpolation: str = "bilinear",
    bounding_box_format: None = None,
    seed: int | None = None,
) -> Any:
    """Makes images wider and lower, or narrower and higher: the batch becomes ragged."""
    return _Stretched(interval_of("factor", factor), interpolation, seed)


def jittered_resize(
    target_size: Any,
    scale_factor: Any,
    crop_size: Any = None,
    bounding_box_format: None = None,
    interpolation: str = "bilinear",
    seed: int | None = None,
) -> Any:
    """Resizes every image by a random factor, and cuts or fills it to a size."""
    if crop_size is not None and tuple(crop_size) != tuple(target_size):
        raise ValueError(f"crop_size must be None or target_size here, received {crop_size}")
    scale = interval_of("scale_factor", scale_factor)
    return layers.JitteredResize(tuple(target_size), scale, interpolation=interpolation, seed=seed)


def resizing(
    height: int,
    width: int,
    interpolation: str = "bilinear",
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
) -> Any:
    """Resizes images, in training and at inference."""
    if interpolation not in _INTERPOLATIONS:
        raise NotImplementedError(
            f"interpolation must be one of {', '.join(_INTERPOLATIONS)}, received {interpolation!r}"
        )
    if pad_to_aspect_ratio:
        return _Always(_Padded(height, width, interpolation))
    return _Always(
        keras.layers.Resizing(
            height,
            width,
            interpolation,
            crop_to_aspect_ratio=crop_to_aspect_ratio,
        )
    )


class _Always(keras.layers.Layer):
    """A layer that knows nothing of training."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, images, training=None):
        return self.inner(images)

    def compute_output_shape(self, input_shape):
        if len(input_shape) == 3:
            return self.inner.compute_output_shape((None, *input_shape))[1:]
        return self.inner.compute_output_shape(input_shape)


class _CropOrResize(keras.layers.Layer):
    """Cuts images that are large enough, and resizes the others."""

    def __init__(self, height, width, seed):
        super().__init__(autocast=False)
        self.size = height, width
        self.cut = layers.RandomCrop((height, width), seed=seed)
        self.built = True

    def call(self, images, training=None):
        rows, columns = images.shape[-3:-1]
        if None not in (rows, columns) and (rows < self.size[0] or columns < self.size[1]):
            return ops.image.resize(images, self.size, data_format="channels_last")
        return self.cut(images, training=training)

    def compute_output_shape(self, input_shape):
        return self.cut.compute_output_shape(input_shape)


class _Padded(keras.layers.Layer):
    """Resizes what images show as a whole, and adds zeros below or to the right."""

    def __init__(self, height, width, interpolation):
        super().__init__(autocast=False)
        self.size, self.interpolation = (height, width), interpolation
        self.built = True

    def call(self, images):
        rows, columns = images.shape[-3:-1]
        if None in (rows, columns):
            raise ValueError("pad_to_aspect_ratio needs images of a known size")
        scale = min(self.size[0] / rows, self.size[1] / columns)
        size = int(rows * scale), int(columns * scale)
        made = ops.image.resize(
            images, size, interpolation=self.interpolation, data_format="channels_last"
        )
        pads = [(0, 0)] * (len(images.shape) - 3)
        pads += [(0, whole - part) for whole, part in zip(self.size, size, strict=True)]
        return ops.pad(made, [*pads, (0, 0)])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-3], *self.size, input_shape[-1])


def rescaling(scale: float, offset: float = 0.0) -> Any:
    """Multiplies, then adds."""
    return _Always(keras.layers.Rescaling(scale, offset))


def mix_up(alpha: float = 0.2, seed: int | None = None) -> Any:
    """Blends images and labels with those of others."""
    return layers.MixUp(alpha=alpha, seed=seed)


def cut_mix(alpha: float = 1.0, seed: int | None = None) -> Any:
    """Puts a rectangle of another image into each, and mixes labels by area."""
    return layers.CutMix(alpha=alpha, seed=seed)


def fourier_mix(alpha: float = 0.5, decay_power: float = 3, seed: int | None = None) -> Any:
    """Puts a cloud of another image into each, and mixes labels by area."""
    return layers.FMix(alpha=alpha, decay=float(decay_power), seed=seed)


def mosaic(
    offset: Any = (0.25, 0.75), bounding_box_format: None = None, seed: int | None = None
) -> Any:
    """Puts parts of four images together, and mixes labels by area."""
    return layers.Mosaic(centre=tuple(offset), seed=seed)
