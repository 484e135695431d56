"""Classes balanced by how often their samples are seen: as row numbers, and inside tf.data."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Array, ArrayLike, Tensor
from keras_cv_extras.data._rows import Rows
from keras_cv_extras.data.balance import _draws, _frames, _labelled, _targets


def oversample_indices(
    y: ArrayLike, *, sampling_strategy: _targets.Strategy = "auto", seed: int = 0
) -> Array:
    """Repeats random samples of small classes.

    Args:
        y: `(n,)` classes, or one-hot rows.
        sampling_strategy: how many samples each class gets, as in `smote`.
        seed: an integer, or a NumPy `RandomState`.

    Returns:
        Row numbers, int64: all rows, then the repeated ones, class by class; those of
        `imblearn.over_sampling.RandomOverSampler(random_state=seed)`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> rows = oversample_indices(y)
        >>> x, y = x[rows], y[rows]
    """
    classes, _ = _labelled.as_classes(y)
    stream = _labelled.random_state(seed)
    rows = [np.arange(len(classes))]
    for item, count in _targets.added(sampling_strategy, classes).items():
        rows.append(stream.choice(np.flatnonzero(classes == item), size=count, replace=True))
    return np.concatenate(rows).astype(np.int64)


def undersample_indices(
    y: ArrayLike, *, sampling_strategy: _targets.Strategy = "auto", seed: int = 0
) -> Array:
    """Leaves random samples of large classes out.

    Args:
        y: `(n,)` classes, or one-hot rows.
        sampling_strategy: how many samples each class keeps: "auto" or "not minority" for as many
            as the smallest class has; "majority", "not majority", "all"; a number in (0, 1] with
            two classes, minority samples per majority sample; `{class: number}`; or a function
            of the labels that returns such a dictionary.
        seed: an integer, or a NumPy `RandomState`.

    Returns:
        Row numbers, int64, class by class; those of
        `imblearn.under_sampling.RandomUnderSampler(random_state=seed)`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> kept = undersample_indices(labels, seed=1)
        >>> np.bincount(labels[kept])
        array([6, 6, 6, 6, 6, 6, 6, 6, 6, 6])
    """
    classes, _ = _labelled.as_classes(y)
    stream = _labelled.random_state(seed)
    kept = _targets.kept(sampling_strategy, classes)
    rows = []
    for item in np.unique(classes).tolist():
        members = np.flatnonzero(classes == item)
        if item in kept:
            members = members[stream.choice(len(members), size=kept[item], replace=False)]
        rows.append(members)
    return np.concatenate(rows).astype(np.int64)


class BalancedSource(Rows):
    """Samples with the wanted number of each class, drawn again in every epoch, for `pipeline`.

    Within a class samples take turns: in an epoch, none is repeated before all were seen, and every
    epoch leaves out different ones. Copies of an image are samples of their
    own, augmented differently. Classes are spread evenly over the order, so that with
    `shuffle=False` (the samples of a class come in a new order all the same) every batch holds
    them in equal parts, as exactly as its size allows.

    Args:
        images: `(n, height, width, channels)`, or a table `(n, features)`, an array or a data
            frame of numbers, which a pipeline takes without policy and mix.
        labels: `(n,)` classes, or one-hot rows.
        num_samples: how many samples of each class an epoch has: "largest" for as many as the
            largest class (over-sampling), "smallest" (under-sampling), a number for all, or
            `{class: number}`; classes that it does not name keep theirs.
        seed: an integer.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> balanced = BalancedSource(x, y, "largest", seed=1)
        >>> train = pipeline(balanced, 128, policy=rand_augment(), seed=1)
    """

    takes_tables = True

    def __init__(
        self, images: ArrayLike, labels: ArrayLike, num_samples: Any = "largest", *, seed: int = 0
    ) -> None:
        super().__init__(_frames.in_one_type("images", images), labels)
        self.seed: int = checks.integer("seed", seed)
        classes, _ = _labelled.as_classes(labels)
        counts = _targets.class_counts(classes)
        wanted = _wanted(num_samples, counts)
        number_of = {item: number for number, item in enumerate(counts)}
        members = [np.flatnonzero(classes == item) for item in counts]
        totals = np.array([wanted[item] for item in counts])
        place = np.concatenate([(np.arange(total) + 0.5) / max(total, 1) for total in totals])
        order = np.argsort(place, kind="stable")
        self.count: int = int(totals.sum())
        if self.count == 0:
            raise ValueError(f"num_samples must ask for at least one sample, received {wanted}")
        sizes = np.array([len(rows) for rows in members])
        starts = np.cumsum(sizes) - sizes
        self._class_of = tf.constant(np.repeat(list(number_of.values()), totals)[order])
        self._place_of = tf.constant(np.concatenate([np.arange(t) for t in totals])[order])
        self._sizes, self._starts = tf.constant(sizes), tf.constant(starts)
        self._members = tf.constant(np.concatenate(members))

    def indices(self, epoch: int = 0) -> Array:
        """Returns the rows of an epoch's samples in their order, `(count,)` int64."""
        return self.rows_of(tf.range(self.count, dtype=tf.int64), epoch).numpy()

    def rows_of(self, samples: Tensor, epoch: int) -> Tensor:
        """Returns the row of each sample."""
        number = tf.gather(self._class_of, samples)
        size, places = tf.gather(self._sizes, number), tf.gather(self._place_of, samples)
        chosen = _draws.in_turn(self.seed, number, epoch, places, size)
        return tf.gather(self._members, tf.gather(self._starts, number) + chosen)

    def gather(self, samples: Tensor, epoch: int) -> Any:
        """Returns `(images, labels)` of samples, by their numbers."""
        return self.take(self.rows_of(samples, epoch))


def _wanted(num_samples, counts):
    if isinstance(num_samples, str):
        checks.one_of("num_samples", num_samples, ("largest", "smallest"))
        number = (max if num_samples == "largest" else min)(counts.values())
        return dict.fromkeys(counts, number)
    if not isinstance(num_samples, dict):
        return dict.fromkeys(counts, checks.integer("num_samples", num_samples, minimum=1))
    unknown = [item for item in num_samples if item not in counts]
    if unknown:
        raise ValueError(
            f"num_samples must name classes of the labels, {list(counts)}, received {unknown}"
        )
    for item, number in num_samples.items():
        checks.integer(f"num_samples[{item!r}]", number, minimum=0)
    return {**counts, **num_samples}
