"""Image files that are read anew in every epoch; what cannot be read is left out and named."""

import functools
import math
import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base.types import ArrayLike, Tensor
from keras_cv_extras.data._order import samples_at
from keras_cv_extras.data.files import _cost, _decode, _unreadable, decoder
from keras_cv_extras.data.files._crop import RandomResizedCrop
from keras_cv_extras.data.files._paths import Paths, path_at


class FilePart:
    """Image files with labels: sample number i is file i, in every epoch.

    Attributes:
        paths: where the files are.
        labels: `(n,)` int32; for several labels per image `(n, classes)` float32 of 0 and 1.
        image_size: `(height, width)` that images are brought to.
        resize: "crop", "pad" or "stretch".
        channels: 1 or 3.
        jpeg: "whole" or "reduced".
        crop: the `RandomResizedCrop` with which pipelines draw boxes, or None.
        most_bad: how many files may be unreadable in one epoch.

    Example:
        >>> files = image_files("photographs", image_size=32)
        >>> files.train.image_size, files.train.channels
        ((32, 32), 3)
    """

    def __init__(
        self,
        paths: Iterable[str],
        labels: ArrayLike,
        facts: Any,
        *,
        image_size: Any,
        resize: Any,
        channels: Any,
        most_bad: Any,
        jpeg: str = "whole",
        crop: RandomResizedCrop | None = None,
    ) -> None:
        self.paths: Paths = paths if isinstance(paths, Paths) else Paths(paths)
        self.labels: Any = np.asarray(labels, np.float32 if np.ndim(labels) == 2 else np.int32)
        self.facts: Any = np.asarray(facts, np.int32).reshape(-1, 4)
        self.image_size: Any = image_size
        self.resize: Any = resize
        self.channels: Any = channels
        self.most_bad: Any = most_bad
        self.jpeg: str = jpeg
        self.crop: RandomResizedCrop | None = crop
        # Set where a file is found to be unreadable, in the middle of an epoch.
        self._failed = tf.Variable(tf.zeros(len(self.paths), tf.bool), trainable=False)

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        size = (*self.image_size, self.channels)
        return f"FilePart({len(self)} files, images of {size})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of an image."""
        return (*self.image_size, self.channels)

    def subset(self, numbers: ArrayLike) -> "FilePart":
        """Returns a part with some of the files, which counts its own unreadable ones."""
        return self._with(self.paths.take(numbers), numbers, self.crop)

    def with_crop(self, crop: RandomResizedCrop | None) -> "FilePart":
        """Returns a part with the same files, of which pipelines draw other boxes.

        Args:
            crop: None for images that are resized and cut as `resize` says: to be scored on.
        """
        return self._with(self.paths, slice(None), crop)

    def _with(self, paths, numbers, crop):
        return FilePart(
            paths,
            self.labels[numbers],
            self.facts[numbers],
            image_size=self.image_size,
            resize=self.resize,
            channels=self.channels,
            most_bad=self.most_bad,
            jpeg=self.jpeg,
            crop=crop,
        )

    def unreadable(self) -> dict[str, str]:
        """Returns the files that could not be decoded so far, and why."""
        numbers = np.flatnonzero(self._failed.numpy()).tolist()
        return {self.paths[number]: self._reason(number) for number in numbers}

    def check(self) -> None:
        """Raises if more files than allowed could not be decoded so far.

        Raises:
            ValueError: names the first ones.
        """
        bad = self.unreadable()
        if len(bad) > self.most_bad:
            raise ValueError(_unreadable.too_many(bad, len(self), self.most_bad))

    def read(self, sample: Tensor) -> Tensor:
        """Returns the image of a sample, an int64 scalar tensor, decoded without `crop`."""
        kind = tf.gather(self._tensors["kinds"], sample)
        plan = [tf.gather(rows, kind) for rows in self._plans]
        return self._decoded(sample, plan)

    def read_box(self, sample: Tensor, *, seed: int, epoch: Tensor) -> Tensor:
        """Returns the box of a sample that `crop` draws for an epoch, decoded; else all of it."""
        if self.crop is None:
            return self.read(sample)
        facts = tf.gather(self._tensors["facts"], tf.gather(self._tensors["kinds"], sample))
        turned = facts[3] >= min(_decode.TURNED)
        size = tf.where(turned, facts[2:0:-1], facts[1:3])
        box = self.crop.box(size, seed=seed, epoch=epoch, sample=sample)
        return self._decoded(sample, decoder.plan_box(facts, box, self.image_size, self.jpeg))

    def _decoded(self, sample, plan):
        content = self._content(sample)
        how = (tuple(self.image_size), self.channels, self.resize, self.jpeg)
        return _decoder(*how, plan[0].shape[0], *self._variety)(content, *plan)

    def _content(self, sample):
        return tf.io.read_file(path_at(self._tensors, sample))

    @property
    def holds_images(self) -> bool:
        """Whether nothing is to be decoded or resized, so that a batch is read in one step."""
        return False

    def _images_of(self, samples: Tensor) -> Tensor:
        """Returns the images of samples, `(batch,)` int64, where the part `holds_images`."""
        raise NotImplementedError

    def image(self, number: int) -> np.ndarray:
        """Returns the decoded image of a sample."""
        return self.read(tf.constant(number, tf.int64)).numpy()

    def readable(self) -> np.ndarray:
        """Returns the numbers of the samples that are not known to be unreadable."""
        return np.flatnonzero(~self._failed.numpy())

    def note(self, samples: ArrayLike) -> Any:
        """Remembers, in a graph, that files could not be decoded."""
        updates = tf.ones_like(samples, tf.bool)
        return self._failed.scatter_update(tf.IndexedSlices(updates, samples))

    def labels_of(self, samples: Tensor) -> Tensor:
        """Returns the labels of samples, in a graph."""
        return tf.gather(self._tensors["labels"], samples)

    def paths_of(self, samples: Tensor) -> Tensor:
        """Returns the paths of samples, in a graph."""
        return tf.map_fn(
            lambda sample: path_at(self._tensors, sample), samples, fn_output_signature=tf.string
        )

    def names(self) -> list[bytes]:
        """Returns the paths as the file system has them: they need not be UTF-8."""
        return [os.fsencode(path) for path in self.paths]

    @functools.cached_property
    def _plans(self):
        """Which pixels are needed of files of each kind, and where they go."""
        with tf.init_scope():
            return decoder.plan(self._kinds[0], self.image_size, self.resize, self.jpeg)

    @functools.cached_property
    def _variety(self):
        """Which formats of files there are, and whether all of them are upright."""
        formats, orientations = np.unique(self.facts[:, 0]), np.unique(self.facts[:, 3])
        return tuple(formats.tolist()) or None, orientations.tolist() == [1]

    @functools.cached_property
    def _kinds(self):
        """The facts that files have, each once, and which of these are those of each file."""
        order = np.lexsort(self.facts.T)
        new = np.any(np.diff(self.facts[order], axis=0), axis=1)
        kinds = np.empty(len(order), np.int32)
        kinds[order] = np.concatenate([[0], np.cumsum(new)])[: len(order)]
        firsts = order[np.concatenate([[True], new])[: len(order)]]
        return self.facts[firsts], kinds

    @functools.cached_property
    def _tensors(self):
        """What graphs look up by a sample's number, beside them: they do not grow with it."""
        with tf.init_scope():
            return {
                **self.paths.tensors(),
                "facts": tf.constant(self._kinds[0]),
                "kinds": tf.constant(self._kinds[1]),
                "labels": tf.constant(self.labels),
            }

    def _reason(self, number):
        """Asks what is wrong with a file that TensorFlow did not decode."""
        path = self.paths[number]
        try:
            header = _decode.read_header(path)
            if decoder.facts_of(header) != tuple(self.facts[number]):
                return "not the file that it was when the folder was listed"
            self.image(number)
        except tf.errors.OpError as error:
            first = re.sub(r"{{.*?}}", "", error.message).strip().partition("\n")[0]
            return f"damaged ({first[:100]})"
        except Exception as error:  # Pillow raises errors of many kinds for damaged files
            return _unreadable.reason(path, error)
        return "could not be read at the time"


