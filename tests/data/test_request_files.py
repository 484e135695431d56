"""Files of a request, decoded all at once: the pixels that each has alone."""

import io

import numpy as np
import pytest
import tensorflow as tf
from image_kinds import KINDS, turned
from PIL import Image
from skimage import data as photographs

from keras_cv_extras.data.files import _cost, decoder
from keras_cv_extras.data.files.decoder import _batch

FILES = tf.TensorSpec([None], tf.string)
SIZE = (24, 31)


def jpeg(number):
    """A part of a photograph, of many sizes: in colour, grey or four inks, some progressive."""
    sizes = np.random.default_rng(number)
    height, width = sizes.integers(3, 200, 2)
    image = Image.fromarray(photographs.astronaut()[150 : 150 + height, 100 : 100 + width])
    content = io.BytesIO()
    mode = ("RGB", "RGB", "L", "CMYK")[number % 4]
    image.convert(mode).save(content, "JPEG", progressive=bool(number % 2))
    return content.getvalue()


@pytest.fixture(scope="module", params=["crop", pytest.param("pad", marks=pytest.mark.slow)])
def decoders(request):
    """Two functions of many files, at once and one by one; "pad" is in grey."""
    resize, channels = request.param, 3 if request.param == "crop" else 1
    shape = tf.TensorSpec((*SIZE, channels), tf.uint8)

    def one(file):
        return decoder.decode(file, SIZE, channels, resize=resize)

    functions = (
        lambda files: decoder.decode_all(files, SIZE, channels, resize=resize),
        lambda files: tf.map_fn(one, files, fn_output_signature=shape),
    )
    return [tf.function(f, autograph=False, input_signature=[FILES]) for f in functions]


def small(files):
    return bool(_batch.are_small_jpegs(tf.constant(files)))


def test_small_jpegs_have_the_pixels_that_they_have_alone(decoders):
    files = [jpeg(number) for number in range(24)]
    assert small(files)
    together, alone = decoders
    wanted = alone(tf.constant(files)).numpy()
    np.testing.assert_array_equal(together(tf.constant(files)), wanted)
    np.testing.assert_array_equal(together(tf.constant(files[:1])), wanted[:1])
    assert together(tf.constant([], tf.string)).shape[0] == 0


@pytest.mark.wide
def test_other_files_are_read_one_by_one(decoders):
    others = [KINDS[name] for name in sorted(KINDS)][::6]
    files = [jpeg(0), jpeg(1), *others]
    assert not small(files)
    together, alone = decoders
    np.testing.assert_array_equal(together(tf.constant(files)), alone(tf.constant(files)))
    content = io.BytesIO()
    Image.fromarray(photographs.astronaut()[:400, :300]).save(content, "JPEG", quality=20)
    large = tf.constant([jpeg(0), content.getvalue()])
    assert small(large)  # of few bytes, but not of few pixels
    np.testing.assert_array_equal(together(large), alone(large))


def test_small_is_what_no_check_could_refuse():
    content = io.BytesIO()
    Image.fromarray(photographs.astronaut()).save(content, "JPEG", **turned(6))
    for file in (
        content.getvalue(),
        KINDS["PNG"],
        KINDS["JPEG XMP"],
        jpeg(0) + bytes(1 << 16),
        b"\xff\xd8",
    ):
        assert not small([jpeg(0), file])
    shortest_scan = 10  # bytes: the mark, a length, a component, three numbers
    assert _batch.SMALL // shortest_scan * _batch.SMALL <= _cost.MOST_SCANS


def test_damage_is_an_error(decoders):
    together, _ = decoders
    bad = jpeg(0)
    for file in (bad[:40], bad[: len(bad) // 2], b"", b"no image"):
        with pytest.raises(tf.errors.InvalidArgumentError):
            together(tf.constant([jpeg(1), file]))
