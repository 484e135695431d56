"""A part of packed images: what `FilePart` is for files."""

import functools
import math
import os
from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base.types import ArrayLike, Tensor
from keras_cv_extras.data.files import decoder
from keras_cv_extras.data.files._file_part import FilePart, text_of

_AGAIN = "pack the images again into its folder, which mends it"
_DAMAGED = f"not the file that it was when the pack was opened: {_AGAIN}"


class PackedPart(FilePart):
    """Packed images with labels: sample number i is record i, in every epoch.

    Attributes:
        paths: what the files were called, below the pack.
        digests: `(n,)` uint64, of the files that were packed.
        packed_size: `(height, width)` that all images have, None if they are JPEG files.
    """

    def __init__(
        self,
        paths: Any,
        labels: ArrayLike,
        facts: Any,
        *,
        places: Any,
        shards: Any,
        digests: Any,
        packed_size: tuple[int, int] | None,
        **options: Any,
    ) -> None:
        super().__init__(paths, labels, facts, **options)
        self.digests, self.packed_size = np.asarray(digests, np.uint64), packed_size
        self._places = np.asarray(places, np.int64).reshape(-1, 3)  # shard, start, length
        self._shards = tuple(shards)

    def __repr__(self) -> str:
        size = (*self.image_size, self.channels)
        return f"PackedPart({len(self)} records, images of {size})"

    def _with(self, paths, numbers, crop):
        return PackedPart(
            paths,
            self.labels[numbers],
            self.facts[numbers],
            places=self._places[numbers],
            shards=self._shards,
            digests=self.digests[numbers],
            packed_size=self.packed_size,
            image_size=self.image_size,
            resize=self.resize,
            channels=self.channels,
            most_bad=self.most_bad,
            jpeg=self.jpeg,
            crop=crop,
        )

    @property
    def holds_images(self) -> bool:
        """Whether records are pixels of the size that is wanted, no box of them, and all whole."""
        wanted = self.packed_size == tuple(self.image_size) and self.crop is None
        return wanted and not self._damaged()

    def check(self) -> None:
        """Raises if more records than allowed could not be decoded so far, or a file is damaged.

        Raises:
            ValueError: names the first ones, or the file.
        """
        for path in self._damaged():
            raise ValueError(f"{path}: {_DAMAGED}")
        super().check()

    def _damaged(self):
        """Returns the files that are gone, or of another length than they were."""
        return [path for path, size in self._shards if _length(path) != size]

    def _images_of(self, samples: Tensor) -> Tensor:
        """Returns the images of samples, `(batch,)` int64, where the part `holds_images`."""
        image = tf.TensorSpec((math.prod(self.shape),), tf.uint8)
        one = _region(*self._shards[0]) if len(self._shards) == 1 else None
        places = tf.gather(self._tensors["places"], samples)
        pixels = tf.map_fn(lambda place: self._at(place, one), places, fn_output_signature=image)
        return tf.reshape(pixels, (-1, *self.shape))

    def _decoded(self, sample: Tensor, plan: Any) -> Tensor:
        if self.packed_size is None:
            return super()._decoded(sample, plan)
        height, width = self.packed_size
        pixels = tf.reshape(self._bytes(sample), (height, width, self.channels))
        if plan[0].shape[0] == 9 and self.packed_size == tuple(self.image_size):
            return pixels
        return decoder.fit_pixels(pixels, plan, tuple(self.image_size))

    def _content(self, sample: Tensor) -> Tensor:
        return text_of(self._bytes(sample))

    def _bytes(self, sample):
        return self._at(tf.gather(self._tensors["places"], sample))

    def _at(self, place, region=None):
        """Returns the bytes of a record, of the file at hand or of one that is mapped for it."""
        shard, start, length = tf.unstack(place)
        read = lambda region: tf.slice(region, start[None], length[None])  # noqa: E731
        if region is not None:
            return read(region)
        branches = [lambda file=file: read(_region(*file)) for file in self._shards]
        return tf.switch_case(tf.cast(shard, tf.int32), branches)

    @functools.cached_property
    def _tensors(self):
        held = dict(super()._tensors)
        with tf.init_scope():
            held["places"] = tf.constant(self._places)
        return held

    def _reason(self, number):
        return f"damaged in the pack: {_AGAIN}"


def _region(path, size):
    """Returns the bytes of a file, which is mapped into memory."""
    return tf.raw_ops.ImmutableConst(dtype=tf.uint8, shape=[size], memory_region_name=path)


def _length(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def shard_of(path):
    """Returns a file of records as parts hold it: its path and its size in bytes."""
    return os.fspath(path), os.stat(path).st_size
