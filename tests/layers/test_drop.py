import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from scipy import stats

from keras_cv_extras.layers.parts._drop import DropBlock2D, DropPath, StochasticDepth


def arrays(*shape, seed=0, count=1):
    random = np.random.default_rng(seed)
    made = [random.uniform(0.5, 1.5, shape).astype("float32") for _ in range(count)]
    return made if count > 1 else made[0]


def test_stochastic_depth_adds_the_branch_as_often_as_asked():
    shortcut, residual = arrays(2, 3, count=2)
    layer = StochasticDepth(0.7, seed=1)
    with_branch = 0
    for _ in range(400):
        outputs = np.asarray(layer([shortcut, residual], training=True))
        expected = shortcut + residual if outputs[0, 0] > shortcut[0, 0] else shortcut
        np.testing.assert_allclose(outputs, expected, rtol=1e-6)
        with_branch += expected is not shortcut
    assert stats.binomtest(with_branch, 400, 0.7).pvalue > 1e-3


def test_stochastic_depth_at_inference_is_the_mean():
    shortcut, residual = arrays(2, 3, count=2)
    outputs = StochasticDepth(0.7)([shortcut, residual])
    np.testing.assert_allclose(outputs, shortcut + 0.7 * residual, rtol=1e-6)


def test_stochastic_depth_keeps_the_mask_of_the_shortcut():
    mask = np.array([[True, False]])
    pair = [arrays(1, 2, 3), arrays(1, 2, 3)]
    assert StochasticDepth().compute_mask(pair, [mask, None]) is mask
    assert StochasticDepth().compute_mask(pair) is None


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_stochastic_depth_at_its_limits(probability):
    shortcut, residual = arrays(2, 3, count=2)
    layer = StochasticDepth(probability)
    for training in (False, True):
        outputs = layer([shortcut, residual], training=training)
        np.testing.assert_array_equal(outputs, shortcut + probability * residual)


@pytest.mark.parametrize("inputs", [np.ones((2, 3)), [np.ones((2, 3))] * 3])
def test_stochastic_depth_wants_two_inputs(inputs):
    with pytest.raises(ValueError, match=r"\[shortcut, residual\]"):
        StochasticDepth()(inputs)


def test_drop_path_drops_samples_by_themselves_and_keeps_the_mean():
    x = arrays(8000, 2, 3)
    outputs = np.asarray(DropPath(0.3, seed=1)(x, training=True))
    dropped = np.all(outputs == 0, axis=(1, 2))
    np.testing.assert_allclose(outputs[~dropped], x[~dropped] / 0.7, rtol=1e-6)
    assert stats.binomtest(int(dropped.sum()), len(x), 0.3).pvalue > 1e-3
    # Neighbouring samples are independent: the four pairs of fates come as often as they should.
    pairs = np.bincount(2 * dropped[::2] + dropped[1::2], minlength=4)
    expected = np.array([0.49, 0.21, 0.21, 0.09]) * pairs.sum()
    assert stats.chisquare(pairs, expected).pvalue > 1e-3


def test_drop_path_at_its_limits():
    x = arrays(4, 3)
    np.testing.assert_array_equal(DropPath(0.0)(x, training=True), x)
    np.testing.assert_array_equal(DropPath(1.0)(x, training=True), 0 * x)


