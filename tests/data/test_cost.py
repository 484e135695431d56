"""What a small file can cost is bounded before anything of it is decoded."""

import io
import os
import threading
import time
import zlib

import numpy as np
import pytest
import tensorflow as tf
from image_kinds import PHOTOGRAPH, chunk, encoded, png
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras._base.host.cores import num_cores
from keras_cv_extras.data.files import _cost, _decode, decoder
from keras_cv_extras.serving import _predict


@pytest.fixture(scope="module")
def decode():
    return tf.function(
        lambda file: decoder.decode(file, (32, 32), 3),
        input_signature=[tf.TensorSpec([], tf.string)],
        autograph=False,  # as exports and streams have it
    )


def test_a_png_of_many_texts_is_refused_at_once(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(3, 3, zlib.compress(bytes(30)), more=chunk(b"tEXt", b"a\0") * 300_000))
    start = time.process_time()
    with pytest.raises(ValueError, match="too many chunks"):
        _decode.read_header(path)
    assert time.process_time() - start < 0.5
    path.write_bytes(png(3, 3, zlib.compress(bytes(30)), more=chunk(b"tEXt", b"a\0") * 900))
    assert _decode.read_header(path)[:2] == (3, 3)


def test_a_file_of_terabytes_is_read_by_nobody(tmp_path):
    """A disk that keeps holes holds it in kilobytes; who reads it whole has no memory left."""
    for row in range(8):
        path = tmp_path / "ab"[row % 2] / f"{row}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (30 * row, 0, 0)).save(path)
    large = tmp_path / "a" / "large.jpg"
    Image.new("RGB", (8, 8)).save(large)
    os.truncate(large, 1 << 41)
    reason = "too large: of more than 268,435,456 bytes"
    for attempt in (
        decoder.check_file,
        _decode.read_header,
        lambda path: _decode.decode(path, (8, 8), "crop", 3),
    ):
        with pytest.raises(ValueError, match=reason):
            attempt(large)
    with pytest.warns(UserWarning, match=r"large.jpg \(too large"):
        data.load(tmp_path)
    assert data.image_files(tmp_path, 8).unreadable() == {str(large): reason}
    assert _predict._read(large) == (b"", reason)


def test_files_without_compression_may_be_larger(tmp_path):
    path = tmp_path / "a.bmp"
    Image.new("RGB", (8, 8)).save(path)
    os.truncate(path, 1 << 29)
    assert decoder.check_file(path)[0] == 1 << 29
    os.truncate(path, (1 << 30) + 1)
    with pytest.raises(ValueError, match="too large: of more than 1,073,741,824 bytes"):
        decoder.check_file(path)


def test_scans_are_counted_where_a_block_ends(monkeypatch):
    file = encoded(Image.new("L", (8, 8)), "JPEG", progressive=True)
    monkeypatch.setattr(_cost, "_READ_AT_ONCE", file.index(b"\xff\xda") + 1)
    for most, scans in ((0, file.count(b"\xff\xda")), (1 << 40, None)):
        monkeypatch.setattr(_cost, "MOST_SCANS", most)
        image = Image.open(io.BytesIO(file))
        if scans is None:
            _cost.check_scans(image)
        else:
            with pytest.raises(ValueError, match=f"a JPEG file of {scans} passes over 8 x 8"):
                _cost.check_scans(image)


@pytest.mark.wide
def test_only_the_first_frame_of_an_animation_is_unpacked(decode, monkeypatch):
    """A hundred frames behind the first cost no more than it does; cut off, it is an error."""
    frames = [Image.new("P", (1500, 1500), number) for number in range(40)]
    film = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    one = encoded(frames[0], "GIF")
    decode(one)
    seconds = []
    for file in (one, film):
        start = time.process_time()
        image = decode(file)
        seconds.append(time.process_time() - start)
        assert image.shape == (32, 32, 3)
    assert seconds[1] < 5 * seconds[0] + 0.05
    np.testing.assert_array_equal(decode(one), decode(film))
    with pytest.raises(tf.errors.InvalidArgumentError, match="cut off"):
        decode(one[: len(one) // 2])


@pytest.mark.wide
def test_a_jpeg_of_many_scans_is_refused(decode):
    file = encoded(PHOTOGRAPH.resize((2000, 2000)), "JPEG", progressive=True)
    start = file.rindex(b"\xff\xda")
    bomb = file[:start] + file[start:-2] * 300 + b"\xff\xd9"
    with pytest.raises(ValueError, match="passes over 2000 x 2000 pixels"):
        _decode.decode(io.BytesIO(bomb), (32, 32), "crop", 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="too many scans"):
        decode(bomb)
    assert decode(file).shape == (32, 32, 3)


def test_a_file_is_where_it_was_before_its_scans_were_counted():
    image = Image.open(io.BytesIO(encoded(PHOTOGRAPH, "JPEG")))
    place = image.fp.tell()
    _cost.check_scans(image)
    assert image.fp.tell() == place > 0


def test_large_images_wait_for_each_other(monkeypatch):
    budget, running, most = _cost._Budget(100), [], []

    def work():
        with budget.of(10, 6):
            running.append(1)
            most.append(len(running))
            time.sleep(0.01)
            running.pop()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == [1] * 5
    alone = threading.Thread(target=lambda: budget.of(20, 20).__enter__(), daemon=True)
    alone.start()
    alone.join(10)
    assert not alone.is_alive()  # larger than all that there is, it has it for itself
    facts = np.array([[0, 8000, 8000, 1], [0, 4, 4, 1]])
    monkeypatch.setattr(_cost, "num_cores", lambda: 4)
    assert _cost.calls_at_once(facts) == 2
    assert _cost.calls_at_once(facts[1:]) == 4


def test_a_png_of_many_parts_of_pixels_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_cost, "MOST_PIXEL_CHUNKS", 4)
    path = tmp_path / "a.png"
    for more, refused in ((3, False), (4, True)):
        path.write_bytes(png(3, 3, zlib.compress(bytes(30)), more=chunk(b"IDAT", b"") * more))
        if refused:
            with pytest.raises(ValueError, match="too many chunks"):
                _cost.check_file(path)
        else:
            _cost.check_file(path)


def test_a_jpeg_of_many_passes_is_refused_where_files_are_listed(tmp_path, monkeypatch):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (16, 16)).save(path, progressive=True)
    assert _decode.decode(path, (8, 8), "crop", 3).shape == (8, 8, 3)
    monkeypatch.setattr(_cost, "MOST_SCANS", 16 * 16 * 5)
    with pytest.raises(ValueError, match="passes over 16 x 16 pixels"):
        _decode.decode(path, (8, 8), "crop", 3)


def test_the_largest_image_is_decoded_by_itself():
    assert _cost.calls_at_once(np.array([[0, 9_000, 9_000, 3], [0, 8, 8, 3]])) == 1
    assert _cost.calls_at_once(np.array([[0, 8, 8, 3]])) == num_cores()
