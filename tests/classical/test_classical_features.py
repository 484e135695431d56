import sys

import cv2
import numpy as np
import pytest
from skimage import feature

from keras_cv_extras.classical import HOG, LBP, SIFT, ColorHistogram, DenseSIFT, _sift


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (4, 30, 41, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pixels_per_cell": 4, "orientations": 6},
        {"pixels_per_cell": (5, 8), "cells_per_block": 3, "block_norm": "L1-sqrt"},
        {"cells_per_block": (1, 2), "block_norm": "L1"},
        {"block_norm": "L2", "orientations": 1},
    ],
)
def test_hog_is_scikit_images(images, options):
    theirs = {"pixels_per_cell": (8, 8), "cells_per_block": (2, 2), **options}
    for name in ("pixels_per_cell", "cells_per_block"):
        if isinstance(theirs[name], int):
            theirs[name] = (theirs[name],) * 2
    for batch, axis in ((images, -1), (images[..., 0], None)):
        wanted = [feature.hog(image, channel_axis=axis, **theirs) for image in batch]
        np.testing.assert_allclose(HOG(**options).transform(batch), wanted, atol=1e-6)


def test_hog_of_equal_pixels_and_of_patterns():
    flat = np.full((2, 16, 16), 200, np.uint8)
    assert not HOG().transform(flat).any()
    ramp = np.tile(np.arange(16, dtype=np.float64), (1, 16, 1))  # every edge is vertical
    assert set(np.flatnonzero(HOG().transform(ramp)[0]) % 9) == {0}


@pytest.mark.parametrize("method", ["default", "uniform", "nri_uniform"])
@pytest.mark.parametrize(("points", "radius"), [(8, 1), (6, 2.5)])
def test_lbp_is_scikit_images(images, method, points, radius):
    grey = images[..., 0]
    bins = {"default": 2**points, "uniform": points + 2, "nri_uniform": points * (points - 1) + 3}
    ours = LBP(num_points=points, radius=radius, method=method, grid=(2, 1)).transform(grey)
    for image, row in zip(grey, ours, strict=True):
        patterns = feature.local_binary_pattern(image, points, radius, method).astype(int)
        wanted = [
            np.bincount(half.ravel(), minlength=bins[method]) / half.size
            for half in (patterns[:15], patterns[15:])
        ]
        np.testing.assert_allclose(row, np.concatenate(wanted), atol=1e-7)


def test_lbp_of_flat_regions_is_scikit_images():
    """Between equal pixels the interpolation's last bit decides, and it depends on the place."""
    levels = np.random.default_rng(0).integers(0, 3, (60, 7, 7), dtype=np.uint8) * 77
    images = levels.repeat(4, axis=1).repeat(4, axis=2)
    ours = LBP(grid=1).transform(images)
    for image, row in zip(images, ours, strict=True):
        patterns = feature.local_binary_pattern(image, 8, 1, "uniform").astype(int)
        assert np.array_equal(row, (np.bincount(patterns.ravel(), minlength=10) / 784).astype("f4"))


def test_lbp_of_floats_is_that_of_bytes(images):
    scaled = images[..., 1] / np.float64(255)
    wanted = LBP().transform(images[..., 1])
    assert np.array_equal(LBP(value_range=(0, 1)).transform(scaled), wanted)


@pytest.mark.parametrize("kind", [LBP, DenseSIFT, ColorHistogram])
@pytest.mark.parametrize("low", [-1.0, -255.0])
def test_features_of_another_range_are_the_same(images, kind, low):
    """What is added to all values, and what they are multiplied by, is taken back."""
    high = 255.0 if low == -255 else 1.0
    scaled = low + images * ((high - low) / 255)
    found, wanted = kind(value_range=(low, high)).transform(scaled), kind().transform(images)
    found, wanted = (getattr(one, "values", one) for one in (found, wanted))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_dense_sift_agrees_with_opencv(photographs):
    grey = cv2.cvtColor(photographs[0], cv2.COLOR_RGB2GRAY)
    # OpenCV's bins are 1.5 times the keypoint's size wide, and it blurs to a deviation of 1.6.
    ours = DenseSIFT(step=16, bin_sizes=(6,), smoothing=1.5, contrast_threshold=0)
    values, positions = ours.transform(grey[None])[0]
    points = [cv2.KeyPoint(float(x), float(y), 4, 0, 1, 0) for x, y in positions * 512 - 0.5]
    _, theirs = cv2.SIFT_create().compute(grey, points)
    length = np.linalg.norm(theirs, axis=1)
    cosine = np.sum(values * theirs, axis=1)[length > 0] / length[length > 0]
    assert len(theirs) == len(values) == 961
    assert np.mean(cosine > 0.9) > 0.98
    assert np.median(cosine) > 0.97


