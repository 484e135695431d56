"""Keras layers that augment by a policy: state and configuration, nothing else."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.saved.layers import SameShape
from keras_cv_extras._base.seeds import SeedGenerator
from keras_cv_extras._base.types import Color, Config, Interval, Tensor
from keras_cv_extras.policy import (
    Policy,
    PolicySchedule,
    auto_augment,
    from_dict,
    rand_augment,
    trivial_augment,
)

_PACKAGE = "keras_cv_extras"


@keras.saving.register_keras_serializable(_PACKAGE)
class PolicyAugment(SameShape, keras.layers.Layer):
    """Augments every image of a batch by a policy, and does nothing at inference.

    The layer works inside a model and in `Dataset.map`. It draws anew at every call; where the
    augmentation of a sample must not depend on batches, workers or resumption, give the policy
    to `keras_cv_extras.data.pipeline` instead, which numbers the samples.

    Args:
        policy: a `Policy`; or a `PolicySchedule`, which goes by the layer's `epoch`: give
            `EpochCounter(layer)` to `fit` as a callback.
        value_range: None for the policy's own, or the range of the images' values, such as
            `(0, 1)`.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        images: `(batch, height, width, channels)` or `(height, width, channels)`, integer or
            float. Floats keep their type under mixed precision.
        training: whether to augment. If it is not said: True for a layer that is called by
            itself, as `Dataset.map` does, and False inside a model.

    Returns:
        Images of the same shape and type.

    Example:
        >>> policy = keras_cv_extras.policy.rand_augment(num_ops=2, strength=0.5)
        >>> model = keras.Sequential([PolicyAugment(policy), *backbone])
    """

    def __init__(
        self,
        policy: Policy | PolicySchedule | dict[str, Any],
        value_range: Interval | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # Pixel values of 0 to 255 lose their last bits in float16: leave the images' type alone.
        super().__init__(**{"autocast": False, **kwargs})
        if isinstance(policy, dict):
            policy = from_dict(policy)
        if not isinstance(policy, (Policy, PolicySchedule)):
            raise TypeError(f"policy must be a Policy, received {policy!r}")
        if value_range is not None:
            policy = policy.with_value_range(value_range)
        self.policy = policy
        self.seed = seed
        self.seed_generator: SeedGenerator = SeedGenerator(seed)
        if isinstance(policy, PolicySchedule):
            self.epoch: Any = self.add_weight(
                name="epoch", shape=(), dtype="int32", initializer="zeros", trainable=False
            )
        self.built = True

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Augments images; see the class."""
        if training is None:
            # An exported model does not say that it is serving: only the outermost layer may
            # take silence for training. Keras has no public name for the question.
            training = self._get_call_context().entry_layer is self
        if not training or self.policy.is_identity:
            return images
        words = ops.cast(self.seed_generator.next(), "uint32")
        if isinstance(self.policy, PolicySchedule):
            count = ops.shape(images)[0] if len(images.shape) == 4 else 1
            samples = ops.cast(ops.arange(count), "uint32") + words[1]
            epoch = ops.convert_to_tensor(self.epoch)
            return self.policy(images, seed=words[0], epoch=epoch, samples=samples)
        return self.policy(images, seed=words[0], epoch=words[1])

    def compute_output_spec(self, images: Tensor, training: bool | None = None) -> Any:
        """Returns the shape and type of the images."""
        return keras.KerasTensor(images.shape, dtype=images.dtype)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "policy": self.policy.to_dict(), "seed": self.seed}


class _Preset(PolicyAugment):
    """A layer whose policy is made from a few numbers, which are its configuration."""

    def __init__(
        self,
        policy: Policy,
        numbers: dict[str, Any],
        value_range: Interval,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(policy, value_range=value_range, seed=seed, **kwargs)
        self._numbers = {**numbers, "value_range": list(value_range)}

    def get_config(self) -> Config:
        """Returns the configuration."""
        config = super().get_config()
        del config["policy"]
        return {**config, **self._numbers}


@keras.saving.register_keras_serializable(_PACKAGE)
class RandAugment(_Preset):
    """Applies to every image some ops, drawn uniformly for that image, all of one strength.

    Args:
        num_ops: how many ops an image gets, drawn with replacement.
        strength: the strength of all of them, in [0, 1].
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        [RandAugment](https://arxiv.org/abs/1909.13719)

    Example:
        >>> layer = RandAugment(num_ops=2, strength=0.5, value_range=(0, 255), seed=1)
        >>> augmented = layer(images)
    """

    def __init__(
        self,
        num_ops: int = 2,
        strength: float = 0.5,
        value_range: Interval = (0, 255),
        fill: Color = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        numbers = {"num_ops": num_ops, "strength": strength, "fill": fill}
        super().__init__(
            rand_augment(num_ops, strength, fill=fill), numbers, value_range, seed, **kwargs
        )


@keras.saving.register_keras_serializable(_PACKAGE)
class TrivialAugment(_Preset):
    """Applies to every image one op of a random strength, both drawn for that image.

    Args:
        wide: whether to use the wide ranges of strengths.
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        [TrivialAugment](https://arxiv.org/abs/2103.10158)

    Example:
        >>> augmented = TrivialAugment(wide=True, seed=1)(images)
    """

    def __init__(
        self,
        wide: bool = False,
        value_range: Interval = (0, 255),
        fill: Color = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        numbers = {"wide": wide, "fill": fill}
        super().__init__(trivial_augment(wide, fill=fill), numbers, value_range, seed, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class AutoAugment(_Preset):
    """Applies to every image one of the 25 sub-policies that AutoAugment found.

    Args:
        policy: the data set they were found on: "cifar10", "svhn" or "imagenet".
        spec: whose reading of the published magnitudes: "torchvision", "paper" or "tpu".
        value_range: the range of the images' values.
        fill: the colour of pixels from outside the image, in [0, 255].
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    References:
        [AutoAugment](https://arxiv.org/abs/1805.09501)

    Example:
        >>> augmented = AutoAugment("cifar10", seed=1)(images)
    """

    def __init__(
        self,
        policy: str = "imagenet",
        spec: str = "torchvision",
        value_range: Interval = (0, 255),
        fill: Color = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        numbers = {"policy": policy, "spec": spec, "fill": fill}
        super().__init__(
            auto_augment(policy, spec=spec, fill=fill), numbers, value_range, seed, **kwargs
        )
