"""The rules of the screen, on answers that are given: no model, no training."""

import types

import numpy as np
import pytest
from scipy import stats

from keras_cv_extras.augment import OPS
from keras_cv_extras.search import Screen
from keras_cv_extras.search.stages import _screen

COUNT = 100


def wrong(*numbers):
    """For each number a row of images, so many of which are not recognised."""
    return np.array([np.arange(COUNT) >= number for number in numbers])


def judge(correct, most=0.03, clean=None, changed=None):
    clean = np.ones(COUNT, bool) if clean is None else clean
    return _screen._judge(clean, correct, changed or dict.fromkeys(correct, True), most)


@pytest.mark.parametrize(
    ("drops", "most", "cap"),
    [
        ((0, 0, 0, 0, 0), 0.03, 1.0),
        ((20, 20, 20, 20, 20), 0.03, 0.0),
        ((0, 0, 20, 0, 0), 0.03, 0.4),  # what lies above the first bad level is not kept
        ((0, 0, 0, 0, 20), 0.03, 0.8),
        ((5, 5, 5, 5, 5), 0.03, 1.0),  # 0.05 is within three errors of 0.0219
        ((7, 7, 7, 7, 7), 0.03, 1.0),  # 0.07 of 0.0256
        ((9, 9, 9, 9, 9), 0.03, 0.0),  # 0.09 of 0.0288: just more
        ((20, 20, 20, 20, 20), 0.25, 1.0),  # beyond doubt, and little
        ((0, 26, 26, 26, 26), 0.25, 0.2),
    ],
)
def test_a_cap_is_the_last_strength_before_a_drop_that_is_large_and_sure(drops, most, cap):
    found = judge({"posterize": wrong(*drops)}, most)
    assert found.caps == {"posterize": cap}
    np.testing.assert_allclose(found.accuracy["posterize"], 1 - np.array(drops) / 100)


def test_of_a_signed_op_the_worse_sign_counts():
    # The signs of a level stand side by side.
    rows = wrong(0, 1, 2, 0, 0, 20, 1, 0, 0, 2)
    found = judge({"rotate": rows})
    np.testing.assert_allclose(found.accuracy["rotate"], [0.99, 0.98, 0.80, 0.99, 0.98])
    assert found.caps == {"rotate": 0.4}
    worse = rows[[1, 2, 5, 6, 9]].astype(float) - 1
    np.testing.assert_allclose(found.errors["rotate"], stats.sem(worse, axis=1))


def test_an_op_without_strength_is_kept_or_left_out():
    found = judge({"invert": wrong(50), "equalize": wrong(1)})
    assert found.caps == {"invert": 0.0, "equalize": 1.0}
    assert found.limited == ("invert",)
    assert found.harmful == ()  # no training says so
    assert found.kept == ("equalize",)


def test_drops_are_from_the_accuracy_on_the_images_themselves():
    clean = np.arange(COUNT) < 80
    rows = np.stack([clean, np.arange(COUNT) < 70, clean, clean, np.arange(COUNT) < 50])
    found = judge({"posterize": rows}, clean=clean)
    assert found.clean == pytest.approx(0.8)
    assert found.num_images == COUNT
    assert found.caps == {"posterize": 0.2}  # 0.1 of an error of 0.0302
    expected = [0, stats.sem((rows[1] * 1.0) - clean), 0, 0, stats.sem((rows[4] * 1.0) - clean)]
    np.testing.assert_allclose(found.errors["posterize"], expected)


def test_an_op_that_changes_no_image_is_not_kept():
    correct = {"color": wrong(*[0] * 10), "posterize": wrong(0, 0, 0, 0, 0)}
    found = judge(correct, changed={"color": False, "posterize": True})
    assert found.unchanged == ("color",)
    assert found.kept == ("posterize",)
    assert found.describe() == "color: changes no image, left out"


def test_reinstated_ops_are_kept_again():
    found = judge({"rotate": np.repeat(wrong(0, 0, 20, 20, 20), 2, 0), "invert": wrong(50)})
    assert found.caps == {"rotate": 0.4, "invert": 0.0}
    assert found.describe() == (
        "rotate: its results are not recognised above strength 0.4 (20.0 points), limited to "
        "that\ninvert: its results are not recognised (50.0 points), left out"
    )
    lifted = found.reinstate({"invert": 0.5})
    assert lifted.caps == {"rotate": 0.4, "invert": 0.5}
    assert lifted.reinstated == ("invert",)
    assert lifted.kept == ("rotate", "invert")
    assert "not recognised, but training with them helps: invert" in lifted.describe()
    assert found.caps["invert"] == 0.0
    again = Screen.from_dict(lifted.to_dict())
    assert again.to_dict() == lifted.to_dict()
    assert again.reinstated == ("invert",)
    assert judge({"invert": wrong(0)}).describe() == "every op keeps the labels at every strength"


def test_cells_have_both_signs_of_each_level_side_by_side():
    cells = list(_screen._cells("rotate", (8, 8)))
    values = [cell.sub_policies[0][0].value for cell in cells]
    highest = OPS["rotate"].strength.value(1.0, 8, 8)
    levels = (0.2, 0.4, 0.6, 0.8, 1.0)
    np.testing.assert_allclose(values[0::2], [level * highest for level in levels])
    np.testing.assert_allclose(values[1::2], [-level * highest for level in levels])
    assert len(list(_screen._cells("posterize", (8, 8)))) == 5
    assert [cell.sub_policies[0][0].op for cell in _screen._cells("invert", (8, 8))] == ["invert"]


