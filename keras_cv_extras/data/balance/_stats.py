"""What the numbers of samples of each class are, and what follows from them."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data._sources import ImageData
from keras_cv_extras.data.balance import _labelled
from keras_cv_extras.losses import class_balanced_weights

_MOST = 1 << 24  # classes, of which each has a count


@dataclasses.dataclass(frozen=True, eq=False)
class ClassStats:
    """How many samples each class has.

    Attributes:
        counts: `(num_classes,)` samples of each class, by its number; float64, since the labels
            may be soft.
        classes: of labels that are texts, the texts, in rising order, by their numbers; else None.

    Example:
        >>> stats = ClassStats.from_dataset((x, y))
        >>> model.compile("adam", losses.LogitAdjusted(stats.counts.tolist()))
        >>> model.fit(x, y, class_weight=stats.class_weight("effective"))
    """

    counts: np.ndarray
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        values = np.array(self.counts, np.float64)
        checks.counts("counts", values.tolist())
        values.flags.writeable = False
        object.__setattr__(self, "counts", values)

    @classmethod
    def from_dataset(cls, data: Any, *, num_classes: int | None = None) -> "ClassStats":
        """Counts the classes of data.

        Args:
            data: labels, of any kind that `smote` takes; `(images, labels)`; loaded data
                (`data.load`), of which the training part is counted; or a `tf.data.Dataset` of
                `(images, labels, ...)`, batched or not, which is read once. Labels are integers
                or texts, `(n,)` or `(n, 1)`, or rows `(n, num_classes)` with the sum 1: one-hot
                or soft.
            num_classes: how many classes there are; None for as many as the labels show.

        Returns:
            The statistics.

        Raises:
            TypeError, ValueError: if an argument is not as above.
        """
        if num_classes is not None:
            checks.integer("num_classes", num_classes, minimum=2)
        if isinstance(data, tf.data.Dataset):
            return _checked(cls(*_count_dataset(data, num_classes)), num_classes)
        if isinstance(data, ImageData):
            num_classes = num_classes or len(data.class_names)
            data = data.train
        labels = data[1] if isinstance(data, tuple) and len(data) == 2 else data
        numbers, names = _numbered(checks.unmasked("labels", labels))
        counts = _count_named(numbers, names, num_classes)
        if len(counts) < 2:
            raise ValueError(
                f"labels must hold at least two classes, received {len(counts)}: num_classes says "
                "how many there are, where not all are seen"
            )
        return _checked(cls(counts, names), num_classes)

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.counts)

    @property
    def prior(self) -> np.ndarray:
        """The share of each class, `(num_classes,)`, with the sum 1."""
        return self.counts / self.counts.sum()

    @property
    def ratio(self) -> float:
        """Samples of the largest class for each one of the smallest that has any."""
        return float(self.counts.max() / self.counts[self.counts > 0].min())

    def effective_numbers(self, beta: float = 0.9999) -> np.ndarray:
        """Returns the effective number of samples of each class, `(1 - beta^n) / (1 - beta)`.

        Args:
            beta: in [0, 1): with 0 every class has one, towards 1 all its samples.

        References:
            [Cui et al., Class-Balanced Loss](https://arxiv.org/abs/1901.05555)
        """
        beta = checks.below_one("beta", beta)
        if beta == 0:
            return (self.counts > 0).astype(np.float64)
        # Without the cancellation of 1 - beta^n for a beta near 1.
        return np.expm1(self.counts * np.log1p(beta - 1)) / (beta - 1)

    def class_weight(self, method: str = "balanced", *, beta: float = 0.9999) -> dict[Any, float]:
        """Returns class weights as `fit(class_weight=...)` takes them.

        Args:
            method: "balanced", inverse frequencies `total / (classes n)`, as scikit-learn has
                them; or "effective", inverse effective numbers with the mean 1.
            beta: of the effective numbers, in [0, 1).

        Returns:
            A dictionary from class, its number or its text, to weight; a class without samples
            has weight 0.
        """
        checks.one_of("method", method, ("balanced", "effective"))
        if method == "effective":
            weights = class_balanced_weights(self.counts.tolist(), beta=beta)
            return {self._name(item): weight for item, weight in weights.items()}
        present = self.counts > 0
        weights = self.counts.sum() / (present.sum() * np.where(present, self.counts, 1))
        shares = np.where(present, weights, 0)
        return {self._name(item): float(weight) for item, weight in enumerate(shares)}

    def _name(self, number):
        return number if self.classes is None else self.classes[number]


def class_weight(
    y: ArrayLike, method: str = "balanced", *, beta: float = 0.9999, num_classes: int | None = None
) -> dict[Any, float]:
    """Returns class weights of labels, as `fit(class_weight=...)` takes them.

    Args:
        y: labels, or what else `ClassStats.from_dataset` counts.
        method: "balanced" or "effective", as in `ClassStats.class_weight`.
        beta: of the effective numbers, in [0, 1).
        num_classes: how many classes there are; None for as many as the labels show.

    Returns:
        A dictionary from class to weight: its number, as Keras takes it, or its text, as
        scikit-learn does.

    Example:
        >>> model.fit(x, y, class_weight=class_weight(y, "effective"))
        >>> class_weight(["cat", "cat", "cat", "dog"])
    """
    return ClassStats.from_dataset(y, num_classes=num_classes).class_weight(method, beta=beta)


def positive_weights(
    labels: ArrayLike, method: str = "balanced", *, beta: float = 0.9999
) -> np.ndarray:
    """Returns for several labels per image how much more each counts where an image has it.

    Args:
        labels: rows `(n, labels)` of 0 and 1.
        method: "balanced", images without the label for each one with it; or "effective", the
            same of effective numbers, as in `ClassStats.effective_numbers`.
        beta: of the effective numbers, in [0, 1).

    Returns:
        float64 `(labels,)`; 1 for a label that all images have, or none.

    Raises:
        ValueError: if an argument is not as above.

    References:
        `pos_weight` of
        [BCEWithLogitsLoss](https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html).

    Example:
        >>> positive_weights([[1, 0], [0, 1], [0, 1], [0, 1]]).round(2).tolist()
        [3.0, 0.33]
    """
    checks.one_of("method", method, ("balanced", "effective"))
    rows = np.asarray(labels)
    if rows.ndim != 2 or not len(rows) or not np.isin(rows, (0, 1)).all():
        raise ValueError(
            f"labels must be rows (n, labels) of 0 and 1, received {rows.dtype} of {rows.shape}"
        )
    positive = rows.sum(axis=0, dtype=np.float64)
    sides = [len(rows) - positive, positive]
    if method == "effective":
        sides = [ClassStats(side).effective_numbers(beta) for side in sides]
    both = (positive > 0) & (positive < len(rows))
    return np.where(both, sides[0] / np.where(both, sides[1], 1), 1.0)


def _checked(stats, num_classes):
    """Returns what was counted, and warns of a number that may be no class."""
    if num_classes is None and stats.classes is None:
        _labelled.warn_of_no_class(np.flatnonzero(stats.counts))
    return stats


def _count_dataset(dataset, num_classes):
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError("data must end, received a dataset that repeats without end")
    spec = dataset.element_spec
    if not isinstance(spec, tuple) or len(spec) < 2:
        raise TypeError(f"data must be a dataset of (images, labels), received {spec}")
    if spec[1].dtype == tf.string:
        parts = [np.atleast_1d(part) for part in dataset.map(_second).as_numpy_iterator()]
        texts = np.char.decode(np.concatenate([[], *parts]).astype(bytes), "utf-8")
        numbers, names = _numbered(texts)
        return _count_named(numbers, names, num_classes), names
    total = np.zeros(num_classes or 0)
    batched = (spec[0].shape.rank or 0) > 3
    # Only the labels are copied out of TensorFlow.
    for labels in dataset.map(_second).as_numpy_iterator():
        labels = np.asarray(labels)
        if labels.dtype.kind == "f" and labels.ndim == 1 and batched:
            labels, _ = _numbered(labels)
        elif labels.ndim == 0 or labels.ndim == 1 and labels.dtype.kind == "f":
            labels = labels[None]  # of a dataset that is not batched
        counts = _count(labels, num_classes, least=len(total))
        counts[: len(total)] += total
        total = counts
    return total, None


def _second(*element):
    return element[1]


def _numbered(labels):
    """Returns labels as numbers, and what the numbers stand for if they were texts."""
    _labelled.check_known(labels)
    if labels.dtype.kind == "f" and labels.ndim == 1 and len(labels):
        wide = labels.astype("float64")  # half floats have no number for `_MOST`
        whole = np.all(np.abs(wide) < _MOST) and np.all(wide == np.rint(wide))
        return (labels.astype(np.int64) if whole else labels), None
    if labels.dtype.kind not in "OSUT":
        return labels, None
    classes, _ = _labelled.as_classes(labels)
    if classes.dtype.kind not in "SU":
        return classes, None
    names, numbers = np.unique(classes, return_inverse=True)
    return numbers.reshape(-1), tuple(str(name) for name in names.astype(np.str_))


def _count_named(numbers, names, num_classes):
    if names is not None and num_classes not in (None, len(names)):
        raise ValueError(
            f"labels are texts of {len(names)} classes, received num_classes={num_classes}: leave "
            "it out, or give the labels as numbers"
        )
    return _count(numbers, num_classes)


def _count(labels, num_classes, least=0):
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 1 and labels.dtype.kind in "iub":
        if len(labels) and labels.min() < 0:
            raise ValueError(
                f"labels must be at least 0, received {labels.min()}: what is counted is found by "
                "its number. Leave those samples out if it stands for no class, or number the "
                "classes, as np.unique(labels, return_inverse=True) does"
            )
        if len(labels) and labels.max() >= _MOST:
            raise ValueError(f"labels must be class numbers below {_MOST}, received {labels.max()}")
        counts = np.bincount(labels.astype(np.int64), minlength=max(num_classes or 0, least))
    elif labels.ndim == 2 and np.allclose(labels.sum(axis=1), 1, atol=1e-3):
        counts = labels.sum(axis=0, dtype=np.float64)
    else:
        raise ValueError(
            "labels must be integers, (n,), or rows (n, num_classes) with the sum 1, received "
            f"{labels.dtype} of {labels.shape}"
        )
    if num_classes is not None and len(counts) != num_classes:
        raise ValueError(
            f"labels must lie in [0, {num_classes}), received {len(counts)} classes: raise "
            "num_classes"
        )
    return counts.astype(np.float64)
