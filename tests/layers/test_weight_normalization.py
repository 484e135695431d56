import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.layers.parts._weight_normalization import WeightNormalization

LAYERS = {
    "Dense": (lambda **k: keras.layers.Dense(5, **k), (6, 4)),
    "Dense of a map": (lambda **k: keras.layers.Dense(5, **k), (6, 3, 2, 4)),
    "Conv1D": (lambda **k: keras.layers.Conv1D(5, 3, **k), (6, 7, 4)),
    "Conv2D": (lambda **k: keras.layers.Conv2D(5, 3, **k), (6, 7, 6, 4)),
    "Conv3D": (lambda **k: keras.layers.Conv3D(5, 2, **k), (6, 4, 4, 3, 2)),
    "Conv2DTranspose": (
        lambda **k: keras.layers.Conv2DTranspose(5, 3, strides=2, **k),
        (6, 4, 4, 3),
    ),
    "DepthwiseConv2D": (
        lambda **k: keras.layers.DepthwiseConv2D(3, depth_multiplier=2, **k),
        (6, 5, 5, 3),
    ),
    "grouped": (lambda **k: keras.layers.Conv2D(6, 3, groups=2, **k), (6, 5, 5, 4)),
}


@pytest.fixture(params=LAYERS)
def case(request):
    return LAYERS[request.param]


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def norm_of(kernel, output_axes):
    axes = tuple(axis for axis in range(kernel.ndim) if axis not in output_axes)
    return np.sqrt(np.sum(np.float64(kernel) ** 2, axis=axes, keepdims=True))


def output_axes(layer):
    rank = len(layer.kernel.shape)
    if "Depthwise" in type(layer).__name__:
        return rank - 2, rank - 1
    return (rank - 2,) if "Transpose" in type(layer).__name__ else (rank - 1,)


def test_wrapped_and_bare_layers_start_equal(case):
    make, shape = case
    x = normal(shape)
    layer = make(activation="tanh")
    expected = layer(x)
    np.testing.assert_allclose(WeightNormalization(layer)(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["SimpleRNN", pytest.param("LSTM", marks=pytest.mark.wide)])
@pytest.mark.parametrize("data_init", [True, False])
def test_recurrent_kernels_are_normalised(kind, data_init):
    layer = getattr(keras.layers, kind)(3)
    x = normal((2, 5, 4))
    expected = layer(x)
    wrapped = WeightNormalization(layer, data_init)
    np.testing.assert_allclose(wrapped(x, training=True), expected, rtol=1e-5, atol=1e-6)
    assert [weight.name for weight in wrapped.trainable_weights] == [
        "g", "kernel", "recurrent_kernel", "bias",
    ]  # fmt: skip
    kernel = np.asarray(layer.cell.recurrent_kernel)
    wrapped.g.assign(2 * wrapped.g)
    outputs = wrapped(x)
    assert wrapped.remove() is layer
    np.testing.assert_allclose(layer.cell.recurrent_kernel, 2 * kernel, rtol=1e-5)
    np.testing.assert_allclose(layer(x), outputs, rtol=1e-5, atol=1e-6)


def recurrent(kind="LSTM", **options):
    """Returns a bare layer and one that is wrapped, with the same weights and seeds."""
    bare, layer = (getattr(keras.layers, kind)(3, seed=7, **options) for _ in range(2))
    wrapped = WeightNormalization(layer)
    batch = 2 if options.get("stateful") else None
    for each in (bare, wrapped):
        each.build((batch, 5, 4))
    layer.set_weights(bare.get_weights())
    wrapped.g.assign(wrapped._norm()[0])
    return bare, wrapped


def same(outputs, expected):
    keras.tree.map_structure(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6),
        outputs,
        expected,
    )


