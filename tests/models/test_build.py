"""What holds for every network that has a name."""

import inspect
import pathlib
import sys

import keras
import numpy as np
import pytest

from keras_cv_extras import models
from keras_cv_extras.models import _applications
from keras_cv_extras.models._registry import APPLICATIONS, NETWORKS

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import layers_of

SMALLEST = {"alexnet": 16, "vgg16-short": 16, "vgg19-short": 16, "nin-imagenet": 67}
SMALLEST |= {"alexnet-owt": 16, "alexnet-ungrouped": 16}
# One of each family; the others differ in depth and width alone.
QUICK = {next(iter(family.classes)) for family in _applications.FAMILIES}
SLOW = {name for name in NETWORKS if name.endswith(("44", "56", "110", "101-v1.5", "152-v1.5"))}
SLOW |= set(APPLICATIONS) - QUICK
SLOW |= {"alexnet-ungrouped", "cifar-resnet32", "googlenet-torchvision", "resnet34", "vgg13"}
SLOW |= {name for name in NETWORKS if name.endswith("-torchvision")} - {
    "convnext-tiny-torchvision",
    "mobilenetv3-small-torchvision",
    "inception-v3-torchvision",
}
SLOW |= {"vgg11-bn", "vgg13-bn", "vgg16-bn", "vgg19", "vgg19-bn", "wrn-28-10"}


def images(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


BY_NAME = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in models.names()
]


@pytest.mark.wide_but(
    "alexnet", "cifar-resnet20", "googlenet", "lenet5", "nin-cifar", "resnet18", "vgg16", "wrn-40-2"
)
@pytest.mark.parametrize("name", BY_NAME)
def test_smallest_images(name, abstract):
    side = SMALLEST.get(name, 8)
    model = models.build(name, (side, side + 1, 1), 7)
    assert model.input_shape == (None, side, side + 1, 1)
    known = layers_of.recorded().get(layers_of.key(name, (side, side + 1, 1)))
    assert known in (None, layers_of.digest(model))  # None: a network of Keras
    assert model.output_shape == (None, 7)
    *body, head = models.stages(model)
    assert body
    assert any(layer.name == "logits" for layer in head)
    with pytest.raises(ValueError, match=f"at least {side} pixels"):
        models.build(name, (side - 1, side, 3), 7)


def test_names():
    assert models.names() == tuple(sorted(NETWORKS))
    classes = {name for family in _applications.FAMILIES for name in family.classes.values()}
    theirs = {name for name in dir(keras.applications) if name[0].isupper()}
    assert classes == theirs


@pytest.mark.wide_but("resnet50-32-4", "xception-32-4")
@pytest.mark.parametrize(
    ("name", "size", "last"),
    [
        ("resnet50", 32, 4),
        ("resnet50", 96, 3),
        ("mobilenetv3-small", 32, 4),
        ("convnext-tiny", 32, 4),
        ("vgg16-short", 32, 2),
        ("xception", 32, 4),
    ],
)
def test_small_images_keep_places(name, size, last, abstract):
    model = models.build(name, (size, size, 3), 10)
    assert model.get_layer("backbone").output.shape[1:3] == (last, last)