def _brute_sift(image, y, x, size):
    """One descriptor by its definition, pixel by pixel."""
    image = np.asarray(image, np.float64)
    down, across = np.gradient(image)
    bins = np.zeros((4, 4, 8))
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            gradient = np.hypot(down[row, column], across[row, column])
            angle = np.arctan2(-down[row, column], across[row, column]) * 4 / np.pi % 8
            dy, dx = (row - y) / size, (column - x) / size
            gradient *= np.exp(-(dy * dy + dx * dx) / 8)
            for i in range(4):
                for j in range(4):
                    near = max(0, 1 - abs(dy - i + 1.5)) * max(0, 1 - abs(dx - j + 1.5))
                    low = int(angle)
                    bins[i, j, low % 8] += gradient * near * (1 - (angle - low))
                    bins[i, j, (low + 1) % 8] += gradient * near * (angle - low)
    vector = bins.ravel() / np.linalg.norm(bins)
    vector = np.minimum(vector, 0.2)
    return vector / np.linalg.norm(vector)


def test_truth_values_are_no_image(images):
    with pytest.raises(TypeError, match="images must hold real numbers, received dtype bool"):
        HOG().transform(images > 100)


def test_dense_sift_is_its_definition(images):
    grey = images[:2, :23, :26, 0]  # a pixel more than steps of three
    ours = DenseSIFT(step=3, bin_sizes=(4, 5)).transform(grey)
    for image, (values, positions) in zip(grey, ours, strict=True):
        assert len(values) == 4 * 5 + 3 * 4
        for place in (0, 7, 19, 20, len(values) - 1):
            x, y = positions[place] * [26, 23] - 0.5
            size = 4 if place < 20 else 5
            np.testing.assert_allclose(values[place], _brute_sift(image, y, x, size), atol=2e-4)
        for places in (positions[:20], positions[20:]):  # as far from one side as from the other
            np.testing.assert_allclose(places.min(axis=0) + places.max(axis=0), 1, atol=1e-6)


def test_dense_sift_of_flat_patches_and_of_many_sizes(images):
    flat = np.full((1, 28, 28), 90, np.uint8)
    assert not DenseSIFT().transform(flat).values.any()
    grey = [images[0, ..., 0], images[1, :20, :20, 0], images[2, ..., 0]]
    ragged = DenseSIFT().transform(grey)
    for image, (values, positions) in zip(grey, ragged, strict=True):
        alone = DenseSIFT().transform(image[None])
        np.testing.assert_allclose(values, alone.values, atol=1e-6)
        assert np.array_equal(positions, alone.positions)
    root = DenseSIFT(root=True).transform(grey).values
    np.testing.assert_allclose(np.square(root).sum(axis=1), 1, atol=1e-5)


def test_flat_patches_are_left_out_by_their_contrast():
    """The mean gradient of a ramp is its slope, here around 0.005 of 255: 1.275 a pixel."""
    for slope, some in ((1.2, False), (1.35, True)):
        ramp = np.tile(slope * np.arange(28, dtype="float32"), (1, 28, 1))
        assert DenseSIFT().transform(ramp).values.any() == some
        assert DenseSIFT(contrast_threshold=0).transform(ramp).values.any()


def test_keypoint_sift_is_opencvs(photographs):
    nothing = np.zeros((40, 30), np.uint8)
    ours = SIFT(num_keypoints=40).transform([photographs[1], nothing])
    assert ours.counts[1] == 0
    grey = cv2.cvtColor(photographs[1], cv2.COLOR_RGB2GRAY)
    points, theirs = cv2.SIFT_create(nfeatures=40).detectAndCompute(grey, None)
    values, positions = ours[0]
    assert len(values) == len(points)
    cosine = np.sum(values * theirs, axis=1) / np.linalg.norm(theirs, axis=1)
    assert np.median(cosine) > 0.999
    centres = (np.array([p.pt for p in points]) + 0.5) / grey.shape[::-1]
    assert np.abs(centres - positions).max() < 0.01
    assert np.median(np.abs(centres - positions) * grey.shape[::-1]) < 0.1, "pixels"
    counts = [
        int(SIFT(**options).transform([photographs[1]]).counts[0])
        for options in ({}, {"edge_threshold": 2.0}, {"contrast_threshold": 0.1})
    ]
    assert max(counts[1:]) < 0.8 * counts[0]


