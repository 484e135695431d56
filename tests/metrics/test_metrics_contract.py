"""What every metric keeps: it adds up, compiles, trains, saves, and is the same everywhere."""

import json
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from keras_cv_extras import metrics
from keras_cv_extras.metrics import (
    BalancedAccuracy,
    CohenKappa,
    ExpectedCalibrationError,
    GeometricMeanScore,
    HammingLoss,
    ImageMeanAbsoluteError,
    MatthewsCorrelationCoefficient,
    MultiLabelConfusionMatrix,
)

RANDOM = np.random.default_rng(0)
TRUE = RANDOM.integers(0, 4, 90).astype("int32")
CHANCES = RANDOM.dirichlet(np.ones(4), 90).astype("float32")
CHANCES[:40] = 0.6 * np.eye(4, dtype="float32")[TRUE[:40]] + 0.4 * CHANCES[:40]
LABELS = RANDOM.integers(0, 2, (90, 4)).astype("int32")
IMAGES = RANDOM.integers(0, 256, (90, 6, 5, 3)).astype("uint8")
# Sums of such weights are exact in float32, in any order.
WEIGHTS = (RANDOM.integers(1, 9, 90) / 4).astype("float32")

# Every option off its default, for the configurations.
CASES = {
    "CohenKappa": (
        lambda **k: CohenKappa(4, weightage="linear", sparse_labels=True, threshold=0.2, **k),
        TRUE,
        CHANCES,
    ),
    "CohenKappa of a regression": (
        lambda **k: CohenKappa(4, weightage="quadratic", regression=True, **k),
        TRUE,
        CHANCES[:, :1] * 4,
    ),
    "MatthewsCorrelationCoefficient": (
        lambda **k: MatthewsCorrelationCoefficient(4, threshold=0.1, **k),
        np.eye(4, dtype="float32")[TRUE],
        CHANCES,
    ),
    "BalancedAccuracy": (lambda **k: BalancedAccuracy(4, adjusted=True, **k), TRUE, CHANCES),
    "GeometricMeanScore": (
        lambda **k: GeometricMeanScore(4, correction=0.1, **k),
        TRUE[:, None],
        CHANCES,
    ),
    "ExpectedCalibrationError": (
        lambda **k: ExpectedCalibrationError(num_bins=7, from_logits=True, **k),
        TRUE,
        CHANCES * 3,
    ),
    "HammingLoss": (lambda **k: HammingLoss("multilabel", threshold=0.3, **k), LABELS, CHANCES),
    "HammingLoss of classes": (lambda **k: HammingLoss("multiclass", **k), TRUE, CHANCES),
    "MultiLabelConfusionMatrix": (
        lambda **k: MultiLabelConfusionMatrix(4, threshold=0.4, **k),
        LABELS,
        CHANCES,
    ),
    "ImageMeanAbsoluteError": (
        lambda **k: ImageMeanAbsoluteError(value_range=(0, 510), **k),
        IMAGES,
        IMAGES[::-1].copy(),
    ),
}
every_metric = pytest.mark.parametrize("name", CASES)


def whole(case, **options):
    make, true, predicted = CASES[case]
    metric = make(**options)
    metric.update_state(true, predicted, sample_weight=WEIGHTS)
    return metric, np.asarray(metric.result())


def test_every_metric_has_a_case():
    classes = {name for name in metrics.__all__ if isinstance(getattr(metrics, name), type)}
    assert {name.split(" ")[0] for name in CASES} == classes - {"Reliability"}


BINARY, CHANCE = (TRUE > 1).astype("int32"), CHANCES[:, 2:].sum(axis=1)


