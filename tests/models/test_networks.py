"""The networks against published numbers and against other libraries."""

import pathlib
import sys

import keras
import numpy as np
import pytest

from keras_cv_extras import models

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import formula
import layers_of

GOLDEN = np.load(pathlib.Path(__file__).parent.parent / "reference" / "torchvision_models.npz")

# Trained parameters. AlexNet, VGG, NIN, GoogLeNet, ResNet: arithmetic over the papers' tables;
# those of torchvision's networks are the numbers that it documents (Inception v3: less the
# 3,326,696 of its auxiliary head). Inception v4: timm. WRN: the
# authors' repository. BN-Inception without the 10,016 biases of the authors' 11,295,240.
PARAMETERS = {
    ("lenet5", (32, 32, 1), 10): 61_706,
    ("alexnet", (227, 227, 3), 1000): 60_965_224,
    ("alexnet-ungrouped", (227, 227, 3), 1000): 62_378_344,
    ("alexnet-owt", (224, 224, 3), 1000): 61_100_840,
    ("vgg11", (224, 224, 3), 1000): 132_863_336,
    ("vgg13", (224, 224, 3), 1000): 133_047_848,
    ("vgg16", (224, 224, 3), 1000): 138_357_544,
    ("vgg19", (224, 224, 3), 1000): 143_667_240,
    ("vgg11-bn", (224, 224, 3), 1000): 132_868_840,
    ("vgg13-bn", (224, 224, 3), 1000): 133_053_736,
    ("vgg16-bn", (224, 224, 3), 1000): 138_365_992,
    ("vgg19-bn", (224, 224, 3), 1000): 143_678_248,
    ("nin-cifar", (32, 32, 3), 10): 966_986,
    ("nin-imagenet", (224, 224, 3), 1000): 7_595_176,
    ("googlenet", (224, 224, 3), 1000): 13_378_280,
    ("googlenet-torchvision", (224, 224, 3), 1000): 13_004_888,
    ("bn-inception", (224, 224, 3), 1000): 11_285_224,
    ("inception-v4", (299, 299, 3), 1000): 42_679_816,
    ("resnet18", (224, 224, 3), 1000): 11_689_512,
    ("resnet34", (224, 224, 3), 1000): 21_797_672,
    ("resnet50-v1.5", (224, 224, 3), 1000): 25_557_032,
    ("resnet101-v1.5", (224, 224, 3), 1000): 44_549_160,
    ("resnet152-v1.5", (224, 224, 3), 1000): 60_192_808,
    ("convnext-tiny-torchvision", (224, 224, 3), 1000): 28_589_128,
    ("efficientnet-b0-torchvision", (224, 224, 3), 1000): 5_288_548,
    ("efficientnetv2-s-torchvision", (384, 384, 3), 1000): 21_458_488,
    ("inception-v3-torchvision", (299, 299, 3), 1000): 23_834_568,
    ("mobilenetv2-torchvision", (224, 224, 3), 1000): 3_504_872,
    ("mobilenetv3-large-torchvision", (224, 224, 3), 1000): 5_483_032,
    ("mobilenetv3-small-torchvision", (224, 224, 3), 1000): 2_542_856,
    ("cifar-resnet20", (32, 32, 3), 10): 269_722,
    ("cifar-resnet32", (32, 32, 3), 10): 464_154,
    ("cifar-resnet44", (32, 32, 3), 10): 658_586,
    ("cifar-resnet56", (32, 32, 3), 10): 853_018,
    ("cifar-resnet110", (32, 32, 3), 10): 1_727_962,
    ("wrn-28-10", (32, 32, 3), 10): 36_479_194,
    ("wrn-40-2", (32, 32, 3), 10): 2_243_546,
}


# The others of a family differ in depth, or in a normalization, alone.
DEEPER = {"resnet34", "resnet101-v1.5", "resnet152-v1.5", "vgg13", "vgg13-bn", "vgg16-bn"}
DEEPER |= {name for name, *_ in PARAMETERS if name.endswith("-torchvision")}
DEEPER -= {f"{name}-torchvision" for name in ("googlenet", "mobilenetv2", "mobilenetv3-small")}
DEEPER -= {f"{name}-torchvision" for name in ("convnext-tiny", "efficientnet-b0", "inception-v3")}
DEEPER |= {"vgg19-bn", "cifar-resnet32", "cifar-resnet44", "cifar-resnet56", "cifar-resnet110"}


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        pytest.param(*case, marks=pytest.mark.slow if case[0] in DEEPER else ())
        for case in PARAMETERS
    ],
    ids=lambda value: str(value),
)
def test_parameters(name, shape, classes, abstract, count):
    model = models.build(name, shape, classes)
    assert count(model.trainable_weights) == PARAMETERS[name, shape, classes]
    assert model.output_shape == (None, classes)
    # What the logits of all sizes would take hours to show: `layers_of.py` says what a layer is.
    assert layers_of.digest(model) == layers_of.recorded()[layers_of.key(name, shape)]


@pytest.mark.parametrize(("variant", "wanted"), [("paper", 6_998_552), ("torchvision", 6_624_904)])
def test_parameters_without_auxiliary_heads(variant, wanted, abstract, count):
    model = models.googlenet((224, 224, 3), 1000, variant=variant, auxiliary=False)
    assert count(model.trainable_weights) == wanted


@pytest.mark.parametrize(("depth", "wanted"), [(16, 138_357_544), (19, 143_667_240)])
def test_parameters_of_deep_vgg(depth, wanted, abstract, count):
    assert count(models.vgg(depth, (224, 224, 3), 1000).weights) == wanted


