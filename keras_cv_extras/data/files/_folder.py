"""Folders of class folders of image files, read into arrays."""

import contextlib
import os
import pathlib
import warnings
from collections import Counter
from typing import NamedTuple

import numpy as np
from rich.progress import Progress

from keras_cv_extras._base.host.cores import num_cores
from keras_cv_extras._base.host.threads import mapped
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras.data._identity import file_digests
from keras_cv_extras.data._names import doubts
from keras_cv_extras.data._part import held_out
from keras_cv_extras.data.files import _decode, _layout, _unreadable, copies
from keras_cv_extras.data.files._paths import Paths

MOST_BYTES = 8 << 30  # of decoded images, which are all held in memory


class Listing(NamedTuple):
    """Image files, their labels and their parts, as a folder or a table says.

    Attributes:
        place: the folder or table, as errors call it.
        name: what the data are called.
        class_names: the name of each class, by its number.
        paths: the files.
        labels: int32 `(n,)`, or float32 `(n, classes)` of 0 and 1 for several labels an image.
        is_test: `(n,)` booleans.
        keys: what each file is known by when some are held out.
    """

    place: str
    name: str
    class_names: tuple[str, ...]
    paths: Paths
    labels: np.ndarray
    is_test: np.ndarray
    keys: Paths


def read_files(
    listed,
    *,
    image_size,
    resize,
    channels,
    jpeg,
    on_error,
    test_fraction,
    seed,
    known,
):
    """Reads image files.

    Args:
        listed: a `Listing`.
        image_size: `(height, width)`, or None if all images are of one size.
        resize: as in `data.load`.
        channels: 1, 3, or None for 3 if any file has colours.
        jpeg: as in `data.load`.
        on_error: "skip" or "raise".
        test_fraction: share of every class for the test part; None for the listing's own one, or
            else a fifth.
        seed: of that.
        known: whether the classes are those of a model, some of which may have no images.

    Returns:
        `(train, test, files, divided)`, each part `(images, labels)`; `files` are the paths of
        each part by its name; `divided` is whether the listing has no test part.

    Raises:
        ValueError: as `data.load`.
    """
    folder, paths, bad = listed.place, listed.paths, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of odd metadata; damage raises
        headers = list(each(_decode.read_header, paths, bad, on_error, "Reading file headers"))
        _check_bad(folder, bad, len(paths))
        kept = [row for row, header in enumerate(headers) if header is not None]
        headers = [headers[row] for row in kept]
        image_size = image_size or _common_size(folder, headers)
        channels = channels or max(header.channels for header in headers)
        check_bytes(len(kept), image_size, channels)
        images = np.empty((len(kept), *image_size, channels), np.uint8)

        def decode_into(item):
            place, path = item
            images[place] = _decode.decode(path, image_size, resize, channels, jpeg)
            return True

        items = list(enumerate(paths[row] for row in kept))
        done = list(each(decode_into, items, bad, on_error, "Decoding images", at_once=1))
    _check_bad(folder, bad, len(paths))
    rows = np.flatnonzero([flag is not None for flag in done])
    for place, row in enumerate(rows):  # in place: a copy would take as much memory again
        if place != row:
            images[place] = images[row]
    images, kept = images[: len(rows)], np.asarray(kept)[rows]
    if bad:
        _warn(folder, bad, len(paths))
    paths, labels = paths.take(kept), listed.labels[kept]
    begins = np.array([headers[row].begins for row in rows], np.int64).reshape(-1, 2)
    is_test, divided = choose_test(
        listed,
        kept,
        begins,
        test_fraction,
        seed,
        known,
        lambda rows: file_digests(listed.paths.take(rows)),
    )
    parts = {"train": ~is_test, "test": is_test}
    files = {name: tuple(paths.take(np.flatnonzero(rows))) for name, rows in parts.items()}
    train, test = ((images[rows], labels[rows]) for rows in parts.values())
    return train, test, files, divided


