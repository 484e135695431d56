"""Every argument of a loss changes what the loss gives: none is taken and left unused."""

import inspect

import keras
import numpy as np
import pytest

from keras_cv_extras import losses

from .cases import CASES

# What an argument is changed to. What all losses share, and replicas, have tests of their own.
OTHERS = {
    "active": False,
    "alpha": 0.45,
    "beta": 0.3,
    "class_counts": [1, 2, 3, 4, 5],
    "class_weights": [5.0, 1.0, 2.0, 4.0, 3.0],
    "clip": 0.4,
    "delta": 0.2,
    "distance_metric": "squared-L2",
    "epsilon": 3.0,
    "gamma": 3.0,
    "gamma_negative": 1.0,
    "gamma_positive": 3.0,
    "ignore_class": 0,
    "label_smoothing": 0.4,
    "labels": "signed",
    "log_zero": -2.0,
    "loss": losses.LogLoss(from_logits=True, label_smoothing=0.5),
    "margin": 1.9,
    "max_margin": 0.1,
    "mode": "iou",
    "over_labels": "mean",
    "q": 0.3,
    "scale": 3.0,
    "smooth": 9.0,
    "squared": True,
    "t1": 0.5,
    "t2": 2.0,
    "tau": 0.8,
    "temperature": 0.6,
    "value_range": (0, 9),
    "variant": "weston_watkins",
    "weightage": "linear",
}
OF_ONE = {("ArcFace", "margin"): 0.2}  # an angle
MORE = {("TripletHardLoss", "margin"): {"soft": False}}  # what the argument takes part in
# The words that refuse the other value, or labels that do not go with it.
REFUSED = {
    ("BiTempered", "from_logits"): "needs logits",
    ("Hinge", "labels"): "must hold -1 and 1 only",
    ("SparsemaxLoss", "from_logits"): "from_logits must be True",
}
KNOWN = ("name", "dtype", "reduction", "kwargs", "gather_across_replicas")
KNOWN += ("num_classes",)  # which predictions must have
ARGUMENTS = [
    (name, argument)
    for name in CASES
    for argument in inspect.signature(getattr(losses, name)).parameters
    if argument not in KNOWN
]


def value(name, **changed):
    """The loss of a case."""
    options, labels, predictions = CASES[name]
    loss = getattr(losses, name)(**{**options, **changed})
    return float(loss(labels, keras.ops.convert_to_tensor(predictions)))


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS, ids=map("-".join, ARGUMENTS))
def test_an_argument_changes_what_a_loss_gives(name, argument):
    parameter = inspect.signature(getattr(losses, name)).parameters[argument]
    now = CASES[name][0].get(argument, parameter.default)
    other = not now if isinstance(now, bool) else OF_ONE.get((name, argument), OTHERS[argument])
    own = MORE.get((name, argument), {})
    before = value(name, **own)
    assert np.isfinite(before)
    if (name, argument) in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[name, argument]):
            value(name, **{**own, argument: other})
    else:
        assert value(name, **{**own, argument: other}) != pytest.approx(before, rel=1e-6)
