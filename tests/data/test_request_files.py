"""Files of a request, decoded all at once: the pixels that each has alone."""

import io
import struct
import zlib

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


def others(files):
    """Returns the places of the files that are decoded one by one."""
    return _batch.groups(tf.constant(files))[2].numpy().tolist()


def png(number):
    """A part of a photograph, of many sizes: in colour, grey, of a palette, or of 16 bits."""
    image = Image.open(io.BytesIO(jpeg(number)))
    grey = np.asarray(image.convert("L"))
    images = (image.convert("RGB"), image.convert("L"), image.convert("RGB").quantize(32))
    image = (*images, Image.fromarray(grey.astype("uint16") * 257))[number % 4]
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


@pytest.mark.wide
def test_small_files_have_the_pixels_that_they_have_alone(decoders):
    files = [make(number) for number in range(11) for make in (jpeg, png)]
    assert others(files) == [2 * number for number in (3, 7)]  # of four inks
    together, alone = decoders
    wanted = alone(tf.constant(files)).numpy()
    np.testing.assert_array_equal(together(tf.constant(files)), wanted)
    for place in range(2):
        np.testing.assert_array_equal(
            together(tf.constant(files[place : place + 1]))[0], wanted[place]
        )
    assert together(tf.constant([], tf.string)).shape[0] == 0


@pytest.mark.wide
def test_other_files_are_read_one_by_one(decoders):
    files = [jpeg(0), *[KINDS[name] for name in sorted(KINDS)][::6], png(1), jpeg(1)]
    assert 0 < len(others(files)) < len(files) - 2
    together, alone = decoders
    np.testing.assert_array_equal(together(tf.constant(files)), alone(tf.constant(files)))
    content = io.BytesIO()
    Image.fromarray(photographs.astronaut()[:400, :300]).save(content, "JPEG", quality=20)
    large = [jpeg(0), content.getvalue()]  # of few bytes, but not of few pixels
    assert others(large) == [1]
    for files in (large, large[1:]):
        np.testing.assert_array_equal(together(tf.constant(files)), alone(tf.constant(files)))


def photograph(kind, size=SIZE[::-1], mode="RGB", **options):
    content = io.BytesIO()
    image = Image.fromarray(photographs.astronaut()).resize(size)
    image.convert(mode).save(content, kind, **options)
    return content.getvalue()


@pytest.mark.wide
def test_files_of_the_size_that_is_wanted_and_a_file_alone(decoders):
    together, alone = decoders
    files = [photograph(kind, mode=mode) for kind in ("JPEG", "PNG") for mode in ("RGB", "L")] * 3
    assert len(files) % _batch._TURN  # some are in no whole turn
    wanted = alone(tf.constant(files))
    np.testing.assert_array_equal(together(tf.constant(files)), wanted)
    np.testing.assert_array_equal(together(tf.constant(files[:2]))[0], wanted[0])
    others = [photograph("JPEG", **turned(6)), photograph("PNG", **turned(6)), KINDS["JPEG XMP"]]
    others += [photograph("JPEG", mode="CMYK"), photograph("PNG", mode="RGBA")]
    others += [photograph("JPEG", (300, 300)), photograph("PNG", (300, 300), "L")]
    others += [photograph("PNG", (1025, 2)), photograph("GIF")]
    wanted = alone(tf.constant(files[:4] + others))
    for place, file in enumerate(files[:4] + others):
        np.testing.assert_array_equal(together(tf.constant([file]))[0], wanted[place])
    clear = io.BytesIO()
    palette = Image.fromarray(photographs.astronaut()[:24, :31]).quantize(8)
    palette.save(clear, "PNG", transparency=1)
    for file in (clear.getvalue(), b"\xff\xd8" + bytes(9), b"\x89PNG", b""):
        try:
            wanted = alone(tf.constant([file]))
        except tf.errors.InvalidArgumentError:
            with pytest.raises(tf.errors.InvalidArgumentError):
                together(tf.constant([file]))
        else:
            np.testing.assert_array_equal(together(tf.constant([file])), wanted)


