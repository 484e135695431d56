"""What decides how many samples of a class there are to be, and in what form they come."""

import inspect

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_cv_extras import data
from keras_cv_extras.data.balance import _draws, _labelled, _smote, _smote_dataset, _targets

LABELS = np.repeat([0, 1], [9, 4])
ROWS = np.arange(26, dtype="float32").reshape(13, 2) ** 2
POINTS = ROWS + 0.25  # of which no part is a test part


def test_how_many_samples_under_sampling_keeps():
    assert _targets.kept("majority", LABELS) == {0: 4}
    assert _targets.kept({0: 9, 1: 3}, LABELS) == {0: 9, 1: 3}
    for wrong in ({0: 10}, {1: 5}):
        with pytest.raises(ValueError, match="must ask for at most the"):
            _targets.kept(wrong, LABELS)
    assert _targets.kept(0.6, LABELS) == {0: 6}  # of 6.67, as many as are whole


def test_how_many_samples_over_sampling_adds():
    assert _targets.added(0.6, LABELS) == {1: 1}
    for share in (0.4, 4 / 9):  # less than there are, and as many
        with pytest.raises(ValueError, match="is below the proportion that the two classes have"):
            _targets.added(share, LABELS)


def test_embeddings_take_the_place_of_images():
    codes = ROWS[:, :1] + 1000
    made, labels = data.smote(
        ROWS, LABELS, k_neighbors=2, neighbors_in=codes, interpolate_in="embedding"
    )
    assert made.shape == (18, 1)
    np.testing.assert_array_equal(made[:13], codes)
    assert made.min() >= 1000
    frame = pd.DataFrame(ROWS.astype("int64") + 2**60, columns=["a", "b"])
    codes = np.stack([ROWS[:, 0], ROWS[:, 0] + 1], axis=1)
    made, _ = data.smote(
        frame, LABELS, k_neighbors=2, neighbors_in=codes, interpolate_in="embedding"
    )
    np.testing.assert_array_equal(np.asarray(made)[:13], codes)  # and none of the frame's rows


def test_smote_asks_the_engine_that_is_named(monkeypatch):
    asked = []

    def table(rows, k, engine):
        asked.append(engine)
        return np.zeros((len(rows), 1), np.int64)

    monkeypatch.setattr(_smote._neighbors, "neighbor_table", table)
    _smote.table_of_class(ROWS, 0, 2, "faiss", "error")
    monkeypatch.setattr(_smote._neighbors, "check_neighbors", lambda k, engine: None)
    data.smote(ROWS, LABELS, engine="faiss")
    assert asked == ["faiss", "faiss"]


@pytest.mark.parametrize(
    "resample",
    [data.smote, lambda x, y, **options: data.resample(x, y, method="adasyn", **options)],
)
def test_images_that_are_held_out_are_not_resampled(resample):
    images = np.random.default_rng(0).normal(size=(13, 3, 3, 1))
    with pytest.raises(ValueError, match="held_out"):
        resample(images, LABELS, held_out=images[:1])


def test_what_labels_are_classes_and_what_numbers_are_interpolated_in():
    found, restore = _labelled.as_classes(np.array([True, False, True], object))
    assert (found.dtype, restore(found[:1]).tolist()) == (bool, [True])
    for wrong in ([[1.0, 0.5], [0.0, 1.0]], [[1, 1], [0, 1]]):
        with pytest.raises(ValueError, match="soft and multiple labels have no class to balance"):
            _labelled.as_classes(np.array(wrong))
    types = {name: _labelled.working_type(name) for name in ("uint8", "int16", "int32", "float32")}
    assert list(types.values()) == [np.float32, np.float32, np.float64, np.float64]


def test_loaded_data_keep_as_many_of_a_class_as_is_asked():
    loaded = data.ImageData((ROWS, LABELS), (ROWS, LABELS), ("a", "b"), "some")
    assert np.bincount(data.make_imbalanced(loaded, ratio=4, minimum=1).train[1]).tolist() == [9, 2]
    with pytest.raises(ValueError, match="fewer than minimum=3"):
        data.make_imbalanced(loaded, ratio=4, minimum=3)


