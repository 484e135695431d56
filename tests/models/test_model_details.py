"""Numbers inside of networks that no count of parameters shows."""

import keras
import numpy as np
import pytest

from keras_cv_extras import models
from keras_cv_extras.models._applications import FAMILIES
from keras_cv_extras.models.networks import _blocks


def layers_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def test_batch_normalisation_is_that_of_pytorch(abstract):
    for model in (models.cifar_resnet(8, (16, 16, 3), 4), models.build("wrn-40-2", (16, 16, 3), 4)):
        found = layers_of(model, keras.layers.BatchNormalization)
        assert found
        assert {(layer.momentum, layer.epsilon) for layer in found} == {(0.9, 1e-5)}


def test_dropout_stands_where_the_papers_have_it(abstract):
    names = [layer.name for layer in models.build("vgg11", (32, 32, 3), 4).layers]
    assert names[-5:] == ["fc1", "dropout1", "fc2", "dropout2", "logits"]
    inside = models.wide_resnet(10, 1, (16, 16, 3), 4, block_dropout=0.3)
    drops = layers_of(inside, keras.layers.Dropout)
    assert [layer.rate for layer in drops] == [0.3] * 3
    for variant, rate in (("paper", 0.4), ("torchvision", 0.2)):
        model = models.googlenet((32, 32, 3), 4, variant=variant)
        assert model.get_layer("dropout").rate == rate
        assert model.get_layer("auxiliary1_dropout").rate == 0.7


def test_images_below_72_pixels_are_small():
    assert _blocks.is_small((71, 200, 3), "auto")
    assert not _blocks.is_small((72, 72, 3), "auto")
    assert _blocks.is_small((224, 224, 3), "small")
    assert not _blocks.is_small((8, 8, 3), "original")


def test_enlarged_images_keep_their_shape(abstract):
    x = keras.Input((30, 41, 3))
    assert _blocks.enlarge(x, (30, 41, 3), 128).shape == (None, 128, 175, 3)  # 174.93
    assert _blocks.enlarge(x, (30, 41, 3), 30) is x


def test_preprocessing_of_other_channels_is_the_average_of_the_statistics():
    x = np.full((1, 1, 1, 2), 51.0)
    torch = (0.2 - (0.485 + 0.456 + 0.406) / 3) / ((0.229 + 0.224 + 0.225) / 3)
    np.testing.assert_allclose(models.ImagePreprocessing("torch")(x), [[[[torch] * 2]]], rtol=1e-5)
    caffe = 51 - (123.68 + 116.779 + 103.939) / 3
    np.testing.assert_allclose(models.ImagePreprocessing("caffe")(x), [[[[caffe] * 2]]], rtol=1e-5)


@pytest.mark.parametrize(("decay", "stage"), [(0.5, 1), (1.0, 2)])
def test_weights_without_a_rate_learn_at_the_full_one(decay, stage):
    model = models.cifar_resnet(8, (16, 16, 3), 4)
    rates = models.layerwise_rates(model, decay)
    for layer in models.stages(model)[stage]:
        for weight in layer.trainable_weights:
            assert rates[weight.path] == decay ** (3 - stage)
    optimizer = models.LayerwiseSGD(0.1, rates={})
    variable = keras.Variable([1.0, 2.0])
    optimizer.apply([keras.ops.ones(2)], [variable])
    np.testing.assert_allclose(variable, [0.9, 1.9], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("convnext-tiny", "convnext"),
        ("densenet121", "densenet"),
        ("efficientnet-b0", "efficientnet"),
        ("efficientnetv2-b0", "efficientnet_v2"),
        ("inception-v3", "inception_v3"),
        ("inception-resnet-v2", "inception_resnet_v2"),
        ("mobilenet", "mobilenet"),
        ("mobilenetv2", "mobilenet_v2"),
        ("mobilenetv3-small", "mobilenet_v3"),
        ("nasnet-mobile", "nasnet"),
        ("resnet50", "resnet"),
        ("resnet50v2", "resnet_v2"),
        ("vgg16-short", "vgg16"),
        ("xception", "xception"),
    ],
)
def test_every_family_is_scaled_as_keras_scales_it(name, module):
    (family,) = [family for family in FAMILIES if name in family.classes]
    x = np.float32([[[[0, 100, 255]]]])
    wanted = getattr(keras.applications, module).preprocess_input(x.copy())
    mode = family.preprocessing
    found = x if mode is None else models.ImagePreprocessing(mode)(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-4)
