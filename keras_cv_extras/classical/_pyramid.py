"""Pooling of codes over the parts of an image, and of a transformer over descriptors."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.validation import check_is_fitted

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Array, ArrayLike
from keras_cv_extras.classical._aggregate import check_levels, unit_rows
from keras_cv_extras.classical._coder import sample
from keras_cv_extras.classical._descriptors import DescriptorSet, GivesDescriptors, by_cell
from keras_cv_extras.classical._input import NeedsNoFit, chunks

_POOLINGS = ("max", "absmax", "mean", "sum")


class SpatialPyramid(NeedsNoFit, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Pools the codes of each image over grids, and puts the results in one row.

    Of a descriptor at `x`, the column of a grid is the whole part of `x * grid`; the right and the
    lower edge belong to the last. A cell without descriptors gives zeros.

    Args:
        levels: grids: `(1, 2, 4)` divides into 1, 4 and 16 cells.
        pooling: "max"; "absmax", the greatest absolute value; "mean"; or "sum".
        weights: None for equal weights, a list of one number per level, or "lazebnik": `1 / 2**L`
            for the first level and `1 / 2**(L - l + 1)` for level `l` of 0 to `L`. These make
            `histogram_intersection` of two results the pyramid match kernel.
        norm: "l2", "l1" or None: how each row is scaled in the end.
        norm_cells: whether each cell is scaled in this way before the weights.

    References:
        Lazebnik, Schmid and Ponce, Beyond Bags of Features: Spatial Pyramid Matching,
        [CVPR 2006](https://doi.org/10.1109/CVPR.2006.68)

    Example:
        >>> SpatialPyramid((1, 2)).fit_transform(codes).shape  # (n, 5 * num_words)
    """

    def __init__(
        self,
        levels: tuple[int, ...] = (1, 2, 4),
        *,
        pooling: str = "max",
        weights: str | tuple[float, ...] | None = None,
        norm: str | None = "l2",
        norm_cells: bool = False,
    ) -> None:
        self.levels = levels
        self.pooling = pooling
        self.weights = weights
        self.norm = norm
        self.norm_cells = norm_cells

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Checks the parameters; nothing is learned.

        Args:
            X: a `DescriptorSet` of codes.
            y: ignored.

        Returns:
            This object.
        """
        self._checked(X)
        self._n_features_out = sum(grid**2 for grid in self.levels) * X.values.shape[1]
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Pools the codes.

        Args:
            X: a `DescriptorSet` of codes, dense or CSR.

        Returns:
            `(count, cells of all levels * codes)`: level by level, and row by row of cells.

        Raises:
            TypeError, ValueError: if a parameter or the codes are wrong.
        """
        weights = self._checked(X)
        width = X.values.shape[1]
        dtype = np.result_type(X.values.dtype, np.float32)
        out = np.empty((len(X), sum(g**2 for g in self.levels) * width), dtype)
        for rows in chunks(len(X), 512):
            part = X[rows]
            start = 0
            for grid, weight in zip(self.levels, weights, strict=True):
                pooled = pool(by_cell(part, grid), self.pooling).astype(dtype)
                pooled = _scaled(pooled, self.norm) if self.norm_cells else pooled
                stop = start + grid**2 * width
                out[rows, start:stop] = (pooled * dtype.type(weight)).reshape(len(part), -1)
                start = stop
            out[rows] = _scaled(out[rows], self.norm)
        return out

    def _checked(self, descriptors):
        check_levels(self.levels)
        checks.one_of("pooling", self.pooling, _POOLINGS)
        checks.one_of("norm", self.norm, ("l2", "l1", None))
        checks.boolean("norm_cells", self.norm_cells)
        if not isinstance(descriptors, DescriptorSet):
            raise TypeError(
                "descriptors must be a DescriptorSet, whose descriptors have positions; received "
                f"{type(descriptors).__name__}"
            )
        return level_weights(self.weights, self.levels)


