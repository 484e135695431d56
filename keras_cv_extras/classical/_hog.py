"""Histograms of oriented gradients of whole images."""

from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.classical._input import NeedsNoFit, as_images, check_shape, chunks

_NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")
_EPSILON = 1e-5  # scikit-image's


class ImageTransformer(
    NeedsNoFit, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Base of transformers of images that learn nothing: `fit` checks, and counts the features."""

    _n_features_out: int

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Checks the parameters and the images; nothing is learned.

        Args:
            X: images, as `transform` takes them.
            y: ignored.

        Returns:
            This object.
        """
        shape = getattr(X, "shape", ())
        if len(shape) > 1:  # of all images, which the caller knows; a list may have many
            check_shape(tuple(shape))
            self._check_colors(tuple(shape))
        self.__dict__.pop("_n_features_out", None)
        self._n_features_out = _width(unwrapped(self, X[:1]))
        return self

    def _check_colors(self, shape):
        """Raises if images of a shape lack the colours that this needs."""

    def transform(self, X: ArrayLike) -> Any:
        """Describes images; see the subclass."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def unwrapped(transformer, images):
    """Returns what a transformer gives as it gives it, whatever `set_output` asks for."""
    plain = type(transformer).transform
    return getattr(plain, "__wrapped__", plain)(transformer, images)


def _width(found):
    return getattr(found, "values", found).shape[1]


class HOG(ImageTransformer):
    """Histograms of oriented gradients: equal to `skimage.feature.hog`, over a batch at a time.

    Central differences, unsigned orientations without interpolation between bins or cells, blocks
    of cells, each normalised. Of three colours, the one with the steepest gradient counts.

    Args:
        orientations: bins over 180 degrees.
        pixels_per_cell: `(height, width)` in pixels, or one number for both.
        cells_per_block: `(height, width)` in cells, or one number for both.
        block_norm: "L1", "L1-sqrt", "L2" or "L2-Hys" (clipped at 0.2 and normalised again).
        value_range: `(low, high)`, the values of black and white.

    References:
        Dalal and Triggs, Histograms of Oriented Gradients for Human Detection,
        [CVPR 2005](https://doi.org/10.1109/CVPR.2005.177)

    Example:
        >>> HOG(pixels_per_cell=4).transform(np.zeros((5, 28, 28), "uint8")).shape
        (5, 1296)
    """

    def __init__(
        self,
        *,
        orientations: int = 9,
        pixels_per_cell: int | tuple[int, int] = 8,
        cells_per_block: int | tuple[int, int] = 2,
        block_norm: str = "L2-Hys",
        value_range: tuple[float, float] = (0, 255),
    ) -> None:
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.value_range = value_range

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Computes the histograms.

        Args:
            X: images, `(count, height, width)` or `(count, height, width, 1 or 3)`.

        Returns:
            float32 `(count, blocks * cells of a block * orientations)`.

        Raises:
            TypeError, ValueError: if a parameter or the images are wrong, or a block is larger
                than an image.
        """
        checks.integer("orientations", self.orientations, minimum=1)
        cell = checks.sizes("pixels_per_cell", self.pixels_per_cell, 2)
        block = checks.sizes("cells_per_block", self.cells_per_block, 2)
        checks.one_of("block_norm", self.block_norm, _NORMS)
        images = as_images(X, self.value_range)
        least = tuple(c * b for c, b in zip(cell, block, strict=True))
        if images.shape[1] < least[0] or images.shape[2] < least[1]:
            raise ValueError(
                f"images must be at least {least[0]} x {least[1]}, one block of cells; received "
                f"{images.shape[1]} x {images.shape[2]}: give their shorter side as pixels to "
                "make_classifier, or make pixels_per_cell smaller"
            )
        size = max(1, 400_000 // images[0].size)  # some tens of MB at a time
        features = np.concatenate(
            [self._batch(images[part], cell, block) for part in chunks(len(images), size)]
        )
        fitted = getattr(self, "_n_features_out", features.shape[1])
        if features.shape[1] != fitted:
            raise ValueError(
                f"images must have the size of those in fit, which gave {fitted} features: resize "
                f"them; {images.shape[1]} x {images.shape[2]} give {features.shape[1]}"
            )
        return features

    def _batch(self, images, cell, block):
        rows, columns = images.shape[1] // cell[0], images.shape[2] // cell[1]
        across, down = _gradient(images[:, : rows * cell[0] + 1, : columns * cell[1] + 1])
        across = across[:, : rows * cell[0], : columns * cell[1]]
        down = down[:, : rows * cell[0], : columns * cell[1]]
        angle = np.rad2deg(np.arctan2(down, across)) % 180
        edges = 180 / self.orientations * np.arange(1, self.orientations)
        bins = np.searchsorted(edges, angle, side="right") if len(edges) else np.zeros_like(angle)
        row = np.arange(rows * cell[0]) // cell[0]
        column = np.arange(columns * cell[1]) // cell[1]
        number = (np.arange(len(images))[:, None, None] * rows + row[:, None]) * columns + column
        histogram = np.bincount(
            (number * self.orientations + bins.astype(np.int64)).ravel(),
            np.hypot(across, down).ravel(),
            len(images) * rows * columns * self.orientations,
        ).reshape(len(images), rows, columns, self.orientations) / (cell[0] * cell[1])
        windows = np.lib.stride_tricks.sliding_window_view(histogram, block, axis=(1, 2))
        blocks = np.moveaxis(windows, 3, -1).reshape(*windows.shape[:3], -1)
        return _normalised(blocks, self.block_norm).reshape(len(images), -1).astype(np.float32)


def _gradient(images):
    """Central differences along x and y, 0 at the border; of the steepest channel."""
    images = images.astype(np.float64)
    across, down = np.zeros_like(images), np.zeros_like(images)
    across[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    down[:, 1:-1] = images[:, 2:] - images[:, :-2]
    if images.shape[-1] == 1:
        return across[..., 0], down[..., 0]
    steepest = np.hypot(across, down).argmax(axis=-1)[..., None]
    return (
        np.take_along_axis(across, steepest, axis=-1)[..., 0],
        np.take_along_axis(down, steepest, axis=-1)[..., 0],
    )


def _normalised(blocks, norm):
    if norm in ("L1", "L1-sqrt"):
        blocks = blocks / (np.abs(blocks).sum(axis=-1, keepdims=True) + _EPSILON)
        return np.sqrt(blocks) if norm == "L1-sqrt" else blocks
    blocks = _unit(blocks)
    return _unit(np.minimum(blocks, 0.2)) if norm == "L2-Hys" else blocks


def _unit(blocks):
    return blocks / np.sqrt(np.square(blocks).sum(axis=-1, keepdims=True) + _EPSILON**2)
