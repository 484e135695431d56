"""Optimizers and schedules of TensorFlow Addons 0.23.0: values, saving, and where they run."""

import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from optimizer_cases import CASES, REFERENCE, SCHEDULES, difference, make, run, variables

from keras_cv_extras import optimizers


def test_the_epsilon_of_adabelief_is_in_its_average_too():
    optimizer = optimizers.AdaBelief(0.1, epsilon=0.01, rectify=False)
    weight = keras.Variable([1.0])
    value, mean, spread = 1.0, 0.0, 0.0
    for step, gradient in enumerate((0.5, -0.2, 0.4), 1):
        optimizer.apply([keras.ops.convert_to_tensor([gradient])], [weight])
        mean = 0.9 * mean + 0.1 * gradient
        spread = 0.999 * spread + 0.001 * (gradient - mean) ** 2 + 0.01
        length = np.sqrt(spread / (1 - 0.999**step)) + 0.01
        value -= 0.1 * mean / (1 - 0.9**step) / length
    np.testing.assert_allclose(weight, [value], rtol=1e-6)


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_hundred_rates(case):
    schedule = make(case)
    found = [float(schedule(step)) for step in range(100)]
    np.testing.assert_allclose(found, REFERENCE[f"{case}/values"], rtol=2e-6, atol=2e-7)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert [float(copy(step)) for step in range(100)] == found
    inside = keras.optimizers.SGD(schedule)
    assert float(inside.learning_rate) == found[0]


def test_heights_of_cycles():
    halved = optimizers.Triangular2CyclicalLearningRate(0.0, 1.0, 4)
    falling = optimizers.ExponentialCyclicalLearningRate(0.0, 1.0, 4, gamma=0.5)
    assert [float(halved(step)) for step in (4, 12, 20)] == [1, 0.5, 0.25]
    assert [float(falling(step)) for step in (4, 12)] == [0.5**4, 0.5**12]


@keras.saving.register_keras_serializable("tests")
def shrinking(cycle):
    return 1 / cycle


def test_a_schedule_of_ones_own():
    schedule = optimizers.CyclicalLearningRate(0.0, 1.0, 5, scale_fn=shrinking)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    np.testing.assert_allclose([float(copy(step)) for step in (5, 15, 25)], [1, 1 / 2, 1 / 3])
    with pytest.raises(TypeError, match="scale_fn must be a function"):
        optimizers.CyclicalLearningRate(0.0, 1.0, 5, scale_fn=1.0)
    with pytest.raises(ValueError, match="scale_mode must be one of"):
        optimizers.TriangularCyclicalLearningRate(0.0, 1.0, 5, scale_mode="epoch")


@pytest.mark.parametrize("case", CASES)
def test_twenty_steps_saved_after_seven(case):
    """The configuration and the variables go on where they were."""
    first, weights = make(case), variables()
    assert difference(case, run(case, first, range(7), weights)) < 2e-6
    config = json.loads(json.dumps(keras.optimizers.serialize(first)))
    second = keras.optimizers.deserialize(config)
    second.build(weights)
    store = {}
    first.save_own_variables(store)
    second.load_own_variables(store)
    assert difference(case, run(case, second, range(7, 20), weights), 7) < 2e-6


def test_a_schedule_of_weight_decay_is_saved():
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    optimizer = optimizers.RectifiedAdam(1e-2, weight_decay=decay)
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert copy.weight_decay.get_config() == decay.get_config()
    first, second = variables(), variables()
    run(CASES[0], optimizer, range(3), first)
    run(CASES[0], copy, range(3), second)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


def small_model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(3),
        ]
    )