@pytest.mark.parametrize(
    ("make", "before", "after", "true", "predicted"),
    [
        (CohenKappa, {"weightage": "linear"}, {"weightage": "quadratic"}, TRUE, CHANCES),
        (CohenKappa, {"threshold": 0.5, "num_classes": 2}, {"threshold": 0.8}, BINARY, CHANCE),
        (
            MatthewsCorrelationCoefficient,
            {"threshold": 0.5, "num_classes": 2},
            {"threshold": 0.8},
            BINARY,
            CHANCE,
        ),
        (BalancedAccuracy, {"adjusted": False}, {"adjusted": True}, TRUE, CHANCES),
        (
            BalancedAccuracy,
            {"threshold": 0.5, "num_classes": 2},
            {"threshold": 0.8},
            BINARY,
            CHANCE,
        ),
        (
            GeometricMeanScore,
            {"correction": 0.0},
            {"correction": 0.1},
            TRUE,
            CHANCES * [1, 1, 1, 0],
        ),
        (
            GeometricMeanScore,
            {"threshold": 0.5, "num_classes": 2},
            {"threshold": 0.8},
            BINARY,
            CHANCE,
        ),
        (ExpectedCalibrationError, {"num_bins": 5}, {"num_bins": 15}, TRUE, CHANCES),
        (ExpectedCalibrationError, {"from_logits": False}, {"from_logits": True}, TRUE, CHANCES),
        (
            HammingLoss,
            {"mode": "multilabel", "threshold": 0.5},
            {"threshold": 0.1},
            LABELS,
            CHANCES,
        ),
        (MultiLabelConfusionMatrix, {"threshold": 0.5}, {"threshold": 0.1}, LABELS, CHANCES),
        (
            ImageMeanAbsoluteError,
            {"value_range": (0, 255)},
            {"value_range": (0, 9)},
            IMAGES,
            IMAGES // 2,
        ),
    ],
)
def test_an_argument_changes_what_a_metric_gives(make, before, after, true, predicted):
    counted = make in (HammingLoss, ExpectedCalibrationError, ImageMeanAbsoluteError)
    before = before if counted else {"num_classes": 4, **before}
    results = []
    for options in (before, {**before, **after}):
        metric = make(**options)
        metric.update_state(true, predicted)
        results.append(np.asarray(metric.result()))
    assert not np.allclose(*results)


@every_metric
def test_batches_and_replicas_add_up(name):
    make, true, predicted = CASES[name]
    metric, want = whole(name)
    batched, parts = make(), [make(), make()]
    for number, rows in enumerate(np.split(np.arange(90), [7, 8, 50])):
        for target in (batched, parts[number % 2]):
            target.update_state(true[rows], predicted[rows], sample_weight=WEIGHTS[rows])
    np.testing.assert_allclose(batched.result(), want, rtol=1e-6)
    state = [a + b for a, b in zip(*(part.variables for part in parts), strict=True)]
    np.testing.assert_allclose(metric.stateless_result(state), want, rtol=1e-6)


@every_metric
def test_weights_are_repetitions(name):
    make, true, predicted = CASES[name]
    counts = np.arange(90) % 3
    weighted, repeated = make(), make()
    weighted.update_state(true, predicted, sample_weight=counts)
    repeated.update_state(np.repeat(true, counts, 0), np.repeat(predicted, counts, 0))
    np.testing.assert_allclose(weighted.result(), repeated.result(), rtol=1e-5)
    twice = make()
    twice.update_state(true, predicted, sample_weight=1.0)
    once = make()
    once.update_state(true, predicted)
    assert np.array_equal(twice.result(), once.result())


@pytest.mark.wide_but("HammingLoss")
@every_metric
def test_compiled_with_unknown_batch(name):
    make, true, predicted = CASES[name]
    _, want = whole(name)
    metric = make()

    @tf.function(jit_compile=True, reduce_retracing=True)
    def step(variables, true, predicted, weights):
        return metric.stateless_update_state(variables, true, predicted, sample_weight=weights)

    state = [tf.convert_to_tensor(variable.value) for variable in metric.variables]
    for rows in (slice(0, 40), slice(40, 80), slice(80, 90)):
        state = step(state, true[rows], predicted[rows], WEIGHTS[rows])
    np.testing.assert_allclose(metric.stateless_result(state), want, rtol=1e-6)
    unknown = [
        tf.TensorSpec((None, *values.shape[1:]), values.dtype) for values in (true, predicted)
    ]
    traced = tf.function(lambda *data: metric.update_state(*data), input_signature=unknown)
    traced(true, predicted)
    once = make()
    once.update_state(true, predicted)
    np.testing.assert_allclose(metric.result(), once.result(), rtol=1e-6)


