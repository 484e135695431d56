"""Codes of whole images by statistics of their descriptors: Fisher vectors and VLAD."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.mixture import GaussianMixture

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Array, ArrayLike
from keras_cv_extras.classical._coder import Coder, check_enough, learn_words, nearest_words
from keras_cv_extras.classical._descriptors import by_cell


class _Aggregate(Coder, auto_wrap_output_keys=("transform",)):
    """A coder whose result is one dense row per image; the parts of the grid one after another."""

    num_words: int
    levels: tuple[int, ...]
    power: float

    def transform(self, X: ArrayLike) -> Array:
        """Codes the descriptors, `(count, features)` float32; see the class."""
        return super().transform(X)

    _part_size: Any

    def _code(self, groups):
        raise NotImplementedError

    def _check_parameters(self):
        checks.integer("num_words", self.num_words, minimum=1)
        check_levels(self.levels)
        checks.fraction("power", self.power)

    def _encode(self, given, descriptors):
        count = len(descriptors)
        parts = []
        for grid in self.levels:
            groups = by_cell(descriptors, grid) if grid > 1 else descriptors
            encoded = np.empty((len(groups), self._part_size), np.float32)
            for rows in _group_chunks(groups.offsets):
                encoded[rows] = self._code(groups[rows])
            parts.append(encoded.reshape(count, -1))
        vectors = np.concatenate(parts, axis=1)
        if self.power != 1:
            vectors = np.sign(vectors) * np.abs(vectors) ** np.float32(self.power)
        return unit_rows(vectors)

    @property
    def _n_features_out(self):
        return self._part_size * sum(grid**2 for grid in self.levels)


class FisherVector(_Aggregate):
    """Fisher vectors: how the descriptors of an image differ from a mixture of Gaussians.

    With `g` the posterior of word `k` for each of `N` descriptors `x`, the vector holds, for all
    words, `sum g (x - mean) / deviation / (N sqrt(weight))` and after these for all words
    `sum g (((x - mean) / deviation)**2 - 1) / (N sqrt(2 weight))`; then the power with sign, and
    length 1 ("improved" Fisher vector). scikit-image has the second part with the other sign, and
    the derivatives by the weights before them, which this has not. An image without descriptors
    has a vector of zeros.

    Reduce the descriptors to 20 to 80 dimensions first: `EachDescriptor(PCA(64))`.

    Args:
        num_words: Gaussians of the mixture, with diagonal covariances.
        levels: grids of a spatial pyramid, `(1, 2)` for the image and its quarters; each part
            has a vector of its own.
        power: of the absolute values, in [0, 1]; 0.5 in the improved Fisher vector, 1 for none.
        regularization: added to the variances, as a share of the mean variance of the data.
        max_samples: descriptors that the mixture is learned from.
        seed: an integer, for the sample and for the mixture.

    Attributes:
        weights_: `(num_words,)`; means_, variances_: `(num_words, dimension)`.

    References:
        Perronnin and Dance, Fisher Kernels on Visual Vocabularies for Image Categorization,
        [CVPR 2007](https://doi.org/10.1109/CVPR.2007.383266);
        Perronnin, Sánchez and Mensink, Improving the Fisher Kernel for Large-Scale Image
        Classification, [ECCV 2010](https://doi.org/10.1007/978-3-642-15561-1_11)

    Example:
        >>> FisherVector(num_words=4).fit_transform(descriptors).shape  # (n, 2 * 4 * dimension)
    """

    def __init__(
        self,
        num_words: int = 8,
        *,
        levels: tuple[int, ...] = (1,),
        power: float = 0.5,
        regularization: float = 1e-3,
        max_samples: int = 100_000,
        seed: int = 0,
    ) -> None:
        self.num_words = num_words
        self.levels = levels
        self.power = power
        self.regularization = regularization
        self.max_samples = max_samples
        self.seed = seed

    def _check_parameters(self):
        super()._check_parameters()
        checks.positive("regularization", self.regularization)

    def _learn(self, values):
        check_enough("num_words", self.num_words, values)
        values = values.astype(np.float64)
        floor = self.regularization * (values.var(axis=0).mean() or 1.0)
        # k-means++ and a hundred steps of EM: the mixture need not be at its optimum to describe.
        mixture = GaussianMixture(
            self.num_words,
            covariance_type="diag",
            reg_covar=floor,
            init_params="k-means++",
            tol=1e-4,
            max_iter=100,
            random_state=self.seed,
        )
        fit_without_warning(mixture, values)
        self.weights_: Any = mixture.weights_
        self.means_: Any = mixture.means_
        self.variances_: Any = mixture.covariances_

    @property
    def _part_size(self):
        return 2 * self.means_.size

    def _code(self, groups):
        values = groups.values.astype(np.float64)
        deviations = np.sqrt(self.variances_)
        posterior = self._posterior(values)
        posterior, values = _padded(groups, posterior), _padded(groups, values)
        weight = posterior.sum(axis=1)[..., None]  # (groups, words, 1)
        posterior = posterior.transpose(0, 2, 1)
        first = posterior @ values  # (groups, words, dimension)
        second = posterior @ np.square(values)
        count = np.maximum(groups.counts, 1)[:, None, None]
        root = np.sqrt(self.weights_)[:, None]
        mean = (first - weight * self.means_) / (deviations * root * count)
        spread = second - 2 * first * self.means_ + weight * np.square(self.means_)
        spread = (spread / self.variances_ - weight) / (np.sqrt(2) * root * count)
        return np.concatenate([mean, spread], axis=1).reshape(len(groups), -1)

    def _posterior(self, values):
        """Posterior probabilities `(descriptors, words)`."""
        precision = 1 / self.variances_
        constant = np.log(self.weights_) - 0.5 * (
            np.log(self.variances_).sum(axis=1) + np.square(self.means_ * np.sqrt(precision)).sum(1)
        )
        logs = values @ (self.means_ * precision).T - 0.5 * np.square(values) @ precision.T
        logs += constant
        logs -= logs.max(axis=1, keepdims=True)
        np.exp(logs, out=logs)
        logs /= logs.sum(axis=1, keepdims=True)
        return logs


class VLAD(_Aggregate):
    """Vectors of locally aggregated descriptors: sums of differences to the nearest word.

    Of each word of k-means, the sum of `x - word` over the descriptors `x` that are nearest to
    it; then the power with sign, and length 1. An image without descriptors has a vector of
    zeros.

    Args:
        num_words: words of the codebook.
        levels: grids of a spatial pyramid, as in `FisherVector`.
        intra: whether the sum of each word is first scaled to length 1.
        power: of the absolute values, in [0, 1]; 1 for none.
        max_samples: descriptors that the words are learned from.
        seed: an integer, for the sample and for k-means.

    Attributes:
        words_: `(num_words, dimension)`.

    References:
        Jégou et al., Aggregating local descriptors into a compact image representation,
        [CVPR 2010](https://doi.org/10.1109/CVPR.2010.5540039);
        Arandjelovic and Zisserman, All about VLAD (`intra`),
        [CVPR 2013](https://doi.org/10.1109/CVPR.2013.207)

    Example:
        >>> VLAD(num_words=4).fit_transform(descriptors).shape  # (n, 4 * dimension)
    """

    def __init__(
        self,
        num_words: int = 8,
        *,
        levels: tuple[int, ...] = (1,),
        intra: bool = False,
        power: float = 0.5,
        max_samples: int = 100_000,
        seed: int = 0,
    ) -> None:
        self.num_words = num_words
        self.levels = levels
        self.intra = intra
        self.power = power
        self.max_samples = max_samples
        self.seed = seed

    def _check_parameters(self):
        super()._check_parameters()
        checks.boolean("intra", self.intra)

    def _learn(self, values):
        self.words_: Any = learn_words(values, self.num_words, self.seed)

    @property
    def _part_size(self):
        return self.words_.size

    def _code(self, groups):
        values, num_words = groups.values, len(self.words_)
        nearest = nearest_words(values, self.words_, 1)[0][:, 0]
        residuals = values - self.words_[nearest]
        rows = groups.owners() * num_words + nearest
        which = sparse.csr_matrix(
            (np.ones(len(rows), values.dtype), (rows, np.arange(len(rows)))),
            shape=(len(groups) * num_words, len(rows)),
        )
        sums = which @ residuals
        sums = unit_rows(sums) if self.intra else sums
        return sums.reshape(len(groups), -1)


def check_levels(levels):
    """Raises if levels are not grids of a pyramid."""
    if not isinstance(levels, (tuple, list)) or not levels:
        raise ValueError(f"levels must list one or more grids, as (1, 2, 4); received {levels!r}")
    for grid in levels:
        checks.integer("levels", grid, minimum=1)


def unit_rows(values):
    """Rows of length 1; rows of zeros stay zeros."""
    length = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]
    return values / np.where(length > 0, length, values.dtype.type(1))


def fit_without_warning(estimator, values):
    """Fits without the warning that the last iteration was reached: their number was chosen."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(values)


def _padded(groups, values):
    """`(groups, most, width)`: rows of each group, and zeros after them."""
    counts = groups.counts
    most = int(counts.max(initial=0))
    if np.all(counts == most):
        return values.reshape(len(groups), most, values.shape[1])
    padded = np.zeros((len(groups), most, values.shape[1]), values.dtype)
    padded[np.arange(most) < counts[:, None]] = values
    return padded


def _group_chunks(offsets, rows=20_000):
    """Yields slices of groups with about `rows` descriptors together, one group at least."""
    start = 0
    while start < len(offsets) - 1:
        stop = int(np.searchsorted(offsets, offsets[start] + rows, side="right")) - 1
        stop = min(max(stop, start + 1), len(offsets) - 1, start + rows)
        yield slice(start, stop)
        start = stop