@pytest.mark.wide_but("alexnet-owt", "resnet18")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name.startswith(("vgg", "resnet34")) else ())
        for name in GOLDEN.files
        if "/" not in name
    ],
)
def test_logits_of_torchvision(name):
    narrow = {"hidden_units": 64} if name.startswith(("vgg", "alexnet")) else {}
    model = models.build(name, (224, 224, 3), 10, **narrow)
    for layer in model.layers:
        values = [formula.weight(layer.name, w.name, w.shape) for w in layer.weights]
        layer.set_weights(values)
    outputs = keras.Model(model.input, model.outputs)(formula.images(2, 224))
    names = [name, f"{name}/1", f"{name}/2"]
    for key, output in zip(names, keras.tree.flatten(outputs), strict=False):
        wanted = GOLDEN[key]
        assert wanted.std() > 0.1
        np.testing.assert_allclose(output, wanted, rtol=1e-4, atol=1e-4 * wanted.std())
    assert len(keras.tree.flatten(outputs)) == sum(key in GOLDEN for key in names)


def from_scaled(model):
    """The model without its own preprocessing."""
    return keras.Model(model.get_layer("preprocessing").output, model.output)


@pytest.mark.wide
@pytest.mark.parametrize("depth", [16, 19])
def test_logits_of_keras_vgg(depth):
    make = getattr(keras.applications, f"VGG{depth}")
    # Without the top, whose 120 million weights are two layers that both sides take from Keras.
    theirs = make(weights=None, include_top=False, input_shape=(32, 32, 3))
    ours = models.vgg(depth, (32, 32, 3), 10)
    ours = keras.Model(ours.get_layer("preprocessing").output, ours.get_layer("block5_pool").output)
    ours.set_weights(theirs.get_weights())
    x = formula.images(4, 28).astype("float32")[:, :, :, :]
    x = np.pad(x, [(0, 0), (2, 2), (2, 2), (0, 0)])
    wanted = theirs(x)
    assert np.std(wanted) > 1e-3
    np.testing.assert_allclose(ours(x), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.wide
def test_logits_of_keras_resnet50():
    theirs = keras.applications.ResNet50(
        weights=None, input_shape=(96, 96, 3), classes=10, classifier_activation=None
    )
    ours = models.resnet(50, (96, 96, 3), 10, variant="v1")
    by_name = {"stem": "conv1_conv", "stem_bn": "conv1_bn", "logits": "predictions"}
    for layer in theirs.layers:
        if layer.weights:
            layer.set_weights([formula.weight(layer.name, w.name, w.shape) for w in layer.weights])
    for layer in ours.layers:
        if not layer.weights:
            continue
        name = by_name.get(layer.name)
        if name is None:
            stage, block, part, *bn = layer.name.split("_")
            kind = "bn" if bn else "conv"
            number = "0" if part == "shortcut" else part.removeprefix("conv")
            name = f"conv{int(stage[-1]) + 1}_{block}_{number}_{kind}"
        weights = theirs.get_layer(name).get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            # Keras' convolutions have a bias; a mean that is lower by it does the same.
            weights[2] = weights[2] - theirs.get_layer(name[:-2] + "conv").get_weights()[1]
        layer.set_weights(weights[: len(layer.weights)])
    x = np.random.default_rng(0).normal(size=(2, 96, 96, 3)).astype("float32")
    wanted = np.asarray(theirs(x))
    assert wanted.std() > 0.1
    np.testing.assert_allclose(from_scaled(ours)(x), wanted, rtol=1e-4, atol=1e-4 * wanted.std())


def test_inception_modules():
    x = keras.Input((8, 8, 192))
    naive = keras.Model(x, models.naive_inception_module(x, (64, 128, 32), name="naive"))
    reduced = keras.Model(x, models.inception_module(x, (64, 96, 128, 16, 32, 32), name="reduced"))
    assert naive.output_shape == (None, 8, 8, 64 + 128 + 32 + 192)
    assert naive.count_params() == 193 * 64 + (9 * 192 + 1) * 128 + (25 * 192 + 1) * 32
    assert reduced.output_shape == (None, 8, 8, 256)
    assert reduced.count_params() == 163_696  # module 3a, table 1 of the paper
    with pytest.raises(ValueError, match="six widths"):
        models.inception_module(x, (1, 2, 3), name="wrong")


def test_padded_shortcut():
    x = np.arange(2 * 5 * 4 * 2, dtype="float32").reshape(2, 5, 4, 2)
    layer = models.PaddedShortcut(5, strides=2)
    y = np.asarray(layer(x))
    assert y.shape == layer.compute_output_shape(x.shape) == (2, 3, 2, 5)
    np.testing.assert_array_equal(y[..., 1:3], x[:, ::2, ::2])
    assert np.all(y[..., [0, 3, 4]] == 0)
    with pytest.raises(ValueError, match="filters"):
        models.PaddedShortcut(1)(x)


@pytest.mark.parametrize(
    ("mode", "module"), [("tf", "resnet_v2"), ("torch", "densenet"), ("caffe", "resnet50")]
)
def test_preprocessing_of_keras(mode, module):
    x = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    wanted = getattr(keras.applications, module).preprocess_input(x.astype("float32"))
    np.testing.assert_allclose(models.ImagePreprocessing(mode)(x), wanted, rtol=1e-5, atol=1e-5)
    grey = np.asarray(models.ImagePreprocessing(mode)(x[..., :1]))
    assert grey.shape == (2, 5, 4, 1)
    assert np.corrcoef(grey.ravel(), x[..., 0].ravel())[0, 1] > 0.999
