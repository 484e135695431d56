"""Folders of images that are read file by file, for data that memory does not hold."""

import dataclasses
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.data.files import _decode, _folder, _unreadable, decoder
from keras_cv_extras.data.files._file_part import FilePart
from keras_cv_extras.data.files.table import _listing
from keras_cv_extras.data.files.table._table import table_of


@dataclasses.dataclass(frozen=True, eq=False)
class ImageFiles:
    """Labelled image files: a training part and a test part, for `pipeline`.

    Attributes:
        train: the files to train on.
        test: others.
        class_names: the name of each class, by its number.
        name: of the folder or table.
        refused: files that were left out when the folder was listed, and why.
        divided: whether the folder has no test part, so that some files were set aside.
        decoding: how files are decoded: `{"resize": ..., "jpeg": ...}`.
    """

    train: FilePart
    test: FilePart
    class_names: tuple[str, ...]
    name: str
    refused: dict[str, str]
    divided: bool = False
    decoding: dict[str, str] | None = None

    def __repr__(self) -> str:
        return (
            f"ImageFiles({self.name!r}: {len(self.train)} training and {len(self.test)} test "
            f"files, images of {self.train.shape}, {len(self.class_names)} classes)"
        )

    @property
    def multilabel(self) -> bool:
        """Whether an image may have several labels, so that labels are rows of 0 and 1."""
        return self.train.labels.ndim == 2

    def unreadable(self) -> dict[str, str]:
        """Returns all files left out so far, and why: when listed, and while they were decoded."""
        return {**self.refused, **self.train.unreadable(), **self.test.unreadable()}


def image_files(
    folder: Any,
    image_size: int | tuple[int, int],
    *,
    resize: str = "crop",
    channels: int = 3,
    jpeg: str = "whole",
    max_bad: float = 0.01,
    test_fraction: float | None = None,
    seed: int = 0,
    class_names: Sequence[str] | None = None,
) -> ImageFiles:
    """Lists a folder or table of images whose files `pipeline` decodes anew in every epoch.

    The headers of all files are read here: their sizes, so that nothing is decoded that claims
    more than 64 million pixels, and how they have to be turned. A file that turns out to be
    damaged when it is decoded is left out, and named by `unreadable()`; in a shuffled epoch
    another one takes its place, so that the number of batches stays the same.

    Args:
        folder: one folder of files for each class, or that inside of train/ and test/, as in
            `load`; or a CSV file, a data frame or a `Table` with a row for every file.
        image_size: `(height, width)`, or one number for both.
        resize: "crop" keeps the aspect ratio and cuts off what is outside the centre, "pad" keeps
            it and adds black borders, "stretch" does not keep it.
        channels: 1 for grey, 3 for RGB.
        jpeg: "whole", or "reduced" for JPEG files of four times `image_size` or more to be decoded
            at a half, a quarter or an eighth, in a fraction of the time, as in `load`.
        max_bad: share of the files that may be unreadable, at least one file; more are an error.
        test_fraction: share of every class for the test part, where the folder has none; None
            for a fifth. Each file's path below the folder says whether it is one of them: they
            stay when others come or go.
        seed: an integer, for which files these are.
        class_names: None, or the names of the classes, as in `load`.

    Returns:
        The parts, to be given to `pipeline`.

    Raises:
        FileNotFoundError, NotADirectoryError: if there is no such folder or file.
        ValueError: if it has no class folders, one class only, or too many files that cannot be
            read, or a table is not as `Table` says.

    Example:
        >>> files = image_files("photographs", 224)
        >>> train = pipeline(files.train, 64, policy=rand_augment())
        >>> model.fit(train, epochs=10)
        >>> files.unreadable()
        {'photographs/cat/7.jpg': 'an empty file'}
    """
    size = checks.sizes("image_size", image_size, 2)
    checks.one_of("resize", resize, _decode.RESIZES)
    checks.one_of("jpeg", jpeg, _decode.JPEGS)
    checks.one_of("channels", channels, (1, 3))
    checks.fraction("max_bad", max_bad)
    if test_fraction is not None and not 0 < checks.number("test_fraction", test_fraction) < 1:
        raise ValueError(f"test_fraction must be above 0 and below 1, received {test_fraction!r}")
    table = table_of(folder)
    if table is None:
        listed = _folder.listing(folder, class_names, stacklevel=3)
    else:
        listed = _listing.listing(table, class_names, stacklevel=3)
    paths, labels, refused = listed.paths, listed.labels, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of odd metadata
        facts = _folder.each(_facts, paths, refused, "skip", "Reading file headers")
    most = max(1, math.floor(max_bad * len(paths)))
    if len(refused) > most:
        raise ValueError(f"{listed.place}: {_unreadable.too_many(refused, len(paths), most)}")
    kept = np.flatnonzero([fact is not None for fact in facts])
    known = class_names is not None
    chosen, divided = _folder.choose_test(listed, kept, test_fraction, seed, known)
    train, test = kept[~chosen], kept[chosen]

    def part(rows):
        return FilePart(
            [paths[row] for row in rows],
            labels[rows],
            [facts[row] for row in rows],
            image_size=size,
            resize=resize,
            channels=channels,
            most_bad=max(1, math.floor(max_bad * len(rows))),
            jpeg=jpeg,
        )

    named = {str(path): why for path, why in refused.items()}
    return ImageFiles(
        part(train),
        part(test),
        listed.class_names,
        listed.name,
        named,
        divided,
        {"resize": resize, "jpeg": jpeg},
    )


def _facts(path):
    return decoder.facts_of(_decode.read_header(path))
