"""From samples to augmented batches: one epoch long, new draws every epoch.

What happens to a sample is a function of the seed, the epoch and the sample's number, and of
nothing else: not of the batch size, of the number of parallel calls, of the shard, or of where a
run was resumed. An epoch's order is likewise a function of seed and epoch.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import tensorflow as tf

from keras_cv_extras._base import checks, label_forms
from keras_cv_extras._base.datasets import samples as _samples
from keras_cv_extras._base.datasets.transformations import flat_mapped, mapped, processor, unbatched
from keras_cv_extras._base.host.cores import num_cores
from keras_cv_extras._base.images.value_range import check_values
from keras_cv_extras._base.random import PARTNER_SLOT
from keras_cv_extras.data._augmenter import augmenter, is_foreign
from keras_cv_extras.data._order import samples_at, uniform, word
from keras_cv_extras.data._records import as_pairs, keys_of
from keras_cv_extras.data._rows import EpochStream, Rows
from keras_cv_extras.data.files._file_part import FilePart
from keras_cv_extras.data.files._stream import Files
from keras_cv_extras.mix import Mix
from keras_cv_extras.policy import Policy, PolicySchedule


def pipeline(
    data: Any,
    batch_size: int,
    policy: Policy | PolicySchedule | None = None,
    mix: Mix | None = None,
    seed: int = 0,
    shuffle: bool = True,
    *,
    epoch: int | None = None,
    first_epoch: int = 0,
    num_epochs: int | None = None,
    shard: tuple[int, int] = (0, 1),
    shuffle_buffer: int = 10_000,
    num_parallel_calls: int = tf.data.AUTOTUNE,
    num_repeats: int = 1,
) -> "tf.data.Dataset[Any]":
    """Makes a dataset of augmented batches, one epoch long.

    Every pass over the dataset is the next epoch, with a new order and new augmentations. One
    compiled program augments whole batches; a last partial batch is padded for it and cut
    afterwards, so that nothing is compiled twice.

    Args:
        data: `(images, labels)` in memory, images of shape `(count, height, width, channels)`,
            integer or float, labels an array or a nest of arrays of as many rows; or a
            `tf.data.Dataset` of `(image, label)`, images of one known size, one by one or in
            batches, which are divided first; or either as a dictionary with "image" and "label";
            or a source that balances classes (`SmoteSource`, `BalancedSource`, `SmoteStream`); or a
            part of `image_files`, whose files are read anew in every epoch.
        batch_size: samples per batch; the last one may be smaller.
        policy: a `Policy`, or a `PolicySchedule` that goes by the epoch, or None. A policy that
            mixes in second images gets them from all of `data` if it is in memory, else from the
            same batch.
        mix: None, or a function `(images, labels, *, seed, epoch, samples)` of a batch that
            returns `(images, labels)`, run after the policy.
        seed: an integer, for the order and the augmentations.
        shuffle: whether each epoch has another order. Arrays and files are shuffled perfectly, a
            dataset through a buffer.
        epoch: None to go on from epoch to epoch with every pass, or the number of the one epoch
            that the dataset always gives. That form has no state and can be sent elsewhere, as
            tf.data service does, on the TensorFlow backend.
        first_epoch: the epoch of the first pass, for a run that is resumed.
        num_epochs: None for a dataset of one epoch, or how many epochs it holds, one after the
            other.
        shard: `(index, count)`: which part of the samples of each epoch. A shard has every
            `count`-th sample of the epoch's order.
        shuffle_buffer: samples in the buffer through which a dataset is shuffled.
        num_parallel_calls: batches that are made at a time; AUTOTUNE for as many as there are
            cores. The result does not depend on it.
        num_repeats: how often a sample is repeated in a row, each time augmented differently:
            repeated augmentation, for data in memory. An epoch has the same number of batches, and
            that many times fewer samples.

    Returns:
        A `tf.data.Dataset` of `(images, labels)` batches with a checkpointable iterator.

    Raises:
        TypeError, ValueError: if an argument is not as above, or images hold NaN.

    Example:
        >>> train = pipeline((images, labels), 128, policy=rand_augment(), seed=1)
        >>> model.fit(train, epochs=10)
    """
    batch_size = checks.integer("batch_size", batch_size, minimum=1)
    checks.integer("first_epoch", first_epoch, minimum=0)
    index, count = shard
    checks.integer("the number of shards", count, minimum=1)
    if not 0 <= checks.integer("the index of the shard", index) < count:
        raise ValueError(f"shard must be (index, count) with index below count, received {shard}")
    if policy is not None and not isinstance(policy, (Policy, PolicySchedule)):
        raise TypeError(f"policy must be a Policy or None, received {policy!r}")
    if mix is not None and not callable(mix):
        raise TypeError(f"mix must be a function or None, received {mix!r}")
    data = _as_pairs(data)
    source = _source_of(data)
    pairs = policy is not None and policy.needs_partners
    source = source(data, batch_size, seed, shuffle, shard, shuffle_buffer, pairs)
    if checks.integer("num_repeats", num_repeats, minimum=1) > 1:
        if not isinstance(source, _Arrays):
            raise ValueError(
                "num_repeats must be 1 for a dataset and for streamed files: repeated augmentation "
                "needs the images in memory"
            )
        if not shuffle:
            raise ValueError(
                "num_repeats needs shuffle=True: an epoch has as many batches as ever, and samples "
                "at the end would never come"
            )
        source.num_repeats = num_repeats
    if isinstance(source, _Arrays) and (policy is not None or mix is not None):
        if len(source.rows.images.shape) == 2:
            raise ValueError("policy and mix must be None for a table, which holds no images")
        if policy is not None:
            to = "" if policy.reads_values else None
            check_values(source.rows.images, policy.value_range, to=to)
        if mix is not None:
            label_forms.check_to_mix(source.rows.flat, getattr(mix, "num_classes", None))

    if epoch is not None:
        epochs = tf.data.Dataset.from_tensors(checks.integer("epoch", epoch, minimum=0))
        epochs = mapped(epochs, lambda number: tf.cast(number, tf.int64))
    elif num_epochs is not None:
        last = first_epoch + checks.integer("num_epochs", num_epochs, minimum=1)
        epochs = tf.data.Dataset.range(first_epoch, last)
    else:
        epochs = _next_epoch(first_epoch)
    dataset = source.batches(epochs)

    def made(batch):
        batch = source.read(batch)
        augment = augmenter(
            policy,
            mix,
            seed,
            batch_size,
            tf.nest.map_structure(tf.type_spec_from_value, batch),
            epoch=epoch,
        )
        return augment(batch)

    if num_parallel_calls == tf.data.AUTOTUNE:
        num_parallel_calls = num_cores()
    dataset = mapped(
        dataset,
        made,
        num_parallel_calls=num_parallel_calls,
        optimize=is_foreign(policy) or is_foreign(mix),
    )
    if source.num_batches is not None:
        count = source.num_batches * (num_epochs or 1)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
    options = tf.data.Options()
    # The counter of epochs is a variable. An iterator's checkpoint holds the number of the epoch
    # that it is in, which is all that it needs.
    options.experimental_external_state_policy = tf.data.experimental.ExternalStatePolicy.IGNORE
    # There is nothing to tune, and its thread sleeps ever longer: the end of a pass waits for it.
    options.autotune.enabled = False
    # Nor is there anything to rewrite, and looking for it delays the first pass.
    options.experimental_optimization.apply_default_optimizations = False
    dataset = dataset.prefetch(2).with_options(options)
    if epoch is None:
        return dataset
    return _samples.remember(dataset, lambda: mapped(source.batches(epochs), source.samples))


def _as_pairs(data):
    """Returns dictionaries as pairs, and batches as single images."""
    if isinstance(data, Mapping):
        image, label = keys_of(data)
        return data[image], data[label]
    if not isinstance(data, tf.data.Dataset):
        return data
    data = as_pairs(data)
    spec = data.element_spec
    shape = getattr(spec[0], "shape", None) if isinstance(spec, tuple) else None
    batched = shape is not None and shape.rank == 4
    return unbatched(data) if batched else data


def _source_of(data):
    if isinstance(data, FilePart):
        return Files
    return _Stream if isinstance(data, (tf.data.Dataset, EpochStream)) else _Arrays


def _next_epoch(first):
    """A dataset of one number, which is one more at every pass."""
    with tf.device(processor()):
        counter = tf.Variable(first - 1, dtype=tf.int64, trainable=False, name="epoch")
    count = lambda _: tf.convert_to_tensor(counter.assign_add(1))  # noqa: E731
    return mapped(tf.data.Dataset.from_tensors(0), count)


class _Arrays:
    """Samples in memory: batches are gathered by number, in a perfect and stateless shuffle."""

    def __init__(self, data, batch_size, seed, shuffle, shard, shuffle_buffer, pairs):
        del shuffle_buffer
        if not isinstance(data, Rows):
            if not isinstance(data, (tuple, list)) or len(data) != 2:
                raise TypeError(
                    "data must be (images, labels) or a tf.data.Dataset of (image, label), "
                    f"received {type(data).__name__}"
                )
            data = Rows(*data)
        self.rows = data
        self.count = self.rows.count
        self.batch_size, self.seed, self.shuffle, self.shard = batch_size, seed, shuffle, shard
        self.pairs = pairs
        index, shards = shard
        self.own = len(range(index, self.count, shards))
        if self.own == 0:
            raise ValueError(f"shard {shard} of {self.count} samples is empty")
        self.num_batches = math.ceil(self.own / batch_size)
        self.num_repeats = 1

    def batches(self, epochs):
        """Gives the numbers of every batch: of its epoch, and in its epoch."""
        numbers = tf.data.Dataset.range(self.num_batches, output_type=tf.int64)
        named = lambda epoch, number: {"epoch": epoch, "number": number}  # noqa: E731
        return flat_mapped(epochs, lambda epoch: mapped(numbers, partial(named, epoch)))

    def samples(self, batch):
        """Gives the numbers of a batch's samples."""
        return self._own_samples(self._places(batch), batch["epoch"])

    def _places(self, batch):
        start = batch["number"] * self.batch_size
        return tf.range(start, tf.minimum(start + self.batch_size, self.own))

    def _own_samples(self, places, epoch):
        return samples_at(
            places // self.num_repeats,
            epoch,
            count=self.count,
            seed=self.seed,
            shuffle=self.shuffle,
            shard=self.shard,
        )

    def read(self, batch):
        """Gathers a batch by its numbers."""
        places, epoch = self._places(batch), batch["epoch"]
        samples = self._own_samples(places, epoch)
        images, labels = self.rows.gather(samples, epoch)
        if self.num_repeats > 1:  # a sample that comes again has draws of its own
            samples += places % self.num_repeats * self.count
        gathered = {"epoch": epoch, "samples": samples, "images": images, "labels": labels}
        if self.pairs:
            real: Any = self.rows.images
            chosen = uniform(self.seed, epoch, samples, PARTNER_SLOT)
            partners = tf.cast(chosen * float(real.shape[0]), tf.int64)
            gathered["partners"] = tf.gather(real, tf.minimum(partners, real.shape[0] - 1))
        return gathered


