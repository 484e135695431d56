"""The networks of `keras.applications`, from pixel values to logits."""

import dataclasses
import pathlib
import warnings
from typing import Any

import keras
from keras import layers

from keras_cv_extras._base.saved.layers import leaves
from keras_cv_extras.models.networks import _blocks

# What networks with unpadded stems are given at least: it leaves them some places at the end.
_ENLARGED = 128


@dataclasses.dataclass(frozen=True)
class Family:
    """What holds for all networks of one kind.

    Args:
        classes: name -> name of the function in `keras.applications`.
        preprocessing: the mode of `ImagePreprocessing`; None where the network scales itself.
        removed: how many of the first reductions the stem for small images leaves out; 0 for
            networks with unpadded stems, which get enlarged images.
        minimum: pixels that the smallest image has each way.
    """

    classes: dict[str, str]
    preprocessing: str | None
    removed: int
    minimum: int = 8


FAMILIES = (
    Family({f"convnext-{s.lower()}": f"ConvNeXt{s}" for s in
            ("Tiny", "Small", "Base", "Large", "XLarge")}, None, 1),
    Family({f"densenet{n}": f"DenseNet{n}" for n in (121, 169, 201)}, "torch", 2),
    Family({f"efficientnet-b{n}": f"EfficientNetB{n}" for n in range(8)}, None, 2),
    Family({f"efficientnetv2-{s.lower()}": f"EfficientNetV2{s}" for s in
            ("B0", "B1", "B2", "B3", "S", "M", "L")}, None, 2),
    Family({"inception-v3": "InceptionV3", "inception-resnet-v2": "InceptionResNetV2"}, "tf", 0),
    Family({"mobilenet": "MobileNet", "mobilenetv2": "MobileNetV2"}, "tf", 2),
    Family({f"mobilenetv3-{s.lower()}": f"MobileNetV3{s}" for s in ("Small", "Large")}, None, 2),
    Family({f"nasnet-{s.lower()}": f"NASNet{s}" for s in ("Mobile", "Large")}, "tf", 0),
    Family({f"resnet{n}": f"ResNet{n}" for n in (50, 101, 152)}, "caffe", 2),
    Family({f"resnet{n}v2": f"ResNet{n}V2" for n in (50, 101, 152)}, "tf", 2),
    Family({f"vgg{n}-short": f"VGG{n}" for n in (16, 19)}, "caffe", 1, 16),
    Family({"xception": "Xception"}, "tf", 0),
)  # fmt: skip


def application(
    name: str,
    family: Family,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    weights: str | None = None,
    dropout: float = 0.0,
    global_pooling: str = "average",
    stem: str = "auto",
) -> keras.Model:
    """Builds a network of `keras.applications` with its preprocessing inside and a new head.

    Images of one channel are repeated to three; a head of global pooling and one layer takes the
    place of the network's own. Small images (below 72 pixels, or `stem="small"`) meet the same
    network without its first strides and pooling, so that published weights still fit; networks
    with unpadded stems (Inception, NASNet, Xception) get images enlarged to 128 pixels.

    Args:
        name: the network, a key of `family.classes`.
        family: its family.
        input_shape: `(height, width, channels)` of 1 or 3 channels.
        num_classes: how many classes.
        weights: None, "imagenet", or a file of `keras.applications` without the top.
        dropout: rate before the logits.
        global_pooling: "average", "max" or a layer, before the logits.
        stem: "original", "small" or "auto".

    Returns:
        A model of images `(batch, height, width, channels)`, values in [0, 255], that gives
        logits `(batch, num_classes)`. The network itself is its layer "backbone".
    """
    small = _blocks.is_small(input_shape, stem)
    smallest = 32 if stem == "original" else family.minimum
    if stem == "original" and family.removed == 0:
        smallest = 75  # of the unpadded stems; Xception's 71 and NASNet's 32 round up
    shape = _blocks.check_shapes(input_shape, num_classes, smallest)
    if shape[2] not in (1, 3):
        raise ValueError(
            f"input_shape must have 1 or 3 channels for {name}, received {shape}: the networks of "
            "keras.applications are for colours"
        )
    images: Any = keras.Input(shape, name="images")
    x = images
    if shape[2] == 1:
        x = layers.Concatenate(name="colours")([x, x, x])
    if family.removed == 0 and stem != "original":
        x = _blocks.enlarge(x, shape, _ENLARGED)
    if family.preprocessing:
        x = _blocks.ImagePreprocessing(family.preprocessing, name="preprocessing")(x)
    backbone = _backbone(name, family, tuple(x.shape[1:]), weights, small)
    x = backbone(x)
    logits = _blocks.head(x, num_classes, dropout=dropout, global_pooling=global_pooling)
    return keras.Model(images, logits, name=name.replace("-", "_"))


def _backbone(name, family, shape, weights, small):
    """Returns the network without its top, named "backbone"."""
    shortened = small and family.removed > 0
    make = getattr(keras.applications, family.classes[name])
    # Keras refuses images below 32 pixels; the shortened network is for them, so that its
    # original is built for any size.
    original_shape = (None, None, 3) if shortened else shape
    with warnings.catch_warnings():
        # MobileNets ship weights by the size of images, which do not depend on it.
        warnings.filterwarnings("ignore", "`input_shape` is undefined or non-square")
        try:
            model = make(include_top=False, weights=weights, input_shape=original_shape)
        except Exception as error:
            # Keras raises a bare Exception for a download that fails.
            if weights != "imagenet" or type(error) is not Exception:
                raise
            raise ConnectionError(
                f"the ImageNet weights of {name} could not be downloaded ({error}): connect, put "
                "the file into ~/.keras/models, give its path as weights, or take weights=None"
            ) from error
    if not shortened:
        model.name = "backbone"
        return model
    shorter = _without_reductions(model, family.removed, shape)
    if weights is not None:
        _copy_weights(model, shorter)
    return shorter


def _without_reductions(model, count, shape):
    """Returns a copy for images of `shape` whose first `count` reductions keep the size.

    Convolutions get a stride of 1, pooling goes; so does padding made for them.
    """
    tops = list(leaves(model))
    reductions = [layer for layer in tops if _strides(layer) > 1][:count]
    inputs = {id(layer.input) for layer in reductions}
    padding = [
        layer
        for layer in tops
        if isinstance(layer, layers.ZeroPadding2D) and id(layer.output) in inputs
    ]

    def copy(layer):
        config = layer.get_config()
        if any(layer is other for other in padding):
            return layers.Identity(name=layer.name)
        if any(layer is other for other in reductions):
            if not layer.weights:
                return layers.Identity(name=layer.name)
            config |= {"strides": 1, "padding": "same"}
        return type(layer).from_config(config)

    clone = keras.models.clone_model(
        model, input_tensors=keras.Input(shape), clone_function=copy, recursive=True
    )
    clone.name = "backbone"
    return clone


def _strides(layer):
    strides = getattr(layer, "strides", 1)
    return strides if isinstance(strides, int) else max(strides)


def _copy_weights(source, target):
    for old, new in zip(leaves(source), leaves(target), strict=True):
        if old.weights:
            new.set_weights(old.get_weights())
            if isinstance(new, layers.Normalization):
                new.finalize_state()  # takes the mean and variance out of the weights


def weights_file(path):
    """Returns whether a path is that of weights in the form of `keras.applications`."""
    return path.endswith(".h5") and not path.endswith(".weights.h5") and pathlib.Path(path).exists()