def test_drop_path_gradient_is_the_mask():
    x = tf.constant(arrays(20, 3))
    layer = DropPath(0.5, seed=2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
    gradient = tape.gradient(outputs, x)
    np.testing.assert_allclose(gradient, 2.0 * (np.asarray(outputs) != 0))


@pytest.mark.parametrize("layer", [DropPath(0.4), DropBlock2D(0.4, 3)])
def test_identity_at_inference(layer):
    x = arrays(2, 5, 6, 3)
    np.testing.assert_array_equal(layer(x), x)


def share_of_dropped(rate, block, height, width):
    """The chance of every cell to be dropped, from the chance of no block that covers it."""
    positions = (height - block[0] + 1) * (width - block[1] + 1)
    gamma = rate * height * width / (block[0] * block[1]) / positions
    covering = np.zeros((height, width))
    for y, x in itertools.product(range(height - block[0] + 1), range(width - block[1] + 1)):
        covering[y : y + block[0], x : x + block[1]] += 1
    return 1 - (1 - gamma) ** covering


@pytest.mark.parametrize(
    ("rate", "block", "size"),
    [(0.2, 3, (6, 7)), (0.4, (2, 5), (8, 5)), (0.3, 4, (4, 4)), (0.25, 1, (3, 5))],
)
def test_drop_block_drops_each_cell_as_often_as_the_paper_says(rate, block, size):
    outputs = np.asarray(DropBlock2D(rate, block, seed=1)(np.ones((500, *size, 8)), training=True))
    dropped = np.mean(outputs == 0, axis=(0, 3))
    expected = share_of_dropped(rate, (block, block) if block in range(9) else block, *size)
    np.testing.assert_allclose(dropped, expected, atol=5 * np.sqrt(0.25 / 4000))
    np.testing.assert_allclose(outputs.mean(), 1.0, rtol=1e-5)


def test_drop_block_drops_whole_blocks():
    x = np.ones((40, 9, 8, 4), "float32")
    kept = np.asarray(DropBlock2D(0.1, (3, 2), seed=3)(x, training=True)) != 0
    assert 0 < kept.mean() < 1
    # A cell is dropped if and only if a block of dropped cells that lies in the map covers it.
    covered = np.zeros_like(kept)
    for top, left in itertools.product(range(7), range(7)):
        whole = ~np.any(kept[:, top : top + 3, left : left + 2], axis=(1, 2), keepdims=True)
        covered[:, top : top + 3, left : left + 2] |= whole
    np.testing.assert_array_equal(~kept, covered)
    assert np.any(kept[0] != kept[1])
    assert np.any(kept[..., 0] != kept[..., 1])


def test_drop_block_scales_what_stays_and_its_gradient():
    x = tf.constant(arrays(6, 8, 8, 2))
    layer = DropBlock2D(0.2, 3, seed=1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
    kept = np.asarray(outputs) != 0
    np.testing.assert_allclose(outputs, np.asarray(x) * kept / kept.mean(), rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(outputs, x), kept / kept.mean(), rtol=1e-5)


def test_drop_block_that_drops_everything_gives_zeros_and_finite_gradients():
    x = tf.constant(arrays(2, 4, 4, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = DropBlock2D(1.0, 4)(x, training=True)
    np.testing.assert_array_equal(outputs, 0)
    np.testing.assert_array_equal(tape.gradient(outputs, x), 0)


def test_drop_block_channels_first():
    x = arrays(3, 6, 5, 4)
    last = DropBlock2D(0.3, 2, data_format="channels_last", seed=4)(x, training=True)
    layer = DropBlock2D(0.3, 2, data_format="channels_first", seed=4)
    first = layer(np.moveaxis(x, -1, 1), training=True)
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)


@pytest.mark.wide_but("False")
@pytest.mark.parametrize("compiled", [False, True])
def test_drop_block_of_any_size(compiled):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, DropBlock2D(0.3, 4, seed=1)(inputs))
    spec = tf.TensorSpec((None, None, None, 3))
    call = tf.function(
        lambda x: model(x, training=True), input_signature=[spec], jit_compile=compiled
    )
    # A map that is smaller than a block is dropped as a whole.
    outputs = call(np.ones((200, 2, 3, 3))).numpy().reshape(200, 6, 3)
    np.testing.assert_array_equal(outputs.min(1), outputs.max(1))
    assert stats.binomtest(int((outputs[:, 0] == 0).sum()), 600, 0.3).pvalue > 1e-3
    outputs = call(np.ones((500, 5, 7, 3))).numpy()
    expected = share_of_dropped(0.3, (4, 4), 5, 7)
    np.testing.assert_allclose(np.mean(outputs == 0, axis=(0, 3)), expected, atol=0.07)


def test_drop_block_larger_than_the_map_is_an_error():
    with pytest.raises(ValueError, match=r"block_size must not exceed.*\(7, 7\).*\(8, 6\)"):
        DropBlock2D(0.1, 7)(keras.Input((8, 6, 3)))
    layer = DropBlock2D(0.1, 3)
    layer(np.ones((1, 4, 4, 1)))
    with pytest.raises(ValueError, match="block_size must not exceed"):
        layer(np.ones((1, 2, 4, 1)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: StochasticDepth(1.5),
        lambda: DropPath(-0.1),
        lambda: DropBlock2D(2, 3),
        lambda: DropBlock2D(0.1, 0),
        lambda: DropBlock2D(0.1, (3, 3, 3)),
        lambda: DropBlock2D(0.1, 3, data_format="last"),
    ],
)
def test_wrong_arguments(make):
    with pytest.raises(ValueError, match=r"survival_probability|rate|block_size|data_format"):
        make()


def test_the_same_draws_for_a_seed():
    x = ops.ones((16, 6, 6, 2))
    for make in (lambda s: DropPath(0.5, seed=s), lambda s: DropBlock2D(0.2, 2, seed=s)):
        first, second = make(3), make(3)
        drawn = [np.asarray(first(x, training=True)) for _ in range(2)]
        assert np.any(drawn[0] != drawn[1])
        np.testing.assert_array_equal(second(x, training=True), drawn[0])
        assert np.any(np.asarray(make(4)(x, training=True)) != drawn[0])
