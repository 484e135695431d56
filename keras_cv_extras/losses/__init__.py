"""Losses that Keras lacks or gets wrong: each a function per sample and a class around it."""

from keras.losses import MeanAbsoluteError

from keras_cv_extras.losses._addons import (
    GIoULoss,
    SparsemaxLoss,
    WeightedKappaLoss,
    giou_loss,
    sparsemax,
    sparsemax_loss,
    weighted_kappa_loss,
)
from keras_cv_extras.losses._loss import FunctionLoss
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
from keras_cv_extras.losses.classification._asymmetric import (
    AsymmetricCategorical,
    AsymmetricMultilabel,
    asymmetric_categorical,
    asymmetric_multilabel,
)
from keras_cv_extras.losses.classification._bi_tempered import BiTempered, bi_tempered
from keras_cv_extras.losses.classification._focal import (
    CategoricalFocal,
    Poly1,
    SigmoidFocalCrossEntropy,
    categorical_focal,
    poly1,
    sigmoid_focal_crossentropy,
)
from keras_cv_extras.losses.classification._hinge import (
    Hinge,
    MulticlassHinge,
    hinge,
    multiclass_hinge,
)
from keras_cv_extras.losses.classification._imbalance import (
    LDAM,
    LogitAdjusted,
    class_balanced_weights,
    ldam,
    logit_adjusted,
)
from keras_cv_extras.losses.classification._jensen_shannon import (
    JensenShannonConsistency,
    jensen_shannon_consistency,
    jensen_shannon_divergence,
)
from keras_cv_extras.losses.classification._log import LogLoss, log_loss
from keras_cv_extras.losses.classification._noise import (
    ActivePassive,
    GeneralizedCrossentropy,
    SymmetricCrossentropy,
    active_passive,
    generalized_crossentropy,
    symmetric_crossentropy,
)
from keras_cv_extras.losses.classification._reweighting import ClassWeighted, DeferredReweighting
from keras_cv_extras.losses.classification._soft_target import SoftTarget, soft_target
from keras_cv_extras.losses.embedding._contrastive import NTXent, SupCon, nt_xent, supcon
from keras_cv_extras.losses.embedding._distances import angular_distance, pairwise_distance
from keras_cv_extras.losses.embedding._margin import ArcFace, CosFace, arcface, cosface
from keras_cv_extras.losses.embedding._pairs import (
    ContrastiveLoss,
    LiftedStructLoss,
    NpairsLoss,
    NpairsMultilabelLoss,
    contrastive_loss,
    lifted_struct_loss,
    npairs_loss,
    npairs_multilabel_loss,
)
from keras_cv_extras.losses.embedding._triplet import (
    TripletHardLoss,
    TripletSemiHardLoss,
    triplet_hard_loss,
    triplet_semihard_loss,
)

__all__ = [
    "ActivePassive",
    "ArcFace",
    "AsymmetricCategorical",
    "AsymmetricMultilabel",
    "BiTempered",
    "CategoricalFocal",
    "ClassWeighted",
    "ContrastiveLoss",
    "CosFace",
    "DeferredReweighting",
    "FunctionLoss",
    "GIoULoss",
    "GeneralizedCrossentropy",
    "Hinge",
    "Huber",
    "ImageMeanAbsoluteError",
    "JensenShannonConsistency",
    "LDAM",
    "LiftedStructLoss",
    "LogLoss",
    "LogitAdjusted",
    "MeanAbsoluteError",
    "MulticlassHinge",
    "NTXent",
    "NpairsLoss",
    "NpairsMultilabelLoss",
    "PinballLoss",
    "Poly1",
    "PseudoHuber",
    "SigmoidFocalCrossEntropy",
    "SoftTarget",
    "SparsemaxLoss",
    "SupCon",
    "SymmetricCrossentropy",
    "TripletHardLoss",
    "TripletSemiHardLoss",
    "Tversky",
    "WeightedKappaLoss",
    "active_passive",
    "angular_distance",
    "arcface",
    "asymmetric_categorical",
    "asymmetric_multilabel",
    "bi_tempered",
    "categorical_focal",
    "class_balanced_weights",
    "contrastive_loss",
    "cosface",
    "generalized_crossentropy",
    "giou_loss",
    "hinge",
    "huber",
    "jensen_shannon_consistency",
    "jensen_shannon_divergence",
    "ldam",
    "lifted_struct_loss",
    "log_loss",
    "logit_adjusted",
    "multiclass_hinge",
    "npairs_loss",
    "npairs_multilabel_loss",
    "nt_xent",
    "pairwise_distance",
    "pinball_loss",
    "poly1",
    "pseudo_huber",
    "sigmoid_focal_crossentropy",
    "soft_target",
    "sparsemax",
    "sparsemax_loss",
    "supcon",
    "symmetric_crossentropy",
    "triplet_hard_loss",
    "triplet_semihard_loss",
    "tversky",
    "weighted_kappa_loss",
]
