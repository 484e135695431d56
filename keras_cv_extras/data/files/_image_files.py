"""Folders of images that are read file by file, for data that memory does not hold."""

import dataclasses
import math
import os
import warnings
from collections.abc import Sequence

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.data.files import _decode, _folder, _unreadable, decoder
from keras_cv_extras.data.files._file_part import FilePart


@dataclasses.dataclass(frozen=True, eq=False)
class ImageFiles:
    """Labelled image files: a training part and a test part, for `pipeline`.

    Attributes:
        train: the files to train on.
        test: others.
        class_names: the name of each class, by its number.
        name: of the folder.
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

    def unreadable(self) -> dict[str, str]:
        """Returns all files left out so far, and why: when listed, and while they were decoded."""
        return {**self.refused, **self.train.unreadable(), **self.test.unreadable()}


def image_files(
    folder: str | os.PathLike,
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
    """Lists a folder of images whose files `pipeline` decodes anew in every epoch.

    The headers of all files are read here: their sizes, so that nothing is decoded that claims
    more than 64 million pixels, and how they have to be turned. A file that turns out to be
    damaged when it is decoded is left out, and named by `unreadable()`; in a shuffled epoch
    another one takes its place, so that the number of batches stays the same.

    Args:
        folder: one folder of files for each class, or that inside of train/ and test/, as in
            `load`.
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
        FileNotFoundError, NotADirectoryError: if there is no such folder.
        ValueError: if it has no class folders, one class only, or too many files that cannot be
            read.

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
    folder = _folder.existing(folder)
    known = class_names
    class_names, paths, labels, is_test = _folder.list_files(folder, known, stacklevel=3)
    refused = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of odd metadata
        facts = _folder.each(_facts, paths, refused, "skip", "Reading file headers")
    most = max(1, math.floor(max_bad * len(paths)))
    if len(refused) > most:
        raise ValueError(f"{folder}: {_unreadable.too_many(refused, len(paths), most)}")
    kept = np.flatnonzero([fact is not None for fact in facts])
    chosen = _folder.choose_test(
        folder, [paths[row] for row in kept], labels[kept], is_test[kept], test_fraction, seed
    )
    divided = not is_test[kept].any()
    if known is None:
        _folder.check_classes(folder, labels[kept], chosen, class_names, divided)
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
        class_names,
        folder.resolve().name,
        named,
        divided,
        {"resize": resize, "jpeg": jpeg},
    )


def _facts(path):
    return decoder.facts_of(_decode.read_header(path))
