"""Weights of torchvision and timm from files: logits, forms of files, and what does not fit."""

import json
import pathlib
import struct
import sys

import keras
import numpy as np
import pytest

from keras_cv_extras import models
from keras_cv_extras.models import _registry, _torch_files
from keras_cv_extras.models.networks._preprocessing import MEAN, STD, ImagePreprocessing

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import formula

REFERENCE = pathlib.Path(__file__).parent.parent / "reference"
TIMM = np.load(REFERENCE / "timm_files.npz")  # with timm's own names of networks
GOLDEN = {**np.load(REFERENCE / "torch_files.npz"), **TIMM}
NAMES = [name for name in GOLDEN if "/" not in name]
QUICK = ("resnet18", "alexnet-owt", "vgg16", "googlenet-torchvision")
QUICK += ("mobilenetv3-small-torchvision", "mobilenetv3_small_100")


def write(path, tensors, kind="F32"):
    """Writes a file of safetensors."""
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        if kind == "BF16":
            data = (np.ascontiguousarray(values, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            data = np.ascontiguousarray(values, "<f4").tobytes()
        places = [len(body), len(body) + len(data)]
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": places}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def tensors(name):
    shapes = json.loads(str(GOLDEN[f"{name}/shapes"]))
    # As torch_files.py and timm_files.py have it.
    variance = 16.0 if name in ("efficientnetv2-s-torchvision", "tf_efficientnetv2_b0") else 1.0
    return {key: formula.torch_weight(key, tuple(shape), variance) for key, shape in shapes.items()}


def narrow(name):
    return {"hidden_units": 32} if name.startswith(("vgg", "alexnet")) else {}


@pytest.mark.wide_but("alexnet-owt")
@pytest.mark.slow_but(*QUICK)
@pytest.mark.parametrize("name", NAMES)
def test_logits_of_torchvision_and_timm(name, tmp_path):
    path = write(tmp_path / "weights.safetensors", tensors(name))
    model = models.build(name, (224, 224, 3), 10, weights=path, **narrow(name))
    found = model(formula.images(2, 224))
    found = found[0] if isinstance(found, (list, tuple)) else found
    wanted = GOLDEN[name]
    assert wanted.std() > 0.05
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * wanted.std())


def test_factors_of_a_normalisation_without_them_go_to_the_convolution():
    """Keras' Inception-ResNet v2 has none, and timm's has."""
    images = keras.Input((4, 4, 3))
    conv = keras.layers.Conv2D(2, 3, use_bias=False)
    norm = keras.layers.BatchNormalization(scale=False)
    model = keras.Model(images, norm(conv(images)))
    whole = keras.Model(images, keras.layers.BatchNormalization()(conv(images)))
    factor, values = np.float32([2.0, -0.5]), formula.images(2, 7)[:, :4, :4] / 255
    whole.layers[-1].set_weights([factor, factor / 3, factor / 5, abs(factor)])
    wanted = np.asarray(whole(values))
    names = {conv: ["a.conv"], norm: ["b.bn", "a.bn"]}
    factors = _torch_files._unscaled(names, {"a.bn.weight": factor})
    conv.kernel.assign(conv.kernel * factors[conv])
    norm.set_weights([factor / 3, factor / 5 * factors[norm], abs(factor)])
    np.testing.assert_allclose(model(values), wanted, atol=1e-6)


@pytest.mark.wide
def test_timm_says_how_pixels_are_scaled(tmp_path):
    path = write(tmp_path / "model.safetensors", tensors("mobilenetv3_small_100"))

    def first(mean, std, name="mobilenetv3_small_100"):
        config = {"pretrained_cfg": {"mean": [mean] * 3, "std": [std] * 3}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        model = models.build(name, (32, 32, 3), 10, weights=path)
        return float(np.max(model.get_layer("preprocessing")(np.full((1, 32, 32, 3), 255))))

    assert first(0.5, 0.5) == 1
    with pytest.raises(
        ValueError, match=r"config.json: mobilenetv3-small-.* cannot take pixels of"
    ):
        first(0.0, 1.0)
    (tmp_path / "config.json").write_text("[]")
    model = models.build("mobilenetv3_small_100", (32, 32, 3), 10, weights=path)
    assert model.get_layer("preprocessing").mode == "torch"


@pytest.mark.wide
@pytest.mark.parametrize("name", ["efficientnet-b0", "efficientnetv2-b0", "efficientnetv2-s"])
def test_networks_of_keras_see_the_pixels_that_a_file_of_timm_says(name, tmp_path):
    model = models.build(name, (32, 32, 3), 2)
    kinds = ("Rescaling", "Normalization")
    layers = [x for x in _torch_files._scaling(model) if type(x).__name__ in kinds]
    config = tmp_path / "config.json"
    images = formula.images(2, 8)

    def scaled():
        _torch_files._scale_pixels(model, config, name)
        values = images
        for layer in layers:
            values = layer(values)
        return np.asarray(values)

    def close(mean, std):
        wanted = (images / 255 - np.array(mean)) / np.array(std)
        np.testing.assert_allclose(scaled(), wanted, atol=2e-6)

    usual = ([0.5] * 3, [0.5] * 3) if name[-1] == "s" else (MEAN, STD)
    close(*usual)
    for mean, std in ((MEAN, STD), ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])):
        config.write_text(json.dumps({"pretrained_cfg": {"mean": mean, "std": std}}))
        if name == "efficientnetv2-b0" and mean != MEAN:
            with pytest.raises(
                ValueError, match=r"config.json: .* cannot take pixels of mean \[0.1"
            ):
                scaled()
        else:
            close(mean, std)


