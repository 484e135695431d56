"""A server sees what training saw: TensorFlow's decoding against Pillow's of `data.load`."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras.data.files import _decode as training_side
from keras_cv_extras.serving import _decode

CASES = [("crop", (64, 48, 3)), ("pad", (40, 90, 1)), ("stretch", (300, 417, 3))]


def encode(image, file_format, **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def files(photographs):
    pixels = photographs[0][:300, :417]
    image, grey = Image.fromarray(pixels), Image.fromarray(pixels[:200, :133, 1].copy())
    opacity = np.tile(np.linspace(0, 255, 417).astype("uint8"), (300, 1))
    clear = Image.fromarray(np.dstack([pixels, opacity]))
    palette = image.quantize(64)
    made = {
        "JPEG": encode(image, "JPEG", quality=92),
        "JPEG, progressive": encode(image, "JPEG", progressive=True),
        "JPEG, grey": encode(grey, "JPEG"),
        "JPEG, CMYK": encode(image.convert("CMYK"), "JPEG"),
        "PNG": encode(image, "PNG"),
        "PNG, grey": encode(grey, "PNG"),
        "PNG, RGBA": encode(clear, "PNG"),
        "PNG, grey and opacity": encode(clear.convert("LA"), "PNG"),
        "PNG, palette": encode(palette, "PNG"),
        "PNG, transparent colour": encode(palette, "PNG", transparency=3),
        "PNG, 16 bits": encode(Image.fromarray(np.asarray(grey).astype("uint16") * 257), "PNG"),
        "PNG, 1 bit": encode(grey.convert("1"), "PNG"),
        "PNG, 1 x 1": encode(image.crop((0, 0, 1, 1)), "PNG"),
        "BMP": encode(image, "BMP"),
        "BMP, grey": encode(grey, "BMP"),
        "BMP, 32 bits": encode(clear, "BMP"),
        "GIF": encode(palette, "GIF"),
        "GIF, animated": encode(palette, "GIF", save_all=True, append_images=[palette.rotate(9)]),
    }
    for orientation in range(1, 9):
        tags = Image.Exif()
        tags[0x010F], tags[0x0112] = "maker", orientation
        made[f"JPEG, orientation {orientation}"] = encode(image, "JPEG", exif=tags)
    big = Image.Exif()
    big.endian, big[0x0112] = ">", 6
    made["JPEG, orientation, other byte order"] = encode(image, "JPEG", exif=big)
    return made


@pytest.fixture(scope="module")
def decoders():
    text = [tf.TensorSpec((), tf.string)]
    return {
        (resize, shape): tf.function(
            lambda file, resize=resize, shape=shape: _decode.decode(file, shape, resize),
            input_signature=text,
        )
        for resize, shape in CASES
    }


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_file_is_as_in_training(case, files, decoders):
    """Filters differ in the last bit before rounding: by one level of 255, no more."""
    resize, shape = case
    for kind, file in files.items():
        given = np.asarray(decoders[case](tf.constant(file)))
        wanted = training_side.decode(io.BytesIO(file), shape[:2], resize, shape[2])
        np.testing.assert_array_equal(given, np.round(given), err_msg=kind)
        worst = np.abs(given - wanted.astype("float32")).max()
        assert worst <= 1, (kind, worst)


def test_an_image_of_the_right_size_is_left_alone(photographs, decoders):
    image = photographs[0][:300, :417]
    file = encode(Image.fromarray(image), "PNG")
    given = decoders["stretch", (300, 417, 3)](tf.constant(file))
    np.testing.assert_array_equal(given, image)


def test_damage_is_an_error_or_a_picture(files, decoders):
    """Cut off at every twentieth of its length, and with bytes changed."""
    decode = decoders["crop", (64, 48, 3)]
    numbers = np.random.default_rng(0)
    good, refused = 0, 0
    for kind in ("JPEG, orientation 6", "PNG", "BMP, grey", "GIF"):
        file = files[kind]
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


@pytest.mark.parametrize(
    "header",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (30_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0",
        b"BM" + bytes(16) + (30_000).to_bytes(4, "little") * 2 + bytes(40),
        b"BM" + bytes(16) + b"\x10\0\0\0" + (-8_000_000 & 0xFFFFFFFF).to_bytes(4, "little"),
        b"GIF89a" + (60_000).to_bytes(2, "little") * 2 + bytes(20),
    ],
)
def test_bombs_are_refused_by_their_header(header, decoders):
    with pytest.raises(tf.errors.InvalidArgumentError, match="64000000"):
        decoders["crop", (64, 48, 3)](tf.constant(header))


def test_a_jpeg_bomb_is_refused_by_its_header(files, decoders):
    file = bytearray(files["JPEG, grey"])
    place = file.index(b"\xff\xc0")
    file[place + 5 : place + 9] = b"\xff\x00\xff\x00"
    with pytest.raises(tf.errors.InvalidArgumentError, match="64000000"):
        decoders["crop", (64, 48, 3)](tf.constant(bytes(file)))
