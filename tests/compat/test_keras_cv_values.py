"""Layers and losses of KerasCV whose factors leave no choice: values of the real package."""

import pathlib
import runpy

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.compat import keras_cv

FOLDER = pathlib.Path(__file__).parent.parent / "reference"
MADE = runpy.run_path(str(FOLDER / "keras_cv_calls.py"))
WANTED = np.load(FOLDER / "keras_cv_calls.npz")
IMAGES = np.random.default_rng(3).integers(0, 256, (24, 8, 12, 3)).astype("float32")
LABELS = np.eye(24, dtype="float32")
pytestmark = pytest.mark.filterwarnings("ignore:keras_cv:FutureWarning")


# The programs of these are the dear ones.
COMPILED = ("Equalization", "GridMask", "JitteredResize", "RandomChannelShift", "RandomColorJitter")
COMPILED += (
    "Posterization",
    "RandomFlip",
    "RandomHue",
    "RandomSaturation",
    "Solarization",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
)


def marks(call):
    return pytest.mark.wide if call.partition("(")[0].endswith(COMPILED) else ()


@pytest.mark.parametrize(
    "number",
    [pytest.param(number, id=call, marks=marks(call)) for number, call in enumerate(MADE["CALLS"])],
)
def test_values(number):
    found = MADE["called"](MADE["CALLS"][number], keras_cv, MADE["inputs"]())
    wanted = WANTED[str(number)]
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6 * max(1, np.abs(wanted).max()))


class Darker(keras_cv.layers.BaseImageAugmentationLayer):
    """As KerasCV's guide teaches to write a layer."""

    def __init__(self, factor=(0.25, 0.5), **kwargs):
        super().__init__(**kwargs)
        self.factor = keras_cv.utils.parse_factor(factor)

    def get_random_transformation(self, **kwargs):
        return self.factor() + 0 * self._random_generator.random_uniform((), 0.0, 1.0)

    def augment_image(self, image, transformation=None, **kwargs):
        return image * transformation

    def augment_label(self, label, transformation=None, **kwargs):
        return label * 2


@pytest.mark.wide
def test_a_users_own_layer():
    layer = Darker(seed=1)
    shares = (np.asarray(layer(IMAGES)) / np.maximum(IMAGES, 1)).max((1, 2, 3))
    assert (shares > 0.24).all()
    assert (shares < 0.51).all()
    assert len(np.unique(shares.round(4))) > 12
    made = layer({"images": IMAGES.astype("uint8"), "labels": LABELS})
    assert made["images"].dtype == "float32"
    np.testing.assert_array_equal(made["labels"], 2 * LABELS)
    one = layer({"images": IMAGES[0], "labels": LABELS[0]})
    assert one["images"].shape == (8, 12, 3)
    data = tf.data.Dataset.from_tensor_slices({"images": IMAGES, "labels": LABELS}).batch(6)
    for batch in data.map(lambda batch: layer(batch, training=True)):
        np.testing.assert_array_equal(np.sum(batch["labels"], axis=1), 2)
    model = keras.Sequential([keras.Input((8, 12, 3)), layer])
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES)
    assert layer.get_config()["seed"] == 1
    with pytest.raises(ValueError, match="^Darker: bounding_boxes are out of scope"):
        layer({"images": IMAGES, "bounding_boxes": LABELS})
    base = keras_cv.layers.BaseImageAugmentationLayer()
    with pytest.raises(NotImplementedError, match="must have augment_image"):
        base(IMAGES)


@pytest.mark.wide
def test_layers_of_mixing_layers():
    batch = {"images": IMAGES, "labels": LABELS}
    mixes = [keras_cv.layers.CutMix(seed=1), keras_cv.layers.MixUp(alpha=2.0, seed=2)]
    made = keras_cv.layers.RandomChoice(mixes, batchwise=True, seed=3)(batch)
    np.testing.assert_allclose(np.sum(made["labels"], axis=1), 1, rtol=1e-5)
    assert (np.max(made["labels"], axis=1) < 1).any()
    half = keras_cv.layers.RandomApply(mixes[1], rate=0.5, seed=4)(batch)
    same = (np.asarray(half["images"]) == IMAGES).all((1, 2, 3))
    assert 0 < same.sum() < 24
    np.testing.assert_array_equal(np.asarray(half["labels"])[same], LABELS[same])
    doubled = keras_cv.layers.RandomAugmentationPipeline([Darker((0.5, 0.5))], 2)(batch)
    np.testing.assert_allclose(doubled["images"], IMAGES / 4, rtol=1e-5)
    np.testing.assert_array_equal(doubled["labels"], 4 * LABELS)
    flip = keras_cv.layers.RandomFlip(rate=1.0)
    whole = keras_cv.layers.RandomApply(flip, rate=0.5, batchwise=True, seed=5)
    counts = {int((np.asarray(whole(IMAGES)) != IMAGES).any((1, 2, 3)).sum()) for _ in range(12)}
    assert counts == {0, 24}
    copy = type(whole).from_config(whole.get_config())
    assert copy.batchwise
    assert copy.rate == 0.5


