"""The functions of the losses, each against its formula for one sample, written out."""

import inspect
import math

import keras
import numpy as np
import pytest

from keras_cv_extras import losses
from keras_cv_extras.compat.tensorflow_addons import losses as compat_losses

CHANCES = np.array([[0.7, 0.2, 0.1]])  # the true class is the first, unless it is said
LOGITS = np.log(CHANCES)
BINARY = np.array([[0.8, 0.4]])  # of a label that is true, and one that is not
TRUE, OTHER = math.log(0.7), math.log(0.7) + math.log(0.2) + math.log(0.1)
TINY = math.log(1e-4)  # what symmetric losses take for the logarithm of 0
EMBEDDINGS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [4.0, 0.0]], "float32")
CLASSES = np.array([0, 0, 1, 1])
SCORES = np.array([[2.0, 1.5, -1.0]])


def tempered_log(x, t):
    return (x ** (1 - t) - 1) / (1 - t)


# Of three equal logits every tempered softmax gives a third.
BI_TEMPERED = -tempered_log(1 / 3, 0.8) - (1 - 3 * (1 / 3) ** 1.2) / 1.2
# Cosines of 0.5, lowered by 0.2 for the true class, times 4; likewise of counts 8, 1, 1.
COSFACE = math.log(1 + 2 * math.exp(4 * 0.2))
ADJUSTED = -math.log(0.7 * 8 / (0.7 * 8 + 0.2 + 0.1))
# The distances: 0-1 is 1, 0-2 is 3, 0-3 is 4, 1-2 is sqrt(10), 1-3 is 3, 2-3 is 5.
ROOT = math.sqrt(10)
HARD = [max(1 - 3 + 1, 0), max(1 - 3 + 1, 0), 5 - 3 + 1, 5 - 3 + 1]
# Nobody is farther from 2 and from 3 than they are from each other: then the farthest of all.
SEMI_HARD = [0, 0, 5 - ROOT + 1, 5 - 4 + 1]
LIFTED = [
    1 + math.log(sum(math.exp(1 - d) for d in (3, 4, ROOT, 3))),
    5 + math.log(sum(math.exp(1 - d) for d in (3, ROOT, 4, 3))),
]

EXPECTED = {
    "active_passive": ([0], CHANCES, {}, TRUE / OTHER - TINY * 0.3),
    "asymmetric_categorical": (
        [0],
        CHANCES,
        {"gamma_negative": 2.0, "gamma_positive": 1.0, "label_smoothing": 0.0},
        -0.3 * TRUE,
    ),
    "asymmetric_multilabel": (
        [[1, 0]],
        BINARY,
        {},
        -0.2 * math.log(0.8) - 0.35**4 * math.log(0.65),
    ),
    "bi_tempered": ([0], np.zeros((1, 3)), {}, BI_TEMPERED),
    "categorical_focal": ([0], CHANCES, {"alpha": 0.5}, -0.5 * 0.3**2 * TRUE),
    "contrastive_loss": ([1.0, 0.0, 0.0], [0.5, 0.5, 3.0], {"margin": 2.0}, [0.25, 2.25, 0.0]),
    "cosface": ([0], np.full((1, 3), 0.5), {"margin": 0.2, "scale": 4.0}, COSFACE),
    "generalized_crossentropy": ([0], CHANCES, {"q": 0.5}, (1 - math.sqrt(0.7)) / 0.5),
    # A box of 2 x 2 and one of 1 x 2 beside it: union 6, enclosing 2 x 4.
    "giou_loss": ([[0.0, 0, 2, 2]], [[0.0, 2, 1, 4]], {}, 1 + (8 - 6) / 8),
    "hinge": ([[1, -1]], [[0.5, 2.0]], {}, (0.5 + 3) / 2),
    "logit_adjusted": ([0], LOGITS, {"class_counts": [8, 1, 1]}, ADJUSTED),
    "multiclass_hinge": ([0], SCORES, {"variant": "crammer_singer"}, 1 + 1.5 - 2),
    "pinball_loss": ([[1.0, 1.0]], [[3.0, 0.0]], {"tau": 0.3}, (0.7 * 2 + 0.3) / 2),
    "poly1": ([0], CHANCES, {"epsilon": 2.0}, -TRUE + 2 * 0.3),
    "sigmoid_focal_crossentropy": (
        [[1, 0]],
        BINARY,
        {},
        -0.25 * 0.2**2 * math.log(0.8) - 0.75 * 0.4**2 * math.log(0.6),
    ),
    # The sparsemax of 2, 1.5, -1 is 0.75, 0.25, 0.
    "sparsemax_loss": ([1], SCORES, {}, 0.75 * (2 - 0.375) + 0.25 * (1.5 - 0.125) + 0.5 - 1.5),
    "symmetric_crossentropy": ([0], CHANCES, {}, -0.1 * TRUE - TINY * 0.3),
    # One of two true pixels is found, and one other: 1 / (1 + 0.3 + 0.7).
    "tversky": ([[1.0, 1.0, 0.0]], [[1.0, 0.0, 1.0]], {"smooth": 0.0}, 0.5),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_one_sample(name):
    y_true, y_pred, options, wanted = EXPECTED[name]
    found = getattr(losses, name)(np.array(y_true), np.array(y_pred, "float64"), **options)
    assert found.shape == (len(y_pred),)
    np.testing.assert_allclose(found, np.reshape(wanted, (-1,)), rtol=1e-6)


def test_embeddings():
    """Each sample's share: of the anchors, of the positive pairs, of half the squares of pairs."""
    for found, wanted in (
        (losses.triplet_hard_loss(CLASSES, EMBEDDINGS), np.mean(HARD)),
        (losses.triplet_semihard_loss(CLASSES, EMBEDDINGS), np.mean(SEMI_HARD)),
        (losses.lifted_struct_loss(CLASSES, EMBEDDINGS), np.mean(np.square(LIFTED)) / 2),
    ):
        assert found.shape == (4,)
        np.testing.assert_allclose(np.mean(found), wanted, rtol=1e-5)


def test_kappa():
    """Of four answers, half sure and wrong by one class where they are wrong."""
    chances = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], "float64")
    true = np.array([0, 0, 1, 2])
    observed = 1 / 4  # one of four is one class off
    # By chance: true shares 1/2, 1/4, 1/4, given shares 1/4, 1/2, 1/4, by squared distance.
    expected = 1 / 2 * (1 / 2 + 4 / 4) + 1 / 4 * (1 / 4 + 1 / 4) + 1 / 4 * (4 / 4 + 1 / 2)
    found = losses.weighted_kappa_loss(true, chances, num_classes=3, epsilon=0.0)
    assert float(found) == pytest.approx(math.log(observed / expected))


