"""Weights of torchvision and timm, from files."""

import contextlib
import importlib
import pathlib
import re
import struct
from typing import Any

import keras
import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import json_text
from keras_cv_extras.models import _timm_inception, _timm_names
from keras_cv_extras.models.networks._preprocessing import MEAN, STD

_KINDS = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "u1",
}
# Networks of Keras whose arithmetic is TensorFlow's, whose names in timm begin with "tf_".
TENSORFLOWS = frozenset(
    [f"efficientnet-b{n}" for n in range(8)]
    + [f"efficientnetv2-{s}" for s in ("b0", "b1", "b2", "b3", "s", "m", "l")]
)
#: Networks that timm alone has with this arithmetic.
OF_TIMM_ALONE = TENSORFLOWS | {"inception-v4", "inception-resnet-v2"}
_SUFFIXES = (".safetensors", ".pth", ".pt")


def is_torch_file(path: pathlib.Path) -> bool:
    """Whether a file is one of PyTorch's or of safetensors, by its ending."""
    return path.suffix in _SUFFIXES


def load_torch(model: keras.Model, path: pathlib.Path, key: str) -> None:
    """Gives a network the weights of a file with the names of torchvision or timm.

    Raises:
        ValueError: if the network has other layers than the file, or no names there.
    """
    tensors = read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    names = torch_names(model, key)
    if names is None:
        raise ValueError(
            f"{path}: which weights of torchvision or timm are those of {key} is not known; they "
            "are read for alexnet, convnext, densenet, efficientnet, efficientnetv2, googlenet, "
            "inception-resnet-v2, inception-v3, inception-v4, mobilenetv2, mobilenetv3, resnet "
            "and vgg"
        )
    found, factors = [], _unscaled(names, tensors)
    for layer, candidates in names.items():
        for weight in layer.weights:
            keys = [_key(name, weight.name) for name in dict.fromkeys(candidates)]
            there = [name for name in keys if name in tensors]
            if not there:
                raise ValueError(f"{path}: has no {' or '.join(keys)}, which {key} needs")
            values = _converted(tensors[there[0]], layer, weight.name)
            if values.shape != tuple(weight.shape):
                raise ValueError(
                    f"{path}: {there[0]} is {tensors[there[0]].shape}, and {key} with these images "
                    f"and classes needs {tuple(weight.shape)}; to change the classes load it as "
                    "it was and call replace_head"
                )
            scaled = weight.name in ("kernel", "moving_mean") and layer in factors
            found.append((weight, values * factors[layer] if scaled else values))
    for weight, values in found:
        weight.assign(values)
    if "conv_stem.weight" in tensors and key not in TENSORFLOWS:
        for layer in names:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.epsilon = _timm_names.EPSILON
    _scale_pixels(model, path.parent / "config.json", key)


def _unscaled(names, tensors):
    """Returns the factors of normalisations that have none here, of these and what is before them.

    What a convolution gives, and the mean that is taken off it, may be multiplied as well.
    """
    found = {}
    for layer, candidates in names.items():
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.scale:
            keys = [f"{name}.weight" for name in candidates if f"{name}.weight" in tensors]
            for key in keys[:1]:
                factor = np.asarray(tensors[key], "float32")
                found[layer] = found[layer.input._keras_history.operation] = factor
    return found


def _scale_pixels(model, config, key):
    """Scales pixels as weights need it: as timm's `config.json` beside them says, if it is there.

    Networks of Keras scale as Keras' own weights need it, so that they are set in any case.
    """
    layers = {type(layer).__name__: layer for layer in _scaling(model)}
    own = layers.get("ImagePreprocessing")
    wide = key in TENSORFLOWS and key[-1] in "sml"  # trained on values in [-1, 1]
    halves = wide or (own is not None and own.mode == "tf")
    usual = {"mean": [0.5] * 3, "std": [0.5] * 3} if halves else {"mean": MEAN, "std": STD}
    given = _pixels_of(config) if config.is_file() else {}
    mean, std = {**usual, **given}.values()
    mode = {(0.5,) * 6: "tf", (*MEAN, *STD): "torch"}.get((*mean, *std))
    if own is not None and mode:
        if given:
            own.mode = mode
    elif wide:  # Keras divides by 128
        layers["Rescaling"].scale = [1 / (255 * s) for s in std]
        layers["Rescaling"].offset = [-m / s for m, s in zip(mean, std, strict=True)]
    elif layers.get("Normalization") and layers["Normalization"].weights:
        layers["Normalization"].set_weights([np.array(mean), np.square(std), np.array(0)])
        layers["Normalization"].finalize_state()
    elif mode != "torch":
        raise ValueError(
            f"{config}: {key} cannot take pixels of mean {[*mean]} and deviation {[*std]}"
        )


