"""Local descriptors of many images: as many for each image as it has."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse

from keras_cv_extras._base.types import Array, ArrayLike


class GivesDescriptors:
    """What gives sets of descriptors, which no data frame holds: `set_output` leaves them alone.

    So `Pipeline.set_output` reaches through it to the step that gives a row for each image.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        # Of subclasses of subclasses, too: `fit_transform` would make a frame of a set.
        super().__init_subclass__(**{**options, "auto_wrap_output_keys": None})

    def set_output(self, *, transform: str | None = None) -> Self:
        """Takes what scikit-learn sets of all steps; a `DescriptorSet` stays one.

        Args:
            transform: "default", "pandas", "polars" or None, as for every transformer.

        Returns:
            This object.
        """
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self


class DescriptorSet:
    """Descriptors (or their codes) of a list of images, with their places in the image.

    It is a list of images to scikit-learn: it has a length, and can be indexed by a number, a
    slice, indices or a mask, so that `GridSearchCV` can split it. Inside, all descriptors are the
    rows of one matrix: what works on all of them is one matrix product and no loop.

    Args:
        values: `(total, dimension)`, a float array or a SciPy CSR matrix: a row per descriptor.
        positions: `(total, 2)`, `(x, y)` of each in [0, 1], from the upper left of its image;
            None for 0.5 everywhere.
        offsets: `(count + 1,)`, integers: the rows of image `i` are `offsets[i]:offsets[i + 1]`.

    Attributes:
        counts: `(count,)`, the number of descriptors of each image.

    Raises:
        ValueError: if the parts do not fit, or a value is not finite.

    Example:
        >>> ragged = DescriptorSet.from_list([np.ones((3, 8)), np.ones((5, 8))])
        >>> len(ragged), ragged.counts, ragged[1:].values.shape
    """

    def __init__(self, values: ArrayLike, positions: ArrayLike, offsets: ArrayLike) -> None:
        values = values.tocsr() if sparse.issparse(values) else np.asarray(values)
        offsets = np.asarray(offsets, np.int64)
        if values.ndim != 2:
            raise ValueError(f"values must have shape (total, dimension), received {values.shape}")
        if values.dtype.kind not in "uif":
            raise ValueError(f"values must hold real numbers, received dtype {values.dtype}")
        total = values.shape[0]
        if positions is None:
            positions = np.full((total, 2), 0.5, np.float32)
        positions = np.asarray(positions, np.float32)
        if positions.shape != (total, 2):
            raise ValueError(f"positions must have shape ({total}, 2), received {positions.shape}")
        if total and not (positions.min() >= 0 and positions.max() <= 1):  # NaN fails too
            raise ValueError("positions must lie in [0, 1]: divide pixels by width and height")
        if offsets.ndim != 1 or offsets.size == 0 or offsets[0] != 0 or offsets[-1] != total:
            raise ValueError(f"offsets must go from 0 to {total}, received {offsets}")
        if np.any(np.diff(offsets) < 0):
            raise ValueError("offsets must not decrease")
        if not np.all(np.isfinite(values.data if sparse.issparse(values) else values)):
            raise ValueError("values must be finite, received NaN or infinite values")
        self.values: ArrayLike = values
        self.positions: ArrayLike = positions
        self.offsets: ArrayLike = offsets

    @classmethod
    def from_list(
        cls, descriptors: Sequence[ArrayLike], positions: ArrayLike | None = None
    ) -> "DescriptorSet":
        """Makes a set of one array per image.

        Args:
            descriptors: a list of `(count_i, dimension)` arrays; `count_i` may be 0.
            positions: a list of `(count_i, 2)` arrays, or None.

        Returns:
            The set.
        """
        descriptors = [np.asarray(item) for item in descriptors]
        widths = {item.shape[1:] for item in descriptors}
        if len(widths) != 1 or len(*widths) != 1:
            raise ValueError(
                "descriptors must be arrays of shape (count_i, dimension) with one dimension, "
                f"received {sorted(map(str, {item.shape for item in descriptors}))[:5]}"
            )
        offsets = np.cumsum([0, *map(len, descriptors)])
        if positions is not None:
            counts = [len(item) for item in positions]
            if counts != [len(item) for item in descriptors]:
                raise ValueError("positions must have one row for each descriptor of each image")
            positions = np.concatenate([np.reshape(item, (-1, 2)) for item in positions])
        return cls(np.concatenate(descriptors), positions, offsets)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(count,)`: scikit-learn takes the number of samples from it."""
        return (len(self),)

    @property
    def counts(self) -> Array:
        """The number of descriptors of each image."""
        return np.diff(self.offsets)

    def owners(self) -> Array:
        """Returns the number of the image of each descriptor, `(total,)`."""
        return np.repeat(np.arange(len(self)), self.counts)

    def with_values(self, values: ArrayLike) -> "DescriptorSet":
        """Returns a set with other values at the same places."""
        return DescriptorSet(values, self.positions, self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Array]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        """Returns `(descriptors, positions)` of one image, or the set of several images."""
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]  # scikit-learn indexes with [rows, ...]
        places = np.arange(len(self))[key]
        if places.ndim == 0:
            rows = slice(*self.offsets[[places, places + 1]])
            return self.values[rows], self.positions[rows]
        counts = self.counts[places]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        # Row r of the result is row r - (its image's new start) + (its image's old start).
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[places] - offsets[:-1], counts)
        return DescriptorSet(self.values[rows], self.positions[rows], offsets)

    def __repr__(self) -> str:
        return (
            f"DescriptorSet({len(self)} images, {self.values.shape[0]} descriptors of dimension "
            f"{self.values.shape[1]})"
        )


def as_descriptor_set(descriptors) -> DescriptorSet:
    """Returns what a coder was given as a set: a set, arrays per image, or one array.

    A `(count, each, dimension)` array has `each` descriptors per image, a `(count, dimension)`
    array one per image.
    """
    if isinstance(descriptors, DescriptorSet):
        return descriptors
    if isinstance(descriptors, (list, tuple)) and descriptors and np.ndim(descriptors[0]) == 2:
        return DescriptorSet.from_list(descriptors)
    array = np.asarray(descriptors)
    array = array[:, None] if array.ndim == 2 else array
    if array.ndim != 3:
        raise ValueError(
            "descriptors must be a DescriptorSet, a list of (count_i, dimension) arrays, or an "
            f"array with 2 or 3 axes; received shape {array.shape}: of images DenseSIFT and SIFT "
            "give descriptors"
        )
    count, each, dimension = array.shape
    return DescriptorSet(
        array.reshape(-1, dimension), None, np.arange(0, count * each + 1, max(each, 1))
    )


def cells(positions, grid):
    """Returns which cell of a `grid` by `grid` division of the image each position is in.

    Cells are numbered row by row; the right and the lower edge belong to the last ones.
    """
    places = np.minimum((positions * grid).astype(np.int64), grid - 1)
    return places[:, 1] * grid + places[:, 0]


def by_cell(descriptors, grid) -> DescriptorSet:
    """Returns the set in which each cell of each image counts as an image of its own."""
    groups = descriptors.owners() * grid**2 + cells(descriptors.positions, grid)
    order = np.argsort(groups, kind="stable")
    counts = np.bincount(groups, minlength=len(descriptors) * grid**2)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return DescriptorSet(descriptors.values[order], descriptors.positions[order], offsets)