@pytest.mark.parametrize("transformer", [HOG(), LBP(), DenseSIFT(), SIFT()], ids=repr)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: np.full(x.shape, np.nan), "images must be finite"),
        (lambda x: x * 2, "value_range=.0, 255."),
        (lambda x: x - 131, "value_range=.0, 255."),
        (lambda x: x / 255, "give value_range=.0, 1."),
        (lambda x: x[0], "must have shape"),
        (lambda x: x[:0], "at least one image"),
    ],
)
def test_wrong_images(images, transformer, change, message):
    changed = change(np.maximum(images[..., 0], 130).astype(np.float64))
    with pytest.raises(ValueError, match=message):
        transformer.fit_transform(changed)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (HOG(pixels_per_cell=40), "at least 80 x 80"),
        (HOG(block_norm="L3"), "block_norm must be one of"),
        (HOG(value_range=(1, 0)), "low < high"),
        (LBP(method="var"), "method must be one of"),
        (LBP(grid=50), "more cells than pixels"),
        (LBP(num_points=30, method="default"), "at most 16"),
        (DenseSIFT(bin_sizes=(20,)), "at least 61 x 61"),
        (DenseSIFT(bin_sizes=()), "one or more sizes"),
        (DenseSIFT(step=0), "step must be at least 1"),
    ],
)
def test_wrong_parameters(images, transformer, message):
    with pytest.raises(ValueError, match=message):
        transformer.fit(images)


def test_missing_packages_are_named(images, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setitem(sys.modules, "skimage.feature", None)
    with pytest.raises(ImportError, match="pip install 'opencv-python-headless>=5'"):
        SIFT().transform(images)
    with pytest.raises(ImportError, match=r"pip install 'keras-cv-extras\[classical\]'"):
        LBP().transform(images)


@pytest.mark.parametrize(
    "made", [HOG(pixels_per_cell=8), LBP(), ColorHistogram()], ids=lambda made: type(made).__name__
)
def test_a_list_may_mix_grey_images_and_colours_of_one_size(made):
    draw = np.random.default_rng(0)
    colour, grey = draw.integers(0, 256, (16, 16, 3)), draw.integers(0, 256, (16, 16))
    colour, grey = colour.astype("uint8"), grey.astype("uint8")
    wanted = made.transform(np.stack([colour, np.stack([grey] * 3, axis=-1)]))
    for other in (grey, grey[..., None]):
        np.testing.assert_array_equal(made.transform([colour, other]), wanted)
    for other, message in (
        (grey[:8], "must all have one size here"),
        (np.zeros((16, 16, 4), "uint8"), r"received some of 4: leave alpha out, image\[..., :3\]"),
    ):
        with pytest.raises(ValueError, match=message):
            made.transform([colour, other])


NO_IMAGES = {
    "None": (None, "received None, as OpenCV gives for a file that it cannot read"),
    "a number": (5, "received 5"),
    "a name": ("digit.png", "received 'digit.png'"),
    "a dictionary": ({}, "received {}"),
    "a row": (np.zeros(16, "uint8"), r"received shape \(16,\)"),
    "a batch": (np.zeros((1, 16, 16, 3), "uint8"), r"received shape \(1, 16, 16, 3\)"),
    "ragged rows": ([[1, 2], [3]], "received rows of different lengths"),
}


@pytest.mark.parametrize("kind", NO_IMAGES)
@pytest.mark.parametrize("made", [HOG(pixels_per_cell=8), DenseSIFT()], ids=["one size", "any"])
def test_what_is_no_image_in_a_list_is_named_by_its_place(made, kind):
    wrong, message = NO_IMAGES[kind]
    image = np.zeros((16, 16), "uint8")
    for images, place in (([image, wrong], 1), ([wrong, wrong], 0)):
        named = rf"images\[{place}\] must have shape \(height, width\) or .*, {message}"
        with pytest.raises(ValueError, match=named):
            made.transform(images)


def test_images_are_smoothed_one_by_one():
    images = np.random.default_rng(0).random((2, 24, 24)).astype("float32")
    both = _sift._orientation_maps(images, 1.5)
    for place in (0, 1):
        alone = _sift._orientation_maps(images[place : place + 1], 1.5)
        np.testing.assert_allclose(both[place], alone[0], atol=1e-6)
