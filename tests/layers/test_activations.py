"""Snake and LiSHT, as functions and as a layer."""

import keras
import numpy as np

from keras_cv_extras import layers

X = np.linspace(-4, 4, 24, dtype="float32").reshape(4, 6)


def test_formulas():
    np.testing.assert_allclose(layers.lisht(X), X * np.tanh(X), rtol=1e-6)
    for frequency in (0.5, 2.0):
        wanted = X + np.sin(frequency * X) ** 2 / frequency
        np.testing.assert_allclose(layers.snake(X, frequency), wanted, atol=1e-5)


def test_the_frequency_is_learned_and_saved(tmp_path):
    model = keras.Sequential([keras.Input((6,)), layers.Snake(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], epochs=2, verbose=0)
    assert float(model.layers[0].frequency) != 1
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(X), loaded(X))


def test_names_of_functions_in_a_model_are_saved(tmp_path):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, activation=layers.lisht)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(X), loaded(X))
