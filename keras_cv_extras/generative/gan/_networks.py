"""The two networks of a conditional GAN: small, for images of 8 to 64 pixels."""

from typing import Any

import keras
from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.configs import attributes
from keras_cv_extras.generative.gan._spectral import SpectralNormalized

_PACKAGE = "keras_cv_extras"
_SMALLEST = 8  # the generator starts from a map of at most 8 x 8 cells
_CODE = 0.1  # standard deviation of a class code, where that of latents is 1
# Largest singular value of the discriminator's weights. With 1, three layers pass so little on
# that the hinge loss stays near 2, where nothing is told apart; more made FID worse again.
_GAIN = 2.0


@keras.saving.register_keras_serializable(_PACKAGE)
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalisation with a scale and an offset of its own for every class.

    Args:
        num_classes: how many classes.
        momentum: of the moving mean and variance, in [0, 1).
        **kwargs: the arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `(batch, ..., channels)`.
        labels: `(batch,)` integers.

    Returns:
        A tensor of the shape of the inputs.

    References:
        [de Vries et al., Modulating early visual processing by
        language](https://arxiv.org/abs/1707.00683)

    Example:
        >>> from keras_cv_extras.generative.gan._networks import ConditionalBatchNormalization
        >>> features = ConditionalBatchNormalization(10)(features, labels)
    """

    def __init__(self, num_classes: int, momentum: float = 0.9, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = checks.integer("num_classes", num_classes, minimum=1)
        self.momentum = checks.fraction("momentum", momentum)
        self.normalization = keras.layers.BatchNormalization(
            momentum=self.momentum, center=False, scale=False, name="normalization"
        )

    def build(self, inputs_shape, labels_shape=None):
        """Creates the scales and offsets."""
        self.normalization.build(inputs_shape)
        shape = (self.num_classes, inputs_shape[-1])
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")
        self.offset = self.add_weight(name="offset", shape=shape, initializer="zeros")
        self.built = True

    def call(self, inputs, labels, training=None):
        """Normalises, then scales and moves by class."""
        x = self.normalization(inputs, training=training)
        shape = (-1, *(1,) * (len(inputs.shape) - 2), inputs.shape[-1])
        scale, offset = (
            ops.reshape(ops.take(weights, labels, axis=0), shape)
            for weights in (self.scale, self.offset)
        )
        return x * scale + offset

    def compute_output_shape(self, inputs_shape, labels_shape=None):
        """Returns the shape of the inputs."""
        return inputs_shape

    def get_config(self):
        """Returns the configuration."""
        return {**super().get_config(), **attributes(self, "num_classes", "momentum")}


def generator(image_shape, num_classes, *, latent_size, width, seed, name):
    """Builds the network that makes images, with values in [-1, 1].

    A dense layer to a map of at most 8 x 8, then as often as needed: enlarge, convolve,
    normalise by class. Enlarged and convolved, since a strided transposed convolution leaves a
    checkerboard.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: how many classes.
        latent_size: random numbers that an image is made of.
        width: channels of the last two maps; each one before has twice as many.
        seed: an integer, for the weights at the start.
        name: of the network.

    Returns:
        A model of `[latents (batch, latent_size), labels (batch,)]`.
    """
    height, columns, channels = image_shape
    steps = 1
    while max(height, columns) > _SMALLEST << steps:
        steps += 1
    seeds = _seeds(seed)
    factor = 1 << steps
    rows, columns = -(-height // factor), -(-columns // factor)
    latents = keras.Input((latent_size,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    top = width << (steps - 1)
    # Told the class at its input too: scales and offsets that all begin alike learn it slowly.
    # A code as large as the latents would drown them: every image of a class came out the same.
    code = keras.layers.Embedding(
        num_classes,
        latent_size,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=_CODE, seed=seed % (1 << 31)),
    )(labels)
    x = keras.layers.Concatenate()([latents, code])
    x = keras.layers.Dense(rows * columns * top, kernel_initializer=next(seeds))(x)
    x = keras.layers.Reshape((rows, columns, top))(x)
    for step in range(steps):
        x = keras.layers.UpSampling2D(2)(x)
        x = keras.layers.Conv2D(
            width << max(0, steps - 2 - step),
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=next(seeds),
        )(x)
        x = ConditionalBatchNormalization(num_classes)(x, labels)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Conv2D(
        channels, 3, padding="same", activation="tanh", kernel_initializer=next(seeds)
    )(x)
    x = keras.layers.Cropping2D(
        ((0, rows * factor - height), (0, columns * factor - image_shape[1]))
    )(x)
    return keras.Model([latents, labels], x, name=name)


def discriminator(image_shape, num_classes, *, width, spectral, seed, name):
    """Builds the network that scores how real images look for their class.

    Strided convolutions, a sum over the map, and a score that is linear in it plus the product
    of it with a vector of the class (projection).

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: how many classes.
        width: channels of the first map; each one after has twice as many.
        spectral: whether every weight matrix is kept at a largest singular value of two.
        seed: an integer, for the weights at the start.
        name: of the network.

    Returns:
        A model of `[images (batch, height, width, channels) in [-1, 1], labels (batch,)]` that
        gives `(batch,)` scores.

    References:
        [Miyato and Koyama, cGANs with projection discriminator](https://arxiv.org/abs/1802.05637);
        [Miyato et al., Spectral normalization](https://arxiv.org/abs/1802.05957)
    """

    def constrained(layer):
        return SpectralNormalized(layer, gain=_GAIN, seed=seed) if spectral else layer

    seeds = _seeds(seed)
    images: Any = keras.Input(image_shape, name="images")
    labels = keras.Input((), dtype="int32", name="labels")
    x, step = images, 0
    while step < 3 or max(x.shape[1:3]) > _SMALLEST:
        convolution = keras.layers.Conv2D(
            width << step, 3, strides=2, padding="same", kernel_initializer=next(seeds)
        )
        x = keras.layers.LeakyReLU(0.2)(constrained(convolution)(x))
        step += 1
    x = SumOfMap(name="sum")(x)
    score = constrained(keras.layers.Dense(1, kernel_initializer=next(seeds)))(x)
    embedding = keras.layers.Embedding(num_classes, x.shape[-1], embeddings_initializer=next(seeds))
    product = keras.layers.Dot(axes=-1)([x, constrained(embedding)(labels)])
    score = keras.layers.Reshape(())(keras.layers.Add()([score, product]))
    return keras.Model([images, labels], score, name=name)


@keras.saving.register_keras_serializable(_PACKAGE)
class SumOfMap(keras.layers.Layer):
    """Sums a map over its cells: `(batch, height, width, channels)` to `(batch, channels)`."""

    def call(self, inputs):
        """Returns the sums."""
        return ops.sum(inputs, axis=(1, 2))

    def compute_output_shape(self, input_shape):
        """Returns `(batch, channels)`."""
        return input_shape[0], input_shape[-1]


def _seeds(seed):
    """Gives Glorot initializers, each with a seed of its own."""
    number = seed * 1000
    while True:
        number += 1
        yield keras.initializers.GlorotUniform(seed=number % (1 << 31))
