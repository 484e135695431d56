"""The rows of docs/losses-and-pooling.md; `losses_and_pooling.py` makes the page of them.

A row is (names, what it equals, the tests that show it, its counterpart, the difference). In
the sections of layers a name may leave out its rank: "S3Pooling" stands for S3Pooling1D to 3D.
Statements about Keras are of 3.15.1, tried; about TensorFlow Addons of 0.23.0 and KerasCV of
0.9.0, read in their source or, for the losses, compared with values that Addons computed.
"""

C = "losses/test_classification.py"
R = "losses/test_binary_and_regression.py"
A = "losses/test_addons.py"
NONE = "none"

LOSSES = [
    (
        ["LogLoss", "log_loss"],
        "scikit-learn `log_loss`",
        f"{R}, {C}",
        "`keras.losses.CategoricalCrossentropy`, `keras.losses.BinaryCrossentropy`, "
        "`keras.losses.SparseCategoricalCrossentropy`",
        "one class for all label forms; label smoothing of integer labels; a probability that "
        "is wrong and certain keeps its gradient, which is 0 in Keras",
    ),
    (
        ["MeanAbsoluteError"],
        "Keras' own, exported again",
        R,
        "`keras.losses.MeanAbsoluteError`",
        "none",
    ),
    (
        ["ImageMeanAbsoluteError"],
        "mean over pixels and channels of `|a - b|`, over the value range",
        f"{R}, metrics/test_image_error.py",
        "`keras.losses.MeanAbsoluteError`",
        "one number per image, uint8 images without wrap-around, in shares of the value range",
    ),
    (
        ["Hinge", "hinge"],
        "scikit-learn `hinge_loss`, two classes",
        f"{R}, test_linear_examples.py",
        "`keras.losses.Hinge`, `keras.losses.SquaredHinge`",
        "labels are -1 and 1, or 0 and 1 when said; Keras decides for each batch whether to "
        "convert. At the kink the subgradient is `-y x`",
    ),
    (
        ["MulticlassHinge", "multiclass_hinge"],
        "scikit-learn `hinge_loss` (Crammer-Singer); Weston-Watkins and one-vs-rest by formula",
        f"{R}, {C}",
        "`keras.losses.CategoricalHinge`",
        "scores -5, -10, -10 with the first class true cost 0; Keras takes the best wrong "
        "score for at least 0, and gives 6",
    ),
    (
        ["Huber", "huber"],
        "`scipy.special.huber`",
        f"{R}, test_linear_examples.py",
        "`keras.losses.Huber`",
        "same value; keeps `delta` when it is saved and loaded, which Keras 3.15.1 does not",
    ),
    (["PseudoHuber", "pseudo_huber"], "`scipy.special.pseudo_huber`", R, NONE, ""),
    (
        ["PinballLoss", "pinball_loss"],
        "scikit-learn `mean_pinball_loss`",
        f"{R}, {A}",
        "Addons `PinballLoss`",
        "same value and gradient",
    ),
    (
        ["CategoricalFocal", "categorical_focal"],
        "`-a (1 - p)^g log p`, float64",
        C,
        "`keras.losses.CategoricalFocalCrossentropy`",
        "integer labels; logits 40, 0 with the second class true have a gradient, which is 0 in "
        "Keras",
    ),
    (
        ["SigmoidFocalCrossEntropy", "sigmoid_focal_crossentropy"],
        "`-a (1 - p)^g log p` of each label, float64",
        f"{R}, {A}",
        "Addons `SigmoidFocalCrossEntropy`, KerasCV `FocalLoss`, "
        "`keras.losses.BinaryFocalCrossentropy`",
        'the sum over labels, as Addons and KerasCV; `over_labels="mean"` gives Keras\' mean',
    ),
    (["Poly1", "poly1"], "`CE + e (1 - p)`, on focal loss too, float64", C, NONE, ""),
    (
        ["AsymmetricMultilabel", "asymmetric_multilabel"],
        "formula of the paper, float64",
        R,
        NONE,
        "",
    ),
    (
        ["AsymmetricCategorical", "asymmetric_categorical"],
        "formula of the authors' code, float64; the weights carry no gradient",
        C,
        NONE,
        "",
    ),
    (["LDAM", "ldam"], "cross-entropy with margins `n^(-1/4)`, float64", C, NONE, ""),
    (
        ["ClassWeighted", "DeferredReweighting"],
        "another loss times the weight of its class, switched on at an epoch",
        "losses/test_reweighting.py",
        "`class_weight` of `keras.Model.fit`",
        "takes effect in the middle of `fit`, without compiling again on TensorFlow; soft labels",
    ),
    (["class_balanced_weights"], "`(1 - b) / (1 - b^n)`, float64", R, NONE, ""),
    (
        ["LogitAdjusted", "logit_adjusted"],
        "cross-entropy of `z + tau log(prior)`, float64",
        C,
        NONE,
        "",
    ),
    (
        ["BiTempered", "bi_tempered"],
        "formula of the paper with SciPy's root finder, float64; t = 1 is cross-entropy",
        C,
        NONE,
        "",
    ),
    (
        ["GeneralizedCrossentropy", "generalized_crossentropy"],
        "`(1 - p^q) / q`, float64; q = 0 is cross-entropy",
        C,
        "`keras.losses.CategoricalGeneralizedCrossEntropy`",
        "logits; q = 0; the gradient is finite where a probability rounds to 0, and NaN in Keras",
    ),
    (
        ["SymmetricCrossentropy", "symmetric_crossentropy"],
        "`a CE + b RCE`, float64",
        C,
        NONE,
        "",
    ),
    (["ActivePassive", "active_passive"], "NCE + RCE, float64", C, NONE, ""),
    (
        ["Tversky", "tversky"],
        "`(1 - TP / (TP + a FP + b FN))^g`",
        R,
        "`keras.losses.Tversky`, `keras.losses.Dice`",
        "`alpha` weighs false positives and `beta` false negatives; Keras 3.15.1 has them the "
        "other way round. One loss per sample, and the focal power",
    ),
    (
        ["SoftTarget", "soft_target"],
        "`-T^2 sum y log softmax(z / T)`, float64; T = 1 is cross-entropy",
        f"losses/test_soft_target.py, {C}",
        "`keras.losses.CategoricalCrossentropy`, `keras.distillation.LogitsDistillation`",
        "a temperature, for given targets without a teacher model",
    ),
    (
        [
            "JensenShannonConsistency",
            "jensen_shannon_consistency",
            "jensen_shannon_divergence",
        ],
        "cross-entropy + 12 Jensen-Shannon divergence; for two views `jensenshannon^2` of SciPy",
        "losses/test_soft_target.py",
        NONE,
        "",
    ),
    (
        ["ArcFace", "arcface"],
        "cross-entropy with `cos(theta + m)`, by arccos in float64",
        f"losses/test_margin.py, {C}",
        NONE,
        "",
    ),
    (["CosFace", "cosface"], "cross-entropy with `cos(theta) - m`, float64", C, NONE, ""),
    (
        ["SupCon", "supcon"],
        "L_out of the paper by loops, float64",
        "losses/test_contrastive.py, losses/test_loss_replicas.py",
        NONE,
        "",
    ),
    (
        ["NTXent", "nt_xent"],
        "the logits of SimCLR, float64",
        "losses/test_contrastive.py, losses/test_loss_replicas.py",
        "KerasCV `SimCLRLoss`",
        "an ordinary loss of predictions `(batch, views, dimensions)`, two views or more; one "
        "loss per sample; over all replicas",
    ),
    (
        ["ContrastiveLoss", "contrastive_loss"],
        "Addons",
        A,
        "Addons `ContrastiveLoss`",
        "same value and gradient",
    ),
    (
        ["TripletSemiHardLoss", "triplet_semihard_loss"],
        "Addons; brute force among equal distances",
        f"{A}, losses/test_loss_replicas.py",
        "Addons `TripletSemiHardLoss`",
        "same value and gradient; memory of batch squared for Addons' cubed; 0 without positive "
        "pairs, where Addons gave NaN; over all replicas",
    ),
    (
        ["TripletHardLoss", "triplet_hard_loss"],
        "Addons",
        f"{A}, losses/test_loss_replicas.py",
        "Addons `TripletHardLoss`",
        "same value and gradient; anchors without a positive or negative do not count; the "
        "soft form does not overflow; over all replicas",
    ),
    (
        ["LiftedStructLoss", "lifted_struct_loss"],
        "Addons",
        f"{A}, losses/test_loss_replicas.py",
        "Addons `LiftedStructLoss`",
        "same value and gradient; one loss per sample; 0 without positive pairs; over all replicas",
    ),
    (
        ["NpairsLoss", "npairs_loss", "NpairsMultilabelLoss", "npairs_multilabel_loss"],
        "Addons",
        f"{A}, losses/test_contrastive.py, losses/test_loss_replicas.py",
        "Addons `NpairsLoss`, `NpairsMultilabelLoss`",
        "same value and gradient; embeddings beside similarities, and then over all replicas",
    ),
    (
        ["SparsemaxLoss", "sparsemax_loss", "sparsemax"],
        "Addons; the conditions of a projection",
        A,
        "Addons `SparsemaxLoss`, `keras.ops.sparsemax`",
        "same value and gradient; integer labels. Rows of `keras.ops.sparsemax` 3.15.1 do not sum "
        "to 1 in a batch",
    ),
    (
        ["WeightedKappaLoss", "weighted_kappa_loss"],
        "Addons",
        f"{A}, losses/test_loss_replicas.py",
        "Addons `WeightedKappaLoss`",
        "same value and gradient; integer labels; over all replicas",
    ),
    (
        ["GIoULoss", "giou_loss"],
        "Addons",
        A,
        "Addons `GIoULoss`, KerasCV `GIoULoss`",
        "same value and gradient as Addons",
    ),
    (
        ["pairwise_distance", "angular_distance"],
        "Addons",
        A,
        "Addons `metric_learning`",
        "same value; embeddings are centred first, for large ones",
    ),
    (
        ["FunctionLoss"],
        "the base of the losses here: a function, its options, a reduction",
        "losses/test_loss_contract.py",
        "`keras.losses.Loss`",
        "computes in float32 or float64; class labels above 256 stay exact under a `floatx` of "
        "bfloat16, where Keras rounds them",
    ),
]