@pytest.mark.wide
def test_small_stem_takes_published_weights(tmp_path):
    """The network without its first strides has the weights of the original, by a file of Keras."""
    original = keras.applications.MobileNet(weights=None, include_top=False)
    file = tmp_path / "no_top.h5"
    original.save(file)
    model = models.build("mobilenet", (32, 32, 3), 10, weights=file)
    backbone = model.get_layer("backbone")
    assert backbone.output.shape[1:3] == (4, 4)
    for ours, theirs in zip(backbone.weights, original.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.wide
def test_grey_is_three_equal_colours():
    model = models.build("mobilenetv3-small", (24, 24, 1), 3)
    colours = models.build("mobilenetv3-small", (24, 24, 3), 3)
    colours.set_weights(model.get_weights())
    x = images(2, 24, 24, 1)
    np.testing.assert_allclose(model(x), colours(x.repeat(3, axis=-1)), rtol=1e-5, atol=1e-6)


def test_imagenet_weights_are_keras_own(monkeypatch):
    """Without a network: Keras' loading code is reached, and its failure is one clear error."""
    asked = []

    def get_file(fname=None, origin=None, **_):
        asked.append(origin)
        raise Exception(f"URL fetch failure on {origin}: None -- no network")  # as Keras does

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with pytest.raises(ConnectionError, match="mobilenetv2 could not be downloaded"):
        models.build("mobilenetv2", (96, 96, 3), 10, weights="imagenet")
    assert "mobilenet_v2" in asked[0]
    with pytest.raises(ValueError, match="Keras publishes weights for convnext-base"):
        models.build("alexnet", (96, 96, 3), 10, weights="imagenet")


def test_wrong_values():
    shape = (32, 32, 3)
    with pytest.raises(ValueError, match="did you mean.*resnet50"):
        models.build("resnet51", shape, 10)
    with pytest.raises(TypeError, match="lenet5 takes the options dropout"):
        models.build("lenet5", shape, 10, stochastic_depth=0.5)
    with pytest.raises(ValueError, match="num_classes"):
        models.build("lenet5", shape, 1)
    with pytest.raises(ValueError, match="input_shape"):
        models.build("lenet5", (32, 32), 10)
    with pytest.raises(ValueError, match="1 or 3 channels"):
        models.build("vgg16-short", (32, 32, 4), 10)
    with pytest.raises(ValueError, match="below 1"):
        models.build("lenet5", shape, 10, dropout=1)
    with pytest.raises(FileNotFoundError, match="no such file"):
        models.build("lenet5", shape, 10, weights="nowhere.weights.h5")
    with pytest.raises(ValueError, match="stem"):
        models.build("resnet18", shape, 10, stem="tiny")


def test_weights_from_a_file(tmp_path):
    model = models.build("LeNet5", (28, 28, 1), 10)
    file = tmp_path / "lenet.weights.h5"
    model.save_weights(file)
    again = models.build("lenet5", (28, 28, 1), 10, weights=file)
    x = images(3, 28, 28, 1)
    np.testing.assert_array_equal(again(x), model(x))
    with pytest.raises(ValueError, match="replace_head"):
        models.build("lenet5", (28, 28, 1), 9, weights=file)


@pytest.mark.wide
@pytest.mark.parametrize("name", ["lenet5", "googlenet"])
def test_pooling(name):
    options = {"auxiliary": False} if name == "googlenet" else {}
    model = models.build(name, (16, 16, 1), 4, pooling="stochastic", **options)
    kinds = {type(layer).__name__ for layer in model.layers if "pool" in layer.name}
    assert "StochasticPooling2D" in kinds
    assert not kinds & {"MaxPooling2D", "AveragePooling2D"}
    assert model(images(2, 16, 16, 1)).shape == (2, 4)


def test_global_pooling_by_name_or_layer(abstract):
    model = models.build("resnet18", (16, 16, 1), 4, global_pooling="max")
    assert isinstance(model.get_layer("global_pooling"), keras.layers.GlobalMaxPooling2D)
    model = models.build("resnet18", (16, 16, 1), 4, global_pooling=keras.layers.Flatten())
    assert model.get_layer("logits").input.shape == (None, 2 * 2 * 512)


def test_dropout_and_stochastic_depth(abstract):
    model = models.build("wrn-40-2", (16, 16, 3), 4, dropout=0.3, stochastic_depth=0.5)
    assert model.get_layer("dropout").rate == 0.3
    drops = [layer for layer in model.layers if type(layer).__name__ == "StochasticDepth"]
    np.testing.assert_allclose(
        [drop.survival_probability for drop in drops], 1 - 0.5 * np.arange(1, 19) / 18
    )


@pytest.mark.wide
@pytest.mark.parametrize("name", ["lenet5", pytest.param("nin-cifar", marks=pytest.mark.slow)])
def test_learns_and_is_saved(name, tmp_path):
    options = {} if name == "lenet5" else {"dropout": 0.0}
    keras.utils.set_random_seed(0)
    model = models.build(name, (12, 12, 1), 2, **options)
    x = images(16, 12, 12, 1)
    y = np.arange(16) % 2
    x[y == 1] //= 4
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-4), loss)
    history = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert history[-1] < history[0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(x), model(x), rtol=1e-5, atol=1e-5)


def test_every_function_documents_its_options():
    for name, network in NETWORKS.items():
        function = getattr(network, "func", network)
        for option in inspect.signature(function).parameters:
            assert f"{option}:" in function.__doc__, (name, option)
