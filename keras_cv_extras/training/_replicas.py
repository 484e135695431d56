"""What each replica of a distributed training gets: its rows of every batch, its random numbers.

A batch of n rows is cut into as many pieces as there are replicas, whose sizes differ by one at
most. Keras takes the mean of a piece's m losses and the mean of these means; with the weight
`replicas * m / n` for its rows, that is the mean over the whole batch, as on one device. A batch
of fewer rows than replicas is filled up with rows of weight 0.
"""

import math

import keras
import tensorflow as tf

_plain = tf.autograph.experimental.do_not_convert
_ODD = 0x9E3779B9  # 2 ** 32 over the golden ratio: seeds of replicas are far from each other


def distribute(dataset, strategy, place, *, weigh, whole=True):
    """Turns a dataset of batches into one that gives every replica its piece.

    Args:
        dataset: batches `(x, y)` or `(x, y, weights)`.
        strategy: a `tf.distribute.Strategy`.
        place: this process's `Place`.
        weigh: whether the rows get the weights that make uneven pieces exact.
        whole: whether the batches are those of all workers, not those of this one.

    Returns:
        The distributed dataset, and the specification of one piece.
    """
    first, total = (place.first, place.replicas) if whole else (0, place.local)
    numbers = tf.data.Dataset.range(first, first + place.local)

    @_plain
    def pieces(*batch):
        return numbers.map(_plain(lambda number: _piece(batch, number, total, weigh)))

    dataset = dataset.flat_map(pieces).prefetch(2 * place.local)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    dataset = dataset.with_options(options)
    spec = dataset.element_spec
    return strategy.distribute_datasets_from_function(lambda context: dataset), spec


def _piece(batch, number, total, weigh):
    """The rows of one replica, with their weights."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    if y is None:
        raise ValueError("a distributed training needs batches (images, labels)")
    size = tf.shape(tf.nest.flatten(x)[0], out_type=tf.int64)[0]
    start, stop = number * size // total, (number + 1) * size // total
    real = stop > start
    start = tf.minimum(start, size - 1)
    stop = tf.maximum(stop, start + 1)
    x, y = tf.nest.map_structure(lambda tensor: tensor[start:stop], (x, y))
    if not weigh:
        return (x, y) if weights is None else (x, y, _rows(weights, start, stop))
    scale = tf.cast(total * (stop - start), tf.float32) / tf.cast(size, tf.float32)
    scale = tf.where(real, scale, 0.0)
    if weights is None:
        weights = tf.fill([stop - start], scale)
    else:
        weights = tf.nest.map_structure(
            lambda tensor: tf.cast(tensor, tf.float32) * scale, _rows(weights, start, stop)
        )
    return x, y, weights


def num_shards() -> int:
    """Returns into how many parts Keras' own distribution cuts a batch: 1 without one."""
    distribution = keras.distribution.distribution()
    if not isinstance(distribution, keras.distribution.DataParallel):
        return 1
    return math.prod(distribution.device_mesh.shape)


def filled(dataset, shards, *, weigh):
    """Fills batches up to a size that divides by a number; the rows added have weight 0.

    For `keras.distribution.DataParallel`, which takes no other batches, and whose mean is over the
    whole batch at once.
    """

    @_plain
    def fill(*batch):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        size = tf.shape(tf.nest.flatten(x)[0])[0]
        full = -(-size // shards) * shards
        rows = tf.range(full)
        x, y, weights = tf.nest.map_structure(
            lambda tensor: tf.gather(tensor, tf.minimum(rows, size - 1)),
            (x, y, tf.ones([size]) if weights is None else weights),
        )
        scale = tf.cast(full, tf.float32) / tf.cast(size, tf.float32) if weigh else 1.0
        scale = tf.where(rows < size, scale, 0.0)
        return x, y, tf.cast(weights, tf.float32) * scale

    return dataset.map(fill)


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


def scales_by_size(model):
    """Returns whether a loss is a mean over rows; raises if it is neither that nor a sum."""
    losses = tf.nest.flatten(model.loss)
    reductions = {getattr(loss, "reduction", "sum_over_batch_size") for loss in losses if loss}
    if reductions <= {"sum_over_batch_size", "mean"}:
        return True
    if reductions == {"sum"}:
        return False
    raise ValueError(
        "under a strategy, losses must be reduced by 'sum_over_batch_size', or all by 'sum', "
        f"received {sorted(map(str, reductions))}: batches that do not divide would be weighted "
        "wrongly"
    )
