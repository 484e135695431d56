"""What erasing ops must leave, and what not."""

import numpy as np
import pytest

from keras_cv_extras import augment
from keras_cv_extras._base.random import of_key
from keras_cv_extras.augment import _erase

COUNT = 200
KEYS = np.arange(COUNT) * 65_537 % (1 << 24)


@pytest.fixture(scope="module")
def blank():
    """White images; what is erased is black."""
    return np.full((COUNT, 30, 40, 3), 255, "uint8")


def erased(result):
    """Which pixels are black, once it is sure that all channels of a pixel agree."""
    black = np.asarray(result) == 0
    assert (black.all(axis=-1) == black.any(axis=-1)).all()
    return black[..., 0]


@pytest.mark.wide
def test_random_erasing_is_one_rectangle_of_the_wanted_area_and_ratio(blank):
    masks = erased(augment.random_erasing(blank, 0.4, KEYS))
    ratios, shares = [], []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask.sum() == len(rows) * len(columns), "not a rectangle"
        assert (np.diff(rows) == 1).all()
        assert (np.diff(columns) == 1).all()
        shares.append(mask.mean())
        if mask.mean() < 0.15:  # larger ones do not fit with every ratio
            ratios.append(np.log(len(rows) / len(columns)))
    assert 0.01 < min(shares) < 0.05
    assert 0.36 < max(shares) < 0.42
    assert abs(np.mean(shares) - 0.21) < 0.03
    assert np.abs(ratios).max() < np.log(1 / 0.3) + 0.35  # whole pixels, few of them
    assert abs(np.mean(ratios)) < 0.3
    # Every border is reached, and no side is preferred. A corner is reached by few rectangles.
    for border in (masks[:, 0], masks[:, -1], masks[:, :, 0], masks[:, :, -1]):
        assert border.any()
    share = masks.mean(axis=0)
    assert abs(share[:15].mean() - share[15:].mean()) < 0.05
    assert abs(share[:, :20].mean() - share[:, 20:].mean()) < 0.05


@pytest.mark.wide
def test_hole_dropout_has_the_wanted_number_and_size(blank):
    one = erased(augment.hole_dropout(blank, 8, KEYS, num_holes=(1, 1)))
    sides = [(mask.any(axis=1).sum(), mask.any(axis=0).sum()) for mask in one]
    assert {side for pair in sides for side in pair} == {4, 5, 6, 7, 8}
    assert all(
        mask.sum() == rows * columns for mask, (rows, columns) in zip(one, sides, strict=True)
    )
    many = erased(augment.hole_dropout(blank, 2, KEYS, num_holes=(2, 5)))
    areas = many.sum(axis=(1, 2))
    assert areas.min() >= 1
    assert 10 < areas.max() <= 5 * 4
    coloured = np.asarray(augment.hole_dropout(blank, 8, KEYS, per_channel=True)) == 0
    assert (coloured.any(axis=-1) != coloured.all(axis=-1)).any(axis=(1, 2)).mean() > 0.95


@pytest.mark.wide
def test_coarse_dropout_erases_whole_cells_at_the_rate(blank):
    masks = erased(augment.coarse_dropout(blank, 0.2, KEYS, grid=5))
    cells = masks.reshape(COUNT, 5, 6, 5, 8)
    assert (cells.all(axis=(2, 4)) == cells.any(axis=(2, 4))).all()
    assert abs(masks.mean() - 0.2) < 0.02
    drawn = np.asarray(of_key(int(KEYS[7]), 25)).reshape(5, 5) < 0.2
    np.testing.assert_array_equal(cells[7, :, 0, :, 0], drawn)
    coloured = np.asarray(augment.coarse_dropout(blank, 0.2, KEYS, grid=5, per_channel=True)) == 0
    assert abs(coloured.all(axis=-1).mean() - 0.2**3) < 0.005
    assert not erased(augment.coarse_dropout(blank[:1], 0.0, 5)).any()
    assert erased(augment.coarse_dropout(blank[:1], 1.0, 5)).all()


@pytest.mark.wide
def test_grid_mask_is_a_grid(blank):
    masks = erased(augment.grid_mask(blank, 0.5, KEYS, unit=(1 / 3, 1 / 3)))
    for mask in masks:
        np.testing.assert_array_equal(mask[10:], mask[:-10])
        np.testing.assert_array_equal(mask[:, 10:], mask[:, :-10])
        np.testing.assert_array_equal(mask, mask.any(axis=1)[:, None] & mask.any(axis=0)[None])
        assert mask[:10, :10].sum() == 25
    assert len({mask.tobytes() for mask in masks}) > 60, "the grid begins at many places"
    turned = erased(augment.grid_mask(blank, 0.5, KEYS, unit=(1 / 3, 1 / 3), degrees=45.0))
    assert abs(turned.mean() - 0.25) < 0.02
    assert (turned[5] != turned[5].any(axis=1)[:, None] & turned[5].any(axis=0)[None]).any()


@pytest.mark.parametrize("name", ["cutout", "random_erasing", "hole_dropout", "grid_mask"])
def test_fills(name, batch):
    number = {"cutout": 9, "random_erasing": 0.4, "hole_dropout": 9, "grid_mask": 0.5}[name]
    function, batch = getattr(augment, name), batch[:2]
    black = np.asarray(function(batch, number, 0.5, fill=0, compile=False))
    white = np.asarray(function(batch, number, 0.5, fill=255, compile=False))
    mask = black != white
    assert mask.any()
    mean = np.asarray(function(batch, number, 0.5, fill_mode="mean", compile=False))
    colours = np.floor(batch.astype("float64").mean(axis=(1, 2), keepdims=True) + 0.5)
    np.testing.assert_array_equal(mean, np.where(mask, colours, batch))
    noisy = np.asarray(function(batch, number, 0.5, fill_mode="noise", compile=False))
    np.testing.assert_array_equal(noisy[~mask], batch[~mask])
    assert abs(noisy[mask].mean() - 127.5) < 12
    assert noisy[mask].min() < 12
    assert noisy[mask].max() > 243


def test_noise_is_uniform_and_follows_its_key():
    from keras_cv_extras._base.images.fill import noise

    first, same, other = (np.asarray(noise(key, (64, 64, 3))) for key in (5, 5, 6))
    np.testing.assert_array_equal(first, same)
    assert abs((first == other).mean() - 1 / 256) < 0.003
    counts = np.bincount(first.ravel(), minlength=256)
    assert ((counts - 48) ** 2 / 48).sum() < 350  # chi-squared, 255 degrees: 1 in 30,000 above
    flat = first.astype(float).ravel() - 127.5
    for lag in (1, 3, 192, 1536):
        assert abs((flat[lag:] * flat[:-lag]).mean()) / flat.var() < 0.04


def test_holes_are_counted_up_to_31():
    """Each is a bit of an int32 beside its sign."""
    assert _erase._check_counts("num_holes", (1, 31)) == (1, 31)
    for wrong in ((1, 32), (3, 2)):
        with pytest.raises(ValueError, match="num_holes must"):
            _erase._check_counts("num_holes", wrong)
