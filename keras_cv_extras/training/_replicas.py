"""What each replica of a distributed training gets: its rows of every batch, its random numbers.

A batch of n rows is cut into as many pieces as there are replicas, whose sizes differ by one at
most. Keras takes the mean of a piece's m losses and the mean of these means; with the weight
`replicas * m / n` for its rows, that is the mean over the whole batch, as on one device. A batch
of fewer rows than replicas is filled up with rows of weight 0, which count in no metric either.
"""

import math
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_cv_extras._base.datasets.transformations import flat_mapped, mapped, scanned

COUPLED = (
    "a loss that compares the samples of a batch needs batches that divide by the number of "
    "devices: choose another batch size, or leave the remainder out"
)
OWN_STEPS = (
    "a model with a train_step or test_step of its own needs batches that divide by the number of "
    "devices, for rows that fill a batch up would count there: choose another batch size, or leave "
    "the remainder out"
)
_ODD = 0x9E3779B9  # 2 ** 32 over the golden ratio: seeds of replicas are far from each other


def distribute(dataset, strategy, place, *, weigh, counted=True, whole=True):
    """Turns a dataset of batches into one that gives every replica its piece.

    Args:
        dataset: batches `(x, y)` or `(x, y, weights)`.
        strategy: a `tf.distribute.Strategy`.
        place: this process's `Place`.
        weigh: whether losses are means, which the weights keep.
        counted: whether the pieces are `(x, y, Counts)`, else they are `(x, y, Plain)`.
        whole: whether the batches are those of all workers, not those of this one.

    Returns:
        The distributed dataset, and the specification of one piece.
    """
    first, total = (place.first, place.replicas) if whole else (0, place.local)
    numbers = tf.data.Dataset.range(first, first + place.local)

    def pieces(*batch):
        return mapped(numbers, lambda number: _piece(batch, number, total, weigh, counted))

    dataset = flat_mapped(dataset, pieces).prefetch(2 * place.local)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    dataset = dataset.with_options(options)
    spec = dataset.element_spec
    return strategy.distribute_datasets_from_function(lambda context: dataset), spec


def _piece(batch, number, total, weigh, counted=True):
    """The rows of one replica, with what they count."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    if y is None:
        raise ValueError("a distributed training needs batches (images, labels)")
    size = tf.shape(tf.nest.flatten(x)[0], out_type=tf.int64)[0]
    start, stop = number * size // total, (number + 1) * size // total
    real = tf.cast(stop > start, tf.float32)
    start = tf.minimum(start, size - 1)
    stop = tf.maximum(stop, start + 1)
    x, y = tf.nest.map_structure(lambda tensor: tensor[start:stop], (x, y))
    if not counted:
        return x, y, Plain(() if weights is None else (_rows(weights, start, stop),), real)
    rows, share = stop - start, tf.cast(size, tf.float32) / tf.cast(total, tf.float32)
    scale = tf.cast(rows, tf.float32) / share if weigh else 1.0
    weights = tf.ones([rows]) if weights is None else _rows(weights, start, stop)
    own = tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32) * real, weights)
    loss = tf.nest.map_structure(lambda tensor: tensor * scale, own)
    return x, y, Counts(loss, own, tf.fill([rows], real), tf.fill([rows], share))


def num_shards() -> int:
    """Returns into how many parts Keras' own distribution cuts a batch: 1 without one."""
    distribution = keras.distribution.distribution()
    if not isinstance(distribution, keras.distribution.DataParallel):
        return 1
    return math.prod(distribution.device_mesh.shape)


class Counts(NamedTuple):
    """Which rows of a filled-up batch, or of a replica's piece of one, count.

    Args:
        loss: weights for the loss, 0 for rows that fill up; their mean makes up for those.
        own: the weights that were given, else ones; 0 for rows that fill up.
        real: 1 for rows of the batch, 0 for others.
        rows: how many rows the batch has, over the replicas, as often as there are rows.
    """

    loss: Any
    own: Any
    real: Any
    rows: Any


class Plain(NamedTuple):
    """What stands beside a piece for a step that takes no counts.

    Args:
        weights: those that were given, as a tuple of one or none.
        real: 1, or 0 if its one row fills the batch up.
    """

    weights: tuple[Any, ...]
    real: Any


