"""Sparse coding: each descriptor as a combination of few words, of least absolute weights."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import shuffle

from keras_cv_extras._base import checks
from keras_cv_extras._base.text import caller
from keras_cv_extras.classical._coder import WordCoder, check_enough, learn_words

_ITERATIONS = 10_000  # steps of a descriptor: reached only where words nearly depend on others
_BATCH = 2_048


class SparseCoding(WordCoder):
    """Sparse codes of descriptors: `min over u of |x - u B|^2 + penalty * |u|_1`.

    scikit-learn's `sparse_encode` halves the first term: its `alpha` is half of the penalty here.
    Words have length 1. All descriptors of a batch are solved together by coordinate descent,
    each step of each descriptor on its coordinate that changes most.

    `transform` gives a `DescriptorSet` whose values are a CSR matrix `(total, num_words)`; of an
    array, that matrix. ScSPM pools the absolute codes: `SpatialPyramid(pooling="absmax")`.

    Args:
        num_words: words of the dictionary.
        penalty: of the absolute codes; 0.15 to 0.3 for SIFT descriptors of length 1.
        epochs: passes over the sample while the dictionary is learned (Mairal's online algorithm,
            from centres of k-means); 0 keeps the normalised centres.
        tolerance: a descriptor is done when no code would change by more than this share of
            itself, or of half the penalty where that is larger.
        max_samples: descriptors that the dictionary is learned from.
        seed: an integer, for the sample, k-means and the order of the batches.

    Attributes:
        words_: `(num_words, dimension)`.

    References:
        Yang et al., Linear Spatial Pyramid Matching Using Sparse Coding for Image Classification,
        [CVPR 2009](https://doi.org/10.1109/CVPR.2009.5206757);
        Mairal et al., Online Dictionary Learning for Sparse Coding,
        [ICML 2009](https://doi.org/10.1145/1553374.1553463);
        Li and Osher, Coordinate descent optimization for l1 minimization,
        [IPI 2009](https://doi.org/10.3934/ipi.2009.3.487)

    Example:
        >>> coder = SparseCoding(num_words=8, penalty=0.2).fit(descriptors)
        >>> codes = coder.transform(descriptors).values
    """

    def __init__(
        self,
        num_words: int = 8,
        *,
        penalty: float = 0.15,
        epochs: int = 2,
        tolerance: float = 1e-3,
        max_samples: int = 20_000,
        seed: int = 0,
    ) -> None:
        self.num_words = num_words
        self.penalty = penalty
        self.epochs = epochs
        self.tolerance = tolerance
        self.max_samples = max_samples
        self.seed = seed

    def _check_parameters(self):
        checks.integer("num_words", self.num_words, minimum=1)
        checks.positive("penalty", self.penalty)
        checks.integer("epochs", self.epochs, minimum=0)
        checks.positive("tolerance", self.tolerance)

    def _learn(self, values):
        check_enough("num_words", self.num_words, values)
        words = _atoms(learn_words(values, self.num_words, self.seed))
        # Statistics of all batches so far, as if all had been coded with the words of today.
        codes_codes = np.zeros((len(words), len(words)))
        codes_values = np.zeros(words.shape)
        for epoch in range(self.epochs):
            order: Any = shuffle(np.arange(len(values)), random_state=self.seed + epoch)
            for start in range(0, len(order), _BATCH):
                batch = values[order[start : start + _BATCH]]
                codes = solve(batch, words, self.penalty, self.tolerance).toarray()
                keep = 1 - len(batch) / len(values)  # forgets the batches of older words
                codes_codes = keep * codes_codes + codes.T @ codes
                codes_values = keep * codes_values + codes.T @ batch
                words = _improved(words, codes_codes, codes_values).astype(values.dtype)
        self.words_: Any = words

    def _code(self, values):
        parts = [
            solve(values[start : start + _BATCH], self.words_, self.penalty, self.tolerance)
            for start in range(0, len(values), _BATCH)
        ]
        return sparse.vstack(parts, format="csr")


def solve(values, words, penalty, tolerance):
    """Returns the sparse codes of a batch of descriptors as a CSR matrix.

    A step of Li and Osher for all descriptors at once: of each, the coordinate that would change
    most is set to its best value, and the correlations of the others are corrected by its row of
    the words' products. Descriptors that are done leave the batch.
    """
    dtype = values.dtype
    gram = (words @ words.T).astype(dtype)
    np.fill_diagonal(gram, 0)  # words have length 1: the coordinate itself keeps its correlation
    left = (values @ words.T).astype(dtype)  # best value of each coordinate, were the rest 0
    codes = np.zeros_like(left)
    rows = np.arange(len(values))  # of `done` that are still worked on
    half = dtype.type(penalty / 2)
    done = np.zeros_like(left)
    for _ in range(_ITERATIONS):
        best = np.clip(left, -half, half)
        np.subtract(left, best, out=best)  # soft threshold
        best -= codes
        column = np.abs(best).argmax(axis=1)
        place = np.arange(len(rows)), column
        change = best[place]
        active = np.abs(change) > tolerance * np.maximum(np.abs(codes[place]), half)
        if not active.all():
            done[rows[~active]] = codes[~active]
            if not active.any():
                break
            if active.mean() < 0.9:
                rows, left, codes = rows[active], left[active], codes[active]
                column, change, active = column[active], change[active], active[active]
                place = np.arange(len(rows)), column
        change = np.where(active, change, 0)  # what is done must not depend on the batch
        codes[place] += change
        left -= change[:, None] * gram[column]
    else:
        done[rows] = codes
        caller.warn(
            f"{len(rows)} sparse codes were not found to tolerance={tolerance:g} in {_ITERATIONS} "
            "steps: raise the tolerance or the penalty",
            ConvergenceWarning,
        )
    return sparse.csr_matrix(done)


def _atoms(words):
    """Words of length 1; one of zeros, which would never be used, becomes a unit vector."""
    length = np.linalg.norm(words, axis=1, keepdims=True)
    words = np.where(length > 0, words / np.where(length > 0, length, 1), 0)
    empty = np.flatnonzero(length[:, 0] == 0)
    words[empty, empty % words.shape[1]] = 1
    return words


def _improved(words, codes_codes, codes_values):
    """One pass of block coordinate descent over the words: algorithm 2 of Mairal et al."""
    words = words.astype(np.float64)
    for number in np.flatnonzero(np.diag(codes_codes) > 1e-10):  # words that are in use
        step = codes_values[number] - codes_codes[number] @ words
        word = words[number] + step / codes_codes[number, number]
        length = np.linalg.norm(word)
        if length > 0:
            words[number] = word / length
    return words
