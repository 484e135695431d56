"""Data with classes of unequal size, made from data with equal ones, for experiments."""

from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data.balance import _samplers, _targets


def make_imbalanced(
    x: ArrayLike, y: ArrayLike, ratio: float = 100, kind: str = "exponential", *, seed: int = 0
) -> Any:
    """Leaves samples out so that classes have a long tail.

    With K classes in rising order and n samples in the first, class c keeps
    `n ratio^(-c / (K - 1))` samples ("exponential") or, for the second half of the classes,
    `n / ratio` ("step"), rounded down, as the long-tailed CIFAR sets are made.

    Args:
        x: `(count, ...)` array.
        y: `(count,)` classes.
        ratio: samples of the first class for each of the last one's, at least 1.
        kind: "exponential" or "step".
        seed: an integer, for which samples stay: those of `imblearn.datasets.make_imbalance`
            with the same numbers and `random_state`.

    Returns:
        `(x, y)` of what stays, class after class.

    Raises:
        TypeError, ValueError: if an argument is not as above, or a class would be left empty.

    References:
        [Cui et al., Class-Balanced Loss](https://arxiv.org/abs/1901.05555), section 5.1;
        [Buda et al., step imbalance](https://arxiv.org/abs/1710.05381)

    Example:
        >>> images, labels = make_imbalanced(*load("fashion_mnist").train, ratio=100)
    """
    if checks.number("ratio", ratio) < 1:
        raise ValueError(f"ratio must be at least 1, received {ratio!r}")
    checks.one_of("kind", kind, ("exponential", "step"))
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim != 1 or len(x) != len(y):
        raise ValueError(
            f"x and y must be equally many, y of the shape (n,), received shapes {x.shape} and "
            f"{y.shape}"
        )
    counts = _targets.class_counts(y)
    if len(counts) < 2:
        raise ValueError(f"y must hold at least two classes, received {list(counts)}")
    place = np.arange(len(counts)) / (len(counts) - 1)
    if kind == "step":
        place = (np.arange(len(counts)) >= len(counts) // 2).astype(float)
    shares = (1 / ratio) ** place
    available = np.array(list(counts.values()))
    largest = int(np.min(available / shares))  # equal to the first class where all are equal
    # A hair above, for products that are whole numbers but for the last bit.
    kept = np.floor(largest * shares * (1 + 1e-12)).astype(int)
    if kept.min() < 1:
        empty = list(counts)[int(np.argmin(kept))]
        raise ValueError(
            f"class {empty!r} would keep none of its {counts[empty]} samples: lower ratio, "
            f"received {ratio!r}"
        )
    wanted = dict(zip(counts, kept.tolist(), strict=True))
    rows = _samplers.undersample_indices(y, sampling_strategy=wanted, seed=seed)
    return x[rows], y[rows]
