"""Colour ops give what the program that defines them gives."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import color, exposure

from keras_cv_extras import augment
from keras_cv_extras.augment.photometric._lighting import black_body_gains

NAMES = [
    "brightness_contrast",
    *("channel_dropout", "channel_shift", "channel_shuffle", "clahe", "color_jitter", "gamma"),
    *("grayscale", "hsv_shift", "hue", "jpeg", "pca_lighting", "planckian_jitter", "saturation"),
]


@pytest.fixture(scope="module")
def patch(photographs):
    return np.ascontiguousarray(photographs[0][100:164, 180:260])


@pytest.fixture(scope="module")
def all_colors():
    """Every eighth level of every channel with every other: grey, primary and extreme ones."""
    levels = np.r_[0:256:15, 1, 254].astype("uint8")
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)


def assert_rounded(result, wanted, *, slack=2e-3):
    """Integers are the nearest to float64 values, which may lie on the border of two."""
    distance = np.abs(np.asarray(result, "float64") - np.clip(wanted, 0, 255))
    assert distance.max() <= 0.5 + slack


@pytest.mark.parametrize("turns", [-0.5, -1 / 3, -0.07, 1e-3, 0.25, 1 / 3, 0.5])
def test_hue_is_that_of_scikit_image(turns, all_colors):
    hsv = color.rgb2hsv(all_colors.astype("float64") / 255)
    hsv[..., 0] = (hsv[..., 0] + turns) % 1.0
    assert_rounded(augment.hue(all_colors, turns), 255 * color.hsv2rgb(hsv))


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.5, 9.0])
def test_saturation_is_that_of_scikit_image(factor, all_colors):
    hsv = color.rgb2hsv(all_colors.astype("float64") / 255)
    hsv[..., 1] = np.minimum(hsv[..., 1] * factor, 1.0)
    assert_rounded(augment.saturation(all_colors, factor), 255 * color.hsv2rgb(hsv))


@pytest.mark.parametrize("exponent", [0.0, 0.1, 0.3, 0.77, 1.0, 1.9, 4.0])
def test_gamma_is_that_of_scikit_image(exponent):
    levels = np.arange(256, dtype="uint8").reshape(16, 16, 1)
    exponent = float(np.float32(exponent))
    wanted = exposure.adjust_gamma(levels, exponent)
    np.testing.assert_array_equal(augment.gamma(levels, exponent), wanted)
    floats = augment.gamma(levels.astype("float32"), exponent)
    np.testing.assert_allclose(floats, 255 * (levels / 255) ** exponent, atol=2e-3)


def test_grayscale_is_that_of_pillow(patch):
    grey = np.asarray(Image.fromarray(patch).convert("L"))[..., None]
    result = np.asarray(augment.grayscale(patch, 1.0))
    np.testing.assert_array_equal(result, np.repeat(grey, 3, axis=-1))
    assert_rounded(augment.grayscale(patch, 0.3), patch * 0.7 + grey * 0.3)


@pytest.mark.wide
@pytest.mark.parametrize("subsampling", [False, True])
@pytest.mark.parametrize(
    "size", [(17, 13), (33, 9), pytest.param((64, 80), marks=pytest.mark.slow)]
)
def test_jpeg_is_that_of_pillow(size, subsampling, patch):
    image = np.ascontiguousarray(patch[: size[0], : size[1]])
    extreme = np.where(image > 127, 255, 0).astype("uint8")
    for quality in (1, 50, 75) if size == (33, 9) else (1, 30, 50, 75, 99):
        for source in (image, extreme, image[..., 1:2]):
            file = io.BytesIO()
            picture = Image.fromarray(source if source.shape[-1] == 3 else source[..., 0])
            options = {"subsampling": 2 if subsampling else 0} if source.shape[-1] == 3 else {}
            picture.save(file, "JPEG", quality=quality, **options)
            wanted = np.asarray(Image.open(file)).reshape(source.shape)
            compile = size == (17, 13)
            result = augment.jpeg(source, quality, subsampling=subsampling, compile=compile)
            np.testing.assert_array_equal(result, wanted, f"quality {quality}")


@pytest.mark.wide_but("size1", "size3", "size5")
@pytest.mark.parametrize("size", [(64, 80), (61, 80), (24, 20), (5, 7), (1, 1), (144, 150)])
@pytest.mark.parametrize("options", [{}, {"clip_limit": 1.5, "tiles": (4, 5)}])
def test_clahe_is_that_of_opencv(size, options, patch):
    cv2 = pytest.importorskip("cv2")
    image = np.ascontiguousarray(np.tile(patch, (3, 2, 1))[: size[0], : size[1]])
    tiles = options.get("tiles", (8, 8))
    reference = cv2.createCLAHE(options.get("clip_limit", 4.0), tiles[::-1])
    wanted = np.stack([reference.apply(np.ascontiguousarray(c)) for c in np.moveaxis(image, 2, 0)])
    difference = np.asarray(
        augment.clahe(image, **options, compile=size == (24, 20)), int
    ) - np.moveaxis(wanted, 0, 2)
    # OpenCV may fuse products with sums: where two levels are equally near it takes either.
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() <= 1e-3


@pytest.mark.wide
def test_clahe_raises_local_contrast_and_keeps_flat_images(patch):
    dark = (patch // 4).astype("uint8")
    assert np.asarray(augment.clahe(dark)).std() > 1.5 * dark.std()


@pytest.mark.wide
def test_channel_ops(batch):
    images = np.repeat(batch, 20, axis=0)
    keys = np.arange(len(images)) * 977
    shuffled = np.asarray(augment.channel_shuffle(images, keys))
    orders = [
        next(o for o in ORDERS if np.array_equal(image[..., o], result))
        for image, result in zip(images, shuffled, strict=True)
    ]
    counts = [orders.count(order) for order in ORDERS]
    assert min(counts) > 20  # 40 expected of each
    dropped = np.asarray(augment.channel_dropout(images, keys, fill=7))
    filled = (dropped == 7).all(axis=(1, 2))
    assert (filled.sum(axis=-1) == 1).all()
    assert filled.sum(axis=0).min() > 50
    np.testing.assert_array_equal(np.where(filled[:, None, None], 7, images), dropped)
    shift = np.asarray(augment.channel_shift(np.full_like(images, 128), 50, keys)).astype(int) - 128
    assert (shift == shift[:, :1, :1]).all()
    assert abs(shift[:, 0, 0].mean()) < 4
    assert np.abs(shift).max() <= 50
    assert np.abs(shift[:, 0, 0].std() - 100 / np.sqrt(12)) < 2


ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]


def test_pca_lighting_has_the_covariance_of_alexnet():
    images = np.full((4000, 1, 1, 3), 128, "float32")
    added = np.asarray(augment.pca_lighting(images, 0.1, np.arange(4000))).reshape(-1, 3) - 128
    vectors = np.array(
        [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
    )
    values = np.array([0.2175, 0.0188, 0.0045])
    wanted = (25.5**2) * vectors @ np.diag(values**2) @ vectors.T
    np.testing.assert_allclose(np.cov(added.T), wanted, rtol=0.08)
    assert np.abs(added.mean(axis=0)).max() < 0.2


def test_planckian_jitter_warms_and_cools(patch):
    gains = black_body_gains([3000.0, 6500.0, 15000.0])
    np.testing.assert_allclose(gains[1], 1.0)
    assert gains[0, 0] > 1.5 > 1 > gains[0, 2]
    assert gains[2, 0] < 1 < gains[2, 2]
    for mireds in (-87.2, -30.0, 12.5, 179.5):
        own = black_body_gains([1e6 / (1e6 / 6500 + mireds)])[0]
        result = augment.planckian_jitter(patch.astype("float32"), mireds)
        np.testing.assert_allclose(result, np.clip(patch * own, 0, 255), atol=0.05)


def test_numbers_of_hsv_are_shifted(patch):
    image = patch[:24, :24].astype("float32")
    image[:2] = 80.0  # grey, and so it stays
    ends = {"hue": (0.2, 0.2), "saturation": (0.1, 0.1), "brightness": (-0.05, -0.05)}
    for amount in (1.0, 0.5):
        hsv = color.rgb2hsv(image / 255)
        hsv[..., 0] = (hsv[..., 0] + 0.2 * amount) % 1
        grey = hsv[..., 1] == 0
        hsv[..., 1] = np.where(grey, 0, np.clip(hsv[..., 1] + 0.1 * amount, 0, 1))
        hsv[..., 2] = np.clip(hsv[..., 2] - 0.05 * amount, 0, 1)
        found = augment.hsv_shift(image, amount, 3, **ends)
        np.testing.assert_allclose(found, 255 * color.hsv2rgb(hsv), atol=0.02)
    one = augment.hsv_shift(image[..., :1], 1.0, 3, **ends)
    np.testing.assert_allclose(one, np.clip(image[..., :1] - 0.05 * 255, 0, 255), atol=1e-3)


def test_brightness_and_contrast_are_one_product_and_one_sum(patch):
    images = np.stack([patch[:6, :6]] * 200).astype("float32")
    ends = {"brightness": (0.1, 0.3), "contrast": (-0.5, -0.2)}
    found = np.asarray(augment.brightness_contrast(images, 1.0, np.arange(200) * 7, **ends))
    factor = found.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3))
    added = (found - factor[:, None, None, None] * images).mean(axis=(1, 2, 3)) / 255
    assert 0.5 <= factor.min() < 0.52 < 0.78 < factor.max() <= 0.801
    assert 0.099 <= added.min() < 0.12 < 0.28 < added.max() <= 0.301
    assert abs(np.corrcoef(factor, added)[0, 1]) < 0.2
    wanted = factor[:, None, None, None] * images + 255 * added[:, None, None, None]
    np.testing.assert_allclose(found, wanted, atol=0.01)  # and nothing is cut in between
    half = np.asarray(augment.brightness_contrast(images, 0.5, np.arange(200) * 7, contrast=0.0))
    assert 20 < np.abs(half - images).max() < 25.6
    with pytest.raises(ValueError, match="contrast must"):
        augment.brightness_contrast(images, 1.0, contrast=-0.2)


@pytest.mark.wide
def test_color_jitter_is_the_four_ops_in_some_order(patch):
    images = np.stack([patch[:8, :8]] * 400).astype("float32") * 0.5 + 60
    keys = np.arange(400) * 31
    for name in ("brightness", "contrast"):
        only = dict.fromkeys(("brightness", "contrast", "saturation", "hue"), 0.0) | {name: 0.4}
        result = np.asarray(augment.color_jitter(images, 1.0, keys, **only))
        if name == "brightness":
            factors = result.mean(axis=(1, 2, 3)) / images.mean(axis=(1, 2, 3))
        else:
            factors = result.std(axis=(1, 2)).mean(axis=-1) / images.std(axis=(1, 2)).mean(axis=-1)
        assert 0.59 < factors.min() < 0.63
        assert 1.37 < factors.max() < 1.41
        assert abs(factors.mean() - 1) < 0.03
    # With all four at once, every key gives another image.
    both = np.asarray(augment.color_jitter(images, 0.5, keys))
    assert len(np.unique(both.reshape(400, -1), axis=0)) == 400


@pytest.mark.wide
@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    size=st.sampled_from([(1, 1), (1, 6), (5, 3)]),
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from(["uint8", "float32"]),
    kind=st.sampled_from(["black", "white", "constant", "checks"]),
    strength=st.floats(0, 1, width=32),
    key=st.integers(0, 2**24 - 1),
)
def test_small_and_extreme_images(name, size, channels, dtype, kind, strength, key):
    op = augment.OPS[name]
    image = np.indices((*size, channels)).sum(axis=0) % 2 * 255
    image = {"black": 0 * image, "white": 0 * image + 255, "constant": 0 * image + 77}.get(
        kind, image
    ).astype(dtype)
    value = op.strength.value(strength, *size) if op.has_strength else None
    numbers = op.numbers(value, key / 2**24, 0.0)
    result = np.asarray(getattr(augment, name)(image, *numbers, compile=False))
    assert result.shape == image.shape
    assert result.dtype == dtype
    assert np.isfinite(result).all()
    assert 0 <= result.min() <= result.max() <= 255
