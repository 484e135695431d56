"""Turns the outputs of a classifier into probabilities."""

import numpy as np


def are_probabilities(outputs):
    """Whether rows of a model's outputs are probabilities, and not logits."""
    return outputs.min() >= 0 and np.allclose(outputs.sum(axis=-1), 1, atol=1e-3)


def probabilities(outputs):
    """Returns the probabilities `(n, classes)` of logits, or of what are probabilities already."""
    outputs = np.asarray(outputs, "float64")
    if are_probabilities(outputs):
        return outputs
    powers = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def check_numbers(outputs):
    """Raises if a model gives NaN for an image, which would count as an answer.

    Raises:
        ValueError: that names the first one.
    """
    lost = np.flatnonzero(np.isnan(outputs).any(axis=-1))
    if len(lost):
        raise ValueError(
            f"the model gives no number (NaN) for {len(lost)} of {len(outputs)} images, first for "
            f"that of row {lost[0]}: look for NaN in the images, or train the model again"
        )