class _Stream:
    """An unbatched dataset: samples are numbered in its own order, before it is shuffled."""

    def __init__(self, data, batch_size, seed, shuffle, shard, shuffle_buffer, pairs):
        spec = data.element_spec
        if not isinstance(spec, tuple) or len(spec) != 2:
            raise TypeError(f"data must be a dataset of (image, label), received {spec}")
        shape = spec[0].shape
        if shape.rank != 3:
            raise ValueError(
                "data must be a dataset of single images of shape (height, width, channels), "
                f"received shape {shape}"
            )
        if None in shape[:]:
            raise ValueError(
                "data must be a dataset of images of one known size, received shape "
                f"{shape}: bring them to it with map, and say it with tf.ensure_shape"
            )
        self.data, self.batch_size, self.seed, self.shuffle = data, batch_size, seed, shuffle
        self.pairs = pairs
        self.shard, self.buffer = (
            shard,
            checks.integer("shuffle_buffer", shuffle_buffer, minimum=1),
        )
        count = int(data.cardinality())
        if count == 0:
            raise ValueError("data must hold at least one sample, received an empty dataset")
        index, shards = shard
        own = len(range(index, count, shards)) if count > 0 else None
        self.num_batches = None if own is None else math.ceil(own / batch_size)

    def batches(self, epochs):
        """Gives images, labels and numbers of every batch."""
        return flat_mapped(epochs, self._epoch)

    def _epoch(self, epoch):
        index, shards = self.shard
        data = self.data.of_epoch(epoch) if isinstance(self.data, EpochStream) else self.data
        numbered = data.enumerate()
        if self.shuffle:
            numbered = _shuffled(numbered, self.buffer, word(self.seed), epoch)
        if shards > 1:
            numbered = numbered.shard(shards, index)
        named = lambda samples, pair: {  # noqa: E731
            "epoch": epoch,
            "samples": samples,
            "images": pair[0],
            "labels": pair[1],
        }
        return mapped(numbered.batch(self.batch_size), named)

    def samples(self, batch):
        """Gives the numbers of a batch's samples."""
        return batch["samples"]

    def read(self, batch):
        """Adds partners: without all the data at hand, the next images of the batch."""
        return {**batch, "partners": tf.roll(batch["images"], -1, axis=0)} if self.pairs else batch


def _shuffled(dataset, buffer, seed, epoch):
    """Shuffles a dataset through a buffer, by two numbers alone.

    `Dataset.shuffle` mixes in TensorFlow's global seed, and fails where that is 0 and its own
    seed is a tensor.
    """
    specs = tf.nest.flatten(dataset.element_spec)
    shuffled = tf.raw_ops.ShuffleDataset(
        input_dataset=tf.data.experimental.to_variant(dataset),
        buffer_size=buffer,
        seed=tf.cast(seed, tf.int64) + 1,  # two zeros would stand for any seed
        seed2=epoch,
        output_types=[spec.dtype for spec in specs],
        output_shapes=[spec.shape for spec in specs],
        reshuffle_each_iteration=False,
    )
    return tf.data.experimental.from_variant(shuffled, dataset.element_spec)
