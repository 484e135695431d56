"""Codes of single descriptors: vector quantization and locality-constrained linear coding."""

from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.classical._coder import (
    WordCoder,
    learn_words,
    nearest_words,
    sparse_codes,
)


class VectorQuantization(WordCoder):
    """The nearest word of each descriptor (bag of words), or the nearest few, weighted.

    Words are centres of k-means. "hard" gives 1 to the nearest word. "soft" shares the 1 between
    the `num_neighbors` nearest words, in proportion to `exp(-distance**2 / (2 * bandwidth**2))`:
    kernel codebooks, localised.

    `transform` gives a `DescriptorSet` whose values are a CSR matrix `(total, num_words)`; of an
    array, that matrix.

    Args:
        num_words: words of the codebook.
        assignment: "hard" or "soft".
        num_neighbors: with "soft", the words that share a descriptor.
        bandwidth: with "soft", the standard deviation of the weights, in the units of the
            descriptors. None for the root mean square distance of the training descriptors to
            their nearest word.
        max_samples: descriptors that the words are learned from.
        seed: an integer, for the sample and for k-means.

    Attributes:
        words_: `(num_words, dimension)`.
        bandwidth_: the bandwidth in use.

    References:
        Csurka et al., Visual Categorization with Bags of Keypoints, ECCV workshop 2004;
        van Gemert et al., Kernel Codebooks for Scene Categorization,
        [ECCV 2008](https://doi.org/10.1007/978-3-540-88690-7_52);
        Liu, Wang and Liu, In Defense of Soft-assignment Coding,
        [ICCV 2011](https://doi.org/10.1109/ICCV.2011.6126534)

    Example:
        >>> coder = VectorQuantization(num_words=4).fit(descriptors)
        >>> coder.transform(descriptors).values.sum(axis=1)  # 1 for each descriptor
    """

    def __init__(
        self,
        num_words: int = 8,
        *,
        assignment: str = "hard",
        num_neighbors: int = 5,
        bandwidth: float | None = None,
        max_samples: int = 100_000,
        seed: int = 0,
    ) -> None:
        self.num_words = num_words
        self.assignment = assignment
        self.num_neighbors = num_neighbors
        self.bandwidth = bandwidth
        self.max_samples = max_samples
        self.seed = seed

    def _check_parameters(self):
        checks.integer("num_words", self.num_words, minimum=1)
        checks.one_of("assignment", self.assignment, ("hard", "soft"))
        if self.bandwidth is not None:
            checks.positive("bandwidth", self.bandwidth)
        if self.assignment == "soft":
            _check_neighbors(self)

    def _learn(self, values):
        self.words_: Any = learn_words(values, self.num_words, self.seed)
        if self.bandwidth is not None:
            self.bandwidth_ = float(self.bandwidth)
        else:
            spread = np.sqrt(nearest_words(values[:20_000], self.words_, 1)[1].mean())
            self.bandwidth_: float = float(spread) or 1.0  # every descriptor is a word

    def _code(self, values):
        if self.assignment == "hard":
            nearest, _ = nearest_words(values, self.words_, 1)
            codes = np.ones_like(nearest, values.dtype)
        else:
            nearest, distances = nearest_words(values, self.words_, self.num_neighbors)
            distances -= distances.min(axis=1, keepdims=True)  # the nearest gets exp(0), never 0/0
            codes = np.exp(distances / (-2 * self.bandwidth_**2))
            codes /= codes.sum(axis=1, keepdims=True)
        return sparse_codes(codes, nearest, len(self.words_))


class LLC(WordCoder):
    """Locality-constrained linear coding: each descriptor as a mixture of its nearest words.

    The approximated form of the paper: of the `num_neighbors` nearest words `B`, the codes `c`
    that minimise `|x - B'c|^2 + regularization * trace(C) * |c|^2` with `sum(c) = 1`, where `C`
    is the covariance of the words around `x`. All systems of equations are solved in one call.

    `transform` gives a `DescriptorSet` whose values are a CSR matrix `(total, num_words)`; of an
    array, that matrix. Codes sum to 1 and may be negative: pool them by "max".

    Args:
        num_words: words of the codebook, centres of k-means.
        num_neighbors: words that a descriptor is made of.
        regularization: of the codes, as a share of the trace.
        max_samples: descriptors that the words are learned from.
        seed: an integer, for the sample and for k-means.

    Attributes:
        words_: `(num_words, dimension)`.

    References:
        Wang et al., Locality-constrained Linear Coding for Image Classification,
        [CVPR 2010](https://doi.org/10.1109/CVPR.2010.5540018)

    Example:
        >>> coder = LLC(num_words=8).fit(descriptors)
        >>> coder.transform(descriptors).values.getnnz(axis=1)  # 5 for each descriptor
    """

    def __init__(
        self,
        num_words: int = 8,
        *,
        num_neighbors: int = 5,
        regularization: float = 1e-4,
        max_samples: int = 100_000,
        seed: int = 0,
    ) -> None:
        self.num_words = num_words
        self.num_neighbors = num_neighbors
        self.regularization = regularization
        self.max_samples = max_samples
        self.seed = seed

    def _check_parameters(self):
        checks.integer("num_words", self.num_words, minimum=1)
        checks.positive("regularization", self.regularization)
        _check_neighbors(self)

    def _learn(self, values):
        self.words_: Any = learn_words(values, self.num_words, self.seed)

    def _code(self, values):
        each = self.num_neighbors
        nearest, _ = nearest_words(values, self.words_, each)
        around = self.words_[nearest] - values[:, None]  # (descriptors, each, dimension)
        covariance = np.matmul(around, around.transpose(0, 2, 1)).astype(np.float64)
        trace = np.einsum("nii->n", covariance)
        # Where all words are the descriptor itself, any codes do: equal ones.
        ridge = np.where(trace > 0, self.regularization * trace, 1.0)
        covariance[:, np.arange(each), np.arange(each)] += ridge[:, None]
        codes = np.linalg.solve(covariance, np.ones((len(values), each, 1)))[..., 0]
        codes /= codes.sum(axis=1, keepdims=True)
        return sparse_codes(codes.astype(values.dtype), nearest, len(self.words_))


def _check_neighbors(coder):
    checks.integer("num_neighbors", coder.num_neighbors, minimum=1)
    if coder.num_neighbors > coder.num_words:
        raise ValueError(
            f"num_neighbors must be at most num_words={coder.num_words}, received "
            f"{coder.num_neighbors}"
        )
