"""The one decoder: training, streaming and exports see what Pillow sees, within one level."""

import io
import struct
import zlib

import numpy as np
import pytest
import skimage.data
import tensorflow as tf
from image_kinds import KINDS, chunk, encoded, turned
from PIL import Image, ImageOps

from keras_cv_extras.data.files import _decode, decoder
from keras_cv_extras.data.files.decoder import _bmp

CASES = [("crop", (64, 48), 3), ("pad", (40, 90), 1), ("stretch", (201, 243), 3)]
DEEP_LEVELS = {  # the levels 0 to 3, twice in a row; 1 is clear
    bits: b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 4, bits, 0, 0, 0, 0))
    + chunk(b"tRNS", b"\0\1")
    + chunk(b"IDAT", zlib.compress((b"\0" + row * 2) * 4))
    + chunk(b"IEND", b"")
    for bits, row in ((2, b"\x1b"), (4, b"\x01\x23"))
}
DEEP_BMP = b"\1\0\x18\0" + bytes(24)  # what a header says of 24 bits
RESIZED = {"crop": ImageOps.fit, "pad": ImageOps.pad, "stretch": Image.Image.resize}


def by_pillow(file, resize, size, channels):
    """Opens, turns upright, lays over white, converts and resizes, with Pillow's own functions."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype("uint8"))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    image = image.convert("RGB").convert("L" if channels == 1 else "RGB")
    return np.asarray(RESIZED[resize](image, size[::-1], Image.Resampling.BILINEAR))


@pytest.fixture(scope="module")
def decoders():
    """Decoders of each case: one that reads headers, as exports do, one with plans, as streams."""
    planned = (tf.TensorSpec([9], tf.int32), tf.TensorSpec([4], tf.float32))
    made = {}

    def decoder_of(case, jpeg="whole", with_plan=False):
        resize, size, channels = case
        options = {"resize": resize, "jpeg": jpeg}
        if (case, jpeg, with_plan) not in made:
            made[case, jpeg, with_plan] = tf.function(
                lambda file, *plan: decoder.decode(
                    file, size, channels, plan=plan[0] if plan else None, **options
                ),
                input_signature=[tf.TensorSpec([], tf.string), *([planned] if with_plan else [])],
                autograph=False,  # as exports and streams have it
            )
        return made[case, jpeg, with_plan]

    return decoder_of


def plan_of(file, case, jpeg="whole"):
    facts = decoder.facts_of(decoder.read_header(io.BytesIO(file)))
    return decoder.plan(tf.constant(facts), case[1], case[0], jpeg)


def difference(one, other):
    return np.abs(np.asarray(one).astype(int).ravel() - np.asarray(other).astype(int).ravel()).max()


@pytest.mark.wide_but("case0")
@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_file_is_as_with_pillow(case, decoders):
    """Pillow rounds between rows and columns, so that one level of 255 may be between them."""
    resize, size, channels = case
    for kind, file in KINDS.items():
        wanted = by_pillow(file, resize, size, channels)
        trained = _decode.decode(io.BytesIO(file), size, resize, channels)
        served = decoders(case)(file)
        assert difference(trained, wanted) == 0, kind
        assert difference(served, wanted) <= 1, kind
        if case == CASES[0]:
            streamed = decoders(case, with_plan=True)(file, plan_of(file, case))
            np.testing.assert_array_equal(streamed, served, err_msg=kind)


@pytest.mark.wide
def test_what_pillow_takes_for_another_picture_is_read_as_it_is_meant(decoders):
    """A clear level of 2 or 4 bits; black and white of a byte each: as the formats' texts say."""
    case = ("stretch", (4, 8), 3)
    levels = np.tile(np.arange(4, dtype="uint8"), (4, 2))
    for bits, file in DEEP_LEVELS.items():
        wanted = np.where(levels == 1, 255, levels * (255 // (2**bits - 1)))[..., None]
        trained = _decode.decode(io.BytesIO(file), case[1], *case[::2])
        np.testing.assert_array_equal(trained, wanted.repeat(3, axis=2))
        np.testing.assert_array_equal(decoders(case)(file), trained)
    for width in (8, 160):  # Pillow's stride of the other has a 16 in it
        size = 62 + 4 * width, 0, 0, 62, 40, width, 4, 1, 8, 0, 4 * width, 0, 0, 2, 0
        pixels = bytes([0, 1, 0, 0, 1, 1, 0, 1] * (width // 2))
        file = b"BM" + struct.pack("<IHHIIiiHHIIiiII", *size) + b"\0\0\0\0\xff\xff\xff\0" + pixels
        trained = _decode.decode(io.BytesIO(file), (4, width), *case[::2])
        np.testing.assert_array_equal(trained[0, :, 0], [255 * pixel for pixel in pixels[:width]])
        if width == case[1][1]:
            np.testing.assert_array_equal(decoders(case)(file), trained)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((12, 8, 4, 1, 24), "of OS/2: save it as PNG"),
        ((40, 8, 4, 1, 16), "of 16 bits: save it as PNG"),
        ((40, 8, 4, 1, 16, 3), "with bit masks: save it as PNG"),
        ((40, 8, 4, 1, 8, 1), "compressed by RLE8: save it as PNG"),
        ((40, 8, 4, 1, 4, 2), "compressed by RLE4: save it as PNG"),
        ((40, 8, 4, 1, 4), "4 bits in shades of grey: save it as PNG"),
    ],
)
def test_a_bmp_that_cannot_be_read_everywhere_says_why(fields, message):
    fields, packed = fields[:5], fields[5] if len(fields) > 5 else 0
    rest = b"" if fields[0] == 12 else struct.pack("<IIiiII", packed, 96, 0, 0, 2, 0)
    rest += struct.pack("<III", 0x7C00, 0x3E0, 0x1F) if packed == 3 else b""
    head = struct.pack("<IHHHH" if fields[0] == 12 else "<IiiHH", *fields) + rest
    colors = b"\0\0\0\0\xff\xff\xff\0" if fields[4] == 4 else b""
    colors = b"\1\2\3\0\xff\xff\xff\0" if packed == 2 else colors
    start = 14 + len(head + colors)
    file = b"BM" + struct.pack("<IHHI", start + 96, 0, 0, start) + head + colors + bytes(96)
    with pytest.raises(ValueError, match=message):
        decoder.facts_of(decoder.read_header(io.BytesIO(file)))
    if "grey" not in message:  # which are read where there is no Pillow
        reason = _bmp.beyond(tf.constant([file, KINDS["BMP"], file[:14]])).numpy()
        assert reason.tolist() == [f"a BMP file {message}".encode(), b"", b""]
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            _bmp.size(tf.constant(file))


@pytest.mark.wide
def test_headers_are_read_alike():
    signature = [tf.TensorSpec([], tf.string)]
    read = tf.function(decoder.facts, input_signature=signature, autograph=False)
    for kind, file in KINDS.items():
        header = decoder.read_header(io.BytesIO(file))
        assert tuple(read(file).numpy()) == decoder.facts_of(header), kind
    assert tuple(read(KINDS["JPEG EXIF 6"]).numpy()) == (0, 201, 243, 6)
    numbers = decoder.kinds(tf.constant([KINDS["WEBP"], b"RIFF....WAVE", b"", KINDS["GIF"]]))
    assert [decoder.FORMATS[kind] if kind >= 0 else None for kind in numbers.numpy()] == [
        "WEBP",
        None,
        None,
        "GIF",
    ]


@pytest.mark.wide
@pytest.mark.parametrize(("resize", "channels"), [("crop", 3), ("pad", 1)])
def test_reduced_jpegs_are_the_same_everywhere_and_close_to_whole_ones(resize, channels, decoders):
    image = Image.fromarray(skimage.data.astronaut()[:509, :503])
    for side, ratio in ((200, 1), (100, 2), (20, 8)):
        case = (resize, (side, side), channels)
        for orientation in (1, 7):
            file = encoded(image, "JPEG", quality=90, **turned(orientation))
            trained = _decode.decode(io.BytesIO(file), case[1], resize, channels, "reduced")
            plan = plan_of(file, case, "reduced")
            assert _decode.RATIOS[plan[0][4]] == ratio
            streamed = decoders(case, "reduced", with_plan=True)(file, plan)
            assert difference(streamed, trained) <= 1
            whole = _decode.decode(io.BytesIO(file), case[1], resize, channels)
            mean = np.abs(whole.astype(int) - trained.astype(int)).mean()
            assert mean < 1.5
            # Of colours the grey is the JPEG's own, which is another one by the rounding.
            assert (mean > 0) == (ratio > 1 or channels == 1)


@pytest.mark.wide
def test_an_image_of_the_right_size_is_left_alone(decoders):
    given = decoders(CASES[2])(KINDS["PNG"])
    np.testing.assert_array_equal(given, Image.open(io.BytesIO(KINDS["PNG"])))


def test_a_file_that_is_not_the_planned_one_is_an_error(decoders):
    decode = decoders(CASES[0], with_plan=True)
    for planned, given in (
        ("PNG", "JPEG"),
        ("JPEG", "PNG"),
        ("JPEG", "other"),
        ("GIF", "BMP"),
    ):
        file = KINDS.get(given) or encoded(Image.new("RGB", (300, 200)), "JPEG")
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode(file, plan_of(KINDS[planned], CASES[0]))


@pytest.mark.wide
def test_damage_is_an_error_or_a_picture(decoders):
    """Cut off at every twentieth of its length, and with bytes changed."""
    decode = decoders(CASES[0])
    numbers = np.random.default_rng(0)
    good, refused = 0, 0
    for kind in ("JPEG EXIF 6", "PNG", "BMP grey", "GIF", "WEBP animated"):
        file = KINDS[kind]
        damaged = [file[: len(file) * part // 20] for part in range(20)]
        for _ in range(20):
            changed = bytearray(file)
            for place in numbers.integers(0, min(len(file), 400), 8):
                changed[place] = numbers.integers(0, 256)
            damaged.append(bytes(changed))
        for one in damaged:
            try:
                image = np.asarray(decode(tf.constant(one)))
            except tf.errors.InvalidArgumentError:
                refused += 1
                continue
            good += 1
            assert image.shape == (64, 48, 3)
            assert image.min() >= 0
            assert image.max() <= 255
    assert refused > 40
    assert good > 5


@pytest.mark.wide_but("PNG", "WEBP")
@pytest.mark.parametrize(
    "header",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (30_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0",
        b"BM" + bytes(12) + b"\x28\0\0\0" + (30_000).to_bytes(4, "little") * 2 + DEEP_BMP,
        b"BM" + bytes(12) + b"\x28\0\0\0\x10\0\0\0\0\xee\x85\xff" + DEEP_BMP,
        b"GIF89a" + (60_000).to_bytes(2, "little") * 2 + bytes(3) + b"," + bytes(20),
        b"GIF89a" + bytes(7) + b",\0\0\0\0" + (60_000).to_bytes(2, "little") * 2 + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0" + (9_999).to_bytes(3, "little") * 2,
    ],
    ids=["PNG", "BMP", "BMP from the top", "GIF", "GIF of a larger frame", "WEBP"],
)
def test_bombs_are_refused_by_their_header(header, decoders):
    with pytest.raises(tf.errors.InvalidArgumentError, match="64000000"):
        decoders(CASES[0])(tf.constant(header))


def test_a_jpeg_bomb_is_refused_by_its_header(decoders):
    file = bytearray(KINDS["JPEG grey"])
    place = file.index(b"\xff\xc0")
    file[place + 5 : place + 9] = b"\xff\x00\xff\x00"
    with pytest.raises(tf.errors.InvalidArgumentError, match="64000000"):
        decoders(CASES[0])(tf.constant(bytes(file)))


def test_every_option_has_a_plan_and_large_images_have_none():
    facts = tf.constant(decoder.facts_of(decoder.read_header(io.BytesIO(KINDS["JPEG EXIF 6"]))))
    plans = {
        (resize, jpeg): decoder.plan(facts, (20, 10), resize, jpeg)
        for resize in decoder.RESIZES
        for jpeg in decoder.JPEGS
    }
    assert {key: int(numbers[4]) for key, (numbers, _) in plans.items()} == {
        (resize, jpeg): 2 if jpeg == "reduced" else 0
        for resize in decoder.RESIZES
        for jpeg in decoder.JPEGS
    } | {("pad", "reduced"): 3}
    start = b"GIF89a" + bytes(7) + b",\0\0\0\0"
    most = (8000).to_bytes(2, "little") * 2 + bytes(20)
    height, width = decoder.facts(tf.constant(start + most)).numpy()[1:3]
    assert height * width == decoder.MOST_PIXELS


def test_a_jpeg_is_reduced_by_its_shorter_way():
    """Of 16 rows that become 12 nothing is left to reduce, however many columns there are."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 300, 3), "uint8")
    file = encoded(Image.fromarray(noise), "JPEG", quality=90)
    for size, ratio in (((12, 15), 1), ((2, 15), 4)):
        trained, whole = (
            _decode.decode(io.BytesIO(file), size, "stretch", 3, jpeg)
            for jpeg in ("reduced", "whole")
        )
        assert (trained == whole).all() == (ratio == 1)
        assert _decode.RATIOS[plan_of(file, ("stretch", size, 3), "reduced")[0][4]] == ratio
        facts = tf.constant(decoder.facts_of(decoder.read_header(io.BytesIO(file))))
        box = tf.constant([0, 0, 16, 300])
        numbers = decoder.plan_box(facts, box, size, "reduced")[0]
        assert _decode.RATIOS[numbers[4]] == ratio


def test_a_level_of_few_bits_is_clear_as_it_is_meant():
    for bits, row in ((2, [0, 255, 170, 255]), (4, [0, 255, 34, 51])):
        found = _decode.decode(io.BytesIO(DEEP_LEVELS[bits]), (4, 8), "stretch", 1)
        np.testing.assert_array_equal(found[0, :, 0], row * 2)


def test_a_padded_picture_keeps_a_pixel():
    for size in ((1, 99), (99, 1)):
        found = _decode.fit(Image.new("L", size, 255), (5, 5), "pad", 1)
        wanted = np.zeros((5, 5, 1))
        wanted[(slice(None), 2) if size[0] == 1 else 2] = 255
        np.testing.assert_array_equal(found, wanted)
