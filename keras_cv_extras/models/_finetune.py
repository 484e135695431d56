"""Fine-tuning: a new head, frozen stages, and learning rates by layer."""

from typing import TYPE_CHECKING, Any

import keras
from keras import layers

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.layers import leaves
from keras_cv_extras._base.types import Config, Tensor

_PACKAGE = "keras_cv_extras"


def stages(model: keras.Model) -> list[list[keras.layers.Layer]]:
    """Splits the layers with weights where the feature map shrinks to half its places or less.

    Args:
        model: a functional model such as `build` gives; models inside it are opened.

    Returns:
        Lists of layers, from the input to the head. The last list is the head: the layers whose
        names end in "logits", with all of auxiliary heads.

    Example:
        >>> [len(stage) for stage in stages(build("resnet18", (224, 224, 3), 10))]
        [2, 8, 10, 10, 10, 1]
    """
    head, body, area = [], [], 0
    # Backwards the map only grows, except inside squeeze-and-excitation, whose single place
    # belongs to the map that it weights, and which comes after it here.
    for layer in reversed(list(leaves(model))):
        if layer.name.endswith("logits") or layer.name.startswith("auxiliary"):
            head.append(layer)
            continue
        if _area(layer) >= 2 * area:
            area = max(1, _area(layer))
            body.append([])
        body[-1].append(layer)
    found = [head, *body]
    found = [[layer for layer in reversed(stage) if _learns(layer)] for stage in found]
    return [stage for stage in reversed(found) if stage]


def unfreeze(
    model: keras.Model, num_stages: int | None = None, *, batch_norm: bool = False
) -> keras.Model:
    """Trains the head and the last stages, and freezes everything before them.

    Compile the model afterwards: Keras collects what is trained when it compiles.

    Args:
        model: a functional model such as `build` gives.
        num_stages: how many of `stages(model)` before the head are trained; None for all, 0 for
            the head alone.
        batch_norm: whether batch normalisation in them is trained too. False leaves it as the
            published weights have it, statistics included, which suits small data sets.

    Returns:
        The model itself.

    Example:
        >>> model = freeze(build("resnet50", (224, 224, 3), 5, weights="imagenet"))
        >>> ...  # compile and fit: the head
        >>> model = unfreeze(model, 1)
        >>> ...  # compile with a lower learning rate and fit: the last stage too
    """
    *body, head = stages(model)
    count = len(body) if num_stages is None else checks.integer("num_stages", num_stages)
    if not 0 <= count <= len(body):
        raise ValueError(
            f"num_stages must be in [0, {len(body)}] for this model, received {num_stages}"
        )
    checks.boolean("batch_norm", batch_norm)
    for number, stage in enumerate([*body, head]):
        trained = number >= len(body) - count
        for layer in stage:
            normalises = isinstance(layer, layers.BatchNormalization)
            held = normalises and not batch_norm and stage is not head
            layer.trainable = trained and not held
    return model


def freeze(model: keras.Model) -> keras.Model:
    """Trains the head alone: `unfreeze(model, 0)`.

    Args:
        model: a functional model such as `build` gives.

    Returns:
        The model itself. Compile it afterwards.

    Example:
        >>> model = freeze(build("mobilenetv2", (96, 96, 3), 5, weights="imagenet"))
    """
    return unfreeze(model, 0)


