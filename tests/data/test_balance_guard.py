import dataclasses
import gc

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from keras_cv_extras import data
from keras_cv_extras._base import guard


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.mark.parametrize(
    "make",
    [
        data.smote,
        lambda x, y=None, **options: data.resample(x, y, method="smote_tomek", **options),
    ],
    ids=["smote", "resample"],
)
def test_loaded_data_is_balanced_in_its_training_part(make, digits):
    images, labels = digits.train
    small = dataclasses.replace(digits, train=data.make_imbalanced(images, labels, 5))
    balanced = make(small)
    assert balanced.test is small.test
    assert balanced.class_names == digits.class_names
    counts = np.bincount(balanced.train[1])
    assert counts.min() > 0.8 * counts.max() > np.bincount(small.train[1]).min()
    with pytest.raises(ValueError, match="y must be left out"):
        make(small, labels)


def test_samples_are_not_made_of_test_images(digits):
    whole = [np.concatenate(parts) for parts in zip(digits.train, digits.test, strict=True)]
    for part in (digits.test, whole):
        with pytest.raises(ValueError, match="whole test part of 'digits'"):
            data.smote(*part)
        with pytest.raises(ValueError, match="whole test part"):
            data.SmoteSource(*part)
    data.smote(*digits.train)


def test_data_without_a_test_part_must_be_split_first(digits):
    images, labels = digits.train
    for test in ((images[:0], labels[:0]), None):
        with pytest.raises(ValueError, match="no test part yet"):
            data.smote(dataclasses.replace(digits, test=test))


def test_split_refuses_synthesised_samples(digits):
    x, y = data.make_imbalanced(*digits.train, 5)
    new, labels = data.smote(x, y)
    for images in (new, new[:], new[10:700].reshape(690, 64), new[:, :4]):
        with pytest.raises(ValueError, match="smote synthesised.*Split first"):
            data.split(images, labels[: len(images)], [0.5, 0.5])
    data.split(x, y, [0.5, 0.5])
    # Nothing was made: nothing is refused.
    same, labels = data.smote(x, y, sampling_strategy={0: int(np.sum(y == 0))})
    data.split(same, labels, [0.5, 0.5])


def test_held_out_images_are_looked_for(digits):
    x, y = digits.train
    data.smote(x, y, held_out=digits.test[0])
    with pytest.raises(ValueError, match="x holds 3 of the 5 images of held_out"):
        data.smote(x, y, held_out=np.concatenate([x[5:8], digits.test[0][:2] ^ 1]))
    with pytest.raises(ValueError, match="same shape and type"):
        data.smote(x, y, held_out=digits.test[0] / 255)


def test_what_is_gone_is_forgotten():
    before = len(guard._synthesised), len(guard._held_out)
    array = np.zeros((3, 2))
    guard.mark_synthesised(array, "a test")
    guard.mark_held_out(array, "a test")
    with pytest.raises(ValueError, match="a test synthesised"):
        guard.check_not_synthesised(array[1:])
    del array
    gc.collect()
    assert (len(guard._synthesised), len(guard._held_out)) <= before


def test_made_rows_are_known_after_a_split_that_others_did(digits):
    x, y = data.make_imbalanced(*digits.train, 5)
    train_x, test_x, train_y, test_y = train_test_split(*data.smote(x, y), random_state=0)
    count = int(data.synthetic_rows(test_x).sum())
    assert 0 < count < len(test_x)
    assert not data.synthetic_rows(x).any()
    message = f"holds {count} samples that smote synthesised of others"
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(digits, train=(train_x, train_y), test=(test_x, test_y))
    with pytest.raises(ValueError, match=message):
        data.split(test_x, test_y, [0.5, 0.5])
    with pytest.raises(ValueError, match=message):
        data.smote(x, y, held_out=test_x)
    flat = x.reshape(len(x), -1)
    made, _ = data.resample(flat.astype("float32"), y, method="borderline_smote")
    assert data.synthetic_rows(made.copy()).sum() == len(made) - len(x)


def test_made_rows_of_a_frame_are_known(digits):
    x, y = data.make_imbalanced(*digits.train, 5)
    frame = pd.DataFrame(x.reshape(len(x), -1))
    made, _ = data.smote(frame, y)
    assert data.synthetic_rows(made.sample(frac=1, random_state=0)).sum() == len(made) - len(x)


def test_the_oldest_digests_go_first(monkeypatch):
    monkeypatch.setattr(guard, "_made", {})
    monkeypatch.setattr(guard, "_MOST", 3)
    rows = np.arange(10.0)[:, None]
    guard.mark_synthesised(rows, "a test", rows[:5])
    assert guard.made_rows(rows).tolist() == [False] * 7 + [True] * 3
