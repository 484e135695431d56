"""What every loss must do, whatever it measures."""

import inspect
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import losses

from .cases import ACTIVATIONS, CASES, COSINES, make

HERE = pathlib.Path(__file__).parent
every_loss = pytest.mark.parametrize("name", CASES)
# One loss of a whole batch.
PER_SAMPLE = [name for name in CASES if name != "WeightedKappaLoss"]
# Of classes that are compared with one another, and do not number columns.
COMPARING = [
    name
    for name, (_, labels, _) in CASES.items()
    if getattr(losses, name).compares_labels and labels.ndim == 1 and name in PER_SAMPLE
]
OF_CLASSES = [
    *(
        "ActivePassive",
        "ArcFace",
        "AsymmetricCategorical",
        "BiTempered",
        "CategoricalFocal",
        "CosFace",
    ),
    *("GeneralizedCrossentropy", "LDAM", "LogLoss", "LogitAdjusted", "MulticlassHinge", "Poly1"),
    *("SoftTarget", "SparsemaxLoss", "SymmetricCrossentropy"),
]


def gradient(function, y_pred):
    y_pred = tf.convert_to_tensor(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = tf.reduce_sum(function(y_pred))
    return value.numpy(), np.asarray(tf.convert_to_tensor(tape.gradient(value, y_pred)))


def test_every_loss_has_a_case():
    public = {
        name
        for name in losses.__all__
        if inspect.isclass(getattr(losses, name))
        and issubclass(getattr(losses, name), keras.losses.Loss)
    }
    assert set(CASES) == public - {"FunctionLoss", "MeanAbsoluteError"}


@every_loss
def test_gradient_equals_differences(name):
    """In float64, along random directions."""
    _, y_true, y_pred = CASES[name]
    loss, y_pred = make(name), y_pred.astype("float64")
    value = lambda p: tf.reduce_sum(loss.call(y_true, tf.constant(p))).numpy()  # noqa: E731
    found = gradient(lambda p: loss.call(y_true, p), y_pred)[1]
    if name == "AsymmetricCategorical":  # its weights carry no gradient
        loss.options.update(gamma_negative=0.0)
        found = gradient(lambda p: loss.call(y_true, p), y_pred)[1]
    for seed in range(3):
        direction = np.random.default_rng(seed).normal(size=y_pred.shape)
        wanted = (value(y_pred + 1e-6 * direction) - value(y_pred - 1e-6 * direction)) / 2e-6
        np.testing.assert_allclose((found * direction).sum(), wanted, rtol=1e-5, atol=1e-7)


@every_loss
@pytest.mark.parametrize("size", [1e3, -1e3])
def test_finite_at_extreme_predictions(name, size):
    _, y_true, y_pred = CASES[name]
    extreme = size * y_pred
    if name in COSINES:
        extreme = np.clip(extreme, -1, 1)
    value, slope = gradient(lambda p: make(name)(y_true, p), extreme)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", COMPARING)
def test_large_numbers_of_classes_are_told_apart(name):
    """Labels that are only compared may be any numbers, such as those of persons or products."""
    loss, (_, labels, predictions) = make(name), CASES[name]
    wanted = loss(labels, predictions)
    large = labels.astype("int64") + 2**33
    for found in (loss(large, predictions), tf.function(loss)(tf.constant(large), predictions)):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert found.dtype == "float32"


@every_loss
def test_finite_for_predictions_of_zero(name):
    _, y_true, y_pred = CASES[name]
    value, slope = gradient(lambda p: make(name)(y_true, p), np.zeros_like(y_pred))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


@every_loss
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(name, dtype):
    _, y_true, y_pred = CASES[name]
    half, loss = tf.cast(y_pred, dtype), make(name)
    found = loss(y_true, half)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, loss(y_true, tf.cast(half, "float32")), rtol=1e-6)


