"""What every loss of one label among several classes must do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import losses
from keras_cv_extras.losses.classification._bi_tempered import tempered_log_softmax

from . import oracles

COUNTS = [500, 60, 20, 7]
# name: class, options, oracle; every loss here takes logits (or scores).
CASES = {
    "log": (losses.LogLoss, {"from_logits": True}, lambda z: oracles.focal(z, 0)),
    "focal": (losses.CategoricalFocal, {"from_logits": True}, oracles.focal),
    "focal_half": (
        losses.CategoricalFocal,
        {"from_logits": True, "gamma": 0.5, "alpha": [1, 2, 3, 4]},
        lambda z: oracles.focal(z, 0.5, [1, 2, 3, 4]),
    ),
    "poly1": (losses.Poly1, {"from_logits": True}, oracles.poly1),
    "poly1_focal": (
        losses.Poly1,
        {"from_logits": True, "gamma": 2.0, "epsilon": -0.5},
        lambda z: oracles.poly1(z, -0.5, 2),
    ),
    "generalized": (losses.GeneralizedCrossentropy, {"from_logits": True}, oracles.generalized),
    "symmetric": (losses.SymmetricCrossentropy, {"from_logits": True}, oracles.symmetric),
    "active_passive": (losses.ActivePassive, {"from_logits": True}, oracles.active_passive),
    "asymmetric": (losses.AsymmetricCategorical, {"from_logits": True}, oracles.asymmetric),
    "logit_adjusted": (
        losses.LogitAdjusted,
        {"class_counts": COUNTS},
        lambda z: oracles.logit_adjusted(z, COUNTS),
    ),
    "ldam": (losses.LDAM, {"class_counts": COUNTS}, lambda z: oracles.ldam(z, COUNTS)),
    "crammer_singer": (losses.MulticlassHinge, {}, oracles.hinge),
    "weston_watkins": (
        losses.MulticlassHinge,
        {"variant": "weston_watkins"},
        lambda z: oracles.hinge(z, "weston_watkins"),
    ),
    "one_vs_rest": (
        losses.MulticlassHinge,
        {"variant": "one_vs_rest"},
        lambda z: oracles.hinge(z, "one_vs_rest"),
    ),
    "bi_tempered": (losses.BiTempered, {}, oracles.bi_tempered),
    "arcface": (losses.ArcFace, {"scale": 8.0}, oracles.arcface),
    "cosface": (losses.CosFace, {"scale": 8.0}, oracles.cosface),
    "soft_target": (losses.SoftTarget, {"from_logits": True}, oracles.soft_target),
    "soft_target_of_4": (
        losses.SoftTarget,
        {"from_logits": True, "temperature": 4.0},
        lambda z: oracles.soft_target(z, 4.0),
    ),
}
# The formulas of losses of cosines hold for any numbers.
pytestmark = pytest.mark.filterwarnings("ignore:y_pred should be cosines:UserWarning")

# Losses whose gradient vanishes for a confident mistake by design: that is how they resist noise.
BOUNDED = {"generalized", "active_passive", "bi_tempered"}


@pytest.fixture(params=sorted(CASES))
def case(request):
    kind, options, oracle = CASES[request.param]
    return request.param, kind, options, oracle


@pytest.fixture
def logits():
    return np.random.default_rng(3).normal(size=(16, 4)).astype("float32") * 2


@pytest.fixture
def labels():
    return np.random.default_rng(4).integers(0, 4, 16)


def gradient(function, values):
    values = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = tf.reduce_sum(function(values))
    return float(loss), np.asarray(tape.gradient(loss, values))


def test_equals_the_formula_in_float64(case, logits, labels):
    _, kind, options, oracle = case
    wanted = oracle(logits.astype("float64"))[np.arange(16), labels]
    found = kind(**options, reduction=None)(labels, logits)
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6)


def test_gradient_equals_differences_of_the_formula(case, logits, labels):
    name, kind, options, oracle = case
    if name == "asymmetric":
        pytest.skip("its focusing weights carry no gradient")
    loss = kind(**options, reduction="sum")
    found = gradient(lambda z: loss(labels, z), logits)[1]
    base, step, wanted = logits.astype("float64"), 1e-5, np.zeros((16, 4))
    for j in range(4):
        shift = step * np.eye(4)[j]
        wanted[:, j] = (oracle(base + shift) - oracle(base - shift))[np.arange(16), labels]
    np.testing.assert_allclose(found, wanted / (2 * step), rtol=1e-3, atol=2e-4)


def test_integer_one_hot_and_soft_labels(case, logits, labels):
    name, kind, options, _ = case
    loss = kind(**options, reduction=None)
    whole = np.asarray(loss(labels, logits))
    assert whole.shape == (16,)
    np.testing.assert_allclose(loss(labels[:, None], logits), whole, rtol=1e-6)
    np.testing.assert_allclose(loss(np.eye(4)[labels], logits), whole, rtol=2e-5, atol=1e-6)
    soft = np.random.default_rng(5).dirichlet(np.ones(4), 16).astype("float32")
    if name != "bi_tempered":  # the entropy of its soft labels is a constant beside
        each = np.stack([loss(np.full(16, k), logits) for k in range(4)], axis=-1)
        np.testing.assert_allclose(loss(soft, logits), (soft * each).sum(-1), rtol=1e-5, atol=1e-6)


def test_labels_outside_of_the_classes_are_not_overlooked(case, logits):
    _, kind, options, _ = case
    found = np.asarray(kind(**options, reduction=None)(np.array([4, -1, 0]), logits[:3]))
    assert np.isnan(found[:2]).all()
    assert np.isfinite(found[2])


@pytest.mark.parametrize("size", [1e3, -1e3])
def test_finite_and_rightly_signed_at_extreme_logits(case, size):
    name, kind, options, _ = case
    z = np.zeros((1, 4), "float32")
    z[0, 1] = size
    loss = kind(**options, reduction="sum")
    value, slope = gradient(lambda z: loss(np.array([1]), z), z)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    assert slope[0, 1] <= 0
    assert (slope[0, [0, 2, 3]] >= -1e-6).all()
    if size < 0 and name not in BOUNDED:
        assert slope[0, 1] < -0.05


@pytest.fixture(scope="module")
def compiled():
    """Values and gradients of all cases by one XLA program."""
    z = np.random.default_rng(3).normal(size=(16, 4)).astype("float32") * 2
    y = np.random.default_rng(4).integers(0, 4, 16)
    made = {name: kind(**options) for name, (kind, options, _) in CASES.items()}

    @tf.function(jit_compile=True)
    def run(z):
        out = {}
        for name, loss in made.items():
            with tf.GradientTape() as tape:
                tape.watch(z)
                value = loss(y, z)
            out[name] = value, tape.gradient(value, z)
        return out

    return z, y, run(tf.constant(z))


@pytest.mark.wide
def test_compiled(case, compiled):
    name, kind, options, _ = case
    z, y, found = compiled
    loss = kind(**options)
    value, slope = gradient(lambda z: loss(y, z), z)
    np.testing.assert_allclose(found[name][0], value, rtol=1e-5)
    np.testing.assert_allclose(found[name][1], slope, rtol=1e-4, atol=1e-6)


def test_extra_axes(case, logits, labels):
    _, kind, options, _ = case
    loss = kind(**options, reduction=None)
    whole = np.asarray(loss(labels, logits))
    found = loss(labels.reshape(2, 8), logits.reshape(2, 8, 4))
    np.testing.assert_allclose(found, whole.reshape(2, 8), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [
        losses.CategoricalFocal(gamma=0.0, from_logits=True),
        losses.Poly1(epsilon=0.0, from_logits=True),
        losses.GeneralizedCrossentropy(q=0.0, from_logits=True),
        losses.GeneralizedCrossentropy(q=1e-5, from_logits=True),
        losses.SymmetricCrossentropy(alpha=1.0, beta=0.0, from_logits=True),
        losses.LogitAdjusted(class_counts=COUNTS, tau=0.0),
        losses.LogitAdjusted(class_counts=[5, 5, 5, 5]),
        losses.BiTempered(t1=1.0, t2=1.0),
        losses.AsymmetricCategorical(gamma_negative=0.0, label_smoothing=0.0, from_logits=True),
        losses.LogLoss(from_logits=True),
        losses.SoftTarget(from_logits=True),
        losses.ArcFace(margin=0.0, scale=1.0),
        losses.CosFace(margin=0.0, scale=1.0),
    ],
    ids=lambda loss: loss.name,
)
def test_limits_are_cross_entropy(loss, logits, labels):
    wanted = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    np.testing.assert_allclose(loss(labels, logits), wanted, rtol=2e-4)


@pytest.mark.parametrize("name", ["log", "focal", "poly1", "generalized", "symmetric", "ldam"])
def test_integer_labels_allow_logits_of_minus_infinity(name, logits, labels):
    """Classes that a model rules out; the loss is that of very small logits."""
    kind, options, _ = CASES[name]
    loss = kind(**options, reduction="sum")
    ruled_out, small = logits.copy(), logits.copy()
    ruled_out[labels != 2, 2], small[labels != 2, 2] = -np.inf, -1e4
    value, found = gradient(lambda z: loss(labels, z), ruled_out)
    wanted = gradient(lambda z: loss(labels, z), small)
    np.testing.assert_allclose(value, wanted[0], rtol=1e-3)
    np.testing.assert_allclose(found, wanted[1], rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("t2", [1.0, 1.01, 1.5, 2.0, 4.0])
@pytest.mark.parametrize(("size", "count"), [(1.0, 2), (1e3, 2), (30.0, 100), (0.1, 10000)])
def test_tempered_probabilities_sum_to_one(t2, size, count):
    z = size * np.random.default_rng(0).normal(size=(8, count)).astype("float32")
    logs = np.asarray(tempered_log_softmax(tf.constant(z), t2))
    np.testing.assert_allclose(np.exp(logs).sum(-1), 1, rtol=1e-5)


def test_labels_of_thousands_survive_half_precision():
    loss = losses.LogLoss(from_logits=True, reduction=None)
    classes = np.arange(4100)
    z = tf.one_hot(classes, 4100, on_value=20.0, dtype="float16")
    assert np.asarray(loss(classes, z)).max() < 0.01


def test_probabilities_equal_logits(logits, labels):
    p = oracles.softmax(logits.astype("float64")).astype("float32")
    for kind in (losses.LogLoss, losses.CategoricalFocal, losses.Poly1, losses.ActivePassive):
        np.testing.assert_allclose(
            kind()(labels, p), kind(from_logits=True)(labels, logits), rtol=1e-4
        )
