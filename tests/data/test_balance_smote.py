import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import NearestNeighbors

from keras_cv_extras import data
from keras_cv_extras.data.balance import _neighbors, _smote

COUNTS = (60, 25, 9)


def points(counts=COUNTS, size=6, dtype=np.float64, seed=0):
    """Clouds of points, one for each class, and their labels in a random order."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(counts)), counts))
    return (generator.normal(size=(len(labels), size)) + labels[:, None]).astype(dtype), labels


def pixels(counts=COUNTS, shape=(5, 4, 1), seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(counts)), counts))
    return generator.integers(0, 256, (len(labels), *shape), np.uint8), labels


BINARY = [0.5, 0.715, 0.9, 1.0, 1]
MANY = [
    "auto",
    "minority",
    "not minority",
    "not majority",
    "all",
    {0: 60, 1: 40},
    {2: 30},
    {2: 9, 1: 25},
    {0: 70, 1: 71, 2: 72},
    lambda labels: {2: int(np.sum(labels == 0)) // 2},
]


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [(item, COUNTS) for item in MANY]
    + [(item, (40, 17)) for item in [*BINARY, *MANY[:5]]]
    + [("auto", (20, 20, 7)), ("minority", (9, 20, 9)), ("not majority", (20, 9, 20))],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_to_imbalanced_learn(strategy, counts, dtype):
    x, y = points(counts, dtype=dtype)
    wanted, wanted_labels = SMOTE(sampling_strategy=strategy, random_state=7).fit_resample(x, y)
    new, labels = data.smote(x, y, sampling_strategy=strategy, seed=7)
    assert new.dtype == dtype
    assert labels.dtype == wanted_labels.dtype
    np.testing.assert_array_equal(new, wanted)
    np.testing.assert_array_equal(labels, wanted_labels)


@pytest.mark.parametrize("size", [2, 40], ids=["tree", "brute force"])
@pytest.mark.parametrize("k_neighbors", [1, 3, 8, NearestNeighbors(n_neighbors=4)], ids=str)
def test_equal_to_imbalanced_learn_with_any_neighbours(size, k_neighbors):
    x, y = points(size=size)
    wanted = SMOTE(k_neighbors=k_neighbors, random_state=0).fit_resample(x, y)
    np.testing.assert_array_equal(data.smote(x, y, k_neighbors=k_neighbors)[0], wanted[0])


def test_equal_to_imbalanced_learn_with_a_random_state_and_one_hot_labels():
    x, y = points()
    one_hot = np.eye(3, dtype=np.int64)[y]
    wanted = SMOTE(random_state=np.random.RandomState(5)).fit_resample(x, one_hot)  # noqa: NPY002
    found = data.smote(x, one_hot, seed=np.random.RandomState(5))  # noqa: NPY002
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])
    names = np.array(["cat", "dog", "eel"])[y]
    wanted = SMOTE(random_state=5).fit_resample(x, names)
    np.testing.assert_array_equal(data.smote(x, names, seed=5)[1], wanted[1])


@pytest.mark.parametrize("strategy", ["majority", "some", {5: 3}, {0: 10}, {0: -1}, 0.5, [1], None])
def test_strategies_that_imbalanced_learn_refuses(strategy):
    x, y = points()
    with pytest.raises((ValueError, TypeError)):
        SMOTE(sampling_strategy=strategy).fit_resample(x, y)
    with pytest.raises((ValueError, TypeError), match="sampling_strategy"):
        data.smote(x, y, sampling_strategy=strategy)


@pytest.mark.parametrize("share", [0, 1.5, 0.1])
def test_proportions_that_imbalanced_learn_refuses(share):
    x, y = points((40, 17))
    with pytest.raises(ValueError, match="ratio|range"):
        SMOTE(sampling_strategy=share).fit_resample(x, y)
    with pytest.raises(ValueError, match="sampling_strategy"):
        data.smote(x, y, sampling_strategy=share)


def segment(new, sources):
    """The best pair of `sources` for a point: distance from its segment, and where on it."""
    first, second = np.triu_indices(len(sources), 1)
    begin, line = sources[first], sources[second] - sources[first]
    step = np.sum((new - begin) * line, axis=1) / np.sum(line**2, axis=1)
    residual = np.linalg.norm(begin + step[:, None] * line - new, axis=1)
    best = residual.argmin()
    return residual[best], step[best], (first[best], second[best])


@pytest.mark.parametrize("base", ["random", "even"])
@pytest.mark.parametrize("neighbors_in", ["pixels", "pca"])
def test_new_samples_lie_between_near_samples_of_their_class(base, neighbors_in):
    x, y = points((60, 12), size=20)
    new, labels = data.smote(x, y, k_neighbors=3, base=base, neighbors_in=neighbors_in)
    members = x[y == 1]
    near = NearestNeighbors(n_neighbors=4).fit(members).kneighbors(members)[1][:, 1:]
    assert labels[72:].tolist() == [1] * 48
    used = set()
    for sample in new[72:]:
        residual, step, (first, second) = segment(sample, members)
        assert residual < 1e-9
        assert -1e-9 <= step < 1 + 1e-9
        assert second in near[first] or first in near[second]
        used |= {first, second}
    assert len(used) == 12


def test_even_base_takes_every_sample_as_often():
    # On a line with one neighbour each, at far places, the pair of a new sample is known.
    x = np.concatenate([np.full((50, 1), -1e6), np.arange(10)[:, None] * 100.0])
    x[50:] += np.tile([0, -90], 5)[:, None]  # pairs at a distance of 10
    y = np.repeat([0, 1], [50, 10])
    for base, even in (("even", True), ("random", False)):
        new, _ = data.smote(x, y, k_neighbors=1, base=base, seed=2)
        pairs = np.bincount(np.rint(new[60:, 0] // 200).astype(int), minlength=5)
        assert (pairs.tolist() == [8] * 5) is even


def test_uint8_is_rounded_and_does_not_wrap_around():
    x = np.zeros((40, 2, 2, 1), np.uint8)
    x[30:] = np.array([0, 255])[np.arange(10) % 2, None, None, None]
    x[30:, 0, 0, 0] = np.arange(10)  # no copies
    y = np.repeat([0, 1], [30, 10])
    new, _ = data.smote(x, y, k_neighbors=9, seed=0)
    assert new.dtype == np.uint8
    floats, _ = data.smote(x.astype(np.float32), y, k_neighbors=9, seed=0)
    assert np.abs(new[40:].astype(float) - floats[40:]).max() <= 0.5 + 1e-3
    assert len(np.unique(new[40:, 1])) > 5  # between 0 and 255 there is everything
    wrapped = SMOTE(k_neighbors=9, random_state=0).fit_resample(x.reshape(40, -1), y)[0]
    assert np.abs(wrapped[40:].astype(float) - floats[40:].reshape(-1, 4)).max() > 100


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int32, np.float16])
def test_other_types_stay(dtype):
    x, y = points((20, 8), dtype=np.float64)
    x = (x * 20).astype(dtype)
    new, _ = data.smote(x, y)
    assert new.dtype == dtype
    low, high = x[y == 1].min(axis=0), x[y == 1].max(axis=0)
    assert np.all((new[28:] >= low) & (new[28:] <= high))


def test_images_of_any_rank_and_their_labels():
    x, y = pixels(shape=(5, 4, 3))
    new, labels = data.smote(x, y.astype(np.int32))
    flat, _ = data.smote(x.reshape(len(x), -1), y)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(new.reshape(len(new), -1), flat)
    assert np.bincount(labels).tolist() == [60, 60, 60]
    column, labels_of_column = data.smote(x, y[:, None])
    np.testing.assert_array_equal(column, new)
    np.testing.assert_array_equal(labels_of_column, labels[:, None])


def test_copies_are_not_their_own_neighbours():
    # Ten rows that are pairs of equal ones: with one neighbour, that is the copy, and new samples
    # equal old ones. With two, the second must be another row, never the row itself.
    rows = np.repeat(np.arange(5.0) * np.array([[1.0], [7.0]]), 2, axis=1).T.copy()
    found = data.balance._neighbors.neighbor_table(rows, 2)
    assert not np.any(found == np.arange(10)[:, None])
    assert np.all(found[:, 0] == np.arange(10) ^ 1)
    same = np.zeros((12, 3))
    found = data.balance._neighbors.neighbor_table(same, 5)
    assert not np.any(found == np.arange(12)[:, None])
    through = data.balance._neighbors.neighbor_table(same, NearestNeighbors(n_neighbors=6))
    assert through.shape == (12, 5)
    assert not np.any(through == np.arange(12)[:, None])
    few = np.array([[0.0], [1.0], [3.0]])  # an estimator that looks for more than there are
    found = data.balance._neighbors.neighbor_table(few, NearestNeighbors(n_neighbors=6))
    assert found.tolist() == [[1, 2], [0, 2], [1, 0]]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(2, 12), min_size=2, max_size=4),
    st.integers(1, 9),
    st.integers(0, 2**40),
    st.sampled_from(["random", "even"]),
)
def test_any_small_classes(counts, k_neighbors, seed, base):
    x, y = pixels(counts, shape=(2, 2, 1), seed=sum(counts))
    new, labels = data.smote(x, y, k_neighbors=k_neighbors, seed=seed, base=base)
    assert np.bincount(labels).tolist() == [max(counts)] * len(counts)
    np.testing.assert_array_equal(new[: len(x)], x)
    again, _ = data.smote(x, y, k_neighbors=k_neighbors, seed=seed, base=base)
    np.testing.assert_array_equal(new, again)


def test_class_of_one_sample():
    x, y = pixels((8, 1))
    with pytest.raises(ValueError, match="class 1 has a single sample"):
        data.smote(x, y)
    new, labels = data.smote(x, y, single="duplicate")
    assert np.bincount(labels).tolist() == [8, 8]
    assert np.all(new[9:] == x[y == 1])
    # Where nothing is asked of it, it is no error.
    assert len(data.smote(x, y, sampling_strategy={0: 10})[0]) == 11


def test_embeddings():
    x, y = pixels((30, 10))
    codes = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    by_array = data.smote(x, y, neighbors_in=codes, seed=3)
    table = {image.tobytes(): code for image, code in zip(x, codes, strict=True)}

    def encoder(images):
        return np.stack([table[image.tobytes()] for image in images])

    by_function = data.smote(x, y, neighbors_in=encoder, seed=3)
    np.testing.assert_array_equal(by_array[0], by_function[0])
    assert np.any(by_array[0] != data.smote(x, y, seed=3)[0])
    # Interpolated there: what imbalanced-learn gives for the embeddings themselves.
    inside, labels = data.smote(x, y, neighbors_in=encoder, interpolate_in="embedding", seed=3)
    wanted, wanted_labels = SMOTE(random_state=3).fit_resample(codes, y)
    np.testing.assert_array_equal(inside, wanted)
    np.testing.assert_array_equal(labels, wanted_labels)

    def decoder(values):
        return np.broadcast_to(values[:, :1, None, None] * 1000, (len(values), 5, 4, 1))

    decoded, _ = data.smote(
        x, y, neighbors_in=encoder, interpolate_in="embedding", decoder=decoder, seed=3
    )
    np.testing.assert_array_equal(decoded[:40], x)
    np.testing.assert_array_equal(
        decoded[40:, 0, 0, 0], np.clip(np.rint(wanted[40:, 0] * 1000), 0, 255)
    )


def test_keras_model_as_embedding():
    x, y = pixels((30, 10))
    flat = keras.Sequential([keras.Input((5, 4, 1)), keras.layers.Flatten()])
    found = data.smote(x, y, neighbors_in=flat)
    np.testing.assert_array_equal(found[0], data.smote(x, y)[0])
    two = keras.Sequential([keras.Input((5, 4, 1)), keras.layers.GlobalAveragePooling2D()])
    means, _ = data.smote(x, y, neighbors_in=two, interpolate_in="embedding")
    np.testing.assert_allclose(means[:40, 0], x.mean(axis=(1, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("index", ["flat", "hnsw"])
def test_faiss_finds_the_same(index):
    pytest.importorskip("faiss")
    x, y = points((300, 150), size=30, dtype=np.float32)
    wanted = data.smote(x, y)[0]
    found = data.smote(x, y, k_neighbors=data.FaissNeighbors(6, index))[0]
    same = np.mean(np.all(found == wanted, axis=1))
    assert same == 1 if index == "flat" else same > 0.95
    np.testing.assert_array_equal(data.smote(x, y, engine="faiss")[0], wanted)
    # As imbalanced-learn uses it.
    through = SMOTE(k_neighbors=data.FaissNeighbors(6), random_state=0).fit_resample(x, y)
    np.testing.assert_array_equal(through[0], wanted)
    fitted = data.FaissNeighbors(4, index).fit(x)
    oracle = NearestNeighbors(n_neighbors=4).fit(x)
    np.testing.assert_allclose(fitted.kneighbors()[0], oracle.kneighbors()[0], atol=1e-3)
    graph, wanted = (item.kneighbors_graph(x[:50]).toarray() for item in (fitted, oracle))
    assert np.mean(graph == wanted) > 0.999


@pytest.mark.parametrize(
    "method", [item for item in data.RESAMPLE_METHODS if item not in ("smotenc", "smoten")]
)
def test_variants_keep_shape_and_type(method):
    x, y = points((60, 30), size=12)
    images = np.clip(x * 30 + 128, 0, 255).astype(np.uint8).reshape(-1, 4, 3, 1)
    options = {"cluster_balance_threshold": 0.1} if method == "kmeans_smote" else {}
    new, labels = data.resample(images, y, method=method, seed=1, **options)
    assert new.dtype == np.uint8
    assert new.shape[1:] == (4, 3, 1)
    assert labels.dtype == y.dtype
    made = method not in ("edited_nearest_neighbors", "tomek_links")
    assert bool(np.sum(labels == 1) > 30) == made
    # Rounded and clipped is all that tells it from the resampled floats: nothing wraps around.
    floats, _ = data.resample(images.astype(np.float32), y, method=method, seed=1, **options)
    np.testing.assert_array_equal(new, np.clip(np.rint(floats), 0, 255))


def test_variant_is_what_imbalanced_learn_gives():
    from imblearn.over_sampling import BorderlineSMOTE

    x, y = points((60, 30), size=4)
    sampler = BorderlineSMOTE(random_state=2, k_neighbors=3)
    wanted = sampler.fit_resample(x, y)
    for method, options in ((sampler, {}), ("borderline_smote", {"k_neighbors": 3, "seed": 2})):
        found = data.resample(x, y, method=method, **options)
        np.testing.assert_array_equal(found[0], wanted[0])


def test_missing_packages_are_named(monkeypatch):
    x, y = points((20, 8))
    monkeypatch.setitem(__import__("sys").modules, "imblearn.over_sampling", None)
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(ImportError, match=r"keras-cv-extras\[balance\]"):
        data.resample(x, y, method="adasyn")
    with pytest.raises(ImportError, match="pip install faiss-cpu"):
        data.smote(x, y, engine="faiss")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k_neighbors": 0}, "k_neighbors"),
        ({"base": "odd"}, "base"),
        ({"engine": "annoy"}, "engine"),
        ({"neighbors_in": "hog"}, "neighbors_in"),
        ({"neighbors_in": np.zeros((3, 2))}, "one row for each"),
        ({"neighbors_in": 3}, "neighbors_in"),
        ({"interpolate_in": "embedding"}, "needs an embedding"),
        ({"decoder": len}, "decoder needs"),
        ({"single": "drop", "sampling_strategy": {3: 9}}, "sampling_strategy"),
        ({"seed": 1.5}, "seed"),
        ({"y": None}, "y must be"),
        ({"y": np.zeros(5, int)}, "must have the same length"),
        ({"y": np.full((94, 3), 1 / 3)}, "soft"),
        ({"x": np.full((94, 2), np.nan)}, "finite"),
        ({"x": np.zeros(94)}, "shape"),
    ],
    ids=str,
)
def test_wrong_arguments(options, message):
    x, y = pixels()
    with pytest.raises((ValueError, TypeError), match=message):
        data.smote(**{"x": x, "y": y, **options})


def test_pieces_of_the_work_change_nothing(monkeypatch):
    """Samples are interpolated, and images embedded, some at a time."""
    x, _ = pixels()
    first, second = np.arange(20), np.arange(20, 40)
    steps, made = np.linspace(0, 1, 20), np.zeros((2, 20, *x.shape[1:]), "uint8")
    embedded = []
    for out in made:
        _smote._interpolate(x, first, second, steps, out)
        embedded.append(_neighbors.embed(x, lambda images: images.astype("float32") / 2))
        monkeypatch.setattr(_smote, "_CHUNK_BYTES", 3 * 20 * 4)
        monkeypatch.setattr(_neighbors, "_BATCH", 7)
    np.testing.assert_array_equal(*made)
    np.testing.assert_array_equal(made[0][[0, -1]], x[[0, 39]])
    np.testing.assert_array_equal(*embedded)


@pytest.mark.parametrize("method", ["tomek_links", "borderline_smote"])
def test_what_is_given_stays_to_the_last_bit(method):
    """Floats hold no whole numbers beyond 2**53 that differ by one."""
    x = 2**60 + np.random.default_rng(0).integers(0, 2**58, (40, 2)) // 2 * 2 + 1
    x[20:] += 2**61
    found, labels = data.resample(x, np.repeat([0, 1], [28, 12]), method=method)
    assert found.dtype == x.dtype
    kept = found[: len(x)]
    assert len(kept) > 30
    assert {tuple(row) for row in kept.tolist()} <= {tuple(row) for row in x.tolist()}
    assert len(found) == len(labels)


LARGE = 1_700_000_000 + np.random.default_rng(3).integers(0, 40, (40, 3))  # seconds since 1970


@pytest.mark.parametrize("dtype", ["int64", "float64"])
@pytest.mark.parametrize("engine", ["sklearn", "faiss"])
def test_neighbours_of_large_numbers(dtype, engine):
    """Float32 tells them apart by 128."""
    rows = _neighbors.features(LARGE.astype(dtype), "pixels")
    found = _neighbors.neighbor_table(rows, 4, engine)
    exact = ((LARGE[:, None] - LARGE) ** 2).sum(-1)
    np.fill_diagonal(exact, exact.max() + 1)
    wanted = np.sort(exact, axis=1)[:, :4]
    np.testing.assert_array_equal(np.take_along_axis(exact, found, axis=1), wanted)
    if engine == "faiss":
        assert _neighbors.FaissNeighbors(2)._rows([[1, 2]]).tolist() == [[1.0, 2.0]]  # an old file
        fitted = _neighbors.FaissNeighbors(2).fit(LARGE.astype(dtype))
        distance, same = fitted.kneighbors(LARGE[:5])
        np.testing.assert_array_equal(exact[np.arange(5), same[:, 1]], wanted[:5, 0])
        np.testing.assert_allclose(distance[:, 1], np.sqrt(wanted[:5, 0]), rtol=1e-5)


def test_clusters_of_equal_samples_are_told():
    x = np.concatenate([np.random.default_rng(0).normal(size=(40, 3)), np.full((12, 3), 50.0)])
    with pytest.raises(ValueError, match="KMeansSMOTE found clusters of equal samples only"):
        data.resample(x, np.repeat([0, 1], [40, 12]), method="kmeans_smote")
