"""Numbers beyond an op's limits, and images that are not square."""

import numpy as np
import pytest
from keras import ops
from scipy import stats

from keras_cv_extras import augment, policy
from keras_cv_extras._base.images import boxes, value_range
from keras_cv_extras._base.random import halves_of_key, of_key
from keras_cv_extras.augment import _image_op, _noise
from keras_cv_extras.augment.geometric import _affine, _deform, _geometry

IMAGE = np.random.default_rng(0).integers(0, 256, (9, 12, 3), "uint8")


def test_blurs_stay_within_their_windows():
    image = ops.convert_to_tensor(IMAGE)

    def box(radius):
        return augment.OPS["box_blur"].kernel(image, ops.convert_to_tensor(radius), kernel_size=5)

    np.testing.assert_array_equal(box(9.0), box(2.0))
    np.testing.assert_array_equal(box(-1.0), IMAGE)
    motion = augment.OPS["motion_blur"].apply(image, ops.convert_to_tensor(0.0), 7)
    np.testing.assert_array_equal(motion, IMAGE)


def test_images_move_by_shares_of_their_own_sides():
    still = {"degrees": 0.0, "scale": 0.0, "slope": 0.0}
    starts = [
        np.array([_affine._any_affine(8, 64, 1.0, key, shift=0.5, **still)[n] for n in (2, 5)])
        for key in range(0, 2**24, 2**20)
    ]
    across, down = np.abs(np.array(starts, "float64") / 65536 - 0.5).max(axis=0)
    assert 16 < across <= 32
    assert 2 < down <= 4


def test_corners_on_a_line_are_no_quotient_of_nothing():
    x, y = (ops.convert_to_tensor(place, "float32") for place in ([0, 8, 4, 0], [0, 0, 4, 8]))
    found = np.array([int(number) for number in _deform.homography(x, y, 8, 8)])
    assert np.abs(found).max() <= 2**25


def test_a_cell_is_filled_if_its_number_is_below_the_rate():
    rate = np.asarray(of_key(5, 64))[17]
    cells = erased("coarse_dropout", (8, 8, 1), ops.convert_to_tensor(rate), 5)
    assert not cells.ravel()[17]
    assert cells.sum() == (np.asarray(of_key(5, 64)) < rate).sum()


def test_no_photon_is_counted_where_none_is_expected():
    halves = ops.convert_to_tensor([0, 65535], "int32")
    np.testing.assert_array_equal(_noise._count_out(ops.zeros(2), halves), [0, 0])


def test_few_photons_are_those_of_poisson_and_no_gain_changes_nothing():
    image, noise = np.full((32, 32, 1), 60.0, "float32"), augment.OPS["poisson_noise"].kernel
    found = np.asarray(noise(ops.convert_to_tensor(image), ops.convert_to_tensor(30.0), 5)) / 30
    shares = (np.asarray(halves_of_key(5, image.size)) + 0.5) / 65536
    assert (found.ravel() == stats.poisson.ppf(shares, 2.0)).mean() > 0.998
    same = noise(ops.convert_to_tensor(image), ops.convert_to_tensor(0.0), 5)
    np.testing.assert_array_equal(same, image)


def test_a_side_that_is_far_shorter_keeps_a_pixel():
    assert augment.resize  # which enters it
    resize = _image_op._PUBLISHED["resize"].kernel
    rows = ops.convert_to_tensor(np.arange(8)[:, None, None] + np.zeros((8, 10, 1)), "float32")
    np.testing.assert_array_equal(resize(rows, size=(1, 40), mode="crop"), np.full((1, 40, 1), 3))
    padded = np.asarray(resize(ops.ones((1, 99, 1)), size=(4, 4), mode="pad"))
    assert padded[..., 0].any(axis=1).tolist() == [False, True, False, False]


def test_turned_by_nothing_floats_stay_as_they_are():
    image = np.random.default_rng(0).uniform(0, 255, (8, 8, 3)).astype("float32")
    found = augment.OPS["hue"].apply(ops.convert_to_tensor(image), ops.convert_to_tensor(0.0))
    np.testing.assert_array_equal(found, image)


def test_a_mean_of_a_half_is_rounded_up_as_in_pillow():
    image = ops.convert_to_tensor(np.array([[[4], [5]]], "uint8"))
    grey = augment.OPS["contrast"].apply(image, ops.convert_to_tensor(0.0))
    np.testing.assert_array_equal(grey, np.full((1, 2, 1), 5))


def test_the_distance_of_a_grid_is_above_zero():
    with pytest.raises(ValueError, match="unit must rise from above 0"):
        augment.grid_mask(IMAGE, 0.5, unit=(0.0, 0.5), compile=False)


def test_a_window_must_fit_both_ways():
    for size in ((10, 3), (3, 13)):
        with pytest.raises(ValueError, match="size must be within the images' 9 x 12 pixels"):
            augment.random_crop(IMAGE, size=size, compile=False)


def erased(name, shape, *numbers, **options):
    """What an op's kernel fills of a white image, without a program."""
    white = ops.convert_to_tensor(np.full(shape, 255, "uint8"))
    return np.asarray(augment.OPS[name].kernel(white, *numbers, **options)) == 0


def test_holes_of_a_share_of_a_side_are_cut_to_whole_pixels():
    holes = {"num_holes": (1, 1), "smallest": 1.0, "per_side": True}
    hole = erased("hole_dropout", (10, 16, 1), 0.475, 3, **holes)
    assert (hole.any(axis=1).sum(), hole.any(axis=0).sum()) == (4, 7)


