"""Every network by its name."""

import functools
import inspect
import pathlib
import warnings
from collections.abc import Callable
from typing import Any

import keras

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.known import unknown_network
from keras_cv_extras._base.saved.registry import new_name
from keras_cv_extras.layers import replace_pooling
from keras_cv_extras.models._applications import FAMILIES, application, weights_file
from keras_cv_extras.models._torch_files import TENSORFLOWS, is_torch_file, load_torch
from keras_cv_extras.models.networks._alexnet import alexnet
from keras_cv_extras.models.networks._bn_inception import bn_inception
from keras_cv_extras.models.networks._cifar_resnet import cifar_resnet, wide_resnet
from keras_cv_extras.models.networks._googlenet import googlenet
from keras_cv_extras.models.networks._inception_v4 import inception_v4
from keras_cv_extras.models.networks._lenet import lenet5
from keras_cv_extras.models.networks._nin import nin_cifar, nin_imagenet
from keras_cv_extras.models.networks._resnet import resnet
from keras_cv_extras.models.networks._vgg import vgg
from keras_cv_extras.models.networks.torchvision._convnext import convnext
from keras_cv_extras.models.networks.torchvision._inception_v3 import inception_v3
from keras_cv_extras.models.networks.torchvision._inverted import efficientnet, mobilenet

_partial = functools.partial
APPLICATIONS = {
    name: _partial(application, name, family) for family in FAMILIES for name in family.classes
}
_SIZES = ("tiny", "small", "base", "large")
# Networks of `keras.applications` whose arithmetic is another one in torchvision.
TORCHVISION = {
    **{f"convnext-{s}-torchvision": _partial(convnext, version=s) for s in _SIZES},
    **{f"efficientnet-b{n}-torchvision": _partial(efficientnet, version=f"b{n}") for n in range(8)},
    **{f"efficientnetv2-{s}-torchvision": _partial(efficientnet, version=f"v2-{s}") for s in "sml"},
    "inception-v3-torchvision": inception_v3,
    "mobilenetv2-torchvision": _partial(mobilenet, version="v2"),
    **{
        f"mobilenetv3-{s}-torchvision": _partial(mobilenet, version=f"v3-{s}")
        for s in ("small", "large")
    },
}
NETWORKS = {
    **APPLICATIONS,
    **TORCHVISION,
    "alexnet": alexnet,
    "alexnet-owt": _partial(alexnet, variant="owt"),
    "alexnet-ungrouped": _partial(alexnet, variant="ungrouped"),
    "bn-inception": bn_inception,
    **{f"cifar-resnet{n}": _partial(cifar_resnet, n) for n in (20, 32, 44, 56, 110)},
    "googlenet": googlenet,
    "googlenet-torchvision": _partial(googlenet, variant="torchvision"),
    "inception-v4": inception_v4,
    "lenet5": lenet5,
    "nin-cifar": nin_cifar,
    "nin-imagenet": nin_imagenet,
    "resnet18": _partial(resnet, 18),
    "resnet34": _partial(resnet, 34),
    **{f"resnet{n}-v1.5": _partial(resnet, n) for n in (50, 101, 152)},
    **{f"vgg{n}": _partial(vgg, n) for n in (11, 13, 16, 19)},
    **{f"vgg{n}-bn": _partial(vgg, n, batch_norm=True) for n in (11, 13, 16, 19)},
    "wrn-28-10": _partial(wide_resnet, 28, 10),
    "wrn-40-2": _partial(wide_resnet, 40, 2),
}
#: Names of timm and torchvision for networks that have another name here.
OTHER_NAMES = {
    **{f"mobilenet{name}": "mobilenetv2-torchvision" for name in ("v2-100", "-v2")},
    **{
        f"mobilenet{name}": f"mobilenetv3-{s}-torchvision"
        for s in ("small", "large")
        for name in (f"v3-{s}-100", f"-v3-{s}")
    },
    **{f"efficientnet-v2-{s}": f"efficientnetv2-{s}-torchvision" for s in "sml"},
    **{f"tf-{name}": name for name in sorted(TENSORFLOWS)},
}
#: What a name stands for where weights are PyTorch's: the network with its arithmetic.
_OF_TORCH = {
    "alexnet": "alexnet-owt",
    "googlenet": "googlenet-torchvision",
    **{f"resnet{n}": f"resnet{n}-v1.5" for n in (50, 101, 152)},
    **{name.removesuffix("-torchvision"): name for name in TORCHVISION},
}
#: Names that stood for the network without its two hidden layers.
_WERE_SHORT = ("vgg16", "vgg19")
_FIXED = ("name", "family", "input_shape", "num_classes", "weights")
_OWN: set[str] = set()  # the names of `register`


