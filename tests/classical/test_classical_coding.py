import numpy as np
import pytest
from scipy import sparse
from skimage import feature
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, sparse_encode
from sklearn.mixture import GaussianMixture

from keras_cv_extras import classical
from keras_cv_extras.classical import (
    LLC,
    VLAD,
    DescriptorSet,
    EachDescriptor,
    FisherVector,
    SparseCoding,
    VectorQuantization,
    _coder,
    _descriptors,
    _sparse_coding,
)

CODERS = [VectorQuantization, LLC, SparseCoding, FisherVector, VLAD]


@pytest.fixture(scope="module")
def ragged():
    """Twelve images with 0 to 40 descriptors of dimension 6."""
    random = np.random.default_rng(1)
    counts = [0, 40, 7, 1, *random.integers(2, 40, 8)]
    return DescriptorSet.from_list(
        [random.normal(size=(count, 6)) for count in counts],
        [random.random((count, 2)) for count in counts],
    )


def test_hard_assignment_is_scikit_learns(ragged):
    coder = VectorQuantization(7).fit(ragged)
    codes = coder.transform(ragged)
    means = KMeans(7, init=coder.words_, n_init=1, max_iter=1).fit(coder.words_)
    means.cluster_centers_ = coder.words_
    assert np.array_equal(codes.values.indices, means.predict(ragged.values))
    assert np.all(codes.values.data == 1)
    assert np.array_equal(codes.offsets, ragged.offsets)


def test_soft_assignment_is_its_definition(ragged):
    coder = VectorQuantization(7, assignment="soft", num_neighbors=3, bandwidth=0.8).fit(ragged)
    codes = coder.transform(ragged).values.toarray()
    for value, code in zip(ragged.values, codes, strict=True):
        squares = np.sum((coder.words_ - value) ** 2, axis=1)
        wanted = np.exp(-squares / (2 * 0.8**2)) * (squares <= np.sort(squares)[2])
        np.testing.assert_allclose(code, wanted / wanted.sum(), atol=1e-7)


def test_llc_is_a_solve_per_row(ragged):
    coder = LLC(9, num_neighbors=4, regularization=1e-3).fit(ragged)
    codes = coder.transform(ragged).values.toarray()
    np.testing.assert_allclose(codes.sum(axis=1), 1, atol=1e-6)
    for value, code in zip(ragged.values, codes, strict=True):
        nearest = np.argsort(np.sum((coder.words_ - value) ** 2, axis=1))[:4]
        around = coder.words_[nearest] - value
        covariance = around @ around.T
        covariance += 1e-3 * np.trace(covariance) * np.eye(4)
        wanted = np.zeros(9)
        wanted[nearest] = np.linalg.solve(covariance, np.ones(4))
        np.testing.assert_allclose(code, wanted / wanted.sum(), atol=1e-6)


def test_llc_of_a_word_itself_is_that_word():
    words = np.eye(5) * 3
    coder = LLC(5, num_neighbors=3).fit(np.repeat(words, 3, axis=0))
    coder.words_ = words
    codes = coder.transform(words).toarray()
    np.testing.assert_allclose(codes, np.eye(5), atol=1e-3)
    same = LLC(3, num_neighbors=3)
    same.words_, same.n_features_in_ = np.ones((3, 5)), 5
    np.testing.assert_allclose(same.transform(np.ones((2, 5))).toarray(), 1 / 3)


@pytest.mark.parametrize("penalty", [0.1, 0.5, 2.0])
def test_sparse_codes_are_scikit_learns_at_half_the_penalty(penalty):
    values = np.random.default_rng(2).normal(size=(200, 10))
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    coder = SparseCoding(24, penalty=penalty).fit(values).set_params(tolerance=1e-5)
    np.testing.assert_allclose(np.linalg.norm(coder.words_, axis=1), 1)
    codes = coder.transform(values).toarray()
    options = {"algorithm": "lasso_cd", "alpha": penalty / 2, "max_iter": 100_000}
    wanted = sparse_encode(values, coder.words_, **options)

    def objective(u):
        return np.sum((values - u @ coder.words_) ** 2, axis=1) + penalty * np.abs(u).sum(axis=1)

    np.testing.assert_allclose(objective(codes), objective(wanted), atol=1e-4)
    np.testing.assert_allclose(codes, wanted, atol=2e-2)
    if penalty == 2.0:
        assert coder.transform(values).nnz == 0  # twice the greatest correlation: all is 0


