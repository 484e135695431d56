"""Contrastive losses of a temperature: supervised contrastive (SupCon) and NT-Xent."""

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.numbers import unit_rows
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.losses._replicas import over_replicas
from keras_cv_extras.losses.embedding._distances import relations, shares


def _contrasted(classes, embeddings, temperature):
    """Returns the loss of each row among all rows; rows without a positive have none."""
    units = unit_rows(embeddings)
    positive, negative = relations(classes)
    others = ops.logical_or(positive, negative)
    # Far below any exponent, and still a number that gradients can pass.
    similarities = ops.where(others, units @ ops.transpose(units) / temperature, -1e9)
    logs = ops.log_softmax(similarities, axis=1)
    count = ops.sum(ops.cast(positive, logs.dtype), axis=1)
    total = ops.sum(ops.where(positive, logs, 0.0), axis=1)
    return shares(-total / ops.maximum(count, 1.0), count > 0)


def _of_views(classes, embeddings, temperature):
    """Returns the mean loss over the views of each sample, all views being rows of their own."""
    if len(embeddings.shape) == 2:
        return _contrasted(classes, embeddings, temperature)
    views = embeddings.shape[1]
    rows = ops.reshape(embeddings, (-1, embeddings.shape[-1]))
    losses = _contrasted(ops.repeat(classes, views), rows, temperature)
    return ops.mean(ops.reshape(losses, (-1, views)), axis=1)


@per_sample(temperature=checks.positive, gather_across_replicas=checks.boolean)
def supcon(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    temperature: float = 0.1,
    gather_across_replicas: bool = False,
) -> Tensor:
    """Supervised contrastive loss: every sample is drawn to all others of its class.

    `-1 / |P(i)| sum_{p in P(i)} log(e^(c_ip / T) / sum_{a != i} e^(c_ia / T))` with the cosine c
    of two embeddings and P(i) the other samples of the class of i.

    Args:
        y_true: classes `(batch,)` or `(batch, 1)`.
        y_pred: embeddings `(batch, dimensions)`, or `(batch, views, dimensions)` of several views
            of each sample, which then belong together; normalised here.
        temperature: T, above 0.

    Returns:
        `(batch,)`: the share of each sample, whose mean is the mean over samples (or views) that
        have a positive. Zero without positives.

    References:
        [Khosla et al.](https://arxiv.org/abs/2004.11362), L_out, whose temperature is 0.1;
        without the factor of a base temperature that their code has.

    Example:
        >>> supcon([0, 0, 1, 1], [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.2, 0.8]])
    """
    _check_rank(y_pred, (2, 3), "(batch, dimensions) or (batch, views, dimensions)")

    def losses(labels, embeddings):
        return _of_views(ops.reshape(labels, (-1,)), embeddings, temperature)

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


class SupCon(FunctionLoss):
    """Supervised contrastive loss of embeddings, from one view of each sample or from several.

    Example:
        >>> encoder.compile("adam", loss=SupCon(temperature=0.1))
    """

    function = supcon
    compares_labels = True


@per_sample(temperature=checks.positive, gather_across_replicas=checks.boolean)
def nt_xent(
    y_true: Tensor,
    y_pred: Tensor,
    *,
    temperature: float = 0.1,
    gather_across_replicas: bool = False,
) -> Tensor:
    """NT-Xent, the loss of SimCLR: every view is drawn to the other views of its own sample.

    `-log(e^(c_ip / T) / sum_{a != i} e^(c_ia / T))` with the cosine c of two embeddings, i one
    view and p the other; the mean over all pairs where there are more than two.

    Args:
        y_true: not looked at; the views of a sample are its label.
        y_pred: embeddings `(batch, views, dimensions)`, two views or more; normalised here.
        temperature: T, above 0.

    Returns:
        The mean over the views of each sample, `(batch,)`.

    References:
        [Chen et al., SimCLR](https://arxiv.org/abs/2002.05709)

    Example:
        >>> first, second = np.eye(4, dtype="float32"), np.eye(4, dtype="float32")[::-1]
        >>> nt_xent(range(4), np.stack([first, second], axis=1))
    """
    _check_rank(y_pred, (3,), "(batch, views, dimensions)")
    if y_pred.shape[1] < 2:
        raise ValueError(
            f"y_pred must hold at least two views of each sample, received shape "
            f"{tuple(y_pred.shape)}"
        )

    def losses(_, embeddings):
        return _of_views(ops.arange(ops.shape(embeddings)[0]), embeddings, temperature)

    return over_replicas(losses, y_true, y_pred, gather_across_replicas)


def _check_rank(y_pred, ranks, wanted):
    if len(y_pred.shape) not in ranks:
        raise ValueError(
            f"y_pred must hold embeddings {wanted}, received shape {tuple(y_pred.shape)}"
        )


class NTXent(FunctionLoss):
    """NT-Xent of the views of each sample, the loss of SimCLR.

    Example:
        >>> views = keras.Input((2, 32, 32, 3))
        >>> flat = keras.ops.reshape(views, (-1, 32, 32, 3))
        >>> embeddings = keras.ops.reshape(encoder(flat), (-1, 2, 128))
        >>> keras.Model(views, embeddings).compile("adam", loss=NTXent(temperature=0.5))
    """

    function = nt_xent
    compares_labels = True
