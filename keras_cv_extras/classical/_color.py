"""Histograms of colours: the first thing to try on photographs."""

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.classical._hog import ImageTransformer
from keras_cv_extras.classical._input import as_images, check_grid, chunks

SPACES = ("rgb", "lab")
NORMS = ("l1", "sqrt", "l2", None)
# IEC 61966-2-1: linear sRGB to XYZ under D65, whose white is its row sums.
_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
)
_WHITE = _TO_XYZ.sum(axis=1)


class ColorHistogram(ImageTransformer):
    """Histograms of each colour channel, or of all together, in a grid of cells.

    Args:
        space: "rgb", or "lab", CIE L*a*b* under D65 of sRGB values, in which distances are closer
            to what eyes see.
        bins: of each channel, of equal width.
        joint: whether a bin is a combination of all channels, `bins**3` of them, in place of one
            histogram for each channel.
        grid: `(rows, columns)` of cells that are counted apart, or one number for both.
        norm: of each cell: "l1", shares of its pixels; "sqrt", their square roots, which makes a
            linear classifier compare by the Hellinger kernel; "l2", length 1; None, counts.
        value_range: `(low, high)`, the values of black and white. The bins of "rgb" cover it; of
            "lab" they cover 0 to 100 for L* and -110 to 110 for a* and b*.

    References:
        [Swain and Ballard, Color indexing](https://doi.org/10.1007/BF00130487), IJCV 1991

    Example:
        >>> ColorHistogram(bins=16).transform(np.zeros((5, 32, 32, 3), "uint8")).shape
        (5, 48)
    """

    def __init__(
        self,
        *,
        space: str = "rgb",
        bins: int = 16,
        joint: bool = False,
        grid: int | tuple[int, int] = 1,
        norm: str | None = "sqrt",
        value_range: tuple[float, float] = (0, 255),
    ) -> None:
        self.space = space
        self.bins = bins
        self.joint = joint
        self.grid = grid
        self.norm = norm
        self.value_range = value_range

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Counts the colours.

        Args:
            X: images, `(count, height, width, 3)`.

        Returns:
            float32 `(count, rows * columns * bins of a cell)`, with `3 * bins` bins in a cell, or
            `bins**3` if `joint`.

        Raises:
            TypeError, ValueError: if a parameter or the images are wrong, or have no colours.
        """
        checks.one_of("space", self.space, SPACES)
        bins = checks.integer("bins", self.bins, minimum=2)
        checks.boolean("joint", self.joint)
        checks.one_of("norm", self.norm, NORMS)
        grid = checks.sizes("grid", self.grid, 2)
        images = as_images(X, self.value_range)
        self._check_colors(images.shape[: 3 if getattr(X, "ndim", 4) == 3 else 4])
        if self.joint and bins > 32:
            raise ValueError(f"bins must be at most 32 with joint=True, received {bins}")
        check_grid(grid, images)
        size = max(1, 400_000 // images[0].size)
        parts = chunks(len(images), size)
        return np.concatenate([self._batch(images[part], bins, grid) for part in parts])

    def _check_colors(self, shape):
        if len(shape) != 4 or shape[-1] != 3:
            raise ValueError(
                "images must have three colours, (count, height, width, 3), received "
                f"{shape}: "
                + (
                    "give one image as image[None]"
                    if shape[2:] == (3,)
                    else "of grey ones take HOG or LBP"
                )
            )

    def _batch(self, images, bins, grid):
        count, height, width, _ = images.shape
        low, high = self.value_range
        shares = (images.astype(np.float32) - np.float32(low)) / np.float32(high - low)
        if self.space == "lab":
            shares = (_lab(shares) - [0, -110, -110]) / [100, 220, 220]
        places = np.clip((shares * bins).astype(np.int64), 0, bins - 1)
        if self.joint:
            places = ((places[..., 0] * bins + places[..., 1]) * bins + places[..., 2])[..., None]
            size = bins**3
        else:
            places += np.arange(3) * bins
            size = 3 * bins
        row, column = (np.arange(n) * g // n for n, g in zip((height, width), grid, strict=True))
        cell = (np.arange(count)[:, None, None] * grid[0] + row[:, None]) * grid[1] + column
        number = cell[..., None] * size + places
        counts = np.bincount(number.ravel(), minlength=count * grid[0] * grid[1] * size)
        cells = counts.reshape(count, grid[0] * grid[1], size).astype(np.float64)
        if self.norm in ("l1", "sqrt"):
            cells /= cells.sum(axis=-1, keepdims=True)
        if self.norm == "sqrt":
            cells = np.sqrt(cells)
        if self.norm == "l2":
            cells /= np.linalg.norm(cells, axis=-1, keepdims=True)
        return cells.reshape(count, -1).astype(np.float32)


def _lab(shares):
    """Returns L*a*b* of sRGB values in [0, 1]."""
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    small = (6 / 29) ** 3
    bent = np.where(xyz > small, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(bent, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
