"""Losses that Keras lacks or gets wrong: each a function per sample and a class around it."""

from keras.losses import MeanAbsoluteError

from keras_cv_extras.losses._asymmetric import (
    AsymmetricCategorical,
    AsymmetricMultilabel,
    asymmetric_categorical,
    asymmetric_multilabel,
)
from keras_cv_extras.losses._bi_tempered import BiTempered, bi_tempered
from keras_cv_extras.losses._focal import (
    CategoricalFocal,
    Poly1,
    SigmoidFocalCrossEntropy,
    categorical_focal,
    poly1,
    sigmoid_focal_crossentropy,
)
from keras_cv_extras.losses._hinge import Hinge, MulticlassHinge, hinge, multiclass_hinge
from keras_cv_extras.losses._imbalance import (
    LDAM,
    LogitAdjusted,
    class_balanced_weights,
    ldam,
    logit_adjusted,
)
from keras_cv_extras.losses._log import LogLoss, log_loss
from keras_cv_extras.losses._loss import FunctionLoss
from keras_cv_extras.losses._noise import (
    ActivePassive,
    GeneralizedCrossentropy,
    SymmetricCrossentropy,
    active_passive,
    generalized_crossentropy,
    symmetric_crossentropy,
)
from keras_cv_extras.losses._overlap import Tversky, tversky
from keras_cv_extras.losses._regression import (
    Huber,
    ImageMeanAbsoluteError,
    PinballLoss,
    PseudoHuber,
    huber,
    pinball_loss,
    pseudo_huber,
)

__all__ = [
    "ActivePassive",
    "AsymmetricCategorical",
    "AsymmetricMultilabel",
    "BiTempered",
    "CategoricalFocal",
    "FunctionLoss",
    "GeneralizedCrossentropy",
    "Hinge",
    "Huber",
    "ImageMeanAbsoluteError",
    "LDAM",
    "LogLoss",
    "LogitAdjusted",
    "MeanAbsoluteError",
    "MulticlassHinge",
    "PinballLoss",
    "Poly1",
    "PseudoHuber",
    "SigmoidFocalCrossEntropy",
    "SymmetricCrossentropy",
    "Tversky",
    "active_passive",
    "asymmetric_categorical",
    "asymmetric_multilabel",
    "bi_tempered",
    "categorical_focal",
    "class_balanced_weights",
    "generalized_crossentropy",
    "hinge",
    "huber",
    "ldam",
    "log_loss",
    "logit_adjusted",
    "multiclass_hinge",
    "pinball_loss",
    "poly1",
    "pseudo_huber",
    "sigmoid_focal_crossentropy",
    "symmetric_crossentropy",
    "tversky",
]
