"""Grey values in whole numbers of 16 bits, and images as rows of values."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from keras_cv_extras import augment
from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS
from keras_cv_extras.augment.photometric import _luma

RANDOM = np.random.default_rng(44)


def test_means_of_bytes_are_exact():
    parts = RANDOM.integers(0, 256, (2, 500)).astype("uint8")
    parts[:, :4] = [[0, 255, 0, 255], [0, 255, 255, 0]]
    for weight in (0, 1, 255, 256, 0xFFFF, 0x7F8001, 0xFFFFFF, 1 << 24):
        weights = [weight, (1 << 24) - weight]
        total = np.sum(np.int64(weights)[:, None] * parts, axis=0)
        for more in (0, 2):
            found = _luma.mean_of_bytes(list(parts), weights, more)
            np.testing.assert_array_equal(found, (total + (more << 8) + (1 << 23)) >> 24)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (7, 9), (6, 8)])
def test_contrast_of_any_number_of_pixels(size):
    """Sums are made of halves, with a pixel in the middle or without."""
    image = RANDOM.integers(0, 256, (*size, 3)).astype("uint8")
    wanted = ImageEnhance.Contrast(Image.fromarray(image)).enhance(0.25)
    np.testing.assert_array_equal(augment.contrast(image, 0.25, compile=False), wanted)


def test_halves_that_grey_images_are_blended_to_go_up():
    """Of 0.3 and 0.7, too, which float32 has no numbers for."""
    image = RANDOM.integers(0, 256, (30, 40, 3)).astype("uint8")
    grey = np.asarray(Image.fromarray(image).convert("L"), "int64")[..., None]
    for tenths in range(11):
        wanted = (image * np.int64(10 - tenths) + grey * tenths + 5) // 10
        found = augment.grayscale(image, tenths / 10, compile=False)
        np.testing.assert_array_equal(found, wanted, err_msg=str(tenths))


def test_images_as_rows():
    images = RANDOM.integers(0, 99, (4, 3, 5, 2)).astype("uint8")
    numbers = np.arange(4, dtype="uint8").reshape(4, 1, 1, 1)
    shapes = []

    def add(rows, number, others):
        shapes.append((tuple(rows.shape), tuple(number.shape), tuple(others.shape)))
        return rows + number + others

    found = engine.in_rows(add, images, numbers, images)
    np.testing.assert_array_equal(found, 2 * images + numbers)
    np.testing.assert_array_equal(
        engine.in_rows(add, images[1], np.uint8(7), images[1]), 2 * images[1] + 7
    )
    assert shapes == [((4, 30), (4, 1), (4, 30)), ((1, 30), (1, 1), (1, 30))]


def test_an_elementwise_op_of_ones_own():
    shapes = []

    def plus(image, amount):
        shapes.append((tuple(image.shape), tuple(amount.shape)))
        return image + amount

    fields = dict.fromkeys(("takes_key", "takes_partner", "takes_fill"), False)
    fields |= {"channels": None, "positions": 0, "options": {}, "checks": {}}
    op = augment.Op("plus", plus, None, "computed", elementwise=True, **fields)
    assert op.batched
    images = RANDOM.integers(0, 256, (2, 3, 4, 3)).astype("uint8")
    amounts = np.float32([1, 80]).reshape(2, 1, 1, 1)
    wanted = np.minimum(images + amounts, 255)
    np.testing.assert_array_equal(op.apply(images, amounts), wanted)
    np.testing.assert_array_equal(op.apply(images[1], np.float32(80)), wanted[1])
    assert shapes == [((2, 36), (2, 1)), ((1, 36), (1, 1))]


def test_ops_of_values_in_their_places_are_elementwise():
    elementwise = {name for name, op in OPS.items() if op.elementwise}
    assert elementwise == {
        *("brightness", "gamma", "invert", "posterize", "solarize", "solarize_add")
    }