@pytest.mark.wide
def test_dictionary_learning_lowers_the_objective():
    values = np.random.default_rng(3).normal(size=(600, 4)) @ np.random.default_rng(4).normal(
        size=(4, 12)
    )
    values /= np.linalg.norm(values, axis=1, keepdims=True)

    def objective(epochs):
        coder = SparseCoding(16, penalty=0.2, epochs=epochs).fit(values)
        codes = coder.transform(values)
        return np.sum((values - codes @ coder.words_) ** 2) + 0.2 * np.abs(codes.data).sum()

    assert objective(8) < objective(2) < objective(0)


def _fisher(values, weights, means, variances):
    """The Fisher vector of one image by its definition, descriptor by descriptor."""
    mean, spread = np.zeros(means.shape), np.zeros(means.shape)
    for value in values:
        density = np.exp(-0.5 * np.sum((value - means) ** 2 / variances, axis=1))
        posterior = weights * density / np.sqrt(np.prod(variances, axis=1))
        posterior = (posterior / posterior.sum())[:, None]
        scaled = (value - means) / np.sqrt(variances)
        mean += posterior * scaled
        spread += posterior * (scaled**2 - 1)
    count = max(len(values), 1)
    mean /= count * np.sqrt(weights)[:, None]
    spread /= count * np.sqrt(2 * weights)[:, None]
    return np.concatenate([mean.ravel(), spread.ravel()])


def _improved(vector):
    vector = np.sign(vector) * np.sqrt(np.abs(vector))
    length = np.linalg.norm(vector)
    return vector / length if length else vector


def test_fisher_vector_is_its_definition(ragged):
    coder = FisherVector(4).fit(ragged)
    mixture = coder.weights_, coder.means_, coder.variances_
    vectors = coder.transform(ragged)
    assert vectors.shape == (12, 2 * 4 * 6)
    assert not vectors[0].any()  # no descriptors: zeros, and no NaN
    for row, (values, _) in zip(vectors, ragged, strict=True):
        np.testing.assert_allclose(row, _improved(_fisher(values, *mixture)), atol=1e-5)


def test_fisher_vectors_are_means_whatever_the_neighbours(ragged):
    """Parts of an image have different numbers of descriptors, and each is divided by its own."""
    coder = FisherVector(3, levels=(1, 2), power=1).fit(ragged)
    mixture = coder.weights_, coder.means_, coder.variances_
    for row, (values, positions) in zip(coder.transform(ragged), ragged, strict=True):
        cell = (positions[:, 1] >= 0.5) * 2 + (positions[:, 0] >= 0.5)
        parts = [values, *(values[cell == number] for number in range(4))]
        wanted = np.concatenate([_fisher(part, *mixture) for part in parts])
        length = np.linalg.norm(wanted)
        np.testing.assert_allclose(row, wanted / length if length else wanted, atol=1e-5)


def test_a_sample_is_drawn_from_all_descriptors():
    values = np.arange(1000)[:, None]
    drawn = _coder.sample(values, 20, 1)[:, 0]
    assert len(set(drawn.tolist())) == 20
    assert drawn.tolist() == sorted(drawn)
    assert drawn[0] < 300
    assert drawn[-1] > 700
    assert drawn.tolist() != _coder.sample(values, 20, 2)[:, 0].tolist()
    assert _coder.sample(values, 1000, 1) is values


def test_fisher_vector_is_scikit_images_but_for_sign(ragged):
    coder = FisherVector(4, power=1).fit(ragged)
    mixture = GaussianMixture(4, covariance_type="diag")
    mixture.weights_, mixture.means_ = coder.weights_, coder.means_
    mixture.covariances_ = coder.variances_
    mixture.precisions_cholesky_ = 1 / np.sqrt(coder.variances_)
    for row, (values, _) in list(zip(coder.transform(ragged), ragged, strict=True))[1:]:
        theirs = feature.fisher_vector(values, mixture)
        means, spreads = theirs[4 : 4 + 24], theirs[4 + 24 :]  # 4 derivatives by weights first
        wanted = np.concatenate([means, -spreads])
        np.testing.assert_allclose(row, wanted / np.linalg.norm(wanted), atol=1e-5)


@pytest.mark.parametrize("intra", [False, True])
def test_vlad_is_its_definition(ragged, intra):
    coder = VLAD(5, intra=intra).fit(ragged)
    for row, (values, _) in zip(coder.transform(ragged), ragged, strict=True):
        sums = np.zeros(coder.words_.shape)
        for value in values:
            word = np.argmin(np.sum((coder.words_ - value) ** 2, axis=1))
            sums[word] += value - coder.words_[word]
        if intra:
            length = np.linalg.norm(sums, axis=1, keepdims=True)
            sums = sums / np.where(length > 0, length, 1)
        np.testing.assert_allclose(row, _improved(sums.ravel()), atol=1e-5)


