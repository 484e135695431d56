"""KerasCV under its old names: ragged batches, the layers of RandAugment, and errors."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_keras_cv import ARGUMENTS, IMAGES, LABELS, made

from keras_cv_extras.compat import keras_cv

pytestmark = pytest.mark.filterwarnings("ignore:keras_cv:FutureWarning")
layers = keras_cv.layers
PARTS = [IMAGES[0], IMAGES[1, :10, :12]]
RAGGED = tf.ragged.stack(PARTS)
RESIZE = {"RandomCrop", "RandomCropAndResize", "JitteredResize", "Resizing"}
MIX = {"MixUp", "CutMix", "FourierMix", "Mosaic"}
KEEP = sorted(set(ARGUMENTS) - RESIZE - MIX - {"RandomAspectRatio"})
QUICK = ("AutoContrast", "Grayscale", "RandomFlip", "RandomCutout")


def pieces(ragged):
    assert isinstance(ragged, tf.RaggedTensor)
    return [np.asarray(ragged[index].to_tensor()) for index in range(2)]


@pytest.mark.slow_but(*QUICK)
@pytest.mark.parametrize("name", KEEP)
def test_images_keep_their_sizes(name):
    given = {"images": RAGGED, "labels": LABELS[:2]}
    data = tf.data.Dataset.from_tensors(given).map(made(name))
    (found,) = data
    assert [part.shape for part in pieces(found["images"])] == [(16, 16, 3), (10, 12, 3)]
    np.testing.assert_array_equal(found["labels"], LABELS[:2])
    assert np.isfinite(pieces(found["images"])[1]).all()


@pytest.mark.wide
def test_values_of_ragged_batches():
    flip, zero = made("RandomFlip", rate=1.0), made("Rescaling", scale=0.0, offset=0.0)
    turned = [part[::-1, ::-1] for part in PARTS]
    choice = layers.RandomChoice([flip], seed=1)
    pipeline = layers.RandomAugmentationPipeline([flip], 1)
    for layer in (flip, choice, pipeline, layers.RandomApply(flip, rate=1.0)):
        for part, wanted in zip(pieces(layer(RAGGED)), turned, strict=True):
            np.testing.assert_array_equal(part, wanted)
    for layer in (flip, choice):
        for part, wanted in zip(pieces(layer(RAGGED, training=False)), PARTS, strict=True):
            np.testing.assert_array_equal(part, wanted)
    grey = layers.Grayscale(output_channels=1)(RAGGED)
    assert pieces(grey)[1].shape == (10, 12, 1)
    half = layers.RandomApply(zero, rate=0.5, seed=1)
    many = {"images": tf.ragged.stack(PARTS * 12), "labels": np.ones((24, 2), "float32")}
    blank = np.asarray([not tf.reduce_any(image != 0) for image in half(many)["images"]])
    assert 3 < blank.sum() < 21
    rows_differ = tf.RaggedTensor.from_row_lengths(np.concatenate(PARTS[:1] * 2), [20, 12])
    made_rows = flip(rows_differ)
    assert made_rows.ragged_rank == 1
    np.testing.assert_array_equal(made_rows[1], rows_differ[1][::-1, ::-1])


class Add(layers.BaseImageAugmentationLayer):
    """As KerasCV's guide teaches to write a layer."""

    def get_random_transformation(self, **kwargs):
        return self._random_generator.random_uniform((), 1.0, 2.0)

    def augment_image(self, image, transformation=None, **kwargs):
        return image + transformation

    def augment_label(self, label, transformation=None, **kwargs):
        return label + transformation


def test_a_users_own_layer_takes_ragged_batches_and_targets():
    found = Add(seed=1)({"images": RAGGED, "targets": LABELS[:2]})
    assert set(found) == {"images", "targets"}
    drawn = []
    for image, given, label, target in zip(
        pieces(found["images"]), PARTS, LABELS[:2], found["targets"], strict=True
    ):
        change = image - given
        drawn.append(change.mean())
        np.testing.assert_allclose(change, change.mean(), atol=1e-4)
        np.testing.assert_allclose(target - label, change.mean(), atol=1e-4)
    assert abs(drawn[0] - drawn[1]) > 1e-3
    one = Add(seed=1)({"images": PARTS[1], "targets": LABELS[1]})
    assert one["images"].shape == (10, 12, 3)