def test_turns_of_a_seed_are_always_the_same():
    found = _draws.in_turn(3, 0, 1, np.arange(6), 6).numpy().tolist()
    assert found == [5, 0, 2, 4, 1, 3]  # recorded


def test_samplers_want_a_label_for_each_sample():
    with pytest.raises(ValueError, match="X and y"):
        data.SmoteSampler().fit_resample(ROWS, LABELS[:-1])


def test_lists_stay_lists():
    names, labels = data.make_imbalanced(list("abcdef"), [0, 0, 0, 0, 1, 1], 4, minimum=1)
    assert type(names) is type(labels) is list
    assert sorted(labels) == [0, 0, 0, 0, 1]
    assert set(names) < set("abcdef")


def test_every_draw_is_of_the_seed_and_the_epoch(monkeypatch):
    def noted(name, draw, place):
        def noting(*given):
            asked.append((name, int(given[0]), int(given[place])))
            slots.extend(given[3:4] if name == "index" else ())
            return draw(*given)

        return noting

    asked, slots = [], []
    for name, place in (("index", 1), ("step", 1), ("in_turn", 2)):
        monkeypatch.setattr(_draws, name, noted(name, getattr(_draws, name), place))
    for base in ("even", "random"):
        source = data.SmoteSource(POINTS, LABELS, k_neighbors=2, seed=5, base=base)
        source.samples([13, 14], epoch=3)
    data.BalancedSource(POINTS, LABELS, seed=5).indices(3)
    names = ["in_turn", "index", "step", "index", "index", "step", "in_turn"]
    assert asked == [(name, 5, 3) for name in names]
    assert slots == [_draws.NEIGHBOR, _draws.MEMBER, _draws.NEIGHBOR]


def test_a_dataset_of_smote_hands_on_what_was_asked_for(monkeypatch):
    names = {*inspect.signature(data.pipeline).parameters} - {"data", "batch_size", "seed"}
    given, asked = {name: object() for name in names - {"num_repeats"}}, []
    monkeypatch.setattr(
        _smote_dataset,
        "pipeline",
        lambda source, *sizes, **kept: asked.append((source, sizes, kept)),
    )
    loaded = data.ImageData((POINTS, LABELS), (POINTS[:1] + 0.5, LABELS[:1]), ("a", "b"), "mine")
    stream = tf.data.Dataset.from_tensor_slices((POINTS, LABELS))
    for source, more in (((POINTS, LABELS), {}), (loaded, {}), (stream, {"num_classes": 2})):
        data.smote_dataset(source, 4, seed=5, k_neighbors=2, **more, **given)
    for source, sizes, kept in asked:
        assert (source.seed, sizes, kept) == (5, (4,), {"seed": 5, **given})
    assert len(asked) == 3


def test_rows_of_fewer_classes_than_there_are_said_to_be():
    with pytest.raises(ValueError, match=r"labels must lie in \[0, 3\), received 2 classes"):
        data.class_weight(np.eye(2), num_classes=3)


def test_neighbours_are_of_the_class_whose_sample_is_made():
    """A class of three has two neighbours for each, one of six has five."""
    labels = np.repeat([0, 1, 2], [12, 6, 3])
    rows = np.random.default_rng(0).random((21, 2)).astype("float32")
    for order in (1, -1):  # the rarest class is the last, or the first
        source = data.SmoteSource(rows, labels[::order], k_neighbors=5, seed=1)
        new = tf.range(source.num_real, source.count, dtype=tf.int64)
        first, second, _ = (np.asarray(one) for one in source.pairs(new, tf.constant(0, tf.int64)))
        np.testing.assert_array_equal(labels[::order][first], labels[::order][second])
        assert (first != second).all()


def test_whole_numbers_beyond_half_of_float32_stay_among_their_class():
    rows = (POINTS // 100).astype("int32") + 2**30
    source = data.SmoteSource(rows, LABELS, k_neighbors=2, seed=1)
    made, _ = source.samples(np.arange(13, 18))
    of_class = rows[LABELS == 1]
    assert (made >= of_class.min(axis=0)).all()
    assert (made <= of_class.max(axis=0)).all()
