"""Layers that change the size of images: a crop, or a resize, drawn anew for every image."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras import augment
from keras_cv_extras._base import checks
from keras_cv_extras._base.images.batches import check_axes, key_from
from keras_cv_extras._base.random import uniform
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Color, Config, Interval, Shape, Sizes, Tensor
from keras_cv_extras.augment import OPS

_PACKAGE = "keras_cv_extras"


class SizedOp(keras.layers.Layer):
    """Base of the layers whose result has a size of its own, in training and at inference.

    A subclass says how images get to the size: `augmented` in training, with two random numbers
    in [0, 1) for every image, and `plain` at inference.
    """

    def __init__(
        self,
        size: Sizes,
        *,
        value_range: Interval = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        self.size: tuple[int, ...] = checks.sizes("size", size, 2)
        self.value_range: tuple[float, float] = checks.interval("value_range", tuple(value_range))
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        self.built = True

    def augmented(self, images: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Returns images of the size, cut or resized at random."""
        raise NotImplementedError

    def plain(self, images: Tensor) -> Tensor:
        """Returns images of the size, for inference."""
        raise NotImplementedError

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Crops or resizes images; see the class."""
        if training is None:
            # As in PolicyAugment: an exported model does not say that it is serving.
            training = self._get_call_context().entry_layer is self
        check_axes(images)
        if not training:
            return self.plain(images)
        rank = len(images.shape)
        batch = images if rank == 4 else images[None]
        words = self.seed_generator.next()
        number = ops.arange(ops.shape(batch)[0], dtype="int32")
        x, y = (uniform(ops.cast(words[0], "uint32"), words[1], number, slot) for slot in (0, 1))
        result = self.augmented(batch, x, y)
        return result if rank == 4 else result[0]

    def own_fill(self, fill: Color) -> Color:
        """Returns a fill colour in [0, 255] in the images' own range."""
        low, high = self.value_range
        values = [low + (high - low) * value / 255 for value in _as_list(fill)]
        return values if isinstance(fill, (list, tuple)) else values[0]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the images, with the size."""
        return (*input_shape[:-3], *self.size, input_shape[-1])

    def compute_output_spec(self, images: Tensor, training: bool | None = None) -> Any:
        """Returns the shape and type of the result."""
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype=images.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        own = {"size": list(self.size), "value_range": list(self.value_range), "seed": self.seed}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomCrop(SizedOp):
    """Cuts a window out of every image, each at another place; the middle at inference.

    `keras.layers.RandomCrop` cuts all images of a batch at one place.

    Args:
        size: `(height, width)` of the result, or one number for both.
        value_range: the range of the images' values; it does not matter here.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> cropped = RandomCrop(24, seed=1)(images)  # (batch, 24, 24, channels)
    """

    def augmented(self, images: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Returns a window of each image."""
        return augment.random_crop(images, x, y, size=self.size)

    def plain(self, images: Tensor) -> Tensor:
        """Returns the middle of each image."""
        return augment.center_crop(images, self.size)


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomResizedCrop(SizedOp):
    """Cuts a window of random area and aspect ratio out of every image, and resizes it.

    At inference the largest window of the wanted aspect ratio in the middle is resized.

    Args:
        size: `(height, width)` of the result, or one number for both.
        area: the smallest share of the image in (0, 1], or a pair to draw that smallest share
            from; the share itself is drawn from there to `largest`.
        aspect: the limits of width over height, in pixels of the image.
        interpolation: "bilinear" or "nearest".
        antialias: whether nothing is skipped where images become smaller; slower.
        largest: the largest share of the image, in [0, 1].
        tries: 0, or how many windows are drawn, of which the first that fits is taken; if none
            does, the largest in the middle. torchvision, timm and Albumentations try ten.
        value_range: the range of the images' values; it does not matter here.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        [Going deeper with convolutions](https://arxiv.org/abs/1409.4842) section 6. See
        `augment.random_resized_crop`.

    Example:
        >>> resized = RandomResizedCrop((224, 224), seed=1)(images)
    """

    def __init__(
        self,
        size: Sizes,
        area: float = 0.08,
        *,
        aspect: Interval = (3 / 4, 4 / 3),
        interpolation: str = "bilinear",
        antialias: bool = False,
        largest: float = 1.0,
        tries: int = 0,
        value_range: Interval = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(size, value_range=value_range, seed=seed, **kwargs)
        self.area: tuple[float, float] = checks.interval("area", area, low=0.0, high=1.0)
        options = {"aspect": aspect, "interpolation": interpolation, "antialias": antialias}
        options |= {"largest": largest, "tries": tries}
        self.options: dict[str, Any] = OPS["random_resized_crop"].checked(options)

    def augmented(self, images: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Returns a window of each image, resized."""
        low, high = self.area
        return augment.random_resized_crop(
            images, low + (high - low) * y, key_from(x), size=self.size, **self.options
        )

    def plain(self, images: Tensor) -> Tensor:
        """Returns the middle of each image, resized."""
        options = {k: self.options[k] for k in ("interpolation", "antialias")}
        return augment.resize(images, size=self.size, mode="crop", **options)

    def get_config(self) -> Config:
        """Returns the configuration."""
        options = {**self.options, "aspect": list(self.options["aspect"])}
        return {**super().get_config(), "area": _short(self.area), **options}


@keras.saving.register_keras_serializable(_PACKAGE)
class JitteredResize(SizedOp):
    """Resizes every image by a random factor, and cuts or fills it to a size.

    At inference images are resized until they fit, and filled.

    Args:
        size: `(height, width)` of the result, or one number for both.
        scale: the smallest and largest factor; 1 makes an image fit.
        interpolation: "bilinear" or "nearest".
        fill: the value of what is filled, in [0, 255]; or one per channel.
        value_range: the range of the images' values.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        `JitteredResize` of KerasCV. See `augment.jittered_resize`.

    Example:
        >>> resized = JitteredResize((224, 224), scale=(0.8, 1.25), seed=1)(images)
    """

    def __init__(
        self,
        size: Sizes,
        scale: Interval = (0.8, 1.25),
        *,
        interpolation: str = "bilinear",
        fill: Color = 0,
        value_range: Interval = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(size, value_range=value_range, seed=seed, **kwargs)
        options = {"scale": scale, "interpolation": interpolation}
        self.options: dict[str, Any] = OPS["jittered_resize"].checked(options)
        values = [checks.number("fill", value) for value in _as_list(fill)]
        self.fill: Any = values if isinstance(fill, (list, tuple)) else values[0]

    def augmented(self, images: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Returns each image, resized and cut or filled."""
        del y
        return augment.jittered_resize(
            images, 1.0, key_from(x), size=self.size, fill=self.own_fill(self.fill), **self.options
        )

    def plain(self, images: Tensor) -> Tensor:
        """Returns each image, resized and filled."""
        return augment.resize(
            images,
            size=self.size,
            mode="pad",
            interpolation=self.options["interpolation"],
            fill=self.own_fill(self.fill),
        )

    def get_config(self) -> Config:
        """Returns the configuration."""
        options = {**self.options, "scale": list(self.options["scale"])}
        return {**super().get_config(), **options, "fill": self.fill}


def _as_list(value) -> list[float]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _short(pair):
    return pair[0] if pair[0] == pair[1] else list(pair)