def choose_test(listed, kept, begins, fraction, seed, known, digests_of):
    """Returns which files are for tests: those of the own part, or a share of all.

    Which ones these are is told from the path of each file below the folder. Warns of copies.

    Args:
        listed: a `Listing`.
        kept: the rows of it that can be read.
        begins: `(n, 2)`, of each of them what its header has as `begins`.
        fraction: None or a share.
        seed: for that.
        known: whether a class may lack images.
        digests_of: a function of rows of it that returns digests of their files.

    Returns:
        Booleans, one for each row that is kept, and whether there was no own part.

    Raises:
        ValueError: if there is an own part and a share, or too few images of a class.
    """
    labels, chosen = listed.labels[kept], listed.is_test[kept]
    divided = not chosen.any()
    if not divided and fraction is not None:
        raise ValueError(f"{listed.place} has a test part of its own: leave test_fraction out")
    if divided:
        names = listed.keys.take(kept)
        chosen = held_out(names, labels, 0.2 if fraction is None else fraction, seed, "test")
    if not known:
        _check_classes(listed.place, labels, chosen, listed.class_names, divided)
    copies.tell_of_files(listed.place, kept, begins, labels, chosen, divided, digests_of)
    return chosen, divided


def counts_of(labels, num_classes):
    """Returns how many images each class has, of labels in either form of a `Listing`."""
    if labels.ndim == 2:
        return labels.sum(axis=0).astype(np.int64)
    return np.bincount(labels, minlength=num_classes)


def _check_classes(folder, labels, is_test, class_names, divided):
    """Raises if a class has nothing to train on, or cannot be divided where that is needed."""
    counts = counts_of(labels, len(class_names))
    if divided and labels.ndim == 1 and 1 in counts:
        rare = int(np.argmax(counts == 1))
        raise ValueError(
            f"{folder}: class {rare} has only 1 image, in {class_names[rare]}; one to train on and "
            "one to test on are needed: add images of it, or leave the class out"
        )
    counts = counts_of(labels[~is_test], len(class_names))
    if not counts.all():
        raise ValueError(
            f"{folder}: class {class_names[np.argmin(counts)]!r} has no image to train on that can "
            f"be read: add images, or remove {'its folder' if labels.ndim == 1 else 'the class'}"
        )


def existing(folder):
    """Returns a folder's path, or raises if there is none."""
    folder = pathlib.Path(os.path.expanduser(folder))
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{folder}: a file; give a folder with one folder for each class, a CSV file or a data "
            "frame; unpack archives first"
        )
    return folder


def check_bytes(count, image_size, channels):
    """Raises if `count` images are too many to be held in memory."""
    size = count * image_size[0] * image_size[1] * channels
    if size > MOST_BYTES:
        raise ValueError(
            f"{count:,} images of {image_size[0]} x {image_size[1]} x {channels} take "
            f"{size / (1 << 30):.1f} GiB of memory, above the limit of {MOST_BYTES >> 30} GiB: "
            "give a smaller image_size, or pass an unbatched tf.data.Dataset of (image, label) to "
            "data.pipeline instead"
        )


@contextlib.contextmanager
def progress_bar(description, total):
    """Gives a function to call once an item; shows a bar on a terminal only, gone at the end."""
    console = Terminal(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)


