"""The layers that a model holds."""

from collections.abc import Iterator

import keras


def leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Gives the layers of a model in their order, those of models inside of it in their place."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer
