"""The seeds of layers that draw random numbers."""

from typing import Any

import keras

from keras_cv_extras._base import engine

_ODD = 0x9E3779B9  # 2 ** 32 over the golden ratio: seeds of replicas are far from each other


class SeedGenerator(keras.random.SeedGenerator):
    """Keras' generator of seeds, with other seeds on every replica of a strategy.

    Keras gives all replicas the same seeds, and with them the same masks and the same
    augmentation. Those of replica 0 are those of one device.
    """

    def next(self, ordered: bool = True) -> Any:
        """Returns the next seed, two integers."""
        seed: Any = super().next(ordered)
        number = engine.replica()
        if number is None:
            return seed
        offset = keras.ops.cast(number, "uint32") * keras.ops.convert_to_tensor(_ODD, "uint32")
        first = keras.ops.cast(seed[0], "uint32") + offset
        return keras.ops.stack([keras.ops.cast(first, seed.dtype), seed[1]])
