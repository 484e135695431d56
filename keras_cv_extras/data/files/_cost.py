"""Limits on the cost of opening and decoding a file, checked before anything is decoded."""

import contextlib
import os
import threading
import zlib

import numpy as np

from keras_cv_extras._base.host.cores import num_cores

_MOST_BYTES = 1 << 30  # of a file: 64 million pixels of 16 bits are half of that, not compressed
_MOST_PACKED = 1 << 28  # of a JPEG, GIF or WEBP file: four bytes for each of 64 million pixels
_READ_AT_ONCE = 1 << 20
MOST_CHUNKS = 1_000  # of a PNG beside pixels, as in libpng: Pillow takes 15 us for each
MOST_PIXEL_CHUNKS = 100_000
MOST_SCANS = 1_000_000_000  # pixels times passes over a JPEG: 16 of 64 million pixels
_BEGIN = 1 << 12  # bytes of a file, by which copies are looked for
_AT_ONCE = 128_000_000  # pixels that are decoded at a time, by all threads: 4 to 12 bytes each


def check_file(path) -> tuple[int, int]:
    """Raises if a file is so large, or a PNG consists of so many parts, that it would take long.

    A file of a few bytes may end in terabytes that no disk holds, and some are read as a whole.

    Returns:
        Its size, and a checksum of how it begins, of 31 bits: copies have the same.

    Raises:
        ValueError: if it does.
    """
    if not isinstance(path, (str, os.PathLike)):
        return 0, 0  # a file in memory, of tests
    counts = {True: 0, False: 0}
    with open(path, "rb") as file:
        size, begin = os.fstat(file.fileno()).st_size, file.peek(_BEGIN)[:_BEGIN]
        most = _MOST_BYTES if begin.startswith((b"\x89PNG", b"BM")) else _MOST_PACKED
        if size > most:
            raise ValueError(f"too large: of more than {most:,} bytes")
        found = size, zlib.crc32(begin) >> 1
        if file.read(8) != b"\x89PNG\r\n\x1a\n":
            return found
        while len(head := file.read(8)) == 8:
            counts[head[4:] == b"IDAT"] += 1
            if counts[False] > MOST_CHUNKS or counts[True] > MOST_PIXEL_CHUNKS:
                raise ValueError("a PNG file of too many chunks")
            file.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)
    return found


def check_scans(image):
    """Raises if a JPEG goes over its pixels too often: a small file may, for minutes.

    Args:
        image: a Pillow image that is not decoded yet.

    Raises:
        ValueError: if it does.
    """
    if image.format not in ("JPEG", "MPO"):
        return
    before = image.fp.tell()
    image.fp.seek(0)
    scans, last = 0, b""
    while part := image.fp.read(_READ_AT_ONCE):
        scans += (last + part).count(b"\xff\xda")
        last = part[-1:]
    image.fp.seek(before)
    width, height = image.size
    if scans * width * height > MOST_SCANS:
        raise ValueError(f"a JPEG file of {scans} passes over {width} x {height} pixels")


def calls_at_once(facts):
    """Returns how many files of a stream may be decoded at a time, by the largest.

    Args:
        facts: `(n, 4)`, with height and width in the middle.
    """
    largest = int(np.prod(facts[:, 1:3].astype(np.int64), axis=1).max(initial=1))
    return min(max(1, _AT_ONCE // largest), num_cores())


class _Budget:
    """Lets threads decode at a time as many pixels as memory is meant for."""

    def __init__(self, most):
        self._free, self._most = most, most
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def of(self, width, height):
        """Waits until an image of this size may be decoded."""
        need = min(width * height, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= need)
            self._free -= need
        try:
            yield
        finally:
            with self._changed:
                self._free += need
                self._changed.notify_all()


BUDGET = _Budget(_AT_ONCE)
