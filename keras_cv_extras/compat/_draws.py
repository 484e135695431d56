"""Generators of random numbers for functions, which have no state of their own."""

from typing import Any

import keras

from keras_cv_extras._base.seeds import SeedGenerator

_GENERATORS: dict[int | None, Any] = {}  # of calls outside of graphs
_TRACED: dict[int | None, Any] = {}  # whose graphs use them for as long as they live
_MOST = 256


def generator(seed: int | None) -> Any:
    """Returns a new generator, also where a graph is traced, which may not make variables.

    Args:
        seed: an integer, or None to draw one.

    Returns:
        A `keras.random.SeedGenerator` with other seeds on every replica.
    """
    if keras.backend.backend() != "tensorflow":
        return SeedGenerator(seed)
    import tensorflow as tf

    with tf.init_scope():
        return SeedGenerator(seed)


def shared(seed: int | None) -> Any:
    """Returns the one generator of a seed, so that calls that share it draw on.

    A graph uses the generator after it is traced, so that it must be kept. On other backends than
    TensorFlow each call has its own: a function that is compiled may not leave a trace behind.

    Args:
        seed: an integer, or None for a new one wherever no graph is traced.

    Returns:
        A `keras.random.SeedGenerator` with other seeds on every replica.
    """
    traced = _traced()
    if keras.backend.backend() != "tensorflow" or (seed is None and not traced):
        return generator(seed)
    kept = _TRACED if traced else _GENERATORS
    if seed not in kept:
        while len(_GENERATORS) >= _MOST:
            del _GENERATORS[next(iter(_GENERATORS))]
        kept[seed] = generator(seed)
    return kept[seed]


def _traced():
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.executing_eagerly()
