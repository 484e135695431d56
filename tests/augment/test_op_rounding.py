"""What `@image_op` does to levels: it clips, and cuts or rounds, as Pillow does or as it says."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from keras_cv_extras import augment
from keras_cv_extras.augment import OPS
from keras_cv_extras.augment._op import finish, round_off, to_uint8
from keras_cv_extras.augment.photometric._lighting import black_body_gains


def test_computed_levels_are_clipped_and_cut():
    values = np.float32([-300.0, -0.5, 0.0, 0.99, 1.5, 254.99, 255.0, 255.7, 600.0])
    np.testing.assert_array_equal(finish(values, "uint8"), [0, 0, 0, 0, 1, 254, 255, 255, 255])
    clipped = np.float32([0, 0, 0, 0.99, 1.5, 254.99, 255, 255, 255])
    np.testing.assert_array_equal(finish(values, "float32"), clipped)


def test_rounded_levels_are_clipped_and_halves_go_up():
    values = np.float32([-300.0, 0.49, 0.5, 1.5, 2.5, 254.49, 254.5, 255.7, 600.0])
    for dtype in ("uint8", "int32"):
        wanted = [0, 0, 1, 2, 3, 254, 255, 255, 255]
        np.testing.assert_array_equal(round_off(values, dtype), wanted)
    clipped = np.clip(values, 0, 255)
    np.testing.assert_array_equal(round_off(values, "float32"), clipped)


def test_whole_levels_are_clipped_and_cut():
    np.testing.assert_array_equal(to_uint8(np.float32([-4, 3.99, 254.5, 300])), [0, 3, 254, 255])
    np.testing.assert_array_equal(to_uint8(np.int32([-4, 3, 300])), [0, 3, 255])


@pytest.mark.parametrize("factor", [0.37, 1.3, 1.9])
def test_every_level_is_that_of_pillow(factor):
    levels = np.arange(256, dtype="uint8").reshape(16, 16)
    wanted = ImageEnhance.Brightness(Image.fromarray(levels)).enhance(float(np.float32(factor)))
    result = augment.brightness(levels[..., None], factor, compile=False)
    np.testing.assert_array_equal(np.asarray(result)[..., 0], wanted)


@pytest.mark.parametrize("pixels", [-1.5, -0.5, 0.5, 2.5])
def test_half_pixels_go_where_pillow_moves_them(pixels):
    image = np.arange(1, 65, dtype="uint8").reshape(8, 8)
    for name, matrix in (("x", (1, 0, pixels, 0, 1, 0)), ("y", (1, 0, 0, 0, 1, pixels))):
        wanted = Image.fromarray(image).transform((8, 8), Image.Transform.AFFINE, matrix)
        function = getattr(augment, f"translate_{name}")
        result = function(image[..., None], pixels, compile=False)
        np.testing.assert_array_equal(np.asarray(result)[..., 0], wanted)


def test_a_policy_s_numbers_become_positions_and_keys():
    """Two numbers in [0, 1) are a position, or the 24 bits of the first one are a key."""
    assert OPS["cutout"].numbers(5.0, 0.25, 0.75) == [5.0, 0.25, 0.75]
    x = np.float32(0.7123456)
    (value, key) = OPS["gaussian_noise"].numbers(5.0, x, 0.9)
    assert value == 5.0
    assert float(key) == np.floor(np.float64(x) * 2**24)
    assert OPS["invert"].numbers(None, 0.25, 0.75) == []


def test_bits_and_qualities_are_rounded():
    levels = np.arange(256, dtype="uint8").reshape(16, 16, 1)
    for bits, whole in ((3.4, 3), (3.5, 4), (9.0, 8)):
        wanted = ImageOps.posterize(Image.fromarray(levels[..., 0]), whole)
        result = augment.posterize(levels, bits, compile=False)
        np.testing.assert_array_equal(np.asarray(result)[..., 0], wanted)
    file = io.BytesIO()
    Image.fromarray(levels[..., 0]).save(file, "JPEG", quality=31)
    result = np.asarray(augment.jpeg(levels, 30.5, compile=False))
    np.testing.assert_array_equal(result[..., 0], Image.open(file))


def test_levels_below_a_threshold_are_added_to():
    levels = np.uint8([0, 63, 64, 255]).reshape(1, 4, 1)
    result = augment.solarize_add(levels, 200, threshold=64, compile=False)
    assert np.ravel(result).tolist() == [200, 255, 64, 255]


def test_black_bodies_have_the_colours_of_the_planckian_locus():
    """Chromaticities of black bodies in CIE 1931, and the primaries of sRGB (IEC 61966-2-1)."""
    locus = {
        **{2000: (0.5267, 0.4133), 3000: (0.4369, 0.4041), 4000: (0.3805, 0.3768)},
        **{6500: (0.3135, 0.3237), 10_000: (0.2807, 0.2884)},
    }
    x, y = np.array(list(locus.values())).T
    to_rgb = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    light = np.stack([x / y, np.ones(5), (1 - x - y) / y], axis=-1) @ np.transpose(to_rgb)
    wanted = np.maximum(light, 0) / light[3]
    wanted /= wanted[:, 1:2]
    np.testing.assert_allclose(black_body_gains(list(locus)), wanted, atol=0.02)