METRICS = [
    (
        ["CohenKappa"],
        "scikit-learn `cohen_kappa_score`",
        "metrics/test_agreement.py",
        "Addons `CohenKappa`",
        "two classes by rows of two scores too; a regression's numbers below 0 are class 0, where "
        "Addons took their absolute value; 0 where kappa is undefined",
    ),
    (
        ["MatthewsCorrelationCoefficient"],
        "scikit-learn `matthews_corrcoef`",
        "metrics/test_agreement.py",
        "Addons `MatthewsCorrelationCoefficient`",
        "integer labels, and one score for two classes, beside rows",
    ),
    (
        ["BalancedAccuracy"],
        "scikit-learn `balanced_accuracy_score`",
        "metrics/test_agreement.py",
        NONE,
        "",
    ),
    (
        ["GeometricMeanScore"],
        "imbalanced-learn `geometric_mean_score`",
        "metrics/test_agreement.py",
        NONE,
        "the mean of recalls; Addons' `GeometricMean` is that of numbers",
    ),
    (
        ["ExpectedCalibrationError", "Reliability", "plot_reliability"],
        "formula of the paper by loops over bins",
        "metrics/test_calibration.py",
        NONE,
        "",
    ),
    (
        ["HammingLoss"],
        "scikit-learn `hamming_loss`",
        "metrics/test_multilabel.py",
        "Addons `HammingLoss`",
        "equal scores of all classes give one class; Addons counted them as right",
    ),
    (
        ["MultiLabelConfusionMatrix"],
        "scikit-learn `multilabel_confusion_matrix`",
        "metrics/test_multilabel.py",
        "Addons `MultiLabelConfusionMatrix`",
        "a threshold, where Addons cut 0.9 off to 0; sample weights, which Addons ignored",
    ),
    (
        ["ImageMeanAbsoluteError", "image_mean_absolute_error"],
        "NumPy, float64",
        "metrics/test_image_error.py",
        "`keras.metrics.MeanAbsoluteError`",
        "shares of the value range; uint8 images without wrap-around",
    ),
]

