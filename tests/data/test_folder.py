import errno
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
import skimage.data
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras.data._part import held_out
from keras_cv_extras.data.files import _decode, _folder
from keras_cv_extras.data.files._paths import Paths

# Images are drawn anew for each part, and come out alike.
pytestmark = pytest.mark.filterwarnings("ignore:.* copies ")

PHOTOGRAPHS = {
    "cat": Image.fromarray(skimage.data.chelsea()[:200, 100:340]),  # 200 x 240
    "cup": Image.fromarray(skimage.data.coffee()[:200, 100:340]),
}


def make(folder, num_images=6, classes=("cat", "cup"), suffix=".png"):
    """Writes class folders; image k of a class is the photograph, rolled by k pixels."""
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        pixels = np.asarray(PHOTOGRAPHS.get(name, PHOTOGRAPHS["cat"]))
        for row in range(num_images):
            rolled = Image.fromarray(np.roll(pixels, row, axis=1))
            rolled.save(folder / name / f"{row}{suffix}")
    return folder


def one(tmp_path, name, save, size=(200, 240), **options):
    """Loads a folder in which one file is as `save(path)` made it; returns its image."""
    make(tmp_path / "train", num_images=2)
    make(tmp_path / "test", num_images=0)
    save(tmp_path / "test" / "cat" / name)
    return data.load(tmp_path, image_size=size, **options).test[0][0]


def close(image, wanted, mean=3.0):
    image, wanted = image.astype(float), np.asarray(wanted).astype(float)
    assert np.abs(image - wanted.reshape(image.shape)).mean() < mean


def test_folder_of_class_folders(tmp_path):
    loaded = data.load(make(tmp_path / "pets", num_images=10))
    assert (loaded.name, loaded.class_names) == ("pets", ("cat", "cup"))
    assert loaded.train[0].shape[1:] == (200, 240, 3)
    assert loaded.test[1].dtype == np.int32
    counts = [np.bincount(labels) for _, labels in (loaded.train, loaded.test)]
    assert np.sum(counts, axis=0).tolist() == [10, 10]
    assert 0 < counts[1].min() <= counts[1].max() < 6
    for images, labels in (loaded.train, loaded.test):
        for image, label in zip(images, labels, strict=True):
            wanted = np.asarray(PHOTOGRAPHS[loaded.class_names[label]])
            shifts = [row for row in range(10) if (np.roll(wanted, row, axis=1) == image).all()]
            assert len(shifts) == 1
    again = data.load(str(tmp_path / "pets"))
    np.testing.assert_array_equal(loaded.test[0], again.test[0])


@pytest.mark.parametrize("name", ["test", "val", "validation"])
def test_parts_in_folders_of_their_own(tmp_path, name):
    make(tmp_path / "train", num_images=3)
    make(tmp_path / name, num_images=2, classes=["cup"])
    loaded = data.load(tmp_path)
    assert np.bincount(loaded.train[1]).tolist() == [3, 3]
    assert loaded.test[1].tolist() == [1, 1]
    close(loaded.test[0][0], PHOTOGRAPHS["cup"], mean=1e-9)
    with pytest.raises(ValueError, match="has a test part of its own"):
        data.load(tmp_path, test_fraction=0.2)


def test_validation_part_beside_a_test_part_is_for_training(tmp_path):
    for name, count in (("train", 3), ("val", 2), ("test", 1)):
        make(tmp_path / name, num_images=count)
    loaded = data.load(tmp_path)
    assert (len(loaded.train[1]), len(loaded.test[1])) == (10, 2)


def test_train_alone_is_split_and_train_can_be_a_class(tmp_path):
    alone = data.load(make(tmp_path / "a" / "train").parent)
    assert 2 <= len(alone.test[1]) < 8
    assert len(alone.train[1]) + len(alone.test[1]) == 12
    vehicles = make(tmp_path / "vehicles", classes=["bus", "train"])
    assert data.load(vehicles).class_names == ("bus", "train")


