"""Local binary patterns, counted in a grid of cells."""

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.classical._hog import ImageTransformer
from keras_cv_extras.classical._input import (
    as_bytes,
    as_images,
    as_planes,
    check_grid,
    chunks,
    requires,
)

_METHODS = ("default", "uniform", "nri_uniform")


class LBP(ImageTransformer):
    """Local binary patterns of `skimage.feature.local_binary_pattern`, as histograms of cells.

    The pattern of a pixel tells which of its neighbours on a circle are at least as bright. It is
    taken of 8-bit grey values, since patterns of rounded floats are noise where pixels are equal.

    Args:
        num_points: neighbours on the circle.
        radius: of the circle, in pixels.
        method: "uniform" counts patterns of at most two changes by their number of bright
            neighbours and all others together (`num_points + 2` bins), "nri_uniform" tells
            uniform patterns apart (59 bins for 8 points), "default" all (`2**num_points` bins).
        grid: `(rows, columns)` of cells that are counted apart, or one number for both.
        value_range: `(low, high)`, the values of black and white.

    References:
        Ojala, Pietikäinen and Mäenpää, Multiresolution gray-scale and rotation invariant texture
        classification with local binary patterns,
        [PAMI 2002](https://doi.org/10.1109/TPAMI.2002.1017623)

    Example:
        >>> LBP(grid=4).transform(np.zeros((5, 28, 28), "uint8")).shape
        (5, 160)
    """

    def __init__(
        self,
        *,
        num_points: int = 8,
        radius: float = 1,
        method: str = "uniform",
        grid: int | tuple[int, int] = 4,
        value_range: tuple[float, float] = (0, 255),
    ) -> None:
        self.num_points = num_points
        self.radius = radius
        self.method = method
        self.grid = grid
        self.value_range = value_range

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Counts the patterns.

        Args:
            X: images, `(count, height, width)` or `(count, height, width, 1 or 3)`; colours
                are made grey.

        Returns:
            float32 `(count, rows * columns * bins)`; the bins of each cell sum to 1.

        Raises:
            ImportError: without scikit-image.
            TypeError, ValueError: if a parameter or the images are wrong.
        """
        points = checks.integer("num_points", self.num_points, minimum=1)
        radius = checks.positive("radius", self.radius)
        checks.one_of("method", self.method, _METHODS)
        if self.method == "default" and points > 16:
            raise ValueError(
                f"num_points must be at most 16 with method='default', which has 2**num_points "
                f"bins; received {points}"
            )
        grid = checks.sizes("grid", self.grid, 2)
        images = as_images(X, self.value_range)
        check_grid(grid, images)
        size = max(1, 400_000 // images[0].size)
        parts = chunks(len(images), size)
        return np.concatenate([self._batch(images[part], points, radius, grid) for part in parts])

    def _batch(self, images, points, radius, grid):
        feature = requires("skimage.feature", "LBP", "keras-cv-extras[classical]")
        grey = as_bytes(as_planes(images, self.value_range, "grey"))[0]
        count, height, width = grey.shape
        # Image by image: in flat regions the rounding of the interpolation decides, which depends
        # on the coordinates, so that images side by side in one call would get other patterns.
        patterns = np.empty(grey.shape, np.int64)
        for place, image in enumerate(grey):
            patterns[place] = feature.local_binary_pattern(image, points, radius, self.method)
        bins = {
            "default": 2**points,
            "uniform": points + 2,
            "nri_uniform": points * (points - 1) + 3,
        }[self.method]
        row, column = (np.arange(n) * g // n for n, g in zip((height, width), grid, strict=True))
        cell = (np.arange(count)[:, None, None] * grid[0] + row[:, None]) * grid[1] + column
        histogram = np.bincount(
            (cell * bins + patterns).ravel(), minlength=count * grid[0] * grid[1] * bins
        ).reshape(count, grid[0] * grid[1], bins)
        histogram = histogram / histogram.sum(axis=-1, keepdims=True)
        return histogram.reshape(count, -1).astype(np.float32)
