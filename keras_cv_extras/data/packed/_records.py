"""TFRecord files of images, each with an index of where its records are.

A record is a `tf.train.Example` with the features that published sets have, so that any reader of
TFRecord files reads them. Beside a file `NAME.tfrecord` stand `NAME.idx`, offset and length of
every record as text, which DALI takes, and `NAME.npz` with what this library must know.
"""

import hashlib
import pathlib

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import files

_HEAD, _FOOT = 12, 4  # of a record: its length, and checksums of both
_BLOCK = 1 << 22
ARRAYS = ("starts", "lengths", "labels", "facts", "digests")


def example(content, labels, class_names, name, facts, form):
    """Returns the record of an image.

    Args:
        content: bytes, a JPEG file or the pixels row by row.
        labels: the number of its class, or of each of its labels, in a list.
        class_names: their names.
        name: of its file.
        facts: as `decoder.facts_of` returns them; height and width in the middle.
        form: "jpeg" or "pixels".
    """
    texts = {
        "image/encoded": [content],
        "image/format": [form.encode()],
        "image/class/text": [text.encode("utf-8", "surrogateescape") for text in class_names],
        "image/filename": [name],
    }
    numbers = {
        "image/class/label": labels,
        "image/height": [int(facts[1])],
        "image/width": [int(facts[2])],
    }
    feature = {
        **{k: tf.train.Feature(bytes_list=tf.train.BytesList(value=v)) for k, v in texts.items()},
        **{k: tf.train.Feature(int64_list=tf.train.Int64List(value=v)) for k, v in numbers.items()},
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString(
        deterministic=True
    )


def write(path, records):
    """Writes a file of records and what belongs to it; each is whole or absent, the arrays last.

    Args:
        path: of the file, which ends with ".tfrecord".
        records: yields `(content, record, row)`: what of a record is the image, all of it, and a
            dictionary of its label, facts, digest and name.
    """
    path = pathlib.Path(path)
    rows, lines, offset = [], [], 0
    with files.replacing(path) as temporary:
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for content, record, row in records:
                writer.write(record)
                start = offset + _HEAD + record.index(content)
                size = _HEAD + len(record) + _FOOT
                rows.append({**row, "starts": start, "lengths": len(content)})
                lines.append(f"{offset} {size}")
                offset += size
        sha256 = _sha256(temporary)
    files.write_text(path.with_suffix(".idx"), "\n".join(lines) + "\n")
    arrays = {
        "starts": np.array([row["starts"] for row in rows], np.int64),
        "lengths": np.array([row["lengths"] for row in rows], np.int64),
        "labels": np.array([row["labels"] for row in rows]),  # int32, or rows in float32
        "facts": np.array([row["facts"] for row in rows], np.int32).reshape(-1, 4),
        "digests": np.array([row["digests"] for row in rows], np.uint64),
        "names": np.frombuffer(b"\0".join(row["names"] for row in rows), np.uint8),
        "bytes": np.array(offset, np.int64),
        "sha256": np.array(sha256),
    }
    files.write_arrays(path.with_suffix(".npz"), arrays)


def read(path, *, thorough=False):
    """Returns the arrays of a file of records, `names` as a list of bytes.

    Args:
        path: of the file.
        thorough: whether to read all of it, and compare its SHA-256.

    Raises:
        OSError, ValueError: if it is missing, or not the file that was written.
    """
    path = pathlib.Path(path)
    arrays = _checked(files.read_arrays(path.with_suffix(".npz")), path.with_suffix(".npz"))
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; pack the images again into this folder")
    whole = path.stat().st_size == int(arrays["bytes"])
    if not whole or (thorough and _sha256(path) != str(arrays["sha256"])):
        raise _damaged(path)
    names = arrays["names"].tobytes().split(b"\0")
    if len(names) != max(1, len(arrays["starts"])):  # of no records, one empty name
        raise _damaged(path)
    return {**arrays, "names": names}


def _checked(arrays, path):
    """Returns the arrays of a file of records, or raises if they are none."""
    names = {*ARRAYS, "names", "bytes", "sha256"}
    sound = names <= set(arrays) and arrays["bytes"].shape == ()
    sound = sound and all(_is_sound(name, arrays[name]) for name in ARRAYS)
    sound = sound and len({len(arrays[name]) for name in ARRAYS}) == 1
    if not sound or not _are_inside(arrays["starts"], arrays["lengths"], arrays["bytes"]):
        raise _damaged(path)
    return arrays


def _is_sound(name, array):
    """Whether an array is of a form that `write` gives it; labels may be rows of 0 and 1."""
    rank = {"facts": (2,), "labels": (1, 2)}.get(name, (1,))
    kinds = "iuf" if name == "labels" and array.ndim == 2 else "iu"
    if name == "digests":
        return array.ndim <= 2 and array.dtype.kind == "u"
    return array.ndim in rank and array.dtype.kind in kinds and bool((array >= 0).all())


def _are_inside(starts, lengths, size):
    # A sum could be too large for its type, and come out below 0.
    return bool((lengths <= size).all() and (starts <= size - lengths).all())


def _damaged(path):
    return ValueError(f"{path}: damaged; pack the images again into this folder, which mends it")


def is_whole(path):
    """Returns whether a file of records is there as it was written."""
    try:
        read(path, thorough=True)
    except (OSError, ValueError):
        return False
    return True


def _sha256(path):
    state = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            state.update(block)
    return state.hexdigest()