def test_ops_that_are_usual_in_searches_share_a_program():
    """A program for each of 15 ops took longer to compile than a short search takes."""

    def programs(op):
        return {cell.tables(8, 8, 0)[1] for cell in _screen._cells(op, (8, 8))}

    assert len(programs("rotate")) == 1
    assert programs("rotate") == programs("invert")
    assert programs("box_blur") != programs("rotate")


class Reader:
    """Reads each image's number in its pixels; of images above 128 it recognises nine in ten."""

    def __init__(self, count, share):
        self.train_images = np.tile(np.arange(count, dtype="uint8")[:, None, None, None], (2, 2, 1))
        # A quarter is of one class, and all of these are third images.
        numbers = np.arange(count)
        self.train_labels = ((numbers % 3 == 0) & (numbers < 3 * count // 4)).astype(int)
        self.share, self.trained, self.asked = share, [], []

    def train(self, policy, seed, *, rows):
        self.trained.append((seed, rows))
        self.policy = policy

    def evaluate(self, images, labels):
        numbers = images[:, 0, 0, 0].astype(int)
        wanted = self.train_labels[np.where(numbers < 128, numbers, 255 - numbers)]
        np.testing.assert_array_equal(labels, wanted)
        self.asked.append(numbers)
        return types.SimpleNamespace(correct=(numbers < 128) | (numbers % 10 >= 10 * self.share))


@pytest.mark.parametrize(
    ("share", "threshold", "cap"),
    [(0.1, 0.25, 0.0), (0.1, 0.5, 1.0), (0.0, 0.25, 1.0)],
)
def test_every_image_is_scored_by_a_model_that_has_not_seen_it(monkeypatch, share, threshold, cap):
    """Guessing has 0.75, so that a quarter of the rest is 0.0625, and a half 0.125."""

    def cells(op, size):
        def changed(images, *, seed, samples):
            np.testing.assert_array_equal(images[:, 0, 0, 0], samples)
            return 255 - images

        return [changed] if op == "invert" else [lambda images, **_: images]

    monkeypatch.setattr(_screen, "_cells", cells)
    reader, steps = Reader(120, share), []
    options = {"seed": 5, "num_folds": 3, "threshold": threshold, "on_step": steps.append}
    found = _screen.screen(reader, ("invert", "equalize"), **options)
    assert found.clean == 1.0
    np.testing.assert_allclose(found.accuracy["invert"], [1 - share])
    assert found.caps["invert"] == cap
    assert found.unchanged == ("equalize",)
    assert steps == ["invert", "equalize"] * 3
    assert [seed for seed, _ in reader.trained] == [5, 6, 7]
    clean = reader.asked[0::3]  # before those of the two ops
    for held, (_, rows) in zip(clean, reader.trained, strict=True):
        assert len(held) == 40
        assert sorted([*held, *rows]) == list(range(120))
        # Every fold has its share of each class.
        assert reader.train_labels[held].sum() == 10
    assert sorted(np.concatenate(clean)) == list(range(120))
    ops = [steps[0].op for steps in reader.policy.sub_policies]
    assert ops == ["identity", "invert", "equalize"]


def test_folds_of_different_sizes_and_an_op_that_changes_one_image(monkeypatch):
    """Of ten images one fold has four; number 1 is in the first fold."""

    def cells(op, size):
        return [lambda images, **_: np.where(images == 1, 254, images)]

    monkeypatch.setattr(_screen, "_cells", cells)
    found = _screen.screen(Reader(10, 0.0), ("invert",), num_folds=3)  # it looks at the labels
    assert found.unchanged == ()
    assert found.num_images == 10


@pytest.mark.parametrize(("clean", "tells"), [(0.8, False), (0.9, True)])
def test_a_weak_network_blames_no_op(monkeypatch, clean, tells):
    """Guessing has 0.75: half of what is above it is 0.875. No inverted image is recognised."""

    class Weak(Reader):
        def evaluate(self, images, labels):
            numbers = images[:, 0, 0, 0].astype(int)
            right = (numbers < 128) & (numbers % 10 < 10 * clean)
            return types.SimpleNamespace(correct=right)

    def cells(op, size):
        return [lambda images, **_: 255 - images]

    monkeypatch.setattr(_screen, "_cells", cells)
    found = _screen.screen(Weak(120, 0.0), ("invert",))
    assert found.accuracy["invert"] == [0.0]
    assert (found.clean, found.guessing) == (pytest.approx(clean), 0.75)
    assert found.can_tell is tells
    assert found.caps == {"invert": 0.0 if tells else 1.0}
    assert found.kept == (() if tells else ("invert",))
    assert ("cannot tell which ops destroy labels" in found.describe()) is not tells
    assert Screen.from_dict(found.to_dict()).can_tell is tells


def test_wrong_arguments():
    with pytest.raises(ValueError, match="num_folds must be at least 2"):
        _screen.screen(Reader(8, 0), (), num_folds=1)
    with pytest.raises(ValueError, match="threshold"):
        _screen.screen(Reader(8, 0), (), threshold=1.5)