class EachDescriptor(  # pyright: ignore[reportIncompatibleVariableOverride]
    GivesDescriptors,
    MetaEstimatorMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Applies a transformer of scikit-learn, PCA say, to every descriptor of a set.

    Args:
        transformer: what takes and gives `(count, dimension)` arrays.
        max_samples: descriptors that it is fitted on.
        seed: an integer, for the sample.

    Attributes:
        transformer_: the fitted transformer.

    Example:
        >>> EachDescriptor(PCA(32)).fit_transform(DenseSIFT().transform(images))
    """

    def __init__(self, transformer: Any, *, max_samples: int = 100_000, seed: int = 0) -> None:
        self.transformer = transformer
        self.max_samples = max_samples
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Fits the transformer on a sample.

        Args:
            X: a `DescriptorSet`.
            y: ignored.

        Returns:
            This object.
        """
        checks.integer("max_samples", self.max_samples, minimum=1)
        checks.integer("seed", self.seed, minimum=0)
        if not isinstance(X, DescriptorSet):
            raise TypeError(f"descriptors must be a DescriptorSet, received {type(X).__name__}")
        values = sample(X.values, self.max_samples, self.seed)
        fresh: Any = clone(self.transformer)
        self.transformer_: Any = fresh.fit(values)
        return self

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Returns the names that the transformer gives its features."""
        check_is_fitted(self)
        return self.transformer_.get_feature_names_out(input_features)

    def transform(self, X: ArrayLike) -> DescriptorSet:
        """Transforms every descriptor.

        Args:
            X: a `DescriptorSet`.

        Returns:
            A set with the same positions.
        """
        check_is_fitted(self)
        values = X.values
        if len(values) == 0:
            values = self.transformer_.transform(np.zeros((1, values.shape[1]), values.dtype))[:0]
            return X.with_values(values)
        parts = [self.transformer_.transform(values[rows]) for rows in chunks(len(values), 65_536)]
        return X.with_values(np.concatenate(parts))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def level_weights(weights, levels):
    """Returns the weight of each level as a list."""
    if weights is None:
        return [1.0] * len(levels)
    if isinstance(weights, str):
        checks.one_of("weights", weights, ("lazebnik",))
        last = len(levels) - 1
        return [2.0**-last] + [2.0 ** (level - 1 - last) for level in range(1, last + 1)]
    if len(weights) != len(levels):
        raise ValueError(
            f"weights must be {len(levels)} numbers, one per level, received {weights}"
        )
    return [checks.non_negative("weights", weight) for weight in weights]


def pool(groups, pooling):
    """Returns `(groups, codes)`: the pooled codes of each group; of an empty one, zeros."""
    values, count = groups.values, len(groups)
    if pooling in ("sum", "mean"):
        rows = len(groups.owners())
        which = sparse.csr_matrix(
            (np.ones(rows, values.dtype), np.arange(rows), groups.offsets), shape=(count, rows)
        )
        total = which @ values
        total = total.toarray() if sparse.issparse(total) else total
        return total / np.maximum(groups.counts, 1)[:, None] if pooling == "mean" else total
    if sparse.issparse(values):
        return _sparse_max(groups, absolute=pooling == "absmax")
    pooled = np.zeros((count, values.shape[1]), values.dtype)
    some = groups.counts > 0
    if some.any():
        values = np.abs(values) if pooling == "absmax" else values
        pooled[some] = np.maximum.reduceat(values, groups.offsets[:-1][some], axis=0)
    return pooled


def _sparse_max(groups, absolute):
    """The maximum over each group, in which what is not stored counts as 0."""
    values, width = groups.values, groups.values.shape[1]
    pooled = np.zeros((len(groups), width), values.dtype)
    if values.nnz == 0:
        return pooled
    group = np.repeat(groups.owners(), np.diff(values.indptr))
    key = group * width + values.indices
    order = np.argsort(key, kind="stable")
    key, data = key[order], values.data[order]
    data = np.abs(data) if absolute else data
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    most, stored = np.maximum.reduceat(data, starts), np.diff(starts, append=len(key))
    places = key[starts]
    full = stored == groups.counts[places // width]  # no 0 among them
    pooled.ravel()[places] = np.where(full, most, np.maximum(most, 0))
    return pooled


def _scaled(rows, norm):
    if norm is None:
        return rows
    if norm == "l2":
        return unit_rows(rows)
    total = np.abs(rows).sum(axis=1, keepdims=True)
    return rows / np.where(total > 0, total, rows.dtype.type(1))
