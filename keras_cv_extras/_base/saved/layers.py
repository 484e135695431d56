"""The layers that a model holds, and what layers share."""

from collections.abc import Iterator

import keras

from keras_cv_extras._base.types import Shape


def leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Gives the layers of a model in their order, those of models inside of it in their place."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer)
        else:
            yield layer


class SameShape:
    """What a layer is whose result has the shape of its inputs; stands before Keras' own base."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the inputs."""
        return input_shape
