"""Pooling over windows against loops in NumPy, its limits, extremes and gradients."""

import itertools
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from keras_cv_extras import layers

WINDOWS = [(1, 1), (2, 2), (3, 2), (3, 1), (2, 3)]
PADDINGS = ["valid", "same"]


def inputs(rank=2, size=7, seed=0, channels=2):
    shape = (2, *range(size, size - rank, -1), channels)
    return np.random.default_rng(seed).normal(size=shape)


def begin(size, window, step, padding):
    """Returns where the first window of an axis begins, as TensorFlow pads."""
    missing = (-(-size // step) - 1) * step + window - size
    return -(max(missing, 0) // 2) if padding == "same" else 0


def by_loops(reduce, x, window, step, padding, shape):
    """Reduces every window of every channel with a function of its cells, and of their places."""
    y = np.zeros(shape)
    sizes = x.shape[1:-1]
    starts = [begin(size, window, step, padding) for size in sizes]
    for place in itertools.product(*map(range, shape[1:-1])):
        corner = [i * step + start for i, start in zip(place, starts, strict=True)]
        cells = []
        for offset in itertools.product(range(window), repeat=len(sizes)):
            at = tuple(c + o for c, o in zip(corner, offset, strict=True))
            if all(0 <= a < size for a, size in zip(at, sizes, strict=True)):
                cells.append((offset, at))
        for b, c in itertools.product(range(shape[0]), range(shape[-1])):
            values = np.array([x[(b, *at, c)] for _, at in cells])
            y[(b, *place, c)] = reduce(values, [offset for offset, _ in cells])
    return y


def gem(values, _, p=2.5):
    return np.mean(np.maximum(values, 1e-6) ** p) ** (1 / p)


def soft(values, _):
    return np.sum(np.exp(values) * values) / np.sum(np.exp(values))


REDUCTIONS = {
    "GeneralizedMeanPooling": ({"p": 2.5}, gem),
    "LPPooling": ({"p": 3.0}, lambda v, _: np.sum(np.abs(v) ** 3) ** (1 / 3)),
    "SoftPooling": ({}, soft),
    "MixedPooling": ({"share": 0.3}, lambda v, _: 0.3 * v.max() + 0.7 * v.mean()),
}


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(("window", "step"), WINDOWS)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_values_against_loops(name, window, step, padding):
    options, reduce = REDUCTIONS[name]
    for rank in (1, 2, 3) if (window, step) == (3, 2) else (2,):
        x = inputs(rank, size=6)
        layer = getattr(layers, f"{name}{rank}D")(window, step, padding, **options)
        found = np.asarray(layer(x.astype("float32")))
        wanted = by_loops(reduce, x, window, step, padding, found.shape)
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("padding", PADDINGS)
def test_gated_against_loops(padding, per_channel):
    x = inputs()
    layer = layers.GatedPooling2D(
        3, 2, padding, per_channel=per_channel, initializer="glorot_uniform"
    )
    found = np.asarray(layer(x.astype("float32")))
    mask = np.asarray(layer.mask, "float64")
    for c in range(2):

        def reduce(values, offsets, c=c):
            score = sum(
                mask[(*offset, c * per_channel)] * value
                for value, offset in zip(values, offsets, strict=True)
            )
            gate = 1 / (1 + np.exp(-score))
            return gate * values.max() + (1 - gate) * values.mean()

        one = found[..., c : c + 1]
        wanted = by_loops(reduce, x[..., c : c + 1], 3, 2, padding, one.shape)
        np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-6)


def blurred(x, taps, sizes, step, start):
    """SciPy's mirrored correlation along the two spatial axes, sampled."""
    weights = np.poly1d([0.5, 0.5]) ** (taps - 1)
    for axis, size in ((1, sizes[0]), (2, sizes[1])):
        # SciPy's filter is centred at cell taps // 2; ours begins at `start` for output 0.
        x = np.pad(x, [(0, 0)] * axis + [(8, 8)] + [(0, 0)] * (3 - axis), mode="reflect")
        x = ndimage.correlate1d(x, weights.coeffs, axis=axis)
        places = 8 + start[axis - 1] + taps // 2 + step * np.arange(size)
        x = np.take(x, places, axis=axis)
    return x


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(
    ("window", "step", "taps"), [(2, 2, 3), (3, 2, 3), (2, 1, 2), (2, 2, 5), (1, 2, 4)]
)
def test_blurs_against_scipy(window, step, taps, padding):
    x = inputs(size=11)
    layer = layers.BlurPooling2D(window, step, padding, filter_size=taps)
    found = np.asarray(layer(x.astype("float32")))
    before = -(-(taps - window) // 2)
    start = [begin(size, window, step, padding) - before for size in x.shape[1:3]]
    wanted = blurred(x, taps, found.shape[1:3], step, start)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    layer = layers.MaxBlurPooling2D(window, step, padding, filter_size=taps)
    found = np.asarray(layer(x.astype("float32")))
    dense = np.asarray(tf.nn.max_pool2d(x, window, 1, padding.upper()))
    wanted = blurred(dense, taps, found.shape[1:3], step, [-((taps - 1) // 2)] * 2)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_blurs_step_along_each_axis_by_itself():
    x = inputs(size=9).astype("float32")
    for kind in (layers.BlurPooling2D, layers.MaxBlurPooling2D):
        every = kind(2, strides=1)(x)
        np.testing.assert_allclose(kind(2, strides=(2, 1))(x), every[:, ::2], rtol=1e-5)


def test_blurs_keep_constants_and_small_maps():
    for rank, sizes in itertools.product((1, 2, 3), ((1,), (2,), (5,))):
        x = np.full((1, *sizes * rank, 1), 3.0, "float32")
        for kind in ("BlurPooling", "MaxBlurPooling"):
            layer = getattr(layers, f"{kind}{rank}D")(2, padding="same")
            np.testing.assert_allclose(layer(x), np.full(layer(x).shape, 3.0), rtol=1e-6)
    with pytest.raises(ValueError, match=r"filter_size must be at least pool_size.*\(2, 2\)"):
        layers.BlurPooling2D(3, filter_size=2)


def test_max_blur_hardly_changes_when_its_input_shifts():
    x = inputs(size=33, seed=3, channels=1).astype("float32")
    a, b = x[:, :-1], x[:, 1:]

    def change(layer):
        return float(np.abs(np.asarray(layer(a)) - np.asarray(layer(b))).mean())

    plain = change(keras.layers.MaxPooling2D(2, padding="same"))
    assert change(layers.MaxBlurPooling2D(2, padding="same")) < 0.8 * plain


def test_limits_are_max_and_average():
    x = np.abs(inputs()).astype("float32") + 0.1
    highest = keras.layers.MaxPooling2D(3, 2, "same")(x)
    average = keras.layers.AveragePooling2D(3, 2, "same")(x)
    for layer, wanted, tolerance in (
        (layers.GeneralizedMeanPooling2D(3, 2, "same", p=1.0), average, 1e-5),
        (layers.GeneralizedMeanPooling2D(3, 2, "same", p=2e4), highest, 1e-3),
        (layers.LPPooling2D(3, 2, "same", p=1e4), highest, 1e-3),
        (layers.MixedPooling2D(3, 2, "same", share=1.0), highest, 1e-6),
        (layers.MixedPooling2D(3, 2, "same", share=0.0), average, 1e-6),
        (layers.GatedPooling2D(3, 2, "same"), (highest + average) / 2, 1e-5),
    ):
        np.testing.assert_allclose(layer(x), wanted, rtol=tolerance)
    np.testing.assert_allclose(layers.SoftPooling2D(3, 2, "same")(x * 1e4), highest * 1e4)
    small = layers.SoftPooling2D(3, 2, "same")(x * 1e-4)
    np.testing.assert_allclose(small, average * 1e-4, rtol=1e-3)


STABLE = [
    "BlurPooling2D",
    "FractionalMaxPooling2D",
    "GatedPooling2D",
    "GeneralizedMeanPooling2D",
    "GlobalAttentionPooling2D",
    "GlobalGeneralizedMeanPooling2D",
    "GlobalLogSumExpPooling2D",
    "GlobalMixedPooling2D",
    "LPPooling2D",
    "MaxBlurPooling2D",
    "MixedPooling2D",
    "S3Pooling2D",
    "SoftPooling2D",
    "SpatialPyramidPooling2D",
    "StochasticPooling2D",
]


@pytest.mark.parametrize("name", STABLE)
def test_zeros_negative_and_extreme_inputs(name):
    layer = getattr(layers, name)()
    for scale in (0.0, -1.0, 1e-30, 1e30, -1e30):
        x = tf.constant(np.abs(inputs(size=4)) * scale, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        slope = tape.gradient(y, [x, *layer.trainable_weights])
        assert np.all(np.isfinite(y)), scale
        assert np.all(np.isfinite(slope[0])), scale
        # An LP norm sums cells; no other exceeds the largest.
        assert np.max(np.abs(y)) <= max(4 * np.max(np.abs(x)), 2e-6)


def slope_error(layer, x, seed=1):
    """The relative difference of the gradient along a direction and of a central difference."""
    generator = np.random.default_rng(seed)
    values = [tf.Variable(x), *layer.trainable_weights]
    weight = generator.normal(size=layer(x).shape)

    def total():
        return tf.reduce_sum(layer(values[0]) * weight)

    with tf.GradientTape() as tape:
        tape.watch(values[0])
        result = total()
    slopes = tape.gradient(result, values)
    errors = []
    for value, slope in zip(values, slopes, strict=True):
        direction = generator.normal(size=value.shape)
        old = np.asarray(value)
        results = []
        for sign in (1, -1):
            value.assign(old + sign * 1e-6 * direction)
            results.append(float(total()))
        value.assign(old)
        found, wanted = np.sum(slope * direction), (results[0] - results[1]) / 2e-6
        errors.append(abs(found - wanted) / max(abs(wanted), 1e-3))
    return max(errors)


SLOPES = {
    "BlurPooling2D": {},
    "FractionalMaxPooling2D": {"overlapping": True},
    "GatedPooling2D": {"initializer": "glorot_uniform", "per_channel": True},
    "GeneralizedMeanPooling2D": {"per_channel": True},
    "GlobalAttentionPooling2D": {"gated": True, "units": 3},
    "GlobalGeneralizedMeanPooling2D": {},
    "GlobalLogSumExpPooling2D": {"r": 2.0},
    "GlobalMixedPooling2D": {"mixing": "channel"},
    "LPPooling2D": {"p": 2.5},
    "MaxBlurPooling2D": {},
    "MixedPooling2D": {"mixing": "channel"},
    "S3Pooling2D": {},
    "SoftPooling2D": {},
    "SpatialPyramidPooling2D": {"pooling": "average"},
    "StochasticPooling2D": {},
}


@pytest.mark.parametrize("name", SLOPES)
def test_gradients_by_finite_differences(name):
    windows = {"pool_size": 3, "strides": 2, "padding": "same"}
    kind = getattr(layers, name)
    options = dict(SLOPES[name])
    if issubclass(kind, layers.SoftPooling2D.__mro__[2]):
        options |= windows
    layer = kind(dtype="float64", **options)
    x = inputs(size=6) + (1.5 if "Mean" in name or "Stochastic" in name else 0.0)
    layer(x)
    if name == "GlobalAttentionPooling2D":
        layer.scores.assign(np.random.default_rng(2).normal(size=(3, 1)))
    assert slope_error(layer, x) < 1e-4


def test_positions_and_their_inverse():
    x = inputs(size=9).astype("float32")
    for window, step, padding in itertools.product((2, 3), (2, 3), PADDINGS):
        y, positions = layers.MaxPoolingWithPositions2D(window, step, padding)(x)
        wanted, places = tf.nn.max_pool_with_argmax(x, window, step, padding.upper())
        np.testing.assert_array_equal(y, wanted)
        np.testing.assert_array_equal(positions, places)
        if window > step:
            continue
        restored = np.asarray(layers.MaxUnpooling2D(window, step, padding)([y, positions, x]))
        assert restored.shape == x.shape
        kept = restored != 0
        assert kept.sum() == np.size(y)
        np.testing.assert_array_equal(restored[kept], x[kept])
        # The adjoint of pooling: the same map that the gradient of the maxima has.
        with tf.GradientTape() as tape:
            values = tf.constant(x)
            tape.watch(values)
            found, _ = layers.MaxPoolingWithPositions2D(window, step, padding)(values)
        slope = tape.gradient(found, values, output_gradients=y)
        np.testing.assert_array_equal(slope, restored)


def test_unpooling_sizes_overlaps_and_strangers():
    y = np.ones((1, 2, 2, 1), "float32")
    positions = np.array([0, 0, 5, 99], "int32").reshape(1, 2, 2, 1)
    layer = layers.MaxUnpooling2D(2)
    found = np.asarray(layer([y, positions]))
    assert found.shape == (1, 4, 4, 1) == layer.compute_output_shape([y.shape, y.shape])
    # Cells that meet are added; a position outside of the map is left out.
    assert found.ravel()[0] == 2
    assert found.ravel()[5] == 1
    assert found.sum() == 3
    assert layers.MaxUnpooling2D(3, 2)([y, positions]).shape == (1, 5, 5, 1)
    assert layers.MaxUnpooling2D(3, 2, "same")([y, positions]).shape == (1, 4, 4, 1)
    with pytest.raises(ValueError, match="inputs must be a list of the pooled cells"):
        layer(y)
    cells = np.full((1, 2, 2, 1), -np.inf, "float32")
    _, positions = layers.MaxPoolingWithPositions2D(3, 2, "same")(cells)
    assert np.ravel(positions)[0] == 0


def test_overlapping_is_keras_pooling_and_checks_its_windows():
    for rank, kind in itertools.product((1, 2, 3), ("Max", "Average")):
        x = inputs(rank, size=9).astype("float32")
        layer = getattr(layers, f"Overlapping{kind}Pooling{rank}D")()
        np.testing.assert_array_equal(
            layer(x), getattr(keras.layers, f"{kind}Pooling{rank}D")(3, 2)(x)
        )
    with pytest.raises(ValueError, match=r"strides must be smaller than pool_size.*\(1, 2\)"):
        layers.OverlappingMaxPooling2D(2, strides=(1, 2))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_classes_of_a_layer(rank):
    """They are as if written out: registered, pickled, documented, each by its own name."""
    for name in ("BlurPooling", "GlobalMixedPooling", "OverlappingMaxPooling"):
        cls = getattr(layers, f"{name}{rank}D")
        assert keras.saving.get_registered_name(cls) == f"keras_cv_extras>{name}{rank}D"
        assert pickle.loads(pickle.dumps(cls)) is cls
        assert f">>> y = {name}{rank}D(" in cls.__doc__
        assert cls.__doc__.splitlines()[0] == cls.__bases__[0].__doc__.splitlines()[0]

    class Own(layers.BlurPooling2D):
        """A user's."""

    assert Own.rank == 2
    assert Own.__doc__ == "A user's."
    assert "Own" not in keras.saving.get_registered_name(layers.BlurPooling2D)
