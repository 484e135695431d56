"""What docs/migration_transforms.py cannot read from a transform: calls, and tables of names."""

#: Calls of layers of Keras that need arguments; None leaves a layer out.
KERAS_ARGUMENTS = {
    "CenterCrop": ["(224, 224)"],
    "RandomBrightness": ["(0.2)"],
    "RandomColorDegeneration": ["(0.5)"],
    "RandomColorJitter": ["(brightness_factor=0.2)"],
    "RandomContrast": ["(0.2)"],
    "RandomCrop": ["(32, 32)"],
    "RandomFlip": ['("horizontal")', '("horizontal_and_vertical")'],
    "RandomGrayscale": ["(0.2)"],
    "RandomHue": ["(0.2)"],
    "RandomPosterization": ["(4)"],
    "RandomRotation": ["(0.05)", '(0.05, fill_mode="constant")'],
    "RandomSaturation": ["(0.2)"],
    "RandomSharpness": ["(0.2)"],
    "RandomShear": ["(0.2, 0.2)"],
    "RandomTranslation": ["(0.1, 0.1)"],
    "RandomZoom": ["(0.1)", "(0.1, 0.2)"],
    "Rescaling": ["(1 / 255)"],
    "Resizing": ["(224, 224)"],
    "Solarization": ["()", "(threshold_factor=0.5)"],
    "CutMix": ["()", "((1.0, 1.0))"],
    "MaxNumBoundingBoxes": [None],
}

