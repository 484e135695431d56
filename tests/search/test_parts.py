"""The parts that a search divides images into, and its last training, on all of them."""

import types

import numpy as np
import pytest

from keras_cv_extras import policy
from keras_cv_extras.search.stages import _retrain, _splits
from keras_cv_extras.search.trials import _tuner


def numbered(count, first=0):
    """Images whose pixels hold their number, of three classes."""
    images = (first + np.arange(count, dtype="uint8"))[:, None, None, None] * np.ones(
        (1, 2, 2, 1), "uint8"
    )
    return images, np.arange(count) % 3


def numbers(part):
    images, labels = part
    found = images[:, 0, 0, 0].astype(int)
    return found, labels


def test_the_parts_have_no_image_in_common():
    sizes = {"train_size": 30, "validation_size": 12, "confirmation_size": 21}
    parts = _splits.split_for_search(*numbered(90), **sizes, seed=1)
    found = {name: numbers(part) for name, part in parts.items()}
    assert {name: len(own) for name, (own, _) in found.items()} == {
        "train": 30,
        "validation": 12,
        "confirmation": 21,
    }
    assert len(set(np.concatenate([own for own, _ in found.values()]))) == 63
    for own, labels in found.values():
        np.testing.assert_array_equal(own % 3, labels)
        assert set(labels) == {0, 1, 2}
    others = _splits.split_for_search(*numbered(90), **sizes, seed=2)
    assert set(numbers(others["validation"])[0]) != set(found["validation"][0])
    half = _splits.split_for_search(*numbered(90), train_size=30, seed=1)
    assert [len(labels) for _, labels in half.values()] == [30, 30, 30]
    with pytest.raises(ValueError, match="90 images of 3 classes are too few"):
        _splits.split_for_search(*numbered(90), train_size=30, validation_size=61, seed=1)
    with pytest.raises(ValueError, match="each with images of all classes"):
        _splits.split_for_search(*numbered(90), train_size=30, validation_size=2, seed=1)


def test_the_last_two_parts_of_images_of_later_use_have_none_in_common():
    options = {"validation_data": numbered(60, first=100), "validation_size": 12, "seed": 1}
    parts = _splits.split_for_search(*numbered(90), train_size=30, **options)
    train, validation, confirmation = (
        numbers(parts[name])[0] for name in ("train", "validation", "confirmation")
    )
    assert (len(train), len(validation), len(confirmation)) == (30, 12, 30)
    assert train.max() < 90
    assert min(validation.min(), confirmation.min()) >= 100
    assert not set(validation) & set(confirmation)
    whole = _splits.split_for_search(*numbered(90), **options)
    assert len(whole["train"][1]) == 90  # without a size, all are to train on
    others = _splits.split_for_search(*numbered(90), **{**options, "seed": 2})
    assert set(numbers(others["validation"])[0]) != set(validation)


def test_large_parts_are_no_larger_than_they_need_be():
    images = np.zeros((30_000, 1, 1, 1), "uint8")
    parts = _splits.split_for_search(images, np.arange(30_000) % 2, train_size=9, seed=0)
    assert [len(labels) for _, labels in parts.values()] == [9, 5000, 5000]


def test_the_last_training_is_on_all_the_data(tmp_path, monkeypatch):
    made = []

    class Trainer:
        def __init__(self, build_model, train, **options):
            made.append((build_model, train, options))

        def train(self, chosen, seed):
            made.append((chosen, seed))
            return "model"

    monkeypatch.setattr(_retrain, "Trainer", Trainer)

    def save(model, path, about):
        path.touch()
        assert about == {"class_names": ["cat", "dog"]}

    monkeypatch.setattr(_retrain.training, "save_model", save)
    trainer = types.SimpleNamespace(build_model=1, epochs=7, batch_size=5, learning_rate=0.25)
    request = types.SimpleNamespace(trainer=trainer, everything=numbered(40), seed=2, parts={})
    request.class_names = ("cat", "dog")
    path = tmp_path / "model.keras"
    searched = policy.no_augmentation()
    _retrain.retrain(request, searched, path)
    (build_model, (images, labels), options), (chosen, seed) = made
    assert (build_model, len(images), len(labels)) == (1, 40, 40)
    assert options == {"epochs": 7, "batch_size": 5, "learning_rate": 0.25}
    assert chosen is searched
    assert seed == _tuner.seed_of_trial(2, "last training")
    _retrain.retrain(request, searched, path)
    assert len(made) == 2
