"""One example of every loss: options, labels and predictions. Without TensorFlow."""

import numpy as np

from keras_cv_extras import losses

_RNG = np.random.default_rng(11)
_LOGITS = _RNG.normal(size=(8, 5)).astype("float32") * 2
_CLASSES = np.array([0, 1, 2, 3, 4, 0, 1, 2], "int32")
_LABELS = (_RNG.random((8, 5)) < 0.4).astype("float32")
_LABELS[np.arange(8), _CLASSES] = 1
_SIGMOID = 1 / (1 + np.exp(-_LOGITS))
_SOFTMAX = np.exp(_LOGITS) / np.exp(_LOGITS).sum(1, keepdims=True)
_COUNTS = [500, 60, 20, 7, 2]
_TARGETS = _RNG.normal(size=(8, 5)).astype("float32")
_BOXES = np.sort(_RNG.random((2, 8, 2, 2)).astype("float32"), axis=2).reshape(2, 8, 4)
_PAIRS = _RNG.integers(0, 2, 8).astype("float32")
_DISTANCES = _RNG.random(8).astype("float32") * 2
_TWO, _THREE = (_RNG.normal(size=(8, n, 5)).astype("float32") for n in (2, 3))
_IMAGES = _RNG.random((2, 8, 3, 4, 2)).astype("float32")
_L = {"from_logits": True}

# The name of every class of loss -> options, y_true, y_pred.
CASES = {
    "ActivePassive": (_L, _CLASSES, _LOGITS),
    "ArcFace": ({"scale": 8.0}, _CLASSES, np.tanh(_LOGITS)),
    "AsymmetricCategorical": (_L, _CLASSES, _LOGITS),
    "AsymmetricMultilabel": (_L, _LABELS, _LOGITS),
    "BiTempered": ({}, _CLASSES, _LOGITS),
    "CategoricalFocal": ({"alpha": [1, 2, 3, 4, 5], **_L}, _CLASSES, _LOGITS),
    "ClassWeighted": (
        {"loss": losses.LogLoss(from_logits=True), "class_weights": [0.1, 0.2, 0.7, 1.5, 2.5]},
        _CLASSES,
        _LOGITS,
    ),
    "ContrastiveLoss": ({}, _PAIRS, _DISTANCES),
    "CosFace": ({"scale": 8.0}, _CLASSES, np.tanh(_LOGITS)),
    "GIoULoss": ({}, *_BOXES),
    "GeneralizedCrossentropy": (_L, _CLASSES, _LOGITS),
    "Hinge": ({"labels": "binary"}, _LABELS, _LOGITS),
    "Huber": ({"delta": 0.7}, _TARGETS, _LOGITS),
    "ImageMeanAbsoluteError": ({"value_range": (0, 1)}, *_IMAGES),
    "JensenShannonConsistency": (_L, _CLASSES, _THREE),
    "LDAM": ({"class_counts": _COUNTS, "scale": 8.0}, _CLASSES, np.tanh(_LOGITS)),
    "LiftedStructLoss": ({}, _CLASSES, _LOGITS),
    "LogLoss": ({"label_smoothing": 0.1, **_L}, _CLASSES, _LOGITS),
    "LogitAdjusted": ({"class_counts": _COUNTS}, _CLASSES, _LOGITS),
    "MulticlassHinge": ({}, _CLASSES, _LOGITS),
    "NTXent": ({}, _CLASSES, _TWO),
    "NpairsLoss": ({}, _CLASSES, _TWO),
    "NpairsMultilabelLoss": ({}, _LABELS, _TWO),
    "PinballLoss": ({"tau": 0.3}, _TARGETS, _LOGITS),
    "Poly1": (_L, _CLASSES, _LOGITS),
    "PseudoHuber": ({"delta": 0.7}, _TARGETS, _LOGITS),
    "SigmoidFocalCrossEntropy": (_L, _LABELS, _LOGITS),
    "SoftTarget": ({"temperature": 2.0, **_L}, _SOFTMAX[::-1].copy(), _LOGITS),
    "SparsemaxLoss": ({}, _CLASSES, _LOGITS),
    "SupCon": ({}, _CLASSES, _LOGITS),
    "SymmetricCrossentropy": (_L, _CLASSES, _LOGITS),
    "TripletHardLoss": ({"soft": True}, _CLASSES, _LOGITS),
    "TripletSemiHardLoss": ({}, _CLASSES, _LOGITS),
    "Tversky": ({"gamma": 0.75}, _LABELS, _SIGMOID),
    "WeightedKappaLoss": ({"num_classes": 5}, _CLASSES, _SOFTMAX),
}
# What the last layer of a model must end in where not any number will do.
# The losses of cosines, which refuse larger predictions.
COSINES = ("ArcFace", "CosFace", "LDAM")
ACTIVATIONS = {"Tversky": "sigmoid", "WeightedKappaLoss": "softmax", "ContrastiveLoss": "softplus"}
ACTIVATIONS |= dict.fromkeys(COSINES, "tanh")


def make(case, /, **more):
    """Returns the loss of a case."""
    return getattr(losses, case)(**CASES[case][0], **more)
