"""Boxes that are drawn before decoding: what is decoded is what Pillow cuts out of the whole."""

import functools
import io

import numpy as np
import pytest
import tensorflow as tf
from image_kinds import KINDS, PHOTOGRAPH, encoded, turned
from PIL import Image, ImageOps

from keras_cv_extras import augment, data, policy, training
from keras_cv_extras.data.files import _decode, decoder
from keras_cv_extras.training.job import _job, _parts

SIZE = (48, 40)


def by_pillow(file, box, size=SIZE):
    """Decodes all of a file, cuts the box out and resizes it."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype("uint8"))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    top, left, height, width = map(int, box)
    image = image.convert("RGB").crop((left, top, left + width, top + height))
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR))


@pytest.fixture(scope="module")
def decode():
    """The decoder of a stream that draws boxes."""

    def decoded(jpeg):
        planned = (tf.TensorSpec([13], tf.int32), tf.TensorSpec([4], tf.float32))
        return tf.function(
            lambda file, plan: decoder.decode(file, SIZE, 3, jpeg=jpeg, plan=plan),
            input_signature=[tf.TensorSpec([], tf.string), planned],
        )

    made = {jpeg: decoded(jpeg) for jpeg in ("whole", "reduced")}
    planned = {
        jpeg: tf.function(
            functools.partial(decoder.plan_box, image_size=SIZE, jpeg=jpeg), autograph=False
        )
        for jpeg in made
    }

    def run(file, box, jpeg="whole"):
        facts = decoder.facts_of(_decode.read_header(io.BytesIO(file)))
        plan = planned[jpeg](tf.constant(facts), tf.constant(box))
        return made[jpeg](file, plan).numpy()

    return run


def difference(one, other):
    return np.abs(one.astype(int) - other.astype(int)).max()


BOXES = [(0, 0, 201, 243), (37, 51, 90, 61), (180, 3, 21, 240), (5, 200, 150, 43), (77, 88, 9, 7)]


@pytest.mark.wide_but(
    "GIF interlaced",
    "JPEG EXIF 6",
    "PNG palette, alpha",
)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_cut_as_by_pillow(kind, decode):
    file = KINDS[kind]
    height, width = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).size[::-1]
    for box in BOXES:
        top, left = min(box[0], max(height - 5, 0)), min(box[1], max(width - 5, 0))
        box = (top, left, min(box[2], height - top), min(box[3], width - left))
        assert difference(decode(file, box), by_pillow(file, box)) <= 1, box


@pytest.mark.wide_but("5", "8")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_of_the_upright_image(orientation, decode):
    file = encoded(PHOTOGRAPH, "JPEG", quality=90, **turned(orientation))
    for box in ((10, 20, 150, 170), (100, 7, 33, 90)):
        assert difference(decode(file, box), by_pillow(file, box)) <= 1, box


@pytest.mark.wide
@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_reduced_decoding_is_near(orientation, decode):
    large = PHOTOGRAPH.resize((1215, 1005), Image.Resampling.BICUBIC)
    file = encoded(large, "JPEG", quality=95, **turned(orientation))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).size
    for box in ((3, 5, upright[1] - 4, upright[0] - 9), (201, 103, 400, 501)):
        whole, reduced = by_pillow(file, box), decode(file, box, "reduced")
        assert difference(decode(file, box), whole) <= 1
        distance = np.abs(reduced.astype(int) - whole.astype(int))
        assert 0 < distance.max() <= 20
        assert distance.mean() < 1.0, "another place would be further off"


def folder_of(path, count=6):
    for name in ("cat", "dog"):
        (path / name).mkdir(parents=True)
        for row in range(count):
            shift = 9 * row + 4 * (name == "dog")
            rolled = Image.fromarray(np.roll(np.asarray(PHOTOGRAPH), shift, axis=1))
            rolled.save(path / name / f"{row}.jpg", quality=92)
    return path


@pytest.mark.wide
def test_a_pipeline_cuts_by_seed_epoch_and_sample(tmp_path):
    crop = data.RandomResizedCrop(scale=(0.1, 0.8))
    files = data.image_files(folder_of(tmp_path), SIZE, crop=crop, test_fraction=0.25)
    train, seen = files.train, {}
    for epoch in (0, 1):
        images = np.concatenate(
            [
                batch.numpy()
                for batch, _ in data.pipeline(train, 4, seed=3, shuffle=False, epoch=epoch)
            ]
        )
        for sample in range(len(train)):
            box = crop.box((201, 243), seed=3, epoch=epoch, sample=sample).numpy()
            with open(train.paths[sample], "rb") as file:
                assert difference(images[sample], by_pillow(file.read(), box)) <= 1
            seen[epoch, sample] = tuple(box)
    assert len(set(seen.values())) > 15, "a box of its own for every file and epoch"
    tested = next(iter(data.pipeline(files.test, 1, shuffle=False)))[0][0]
    np.testing.assert_array_equal(tested, files.test.image(0))
    assert train.subset([1, 2]).crop == crop
    assert train.with_crop(None).crop is None


@pytest.mark.wide
def test_boxes_are_those_of_the_op():
    """The distribution is one: an op whose draws are the same cuts the same box."""
    crop = data.RandomResizedCrop(scale=(0.08, 1.0), ratio=(0.5, 2.0))
    boxes = np.array([crop.box((90, 160), seed=1, epoch=2, sample=n) for n in range(300)])
    top, left, height, width = boxes.T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + height <= 90).all()
    assert (left + width <= 160).all()
    share, ratio = height * width / (90 * 160), width / height
    assert share.min() > 0.06
    assert share.max() > 0.9
    assert 0.4 < share.mean() < 0.65
    assert ratio.min() > 0.45
    assert ratio.max() < 2.1
    small = share < 0.25  # boxes that fit with any of the ratios
    top, left, height, width = boxes[small].T
    places = top / (90 - height), left / (160 - width)
    draws = np.stack([share[small], np.log(ratio[small]), *places])
    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.4, "each number has a draw of its own"
    two = data.RandomResizedCrop(scale=(0.25, 0.25), ratio=(1.0, 2 ** (1 / 64)))
    sides = np.array([two.box((6400, 6400), seed=1, epoch=0, sample=n)[2:] for n in range(12)])
    assert set(map(tuple, sides.tolist())) == {(3200, 3200), (3183, 3217)}
    large = data.RandomResizedCrop(scale=(0.9, 0.9), ratio=(1.0, 1.0))
    boxes = np.array([large.box((20, 20), seed=1, epoch=0, sample=n) for n in range(12)])
    assert [set(numbers) for numbers in boxes.T.tolist()] == [{0, 1}, {0, 1}, {19}, {19}]
    assert augment.OPS["random_resized_crop"].options["aspect"] == data.RandomResizedCrop().ratio


def test_a_training_draws_boxes_and_scores_without(tmp_path):
    files = data.image_files(folder_of(tmp_path / "photographs", 10), 24)
    settings = training.TrainingSettings(epochs=1, crop="random-resized", validation=0.2)
    cut = _parts.cut(files, settings.crop)
    assert cut.train.crop == data.RandomResizedCrop()
    assert cut.test.crop is None
    job = _job.Job(cut, policy.named("none"), settings)
    assert job.train.crop == data.RandomResizedCrop()
    assert job.validation.crop is None
    assert _parts.cut(cut, "none").train.crop is None
    own = data.RandomResizedCrop(scale=(0.5, 1.0))
    mine = data.image_files(tmp_path / "photographs", 24, crop=own)
    assert _parts.cut(mine, None).train.crop == own
    assert _parts.cut(mine, "random-resized").train.crop == own
    with pytest.raises(ValueError, match="give stream and image_size"):
        _parts.cut(data.load("digits"), "random-resized")


@pytest.mark.parametrize(
    ("model", "crop"), [("resnet50", "random-resized"), ("cifar-resnet20", "none"), (None, "none")]
)
def test_recipes_of_large_images_draw_boxes(model, crop, tmp_path):
    recipe = training.TrainingSettings(model=model).recipe()
    assert recipe.crop == crop
    folder_of(tmp_path, 3)
    files = _parts.loaded(tmp_path, 24, True, 0.01, crop=recipe.crop)
    assert (files.train.crop is not None) == (crop != "none")
    assert _parts.loaded("digits", None, False, 0.01, crop=recipe.crop).train[0].shape[1:] == (
        8,
        8,
        1,
    )


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="scale must be two numbers above 0"):
        data.RandomResizedCrop(scale=(0.0, 1.0))
    with pytest.raises(ValueError, match=r"scale must lie in \[0, 1\]"):
        data.RandomResizedCrop(scale=(0.5, 1.5))
    with pytest.raises(ValueError, match="ratio must be two numbers above 0"):
        data.RandomResizedCrop(ratio=(-1.0, 1.0))
    with pytest.raises(TypeError, match="crop must be a keras_cv_extras.data.RandomResizedCrop"):
        data.image_files(tmp_path, 32, crop="random")


def test_boxes_have_the_area_that_was_asked_for_whatever_their_sides():
    crop = data.RandomResizedCrop(scale=(0.1, 0.25), ratio=(0.5, 2.0))
    boxes = [crop.box((400, 400), seed=1, epoch=0, sample=sample) for sample in range(120)]
    *_, height, width = np.stack(boxes).astype("float64").T
    areas = height * width / 400**2
    assert 0.09 < areas.min() < 0.12 < 0.22 < areas.max() < 0.26
    assert abs(np.corrcoef(areas, np.log(height / width))[0, 1]) < 0.3


@pytest.mark.parametrize("ratio", [(0.5, float("inf")), (0.5, float("nan")), (0.0, 1.0), (2, 1)])
def test_ends_of_a_ratio_are_numbers(ratio):
    with pytest.raises(ValueError, match="ratio must"):
        data.RandomResizedCrop(ratio=ratio)
