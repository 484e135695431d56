"""Post-hoc logit adjustment: a trained classifier for classes of equal frequency."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import log_prior
from keras_cv_extras._base.types import Config, Shape, Tensor


@keras.saving.register_keras_serializable("keras_cv_extras")
class LogitAdjustment(keras.layers.Layer):
    """Takes the classes' log frequencies from the logits: `z_k - tau log(prior_k)`.

    Use it for a classifier that was trained with plain cross-entropy on imbalanced classes and
    should do equally well on rare ones. One that was trained by `losses.LogitAdjusted` needs no
    such layer.

    Args:
        class_counts: how many training samples each class has; an empty class counts as one.
        tau: strength of the adjustment, at least 0; 0 changes nothing.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: logits `(batch, ..., num_classes)`; logarithms of probabilities will do.

    Returns:
        The adjusted logits, of the same shape.

    Raises:
        ValueError: if there is not one count for each class.

    References:
        [Menon et al., Long-tail learning via logit adjustment](https://arxiv.org/abs/2007.07314),
        section 4.2.

    Example:
        >>> balanced = keras.Sequential([classifier, LogitAdjustment([5000, 500, 50])])
    """

    def __init__(self, class_counts: Sequence[float], tau: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.class_counts: list[float] = checks.counts("class_counts", class_counts)
        self.tau: float = checks.non_negative("tau", tau)
        self.input_spec: Any = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape: Shape) -> None:
        """Checks that there is one count for each class."""
        if input_shape[-1] != len(self.class_counts):
            raise ValueError(
                f"class_counts must have one number per class: {input_shape[-1]}, received "
                f"{len(self.class_counts)}"
            )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Returns the adjusted logits; see the class."""
        shift = [self.tau * value for value in log_prior(self.class_counts)]
        return inputs - ops.convert_to_tensor(shift, dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the logits."""
        return input_shape

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), "class_counts": self.class_counts, "tau": self.tau}
