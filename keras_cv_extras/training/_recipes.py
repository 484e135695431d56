"""The default training settings of each family of networks."""

import dataclasses
import math
from typing import Any

import keras

from keras_cv_extras._base import checks
from keras_cv_extras.losses import AsymmetricMultilabel, LogLoss
from keras_cv_extras.training._model import jit_compile
from keras_cv_extras.training._positive_weighted import positive_weighted

_AVERAGED = 0.05  # the share of the training that an average of the weights looks back on
_OPTIMIZERS = ("adamw", "sgd")
_CROPS = ("none", "random-resized")
MULTILABEL_LOSSES = ("crossentropy", "asymmetric")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Settings of a training.

    Args:
        optimizer: "adamw", or "sgd" with Nesterov momentum 0.9.
        learning_rate: the highest one, at `batch_size`.
        batch_size: images per step.
        weight_decay: the share of a weight that a step subtracts, times the learning rate.
        warmup: share of the steps in which the learning rate rises; then it falls as a cosine.
        label_smoothing: in [0, 1).
        average: whether the weights at the end are a moving average, over about the last
            twentieth of the training.
        epochs: passes over the data.
        crop: how streamed files are cropped: "none" or "random-resized".
        source: the paper that the numbers follow.

    Example:
        >>> settings = recipe("resnet50")
        >>> settings.compile(build("resnet50", (224, 224, 3), 10), steps=10_000)
    """

    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    batch_size: int = 64
    weight_decay: float = 1e-4
    warmup: float = 0.05
    label_smoothing: float = 0.0
    average: bool = False
    epochs: int = 20
    crop: str = "none"
    source: str = ""

    def __post_init__(self) -> None:
        checks.one_of("optimizer", self.optimizer, _OPTIMIZERS)
        checks.positive("learning_rate", self.learning_rate)
        checks.non_negative("weight_decay", self.weight_decay)
        checks.integer("batch_size", self.batch_size, minimum=1)
        checks.integer("epochs", self.epochs, minimum=1)
        checks.boolean("average", self.average)
        checks.one_of("crop", self.crop, _CROPS)
        for name in ("warmup", "label_smoothing"):
            if checks.fraction(name, getattr(self, name)) == 1:
                raise ValueError(f"{name} must be below 1, received 1")

    def with_batch_size(self, batch_size: int) -> "Recipe":
        """Returns the recipe for another batch size, with the learning rate that goes with it.

        References:
            SGD, in proportion: [Goyal et al.](https://arxiv.org/abs/1706.02677); Adam, by the
            square root: [Malladi et al.](https://arxiv.org/abs/2205.10287).
        """
        factor = checks.integer("batch_size", batch_size, minimum=1) / self.batch_size
        rate = self.learning_rate * (factor if self.optimizer == "sgd" else math.sqrt(factor))
        return dataclasses.replace(self, batch_size=batch_size, learning_rate=rate)

    def compile(
        self,
        model: keras.Model,
        *,
        steps: int | None,
        multilabel: str | None = None,
        positive_weights: Any = None,
        loss: Any = None,
    ) -> keras.Model:
        """Compiles a classifier that gives logits, for labels of any form.

        Args:
            model: a Keras model with one logit per class.
            steps: training steps in all; None for a constant learning rate.
            multilabel: None for one label per image; for rows of several labels the loss,
                "crossentropy" for Keras' BinaryCrossentropy or "asymmetric" for
                `losses.AsymmetricMultilabel`, which does not smooth labels.
            positive_weights: None, or with `multilabel` how much more each label counts where an
                image has it, `(labels,)`, as `data.positive_weights` gives them.
            loss: None, or a loss that takes the place of all of these, without smoothed labels
                and weights.

        Returns:
            The model, with accuracy as its metric; for several labels with the mean average
            precision, "average_precision".

        References:
            [AdamW](https://arxiv.org/abs/1711.05101), [cosine](https://arxiv.org/abs/1608.03983).
        """
        options: dict[str, Any] = {"weight_decay": self.weight_decay}
        if self.average:
            momentum = max(0.0, 1 - 1 / max(1.0, _AVERAGED * (steps or 1)))
            options |= {"use_ema": True, "ema_momentum": momentum}
        if self.optimizer == "sgd":
            rate = _rate(self.learning_rate, steps, self.warmup)
            optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, **options)
        else:
            optimizer = cosine_adamw(self.learning_rate, steps, warmup=self.warmup, **options)
        if model.dtype_policy.name == "mixed_float16":  # a saved model does not say so any more
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        measures: list[Any] = ["accuracy"]
        if checks.one_of("multilabel", multilabel, (None, *MULTILABEL_LOSSES)) is not None:
            measures = [
                keras.metrics.AUC(
                    curve="PR",
                    name="average_precision",
                    multi_label=True,
                    num_labels=model.output_shape[-1],
                    from_logits=True,
                )
            ]
        if loss is None:
            loss = self._loss(multilabel, positive_weights)
        model.compile(optimizer, loss, metrics=measures, jit_compile=jit_compile())
        return model

    def _loss(self, multilabel: str | None, positive_weights: Any) -> keras.losses.Loss:
        """Returns the loss of `compile`."""
        if multilabel is None:
            return LogLoss(from_logits=True, label_smoothing=self.label_smoothing)
        loss: Any = AsymmetricMultilabel(from_logits=True)
        if multilabel == "crossentropy":
            loss = keras.losses.BinaryCrossentropy(
                from_logits=True, label_smoothing=self.label_smoothing
            )
        return loss if positive_weights is None else positive_weighted(loss, positive_weights)


def cosine_adamw(
    learning_rate: float,
    steps: int | None,
    *,
    warmup: float = 0.0,
    weight_decay: float = 1e-4,
    **options: Any,
) -> keras.optimizers.AdamW:
    """Returns AdamW whose learning rate rises during a warm-up and falls to zero as a cosine.

    Args:
        learning_rate: the highest one, positive.
        steps: training steps in all; None for a constant learning rate.
        warmup: share of the steps in which the learning rate rises, in [0, 1).
        weight_decay: the share of a weight that a step subtracts, times the learning rate.
        **options: the other arguments of `keras.optimizers.AdamW`.

    Returns:
        A Keras optimizer.

    Raises:
        ValueError: if `steps` is no positive integer.

    References:
        [AdamW](https://arxiv.org/abs/1711.05101), [cosine](https://arxiv.org/abs/1608.03983).

    Example:
        >>> optimizer = cosine_adamw(1e-3, steps=1000, warmup=0.05)
        >>> model.compile(optimizer, "sparse_categorical_crossentropy")
    """
    rate = _rate(learning_rate, steps, warmup)
    return keras.optimizers.AdamW(rate, weight_decay=weight_decay, **options)


def _rate(learning_rate, steps, share) -> Any:
    """Returns a constant, or a schedule: a warm-up, and a cosine to zero."""
    if steps is None:
        return learning_rate
    checks.integer("steps", steps, minimum=1)
    warmup = min(steps - 1, max(1, int(share * steps))) if share else 0
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 10 if warmup else learning_rate,
        max(1, steps - warmup),
        warmup_target=learning_rate if warmup else None,
        warmup_steps=warmup,
    )


def compile_model(
    model: keras.Model,
    *,
    steps: int | None = None,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-4,
    label_smoothing: float = 0.0,
) -> keras.Model:
    """Compiles a classifier that gives logits: AdamW, cosine schedule, cross-entropy, accuracy.

    Args:
        model: a Keras model with one logit per class.
        steps: training steps in all, for a warm-up over a twentieth of them and a cosine to
            zero; None for a constant learning rate.
        learning_rate: the highest one.
        weight_decay: of AdamW.
        label_smoothing: share of the probability that is spread over all classes, in [0, 1).

    Returns:
        The model.

    Example:
        >>> model = compile_model(small_cnn((32, 32, 3), 10), steps=1000, learning_rate=1e-3)
    """
    settings = Recipe("adamw", learning_rate, 64, weight_decay, label_smoothing=label_smoothing)
    return settings.compile(model, steps=steps)


# Keras takes `weight_decay` off the weight itself. In the papers on SGD it is added to the
# gradient, whose momentum of 0.9 makes ten times as much of it; so the papers' 5e-4 is 5e-3 here.
_CIFAR = Recipe("sgd", 0.1, 128, 5e-3, 0.05, 0.0, epochs=200, source="arXiv:1605.07146, section 3")
_LARGE: dict[str, Any] = {"crop": "random-resized"}  # images of 224 x 224 and about that
_RESNET = Recipe(
    *("sgd", 0.1, 256, 1e-3, 0.05, 0.1), epochs=90, source="arXiv:1706.02677, 1812.01187", **_LARGE
)
_PLAIN = Recipe("sgd", 0.01, 128, 5e-3, 0.05, 0.0, epochs=90, source="AlexNet, section 5", **_LARGE)
_MODERN = Recipe(
    *("adamw", 1e-3, 256, 0.05, 0.07, 0.1, True, 300), source="arXiv:2201.03545, A.1", **_LARGE
)
_LIGHT = Recipe("adamw", 1e-3, 256, 0.02, 0.05, 0.1, True, 150, source="own choice", **_LARGE)
#: Family (the begin of a network's name) -> recipe; the longest begin that fits counts.
_FAMILIES = {
    "": Recipe(source="own choice: small networks on small images"),
    "cifar-resnet": dataclasses.replace(_CIFAR, weight_decay=1e-3, source="arXiv:1512.03385, 4.2"),
    "wrn": _CIFAR,
    "nin-cifar": _CIFAR,
    "lenet": Recipe("adamw", 1e-3, 64, 1e-4, 0.05, 0.0, epochs=20, source="own choice"),
    "alexnet": _PLAIN,
    "vgg": dataclasses.replace(_PLAIN, batch_size=256, source="arXiv:1409.1556, section 3.1"),
    "nin-imagenet": _PLAIN,
    "googlenet": dataclasses.replace(_PLAIN, label_smoothing=0.1),
    "bn-inception": _RESNET,
    "inception": _RESNET,
    "xception": _RESNET,
    "resnet": _RESNET,
    "densenet": dataclasses.replace(_RESNET, source="arXiv:1608.06993, section 4.2"),
    "mobilenet": _LIGHT,
    "nasnet": _LIGHT,
    "efficientnet": dataclasses.replace(_LIGHT, epochs=300),
    "convnext": _MODERN,
}
_FINE_TUNING = Recipe("adamw", 3e-4, 64, 0.02, 0.1, 0.1, epochs=20, source="own choice")


def recipe(name: str | None = None, *, fine_tune: bool = False) -> Recipe:
    """Returns the settings that a network's family is trained with by default.

    Args:
        name: a name of `keras_cv_extras.models`, or None for a small network.
        fine_tune: whether it begins with weights of another data set: then all families are
            trained alike, for a short time at a low learning rate.

    Example:
        >>> recipe("wrn-28-10").learning_rate
        0.1
    """
    if fine_tune:
        return _FINE_TUNING
    key = "" if name is None else checks.lower_case(name).removeprefix("tf-")  # as timm names some
    return _FAMILIES[max((begin for begin in _FAMILIES if key.startswith(begin)), key=len)]