TIMM = {
    "keywords": [
        ("hflip", 0.5),
        ("vflip", 0.5),
        ("scale", (0.5, 1.0)),
        ("ratio", (1.0, 1.0)),
        ("color_jitter", 0.4),
        ("color_jitter", (0.4, 0.4, 0.4, 0.1)),
        ("color_jitter_prob", 0.8),
        ("grayscale_prob", 0.2),
        ("gaussian_blur_prob", 0.2),
        ("auto_augment", "rand-m9-mstd0.5-inc1"),
        ("interpolation", "bicubic"),
        ("interpolation", "random"),
        ("mean", (0.5, 0.5, 0.5)),
        ("re_prob", 0.25),
        ("re_mode", "pixel"),
        ("no_aug", True),
        ("crop_pct", 0.95),
        ("mixup_alpha", 0.8),
        ("cutmix_alpha", 1.0),
        ("mixup_prob", 0.5),
        ("label_smoothing", 0.1),
    ],
    "with": {
        "color_jitter_prob": {"color_jitter": 0.4},
        "crop_pct": {"is_training": False},
        "label_smoothing": {"mixup_alpha": 0.8, "num_classes": 10},
        "mixup_prob": {"mixup_alpha": 0.8},
    },
    "strings": [
        "rand-m9-n3-mstd0.5-inc1",
        "rand-m9-n2-t3a",
        "original",
        "originalr",
        "v0",
        "v0r",
        "3a",
        "augmix-m5-w4-d2",
    ],
    "networks_note": (
        "`build` gives one class score per class as logits, and takes images with values in "
        "[0, 255]: the scale is in the network. Weights of timm come from a file, "
        '`models.build("resnet18", (224, 224, 3), 1000, weights="resnet18.safetensors")`, '
        "and `build` takes the names of these networks in timm too. A file does not say whether "
        "it is of "
        "`efficientnet_b0` or of `tf_efficientnet_b0`, whose padding is another: the name does."
    ),
    "networks": {
        "densenet121": "densenet121",
        "densenet169": "densenet169",
        "densenet201": "densenet201",
        "efficientnet_b0": "efficientnet-b0-torchvision",
        "convnext_tiny": "convnext-tiny-torchvision",
        "inception_resnet_v2": "inception-resnet-v2",
        "inception_v3": "inception-v3-torchvision",
        "inception_v4": "inception-v4",
        "mobilenetv2_100": "mobilenetv2-torchvision",
        "mobilenetv3_large_100": "mobilenetv3-large-torchvision",
        "nasnetalarge": "nasnet-large",
        "resnet18": "resnet18",
        "resnet34": "resnet34",
        "resnet50": "resnet50-v1.5",
        "resnet101": "resnet101-v1.5",
        "resnet152": "resnet152-v1.5",
        "efficientnetv2_s": "efficientnetv2-s-torchvision",
        "mobilenetv3_small_100": "mobilenetv3-small-torchvision",
        "tf_efficientnet_b0": "tf-efficientnet-b0",
        "tf_efficientnetv2_b0": "tf-efficientnetv2-b0",
        "vgg11": "vgg11",
        "vgg11_bn": "vgg11-bn",
        "vgg13": "vgg13",
        "vgg13_bn": "vgg13-bn",
        "vgg16": "vgg16",
        "vgg16_bn": "vgg16-bn",
        "vgg19": "vgg19",
        "vgg19_bn": "vgg19-bn",
        "legacy_xception": "xception",
    },
    "names": {
        "Losses": {
            "loss.AsymmetricLossMultiLabel": ("losses.AsymmetricMultilabel", ""),
            "loss.AsymmetricLossSingleLabel": ("losses.AsymmetricCategorical", ""),
            "loss.BinaryCrossEntropy": (
                "keras.losses.BinaryCrossentropy(from_logits=True)",
                "labels must be one-hot, and the mean is over classes",
            ),
            "loss.JsdCrossEntropy": (
                "losses.JensenShannonConsistency",
                "the consistency alone: add it to a loss of the labels",
            ),
            "loss.LabelSmoothingCrossEntropy": (
                "losses.LogLoss(from_logits=True, label_smoothing=0.1)",
                "",
            ),
            "loss.SoftTargetCrossEntropy": ("losses.LogLoss(from_logits=True)", ""),
        },
        "Optimizers and averages": {
            "optim.Lookahead": ("optimizers.Lookahead", ""),
            "optim.RAdamLegacy": ("optimizers.RectifiedAdam", ""),
            "optim.AdaBelief": ("optimizers.AdaBelief", ""),
            "optim.Lamb": ("optimizers.LAMB", ""),
            "optim.NvNovoGrad": ("optimizers.NovoGrad", ""),
            "optim.Lion": ("keras.optimizers.Lion", ""),
            "optim.Adafactor": ("keras.optimizers.Adafactor", ""),
            "optim.Muon": ("keras.optimizers.Muon", ""),
            "optim.Adan": ("", "use keras.optimizers.AdamW"),
            "optim.Lars": ("", "use optimizers.LAMB"),
            "optim.param_groups_layer_decay": (
                "models.LayerwiseAdamW",
                "an optimizer, with rates by the depth of a layer",
            ),
            "utils.ModelEmaV3": (
                "optimizers.MovingAverage",
                "around an optimizer; or use_ema=True of any of Keras'",
            ),
            "scheduler.CosineLRScheduler": (
                "keras.optimizers.schedules.CosineDecay",
                "counts steps, and has warmup_steps and warmup_target",
            ),
            "scheduler.MultiStepLRScheduler": (
                "keras.optimizers.schedules.PiecewiseConstantDecay",
                "counts steps",
            ),
            "scheduler.PlateauLRScheduler": ("keras.callbacks.ReduceLROnPlateau", ""),
        },
        "Layers": {
            "layers.BlurPool2d": ("layers.BlurPooling2D", ""),
            "layers.DropBlock2d": ("layers.DropBlock2D", ""),
            "layers.DropPath": ("layers.DropPath", ""),
            "layers.FilterResponseNormAct2d": ("layers.FilterResponseNormalization", ""),
            "layers.SEModule": ("layers.SqueezeExcite", ""),
            "layers.SelectAdaptivePool2d": (
                "layers.GlobalMixedPooling2D",
                "or layers.GlobalAveragePooling2D and layers.GlobalMaxPooling2D, by its pool_type",
            ),
            "layers.EcaModule": ("", "use layers.SqueezeExcite"),
            "layers.CbamModule": ("", "use layers.SqueezeExcite"),
            "data.Mixup": ("mix.RandomMix", "of mix.MixUp and mix.CutMix; see above"),
            "data.random_erasing.RandomErasing": (
                "layers.RandomErasing",
                "in front of the scale",
            ),
        },
    },
}

