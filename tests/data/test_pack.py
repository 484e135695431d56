"""Packs: images in a few large files, the same as from the folder, and read by others too."""

import io
import json
import shutil
import types
import zipfile

import numpy as np
import own_names
import pytest
import tensorflow as tf
from image_kinds import PHOTOGRAPH, turned
from PIL import Image
from typer.testing import CliRunner

from keras_cv_extras import cli, data, search, training
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import kinds
from keras_cv_extras.data.files import decoder
from keras_cv_extras.data.packed import _open, _pack, _records


def photographs(path, count=5):
    for name in ("cat", "dog"):
        (path / name).mkdir(parents=True)
        for row in range(count):
            shift = 9 * row + 4 * (name == "dog")
            rolled = Image.fromarray(np.roll(np.asarray(PHOTOGRAPH), shift, axis=1))
            kind, options = ("png", {}) if row == 0 else ("jpg", turned((1, 3, 6, 8)[row - 1]))
            rolled.save(path / name / f"{row}.{kind}", **options)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return photographs(tmp_path_factory.mktemp("photographs") / "pets")


@pytest.fixture(scope="module")
def pixels(folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("packed") / "pixels"
    data.pack(folder, output, 48, form="pixels", per_file=3)
    return output


@pytest.fixture(scope="module")
def jpegs(folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("packed") / "jpegs"
    data.pack(folder, output, 100, per_file=4)
    return output


def by_name(part, image=None):
    image = image or part.image
    return {
        path.split("/")[-1] + str(part.labels[n]): image(n) for n, path in enumerate(part.paths)
    }


@pytest.mark.wide
def test_pixels_are_those_of_the_files(folder, pixels):
    files, packed = data.image_files(folder, 48), data.image_files(pixels, 48)
    assert not own_names.unsaid(pixels, kinds.PACK)
    assert packed.class_names == ("cat", "dog")
    assert (packed.name, packed.divided) == ("pets", True)
    for part in ("train", "test"):
        own, other = by_name(getattr(files, part)), by_name(getattr(packed, part))
        assert own.keys() == other.keys()
        for name, image in own.items():
            np.testing.assert_array_equal(other[name], image)
    assert data.identity(packed)["data_digest"] == data.identity(files)["data_digest"]
    assert sorted(item.name for item in pixels.glob("*.tfrecord")) == [
        *(f"test-0000{number}.tfrecord" for number in range(1)),
        *(f"train-0000{number}.tfrecord" for number in range(-(-len(files.train) // 3))),
    ]


@pytest.mark.wide
@pytest.mark.parametrize("side", [24, 48])
def test_a_pipeline_reads_packs_at_random_and_draws_boxes(pixels, side):
    packed = data.image_files(pixels, 48).train
    images, labels = next(iter(data.pipeline(packed, len(packed), seed=2)))
    known = {packed.image(number).tobytes(): packed.labels[number] for number in range(len(packed))}
    assert [known[image.tobytes()] for image in images.numpy()] == labels.numpy().tolist()
    crop = data.RandomResizedCrop(scale=(0.2, 0.5))
    cut = data.image_files(pixels, side, crop=crop).train
    images = next(iter(data.pipeline(cut, 4, seed=2, shuffle=False, epoch=1)))[0].numpy()
    for sample in range(4):
        top, left, height, width = crop.box((48, 48), seed=2, epoch=1, sample=sample).numpy()
        box = packed.image(sample)[top : top + height, left : left + width]
        wanted = Image.fromarray(box).resize((side, side), Image.Resampling.BILINEAR)
        assert np.abs(images[sample].astype(int) - np.asarray(wanted)).max() <= 1


@pytest.mark.parametrize("paired", [False, True])
def test_a_pipeline_of_pixels_is_that_of_the_files(folder, pixels, tmp_path, paired):
    one = data.pack(folder, tmp_path / "one", 48, form="pixels")
    parts = [data.image_files(folder, 48).train, data.image_files(pixels, 48).train, one.train]
    assert [part.holds_images for part in parts] == [False, True, True]
    pairs = search.uniform_policy(["sample_pairing"]) if paired else None
    streams = [data.pipeline(part, 3, pairs, seed=4) for part in parts]
    for epoch in range(2):
        wanted, *others = (list(stream.as_numpy_iterator()) for stream in streams)
        assert len(wanted) == streams[1].cardinality() == -(-len(one.train) // 3)
        for found in others:
            for (images, labels), (own, numbers) in zip(wanted, found, strict=True):
                np.testing.assert_array_equal(own, images, str(epoch))
                np.testing.assert_array_equal(numbers, labels)


@pytest.mark.parametrize("per_file", [3, 100])
def test_a_pack_that_is_damaged_once_it_is_open_is_named(folder, tmp_path, per_file):
    train = data.pack(folder, tmp_path / "pack", 48, form="pixels", per_file=per_file).train
    path = next((tmp_path / "pack").glob("train-00000.tfrecord"))
    path.write_bytes(path.read_bytes()[:1000])
    assert not train.holds_images
    with pytest.raises(ValueError, match=r"train-00000.tfrecord: not .* pack the images again"):
        train.check()
    with pytest.raises(tf.errors.InvalidArgumentError, match="image files cannot be read"):
        list(data.pipeline(train, 3, seed=1))
    assert "pack the images again" in next(iter(train.unreadable().values()))
    path.unlink()
    with pytest.raises(ValueError, match=r"train-00000.tfrecord: not .* pack the images again"):
        train.check()


def test_a_pack_is_cross_validated_as_its_files_are(folder, tmp_path):
    """Each image is held out once, by the name of its file."""
    data.pack(folder, tmp_path / "pack", 48, form="pixels")
    settings = training.TrainingSettings(epochs=1, batch_size=4)
    found = training.cross_validate(
        str(tmp_path / "pack"), tmp_path / "folds", settings, folds=2, progress=False
    )
    packed = data.load(str(tmp_path / "pack"))
    assert isinstance(packed.files["train"], tuple)
    names = {*packed.files["train"], *packed.files["test"]}
    assert len(names) == 10
    assert {*found.predictions.names} == names


@pytest.mark.wide
def test_jpegs_keep_their_shape_and_are_near(folder, jpegs):
    files, packed = data.image_files(folder, 64), data.image_files(jpegs, 64)
    assert {tuple(facts) for facts in packed.train.facts} == {(0, 100, 121, 1), (0, 121, 100, 1)}
    own, other = by_name(files.train), by_name(packed.train)
    assert own.keys() == other.keys()
    for name, image in own.items():
        assert np.abs(other[name].astype(int) - image).mean() < 4
    assert data.load(jpegs, image_size=32).train[0].shape == (len(files.train), 32, 32, 3)


@pytest.mark.parametrize("size", [min(PHOTOGRAPH.size), 300])
def test_small_jpegs_are_taken_as_they_are(folder, tmp_path, size):
    data.pack(folder, tmp_path / "large", size)
    packed = data.image_files(tmp_path / "large", 40)
    assert packed.train.facts[:, 1:3].max() == max(PHOTOGRAPH.size)  # none is made larger
    files = data.image_files(folder, 40)
    own, other = by_name(files.train), by_name(packed.train)
    for name, image in own.items():
        if ".jpg" in name:
            np.testing.assert_array_equal(other[name], image)


def test_others_read_the_files(pixels):
    path = str(pixels / "train-00000.tfrecord")
    records = list(tf.data.TFRecordDataset(path).as_numpy_iterator())
    packed = data.image_files(pixels, 48).train
    for number, record in enumerate(records):
        feature = tf.train.Example.FromString(record).features.feature
        content = feature["image/encoded"].bytes_list.value[0]
        image = np.frombuffer(content, np.uint8).reshape(48, 48, 3)
        np.testing.assert_array_equal(image, packed.image(number))
        assert feature["image/class/label"].int64_list.value[0] == packed.labels[number]
        assert feature["image/class/text"].bytes_list.value[0].decode() in ("cat", "dog")
    lines = (pixels / "train-00000.idx").read_text().splitlines()
    places = [tuple(map(int, line.split())) for line in lines]
    content = (pixels / "train-00000.tfrecord").read_bytes()
    for (start, size), record in zip(places, records, strict=True):
        assert content[start + 12 : start + size - 4] == record


@pytest.mark.wide
def test_an_interrupted_pack_is_gone_on_with(folder, tmp_path, monkeypatch):
    output, write, written = tmp_path / "packed", _records.write, []

    def failing(path, records):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path.name)
        write(path, records)

    monkeypatch.setattr(_records, "write", failing)
    with pytest.raises(KeyboardInterrupt):
        data.pack(folder, output, 24, form="pixels", per_file=2)
    with pytest.raises(ValueError, match="not complete: pack the images again"):
        data.image_files(output, 24)
    monkeypatch.setattr(
        _records, "write", lambda *given: written.append(given[0].name) or write(*given)
    )
    data.pack(folder, output, 24, form="pixels", per_file=2)
    assert len(written) == len(set(written)) == len(list(output.glob("*.tfrecord")))


def test_of_a_pack_only_what_is_damaged_is_written_again(folder, pixels, tmp_path, monkeypatch):
    output, written = shutil.copytree(pixels, tmp_path / "packed"), []
    monkeypatch.setattr(_records, "write", lambda path, records: written.append(path.name))
    data.pack(folder, output, 48, form="pixels", per_file=3)
    assert written == []
    path = output / "train-00001.tfrecord"
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    data.pack(folder, output, 48, form="pixels", per_file=3)
    assert written == ["train-00001.tfrecord"]
    for damaged in (content[:-50], content + b"more"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="damaged; pack the images again"):
            data.image_files(output, 48)


LARGEST = np.iinfo(np.int64).max
HOSTILE = {
    "a place whose sum with its length is below 0": {"starts": LARGEST, "lengths": LARGEST},
    "a place whose sum with its own length is below 0": {"starts": LARGEST},
    "a length beyond the file": {"lengths": 1 << 40},
    "a place that is no number": {"starts": np.nan},
    "a place before the file": {"starts": -1},
    "a label below 0, which would count from the end": {"labels": -1},
    "a label of no class": {"labels": 2},
    "a label that is a half": {"labels": 0.5},
    "sides below 0": {"facts": -4},
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_damaged_index_is_told_before_anything_is_read(pixels, tmp_path, kind):
    shutil.copytree(pixels, tmp_path / "pack")
    path = tmp_path / "pack" / "train-00000.npz"
    arrays = files.read_arrays(path)
    for name, value in HOSTILE[kind].items():
        arrays[name] = arrays[name].astype(np.asarray(value).dtype)
        arrays[name][0] = value
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"damaged[,;].* pack the images again"):
        data.image_files(tmp_path / "pack", 24)


def test_several_labels_of_an_image_are_0_or_1():
    for own, are_labels in (([[0, 1]], True), ([[0, 2]], False), ([[0, 1, 1]], False)):
        assert _open._are_labels(np.array(own), 2, True) == are_labels


def test_an_index_with_other_names_or_arrays_that_are_claimed(pixels, tmp_path):
    shutil.copytree(pixels, tmp_path / "pack")
    path = tmp_path / "pack" / "train-00000.npz"
    arrays = files.read_arrays(path)
    np.savez(path, **{**arrays, "names": arrays["names"][:3]})
    with pytest.raises(ValueError, match="damaged; pack the images again"):
        data.image_files(tmp_path / "pack", 24)
    with zipfile.ZipFile(path, "w") as archive, archive.open("starts.npy", "w") as file:
        head = {"descr": "<i8", "fortran_order": False, "shape": (1 << 50,)}
        np.lib.format.write_array_header_1_0(file, head)
    with pytest.raises(ValueError, match=r"train-00000.npz: not a file of arrays \("):
        data.image_files(tmp_path / "pack", 24)


def test_a_pack_of_files_that_are_not_there_is_told_at_the_first(pixels, tmp_path):
    shutil.copytree(pixels, tmp_path / "pack")
    about = json.loads((tmp_path / "pack" / "pack.json").read_text())
    about["files"]["train"] = 1 << 60
    (tmp_path / "pack" / "pack.json").write_text(json.dumps(about))
    with pytest.raises(OSError, match="No such file|no such file"):
        data.image_files(tmp_path / "pack", 24)


def test_whose_folder_it_is(folder, pixels, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "a.txt").write_text("theirs")
    with pytest.raises(OSError, match="not a folder of a pack of images"):
        data.pack(folder, tmp_path / "theirs", 24)
    before = sorted(item.name for item in pixels.iterdir())
    with pytest.raises(ValueError, match="another size"):
        data.pack(folder, pixels, 24, form="pixels", per_file=3)
    assert sorted(item.name for item in pixels.iterdir()) == before
    assert json.loads((pixels / "pack.json").read_text())["form"] == "pixels"


@pytest.mark.wide
def test_the_command_packs_as_asked(folder, tmp_path):
    output = tmp_path / "packed"
    options = ["--size", "20", "--form", "pixels", "--resize", "pad", "--channels", "1"]
    more = ["--quality", "80", "--per-file", "4", "--test-fraction", "0.4", "--seed", "3"]
    result = CliRunner().invoke(cli.app, ["pack", str(folder), str(output), *options, *more])
    assert result.exit_code == 0, result.output
    how = {"resize": "pad", "channels": 1, "test_fraction": 0.4, "seed": 3}
    files, packed = data.image_files(folder, 20, **how), data.image_files(output, 20, channels=1)
    assert repr(packed) in result.output.replace("\n", "")
    assert packed.decoding == {"resize": "pad", "jpeg": "whole"}
    own, other = by_name(files.test), by_name(packed.test)
    assert own.keys() == other.keys()
    for name, image in own.items():
        np.testing.assert_array_equal(other[name], image)
    assert _records.read(output / "train-00000.tfrecord")["starts"].shape == (4,)


def test_of_a_pack_training_images_alone_are_cut_and_it_says_how_they_were_made(pixels):
    crop = data.RandomResizedCrop()
    for size, resize in ((48, "crop"), (24, "stretch")):  # those of its own size are made already
        packed = data.image_files(pixels, size, resize="stretch", crop=crop)
        assert (packed.train.crop, packed.test.crop) == (crop, None)
        assert packed.decoding["resize"] == resize
    assert len(packed.train) + len(packed.test) == 10  # none is lost between two files


class Asked(Exception):
    """Raised in place of reading files, with how they were to be read."""


def test_a_pack_reads_files_as_it_is_asked(folder, tmp_path, monkeypatch):
    def asked(*arguments, **options):
        raise Asked(arguments, options)

    monkeypatch.setattr(_pack, "image_files", asked)
    how = {"resize": "pad", "channels": 1, "test_fraction": 0.4, "seed": 3}
    with pytest.raises(Asked) as found:
        data.pack(folder, tmp_path / "packed", 8, **how)
    assert found.value.args == ((folder, 8), how)


def test_pixels_that_have_another_size_are_resized(pixels):
    packed = data.image_files(pixels, 48).train
    image = packed.image(0)
    plan = decoder.plan(tf.constant(packed.facts[0]), (20, 30), "stretch", "whole")
    fitted = decoder.fit_pixels(tf.constant(image), plan, (20, 30)).numpy()
    wanted = Image.fromarray(image).resize((30, 20), Image.Resampling.BILINEAR)
    assert np.abs(fitted.astype(int) - np.asarray(wanted)).max() <= 1
    other = data.image_files(pixels, (20, 30), resize="stretch").train
    np.testing.assert_array_equal(other.image(0), fitted)


def test_boxes_need_files_that_are_decoded(tmp_path):
    typed = ["train", "digits", "--crop", "random-resized", "--output", str(tmp_path / "out")]
    result = CliRunner().invoke(cli.app, typed)
    assert "give stream and image_size" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_wrong_arguments(folder, pixels, tmp_path):
    with pytest.raises(ValueError, match="form must be one of"):
        data.pack(folder, tmp_path / "new", 24, form="png")
    with pytest.raises(ValueError, match="was divided when it was packed"):
        data.image_files(pixels, 24, test_fraction=0.5)
    with pytest.raises(ValueError, match="was divided when it was packed"):
        data.load(pixels, image_size=24, test_fraction=0.5)
    with pytest.raises(ValueError, match="channels must be 3, as in the pack"):
        data.image_files(pixels, 24, channels=1)
    with pytest.raises(ValueError, match="class 'cat' is not known to the model"):
        data.image_files(pixels, 24, class_names=["dog", "wolf"])
    assert not (tmp_path / "new").exists()
    assert data.image_files(pixels, 24, class_names=["dog", "cat"]).train.labels[0] == 1
    assert _pack.FORMS == ("jpeg", "pixels")


def test_jpegs_are_written_in_the_quality_that_is_asked_for(tmp_path):
    PHOTOGRAPH.save(tmp_path / "a.png")
    part = types.SimpleNamespace(paths=[tmp_path / "a.png"])
    for quality in (30, 95):
        PHOTOGRAPH.save(tmp_path / "wanted.jpg", quality=quality)
        how = {"form": "jpeg", "size": 16, "channels": 3, "quality": quality}
        written = io.BytesIO(_pack._content(part, 0, how)[0])
        with Image.open(written) as found, Image.open(tmp_path / "wanted.jpg") as wanted:
            assert found.quantization == wanted.quantization


def test_some_records_of_a_part_are_read_as_all_of_them(pixels):
    part = data.image_files(pixels, 24).train
    told = {"jpeg": "reduced", "resize": "pad", "most_bad": 0.75, "channels": 1}
    vars(part).update(told)
    some = vars(part.subset([1]))
    assert {name: some[name] for name in told} == told
    kept = ("packed_size", "image_size", "crop")
    assert all(some[name] == vars(part)[name] for name in kept)
