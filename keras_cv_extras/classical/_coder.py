"""The base of all codings: learning from descriptors, and reading them."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import check_is_fitted, validate_data

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Array, ArrayLike
from keras_cv_extras.classical._descriptors import (
    DescriptorSet,
    GivesDescriptors,
    as_descriptor_set,
)
from keras_cv_extras.classical._input import chunks

ROWS = 16_384  # descriptors at a time: some tens of MB for a thousand words


class Coder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Learns from a sample of descriptors; a subclass says what, and how to code.

    Descriptors are a `DescriptorSet`, a list of one array per image, a `(count, each, dimension)`
    array, or a `(count, dimension)` array of one descriptor per sample.
    """

    max_samples: int
    seed: int

    def _check_parameters(self):
        raise NotImplementedError

    def _learn(self, values):
        raise NotImplementedError

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learns from the descriptors, from `max_samples` of them at most.

        Args:
            X: descriptors of the training images.
            y: ignored.

        Returns:
            This object.

        Raises:
            TypeError, ValueError: if a parameter is wrong, a value is not finite, or there are
                too few descriptors.
        """
        self._check_parameters()
        checks.integer("max_samples", self.max_samples, minimum=1)
        checks.integer("seed", self.seed, minimum=0)
        values = self._read(X, reset=True).values
        self._learn(sample(values, self.max_samples, self.seed))
        return self

    def _read(self, descriptors, *, reset):
        """Returns checked descriptors as a set of floats."""
        listed = isinstance(descriptors, (DescriptorSet, list, tuple))
        if not listed and getattr(descriptors, "ndim", 2) < 3:
            descriptors = validate_data(
                self, descriptors, reset=reset, dtype=[np.float32, np.float64]
            )
        descriptors = as_descriptor_set(descriptors)
        width = descriptors.values.shape[1]
        if reset:
            self.n_features_in_: Any = width
        elif width != self.n_features_in_:
            raise ValueError(
                f"descriptors must have dimension {self.n_features_in_} as in fit, received {width}"
            )
        if sparse.issparse(descriptors.values):
            raise TypeError("descriptors must be dense, received a sparse matrix: are they codes?")
        if descriptors.values.dtype not in (np.float32, np.float64):
            descriptors = descriptors.with_values(descriptors.values.astype(np.float32))
        return descriptors

    def transform(self, X: ArrayLike) -> Array:
        """Codes the descriptors.

        Args:
            X: descriptors of any images.

        Returns:
            See the class.

        Raises:
            NotFittedError: before `fit`.
            ValueError: if the descriptors are not as in `fit`.
        """
        check_is_fitted(self)
        return self._encode(X, self._read(X, reset=False))

    def _encode(self, given, descriptors):
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


class WordCoder(GivesDescriptors, Coder):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A coder whose result is a sparse row of codes, one for each word, per descriptor."""

    words_: Any

    def _code(self, values):
        raise NotImplementedError

    def _encode(self, given, descriptors):
        values = descriptors.values
        parts = [self._code(values[rows]) for rows in chunks(len(values), ROWS)]
        codes = sparse.vstack(parts, format="csr") if parts else sparse.csr_matrix((0, self._size))
        if isinstance(given, DescriptorSet):
            return descriptors.with_values(codes)
        if getattr(self, "_sklearn_output_config", {}).get("transform", "default") != "default":
            raise ValueError("codes are sparse, which a data frame does not hold: pool them first")
        return codes

    @property
    def _size(self):
        return len(self.words_)

    @property
    def _n_features_out(self):
        return self._size


def sample(values, max_samples, seed):
    """Returns at most `max_samples` rows, in their order."""
    if len(values) <= max_samples:
        return values
    rows = sample_without_replacement(len(values), max_samples, random_state=seed)
    return values[np.sort(rows)]


def learn_words(values, num_words, seed):
    """Returns `num_words` centres of k-means, in the dtype of the values."""
    check_enough("num_words", num_words, values)
    means = MiniBatchKMeans(num_words, random_state=seed, n_init=1, batch_size=4096, max_iter=50)
    return means.fit(values).cluster_centers_


def check_enough(name, number, values):
    """Raises if there are fewer descriptors than words to learn from them."""
    # scikit-learn's words first: its tests, and its users, look for them.
    if len(values) < number:
        raise ValueError(
            f"n_samples={len(values)} descriptors are too few for {name}={number}: give more "
            f"images, or a smaller {name}"
        )


def square_distances(values, words):
    """Returns `(descriptors, words)` squared Euclidean distances, by one matrix product."""
    # The length of a descriptor is the same for all words: it matters not for which is nearest,
    # but for soft assignment.
    distances = values @ (-2 * words.T)
    distances += np.einsum("ij,ij->i", words, words)
    distances += np.einsum("ij,ij->i", values, values)[:, None]
    return np.maximum(distances, 0, out=distances)


def nearest_words(values, words, count):
    """Returns the `count` nearest words of each descriptor, `(descriptors, count)`, and distances.

    The words of a descriptor are in the order of their numbers.
    """
    distances = square_distances(values, words)
    if count == 1:
        nearest = distances.argmin(axis=1)[:, None]
    elif count == len(words):
        nearest = np.tile(np.arange(count), (len(values), 1))
    else:
        nearest = np.sort(np.argpartition(distances, count - 1, axis=1)[:, :count], axis=1)
    return nearest, np.take_along_axis(distances, nearest, axis=1)


def sparse_codes(codes, columns, num_words):
    """Returns a CSR matrix with `codes` at `columns`, as many in each row."""
    count, each = codes.shape
    rows = np.arange(0, count * each + 1, each)
    return sparse.csr_matrix((codes.ravel(), columns.ravel(), rows), shape=(count, num_words))
