"""The settings of a training."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.registry import LOSSES, MIXES

if TYPE_CHECKING:
    from keras_cv_extras.policy import Policy
    from keras_cv_extras.training._recipes import Recipe

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
CLASS_WEIGHTS = ("none", "balanced", "effective")
_OF_THE_RECIPE = (
    *("epochs", "batch_size", "learning_rate", "weight_decay", "label_smoothing", "average"),
    "crop",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """The settings of a training. None stands for the value in the recipe of the network.

    Args:
        model: a network of `kcx.models.names()`; None for `kcx.training.small_cnn`.
        weights: weights to begin with, "imagenet" (downloads them) or a file; needs `model`.
        policy: a `Policy`, a policy file, or a name of `kcx.policy.named`.
        mix: "none", "mixup", "cutmix", "fmix", "mosaic", or one of your own by its name
            (`kcx.mix.register`): how images and their labels are blended, all images and with the
            mix's own alpha; None for what the policy's `batch` says.
        epochs: passes over the training images.
        batch_size: images per step.
        learning_rate: the highest one; None for the recipe's at this batch size.
        weight_decay: in units of the learning rate.
        label_smoothing: in [0, 1); None for the policy's, or else the recipe's.
        average: whether the weights of the last steps are averaged.
        crop: how training images are cropped from streamed files: "none" (resized, and the centre
            cut out) or "random-resized" (a box drawn for every file in every epoch).
        class_weights: "none", "balanced" or "effective", see `kcx.data.class_weight`; of
            several labels per image see `kcx.data.positive_weights`.
        loss: of images with several labels: "crossentropy", or "asymmetric" for
            `kcx.losses.AsymmetricMultilabel`, where each has few labels of many. Or of any
            images one of your own by its name (`kcx.losses.register`).
        validation: the share of the training images to validate on, in [0, 0.9].
        patience: stop after this many epochs without a better validation accuracy (average
            precision for several labels per image), and keep the best weights; None to never stop
            early.
        precision: Keras' dtype policy of the network's layers: "float32", "mixed_float16" (for
            GPUs) or "mixed_bfloat16" (for TPUs, newer GPUs and processors). Weights and logits
            stay float32.
        seed: an integer of at least 0.

    Raises:
        TypeError, ValueError: if a setting is not as above, or two of them exclude each other.

    Example:
        >>> settings = TrainingSettings(epochs=3, mix="cutmix", validation=0.2)
        >>> settings.mix
        'cutmix'
    """

    model: str | None = None
    weights: str | None = None
    policy: Policy | str = "none"
    mix: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    label_smoothing: float | None = None
    average: bool | None = None
    crop: Literal["none", "random-resized"] | None = None
    class_weights: Literal["none", "balanced", "effective"] = "none"
    loss: str = "crossentropy"
    validation: float = 0.1
    patience: int | None = None
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the settings."""
        share = checks.fraction("validation", self.validation)
        checks.integer("seed", self.seed, minimum=0, maximum=(1 << 32) - 1)
        # As they are known, so that capitals do not make another training.
        names: dict[str, Any] = {"loss": LOSSES.resolved(self.loss)}
        if self.mix is not None:
            names["mix"] = MIXES.resolved(self.mix)
        if self.model is not None:
            names["model"] = checks.lower_case(self.model)
        for name, value in names.items():
            object.__setattr__(self, name, value)
        checks.one_of("crop", self.crop, (None, "none", "random-resized"))
        checks.one_of("class_weights", self.class_weights, CLASS_WEIGHTS)
        checks.one_of("precision", self.precision, PRECISIONS)
        if self.loss != "crossentropy" and self.label_smoothing:
            raise ValueError("label_smoothing goes with loss='crossentropy': leave one of them out")
        if self.patience is not None:
            checks.integer("patience", self.patience, minimum=1)
            if share == 0:
                raise ValueError("patience needs validation images: give validation above 0")
            if self.average:
                raise ValueError(
                    "average and patience both choose the weights at the end: give one of them"
                )
        if share > 0.9:
            raise ValueError(f"validation must be at most 0.9, received {share:g}")
        if self.model is None and self.weights is not None:
            raise ValueError("weights needs model: the small network has none")

    def recipe(self) -> Recipe:
        """Returns the recipe of the network, with these settings in place of its own numbers."""
        from keras_cv_extras import training

        recipe = training.recipe(self.model, fine_tune=self.weights is not None)
        if self.batch_size is not None:
            recipe = recipe.with_batch_size(self.batch_size)
        given = {name: getattr(self, name) for name in _OF_THE_RECIPE}
        if self.patience is not None:  # which chooses the weights itself
            given["average"] = False
        changed = {name: value for name, value in given.items() if value is not None}
        return dataclasses.replace(recipe, **changed)

    def with_policy(self, policy: Any) -> tuple[TrainingSettings, Any]:
        """Returns the settings and a policy, of which each setting of batches has one place.

        Args:
            policy: a `Policy`, a `PolicySchedule`, or the file or the name of one. What is asked
                for here goes before its `batch`, which says the rest.
        """
        if isinstance(policy, str):
            from keras_cv_extras import policy as policies

            policy = policies.named(policy)
        batch = policy.batch
        if self.mix is not None and batch.mix != "none":
            policy = policy.with_batch(mix="none", mix_rate=1.0, mix_alpha=1.0)
        if batch.label_smoothing == 0:
            return self, policy
        smoothing = self.label_smoothing
        if smoothing is None and self.loss != "crossentropy":
            raise ValueError(
                f"the policy comes with label smoothing of {batch.label_smoothing:g}, which goes "
                "with loss='crossentropy' alone: give label_smoothing=0, or another policy"
            )
        smoothing = batch.label_smoothing if smoothing is None else smoothing
        policy = policy.with_batch(label_smoothing=0.0)
        return dataclasses.replace(self, label_smoothing=smoothing), policy

    def beside_recipe(self) -> dict[str, Any]:
        """Returns the settings that a recipe does not have, but for the policy."""
        left_out = (*_OF_THE_RECIPE, "policy")
        names = [field.name for field in dataclasses.fields(self) if field.name not in left_out]
        found = {name: getattr(self, name) for name in names}
        found["mix"] = self.mix or "none"  # the policy's own is the policy's
        if found["loss"] == "crossentropy":  # so that earlier trainings are known again
            del found["loss"]
        return found
