"""Sparsemax, weighted kappa and box losses, under the names of TensorFlow Addons."""

from keras import ops

from keras_cv_extras._base import checks, numbers
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses import _labels
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.losses._replicas import over_replicas, shared


def sparsemax(logits: Tensor) -> Tensor:
    """Returns the Euclidean projection of logits onto the probability simplex, row by row.

    `keras.ops.sparsemax` of Keras 3.15.1 mixes the rows of a batch: its rows do not sum to one.

    Args:
        logits: `(..., num_classes)`, float.

    Returns:
        Probabilities of the same shape, most of them zero.

    References:
        [Martins and Astudillo](https://arxiv.org/abs/1602.02068), algorithm 1.

    Example:
        >>> sparsemax([[2.0, 1.5, -1.0]]).numpy()
        array([[0.75, 0.25, 0.  ]], dtype=float32)
    """
    logits = numbers.any_floats(logits)
    shifted = logits - numbers.largest(logits)
    ordered = ops.flip(ops.sort(shifted, axis=-1), axis=-1)
    ranks = ops.arange(1, logits.shape[-1] + 1, dtype=logits.dtype)
    sums = ops.cumsum(ordered, axis=-1)
    support = ops.cast(1 + ranks * ordered > sums, logits.dtype)
    size = ops.sum(support, axis=-1, keepdims=True)
    threshold = (ops.sum(support * ordered, axis=-1, keepdims=True) - 1) / size
    return ops.maximum(shifted - threshold, 0.0)


def _logits_only(name, value):
    if value is not True:
        raise ValueError(f"{name} must be True: sparse probabilities do not tell the logits")
    return value


@per_sample(from_logits=_logits_only)
def sparsemax_loss(y_true: Tensor, y_pred: Tensor, *, from_logits: bool = True) -> Tensor:
    """Sparsemax loss: the convex loss whose gradient is `sparsemax(z) - y`.

    `sum_{p_k > 0} p_k (z_k - p_k / 2) + sum_k y_k (y_k / 2 - z_k)` with p the sparsemax of z.

    Args:
        y_true: integer labels `(...)` or `(..., 1)`, or rows `(..., num_classes)`.
        y_pred: logits `(..., num_classes)`.
        from_logits: must be True.

    References:
        [Martins and Astudillo](https://arxiv.org/abs/1602.02068)

    Example:
        >>> sparsemax_loss([0, 1], [[2.0, -1.0], [0.5, 0.5]])
    """
    _labels.num_classes(y_pred)
    p = ops.stop_gradient(sparsemax(y_pred))
    y = _labels.rows(y_true, y_pred)
    return ops.sum(p * (y_pred - 0.5 * p) + y * (0.5 * y - y_pred), axis=-1)


class SparsemaxLoss(FunctionLoss):
    """Sparsemax loss of logits, as TensorFlow Addons had it; predict by `sparsemax`.

    Example:
        >>> model.compile("adam", loss=SparsemaxLoss())
    """

    function = sparsemax_loss
    reads_classes = True


def _num_classes(name, value):
    return checks.integer(name, value, minimum=2)


