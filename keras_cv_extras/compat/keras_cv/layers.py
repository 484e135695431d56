"""Layers of KerasCV: augmentation for classification, and parts of networks."""

from collections.abc import Callable
from typing import Any

import keras

from keras_cv_extras import layers
from keras_cv_extras.compat import _table
from keras_cv_extras.compat.keras_cv import _batch_layers as batch
from keras_cv_extras.compat.keras_cv import _composed
from keras_cv_extras.compat.keras_cv import _drawn as drawn
from keras_cv_extras.compat.keras_cv import _image_layers as old
from keras_cv_extras.compat.keras_cv import _pixels as pixels
from keras_cv_extras.compat.keras_cv._base_layer import BaseImageAugmentationLayer
from keras_cv_extras.compat.keras_cv._layer import old_layer
from keras_cv_extras.compat.keras_cv._rand_augment import RandAugment

_HERE = "keras_cv_extras.layers."
_PACKAGE = "keras_cv_extras.compat.keras_cv"
_BOXES = "boxes are out of scope; use keras_hub for detectors"
_CLOUDS = "point clouds are out of scope"
_BLOCKS = "it is a block of one network; use keras_cv_extras.models.build, or keras_hub"
_GONE = {
    _BOXES: "AnchorGenerator BoxMatcher FeaturePyramid MultiClassNonMaxSuppression "
    "NonMaxSuppression ROIGenerator ROIPooler",
    _CLOUDS: "BaseAugmentationLayer3D CenterNetLabelEncoder DynamicVoxelization "
    "FrustumRandomDroppingPoints FrustumRandomPointFeatureNoise GlobalRandomDroppingPoints "
    "GlobalRandomFlip GlobalRandomRotation GlobalRandomScaling GlobalRandomTranslation "
    "GroupPointsByBoundingBoxes HeatmapDecoder RandomCopyPaste RandomDropBox SwapBackground",
    _BLOCKS: "AddPositionalEmbedding AddRelativePositionalEmbedding FusedMBConvBlock "
    "HierarchicalTransformerEncoder MBConvBlock MultiHeadAttentionWithDownsampling "
    "MultiHeadAttentionWithRelativePE OverlappingPatchingAndEmbedding PatchingAndEmbedding "
    "RandomFrequencyPositionalEmbeddings SegFormerMultiheadAttention TwoWayMultiHeadAttention "
    "ViTDetPatchingAndEmbedding WindowPartitioning WindowedTransformerEncoder",
}
# Old files, by their folders; those of what is gone say what to use instead.
_FOLDERS = {
    "preprocessing": "aug_mix auto_contrast base_image_augmentation_layer channel_shuffle cut_mix "
    "equalization fourier_mix grayscale grid_mask jittered_resize maybe_apply mix_up mosaic "
    "posterization rand_augment random_apply random_aspect_ratio random_augmentation_pipeline "
    "random_brightness random_channel_shift random_choice random_color_degeneration "
    "random_color_jitter random_contrast random_crop random_crop_and_resize random_cutout "
    "random_flip random_gaussian_blur random_hue random_jpeg_quality random_rotation "
    "random_saturation random_sharpness random_shear random_translation random_zoom "
    "randomly_zoomed_crop repeated_augmentation rescaling resizing solarization "
    "vectorized_base_image_augmentation_layer",
    "regularization": "drop_path dropblock_2d squeeze_excite stochastic_depth",
}
_FILES = [
    *("augmenter", "feature_pyramid", "fusedmbconv", "mbconv", "spatial_pyramid"),
    *("transformer_encoder", "vit_layers", *_FOLDERS),
    *(f"{folder}/{name}" for folder, names in _FOLDERS.items() for name in names.split()),
]


def _image(
    name: str, make: Callable[..., Any], new: str, call: str = "", note: str = "", **kind: Any
) -> _table.Name:
    path = new if new.startswith("keras.") else _HERE + new
    call = call and f"{path}({call})"
    return _table.Name(name, path, note, old_layer(name, make, **kind), call)