def filled(dataset, shards, *, weigh, coupled=False):
    """Fills all batches up to one size, which divides by a number.

    XLA compiles for every size of a batch anew, and `keras.distribution.DataParallel` takes no
    batch that does not divide. The rows that fill up are those of the batch once more, in turn, so
    that batch normalisation sees about the same; they have weight 0.

    Args:
        dataset: batches `(x, y)` or `(x, y, weights)`. The first is as large as any.
        shards: what the sizes divide by.
        weigh: whether losses are means, which the weights keep.
        coupled: whether a loss compares the rows of a batch: no row may then come twice.

    Returns:
        A dataset of `(x, y, Counts)`.
    """

    def fill(most, batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        size = tf.shape(tf.nest.flatten(x)[0])[0]
        whole = [tf.debugging.assert_equal(size % shards, 0, COUPLED)] if coupled else []
        with tf.control_dependencies(whole):
            full = tf.maximum(most, -(-size // shards) * shards)
        rows = tf.range(full)
        x, y, weights = tf.nest.map_structure(
            lambda tensor: tf.gather(tensor, rows % size),
            (x, y, tf.ones([size]) if weights is None else weights),
        )
        real = tf.cast(rows < size, tf.float32)
        own = tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32) * real, weights)
        scale = tf.cast(full, tf.float32) / tf.cast(size, tf.float32) if weigh else 1.0
        loss = tf.nest.map_structure(lambda tensor: tensor * scale, own)
        counts = Counts(loss, own, real, tf.fill([full], tf.cast(size, tf.float32)))
        return (full if not coupled else tf.constant(0)), (x, y, counts)

    return scanned(dataset, tf.constant(0), fill)


def divided(dataset, shards):
    """Returns a dataset as it is, which raises where the size of a batch does not divide.

    Args:
        dataset: batches.
        shards: what the sizes must divide by.
    """

    def check(*batch):
        size = tf.shape(tf.nest.flatten(batch)[0])[0]
        with tf.control_dependencies([tf.debugging.assert_equal(size % shards, 0, OWN_STEPS)]):
            same = tf.nest.map_structure(tf.identity, batch)
        return same if isinstance(dataset.element_spec, tuple) else same[0]

    return mapped(dataset, check)


def _rows(tensors, start, stop):
    return tf.nest.map_structure(lambda tensor: tensor[start:stop], tensors)


def part_random_numbers(model, strategy, place):
    """Makes the random numbers of replicas differ; those of replica 0 stay as they are.

    Keras gives every replica the same dropout masks and the same augmentation, from copies of
    one seed. A seed's copies are variables of their own, so each can have another seed.
    """
    for variable in seed_states(model):
        for number, copy in enumerate(strategy.experimental_local_results(variable.value)):
            offset = (place.first + number) * _ODD % (1 << 32)
            copy.assign_add(tf.cast([offset, 0], copy.dtype))


def seed_states(model):
    """Returns the variables of a model that hold a seed and a count of draws."""
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]


def check_model(model, strategy):
    """Raises if a compiled model asks for what does not work under a strategy."""
    if model.steps_per_execution != 1:
        raise ValueError(
            "steps_per_execution must be 1 under a strategy, received "
            f"{model.steps_per_execution}: Keras' loop over steps fails there"
        )
    # Elsewhere Keras turns it on by itself where there is a GPU, and it is left out.
    if model.distribute_strategy is strategy and model.jit_compile:
        raise ValueError(
            "jit_compile must be False under a strategy: XLA cannot reach the variables of other "
            "devices. Compile the model with jit_compile=False"
        )
    steps = model.optimizer.gradient_accumulation_steps
    if steps:
        raise ValueError(
            f"gradient_accumulation_steps must be None under a strategy, received {steps}: "
            "Keras' choice between adding and applying gradients fails there. Leave it out, and "
            f"make batches {steps} times as large, which the devices share"
        )


def is_coupled(model):
    """Returns whether a loss compares the samples of a batch with each other."""
    return any(getattr(loss, "compares_labels", False) for loss in tf.nest.flatten(model.loss))


def can_be_filled(model):
    """Returns whether XLA runs the steps of a model, and rows of weight 0 change nothing there."""
    known = model.jit_compile and not is_coupled(model) and _reductions(model)
    return bool(known and has_steps_of_keras(model))


def has_steps_of_keras(model):
    """Returns whether a model trains and validates by the steps of Keras, which take weights."""
    return trains_as_keras(model) and tests_as_keras(model)


def trains_as_keras(model):
    """Returns whether a model trains by the step of Keras, which takes weights."""
    return type(model).train_step.__module__.startswith("keras.")


def tests_as_keras(model):
    """Returns whether a model validates by the step of Keras, which takes weights."""
    return type(model).test_step.__module__.startswith("keras.")


def has_rows(dataset):
    """Returns whether a dataset is of batches `(x, y)`, with weights or not, of plain tensors."""
    if not isinstance(dataset, tf.data.Dataset) or not isinstance(dataset.element_spec, tuple):
        return False
    parts = tf.nest.flatten(dataset.element_spec)
    plain = all(isinstance(part, tf.TensorSpec) and part.shape.rank for part in parts)
    return plain and len(dataset.element_spec) in (2, 3)


def scales_by_size(model):
    """Returns whether a loss is a mean over rows; raises if it is neither that nor a sum."""
    known = _reductions(model)
    if known is None:
        losses = tf.nest.flatten(model.loss)
        received = sorted({str(loss.reduction) for loss in losses if hasattr(loss, "reduction")})
        raise ValueError(
            "under a strategy, losses must be reduced by 'sum_over_batch_size', or all by 'sum', "
            f"received {received}: batches that do not divide would be weighted wrongly"
        )
    return known == "mean"


def _reductions(model):
    """Returns "mean" or "sum", how the losses of a model are reduced; None for anything else."""
    losses = tf.nest.flatten(model.loss)
    found = {getattr(loss, "reduction", "sum_over_batch_size") for loss in losses if loss}
    if found <= {"sum_over_batch_size", "mean"}:
        return "mean"
    return "sum" if found == {"sum"} else None
