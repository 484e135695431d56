"""The numbers that Keras and TensorFlow draw, begun anew, and nothing prepared anew."""

import contextlib
import unittest.mock

import keras
import tensorflow as tf
from tensorflow.python.eager import context

_after_seeding = None


def _state():
    """Returns what the next number depends on that TensorFlow draws outside of functions."""
    numbers = getattr(context.context(), "_rng", None)  # there once a seed is
    return context.global_seed(), numbers and numbers.getstate()


def forget_kernels():
    """Gives back the memory of all that TensorFlow has prepared to run."""
    tf.random.set_seed(0)


def seed_keras():
    """Seeds what Keras does, and TensorFlow only where it has drawn since, or has another seed.

    `tf.random.set_seed` forgets every kernel: each function, a program of XLA too, would be
    prepared again in every test that calls it.
    """
    global _after_seeding
    with contextlib.ExitStack() as stack:
        if _state() == _after_seeding:
            stack.enter_context(unittest.mock.patch.object(tf.random, "set_seed"))
        keras.utils.set_random_seed(0)
    _after_seeding = _state()