@keras.saving.register_keras_serializable(_PACKAGE)
class SqueezeAndExcite2D(layers.SqueezeExcite):
    """Scales channels by what the whole map shows.

    Args:
        filters: how many channels there are.
        bottleneck_filters: below `filters`; None for a quarter.
        squeeze_activation: of the bottleneck.
        excite_activation: of the scales.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = SqueezeAndExcite2D(16, 4)
    """

    def __init__(
        self,
        filters: int,
        bottleneck_filters: int | None = None,
        squeeze_activation: Any = "relu",
        excite_activation: Any = "sigmoid",
        **kwargs: Any,
    ) -> None:
        if filters <= 0 or not isinstance(filters, int):
            raise ValueError(f"`filters` should be a positive integer. Got {filters}")
        if bottleneck_filters is not None and bottleneck_filters >= filters:
            raise ValueError(
                "`bottleneck_filters` should be smaller than `filters`. Got "
                f"{bottleneck_filters} and {filters}"
            )
        super().__init__(
            bottleneck_filters=bottleneck_filters or max(filters // 4, 1),
            squeeze_activation=squeeze_activation,
            excite_activation=excite_activation,
            **kwargs,
        )
        self.filters = filters

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**_without(super().get_config(), "ratio"), "filters": self.filters}


@keras.saving.register_keras_serializable(_PACKAGE)
class DropBlock2D(layers.DropBlock2D):
    """Drops blocks of a map.

    Args:
        rate: how much is dropped, in [0, 1].
        block_size: of the blocks, an integer or one per spatial axis.
        seed: an integer, or None to draw one.
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = DropBlock2D(0.1, block_size=7)
    """

    def __init__(
        self, rate: float, block_size: Any, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, block_size, seed=seed, **kwargs)


@keras.saving.register_keras_serializable(_PACKAGE)
class StochasticDepth(layers.StochasticDepth):
    """Adds a residual branch to its shortcut, or leaves it out.

    Args:
        rate: how often it is left out in training, in [0, 1].
        **kwargs: the arguments of `keras.layers.Layer`.

    Example:
        >>> layer = StochasticDepth(rate=0.2)
    """

    def __init__(self, rate: float = 0.5, **kwargs: Any) -> None:
        super().__init__(1 - rate, **kwargs)
        self.rate = rate

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        return {**_without(super().get_config(), "survival_probability"), "rate": self.rate}


def _without(config, name):
    return {key: value for key, value in config.items() if key != name}


_ALIKE = "height and width alike"