CONFIGS = {
    "null": ({"pretrained_cfg": None, "mean": [0.5] * 3, "std": [0.5] * 3}, "tf"),
    "old": ({"architecture": "resnet18", "mean": [0.5] * 3, "std": [0.5] * 3}, "tf"),
    "of one": ({"pretrained_cfg": {"mean": [0.5], "std": [0.5]}}, "tf"),
    "nothing": ({"architecture": "resnet18", "num_classes": 7, "mean": None}, "torch"),
    "a text": ({"pretrained_cfg": "resnet18"}, "pretrained_cfg must be an object, received 're"),
    "a number": ({"pretrained_cfg": {"mean": 0.5}}, "mean must be a list of three numbers, rec"),
    "of two": ({"pretrained_cfg": {"mean": [0.5, 0.5]}}, "mean must be a list of three numbers"),
    "texts": ({"pretrained_cfg": {"std": ["0.5"] * 3}}, "std must be a list of .*, above 0, rec"),
    "zeros": ({"pretrained_cfg": {"std": [0, 0, 0]}}, "std must be a list of three .*, above 0"),
    "no JSON": (None, "not a JSON file"),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_config_of_timm_is_read_or_named(kind, tmp_path):
    given, wanted = CONFIGS[kind]
    layer = ImagePreprocessing("torch")
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    path = tmp_path / "config.json"
    path.write_text("{" if given is None else json.dumps(given))
    if wanted in ("tf", "torch"):
        _torch_files._scale_pixels(model, path, "resnet18")
        assert layer.mode == wanted
    else:
        with pytest.raises(ValueError, match=rf"config\.json: {wanted}") as caught:
            _torch_files._scale_pixels(model, path, "resnet18")
        assert "\n" not in str(caught.value)


def test_a_config_without_pixels_leaves_them_as_they_were(tmp_path):
    layer = ImagePreprocessing("tf")
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    (tmp_path / "config.json").write_text('{"pretrained_cfg": {"architecture": "inception_v3"}}')
    _torch_files._scale_pixels(model, tmp_path / "config.json", "inception-v3-torchvision")
    assert layer.mode == "tf"


@pytest.mark.wide
def test_names_of_timm_and_half_precision(tmp_path):
    given = tensors("vgg11")
    renamed = {
        key.replace("classifier.0", "pre_logits.fc1")
        .replace("classifier.3", "pre_logits.fc2")
        .replace("classifier.6", "head.fc"): value
        for key, value in given.items()
    }
    for name, size in (("fc1", 7), ("fc2", 1)):
        key = f"pre_logits.{name}.weight"
        renamed[key] = renamed[key].reshape(32, -1, size, size)
    shape = (224, 224, 3)
    one, two = (
        models.build("vgg11", shape, 10, weights=path, hidden_units=32)
        for path in (
            write(tmp_path / "torchvision.safetensors", given),
            write(tmp_path / "timm.safetensors", renamed, "BF16"),
        )
    )
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, rtol=2**-7)


