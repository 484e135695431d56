"""The augmentation of a pipeline's batches: a part of the dataset's graph, or called from it.

A part of the graph is faster, and can be sent elsewhere. But a dataset with the program of a
policy takes a tenth of a second to make. Where every epoch has a dataset of its own, a function is
called instead, which is made once for all of them: some tenths of a millisecond more per batch.
"""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_cv_extras._base import engine
from keras_cv_extras._base.datasets.samples import dataset_runs_here
from keras_cv_extras._base.datasets.transformations import called
from keras_cv_extras.mix import Mix

_PACKAGE = __name__.partition(".")[0] + "."


def augmenter(policy, mix, seed, batch_size, spec, *, epoch):
    """Returns a function from batches to `(images, labels)`.

    Args:
        policy: a policy, a schedule or None.
        mix: a mix or None.
        seed: an integer.
        batch_size: rows of a full batch.
        spec: the specification of a batch, a dictionary of `images`, `labels`, `samples`,
            `epoch`, and `partners` where the policy needs them.
        epoch: None, or the only epoch of a dataset, which may be sent elsewhere.
    """
    if policy is None and mix is None:
        return lambda batch: (batch["images"], batch["labels"])
    if mix is not None:
        return _augmenter(policy, mix, seed, batch_size, spec, epoch)
    del spec["labels"]  # nothing is done to them
    augment = _augmenter(policy, None, seed, batch_size, spec, epoch)

    def without_labels(batch):
        labels = batch.pop("labels")
        return augment(batch), labels

    return without_labels


def is_foreign(augmentation: Any) -> bool:
    """Returns whether the call of a policy or a mix is not the library's own, compiled one."""
    if augmentation is None:
        return False
    module = getattr(type(augmentation).__call__, "__module__", None)
    return not str(module).startswith(_PACKAGE)


def _augmenter(policy, mix, seed, batch_size, spec, epoch):
    augment = functools.partial(_augment, policy=policy, mix=mix, seed=seed, batch_size=batch_size)
    if keras.backend.backend() != "tensorflow":
        return _on_another_backend(augment, batch_size, spec)
    if epoch is None or not dataset_runs_here():
        return augment
    shapes = tuple(tf.nest.flatten(spec, expand_composites=True))
    if mix is None or isinstance(mix, Mix):
        program, outputs = _kept_program(policy, mix, seed, batch_size, _Spec(spec, shapes))
    else:  # somebody's function, which may do something else next time
        program, outputs = _program(policy, mix, seed, batch_size, _Spec(spec, shapes))
    return lambda batch: _call(program, batch, outputs)


class _Spec:
    """A specification of a batch that can be a key."""

    def __init__(self, spec, shapes):
        self.spec, self.shapes = spec, shapes

    def __hash__(self):
        return hash(self.shapes)

    def __eq__(self, other):
        return self.shapes == other.shapes and str(self.spec) == str(other.spec)


def _program(policy, mix, seed, batch_size, spec):
    """Returns a function of flat tensors, and the specification of what it returns."""

    def augment(*flat):
        batch = tf.nest.pack_sequence_as(spec.spec, flat, expand_composites=True)
        return _augment(batch, policy=policy, mix=mix, seed=seed, batch_size=batch_size)

    with tf.init_scope():
        made = tf.function(augment, autograph=False).get_concrete_function(*spec.shapes)
    return lambda *flat: called(made, flat), made.structured_outputs


_kept_program = functools.lru_cache(maxsize=32)(_program)


def _call(function, batch, outputs):
    """Calls a function of flat tensors in this process."""
    flat = tf.nest.flatten(outputs, expand_composites=True)
    given = tf.nest.flatten(batch, expand_composites=True)
    results = tf.py_function(function, given, [item.dtype for item in flat])
    for result, item in zip(results, flat, strict=True):
        result.set_shape(item.shape)
    return tf.nest.pack_sequence_as(outputs, results, expand_composites=True)


def _on_another_backend(augment, batch_size, spec):
    """Lets another backend than TensorFlow augment: its arrays go in and come out."""

    def call(*arrays):
        batch = tf.nest.pack_sequence_as(spec, arrays)
        for name in ("samples", "epoch"):  # 64 bits would be cut with a warning
            batch[name] = (batch[name] % (1 << 32)).astype("uint32")
        with keras.device("cpu:0"):
            batch = tf.nest.map_structure(keras.ops.convert_to_tensor, batch)
            return tf.nest.map_structure(keras.ops.convert_to_numpy, augment(batch))

    def empty(item):
        sizes = [batch_size if size is None else size for size in item.shape]
        return np.zeros(sizes, item.dtype.as_numpy_dtype)

    with tf.init_scope():
        first = call(*tf.nest.flatten(tf.nest.map_structure(empty, spec)))
    outputs = tf.nest.map_structure(
        lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), first
    )

    def on_arrays(*flat):
        return tf.nest.flatten(call(*(tensor.numpy() for tensor in flat)))

    return lambda batch: _call(on_arrays, batch, outputs)


def _augment(batch, *, policy, mix, seed, batch_size):
    """Augments a batch, padded to its full size and cut again; without a mix, its images."""
    with engine.execution("image"):  # a dataset runs on a processor
        return _augmented(batch, policy, mix, seed, batch_size)


def _augmented(batch, policy, mix, seed, batch_size):
    images, samples = batch["images"], batch["samples"]
    epoch, shape = batch["epoch"], images.shape
    size = keras.ops.shape(samples)[0]
    if policy is not None:

        def pad(tensor):
            rows = keras.ops.minimum(keras.ops.arange(batch_size), size - 1)  # repeats the last
            padded = engine.take(tensor, rows, axis=0)
            return keras.ops.reshape(padded, (batch_size, *tensor.shape[1:]))

        partners = pad(batch["partners"]) if "partners" in batch else None
        images = policy(
            pad(images), seed=seed, epoch=epoch, samples=pad(samples), partners=partners
        )[:size]
        if keras.backend.backend() == "tensorflow":
            images.set_shape(shape)
    if mix is None:
        return images
    return mix(images, batch["labels"], seed=seed, epoch=epoch, samples=samples)
