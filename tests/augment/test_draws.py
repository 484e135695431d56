"""What a key decides: every number is drawn for one thing alone, and reaches both of its ends."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment
from keras_cv_extras._base.images.fill import noise
from keras_cv_extras._base.random import halves_of_key, of_key

KEYS = np.arange(160) * 65_537 % (1 << 24)


def drawn(function, image, value, keys=KEYS, **options):
    """An op's results for one image and many keys, in a plain graph: nothing is compiled."""
    images = np.repeat(image[None], len(keys), axis=0)
    run = tf.function(
        lambda images, keys: function(images, value, keys, compile=False, **options),
        autograph=False,
    )
    return np.asarray(run(images, tf.constant(keys, "float32")))


def correlation(first, second):
    return abs(np.corrcoef(first, second)[0, 1])


def ends(mask):
    """Where the marked part of an axis begins, for every row of a batch, and how long it is."""
    return mask.argmax(axis=1), mask.sum(axis=1)


def test_every_number_of_holes_is_as_likely():
    # Holes of one pixel in a large image hardly ever meet.
    white = np.full((48, 48, 1), 255, "uint8")
    counts = (drawn(augment.hole_dropout, white, 1.0, num_holes=(2, 4)) == 0).sum(axis=(1, 2, 3))
    shares = np.bincount(counts, minlength=5) / len(KEYS)
    assert shares[:2].sum() == 0
    assert len(shares) == 5
    np.testing.assert_allclose(shares[2:], 1 / 3, atol=0.13)  # 3.5 standard errors


def test_holes_are_rectangles_anywhere():
    white = np.full((40, 40, 1), 255, "uint8")
    black = drawn(augment.hole_dropout, white, 16.0, num_holes=(1, 1))[..., 0] == 0
    (top, high), (left, wide) = ends(black.any(axis=2)), ends(black.any(axis=1))
    assert correlation(top, left) < 0.28  # 3.5 standard errors
    assert correlation(high, wide) < 0.28
    assert {high.min(), wide.min()} <= {8, 9}
    assert {high.max(), wide.max()} <= {15, 16}


def test_grids_are_turned_both_ways():
    white = np.full((72, 72, 1), 255, "uint8")
    options = {"unit": (0.25, 0.25), "degrees": 20.0}
    black = drawn(augment.grid_mask, white, 0.5, KEYS[:40], **options)[..., 0] == 0
    angles = np.arange(-30, 31, 2)

    def alike(mask, angle):
        """How much of a mask lies on itself when it is moved by two squares in a direction."""
        down, right = np.rint(36 * np.array([np.sin(angle), np.cos(angle)])).astype(int)
        above, below = mask[max(down, 0) :][:40], mask[max(-down, 0) :][:40]
        return np.mean(above[:, right:] == below[:, :-right])

    found = [angles[np.argmax([alike(m, a) for a in np.radians(angles)])] for m in black]
    assert -22 <= min(found) <= -14
    assert 14 <= max(found) <= 22


def test_the_random_affine_zooms_and_leans_by_numbers_of_their_own():
    image = np.zeros((80, 80, 1), "uint8")
    image[25:55, 25:55] = 255  # the middle, 30 pixels each way
    options = {"degrees": 0.0, "shift": 0.0, "scale": 0.5, "slope": 0.3}
    seen = drawn(augment.affine, image, 1.0, **options)[..., 0] == 255
    _, sizes = ends(seen.any(axis=2))
    assert 30 / 1.5 - 1 <= sizes.min() < 22
    assert 42 < sizes.max() <= 30 * 1.5 + 1
    place = np.arange(80.0)
    slopes = []
    for mask in seen:
        rows = np.flatnonzero(mask.any(axis=1))
        centres = [place[mask[row]].mean() for row in rows]
        slopes.append(np.polyfit(rows, centres, 1)[0])
    assert -0.35 < min(slopes) < -0.2
    assert 0.2 < max(slopes) < 0.35
    assert correlation(sizes, slopes) < 0.28


@pytest.mark.wide
def test_color_jitter_draws_an_order_beside_its_amounts():
    """Two ops that do not commute where levels are clipped between them."""
    keys = np.arange(400) * 7919 % (1 << 24)
    image = np.float32([[[40] * 3, [220] * 3]])
    none = dict.fromkeys(("brightness", "contrast", "saturation", "hue"), 0.0)
    only = {
        name: drawn(augment.color_jitter, image, 1.0, keys, **{**none, name: 0.8})[:, 0, :, 0]
        for name in ("brightness", "contrast")
    }
    bright = only["brightness"][:, 0] / 40
    contrast = (only["contrast"][:, 0] - 130) / (40 - 130)  # 130 is the mean
    both = drawn(
        augment.color_jitter, image, 1.0, keys, **none | {"brightness": 0.8, "contrast": 0.8}
    )
    both = both[:, 0, :, 0]

    def brightened(levels):
        return np.clip(levels * bright[:, None], 0, 255)

    def contrasted(levels):
        mean = np.floor(np.floor(levels).mean(axis=1, keepdims=True) + 0.5)
        return np.clip(mean + contrast[:, None] * (levels - mean), 0, 255)

    levels = np.repeat(image[0, :, 0][None], len(keys), axis=0)
    orders = contrasted(brightened(levels)), brightened(contrasted(levels))
    told_apart = (np.abs(orders[0] - orders[1]).max(axis=1) > 3) & (contrast < 1.05)
    first, second = (np.abs(both - order).max(axis=1) < 1.5 for order in orders)
    assert (first | second)[told_apart].all()
    first = first[told_apart]
    assert len(first) > 50
    assert 0.35 < first.mean() < 0.65
    assert correlation(first, contrast[told_apart]) < 0.3
    assert correlation(first, bright[told_apart]) < 0.3


@pytest.mark.parametrize("what", ["halves", "fill"])
def test_noise_is_not_the_other_draws_of_its_key(what):
    draws = np.asarray(of_key(1234, 2000), "float64")
    if what == "halves":
        parts, levels = np.asarray(halves_of_key(1234, 8000)).reshape(4, 2000) >> 8, 256
    else:
        parts, levels = np.asarray(noise(1234, (50, 40, 1))).reshape(1, 2000), 256
    for part in parts:
        same = np.mean(part == np.floor(draws * levels))
        assert same < 0.02, "one in 256 by chance"
