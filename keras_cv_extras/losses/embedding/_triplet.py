"""Triplet losses with semi-hard and with hard negatives."""

from collections.abc import Callable

from keras import ops

from keras_cv_extras._base import checks, numbers
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.losses._replicas import over_replicas
from keras_cv_extras.losses.embedding._distances import distances, metric, relations, shares


def _along_rows(values, columns):
    # All rows as one, which takes half the time of `take_along_axis`.
    size = ops.shape(values)[0]
    return ops.take(ops.reshape(values, (-1,)), columns + size * ops.arange(size)[:, None])


def nearest_first(distance, labels):
    """Sorts each row of distances, negatives first among equal ones.

    Args:
        distance: `(batch, batch)`.
        labels: `(batch,)` classes.

    Returns:
        The columns in their order `(batch, batch)`, and how many of each row are negatives
        `(batch, 1)`; and which of the sorted ones, boolean.
    """
    size = ops.shape(labels)[0]
    alike = _count(labels[:, None] == labels)
    # The columns by class, turned so that the row's own class comes last: the sort is stable.
    steps = _count(labels <= labels[:, None]) + ops.arange(size)
    columns = ops.take(ops.argsort(labels), ops.where(steps < size, steps, steps - size))
    order = ops.argsort(_along_rows(ops.stop_gradient(distance), columns), axis=1)
    return _along_rows(columns, order), size - alike, order < size - alike


def _count(matrix):
    return ops.sum(ops.cast(matrix, "int32"), axis=1, keepdims=True)


def farther_negatives(distance, is_negative, num_negatives):
    """Returns for each distance the nearest negative one beyond it.

    Where there is none, the farthest negative. In memory of batch squared, where comparing every
    pair with every negative takes batch cubed.

    Args:
        distance: `(batch, batch)`, rows sorted as by `nearest_first`.
        is_negative: boolean: which of them are of negatives.
        num_negatives: how many of each row are, `(batch, 1)`.

    Returns:
        `(batch, batch)`; without meaning in rows without a negative.
    """
    size = ops.shape(distance)[0]
    passed = ops.cumsum(ops.cast(is_negative, "int32"), axis=1)
    # Sums of one number and of zeros move the negatives to the start of their row.
    places = ops.maximum(passed - 1, 0) + size * ops.arange(size)[:, None]
    negatives = ops.reshape(ops.where(is_negative, distance, 0.0), (-1,))
    negatives = ops.segment_sum(negatives, ops.reshape(places, (-1,)), num_segments=size * size)
    chosen = ops.maximum(ops.minimum(passed, num_negatives - 1), 0)
    return _along_rows(ops.reshape(negatives, ops.shape(distance)), chosen)


@per_sample(margin=checks.number, distance_metric=metric, gather_across_replicas=checks.boolean)
def triplet_semihard_loss(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    margin: float = 1.0,
    distance_metric: str | Callable[[Tensor], Tensor] = "L2",
    gather_across_replicas: bool = False,
) -> Tensor:
    """Triplet loss with semi-hard negatives: `max(d(a, p) - d(a, n) + margin, 0)`.

    For every anchor a and positive p, n is the nearest negative farther than p, or the farthest
    of all.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dimensions)`; normalised ones are usual.
        margin: how much farther negatives should be.
        distance_metric: "L2", "squared-L2", "angular" or a function of the embeddings that
            gives `(batch, batch)` distances.

    Returns:
        `(batch,)`: the share of each anchor, whose mean is the mean over all positive pairs.
        Zero without positive pairs or negatives.

    References:
        [Schroff et al., FaceNet](https://arxiv.org/abs/1503.03832)

    Example:
        >>> embeddings = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.2, 0.8]]
        >>> triplet_semihard_loss([0, 0, 1, 1], embeddings, distance_metric="squared-L2")
    """

    def losses(labels, embeddings):
        labels = ops.reshape(labels, (-1,))
        distance = distances(embeddings, distance_metric)
        columns, num_negatives, is_negative = nearest_first(distance, labels)
        distance = _along_rows(distance, columns)
        farther = farther_negatives(distance, is_negative, num_negatives)
        itself = columns == ops.arange(ops.shape(labels)[0])[:, None]
        positive = ops.logical_not(ops.logical_or(is_negative, itself))
        counted = ops.logical_and(positive, num_negatives > 0)
        pairs = ops.where(counted, ops.maximum(distance - farther + margin, 0.0), 0.0)
        return shares(ops.sum(pairs, axis=1), counted)

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


class TripletSemiHardLoss(FunctionLoss):
    """Triplet loss with semi-hard negatives, as TensorFlow Addons had it.

    Takes memory of batch squared where Addons took batch cubed, and is zero where a batch has
    no positive pair, where Addons gave NaN.

    Example:
        >>> model.compile("adam", loss=TripletSemiHardLoss(margin=0.2))
    """

    function = triplet_semihard_loss
    compares_labels = True
    argument_order = ("margin", "distance_metric", "name", "reduction", "gather_across_replicas")


@per_sample(
    margin=checks.number,
    soft=checks.boolean,
    distance_metric=metric,
    gather_across_replicas=checks.boolean,
)
def triplet_hard_loss(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    margin: float = 1.0,
    soft: bool = False,
    distance_metric: str | Callable[[Tensor], Tensor] = "L2",
    gather_across_replicas: bool = False,
) -> Tensor:
    """Triplet loss of the farthest positive and the nearest negative of every anchor.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dimensions)`; normalised ones are usual.
        margin: how much farther negatives should be.
        soft: whether to take `log(1 + exp(d(a, p) - d(a, n)))`, which has no margin.
        distance_metric: "L2", "squared-L2", "angular" or a function of the embeddings that
            gives `(batch, batch)` distances.

    Returns:
        `(batch,)`: the share of each anchor, whose mean is the mean over anchors that have both
        a positive and a negative. Zero without such anchors.

    References:
        [Hermans et al., In Defense of the Triplet Loss](https://arxiv.org/abs/1703.07737)

    Example:
        >>> embeddings = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.2, 0.8]]
        >>> triplet_hard_loss([0, 0, 1, 1], embeddings, margin=0.5)
    """

    def losses(labels, embeddings):
        distance = distances(embeddings, distance_metric)
        positive, negative = relations(labels)
        farthest = numbers.largest(ops.where(positive, distance, 0.0))[:, 0]
        # Only anchors with a negative count: the large number stands for no distance.
        nearest = numbers.smallest(ops.where(negative, distance, 1e9))[:, 0]
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
        soft: whether to use the soft form, which has no margin.

    Example:
        >>> model.compile("adam", loss=TripletHardLoss(soft=True))
    """

    function = triplet_hard_loss
    compares_labels = True
    argument_order = (
        "margin",
        "soft",
        "distance_metric",
        "name",
        "reduction",
        "gather_across_replicas",
    )
