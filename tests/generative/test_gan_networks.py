"""The layers that the networks of a GAN are made of."""

import keras
import numpy as np
import pytest

from keras_cv_extras.generative.gan import _networks, _spectral


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def test_layers_of_a_generator():
    made = _networks.generator((20, 12, 3), 4, latent_size=5, width=2, seed=1, name="generator")
    widths = [layer.filters for layer in made.layers if isinstance(layer, keras.layers.Conv2D)]
    assert widths == [2, 2, 3]  # of a map of 5 x 3, enlarged twice
    (dense,) = (layer for layer in made.layers if isinstance(layer, keras.layers.Dense))
    assert dense.units == 5 * 3 * 4
    assert made.layers[-2].activation is keras.activations.tanh
    assert made.output_shape == (None, 20, 12, 3)
    larger = _networks.generator((33, 65, 1), 2, latent_size=2, width=3, seed=1, name="g")
    widths = [layer.filters for layer in larger.layers if isinstance(layer, keras.layers.Conv2D)]
    assert widths == [12, 6, 3, 3, 1]
    assert larger.layers[-1].cropping == ((0, 15), (0, 15))


def test_the_code_of_a_class_is_small_and_goes_by_the_seed():
    def codes(seed):
        made = _networks.generator((8, 8, 1), 50, latent_size=40, width=2, seed=seed, name="g")
        (code,) = (one for one in made.layers if isinstance(one, keras.layers.Embedding))
        (dense,) = (one for one in made.layers if isinstance(one, keras.layers.Dense))
        return np.asarray(code.embeddings), np.asarray(dense.kernel)

    (one, kernel), (other, other_kernel) = codes(1), codes(2)
    assert one.std() == pytest.approx(0.1, rel=0.1)
    assert (one != other).all()
    assert (kernel != other_kernel).all()


def test_layers_of_a_discriminator():
    def made(spectral, shape=(40, 20, 1)):
        return _networks.discriminator(
            shape, 4, width=3, spectral=spectral, seed=1, name="discriminator"
        )

    plain = made(False)
    widths = [layer.filters for layer in plain.layers if isinstance(layer, keras.layers.Conv2D)]
    assert widths == [3, 6, 12]
    assert "SpectralNormalized" not in kinds(plain)
    wide = kinds(made(False, (20, 70, 1)))
    assert wide.count("Conv2D") == 4  # until it is at most 8 x 8
    assert kinds(made(False, (8, 8, 1))).count("Conv2D") == 3
    spectral = [
        layer for layer in made(True).layers if isinstance(layer, _spectral.SpectralNormalized)
    ]
    held = [type(layer.layer).__name__ for layer in spectral]
    assert sorted(held) == ["Conv2D", "Conv2D", "Conv2D", "Dense", "Embedding"]
    assert {layer.gain for layer in spectral} == {2.0}
    assert {layer.seed for layer in spectral} == {1}


def test_a_map_is_summed():
    images = np.arange(24, dtype="float32").reshape(2, 2, 3, 2)
    np.testing.assert_array_equal(_networks.SumOfMap()(images), images.sum(axis=(1, 2)))


def test_the_configuration_of_layers_is_whole():
    norm = _networks.ConditionalBatchNormalization(3, momentum=0.5)
    again = _networks.ConditionalBatchNormalization.from_config(norm.get_config())
    assert (again.num_classes, again.momentum, again.normalization.momentum) == (3, 0.5, 0.5)
    assert _networks.ConditionalBatchNormalization(3).momentum == 0.9
    layer = _spectral.SpectralNormalized(keras.layers.Dense(2), gain=1.5, seed=4)
    again = _spectral.SpectralNormalized.from_config(layer.get_config())
    assert (again.gain, again.seed, again.layer.units) == (1.5, 4, 2)


def test_a_spectral_layer_learns_its_direction_in_training_alone():
    def built(seed):
        layer = _spectral.SpectralNormalized(keras.layers.Dense(6), seed=seed)
        layer.build((None, 3))
        return layer

    layer, other = built(1), built(2)
    before = np.asarray(layer.vector)
    assert np.linalg.norm(before) == pytest.approx(1, rel=1e-4)
    assert before.min() < 0 < before.max()
    assert (before != np.asarray(other.vector)).all()
    images = np.ones((1, 3), "float32")
    layer(images)
    np.testing.assert_array_equal(layer.vector, before)
    layer(images, training=True)
    assert np.abs(np.asarray(layer.vector) - before).max() > 1e-3
