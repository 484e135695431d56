"""Warps, crops and resizes against SciPy, scikit-image, Pillow and TensorFlow.

All run plain (`compile=False`): that compiled programs give the same pixels is tested for every
op, and here for drawn options.
"""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from scipy.interpolate import BSpline
from skimage import transform

from keras_cv_extras import augment
from keras_cv_extras._base.images.boxes import draw_box, try_box
from keras_cv_extras._base.random import of_key
from keras_cv_extras.augment import OPS
from keras_cv_extras.augment.geometric._deform import distorted_axis, elastic_field
from keras_cv_extras.policy import Step

WINDOWS = json.loads(
    (pathlib.Path(__file__).parent.parent / "reference" / "windows.json").read_text("utf-8")
)
HEIGHT, WIDTH = 41, 58
MODES = {  # ours -> SciPy's
    "constant": "grid-constant",
    "reflect": "reflect",
    "nearest": "nearest",
    "wrap": "grid-wrap",
}
ORDERS = {"nearest": 0, "bilinear": 1}
FILL = 9


@pytest.fixture(scope="module")
def image(photographs):
    return np.ascontiguousarray(photographs[1][60 : 60 + 2 * HEIGHT : 2, 80 : 80 + 2 * WIDTH : 2])


def looked_up(image, rows, columns, mode="constant", interpolation="nearest"):
    """SciPy's pixels at positions; a pixel's centre is a whole number."""
    rows, columns = np.broadcast_arrays(rows, columns)
    if interpolation == "nearest":  # SciPy rounds halves to even
        rows, columns = np.floor(rows + 0.5), np.floor(columns + 0.5)
    options = {"order": ORDERS[interpolation], "mode": MODES[mode], "cval": FILL}
    channels = [
        ndimage.map_coordinates(channel.astype(float), [rows, columns], **options)
        for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack(channels, axis=-1)


def affine_positions(matrix):
    """Where an inverse 2 x 2 matrix about the centre looks, as rows and columns."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    x, y = x - (WIDTH - 1) / 2, y - (HEIGHT - 1) / 2
    columns = matrix[0][0] * x + matrix[0][1] * y + (WIDTH - 1) / 2
    return matrix[1][0] * x + matrix[1][1] * y + (HEIGHT - 1) / 2, columns


def assert_close(result, wanted, interpolation):
    """Nearest pixels: all but a few whose position is on an edge. Bilinear: to a level or so."""
    difference = np.abs(np.asarray(result).astype(float) - wanted)
    if interpolation == "nearest":
        assert (difference.max(axis=-1) > 0).mean() < 0.004
    else:  # weights are whole numbers of 1/256
        assert difference.max() <= 1.6
        assert difference.mean() < 0.5


def rotation(degrees, factor=1.0, slope=0.0):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / factor
    return np.array([[1, -slope], [0, 1]]) @ turn


WARPS = {
    "rotate": (37.0, rotation(37)),
    "zoom": (0.61, rotation(0, 0.61)),
    "aspect": (1.7, [[1.7**-0.5, 0], [0, 1.7**0.5]]),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolation", ORDERS)
def test_warps_equal_scipy(image, mode, interpolation):
    options = {"interpolation": interpolation, "fill_mode": mode, "fill": FILL, "compile": False}
    for name, (value, matrix) in WARPS.items():
        wanted = looked_up(image, *affine_positions(matrix), mode, interpolation)
        assert_close(getattr(augment, name)(image, value, **options), wanted, interpolation)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    wanted = looked_up(image, y, x + 0.27 * (y + 0.5), mode, interpolation)
    assert_close(augment.shear_x(image, 0.27, **options), wanted, interpolation)
    wanted = looked_up(image, y - 0.27 * (x + 0.5), x, mode, interpolation)
    assert_close(augment.shear_y(image, -0.27, **options), wanted, interpolation)
    for pixels in (-70.3, -13.0, 0.0, 5.6, 66.7, 200.0):
        wanted = looked_up(image, y, x + pixels, mode, interpolation)
        assert_close(augment.translate_x(image, pixels, **options), wanted, interpolation)
        wanted = looked_up(image, y + pixels, x, mode, interpolation)
        assert_close(augment.translate_y(image, pixels, **options), wanted, interpolation)


@pytest.mark.parametrize("interpolation", ORDERS)
def test_one_affine_warp_equals_scipy(image, interpolation):
    rows, columns = affine_positions(rotation(20, 1.2, 0.3))
    matrix = rotation(20, 1.2, 0.3)
    rows -= matrix[1] @ [4.5, -3.25]
    columns -= matrix[0] @ [4.5, -3.25]
    result = augment.warp_affine(
        image, 20.0, 4.5, -3.25, 1.2, 0.3, interpolation=interpolation, fill=FILL, compile=False
    )
    wanted = looked_up(image, rows, columns, interpolation=interpolation)
    assert_close(result, wanted, interpolation)


@pytest.mark.wide
def test_the_random_affine_stays_within_its_limits(image):
    images = np.repeat(image[None], 48, axis=0)
    limits = {"degrees": 0.0, "shift": 0.0, "scale": 0.0, "slope": 0.0}
    still = augment.affine(images, 1.0, np.arange(48), **limits)
    np.testing.assert_array_equal(still, images)
    moved = augment.affine(images, 1.0, np.arange(48) * 1001, **{**limits, "shift": 0.1}, fill=255)
    filled = (np.asarray(moved) == 255).all(axis=-1)
    rows, columns = filled.all(axis=2).sum(axis=1), filled.all(axis=1).sum(axis=1)
    assert 3 <= rows.max() <= 0.1 * HEIGHT + 1
    assert 4 <= columns.max() <= 0.1 * WIDTH + 1
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) > 10


def test_ends_of_the_random_affine(image):
    """Pairs whose ends are alike leave nothing to chance but for their share of the amount."""
    numbers = {"degrees": (20.0, 20.0), "shift": (0.1, 0.1), "slope": (0.3, 0.3)}
    numbers |= {"scale": (1.2, 1.2), "shift_y": (-0.05, -0.05)}
    found = augment.affine(image, 1.0, 7, **numbers, fill=FILL, compile=False)
    right, down = 0.1 * WIDTH, -0.05 * HEIGHT
    wanted = augment.warp_affine(image, 20.0, right, down, 1.2, 0.3, fill=FILL, compile=False)
    np.testing.assert_array_equal(found, wanted)
    found = augment.affine(image, 0.5, 7, **numbers, fill=FILL, compile=False)
    half = (10.0, right / 2, down / 2, 1.1, 0.15)
    wanted = augment.warp_affine(image, *half, fill=FILL, compile=False)
    np.testing.assert_array_equal(found, wanted)
    with pytest.raises(ValueError, match="scale must be above 0"):
        augment.affine(image, 1.0, scale=(0.0, 1.0), compile=False)


def test_height_and_width_are_stretched_by_factors_of_their_own():
    square = np.zeros((64, 33, 33, 1), "uint8")
    square[:, 11:22, 11:22] = 255
    still = {"degrees": 0.0, "shift": 0.0, "slope": 0.0, "scale": (0.5, 2.0)}
    for stretch in (False, True):
        keys = np.arange(64) * 101
        found = np.asarray(augment.affine(square, 1.0, keys, **still, stretch=stretch)) > 0
        rows, columns = found.any((2, 3)).sum(1), found.any((1, 3)).sum(1)
        assert 5 <= rows.min() < 9
        assert 18 < rows.max() <= 23
        assert (np.abs(rows - columns) <= 1).all() != stretch


@pytest.mark.parametrize("turns", [-5, -1, 0, 1, 2, 3, 4])
def test_quarter_turns(image, turns):
    wanted = Image.fromarray(image).rotate(90 * turns, fillcolor=(FILL,) * 3)
    result = augment.rotate_90(image, turns, fill=FILL, compile=False)
    np.testing.assert_array_equal(result, wanted)
    square = image[:, :HEIGHT]
    np.testing.assert_array_equal(
        augment.rotate_90(square, turns, compile=False), np.rot90(square, turns)
    )


def test_zoom_equals_pillow(photographs):
    """Pillow rounds the offset by itself, here it follows from the scale: 1/500 pixel apart."""
    image = photographs[2][:300]
    height, width = image.shape[:2]
    for factor in np.linspace(0.5123, 1.4871, 9):
        scale = 1 / float(np.float32(factor))
        matrix = (scale, 0, (1 - scale) * width / 2, 0, scale, (1 - scale) * height / 2)
        wanted = Image.fromarray(image).transform((width, height), Image.Transform.AFFINE, matrix)
        result = np.asarray(augment.zoom(image, factor, compile=False))
        assert (result != np.asarray(wanted)).any(axis=-1).mean() < 0.008


@pytest.mark.parametrize("key", [3, 70_001, 2**24 - 1])
def test_perspective_equals_pillow(image, key):
    draws = (np.asarray(of_key(key, 8), "float64") - 0.5) * 0.4
    corners = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], "float64")
    moved = corners + np.stack([draws[:4] * WIDTH, draws[4:] * HEIGHT], axis=-1)
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, moved, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    matrix = np.linalg.solve(rows, wanted)
    pillow = Image.fromarray(image).transform(
        (WIDTH, HEIGHT), Image.Transform.PERSPECTIVE, matrix, fillcolor=(FILL,) * 3
    )
    result = augment.perspective(image, 0.4, key, fill=FILL, compile=False)
    assert_close(result, np.asarray(pillow), "nearest")
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    depth = matrix[6] * x + matrix[7] * y + 1
    columns = (matrix[0] * x + matrix[1] * y + matrix[2]) / depth - 0.5
    lines = (matrix[3] * x + matrix[4] * y + matrix[5]) / depth - 0.5
    result = augment.perspective(
        image, 0.4, key, interpolation="bilinear", fill_mode="reflect", compile=False
    )
    assert_close(result, looked_up(image, lines, columns, "reflect", "bilinear"), "bilinear")


def test_elastic_field_is_a_spline_of_its_knots():
    cells = 4
    draws = np.asarray(of_key(77, 2 * 49), "float64").reshape(2, 7, 7)
    knots = np.floor(draws * 8193) - 4096
    basis = BSpline.basis_element(np.arange(5.0), extrapolate=False)

    def weights(length):
        place = (np.arange(length) + 0.5) * cells / length
        return np.nan_to_num(basis(place[:, None] - np.arange(cells + 3) + 3))

    for field, knot in zip(elastic_field(77, cells, HEIGHT, WIDTH), knots, strict=True):
        wanted = weights(HEIGHT) @ knot @ weights(WIDTH).T
        # Positions within a cell are whole numbers of 1/1024 of it, weights of 1/4096.
        assert np.abs(np.asarray(field) - wanted).max() < 4096 * 0.005
        assert np.abs(np.asarray(field)).max() <= 4096


@pytest.mark.parametrize("interpolation", ORDERS)
@pytest.mark.parametrize("mode", MODES)
def test_deformations_equal_scipy(image, mode, interpolation):
    options = {"interpolation": interpolation, "fill_mode": mode, "fill": FILL, "compile": False}
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    across, down = (np.asarray(f) / 4096 * 3.5 for f in elastic_field(5, 6, HEIGHT, WIDTH))
    wanted = looked_up(image, y + down, x + across, mode, interpolation)
    assert_close(augment.elastic(image, 3.5, 5, **options), wanted, interpolation)
    steps = 1 + 0.4 * (2 * np.asarray(of_key(5, 10), "float64") - 1)
    places = []
    for length, step in ((WIDTH, steps[:5]), (HEIGHT, steps[5:])):
        knots = np.concatenate([[0], np.cumsum(step)]) / step.sum() * length
        places.append(np.interp((np.arange(length) + 0.5) / length * 5, np.arange(6), knots) - 0.5)
    wanted = looked_up(image, places[1][:, None], places[0][None], mode, interpolation)
    result = augment.grid_distortion(image, 0.4, 5, **options)
    if interpolation == "nearest":  # a whole row or column may be on an edge
        differs = (np.asarray(result) != wanted).any(axis=-1)
        assert (differs.mean(axis=0) > 0.5).sum() + (differs.mean(axis=1) > 0.5).sum() <= 2
    else:
        assert_close(result, wanted, interpolation)


def test_cells_of_a_grid_never_turn_around(image):
    results = [augment.grid_distortion(image, d, 5, compile=False) for d in (0.9, 1.5)]
    np.testing.assert_array_equal(*results)


def test_a_distorted_axis_keeps_its_ends_and_order():
    for length in (1, 2, 7, 500, 3000):
        stretch = np.float32([0.9, -0.9, 0.5, -0.9, 0.9])
        places = np.asarray(distorted_axis(length, tf.constant(stretch))).astype("int64")
        assert (np.diff(places) > 0).all()
        assert places[0] >= 0
        assert places[-1] < length << 16


def resized(image, rows, columns):
    """The nearest pixels, in whole numbers; Pillow's where none is between two pixels."""
    height, width = image.shape[:2]
    row = (2 * np.arange(rows) + 1) * height // (2 * rows)
    column = (2 * np.arange(columns) + 1) * width // (2 * columns)
    return image[row][:, column]


# The width is 2 times an odd number: for an even one no position is between two pixels.
@pytest.mark.parametrize("size", [(20, 30), (41, 58), (90, 18), (1, 2)])
def test_resizing_equals_its_oracles(image, size):
    rows, columns = size
    plain = {"size": size, "compile": False}
    pillow = Image.fromarray(image)
    nearest = augment.resize(image, **plain, interpolation="nearest")
    np.testing.assert_array_equal(nearest, pillow.resize((columns, rows), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(nearest, resized(image, rows, columns))
    smooth = np.asarray(augment.resize(image, **plain, antialias=True)).astype(int)
    wanted = np.asarray(pillow.resize((columns, rows), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(smooth - wanted).max() <= 1
    bilinear = np.asarray(augment.resize(image, **plain))
    assert np.abs(bilinear - tf.image.resize(image, size).numpy()).max() <= 1.6
    wanted = transform.resize(
        image, size, order=1, mode="edge", anti_aliasing=False, preserve_range=True
    )
    assert np.abs(bilinear - wanted).max() <= 1.6


def test_resize_modes(image):
    for size in ((30, 30), (16, 64), (64, 16)):
        options = {"size": size, "interpolation": "nearest", "compile": False}
        rows, columns = size
        cut = np.asarray(augment.resize(image, mode="crop", **options))
        height = min(HEIGHT, int(WIDTH * rows / columns + 0.5))
        width = min(WIDTH, int(HEIGHT * columns / rows + 0.5))
        top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
        middle = image[top : top + height, left : left + width]
        np.testing.assert_array_equal(cut, resized(middle, rows, columns))
        padded = np.asarray(augment.resize(image, mode="pad", fill=FILL, **options))
        height = min(rows, int(HEIGHT * columns / WIDTH + 0.5))
        width = min(columns, int(WIDTH * rows / HEIGHT + 0.5))
        wanted = np.full((*size, 3), FILL, "uint8")
        top, left = (rows - height) // 2, (columns - width) // 2
        wanted[top : top + height, left : left + width] = resized(image, height, width)
        np.testing.assert_array_equal(padded, wanted)


def test_random_resized_crop_is_a_resized_crop(image):
    keys = np.arange(40) * 400_001
    for interpolation, antialias in (("nearest", False), ("bilinear", True)):
        for key in keys[:8]:
            draws = np.asarray(of_key(int(key), 4))
            area = tf.constant(0.3 + (1 - 0.3) * draws[0], tf.float32)
            top, left, height, width = (
                int(n) for n in draw_box(HEIGHT, WIDTH, area, (3 / 4, 4 / 3), draws[1:])
            )
            options = {"interpolation": interpolation, "antialias": antialias, "compile": False}
            result = augment.random_resized_crop(image, 0.3, int(key), size=(24, 20), **options)
            window = image[top : top + height, left : left + width]
            if antialias:
                pillow = Image.fromarray(window).resize((20, 24), Image.Resampling.BILINEAR)
                wanted = np.asarray(pillow).astype(int)
            else:
                wanted = resized(window, 24, 20).astype(int)
            difference = np.abs(np.asarray(result) - wanted).max()
            assert difference <= (1 if antialias else 0)


@pytest.mark.wide
def test_boxes_have_the_areas_and_ratios_that_trying_again_gives():
    def boxes(area, count=300, aspect=(0.5, 2.0)):
        draws = np.asarray(of_key(1, 3 * count)).reshape(count, 3)
        one = tf.function(lambda row: tf.stack(draw_box(100, 200, area, aspect, row)))
        return np.stack([one(tf.constant(row)).numpy() for row in draws])

    for area in (0.02, 0.3, 0.9):
        top, left, height, width = boxes(np.float32(area)).T
        assert (top >= 0).all()
        assert (left >= 0).all()
        assert (top + height <= 100).all()
        assert (left + width <= 200).all()
        assert np.abs(height * width / 20_000 - area).max() < 0.03
        ratio = np.log2(width / height)
        low, high = np.log2(max(0.5, 2 * area)), np.log2(min(2.0, 2 / area))
        assert (ratio > low - 0.15).all()
        assert (ratio < high + 0.15).all()
        assert abs(ratio.mean() - (low + high) / 2) < 0.1
    np.testing.assert_array_equal(boxes(np.float32(1.0), 3), [[0, 0, 100, 200]] * 3)
    np.testing.assert_array_equal(boxes(np.float32(0.0), 3)[:, 2:], 0)


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_drawn_as_torchvision_draws_them(name):
    wanted, count, tries = WINDOWS[name], 4000, 10
    height, width, (low, high) = wanted["height"], wanted["width"], wanted["scale"]
    draws = np.random.default_rng(1).random((count, 2 * tries + 2)).astype("float32")

    def one(row):
        areas = low + (high - low) * row[:tries]
        return tf.stack(try_box(height, width, areas, (3 / 4, 4 / 3), row[tries:]))

    @tf.function(autograph=False)
    def every(rows):
        return tf.map_fn(one, rows, fn_output_signature=tf.int32)

    made = every(tf.constant(draws)).numpy()
    top, left, rows, columns = made.T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + rows <= height).all()
    assert (left + columns <= width).all()
    tenths = np.linspace(0.1, 0.9, 9)
    areas, ratios = rows * columns / height / width, np.log2(columns / rows)
    np.testing.assert_allclose(np.quantile(areas, tenths), wanted["areas"], atol=0.03)
    np.testing.assert_allclose(np.quantile(ratios, tenths), wanted["ratios"], atol=0.05)
    whole = ((rows == height) & (columns == width)).mean()
    assert abs(whole - wanted["whole"]) < 0.02
    fits = (rows < height) & (columns < width)  # else it is the largest, in the middle
    for start, room in ((top, height - rows), (left, width - columns)):  # any place alike
        free = fits & (room >= 20)
        if free.sum() > 1000:
            places = np.quantile(start[free] / room[free], tenths)
            np.testing.assert_allclose(places, tenths, atol=0.05)


def test_the_first_of_ten_windows_that_fits():
    areas = tf.constant([0.9] * 4 + [0.25] * 2 + [0.9] * 4)
    draws = tf.constant([0.5, 0.5, *[0.0] * 4, 0.999, *[0.0] * 5])
    box = [int(n) for n in try_box(100, 200, areas, (0.5, 2.0), draws)]
    assert box == [25, 50, 50, 100]  # a quarter, twice as wide as high, in the middle
    none = [int(n) for n in try_box(100, 100, areas * 0 + 0.99, (0.5, 0.6), draws)]
    assert none == [0, 20, 100, 60]


def test_jittered_resize_places_a_resized_image(image):
    for key in (1, 99_999, 12_345_678):
        result = np.asarray(
            augment.jittered_resize(
                image, 1.0, key, size=(50, 50), fill=FILL, interpolation="nearest", compile=False
            )
        )
        draws = np.asarray(of_key(key, 3))
        factor = 1 + (0.8 + np.float32(1.25 - 0.8) * draws[0] - 1)
        height, width = (int(side * 50 / WIDTH * factor + 0.5) for side in (HEIGHT, WIDTH))
        inner = resized(image, height, width)
        wanted = np.full((50, 50, 3), FILL, "uint8")
        top, left = (
            int(draw * (abs(room) + 1)) * (1 if room > 0 else -1)
            for draw, room in ((draws[1], 50 - height), (draws[2], 50 - width))
        )
        shown = inner[max(-top, 0) :, max(-left, 0) :][: 50 - max(top, 0), : 50 - max(left, 0)]
        place = wanted[max(top, 0) :, max(left, 0) :][: shown.shape[0], : shown.shape[1]]
        place[:] = shown
        np.testing.assert_array_equal(result, wanted)


def test_crops(image):
    np.testing.assert_array_equal(augment.center_crop(image, (20, 31)), image[10:30, 13:44])
    assert augment.center_crop(image[None], 7).shape == (1, 7, 7, 3)
    window = augment.random_crop(image, 0.999, 0.0, size=(20, 31), compile=False)
    np.testing.assert_array_equal(window, image[:20, WIDTH - 31 :])
    np.testing.assert_array_equal(augment.random_crop(image), image)
    both = np.asarray(augment.random_crop(np.stack([image] * 2), [0.0, 0.5], size=(20, 31)))
    np.testing.assert_array_equal(both[0], image[11:31, :31])
    np.testing.assert_array_equal(both[1], image[11:31, 14:45])
    for crop in (augment.center_crop, lambda images, size: augment.random_crop(images, size=size)):
        with pytest.raises(ValueError, match=r"size must be within the images' 41 x 58 pixels"):
            crop(image, (42, 10))


def test_wrong_options_are_one_clear_error(image):
    with pytest.raises(ValueError, match="fill_mode must be one of 'constant'.*received 'mirror'"):
        augment.rotate(image, 3.0, fill_mode="mirror")
    with pytest.raises(ValueError, match="interpolation must be one of"):
        Step("zoom", strength=0.5, options={"interpolation": "cubic"})
    with pytest.raises(ValueError, match="fill_mode must be one of 'constant', 'mean', 'noise'"):
        Step("cutout", strength=0.5, options={"fill_mode": "wrap"})
    with pytest.raises(ValueError, match="cells must be at least 1"):
        augment.elastic(image, 1.0, cells=0)
    with pytest.raises(ValueError, match="scale must be two numbers above 0"):
        augment.jittered_resize(image, 1.0, scale=(2, 1))
    with pytest.raises(ValueError, match="size must be a positive integer or 2 of them"):
        augment.resize(image, size=(3, 4, 5))
    with pytest.raises(ValueError, match="mode must be one of"):
        augment.resize(image, size=8, mode="fit")


WARP_NAMES = sorted(name for name, op in OPS.items() if "fill_mode" in op.options)


@pytest.mark.wide
@settings(max_examples=5, deadline=None)  # each of them is compiled
@given(data=st.data(), name=st.sampled_from(WARP_NAMES), seed=st.integers(0, 99))
def test_any_option_gives_the_same_pixels_compiled(data, name, seed):
    check_drawn(data, name, seed, sizes=([2, 9], [1, 5]), compiled=True)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(data=st.data(), name=st.sampled_from(WARP_NAMES), seed=st.integers(0, 99))
def test_many_options_give_the_same_pixels_compiled(data, name, seed):
    check_drawn(data, name, seed, sizes=([2, 9], [1, 5]), compiled=True)


@pytest.mark.wide
@settings(max_examples=40, deadline=None)
@given(data=st.data(), name=st.sampled_from(WARP_NAMES), seed=st.integers(0, 99))
def test_any_option_and_size_is_finite_and_in_range(data, name, seed):
    check_drawn(data, name, seed, sizes=([1, 2, 5, 8, 31], [1, 3, 8]), compiled=False)


def check_drawn(data, name, seed, sizes, compiled):
    """Runs an op on a drawn image with drawn options and any value of its range."""
    op = OPS[name]
    height, width = (data.draw(st.sampled_from(size)) for size in sizes)
    channels = data.draw(st.sampled_from([1, 3]))
    dtype = data.draw(st.sampled_from(["uint8", "float32"]))
    modes = op.checks.get("fill_mode", None) and ["constant", "mean", "noise"]
    options = {"fill_mode": data.draw(st.sampled_from(modes or [*MODES, "mean", "noise"]))}
    if "interpolation" in op.options:
        options["interpolation"] = data.draw(st.sampled_from(sorted(ORDERS)))
    if "per_channel" in op.options:
        options["per_channel"] = data.draw(st.booleans())
    levels = np.arange(height * width * channels) * 37 * (seed % 3) + seed * 11
    image = (levels % 256).astype(dtype).reshape(height, width, channels)
    strength = data.draw(st.floats(0, 1, width=32))
    value = op.strength.value(strength, height, width)
    numbers = op.numbers(value, seed / 100, 1 - (seed + 1) / 128)
    function = getattr(augment, name)
    result = np.asarray(function(image, *numbers, **options, compile=False))
    assert result.shape == image.shape
    assert result.dtype == dtype
    assert np.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 255
    if compiled:
        again = np.asarray(function(image, *numbers, **options))
        if dtype == "uint8":
            np.testing.assert_array_equal(again, result)
        else:
            np.testing.assert_allclose(again, result, atol=1e-3)
