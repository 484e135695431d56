"""Pooling that draws, pooling over all places, pyramids, and wrong arguments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers


def inputs(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def averaged(layer, x, draws):
    """The mean of many calls in training, each with draws of its own."""
    step = tf.function(lambda x: layer(x, training=True), autograph=False)
    return np.mean([step(x) for _ in range(draws)], axis=0)


@pytest.mark.wide_but("valid-8")
@pytest.mark.parametrize(("padding", "size"), [("valid", 8), ("same", 7), ("same", 8)])
def test_s3_draws_average_to_its_inference(padding, size):
    x = inputs(2, size, size, 2)
    layer = layers.S3Pooling2D(2, 2, padding, seed=1)
    np.testing.assert_allclose(averaged(layer, x, 600), layer(x), atol=0.2)
    # Rows and columns are drawn whole: what one channel keeps, all keep.
    dense = np.asarray(keras.layers.MaxPooling2D(2, 1, padding)(x))
    drawn = np.asarray(layer(x, training=True))
    for i in range(drawn.shape[1]):
        rows = [
            row
            for row in range(2 * i, min(2 * i + 2, dense.shape[1]))
            if np.isin(drawn[:, i], dense[:, row]).all()
        ]
        assert len(rows) >= 1


def test_s3_inference_is_the_average_of_blocks():
    x = inputs(1, 5, 1)
    wanted = np.maximum(x[:, :4], x[:, 1:])
    np.testing.assert_allclose(
        layers.S3Pooling1D(2, 3)(x)[0, :, 0], [wanted[0, :3].mean(), wanted[0, 3].mean()], rtol=1e-6
    )


def test_mixed_draws_average_to_its_inference():
    x = inputs(1, 6, 6, 2)
    layer = layers.MixedPooling2D(2, share=0.3, mixing="random", seed=1)
    np.testing.assert_allclose(averaged(layer, x, 500), layer(x), atol=0.15)
    drawn = np.asarray(layer(np.repeat(x, 50, axis=0), training=True))
    highest = np.asarray(keras.layers.MaxPooling2D(2)(x))
    assert 0.25 < np.mean(np.isclose(drawn, highest)) < 0.35


@pytest.mark.wide
def test_learned_shares_stay_in_their_interval():
    layer = layers.MixedPooling1D(2, mixing="channel")
    x = inputs(2, 6, 3)
    layer(x)
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.SGD(100.0), "mse")
    model.fit(x, 10 * np.ones((2, 3, 3)), verbose=0)
    np.testing.assert_array_equal(layer.shares, np.ones(3))
    layer = layers.GeneralizedMeanPooling1D(2, p=1.0)
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.SGD(1e3), "mse")
    model.fit(np.abs(x), np.zeros((2, 3, 3)), verbose=0)
    assert float(layer.exponent) == pytest.approx(0.01)


def fractional_by_loops(x, rows, columns, overlapping):
    """Maxima of the windows between edges."""
    parts = []
    for top, bottom in zip(rows[:-1], rows[1:], strict=True):
        for left, right in zip(columns[:-1], columns[1:], strict=True):
            window = x[:, top : bottom + overlapping, left : right + overlapping]
            parts.append(window.max(axis=(1, 2)))
    return np.stack(parts, axis=1).reshape(len(x), len(rows) - 1, len(columns) - 1, -1)


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("pseudo_random", [False, True])
def test_fractional_windows(pseudo_random, overlapping):
    x = inputs(2, 17, 10, 3)
    layer = layers.FractionalMaxPooling2D(
        (1.44, 2.6), pseudo_random, overlapping, seed=2, dtype="float32"
    )
    seen = set()
    for _ in range(8):
        # The layer draws rows first, then columns; the same draws are seen by a twin.
        twin = layers.FractionalMaxPooling2D.from_config(layer.get_config())
        twin.seed_generator.state.assign(layer.seed_generator.state)
        rows = np.asarray(twin._edges(17, 1.44, True)[0])
        columns = np.asarray(twin._edges(10, 2.6, True)[0])
        for edges, size, count in ((rows, 17, 11), (columns, 10, 3)):
            assert len(edges) == count + 1
            assert edges[0] == 0
            assert edges[-1] == size
            assert set(np.diff(edges)) <= {size // count, size // count + 1}
        found = layer(x, training=True)
        wanted = fractional_by_loops(x, rows, columns, overlapping)
        np.testing.assert_array_equal(found, wanted)
        seen.add((*rows, *columns))
    assert len(seen) > 3
    np.testing.assert_array_equal(layer(x), layer(x))


@pytest.mark.parametrize(
    ("kind", "name", "bounds"),
    [
        ("MixedPooling2D", "shares", [0.0, 1.0]),
        ("GlobalMixedPooling2D", "shares", [0.0, 1.0]),
        ("GeneralizedMeanPooling2D", "exponent", [0.01, 9.0]),
        ("GlobalGeneralizedMeanPooling2D", "exponent", [0.01, 9.0]),
    ],
)
def test_what_is_learned_is_brought_back_between_its_bounds(kind, name, bounds):
    layer = getattr(layers, kind)()
    layer.build((None, 4, 4, 2))
    values = tf.constant([-9.0, 9.0])
    np.testing.assert_allclose(getattr(layer, name).constraint(values), bounds)


def test_fractional_windows_of_unknown_sizes_leave_no_cell_out():
    x = np.arange(49, dtype="float32").reshape(1, 7, 7, 1)  # the last cell of a window is largest
    layer = layers.FractionalMaxPooling2D(1.9)  # 3 windows, of 2 and 3 cells
    shape = tf.TensorSpec((None, None, None, 1))
    run = tf.function(layer, input_signature=[shape], autograph=False)
    np.testing.assert_array_equal(run(x), layer(x))


@pytest.mark.wide
def test_fractional_counts_as_tensorflow_does_and_takes_unknown_sizes():
    x = inputs(1, 13, 9, 1)
    for ratio in (1.0, 1.3, 2.0, 2.7, 4.0):
        layer = layers.FractionalMaxPooling2D(ratio)
        wanted = tf.nn.fractional_max_pool(x, [1, ratio, ratio, 1], True, seed=1)[0]
        assert layer(x).shape == wanted.shape
        run = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 1))])
        np.testing.assert_array_equal(run(x), layer(x))
    np.testing.assert_array_equal(layers.FractionalMaxPooling2D(1.0)(x), x)
    with pytest.raises(ValueError, match="pool_ratio must not exceed the size of an axis"):
        layers.FractionalMaxPooling2D(10.0)(x)
    with pytest.raises(ValueError, match=r"pool_ratio must lie in \[1, inf\]"):
        layers.FractionalMaxPooling2D(0.5)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_pyramids_of_any_size_crop_nothing(pooling):
    layer = layers.SpatialPyramidPooling2D((1, 2, (3, 4)), pooling)
    reduce = np.max if pooling == "max" else np.mean
    run = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 2))])
    for height, width in ((1, 1), (2, 5), (7, 9), (12, 8)):
        x = inputs(2, height, width, 2)
        parts = []
        for rows, columns in ((1, 1), (2, 2), (3, 4)):
            for i, j in np.ndindex(rows, columns):
                top, left = i * height // rows, j * width // columns
                bottom = int(np.ceil((i + 1) * height / rows))
                right = int(np.ceil((j + 1) * width / columns))
                parts.append(reduce(x[:, top:bottom, left:right], axis=(1, 2)))
        wanted = np.stack(parts, axis=1)
        np.testing.assert_allclose(layer(x), wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(run(x), wanted, rtol=1e-5, atol=1e-6)
        assert layer.compute_output_shape(x.shape) == wanted.shape == (2, 17, 2)
    with pytest.raises(TypeError, match="bins must list at least one level, received 3"):
        layers.SpatialPyramidPooling2D(3)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_global_values_and_limits(rank):
    x = inputs(3, *(5, 4, 3)[:rank], 2).astype("float64")
    axes = tuple(range(1, rank + 1))
    positive = np.maximum(x, 1e-6)
    make = lambda kind, **k: getattr(layers, f"Global{kind}Pooling{rank}D")(**k)  # noqa: E731
    attention = make("Attention", units=3)
    attention(x)
    attention.scores.assign(inputs(3, 1, seed=4))
    scores = np.tanh(x @ np.asarray(attention.projection, "float64")) @ np.asarray(attention.scores)
    weights = np.exp(scores) / np.exp(scores).sum(axes, keepdims=True)
    for layer, wanted, tolerance in (
        (make("GeneralizedMean", p=3.0), (positive**3).mean(axes) ** (1 / 3), 1e-5),
        (make("GeneralizedMean", p=1.0), positive.mean(axes), 1e-5),
        (make("GeneralizedMean", p=1e4), positive.max(axes), 2e-3),
        (make("LogSumExp", r=2.0), np.log(np.exp(2 * x).mean(axes)) / 2, 1e-5),
        (make("LogSumExp", r=1e-6), x.mean(axes), 1e-4),
        (make("LogSumExp", r=1e5), x.max(axes), 1e-3),
        (make("Mixed", share=0.25), 0.25 * x.max(axes) + 0.75 * x.mean(axes), 1e-5),
        (make("Attention", units=2), x.mean(axes), 1e-5),
        (attention, (weights * x).sum(axes), 1e-5),
        (make("Average"), x.mean(axes), 1e-5),
        (make("Max"), x.max(axes), 1e-6),
    ):
        np.testing.assert_allclose(
            layer(x.astype("float32")), wanted, rtol=tolerance, atol=tolerance
        )


def test_attention_leaves_masked_places_out():
    x = inputs(2, 6, 3)
    layer = layers.GlobalAttentionPooling1D(units=4)
    layer(x)
    layer.scores.assign(inputs(4, 1, seed=2))
    mask = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]], bool)
    found = layer(x, mask=mask)
    np.testing.assert_allclose(found[0], layer(x[:1, :3])[0], rtol=1e-5)
    np.testing.assert_allclose(found[1], layer(x[1:])[0], rtol=1e-5)
    assert np.all(np.isfinite(layer(x, mask=np.zeros((2, 6), bool))))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.GeneralizedMeanPooling2D(p=0.0), ValueError, "p must be above 0"),
        (lambda: layers.GeneralizedMeanPooling2D(p=1e-3), ValueError, "p must be at least 0.01"),
        (lambda: layers.GeneralizedMeanPooling2D(epsilon=0), ValueError, "epsilon must be above"),
        (lambda: layers.GeneralizedMeanPooling2D(learnable=1), TypeError, "learnable must be True"),
        (lambda: layers.LPPooling1D(p=0.5), ValueError, "p must be at least 1, received 0.5"),
        (lambda: layers.MixedPooling2D(share=2), ValueError, r"share must be in \[0, 1\]"),
        (lambda: layers.MixedPooling2D(mixing="net"), ValueError, "mixing must be one of 'fixed'"),
        (lambda: layers.SoftPooling2D(padding="full"), ValueError, "padding must be one of"),
        (lambda: layers.SoftPooling2D((2, 2, 2)), ValueError, "pool_size must be a positive"),
        (lambda: layers.GlobalLogSumExpPooling2D(r=0), ValueError, "r must be above 0"),
        (lambda: layers.GlobalAttentionPooling2D(units=0), ValueError, "units must be at least 1"),
        (lambda: layers.GlobalMixedPooling1D(keepdims=0), TypeError, "keepdims must be True"),
        (lambda: layers.SpatialPyramidPooling2D(pooling="min"), ValueError, "pooling must be one"),
        (
            lambda: layers.MixedPooling2D(mixing="channel").build((None, 4, 4, None)),
            ValueError,
            "number of channels must be known",
        ),
        (lambda: layers.SoftPooling2D(5)(inputs(1, 4, 9, 1)), ValueError, "a window of 5 does not"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()
