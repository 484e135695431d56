"""The docstrings of pooling layers are whole when read: their bases describe what is common."""

import inspect

import pytest

from keras_cv_extras import layers
from keras_cv_extras._base.text import docstrings

NAMES = [
    name
    for name in layers.__all__
    if name.endswith(("Pooling1D", "Pooling2D", "Pooling3D"))
    if getattr(layers, name).__module__.startswith("keras_cv_extras")  # some are Keras' own
]


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_described_in_its_order(name):
    head, sections = docstrings.parted(getattr(layers, name).__doc__)
    given = inspect.signature(getattr(layers, name).__init__).parameters
    described = docstrings.entries(sections["Args"])
    assert list(described) == [name.replace("kwargs", "**kwargs") for name in given][1:]
    assert "inputs" in docstrings.entries(sections["Call arguments"])
    assert head.splitlines()[0].endswith((".", "`"))
    assert sections["Returns"].strip()
    assert f"{name}(" in sections["Example"]


def test_what_a_layer_says_itself_is_kept():
    _, sections = docstrings.parted(layers.StochasticPooling2D.__doc__)
    assert "never drawn before others" in docstrings.entries(sections["Args"])["padding"]
    assert "whether to draw" in docstrings.entries(sections["Call arguments"])["training"]
    _, sections = docstrings.parted(layers.GlobalGeneralizedMeanPooling2D.__doc__)
    assert "pool_size" not in docstrings.entries(sections["Args"])
    assert "`keepdims`" in sections["Returns"]