@every_metric
def test_configuration_and_reset(name):
    metric, want = whole(name, name="other", dtype="float64")
    config = metric.get_config()
    json.dumps(config)
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert again.get_config() == config
    assert again.name == "other"
    again.update_state(*CASES[name][1:], sample_weight=WEIGHTS)
    assert np.array_equal(again.result(), want)
    assert want.dtype == "float64"
    metric.reset_state()
    assert not any(np.any(variable) for variable in metric.variables)
    plain = type(metric)(**{**config, "dtype": "float32"})
    assert {key: value for key, value in plain.get_config().items() if key != "dtype"} == {
        key: value for key, value in config.items() if key != "dtype"
    }


@every_metric
def test_half_precision_results_count_in_float32(name):
    _, want = whole(name)
    metric, got = whole(name, dtype="float16")
    assert got.dtype == "float16"
    assert {variable.dtype for variable in metric.variables} == {"float32"}
    np.testing.assert_allclose(got.astype("float32"), want, rtol=2e-3)


@pytest.mark.wide_but("HammingLoss", "BalancedAccuracy")
@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in ("ImageMeanAbsoluteError",)]
)
def test_what_cannot_be_raised_is_nan(name):
    """In a compiled step: a label out of range, a NaN; until the next reset."""
    make, true, predicted = CASES[name]
    metric = make()
    step = tf.function(lambda *data: metric.update_state(*data), jit_compile=True)
    wrong = true.copy()
    wrong[3] = -1
    step(wrong, predicted)
    assert np.isnan(metric.result()).all()
    step(true, predicted)
    assert np.isnan(metric.result()).all()
    metric.reset_state()
    step(true, predicted)
    assert np.isfinite(metric.result()).all()
    missing = predicted.copy()
    missing[5] = np.nan
    step(true, missing)
    assert np.isnan(metric.result()).all()


def digits():
    images, labels = load_digits(return_X_y=True)
    return (images / 16).astype("float32"), labels.astype("int32")


def classifier(jit_compile=False, dtype=None):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="relu", dtype=dtype),
            keras.layers.Dense(10, activation="softmax", dtype=dtype),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        metrics=[
            CohenKappa(10, sparse_labels=True),
            MatthewsCorrelationCoefficient(10),
            GeometricMeanScore(10),
            HammingLoss("multiclass"),
            ExpectedCalibrationError(),
        ],
        weighted_metrics=[BalancedAccuracy(10)],
        jit_compile=jit_compile,
    )
    return model


@pytest.mark.wide
@pytest.mark.parametrize(
    ("jit_compile", "dtype"),
    [(False, None), pytest.param(True, "mixed_bfloat16", marks=pytest.mark.slow)],
)
def test_fit_on_digits(jit_compile, dtype, tmp_path):
    images, labels = digits()
    model = classifier(jit_compile, dtype)
    weights = np.ones(1400, "float32")
    # Batches of one size: another one would be compiled anew.
    model.fit(
        images[:1400], labels[:1400], batch_size=50, sample_weight=weights, epochs=5, verbose=0
    )
    test = images[1400:1750], labels[1400:1750]
    logs = model.evaluate(*test, batch_size=50, return_dict=True, verbose=0)
    chances = model.predict(test[0], verbose=0)
    for name, metric in (
        ("cohen_kappa", CohenKappa(10)),
        ("MatthewsCorrelationCoefficient", MatthewsCorrelationCoefficient(10)),
        ("geometric_mean_score", GeometricMeanScore(10)),
        ("hamming_loss", HammingLoss("multiclass")),
        ("expected_calibration_error", ExpectedCalibrationError()),
        ("balanced_accuracy", BalancedAccuracy(10)),
    ):
        metric.update_state(test[1], chances)
        # Batches of another size may round scores of half precision another way.
        assert logs[name] == pytest.approx(float(metric.result()), abs=0.02 if dtype else 1e-5)
    assert logs["MatthewsCorrelationCoefficient"] > 0.7
    if dtype is None:
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert again.evaluate(*test, batch_size=50, return_dict=True, verbose=0) == pytest.approx(
            logs
        )


