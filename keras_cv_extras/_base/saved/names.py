"""The names that the classes of this package are registered with, and where the classes are."""

# (package in the registered name, subpackage that has the class): class names.
NAMES = {
    ("keras_cv_extras.compat", "compat"): """
        AdaBelief AdamW AdaptiveMaxPooling3D COCOB ConditionalGradient ContrastiveLoss
        F1Score FBetaScore FilterResponseNormalization GELU GIoULoss GeometricMean
        HarmonicMean InstanceNormalization KendallsTauB KendallsTauC LAMB LazyAdam
        LiftedStructLoss MatthewsCorrelationCoefficient MaxUnpooling2D MaxUnpooling2DV2
        MultiOptimizer NetVLAD NovoGrad NpairsLoss NpairsMultilabelLoss
        OptimizerWithDecoupledWeightDecay PearsonsCorrelation PinballLoss ProximalAdagrad
        RSquare RectifiedAdam SGDW SigmoidFocalCrossEntropy SparsemaxLoss Sparsemax
        SpatialPyramidPooling2D SpearmansRank TripletHardLoss TripletSemiHardLoss
        WeightNormalization WeightedKappaLoss Yogi _gelu _hardshrink _rrelu _softshrink
        _sparsemax _approximate_gelu
    """,
    ("keras_cv_extras.compat.keras_cv", "compat"): """
        AugMix Augmenter AutoContrast ChannelShuffle ConstantFactorSampler CutMix DropBlock2D
        Equalization FocalLoss FourierMix Grayscale GridMask JitteredResize MixUp Mosaic
        NormalFactorSampler Posterization RandAugment RandomApply RandomAspectRatio
        RandomAugmentationPipeline RandomBrightness RandomChannelShift RandomChoice
        RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomCropAndResize
        RandomCutout RandomFlip RandomGaussianBlur RandomHue RandomJpegQuality RandomRotation
        RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom
        RepeatedAugmentation Rescaling Resizing SimCLRLoss SmoothL1Loss Solarization
        SqueezeAndExcite2D StochasticDepth UniformFactorSampler
    """,
    ("keras_cv_extras", "generative"): """
        ConditionalBatchNormalization ConditionalGAN DeepSMOTE SpectralNormalized SumOfMap
    """,
    ("keras_cv_extras", "inference"): """
        Fuse TestTimeAugment _Sigmoid _Views
    """,
    ("keras_cv_extras", "policy"): """
        PaddedImages ResizedCentre ResizedSide
    """,
    ("keras_cv_extras", "layers"): """
        AugMix AutoAugment BalancedMixUp BlurPooling1D BlurPooling2D BlurPooling3D CTAugment
        CosineDense CutMix DropBlock2D DropPath FMix FilterResponseNormalization
        FractionalMaxPooling2D GatedPooling1D GatedPooling2D GatedPooling3D
        GeneralizedMeanPooling1D GeneralizedMeanPooling2D GeneralizedMeanPooling3D
        GlobalAttentionPooling1D GlobalAttentionPooling2D GlobalAttentionPooling3D
        GlobalGeneralizedMeanPooling1D GlobalGeneralizedMeanPooling2D
        GlobalGeneralizedMeanPooling3D GlobalLogSumExpPooling1D GlobalLogSumExpPooling2D
        GlobalLogSumExpPooling3D GlobalMixedPooling1D GlobalMixedPooling2D GlobalMixedPooling3D
        JitteredResize LPPooling1D LPPooling2D LPPooling3D LocalResponseNormalization
        LogitAdjustment MaxBlurPooling1D MaxBlurPooling2D MaxBlurPooling3D
        MaxPoolingWithPositions2D MaxUnpooling2D Maxout MixUp MixedPooling1D MixedPooling2D
        MixedPooling3D Mosaic OverlappingAveragePooling1D OverlappingAveragePooling2D
        OverlappingAveragePooling3D OverlappingMaxPooling1D OverlappingMaxPooling2D
        OverlappingMaxPooling3D PolicyAugment RandAugment RandomAffine RandomApply RandomAspect
        RandomAutocontrast RandomBoxBlur RandomBrightness RandomBrightnessContrast
        RandomChannelDropout
        RandomChannelShift RandomChannelShuffle RandomChoice RandomClahe RandomCoarseDropout
        RandomColor RandomColorJitter RandomContrast RandomCrop RandomCutout RandomElastic
        RandomEqualize RandomErasing RandomFlipHorizontal RandomFlipVertical RandomGamma
        RandomGaussianBlur RandomGaussianNoise RandomGrayscale RandomGridDistortion
        RandomGridMask RandomHoleDropout RandomHsvShift RandomHue RandomInvert RandomJpeg
        RandomMedianBlur
        RandomMix RandomMotionBlur RandomOrder RandomPaddedCrop RandomPcaLighting
        RandomPerspective RandomPlanckianJitter RandomPoissonNoise RandomPosterize
        RandomResizedCrop RandomRotate RandomRotate90 RandomSaltAndPepper RandomSamplePairing
        RandomSaturation RandomSharpness RandomShearX RandomShearY RandomSolarize
        RandomSolarizeAdd RandomSpeckleNoise RandomTranslateX RandomTranslateY RandomZoom ReMix
        RepeatedAugment S3Pooling1D S3Pooling2D S3Pooling3D SamplePairing Snake SoftPooling1D
        SoftPooling2D SoftPooling3D SomeOf SpatialPyramidPooling1D SpatialPyramidPooling2D
        SpatialPyramidPooling3D SqueezeExcite StochasticDepth StochasticPooling1D
        StochasticPooling2D StochasticPooling3D TLU TrivialAugment WeightNormalization lisht snake
    """,
    ("keras_cv_extras", "losses"): """
        ActivePassive ArcFace AsymmetricCategorical AsymmetricMultilabel BiTempered
        CategoricalFocal ClassWeighted ContrastiveLoss CosFace GIoULoss GeneralizedCrossentropy
        Hinge Huber ImageMeanAbsoluteError JensenShannonConsistency LDAM LiftedStructLoss
        LogLoss LogitAdjusted MulticlassHinge NTXent NpairsLoss NpairsMultilabelLoss PinballLoss
        Poly1 PseudoHuber SigmoidFocalCrossEntropy SoftTarget SparsemaxLoss SupCon
        SymmetricCrossentropy TripletHardLoss TripletSemiHardLoss Tversky WeightedKappaLoss
    """,
    ("keras_cv_extras", "models"): """
        AuxiliaryHeads ImagePreprocessing LayerwiseAdamW LayerwiseSGD PaddedShortcut
    """,
    ("keras_cv_extras", "optimizers"): """
        AdaBelief COCOB CyclicalLearningRate ExponentialCyclicalLearningRate LAMB Lookahead
        MovingAverage NovoGrad RectifiedAdam SWA Triangular2CyclicalLearningRate
        TriangularCyclicalLearningRate Yogi
    """,
    ("keras_cv_extras", "training"): """
        SmoothedCrossentropy _PositiveWeighted
    """,
    ("keras_cv_extras.metrics", "metrics"): """
        BalancedAccuracy CohenKappa ExpectedCalibrationError GeometricMeanScore HammingLoss
        ImageMeanAbsoluteError MatthewsCorrelationCoefficient MultiLabelConfusionMatrix
    """,
}
