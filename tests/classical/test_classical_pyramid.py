import numpy as np
import pytest
from scipy import sparse
from sklearn.svm import SVC

from keras_cv_extras import classical
from keras_cv_extras.classical import (
    DescriptorSet,
    SpatialPyramid,
    chi_square,
    histogram_intersection,
    pyramid_match,
)


@pytest.fixture(scope="module")
def codes():
    """Ten images with 0 to 12 sparse codes of 5 words, of both signs; some on the edges."""
    random = np.random.default_rng(0)
    counts = [0, 1, *random.integers(1, 13, 8)]
    values = [random.normal(size=(n, 5)) * (random.random((n, 5)) < 0.6) for n in counts]
    positions = [random.choice([0, 0.2, 0.25, 0.5, 0.8, 1], (n, 2)) for n in counts]
    return DescriptorSet.from_list(values, positions)


POOL = {
    "max": lambda x: x.max(axis=0),
    "absmax": lambda x: np.abs(x).max(axis=0),
    "mean": lambda x: x.mean(axis=0),
    "sum": lambda x: x.sum(axis=0),
}


def _brute(values, positions, levels, pooling):
    parts = []
    for grid in levels:
        for row in range(grid):
            for column in range(grid):
                inside = [
                    value
                    for value, (x, y) in zip(values, positions, strict=True)
                    if min(int(x * grid), grid - 1) == column
                    and min(int(y * grid), grid - 1) == row
                ]
                parts.append(POOL[pooling](np.array(inside)) if inside else np.zeros(5))
    return parts


@pytest.mark.parametrize("stored", ["dense", "sparse"])
@pytest.mark.parametrize("pooling", POOL)
def test_pooling_is_its_definition(codes, pooling, stored):
    given = codes if stored == "dense" else codes.with_values(sparse.csr_matrix(codes.values))
    ours = SpatialPyramid((1, 2, 3), pooling=pooling, norm=None).fit_transform(given)
    wanted = [np.concatenate(_brute(*image, (1, 2, 3), pooling)) for image in codes]
    np.testing.assert_allclose(ours, wanted, atol=1e-6)


def test_a_maximum_of_negative_codes_stays_negative():
    values = sparse.csr_matrix([[-2.0, 0.0], [-1.0, -3.0]])
    pooled = SpatialPyramid((1,), norm=None).transform(DescriptorSet(values, None, [0, 2]))
    assert pooled.tolist() == [[-1.0, 0.0]]


@pytest.mark.parametrize(("norm", "order"), [("l2", 2), ("l1", 1)])
def test_norms(codes, norm, order):
    rows = SpatialPyramid((1, 2), norm=norm).transform(codes)
    lengths = np.linalg.norm(rows, ord=order, axis=1)
    np.testing.assert_allclose(lengths[codes.counts > 0], 1, atol=1e-6)
    assert not rows[0].any()
    cells = SpatialPyramid((1, 2), norm=norm, norm_cells=True).transform(codes).reshape(10, 5, 5)
    some = np.linalg.norm(cells, ord=order, axis=2)
    filled = (some > 0).sum(axis=1, keepdims=True)
    wanted = np.where(some > 0, 1 / np.maximum(filled, 1) ** (1 / order), 0)
    np.testing.assert_allclose(some, wanted, atol=1e-6)


@pytest.fixture(scope="module")
def histograms():
    random = np.random.default_rng(1)
    first, second = random.random((12, 15)), random.random((7, 15))
    first[first < 0.3] = second[second < 0.3] = 0
    return first, second


def _pairs(function, first, second):
    return np.array([[function(x, y) for y in second] for x in first])


def _chi(x, y):
    return sum(2 * a * b / (a + b) for a, b in zip(x, y, strict=True) if a + b > 0)


@pytest.mark.parametrize(
    ("kernel", "brute"),
    [(histogram_intersection, lambda x, y: np.minimum(x, y).sum()), (chi_square, _chi)],
)
def test_kernels_are_their_definitions(histograms, kernel, brute):
    first, second = histograms
    np.testing.assert_allclose(kernel(first, second), _pairs(brute, first, second), atol=1e-12)
    alone = kernel(first)
    np.testing.assert_allclose(alone, _pairs(brute, first, first), atol=1e-12)
    assert np.linalg.eigvalsh(alone).min() > -1e-10
    SVC(kernel=kernel).fit(first, np.arange(12) % 2)


