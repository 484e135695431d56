"""Blurs are SciPy's filters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from scipy import ndimage

from keras_cv_extras import augment

SHAPES = [(40, 33, 3), (1, 1, 3), (9, 2, 1)]
COMPILED = SHAPES[0]  # every other shape would be another program, which gives the same pixels


@pytest.fixture(scope="module")
def images(photographs):
    return [
        np.ascontiguousarray(photographs[number % 3][90 : 90 + h, 150 : 150 + w, :c])
        for number, (h, w, c) in enumerate(SHAPES)
    ]


def by_channel(function, image):
    channels = np.moveaxis(image.astype("float64"), -1, 0)
    return np.stack([function(channel) for channel in channels], axis=-1)


@pytest.mark.wide_but("0.0", "1.0", "5.0")
@pytest.mark.parametrize("sigma", [0.0, 0.3, 1.0, 2.0, 5.0])
def test_gaussian_blur_is_that_of_scipy(sigma, images):
    for image in images:
        wanted = (
            image
            if sigma == 0
            else by_channel(
                lambda c: ndimage.gaussian_filter(c, sigma, mode="nearest", radius=6), image
            )
        )
        compile = image.shape == COMPILED
        result = augment.gaussian_blur(image.astype("float32"), sigma, compile=compile)
        np.testing.assert_allclose(result, wanted, atol=1e-3)
        whole = np.asarray(augment.gaussian_blur(image, sigma, compile=compile), "float64")
        assert np.abs(whole - wanted).max() <= 0.5 + 0.01


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gaussian_blur", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 2.0]),
        ("box_blur", [0.0, 0.4, 1.0, 1.7, 2.0, 2.3, 3.0, 2.9]),
    ],
)
def test_blurs_of_bytes_are_off_by_less_than_a_hundredth_of_a_level(name, values, images):
    """At every reach, which have a program each, compiled or not."""
    function, radius = getattr(augment, name), 6 if name == "gaussian_blur" else 3
    for image in images:
        batch = np.stack([image] * len(values))
        found = np.asarray(function(batch, values, compile=False), "float64")
        if image.shape == COMPILED:
            np.testing.assert_array_equal(function(batch, values), found)
        for value, blurred in zip(values, found, strict=True):
            away = np.abs(np.arange(-radius, radius + 1))
            if name == "gaussian_blur":
                weights = np.exp(-0.5 * (away / max(value, 1e-3)) ** 2)
            else:
                weights = np.clip(value + 1 - away, 0, 1)
            wanted = image.astype("float64")
            for axis in (0, 1):
                wanted = ndimage.correlate1d(wanted, weights / weights.sum(), axis, mode="nearest")
            assert np.abs(blurred - wanted).max() <= 0.51
            assert np.mean(blurred == np.floor(wanted + 0.5)) > 0.99


def test_a_large_kernel_of_bytes_is_as_exact(images):
    wanted = by_channel(
        lambda c: ndimage.gaussian_filter(c, 9.0, mode="nearest", radius=20), images[0]
    )
    result = augment.gaussian_blur(images[0], 9.0, kernel_size=41, compile=False)
    assert np.abs(np.asarray(result, "float64") - wanted).max() <= 0.51


def test_the_kernel_size_bounds_the_gaussian(images):
    wanted = by_channel(
        lambda c: ndimage.gaussian_filter(c, 4.0, mode="nearest", radius=1), images[0]
    )
    result = augment.gaussian_blur(images[0].astype("float32"), 4.0, kernel_size=3)
    np.testing.assert_allclose(result, wanted, atol=1e-3)


@pytest.mark.parametrize("radius", [0, 1, 2, 3])
def test_box_blur_is_that_of_scipy(radius, images):
    for image in images:
        wanted = by_channel(
            lambda c: ndimage.uniform_filter(c, 2 * radius + 1, mode="nearest"), image
        )
        compile = image.shape == COMPILED
        result = augment.box_blur(image.astype("float32"), radius, compile=compile)
        np.testing.assert_allclose(result, wanted, atol=1e-3)


@pytest.mark.parametrize("radius", [1, 3, 4, 5])
def test_box_blur_leaves_out_what_has_no_weight(radius, images):
    wanted = by_channel(
        lambda c: ndimage.uniform_filter(c, 2 * radius + 1, mode="nearest"), images[0]
    )
    result = augment.box_blur(images[0], radius, kernel_size=11, compile=False)
    assert np.abs(np.asarray(result, "float64") - wanted).max() <= 0.5 + 1e-3


@pytest.mark.wide
def test_box_blur_of_a_fraction_is_about_that_of_pillow(images):
    wanted = np.asarray(Image.fromarray(images[0]).filter(ImageFilter.BoxBlur(1.6)), int)
    assert np.abs(np.asarray(augment.box_blur(images[0], 1.6), int) - wanted).max() <= 1


@pytest.mark.wide_but("3")
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_median_blur_is_that_of_scipy(kernel_size, images):
    for image in images:
        wanted = by_channel(lambda c: ndimage.median_filter(c, kernel_size, mode="nearest"), image)
        options = {"kernel_size": kernel_size, "compile": image.shape == COMPILED}
        np.testing.assert_array_equal(augment.median_blur(image, **options), wanted)
        floats = image.astype("float32") * 0.7
        result = augment.median_blur(floats, kernel_size=kernel_size, compile=False)
        assert np.isin(result, floats).all()


@pytest.mark.wide
def test_motion_blur_is_a_line_through_every_pixel():
    image = np.zeros((1, 15, 15, 1), "float32")
    image[:, 7, 7] = 210.0
    keys = np.arange(300) * 12345 % 2**24
    lines = np.asarray(augment.motion_blur(np.repeat(image, 300, axis=0), 7.0, keys))[..., 0]
    np.testing.assert_allclose(lines.sum(axis=(1, 2)), 210.0, rtol=1e-5)
    np.testing.assert_allclose(lines, lines[:, ::-1, ::-1], atol=1e-4)  # symmetric
    assert ((lines > 0).sum(axis=(1, 2)) == 7).all()
    away = np.abs(np.arange(15) - 7)
    away = np.maximum(away[:, None], away)  # in whole pixels along the longer side
    assert set(np.where(lines > 0, away, 0).max(axis=(1, 2))) == {3}
    # All directions are as likely: the lines add up to a round spot.
    spread = lines.sum(axis=0) / lines.sum()
    places = np.arange(15) - 7
    variances = [(spread.sum(axis=axis) * places**2).sum() for axis in (0, 1)]
    assert abs(variances[0] / variances[1] - 1) < 0.25
    short = np.asarray(augment.motion_blur(image[0], 2.0, 5))[..., 0]
    assert sorted(short[short > 0].round(3)) == [52.5, 52.5, 105.0]


@pytest.mark.parametrize("name", ["box_blur", "gaussian_blur", "motion_blur", "median_blur"])
def test_wrong_kernel_sizes(name, batch):
    function = getattr(augment, name)
    value = [] if name == "median_blur" else [1.0]
    with pytest.raises(ValueError, match="kernel_size must be odd, received 4"):
        function(batch, *value, kernel_size=4)
    with pytest.raises(TypeError, match="kernel_size must be an integer, received 3.0"):
        function(batch, *value, kernel_size=3.0)


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(["box_blur", "gaussian_blur", "motion_blur", "median_blur"]),
    size=st.sampled_from([(1, 1), (1, 6), (5, 3)]),
    dtype=st.sampled_from(["uint8", "float32"]),
    level=st.sampled_from([0, 2, 77, 254, 255]),
    strength=st.floats(0, 1, width=32),
)
def test_constant_images_do_not_change(name, size, dtype, level, strength):
    op = augment.OPS[name]
    image = np.full((*size, 3), level, dtype)
    value = op.strength.value(strength, *size) if op.has_strength else None
    result = getattr(augment, name)(image, *op.numbers(value, 0.4, 0.0), compile=False)
    np.testing.assert_allclose(result, image, atol=1e-3 if dtype == "float32" else 0)
