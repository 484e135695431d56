"""Layers that are made of layers: each applied to a share of the images, drawn one by one."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras.compat.keras_cv._base_layer import BaseImageAugmentationLayer
from keras_cv_extras.compat.keras_cv._layer import OldLayer
from keras_cv_extras.compat.keras_cv._ragged import each_image, is_ragged

_PACKAGE = "keras_cv_extras.compat.keras_cv"


class _Composed(keras.layers.Layer):
    """Base: draws for every image, and takes images alone or a dictionary that has them."""

    def __init__(self, layers: Sequence[Any], seed: int | None, **kwargs: Any) -> None:
        kwargs.pop("autocast", None)
        super().__init__(autocast=False, **kwargs)
        self.layers = list(layers)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Augments images, or the images and labels of a dictionary."""
        if training is None:
            training = self._get_call_context().entry_layer is self
        given = dict(inputs) if isinstance(inputs, dict) else {"images": inputs}
        if is_ragged(given["images"]):
            if training:
                given = each_image(self._one, _floats(given))
        else:
            given = _floats(given)
            if training:
                given = (self._one if len(given["images"].shape) == 3 else self._augment)(given)
        return given if isinstance(inputs, dict) else given["images"]

    def _one(self, sample):
        made = self._augment({name: value[None] for name, value in sample.items()})
        return {name: value[0] for name, value in made.items()}

    def _augment(self, given):
        raise NotImplementedError

    def _uniform(self, given):
        """Returns a number for each image; one for all of them if they are drawn together."""
        count = 1 if getattr(self, "batchwise", False) else ops.shape(given["images"])[0]
        return keras.random.uniform((count,), seed=self.seed_generator)

    def _chosen(self, given):
        """Returns what one of the layers makes, drawn for each image."""
        number = ops.floor(self._uniform(given) * len(self.layers))
        result = given
        for index, layer in enumerate(self.layers):
            result = _where(ops.equal(number, index), _made(layer, given), result)
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


def _floats(given):
    """Returns a batch whose images and labels are floats."""
    cast: dict[str, Any] = {}
    for name in {"images", "labels"} & set(given):
        value = given[name]
        ragged = is_ragged(value)
        cast[name] = ops.cast(value if ragged else ops.convert_to_tensor(value), "float32")
    return {**given, **cast}


def _where(takes, made, given):
    """Returns images and labels: what was made where it is taken, else what was given."""
    result = dict(given)
    if is_ragged(made["images"]) and not is_ragged(given["images"]):
        raise ValueError(
            "layers that are drawn from must keep the size of images, received one that does not, "
            "such as RandomAspectRatio: apply it by itself, and Resizing after it"
        )
    for name in ("images", "labels"):
        if name in given:
            mask = ops.reshape(takes, (-1, *[1] * (len(given[name].shape) - 1)))
            result[name] = ops.where(mask, ops.cast(made[name], "float32"), given[name])
    return result


def _made(layer, given):
    """Returns what a layer makes of images, and of labels if it knows of them."""
    if isinstance(layer, (OldLayer, BaseImageAugmentationLayer, _Composed)) and len(given) > 1:
        return _apply(layer, given)
    return {**given, "images": _apply(layer, given["images"])}


