"""What images may hold: the range of their type, or one line that says what is wrong."""

import logging
import re
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment, data, layers
from keras_cv_extras._base.images import value_range
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Policy, Step

RAMP = np.linspace(0, 65535, 12 * 10 * 3).astype("uint16").reshape(1, 12, 10, 3)
SOLARIZE = Policy([[Step("solarize", value=128.0), Step("flip_vertical", 0.0)]])


def numbers(op, images):
    value = op.strength.value(0.5, *images.shape[1:3]) if op.has_strength else None
    return [*([images] if op.takes_partner else []), *op.numbers(value, 0.3, 0.6)]


@pytest.mark.wide_but("brightness", "cutout", "equalize", "rotate", "gaussian_noise")
@pytest.mark.parametrize("name", sorted(OPS))
def test_16_bits_are_those_of_floats_of_another_range(name):
    """One rule for all ops: none cuts what is above 255."""
    op, floats = OPS[name], RAMP.astype("float32") * np.float32(255 / 65535)
    result = np.asarray(getattr(augment, name)(RAMP, *numbers(op, RAMP), compile=False))
    assert result.dtype == "uint16"
    wanted = getattr(augment, name)(floats, *numbers(op, floats), compile=False)
    np.testing.assert_allclose(result, np.asarray(wanted) * 257.0, atol=0.51)


@pytest.mark.wide
def test_16_bits_are_not_rounded_where_they_only_move():
    np.testing.assert_array_equal(augment.flip_horizontal(RAMP), RAMP[:, :, ::-1])
    assert np.isin(layers.RandomCrop(8, seed=1)(RAMP), RAMP).all()
    black = augment.translate_x(RAMP, 100.0, fill=255)
    assert np.all(np.asarray(black) == 65535)


