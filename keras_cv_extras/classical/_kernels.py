"""Kernels of histograms, as functions that `sklearn.svm.SVC(kernel=...)` takes."""

import numpy as np
from sklearn.metrics.pairwise import (
    additive_chi2_kernel,
    check_pairwise_arrays,
    manhattan_distances,
)

from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.classical._pyramid import check_levels, level_weights


def histogram_intersection(first: ArrayLike, second: ArrayLike | None = None) -> np.ndarray:
    """Returns `sum(min(x, y))` of all pairs of rows.

    Args:
        first: `(n, bins)`, not negative.
        second: `(m, bins)`; None for `first`.

    Returns:
        `(n, m)` float64.

    Raises:
        ValueError: if a value is negative or not finite.

    References:
        Swain and Ballard, Color Indexing, [IJCV 1991](https://doi.org/10.1007/BF00130487)

    Example:
        >>> histogram_intersection([[1, 2]], [[2, 1], [0, 3]])
        array([[2., 2.]])
    """
    first, second = _histograms(first, second)
    # min(x, y) = (x + y - |x - y|) / 2, and distances are compiled code in scikit-learn.
    return (_sums(first, second) - manhattan_distances(first, second)) / 2


def chi_square(first: ArrayLike, second: ArrayLike | None = None) -> np.ndarray:
    """Returns the additive chi-square kernel `sum(2 x y / (x + y))` of all pairs of rows.

    Where both are 0 a bin counts 0. `sklearn.metrics.pairwise.chi2_kernel` is the exponential of
    the distance that belongs to it, and `AdditiveChi2Sampler` approximates it for linear SVMs.

    Args:
        first: `(n, bins)`, not negative.
        second: `(m, bins)`; None for `first`.

    Returns:
        `(n, m)` float64.

    Raises:
        ValueError: if a value is negative or not finite.

    References:
        Vedaldi and Zisserman, Efficient Additive Kernels via Explicit Feature Maps,
        [PAMI 2012](https://doi.org/10.1109/TPAMI.2011.153)

    Example:
        >>> chi_square([[1, 2]], [[1, 2]])
        array([[3.]])
    """
    first, second = _histograms(first, second)
    # 2 x y / (x + y) = ((x + y) - (x - y)^2 / (x + y)) / 2; scikit-learn gives the last, negative.
    return (_sums(first, second) + additive_chi2_kernel(first, second)) / 2


def pyramid_match(
    first: ArrayLike, second: ArrayLike | None = None, *, levels: tuple[int, ...] = (1, 2, 4)
) -> np.ndarray:
    """Returns the spatial pyramid match kernel of all pairs of rows.

    The intersection of histograms of each level, with the weights of Lazebnik et al.

    Args:
        first: `(n, cells of all levels * words)`, as `SpatialPyramid(levels, pooling="sum",
            weights=None)` gives it.
        second: `(m, ...)`; None for `first`.
        levels: grids, from coarse to fine.

    Returns:
        `(n, m)` float64.

    Raises:
        ValueError: if a value is negative or not finite, or the columns are not those of the
            levels.

    References:
        Lazebnik, Schmid and Ponce, Beyond Bags of Features: Spatial Pyramid Matching,
        [CVPR 2006](https://doi.org/10.1109/CVPR.2006.68)

    Example:
        >>> rows = np.ones((5, (1 + 4 + 16) * 8))  # 8 words, in grids of 1, 2 x 2 and 4 x 4 cells
        >>> pyramid_match(rows).shape
        (5, 5)
    """
    check_levels(levels)
    first, second = _histograms(first, second)
    num_cells = [grid**2 for grid in levels]
    words, rest = divmod(first.shape[1], sum(num_cells))
    if rest:
        raise ValueError(
            f"levels={tuple(levels)} have {sum(num_cells)} cells, which must divide the number of "
            f"columns, received {first.shape[1]}"
        )
    # min(w x, w y) = w min(x, y): weights on the columns are weights on the levels.
    weights = np.repeat(level_weights("lazebnik", levels), np.multiply(num_cells, words))
    return histogram_intersection(first * weights, second * weights)


def _histograms(first, second):
    first, second = check_pairwise_arrays(first, second, dtype=np.float64)  # pyright: ignore[reportArgumentType]
    for rows in (first, second):
        if rows.min() < 0:
            raise ValueError(
                f"histograms must not be negative, received {rows.min():g}: a kernel of histograms "
                "does not suit LLC or Fisher vectors"
            )
    return first, second


def _sums(first, second):
    return first.sum(axis=1)[:, None] + second.sum(axis=1)
