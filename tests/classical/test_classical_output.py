"""Colour histograms, and what scikit-learn asks of a transformer's result: names and frames."""

import numpy as np
import pandas as pd
import pytest
from skimage import color
from skimage import data as photographs
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion

from keras_cv_extras import classical

COLORS = np.random.default_rng(0).integers(0, 256, (6, 9, 8, 3)).astype("uint8")


def quarters():
    """Tiles of 32 pixels of four photographs, `(4, 9, 14, 32, 32, 3)`, and their classes."""
    parts, labels = [], []
    sources = (
        photographs.astronaut,
        photographs.coffee,
        photographs.chelsea,
        photographs.immunohistochemistry,
    )
    for number, source in enumerate(sources):
        image = source()[:288, :448]
        tiles = image.reshape(9, 32, 14, 32, 3).swapaxes(1, 2)
        parts.append(tiles)
        labels.append(np.full((9, 14), number))
    return np.stack(parts), np.stack(labels)


@pytest.mark.parametrize("space", ["rgb", "lab"])
@pytest.mark.parametrize("joint", [False, True])
def test_color_histograms_are_a_loop_over_pixels(space, joint):
    found = classical.ColorHistogram(
        space=space, bins=4, joint=joint, grid=(2, 1), norm=None
    ).fit_transform(COLORS)
    size = 64 if joint else 12
    wanted = np.zeros((6, 2, size))
    for number, image in enumerate(COLORS):
        shares = image / 255
        if space == "lab":
            shares = (color.rgb2lab(image) - [0, -110, -110]) / [100, 220, 220]
        for row in range(9):
            for column in range(8):
                bins = np.clip((shares[row, column] * 4).astype(int), 0, 3)
                cell = wanted[number, row * 2 // 9]
                if joint:
                    cell[bins @ [16, 4, 1]] += 1
                else:
                    cell[np.arange(3) * 4 + bins] += 1
    np.testing.assert_array_equal(found, wanted.reshape(6, -1))


def test_norms_of_color_histograms():
    counts = classical.ColorHistogram(norm=None).transform(COLORS)
    shares = classical.ColorHistogram(norm="l1").transform(COLORS)
    np.testing.assert_allclose(shares, counts / counts.sum(axis=1, keepdims=True), rtol=1e-6)
    roots = classical.ColorHistogram().transform(COLORS)
    np.testing.assert_allclose(roots, np.sqrt(shares), rtol=1e-6)
    rows = classical.ColorHistogram(norm="l2").transform(COLORS)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-6)


def test_color_histograms_refuse_what_has_no_colors():
    for change, images, message in (
        ({}, COLORS[..., :1], r"three colours.*received \(6, 9, 8, 1\)"),
        ({"bins": 64, "joint": True}, COLORS, "at most 32"),
        ({"grid": 20}, COLORS, "more cells than pixels"),
        ({"space": "hsv"}, COLORS, "space"),
    ):
        with pytest.raises(ValueError, match=message):
            classical.ColorHistogram(**change).transform(images)


def test_colors_tell_photographs_apart():
    images, labels = quarters()
    train, test = (images[:, :, ::2], labels[:, :, ::2]), (images[:, :, 1::2], labels[:, :, 1::2])
    (x, y), (held, held_y) = ((a.reshape(-1, 32, 32, 3), b.ravel()) for a, b in (train, test))
    scores = {
        name: classical.make_classifier(name, pixels=32).fit(x, y).score(held, held_y)
        for name in ("color", "hog")
    }
    assert scores["color"] > 0.85
    assert scores["color"] > scores["hog"]
    both = {"color": classical.ColorHistogram(), "hog": classical.HOG()}
    fused = classical.fuse(both, method="concatenation").fit(x, y)
    assert fused.score(held, held_y) > scores["hog"]