_READY = "data.resample(x, y, method={})"


def _ready(*names):
    return {
        name: (_READY.format(f"imblearn.{name}()"), "imbalanced-learn's own, on images")
        for name in names
    }


BALANCE = {
    "samplers": {
        "over_sampling.SMOTE": (
            "data.smote(x, y)",
            "the same samples for the same seed; k_neighbors and sampling_strategy as there",
        ),
        "over_sampling.RandomOverSampler": (
            "data.oversample_indices(y)",
            "positions, not copies; data.OverSampler has fit_resample",
        ),
        "under_sampling.RandomUnderSampler": (
            "data.undersample_indices(y)",
            "positions, not copies; data.UnderSampler has fit_resample",
        ),
        "over_sampling.SMOTEN": ('data.resample(x, y, method="smoten")', ""),
        **_ready(
            "under_sampling.AllKNN",
            "under_sampling.ClusterCentroids",
            "under_sampling.CondensedNearestNeighbour",
            "under_sampling.InstanceHardnessThreshold",
            "under_sampling.NearMiss",
            "under_sampling.NeighbourhoodCleaningRule",
            "under_sampling.OneSidedSelection",
            "under_sampling.RepeatedEditedNearestNeighbours",
        ),
    },
    "The rest": {
        "datasets.make_imbalance": ("data.make_imbalanced(x, y, ratio=10)", "the same rows"),
        "datasets.fetch_datasets": ("", "give the arrays to data.split"),
        "keras.BalancedBatchGenerator": ("data.BalancedSource", "for data.pipeline"),
        "keras.balanced_batch_generator": ("data.BalancedSource", "for data.pipeline"),
        "tensorflow.balanced_batch_generator": ("data.BalancedSource", "for data.pipeline"),
        "metrics.geometric_mean_score": ("metrics.GeometricMeanScore", "over the batches of fit"),
        "metrics.macro_averaged_mean_absolute_error": ("", "use keras.metrics.MeanAbsoluteError"),
        "metrics.make_index_balanced_accuracy": ("metrics.BalancedAccuracy", "not weighted"),
        "metrics.sensitivity_score": ("keras.metrics.Recall", "of two classes"),
        "metrics.sensitivity_specificity_support": (
            "sklearn.metrics.classification_report",
            "with another table",
        ),
        "metrics.specificity_score": ("keras.metrics.Recall", "of the other class"),
        "metrics.classification_report_imbalanced": (
            "sklearn.metrics.classification_report",
            "with another table",
        ),
        "metrics.pairwise.ValueDifferenceMetric": ("", "categories have none here: use SMOTENC"),
        "model_selection.InstanceHardnessCV": ("data.folds", "stratified, resampled in each fold"),
        "pipeline.Pipeline": ("imblearn.pipeline.Pipeline", "takes data.SmoteSampler and its like"),
        "pipeline.make_pipeline": (
            "imblearn.pipeline.make_pipeline",
            "takes data.SmoteSampler and its like",
        ),
        "ensemble.BalancedBaggingClassifier": ("", "train with data.BalancedSource"),
        "ensemble.BalancedRandomForestClassifier": ("", "train with data.BalancedSource"),
        "ensemble.EasyEnsembleClassifier": ("", "train with data.BalancedSource"),
        "ensemble.RUSBoostClassifier": ("", "train with data.BalancedSource"),
        "FunctionSampler": ("", "call the function before data.pipeline"),
    },
}