@pytest.mark.wide_but("<lambda>0")
@pytest.mark.parametrize("run", [lambda p, x: p(x), lambda p, x: tf.function(p)(x)])
def test_policies_of_16_bits_are_told_their_range(run):
    result = np.asarray(run(SOLARIZE.with_value_range((0, 65535)), RAMP))
    np.testing.assert_array_equal(result, np.where(RAMP >= 128 * 257, 65535 - RAMP, RAMP))
    with pytest.raises(ValueError, match=r"uint16 images need value_range=\(0, 65535\)"):
        run(SOLARIZE, RAMP)
    narrow = np.asarray(run(SOLARIZE.with_value_range((0, 1023)), (RAMP // 64).astype("int32")))
    assert narrow.dtype == "int32"
    assert narrow.max() < 1023 / 2 + 2


def test_integers_outside_of_the_range():
    wide = np.full((1, 4, 4, 3), 300, "int32")
    for function in (augment.flip_vertical, augment.invert, SOLARIZE):
        with pytest.raises(ValueError, match=r"must lie in \[0, 255\], received int32 from 300"):
            function(wide)
    with pytest.raises(ValueError, match="uint8 images cannot have the value_range"):
        SOLARIZE.with_value_range((0, 1000))(np.zeros((1, 4, 4, 3), "uint8"))


@pytest.mark.wide
def test_fractions_under_the_range_of_bytes():
    fractions = np.linspace(0, 1, 48, dtype="float32").reshape(1, 4, 4, 3)
    small = r"all images lie in \[0, 1\], .*: give"
    with pytest.warns(UserWarning, match=rf"{small} a policy or a layer value_range=\(0, 1\)"):
        augment.invert(fractions, compile=False)
    with pytest.warns(UserWarning, match=rf"{small} value_range=\(0, 1\)"):
        SOLARIZE(fractions)
    with pytest.warns(UserWarning, match=rf"{small} value_range=\(0, 1\)"):
        layers.RandomSolarize(rate=1.0)(fractions)
    with pytest.warns(UserWarning, match=r"give value_range=\(0, 1\)"):
        data.pipeline((fractions, np.array([0])), 1, policy=SOLARIZE)
    SOLARIZE.with_value_range((0, 1))(fractions)
    data.pipeline((fractions, np.array([0])), 1, policy=SOLARIZE.with_value_range((0, 1)))


def test_bytes_under_the_range_of_16_bits():
    values = np.arange(48, dtype="uint16").reshape(1, 4, 4, 3)
    wide = SOLARIZE.with_value_range((0, 65535))
    message = r"all images lie in \[0, 255\], .* from 0 to 65535"
    with pytest.warns(UserWarning, match=message):
        augment.invert(values, compile=False)
    with pytest.warns(UserWarning, match=message):
        wide(values)
    wide(values * 257)
    augment.invert(np.zeros((1, 4, 4, 3), "uint16"), compile=False)


NOISE = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype("float32")
UNLIKE = {
    "12 bits": (NOISE * 16, r"from .* to \d+, .* from 0 to 255, .*: give value_range their own"),
    "from -1 to 1": (NOISE / 127.5 - 1, r"as good as black: give value_range=\(-1, 1\)"),
    "standardised": (NOISE / 60 - 2, "as good as black: let what standardises them come later"),
    "dark": (NOISE / 127.5, None),
    "dark and sharpened": (NOISE / 127.5 - 0.2, None),
    "black": (NOISE * 0, None),
    "from 0 to 1, the first black": (NOISE / 255 * [[[[0]]], [[[1]]]], r"value_range=\(0, 1\)"),
    "bytes, the first black": (NOISE * [[[[0]]], [[[1]]]], None),
    "bytes": (NOISE, None),
}


@pytest.mark.parametrize("kind", UNLIKE)
def test_values_that_are_told_and_those_that_are_not(kind, untold):
    images, message = UNLIKE[kind]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for part in (images, images, images * 0.99):  # whose ends are others
            value_range.check_values(part, (0, 255))
            value_range.check_values(part, (0, 255), to=None)
    assert len(told) == (message is not None)  # once for a line
    assert all(re.search(message, str(one.message)) for one in told)


@pytest.mark.wide_but("flip_horizontal", "gamma", "cutout")
@pytest.mark.parametrize("name", sorted(name for name in OPS if OPS[name].pixels == "moved"))
def test_ops_read_values_or_take_those_of_any_range(name, recwarn, untold):
    op, images = OPS[name], np.tile(np.round(NOISE), (1, 4, 4, 1))
    one, other = (
        np.asarray(getattr(augment, name)(x, *numbers(op, x), compile=False))
        for x in (images, images * 16)
    )
    assert np.allclose(one * 16, other, rtol=1e-5, atol=0.01) is not op.reads_values
    assert len(recwarn) == op.reads_values
    policy = Policy([[Step(name, 1.0, 0.5 if op.has_strength else None)]])
    assert policy.reads_values is op.reads_values


TAKE_IMAGES = (
    augment.flip_vertical,
    SOLARIZE,
    layers.RandomCrop(8, seed=1),
    lambda images: layers.RandomCrop(8)(images, training=False),
    lambda images: layers.JitteredResize(8)(images, training=False),
    lambda images: augment.center_crop(images, 8),
)


def test_channels_first(monkeypatch):
    for shape in ((2, 3, 12, 10), (2, 4, 12, 10), (4, 12, 10)):
        for function in TAKE_IMAGES:
            with pytest.raises(
                ValueError, match="channels last.*: transpose|: transpose .*channels are first"
            ):
                function(np.zeros(shape, "uint8"))
    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")
    with pytest.raises(ValueError, match="image_data_format channels_first"):
        augment.flip_vertical(np.zeros((2, 12, 10, 3), "uint8"))


def test_grey_images_without_an_axis_of_channels():
    """Rows of several images would count as one image, and be turned upside down as one."""
    grey = np.zeros((60, 12, 10), "uint8")
    for images in (grey, grey[:3], grey[:4], grey[:1]):
        for function in TAKE_IMAGES:
            with pytest.raises(
                ValueError, match=r"give grey images the shape \(batch, height, width, 1"
            ):
                function(images)
    for function in TAKE_IMAGES:
        with pytest.raises(ValueError, match=r"must have shape .* received shape \(12, 10\)"):
            function(grey[0])
    assert augment.flip_vertical(grey[None]).shape == (1, 60, 12, 10)


@pytest.mark.parametrize("name", ["hue", "gaussian_blur"])
def test_sums_are_not_reordered_in_a_plain_graph(name, batch):
    wanted = np.asarray(getattr(augment, name)(batch, 0.35, compile=False))
    run = tf.function(lambda images: getattr(augment, name)(images, 0.35, compile=False))
    np.testing.assert_array_equal(run(batch), wanted)


def test_a_dataset_leaves_the_source_alone(batch, caplog):
    dataset = tf.data.Dataset.from_tensors(batch)
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.WARNING, logger="tensorflow"):
            dataset.map(lambda images: augment.invert(images, compile=False))
    finally:
        logger.removeHandler(caplog.handler)
    assert "AutoGraph" not in caplog.text


@pytest.mark.parametrize("dtype", ["int16", "int32", "int64"])
def test_whole_numbers_are_no_images_of_zero_to_one(dtype):
    """In a graph too, where only their type is known."""
    images = np.zeros((2, 4, 4, 3), dtype)
    policy = SOLARIZE.with_value_range((0, 1))
    for run in (policy, tf.function(lambda images: policy(images, samples=[0, 1]))):
        with pytest.raises(ValueError, match=rf"{dtype} images cannot have the value_range"):
            run(tf.constant(images))
