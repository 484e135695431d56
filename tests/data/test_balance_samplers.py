import numpy as np
import pytest
import tensorflow as tf
from imblearn.datasets import make_imbalance
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.utils.class_weight import compute_class_weight

from keras_cv_extras import data, losses

LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [50, 20, 7]))
TWO = LABELS[LABELS < 2]
ROWS = np.arange(77)[:, None]


@pytest.mark.parametrize(
    "strategy", ["auto", "minority", "not minority", "all", {2: 30}, {0: 50, 1: 21}, 0.8], ids=str
)
def test_oversampling_equals_imbalanced_learn(strategy):
    labels = TWO if strategy == 0.8 else LABELS
    sampler = RandomOverSampler(sampling_strategy=strategy, random_state=4)
    sampler.fit_resample(ROWS[: len(labels)], labels)
    found = data.oversample_indices(labels, sampling_strategy=strategy, seed=4)
    np.testing.assert_array_equal(found, sampler.sample_indices_)


@pytest.mark.parametrize(
    "strategy",
    ["auto", "majority", "not majority", "all", {0: 9}, {0: 0, 1: 20}, 0.8, lambda y: {1: 3}],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_undersampling_equals_imbalanced_learn(strategy):
    labels = TWO if strategy == 0.8 else LABELS
    sampler = RandomUnderSampler(sampling_strategy=strategy, random_state=4)
    sampler.fit_resample(ROWS[: len(labels)], labels)
    found = data.undersample_indices(labels, sampling_strategy=strategy, seed=4)
    np.testing.assert_array_equal(found, sampler.sample_indices_)


@pytest.mark.parametrize("strategy", ["minority", {0: 51}, {0: 2.5}, 0.1, {4: 1}], ids=str)
def test_undersampling_refuses_what_imbalanced_learn_refuses(strategy):
    labels = TWO if strategy == 0.1 else LABELS
    with pytest.raises((ValueError, TypeError)):
        RandomUnderSampler(sampling_strategy=strategy).fit_resample(ROWS[: len(labels)], labels)
    with pytest.raises(ValueError, match="sampling_strategy"):
        data.undersample_indices(labels, sampling_strategy=strategy)


@pytest.fixture(scope="module")
def numbered():
    """Images that hold their own number."""
    return np.arange(77, dtype=np.uint8).reshape(-1, 1, 1, 1), LABELS


@pytest.mark.parametrize(
    ("num_samples", "wanted"),
    [
        ("largest", [50, 50, 50]),
        ("smallest", [7, 7, 7]),
        (13, [13, 13, 13]),
        ({2: 30}, [50, 20, 30]),
        ({0: 0, 1: 60}, [0, 60, 7]),
    ],
)
def test_balanced_source_takes_samples_in_turn(numbered, num_samples, wanted):
    source = data.BalancedSource(*numbered, num_samples, seed=3)
    rows = [source.indices(epoch) for epoch in range(3)]
    for chosen in rows:
        assert np.bincount(LABELS[chosen], minlength=3).tolist() == wanted
        uses = np.bincount(chosen, minlength=77)
        for item in range(3):
            of_class = uses[item == LABELS]
            assert of_class.max() - of_class.min() <= 1
    assert np.any(rows[0] != rows[1])
    again = data.BalancedSource(*numbered, num_samples, seed=3)
    np.testing.assert_array_equal(again.indices(1), rows[1])
    assert np.any(data.BalancedSource(*numbered, num_samples, seed=4).indices(0) != rows[0])


def test_balanced_batches(numbered):
    source = data.BalancedSource(*numbered, "largest", seed=3)
    dataset = data.pipeline(source, 30, seed=3, shuffle=False)
    for epoch in range(2):
        parts = [(images.numpy().ravel(), labels.numpy()) for images, labels in dataset]
        assert [np.bincount(labels).tolist() for _, labels in parts] == [[10, 10, 10]] * 5
        np.testing.assert_array_equal(
            np.concatenate([images for images, _ in parts]), source.indices(epoch)
        )


@pytest.mark.parametrize("num_samples", ["most", 0, {3: 5}, {0: -1}, {0: 0, 1: 0, 2: 0}], ids=str)
def test_wrong_numbers_of_samples(numbered, num_samples):
    with pytest.raises(ValueError, match="num_samples"):
        data.BalancedSource(*numbered, num_samples)


@pytest.mark.parametrize(
    ("kind", "ratio", "wanted"),
    [
        # The long-tailed CIFAR-10 of the literature, 5,000 images a class.
        ("exponential", 100, [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]),
        ("exponential", 10, [5000, 3871, 2997, 2320, 1796, 1391, 1077, 834, 645, 500]),
        ("step", 100, [5000] * 5 + [50] * 5),
        ("step", 1, [5000] * 10),
    ],
)
def test_long_tails(kind, ratio, wanted):
    labels = np.repeat(np.arange(10), 5000)
    rows, kept = data.make_imbalanced(np.arange(50_000)[:, None], labels, ratio, kind, seed=2)
    assert np.bincount(kept).tolist() == wanted
    np.testing.assert_array_equal(labels[rows[:, 0]], kept)
    assert len(np.unique(rows)) == sum(wanted)
    oracle = make_imbalance(
        np.arange(50_000)[:, None],
        labels,
        sampling_strategy=dict(enumerate(wanted)),
        random_state=2,
    )
    np.testing.assert_array_equal(rows, oracle[0])


def test_long_tail_of_unequal_classes_keeps_the_ratio():
    labels = np.repeat([0, 1, 2], [300, 900, 100])
    _, kept = data.make_imbalanced(labels, labels, 4)
    assert np.bincount(kept).tolist() == [300, 150, 75]
    _, kept = data.make_imbalanced(labels, labels, 2)
    assert np.bincount(kept).tolist() == [200, 141, 100]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ratio": 0.5}, "ratio"),
        ({"kind": "linear"}, "kind"),
        ({"ratio": 1e4}, "would keep none"),
        ({"y": np.zeros(77, int)}, "two classes"),
        ({"y": np.zeros(3, int)}, "must have the same length"),
    ],
)
def test_wrong_arguments_of_make_imbalanced(change, message):
    with pytest.raises(ValueError, match=message):
        data.make_imbalanced(**{"x": ROWS, "y": LABELS, **change})


ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]


