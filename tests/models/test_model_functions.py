"""The functions behind the names of networks, by their published numbers of parameters."""

import inspect

import keras
import numpy as np
import pytest

from keras_cv_extras import models
from keras_cv_extras._base.text import docstrings

BUILDERS = {
    "lenet5": (lambda: models.lenet5((32, 32, 1), 10), 61_706),
    "alexnet": (lambda: models.alexnet((227, 227, 3), 1000), 60_965_224),
    "alexnet, owt": (lambda: models.alexnet((224, 224, 3), 1000, variant="owt"), 61_100_840),
    "nin_cifar": (lambda: models.nin_cifar((32, 32, 3), 10), 966_986),
    "nin_imagenet": (lambda: models.nin_imagenet((224, 224, 3), 1000), 7_595_176),
    "bn_inception": (lambda: models.bn_inception((224, 224, 3), 1000), 11_285_224),
    "inception_v4": (lambda: models.inception_v4((299, 299, 3), 1000), 42_679_816),
    "wide_resnet": (lambda: models.wide_resnet(40, 2, (32, 32, 3), 10), 2_243_546),
}


@pytest.mark.wide_but("wide_resnet", "nin_imagenet", "nin_cifar")
@pytest.mark.parametrize("name", BUILDERS)
def test_parameters(name, abstract, count):
    build, wanted = BUILDERS[name]
    assert count(build().trainable_weights) == wanted


def test_a_convolution_that_sees_each_place_through_a_network():
    """Widths, kernel, stride and names; the last layer may be linear."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((9, 9, 2))
    outputs = models.mlp_conv(inputs, (4, 5, 3), 5, 2, name="a", padding="valid", last_relu=False)
    model = keras.Model(inputs, outputs)
    assert model.output_shape == (None, 3, 3, 3)
    assert model.count_params() == (5 * 5 * 2 * 4 + 4) + (4 * 5 + 5) + (5 * 3 + 3)
    layers = [layer.name for layer in model.layers if layer.weights]
    assert layers == ["a_conv1", "a_conv2", "a_conv3"]
    images = np.random.default_rng(0).normal(size=(4, 9, 9, 2)).astype("float32")
    assert np.asarray(model(images)).min() < 0
    ending = models.mlp_conv(inputs, (4, 5, 3), 5, name="a")
    assert ending.shape == (None, 9, 9, 3)
    assert np.asarray(keras.Model(inputs, ending)(images)).min() == 0


NETWORKS = ("alexnet", "bn_inception", "cifar_resnet", "googlenet", "inception_v4", "lenet5")
NETWORKS += ("nin_cifar", "nin_imagenet", "resnet", "vgg", "wide_resnet")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_argument_of_a_network_is_described(name):
    """What many networks have is described once, for all of them."""
    function = getattr(models, name)
    _, sections = docstrings.parted(function.__doc__)
    described = docstrings.entries(sections["Args"])
    assert list(described) == list(inspect.signature(function).parameters)
    assert sections["Returns"].strip()