__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "keras_cv.layers",
    [
        _image("AugMix", old.aug_mix, "AugMix", "strength=severity, width=num_chains"),
        _table.Name("Augmenter", "keras.Sequential", "", _composed.Augmenter),
        _image("AutoContrast", pixels.auto_contrast, "RandomAutocontrast", "rate=1.0"),
        _table.Name(
            "BaseImageAugmentationLayer",
            "keras.layers.Layer",
            "images are mapped one after another; a layer of Keras takes the batch",
            BaseImageAugmentationLayer,
        ),
        _table.Name("CenterCrop", "keras.layers.CenterCrop"),
        _image(
            "ChannelShuffle",
            drawn.channel_shuffle,
            "RandomChannelShuffle",
            "rate=1.0",
            "a channel is a group",
        ),
        _image("CutMix", batch.cut_mix, "CutMix", "alpha=alpha", mixes=True),
        _table.Name("DropBlock2D", _HERE + "DropBlock2D", "", DropBlock2D),
        _table.Name("DropPath", _HERE + "DropPath"),
        _image("Equalization", old.equalization, "RandomEqualize", "rate=1.0", "256 bins"),
        _image("FourierMix", batch.fourier_mix, "FMix", "alpha, decay=decay_power", mixes=True),
        _image(
            "Grayscale", pixels.grayscale, "RandomGrayscale", "amount=1.0", "three channels remain"
        ),
        _image(
            "GridMask",
            old.grid_mask,
            "RandomGridMask",
            "ratio=ratio_factor, degrees=360 * rotation_factor",
            sampled={"ratio_factor": 0.0},
        ),
        _image(
            "JitteredResize",
            batch.jittered_resize,
            "JitteredResize",
            "target_size, scale=scale_factor",
            resizes=True,
            sampled={"scale_factor": 0.0},
        ),
        _table.Name("MaybeApply", _HERE + "RandomApply", "", _composed.RandomApply),
        _image("MixUp", batch.mix_up, "MixUp", "alpha=alpha", mixes=True),
        _image("Mosaic", batch.mosaic, "Mosaic", "centre=offset", mixes=True),
        _image("Posterization", old.posterization, "RandomPosterize", "bits=bits"),
        _table.Name(
            "RandAugment",
            _HERE + "RandAugment",
            "other ops and ranges, Pillow's; a normal magnitude is drawn uniformly",
            RandAugment,
            _HERE + "RandAugment(num_ops=augmentations_per_image, strength=magnitude)",
        ),
        _table.Name(
            "RandomApply",
            _HERE + "RandomApply",
            "a policy instead of a layer",
            _composed.RandomApply,
            _HERE + "RandomApply(policy, rate)",
        ),
        _image(
            "RandomAspectRatio",
            batch.random_aspect_ratio,
            "RandomAspect",
            "ratio=factor ** 2",
            "images keep their size; the old name gives a ragged batch",
            sampled={"factor": 0.0},
            base=batch.Stretched,
        ),
        _table.Name(
            "RandomAugmentationPipeline",
            _HERE + "SomeOf",
            "steps instead of layers",
            _composed.RandomAugmentationPipeline,
            _HERE + "SomeOf(steps, augmentations_per_image, replace=True)",
        ),
        _image(
            "RandomBrightness",
            old.random_brightness,
            "RandomSolarizeAdd",
            "addition=(-255 * factor, 255 * factor), threshold=256",
            sampled={"factor": None},
        ),
        _image(
            "RandomChannelShift",
            old.random_channel_shift,
            "RandomChannelShift",
            "limit=127.5 * factor",
            sampled={"factor": 0.0},
        ),
        _table.Name(
            "RandomChoice",
            _HERE + "RandomChoice",
            "policies instead of layers",
            _composed.RandomChoice,
            _HERE + "RandomChoice(policies)",
        ),
        _image(
            "RandomColorDegeneration",
            pixels.random_color_degeneration,
            "RandomColor",
            "factor=(1 - factor, 1)",
            "integers are cut as Pillow does",
            sampled={"factor": 0.0},
        ),
        _image(
            "RandomColorJitter",
            old.random_color_jitter,
            "RandomColorJitter",
            "brightness=..., contrast=..., saturation=..., hue=...",
            "in a random order",
        ),
        _image(
            "RandomContrast",
            pixels.random_contrast,
            "RandomContrast",
            "factor=(1 - factor, 1 + factor)",
            "about the mean grey of the image, not the mean of each channel",
        ),
        _image("RandomCrop", batch.random_crop, "RandomCrop", "(height, width)", resizes=True),
        _image(
            "RandomCropAndResize",
            batch.random_crop_and_resize,
            "RandomResizedCrop",
            "target_size, area=crop_area_factor, aspect=aspect_ratio_factor",
            resizes=True,
            sampled={"crop_area_factor": 0.0, "aspect_ratio_factor": 0.0},
        ),
        _image(
            "RandomCutout",
            drawn.random_cutout,
            "RandomCutout",
            "size=...",
            "squares of the shorter side, and size in pixels",
            sampled={"height_factor": 0.0, "width_factor": 0.0},
        ),
        _image("RandomFlip", old.random_flip, "RandomFlipHorizontal", "rate=rate"),
        _image(
            "RandomGaussianBlur",
            pixels.random_gaussian_blur,
            "RandomGaussianBlur",
            "sigma=factor, kernel_size=kernel_size",
            "a border that goes on, not one of zeros",
            sampled={"factor": 0.0},
        ),
        _table.Name("RandomHeight", note="use keras_cv_extras.layers.RandomAspect"),
        _image(
            "RandomHue",
            old.random_hue,
            "RandomHue",
            "turns=(-factor / 2, factor / 2)",
            sampled={"factor": 0.0},
        ),
        _image(
            "RandomJpegQuality",
            old.random_jpeg_quality,
            "RandomJpeg",
            "quality=factor",
            sampled={"factor": 0.0},
        ),
        _image(
            "RandomRotation",
            old.random_rotation,
            "RandomRotate",
            "degrees=(-360 * factor, 360 * factor)",
            "degrees, and a constant fill by default",
        ),
        _image(
            "RandomSaturation",
            old.random_saturation,
            "RandomSaturation",
            "factor=factor / (1 - factor)",
            "1 leaves images as they are",
            sampled={"factor": 0.0},
        ),
        _image(
            "RandomSharpness",
            pixels.random_sharpness,
            "RandomSharpness",
            "factor=(1 - factor, 1)",
            "1 leaves images as they are",
            sampled={"factor": 0.0},
        ),
        _image(
            "RandomShear",
            old.random_shear,
            "RandomShearX",
            "slope=(-x_factor, x_factor)",
            sampled={"x_factor": 0.0, "y_factor": 0.0},
        ),
        _image(
            "RandomTranslation",
            old.random_translation,
            "RandomTranslateX",
            "pixels=...",
            "one axis a layer; fractions by Step(..., unit='width')",
        ),
        _table.Name("RandomWidth", note="use keras_cv_extras.layers.RandomAspect"),
        _image(
            "RandomZoom",
            old.random_zoom,
            "RandomZoom",
            "factor=1 / (1 + height_factor)",
            _ALIKE,
        ),
        _table.Name(
            "RepeatedAugmentation",
            _HERE + "RepeatedAugment",
            "a policy and a number of copies",
            _composed.RepeatedAugmentation,
            _HERE + "RepeatedAugment(policy, num_repeats)",
        ),
        _image("Rescaling", batch.rescaling, "keras.layers.Rescaling"),
        _image("Resizing", batch.resizing, "keras.layers.Resizing", resizes=True),
        _image(
            "Solarization",
            old.solarization,
            "RandomSolarize",
            "threshold=threshold_factor",
            "addition is RandomSolarizeAdd",
            sampled={"addition_factor": 0.0, "threshold_factor": 0.0},
        ),
        _table.Name("SpatialPyramidPooling", note="it is DeepLab's; use keras_hub"),
        _table.Name(
            "SqueezeAndExcite2D",
            _HERE + "SqueezeExcite",
            "the number of channels is that of the input",
            SqueezeAndExcite2D,
            _HERE + "SqueezeExcite(bottleneck_filters=bottleneck_filters)",
        ),
        _table.Name(
            "StochasticDepth",
            _HERE + "StochasticDepth",
            "survival_probability is 1 - rate",
            StochasticDepth,
            _HERE + "StochasticDepth(survival_probability=1 - rate)",
        ),
        _table.Name("TransformerEncoder", note="use keras_hub.layers.TransformerEncoder"),
        _table.Name("VectorizedBaseImageAugmentationLayer", note="write a keras.layers.Layer"),
        _table.Name(
            "RandomlyZoomedCrop",
            note="use RandomCropAndResize(target_size, crop_area_factor, aspect_ratio_factor)",
        ),
        *(_table.Name(name, note=note) for note, names in _GONE.items() for name in names.split()),
    ],
    " ".join(_FILES),
)