def listing(folder, class_names=None) -> Listing:
    """Lists the image files of a folder with one folder for each class.

    Warns of what is left out: images of other kinds, empty folders, images without labels.

    Args:
        folder: its path.
        class_names: the names of the classes, some of which may have no folder; None for those
            of the folders.

    Raises:
        FileNotFoundError, NotADirectoryError, ValueError: as `data.load`.
    """
    folder = existing(folder)
    skipped = _layout.Skipped()
    parts = [
        (test, _layout.class_folders(path, skipped, test))
        for path, test in _layout.parts(folder, skipped)
    ]
    names = sorted({item.name for test, items in parts if not test for item in items})
    if class_names is not None:
        names = list(class_names)
    if not names:
        text = skipped.text(folder, 0)
        raise ValueError(
            f"{folder}: no class folders; put the images of each class in a folder of its own, "
            f"named after the class{text and '; '}{text.removeprefix(f'{folder}: ')}"
        )
    items = [item for _, items in parts for item in items]
    numbers = {name: number for number, name in enumerate(names)}
    for item in items:
        if item.name not in numbers:
            why = "has no folder in the training part; its"
            if class_names is not None:
                why = "is not known to the model; the"
            raise ValueError(
                f"{item}: class {item.name!r} {why} classes are {', '.join(names[:20])}"
            )
    root = os.path.join(folder, "") if folder.parts else ""  # of "." paths do not show
    places = {folder, *(item.parent for item in items)}
    found = _layout.images(root, places, items, skipped)
    counts = [sum(map(len, found[item])) for item in items]
    paths = Paths.joined([some for item in items for some in found[item]], root)
    labels = np.repeat(np.array([numbers[item.name] for item in items], np.int32), counts)
    is_test = np.repeat(np.array([test for test, own in parts for _ in own], bool), counts)
    if class_names is None:
        skipped.notes += doubts(names)
        if items and items[0].parent == folder:
            skipped.notes += _layout.taken_for_classes(items)
    text = skipped.text(folder, len(paths))
    if not paths:
        known, more = ", ".join(_decode.SUFFIXES), f"; {text}" if text else ""
        raise ValueError(f"{folder}: zero images; files ending with {known} are read{more}")
    if len(names) == 1 and class_names is None:
        raise ValueError(
            f"{folder}: one class only, {names[0]!r}; a classifier needs at least two class folders"
            f"{_deeper(folder / names[0])}"
        )
    if text:
        caller.warn(text)
    keys = paths.below()
    if os.sep != "/":
        keys = Paths(key.replace(os.sep, "/") for key in keys)
    return Listing(str(folder), folder.resolve().name, tuple(names), paths, labels, is_test, keys)


def _deeper(only):
    """Says what may be meant where there is one folder, if there are folders in it."""
    found = _layout.folders(only) if only.is_dir() else []
    listed = ", ".join(item.name for item in found[:5])
    return f". If {listed} are the classes, give {only}" if len(found) > 1 else ""


def each(function, items, bad, on_error, description, *, at_once=16):
    """Yields `function` of each item, None for those that raise, which are noted in `bad`.

    Args:
        function: called by threads.
        items: paths, or pairs with a path.
        bad: what is noted: reasons by path.
        on_error: "skip" or "raise".
        description: of the bar.
        at_once: items of a thread's task: few where one takes long.
    """

    def attempt(item):
        try:
            return function(item), None
        except MemoryError:
            raise
        except Exception as error:  # Pillow raises errors of many kinds for damaged files
            return None, error

    with progress_bar(description, len(items)) as advance:
        done = mapped(attempt, items, min(16, num_cores()), at_once)
        for item, (result, error) in zip(items, done, strict=True):
            if error is not None:
                path = item[1] if isinstance(item, tuple) else item
                bad[path] = _unreadable.reason(path, error)
                if on_error == "raise":
                    raise ValueError(f"{path}: {bad[path]}") from error
            yield result
            advance()


def _check_bad(folder, bad, total):
    if 2 * len(bad) > total:
        raise ValueError(
            f"{folder}: {len(bad)} of {total} image files cannot be read, more than half: "
            f"{_unreadable.listing(bad)}"
        )


def _warn(folder, bad, total):
    caller.warn(
        f"{folder}: {len(bad)} of {total} image files cannot be read and are skipped: "
        f"{_unreadable.listing(bad)}",
    )


def _common_size(folder, headers):
    sizes = Counter((header.height, header.width) for header in headers)
    if len(sizes) > 1:
        (size, count), *_ = sizes.most_common(1)
        raise ValueError(
            f"{folder}: the images have {len(sizes)} different sizes (most often {size[0]} x "
            f"{size[1]}, {count} of {len(headers)}): give image_size=(height, width)"
        )
    return next(iter(sizes))
