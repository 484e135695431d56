"""Image files that are read anew in every epoch; what cannot be read is left out and named."""

import functools
import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras._base.datasets.transformations import called, processor
from keras_cv_extras._base.types import ArrayLike, Tensor
from keras_cv_extras.data.files import _decode, _unreadable, decoder
from keras_cv_extras.data.files._crop import RandomResizedCrop
from keras_cv_extras.data.files._paths import Paths

# A function is prepared anew for every pass over the files. Looking for a better graph takes as
# long as all the rest of that, and finds nothing that makes decoding faster.
_AS_WRITTEN = tf.compat.v1.ConfigProto()
_AS_WRITTEN.graph_options.rewrite_options.disable_meta_optimizer = True
_AS_WRITTEN = _AS_WRITTEN.SerializeToString()


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
        with tf.device(processor()):
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
        return self._decoded(sample, [tf.gather(rows, kind) for rows in self._plans])

    def read_box(self, sample: Tensor, *, seed: int, epoch: Tensor) -> Tensor:
        """Returns the box of a sample that `crop` draws for an epoch, decoded; else all of it."""
        return self._decoded(sample, self._planned(sample, seed, epoch))

    def _planned(self, samples, seed, epoch):
        """Returns what `_decoded` needs to know of a sample in an epoch, or of several."""
        kinds = tf.gather(self._tensors["kinds"], samples)
        if self.crop is None:
            return [tf.gather(rows, kinds) for rows in self._plans]
        facts = tf.gather(self._tensors["facts"], kinds)
        size = facts[..., 1:3]
        turned = facts[..., 3:] >= min(_decode.TURNED)
        size = tf.where(turned, tf.reverse(size, [-1]), size)
        box = self.crop.box(size, seed=seed, epoch=epoch, sample=samples)
        return decoder.plan_box(facts, box, self.image_size, self.jpeg)

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
        """Returns the path of a sample, or the paths of several, in a graph."""
        if len(samples.shape) == 0:
            return path_at(self._tensors, samples)
        return tf.map_fn(self.paths_of, samples, fn_output_signature=tf.string)

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
    with tf.init_scope():
        made = tf.function(
            lambda content, *plan: decode(content, plan=plan),
            autograph=False,
            input_signature=[
                tf.TensorSpec([], tf.string),
                tf.TensorSpec([planned], tf.int32),
                tf.TensorSpec([4], tf.float32),
            ],
        ).get_concrete_function()

    def call(content, *plan):
        images = called(made, (content, *plan), config_proto=_AS_WRITTEN)
        return tf.ensure_shape(images[0], (*image_size, channels))

    return call


def path_at(tensors: dict[str, Tensor], number: Tensor) -> Tensor:
    """Returns a path, in a graph.

    Args:
        tensors: of `Paths.tensors`.
        number: an integer, which one.
    """
    start, length = tf.gather(tensors["starts"], number), tf.gather(tensors["lengths"], number)
    name = tf.slice(tensors["content"], start[None], tf.cast(length, start.dtype)[None])
    return tensors["root"] + text_of(name)


def text_of(content: Tensor) -> Tensor:
    """Returns bytes as a text: they are the last of their tensor, written as a message.

    Args:
        content: uint8 `(n,)`.
    """
    length = tf.size(content)
    return tf.strings.substr(tf.io.serialize_tensor(content), -length, length)