def test_a_grid_turns_about_the_centre_and_has_a_distance():
    def grid(height, key, degrees):
        unit = (1.0 if height > 1 else 0.1,) * 2
        return erased("grid_mask", (height, 22, 1), 0.5, key, unit=unit, degrees=degrees)[..., 0]

    keys = range(0, 2**24, 2**20)
    centres = [grid(6, key, 90.0)[3, 11] for key in keys]
    corners = [grid(6, key, 0.0)[0, 0] for key in keys]
    assert 0 < sum(corners) < len(keys)
    assert centres == corners
    assert grid(1, 5, 0.0).all()


def test_images_move_no_further_than_out_of_the_frame():
    """A warp of several moves has their distances in whole numbers of 32 bits."""
    for move, side in ((_geometry._moved_x, 12), (_geometry._moved_y, 9)):
        for pixels in (40_000.0, -40_000.0):
            start = np.asarray(move(9, 12, pixels, 0)[2 if side == 12 else 5])
            assert start == np.sign(pixels) * side * 65536 + 32768
        for fill_mode in ("wrap", "reflect"):  # come round again
            moved = np.asarray(_geometry._moved(2.0 * side + 5, side, fill_mode=fill_mode))
            assert moved == 5 * 65536


@pytest.mark.parametrize("values", [(-200.0, 100.0), (0.0, 400.0)])
def test_floats_of_another_range_are_told_at_both_ends(values, untold):
    with pytest.warns(UserWarning, match="images have values from"):
        value_range.check_values(ops.convert_to_tensor(values), (0, 255))


def test_black_images_and_those_of_bytes_are_not_told(recwarn, untold):
    for values in ((0.0, 0.0), (0.0, 255.0), (-2.0, 250.0)):
        value_range.check_values(ops.convert_to_tensor(values), (0, 255))
    assert not recwarn.list
    with pytest.raises(ValueError, match="must lie in"):
        value_range.check_values(ops.convert_to_tensor([-5, 7], "int32"), (0, 255))
    with pytest.raises(ValueError, match="int8 images cannot have"):
        value_range.check_values(ops.convert_to_tensor([5, 7], "int8"), (0, 255))


def test_boxes_fit_into_the_image():
    """Of 24 by 6 pixels, where most ratios do not fit."""
    draws = np.random.default_rng(0).random((16, 5)).astype("float32")
    for draw in draws:
        for area, least in ((0.9, 1), (1e-6, 1)):
            numbers = ops.convert_to_tensor(area), (0.1, 10.0), ops.convert_to_tensor(draw[:3])
            box = [int(n) for n in boxes.draw_box(24, 6, *numbers)]
            assert min(box[2:]) >= least
            assert (abs(box[2] * box[3] - 130) < 16) == (area == 0.9)
        areas, draw = ops.convert_to_tensor([0.9, 0.8, 0.3]), ops.convert_to_tensor(draw)
        for size in ((24, 6), (6, 24)):
            found = [int(n) for n in boxes.try_box(*size, areas, (0.7, 1.4), draw)]
            for side, start, length in zip(size, found[:2], found[2:], strict=True):
                assert 0 < length <= side - start
    # Where none fits, what fits lies in the middle.
    draw = ops.convert_to_tensor([0.9, 0.9, 0.5])
    found = boxes.try_box(24, 6, ops.convert_to_tensor([0.99]), (0.9, 1.1), draw)
    assert [int(n) for n in found] == [8, 0, 7, 6]


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("gamma", -0.1, "exponent must be at least 0, received -0.1"),
        ("saturation", -0.5, "factor must be at least 0, received -0.5"),
        ("zoom", 0.0, "factor must be above 0, received 0"),
        ("aspect", [1.0, -1.0], "ratio must be above 0, received -1"),
        ("grayscale", [0.5, 1.5], "amount must be at least 0 and at most 1, received 1.5"),
        ("coarse_dropout", 2, "rate must be at least 0 and at most 1, received 2"),
        ("random_resized_crop", 0, "area must be above 0 and at most 1, received 0"),
    ],
)
def test_a_number_that_an_op_has_no_meaning_for_is_refused(name, number, message):
    images = np.stack([IMAGE, IMAGE])
    with pytest.raises(ValueError, match=message):
        getattr(augment, name)(images, number)
    with pytest.raises(ValueError, match=f"value of {name} must be {message.partition(' be ')[2]}"):
        policy.Step(name, value=number if np.isscalar(number) else number[1])


def test_a_zero_of_either_sign_is_told_as_0():
    with pytest.raises(ValueError, match="factor must be above 0, received 0$"):
        augment.zoom(IMAGE, np.float32(-0.0))


def test_a_number_that_is_mirrored_beyond_the_limits_is_refused():
    assert policy.Step("zoom", value=(1.0, 2.5)).value == (1.0, 2.5)
    with pytest.raises(ValueError, match="zoom, mirrored about 1, must be above 0, received -0.5"):
        policy.Step("zoom", value=(1.0, 2.5), signed=True)


def test_every_strength_is_within_its_limits():
    for op in augment.OPS.values():
        if (strength := op.strength) is not None:
            ends = [strength.identity, strength.extreme]
            ends += [2 * strength.identity - strength.extreme] * strength.signed
            strength.check(op.name, min(ends), max(ends))