P = "layers/pooling"
POOLING = [
    (
        ["StochasticPooling"],
        "one cell drawn by `p = a / sum a`; `sum a^2 / sum a` at inference",
        f"{P}/test_stochastic.py",
        NONE,
        "",
    ),
    (
        ["OverlappingMaxPooling", "OverlappingAveragePooling"],
        "Keras' pooling with windows larger than strides",
        P,
        "`keras.layers.MaxPooling2D`, `keras.layers.AveragePooling2D`",
        "3 and 2 by default; an error if windows do not overlap",
    ),
    (
        ["GlobalAveragePooling", "GlobalMaxPooling"],
        "Keras' own, exported again",
        P,
        "`keras.layers.GlobalAveragePooling2D`, `keras.layers.GlobalMaxPooling2D`",
        "none",
    ),
    (["GeneralizedMeanPooling"], "`mean(x^p)^(1/p)`, p learned", P, NONE, ""),
    (["GlobalGeneralizedMeanPooling"], "`mean(x^p)^(1/p)` over all places", P, NONE, ""),
    (["LPPooling"], "`(sum abs(x)^p)^(1/p)`", P, NONE, ""),
    (["SoftPooling"], "`sum e^x x / sum e^x`", P, NONE, ""),
    (["MixedPooling"], "`share max + (1 - share) average`", P, NONE, ""),
    (["GlobalMixedPooling"], "`share max + (1 - share) average` over all places", P, NONE, ""),
    (["GatedPooling"], "`g max + (1 - g) average`, `g = sigmoid(w x)`", P, NONE, ""),
    (["BlurPooling"], "`[1, 2, 1] / 4` along every axis, then strides", P, NONE, ""),
    (["MaxBlurPooling"], "dense maxima, then the blur", P, NONE, ""),
    (["S3Pooling"], "dense maxima at drawn rows and columns; their mean at inference", P, NONE, ""),
    (
        ["FractionalMaxPooling"],
        "maxima of windows of two sizes in a drawn order",
        P,
        NONE,
        "`tf.nn.fractional_max_pool` is a kernel that XLA cannot compile",
    ),
    (
        ["SpatialPyramidPooling"],
        "maxima (or means) of n x n bins between floor and ceil",
        P,
        "Addons `SpatialPyramidPooling2D`, `keras.layers.AdaptiveMaxPooling2D`",
        "Addons averaged, and cropped what did not divide; Keras' adaptive pooling needs static "
        "sizes. KerasCV's layer of that name is dilated convolutions",
    ),
    (
        ["MaxUnpooling", "MaxPoolingWithPositions"],
        "cells back at the places of their maxima",
        P,
        "Addons `MaxUnpooling2D`",
        "",
    ),
    (["GlobalLogSumExpPooling"], "`log(mean(e^(r x))) / r`", P, NONE, ""),
    (["GlobalAttentionPooling"], "`sum a x`, a the softmax of `w tanh(V x)`", P, NONE, ""),
    (
        ["replace_pooling"],
        "a model with other pooling layers, its weights kept",
        "layers/test_replace.py",
        "`keras.models.clone_model`",
        "nested models, compiled state and shapes checked",
    ),
]

