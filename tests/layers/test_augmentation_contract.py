"""What holds for every layer that augments or mixes: Keras' own checks, ranges, types, places."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

# Keras' own checks of a layer: configuration, build, symbolic and eager shapes, mixed precision.
from keras.src.testing import TestCase

from keras_cv_extras import layers, policy
from keras_cv_extras.layers.augmentation._mix import _MixLayer
from keras_cv_extras.policy import Step

MODULES = ("_compose", "_crop", "_ctaugment", "_image_op", "_mix", "_policy")
BASES = {"CTAugmentProbe", "ImageOp", "MixEpoch"}  # no layers by themselves
STEPS = [Step("invert", 0.5), Step("solarize", strength=0.5)]
ARGUMENTS = {
    "AugMix": {"strength": 0.4, "width": 1},
    "JitteredResize": {"size": (4, 7)},
    "PolicyAugment": {"policy": policy.Policy([STEPS])},
    "ReMix": {"class_counts": [9, 1]},
    "RandAugment": {"num_ops": 1},
    "RandomApply": {"policy": policy.Policy([STEPS])},
    "RandomChoice": {"policies": [policy.Policy([STEPS]), policy.no_augmentation()]},
    "RandomCrop": {"size": (4, 3)},
    "RandomOrder": {"steps": STEPS},
    "RandomResizedCrop": {"size": (4, 7)},
    "RepeatedAugment": {"policy": policy.Policy([STEPS]), "num_repeats": 2},
    "SomeOf": {"steps": STEPS, "num_steps": 1},
}
NAMES = [
    name
    for name in sorted(layers.__all__)
    if inspect.isclass(getattr(layers, name))
    and getattr(layers, name).__module__.rpartition(".")[2] in MODULES
    and name not in BASES
]
LABELED = [n for n in NAMES if issubclass(getattr(layers, n), (_MixLayer, layers.RepeatedAugment))]
#: Whose result has the size of the images, and no labels.
SIZED = {"JitteredResize", "RandomCrop", "RandomResizedCrop"}
PLAIN = [n for n in NAMES if n not in (*LABELED, *SIZED)]
#: Programs take long to compile: for each way that a layer scales values, and kind of op, one.
RANGED = ["JitteredResize", "RandomBrightness", "RandomPosterize", "RandomRotate", "RandomCrop"]
#: Of many ops, which take long to trace; test_policy_layers.py has them in a dataset.
SLOW = {"AugMix", "AutoAugment", "CTAugment", "RandAugment", "TrivialAugment"}
SHAPE = (2, 6, 5, 3)
# Between whole levels, where no rounding decides a pixel.
LEVELS = (np.arange(np.prod(SHAPE)) * 7919 % 255 + 0.4).reshape(SHAPE).astype("float32")
ROWS = np.eye(2, dtype="float32")


def make(name, **options):
    return getattr(layers, name)(**ARGUMENTS.get(name, {}), **options)


def inputs_of(name, images=LEVELS):
    return [images, ROWS] if name in LABELED else images


def images_of(outputs):
    return outputs[0] if isinstance(outputs, (tuple, list)) else outputs


@pytest.mark.parametrize("name", NAMES)
def test_checks_of_keras(name):
    inputs = inputs_of(name)
    # At inference, where nothing is compiled; the other tests train.
    outputs = make(name)(inputs, training=False)
    expected = keras.tree.map_structure(lambda t: tuple(t.shape), outputs)
    case = TestCase()
    case.setUp()
    case.run_layer_test(
        getattr(layers, name),
        {**ARGUMENTS.get(name, {}), "seed": 1},
        input_data=inputs,
        call_kwargs={"training": False},
        expected_output_shape=expected,
        expected_num_seed_generators=1,
        expected_num_trainable_weights=0,
        run_training_check=False,  # nothing to train
        run_mixed_precision_check=False,  # below: images keep their type
    )


@pytest.mark.parametrize("name", NAMES)
def test_images_and_labels_keep_their_types_under_mixed_precision(name):
    for dtype in ("mixed_float16", "mixed_bfloat16"):
        outputs = make(name, seed=1, dtype=dtype)(inputs_of(name), training=False)
        wanted = make(name, seed=1)(inputs_of(name), training=False)
        for part, exact in zip(
            keras.tree.flatten(outputs), keras.tree.flatten(wanted), strict=True
        ):
            assert part.dtype == exact.dtype == "float32"
            np.testing.assert_array_equal(part, exact)


@pytest.mark.parametrize("name", RANGED)
def test_ranges_of_values_give_the_same_picture(name):
    pictures = []
    for low, high in ((0, 255), (0, 1), (-1, 1)):
        images = LEVELS / 255 * (high - low) + low
        result = images_of(make(name, seed=5, value_range=(low, high))(images.astype("float32")))
        pictures.append((np.asarray(result, "float64") - low) / (high - low) * 255)
    for picture in pictures[1:]:
        # Where rounding decides, as it may in a histogram, a pixel differs.
        assert np.mean(np.abs(picture - pictures[0]) > 0.02) <= 0.02


@pytest.mark.parametrize("name", sorted(set(NAMES) - SLOW))
def test_a_dataset_knows_shapes_and_types(name):
    """Traced only: what the programs compute, the other tests say."""
    images = tf.data.Dataset.from_tensor_slices((LEVELS.astype("uint8"), np.array([0, 1])))
    if name not in LABELED:
        images = images.map(lambda image, label: image)
        single = images.map(make(name)).element_spec
        assert single.dtype == "uint8"
        assert single.shape[-1] == 3
    spec = images.batch(2).map(make(name)).element_spec
    assert images_of(spec).dtype == "uint8"
    assert images_of(spec).shape.rank == 4
    if name in ("MixUp", "SamplePairing", "RepeatedAugment", "RandomRotate", "RandomCrop"):
        drawn = next(iter(images.batch(2).map(make(name))))
        assert images_of(drawn).dtype == "uint8"
    if name in ("SamplePairing", "RepeatedAugment"):
        assert spec[1].dtype == "int64"


def test_one_model_of_all_saved_and_exported(tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        chain = keras.Sequential(
            [keras.Input(SHAPE[1:], dtype="float32"), *[make(n, seed=1) for n in PLAIN]]
        )
        np.testing.assert_array_equal(chain(LEVELS, training=False), LEVELS)
        chain.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert [layer.get_config() for layer in loaded.layers] == [
            layer.get_config() for layer in chain.layers
        ]
        chain.export(tmp_path / "exported", verbose=False)
        served = tf.saved_model.load(str(tmp_path / "exported"))
        np.testing.assert_array_equal(served.serve(LEVELS), LEVELS)
    finally:
        keras.config.set_dtype_policy(before)
