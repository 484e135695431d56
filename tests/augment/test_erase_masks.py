"""Which pixels each erasing op fills, by NumPy from the same draws: exactly those."""

import numpy as np
import pytest

from keras_cv_extras import augment
from keras_cv_extras._base.random import of_key
from keras_cv_extras.augment import _erase

HEIGHT, WIDTH, KEY = 37, 54, 12_345


def filled(name, *numbers, channels=1, **options):
    """The values that an op fills of a white image, `(height, width, channels)`."""
    image = np.full((HEIGHT, WIDTH, channels), 255, "uint8")
    made = getattr(augment, name)(image, *numbers, compile=False, **options)
    return np.asarray(made) == 0


def draws(count, key=KEY):
    return np.asarray(of_key(key, count))


def half_up(value):
    return int(np.floor(np.float32(value) + np.float32(0.5)))


def on(size, start, length):
    place = np.arange(size)
    return (place >= start) & (place < start + length)


@pytest.mark.parametrize(("size", "side"), [(5.0, 5), (6.0, 6), (4.5, 5), (4.4, 4), (0.0, 0)])
@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.3, 0.8), (0.99, 0.5)])
def test_a_cutout_is_a_square_about_its_centre(size, side, x, y):
    top, left = int(y * HEIGHT) - side // 2, int(x * WIDTH) - side // 2
    wanted = on(HEIGHT, top, side)[:, None] & on(WIDTH, left, side)
    np.testing.assert_array_equal(filled("cutout", size, x, y)[..., 0], wanted)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("grid", [None, 1, 5])
def test_coarse_dropout_fills_cells(grid, per_channel):
    options = {"per_channel": per_channel} | ({} if grid is None else {"grid": grid})
    made = filled("coarse_dropout", 0.4, KEY, channels=3, **options)
    grid, sets = grid or 8, 3 if per_channel else 1
    cells = (draws(grid * grid * sets) < np.float32(0.4)).reshape(grid, grid, sets)
    rows, columns = np.arange(HEIGHT) * grid // HEIGHT, np.arange(WIDTH) * grid // WIDTH
    wanted = np.broadcast_to(cells[rows][:, columns], made.shape)
    np.testing.assert_array_equal(made, wanted)


def test_the_rate_is_not_reached():
    """A number that is drawn is below 1 and may be 0: a rate of 0 fills nothing."""
    lowest = float(draws(1)[0])
    assert not filled("coarse_dropout", lowest, KEY, grid=1).any()
    assert filled("coarse_dropout", np.nextafter(np.float32(lowest), 1), KEY, grid=1).all()


@pytest.mark.parametrize("key", [1, 2, KEY])
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("unit", [None, (0.2, 0.9), (0.01, 0.01)])
def test_a_grid_mask_is_of_squares(key, ratio, unit):
    made = filled("grid_mask", ratio, key, **({} if unit is None else {"unit": unit}))[..., 0]
    low, high = np.float32(unit or (0.3, 0.5))
    chance = draws(4, key)
    distance = max(half_up((low + (high - low) * chance[0]) * np.float32(HEIGHT)), 1)
    side = half_up(np.float32(ratio) * np.float32(distance))
    x, y = (
        (np.arange(size) + int(chance[axis] * np.float32(distance))) % distance < side
        for axis, size in ((1, WIDTH), (2, HEIGHT))
    )
    np.testing.assert_array_equal(made, y[:, None] & x)


@pytest.mark.parametrize("key", [3, KEY])
def test_a_turned_grid_mask_turns_about_the_middle(key):
    made = filled("grid_mask", 0.5, key, unit=(0.4, 0.4), degrees=30.0)[..., 0]
    chance, distance = draws(4, key), half_up(0.4 * HEIGHT)
    angle = np.radians((chance[3] * 2 - 1) * 30)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    x, y = x - WIDTH // 2, y - HEIGHT // 2
    along = np.floor(np.cos(angle) * x + np.sin(angle) * y) + int(chance[1] * distance)
    down = np.floor(np.cos(angle) * y - np.sin(angle) * x) + int(chance[2] * distance)
    side = half_up(0.5 * distance)
    wanted = (along % distance < side) & (down % distance < side)
    assert (made != wanted).mean() < 0.005  # where a place is whole but for rounding


@pytest.mark.parametrize("per_side", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("holes", [None, (2, 5)])
def test_hole_dropout_fills_rectangles(holes, per_side, per_channel):
    size = 0.4 if per_side else 13.0
    options = {"per_side": per_side, "per_channel": per_channel}
    options |= {} if holes is None else {"num_holes": holes, "smallest": 0.25}
    (fewest, most), smallest = holes or (1, 8), 0.5 if holes is None else 0.25
    for key in (1, 5, KEY):
        made = filled("hole_dropout", size, key, channels=2, **options)
        sets = 2 if per_channel else 1
        chance = draws(1 + 4 * most * sets, key)
        count = fewest + int(chance[0] * (most - fewest + 1))
        rest = chance[1:].reshape(4, most, sets)
        wanted = np.zeros(made.shape, bool)
        for hole in range(count):
            for each in range(sets):
                lengths, starts = [], []
                for axis, side in enumerate((HEIGHT, WIDTH)):
                    low = np.float32(size) * np.float32(smallest)
                    long = low + (np.float32(size) - low) * rest[axis, hole, each]
                    long = int(long * np.float32(side)) if per_side else half_up(long)
                    lengths.append(long)
                    room = np.float32(side - long + 1)
                    starts.append(int(rest[axis + 2, hole, each] * room))
                box = on(HEIGHT, starts[0], lengths[0])[:, None] & on(WIDTH, starts[1], lengths[1])
                wanted[..., each if per_channel else slice(None)] |= (
                    box if per_channel else box[..., None]
                )
        np.testing.assert_array_equal(made, wanted)


def test_a_hole_is_at_most_as_large_as_the_image():
    made = filled("hole_dropout", 1000.0, KEY, num_holes=(1, 1), smallest=1.0)
    assert made.all()


@pytest.mark.parametrize("aspect", [(0.5, 2.0), 0.5])
def test_an_erased_rectangle_has_the_wanted_ratio(aspect):
    for key in range(8):
        made = filled("random_erasing", 0.2, key, smallest=0.15, aspect=aspect)[..., 0]
        rows, columns = made.any(axis=1).sum(), made.any(axis=0).sum()
        assert made.sum() == rows * columns
        assert 0.13 < made.mean() < 0.22
        assert 0.42 < rows / columns < 2.4


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (_erase._check_aspect, (0, 1)),
        (_erase._check_aspect, (-1.0, 1.0)),
        (_erase._check_aspect, 0),
        (_erase._check_aspect, 1.5),
        (_erase._check_fractions, (0.0, 0.5)),
        (_erase._check_fractions, (0.5, 0.4)),
        (_erase._check_counts, (0, 3)),
        (_erase._check_grid, 0),
    ],
)
def test_what_an_erasing_op_refuses(check, value):
    with pytest.raises(ValueError, match="number of it must"):
        check("number of it", value)


def test_what_an_erasing_op_takes():
    assert _erase._check_aspect("aspect", (0.2, 3)) == (0.2, 3.0)
    assert _erase._check_aspect("aspect", 1) == 1.0
    assert _erase._check_fractions("unit", (0.4, 0.4)) == (0.4, 0.4)
    assert _erase._check_counts("num_holes", (31, 31)) == (31, 31)
