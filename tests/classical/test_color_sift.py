"""SIFT of colour channels: DenseSIFT and SIFT with `color`, their systems and their errors."""

import cv2
import numpy as np
import pytest

from keras_cv_extras import classical
from keras_cv_extras.classical import SIFT, DenseSIFT

COLORS = np.random.default_rng(0).integers(0, 256, (3, 22, 25, 3)).astype("uint8")


def test_rgb_sift_is_that_of_each_channel():
    options = {"step": 3, "bin_sizes": (4, 5), "root": True}
    found = DenseSIFT(color="rgb", **options).transform(COLORS)
    assert found.values.shape[1] == 384
    for channel in range(3):
        alone = DenseSIFT(**options).transform(COLORS[..., channel])
        part = found.values[:, 128 * channel : 128 * (channel + 1)]
        np.testing.assert_allclose(part, alone.values, atol=1e-6)
        np.testing.assert_array_equal(found.positions, alone.positions)


def test_opponent_sift_is_its_definition():
    """Lengths and signs are those of van de Sande et al.; a shift changes no gradient."""
    red, green, blue = np.moveaxis(COLORS.astype("float64"), -1, 0)
    channels = (
        (red - green) / np.sqrt(2),
        (red + green - 2 * blue) / np.sqrt(6),
        (red + green + blue) / np.sqrt(3),
    )
    found = DenseSIFT(color="opponent", contrast_threshold=0.05).transform(COLORS)
    for number, plane in enumerate(channels):
        # The same threshold: a share of 1,020 there, of 255 here.
        alone = DenseSIFT(contrast_threshold=0.0125, value_range=(-255, 765)).transform(plane)
        part = found.values[:, 128 * number : 128 * (number + 1)]
        np.testing.assert_allclose(part, alone.values, atol=1e-5)


def test_colors_have_contrasts_of_their_own():
    """Grey has no colour: its channels of colour are left out, and its intensity is plain SIFT."""
    grey = COLORS[..., :1].repeat(3, axis=-1)
    found = DenseSIFT(color="opponent").transform(grey).values
    assert not found[:, :256].any()
    np.testing.assert_allclose(found[:, 256:], DenseSIFT().transform(grey).values, atol=1e-5)


def test_intensity_of_opponent_sift_agrees_with_opencv(photographs):
    photograph = photographs[0]
    ours = DenseSIFT(
        step=16, bin_sizes=(6,), smoothing=1.5, contrast_threshold=0, color="opponent"
    ).transform(photograph[None])
    values, positions = ours[0]
    intensity = np.rint(photograph.astype("float32").mean(axis=-1)).astype("uint8")
    points = [cv2.KeyPoint(float(x), float(y), 4, 0, 1, 0) for x, y in positions * 512 - 0.5]
    _, theirs = cv2.SIFT_create().compute(intensity, points)
    length = np.linalg.norm(theirs, axis=1)
    cosine = np.sum(values[:, 256:] * theirs, axis=1)[length > 0] / length[length > 0]
    assert np.mean(cosine > 0.9) > 0.98


@pytest.mark.parametrize("color", ["rgb", "opponent"])
def test_keypoint_sift_in_colors(photographs, color):
    photograph = photographs[1]
    plain, nothing = SIFT(num_keypoints=40), np.zeros((40, 30, 3), np.uint8)
    found = SIFT(num_keypoints=40, color=color).transform([photograph, nothing])
    assert found.counts.tolist() == [plain.transform([photograph]).counts[0], 0]
    assert found.values.shape[1] == 384
    np.testing.assert_allclose(found.positions, plain.transform([photograph]).positions, atol=1e-6)
    grey = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    points = cv2.SIFT_create(nfeatures=40).detect(grey, None)
    last = photograph[..., 2]
    if color == "opponent":
        last = np.rint(photograph.astype("float32").mean(axis=-1)).astype("uint8")
    _, theirs = cv2.SIFT_create().compute(last, points)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    assert np.median(np.sum(found.values[:, 256:] * theirs, axis=1)) > 0.99


@pytest.mark.parametrize("color", ["rgb", "opponent"])
def test_keypoint_sift_of_an_image_is_its_own(photographs, color):
    """Whatever is beside it in the batch; and light areas have descriptors as dark ones have."""
    image = photographs[0][100:228, 150:278]
    loud = np.random.default_rng(2).integers(0, 2, image.shape).astype("uint8") * 255
    sift = SIFT(num_keypoints=20, color=color)
    alone = sift.transform(image[None])
    together = sift.transform(np.stack([image, loud]))
    np.testing.assert_array_equal(together[0][0], alone.values)
    dark, light = image // 2, image // 2 + 127  # the same but for what the middle is
    pair = SIFT(num_keypoints=20, color=color, contrast_threshold=0.02).transform([dark, light])
    assert pair.counts.tolist() == [20, 20]
    np.testing.assert_allclose(*(pair[number][0][:, 256:] for number in (0, 1)), atol=0.05)


def test_systems_of_colors():
    """Bars of red and green of one brightness: upright or across, only colours tell."""
    first = np.random.default_rng(1).integers(0, 6, 80)
    bars = (np.arange(16) + first[:, None]) % 6 < 3
    images = np.where(bars[:, None, :, None], [255, 0, 0], [0, 130, 0]).astype("uint8")
    images = np.broadcast_to(images, (80, 16, 16, 3)).copy()
    images[40:] = images[40:].swapaxes(1, 2)
    labels = np.repeat([0, 1], 40)
    for color, least, most in (("opponent", 0.95, 1.0), ("grey", 0.5, 0.5)):
        model = classical.make_classifier("bow", num_words=8, pixels=16, color=color)
        model.fit(images[::2], labels[::2])
        assert least <= model.score(images[1::2], labels[1::2]) <= most
    parts = {
        "sift": classical.make_classifier("bow", num_words=8, pixels=16, color="opponent"),
        "color": classical.ColorHistogram(),
    }
    both = classical.fuse(parts, method="concatenation").fit(images[::2], labels[::2])
    assert both.score(images[1::2], labels[1::2]) == 1


def test_colors_are_refused_where_there_are_none():
    for transformer in (DenseSIFT(color="rgb"), SIFT(color="opponent")):
        with pytest.raises(ValueError, match=r"three colours, received \(3, 22, 25, 1\)"):
            transformer.transform(COLORS[..., 0])
    for transformer in (DenseSIFT(color="hsv"), SIFT(color="hsv")):
        with pytest.raises(ValueError, match="color must be one of"):
            transformer.transform(COLORS)
    with pytest.raises(ValueError, match="color is not for 'hog'"):
        classical.make_classifier("hog", color="rgb")