def test_a_probability_that_is_rounded_above_one_costs_nothing():
    for share in (1.0, 1.0 + 1e-7, 1.01):
        assert float(losses.log_loss(np.array([0]), np.array([[share, 0.0]]))[0]) == 0
    half = losses.log_loss(np.array([0]), np.array([[0.5, 0.25]]))  # which are not scaled up
    assert float(half[0]) == pytest.approx(math.log(2), rel=1e-6)


# The functions whose classes other tests compare with other libraries or with the formula.
OWN_TESTS = {
    "angular_distance",
    "arcface",
    "class_balanced_weights",
    "huber",
    "jensen_shannon_consistency",
    "jensen_shannon_divergence",
    "ldam",
    "log_loss",
    "npairs_loss",
    "npairs_multilabel_loss",
    "nt_xent",
    "pairwise_distance",
    "pseudo_huber",
    "soft_target",
    "sparsemax",
    "supcon",
}
HERE = {"triplet_hard_loss", "triplet_semihard_loss", "lifted_struct_loss", "weighted_kappa_loss"}


def test_every_function_has_its_number():
    functions = {name for name in losses.__all__ if inspect.isfunction(getattr(losses, name))}
    assert functions - {"per_sample", "register"} == set(EXPECTED) | HERE | OWN_TESTS


def test_a_loss_of_ones_own():
    """`FunctionLoss` gives a class its function's options, a reduction and its place in files."""

    def scaled(y_true, y_pred, *, scale=1.0):
        return scale * keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)

    scaled.check, scaled.defaults = dict, {"scale": 1.0}

    class Scaled(losses.FunctionLoss):
        function = scaled

    loss = Scaled(3.0, reduction="sum")
    assert float(loss(np.zeros((2, 2)), np.array([[1.0, 2.0], [0.0, 4.0]]))) == 3 * 3.5
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert again.get_config()["scale"] == 3.0
    with pytest.raises(TypeError, match="scale, reduction, name"):
        Scaled(speed=1.0)


def test_a_name_of_the_library_stays_the_librarys(untold):
    class GIoULoss(losses.GIoULoss):
        """Another one, of a user."""

    with pytest.warns(FutureWarning, match="is now keras_cv_extras.losses.GIoULoss"):
        old = compat_losses.GIoULoss
    for made in (losses.GIoULoss, old):
        again = keras.losses.deserialize(keras.losses.serialize(made()))
        assert type(again) is made
    assert issubclass(old, losses.GIoULoss)


def test_the_mean_absolute_error_is_that_of_keras():
    """For images from files in [0, 1] beside those in [0, 255], there is another class."""
    assert losses.MeanAbsoluteError is keras.losses.MeanAbsoluteError
    images = np.array([[[[10.0]], [[20.0]]]])
    assert float(losses.MeanAbsoluteError()(images, images + 51)) == 51
    share = losses.ImageMeanAbsoluteError(value_range=(0, 255))
    assert float(share(images, images + 51)) == pytest.approx(0.2)