def names() -> tuple[str, ...]:
    """Returns the names that `build` takes, sorted.

    Example:
        >>> [name for name in names() if name.startswith("wrn")]
        ['wrn-28-10', 'wrn-40-2']
    """
    return tuple(sorted(NETWORKS))


def register(
    name: str, function: Callable[..., keras.Model] | None = None, *, replace: bool = False
) -> Callable[..., Any]:
    """Registers a network of your own, for `build` and for `kcx train --model`.

    Args:
        name: letters, digits, "-" and "."; capitals do not matter, nor does "_" for "-".
        function: takes `input_shape=(height, width, channels)` and `num_classes`, and options of
            its own by their names. It returns a Keras model that is not compiled: images of
            values in [0, 255] go in, and logits `(batch, num_classes)` come out.
        replace: whether to replace another network of this name.

    Returns:
        The function; a decorator of it, if only the name is given.

    Raises:
        TypeError: if the function does not take these arguments.
        ValueError: if the name is taken, or is not valid.

    Example:
        >>> @register("linear")
        ... def linear(input_shape, num_classes):
        ...     layers = [keras.Input(input_shape), keras.layers.Flatten()]
        ...     return keras.Sequential([*layers, keras.layers.Dense(num_classes)])
        >>> build("linear", (28, 28, 1), 10).output_shape
        (None, 10)
    """
    key = new_name(name)
    if function is None:
        return functools.partial(register, name, replace=replace)
    if not replace and NETWORKS.get(key, function) is not function:
        raise ValueError(f"there is a network {key!r} already: give another name, or replace=True")
    taken = inspect.signature(function).parameters
    if missing := {"input_shape", "num_classes"} - set(taken):
        raise TypeError(
            f"the function of a network must take input_shape and num_classes by their names; "
            f"{key} lacks {sorted(missing)[0]}"
        )
    NETWORKS[key] = function
    _OWN.add(key)
    return function


