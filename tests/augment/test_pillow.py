"""uint8 images come out equal to Pillow's, to the last bit."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from keras_cv_extras import augment
from keras_cv_extras._base import engine


def _affine(*matrix):
    return lambda image: image.transform(image.size, Image.Transform.AFFINE, matrix)


# Op -> (Pillow's, values over the range of strengths, both signs, and beyond).
PILLOW = {
    "shear_x": (lambda im, v: _affine(1, v, 0, 0, 1, 0)(im), np.linspace(-0.33, 0.33, 12)),
    "shear_y": (lambda im, v: _affine(1, 0, 0, v, 1, 0)(im), np.linspace(-0.33, 0.33, 12)),
    "translate_x": (lambda im, v: _affine(1, 0, v, 0, 1, 0)(im), np.linspace(-240, 240, 33)),
    "translate_y": (lambda im, v: _affine(1, 0, 0, 0, 1, v)(im), np.linspace(-240, 240, 33)),
    "rotate": (
        lambda im, v: im.rotate(v),
        [*np.linspace(-30, 30, 25), -360, -90, 45, 90, 180, 297],
    ),
    "autocontrast": (ImageOps.autocontrast, None),
    "invert": (ImageOps.invert, None),
    "equalize": (ImageOps.equalize, None),
    "solarize": (lambda im, v: ImageOps.solarize(im, v), np.linspace(0, 256, 12)),
    "posterize": (lambda im, v: ImageOps.posterize(im, int(v)), range(1, 9)),
    "contrast": (lambda im, v: ImageEnhance.Contrast(im).enhance(v), np.linspace(0.0, 2.0, 21)),
    "color": (lambda im, v: ImageEnhance.Color(im).enhance(v), np.linspace(0.0, 2.0, 21)),
    "brightness": (lambda im, v: ImageEnhance.Brightness(im).enhance(v), np.linspace(0, 2, 21)),
    "sharpness": (lambda im, v: ImageEnhance.Sharpness(im).enhance(v), np.linspace(0, 2, 21)),
}
SIZES = [(1, 1), (1, 7), (9, 1), (2, 3), (3, 2), (17, 13), (57, 100), (224, 224), (400, 300)]


@pytest.fixture(scope="session")
def samples(photographs):
    """Real images of many sizes, in RGB and grey, one of few levels, and the largest whole."""
    images = [photographs[0]]
    for number, (height, width) in enumerate(SIZES):
        image = photographs[number % 3][-height:, -width:]
        assert image.shape == (height, width, 3) or image.shape[0] < height
        images += [np.ascontiguousarray(image), np.ascontiguousarray(image[..., 1:2])]
    images.append(images[-4] // 5 + 40)
    return images


#: Images whose programs are compiled; every size is another program. In the slow run one pixel, a
#: row, whole vectors of pixels and such that end in between.
COMPILED = {(17, 13, 3)}
MORE_COMPILED = {(1, 1, 3), (1, 7, 3), (17, 13, 1), (57, 100, 3), (224, 224, 3)}


@pytest.mark.wide_but("autocontrast", "posterize", "shear_x")
@pytest.mark.parametrize("more", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", sorted(PILLOW))
def test_equal_to_pillow(name, more, samples, monkeypatch):
    """All sizes by one plain graph; one, and others in the slow run, compiled."""
    monkeypatch.setattr(engine, "_SIZES_AT_ONCE", 99)  # whatever has been compiled before
    reference, values = PILLOW[name]
    function = getattr(augment, name)
    plain = {
        channels: tf.function(
            lambda images, *value: function(images, *value, compile=False),
            input_signature=[tf.TensorSpec((None, None, None, channels), "uint8")]
            + [tf.TensorSpec((None,), "float32")] * (values is not None),
            autograph=False,
        )
        for channels in (1, 3)
    }
    numbers = [()] if values is None else [(float(np.float32(v)),) for v in values]
    if more:
        samples = [image for image in samples if image.shape in MORE_COMPILED]
        assert {image.shape for image in samples} == MORE_COMPILED
    for image in samples:
        mode = Image.fromarray(image if image.shape[-1] == 3 else image[..., 0])
        wanted = [np.asarray(reference(mode, *value)).reshape(image.shape) for value in numbers]
        images = np.repeat(image[None], len(numbers), axis=0)
        arguments = [] if values is None else [np.ravel(numbers).astype("float32")]
        results = {}
        if not more:
            results["plain"] = plain[image.shape[-1]](images, *arguments)
        if more or image.shape in COMPILED:
            results["compiled"] = [function(image, *value) for value in numbers]
        for way, result in results.items():
            for value, one, pillow in zip(numbers, result, wanted, strict=True):
                wrong = int(np.sum(np.asarray(one) != pillow))
                assert wrong == 0, f"{way} {name}{value} on {image.shape}: {wrong} values differ"


def test_blend_rounds_as_pillow_for_all_levels(photographs):
    """Compilers fuse multiply and add; Pillow rounds between. All pairs of levels show it."""
    first, second = np.meshgrid(np.arange(256, dtype="uint8"), np.arange(256, dtype="uint8"))
    for weight in np.float32([0.1, 0.15, 0.3, 0.3333, 0.4, 0.7]):
        wanted = Image.blend(Image.fromarray(first), Image.fromarray(second), float(weight))
        result = augment.sample_pairing(first[..., None], second[..., None], float(weight))
        np.testing.assert_array_equal(np.asarray(result)[..., 0], np.asarray(wanted))


@pytest.mark.wide
def test_autocontrast_rounds_as_pillow_for_all_ranges():
    """Every pair of darkest and brightest level, each with every level between."""
    levels = np.arange(256, dtype="int64")
    for low in range(0, 255):
        images = np.stack([np.clip(levels, low, high) for high in range(low + 1, 256)])
        images = images.astype("uint8")[:, None, :, None]
        if low % 16 and low not in (1, 3, 7, 85, 171):
            continue  # a sample of the darkest levels: all of them take a minute
        padded = np.concatenate([images, np.repeat(images[-1:], 255 - len(images), axis=0)])
        result = np.asarray(augment.autocontrast(padded))[: len(images)]
        for image, stretched in zip(images, result, strict=True):
            wanted = np.asarray(ImageOps.autocontrast(Image.fromarray(image[..., 0])))
            np.testing.assert_array_equal(stretched[..., 0], wanted)


def test_posterize_to_nothing_is_black(batch):
    assert not np.any(augment.posterize(batch, 0))


def test_solarize_add_adds_below_the_threshold(batch):
    wanted = np.where(batch < 128, np.minimum(batch.astype(int) + 60, 255), batch)
    np.testing.assert_array_equal(augment.solarize_add(batch, 60), wanted)


@pytest.mark.wide
def test_cutout_fills_a_square(batch):
    result = np.asarray(augment.cutout(batch, 6, 0.5, 0.25, fill=7))
    wanted = batch.copy()
    wanted[:, 6 - 3 : 6 + 3, 10 - 3 : 10 + 3] = 7
    np.testing.assert_array_equal(result, wanted)


@pytest.mark.wide
def test_padded_crop_is_a_window_of_the_padded_image(batch):
    padded = np.pad(batch, ((0, 0), (3, 3), (3, 3), (0, 0)), constant_values=9)
    for position in (0.0, 0.3, 0.5, 0.999):
        start = int(position * 7)
        wanted = padded[:, start : start + 24, 6 - start : 26 - start]
        result = augment.padded_crop(batch, 3, 1 - position - 1e-3, position, fill=9)
        np.testing.assert_array_equal(result, wanted)


def test_flips(batch):
    np.testing.assert_array_equal(augment.flip_horizontal(batch), batch[:, :, ::-1])
    np.testing.assert_array_equal(augment.flip_vertical(batch), batch[:, ::-1])