@pytest.mark.wide
def test_what_does_not_fit(tmp_path):
    given = tensors("resnet18")
    path = write(tmp_path / "resnet18.safetensors", given)
    with pytest.raises(ValueError, match=r"fc.weight is \(10, 512\).*call replace_head"):
        models.build("resnet18", (64, 64, 3), 7, weights=path, stem="original")
    del given["layer2.0.downsample.1.running_var"]
    path = write(tmp_path / "part.safetensors", given)
    with pytest.raises(ValueError, match=r"has no layer2.0.downsample.1.running_var"):
        models.build("resnet18", (64, 64, 3), 10, weights=path, stem="original")
    with pytest.raises(ValueError, match="those of lenet5 is not known"):
        models.build("lenet5", (32, 32, 3), 10, weights=path)
    with pytest.raises(ValueError, match=r"has no features.0.0.weight or conv_stem.weight, which"):
        models.build("mobilenetv2", (32, 32, 3), 10, weights=path)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="not a file of safetensors"):
        models.build("resnet18", (64, 64, 3), 10, weights=broken)


@pytest.mark.parametrize(
    ("name", "weights", "key"),
    [
        ("mobilenetv2_100", None, "mobilenetv2-torchvision"),
        ("MobileNet_V3_Large", None, "mobilenetv3-large-torchvision"),
        ("efficientnet_v2_s", None, "efficientnetv2-s-torchvision"),
        ("tf_efficientnet_b0", None, "efficientnet-b0"),
        ("tf_efficientnet_b0", "some.pth", "efficientnet-b0"),
        ("efficientnet_b0", None, "efficientnet-b0"),
        ("efficientnet_b0", "imagenet", "efficientnet-b0"),
        ("efficientnet_b0", "some.weights.h5", "efficientnet-b0"),
        ("efficientnet_b0", "some.safetensors", "efficientnet-b0-torchvision"),
        ("resnet50", "some.pth", "resnet50-v1.5"),
        ("resnet18", "some.pth", "resnet18"),
        ("alexnet", "some.pth", "alexnet-owt"),
    ],
)
def test_names_of_others(name, weights, key):
    """The name decides, and where it is Keras' and another library's, whose the weights are."""
    assert _registry._key(name, weights) == key


@pytest.mark.wide
def test_files_of_pytorch(tmp_path, monkeypatch):
    path = tmp_path / "resnet18.pth"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="torch, which is not installed"):
        models.build("resnet18", (64, 64, 3), 10, weights=path)

    class Tensor:
        def __init__(self, values):
            self.values = values

        def float(self):
            return self

        def numpy(self):
            return self.values

    class Torch:
        @staticmethod
        def load(name, map_location, weights_only):
            assert (map_location, weights_only) == ("cpu", True)
            state = {key: Tensor(value) for key, value in tensors("resnet18").items()}
            return {"epoch": 90, "state_dict": state}

    monkeypatch.setitem(sys.modules, "torch", Torch)
    model = models.build("resnet18", (64, 64, 3), 10, weights=path, stem="original")
    wanted = formula.torch_weight("fc.weight", (10, 512)).T
    np.testing.assert_array_equal(model.get_layer("logits").kernel, wanted)


@pytest.mark.wide
def test_short_vgg_is_named(tmp_path):
    short = models.build("vgg16-short", (32, 32, 3), 3)
    path = tmp_path / "short.weights.h5"
    short.save_weights(path)
    again = models.build("vgg16-short", (32, 32, 3), 3, weights=path)
    np.testing.assert_array_equal(short.get_weights()[-2], again.get_weights()[-2])
    with pytest.raises(ValueError, match="without its two hidden layers is vgg16-short"):
        models.build("vgg16", (32, 32, 3), 3, weights=path)
    with pytest.raises(ValueError, match="Keras publishes weights for vgg19-short$"):
        models.build("vgg19", (32, 32, 3), 3, weights="imagenet")
