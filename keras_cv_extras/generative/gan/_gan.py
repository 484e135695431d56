"""A conditional GAN for small images: training, and images of a wanted class."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks, label_forms
from keras_cv_extras._base.types import ArrayLike, Config, Tensor
from keras_cv_extras.generative import _synthesis
from keras_cv_extras.generative.gan import _diff_augment, _losses, _networks
from keras_cv_extras.generative.gan._image_maker import ImageMaker

_PACKAGE = "keras_cv_extras"


@keras.saving.register_keras_serializable(_PACKAGE)
class ConditionalGAN(ImageMaker, keras.Model):
    """A generator that makes images of a wanted class, trained against a discriminator.

    The generator enlarges and convolves, with batch normalisation by class; the discriminator
    has spectral normalisation and scores images by projection on a vector of their class. The
    discriminator sees all images through a differentiable augmentation, because it would otherwise
    learn a small data set by heart. The images come from a moving average of the generator's
    weights.

    All random numbers are functions of `seed` and of the training step, which is saved with the
    weights: an interrupted training continues as if it had not been interrupted. Training needs the
    TensorFlow backend; a trained model makes images on JAX too.

    Args:
        image_shape: `(height, width, channels)`, at least 8 x 8, 1 or 3 channels. Meant for up
            to 64 x 64.
        num_classes: how many classes.
        loss: "hinge", "non_saturating" or "wgan_gp" (with a gradient penalty, and without
            spectral normalisation).
        latent_size: random numbers that an image is made of.
        width: channels of the generator's last map and of the discriminator's first.
        augment: the augmentations before the discriminator: some of "color", "translation" and
            "cutout", or () for nothing.
        adaptive_target: the target in (0, 1) for the share of real images scored above 0, less the
            share scored below; 0.6 in the paper. The rate of augmentation starts at 0 and rises
            while the discriminator is above the target, that is, learns images by heart. None to
            augment every image from the start: for a few hundred images, and many steps.
        adaptive_images: images after which a rate that only rises has gone from 0 to 1.
        ema_decay: of the moving average of the generator, in [0, 1).
        critic_steps: steps of the discriminator for each of the generator; None for 5 with
            "wgan_gp", else 1. Each takes a batch.
        value_range: the images' lowest and highest value.
        seed: an integer, for the first weights and for all draws of training.
        **kwargs: the arguments of `keras.Model`.

    Attributes:
        generator: the model that is trained, of `[latents, labels]`, with values in [-1, 1].
        average: its moving average, which makes the images.
        discriminator: the model that scores `[images in [-1, 1], labels]`.
        step: how many steps it was trained.
        rate: of augmentation, in [0, 1].

    References:
        [Goodfellow et al.](https://arxiv.org/abs/1406.2661); [projection
        discriminator](https://arxiv.org/abs/1802.05637); [two time
        scales](https://arxiv.org/abs/1706.08500); [differentiable
        augmentation](https://arxiv.org/abs/2006.10738); [adaptive
        augmentation](https://arxiv.org/abs/2006.06676)

    Example:
        >>> gan = ConditionalGAN((28, 28, 1), 10)
        >>> gan.compile()
        >>> gan.fit(x, y, batch_size=64, epochs=50)
        >>> sevens = gan.generate([7] * 16, seed=1)
        >>> x, y = gan.resample(x, y)
    """

    generator: keras.Model
    average: keras.Model

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_classes: int,
        *,
        loss: str = "hinge",
        latent_size: int = 64,
        width: int = 32,
        augment: tuple[str, ...] | str | None = _diff_augment.KINDS,
        adaptive_target: float | None = 0.6,
        adaptive_images: int = 500_000,
        ema_decay: float = 0.999,
        critic_steps: int | None = None,
        value_range: tuple[float, float] = (0, 255),
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.image_shape: tuple[int, ...] = checks.sizes("image_shape", tuple(image_shape), 3)
        if min(self.image_shape[:2]) < 8 or self.image_shape[2] not in (1, 3):
            raise ValueError(
                "image_shape must be at least 8 x 8 pixels with 1 or 3 channels, received "
                f"{image_shape}"
            )
        self.num_classes: int = checks.integer("num_classes", num_classes, minimum=2)
        self.adversarial_loss: Any = checks.one_of("loss", loss, _losses.LOSSES)
        self.latent_size: int = checks.integer("latent_size", latent_size, minimum=1)
        self.width: int = checks.integer("width", width, minimum=1)
        self.augment: tuple[str, ...] = _diff_augment.check_kinds("augment", augment)
        self.adaptive_target = adaptive_target
        if (
            adaptive_target is not None
            and not 0 < checks.number("adaptive_target", adaptive_target) < 1
        ):
            raise ValueError(f"adaptive_target must be in (0, 1), received {adaptive_target!r}")
        self.adaptive_images: int = checks.integer("adaptive_images", adaptive_images, minimum=1)
        self.ema_decay: float = checks.fraction("ema_decay", ema_decay)
        if self.ema_decay == 1:
            raise ValueError("ema_decay must be below 1, or the average never moves, received 1")
        default = 5 if loss == "wgan_gp" else 1
        self.critic_steps: int = default if critic_steps is None else critic_steps
        checks.integer("critic_steps", self.critic_steps, minimum=1)
        self.value_range: tuple[float, float] = checks.rising("value_range", tuple(value_range))
        self.seed: int = checks.integer("seed", seed)
        self._build_networks()
        first_rate = 1.0 if adaptive_target is None else 0.0
        self.step: Any = self._counter("step", "int32", 0)
        self.rate: Any = self._counter("rate", "float32", first_rate)
        names = ("generator_loss", "discriminator_loss", "loss", "real_sign")
        self.trackers: dict[str, keras.metrics.Mean] = {
            name: keras.metrics.Mean(name=name) for name in names
        }
        self.built = True

    def _build_networks(self):
        sizes = {"latent_size": self.latent_size, "width": self.width}
        shape, count = self.image_shape, self.num_classes
        self.generator, self.average = (
            _networks.generator(shape, count, **sizes, seed=self.seed, name=name)
            for name in ("generator", "average")
        )
        self.average.trainable = False
        self.discriminator: keras.Model = _networks.discriminator(
            shape,
            count,
            width=self.width,
            spectral=self.adversarial_loss != "wgan_gp",
            seed=self.seed + 1,
            name="discriminator",
        )

    def _counter(self, name, dtype, value):
        return self.add_weight(
            name=name,
            shape=(),
            dtype=dtype,
            initializer=keras.initializers.Constant(value),
            trainable=False,
            autocast=False,
        )

    def compile(
        self,
        generator_optimizer: Any | None = None,
        discriminator_optimizer: Any | None = None,
        *,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """Sets the optimizers.

        Args:
            generator_optimizer: None for Adam with a learning rate of 1e-3, which is for a few
                thousand steps.
            discriminator_optimizer: None for Adam with 2e-3: the discriminator, on a faster time
                scale, follows the generator. With "wgan_gp" a tenth of both.
            jit_compile: whether XLA compiles a step; on a CPU it is slower.
            **kwargs: of `keras.Model.compile`, but no loss and no metrics.
        """
        if keras.backend.backend() != "tensorflow":
            raise NotImplementedError(
                "ConditionalGAN is trained on the TensorFlow backend only, received "
                f"{keras.backend.backend()!r}; a trained one makes images on JAX too"
            )
        unwanted = {"loss", "metrics", "optimizer", "weighted_metrics"} & set(kwargs)
        if unwanted:
            raise TypeError(f"ConditionalGAN has its own losses and optimizers: leave {unwanted}")
        rate, first, second = 1e-3, 0.5, 0.99
        if self.adversarial_loss == "wgan_gp":
            rate, first, second = 1e-4, 0.0, 0.9  # Gulrajani et al., algorithm 1
        if generator_optimizer is None:
            generator_optimizer = keras.optimizers.Adam(rate, beta_1=first, beta_2=second)
        if discriminator_optimizer is None:
            discriminator_optimizer = keras.optimizers.Adam(2 * rate, beta_1=first, beta_2=second)
        super().compile(
            optimizer=keras.optimizers.get(generator_optimizer), jit_compile=jit_compile, **kwargs
        )
        self.discriminator_optimizer: Any = keras.optimizers.get(discriminator_optimizer)
        # Built now, so that a checkpoint has where to go.
        self.optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def get_compile_config(self) -> Config:
        """Returns the optimizers."""
        return {
            "generator_optimizer": keras.optimizers.serialize(self.optimizer),
            "discriminator_optimizer": keras.optimizers.serialize(self.discriminator_optimizer),
            "jit_compile": self.jit_compile,
        }

    def compile_from_config(self, config: Any) -> None:
        """Compiles as saved; on another backend than TensorFlow it stays without training."""
        if keras.backend.backend() != "tensorflow":
            return
        names = ("generator_optimizer", "discriminator_optimizer")
        optimizers = [keras.optimizers.deserialize(config[name]) for name in names]
        self.compile(*optimizers, jit_compile=config["jit_compile"])

    def fit(
        self, x: ArrayLike | None = None, y: ArrayLike | None = None, *args: Any, **kwargs: Any
    ) -> keras.callbacks.History:
        """Trains; images are checked before the first step, of a dataset those of its first batch.

        Args:
            x: `(n, height, width, channels)` images within the value range, or a dataset of
                batches `(images, labels)`.
            y: `(n,)` classes, from 0 to `num_classes - 1`.
            *args: of `keras.Model.fit`.
            **kwargs: of `keras.Model.fit`.

        Raises:
            TypeError, ValueError: if images or labels are not as above, of one class only, or
                hold NaN.
        """
        if hasattr(x, "shape") and hasattr(y, "shape"):
            x, y = _synthesis.checked_images(self, x, y)
            return super().fit(x, y, *args, **kwargs)
        with _synthesis.checked_batches(self, x, kwargs.get("callbacks")) as x:
            return super().fit(x, y, *args, **kwargs)

    def call(self, inputs: Any, training: bool | None = None) -> Tensor:
        """Returns the images `(batch, height, width, channels)` of latents and labels.

        Args:
            inputs: `(latents (batch, latent_size), labels (batch,))`.
            training: not used: the average is never trained.
        """
        low, high = self.value_range
        made = ops.cast(self.average(list(inputs), training=False), "float32")
        return low + (high - low) * (made + 1) / 2

    def train_step(self, data: Any) -> dict[str, Tensor]:
        """Takes one step of the discriminator and, each `critic_steps`-th time, of the other."""
        from keras_cv_extras.generative.gan import _step  # TensorFlow, only where it trains

        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        low, high = self.value_range
        real = (ops.cast(images, "float32") - low) * (2 / (high - low)) - 1
        if tuple(real.shape[1:]) != self.image_shape:
            raise ValueError(
                f"images must have the shape (batch, *{self.image_shape}), received {real.shape}"
            )
        labels = label_forms.largest(labels)
        step = ops.convert_to_tensor(self.step)
        made_loss, loss, sign = _step.training_step(self, real, labels, step)
        for name, value in (
            ("discriminator_loss", loss),
            ("generator_loss", made_loss),
            ("loss", loss + made_loss),
            ("real_sign", sign),
        ):
            self.trackers[name].update_state(value)
        if self.adaptive_target is not None:
            count = ops.cast(ops.shape(real)[0], "float32")
            change = ops.sign(sign - self.adaptive_target) * count / self.adaptive_images
            self.rate.assign(ops.clip(self.rate + change, 0.0, 1.0))
        self.step.assign_add(1)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "num_classes": self.num_classes,
            "loss": self.adversarial_loss,
            "latent_size": self.latent_size,
            "width": self.width,
            "augment": self.augment,
            "adaptive_target": self.adaptive_target,
            "adaptive_images": self.adaptive_images,
            "ema_decay": self.ema_decay,
            "critic_steps": self.critic_steps,
            "value_range": self.value_range,
            "seed": self.seed,
        }