@pytest.mark.parametrize("rates", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
@pytest.mark.parametrize("kind", ["LSTM", pytest.param("GRU", marks=pytest.mark.wide)])
def test_every_call_of_a_recurrent_layer_drops_others(kind, rates):
    bare, wrapped = recurrent(kind, **rates)
    x = normal((2, 5, 4))
    first, second = (wrapped(x, training=True) for _ in range(2))
    assert np.any(np.abs(first - second) > 1e-3)
    same((first, second), tuple(bare(x, training=True) for _ in range(2)))
    (state,) = (v for v in wrapped.non_trainable_variables if "seed" in v.name)
    before = np.array(state)
    values = wrapped.trainable_variables, wrapped.non_trainable_variables
    _, (after,) = wrapped.stateless_call(*values, x, training=True)
    assert np.any(after != before)
    np.testing.assert_array_equal(state, before)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("return_state", [False, True])
def test_masks_and_states_of_recurrent_layers(return_sequences, return_state):
    bare, wrapped = recurrent(return_sequences=return_sequences, return_state=return_state)
    x = normal((2, 5, 4))
    x[:, 3:] = 0
    mask, states = np.array([[1, 1, 1, 1, 0], [1, 0, 0, 0, 0]], bool), [normal((2, 3))] * 2
    masked = keras.layers.Masking()(x)
    for inputs, options in (
        (masked, {}),
        (x, {"mask": tf.constant(mask)}),
        (x, {"initial_state": states}),
        (masked, {"mask": tf.constant(mask), "initial_state": states}),
    ):
        outputs, expected = wrapped(inputs, **options), bare(inputs, **options)
        same(outputs, expected)
        for one, other in zip(tf.nest.flatten(outputs), tf.nest.flatten(expected), strict=True):
            found, wanted = (getattr(item, "_keras_mask", None) for item in (one, other))
            assert (found is None) == (wanted is None)
            assert found is None or np.array_equal(found, wanted)
    inputs = keras.Input((5, 4)), keras.Input((3,)), keras.Input((3,))
    model = keras.Model(inputs, wrapped(inputs[0], initial_state=list(inputs[1:])))
    same(model([x, *states]), bare(x, initial_state=states))


@pytest.mark.parametrize("return_sequences", [False, True])
def test_words_of_several_lengths_train(return_sequences):
    layers = [keras.layers.Embedding(5, 4, mask_zero=True)]
    layers.append(WeightNormalization(keras.layers.GRU(3, return_sequences=return_sequences)))
    model = keras.Sequential(layers)
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.array([[1, 2, 0, 0], [3, 4, 1, 0]])
    model.fit(x, np.zeros((2, 4, 3) if return_sequences else (2, 3)), verbose=0)


def test_a_layer_keeps_its_states_from_batch_to_batch():
    bare, wrapped = recurrent("GRU", stateful=True)
    x = normal((2, 5, 4))
    first, second = (wrapped(x) for _ in range(2))
    assert np.any(np.abs(first - second) > 1e-3)
    same((first, second), tuple(bare(x) for _ in range(2)))
    assert wrapped.stateful
    wrapped.reset_state()
    same(wrapped(x), first)


def test_only_recurrent_layers_take_states():
    with pytest.raises(TypeError, match="initial_state"):
        WeightNormalization(keras.layers.Dense(3))(normal((2, 4)), initial_state=normal((2, 3)))


def test_kernel_is_direction_times_length(case):
    make, shape = case
    x = normal(shape)
    bare = make(activation="relu", bias_initializer="normal")
    bare.build(shape)
    wrapped = WeightNormalization(type(bare).from_config(bare.get_config()), data_init=False)
    wrapped.build(shape)
    kernel, bias = wrapped.layer.get_weights()
    wrapped.g.assign(normal(wrapped.g.shape, seed=1))
    length_shape = [n if i in output_axes(bare) else 1 for i, n in enumerate(kernel.shape)]
    length = np.reshape(wrapped.g, length_shape)
    bare.set_weights([length * kernel / norm_of(kernel, output_axes(bare)), bias])
    np.testing.assert_allclose(wrapped(x), bare(x), rtol=1e-4, atol=1e-5)


def test_gradients_are_those_of_the_paper(case):
    make, shape = case
    x = tf.constant(normal(shape))
    bare, wrapped = make(), WeightNormalization(make(), data_init=False)
    bare.build(shape)
    wrapped.build(shape)
    axes = output_axes(bare)
    v, bias = wrapped.layer.get_weights()
    wrapped.g.assign(normal(wrapped.g.shape, seed=1))
    norm = norm_of(v, axes)
    g = np.reshape(wrapped.g, norm.shape)
    bare.set_weights([g * v / norm, bias])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(bare(x) ** 3)
    (by_kernel,) = tape.gradient(loss, [bare.kernel.value])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(wrapped(x) ** 3)
    by_g, by_v = tape.gradient(loss, [wrapped.g.value, wrapped.layer.kernel.value])
    reduced = tuple(axis for axis in range(v.ndim) if axis not in axes)
    expected_g = np.sum(by_kernel * v, axis=reduced, keepdims=True) / norm
    expected_v = g / norm * by_kernel - g * expected_g / norm**2 * v
    scale = np.abs(by_kernel).max()
    np.testing.assert_allclose(by_g, expected_g.ravel(), rtol=1e-3, atol=1e-4 * scale)
    np.testing.assert_allclose(by_v, expected_v, rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.parametrize("activation", ["linear", "sigmoid", "layer"])
def test_first_batch_of_training_gives_mean_0_and_variance_1(case, activation):
    make, shape = case
    x = 3 * normal(shape) + 1
    chosen = keras.layers.ReLU() if activation == "layer" else activation
    wrapped = WeightNormalization(make(activation=chosen, bias_initializer="normal"))
    before = np.asarray(wrapped(x))
    assert wrapped.initialized == 0
    outputs = np.asarray(wrapped(x, training=True))
    assert wrapped.initialized == 1
    np.testing.assert_allclose(wrapped(x), outputs, rtol=1e-5, atol=1e-6)
    assert np.any(np.abs(outputs - before) > 0.01)
    if activation == "sigmoid":
        outputs = np.log(outputs) - np.log1p(-outputs)
    channels = outputs.reshape(-1, outputs.shape[-1])
    if activation == "layer":
        assert outputs.min() == 0
        assert np.all(np.abs(np.mean(channels > 0, axis=0) - 0.5) < 0.4)
    else:
        np.testing.assert_allclose(channels.mean(0), 0, atol=1e-4)
        np.testing.assert_allclose(channels.var(0), 1, rtol=1e-3)


def test_only_the_first_batch_initialises():
    wrapped = WeightNormalization(keras.layers.Dense(3))
    wrapped(normal((8, 4)), training=True)
    first = [np.asarray(v) for v in wrapped.non_trainable_variables]
    wrapped(5 * normal((8, 4), seed=1), training=True)
    for old, new in zip(first, wrapped.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(new, old)


def test_channels_first_initialisation():
    # Only the statistics are looked at: the CPU runs no convolution with channels first.
    wrapped = WeightNormalization(keras.layers.Conv2D(5, 1, data_format="channels_first"))
    wrapped.build((None, 3, 4, 4))
    x = normal((6, 3, 4, 4))
    kernel = np.asarray(wrapped.layer.kernel)[0, 0]
    wrapped._run = lambda x, length, bias: tf.einsum("bchw,cd->bdhw", x, kernel)
    length_offset, _ = wrapped._offsets_from(x)
    variance = np.einsum("bchw,cd->bdhw", x, kernel).var((0, 2, 3))
    np.testing.assert_allclose(wrapped.g + length_offset, variance**-0.5, rtol=1e-4)


def test_a_channel_that_does_not_vary_keeps_its_length():
    wrapped = WeightNormalization(keras.layers.Dense(3))
    outputs = wrapped(np.ones((8, 4)), training=True)
    np.testing.assert_allclose(outputs, 0, atol=1e-6)
    np.testing.assert_array_equal(wrapped.length_offset, 0)


def test_without_a_bias():
    wrapped = WeightNormalization(keras.layers.Dense(3, use_bias=False))
    outputs = np.asarray(wrapped(normal((50, 4)) + 1, training=True))
    np.testing.assert_allclose(outputs.var(0), 1, rtol=1e-3)


def test_a_direction_of_zeros_has_finite_gradients():
    wrapped = WeightNormalization(keras.layers.Dense(3, kernel_initializer="zeros"))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(wrapped(normal((2, 4))))
    for gradient in tape.gradient(loss, [v.value for v in wrapped.trainable_variables]):
        assert np.all(np.isfinite(gradient))


@pytest.mark.wide
@pytest.mark.parametrize(
    ("compiled", "policy"),
    [
        (False, "float32"),
        (True, "mixed_float16"),
        pytest.param(True, "float32", marks=pytest.mark.slow),
        pytest.param(False, "mixed_float16", marks=pytest.mark.slow),
    ],
)
def test_a_model_trains_and_comes_back_from_its_file(compiled, policy, batch, tmp_path):
    x, y = (batch / 255).astype("float32"), np.arange(len(batch)) % 3
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            WeightNormalization(
                keras.layers.Conv2D(8, 3, activation="relu", dtype=policy, kernel_regularizer="l2")
            ),
            keras.layers.GlobalAveragePooling2D(),
            WeightNormalization(keras.layers.Dense(3, dtype=policy), data_init=False),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5), loss, jit_compile=compiled)
    before = [v.numpy() for v in model.trainable_variables]
    history = model.fit(x, y, epochs=8, batch_size=12, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    for old, new in zip(before, model.trainable_variables, strict=True):
        assert np.any(old != new.numpy())
    assert model.layers[0].initialized == 1
    assert model.layers[0](x).dtype == ("float16" if policy == "mixed_float16" else "float32")
    assert len(model.losses) == 1
    path = tmp_path / "model.keras"
    model.save(path)
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    "layer",
    [keras.layers.Embedding(3, 4), keras.layers.ReLU(), keras.layers.SeparableConv2D(3, 3), 1],
)
def test_other_layers_are_refused(layer):
    with pytest.raises(TypeError, match="layer must be a Dense, Conv"):
        WeightNormalization(layer)


def test_an_activity_regularizer_belongs_to_the_wrapper():
    with pytest.raises(ValueError, match="give it to WeightNormalization"):
        WeightNormalization(keras.layers.Dense(3, activity_regularizer="l2"))
    wrapped = WeightNormalization(keras.layers.Dense(3), activity_regularizer="l2")
    outputs = wrapped(normal((2, 4)))
    np.testing.assert_allclose(wrapped.losses[0], 0.01 * np.sum(np.square(outputs)) / 2, rtol=1e-5)


def test_lora_is_refused():
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    layer.enable_lora(2)
    with pytest.raises(ValueError, match="must not be quantized or use LoRA"):
        WeightNormalization(layer).build((None, 4))