@pytest.mark.wide
def test_a_metric_of_many_numbers_in_fit():
    images, labels = digits()
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="sigmoid")])
    rows = np.eye(10, dtype="float32")[labels]
    model.compile("adam", "binary_crossentropy", metrics=[MultiLabelConfusionMatrix(10)])
    history = model.fit(images, rows, epochs=1, verbose=2).history
    counts = np.asarray(history["Multilabel_confusion_matrix"][0])
    assert np.array_equal(counts[:, 1].sum(axis=-1), np.bincount(labels))


REPLICAS = textwrap.dedent("""
    import json, sys
    import keras, numpy as np, tensorflow as tf
    from keras_cv_extras import metrics

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    random = np.random.default_rng(0)
    images = random.normal(size=(90, 6)).astype("float32")
    labels = images[:, :4].argmax(-1)
    weights = random.integers(1, 9, 90) / 4

    def run(strategy):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "softmax")])
            model.compile(
                keras.optimizers.SGD(0.1),
                "sparse_categorical_crossentropy",
                weighted_metrics=[
                    metrics.CohenKappa(4, weightage="quadratic"),
                    metrics.MatthewsCorrelationCoefficient(4),
                    metrics.BalancedAccuracy(4),
                    metrics.GeometricMeanScore(4),
                    metrics.HammingLoss("multiclass"),
                    metrics.ExpectedCalibrationError(),
                    metrics.MultiLabelConfusionMatrix(4),
                ],
            )
        data = tf.data.Dataset.from_tensor_slices((images, labels, weights)).batch(20)
        trained = model.fit(data, epochs=2, verbose=0).history
        tested = model.evaluate(data, return_dict=True, verbose=0)
        return {
            "replicas": strategy.num_replicas_in_sync,
            "trained": {name: np.asarray(values[-1]).tolist() for name, values in trained.items()},
            "tested": {name: np.asarray(value).tolist() for name, value in tested.items()},
        }

    print(json.dumps([run(tf.distribute.get_strategy()), run(
        tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))]))
""")


@pytest.mark.slow
def test_two_replicas_equal_one(python):
    one, two = json.loads(python(REPLICAS).splitlines()[-1])
    assert (one.pop("replicas"), two.pop("replicas")) == (1, 2)
    assert np.sum(one["tested"]["Multilabel_confusion_matrix"]) > 0
    for part in ("trained", "tested"):
        for name, value in one[part].items():
            if "loss" not in name or name == "hamming_loss":
                np.testing.assert_allclose(two[part][name], value, atol=2e-5, err_msg=name)


JAX = textwrap.dedent("""
    import json, runpy, sys
    import jax, keras, numpy as np

    tests = runpy.run_path(sys.argv[1])
    assert keras.backend.backend() == "jax"
    results = {}
    for name, (make, true, predicted) in tests["CASES"].items():
        metric = make()
        metric.update_state(true, predicted, sample_weight=tests["WEIGHTS"])
        results[name] = np.asarray(metric.result()).tolist()

        def step(state, true, predicted):
            return metric.stateless_update_state(state, true, predicted)

        state = [variable.value for variable in make().variables]
        compiled = jax.jit(step)
        once = make()
        once.update_state(true, predicted)
        np.testing.assert_allclose(
            metric.stateless_result(compiled(state, true, predicted)), once.result(), rtol=1e-5
        )
        if name != "ImageMeanAbsoluteError":
            wrong = true.copy()
            wrong[0] = -1
            assert np.isnan(metric.stateless_result(compiled(state, wrong, predicted))).all(), name
            try:
                metric.update_state(wrong, predicted)
            except ValueError as error:
                assert "y_true must hold" in str(error)
            else:
                raise AssertionError(name)
    image = tests["IMAGES"][0] / 255.0
    gradient = jax.grad(lambda a: tests["metrics"].image_mean_absolute_error(a, image * 0))(image)
    assert np.allclose(gradient, np.sign(image) / image.size / 255)
    images, labels = tests["digits"]()
    model = tests["classifier"]()
    history = model.fit(images, labels, epochs=3, verbose=0).history
    assert history["balanced_accuracy"][-1] > 0.8, history
    print(json.dumps(results))
""")


@pytest.mark.slow
def test_jax_gives_the_same(python):
    printed = python(JAX, __file__, environment={"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"})
    results = json.loads(printed.splitlines()[-1])
    for name in CASES:
        np.testing.assert_allclose(results[name], whole(name)[1], rtol=2e-6, err_msg=name)