@pytest.mark.parametrize("name", PER_SAMPLE)
def test_reductions_weights_and_masks(name):
    _, y_true, y_pred = CASES[name]
    each = np.asarray(make(name, reduction=None)(y_true, y_pred))
    assert each.shape == (8,)
    weight, keep = np.arange(8, dtype="float32"), np.arange(8) < 5
    for reduction, wanted in {
        "sum": each.sum(),
        "sum_over_batch_size": each.mean(),
        "mean": each.mean(),
    }.items():
        found = make(name, reduction=reduction)(y_true, y_pred)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    weighted = {
        None: each * weight,
        "sum": (each * weight).sum(),
        "sum_over_batch_size": (each * weight).mean(),
        "mean_with_sample_weight": (each * weight).sum() / weight.sum(),
    }
    for reduction, wanted in weighted.items():
        found = make(name, reduction=reduction)(y_true, y_pred, sample_weight=weight)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    masked = tf.convert_to_tensor(y_pred)
    keras.src.backend.set_keras_mask(masked, tf.convert_to_tensor(keep))
    np.testing.assert_allclose(make(name)(y_true, masked), each[keep].mean(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", [name for name in OF_CLASSES if name != "LogLoss"])
def test_one_score_is_no_list_of_classes(name):
    _, y_true, y_pred = CASES[name]
    y_true = y_true[:, :1] if y_true.ndim == 2 else np.zeros_like(y_true)
    with pytest.raises(
        ValueError, match="at least two classes .*a single logit needs a binary loss"
    ):
        make(name).call(y_true, y_pred[:, :1])


@pytest.mark.parametrize("name", OF_CLASSES)
def test_every_pixel_is_a_sample(name):
    """Classes are along the last axis, however many come before it."""
    _, y_true, y_pred = CASES[name]
    wanted = make(name).call(y_true[:6], y_pred[:6])
    pixels = make(name).call(
        y_true[:6].reshape(1, 2, 3, *y_true.shape[1:]), y_pred[:6].reshape(1, 2, 3, -1)
    )
    np.testing.assert_allclose(pixels, np.reshape(wanted, (1, 2, 3)), rtol=1e-6)


@pytest.mark.parametrize("name", PER_SAMPLE)
def test_losses_of_several_samples_look_beyond_their_replica(name):
    _, y_true, y_pred = CASES[name]
    other = y_pred.copy()
    other[7] = np.flip(y_pred[7]) if y_pred.ndim > 1 else 0.3
    loss = make(name, reduction=None)
    coupled = not np.allclose(loss(y_true, y_pred)[:7], loss(y_true, other)[:7])
    assert coupled == ("gather_across_replicas" in loss.get_config())


@every_loss
def test_configuration(name):
    _, y_true, y_pred = CASES[name]
    loss = make(name, name="mine", reduction="sum")
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    np.testing.assert_array_equal(again(y_true, y_pred), loss(y_true, y_pred))


@pytest.fixture(scope="module")
def compiled():
    """Values and gradients of all losses by one XLA program."""
    names, made = list(CASES), [make(name) for name in CASES]

    @tf.function(jit_compile=True)
    def run(predictions):
        out = []
        for name, loss, y_pred in zip(names, made, predictions, strict=True):
            y_true = CASES[name][1]
            with tf.GradientTape() as tape:
                tape.watch(y_pred)
                value = loss(y_true, y_pred)
            out.append((value, tape.gradient(value, y_pred)))
        return out

    return dict(zip(names, run([tf.constant(CASES[name][2]) for name in names]), strict=True))


@pytest.mark.wide
@every_loss
def test_xla(name, compiled):
    _, y_true, y_pred = CASES[name]
    value, slope = gradient(lambda p: make(name)(y_true, p), y_pred)
    np.testing.assert_allclose(compiled[name][0], value, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(compiled[name][1], slope, rtol=1e-4, atol=1e-6)


def heads():
    """A model with an output, and a loss, for each case."""
    keras.utils.set_random_seed(0)
    inputs, outputs = keras.Input((6,)), {}
    for name, (_, _, y_pred) in CASES.items():
        head = keras.layers.Dense(int(np.prod(y_pred.shape[1:])))(inputs)
        head = keras.layers.Activation(ACTIVATIONS.get(name, "linear"))(head)
        outputs[name] = keras.layers.Reshape(y_pred.shape[1:] or (1,), name=name)(head)
    return keras.Model(inputs, outputs)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("policy", "eager"),
    [
        ("mixed_float16", True),
        pytest.param("mixed_float16", False, marks=pytest.mark.slow),
        pytest.param("mixed_bfloat16", True, marks=pytest.mark.slow),
    ],
)
def test_models_of_mixed_precision_train_and_are_saved(policy, eager, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = heads()
        # From its default scale the first steps in float16 overflow, and are skipped.
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), 16.0)
        made = {name: make(name) for name in CASES}
        model.compile(optimizer, loss=made, run_eagerly=eager, jit_compile=False)
    finally:
        keras.config.set_dtype_policy(before)
    x = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
    labels = {name: case[1] for name, case in CASES.items()}
    predictions = model(x, training=True)
    wanted = {name: float(make(name)(labels[name], predictions[name])) for name in CASES}
    weights = [w.numpy() for w in model.trainable_variables]
    logs = model.train_on_batch(x, labels, return_dict=True)
    for name in CASES:
        assert logs[f"{name}_loss"] == pytest.approx(wanted[name], rel=2e-2, abs=2e-3), name
    for old, new in zip(weights, model.trainable_variables, strict=True):
        assert np.isfinite(new.numpy()).all(), new.path
        assert new.path.endswith("bias") or (new.numpy() != old).any(), new.path
    if policy == "mixed_bfloat16":
        return
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    found, expected = (m.compute_loss(x, labels, m(x)) for m in (again, model))
    assert again.loss["ArcFace"].get_config() == make("ArcFace").get_config()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


JAX = """
sys.path.insert(0, sys.argv[1])
import jax, keras, numpy as np
from cases import CASES, make

def results(predictions):
    out = {}
    for name, y_pred in predictions.items():
        loss = lambda p: make(name)(CASES[name][1], p)
        out[name + "/value"], out[name + "/gradient"] = jax.value_and_grad(loss)(y_pred)
    return out

found = jax.jit(results)({name: case[2] for name, case in CASES.items()})
np.savez(sys.argv[2], **{name: np.asarray(value) for name, value in found.items()})

import test_reweighting
test_reweighting.check_that_weights_come_when_they_are_due()
print(keras.backend.backend(), "tensorflow" in sys.modules)
"""


@pytest.mark.slow
def test_jax_without_tensorflow_gives_the_same(python_on_jax, tmp_path):
    printed = python_on_jax(
        JAX,
        HERE,
        tmp_path / "results.npz",
    )
    assert printed.split() == ["jax", "False"]
    results = np.load(tmp_path / "results.npz")
    for name, (_, y_true, y_pred) in CASES.items():
        value, slope = gradient(lambda p, n=name, y=y_true: make(n)(y, p), y_pred)
        np.testing.assert_allclose(results[f"{name}/value"], value, 2e-5, 1e-6, err_msg=name)
        np.testing.assert_allclose(results[f"{name}/gradient"], slope, 1e-3, 2e-6, err_msg=name)
