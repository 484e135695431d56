"""Packing: a folder of images into a few large files."""

import contextlib
import io
import os
import pathlib
from typing import Any

import numpy as np
from PIL import Image

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.host.cores import num_cores
from keras_cv_extras._base.host.threads import mapped
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras.data._identity import identity, sample_digests
from keras_cv_extras.data.files import _decode, _folder, decoder
from keras_cv_extras.data.files._file_parts import ImageFiles
from keras_cv_extras.data.files._image_files import image_files
from keras_cv_extras.data.packed import _records
from keras_cv_extras.data.packed._open import ABOUT, packed_files, shard_name

FORMS = ("jpeg", "pixels")


def pack(
    folder: Any,
    output: str | os.PathLike[str],
    size: int,
    *,
    form: str = "jpeg",
    resize: str = "crop",
    channels: int = 3,
    quality: int = 95,
    per_file: int = 8192,
    test_fraction: float | None = None,
    seed: int = 0,
) -> ImageFiles:
    """Packs a folder of images into a few large files, from which any image is read by its offset.

    One large file is read much faster than many small ones, and pixels need no decoding at all. The
    folder of a pack can be used wherever a folder of images can, such as by `load`, `image_files`
    and `kcx train`.

    It writes TFRecord files of `tf.train.Example`, which other programs can read, with an index of
    offsets for each. Called again with the same arguments, it resumes after an interruption: all
    files are checked by their SHA-256, and damaged ones are written again.

    Args:
        folder: a folder or table of images as in `image_files`.
        output: a folder that is new, empty, or holds this pack.
        size: with "jpeg" the shorter side of larger images; with "pixels" the side of the
            square that all images become.
        form: "jpeg" keeps aspect ratios, for crops that are drawn in training. "pixels" is faster,
            and takes about ten times as much disk space.
        resize: how images become squares, "crop", "pad" or "stretch" as in `load`.
        channels: 1 for grey, 3 for RGB.
        quality: of JPEG, 1 to 100. JPEG files that are small enough are taken as they are.
        per_file: images in each large file.
        test_fraction: as in `image_files`: a pack has a test part.
        seed: an integer, for which images these are.

    Returns:
        The packed images, as `image_files` returns them.

    Raises:
        OSError, ValueError: if the folder has no images, or `output` is somebody else's.

    Example:
        >>> packed = pack("photographs", "packed", 32, form="pixels")
        >>> pipeline(packed.train, 8, seed=1)
    """
    checks.integer("size", size, minimum=1)
    checks.one_of("form", form, FORMS)
    checks.integer("quality", quality, minimum=1, maximum=100)
    checks.integer("per_file", per_file, minimum=1)
    output = pathlib.Path(output)
    folders.check(output, kinds.PACK)
    source = image_files(
        folder, size, resize=resize, channels=channels, test_fraction=test_fraction, seed=seed
    )
    parents = {os.path.dirname(path) for part in (source.train, source.test) for path in part.paths}
    root = os.path.commonpath(parents)
    how = {"form": form, "size": size, "channels": channels, "per_file": per_file}
    how |= {"resize": resize} if form == "pixels" else {"quality": quality}
    known = identity(source)
    asked = {**how, "class_names": known["class_names"], "data_digest": known["data_digest"]}
    with folders.owned(output, kinds.PACK, asked):
        counts = {}
        total = len(source.train) + len(source.test)
        with _folder.progress_bar("Packing images", total) as advance:
            for name in ("train", "test"):
                part = getattr(source, name)
                counts[name] = -(-len(part) // per_file)
                digests = sample_digests(source, name)
                for number in range(counts[name]):
                    rows = range(number * per_file, min(len(part), (number + 1) * per_file))
                    path = output / shard_name(name, number)
                    if not _records.is_whole(path):
                        _write(path, part, rows, digests, source.class_names, root, how)
                    for _ in rows:
                        advance()
        files.write_json(
            output / ABOUT,
            {
                "format": "keras_cv_extras.pack",
                **{**how, "resize": resize},
                **{"name": source.name, "class_names": list(source.class_names)},
                **{"divided": source.divided, "files": counts, "multilabel": source.multilabel},
            },
        )
    return packed_files(output, size)


def _write(path, part, rows, digests, class_names, root, how):
    """Writes a file of records; some images are made at a time, in the order of their rows."""

    def made(row):
        content, facts = _content(part, row, how)
        name = os.fsencode(os.path.relpath(part.paths[row], root))
        label = part.labels[row]
        labels = [int(label)] if np.ndim(label) == 0 else np.flatnonzero(label > 0.5).tolist()
        texts = [class_names[number] for number in labels]
        record = _records.example(content, labels, texts, name, facts, how["form"])
        return (
            content,
            record,
            {"labels": label, "facts": facts, "digests": digests[row], "names": name},
        )

    with contextlib.closing(mapped(made, rows, num_cores(), at_once=1)) as records:
        _records.write(path, records)


def _content(part, row, how):
    """Returns the bytes that an image is packed as, and what a decoder must know of them."""
    path, size = part.paths[row], how["size"]
    if how["form"] == "pixels":
        return part.image(row).tobytes(), (decoder.FORMATS.index("BMP"), size, size, 1)
    header = _decode.read_header(path)
    shorter = min(header.height, header.width)
    small = shorter <= size and header.format == "JPEG"
    if small:
        with open(path, "rb") as file:
            return file.read(), decoder.facts_of(header)
    factor = min(1.0, size / shorter)
    sides = [max(1, round(side * factor)) for side in (header.height, header.width)]
    pixels = _decode.decode(path, sides, "stretch", how["channels"])
    image = Image.fromarray(pixels[..., 0] if how["channels"] == 1 else pixels)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=how["quality"])
    return written.getvalue(), (decoder.FORMATS.index("JPEG"), *sides, 1)