def _pixels_of(config):
    """Returns what a `config.json` says of the "mean" and "std" of pixels, three numbers each.

    They stand in "pretrained_cfg", in old files and without that at the top, as timm reads them.
    """
    read = json_text.read_json(config)
    said = read if isinstance(read, dict) else {}
    said = said.get("pretrained_cfg") or said
    if not isinstance(said, dict):
        raise ValueError(f"{config}: pretrained_cfg must be an object, received {said!r:.80}")
    found = {}
    for name in ("mean", "std"):
        values = said.get(name)
        if values is None:
            continue
        with contextlib.suppress(TypeError, ValueError):
            numbers = checks.numbers_or_none(name, values) or []
            numbers = numbers * 3 if len(numbers) == 1 else numbers
            if len(numbers) == 3 and (name == "mean" or min(numbers) > 0):
                found[name] = numbers
        if name not in found:
            raise ValueError(
                f"{config}: {name} must be a list of three numbers"
                f"{', above 0' if name == 'std' else ''}, received {checks.shown(values)}"
            )
    return found


def _scaling(model):
    inside = [layer for layer in model.layers if layer.name == "backbone"]
    return [*model.layers[:3], *(inside[0].layers[:4] if inside else [])]


def _key(name, kind):
    return name if name.endswith((".layer_scale", ".gamma")) else f"{name}.{_KINDS[kind]}"


def _converted(values, layer, kind):
    """Returns a weight as Keras has it."""
    values = np.asarray(values, "float32")
    if kind != "kernel":
        return values
    if isinstance(layer, keras.layers.DepthwiseConv2D):  # one filter, or factor, per channel
        return values.reshape(len(values), *layer.kernel.shape[:2], 1).transpose(1, 2, 0, 3)
    if values.ndim == 4 and isinstance(layer, keras.layers.Conv2D):
        return values.transpose(2, 3, 1, 0)
    source = layer.input._keras_history.operation
    if isinstance(source, keras.layers.Dropout):
        source = source.input._keras_history.operation
    if values.ndim == 4:  # timm's first hidden layer is a convolution over all places
        return values.transpose(2, 3, 1, 0).reshape(-1, len(values))
    if isinstance(source, keras.layers.Flatten):  # PyTorch flattens channels first
        height, width, channels = source.input.shape[1:]
        if values.shape[1] == height * width * channels:
            values = values.reshape(-1, channels, height, width)
            return values.transpose(2, 3, 1, 0).reshape(-1, len(values))
    return values.T


def has_torch_names(key: str) -> bool:
    """Whether a network has names in torchvision and timm."""
    if key.startswith("vgg"):
        return not key.endswith("short")
    resnets = key in ("resnet18", "resnet34") or bool(re.fullmatch(r"resnet\d+-v1\.5", key))
    return (
        resnets
        or key in OF_TIMM_ALONE
        or key.startswith("densenet")
        or key == "alexnet-owt"
        or is_torchvisions(key)
    )


def is_torchvisions(key: str) -> bool:
    """Whether a network is one whose layers have torchvision's names."""
    return key.endswith("-torchvision")


def torch_names(model: keras.Model, key: str) -> dict[Any, list[str]] | None:
    """Returns for each layer with weights its names in torchvision and timm, or None."""
    if not has_torch_names(key):
        return None
    layers = [layer for layer in model.layers if layer.weights]
    if key.startswith("densenet"):
        parts = [*model.get_layer("backbone").layers, model.get_layer("logits")]
        return {layer: [_densenet(layer.name)] for layer in parts if layer.weights}
    if key in TENSORFLOWS:
        backbone = [layer for layer in model.get_layer("backbone").layers if layer.weights]
        parts = [part for part in backbone if not isinstance(part, keras.layers.Normalization)]
        timm = _timm_names.inverted_names([*parts, model.get_layer("logits")])
        return {layer: [name] for layer, name in timm.items()}
    if key == "inception-resnet-v2":
        parts = [*model.get_layer("backbone").layers, model.get_layer("logits")]
        timm = _timm_inception.inception_resnet_v2_names([x for x in parts if x.weights])
        return {layer: [name] for layer, name in timm.items()}
    if key == "inception-v4":
        return {layer: [_timm_inception.inception_v4_name(layer.name)] for layer in layers}
    if key.startswith("resnet"):
        return {layer: [_resnet(layer.name)] for layer in layers}
    if key == "googlenet-torchvision":
        return {layer: [_googlenet(layer.name)] for layer in layers}
    if is_torchvisions(key):
        family = key.split("-")[0]
        if family == "convnext":
            timm = {layer: _timm_names.convnext_name(layer.name) for layer in layers}
        else:  # Inception has the same names in both
            timm = {} if family == "inception" else _timm_names.inverted_names(layers)
        names = {layer: _LAST[family] if layer.name == "logits" else layer.name for layer in layers}
        return {layer: [name, timm.get(layer, name)] for layer, name in names.items()}
    if key.startswith("vgg"):
        dense = {
            "fc1": ["classifier.0", "pre_logits.fc1"],
            "fc2": ["classifier.3", "pre_logits.fc2"],
            "logits": ["classifier.6", "head.fc"],
        }
        return _numbered(model, dense)
    dense = {"fc1": ["classifier.1"], "fc2": ["classifier.4"], "logits": ["classifier.6"]}
    return _numbered(model, dense)