@pytest.mark.parametrize("geometric", [True, False])
def test_the_layers_of_randaugment(geometric):
    chosen = layers.RandAugment.get_standard_policy((0, 255), 0.5, 0.1, geometric, seed=1)
    names = [type(layer).__name__ for layer in chosen]
    wanted = ["AutoContrast", "Equalization", "Solarization", "RandomColorDegeneration"]
    wanted += ["RandomContrast", "RandomBrightness"]
    wanted += ["RandomShear"] * 2 * geometric + ["RandomTranslation"] * 2 * geometric
    assert names == wanted
    whole = layers.RandAugment((0, 255), 2, 0.5, 0.1, geometric=geometric, seed=1)
    assert [layer.get_config() | {"name": ""} for layer in whole.layers] == [
        layer.get_config() | {"name": ""} for layer in chosen
    ]
    assert chosen[2].threshold_factor == keras_cv.NormalFactorSampler(127.5, 25.5, 0, 255)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(whole))
    assert copy.get_config() == whole.get_config()


def test_a_pipeline_of_part_of_the_standard_policy():
    chosen = layers.RandAugment.get_standard_policy((0, 255), 0.75, 0.3, seed=1)[3:4]
    pipeline = layers.RandomAugmentationPipeline(chosen, augmentations_per_image=1, seed=2)
    found = np.asarray(pipeline({"images": IMAGES, "labels": LABELS})["images"])
    assert (found != IMAGES).any((1, 2, 3)).all()


def test_samplers_at_the_top_level():
    constant, uniform = keras_cv.ConstantFactorSampler(0.3), keras_cv.UniformFactorSampler(0.3, 0.6)
    assert isinstance(constant, keras_cv.FactorSampler)
    assert float(constant()) == pytest.approx(0.3)
    assert 0.3 <= float(uniform()) <= 0.6
    found = layers.RandomColorDegeneration(constant)(IMAGES, training=True)
    wanted = layers.RandomColorDegeneration((0.3, 0.3))(IMAGES, training=True)
    np.testing.assert_array_equal(found, wanted)


def test_cutout_is_never_empty():
    ones = np.ones((8, 4, 4, 3), "float32")
    cut = layers.RandomCutout((0.01, 0.2), (0.01, 0.2), seed=1)(ones)
    np.testing.assert_array_equal(np.sum(np.asarray(cut) == 0, (1, 2, 3)), 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandomCutout(0.5, (15.0, 30)), "width_factor must be at most 1"),
        (lambda: layers.RandomHue(1.5, (0, 255)), "factor must be at most 1, received"),
        (lambda: layers.Posterization((0, 255), 9), "bits must be in .1, 8., received 9"),
        (lambda: layers.Posterization((0, 1, 2), 3), r"value_range must be \(low, high\)"),
        (lambda: layers.RandAugment((0, 255), magnitude=10), "magnitude must be in .0, 1."),
        (lambda: layers.RandomCropAndResize((8,), (0.5, 1.0), (1, 1)), "tuple of two integers"),
        (lambda: layers.RandomCropAndResize((8, 8), 0.5, (1, 1)), "`crop_area_factor` must be"),
        (lambda: layers.RandomCropAndResize((8, 8), (0.5, 1.0), {}), "`aspect_ratio_factor` must"),
        (lambda: layers.SqueezeAndExcite2D(8, 9), "should be smaller than `filters`"),
        (lambda: layers.SqueezeAndExcite2D(-8), "should be a positive integer"),
        (lambda: made("MixUp")({"images": IMAGES[0], "labels": LABELS[0]}), "a single image"),
    ],
)
def test_errors_in_the_words_of_keras_cv(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_interpolation_of_resizing():
    with pytest.raises(NotImplementedError, match="interpolation must be one of bilinear"):
        layers.Resizing(8, 8, interpolation="sharp")
