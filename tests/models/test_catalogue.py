"""The list of networks, in the library and on the command line."""

import pytest
from test_networks import PARAMETERS
from typer.testing import CliRunner

from keras_cv_extras import models
from keras_cv_extras.cli import app

KNOWN = {name: count for (name, _, _), count in PARAMETERS.items()}


def test_every_network_is_listed():
    found = models.catalogue()
    assert tuple(network.name for network in found) == models.names()
    weights = {network.name: network.weights for network in found}
    both = "imagenet, torchvision and timm"
    assert set(weights.values()) == {
        "",
        "imagenet",
        "imagenet, timm",
        "timm",
        "torchvision",
        "torchvision and timm",
        both,
    }
    assert [name for name, sources in weights.items() if sources == both] == [
        "densenet121",
        "densenet169",
        "densenet201",
    ]
    assert all(network.parameters is None for network in found)
    sides = {network.name: network.image_size for network in found}
    assert (sides["alexnet"], sides["alexnet-owt"], sides["wrn-40-2"]) == (227, 224, 32)
    with pytest.raises(ValueError, match="no network has 'resnest' in its name"):
        models.catalogue("resnest")


@pytest.mark.wide_but("lenet")
@pytest.mark.parametrize("match", ["vgg1", "lenet", "nin"])
def test_parameters_are_counted(match):
    for network in models.catalogue(match, count=True):
        if network.name in KNOWN:
            assert network == models.Network(*network[:3], parameters=KNOWN[network.name])
        assert network.parameters > 1000


def test_the_command():
    result = CliRunner().invoke(app, ["models", "vgg16", "--count"])
    assert result.exit_code == 0, result.output
    rows = [line.replace("│", " ").split() for line in result.output.splitlines()]
    assert ["vgg16", "224", "torchvision", "and", "timm", "138,357,544"] in rows
    plain = CliRunner().invoke(app, ["models", "wrn"])
    assert "wrn-40-2" in plain.output
    assert "parameters" not in plain.output