X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = np.argmax(X[:, :3], axis=1)
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def trained(optimizer, **options):
    model = small_model()
    model.compile(optimizer, LOSS, **options)
    history = model.fit(X, Y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    return model, history.history["loss"]


ONE_OF_EACH = [
    next(case for case in CASES if str(REFERENCE[f"{case}/class"]) == name)
    for name in sorted({str(REFERENCE[f"{case}/class"]) for case in CASES})
]


@pytest.mark.wide
def test_a_compiled_step_is_the_plain_one():
    """All in one program, so that it is compiled once."""
    optimizers_, weights = [make(case) for case in ONE_OF_EACH], [variables() for _ in ONE_OF_EACH]
    for optimizer, own in zip(optimizers_, weights, strict=True):
        optimizer.build(own)

    @tf.function(jit_compile=True)
    def step(first, second):
        for optimizer, own in zip(optimizers_, weights, strict=True):
            optimizer.apply([first, second], own)

    for number in range(6):
        step(*(tf.constant(REFERENCE[f"gradients/{n}"][number]) for n in range(2)))
    for case, own in zip(ONE_OF_EACH, weights, strict=True):
        for n, weight in enumerate(own):
            np.testing.assert_allclose(weight, REFERENCE[f"{case}/{n}"][5], atol=2e-6)


@pytest.mark.wide
def test_training():
    eager, _ = trained(optimizers.Lookahead(optimizers.RectifiedAdam(0.01)), run_eagerly=True)
    plain, _ = trained(optimizers.Lookahead(optimizers.RectifiedAdam(0.01)), jit_compile=False)
    for one, two in zip(eager.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=2e-5)


@pytest.mark.wide
def test_a_model_is_saved_with_its_optimizer(tmp_path):
    model, _ = trained(optimizers.Lookahead(optimizers.RectifiedAdam(0.01), sync_period=3))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer.inner, optimizers.RectifiedAdam)
    for one in (model, loaded):
        one.fit(X, Y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    for one, two in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.wide
def test_mixed_precision():
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        wrapped = optimizers.SWA(optimizers.Yogi(0.01), average_period=1)
        model, losses = trained(wrapped)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert np.isfinite(losses).all()
    averages = wrapped.averages(model.trainable_variables)
    assert all(np.isfinite(value).all() for value in map(np.asarray, averages))


def test_the_inner_optimizer_keeps_what_it_was_told():
    """Its clipping, its decay and its learning rate, which callbacks set through the wrapper."""

    def wrapped():
        return keras.optimizers.AdamW(0.05, weight_decay=0.1, clipnorm=0.5)

    plain, weights = variables(), variables()
    inner = wrapped()
    run(CASES[0], inner, range(5), plain)
    lookahead = optimizers.Lookahead(wrapped(), sync_period=6)
    run(CASES[0], lookahead, range(5), weights)
    for one, two in zip(plain, weights, strict=True):
        np.testing.assert_array_equal(one, two)
    lookahead.learning_rate = 0.25
    assert float(lookahead.inner.learning_rate) == 0.25 == float(lookahead.learning_rate)
    assert int(lookahead.inner.iterations) == int(lookahead.iterations) == 5


def test_weights_that_are_loaded_before_the_first_step_count():
    optimizer, weights = optimizers.Lookahead("sgd", sync_period=1, slow_step_size=0.0), variables()
    optimizer.build(weights)
    weights[0].assign(np.ones((4, 3)))
    optimizer.apply([np.ones((4, 3), "float32"), np.ones(3, "float32")], weights)
    np.testing.assert_array_equal(weights[0], np.ones((4, 3)))


class Halfway(optimizers.OptimizerWrapper):
    def after(self, weight, copy):
        value = (weight + copy) / 2
        return value, value


def test_a_wrapper_of_ones_own():
    weights = [keras.Variable([1.0, 3.0])]
    optimizer = Halfway(keras.optimizers.SGD(1.0))
    optimizer.apply([np.array([1.0, 1.0], "float32")], weights)
    np.testing.assert_allclose(weights[0], [0.5, 2.5])


REPLICAS = pathlib.Path(__file__).with_name("on_replicas.py")


@pytest.mark.slow
def test_two_replicas_give_what_one_gives(python):
    printed = python(REPLICAS.read_text(encoding="utf-8"))
    differences = json.loads(printed.splitlines()[-1])
    assert set(differences) == {str(REFERENCE[f"{case}/class"]) for case in CASES}
    assert max(differences.values()) < 2e-5


@pytest.mark.slow
def test_on_jax(python_on_jax):
    script = (
        f"sys.path[:0] = [{str(pathlib.Path(__file__).parent)!r}]\n"
        "import json, optimizer_cases as cases\n"
        "print(json.dumps({c: cases.difference(c, cases.run(c)) for c in cases.CASES}))\n"
        "import keras, numpy as np\n"
        "from keras_cv_extras import optimizers\n"
        "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])\n"
        "swa = optimizers.SWA(optimizers.Lookahead('adam'), average_period=1)\n"
        "model.compile(swa, 'mse')\n"
        "model.fit(np.ones((8, 4)), np.ones((8, 3)), epochs=3, verbose=0)\n"
        "swa.assign_average_vars(model.trainable_variables)\n"
        "print(float(model.evaluate(np.ones((8, 4)), np.ones((8, 3)), verbose=0)) > 0)\n"
    )
    differences, ended = python_on_jax(script).splitlines()
    assert max(json.loads(differences).values()) < 2e-6
    assert ended == "True"


@pytest.mark.parametrize(
    ("make_one", "error", "words"),
    [
        (lambda: optimizers.RectifiedAdam(beta_1=1.0), ValueError, "beta_1 must be in"),
        (lambda: optimizers.AdaBelief(rectify=1), TypeError, "rectify must be True or False"),
        (lambda: optimizers.Yogi(activation="relu"), ValueError, "activation must be one of"),
        (lambda: optimizers.NovoGrad(weight_decay=-1), ValueError, "weight_decay must be at least"),
        (lambda: optimizers.LAMB(exclude_from_weight_decay="b"), TypeError, "list of patterns"),
        (lambda: optimizers.COCOB(alpha=0.5), ValueError, "alpha must be at least 1"),
        (lambda: optimizers.Lookahead("sgd", sync_period=0), ValueError, "sync_period must be"),
        (lambda: optimizers.SWA("sgd", average_period=0), ValueError, "average_period must be"),
        (lambda: optimizers.MovingAverage("sgd", 1.5), ValueError, "average_decay must be"),
    ],
)
def test_what_cannot_be_meant(make_one, error, words):
    with pytest.raises(error, match=words):
        make_one()


def test_what_has_no_decay_is_not_adapted_either_unless_said():
    def step(**options):
        bias = keras.Variable([1.0, 2.0], name="bias")
        optimizer = optimizers.LAMB(0.1, exclude_from_weight_decay=["bias"], **options)
        optimizer.apply([keras.ops.convert_to_tensor([0.5, -1.0])], [bias])
        return np.asarray(bias)

    np.testing.assert_array_equal(step(), step(exclude_from_layer_adaptation=["bias"]))
    assert (step() != step(exclude_from_layer_adaptation=["kernel"])).all()


def test_a_low_threshold_is_one_of_four():
    """Below it the variance of the adaptation has no value."""
    weights = []
    for threshold in (0.0, 4.0):
        weight = keras.Variable([1.0])
        optimizer = optimizers.RectifiedAdam(0.1, sma_threshold=threshold)
        for _ in range(6):
            optimizer.apply([keras.ops.ones(1)], [weight])
        weights.append(float(weight[0]))
    assert weights[0] == weights[1] < 1
