"""What images may hold: the range of their type, or one line that says what is wrong."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment, data, layers
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
    for function in (augment.flip_vertical, SOLARIZE, layers.RandomFlipVertical(rate=1.0)):
        with pytest.warns(UserWarning, match=r"all images lie in \[0, 1\]"):
            function(fractions)
    with pytest.warns(UserWarning, match=r"give value_range=\(0, 1\)"):
        data.pipeline((fractions, np.array([0])), 1, policy=SOLARIZE)
    SOLARIZE.with_value_range((0, 1))(fractions)
    data.pipeline((fractions, np.array([0])), 1, policy=SOLARIZE.with_value_range((0, 1)))


def test_bytes_under_the_range_of_16_bits():
    values = np.arange(48, dtype="uint16").reshape(1, 4, 4, 3)
    wide = SOLARIZE.with_value_range((0, 65535))
    for function in (augment.flip_vertical, wide):
        with pytest.warns(UserWarning, match=r"all images lie in \[0, 255\], .* from 0 to 65535"):
            function(values)
    wide(values * 257)
    augment.flip_vertical(np.zeros((1, 4, 4, 3), "uint16"))


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
