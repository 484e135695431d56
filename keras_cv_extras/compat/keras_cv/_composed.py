"""Layers that are made of layers: each applied to a share of the images, drawn one by one."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

_PACKAGE = "keras_cv_extras.compat.keras_cv"


class _Composed(keras.layers.Layer):
    """Base: draws for every image, and takes images alone or a dictionary that has them."""

    def __init__(self, layers: Sequence[Any], seed: int | None, **kwargs: Any) -> None:
        for unused in ("auto_vectorize", "autocast"):
            kwargs.pop(unused, None)
        super().__init__(autocast=False, **kwargs)
        self.layers = list(layers)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Augments images, or the images of a dictionary."""
        if training is None:
            training = self._get_call_context().entry_layer is self
        images = inputs["images"] if isinstance(inputs, dict) else inputs
        images = ops.cast(ops.convert_to_tensor(images), "float32")
        single = len(images.shape) == 3
        if training:
            images = self._augment(images[None] if single else images)
            images = images[0] if single else images
        return {**inputs, "images": images} if isinstance(inputs, dict) else images

    def _augment(self, images):
        raise NotImplementedError

    def _uniform(self, images):
        count = ops.shape(images)[0]
        return keras.random.uniform((count, 1, 1, 1), seed=self.seed_generator)

    def _chosen(self, images):
        """Returns images by one of the layers, drawn for each."""
        number = ops.floor(self._uniform(images) * len(self.layers))
        result = images
        for index, layer in enumerate(self.layers):
            made = ops.cast(_apply(layer, images), "float32")
            result = ops.where(ops.equal(number, index), made, result)
        return result

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the shape and type of the inputs."""
        if isinstance(inputs, dict):
            images = keras.KerasTensor(inputs["images"].shape, "float32")
            return {**inputs, "images": images}
        return keras.KerasTensor(inputs.shape, "float32")

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        saved = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": saved, "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "_Composed":
        """Returns the layer of a configuration."""
        made = [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": made})


def _apply(layer, images):
    try:
        return layer(images, training=True)
    except TypeError:  # a function, or a layer that knows nothing of training
        return layer(images)


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomApply(_Composed):
    """Applies a layer to some images of a batch, drawn one by one.

    Args:
        layer: a layer that keeps the size of images.
        rate: share of the images, in [0, 1].
        batchwise: takes no part: every image is drawn by itself.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = RandomApply(keras.layers.RandomFlip(), rate=0.5)
    """

    def __init__(
        self,
        layer: Any = None,
        rate: float = 0.5,
        batchwise: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        del batchwise
        given = kwargs.pop("layers", [layer])
        super().__init__(given, seed, **kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must be in [0, 1], received {rate}")
        self.rate = rate

    def _augment(self, images):
        made = ops.cast(_apply(self.layers[0], images), "float32")
        return ops.where(self._uniform(images) < self.rate, made, images)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "rate": self.rate}


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomChoice(_Composed):
    """Applies one of several layers to each image, drawn for that image.

    Args:
        layers: layers that keep the size of images.
        batchwise: takes no part: every image is drawn by itself.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = RandomChoice([keras.layers.RandomFlip(), keras.layers.RandomInvert()])
    """

    def __init__(
        self,
        layers: Sequence[Any],
        batchwise: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        del batchwise
        super().__init__(layers, seed, **kwargs)

    def _augment(self, images):
        return self._chosen(images)


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomAugmentationPipeline(_Composed):
    """Applies some of several layers to each image, drawn with replacement for that image.

    Args:
        layers: layers that keep the size of images.
        augmentations_per_image: how many are drawn.
        rate: how often a draw is carried out, in [0, 1].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = RandomAugmentationPipeline([keras.layers.RandomFlip()], 2)
    """

    def __init__(
        self,
        layers: Sequence[Any],
        augmentations_per_image: int,
        rate: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(layers, seed, **kwargs)
        self.augmentations_per_image, self.rate = augmentations_per_image, rate

    def _augment(self, images):
        for _ in range(self.augmentations_per_image if self.layers else 0):
            takes = self._uniform(images) < self.rate
            images = ops.where(takes, self._chosen(images), images)
        return images

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        own = {"augmentations_per_image": self.augmentations_per_image, "rate": self.rate}
        return {**super().get_config(), **own}


class RepeatedAugmentation:
    """Makes a copy of a batch by each of several layers.

    Args:
        augmenters: layers of a dictionary with `images` and `labels`.
        shuffle: whether to put the copies into a random order.
        seed: of that order.
        **kwargs: take no part.

    Example:
        >>> layer = RepeatedAugmentation([keras.layers.RandomFlip()], shuffle=False)
    """

    def __init__(
        self,
        augmenters: Sequence[Any],
        shuffle: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        del kwargs
        self.augmenters, self.shuffle = list(augmenters), shuffle
        self.seed_generator = keras.random.SeedGenerator(seed)

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the copies, one after another or shuffled."""
        del training
        made = [_apply(augmenter, inputs) for augmenter in self.augmenters]
        joined = {key: ops.concatenate([part[key] for part in made]) for key in inputs}
        if not self.shuffle:
            return joined
        count = ops.shape(joined["images"])[0]
        order = keras.random.shuffle(ops.arange(count), seed=self.seed_generator)
        return {key: ops.take(value, order, axis=0) for key, value in joined.items()}


class Augmenter:
    """Applies layers one after another.

    Args:
        layers: layers, or functions.

    Example:
        >>> augmenter = Augmenter([keras.layers.RandomFlip()])
    """

    def __init__(self, layers: Sequence[Any]) -> None:
        self.layers = list(layers)

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns what the last layer gives."""
        for layer in self.layers:
            inputs = layer(inputs) if training is None else layer(inputs, training=training)
        return inputs