def test_hidden_and_other_files_are_left_out_and_deeper_ones_read(tmp_path):
    make(tmp_path)
    make(tmp_path / "cat" / "more", classes=["deep"], num_images=1)
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.txt").write_text("pets")
    (tmp_path / "cat" / "notes.txt").write_text("a cat")
    (tmp_path / "cat" / "._0.png").write_bytes(b"metadata")
    loaded = data.load(tmp_path)
    assert loaded.class_names == ("cat", "cup")
    assert len(loaded.train[1]) + len(loaded.test[1]) == 13


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("a.png", 1e-9),
        ("a.PNG", 1e-9),
        ("a.bmp", 1e-9),
        ("a.jpg", 6),
        ("a.JPEG", 6),
        ("a.gif", 9),
    ],
)
def test_file_formats(tmp_path, name, mean):
    image = one(tmp_path, name, PHOTOGRAPHS["cup"].save)
    assert image.dtype == np.uint8
    close(image, PHOTOGRAPHS["cup"], mean)


@pytest.mark.parametrize(
    ("name", "mode", "mean"),
    [
        ("grey.png", "L", 1e-9),
        ("grey.jpg", "L", 4),
        ("bits.png", "1", 1e-9),
        ("palette.png", "P", 1e-9),
        ("palette.bmp", "P", 1e-9),
        ("alpha.png", "RGBA", 1e-9),
        ("grey_alpha.png", "LA", 1e-9),
        ("print.jpg", "CMYK", 4),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_modes(tmp_path, name, mode, mean, channels):
    source = PHOTOGRAPHS["cat"].convert(mode)
    image = one(tmp_path, name, source.save, channels=channels)
    assert image.shape == (200, 240, channels)
    close(image, source.convert("RGB").convert("RGB" if channels == 3 else "L"), mean + 0.5)


def test_grey_files_alone_give_one_channel(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for row in range(2):
            PHOTOGRAPHS["cat"].convert("L").save(tmp_path / name / f"{row}.png")
    assert data.load(tmp_path, test_fraction=0.5).train[0].shape == (2, 200, 240, 1)


def test_sixteen_bits_become_eight(tmp_path):
    values = np.linspace(0, 65535, 200 * 240).reshape(200, 240).astype(np.uint16)
    image = one(tmp_path, "deep.png", Image.fromarray(values).save)
    assert (image.min(), image.max()) == (0, 255)
    np.testing.assert_array_equal(image, np.repeat((values >> 8)[..., None], 3, axis=-1))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_over_white(tmp_path, mode):
    source = PHOTOGRAPHS["cup"].convert("RGBA")
    alpha = np.full((200, 240), 255, np.uint8)
    alpha[:100] = 0
    source.putalpha(Image.fromarray(alpha))
    source = source.convert(mode) if mode != "P" else source.quantize(64)
    image = one(tmp_path, "logo.png", source.save)
    assert (image[:100] == 255).all()
    close(image[100:], np.asarray(source.convert("RGBA").convert("RGB"))[100:], mean=1e-9)


def test_half_transparent_pixel(tmp_path):
    source = Image.new("RGBA", (240, 200), (0, 100, 200, 128))
    image = one(tmp_path, "logo.png", source.save)
    np.testing.assert_allclose(image[0, 0], [127, 177, 227], atol=1)


@pytest.mark.parametrize(
    ("orientation", "operation"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
@pytest.mark.parametrize("name", ["phone.jpg", "phone.png"])
def test_images_are_turned_upright(tmp_path, name, orientation, operation):
    stored = PHOTOGRAPHS["cat"] if operation is None else PHOTOGRAPHS["cat"].transpose(operation)
    exif = Image.Exif()
    exif[0x0112] = orientation

    # Every image is upright 200 x 240, so no size need be given, though it is stored otherwise.
    image = one(tmp_path, name, lambda path: stored.save(path, exif=exif), size=None)
    close(image, PHOTOGRAPHS["cat"], mean=6)


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (240, 200), color) for color in ("red", "lime", "blue")]
    save = lambda path: frames[0].save(path, save_all=True, append_images=frames[1:])  # noqa: E731
    assert (one(tmp_path, "film.gif", save) == [255, 0, 0]).all()


def test_crop_keeps_the_centre_pad_all_of_it_and_stretch_fills(tmp_path):
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, :100], wide[:, 100:300], wide[:, 300:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    images = {
        resize: one(tmp_path, "wide.png", Image.fromarray(wide).save, size=(50, 100), resize=resize)
        for resize in ("crop", "pad", "stretch")
    }
    middle = {resize: image[25] for resize, image in images.items()}
    assert (middle["crop"][2:-2] == [0, 255, 0]).all()
    for resize in ("pad", "stretch"):
        for column, color in ((5, (255, 0, 0)), (50, (0, 255, 0)), (95, (0, 0, 255))):
            assert tuple(middle[resize][column]) == color
    assert not images["pad"][:12].any()
    assert not images["pad"][-12:].any()
    assert images["stretch"][0].any()


def test_shrinking_is_antialiased(tmp_path):
    stripes = np.zeros((200, 240), np.uint8)
    stripes[:, ::2] = 255
    image = one(tmp_path, "stripes.png", Image.fromarray(stripes).save, size=(50, 60))
    assert np.abs(image[:, 2:-2].astype(int) - 127).max() < 10


def damaged(path):
    """Adds an empty, a cut, a false, a scrambled and a huge file to a folder."""
    (path / "empty.jpg").touch()
    for name in ("cut.jpg", "cut.png", "cut.gif", "cut.bmp"):
        PHOTOGRAPHS["cat"].save(path / name)
        (path / name).write_bytes((path / name).read_bytes()[:4000])
    (path / "text.jpg").write_text("I am a picture of a cat")
    (path / "noise.png").write_bytes(bytes(range(256)) * 20)
    (path / "head.png").write_bytes(png(10, 10)[:20])
    (path / "huge.png").write_bytes(png(30_000, 30_000))
    (path / "large.png").write_bytes(png(8001, 8000))
    PHOTOGRAPHS["cat"].save(path / "other.jpg", format="TIFF")
    return 11


def png(width, height):
    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


def test_damaged_files_are_skipped_counted_and_named(tmp_path):
    make(tmp_path, num_images=10)
    count = damaged(tmp_path / "cat")
    with pytest.warns(UserWarning, match="cannot be read") as caught:
        loaded = data.load(tmp_path)
    (warning,) = caught
    message = str(warning.message)
    assert f"{count} of {20 + count} image files" in message
    assert f"and {count - 5} more" in message
    assert warning.filename == __file__
    assert len(loaded.train[1]) + len(loaded.test[1]) == 20
    seen = set()
    for images, labels in (loaded.train, loaded.test):
        for image, label in zip(images, labels, strict=True):
            wanted = np.asarray(PHOTOGRAPHS[loaded.class_names[label]])
            seen |= {
                (int(label), row)
                for row in range(10)
                if (np.roll(wanted, row, axis=1) == image).all()
            }
    assert len(seen) == 20


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.jpg", b"", "an empty file"),
        ("text.jpg", b"a cat", "not an image of a known kind"),
        ("large.png", png(8001, 8000), "8001 x 8000 pixels, more than the 64,000,000"),
        ("huge.png", png(30_000, 30_000), "pixels"),
        ("claims.png", png(5000, 5000), "broken|truncated|decoder"),
    ],
)
def test_each_damaged_file_has_its_reason(tmp_path, name, content, reason):
    make(tmp_path)
    path = tmp_path / "cup" / name
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=rf"1 of 13 .*{name} \(.*({reason})"):
        data.load(tmp_path, image_size=(200, 240))
    with pytest.raises(ValueError, match=rf"{name}: .*({reason})"):
        data.load(tmp_path, image_size=(200, 240), on_error="raise")


