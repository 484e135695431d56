"""What holds for every layer that augments or mixes: Keras' own checks, ranges, types, places."""

import inspect
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

# Keras' own checks of a layer: configuration, build, symbolic and eager shapes, mixed precision.
from keras.src.testing import TestCase

from keras_cv_extras import layers, mix, policy
from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS
from keras_cv_extras.layers.augmentation._mix_layers import _MixLayer
from keras_cv_extras.policy import Step

MODULES = ("_compose", "_crop", "_ctaugment", "_image_op", "_mix_layers", "_policy")
BASES = {"CTAugmentProbe", "ImageOp", "MixEpoch"}  # no layers by themselves
# With an op that AutoAugment has not, a program is of these alone, which compiles faster.
STEPS = [Step("invert", 0.5), Step("solarize", strength=0.5), Step("flip_vertical", 0.0)]
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
MANY = {"AugMix", "AutoAugment", "CTAugment", "RandAugment", "TrivialAugment"}
#: Layers of one op are the same code: of each kind of op one, and all in the slow run.
OF_AN_OP = {n for n in NAMES if issubclass(getattr(layers, n), layers.ImageOp)}
OF_AN_OP -= {"RandomBrightness", "RandomCutout", "RandomEqualize", "RandomFlipHorizontal"}
OF_AN_OP -= {"RandomGaussianNoise", "RandomRotate", "RandomSaturation", *SIZED}
QUICK = {"PolicyAugment", "RandomRotate"}
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


@pytest.mark.wide_but(*({*NAMES} - {*LABELED}), "CutMix", "RandomMix", "RepeatedAugment")
@pytest.mark.slow_but(*({*NAMES} - OF_AN_OP))
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


@pytest.mark.wide_but(*({*PLAIN} - OF_AN_OP), "CutMix", "RandomCrop")
@pytest.mark.parametrize("name", NAMES)
def test_images_and_labels_keep_their_types_under_mixed_precision(name):
    wanted = keras.tree.flatten(make(name, seed=1)(inputs_of(name), training=False))
    for dtype in ("mixed_float16", "mixed_bfloat16"):
        outputs = make(name, seed=1, dtype=dtype)(inputs_of(name), training=False)
        for part, exact in zip(keras.tree.flatten(outputs), wanted, strict=True):
            assert part.dtype == exact.dtype == "float32"
            np.testing.assert_array_equal(part, exact)


@pytest.mark.wide_but("RandomPosterize", "RandomCrop")
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


@pytest.mark.wide_but("RandomCrop", "PolicyAugment")
@pytest.mark.slow_but(*({*NAMES} - MANY - OF_AN_OP - ({*PLAIN} - QUICK)))
@pytest.mark.parametrize("name", sorted({*NAMES} - MANY - OF_AN_OP))
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
    if name in ("MixUp", "RepeatedAugment", "RandomRotate"):
        drawn = next(iter(images.batch(2).map(make(name))))
        assert images_of(drawn).dtype == "uint8"
    if name in ("SamplePairing", "RepeatedAugment"):
        assert spec[1].dtype == "int64"


@pytest.fixture
def plain(monkeypatch):
    """Programs run as they are, without a compilation, which gives the same pixels."""
    monkeypatch.setattr(engine, "compiled", lambda function: function)
    engine._runner.cache_clear()
    yield
    engine._runner.cache_clear()


def off_default(name):
    """Arguments of a layer, as few as possible with their defaults; images are in [-1, 1]."""
    if name in OFF_DEFAULT:
        return OFF_DEFAULT[name]
    kind = getattr(layers, name)
    if not issubclass(kind, layers.ImageOp):
        return {**ARGUMENTS.get(name, {}), "value_range": (-1, 1)}
    op = OPS[kind.op]
    other = {bool: lambda v: not v, int: lambda v: v + 2, float: lambda v: v * 0.8 + 0.1}
    return {
        **({"strength": (0.7, 0.9)} if op.has_strength else {}),
        **({"fill": (10, 250, 90)} if op.takes_fill else {}),
        **{k: other[type(v)](v) for k, v in op.options.items() if type(v) in other},
        **{k: v for k, v in OPTIONS.items() if k in op.options},
        "rate": 0.9,
        "value_range": (-1, 1),
    }


