import pathlib

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from keras_cv_extras.generative import _fidelity, frechet_distance, kernel_distance, neighbor_scores

GOLDEN = np.load(pathlib.Path(__file__).parent.parent / "reference" / "fidelity.npz")
CASES = ("near", "far", "flat", "few")


def rows(case):
    return GOLDEN[f"{case}/real"].astype("float64"), GOLDEN[f"{case}/made"].astype("float64")


@pytest.mark.parametrize("case", CASES)
def test_frechet_distance_is_that_of_pytorch_fid(case):
    tolerance = {"rtol": 1e-6}
    if case in ("flat", "few"):  # SciPy's root of a matrix without an inverse is not exact
        tolerance = {"rtol": 1e-4, "atol": 1e-4}
    np.testing.assert_allclose(
        frechet_distance(*rows(case)), GOLDEN[f"{case}/frechet"], **tolerance
    )


@pytest.mark.parametrize("case", CASES)
def test_kernel_distance_is_that_of_torch_fidelity(case):
    real, made = rows(case)
    count = min(len(real), len(made))
    np.testing.assert_allclose(
        kernel_distance(real[:count], made[:count]), GOLDEN[f"{case}/kernel"], rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("case", CASES)
def test_neighbor_scores_are_those_of_prdc(case):
    given = neighbor_scores(*rows(case), k=5)
    for name in ("precision", "recall", "density", "coverage"):
        np.testing.assert_allclose(given[name], GOLDEN[f"{case}/{name}"], rtol=1e-9)


def test_frechet_distance_of_known_normal_distributions():
    """Rows with exactly the wanted moments, so that the closed form is exact."""
    rng = np.random.default_rng(0)

    def with_moments(mean, deviations):
        white = rng.normal(size=(200, len(mean)))
        white -= white.mean(axis=0)
        white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white, rowvar=False))).T
        return white * deviations + mean

    first = with_moments(np.array([0.0, 1, 2]), np.array([1.0, 2, 3]))
    second = with_moments(np.array([1.0, 1, 0]), np.array([2.0, 2, 0.5]))
    wanted = (1 + 4) + (1 + 0 + 2.5**2)  # (m - m')^2 + (s - s')^2, for diagonal covariances
    np.testing.assert_allclose(frechet_distance(first, second), wanted, rtol=1e-9)
    np.testing.assert_allclose(frechet_distance(second, first), wanted, rtol=1e-9)
    assert frechet_distance(first, first) < 1e-9
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    np.testing.assert_allclose(frechet_distance(first @ turn, second @ turn), wanted, rtol=1e-9)


def test_chunks_change_nothing(monkeypatch):
    real, made = rows("near")
    whole = kernel_distance(real, made), neighbor_scores(real, made), _fidelity.nearest(made, real)
    monkeypatch.setattr(_fidelity, "_CHUNK", 7)
    parts = kernel_distance(real, made), neighbor_scores(real, made), _fidelity.nearest(made, real)
    np.testing.assert_allclose(whole[0], parts[0], rtol=1e-9)
    assert whole[1] == parts[1]
    np.testing.assert_array_equal(whole[2][0], parts[2][0])


def test_nearest_is_that_of_scikit_learn(monkeypatch):
    real, made = rows("near")
    distances, numbers = NearestNeighbors(n_neighbors=1).fit(real).kneighbors(made)
    given = _fidelity.nearest(made, real)
    np.testing.assert_array_equal(given[0], numbers[:, 0])
    np.testing.assert_allclose(given[1], distances[:, 0], rtol=1e-6)
    distances, numbers = NearestNeighbors(n_neighbors=2).fit(real).kneighbors(real)
    given = _fidelity.nearest(real, real, skip_self=True)
    np.testing.assert_array_equal(given[0], numbers[:, 1])
    monkeypatch.setattr(_fidelity, "_CHUNK", 7)
    np.testing.assert_array_equal(_fidelity.nearest(real, real, skip_self=True)[0], given[0])


@pytest.mark.parametrize(
    ("real", "made", "message"),
    [
        (np.zeros((1, 3)), np.zeros((4, 3)), "real must be features"),
        (np.zeros((9, 3)), np.zeros((9, 4)), "as many features"),
        (np.zeros((9, 3)), np.full((9, 3), np.nan), "made must be finite"),
        (np.zeros(9), np.zeros((9, 3)), "real must be features"),
    ],
)
def test_wrong_features(real, made, message):
    for score in (frechet_distance, kernel_distance, neighbor_scores):
        with pytest.raises(ValueError, match=message):
            score(real, made)


def test_too_few_rows_for_k():
    with pytest.raises(ValueError, match="n at least 6"):
        neighbor_scores(np.zeros((5, 2)), np.zeros((9, 2)), k=5)
