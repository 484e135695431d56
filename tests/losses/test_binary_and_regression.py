"""Losses of one number, of independent labels, of masks and of images."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special
from sklearn import metrics

from keras_cv_extras import losses

RNG = np.random.default_rng(1)
SCORES = RNG.normal(size=(12, 5)).astype("float32") * 3
TARGETS = (RNG.random((12, 5)) < 0.4).astype("float32")
P = special.expit(SCORES.astype("float64"))


def slope(loss, labels, values):
    values = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        total = tf.reduce_sum(loss(labels, values))
    return np.asarray(tape.gradient(total, values))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_log_loss_equals_scikit_learn(dtype):
    p, y = P[:, 0].astype(dtype), TARGETS[:, 0]
    wanted = metrics.log_loss(y, p.astype("float64"))
    np.testing.assert_allclose(losses.LogLoss()(y, p), wanted, rtol=1e-5)
    np.testing.assert_allclose(losses.LogLoss()(y[:, None], p[:, None]), wanted, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_log_loss_of_certain_mistakes(dtype):
    p, y = np.array([0, 1, 0, 1], dtype), np.array([1, 0, 0, 1])
    each = np.asarray(losses.log_loss(y, p))
    np.testing.assert_allclose(each[:2], -np.log(np.finfo("float32").eps), rtol=1e-3)
    np.testing.assert_allclose(each[2:], 0, atol=1e-6)
    assert metrics.log_loss(y, p.astype("float32")) == pytest.approx(each.mean(), rel=1e-3)
    found = slope(losses.log_loss, y, p.astype("float32"))
    assert found[0] < -1e6
    assert found[1] > 1e6
    rows = np.stack([1 - p, p], axis=-1)
    np.testing.assert_allclose(losses.log_loss(y, rows), each, rtol=1e-3, atol=1e-6)


def test_log_loss_of_rows_is_not_the_sum_of_binary_terms():
    thirds = np.full((3, 3), 1 / 3, "float32")
    np.testing.assert_allclose(losses.LogLoss()(np.eye(3), thirds), np.log(3), rtol=1e-6)


def test_binary_label_smoothing_equals_keras():
    found = losses.LogLoss(from_logits=True, label_smoothing=0.2)(TARGETS[:, :1], SCORES[:, :1])
    wanted = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2)
    np.testing.assert_allclose(found, wanted(TARGETS[:, :1], SCORES[:, :1]), rtol=1e-6)


def test_sigmoid_focal_equals_the_formula_and_keras():
    positive = -0.25 * (1 - P) ** 2 * np.log(P)
    negative = -0.75 * P**2 * np.log(1 - P)
    wanted = (TARGETS * positive + (1 - TARGETS) * negative).sum(-1)
    summed = losses.SigmoidFocalCrossEntropy(True, reduction=None)
    np.testing.assert_allclose(summed(TARGETS, SCORES), wanted, rtol=1e-4, atol=1e-6)
    mean = losses.SigmoidFocalCrossEntropy(True, over_labels="mean")
    peer = keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, from_logits=True)
    np.testing.assert_allclose(mean(TARGETS, SCORES), peer(TARGETS, SCORES), rtol=1e-4)


def test_asymmetric_equals_the_formula():
    q = np.maximum(P - 0.05, 0)
    wanted = -(TARGETS * (1 - P) * np.log(P) + (1 - TARGETS) * q**4 * np.log(1 - q)).sum(-1)
    found = losses.AsymmetricMultilabel(from_logits=True, reduction=None)(TARGETS, SCORES)
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    plain = losses.AsymmetricMultilabel(0.0, 0.0, 0.0, True, reduction=None)(TARGETS, SCORES)
    wanted = -(TARGETS * np.log(P) + (1 - TARGETS) * np.log(1 - P)).sum(-1)
    np.testing.assert_allclose(plain, wanted, rtol=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        losses.SigmoidFocalCrossEntropy(True),
        losses.SigmoidFocalCrossEntropy(True, gamma=0.0, alpha=None),
        losses.AsymmetricMultilabel(from_logits=True),
        losses.AsymmetricMultilabel(clip=0.0, from_logits=True),
        losses.LogLoss(from_logits=True),
    ],
    ids=lambda loss: loss.name,
)
def test_labels_at_extreme_logits(loss):
    y = np.array([[1], [0], [1], [0]], "float32")
    z = np.array([[-1e3], [1e3], [1e3], [-1e3]], "float32")
    assert np.isfinite(float(loss(y, z)))
    found = slope(loss, y, z)[:, 0]
    assert np.isfinite(found).all()
    assert found[0] < 0 <= found[1]
    # A probability that is shifted down costs at most -log(clip), with no slope there.
    assert found[1] > 0 or loss.options.get("clip")
    np.testing.assert_allclose(found[2:], 0, atol=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 3.0])
def test_slopes_at_a_logit_of_zero(gamma):
    """Where pieces of the formula meet: a head that starts from zeros has only such logits."""
    y = np.array([[1], [0]], "float32")
    found = slope(losses.SigmoidFocalCrossEntropy(True, None, gamma, "sum"), y, np.zeros((2, 1)))
    # By p of (1 - p)^gamma log p, times p (1 - p), at p = 1 / 2.
    wanted = 0.5 ** (gamma + 1) * (1 + gamma * np.log(2))
    np.testing.assert_allclose(found, [[-wanted], [wanted]], rtol=1e-6)
    np.testing.assert_allclose(
        slope(losses.LogLoss(True, reduction="sum"), y, np.zeros((2, 1))), [[-0.5], [0.5]]
    )


def test_huber_equals_scipy():
    for delta in (0.3, 1.0, 2.5):
        found = losses.huber(TARGETS[:, 0], SCORES[:, 0], delta=delta)
        error = SCORES[:, 0] - TARGETS[:, 0]
        np.testing.assert_allclose(found, special.huber(delta, error), rtol=1e-5)
        found = losses.pseudo_huber(TARGETS[:, 0], SCORES[:, 0], delta=delta)
        np.testing.assert_allclose(found, special.pseudo_huber(delta, error), rtol=1e-5)
        expected = np.where(np.abs(error) <= delta, error, delta * np.sign(error))
        found = slope(losses.Huber(delta, "sum"), TARGETS[:, 0], SCORES[:, 0])
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_pseudo_huber_of_tiny_and_huge_errors():
    e = np.array([0, 1e-4, 1e20, -1e30], "float32")
    np.testing.assert_allclose(losses.pseudo_huber(np.zeros(4), e), [0, 5e-9, 1e20, 1e30], 1e-4)
    assert np.isfinite(slope(losses.PseudoHuber(reduction="sum"), np.zeros(4), e)).all()


def test_pinball_equals_scikit_learn():
    for tau in (0.1, 0.5, 0.9):
        found = losses.PinballLoss(tau)(TARGETS, SCORES)
        wanted = metrics.mean_pinball_loss(TARGETS.ravel(), SCORES.ravel(), alpha=tau)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_hinge_equals_scikit_learn():
    y, f = 2 * TARGETS[:, 0] - 1, SCORES[:, 0]
    wanted = metrics.hinge_loss(y, f)
    np.testing.assert_allclose(losses.Hinge()(y, f), wanted, rtol=1e-6)
    np.testing.assert_allclose(losses.Hinge(labels="binary")(TARGETS[:, 0], f), wanted, rtol=1e-6)
    classes = np.arange(12) % 5
    wanted = metrics.hinge_loss(classes, SCORES)
    np.testing.assert_allclose(losses.MulticlassHinge()(classes, SCORES), wanted, rtol=1e-6)


def test_hinge_subgradient_at_the_kink():
    found = slope(losses.Hinge(reduction="sum"), [1.0, -1.0, 1.0, 1.0], [1.0, -1.0, 0.5, 1.5])
    np.testing.assert_array_equal(found, [-1, 1, -1, 0])


def test_hinge_checks_its_labels():
    with pytest.raises(ValueError, match=r'-1 and 1 only \(for labels 0 and 1 give labels="bin'):
        losses.Hinge()([0.0, 1.0], [0.2, 0.3])
    with pytest.raises(ValueError, match="0 and 1 only"):
        losses.Hinge(labels="binary")([-1.0, 1.0], [0.2, 0.3])
    loss = losses.Hinge(reduction=None)
    compiled = tf.function(lambda y, f: loss(y, f))
    assert np.isnan(compiled(tf.constant([0.0, 1.0]), tf.constant([0.2, 0.3]))[0])


def test_tversky_costs_are_the_right_way_round():
    nothing, all_wrong = np.zeros((1, 4), "float32"), np.array([[1, 1, 0, 0]], "float32")
    loss = losses.Tversky(alpha=0.9, beta=0.1)
    some = np.array([[1, 0, 0, 0]], "float32")
    more, fewer = np.array([[1, 1, 0, 0]], "float32"), np.array([[0.5, 0, 0, 0]], "float32")
    np.testing.assert_allclose(loss(some, more), 1 - 1 / 1.9, rtol=1e-5)
    np.testing.assert_allclose(loss(some, fewer), 1 - 0.5 / 0.55, rtol=1e-5)
    assert float(loss(nothing, nothing)) == 0
    dice = 1 - 2 * 1 / (2 + 1)
    np.testing.assert_allclose(losses.Tversky(0.5, 0.5)(all_wrong, some), dice, rtol=1e-5)
    focal = losses.Tversky(0.5, 0.5, gamma=0.75)
    np.testing.assert_allclose(focal(all_wrong, some), dice**0.75, rtol=1e-5)
    assert np.isfinite(slope(focal, some, some)).all()


def test_images_do_not_cancel():
    a = np.array([255, 0], "uint8").reshape(1, 1, 2, 1)
    assert float(losses.ImageMeanAbsoluteError()(a, a[:, :, ::-1])) == 1.0
    black, white = np.zeros((2, 4, 4, 3), "uint8"), np.full((2, 4, 4, 3), 255, "uint8")
    found = losses.ImageMeanAbsoluteError(reduction=None)(black, white)
    np.testing.assert_array_equal(found, [1, 1])


def test_class_balanced_weights():
    counts = np.array([5000, 100, 3])
    weights = losses.class_balanced_weights(counts, beta=0.999)
    wanted = (1 - 0.999) / (1 - 0.999**counts)
    np.testing.assert_allclose(list(weights.values()), wanted / wanted.mean(), rtol=1e-9)
    assert losses.class_balanced_weights([5, 0, 5]) == {0: 1.0, 1: 0.0, 2: 1.0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.Huber(delta=0), "delta must be above 0"),
        (lambda: losses.LogLoss(label_smoothing=2), r"label_smoothing must be in \[0, 1\]"),
        (lambda: losses.LogLoss(smoothing=0.1), "unexpected keyword argument 'smoothing'; its arg"),
        (lambda: losses.LogLoss(reduction="average"), "reduction"),
        (lambda: losses.MulticlassHinge("all"), "variant must be one of 'crammer_singer'"),
        (lambda: losses.LDAM(class_counts=[3]), "class_counts must list how many"),
        (lambda: losses.LDAM([3, 4])([0], [[0.1, 0.2, 0.3]]), "one number per class: 3"),
        (lambda: losses.LogLoss()([[1, 0]], [[0.1, 0.2, 0.3]]), "y_true must hold integer classes"),
        (lambda: losses.CategoricalFocal()([0], [[0.1]]), "at least two classes"),
        (lambda: losses.BiTempered(from_logits=False)([0], [[0.5, 0.5]]), "needs logits"),
        (lambda: losses.BiTempered(t1=1.5), r"t1 must be in \[0, 1\], received 1.5"),
        (lambda: losses.BiTempered(t2=0.5), "t2 must be at least 1, received 0.5"),
        (lambda: losses.WeightedKappaLoss(num_classes=1), "num_classes must be at least 2"),
    ],
)
def test_clear_errors(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


BINARY = {
    "log loss": losses.LogLoss(),
    "focal": losses.SigmoidFocalCrossEntropy(),
    "asymmetric": losses.AsymmetricMultilabel(),
    "overlap": losses.Tversky(),
    "pairs": losses.ContrastiveLoss(),
}


@pytest.mark.parametrize("name", BINARY)
def test_a_label_that_is_neither_0_nor_1_is_none(name):
    """As a number it would make the loss smaller, or below 0, the farther off it is."""
    loss, columns = BINARY[name], 2 if name in ("asymmetric", "overlap") else 1
    given = np.full((3, columns), 0.6, "float32")
    for label in (-1, 2, 255):
        labels = np.ones((3, columns), "int32")
        labels[1, 0] = label
        assert np.isnan(float(loss(labels, given)))
        alone = loss(labels, given, sample_weight=np.array([1.0, 0.0, 1.0]))
        good = loss(np.ones_like(labels), given, sample_weight=np.array([1.0, 0.0, 1.0]))
        assert float(alone) == pytest.approx(float(good))
    assert np.isfinite(float(loss(np.full_like(given, 1.001), given)))


def test_the_overlap_of_an_image_is_that_of_all_its_pixels():
    random = np.random.default_rng(0)
    labels, chances = random.integers(0, 2, (2, 3, 4, 1)), random.random((2, 3, 4, 1))
    flat = losses.tversky(labels.reshape(2, -1), chances.reshape(2, -1))
    np.testing.assert_allclose(losses.tversky(labels, chances), flat, rtol=1e-5)


def test_losses_of_nothing():
    for loss in (losses.LogLoss(), losses.CategoricalFocal(), losses.Huber()):
        found = loss(np.zeros((0, 4), "float32"), np.zeros((0, 4), "float32"))
        assert tuple(found.shape) == (0,)  # as those of Keras
        message = r"y_pred must not be empty along its last axis, received shape \(4, 0\)"
        with pytest.raises(ValueError, match=message):
            loss(np.zeros((4, 0), "float32"), np.zeros((4, 0), "float32"))


COUNTS = {"class_counts": (5, 3, 2, 1)}
OPTIONS = {
    "ldam": [COUNTS],
    "logit_adjusted": [COUNTS],
    "weighted_kappa_loss": [{"num_classes": 4}],
    "multiclass_hinge": [
        {"variant": variant} for variant in ("crammer_singer", "weston_watkins", "one_vs_rest")
    ],
}
LABELS = {  # the axes of labels and of predictions, batch apart
    "asymmetric_multilabel": [((4,), (4,))],
    "contrastive_loss": [((), ())],
    "giou_loss": [((4,), (4,)), ((3, 4), (3, 4))],
    "jensen_shannon_consistency": [((), (2, 4))],
    "npairs_loss": [((), (2, 4))],
    "npairs_multilabel_loss": [((3,), (2, 4))],
    "nt_xent": [((), (2, 4))],
    "sigmoid_focal_crossentropy": [((1,), (1,)), ((), ()), ((4,), (4,))],
} | dict.fromkeys(("hinge", "huber", "pinball_loss", "pseudo_huber", "tversky"), [((4,), (4,))])
FUNCTIONS = [name for name in losses.__all__ if hasattr(getattr(losses, name), "defaults")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_give_nothing_for_nothing(name):
    function = getattr(losses, name)
    for options in OPTIONS.get(name, [{}]):
        for labels, given in LABELS.get(name, [((), (4,)), ((4,), (4,))]):
            y_true = np.zeros((0, *labels), "float32")
            found = function(y_true, np.zeros((0, *given), "float32"), **options)
            shape = () if name == "weighted_kappa_loss" else (0,)  # one loss of the whole batch
            assert tuple(found.shape) == ((0, 3) if len(labels) > 1 else shape)
            assert np.isfinite(found).all()