@pytest.mark.parametrize(
    "make",
    [
        lambda: LABELS,
        lambda: LABELS.tolist(),
        lambda: ONE_HOT,
        lambda: (ROWS, LABELS[:, None]),
        lambda: data.ImageData((ROWS, LABELS), (ROWS, LABELS), ("a", "b", "c"), "some"),
        lambda: tf.data.Dataset.from_tensor_slices((ROWS, LABELS)),
        lambda: tf.data.Dataset.from_tensor_slices((ROWS, LABELS)).batch(10),
        lambda: tf.data.Dataset.from_tensor_slices((ROWS, ONE_HOT)),
        lambda: tf.data.Dataset.from_tensor_slices((ROWS, ONE_HOT, LABELS)).batch(10),
    ],
)
def test_classes_are_counted(make):
    stats = data.ClassStats.from_dataset(make())
    np.testing.assert_array_equal(stats.counts, [50, 20, 7])
    assert stats.num_classes == 3
    np.testing.assert_allclose(stats.prior, np.array([50, 20, 7]) / 77)
    assert stats.ratio == pytest.approx(50 / 7)


def test_class_weights_equal_scikit_learn():
    wanted = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    found = data.class_weight(LABELS)
    np.testing.assert_allclose([found[item] for item in range(3)], wanted)
    more = data.class_weight(LABELS, num_classes=4)
    assert more == {**found, 3: 0.0}


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.9999, 1 - 1e-12])
def test_effective_numbers(beta):
    stats = data.ClassStats([50, 20, 7, 0])
    # Summed term by term: 1 + beta + ... + beta^(n - 1).
    wanted = [sum(beta**power for power in range(n)) for n in (50, 20, 7, 0)]
    np.testing.assert_allclose(stats.effective_numbers(beta), wanted, rtol=1e-9)
    weights = stats.class_weight("effective", beta=beta)
    assert weights == losses.class_balanced_weights([50, 20, 7, 0], beta=beta)
    products = [weights[item] * wanted[item] for item in range(3)]
    np.testing.assert_allclose(products, products[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda: np.array([-1, 2]), {}, "at least 0"),
        (lambda: np.array([0.5, 2]), {}, "labels must be integers"),
        (lambda: np.array([[0.5, 2.0]]), {}, "sum 1"),
        (lambda: LABELS, {"num_classes": 2}, "raise num_classes"),
        (lambda: tf.data.Dataset.from_tensors((ROWS, LABELS)).repeat(), {}, "without end"),
        (lambda: tf.data.Dataset.range(4), {}, "images, labels"),
        (lambda: LABELS[:1] * 0, {}, "at least two classes"),
    ],
)
def test_wrong_arguments_of_class_stats(make, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        data.ClassStats.from_dataset(make(), **options)
