"""A whole search on JAX, where TensorFlow is not there."""

import json

import pytest

SCRIPT = """
import sys
import keras
from keras_cv_extras import data, search

def network():
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    return keras.Sequential(layers)

found = search.search_policy(
    data.load("digits"), network, directory=sys.argv[1], trials=2, epochs=2, train_size=200,
    validation_size=100, confirmation_size=100, confirm_seeds=1, ops=("rotate", "equalize"),
    progress=False,
)
print(found.winner.name)
print(keras.backend.backend(), "tensorflow" in sys.modules)
"""


@pytest.mark.slow
def test_a_search_needs_no_tensorflow(python_on_jax, tmp_path):
    winner, last = python_on_jax(SCRIPT, tmp_path).splitlines()[-2:]
    assert last.split() == ["jax", "False"]
    provenance = json.loads((tmp_path / "policy.json").read_text())["provenance"]
    assert provenance["arm"] == winner
    assert provenance["backend"] == "jax"
    assert set(provenance["versions"]) >= {"keras_cv_extras", "keras", "jax"}
    assert (tmp_path / "report.html").is_file()