def test_arguments_are_attributes_and_configurations():
    layer = keras_cv.layers.RandomColorJitter((0, 255), 0.2, (0.1, 0.3), (0.4, 0.6), hue_factor=0.1)
    assert layer.contrast_factor == (0.1, 0.3)
    assert layer.get_config()["saturation_factor"] == (0.4, 0.6)
    assert keras_cv.layers.RandomFlip().mode == "horizontal"
    with pytest.raises(AttributeError, match="'RandomFlip' object has no attribute 'nothing'"):
        _ = keras_cv.layers.RandomFlip().nothing


def test_rectangles_and_groups_of_channels():
    ones = np.ones((24, 10, 20, 6), "float32")
    holes = np.asarray(keras_cv.layers.RandomCutout((0.4, 0.4), (0.5, 0.5), seed=1)(ones)) == 0
    rows, columns = holes.any((2, 3)).sum(1), holes.any((1, 3)).sum(1)
    assert (rows.max(), columns.max()) == (4, 10)
    assert rows.min() >= 2  # half of it may lie outside
    np.testing.assert_array_equal(holes.sum((1, 2, 3)), rows * columns * 6)
    noise = keras_cv.layers.RandomCutout((1.0, 1.0), (1.0, 1.0), fill_mode="gaussian_noise", seed=1)
    assert np.asarray(noise(ones)).min() < -0.5
    channels = np.broadcast_to(np.arange(6, dtype="float32"), (24, 2, 2, 6))
    made = np.asarray(keras_cv.layers.ChannelShuffle(groups=3, seed=1)(channels))[:, 0, 0]
    assert {tuple(row) for row in made[:, ::2]} <= {
        (a, b, c) for a in (0, 2, 4) for b in (0, 2, 4) for c in (0, 2, 4) if len({a, b, c}) == 3
    }
    np.testing.assert_array_equal(made[:, 1::2], made[:, ::2] + 1)
    assert len({tuple(row) for row in made}) > 3
    with pytest.raises(ValueError, match="groups must divide"):
        keras_cv.layers.ChannelShuffle(groups=4)(channels)


def test_pairs_the_wrong_way_round_are_turned():
    turned = keras_cv.layers.RandomZoom((-0.5, -0.5), (-0.2, -0.3), seed=1)(IMAGES)
    wanted = keras_cv.layers.RandomZoom((-0.5, -0.5), (-0.3, -0.2), seed=1)(IMAGES)
    np.testing.assert_array_equal(turned, wanted)
    layer = keras_cv.layers.RandomRotation(keras_cv.core.ConstantFactorSampler(0.5))
    np.testing.assert_allclose(layer(IMAGES), IMAGES[:, ::-1, ::-1], atol=0.02)


def test_samplers_draw():
    drawn = np.asarray(keras_cv.core.UniformFactorSampler(0.2, 0.4, seed=1)(shape=(200,)))
    assert 0.2 <= drawn.min() < 0.22
    assert 0.38 < drawn.max() <= 0.4
    assert float(keras_cv.core.ConstantFactorSampler(0.3)()) == pytest.approx(0.3)
    assert keras_cv.utils.parse_factor(0.5).interval() == (0, 0.5)
    assert keras_cv.utils.parse_factor((0.5, 0.5)) == keras_cv.core.ConstantFactorSampler(0.5)
    sampler = keras_cv.core.NormalFactorSampler(0.5, 0.1, 0.0, 1.0)
    assert keras_cv.utils.parse_factor(sampler) is sampler
    with pytest.raises(ValueError, match=r"rate must be in \[0.0, 1.0\]"):
        keras_cv.utils.parse_factor(1.5, param_name="rate")
    moved = keras_cv.utils.transform_value_range(IMAGES, (0, 255), (-1, 1))
    np.testing.assert_allclose(moved, IMAGES / 127.5 - 1, atol=1e-6)