def _apply(layer, images, training=True):
    try:
        return layer(images, training=training)
    except TypeError:  # a function, or a layer that knows nothing of training
        return layer(images)


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomApply(_Composed):
    """Applies a layer to some images of a batch, drawn one by one.

    Args:
        layer: a layer that keeps the size of images.
        rate: share of the images, in [0, 1].
        batchwise: whether one draw is for the whole batch.
        auto_vectorize: takes no part.
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
        auto_vectorize: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        del auto_vectorize
        given = kwargs.pop("layers", [] if layer is None else [layer])
        super().__init__(given, seed, **kwargs)
        self.batchwise = batchwise
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must be in [0, 1], received {rate}")
        self.rate = rate

    def _augment(self, given):
        if not self.layers:
            return given
        return _where(self._uniform(given) < self.rate, _made(self.layers[0], given), given)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        kept = super().get_config()
        layer = [*kept.pop("layers"), None][0]
        return {**kept, "layer": layer, "rate": self.rate, "batchwise": self.batchwise}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "RandomApply":
        """Returns the layer of a configuration."""
        if "layers" in config:  # as it was saved before
            config = {**config, "layer": config["layers"][0]}
            del config["layers"]
        layer = keras.saving.deserialize_keras_object(config["layer"])
        return cls(**{**config, "layer": layer})


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomChoice(_Composed):
    """Applies one of several layers to each image, drawn for that image.

    Args:
        layers: layers that keep the size of images.
        auto_vectorize: takes no part.
        batchwise: whether one draw is for the whole batch.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = RandomChoice([keras.layers.RandomFlip(), keras.layers.RandomInvert()])
    """

    def __init__(
        self,
        layers: Sequence[Any],
        auto_vectorize: bool = False,
        batchwise: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        del auto_vectorize
        super().__init__(layers, seed, **kwargs)
        self.batchwise = batchwise

    def _augment(self, given):
        return self._chosen(given)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**super().get_config(), "batchwise": self.batchwise}


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomAugmentationPipeline(_Composed):
    """Applies some of several layers to each image, drawn with replacement for that image.

    Args:
        layers: layers that keep the size of images.
        augmentations_per_image: how many are drawn.
        rate: how often a draw is carried out, in [0, 1].
        auto_vectorize: takes no part.
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
        auto_vectorize: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        del auto_vectorize
        super().__init__(layers, seed, **kwargs)
        self.augmentations_per_image, self.rate = augmentations_per_image, rate

    def _augment(self, given):
        for _ in range(self.augmentations_per_image if self.layers else 0):
            given = _where(self._uniform(given) < self.rate, self._chosen(given), given)
        return given

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        own = {"augmentations_per_image": self.augmentations_per_image, "rate": self.rate}
        return {**super().get_config(), **own}


class _Row(keras.layers.Layer):
    """Base: layers, or functions, that are called one after another or each by itself."""

    def __init__(self, held: Sequence[Any], **kwargs: Any) -> None:
        for unused in ("auto_vectorize", "autocast", "force_generator"):
            kwargs.pop(unused, None)
        super().__init__(autocast=False, **kwargs)
        self.held = list(held)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Calls the layers."""
        if training is None:
            training = self._get_call_context().entry_layer is self
        return self.augment(inputs, training)

    def augment(self, inputs: Any, training: bool) -> Any:
        """Returns what the layers make."""
        raise NotImplementedError

    def saved(self, name: str) -> dict[str, Any]:
        """Returns the configuration, the layers under a name."""
        held = [keras.saving.serialize_keras_object(layer) for layer in self.held]
        return {**super().get_config(), name: held}


def _loaded(cls, config, name):
    held = [keras.saving.deserialize_keras_object(layer) for layer in config[name]]
    return cls(**{**config, name: held})


@keras.saving.register_keras_serializable(_PACKAGE)
class RepeatedAugmentation(_Row):
    """Makes a copy of a batch by each of several layers.

    Args:
        augmenters: layers of a dictionary with `images` and `labels`.
        shuffle: whether to put the copies into a random order.
        seed: of that order.
        **kwargs: the arguments of `keras.layers.Layer`.

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
        super().__init__(augmenters, **kwargs)
        self.shuffle, self.seed = shuffle, seed
        self.seed_generator = SeedGenerator(seed)

    @property
    def augmenters(self) -> list[Any]:
        """The layers."""
        return self.held

    def augment(self, inputs: Any, training: bool) -> Any:
        """Returns the copies, one after another or shuffled."""
        made = [_apply(augmenter, inputs, training) for augmenter in self.held]
        joined = {key: ops.concatenate([part[key] for part in made]) for key in inputs}
        if not self.shuffle:
            return joined
        count = ops.shape(joined["images"])[0]
        order = keras.random.shuffle(ops.arange(count), seed=self.seed_generator)
        return {key: ops.take(value, order, axis=0) for key, value in joined.items()}

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**self.saved("augmenters"), "shuffle": self.shuffle, "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "RepeatedAugmentation":
        """Returns the layer of a configuration."""
        return _loaded(cls, config, "augmenters")


@keras.saving.register_keras_serializable(_PACKAGE)
class Augmenter(_Row):
    """Applies layers one after another.

    Args:
        layers: layers, or functions.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> augmenter = Augmenter([keras.layers.RandomFlip()])
    """

    def __init__(self, layers: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(layers, **kwargs)

    @property
    def layers(self) -> list[Any]:
        """The layers."""
        return self.held

    def augment(self, inputs: Any, training: bool) -> Any:
        """Returns what the last layer gives."""
        for layer in self.held:
            inputs = _apply(layer, inputs, training)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return self.saved("layers")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Augmenter":
        """Returns the layer of a configuration."""
        return _loaded(cls, config, "layers")
