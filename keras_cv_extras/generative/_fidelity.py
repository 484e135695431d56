"""How like real images synthetic ones are, from the features of both: distances and neighbours.

Functions of feature rows `(n, d)`, whatever network they are from. The published scores (FID,
KID) use an Inception network trained on ImageNet; with another network the numbers are others,
and are only to be compared among themselves.
"""

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike

_CHUNK = 1024  # rows of a distance matrix that are held at a time


def frechet_distance(real: ArrayLike, made: ArrayLike) -> float:
    """Returns the Fréchet distance of the normal distributions fitted to two sets of rows.

    `|m - m'|^2 + tr(S + S' - 2 (S S')^(1/2))`, what FID is with Inception features. It is
    biased upwards with few rows: compare numbers from equally many, well above `d`.

    Args:
        real: `(n, d)` features, n at least 2.
        made: `(m, d)` features.

    Returns:
        The distance, at least 0.

    References:
        [Heusel et al.](https://arxiv.org/abs/1706.08500)

    Example:
        >>> rows = np.sin(np.arange(2000.0) ** 2).reshape(500, 4)
        >>> round(float(frechet_distance(rows, rows + 1)), 3)  # four means that are 1 apart
        4.0
    """
    real, made = _checked(real, made, least=2)
    difference = real.mean(axis=0) - made.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (real, made))
    # The eigenvalues of S S' are those of S^(1/2) S' S^(1/2), which is symmetric: no complex
    # root, and nothing added to the diagonal where S has no inverse.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ second @ root)
    trace = np.trace(first) + np.trace(second) - 2 * np.sqrt(np.maximum(product, 0)).sum()
    return float(max(difference @ difference + trace, 0.0))


def kernel_distance(real: ArrayLike, made: ArrayLike) -> float:
    """Returns the squared maximum mean discrepancy under the kernel `(x y / d + 1)^3`.

    What KID is with Inception features: without bias, so that it may be below 0, and to be
    preferred with few rows.

    Args:
        real: `(n, d)` features, n at least 2.
        made: `(m, d)` features, m at least 2.

    Returns:
        The distance.

    References:
        [Bińkowski et al.](https://arxiv.org/abs/1801.01401)

    Example:
        >>> rows = np.sin(np.arange(2000.0) ** 2).reshape(500, 4)
        >>> kernel_distance(rows[:250], rows[250:]) < 0.1 < kernel_distance(rows, rows + 1)
        True
    """
    real, made = _checked(real, made, least=2)

    def mean_kernel(x, y, same):
        total = sum(
            ((x[i : i + _CHUNK] @ y.T / x.shape[1] + 1) ** 3).sum()
            for i in range(0, len(x), _CHUNK)
        )
        if not same:
            return total / (len(x) * len(y))
        own = ((np.einsum("nd,nd->n", x, x) / x.shape[1] + 1) ** 3).sum()
        return (total - own) / (len(x) * (len(x) - 1))

    return float(
        mean_kernel(real, real, True)
        + mean_kernel(made, made, True)
        - 2 * mean_kernel(real, made, False)
    )


def neighbor_scores(real: ArrayLike, made: ArrayLike, *, k: int = 5) -> dict[str, float]:
    """Returns precision, recall, density and coverage, from balls around the rows.

    A row's ball reaches to its k-th nearest neighbour of its own kind.

    Args:
        real: `(n, d)` features, n above k.
        made: `(m, d)` features, m above k.
        k: which neighbour.

    Returns:
        A dictionary: "precision", the share of made rows inside some real ball; "recall", the
        share of real rows inside some made ball; "density", how many real balls a made row is
        in, divided by k; "coverage", the share of real balls that hold a made row.

    References:
        [Kynkäänniemi et al., Improved precision and recall](https://arxiv.org/abs/1904.06991);
        [Naeem et al., Density and coverage](https://arxiv.org/abs/2002.09797)

    Example:
        >>> rows = np.sin(np.arange(400.0) ** 2).reshape(100, 4)
        >>> scores = neighbor_scores(rows, rows[:50], k=3)
        >>> float(scores["precision"])
        1.0
    """
    checks.integer("k", k, minimum=1)
    real, made = _checked(real, made, least=k + 1)
    of_real, of_made = _radii(real, k), _radii(made, k)
    inside = np.zeros(len(made), int)  # how many real balls each made row is in
    recalled = covered = 0
    for start in range(0, len(real), _CHUNK):
        distances = _distances(real[start : start + _CHUNK], made)
        radii = of_real[start : start + _CHUNK, None]
        inside += (distances < radii).sum(axis=0)
        recalled += int((distances < of_made).any(axis=1).sum())
        covered += int((distances.min(axis=1, keepdims=True) < radii).sum())
    return {
        "precision": float(np.mean(inside > 0)),
        "recall": recalled / len(real),
        "density": float(inside.mean() / k),
        "coverage": covered / len(real),
    }


def nearest(rows, others, *, skip_self: bool = False):
    """Returns the number of the nearest other row for each row, and the distance to it.

    Args:
        rows: `(n, d)` features.
        others: `(m, d)` features.
        skip_self: whether both are the same rows, and each is to find another one.

    Returns:
        `(numbers, distances)`, both `(n,)`.
    """
    rows, others = _checked(rows, others, least=2 if skip_self else 1)
    numbers, values = np.empty(len(rows), int), np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK):
        distances = _distances(rows[start : start + _CHUNK], others)
        if skip_self:
            here = np.arange(len(distances))
            distances[here, here + start] = np.inf
        chosen = distances.argmin(axis=1)
        numbers[start : start + _CHUNK] = chosen
        values[start : start + _CHUNK] = distances[np.arange(len(chosen)), chosen]
    return numbers, values


def _radii(rows, k):
    """The distance of each row to its k-th nearest neighbour among them."""
    radii = np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK):
        distances = _distances(rows[start : start + _CHUNK], rows)
        here = np.arange(len(distances))
        distances[here, here + start] = 0.0  # exactly, so that it comes first
        radii[start : start + _CHUNK] = np.partition(distances, k, axis=1)[:, k]
    return radii


def _distances(x, y):
    squares = np.einsum("nd,nd->n", x, x)[:, None] + np.einsum("nd,nd->n", y, y) - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))


def _checked(real, made, *, least):
    result = []
    for name, rows in (("real", real), ("made", made)):
        rows = np.asarray(rows, np.float64)
        if rows.ndim != 2 or len(rows) < least:
            raise ValueError(
                f"{name} must be features of the shape (n, d), n at least {least}, received "
                f"{rows.shape}"
            )
        if not np.isfinite(rows).all():
            raise ValueError(f"{name} must be finite, received NaN or infinity")
        result.append(rows)
    if result[0].shape[1] != result[1].shape[1]:
        raise ValueError(
            "real and made must have as many features, received "
            f"{result[0].shape[1]} and {result[1].shape[1]}"
        )
    return result
