"""Numbers and orders that are functions of a seed, an epoch and a sample."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.data import _order, _part, _pipeline, _records


def test_numbers_have_24_bits_and_stay_below_1():
    found = _order.uniform(3, 1, tf.range(10_000, dtype=tf.int64), 0).numpy().astype("float64")
    whole = found * (1 << 24)
    np.testing.assert_array_equal(whole, np.floor(whole))
    assert 0 <= found.min() < found.max() < 1
    others = [(4, 1, 0), (3, 2, 0), (3, 1, 1)]
    for seed, epoch, slot in others:
        other = _order.uniform(seed, epoch, tf.range(10_000, dtype=tf.int64), slot)
        assert np.mean(found == other.numpy()) < 1e-3


def test_an_epoch_is_shuffled_alike_each_time_it_is_read():
    def shuffled(seed, epoch):
        numbers = tf.data.Dataset.range(50)
        return _pipeline._shuffled(numbers, 20, tf.constant(seed), tf.constant(epoch, tf.int64))

    one = shuffled(0, 0)
    first = list(one.as_numpy_iterator())
    assert first == list(one.as_numpy_iterator())
    assert sorted(first) == list(range(50)) != first
    tf.random.set_seed(5)
    assert first == list(shuffled(0, 0).as_numpy_iterator())
    for other in (shuffled(1, 0), shuffled(0, 1)):
        assert first != list(other.as_numpy_iterator())


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_become_grey_as_eyes_see_them(channels):
    images = np.zeros((2, 4, 4, 3), "uint8")
    images[0, ..., 1] = 200  # green
    found = _records._in_channels(images, channels, True)
    assert found.shape == (2, 4, 4, channels)
    if channels == 1:
        assert abs(int(found[0].max()) - 0.587 * 200) <= 1
        assert found[1].max() == 0
    np.testing.assert_array_equal(_records._in_channels(images, 1, False), images[..., :1])


def test_a_share_is_below_1_whatever_its_hash(monkeypatch):
    class Highest:
        def __init__(self, *given, **options):
            self.update = self.digest = lambda *given: b"\xff" * 8

    assert 0 <= _part._draws([1, "a", 1], 3, "salt").min() < 1
    monkeypatch.setattr(_part.hashlib, "blake2b", Highest)
    assert _part._draws([1], 3, "salt")[0] < 1
