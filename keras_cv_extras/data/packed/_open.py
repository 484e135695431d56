"""Packs as data: what `image_files` and `load` do where a folder is one."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.owned import fields
from keras_cv_extras.data.files import _folder, decoder
from keras_cv_extras.data.files._file_parts import ImageFiles
from keras_cv_extras.data.packed import _records
from keras_cv_extras.data.packed._part import PackedPart, shard_of

ABOUT = "pack.json"
_FORM = {
    "format": checks.choice("keras_cv_extras.pack"),
    "form": checks.choice("jpeg", "pixels"),
    "size": fields.at_least_one,
    "channels": checks.choice(1, 3),
    "resize": checks.choice(*decoder.RESIZES),
    "name": fields.text,
    "class_names": [fields.text],
    "divided": checks.boolean,
    "files": {"train": fields.count, "test": fields.count},
    "multilabel?": checks.boolean,
}


def packed_files(
    folder: str | os.PathLike[str],
    image_size: Any,
    *,
    class_names: Sequence[str] | None = None,
    channels: int | None = None,
    crop: Any = None,
    max_bad: float = 0.01,
    **options: Any,
) -> ImageFiles:
    """Opens a pack; the arguments are those of `image_files`.

    Raises:
        ValueError: if the pack is not complete or damaged, or the model does not know a class.
    """
    folder = pathlib.Path(os.path.expanduser(folder))
    if not (folder / ABOUT).is_file():
        raise ValueError(f"{folder}: a pack that is not complete: pack the images again into it")
    about = fields.read(folder / ABOUT, _FORM, advice="pack the images again into this folder")
    if channels not in (None, about["channels"]):
        raise ValueError(
            f"channels must be {about['channels']}, as in the pack {folder}, received {channels}"
        )
    pixels = about["form"] == "pixels"
    own = tuple(about["class_names"])
    names = own if class_names is None else tuple(class_names)
    unknown = [name for name in own if name not in names]
    if unknown:
        raise ValueError(
            f"{folder}: class {unknown[0]!r} is not known to the model; the classes are "
            f"{', '.join(names[:20])}"
        )
    numbers = np.array([names.index(name) for name in own], np.int32)
    size = checks.sizes("image_size", image_size or about["size"], 2)
    several, parts = about.get("multilabel", False), {}
    for name, count in about["files"].items():
        # One after the other: the first that is missing ends it, however many there are said to be.
        found = [_records.read(folder / shard_name(name, number)) for number in range(count)]
        paths = [folder / shard_name(name, number) for number in range(count)]
        joined = {key: _joined([arrays[key] for arrays in found], key) for key in _records.ARRAYS}
        shards = np.repeat(np.arange(count), [len(arrays["starts"]) for arrays in found])
        total = len(joined["labels"])
        if not _are_labels(joined["labels"], len(own), several):
            raise ValueError(
                f"{folder}: damaged, with labels of no class in its part {name}: pack the images "
                "again into another folder"
            )
        parts[name] = PackedPart(
            [
                os.path.join(folder, os.fsdecode(text))
                for arrays in found
                for text in arrays["names"]
            ],
            _labels(joined["labels"], numbers, len(names), several),
            joined["facts"],
            places=np.stack([shards, joined["starts"], joined["lengths"]], axis=1),
            shards=[shard_of(path) for path in paths],
            digests=joined["digests"],
            packed_size=(about["size"],) * 2 if pixels else None,
            image_size=size,
            resize=options.get("resize", "crop"),
            channels=about["channels"],
            most_bad=max(1, int(max_bad * total)),
            jpeg=options.get("jpeg", "whole"),
            crop=crop if name == "train" else None,
        )
    decoding = {"resize": options.get("resize", "crop"), "jpeg": options.get("jpeg", "whole")}
    if pixels and tuple(size) == (about["size"],) * 2:
        decoding = {"resize": about["resize"], "jpeg": "whole"}
    return ImageFiles(
        parts["train"], parts["test"], names, about["name"], {}, about["divided"], decoding
    )


def _are_labels(own, count, several):
    """Whether labels are numbers of that many classes, or rows of 0 and 1 for each."""
    if not len(own):
        return True
    if several:
        return own.shape[1:] == (count,) and bool(np.isin(own, (0, 1)).all())
    return own.ndim == 1 and bool((own < count).all())


def _labels(own, numbers, count, several):
    """Returns labels by the classes that are asked for, whose numbers the own ones have."""
    if not several:
        return numbers[own]
    rows = np.zeros((len(own), count), np.float32)
    rows[:, numbers] = own.reshape(-1, len(numbers))
    return rows


def shard_name(part, number):
    """Returns the name of a file of records."""
    return f"{part}-{number:05d}.tfrecord"


def _joined(arrays, key):
    if arrays:
        return np.concatenate(arrays)
    return np.zeros((0, 4), np.int32) if key == "facts" else np.zeros(0, np.int64)


def load_packed(files_: ImageFiles) -> tuple[Any, Any]:
    """Decodes both parts of a pack into memory: `(images, labels)` pairs."""
    total = len(files_.train) + len(files_.test)
    _folder.check_bytes(total, files_.train.image_size, files_.train.channels)
    parts = []
    with _folder.progress_bar("Reading packed images", total) as advance:
        for part in (files_.train, files_.test):
            images = np.empty((len(part), *part.shape), np.uint8)
            for row in range(len(part)):
                images[row] = part.image(row)
                advance()
            parts.append((images, part.labels))
    return parts[0], parts[1]