SCALED = {"value_range": (-1, 1)}
SOME = policy.Policy([[Step("invert", 0.8), Step("solarize", strength=0.5)]], **SCALED)
OTHER = policy.Policy([[Step("flip_horizontal")]], **SCALED)
BRIGHT = policy.Policy([[Step("brightness", strength=(0.3, 0.9))]], **SCALED)
OPTIONS = {
    "fill_mode": "mean",
    "interpolation": "bilinear",
    "num_holes": (2, 3),
    "tiles": (2, 3),
    "unit": (0.4, 0.6),
}
TURN = [Step("rotate", strength=0.9), Step("invert", 0.5)]
OFF_DEFAULT = {
    "AugMix": {"strength": 0.9, "width": 2, "alpha": 2.0, "fill": 9, "chain": SOME, **SCALED},
    "AutoAugment": {"policy": "svhn", "spec": "paper", "fill": 250, **SCALED},
    "BalancedMixUp": {"alpha": 3.0, "rate": 0.9, "num_classes": 2, "label_smoothing": 0.1},
    "CTAugment": {
        "ops": ("invert", "rotate"),
        "num_ops": 1,
        "num_bins": 5,
        "threshold": 0.5,
        "decay": 0.9,
        "fill": 200,
        **SCALED,
    },
    "CutMix": {"alpha": 2.0, "rate": 0.9, "num_classes": 2, "label_smoothing": 0.1},
    "FMix": {"alpha": 2.0, "decay": 1.5, "rate": 0.9},
    "JitteredResize": {
        "size": (10, 20),
        "scale": (0.5, 0.6),
        "fill": (10, 250, 90),
        "interpolation": "nearest",
        **SCALED,
    },
    "MixUp": {"alpha": 3.0, "schedule": mix.Schedule(num_epochs=9, warmup=0, on=2, off=3, end=1)},
    "Mosaic": {"centre": (0.1, 0.2), "rate": 0.9},
    "PolicyAugment": {"policy": policy.Policy([TURN], fill=99), **SCALED},
    "RandAugment": {"num_ops": 1, "strength": 0.9, "fill": 250, **SCALED},
    "RandomApply": {"policy": SOME, "rate": 0.9},
    "RandomChoice": {"policies": [SOME, OTHER], "weights": [1, 9]},
    "RandomCrop": {"size": (7, 6), **SCALED},
    "RandomMix": {
        "mixes": [
            mix.MixUp(alpha=5.0, schedule=mix.Schedule(num_epochs=9, warmup=0)),
            mix.CutMix(),
        ],
        "weights": [3, 1],
    },
    "RandomOrder": {"steps": TURN, "fill": 250, **SCALED},
    "RandomResizedCrop": {
        "size": (10, 20),
        "area": (0.2, 0.3),
        "aspect": (0.5, 0.6),
        "interpolation": "nearest",
        "antialias": True,
        **SCALED,
    },
    "ReMix": {"class_counts": [9, 1], "alpha": 5.0, "kappa": 2.0, "tau": 0.9},
    "RepeatedAugment": {"policy": BRIGHT, "num_repeats": 3},
    "SamplePairing": {"weight": 0.3, "rate": 0.9},
    "SomeOf": {"steps": TURN, "num_steps": 2, "replace": True, "fill": 250, **SCALED},
    "TrivialAugment": {"wide": True, "fill": 250, **SCALED},
}
IMAGES = (np.arange(5 * 9 * 8 * 3) * 7919 % 509 / 254.5 - 1).reshape(5, 9, 8, 3).astype("float32")
CLASSES = np.eye(2, dtype="float32")[[0, 1, 1, 0, 1]]
#: All layers of one op, and all presets, are one class: some stand for the others that are run.
ALIKE = {"AutoAugment", "TrivialAugment", "BalancedMixUp", "FMix", "ReMix"}
DRAWN = [n for n in NAMES if not issubclass(getattr(layers, n), layers.ImageOp) and n not in ALIKE]
DRAWN += ["RandomCutout", "RandomInvert"]


def loaded_again(layer):
    """A layer as a file of a model would bring it back."""
    return keras.layers.deserialize(json.loads(json.dumps(keras.layers.serialize(layer))))


def test_configurations_hold_every_argument():
    for name in NAMES:
        kind, given = getattr(layers, name), off_default(name)
        layer = kind(**given, seed=1)
        config, again = layer.get_config(), loaded_again(layer)
        assert again.get_config() == config, name
        wanted = {*given, "seed"}
        if not issubclass(kind, (layers.ImageOp, _MixLayer)):
            wanted |= set(inspect.signature(kind).parameters) - {"kwargs"}
        if name == "PolicyAugment":
            wanted.remove("value_range")  # it is the policy's
        assert wanted <= set(config), name
        if issubclass(kind, layers.PolicyAugment):
            assert again.policy == layer.policy, name
        if issubclass(kind, _MixLayer):
            assert again.mix == layer.mix, name
        if issubclass(kind, layers.ImageOp):
            assert json.loads(json.dumps({k: config[k] for k in given})) == json.loads(
                json.dumps(given)
            )


@pytest.mark.wide_but("CutMix", "RandomCrop", "RandomApply")
@pytest.mark.parametrize("name", DRAWN)
def test_a_loaded_layer_draws_as_the_original_goes_on(name, plain):
    layer = getattr(layers, name)(**off_default(name), seed=1, dtype="mixed_float16")
    count = 5 if name in LABELED and name != "RepeatedAugment" else 2
    images = IMAGES[:count]
    inputs = [images, CLASSES[:count]] if name in LABELED else images
    first = np.asarray(images_of(layer(inputs, training=True)))
    again = loaded_again(layer)
    again.seed_generator.state.assign(layer.seed_generator.state)
    drawn, wanted = again(inputs, training=True), layer(inputs, training=True)
    for part, exact in zip(keras.tree.flatten(drawn), keras.tree.flatten(wanted), strict=True):
        assert part.dtype == "float32"
        np.testing.assert_array_equal(part, exact)
    assert np.any(np.asarray(images_of(wanted)) != first), "new draws at every call"
    idle = np.asarray(images_of(layer(inputs, training=False)))
    assert np.any(first != idle), "training does something"
    if name not in SIZED:
        np.testing.assert_array_equal(idle[: len(images)], images)


def test_a_model_that_is_loaded_draws_from_its_seed_again(plain, tmp_path):
    chain = [getattr(layers, n)(**off_default(n), seed=1) for n in ("RandomRotate", "RandomCrop")]
    model = keras.Sequential([keras.Input(IMAGES.shape[1:]), *chain])
    first = np.asarray(model(IMAGES[:2], training=True))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    drawn = np.asarray(again(IMAGES[:2], training=True))
    np.testing.assert_array_equal(drawn, first)
    assert np.any(drawn != np.asarray(again(IMAGES[:2], training=False)))


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([n for n in PLAIN if n not in OF_AN_OP], id="of each kind"),
        pytest.param([n for n in PLAIN if n in OF_AN_OP], id="the others", marks=pytest.mark.slow),
    ],
)
def test_one_model_of_all_saved_and_exported(names, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        chain = keras.Sequential(
            [keras.Input(SHAPE[1:], dtype="float32"), *[make(n, seed=1) for n in names]]
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
