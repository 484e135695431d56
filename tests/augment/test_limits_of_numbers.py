"""Numbers beyond an op's limits, and images that are not square."""

import numpy as np
import pytest

from keras_cv_extras import augment
from keras_cv_extras.augment.geometric import _affine

IMAGE = np.random.default_rng(0).integers(0, 256, (9, 12, 3), "uint8")


def test_blurs_stay_within_their_windows():
    def box(radius):
        return augment.box_blur(IMAGE, radius, kernel_size=5, compile=False)

    np.testing.assert_array_equal(box(9.0), box(2.0))
    np.testing.assert_array_equal(box(-1.0), IMAGE)
    np.testing.assert_array_equal(augment.motion_blur(IMAGE, 0.0, 7, compile=False), IMAGE)


def test_images_move_by_shares_of_their_own_sides():
    still = {"degrees": 0.0, "scale": 0.0, "slope": 0.0}
    starts = [
        np.array([_affine._any_affine(8, 64, 1.0, key, shift=0.5, **still)[n] for n in (2, 5)])
        for key in range(0, 2**24, 2**20)
    ]
    across, down = np.abs(np.array(starts, "float64") / 65536 - 0.5).max(axis=0)
    assert 16 < across <= 32
    assert 2 < down <= 4


def test_the_distance_of_a_grid_is_above_zero():
    with pytest.raises(ValueError, match="unit must rise from above 0"):
        augment.grid_mask(IMAGE, 0.5, unit=(0.0, 0.5), compile=False)


def test_a_window_must_fit_both_ways():
    for size in ((10, 3), (3, 13)):
        with pytest.raises(ValueError, match="size must be within the images' 9 x 12 pixels"):
            augment.random_crop(IMAGE, size=size, compile=False)
