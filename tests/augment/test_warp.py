"""Warps by a flow, and colours in YIQ."""

import numpy as np
import pytest

from keras_cv_extras import augment

IMAGES = np.random.default_rng(0).random((2, 6, 7, 3)).astype("float32")


def test_whole_pixels_are_moved():
    flow = np.broadcast_to(np.array([1, -2], "float32"), (2, 6, 7, 2))
    found = np.asarray(augment.dense_image_warp(IMAGES, flow))
    rows, columns = np.clip(np.arange(6) - 1, 0, 5), np.clip(np.arange(7) + 2, 0, 6)
    # The edge is read between the last two pixels, all the way to the last.
    np.testing.assert_allclose(found, IMAGES[:, rows][:, :, columns], atol=1e-7)


def test_between_pixels_and_outside():
    points = np.array([[[0.5, 0.25], [-3.0, 99.0]]] * 2, "float32")
    found = np.asarray(augment.interpolate_bilinear(IMAGES, points))
    first = IMAGES[:, :2, :2]
    wanted = first.mean(1)[:, 0] * 0.75 + first.mean(1)[:, 1] * 0.25
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-5)
    np.testing.assert_allclose(found[:, 1], IMAGES[:, 0, -1], rtol=1e-5)
    turned = augment.interpolate_bilinear(IMAGES, points[..., ::-1].copy(), indexing="xy")
    np.testing.assert_array_equal(turned, found)
    with pytest.raises(ValueError, match="indexing must be one of"):
        augment.interpolate_bilinear(IMAGES, points, indexing="yx")
    with pytest.raises(ValueError, match="grid must be"):
        augment.interpolate_bilinear(IMAGES[0], points)
    with pytest.raises(ValueError, match="grid must be"):
        augment.interpolate_bilinear(IMAGES, np.zeros((2, 4, 3), "float32"))


def test_colours_in_yiq():
    whole = augment.adjust_hsv_in_yiq(IMAGES, 2 * np.pi)
    np.testing.assert_allclose(whole, IMAGES, atol=1e-5)
    gray = np.asarray(augment.adjust_hsv_in_yiq(IMAGES, scale_saturation=0.0))
    luma = (IMAGES @ np.array([0.299, 0.587, 0.114]))[..., None]
    np.testing.assert_allclose(gray, np.broadcast_to(luma, gray.shape), atol=1e-5)
    levels = (IMAGES * 255).astype("uint8")
    bright = np.asarray(augment.adjust_hsv_in_yiq(levels, scale_value=3.0))
    assert bright.dtype == np.uint8
    np.testing.assert_array_equal(bright, np.minimum(levels * 3.0, 255).astype("uint8"))
    with pytest.raises(ValueError, match="with 3 axes or more"):
        augment.adjust_hsv_in_yiq(IMAGES[..., :1])
    with pytest.raises(ValueError, match="with 3 axes or more"):
        augment.adjust_hsv_in_yiq(IMAGES[0, 0])


def test_the_hue_is_turned_by_an_angle_in_yiq():
    yiq = np.array([[0.299, 0.596, 0.211], [0.587, -0.274, -0.523], [0.114, -0.322, 0.312]])
    light, i, q = np.moveaxis(IMAGES @ yiq, -1, 0)
    i, q = 0.5 * (np.cos(0.7) * i - np.sin(0.7) * q), 0.5 * (np.sin(0.7) * i + np.cos(0.7) * q)
    wanted = 1.5 * np.stack([light, i, q], axis=-1) @ np.linalg.inv(yiq)
    found = augment.adjust_hsv_in_yiq(IMAGES, 0.7, scale_saturation=0.5, scale_value=1.5)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("pixels", [-8.25, 3.5])
def test_bytes_are_blended_as_floats_are(pixels):
    """Far to the left and to the right of images, and between their columns."""
    levels = np.random.default_rng(1).integers(0, 256, (2, 6, 7, 3)).astype("uint8")
    settings = {"interpolation": "bilinear", "fill_mode": "nearest"}
    found = augment.translate_x(levels, pixels, **settings)
    exact = np.asarray(augment.translate_x(levels.astype("float32"), pixels, **settings))
    np.testing.assert_array_equal(found, np.floor(exact + 0.5))
