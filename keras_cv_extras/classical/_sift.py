"""SIFT descriptors: on a grid, for all images at once, and at OpenCV's keypoints."""

import functools
from typing import Any

import numpy as np
from scipy import ndimage

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.classical._descriptors import DescriptorSet, GivesDescriptors
from keras_cv_extras.classical._hog import ImageTransformer
from keras_cv_extras.classical._input import (
    COLORS,
    as_bytes,
    as_planes,
    check_colors,
    chunks,
    image_groups,
    requires,
)

_BINS = 4  # spatial bins along an axis, and 8 orientations: Lowe 2004, section 6
_ORIENTATIONS = 8
_CLIP = 0.2
_WINDOW = 2.0  # standard deviation of the Gaussian window, in spatial bins: half the patch


class DenseSIFT(GivesDescriptors, ImageTransformer):  # pyright: ignore[reportIncompatibleVariableOverride]
    """SIFT descriptors on a regular grid, upright, at one or several scales.

    Each descriptor is 4 x 4 spatial bins of 8 orientations, with linear interpolation between
    bins of space and of orientation and a Gaussian window; normalised, clipped at 0.2 and
    normalised again. Both interpolation and window are products of a function of x and one of y,
    so that all descriptors of all images are two matrix products of the orientation maps.

    Angles are counter-clockwise from the x axis, as in OpenCV. The entry of spatial row `i`,
    column `j` and orientation `k` (45 degrees times `k`) is number `(i * 4 + j) * 8 + k`.

    Args:
        step: pixels between neighbouring patches.
        bin_sizes: pixels of a spatial bin, one for each scale; a patch is four bins wide. The
            centres of all bins lie inside of the image.
        smoothing: standard deviation in pixels of a Gaussian filter before the gradients.
        contrast_threshold: patches whose mean gradient, per pixel and as a share of the range of
            values, is below it get a descriptor of zeros, as in VLFeat's PHOW.
        root: whether to take the square root of the L1-normalised descriptor (RootSIFT).
        color: "grey"; or "rgb" or "opponent" for a descriptor of each channel, one after the
            other: of red, green and blue, or of (R - G) / sqrt 2, (R + G - 2 B) / sqrt 6 and
            (R + G + B) / sqrt 3. Each is normalised, and has its own contrast.
        value_range: `(low, high)`, the values of black and white.

    References:
        Lowe, Distinctive Image Features from Scale-Invariant Keypoints,
        [IJCV 2004](https://doi.org/10.1023/B:VISI.0000029664.99615.94);
        van de Sande, Gevers and Snoek, Evaluating Color Descriptors for Object and Scene
        Recognition, [PAMI 2010](https://doi.org/10.1109/TPAMI.2009.154), section 3.3;
        Arandjelovic and Zisserman, Three things everyone should know to improve object retrieval
        (RootSIFT), [CVPR 2012](https://doi.org/10.1109/CVPR.2012.6248018)

    Example:
        >>> DenseSIFT().transform(np.zeros((5, 28, 28), "uint8"))
        DescriptorSet(5 images, 320 descriptors of dimension 128)
    """

    def __init__(
        self,
        *,
        step: int = 2,
        bin_sizes: tuple[int, ...] = (4,),
        smoothing: float = 0.0,
        contrast_threshold: float = 0.005,
        root: bool = False,
        color: str = "grey",
        value_range: tuple[float, float] = (0, 255),
    ) -> None:
        self.step = step
        self.bin_sizes = bin_sizes
        self.smoothing = smoothing
        self.contrast_threshold = contrast_threshold
        self.root = root
        self.color = color
        self.value_range = value_range

    def _check_colors(self, shape):
        check_colors(shape, self.color)

    def transform(self, X: ArrayLike) -> DescriptorSet:
        """Computes the descriptors.

        Args:
            X: images, `(count, height, width)` or `(count, height, width, 1 or 3)`, or a
                list of images of different sizes; colours are made grey, if `color` is "grey".

        Returns:
            A set of float32 descriptors of dimension 128, or 384 with colours, scale by scale,
            row by row.

        Raises:
            TypeError, ValueError: if a parameter or the images are wrong, or a patch is larger
                than an image.
        """
        checks.integer("step", self.step, minimum=1)
        checks.non_negative("smoothing", self.smoothing)
        checks.non_negative("contrast_threshold", self.contrast_threshold)
        checks.boolean("root", self.root)
        checks.one_of("color", self.color, COLORS)
        if not isinstance(self.bin_sizes, (tuple, list)) or not self.bin_sizes:
            raise ValueError(f"bin_sizes must list one or more sizes, received {self.bin_sizes!r}")
        for size in self.bin_sizes:
            checks.integer("bin_sizes", size, minimum=1)
        found: list[Any] = [None] * len(X)
        for places, batch in image_groups(X, self.value_range):
            values, positions = self._batch(batch)
            if len(places) == len(X):  # all of one size: no need to sort them in
                each = len(positions)
                return DescriptorSet(
                    values.reshape(-1, values.shape[-1]),
                    np.tile(positions, (len(X), 1)),
                    np.arange(len(X) + 1) * each,
                )
            for place, value in zip(places, values, strict=True):
                found[place] = (value, positions)
        return DescriptorSet.from_list(*map(list, zip(*found, strict=True)))

    def _batch(self, images):
        """Returns `(count, patches, dimension)` and `(patches, 2)` of images of one size."""
        height, width = images.shape[1:3]
        plans = [_plan(height, width, size, self.step) for size in self.bin_sizes]
        positions = np.concatenate([plan[2] for plan in plans])
        size, channels = _BINS**2 * _ORIENTATIONS, 1 if self.color == "grey" else 3
        values = np.empty((len(images), len(positions), channels, size), np.float32)
        for part in chunks(len(images), max(1, 400_000 // (height * width))):
            planes = as_planes(images[part], self.value_range, self.color)
            for channel, plane in enumerate(planes):
                maps, start = _orientation_maps(plane, self.smoothing), 0
                for rows, columns, places in plans:
                    stop = start + len(places)
                    found = values[part, start:stop, channel]  # a view
                    found[:] = _histograms(maps, rows, columns)
                    # The sum over a descriptor is the windowed sum of gradients: the interpolation
                    # weights of a pixel in the patch sum to 1.
                    window = np.outer(_sums(rows), _sums(columns)).ravel()
                    mean = found.sum(axis=-1) / window / 255
                    found[mean < self.contrast_threshold] = 0
                    start = stop
            clipped = np.minimum(_unit(values[part]), np.float32(_CLIP))
            values[part] = _normalised(clipped, self.root)
        return values.reshape(len(images), len(positions), channels * size), positions


class SIFT(GivesDescriptors, ImageTransformer):  # pyright: ignore[reportIncompatibleVariableOverride]
    """SIFT descriptors at OpenCV's keypoints: as many for each image as it has.

    Small images have few keypoints: enlarge them first (28 x 28 by two or more), or use
    `DenseSIFT`. Needs OpenCV: pip install 'opencv-python-headless>=5'.

    Args:
        num_keypoints: the strongest that are kept for each image, 0 for all.
        contrast_threshold: OpenCV's; lower finds more keypoints.
        edge_threshold: OpenCV's; higher finds more keypoints.
        root: whether to take the square root of the L1-normalised descriptor (RootSIFT).
        color: as in `DenseSIFT`; the keypoints are those of the grey image all the same.
        value_range: `(low, high)`, the values of black and white.

    References:
        Lowe, Distinctive Image Features from Scale-Invariant Keypoints,
        [IJCV 2004](https://doi.org/10.1023/B:VISI.0000029664.99615.94)

    Example:
        >>> described = SIFT(num_keypoints=50).transform(images)
    """

    def __init__(
        self,
        *,
        num_keypoints: int = 0,
        contrast_threshold: float = 0.04,
        edge_threshold: float = 10.0,
        root: bool = False,
        color: str = "grey",
        value_range: tuple[float, float] = (0, 255),
    ) -> None:
        self.num_keypoints = num_keypoints
        self.contrast_threshold = contrast_threshold
        self.edge_threshold = edge_threshold
        self.root = root
        self.color = color
        self.value_range = value_range

    def _check_colors(self, shape):
        check_colors(shape, self.color)

    def transform(self, X: ArrayLike) -> DescriptorSet:
        """Finds keypoints and describes them.

        Args:
            X: images, as `DenseSIFT` takes them.

        Returns:
            A set of float32 descriptors of dimension 128, of length 1 each, or 384 with colours.

        Raises:
            ImportError: without OpenCV.
            TypeError, ValueError: if a parameter or the images are wrong.
        """
        cv2 = requires("cv2", "SIFT", "opencv-python-headless>=5")
        detector = cv2.SIFT_create(
            nfeatures=checks.integer("num_keypoints", self.num_keypoints, minimum=0),
            contrastThreshold=checks.positive("contrast_threshold", self.contrast_threshold),
            edgeThreshold=checks.positive("edge_threshold", self.edge_threshold),
        )
        checks.boolean("root", self.root)
        checks.one_of("color", self.color, COLORS)
        found: list[Any] = [None] * len(X)
        for places, batch in image_groups(X, self.value_range):
            size = np.array(batch.shape[2:0:-1], np.float32)  # width, height
            planes = as_planes(batch, self.value_range, self.color)
            grey = as_bytes(as_planes(batch, self.value_range, "grey"))[0]
            channels = as_bytes(planes, self.color)
            for number, place in enumerate(places):
                points = detector.detect(grey[number], None)
                parts = [_described(detector, plane[number], points) for plane in channels]
                centres = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
                values = np.concatenate([_normalised(part, self.root) for part in parts], axis=-1)
                found[place] = (values, np.clip((centres + 0.5) / size, 0, 1))
        return DescriptorSet.from_list(*map(list, zip(*found, strict=True)))


def _described(detector, image, points):
    """Returns OpenCV's descriptors at keypoints, `(n, 128)`."""
    values = detector.compute(image, points)[1]
    return np.zeros((0, _BINS**2 * _ORIENTATIONS), np.float32) if values is None else values


def _normalised(values, root):
    """Length 1, or the root of the L1-normalised values, which has it too. Zeros stay zeros."""
    if root:
        total = values.sum(axis=-1, keepdims=True)
        return np.sqrt(values / np.where(total > 0, total, 1))
    return _unit(values)


def _unit(values):
    norm = np.sqrt(np.einsum("...i,...i->...", values, values))[..., None]
    return values / np.where(norm > 0, norm, np.float32(1))


@functools.lru_cache(maxsize=64)
def _plan(height, width, bin_size, step):
    """Returns the weights of rows, of columns, and the positions of the patches of a scale."""
    least = (_BINS - 1) * bin_size + 1
    if min(height, width) < least:
        raise ValueError(
            f"images must be at least {least} x {least} for bins of {bin_size} pixels, received "
            f"{height} x {width}: give their shorter side as pixels to make_classifier, or smaller "
            "bin_sizes, or enlarge the images"
        )
    (rows, y), (columns, x) = (_weights(size, bin_size, step) for size in (height, width))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return rows, columns, grid.astype(np.float32)


def _weights(size, bin_size, step):
    """Weights `(patches, 4, size)` of pixels in bins along one axis, and the patches' centres."""
    half = (_BINS - 1) / 2 * bin_size
    room = size - 1 - 2 * half
    centres = half + room % step / 2 + np.arange(int(room // step) + 1) * step
    offset = (np.arange(size) - centres[:, None]) / bin_size  # (patches, size), in bins
    bins = np.arange(_BINS)[:, None] - (_BINS - 1) / 2
    triangle = np.maximum(0, 1 - np.abs(offset[:, None] - bins))
    window = np.exp(-np.square(offset) / (2 * _WINDOW**2))
    return (triangle * window[:, None]).astype(np.float32), (centres + 0.5) / size


def _sums(weights):
    return weights.sum(axis=(1, 2))


def _orientation_maps(grey, smoothing):
    """Gradient sizes, shared between neighbouring orientations: `(count, height, 8, width)`."""
    if smoothing:
        grey = ndimage.gaussian_filter(grey, (0, smoothing, smoothing), mode="nearest")
    down, across = np.gradient(grey, axis=(1, 2))
    size = np.hypot(across, down)
    place = np.arctan2(-down, across) * np.float32(_ORIENTATIONS / (2 * np.pi))
    count, rows, columns = size.shape
    maps = np.empty((count, rows, _ORIENTATIONS, columns), np.float32)
    half = _ORIENTATIONS / 2
    for k in range(_ORIENTATIONS):
        distance = np.abs((place - np.float32(k) + np.float32(half)) % _ORIENTATIONS - half)
        np.multiply(size, np.maximum(0, 1 - distance), out=maps[:, :, k])
    return maps


def _histograms(maps, rows, columns):
    """`(count, patches, 128)` of orientation maps, by one matrix product for each axis."""
    count, height, _, width = maps.shape
    down, across = len(rows), len(columns)
    summed = maps.reshape(-1, width) @ columns.reshape(-1, width).T
    summed = rows.reshape(-1, height) @ summed.reshape(count, height, -1)
    summed = summed.reshape(count, down, _BINS, _ORIENTATIONS, across, _BINS)
    return summed.transpose(0, 1, 4, 2, 5, 3).reshape(count, down * across, -1)
