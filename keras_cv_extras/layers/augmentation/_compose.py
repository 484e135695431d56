"""Keras layers of policies that are made of policies, and of several views of an image."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Color, Config, Interval, Tensor
from keras_cv_extras.layers.augmentation._policy import PolicyAugment
from keras_cv_extras.policy import (
    Policy,
    Step,
    augmix,
    random_apply,
    random_choice,
    random_order,
    repeated_augment,
    some_of,
)

_PACKAGE = "keras_cv_extras"


def _policy(value):
    return Policy.from_dict(value) if isinstance(value, dict) else value


def _steps(values):
    return [Step.from_dict(value) if isinstance(value, dict) else value for value in values]


class _Composed(PolicyAugment):
    """A layer whose configuration is what its policy was made of."""

    def __init__(
        self, policy: Policy, parts: dict[str, Any], seed: int | None, **kwargs: Any
    ) -> None:
        super().__init__(policy, seed=seed, **kwargs)
        self._parts = parts

    def get_config(self) -> Config:
        """Returns the configuration."""
        config = super().get_config()
        del config["policy"]
        return {**config, **self._parts}


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomApply(_Composed):
    """Applies a policy to some images of a batch, drawn one by one.

    Args:
        policy: a `Policy`.
        rate: share of the images that it is applied to, in [0, 1].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = RandomApply(keras_cv_extras.policy.rand_augment(num_ops=1), rate=0.5)
    """

    def __init__(
        self, policy: Policy, rate: float = 0.5, seed: int | None = None, **kwargs: Any
    ) -> None:
        policy = _policy(policy)
        parts = {"policy": policy.to_dict(), "rate": rate}
        super().__init__(random_apply(policy, rate), parts, seed, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomChoice(_Composed):
    """Applies one of several policies to each image, drawn for that image.

    Args:
        policies: a list of `Policy`.
        weights: how often each is drawn, relative to the others; None for equally often.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = RandomChoice([policy, another], weights=[3, 1])
    """

    def __init__(
        self,
        policies: Sequence[Policy],
        weights: Sequence[float] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        policies = [_policy(policy) for policy in policies]
        weights = None if weights is None else list(weights)
        parts = {"policies": [policy.to_dict() for policy in policies], "weights": weights}
        super().__init__(random_choice(policies, weights), parts, seed, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class RandomOrder(_Composed):
    """Applies all of some steps to each image, in an order drawn for that image.

    Args:
        steps: a list of at most six `Step`.
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = RandomOrder([Step("rotate", strength=0.5), Step("invert", 0.5)])
    """

    def __init__(
        self,
        steps: Sequence[Step],
        value_range: Interval = (0, 255),
        fill: Color = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        steps = _steps(steps)
        options = {"value_range": list(value_range), "fill": fill}
        parts = {"steps": [step.to_dict() for step in steps], **options}
        super().__init__(random_order(steps, **options), parts, seed, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class SomeOf(_Composed):
    """Applies some of several steps to each image, drawn for that image.

    Args:
        steps: a list of `Step`.
        num_steps: how many are drawn for an image.
        replace: whether one may be drawn twice.
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = SomeOf([Step("rotate", strength=0.5), Step("invert"), Step("equalize")], 2)
    """

    def __init__(
        self,
        steps: Sequence[Step],
        num_steps: int,
        replace: bool = False,
        value_range: Interval = (0, 255),
        fill: Color = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        steps = _steps(steps)
        options = {"value_range": list(value_range), "fill": fill}
        parts = {
            "steps": [step.to_dict() for step in steps],
            "num_steps": num_steps,
            "replace": replace,
            **options,
        }
        policy = some_of(steps, num_steps, replace=replace, **options)
        super().__init__(policy, parts, seed, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class AugMix(keras.layers.Layer):
    """Blends each image with a mixture of several augmented versions of it.

    Args:
        strength: the greatest strength of an op, in [0, 1].
        width: how many chains of ops are mixed.
        alpha: the parameter of the distributions of the weights, above 0.
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        jensen_shannon: whether to give what the Jensen-Shannon loss compares: a tuple of the
            images and two views of them; at inference three times the images.
        chain: None for AugMix's own ops at `strength`, or the `Policy` of a chain, as
            `policy.augmix_from_timm` and `augmix_from_torchvision` give it.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        [AugMix](https://arxiv.org/abs/1912.02781)

    Example:
        >>> clean, first, second = AugMix(jensen_shannon=True)(images)
    """

    def __init__(
        self,
        strength: float = 0.3,
        width: int = 3,
        alpha: float = 1.0,
        value_range: Interval = (0, 255),
        fill: Color = 0,
        jensen_shannon: bool = False,
        chain: Policy | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        self.chain: Any = _policy(chain)
        self.options: dict[str, Any] = {
            "strength": strength,
            "width": width,
            "alpha": alpha,
            "value_range": list(value_range),
            "fill": fill,
            "jensen_shannon": jensen_shannon,
        }
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        self.built = True

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Augments images; see the class."""
        if training is None:
            training = self._get_call_context().entry_layer is self
        if not training:
            return (images,) * 3 if self.options["jensen_shannon"] else images
        words = ops.cast(self.seed_generator.next(), "uint32")
        return augmix(images, seed=words[0], epoch=words[1], chain=self.chain, **self.options)

    def get_config(self) -> Config:
        """Returns the configuration."""
        chain = None if self.chain is None else self.chain.to_dict()
        return {**super().get_config(), **self.options, "chain": chain, "seed": self.seed}


@keras.saving.register_keras_serializable(_PACKAGE)
class RepeatedAugment(keras.layers.Layer):
    """Makes several augmented copies of every image of a batch, with its labels.

    Takes `(images, labels)` and gives them `num_repeats` times as long, in training and at
    inference; at inference the copies are not augmented.

    Args:
        policy: a `Policy`.
        num_repeats: how many copies.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        [Augment your batch](https://arxiv.org/abs/1901.09335)

    Example:
        >>> train = dataset.batch(32).map(RepeatedAugment(policy, num_repeats=4))
    """

    def __init__(
        self, policy: Policy, num_repeats: int = 2, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        self.policy: Any = _policy(policy)
        self.num_repeats: int = num_repeats
        self.seed: int | None = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        self.built = True

    def call(
        self, images: Tensor, labels: Tensor | None = None, training: bool | None = None
    ) -> Tensor:
        """Augments images; see the class."""
        if isinstance(images, (tuple, list)):
            images, labels = images
        if training is None:
            training = self._get_call_context().entry_layer is self
        policy = self.policy if training else Policy([[Step("identity")]])
        words = ops.cast(self.seed_generator.next(), "uint32")
        return repeated_augment(
            policy,
            images,
            labels,
            num_repeats=self.num_repeats,
            seed=words[0],
            epoch=words[1],
        )

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "policy": self.policy.to_dict(),
            "num_repeats": self.num_repeats,
            "seed": self.seed,
        }
