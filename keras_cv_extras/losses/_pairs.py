"""Losses over pairs of samples: contrastive, N-pairs, lifted structure."""

from keras import ops

from keras_cv_extras import _checks
from keras_cv_extras.losses._distances import pairwise_distance, relations, shares
from keras_cv_extras.losses._labels import same_rank
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.losses._replicas import over_replicas


@per_sample(margin=_checks.number)
def contrastive_loss(y_true, y_pred, *, margin=1.0):
    """Contrastive loss of distances: `y d^2 + (1 - y) max(margin - d, 0)^2`.

    Args:
        y_true: `(batch,)`: 1 for a pair of one class, 0 for a pair of two.
        y_pred: `(batch,)`: the distance of the pair, at least 0.
        margin: how far apart a pair of two classes should be.

    Returns:
        One loss per pair, `(batch,)`.

    References:
        [Hadsell et al.](http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf)
    """
    labels = ops.cast(same_rank(y_true, y_pred), y_pred.dtype)
    return labels * y_pred**2 + (1 - labels) * ops.maximum(margin - y_pred, 0.0) ** 2


class ContrastiveLoss(FunctionLoss):
    """Contrastive loss of the distances of pairs, as TensorFlow Addons had it.

    Args:
        margin: how far apart a pair of two classes should be.
        reduction: as of every Keras loss.
        name: as of every Keras loss.

    Example:
        >>> model.compile("adam", loss=ContrastiveLoss(margin=1.0))
    """

    function = contrastive_loss


def _matching(same, similarities):
    weights = ops.cast(same, similarities.dtype)
    weights = weights / ops.sum(weights, axis=1, keepdims=True)
    return -ops.sum(weights * ops.log_softmax(similarities, axis=1), axis=1)


@per_sample()
def npairs_loss(y_true, y_pred):
    """N-pairs loss: cross-entropy of each row of similarities over the samples of its class.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: similarities `(batch, batch)` of anchors (rows) and positives (columns).

    Returns:
        One loss per anchor, `(batch,)`.

    References:
        Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016.
    """
    labels = ops.reshape(y_true, (-1,))
    return _matching(labels[:, None] == labels[None], y_pred)


class NpairsLoss(FunctionLoss):
    """N-pairs loss of a matrix of similarities, as TensorFlow Addons had it.

    Args:
        name: as of every Keras loss.
        reduction: as of every Keras loss.

    Example:
        >>> loss = NpairsLoss()(classes, anchors @ keras.ops.transpose(positives))
    """

    function = npairs_loss
    argument_order = ("name", "reduction")


@per_sample()
def npairs_multilabel_loss(y_true, y_pred):
    """N-pairs loss of samples with several labels each.

    The target of a row is the number of labels that its anchor shares with each sample, divided
    by their sum.

    Args:
        y_true: labels `(batch, labels)`, 0 or 1. A sample without labels matches itself.
        y_pred: similarities `(batch, batch)` of anchors (rows) and positives (columns).

    Returns:
        One loss per anchor, `(batch,)`.

    References:
        Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016.
    """
    labels = ops.cast(y_true, y_pred.dtype)
    shared = labels @ ops.transpose(labels)
    alone = ops.sum(shared, axis=1, keepdims=True) == 0
    rows = ops.arange(ops.shape(shared)[0])
    itself = ops.cast(rows[:, None] == rows[None], shared.dtype)
    return _matching(ops.where(alone, itself, shared), y_pred)


class NpairsMultilabelLoss(FunctionLoss):
    """N-pairs loss of a matrix of similarities and dense labels, as TensorFlow Addons had it.

    Args:
        name: as of every Keras loss.
        reduction: as of every Keras loss.

    Example:
        >>> loss = NpairsMultilabelLoss()(labels, anchors @ keras.ops.transpose(positives))
    """

    function = npairs_multilabel_loss
    argument_order = ("name", "reduction")


@per_sample(margin=_checks.number, gather_across_replicas=_checks.boolean)
def lifted_struct_loss(y_true, y_pred, *, margin=1.0, gather_across_replicas=False):
    """Lifted structured loss: each positive pair against all negatives of both its samples.

    `J(i, j) = d(i, j) + log(sum_{n of i} e^(margin - d(i, n)) + sum_{n of j} e^(margin -
    d(j, n)))`; the loss is half the mean of `max(J, 0)^2` over positive pairs.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dimensions)`, not normalised.
        margin: how much farther negatives should be.
        gather_across_replicas: whether to compare with the samples of all replicas.

    Returns:
        `(batch,)`: the share of each sample, whose mean is the loss. Zero without positive
        pairs or negatives.

    References:
        [Song et al.](https://arxiv.org/abs/1511.06452)
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

    Args:
        margin: how much farther negatives should be.
        name: as of every Keras loss.
        reduction: as of every Keras loss.
        gather_across_replicas: whether to compare with the samples of all replicas.

    Example:
        >>> model.compile("adam", loss=LiftedStructLoss(margin=1.0))
    """

    function = lifted_struct_loss
    argument_order = ("margin", "name", "reduction", "gather_across_replicas")
