"""Losses of TensorFlow Addons."""

import inspect
from typing import Any

import keras
from keras import ops

from keras_cv_extras import losses
from keras_cv_extras._base.text.signatures import ClassSignature
from keras_cv_extras.compat import _table

_MEAN = "the mean by default, as fit took it; Addons' default was reduction='none'"


_PACKAGE = "keras_cv_extras.compat"


def _loss(made):
    """Returns the class of a loss that takes Addons' reductions, "auto" among them."""

    def construct(self, *arguments: Any, **options: Any) -> None:
        arguments = tuple(_reduction(a) if a == "auto" else a for a in arguments)
        if "reduction" in options:
            options["reduction"] = _reduction(options["reduction"])
        made.__init__(self, *arguments, **options)

    fields = {
        "__init__": construct,
        "__doc__": made.__doc__,
        "__module__": __name__,
        "__signature__": ClassSignature(inspect.signature(made)),
    }
    return keras.saving.register_keras_serializable(_PACKAGE)(type(made.__name__, (made,), fields))


def _reduction(value):
    return "sum_over_batch_size" if value == "auto" else value


_GIVEN = ("y_true", "y_pred")


def _function(made, *order, mean=False):
    """Returns what takes Addons' positional options of a function."""

    def call(*arguments: Any, **options: Any) -> Any:
        options = _table.rename(options, labels="y_true", embeddings="y_pred")
        named = [options.pop(name) for name in _GIVEN[len(arguments) :] if name in options]
        if len(arguments) + len(named) < len(_GIVEN):
            raise TypeError(f"{made.__name__} takes {', '.join((*_GIVEN, *order))}")
        y_true, y_pred, *more = (*arguments, *named)
        given = dict(zip(order, more, strict=False))
        if len(more) > len(order) or set(given) & set(options):
            raise TypeError(f"{made.__name__} takes {', '.join((*_GIVEN, *order))}")
        value = made(y_true, y_pred, **given, **options)
        return ops.mean(value) if mean else value

    call.__name__, call.__doc__ = made.__name__, made.__doc__
    return call


def _pinball_loss(y_true: Any, y_pred: Any, tau: float = 0.5) -> Any:
    """Returns the mean over the last axis."""
    value = losses.pinball_loss(y_true, y_pred, tau=tau)
    return ops.mean(value) if len(ops.shape(y_pred)) == 1 else value


def _sparsemax_loss(logits: Any, sparsemax: Any, labels: Any, name: str | None = None) -> Any:
    """Returns the loss of each row, from logits and their sparsemax."""
    del name
    logits, p = ops.convert_to_tensor(logits), ops.convert_to_tensor(sparsemax)
    y = ops.cast(labels, logits.dtype)
    chosen = ops.where(p > 0, p * (logits - 0.5 * p), 0.0)
    missed = ops.where(y == 0, 0.0, y * (0.5 * y - logits))
    return ops.sum(chosen + missed, axis=-1)


def _apart(feature: Any, squared: bool = False) -> Any:
    """Returns the distances of rows from each other."""
    return losses.pairwise_distance(feature, squared=squared)


_HERE = "keras_cv_extras.losses."


def _class(name, note=""):
    return _table.Name(name, _HERE + name, note, _loss(getattr(losses, name)))


def _plain(name, *order, mean=False):
    function = _function(getattr(losses, name), *order, mean=mean)
    options = ", ".join(f"{option}=..." for option in order)
    call = f"{_HERE}{name}(y_true, y_pred{', ' if order else ''}{options})"
    note = "one value per sample, whose mean is the loss of the batch" if mean else ""
    return _table.Name(name, _HERE + name, note, function, call)


__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.losses",
    [
        _class("ContrastiveLoss"),
        _class("GIoULoss"),
        _class("LiftedStructLoss"),
        _class("NpairsLoss"),
        _class("NpairsMultilabelLoss"),
        _class("PinballLoss"),
        _class("SigmoidFocalCrossEntropy", _MEAN),
        _class("SparsemaxLoss"),
        _class("TripletHardLoss", "anchors without a positive or a negative do not count"),
        _class("TripletSemiHardLoss", "zero, not NaN, for a batch without a positive pair"),
        _class("WeightedKappaLoss", "the scalar of the batch under every reduction"),
        _table.Name("angular_distance", _HERE + "angular_distance"),
        _plain("contrastive_loss", "margin"),
        _plain("giou_loss", "mode"),
        _plain("lifted_struct_loss", "margin", mean=True),
        _plain("npairs_loss", mean=True),
        _plain("npairs_multilabel_loss", mean=True),
        _table.Name(
            "pairwise_distance", _HERE + "pairwise_distance", "squared by its name", _apart
        ),
        _table.Name(
            "pinball_loss",
            _HERE + "pinball_loss",
            "one value per sample, for one number each too",
            _pinball_loss,
            _HERE + "pinball_loss(y_true, y_pred, tau=...)",
        ),
        _plain("sigmoid_focal_crossentropy", "alpha", "gamma", "from_logits"),
        _table.Name(
            "sparsemax_loss",
            _HERE + "sparsemax_loss",
            "the labels first, and no probabilities",
            _sparsemax_loss,
            _HERE + "sparsemax_loss(labels, logits)",
        ),
        _plain("triplet_hard_loss", "margin", "soft", "distance_metric", mean=True),
        _plain("triplet_semihard_loss", "margin", "distance_metric", mean=True),
    ],
    "contrastive focal_loss giou_loss kappa_loss lifted metric_learning npairs quantiles "
    "sparsemax_loss triplet",
)
