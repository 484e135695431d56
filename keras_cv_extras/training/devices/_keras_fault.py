"""A fault of Keras under MultiWorkerMirroredStrategy, and the way around it.

After every step, Keras takes the mean over the workers of each metric, a scalar, along its first
axis, which a scalar does not have (3.15, `reduce_per_replica` in its TensorFlow trainer). Steps
that return vectors of one number get through. Where Keras takes the mean of a scalar, nothing is
changed.
"""

import keras
import tensorflow as tf


def steps(model, strategy):
    """Returns the steps that a model must be given, by their names; none where Keras works."""
    if not _is_present(strategy):
        return {}
    return {name: _with_vectors(getattr(model, name)) for name in ("train_step", "test_step")}


def _with_vectors(step):
    def returning_vectors(data):
        return keras.tree.map_structure(lambda value: tf.reshape(value, (1,)), step(data))

    return returning_vectors


def _is_present(strategy):
    """Lets Keras take the mean of a scalar, and sees whether it can."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return False
    from keras.src.backend.tensorflow import trainer

    try:
        trainer.reduce_per_replica(tf.constant(0.0), strategy, reduction="mean")
    except (ValueError, tf.errors.InvalidArgumentError):
        return True
    return False