@per_sample(
    num_classes=_num_classes,
    weightage=checks.choice("quadratic", "linear"),
    epsilon=checks.non_negative,
    gather_across_replicas=checks.boolean,
)
def weighted_kappa_loss(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    num_classes: int,
    weightage: str = "quadratic",
    epsilon: float = 1e-6,
    gather_across_replicas: bool = False,
) -> Tensor:
    """Weighted kappa loss for ordered classes: `log(1 - kappa + epsilon)` of a whole batch.

    `1 - kappa` is the ratio of the observed disagreement to the one expected by chance, both
    weighted by the distance of the classes, or by its square.

    Args:
        y_true: integer labels `(batch,)` or `(batch, 1)`, or rows `(batch, num_classes)`.
        y_pred: probabilities `(batch, num_classes)`.
        num_classes: how many ordered classes there are, at least 2.
        weightage: "quadratic" or "linear" in the distance of the classes.
        epsilon: keeps the logarithm finite for a perfect batch, at least 0.
        gather_across_replicas: whether the batch is that of all replicas.

    Returns:
        A scalar: the loss is of the batch, not of its samples.

    References:
        de la Torre et al., Weighted kappa loss function for multi-class classification of
        ordinal data in deep learning, 2018.

    Example:
        >>> weighted_kappa_loss([0, 2, 1], np.eye(3) * 0.8 + 0.1, num_classes=3)
    """
    if y_pred.shape[-1] != num_classes:
        raise ValueError(
            f"y_pred must have {num_classes} classes, received shape {tuple(y_pred.shape)}"
        )
    steps = ops.arange(num_classes, dtype=y_pred.dtype)
    weights = ops.absolute(steps[:, None] - steps[None])
    if weightage == "quadratic":
        weights = weights**2

    def loss(labels, predictions):
        observed = ops.sum((labels @ weights) * predictions)
        marginals = ops.sum(labels, axis=0)[:, None] * ops.sum(predictions, axis=0)[None]
        chance = ops.divide_no_nan(ops.sum(weights * marginals), ops.sum(labels))
        return ops.log(ops.divide_no_nan(observed, chance) + epsilon)

    return over_replicas(loss, _labels.rows(y_true, y_pred), y_pred, gather_across_replicas)


class WeightedKappaLoss(FunctionLoss):
    """Weighted kappa loss of a batch, for ordered classes, as TensorFlow Addons had it.

    Args:
        reduction: as for every Keras loss; the loss is a scalar under all of them.

    Example:
        >>> model.compile("adam", loss=WeightedKappaLoss(num_classes=5))
    """

    function = weighted_kappa_loss
    compares_labels = True
    argument_order = (
        "num_classes",
        "weightage",
        "name",
        "epsilon",
        "reduction",
        "gather_across_replicas",
    )

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """Returns the loss of the batch, this replica's share of it under a strategy.

        Samples of weight 0 are left out. The loss is multiplied by the mean of the weights, or by
        their sum where losses are summed.
        """
        if sample_weight is None:
            # Keras divides means of losses by the number of replicas, and scalars not.
            return shared(super().__call__(y_true, y_pred))
        predictions = numbers.floats(ops.convert_to_tensor(y_pred))
        labels = _labels.rows(ops.convert_to_tensor(y_true), predictions)
        counts = ops.reshape(ops.not_equal(ops.convert_to_tensor(sample_weight), 0), (-1, 1))
        labels, predictions = (ops.where(counts, item, 0.0) for item in (labels, predictions))
        return super().__call__(labels, predictions, sample_weight)


@per_sample(mode=checks.choice("giou", "iou"))
def giou_loss(y_true: Tensor, y_pred: Tensor, *, mode: str = "giou") -> Tensor:
    """Box loss: one minus the (generalised) intersection over union.

    Args:
        y_true: boxes `(..., 4)` as `(y_min, x_min, y_max, x_max)`.
        y_pred: boxes of the same shape; a box whose end is before its start is empty.
        mode: "giou", which falls with the empty part of the enclosing box, or "iou".

    Returns:
        One loss per box, `(...)`, in [0, 2] or [0, 1].

    References:
        [Rezatofighi et al.](https://arxiv.org/abs/1902.09630)

    Example:
        >>> giou_loss([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 1.0]]).numpy()
        array([0.5], dtype=float32)
    """
    y_true = ops.cast(y_true, y_pred.dtype)
    true, predicted = ops.split(y_true, 2, axis=-1), ops.split(y_pred, 2, axis=-1)

    def area(low, high):
        return ops.prod(ops.maximum(high - low, 0.0), axis=-1)

    common = area(ops.maximum(true[0], predicted[0]), ops.minimum(true[1], predicted[1]))
    union = area(*true) + area(*predicted) - common
    ratio = ops.divide_no_nan(common, union)
    if mode == "giou":
        around = area(ops.minimum(true[0], predicted[0]), ops.maximum(true[1], predicted[1]))
        ratio = ratio - ops.divide_no_nan(around - union, around)
    return 1 - ratio


class GIoULoss(FunctionLoss):
    """Generalised intersection-over-union loss of boxes, as TensorFlow Addons had it.

    Example:
        >>> loss = GIoULoss()(true_boxes, predicted_boxes)
    """

    function = giou_loss
