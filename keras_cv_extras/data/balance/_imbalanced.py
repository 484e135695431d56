"""Imbalanced data, made from balanced data, for experiments."""

import dataclasses
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data._sources import ImageData
from keras_cv_extras.data.balance import _frames, _labelled, _samplers, _targets


def make_imbalanced(
    x: ArrayLike,
    y: ArrayLike | None = None,
    ratio: float = 100,
    kind: str = "exponential",
    *,
    seed: int = 0,
    minimum: int = 2,
) -> Any:
    """Removes samples, so that the classes have a long tail.

    With K classes in rising order and n samples in the first, class c keeps
    `n ratio^(-c / (K - 1))` samples ("exponential") or, for the second half of the classes,
    `n / ratio` ("step"), rounded down, as the long-tailed CIFAR sets are made.

    Args:
        x: `(count, ...)` array, a data frame, or loaded data (`data.load`), whose training part
            loses samples.
        y: `(count,)` classes, or one-hot rows; None with loaded data.
        ratio: samples of the first class for each of the last one's, at least 1.
        kind: "exponential" or "step".
        seed: an integer, for which samples stay: those of `imblearn.datasets.make_imbalance`
            with the same numbers and `random_state`.
        minimum: how many samples each class must keep, at least 1. A class of one has no
            neighbour to interpolate with, and is in one part of a split only.

    Returns:
        `(x, y)` of what stays, class after class; of loaded data, loaded data with that as its
        training part.

    Raises:
        TypeError, ValueError: if an argument is not as above, or a class would keep fewer than
            `minimum`.

    References:
        [Cui et al., Class-Balanced Loss](https://arxiv.org/abs/1901.05555), section 5.1;
        [Buda et al., step imbalance](https://arxiv.org/abs/1710.05381)

    Example:
        >>> images, labels = make_imbalanced(*load("fashion_mnist").train, ratio=100)
        >>> digits = make_imbalanced(load("digits"), ratio=20)
    """
    if checks.number("ratio", ratio) < 1:
        raise ValueError(f"ratio must be at least 1, received {ratio!r}")
    checks.one_of("kind", kind, ("exponential", "step"))
    checks.integer("minimum", minimum, minimum=1)
    if isinstance(x, ImageData):
        if y is not None:
            raise ValueError("y must be left out with loaded data: it has its own labels")
        if x.files is not None:
            raise ValueError(f"{x.name!r} is a folder, whose samples have files: give *data.train")
        kept = make_imbalanced(*x.train, ratio, kind, seed=seed, minimum=minimum)
        return dataclasses.replace(x, train=kept)
    if y is None:
        raise ValueError("y must be the labels of x, received None")
    checks.same_length(x=x, y=y)
    classes, _ = _labelled.as_classes(y)
    counts = _targets.class_counts(classes)
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
    if kept.min() < minimum:
        small = list(counts)[int(np.argmin(kept))]
        raise ValueError(
            f"class {small!r} would keep {kept.min() or 'none'} of its {counts[small]} samples, "
            f"fewer than minimum={minimum}: lower ratio, received {ratio!r}"
        )
    wanted = dict(zip(counts, kept.tolist(), strict=True))
    rows = _samplers.undersample_indices(classes, sampling_strategy=wanted, seed=seed)
    return _frames.take(x, rows), _frames.take(y, rows)