@pytest.mark.wide
def test_small_is_what_no_check_could_refuse():
    content, clear = io.BytesIO(), io.BytesIO()
    Image.fromarray(photographs.astronaut()[:90, :90]).save(content, "JPEG", **turned(6))
    Image.fromarray(photographs.astronaut()[:9, :9]).quantize(8).save(clear, "PNG", transparency=1)
    huge = png(0)[:16] + b"\xff\xff\xff\xff" * 2 + png(0)[24:]
    empty = png(0)[:16] + bytes(8) + png(0)[24:]
    long = png(0)[:16] + b"\0\0\x04\x01\0\0\0\1" + png(0)[24:]  # 1025 x 1
    large = png(0)[:16] + b"\0\0\1\1\0\0\1\0" + png(0)[24:]  # 257 x 256
    for file in (
        content.getvalue(),
        KINDS["JPEG XMP"],
        jpeg(0) + bytes(1 << 16),
        b"\xff\xd8",
        png(0) + bytes(1 << 18),
        clear.getvalue(),
        huge,
        empty,
        long,
        large,
        png(0)[:20],
    ):
        assert others([jpeg(0), file, png(0)]) == [1]
    shortest_scan = 10  # bytes: the mark, a length, a component, three numbers
    assert _batch.SMALL // shortest_scan * _batch.SMALL <= _cost.MOST_SCANS


@pytest.mark.wide
@pytest.mark.parametrize("colours", [2, 6])
def test_a_png_whose_header_is_not_first_is_refused(decoders, colours):
    # Its first chunk tells of a small image, the second of one beyond any limit.
    small = b"\0\0\0\x14" * 2 + b"\x08" + bytes([colours]) + bytes(3)
    huge = (9_000).to_bytes(4, "big") * 2 + small[8:]
    chunks = ((b"abCd", small), (b"IHDR", huge), (b"IDAT", zlib.compress(bytes(9))))
    file = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        check = zlib.crc32(name + body).to_bytes(4, "big")
        file += len(body).to_bytes(4, "big") + name + body + check
    for decode in decoders:
        with pytest.raises(tf.errors.InvalidArgumentError, match="header says"):
            decode(tf.constant([file]))


@pytest.mark.wide
def test_damage_is_an_error(decoders):
    together, _ = decoders
    bad = jpeg(0)
    for file in (bad[:40], bad[: len(bad) // 2], png(0)[: len(png(0)) // 2], b"", b"no image"):
        with pytest.raises(tf.errors.InvalidArgumentError):
            together(tf.constant([jpeg(1), file]))


@pytest.mark.wide
def test_files_of_a_request_that_are_bad_are_named(decoders):
    together, _ = decoders
    cut = png(0)[: len(png(0)) // 2]
    turned_one = io.BytesIO()
    Image.fromarray(photographs.astronaut()[:9, :9]).save(turned_one, "JPEG", **turned(6))
    files = [jpeg(1), cut, turned_one.getvalue(), b"", png(1), jpeg(0)[:40]]
    said = r"images.*\[1 3 5\].*damaged.*neither JPEG.*damaged"
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        together(tf.constant(files))


@pytest.mark.wide
def test_what_fails_is_heard_before_what_it_cancels(decoders):
    # Whole by their ends, but not within, and not small: each is a call of its own in the graph.
    together, _ = decoders
    clear = io.BytesIO()
    Image.fromarray(photographs.astronaut()[:9, :9]).convert("RGBA").save(clear, "PNG")
    good = clear.getvalue()
    at = good.index(b"IDAT") + 8
    bad = good[:at] + bytes(20) + good[at + 20 :]
    for _ in range(20):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid PNG"):
            together(tf.constant([good, bad] * 4))


def test_files_that_fail_by_themselves_are_decoded_one_by_one(decoders):
    """Else what was cancelled may be heard first, which shows now and then alone."""
    together, _ = decoders
    graph = together.get_concrete_function().graph
    loops = [
        node.attr["parallel_iterations"].i
        for function in graph.as_graph_def().library.function
        for node in function.node_def
        if node.op in ("While", "StatelessWhile")
    ]
    assert 1 in loops, loops  # of all others nothing is heard: their files are whole


@pytest.mark.wide
def test_what_is_wrong_with_each_file_is_reported():
    os2 = b"BM" + struct.pack("<IHHIIHHHH", 62, 0, 0, 26, 12, 4, 3, 1, 24) + bytes(36)
    files = [jpeg(0), b"text", jpeg(1)[:200], os2]
    images, errors = decoder.decode_or_report(tf.constant(files), SIZE, 3)
    wanted = [b"", b"neither JPEG, PNG, BMP, GIF nor WEBP", _batch.DAMAGED]
    wanted.append(b"a BMP file of OS/2: save it as PNG")
    assert errors.numpy().tolist() == wanted
    np.testing.assert_array_equal(images[0], decoder.decode(tf.constant(files[0]), SIZE, 3))
    assert not np.any(images[1:])
    nothing, errors = decoder.decode_or_report(tf.constant([], tf.string), SIZE, 3)
    assert (nothing.shape, errors.shape) == ((0, *SIZE, 3), (0,))