COMPANIONS = [
    (
        ["CosineDense"],
        "scikit-learn `cosine_similarity` of inputs and weight columns",
        "losses/test_margin.py",
        "`keras.layers.Dense`",
        "both of length one, no bias",
    ),
    (
        ["LogitAdjustment"],
        "`z - tau log(prior)`, NumPy",
        "losses/test_margin.py",
        NONE,
        "",
    ),
    (
        ["StochasticDepth"],
        "shortcut plus a drawn residual, its mean at inference",
        "layers/test_drop.py",
        "Addons `StochasticDepth`, KerasCV `StochasticDepth`",
        "a seed; KerasCV's argument is the rate of dropping",
    ),
    (
        ["DropPath"],
        "each sample's branch is dropped, or divided by the rate of keeping",
        "layers/test_drop.py",
        "KerasCV `DropPath`",
        "same formula",
    ),
    (
        ["DropBlock2D"],
        "blocks of a map are dropped",
        "layers/test_drop.py",
        "KerasCV `DropBlock2D`",
        "maps that are not square: KerasCV compares rows with the width",
    ),
    (
        ["SqueezeExcite"],
        "`x excite(W2 squeeze(W1 mean))`",
        "layers/test_squeeze_excite.py",
        "KerasCV `SqueezeAndExcite2D`",
        "both data formats, other ranks; a ratio beside a width",
    ),
    (
        ["FilterResponseNormalization"],
        "`gamma x / sqrt(mean(x^2) + e) + beta`",
        "layers/test_normalization.py",
        "Addons `FilterResponseNormalization`",
        "same formula",
    ),
    (
        ["TLU"],
        "`max(x, tau)`, or `max(x, alpha x + tau)`",
        "layers/test_normalization.py",
        "Addons `TLU`",
        "one threshold per channel, as in the paper; Addons had one for every cell of the map",
    ),
    (
        ["lisht"],
        "`x tanh(x)`",
        "layers/test_activations.py",
        "Addons `lisht`",
        "same formula",
    ),
    (
        ["Snake", "snake"],
        "`x + (1 - cos(2 a x)) / (2 a)`",
        "layers/test_activations.py",
        "Addons `snake`",
        "same formula",
    ),
    (
        ["LocalResponseNormalization"],
        "`x / (k + alpha sum x^2)^beta`",
        "layers/test_local_response.py",
        NONE,
        "`tf.nn.local_response_normalization` is the paper's; Caffe's and PyTorch's alpha too",
    ),
    (
        ["Maxout"],
        "the maximum of groups of channels",
        "layers/test_maxout.py",
        "Addons `Maxout`",
        "same order of channels",
    ),
    (
        ["WeightNormalization"],
        "a layer with the kernel `g v / norm(v)`",
        "layers/test_weight_normalization.py",
        "Addons `WeightNormalization`",
        "works on JAX: the first batch sets offsets, not trained variables",
    ),
]

SECTIONS = {
    "losses": ("Losses", "losses", LOSSES),
    "metrics": ("Metrics", "metrics", METRICS),
    "pooling": ("Pooling layers", "layers", POOLING),
    "companions": ("Layers beside pooling", "layers", COMPANIONS),
}
