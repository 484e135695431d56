"""Losses over pairs of samples: contrastive, N-pairs, lifted structure."""

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.losses._replicas import over_replicas
from keras_cv_extras.losses.embedding._distances import pairwise_distance, relations, shares


@per_sample(margin=checks.number)
def contrastive_loss(y_true: Tensor, y_pred: Tensor, *, margin: float = 1.0) -> Tensor:
    """Contrastive loss of distances: `y d^2 + (1 - y) max(margin - d, 0)^2`.

    Args:
        y_true: `(batch,)`: 1 for a pair of one class, 0 for a pair of two.
        y_pred: `(batch,)`: the distance of the pair, at least 0.
        margin: how far apart a pair of two classes should be.

    Returns:
        One loss per pair, `(batch,)`.

    References:
        [Hadsell et al.](http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf)

    Example:
        >>> contrastive_loss([1, 0], [0.5, 0.5]).numpy()
        array([0.25, 0.25], dtype=float32)
    """
    labels = _labels.binary(y_true, y_pred)
    return labels * y_pred**2 + (1 - labels) * ops.maximum(margin - y_pred, 0.0) ** 2


class ContrastiveLoss(FunctionLoss):
    """Contrastive loss of the distances of pairs, as TensorFlow Addons had it.

    Example:
        >>> model.compile("adam", loss=ContrastiveLoss(margin=1.0))
    """

    function = contrastive_loss


def _similarities(y_pred):
    """Returns similarities `(batch, batch)`, of embeddings `(batch, 2, dimensions)` if need be."""
    if len(y_pred.shape) == 3 and y_pred.shape[1] == 2:
        return y_pred[:, 0] @ ops.transpose(y_pred[:, 1])
    if len(y_pred.shape) != 2:
        raise ValueError(
            "y_pred must hold similarities (batch, batch), or anchors and positives (batch, 2, "
            f"dimensions), received shape {tuple(y_pred.shape)}"
        )
    return y_pred


def _gatherable(y_pred, gather):
    if gather and len(y_pred.shape) == 2:
        raise ValueError(
            "gather_across_replicas needs the anchors and positives themselves, y_pred (batch, 2, "
            "dimensions): a matrix of similarities has no samples of other replicas, received "
            f"shape {tuple(y_pred.shape)}"
        )


def _matching(same, similarities):
    weights = ops.cast(same, similarities.dtype)
    weights = weights / ops.sum(weights, axis=1, keepdims=True)
    return -ops.sum(weights * ops.log_softmax(similarities, axis=1), axis=1)


@per_sample(gather_across_replicas=checks.boolean)
def npairs_loss(y_true: Tensor, y_pred: Tensor, *, gather_across_replicas: bool = False) -> Tensor:
    """N-pairs loss: cross-entropy of each row of similarities over the samples of its class.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: similarities `(batch, batch)` of anchors (rows) and positives (columns), or the
            embeddings of both, `(batch, 2, dimensions)`, whose products are the similarities.
        gather_across_replicas: whether to compare with the samples of all replicas; needs
            embeddings.

    Returns:
        One loss per anchor, `(batch,)`.

    Raises:
        ValueError: for another shape, or similarities with `gather_across_replicas`.

    References:
        Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016.

    Example:
        >>> npairs_loss([0, 1], [[2.0, 0.1], [0.3, 1.5]])
    """
    _gatherable(y_pred, gather_across_replicas)

    def losses(labels, predictions):
        labels = ops.reshape(labels, (-1,))
        return _matching(labels[:, None] == labels[None], _similarities(predictions))

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


class NpairsLoss(FunctionLoss):
    """N-pairs loss of a matrix of similarities, as TensorFlow Addons had it, or of embeddings.

    Example:
        >>> loss = NpairsLoss()(classes, anchors @ keras.ops.transpose(positives))
    """

    function = npairs_loss
    compares_labels = True
    argument_order = ("name", "reduction", "gather_across_replicas")


@per_sample(gather_across_replicas=checks.boolean)
def npairs_multilabel_loss(
    y_true: Tensor, y_pred: Tensor, *, gather_across_replicas: bool = False
) -> Tensor:
    """N-pairs loss of samples with several labels each.

    The target of a row is the number of labels that its anchor shares with each sample, divided
    by their sum.

    Args:
        y_true: labels `(batch, labels)`, 0 or 1. A sample without labels matches itself.
        y_pred: similarities `(batch, batch)` of anchors (rows) and positives (columns), or the
            embeddings of both, `(batch, 2, dimensions)`, whose products are the similarities.
        gather_across_replicas: whether to compare with the samples of all replicas; needs
            embeddings.

    Returns:
        One loss per anchor, `(batch,)`.

    Raises:
        ValueError: for another shape, or similarities with `gather_across_replicas`.

    References:
        Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016.

    Example:
        >>> npairs_multilabel_loss([[1, 1, 0], [0, 1, 1]], [[2.0, 0.1], [0.3, 1.5]])
    """
    _gatherable(y_pred, gather_across_replicas)

    def losses(labels, predictions):
        labels = ops.cast(labels, predictions.dtype)
        shared = labels @ ops.transpose(labels)
        alone = ops.sum(shared, axis=1, keepdims=True) == 0
        rows = ops.arange(ops.shape(shared)[0])
        itself = ops.cast(rows[:, None] == rows[None], shared.dtype)
        return _matching(ops.where(alone, itself, shared), _similarities(predictions))

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


class NpairsMultilabelLoss(FunctionLoss):
    """N-pairs loss of similarities, or embeddings, and dense labels, as TensorFlow Addons had it.

    Example:
        >>> loss = NpairsMultilabelLoss()(labels, anchors @ keras.ops.transpose(positives))
    """

    function = npairs_multilabel_loss
    compares_labels = True
    argument_order = ("name", "reduction", "gather_across_replicas")


@per_sample(margin=checks.number, gather_across_replicas=checks.boolean)
def lifted_struct_loss(
    y_true: Tensor, y_pred: Tensor, *, margin: float = 1.0, gather_across_replicas: bool = False
) -> Tensor:
    """Lifted structured loss: each positive pair against all negatives of both its samples.

    `J(i, j) = d(i, j) + log(sum_{n of i} e^(margin - d(i, n)) + sum_{n of j} e^(margin -
    d(j, n)))`; the loss is half the mean of `max(J, 0)^2` over positive pairs.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dimensions)`, not normalised.
        margin: how much farther negatives should be.

    Returns:
        `(batch,)`: the share of each sample, whose mean is the loss. Zero without positive
        pairs or negatives.

    References:
        [Song et al.](https://arxiv.org/abs/1511.06452)

    Example:
        >>> lifted_struct_loss([0, 0, 1, 1], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.2, 0.8]])
    """

    def losses(labels, embeddings):
        distance = pairwise_distance(embeddings)
        positive, negative = relations(labels)
        # Far below any exponent, and still a number that gradients can pass.
        against = ops.where(negative, margin - distance, -1e9)
        rows = ops.logsumexp(against, axis=1)
        costs = distance + ops.logaddexp(rows[:, None], rows[None])
        pairs = ops.where(positive, ops.maximum(costs, 0.0) ** 2, 0.0)
        return shares(0.5 * ops.sum(pairs, axis=1), positive)

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


class LiftedStructLoss(FunctionLoss):
    """Lifted structured loss, as TensorFlow Addons had it, without memory of batch cubed.

    Example:
        >>> model.compile("adam", loss=LiftedStructLoss(margin=1.0))
    """

    function = lifted_struct_loss
    compares_labels = True
    argument_order = ("margin", "name", "reduction", "gather_across_replicas")