def test_frames_of_whole_image_features_and_unions():
    union = FeatureUnion(
        [("hog", classical.HOG(pixels_per_cell=4)), ("color", classical.ColorHistogram(bins=2))]
    ).set_output(transform="pandas")
    frame = union.fit_transform(COLORS)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == union.get_feature_names_out().tolist()
    assert frame.columns[0] == "hog__hog0"
    assert frame.columns[-1] == "color__colorhistogram5"
    for part in (classical.HOG(pixels_per_cell=4), classical.LBP(grid=1)):
        plain = part.fit_transform(COLORS)
        assert isinstance(plain, np.ndarray)
        framed = part.set_output(transform="pandas").fit_transform(COLORS)
        np.testing.assert_array_equal(framed, plain)
        assert len(part.get_feature_names_out()) == plain.shape[1]


@pytest.mark.parametrize("name", ["bow", "llc", "scspm", "fisher"])
def test_frames_of_pipelines_with_descriptors_inside(name):
    images = np.repeat(np.repeat(COLORS, 2, axis=1), 2, axis=2)
    options = {"pixels": 16, "num_words": 2, "levels": (1, 2)}
    model = classical.make_classifier(name, **options)
    if name == "fisher":
        model.set_params(reduction__transformer__n_components=4)
    plain = model.fit(images, [0, 1] * 3)[:-1].transform(images)
    whole = clone(model).set_output(transform="pandas").fit(images, [0, 1] * 3)
    assert whole.predict(images).tolist() == model.predict(images).tolist()
    frame = model[:-1].set_output(transform="pandas").transform(images)
    assert isinstance(frame, pd.DataFrame)
    np.testing.assert_array_equal(frame, plain)
    assert list(frame.columns) == model[:-1].get_feature_names_out().tolist()
    for _, step in model.steps[:-1]:
        assert len(step.get_feature_names_out())


def test_messages_name_the_shape_and_the_argument_that_was_given():
    with pytest.raises(ValueError, match=r"received \(1797, 64\)"):
        classical.HOG().fit(np.zeros((1797, 64)))
    small = np.zeros((4, 6, 6), "uint8")
    for name in ("hog", "llc"):
        with pytest.raises(ValueError, match="give their shorter side as pixels"):
            classical.make_classifier(name).fit(small, [0, 1, 0, 1])
    grey = np.zeros((24, 16, 16), "uint8")
    with pytest.raises(ValueError, match=r"received \(9, 8, 3\): give one image as image\[None\]"):
        classical.ColorHistogram().transform(COLORS[0])
    flat = pd.DataFrame(grey.reshape(24, -1))
    for part in (classical.ColorHistogram(), classical.DenseSIFT(color="rgb")):
        with pytest.raises(ValueError, match=r"three colours.*received \(24, 16, 16\)"):
            part.fit(grey)
    for part in (classical.HOG(), classical.DenseSIFT(), classical.ColorHistogram()):
        with pytest.raises(ValueError, match=r"received \(24, 256\)"):
            part.fit(flat)
        with pytest.raises(ValueError, match=r"received \(24, 16, 16, 4\): leave alpha out"):
            part.fit(np.zeros((24, 16, 16, 4), "uint8"))
    with pytest.raises(ValueError, match="size of those in fit.*resize them; 24 x 24 give 144"):
        classical.HOG().fit(grey).transform(np.zeros((2, 24, 24), "uint8"))
    with pytest.raises(ValueError, match="of images DenseSIFT and SIFT give descriptors"):
        classical.VLAD(2).fit(COLORS)


def test_images_in_a_series_of_pandas():
    listed = pd.Series(list(COLORS), index=range(10, 16))
    for part in (classical.ColorHistogram(), classical.LBP(grid=1)):
        np.testing.assert_array_equal(part.fit_transform(listed), part.fit_transform(COLORS))
    sift = classical.DenseSIFT(bin_sizes=(2,))
    found, wanted = sift.fit_transform(listed), sift.fit_transform(COLORS)
    np.testing.assert_array_equal(found.values, wanted.values)