@pytest.mark.parametrize("coder", [FisherVector(3, levels=(1, 2)), VLAD(3, levels=(1, 2))])
def test_parts_of_the_image_are_coded_alone(ragged, coder):
    coder = coder.set_params(power=1).fit(ragged)
    vectors = coder.transform(ragged).reshape(12, 5, -1)
    whole = type(coder)(**{**coder.get_params(), "levels": (1,)}).fit(ragged)
    for row, (values, positions) in zip(vectors, ragged, strict=True):
        cell = (positions[:, 1] >= 0.5) * 2 + (positions[:, 0] >= 0.5)
        parts = [values, *(values[cell == number] for number in range(4))]
        wanted = whole.transform(DescriptorSet.from_list(parts))
        length = np.linalg.norm(row, axis=1, keepdims=True)
        np.testing.assert_allclose(row / np.where(length > 0, length, 1), wanted, atol=1e-5)


@pytest.mark.parametrize("coder", CODERS)
def test_order_chunks_and_seed_do_not_matter(ragged, coder, monkeypatch):
    first = coder(6).fit(ragged)
    whole = first.transform(ragged)
    for module in ("_coder.ROWS", "_sparse_coding._BATCH"):
        monkeypatch.setattr(f"keras_cv_extras.classical.{module}", 5)
    again = coder(6).fit(ragged) if coder is not SparseCoding else first
    turned = again.transform(ragged[::-1])
    if isinstance(whole, DescriptorSet):
        whole, turned = whole.values.toarray(), turned[::-1].values.toarray()
    else:
        turned = turned[::-1]
    np.testing.assert_allclose(turned, whole, atol=1e-4)


@pytest.mark.parametrize(
    "coder", [VectorQuantization(7, assignment="soft"), LLC(9), FisherVector(3), VLAD(5)]
)
def test_codes_do_not_depend_on_the_unit_of_descriptors(ragged, coder):
    """What is learned from them, bandwidths and least variances too, goes with their unit."""
    codes = [coder.fit_transform(ragged.with_values(unit * ragged.values)) for unit in (1, 1024)]
    dense = [one.values.toarray() if isinstance(one, DescriptorSet) else one for one in codes]
    np.testing.assert_allclose(*dense, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("coder", CODERS)
def test_what_is_wrong_is_said(ragged, coder):
    with pytest.raises(ValueError, match="too few for num_words=1000"):
        coder(1000).fit(ragged)
    with pytest.raises(ValueError, match="num_words must be at least 1"):
        coder(0).fit(ragged)
    broken = [np.full((3, 6), np.nan), np.ones((3, 6))]
    with pytest.raises(ValueError, match="finite"):
        coder(2, **({"num_neighbors": 2} if coder is LLC else {})).fit(broken)
    with pytest.raises(ValueError, match="dimension 6 as in fit, received 7"):
        coder(6).fit(ragged).transform([np.ones((3, 7))])
    with pytest.raises(TypeError, match="are they codes"):
        coder(6).fit(ragged.with_values(sparse.csr_matrix(ragged.values)))


def test_more_neighbors_than_words(ragged):
    with pytest.raises(ValueError, match="num_neighbors must be at most num_words=3"):
        LLC(3).fit(ragged)


def test_each_descriptor(ragged):
    reduced = EachDescriptor(PCA(3)).fit_transform(ragged)
    np.testing.assert_allclose(reduced.values, PCA(3).fit_transform(ragged.values), atol=1e-6)
    empty = ragged[:1]
    fitted = EachDescriptor(PCA(3)).fit(ragged)
    assert fitted.transform(empty).values.shape == (0, 3)


def test_words_of_no_length_become_words_of_length_1():
    words = _sparse_coding._atoms(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(words, [[1, 0], [0.6, 0.8], [1, 0]])


def test_a_table_holds_a_descriptor_of_each_image():
    found = _descriptors.as_descriptor_set(np.ones((3, 2)))
    assert (len(found), found.counts.tolist()) == (3, [1, 1, 1])


def test_the_bandwidth_is_the_mean_distance_to_the_nearest_word():
    values = np.random.default_rng(0).random((200, 3)).astype("float32")
    values[:2] = values[0]  # the first two are no measure of all
    coder = classical.VectorQuantization(4, assignment="soft", num_neighbors=2).fit(values)
    squares = ((values[:, None] - coder.words_[None]) ** 2).sum(axis=-1).min(axis=1)
    assert coder.bandwidth_ == pytest.approx(np.sqrt(squares.mean()), rel=1e-4)
    given = {"assignment": "soft", "num_neighbors": 2, "bandwidth": 0.5}
    assert classical.VectorQuantization(4, **given).fit(values).bandwidth_ == 0.5
