"""Spectral normalisation as a function of the weights, so that gradients go through it."""

import keras
from keras import ops

from keras_cv_extras._base import checks, random


@keras.saving.register_keras_serializable("keras_cv_extras")
class SpectralNormalized(keras.layers.Wrapper):
    """Runs a layer with its weights scaled to a given largest singular value.

    The value is estimated by one step of the power iteration for each batch in training, from a
    start that is a function of `seed`. `keras.layers.SpectralNormalization` writes the divided
    weights into the layer instead; an `Embedding` in it gets no gradient (Keras 3.15.1).

    Args:
        layer: a `Dense`, `Conv2D` or `Embedding` layer.
        gain: the largest singular value, above 0; 1 in the paper.
        seed: an integer, for the start of the power iteration.
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: the inputs of the layer.
        training: whether to take a step of the power iteration.

    Returns:
        The outputs of the layer.

    References:
        [Miyato et al., Spectral normalization](https://arxiv.org/abs/1802.05957), algorithm 1;
        [Lin et al.](https://arxiv.org/abs/2009.02773) on why a gain above 1 may be wanted.

    Example:
        >>> from keras_cv_extras.generative.gan._spectral import SpectralNormalized
        >>> scores = SpectralNormalized(keras.layers.Dense(1))(features)
    """

    def __init__(self, layer, *, gain: float = 1.0, seed: int = 0, **kwargs):
        kinds = (keras.layers.Dense, keras.layers.Conv2D, keras.layers.Embedding)
        if not isinstance(layer, kinds):
            raise TypeError(f"layer must be a Dense, Conv2D or Embedding layer, received {layer!r}")
        super().__init__(layer, **{"autocast": False, **kwargs})
        self.gain = checks.positive("gain", gain)
        self.seed = checks.integer("seed", seed)

    def build(self, input_shape):
        """Builds the layer, and draws the start of the power iteration."""
        super().build(input_shape)
        self.vector = self.add_weight(
            name="vector",
            shape=(self._matrix().shape[0],),
            initializer=lambda shape, dtype: _unit(
                random.uniform(self.seed, 0, ops.arange(shape[0], dtype="int32"), 0) - 0.5
            ),
            trainable=False,
            autocast=False,
        )
        self.built = True

    def call(self, inputs, training=False):
        """Runs the layer with the scaled weights; see the class."""
        matrix = self._matrix()
        fixed = ops.stop_gradient(matrix)
        left = self.vector.value
        right = _unit(ops.matmul(left, fixed))
        if training:
            left = _unit(ops.matmul(fixed, right))
            self.vector.assign(left)
        # Derived by the weights alone: both vectors are those of a singular value, where its
        # derivative by them is 0.
        value = ops.sum(ops.matmul(left, matrix) * right)
        variable = self._variable()
        # Every variable needs a value, or the layer would read those that it had before a
        # surrounding stateless call, a training step on JAX for one.
        values = [(own, own.value) for own in self.layer.variables]
        values.append((variable, variable.value * (self.gain / value)))
        with keras.StatelessScope(values):
            return self.layer(inputs)

    def _variable(self):
        layer = self.layer
        return layer.embeddings if isinstance(layer, keras.layers.Embedding) else layer.kernel

    def _matrix(self):
        """The weights as a matrix, a row for each output; for an embedding, for each class."""
        weights = self._variable().value
        if isinstance(self.layer, keras.layers.Embedding):
            return weights
        return ops.transpose(ops.reshape(weights, (-1, weights.shape[-1])))

    def compute_output_shape(self, input_shape):
        """Returns the shape of the layer's outputs."""
        return self.layer.compute_output_shape(input_shape)

    def compute_output_spec(self, inputs, training=False):
        """Returns the shape and type of the layer's outputs."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self):
        """Returns the configuration."""
        return {**super().get_config(), "gain": self.gain, "seed": self.seed}


def _unit(vector):
    return vector / (ops.sqrt(ops.sum(ops.square(vector))) + 1e-12)
