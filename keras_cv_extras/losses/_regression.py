"""Losses of numbers and of images: absolute error, Huber, quantiles."""

from keras import ops
from keras.losses import MeanAbsoluteError as MeanAbsoluteError

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Tensor
from keras_cv_extras.losses._labels import same_rank
from keras_cv_extras.losses._loss import FunctionLoss, per_sample
from keras_cv_extras.metrics import image_mean_absolute_error


def _errors(y_true, y_pred):
    return y_pred - ops.cast(same_rank(y_true, y_pred), y_pred.dtype)


def _mean(values):
    return ops.mean(values, axis=-1) if len(values.shape) > 1 else values


@per_sample(delta=checks.positive)
def huber(y_true: Tensor, y_pred: Tensor, *, delta: float = 1.0) -> Tensor:
    """Huber loss: half the squared error up to `delta`, linear beyond.

    `e^2 / 2` where `|e| <= delta`, else `delta |e| - delta^2 / 2`; the derivative is e, then
    `delta sign(e)`.

    Args:
        y_true: targets `(batch, ...)`.
        y_pred: predictions of the same shape.
        delta: where the loss becomes linear, above 0, in the unit of the targets.

    Returns:
        The mean over the last axis, `(batch, ...)`; `(batch,)` for predictions `(batch,)`.

    References:
        Huber, Robust Estimation of a Location Parameter, 1964; `scipy.special.huber`.

    Example:
        >>> huber([0.0, 0.0], [1.0, 3.0])
    """
    size = ops.absolute(_errors(y_true, y_pred))
    inside = ops.minimum(size, delta)
    return _mean(inside * (size - 0.5 * inside))


class Huber(FunctionLoss):
    """Huber loss: squared for small errors, linear for large ones.

    Unlike `keras.losses.Huber` of Keras 3.15.1 it keeps its `delta` when a model is saved.

    Example:
        >>> model.compile("sgd", loss=Huber(delta=1.35))
    """

    function = huber


@per_sample(delta=checks.positive)
def pseudo_huber(y_true: Tensor, y_pred: Tensor, *, delta: float = 1.0) -> Tensor:
    """Pseudo-Huber loss: `delta^2 (sqrt(1 + (e / delta)^2) - 1)`, smooth everywhere.

    Args:
        y_true: targets `(batch, ...)`.
        y_pred: predictions of the same shape.
        delta: about where the loss becomes linear, above 0, in the unit of the targets.

    Returns:
        The mean over the last axis, `(batch, ...)`; `(batch,)` for predictions `(batch,)`.

    References:
        Charbonnier et al., Deterministic edge-preserving regularization, 1997;
        `scipy.special.pseudo_huber`.

    Example:
        >>> pseudo_huber([0.0, 0.0], [1.0, 3.0], delta=0.5)
    """
    ratio = _errors(y_true, y_pred) / delta
    # sqrt(1 + r^2) - 1 as |r| |r| / (1 + sqrt(1 + r^2)): no cancellation, no overflow of r^2.
    size = ops.absolute(ratio)
    large = size > 1
    inverse = 1 / ops.where(large, size, 1.0)
    small = ops.where(large, 0.0, size)
    root = ops.where(large, size * ops.sqrt(1 + inverse**2), ops.sqrt(1 + small**2))
    return _mean(delta**2 * size * (size / (1 + root)))


class PseudoHuber(FunctionLoss):
    """Pseudo-Huber loss: a smooth form of the Huber loss.

    Example:
        >>> model.compile("sgd", loss=PseudoHuber(delta=2.0))
    """

    function = pseudo_huber


@per_sample(tau=checks.fraction)
def pinball_loss(y_true: Tensor, y_pred: Tensor, *, tau: float = 0.5) -> Tensor:
    """Pinball (quantile) loss: `max(tau d, (tau - 1) d)` with `d = y_true - y_pred`.

    Args:
        y_true: targets `(batch, ...)`.
        y_pred: predictions of the same shape.
        tau: the quantile that predictions are drawn to, in [0, 1].

    Returns:
        The mean over the last axis, `(batch, ...)`; `(batch,)` for predictions `(batch,)`.

    References:
        Koenker and Bassett, Regression Quantiles, 1978.

    Example:
        >>> pinball_loss([1.0, 1.0], [0.0, 2.0], tau=0.75).numpy()
        array([0.75, 0.25], dtype=float32)
    """
    delta = -_errors(y_true, y_pred)
    return _mean(ops.where(delta >= 0, tau * delta, (tau - 1) * delta))


class PinballLoss(FunctionLoss):
    """Pinball loss, for the prediction of a quantile.

    Args:
        tau: the quantile, in [0, 1]; 0.5 gives half the absolute error.

    Example:
        >>> model.compile("adam", loss=PinballLoss(tau=0.9))
    """

    function = pinball_loss


@per_sample()
def image_absolute_error(y_true, y_pred, *, value_range=(0, 255)):
    """Mean absolute error of images as a share of the value range; see the metrics."""
    return image_mean_absolute_error(y_true, y_pred, value_range=value_range)


class ImageMeanAbsoluteError(FunctionLoss):
    """Mean absolute error per image, over all pixels and channels, as a share of the range.

    Args:
        value_range: the lowest and the highest value of a pixel.

    Example:
        >>> autoencoder.compile("adam", loss=ImageMeanAbsoluteError(value_range=(0, 1)))
    """

    function = image_absolute_error