def _numbered(model, dense):
    """Names layers by their place in `features`, where each ReLU and pooling has a place too."""
    counted = (
        keras.layers.Conv2D,
        keras.layers.BatchNormalization,
        keras.layers.ReLU,
        keras.layers.MaxPooling2D,
    )
    names, place = {}, 0
    for layer in model.layers:
        if layer.name in dense:
            names[layer] = dense[layer.name]
        elif isinstance(layer, counted):
            if layer.weights:
                names[layer] = [f"features.{place}"]
            place += 1
    return names


def _resnet(name):
    plain = {"stem": "conv1", "stem_bn": "bn1", "logits": "fc"}
    if name in plain:
        return plain[name]
    stage, block, part, *norm = name.split("_")
    place = f"layer{stage[-1]}.{int(block.removeprefix('block')) - 1}"
    if part == "shortcut":
        return f"{place}.downsample.{len(norm)}"
    return f"{place}.{'bn' if norm else 'conv'}{part[-1]}"


def _densenet(name):
    plain = {
        "conv1_conv": "features.conv0",
        "conv1_bn": "features.norm0",
        "bn": "features.norm5",
        "logits": "classifier",
    }
    if name in plain:
        return plain[name]
    if found := re.fullmatch(r"pool(\d)_(bn|conv)", name):
        kind = "norm" if found[2] == "bn" else "conv"
        return f"features.transition{int(found[1]) - 1}.{kind}"
    found = re.fullmatch(r"conv(\d)_block(\d+)_(\d)_(bn|conv)", name)
    if found is None:
        raise ValueError(f"{name} is no layer of a DenseNet")
    block, layer, number, kind = found.groups()
    part = f"norm{int(number) + 1}" if kind == "bn" else f"conv{number}"
    return f"features.denseblock{int(block) - 1}.denselayer{layer}.{part}"


# The names of the last layer, which is "logits" here.
_LAST = {
    "convnext": "classifier.2",
    "efficientnet": "classifier.1",
    "efficientnetv2": "classifier.1",
    "inception": "fc",
    "mobilenetv2": "classifier.1",
    "mobilenetv3": "classifier.3",
}
_BRANCHES = {
    "1x1": "branch1",
    "3x3_reduce": "branch2.0",
    "3x3": "branch2.1",
    "5x5_reduce": "branch3.0",
    "5x5": "branch3.1",
    "pool_proj": "branch4.1",
}


def _googlenet(name):
    if name == "logits":
        return "fc"
    if found := re.fullmatch(r"auxiliary(\d)_(fc|logits)", name):
        return f"aux{found[1]}.fc{1 if found[2] == 'fc' else 2}"
    kind = "bn" if name.endswith("_bn") else "conv"
    name = name.removesuffix("_bn")
    if found := re.fullmatch(r"inception_(\d\w)_(.+)", name):
        return f"inception{found[1]}.{_BRANCHES[found[2]]}.{kind}"
    if found := re.fullmatch(r"auxiliary(\d)_(.+)", name):
        return f"aux{found[1]}.{found[2]}.{kind}"
    return f"{name}.{kind}"


def read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Returns the tensors of a file.

    References:
        [The format](https://huggingface.co/docs/safetensors): eight bytes with the length of a
        JSON header, the header, and the tensors it describes.
    """
    try:
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json_text.parse(data[8 : 8 + length])
        header.pop("__metadata__", None)
        body = memoryview(data)[8 + length :]
        return {name: _tensor(body, **entry) for name, entry in header.items()}
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a file of safetensors ({error})") from error


def _tensor(body, dtype, shape, data_offsets):
    begin, end = data_offsets
    values = np.frombuffer(body[begin:end], _TYPES[dtype]).reshape(shape)
    if dtype == "BF16":  # the upper half of a float32
        return (values.astype("<u4") << 16).view("<f4")
    return values


def _read_torch(path):
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise ImportError(
            f"{path}: PyTorch's files are read by torch, which is not installed; install it, or "
            "convert the file to safetensors where it is"
        ) from None
    held = torch.load(path, map_location="cpu", weights_only=True)
    for name in ("state_dict", "model"):  # checkpoints of timm and of torchvision's scripts
        if isinstance(held, dict) and isinstance(held.get(name), dict):
            held = held[name]
    return {name: value.float().numpy() for name, value in held.items() if hasattr(value, "numpy")}