def test_odd_metadata_is_no_warning(tmp_path):
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff garbage"
    image = one(tmp_path, "odd.jpg", lambda path: PHOTOGRAPHS["cat"].save(path, exif=exif))
    close(image, PHOTOGRAPHS["cat"], mean=6)


def test_more_than_half_damaged_fails(tmp_path):
    make(tmp_path, num_images=2)
    damaged(tmp_path / "cat")
    with pytest.raises(ValueError, match="of 15 image files cannot be read, more than half"):
        data.load(tmp_path, image_size=32)


def test_class_left_without_images_fails(tmp_path):
    make(tmp_path, num_images=5, classes=["cup"])
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0.png").touch()
    skipped = pytest.warns(UserWarning, match="1 of 6 image files cannot be read")
    with skipped, pytest.raises(ValueError, match="class 'cat' has no image to train on"):
        data.load(tmp_path)


def test_several_sizes_need_image_size(tmp_path):
    make(tmp_path)
    PHOTOGRAPHS["cat"].resize((60, 50)).save(tmp_path / "cat" / "small.png")
    with pytest.raises(ValueError, match="2 different sizes .*200 x 240, 12 of 13.*image_size"):
        data.load(tmp_path)
    assert data.load(tmp_path, image_size=32).train[0].shape[1:] == (32, 32, 3)