def build(
    name: str,
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    weights: str | pathlib.Path | None = None,
    dropout: float | None = None,
    pooling: str | None = None,
    **options: Any,
) -> keras.Model:
    """Builds a network by its name, from pixel values to logits.

    Args:
        name: one of `names()`, or one of timm or torchvision, such as "mobilenetv2_100"; capitals
            do not matter, nor does "_" for "-".
        input_shape: `(height, width, channels)`. Every network takes images of one channel, and
            nearly every network takes small images: see `stem`, and the network's own function.
        num_classes: how many classes.
        weights: None for random ones; "imagenet" for those that Keras publishes, which it
            downloads, under a new head; or a file: `.weights.h5` or `.keras` of the whole model
            with the same classes; another `.h5` of `keras.applications`, without the top; or
            `.safetensors`, `.pth` or `.pt` with the names of torchvision or timm, for AlexNet,
            ConvNeXt, DenseNet, EfficientNet, EfficientNetV2, GoogLeNet, Inception v3 and v4,
            Inception-ResNet v2, MobileNetV2 and V3, ResNet and VGG. With these, "resnet50" is
            "resnet50-v1.5", and names of `keras.applications` stand for the network with PyTorch's
            arithmetic, such as "efficientnet-b0-torchvision"; timm's "tf_efficientnet_b0" and its
            like stand for Keras'. PyTorch's own files are read by torch, which must be installed,
            in its mode for weights alone.
        dropout: rate before the logits, in [0, 1), or in hidden layers where a network has some;
            None for the network's own.
        pooling: None, or what takes the place of every max and average pooling layer, as in
            `layers.replace_pooling`: "stochastic", "average", "blur", ...
        **options: further options of the network's function, such as `stem="small"`, which leaves
            out the first reductions ("auto" does below 72 pixels), `global_pooling="max"`,
            `stochastic_depth=0.2` or `hidden_units=512`.

    Returns:
        A model that is not compiled. Images `(batch, height, width, channels)`, uint8 or float,
        values in [0, 255], go in and are scaled inside as the network needs; logits
        `(batch, num_classes)` come out.

    Raises:
        ConnectionError: if the ImageNet weights cannot be downloaded.
        FileNotFoundError: if `weights` is a file that does not exist.
        TypeError: if the network does not take an option.
        ValueError: if there is no such name, images are too small for the network, the weights
            do not fit, or the function of a network of your own returns something else.

    Example:
        >>> model = build("efficientnetv2-b0", (224, 224, 3), 10, weights="imagenet", dropout=0.2)
    """
    key = _key(name, weights)
    if dropout is not None:
        if checks.fraction("dropout", dropout) == 1:
            raise ValueError("dropout must be below 1, received 1: nothing would be left")
        options["dropout"] = dropout
    path = None
    if key in APPLICATIONS and (weights == "imagenet" or weights_file(str(weights))):
        options["weights"] = str(weights)
    elif weights == "imagenet":
        short = f"{key}-short"
        others = short if short in APPLICATIONS else ", ".join(sorted(APPLICATIONS))
        raise ValueError(
            f"weights must be None or a file for {key}, received 'imagenet': Keras publishes "
            f"weights for {others}"
        )
    elif weights is not None:
        path = _existing(weights)
    _check_options(key, options)
    model = NETWORKS[key](input_shape=input_shape, num_classes=num_classes, **options)
    shape = getattr(model, "output_shape", None)
    if key in _OWN and shape != (None, num_classes):
        raise ValueError(
            f"the function of {key} must return a Keras model with the outputs "
            f"{(None, num_classes)}, received {shape or model!r}"
        )
    if path is not None:
        _load(model, path, key)
    return model if pooling is None else replace_pooling(model, pooling)


def _key(name, weights):
    """Returns the name that a network has here, which may depend on whose its weights are."""
    given = checks.lower_case(name)
    key = OTHER_NAMES.get(given, given)
    if key == given and weights is not None and is_torch_file(pathlib.Path(weights)):
        key = _OF_TORCH.get(key, key)
    if key not in NETWORKS:
        raise unknown_network(name, (*NETWORKS, *OTHER_NAMES))
    return key


def _check_options(key, options):
    """Raises if the network's function does not take an option."""
    function = NETWORKS[key]
    taken = set(inspect.signature(function).parameters)
    if isinstance(function, _partial):
        taken -= set(function.keywords)  # what makes the name, such as the variant
    unknown = sorted(set(options) - taken)
    if unknown:
        able = sorted(taken - set(_FIXED) - {"depth", "width"})
        listed = f"the options {', '.join(able)}" if able else "no options"
        raise TypeError(f"{key} takes {listed}; received {unknown[0]!r}")


def _existing(weights):
    path = pathlib.Path(weights)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; weights is None, 'imagenet' or a file")
    return path


def _load(model, path, key):
    if is_torch_file(path):
        load_torch(model, path, key)
        return
    try:
        with warnings.catch_warnings():
            # Keras only warns of parts that the file lacks, and leaves them random.
            warnings.filterwarnings("error", "Skipping nested container")
            model.load_weights(path)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise ValueError(
            f"{path}: not the weights of this network with these classes ({error}); to change the "
            "classes load it as it was and call replace_head"
            + (
                f"; {key} without its two hidden layers is {key}-short"
                if key in _WERE_SHORT
                else ""
            )
        ) from error
