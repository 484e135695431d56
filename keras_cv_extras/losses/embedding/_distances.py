"""Distances between the samples of a batch, and which of them belong together."""

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import any_floats, unit_rows
from keras_cv_extras._base.types import Tensor

METRICS = ("L2", "squared-L2", "angular")


def pairwise_distance(embeddings: Tensor, *, squared: bool = False) -> Tensor:
    """Euclidean distances between all rows.

    Args:
        embeddings: `(batch, dimensions)`, float.
        squared: whether to leave out the square root.

    Returns:
        `(batch, batch)`, zero on the diagonal; the gradient is finite for equal rows too.

    References:
        `tensorflow_addons.losses.metric_learning.pairwise_distance`

    Example:
        >>> pairwise_distance([[0.0, 0.0], [3.0, 4.0]]).numpy()
        array([[0., 5.],
               [5., 0.]], dtype=float32)
    """
    embeddings = any_floats(embeddings)
    # Distances do not change by a shift, but products of large numbers lose their digits.
    embeddings = embeddings - ops.stop_gradient(ops.mean(embeddings, axis=0, keepdims=True))
    norms = ops.sum(embeddings**2, axis=-1)
    squares = norms[:, None] + norms[None] - 2 * embeddings @ ops.transpose(embeddings)
    rows = ops.arange(ops.shape(embeddings)[0])
    apart = ops.logical_and(squares > 0, rows[:, None] != rows[None])
    if squared:
        return ops.where(apart, squares, 0.0)
    return ops.where(apart, ops.sqrt(ops.where(apart, squares, 1.0)), 0.0)


def angular_distance(embeddings: Tensor) -> Tensor:
    """One minus the cosine of the angle between all rows.

    Args:
        embeddings: `(batch, dimensions)`, float.

    Returns:
        `(batch, batch)` in [0, 2].

    References:
        `tensorflow_addons.losses.metric_learning.angular_distance`

    Example:
        >>> angular_distance([[1.0, 0.0], [0.0, 2.0]]).numpy()
        array([[0., 1.],
               [1., 0.]], dtype=float32)
    """
    units = unit_rows(any_floats(embeddings))
    return ops.maximum(1 - units @ ops.transpose(units), 0.0)


def distances(embeddings, metric):
    """Returns distances by one of `METRICS`, or by a function of the embeddings."""
    if metric == "angular":
        return angular_distance(embeddings)
    if metric in METRICS:
        return pairwise_distance(embeddings, squared=metric == "squared-L2")
    return metric(embeddings)


def metric(name, value):
    """Checks a metric: one of `METRICS`, or a function."""
    if isinstance(value, dict):
        return keras.saving.deserialize_keras_object(value)
    return value if callable(value) else checks.one_of(name, value, METRICS)


def relations(labels):
    """Returns which pairs of samples are positive (same class, not itself) and negative.

    Args:
        labels: `(batch,)` or `(batch, 1)` classes.

    Returns:
        Two boolean `(batch, batch)` tensors.
    """
    labels = ops.reshape(labels, (-1,))
    same = labels[:, None] == labels[None]
    rows = ops.arange(ops.shape(labels)[0])
    return ops.logical_and(same, rows[:, None] != rows[None]), ops.logical_not(same)


def shares(losses, counted):
    """Returns losses scaled so that their mean is their sum over the number counted.

    Args:
        losses: `(batch,)`.
        counted: boolean tensor, the terms to average over; none of them gives zero.
    """
    size = ops.cast(ops.shape(losses)[0], losses.dtype)
    return losses * size / ops.maximum(ops.sum(ops.cast(counted, losses.dtype)), 1.0)