@functools.lru_cache
def _decoder(image_size, channels, resize, jpeg, planned, kinds, all_upright):
    """Returns a function of a file and its plan, traced once for all pipelines."""
    decode = functools.partial(
        decoder.decode,
        image_size=image_size,
        channels=channels,
        resize=resize,
        jpeg=jpeg,
        kinds=kinds,
        all_upright=all_upright,
    )
    return tf.function(
        lambda content, *plan: decode(content, plan=plan),
        autograph=False,
        input_signature=[
            tf.TensorSpec([], tf.string),
            tf.TensorSpec([planned], tf.int32),
            tf.TensorSpec([4], tf.float32),
        ],
    )


class Files:
    """Batches of a `FilePart`, for `pipeline`.

    Files are decoded by parallel calls, in order. A call that fails leaves its sample out; the
    numbers that are missing in what comes out are the files that could not be read. A shuffled
    epoch begins anew in their place, so that it has as many batches as all files make: training
    schedules and several devices count on it. Otherwise, as for scores, nothing comes twice.
    """

    def __init__(self, data, batch_size, seed, shuffle, shard, shuffle_buffer, pairs):
        del shuffle_buffer
        self.part, self.batch_size, self.pairs = data, batch_size, pairs
        self.order = {"count": len(data), "seed": seed, "shuffle": shuffle, "shard": shard}
        index, shards = shard
        self.own = len(range(index, len(data), shards))
        if self.own == 0:
            raise ValueError(f"shard {shard} of {len(data)} files is empty")
        # Without shuffling it is not known: some files may not be readable.
        self.num_batches = math.ceil(self.own / batch_size) if shuffle else None

    def batches(self, epochs):
        """Gives images, labels and numbers of every batch."""
        return epochs.flat_map(tf.autograph.experimental.do_not_convert(self._epoch))

    def samples(self, batch):
        """Gives the numbers of a batch's samples."""
        return batch["samples"]

    def read(self, batch):
        """Adds images and labels where they are not there yet; and partners, the next images."""
        if self.part.holds_images:
            samples = batch["samples"]
            images, labels = self.part._images_of(samples), self.part.labels_of(samples)
            batch = {**batch, "images": images, "labels": labels}
        return {**batch, "partners": tf.roll(batch["images"], -1, axis=0)} if self.pairs else batch

    def _epoch(self, epoch):
        plain = tf.autograph.experimental.do_not_convert
        if self.part.holds_images:
            places = tf.data.Dataset.range(self.own, output_type=tf.int64).batch(self.batch_size)
            samples = plain(lambda own: samples_at(own, epoch, **self.order))
            return places.map(lambda own: {"epoch": epoch, "samples": samples(own)})

        def decode(place):
            sample = samples_at(place[None], epoch, **self.order)[0]
            return place, sample, self.part.read_box(sample, seed=self.order["seed"], epoch=epoch)

        images = tf.data.Dataset.range(self.own, output_type=tf.int64)
        calls = _cost.calls_at_once(self.part.facts)
        images = images.map(plain(decode), num_parallel_calls=calls, deterministic=True)
        images = images.ignore_errors(log_warning=False)
        # One more place, that is always there, shows what is missing at the end.
        end = (tf.constant(self.own, tf.int64), tf.constant(-1, tf.int64))
        end = tf.data.Dataset.from_tensors((*end, tf.zeros(self.part.shape, tf.uint8)))
        images = images.concatenate(end)
        start = (tf.constant(-1, tf.int64), tf.constant(0, tf.int64))
        images = images.scan(start, plain(lambda state, row: self._watched(state, row, epoch)))
        images = images.filter(lambda sample, image: sample >= 0)  # pyright: ignore[reportArgumentType]
        if self.order["shuffle"]:
            images = images.repeat().take(self.own)
        return images.batch(self.batch_size).map(
            plain(
                lambda samples, pixels: {
                    "epoch": epoch,
                    "samples": samples,
                    "images": pixels,
                    "labels": self.part.labels_of(samples),
                }
            )
        )

    def _watched(self, state, row, epoch):
        """Notes the files between the last place and this one, which are missing."""
        last, bad = state
        place, sample, image = row

        def note():
            samples = samples_at(tf.range(last + 1, place), epoch, **self.order)
            count = bad + place - last - 1
            with tf.control_dependencies([self.part.note(samples)]):
                message = (
                    f"more than {self.part.most_bad} of {len(self.part)} image files cannot be "
                    "read, the last of them"
                )
                paths = self.part.paths_of(samples)
                check = tf.debugging.Assert(count <= self.part.most_bad, [message, paths])
            with tf.control_dependencies([check]):
                return tf.identity(count)

        bad = tf.cond(place > last + 1, note, lambda: bad)
        return (place, bad), (sample, image)
