"""Cross-validation in which only training parts are resampled."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from keras_cv_extras._base import checks, guard
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data.balance import _frames, _labelled


def folds(
    x: ArrayLike, y: ArrayLike, num_folds: int = 5, *, sampler: Any | None = None, seed: int = 0
) -> Iterator[Any]:
    """Splits samples into folds of equal class shares, and gives each as a validation part once.

    The sampler sees only the other folds, and the validation part is not resampled: nothing of it
    leaks into training, and scores are for the real shares of the classes.

    Args:
        x: `(n, ...)` samples, or a data frame.
        y: `(n,)` classes, integers or texts, or one-hot rows.
        num_folds: how many folds, at least 2, at most the samples of the smallest class.
        sampler: None, or what has `fit_resample`: `SmoteSampler`, imbalanced-learn's.
        seed: an integer, for which samples are in which fold.

    Yields:
        `((x, y) to train on, (x, y) to validate on)`, `num_folds` times; rows of data frames have
        the index that they had.

    Raises:
        TypeError, ValueError: if an argument is not as above, or `x` holds synthesised samples.

    Example:
        >>> parts = folds(x, y, 3, sampler=SmoteSampler())
        >>> sizes = [(len(train[1]), len(validation[1])) for train, validation in parts]
    """
    checks.integer("num_folds", num_folds, minimum=2)
    if sampler is not None and not hasattr(sampler, "fit_resample"):
        raise TypeError(
            f"sampler must have fit_resample, as SmoteSampler has, received {sampler!r}"
        )
    classes, _ = _labelled.as_classes(y)
    checks.same_length(x=x, y=classes)
    names, counts = np.unique(classes, return_counts=True)
    if counts.min() < num_folds:
        raise ValueError(
            f"class {names[counts.argmin()].item()!r} has {counts.min()} samples, fewer than "
            f"num_folds={num_folds}: a fold would be without it. Take fewer folds, or leave the "
            "class out"
        )
    if not _frames.is_frame(x) or not _frames.columns_of_texts(x):
        guard.check_not_synthesised(_frames.as_array(x))
    number = checks.integer("seed", seed) % (1 << 32)
    rows = StratifiedKFold(num_folds, shuffle=True, random_state=number).split(classes, classes)
    return _parts(x, y, rows, sampler)


def _parts(x, y, rows, sampler):
    for training, validation in rows:
        train, held = (
            tuple(_frames.take(data, part, anew=False) for data in (x, y))
            for part in (training, validation)
        )
        yield (train if sampler is None else sampler.fit_resample(*train)), held