def replace_head(model: keras.Model, num_classes: int) -> keras.Model:
    """Returns a copy of a model for other classes: the weights stay, those of the head are new.

    Args:
        model: a functional model such as `build` gives, with layers named "...logits".
        num_classes: how many classes.

    Returns:
        The new model, not compiled.

    Raises:
        ValueError: if the model has no such layer.

    Example:
        >>> model = replace_head(build("resnet18", (32, 32, 3), 100, weights=path), 10)
    """
    checks.integer("num_classes", num_classes, minimum=2)
    copies, heads = [], []

    def copy(layer):
        config = layer.get_config()
        if layer.name.endswith("logits"):
            heads.append(layer)
            config["units" if "units" in config else "filters"] = num_classes
            return type(layer).from_config(config)
        new = type(layer).from_config(config)
        copies.append((layer, new))
        return new

    clone = keras.models.clone_model(model, clone_function=copy, recursive=True)
    if not heads:
        raise ValueError("model must have a layer whose name ends in 'logits', as build gives it")
    for old, new in copies:
        if getattr(old, "weights", None):  # an operation, such as a sum, has none
            new.set_weights(old.get_weights())
            if isinstance(new, layers.Normalization):
                new.finalize_state()
    return clone


def layerwise_rates(model: keras.Model, decay: float = 0.7) -> dict[str, float]:
    """Returns every weight's relative learning rate: 1 in the head, times `decay` per stage before.

    Args:
        model: a functional model such as `build` gives.
        decay: in (0, 1].

    Returns:
        The path of every trainable weight and the factor of its learning rate.

    References:
        [Universal language model fine-tuning](https://arxiv.org/abs/1801.06146), section 3.2,
        which calls it discriminative fine-tuning.

    Example:
        >>> optimizer = LayerwiseAdamW(1e-3, rates=layerwise_rates(model, decay=0.7))
    """
    if not 0 < checks.number("decay", decay) <= 1:
        raise ValueError(f"decay must be in (0, 1], received {decay!r}")
    return {
        weight.path: decay**distance
        for distance, stage in enumerate(reversed(stages(model)))
        for layer in stage
        for weight in layer.trainable_weights
    }


# The optimizer that a subclass names behind `_Layerwise`.
_Behind = keras.optimizers.Optimizer if TYPE_CHECKING else object


class _Layerwise(_Behind):
    """An optimizer with a learning rate for each weight; stands before a Keras optimizer."""

    def __init__(
        self, learning_rate: Tensor = 1e-3, *, rates: Any | None = None, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rates: dict[Any, Any] = dict(rates or {})
        for path, rate in self.rates.items():
            checks.non_negative(f"rates[{path!r}]", rate)
        self._factors = []

    def build(self, variables: Any) -> None:
        """Finds the factor of every variable."""
        self._factors = [self.rates.get(variable.path, 1.0) for variable in variables]
        super().build(variables)

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        """Updates one variable at its own learning rate."""
        factor = self._factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "rates": self.rates}


@keras.saving.register_keras_serializable(_PACKAGE)
class LayerwiseAdamW(_Layerwise, keras.optimizers.AdamW):
    """AdamW with a factor for the learning rate of each weight.

    Weight decay, which AdamW keeps apart from the gradient, goes by the learning rate alone.

    Args:
        learning_rate: of weights whose factor is 1: a number or a schedule.
        rates: path of a weight -> factor, as `layerwise_rates` gives them; 1 for others.
        **kwargs: the arguments of `keras.optimizers.AdamW`.

    Example:
        >>> optimizer = LayerwiseAdamW(1e-3, rates=layerwise_rates(model), weight_decay=0.05)
    """


@keras.saving.register_keras_serializable(_PACKAGE)
class LayerwiseSGD(_Layerwise, keras.optimizers.SGD):
    """SGD with a factor for the learning rate of each weight.

    Args:
        learning_rate: of weights whose factor is 1: a number or a schedule.
        rates: path of a weight -> factor, as `layerwise_rates` gives them; 1 for others.
        **kwargs: the arguments of `keras.optimizers.SGD`.

    Example:
        >>> optimizer = LayerwiseSGD(0.1, rates=layerwise_rates(model), momentum=0.9)
    """


def _learns(layer):
    return bool(layer.weights) and not isinstance(layer, layers.Normalization)


def _area(layer):
    """Returns how many places a layer's output has; 1 for a vector, 0 where it is not known."""
    shape = layer.output.shape
    return (shape[1] or 0) * (shape[2] or 0) if len(shape) == 4 else 1
