import contextlib
import math

import keras
import pytest


@contextlib.contextmanager
def without_values():
    """Builds models whose weights have shapes and no values: fast, and no memory."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)


@pytest.fixture
def abstract():
    """A scope in which models are built without values."""
    with without_values():
        yield


@pytest.fixture
def count():
    """Returns how many numbers weights hold."""
    return lambda weights: sum(math.prod(weight.shape) for weight in weights)
