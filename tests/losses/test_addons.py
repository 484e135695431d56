"""Values and gradients of TensorFlow Addons 0.23.0, and where it was wrong."""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import losses

REFERENCE = np.load(pathlib.Path(__file__).parent.parent / "reference" / "addons_losses.npz")
CASES = sorted(key.removesuffix("/class") for key in REFERENCE.files if key.endswith("/class"))


def value_and_gradient(loss, y_true, y_pred):
    y_pred = tf.constant(y_pred)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = tf.reduce_sum(loss(y_true, y_pred))
    return float(value), np.asarray(tf.convert_to_tensor(tape.gradient(value, y_pred)))


@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients(case):
    name = str(REFERENCE[f"{case}/class"])
    options = json.loads(str(REFERENCE[f"{case}/options"]))
    # The reduction that Addons had by default in these two.
    reduction = {"SigmoidFocalCrossEntropy": "sum"}.get(name, "sum_over_batch_size")
    loss = getattr(losses, name)(**options, reduction=reduction)
    y_true, y_pred = REFERENCE[f"{case}/y_true"], REFERENCE[f"{case}/y_pred"]
    value, gradient = value_and_gradient(loss, y_true, y_pred)
    np.testing.assert_allclose(value, REFERENCE[f"{case}/value"], rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, REFERENCE[f"{case}/gradient"], rtol=1e-3, atol=2e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_distances(seed):
    embeddings = REFERENCE[f"pairwise/{seed}/embeddings"]
    for name, found in {
        "L2": losses.pairwise_distance(embeddings),
        "squared-L2": losses.pairwise_distance(embeddings, squared=True),
        "angular": losses.angular_distance(embeddings),
    }.items():
        wanted = REFERENCE[f"pairwise/{seed}/{name}"]
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=2e-6)


def test_distances_far_from_the_origin_keep_their_digits():
    near = np.random.default_rng(0).integers(0, 9, (6, 3)).astype("float32")
    far = near + np.float32([4096, -8192, 2048])  # exact in float32
    wanted = np.linalg.norm(near[:, None] - near[None], axis=-1)
    np.testing.assert_allclose(losses.pairwise_distance(far), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "function", [losses.sparsemax, losses.pairwise_distance, losses.angular_distance]
)
def test_functions_keep_the_float_type_and_take_lists(function):
    rows = [[1.0, 0.0], [0.5, 2.0]]
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        assert function(tf.constant(rows, dtype)).dtype == dtype
    assert function(rows).dtype == function([[1, 0], [0, 2]]).dtype == "float32"


def test_sparsemax_is_the_projection_of_every_row():
    scores = np.random.default_rng(0).normal(size=(9, 6)).astype("float32") * 2
    found = np.asarray(losses.sparsemax(tf.constant(scores)))
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-6)
    for row, p in zip(scores, found, strict=True):
        # The conditions of the projection: one threshold, where the probability is not zero.
        threshold = (row - p)[p > 0]
        np.testing.assert_allclose(threshold, threshold[0], atol=1e-5)
        assert (row[p == 0] <= threshold[0] + 1e-5).all()


COUPLED = [
    losses.TripletSemiHardLoss(),
    losses.TripletHardLoss(),
    losses.TripletHardLoss(soft=True),
    losses.LiftedStructLoss(),
]


@pytest.mark.parametrize("loss", COUPLED, ids=lambda loss: loss.name)
@pytest.mark.parametrize("classes", [[0, 1, 2, 3], [1, 1, 1, 1]], ids=["no positive", "one class"])
def test_batches_without_a_pair_or_a_negative_cost_nothing(loss, classes):
    embeddings = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    value, gradient = value_and_gradient(loss, np.array(classes), embeddings)
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("loss", COUPLED, ids=lambda loss: loss.name)
@pytest.mark.parametrize("size", [0.0, 1e3])
def test_equal_and_far_embeddings(loss, size):
    embeddings = size * np.repeat(np.eye(3, dtype="float32"), 2, axis=0)
    value, gradient = value_and_gradient(loss, np.array([0, 1, 1, 2, 2, 0]), embeddings)
    assert np.isfinite(value)
    assert value > 0
    assert np.isfinite(gradient).all()


def brute_force_semi_hard(classes, embeddings, margin):
    distance = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=-1)
    terms = []
    for a in range(len(classes)):
        negatives = distance[a][classes != classes[a]]
        for p in range(len(classes)):
            if p == a or classes[p] != classes[a]:
                continue
            farther = negatives[negatives > distance[a, p]]
            chosen = farther.min() if len(farther) else negatives.max()
            terms.append(max(distance[a, p] - chosen + margin, 0))
    return np.mean(terms)


def test_semi_hard_negatives_among_equal_distances():
    rng = np.random.default_rng(2)
    for _ in range(20):
        # A coarse grid, so that many distances are equal.
        embeddings = rng.integers(0, 3, (14, 2)).astype("float32") * 4
        classes = rng.integers(0, 3, 14)
        # Differences of the grid are exact, as the products of pairwise_distance are not.
        exact = lambda e: tf.norm(e[:, None] - e[None], axis=-1)  # noqa: E731
        found = losses.TripletSemiHardLoss(0.7, exact)(classes, embeddings)
        wanted = brute_force_semi_hard(classes, embeddings.astype("float64"), 0.7)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_semi_hard_of_a_large_batch_needs_no_cube_of_memory():
    rng = np.random.default_rng(3)
    embeddings = rng.normal(size=(1500, 4)).astype("float32")  # cubed: 13 GB
    assert float(losses.TripletSemiHardLoss()(rng.integers(0, 9, 1500), embeddings)) > 0


def test_options_are_attributes():
    loss = losses.WeightedKappaLoss(num_classes=4, weightage="linear")
    assert (loss.num_classes, loss.weightage) == (4, "linear")
    with pytest.raises(AttributeError, match="WeightedKappaLoss has no attribute 'margin'"):
        _ = loss.margin


def test_sparse_labels_are_read():
    labels = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]], "float32")
    scores = np.random.default_rng(0).normal(size=(4, 4)).astype("float32")
    sparse = tf.sparse.from_dense(labels)
    loss = losses.NpairsMultilabelLoss()
    assert float(loss(sparse, scores)) == float(loss(labels, scores))


def test_no_gamma_is_cross_entropy():
    labels, scores = np.eye(3, dtype="float32"), np.ones((3, 3), "float32")
    plain = losses.SigmoidFocalCrossEntropy(True, gamma=None)
    assert float(plain(labels, scores)) == float(
        losses.SigmoidFocalCrossEntropy(True, gamma=0.0)(labels, scores)
    )
    assert losses.SigmoidFocalCrossEntropy.from_config(plain.get_config()).gamma == 0


def test_kappa_leaves_out_samples_of_weight_0():
    true, chances = np.array([0, 1, 2, 2]), np.eye(3, dtype="float32")[[0, 2, 2, 1]] * 0.8 + 0.1
    loss = losses.WeightedKappaLoss(num_classes=3)
    wanted = float(loss(true, chances))
    labels = np.append(true, [-1, 1])
    rows = np.concatenate([chances, chances[:2]])
    weights = np.array([1.5, 1.5, 1.5, 1.5, 0, 0], "float32")  # their mean is 1
    assert float(loss(labels, rows, weights)) == pytest.approx(wanted, rel=1e-5)
    assert float(loss(labels, rows, 2 * weights)) == pytest.approx(2 * wanted, rel=1e-5)
    assert np.isnan(float(loss(labels, rows)))