def test_pyramid_match_is_its_definition():
    """Lazebnik et al., equation 3: new matches of each level count, the coarser the less."""
    random = np.random.default_rng(2)
    images = []
    for _ in range(6):
        words = np.eye(3)[random.integers(0, 3, 20)]
        images.append((words, random.random((20, 2)).astype(np.float32)))
    codes = DescriptorSet.from_list(*zip(*images, strict=True))
    levels = (1, 2, 4)

    def match(first, second):
        matches = [
            sum(
                np.minimum(x, y).sum()
                for x, y in zip(_counts(*first, grid), _counts(*second, grid), strict=True)
            )
            for grid in levels
        ]
        return matches[2] + (matches[1] - matches[2]) / 2 + (matches[0] - matches[1]) / 4

    wanted = _pairs(match, images, images)
    plain = SpatialPyramid(levels, pooling="sum", norm=None)
    np.testing.assert_allclose(pyramid_match(plain.transform(codes)), wanted, atol=1e-5)
    weighted = plain.set_params(weights="lazebnik").transform(codes)
    np.testing.assert_allclose(histogram_intersection(weighted), wanted, atol=1e-5)


def _counts(words, positions, grid):
    result = np.zeros((grid, grid, 3))
    for word, (x, y) in zip(words, positions, strict=True):
        result[int(y * grid), int(x * grid)] += word
    return result.reshape(-1, 3)


def test_a_set_is_a_list_of_images(codes):
    assert len(codes) == 10
    assert codes.shape == (10,)
    assert [len(values) for values, _ in codes] == codes.counts.tolist()
    for key in ([3, 1, 3], slice(None, None, -2), np.arange(10) % 3 == 0, (np.array([2]), ...)):
        chosen = np.arange(10)[key[0] if isinstance(key, tuple) else key]
        part = codes[key]
        assert part.counts.tolist() == codes.counts[chosen].tolist()
        for place, (values, positions) in zip(chosen, part, strict=True):
            assert np.array_equal(values, codes[place][0])
            assert np.array_equal(positions, codes[place][1])
    assert np.array_equal(codes[-1][0], codes[9][0])
    with pytest.raises(IndexError):
        codes[10]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DescriptorSet(np.ones((2, 3)), None, [0, 1]), "offsets must go from 0 to 2"),
        (lambda: DescriptorSet(np.ones((2, 3)), None, [0, 3, 2]), "must not decrease"),
        (lambda: DescriptorSet(np.ones((2, 3)), np.full((2, 2), 5), [0, 2]), "in .0, 1."),
        (lambda: DescriptorSet(np.full((2, 3), np.inf), None, [0, 2]), "finite"),
        (lambda: DescriptorSet(np.array([["a"]]), None, [0, 1]), "real numbers"),
        (lambda: DescriptorSet.from_list([np.ones((2, 3)), np.ones((2, 4))]), "one dimension"),
        (lambda: DescriptorSet.from_list([np.ones((2, 3))], [np.ones((1, 2))]), "one row for each"),
        (lambda: SpatialPyramid(()).transform(_one()), "one or more grids"),
        (lambda: SpatialPyramid((0,)).transform(_one()), "levels must be at least 1"),
        (lambda: SpatialPyramid(pooling="min").transform(_one()), "pooling must be one of"),
        (lambda: SpatialPyramid(weights=(1, 2)).transform(_one()), "3 numbers, one per level"),
        (lambda: histogram_intersection([[-1.0]]), "must not be negative"),
        (lambda: chi_square([[np.nan]]), "NaN"),
        (lambda: pyramid_match(np.ones((2, 20))), "21 cells"),
        (lambda: pyramid_match(np.ones((2, 4)), levels=(2, 0)), "levels must be at least 1"),
    ],
)
def test_what_is_wrong_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def _one():
    return DescriptorSet(np.ones((1, 2)), None, [0, 1])


def test_a_pyramid_needs_positions():
    with pytest.raises(TypeError, match="must be a DescriptorSet"):
        SpatialPyramid().fit(np.ones((2, 3)))


def test_no_histogram_is_negative():
    good, bad = np.ones((2, 4)), np.ones((2, 4))
    bad[1, 2] = -0.5
    for kernel in (classical.histogram_intersection, classical.chi_square):
        for pair in ((good, bad), (bad, good), (bad, None)):
            with pytest.raises(ValueError, match="histograms must not be negative, received -0.5"):
                kernel(*pair)


def test_positions_are_those_of_their_image():
    described, places = [np.ones((2, 3)), np.ones((1, 3))], [np.zeros((2, 2)), np.zeros((1, 2))]
    assert len(classical.DescriptorSet.from_list(described, places)) == 2
    with pytest.raises(ValueError, match="one row for each descriptor of each image"):
        classical.DescriptorSet.from_list(described, places[::-1])
