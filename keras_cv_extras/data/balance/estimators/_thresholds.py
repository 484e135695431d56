"""Decisions for imbalanced classes: thresholds chosen on validation data."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Array, ArrayLike
from keras_cv_extras.data.balance import _frames, _labelled

_MOST = 200  # values of one threshold that are tried
_ROUNDS = 10  # over all classes; the search ends where a round gains nothing


class ClassThresholds(BaseEstimator):
    """Decides by `argmax(probability / threshold)`, thresholds chosen on validation data.

    A network that was trained on few samples of a class rarely gives it the largest probability.
    With two classes the thresholds are one cut, `threshold` of the second one. Their score on
    the data that chose them is too good: measure on a test part, which they have not seen.

    Args:
        metric: what is maximised: "balanced_accuracy", the mean of the classes' recalls; or
            "macro_f1", the mean of their F1 scores.

    Attributes:
        classes_: what `predict` answers, in the order of the columns.
        thresholds_: `(num_classes,)`, with the sum 1; equal ones are plain argmax.
        score_: the metric on the data that chose them.
        plain_score_: that of plain argmax on the same data.

    Example:
        >>> decide = ClassThresholds().fit(probabilities, labels)
        >>> classes = decide.predict(probabilities)
    """

    def __init__(self, metric: str = "balanced_accuracy") -> None:
        self.metric = metric

    def fit(self, probabilities: ArrayLike, labels: ArrayLike) -> Self:
        """Chooses the thresholds, class after class, until none can be moved to any gain.

        Args:
            probabilities: `(n, num_classes)` of validation data, or `(n,)` of the second of two. Of
                a data frame whose columns are named as the classes, in texts or integers, each
                column is that class's; one that names some of them is an error, numbers in a row
                apart, as a table without names has them.
            labels: `(n,)` integers from 0, -1 and 1, booleans or texts, or one-hot rows; every
                class at least once. Columns belong to the classes in their rising order, as
                scikit-learn's classifiers have it.

        Raises:
            TypeError, ValueError: if they are not as above.
        """
        checks.one_of("metric", self.metric, ("balanced_accuracy", "macro_f1"))
        classes, _ = _labelled.as_classes(labels)
        known, classes = np.unique(classes, return_inverse=True)
        shares = _rows(_in_order(probabilities, known))
        number = shares.shape[1]
        checks.same_length(probabilities=shares, labels=classes)
        whole = known.tolist() in (list(range(number)), [-1, 1]) and known.dtype.kind in "iu"
        if len(known) != number or not (whole or known.dtype.kind in "SUb"):
            raise ValueError(
                f"labels must be texts of {number} classes, or integers that hold every class from "
                f"0 to {number - 1}, one for each column of probabilities (of two also -1 and 1, "
                f"or booleans), received {known[:12].tolist()}"
            )
        self.classes_: Any = known
        thresholds = np.full(number, 1 / number)
        best = self._score(shares, classes, thresholds)
        self.plain_score_: float = best
        for _ in range(_ROUNDS):
            before = best
            # With two classes the second's threshold says all.
            for item in range(number) if number > 2 else (1,):
                thresholds, best = self._moved(shares, classes, thresholds, item, best)
            if best <= before:
                break
        self.thresholds_: Any = thresholds / thresholds.sum()
        self.score_: float = best
        return self

    def predict(self, probabilities: ArrayLike) -> Array:
        """Returns the class of each row of `(n, num_classes)` probabilities, `(n,)`."""
        if not hasattr(self, "thresholds_"):
            raise ValueError("thresholds are not chosen yet: call fit with validation data")
        shares = _rows(_in_order(probabilities, self.classes_))
        if shares.shape[1] != len(self.thresholds_):
            raise ValueError(
                f"probabilities must have {len(self.thresholds_)} columns, as in fit, received "
                f"{shares.shape}"
            )
        return self.classes_[(shares / self.thresholds_).argmax(axis=1)]

    def _moved(self, shares, classes, thresholds, item, best):
        """Returns thresholds with that of one class at its best value, and their score."""
        others = np.delete(shares / thresholds, item, axis=1).max(axis=1)
        turns = np.unique(shares[:, item] / np.maximum(others, 1e-12))  # where decisions turn
        turns = turns[(turns > 0) & (turns < 1e9)]
        values = np.concatenate([turns[:1] / 2, np.sqrt(turns[1:] * turns[:-1]), turns[-1:] * 2])
        if len(values) > _MOST:
            values = values[np.linspace(0, len(values) - 1, _MOST).round().astype(int)]
        chosen = thresholds
        for value in values:
            tried = thresholds.copy()
            tried[item] = value
            score = self._score(shares, classes, tried)
            if score > best:
                chosen, best = tried, score
        return chosen, best

    def _score(self, shares, classes, thresholds):
        number = len(thresholds)
        found = (shares / thresholds).argmax(axis=1)
        table = np.bincount(classes * number + found, minlength=number**2).reshape(number, number)
        right = np.diag(table)
        if self.metric == "balanced_accuracy":
            return float(np.mean(right / table.sum(axis=1)))
        return float(np.mean(2 * right / (table.sum(axis=1) + table.sum(axis=0))))


def _in_order(probabilities, classes):
    """Returns a frame of columns named as the classes in their order; anything else as it is.

    Raises:
        ValueError: if columns name some of the classes alone, or one twice.
    """
    if not _frames.is_frame(probabilities):
        return probabilities
    places = {_text(name): place for place, name in enumerate(probabilities.columns)}
    wanted = [_text(name) for name in classes.tolist()]
    named = places.keys() == {*wanted} and len(places) == len(probabilities.columns)
    if named:
        return probabilities.iloc[:, [places[name] for name in wanted]]
    numbered = _is_run(list(probabilities.columns), classes)
    second = len(probabilities.columns) == 1 and [*places] == wanted[1:]  # which says all of two
    if numbered or second or not {*places} & {*wanted}:
        return probabilities
    raise ValueError(
        f"probabilities must have a column for each class, {wanted[:12]}, or columns that name "
        f"none of them, received {list(places)[:12]}: give its to_numpy() if columns are in the "
        "order of the classes"
    )


def _is_run(names, classes):
    """Whether columns have numbers, as those of a table without names do, or some in a row of it.

    Beside classes that are texts, numbers that do not begin with 0 may be their names.
    """
    if not all(isinstance(name, int) and not isinstance(name, bool) for name in names):
        return False
    first = names[0] if names and classes.dtype.kind in "iu" else 0
    return names == list(range(first, first + len(names)))


def _text(name):
    """Returns the name of a class as a text: a file has texts for what were integers."""
    whole = isinstance(name, bool) or (isinstance(name, float) and name.is_integer())
    return str(int(name) if whole else name)


def _rows(probabilities):
    shares: Any = np.asarray(probabilities, np.float64)
    if shares.ndim == 2 and shares.shape[1] == 1:
        shares = shares[:, 0]
    if shares.ndim == 1:
        shares = np.stack([1 - shares, shares], axis=1)
    if shares.ndim != 2 or not len(shares) or not np.all((shares >= 0) & (shares <= 1 + 1e-6)):
        raise ValueError(
            "probabilities must be numbers in [0, 1], (n, num_classes) or (n,), received "
            f"shape {np.shape(probabilities)}: take softmax or sigmoid of logits first, and leave "
            "rows with NaN out"
        )
    return shares