def test_folders_that_are_no_data_set(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        data.load(tmp_path / "missing")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match="no class folders"):
        data.load(empty)
    (empty / "cat").mkdir()
    with pytest.raises(ValueError, match=r"zero images; files ending with .jpg"):
        data.load(empty)
    with pytest.raises(ValueError, match="one class only, 'cat'"):
        data.load(make(tmp_path / "single", classes=["cat"]))
    with pytest.raises(NotADirectoryError, match=r"0.png: a file"):
        data.load(tmp_path / "single" / "cat" / "0.png")
    make(tmp_path / "parts" / "train")
    make(tmp_path / "parts" / "test", classes=["dog"])
    with pytest.raises(ValueError, match="class 'dog' has no folder in the training part"):
        data.load(tmp_path / "parts")
    with pytest.raises(ValueError, match="class 0 has only 1 image"):
        data.load(make(tmp_path / "few", num_images=1))


def test_too_large_for_memory_is_found_before_decoding(tmp_path, monkeypatch):
    make(tmp_path)
    monkeypatch.setattr(_folder, "MOST_BYTES", 1 << 30)
    monkeypatch.setattr(_decode, "decode", None)
    with pytest.raises(ValueError, match=r"limit of 1 GiB.*data.pipeline"):
        data.load(tmp_path, image_size=8000)


def test_eight_gibibytes_are_held_at_most():
    _folder.check_bytes(2860, (1000, 1000), 3)
    with pytest.raises(ValueError, match="limit of 8 GiB"):
        _folder.check_bytes(2870, (1000, 1000), 3)


def test_files_and_warning_filters_are_left_as_they_were(tmp_path):
    make(tmp_path)
    before, filters = sorted(os.walk(tmp_path)), list(warnings.filters)
    data.load(tmp_path)
    assert sorted(os.walk(tmp_path)) == before
    assert warnings.filters == filters


def test_a_file_of_somebody_else_is_said_to_be_one(tmp_path, monkeypatch):
    make(tmp_path)
    decode = _decode.decode

    def closed(path, *given):
        if path.endswith("cat/0.png"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return decode(path, *given)

    monkeypatch.setattr(_decode, "decode", closed)
    with pytest.warns(UserWarning, match=r"cat/0.png \(may not be read by this user\)"):
        data.load(tmp_path)


def test_files_for_tests_are_chosen_by_name_class_and_seed():
    paths, labels = [f"{row:02d}" for row in range(40)], np.repeat(np.int32([0, 1]), [10, 30])
    about = ("pets", "pets", ("cat", "cup"), Paths(paths), labels, np.zeros(40, bool), Paths(paths))
    given, kept = _folder.Listing(*about), np.arange(5, 40)  # five cannot be read
    begins = np.arange(70).reshape(35, 2)

    def choose(fraction, seed):
        chosen, divided = _folder.choose_test(given, kept, begins, fraction, seed, False, len)
        assert divided
        return chosen.tolist()

    for fraction, seed in ((None, 3), (0.4, 3), (0.4, 4)):
        wanted = held_out(paths[5:], labels[5:], fraction or 0.2, seed, "test")
        assert choose(fraction, seed) == wanted.tolist()
    assert choose(0.4, 3) != choose(0.4, 4)
