"""A whole training in a folder, from Python."""

import dataclasses

import numpy as np
import own_names
import pytest

from keras_cv_extras import data, training
from keras_cv_extras._base.owned import kinds


@pytest.fixture(scope="module")
def digits():
    whole = data.load("digits")
    parts = {"train": 160, "test": 60}
    kept = {key: tuple(a[:count] for a in getattr(whole, key)) for key, count in parts.items()}
    return dataclasses.replace(whole, **kept)


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    """A folder, the result of a training in it, and what was told."""
    told = []
    settings = training.TrainingSettings(
        epochs=1,
        batch_size=32,
        policy="crop",
        mix="mixup",
        class_weights="balanced",
        validation=0.2,
    )
    folder = tmp_path_factory.mktemp("training")
    result = training.train(digits, folder, settings, progress=False, tell=told.append)
    return folder, settings, result, told


@pytest.mark.wide
def test_a_training_says_and_writes_what_it_did(trained, digits):
    folder, settings, result, told = trained
    assert isinstance(result, training.TrainingResult)
    assert told == [repr(digits), "30 of the training images are for validation"]
    assert not own_names.unsaid(folder, kinds.TRAINING)
    assert all(path.exists() and path.parent == folder for path in result.files)
    assert result.scores.confusion.sum() == 60
    again = training.train(digits, folder, settings, progress=False)
    assert "has been finished, with 1 epochs" in again.notes[0]
    assert again.scores.accuracy == result.scores.accuracy
    with pytest.raises(ValueError, match=r"another batch_size \(32, not 64\)"):
        training.train(digits, folder, training.TrainingSettings(epochs=1), progress=False)


@pytest.mark.wide
def test_a_saved_network_is_scored_by_the_names_of_classes(trained, digits):
    folder, _, result, _ = trained
    plain = training.evaluate_file(folder / "model.keras", digits)
    assert plain.scores.log_loss == pytest.approx(result.scores.log_loss)
    turned = {key: (x, 9 - y) for key, (x, y) in (("train", digits.train), ("test", digits.test))}
    other = dataclasses.replace(digits, **turned, class_names=digits.class_names[::-1])
    found = training.evaluate_file(folder / "model.keras", other)
    assert found.scores.accuracy == plain.scores.accuracy
    np.testing.assert_array_equal(other.test[1], 9 - digits.test[1])  # as they were
    assert isinstance(
        training.data_for(training.load_model(folder / "model.keras"), "m.keras", digits),
        training.ModelData,
    )


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"patience": 2, "validation": 0}, "patience needs validation images"),
        ({"patience": 2, "average": True}, "average and patience both choose"),
        ({"weights": "imagenet"}, "weights needs model"),
        ({"mix": "blend"}, "mix must be one of"),
    ],
)
def test_settings_that_cannot_be(options, problem):
    with pytest.raises(ValueError, match=problem):
        training.TrainingSettings(**options)
