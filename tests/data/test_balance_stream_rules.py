"""The parts of SMOTE on a stream, and tables of neighbours, on numbers worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data
from keras_cv_extras._base import random as _random
from keras_cv_extras.data import balance
from keras_cv_extras.data.balance import _draws, _labelled, _neighbors, _smote, _smote_stream


def stream(**options):
    dataset = tf.data.Dataset.from_tensor_slices(
        (np.zeros((6, 2, 1, 1), "float32"), np.zeros(6, "int64"))
    )
    return data.SmoteStream(dataset, 3, **{"capacity": 4, "k_neighbors": 2, "seed": 7, **options})


def longs(*values):
    return tf.constant(values, tf.int64)


def test_rank_in_class():
    assert _smote_stream._rank_in_class(longs(1, 0, 1, 1, 0)).numpy().tolist() == [0, 0, 1, 2, 1]


@pytest.mark.parametrize(
    ("most", "copies", "given"),
    [(20, [0, 0, 2, 1, 1, 0], [12, 12, 1]), (1, [0, 0, 1, 1, 1, 0], [12, 11, 1])],
)
def test_a_class_is_brought_level_by_copies_shared_out_in_order(most, copies, given):
    # The largest class has 12 by now. Class 1 has given 5 + 3, so that four are missing; class 2
    # has been seen for the first time, and has no neighbours yet.
    labels = longs(0, 0, 1, 1, 1, 2)
    order = _smote_stream._rank_in_class(labels)
    found = stream(most=most)._copies(labels, order, longs(10, 2, 0), longs(10, 5, 0))
    assert found[0].numpy().tolist() == copies
    assert found[1].numpy().tolist() == given


def test_neighbours_are_the_nearest_of_what_is_kept_of_the_class():
    kept = np.zeros((3, 4, 2), "float32")
    kept[0] = [[9, 9], [1, 0], [0, 3], [5, 5]]
    kept[1, :3] = [[4, 4], [1, 1], [8, 8]]  # and a place that is empty, at the origin
    kept[2, 0] = [6, 6]
    flat = tf.constant([[0.0, 2.0], [0.0, 0.0], [0.0, 0.0]])
    places, widths = stream()._nearest(flat, longs(0, 1, 2), tf.constant(kept), longs(90, 3, 1))
    assert places[0].numpy().tolist() == [2, 1]
    assert places[1].numpy().tolist() == [1, 0]
    assert places[2, 0].numpy() == 0
    assert widths.numpy().tolist() == [2, 2, 1]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_neighbours_of_large_numbers(dtype):
    base = 2**23 if dtype == "float32" else 2**30  # float32 tells numbers there apart by 1, by 64
    kept = tf.constant(base + np.array([[[9, 9], [1, 0], [0, 3], [5, 5]]] * 3), dtype)
    flat = tf.constant(base + np.array([[0, 2], [4, 5]]), dtype)
    places, _ = stream()._nearest(flat, longs(0, 0), kept, longs(4, 4, 4))
    assert places.numpy().tolist() == [[2, 1], [3, 2]]


def test_new_samples_lie_between_a_sample_and_its_neighbour():
    made = stream(k_neighbors=1, capacity=1)
    flat, labels = tf.constant([[0.0, 10.0], [4.0, 4.0], [100.0, 0.0]]), longs(0, 2, 0)
    kept = tf.constant([[[50.0, 10.0]], [[0.0, 0.0]], [[4.0, 8.0]]])
    numbers, copies = longs(31, 32, 33), longs(2, 1, 0)
    new, their_labels = made._new(flat, labels, numbers, copies, kept, longs(5, 0, 5), 3)
    assert their_labels.numpy().tolist() == [0, 0, 2]
    # Each copy draws by a number of its own, of 4,096 that its sample has.
    places = np.array([31 * 4096, 31 * 4096 + 1, 32 * 4096])
    steps = np.asarray(_random.uniform(7, 3, places, _draws.STEP))
    np.testing.assert_allclose(new[:2, 0], 50 * steps[:2], rtol=1e-6)
    np.testing.assert_allclose(new[:2, 1], 10)
    np.testing.assert_allclose(new[2], [4, 4 + 4 * steps[2]], rtol=1e-6)
    later, _ = made._new(flat, labels, numbers, copies, kept, longs(5, 0, 5), 4)
    assert np.all(later[:2, 0] != new[:2, 0])


def test_new_samples_of_whole_numbers_are_rounded():
    made = stream(k_neighbors=1, capacity=1)
    flat, kept = tf.constant([[0], [0]], tf.uint8), tf.constant([[[200]], [[0]], [[0]]], tf.uint8)
    counts = longs(30, 0)
    new, _ = made._new(flat, longs(0, 0), longs(0, 1), counts, kept, longs(1, 0, 0), 0)
    steps = np.asarray(_random.uniform(7, 0, np.arange(30), _draws.STEP))
    np.testing.assert_array_equal(new[:, 0], np.rint(200 * steps))


def test_what_is_kept_of_a_stream():
    """The first of a class fill its places; then number n takes one with the chance 4 / n."""
    made, kept = stream(), tf.zeros([3, 4, 1])
    flat = tf.constant([[1.0], [2.0], [3.0], [4.0]])
    labels, numbers = longs(0, 2, 0, 0), longs(0, 1, 2, 3)
    order = _smote_stream._rank_in_class(labels)
    kept, seen = made._keep(flat, labels, order, numbers, kept, longs(0, 1, 0), 0)
    assert kept[:, :, 0].numpy().tolist() == [[1, 3, 4, 0], [0] * 4, [2, 0, 0, 0]]
    assert seen.numpy().tolist() == [3, 1, 1]
    kept = tf.constant(np.arange(12, dtype="float32").reshape(3, 4, 1))
    for number in range(15):
        flat, numbers = tf.constant([[100.0 + number]]), longs(50 + number)
        for before in (4, 9):
            seen = longs(before, 1, 1)
            after, _ = made._keep(flat, longs(0), longs(0), numbers, kept, seen, 0)
            changed = np.flatnonzero(after[0, :, 0] != kept[0, :, 0]).tolist()
            drawn = float(_random.uniform(7, 0, (50 + number) * 4096, _draws.KEEP))
            place = int((before + 1) * drawn)
            assert changed == ([place] if place < 4 else [])


def test_of_two_for_one_place_the_later_stays():
    made, kept = stream(capacity=1, k_neighbors=1), tf.zeros([3, 1, 1])
    flat, labels = tf.constant([[5.0]] + [[6.0]] + [[7.0]]), longs(0, 1, 0)
    order = _smote_stream._rank_in_class(labels)
    for epoch in range(8):
        after, _ = made._keep(flat, labels, order, longs(0, 1, 2), kept, longs(0, 0, 0), epoch)
        drawn = float(_random.uniform(7, epoch, 2 * 4096, _draws.KEEP))
        assert after[0, 0, 0] == (7.0 if drawn < 0.5 else 5.0)  # the second of its class
        assert after[1, 0, 0] == 6.0


def test_draws_reach_every_number_and_no_other():
    counts = np.arange(1, 8)
    samples = np.arange(300)[:, None]
    drawn = np.asarray(_draws.index(3, 0, samples, _draws.MEMBER, counts))
    assert drawn.shape == (300, 7)
    for column, count in enumerate(counts):
        assert sorted(set(drawn[:, column].tolist())) == list(range(count))


def test_turns_give_each_number_once_before_any_comes_again():
    places = np.arange(12)

    def turns(number, epoch, count=5, seed=4):
        return np.asarray(_draws.in_turn(seed, number, epoch, longs(*places), count)).tolist()

    rounds = turns(0, 0)
    assert sorted(rounds[:5]) == sorted(rounds[5:10]) == list(range(5))
    assert rounds[:5] != rounds[5:10]
    for other in (turns(0, 1), turns(1, 0), turns(0, 0, seed=5), turns(0, 0, seed=4 + (1 << 20))):
        assert other[:5] != rounds[:5]  # another epoch, class, and seeds of low and of high bits
    assert turns(0, 0, 1) == [0] * 12


def test_a_row_is_not_among_its_own_neighbours():
    found = np.array([[0, 1, 2], [2, 0, 3], [1, 3, 2], [3, 2, 1]])
    # The second does not find itself: then the farthest is left out.
    assert _neighbors.without_self(found).tolist() == [[1, 2], [2, 0], [1, 3], [2, 1]]
    line = np.array([[0.0], [1.0], [3.0], [7.0]])
    assert _neighbors.neighbor_table(line, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert _neighbors.neighbor_table(line, 9).tolist() == [
        [1, 2, 3],
        [0, 2, 3],
        [1, 0, 3],
        [2, 1, 0],
    ]


@pytest.mark.parametrize("engine", ["sklearn", "faiss"])
def test_copies_of_a_row_are_neighbours_and_the_row_is_not(engine):
    rows = np.repeat(np.array([[0.0], [10.0]], "float32"), 3, axis=0)
    found = _neighbors.neighbor_table(rows, 2, engine)
    assert [set(row) for row in found.tolist()] == [
        {1, 2},
        {0, 2},
        {0, 1},
        {4, 5},
        {3, 5},
        {3, 4},
    ]


def test_whole_numbers_are_rounded_and_kept_in_range():
    values = np.array([-3.0, 0.5, 1.5, 254.6, 300.0])
    assert balance.to_dtype(values, "uint8").tolist() == [0, 0, 2, 255, 255]
    assert balance.to_dtype(values, "float32").tolist() == pytest.approx(values.tolist())
    assert _labelled.working_type("uint16") == np.float32
    assert _labelled.working_type("int32") == np.float64


def test_every_sample_of_a_class_is_a_base_as_often():
    table = np.array([[1, 2], [0, 2], [0, 1]])
    stream_of_draws = _labelled.random_state(3)
    first, second, steps = _smote._pairs(stream_of_draws, table, 7, "even")
    assert sorted(np.bincount(first).tolist()) == [2, 2, 3]
    assert np.all(first != second)
    assert len(steps) == 7


def test_distances_are_of_principal_components():
    images = np.asarray(_random.uniform(1, 0, np.arange(80)[:, None], np.arange(60)))
    images = (255 * images).astype("uint8").reshape(80, 10, 6, 1)
    rows = _neighbors.features(images, "pca")
    assert rows.shape == (80, 50)
    flat = images.reshape(80, -1).astype("float64")
    values = np.linalg.svd(flat - flat.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=0), values[:50], rtol=1e-4)
    assert _neighbors.features(images, "pixels").shape == (80, 60)
    assert _neighbors.features(images, "pixels").dtype == np.float32
