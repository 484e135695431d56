import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_cv_extras import layers
from keras_cv_extras.layers.pooling._stochastic import _numbers

CLASSES = [layers.StochasticPooling1D, layers.StochasticPooling2D, layers.StochasticPooling3D]


def inputs(rank, channels=3, size=9, seed=0):
    """Positive inputs, no two equal, so that a value tells its cell."""
    shape = (2, *range(size, size - rank, -1), channels)
    values = np.random.default_rng(seed).permutation(np.prod(shape)) + 1
    return values.reshape(shape).astype("float32")


def test_frequencies_are_the_probabilities():
    window = np.array([1.0, 0.0, 3.0, 4.0], "float32")
    many = np.tile(window.reshape(1, 2, 2, 1), (8000, 1, 1, 1))
    drawn = np.asarray(layers.StochasticPooling2D(2, seed=1)(many, training=True)).ravel()
    found = [(drawn == value).sum() for value in (1, 3, 4)]
    assert sum(found) == 8000
    assert stats.chisquare(found, np.array([1, 3, 4]) * 1000).pvalue > 1e-3


def test_numbers_are_uniform_and_independent():
    calls = [np.ravel(_numbers(np.array([7, call], "uint32"), (50, 10, 20, 3))) for call in (0, 1)]
    assert min(map(np.min, calls)) >= 0
    assert max(map(np.max, calls)) < 1
    for numbers in calls:
        assert stats.kstest(numbers, "uniform").pvalue > 1e-3
    first, second = calls
    # Neighbours in a row, in a column, in the batch, and the next call.
    for a, b in (
        (first[1:], first[:-1]),
        (first[60:], first[:-60]),
        (first[600:], first[:-600]),
        (first, second),
    ):
        counts = np.histogram2d(a, b, bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(counts.ravel()).pvalue > 1e-3


@pytest.mark.wide_but("2-2", "2-3")
@pytest.mark.parametrize(("pool_size", "strides"), [(2, 2), (3, 2), (3, 1), (2, 3)])
def test_training_mean_is_the_inference_output(pool_size, strides):
    x = np.random.default_rng(2).random((1, 7, 7, 1)).astype("float32")
    layer = layers.StochasticPooling2D(pool_size, strides, seed=3)
    drawn = layer(np.repeat(x, 6000, axis=0), training=True)
    np.testing.assert_allclose(np.mean(drawn, axis=0), layer(x)[0], atol=0.03)


@pytest.mark.wide_but("StochasticPooling1D")
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("pool_size", "strides"),
    [(3, 2), (2, 3), *(pytest.param(*s, marks=pytest.mark.slow) for s in [(1, 1), (2, 2), (3, 1)])],
)
@pytest.mark.parametrize(
    "kind",
    [*CLASSES[:2], pytest.param(CLASSES[2], marks=pytest.mark.slow)],
    ids=lambda kind: kind.__name__,
)
def test_values_and_gradients_against_loops(kind, pool_size, strides, padding):
    if kind.rank == 3 and (padding == "valid" or strides not in (2, pool_size)):
        pytest.skip("volumes take seconds to compile: two settings are enough")
    x = inputs(kind.rank, size=6)
    layer = kind(pool_size, strides, padding, seed=4)
    with tf.GradientTape() as tape:
        values = tf.constant(x)
        tape.watch(values)
        y = layer(values, training=True)
    upstream = np.random.default_rng(5).normal(size=y.shape).astype("float32")
    gradient = np.asarray(tape.gradient(y, values, output_gradients=tf.constant(upstream)))
    average, wanted = np.asarray(layer(x)), np.zeros_like(x)
    y = np.asarray(y)
    assert y.shape == layer.compute_output_shape(x.shape)
    spatial = x.shape[1:-1]
    before = [
        max((-(-n // strides) - 1) * strides + pool_size - n, 0) // 2 * (padding == "same")
        for n in spatial
    ]
    for index in itertools.product(*map(range, y.shape[1:-1])):
        starts = [i * strides - b for i, b in zip(index, before, strict=True)]
        part = tuple(
            slice(max(s, 0), min(s + pool_size, n)) for s, n in zip(starts, spatial, strict=True)
        )
        for b, c in itertools.product(range(2), range(3)):
            window = x[(b, *part, c)].astype("float64")
            place = window == y[(b, *index, c)]
            assert place.sum() == 1
            wanted[(b, *part, c)] += place * upstream[(b, *index, c)]
            expected = (window**2).sum() / window.sum()
            np.testing.assert_allclose(average[(b, *index, c)], expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, wanted, atol=1e-5)


def test_windows_without_a_positive_cell():
    x = tf.constant([[0.0, 0.0], [0.0, 0.0]])[None, :, :, None]
    layer = layers.StochasticPooling2D(2, seed=0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    np.testing.assert_array_equal(np.ravel(tape.gradient(y, x)), [1, 0, 0, 0])
    assert float(y[0, 0, 0, 0]) == 0
    assert float(layer(x)[0, 0, 0, 0]) == 0
    negative = layer(x - 3)
    assert float(negative[0, 0, 0, 0]) == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
def test_half_precision(dtype):
    x = tf.constant(inputs(2, size=8) * 100)
    layer = layers.StochasticPooling2D(2, dtype=dtype)
    half = tf.cast(x, layer.compute_dtype)
    y = np.asarray(tf.cast(layer(half), "float32"))
    assert np.isfinite(y).all()
    wanted = layers.StochasticPooling2D(2)(tf.cast(half, "float32"))
    np.testing.assert_allclose(y, wanted, rtol=1e-2)
    assert layer(half, training=True).dtype == layer.compute_dtype


@pytest.mark.wide
def test_seeds_formats_and_compilation():
    x = inputs(2)
    first = layers.StochasticPooling2D(3, 2, "same", seed=7)
    again = layers.StochasticPooling2D.from_config(first.get_config())
    calls = [np.asarray(first(x, training=True)) for _ in range(2)]
    assert (calls[0] != calls[1]).any()
    np.testing.assert_array_equal(again(x, training=True), calls[0])
    third = layers.StochasticPooling2D(3, 2, "same", "channels_first", seed=7)
    found = np.moveaxis(np.asarray(third(np.moveaxis(x, -1, 1), training=True)), 1, -1)
    np.testing.assert_array_equal(found, calls[0])
    # The numbers are functions of the seed and of how often it was used, wherever they run.
    run = tf.function(lambda x: again(x, training=True), jit_compile=True)
    np.testing.assert_array_equal(run(x), calls[1])
    unknown = [tf.TensorSpec((None, None, None, 3))]
    run = tf.function(lambda x: first(x, training=True), input_signature=unknown)
    np.testing.assert_array_equal(run(x), again(x, training=True))
    assert np.asarray(run(x[:, 1:])).shape == again(x[:, 1:]).shape
