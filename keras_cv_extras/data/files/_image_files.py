"""Folders of images that are read file by file, for data that memory does not hold."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.data._register import resolved
from keras_cv_extras.data.files import _decode, _folder, _index, _unreadable, copies, decoder
from keras_cv_extras.data.files._crop import RandomResizedCrop
from keras_cv_extras.data.files._file_part import FilePart
from keras_cv_extras.data.files._file_parts import ImageFiles
from keras_cv_extras.data.files.table import _listing
from keras_cv_extras.data.files.table._table import table_of
from keras_cv_extras.data.packed._known import is_pack
from keras_cv_extras.data.packed._open import packed_files


def image_files(
    folder: Any,
    image_size: int | tuple[int, int],
    *,
    resize: str = "crop",
    channels: int = 3,
    jpeg: str = "whole",
    crop: RandomResizedCrop | None = None,
    max_bad: float = 0.01,
    test_fraction: float | None = None,
    seed: int = 0,
    class_names: Sequence[str] | None = None,
) -> ImageFiles:
    """Lists a folder or table of images, whose files `pipeline` decodes in every epoch.

    The headers of all files are read here: their sizes, so that nothing is decoded that claims
    more than 64 million pixels, and how they have to be turned. Of a thousand files and more, an
    index in the user's cache keeps them: the next time, only new and changed files are opened. A
    file that turns out to be damaged when it is decoded is left out, and named by `unreadable()`;
    in a shuffled epoch another one takes its place, so that the number of batches stays the same.
    Copies of an image in both parts, or in two classes, are counted in a warning, as by `load`:
    files of one size that begin alike are read for that, and no others.

    Args:
        folder: one folder of files for each class, or that inside of train/ and test/, as in
            `load`; or a CSV file, a data frame or a `Table` with a row for every file; or the
            folder of a `pack`; or the name of one of these, see `register`.
        image_size: `(height, width)`, or one number for both.
        resize: "crop" keeps the aspect ratio and cuts off what is outside the centre, "pad" keeps
            it and adds black borders, "stretch" does not keep it.
        channels: 1 for grey, 3 for RGB.
        jpeg: "whole", or "reduced" for JPEG files of four times `image_size` or more to be decoded
            at a half, a quarter or an eighth, in a fraction of the time, as in `load`.
        crop: None, or a `RandomResizedCrop`: of the training part, pipelines decode a box that is
            drawn for every file in every epoch, and bring it to `image_size`. The test part is
            resized as `resize` says.
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
    if math.prod(size) > decoder.MOST_PIXELS:
        raise ValueError(
            f"image_size must be of at most {decoder.MOST_PIXELS:,} pixels, received {size}"
        )
    checks.one_of("resize", resize, _decode.RESIZES)
    checks.one_of("jpeg", jpeg, _decode.JPEGS)
    checks.one_of("channels", channels, (1, 3))
    if crop is not None and not isinstance(crop, RandomResizedCrop):
        raise TypeError(
            f"crop must be a keras_cv_extras.data.RandomResizedCrop or None, received {crop!r}"
        )
    checks.fraction("max_bad", max_bad)
    if test_fraction is not None and not 0 < checks.number("test_fraction", test_fraction) < 1:
        raise ValueError(f"test_fraction must be above 0 and below 1, received {test_fraction!r}")
    folder = resolved(folder)
    if isinstance(folder, (list, dict)):
        raise ValueError(
            "images in memory cannot be streamed or packed: give a folder or a table of files, or "
            "leave stream out"
        )
    if is_pack(folder):
        if test_fraction is not None:
            raise ValueError(f"{folder} was divided when it was packed: leave test_fraction out")
        return copies.tell_of_pack(
            folder,
            packed_files(
                folder,
                size,
                class_names=class_names,
                channels=channels,
                crop=crop,
                max_bad=max_bad,
                resize=resize,
                jpeg=jpeg,
            ),
        )
    table = table_of(folder)
    if table is None:
        listed = _folder.listing(folder, class_names)
    else:
        listed = _listing.listing(table, class_names)
    paths, labels, refused = listed.paths, listed.labels, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of odd metadata
        index = _index.Index(
            listed.place,
            paths,
            lambda some: _folder.each(_facts, some, refused, "skip", "Reading file headers"),
        )
    most = max(1, math.floor(max_bad * len(paths)))
    if len(refused) > most:
        raise ValueError(f"{listed.place}: {_unreadable.too_many(refused, len(paths), most)}")
    kept = np.flatnonzero(index.known)
    known = class_names is not None
    facts, begins = index.facts[:, :4], index.facts[kept, 4:]
    chosen, divided = _folder.choose_test(
        listed, kept, begins, test_fraction, seed, known, index.digests
    )
    train, test = kept[~chosen], kept[chosen]

    def part(rows, crop=None):
        return FilePart(
            paths.take(rows),
            labels[rows],
            facts[rows],
            image_size=size,
            resize=resize,
            channels=channels,
            most_bad=max(1, math.floor(max_bad * len(rows))),
            jpeg=jpeg,
            crop=crop,
        )

    return ImageFiles(
        part(train, crop),
        part(test),
        listed.class_names,
        listed.name,
        refused,
        divided,
        {"resize": resize, "jpeg": jpeg},
    )


def _facts(path):
    header = _decode.read_header(path)
    return (*decoder.facts_of(header), *header.begins)
