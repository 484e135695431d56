"""Losses that compare the samples of a batch, over the batches of all replicas."""

import keras
from keras import ops


def over_replicas(function, y_true, y_pred, gather):
    """Returns one loss per sample of this replica, computed among the samples of all.

    Every replica computes the losses of the whole batch and keeps those of its own samples, or
    the one loss that the whole batch has. Gradients flow to the samples of the other replicas
    too, so that their sum, which the optimizer takes, is that of one device with the whole batch.

    Args:
        function: `(labels, embeddings)` of a batch to `(batch,)` losses, whose mean is the loss, or
            to a scalar.
        y_true: labels of this replica's samples.
        y_pred: their embeddings.
        gather: whether to look beyond this replica. On the JAX backend a batch is one array
            over all devices already.
    """
    context = _replica_context() if gather else None
    if context is None or context.num_replicas_in_sync == 1:
        return function(y_true, y_pred)
    local = ops.shape(y_pred)[0]
    sizes = context.all_gather(ops.reshape(ops.convert_to_tensor(local, "int32"), (1,)), axis=0)
    labels, embeddings = _gathered(context, y_true), _gathered(context, y_pred)
    before = ops.arange(ops.shape(sizes)[0]) < context.replica_id_in_sync_group
    start = ops.sum(ops.where(before, sizes, 0))
    losses = function(labels, embeddings)
    return ops.take(losses, start + ops.arange(local), axis=0) if len(losses.shape) else losses


def shared(loss):
    """Returns a scalar loss divided by the number of replicas.

    The optimizer takes the sum over replicas. Keras divides the means of losses by their number
    for it, but leaves a loss that is a scalar already as it is.
    """
    context = _replica_context()
    return loss if context is None else loss / context.num_replicas_in_sync


def _gathered(context, values):
    import tensorflow as tf

    # Of whole numbers TensorFlow gathers those of 32 and 64 bits that have a sign.
    kind = values.dtype
    if kind.is_bool or (kind.is_integer and kind not in (tf.int32, tf.int64)):
        values = tf.cast(values, tf.int64 if kind.size >= 4 else tf.int32)
    # Of several workers of one replica each, TensorFlow gathers to the device of the values, which
    # the arguments of a program do not have.
    values = tf.identity(values)
    everywhere = context.all_gather(values, axis=0)
    # Where batches may differ in size, gathering forgets the other axes' sizes too.
    everywhere.set_shape((None, *values.shape[1:]))
    return everywhere


def _replica_context():
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    return tf.distribute.get_replica_context()
