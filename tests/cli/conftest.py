"""What several files of tests of the command line need."""

import keras
import pytest

from keras_cv_extras import cli, data


@pytest.fixture(scope="session")
def linear_digits():
    """The digits, and a linear model that has learned them; it is not to be changed."""
    digits = data.load("digits")
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    model.fit(*digits.train, epochs=5, batch_size=32, verbose=0)
    return digits, model


@pytest.fixture
def one_line_error(monkeypatch, tmp_path):
    """Runs `sys.argv` in an empty folder; returns its one line of error, and nothing is written."""
    monkeypatch.chdir(tmp_path)

    def run():
        with pytest.raises(SystemExit) as error:
            cli.main()
        text = str(error.value.code)
        assert text.startswith("error: ")
        assert "\n" not in text
        assert list(tmp_path.iterdir()) == []
        return text

    return run
