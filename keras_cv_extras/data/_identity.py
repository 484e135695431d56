"""The identity of data: a digest of every sample, and of all of them."""

import hashlib
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras._base.host.cores import num_cores
from keras_cv_extras._base.host.threads import mapped

_WHOLE = 1 << 16  # bytes up to which a file is read to its end
_BLOCKS, _BLOCK = 16, 1 << 12  # of a longer one, evenly spaced


def identity(images: Any) -> dict[str, Any]:
    """Returns what identifies a set of labelled images, as a dictionary for JSON.

    Args:
        images: an `ImageData` or `ImageFiles`.

    Returns:
        "class_names", "image_shape", and "data_digest", which changes if an image or a label is
        changed, removed or added.

    Example:
        >>> identity(load("digits"))["data_digest"]
        '3bfa7c573dc6b914'
    """
    total = hashlib.sha256()
    for name in ("train", "test"):
        part = getattr(images, name)
        total.update(name.encode())
        total.update(sample_digests(images, name).astype("<u8").tobytes())
        total.update(np.asarray(_labels(part)).astype("<i8").tobytes())
    return {
        "class_names": list(images.class_names),
        "image_shape": list(_shape(images.train)),
        "data_digest": total.hexdigest()[:16],
    }


def sample_digests(images: Any, part: str) -> np.ndarray:
    """Returns a digest of every sample of a part: of its file's bytes where there is one.

    Args:
        images: an `ImageData` or `ImageFiles`.
        part: "train" or "test".

    Returns:
        `(n,)` uint64.

    Example:
        >>> digests = sample_digests(load("digits"), "train")
    """
    samples = getattr(images, part)
    # A pack knows those of its files.
    packed = getattr(images, "packed", None)
    known = packed[part] if packed else getattr(samples, "digests", None)
    if known is not None:
        return known
    paths = getattr(samples, "paths", None)
    if paths is None and images.files is not None:
        paths = images.files[part]
    if paths is None:
        return np.array([_number(np.ascontiguousarray(row).data) for row in samples[0]], "uint64")
    return file_digests(paths)


def file_digests(paths: Sequence[str | os.PathLike[str]]) -> np.ndarray:
    """Returns the digest of every file, `(n,)` uint64. Of hard links to one file, one is read."""
    numbers, places = {}, np.empty(len(paths), np.int64)
    firsts = []
    for place, path in enumerate(paths):
        about = os.stat(path)
        key = (about.st_dev, about.st_ino) if about.st_ino else path
        number = places[place] = numbers.setdefault(key, len(firsts))
        if number == len(firsts):
            firsts.append(path)
    found = mapped(_of_file, firsts, min(16, num_cores()))
    return np.fromiter(found, np.uint64, len(firsts))[places]


def _of_file(path):
    """The digest of a file: of its size, and of all of it or of blocks over its length."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _WHOLE:
            return _number(file.read())
        state = hashlib.blake2b(str(size).encode(), digest_size=8)
        for number in range(_BLOCKS):
            file.seek(number * (size - _BLOCK) // (_BLOCKS - 1))
            state.update(file.read(_BLOCK))
    return int.from_bytes(state.digest(), "little")


def _number(content):
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def _labels(part):
    return part.labels if hasattr(part, "paths") else part[1]


def _shape(part):
    return part.shape if hasattr(part, "paths") else part[0].shape[1:]
