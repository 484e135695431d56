"""The numbers that Keras and TensorFlow draw, begun anew, and nothing prepared anew."""

import contextlib
import unittest.mock

import keras

_after_seeding = None


def _state():
    """Returns what the next number depends on that TensorFlow draws outside of functions."""
    from tensorflow.python.eager import context

    numbers = getattr(context.context(), "_rng", None)  # there once a seed is
    return context.global_seed(), numbers and numbers.getstate()


def forget_kernels():
    """Gives back the memory of all that TensorFlow has prepared to run."""
    import tensorflow as tf

    tf.random.set_seed(0)


def seed_keras():
    """Seeds what Keras does, and TensorFlow only where it has drawn since, or has another seed.

    `tf.random.set_seed` forgets every kernel: each function, a program of XLA too, would be
    prepared again in every test that calls it. On JAX there may be no TensorFlow.
    """
    global _after_seeding
    if keras.backend.backend() != "tensorflow":
        keras.utils.set_random_seed(0)
        return
    from tensorflow import random

    with contextlib.ExitStack() as stack:
        if _state() == _after_seeding:
            stack.enter_context(unittest.mock.patch.object(random, "set_seed"))
        keras.utils.set_random_seed(0)
    _after_seeding = _state()
