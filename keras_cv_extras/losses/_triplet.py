"""Triplet losses with semi-hard and with hard negatives."""

from keras import ops

from keras_cv_extras import _checks
from keras_cv_extras.losses._distances import distances, metric, relations, shares
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.losses._replicas import over_replicas


def _along_rows(values, columns):
    return ops.take_along_axis(values, columns, axis=1)


def semi_hard_negatives(distance, negative):
    """Returns for each pair the nearest negative that is farther than the positive.

    Where there is none, the farthest negative. By sorting, in memory of batch squared, where
    comparing every pair with every negative takes batch cubed.

    Args:
        distance: `(batch, batch)`.
        negative: boolean: which pairs are negative.

    Returns:
        Columns `(batch, batch)`: of the negative for the anchor of the row and the positive of
        the column. Without meaning where the anchor has no negative.
    """
    distance = ops.stop_gradient(distance)
    nearest_first = ops.argsort(ops.where(negative, distance, float("inf")), axis=1)
    # How many negatives are as near as a positive or nearer: negatives go first among equals.
    by_kind = ops.argsort(ops.cast(ops.logical_not(negative), "int32"), axis=1)
    order = _along_rows(by_kind, ops.argsort(_along_rows(distance, by_kind), axis=1))
    passed = ops.cumsum(_along_rows(ops.cast(negative, "int32"), order), axis=1)
    passed = _along_rows(passed, ops.argsort(order, axis=1))
    last = ops.sum(ops.cast(negative, "int32"), axis=1, keepdims=True) - 1
    return _along_rows(nearest_first, ops.maximum(ops.minimum(passed, last), 0))


@per_sample(margin=_checks.number, distance_metric=metric, gather_across_replicas=_checks.boolean)
def triplet_semihard_loss(
    y_true, y_pred, *, margin=1.0, distance_metric="L2", gather_across_replicas=False
):
    """Triplet loss with semi-hard negatives: `max(d(a, p) - d(a, n) + margin, 0)`.

    For every anchor a and positive p, n is the nearest negative farther than p, or the farthest
    of all.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dimensions)`; normalised ones are usual.
        margin: how much farther negatives should be.
        distance_metric: "L2", "squared-L2", "angular" or a function of the embeddings that
            gives `(batch, batch)` distances.
        gather_across_replicas: whether to compare with the samples of all replicas.

    Returns:
        `(batch,)`: the share of each anchor, whose mean is the mean over all positive pairs.
        Zero without positive pairs or negatives.

    References:
        [Schroff et al., FaceNet](https://arxiv.org/abs/1503.03832)
    """

    def losses(labels, embeddings):
        distance = distances(embeddings, distance_metric)
        positive, negative = relations(labels)
        farther = _along_rows(distance, semi_hard_negatives(distance, negative))
        counted = ops.logical_and(positive, ops.any(negative, axis=1, keepdims=True))
        pairs = ops.where(counted, ops.maximum(distance - farther + margin, 0.0), 0.0)
        return shares(ops.sum(pairs, axis=1), counted)

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


class TripletSemiHardLoss(FunctionLoss):
    """Triplet loss with semi-hard negatives, as TensorFlow Addons had it.

    Takes memory of batch squared where Addons took batch cubed, and is zero where a batch has
    no positive pair, where Addons gave NaN.

    Args:
        margin: how much farther negatives should be.
        distance_metric: "L2", "squared-L2", "angular" or a function of the embeddings.
        name: as of every Keras loss.
        reduction: as of every Keras loss.
        gather_across_replicas: whether to compare with the samples of all replicas.

    Example:
        >>> model.compile("adam", loss=TripletSemiHardLoss(margin=0.2))
    """

    function = triplet_semihard_loss
    argument_order = ("margin", "distance_metric", "name", "reduction", "gather_across_replicas")


@per_sample(
    margin=_checks.number,
    soft=_checks.boolean,
    distance_metric=metric,
    gather_across_replicas=_checks.boolean,
)
def triplet_hard_loss(
    y_true,
    y_pred,
    *,
    margin=1.0,
    soft=False,
    distance_metric="L2",
    gather_across_replicas=False,
):
    """Triplet loss of the farthest positive and the nearest negative of every anchor.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dimensions)`; normalised ones are usual.
        margin: how much farther negatives should be.
        soft: whether to take `log(1 + exp(d(a, p) - d(a, n)))`, which has no margin.
        distance_metric: "L2", "squared-L2", "angular" or a function of the embeddings that
            gives `(batch, batch)` distances.
        gather_across_replicas: whether to compare with the samples of all replicas.

    Returns:
        `(batch,)`: the share of each anchor, whose mean is the mean over anchors that have both
        a positive and a negative. Zero without such anchors.

    References:
        [Hermans et al., In Defense of the Triplet Loss](https://arxiv.org/abs/1703.07737)
    """

    def losses(labels, embeddings):
        distance = distances(embeddings, distance_metric)
        positive, negative = relations(labels)
        farthest = ops.max(ops.where(positive, distance, 0.0), axis=1)
        # Only anchors with a negative count: the large number stands for no distance.
        nearest = ops.min(ops.where(negative, distance, 1e9), axis=1)
        gap = farthest - nearest
        loss = ops.softplus(gap) if soft else ops.maximum(gap + margin, 0.0)
        counted = ops.logical_and(ops.any(positive, axis=1), ops.any(negative, axis=1))
        return shares(ops.where(counted, loss, 0.0), counted)

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


class TripletHardLoss(FunctionLoss):
    """Triplet loss with the hardest positive and negative, as TensorFlow Addons had it.

    Anchors without a positive or a negative do not count, where Addons took a distance of zero
    for them; the soft form does not overflow.

    Args:
        margin: how much farther negatives should be.
        soft: whether to use the soft form, which has no margin.
        distance_metric: "L2", "squared-L2", "angular" or a function of the embeddings.
        name: as of every Keras loss.
        reduction: as of every Keras loss.
        gather_across_replicas: whether to compare with the samples of all replicas.

    Example:
        >>> model.compile("adam", loss=TripletHardLoss(soft=True))
    """

    function = triplet_hard_loss
    argument_order = (
        "margin",
        "soft",
        "distance_metric",
        "name",
        "reduction",
        "gather_across_replicas",
    )
