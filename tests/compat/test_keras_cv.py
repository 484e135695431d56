"""KerasCV under its old names: shapes and dictionaries, constant factors, saving, and refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.compat import _draws, _table, keras_cv

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype("float32")
LABELS = np.eye(4, dtype="float32")
TABLES = {
    f"{kind}.{name}": entry
    for kind in ("layers", "losses")
    for name, entry in getattr(keras_cv, kind).TABLE.items()
}
RANGE = (0, 255)
core = keras_cv.core
ARGUMENTS = {
    "AugMix": {"value_range": RANGE},
    "AutoContrast": {"value_range": RANGE},
    "ChannelShuffle": {},
    "CutMix": {"alpha": 1.0},
    "Equalization": {"value_range": RANGE},
    "FourierMix": {},
    "Grayscale": {"output_channels": 3},
    "GridMask": {"ratio_factor": (0.2, 0.4)},
    "JitteredResize": {"target_size": (16, 16), "scale_factor": (0.8, 1.25)},
    "MixUp": {"alpha": 0.2},
    "Mosaic": {},
    "Posterization": {"value_range": RANGE, "bits": 3},
    "RandAugment": {
        "value_range": RANGE,
        "augmentations_per_image": 2,
        "magnitude": 0.4,
        "magnitude_stddev": 0.1,
        "rate": 0.8,
    },
    "RandomAspectRatio": {"factor": (0.8, 1.2)},
    "RandomBrightness": {"factor": 0.2},
    "RandomChannelShift": {"value_range": RANGE, "factor": 0.2},
    "RandomColorDegeneration": {"factor": core.UniformFactorSampler(0.1, 0.9)},
    "RandomColorJitter": {
        "value_range": RANGE,
        "brightness_factor": 0.2,
        "contrast_factor": 0.2,
        "saturation_factor": (0.4, 0.6),
        "hue_factor": 0.1,
    },
    "RandomContrast": {"value_range": RANGE, "factor": 0.3},
    "RandomCrop": {"height": 16, "width": 16},
    "RandomCropAndResize": {
        "target_size": (16, 16),
        "crop_area_factor": (0.5, 1.0),
        "aspect_ratio_factor": (0.8, 1.25),
    },
    "RandomCutout": {"height_factor": 0.4, "width_factor": 0.4},
    "RandomFlip": {"mode": "horizontal_and_vertical"},
    "RandomGaussianBlur": {"kernel_size": 5, "factor": (0.5, 1.5)},
    "RandomHue": {"factor": 0.3, "value_range": RANGE},
    "RandomJpegQuality": {"factor": (40, 90)},
    "RandomRotation": {"factor": 0.1},
    "RandomSaturation": {"factor": core.NormalFactorSampler(0.5, 0.1, 0.0, 1.0)},
    "RandomSharpness": {"factor": 0.5, "value_range": RANGE},
    "RandomShear": {"x_factor": 0.2, "y_factor": (0.1, 0.2)},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": (-0.1, 0.3)},
    "RandomZoom": {"height_factor": (-0.2, 0.3), "fill_mode": "constant"},
    "Rescaling": {"scale": 0.5, "offset": 1.0},
    "Resizing": {"height": 16, "width": 16},
    "Solarization": {"value_range": RANGE, "threshold_factor": 0.5 * 255},
}
ARGUMENTS["Solarization"]["threshold_factor"] = (100, 200)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(_table, "_warned", {f"keras_cv.{path}" for path in TABLES})


def made(name, **options):
    return getattr(keras_cv.layers, name)(**{**ARGUMENTS[name], **options})


QUICK = ("AutoContrast", "CutMix", "MixUp", "RandomCropAndResize", "RandomFlip", "Resizing")


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_saving(name):
    layer = made(name)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(copy) is type(layer)
    assert copy.get_config() == layer.get_config()
    assert type(copy.inner) is type(layer.inner)


@pytest.mark.wide_but("MixUp", "RandomFlip", "Resizing")
@pytest.mark.slow_but(*QUICK)
@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_dictionaries(name):
    layer = made(name)
    result = layer({"images": IMAGES, "labels": LABELS}, training=True)
    if name == "RandomAspectRatio":  # sizes of their own
        result["images"] = result["images"].to_tensor(shape=IMAGES.shape)
    assert result["images"].shape == IMAGES.shape
    assert result["labels"].shape == LABELS.shape
    np.testing.assert_allclose(np.sum(result["labels"], axis=1), 1, rtol=1e-5)
    assert np.isfinite(np.asarray(result["images"])).all()


def test_all_layers_of_images_are_tried():
    tried = {
        name
        for name, entry in keras_cv.layers.TABLE.items()
        if isinstance(entry.adapt, type) and hasattr(entry.adapt, "make")
    }
    assert tried == set(ARGUMENTS)


@pytest.mark.parametrize("path", sorted(TABLES))
def test_every_name_is_there_or_says_what_to_use(path):
    kind, name = path.split(".")
    entry = TABLES[path]
    if entry.new:
        assert callable(getattr(getattr(keras_cv, kind), name))
        module, _, last = entry.new.rpartition(".")
        assert callable(getattr(__import__(module, fromlist=[last]), last))
    else:
        with pytest.raises(AttributeError, match="has no replacement here: "):
            getattr(getattr(keras_cv, kind), name)
        assert entry.note


def always(name, **options):
    return np.asarray(made(name, **options)(IMAGES, training=True))


@pytest.mark.wide
def test_constant_factors_give_the_ops_of_the_library():
    constant = core.ConstantFactorSampler
    added = np.clip(IMAGES + 20, 0, 255)
    pairs = {
        "RandomBrightness": ({"factor": constant(0.1)}, np.clip(IMAGES + 25.5, 0, 255)),
        "RandomSharpness": ({"factor": constant(0.0)}, IMAGES),
        "RandomSaturation": ({"factor": constant(0.5)}, IMAGES),
        "RandomColorDegeneration": (
            {"factor": constant(1.0)},
            np.repeat(IMAGES @ np.float32([0.2989, 0.587, 0.114])[:, None], 3, axis=-1),
        ),
        "RandomFlip": ({"mode": "horizontal", "rate": 1.0}, IMAGES[:, :, ::-1]),
        "RandomZoom": ({"height_factor": (0.0, 0.0)}, IMAGES),
        "RandomRotation": (
            {"factor": (0.25, 0.25), "interpolation": "nearest"},
            np.rot90(IMAGES, axes=(1, 2)),
        ),
        "Rescaling": ({}, IMAGES * 0.5 + 1),
        "Solarization": (
            {"addition_factor": constant(20.0), "threshold_factor": constant(128.0)},
            np.where(added < 128, added, 255 - added),
        ),
    }
    for name, (options, wanted) in pairs.items():
        np.testing.assert_allclose(always(name, **options), wanted, atol=1e-3, err_msg=name)
    options = {"height_factor": (0.25, 0.25), "width_factor": 0.0, "interpolation": "nearest"}
    moved = always("RandomTranslation", **options)
    np.testing.assert_allclose(moved[:, 4:], IMAGES[:, :-4], atol=1e-3)


def test_a_normal_sampler_is_a_uniform_one_of_its_deviation():
    low, high = core.NormalFactorSampler(0.5, 0.1, 0.0, 1.0).interval()
    assert (low + high) / 2 == pytest.approx(0.5)
    assert (high - low) / np.sqrt(12) == pytest.approx(0.1)
    assert core.NormalFactorSampler(0.5, 0.5, 0.2, 0.9).interval() == (0.2, 0.9)


def test_a_blur_of_even_size_reaches_one_pixel_farther_to_one_side():
    point = np.zeros((1, 9, 9, 1), "float32")
    point[0, 4, 5] = 1
    layer = keras_cv.layers.RandomGaussianBlur(kernel_size=(4, 1), factor=(1.0, 1.0))
    weights = np.exp(-(np.array([2, 1, 0, -1]) ** 2) / 2)
    wanted = np.zeros(9)
    wanted[3:7] = weights / weights.sum()
    np.testing.assert_allclose(layer(point, training=True)[0, 4, :, 0], wanted, rtol=1e-5)


def test_images_alone_single_images_and_inference():
    layer = made("RandomFlip", rate=1.0)
    np.testing.assert_array_equal(layer(IMAGES[0], training=True), IMAGES[0, ::-1, ::-1])
    np.testing.assert_array_equal(layer(IMAGES, training=False), IMAGES)
    assert made("Grayscale", output_channels=1)(IMAGES).shape == (4, 16, 16, 1)
    model = keras.Sequential([keras.Input((16, 16, 3)), layer])
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES)


@pytest.mark.wide
def test_datasets():
    data = tf.data.Dataset.from_tensor_slices({"images": IMAGES, "labels": LABELS}).batch(2)
    (batch, _) = list(data.map(made("MixUp", seed=1)).map(made("RandomFlip", seed=2)))
    assert batch["images"].shape == (2, 16, 16, 3)


@pytest.mark.parametrize(
    "name",
    [
        "Resizing",
        pytest.param("RandomCropAndResize", marks=pytest.mark.slow),
        pytest.param("JitteredResize", marks=pytest.mark.slow),
    ],
)
def test_ragged_batches(name):
    ragged = tf.ragged.stack([IMAGES[0], IMAGES[1, :10, :12]])
    found = made(name)({"images": ragged, "labels": LABELS[:2]}, training=True)
    assert found["images"].shape == (2, 16, 16, 3)
    with pytest.raises(ValueError, match="received a ragged batch: resize before it"):
        made("MixUp")({"images": ragged, "labels": LABELS[:2]})


def test_layers_of_layers(tmp_path):
    flip, zero = made("RandomFlip", rate=1.0), made("Rescaling", scale=0.0, offset=0.0)
    np.testing.assert_array_equal(keras_cv.layers.RandomApply(zero, rate=1.0)(IMAGES), 0 * IMAGES)
    np.testing.assert_array_equal(keras_cv.layers.RandomApply(zero, rate=0.0)(IMAGES), IMAGES)
    choice = keras_cv.layers.RandomChoice([flip, zero], seed=1)
    found = np.asarray(choice(np.repeat(IMAGES[:1], 40, axis=0), training=True))
    flipped = (found == IMAGES[0, ::-1, ::-1]).all((1, 2, 3))
    assert (flipped ^ (found == 0).all((1, 2, 3))).all()
    assert 5 < flipped.sum() < 35
    pipeline = keras_cv.layers.RandomAugmentationPipeline([flip], 2, rate=1.0)
    np.testing.assert_array_equal(pipeline({"images": IMAGES})["images"], IMAGES)
    batch = {"images": IMAGES, "labels": LABELS}
    copies = keras_cv.layers.RepeatedAugmentation([flip, zero], shuffle=False)(batch)
    assert copies["images"].shape == (8, 16, 16, 3)
    np.testing.assert_array_equal(copies["labels"], np.concatenate([LABELS, LABELS]))
    shuffled = keras_cv.layers.RepeatedAugmentation([flip, zero], seed=2)(batch)
    assert float(np.sum(shuffled["labels"])) == 8
    both = keras_cv.layers.Augmenter([flip, zero])(batch)
    np.testing.assert_array_equal(both["images"], 0 * IMAGES)
    model = keras.Sequential([keras.Input((16, 16, 3)), choice, pipeline])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IMAGES), IMAGES)


@pytest.mark.parametrize("name", ["CutMix", "MixUp", "Mosaic"])
def test_labels_that_are_mixed_are_floats(name):
    with pytest.raises(ValueError, match=f"^{name} received labels with type int32"):
        made(name)({"images": IMAGES, "labels": LABELS.astype("int32")})


@pytest.mark.wide
def test_one_number_per_image_is_mixed():
    given = {"images": IMAGES, "labels": np.float32([0, 1, 1, 0])}
    layer = keras_cv.layers.RandomApply(made("CutMix", seed=1), rate=1.0, batchwise=True)
    for mixed in (made("CutMix", seed=1)(given), layer(given)):
        labels = np.asarray(mixed["labels"])
        assert labels.shape == (4,)
        assert ((labels >= 0) & (labels <= 1)).all()


def test_factors_are_kept_as_samplers():
    config = made("RandomBrightness", factor=(0.3, 0.8)).get_config()
    assert config["factor"] == core.UniformFactorSampler(0.3, 0.8)
    assert config["factor"].get_config()["upper"] == 0.8
    assert made("RandomBrightness", factor=0.3).factor == core.UniformFactorSampler(-0.3, 0.3)
    assert made("RandomHue", factor=0.3).factor == core.UniformFactorSampler(0.0, 0.3)
    assert made("RandomSaturation", factor=(0.5, 0.5)).factor == core.ConstantFactorSampler(0.5)
    assert made("RandomShear", y_factor=None).y_factor is None


def test_another_aspect_ratio_is_another_size():
    layer = keras_cv.layers.RandomAspectRatio(factor=(2.0, 2.0))
    found = layer({"images": IMAGES, "labels": LABELS}, training=True)["images"]
    assert isinstance(found, tf.RaggedTensor)
    wanted = tf.image.resize(IMAGES, (8, 32))
    np.testing.assert_allclose(found.to_tensor(), wanted, rtol=1e-5)
    np.testing.assert_allclose(layer(IMAGES[0], training=True), wanted[0], rtol=1e-5)
    np.testing.assert_array_equal(layer(IMAGES, training=False), IMAGES)
    assert made("Resizing")(found).shape == IMAGES.shape
    with pytest.raises(ValueError, match="must keep the size of images"):
        keras_cv.layers.RandomApply(layer, rate=1.0)(IMAGES)


def test_boxes_and_masks_are_refused_in_one_line():
    layer = made("RandomFlip")
    for name in ("bounding_boxes", "segmentation_masks"):
        with pytest.raises(ValueError, match=f"^RandomFlip: {name} are out of scope; augment"):
            layer({"images": IMAGES, name: LABELS})
    with pytest.raises(ValueError, match="no segmentation_classes: boxes and masks are out of"):
        made("RandomRotation", segmentation_classes=3)
    with pytest.raises(ValueError, match="no bounding_box_format: boxes and masks are out of"):
        keras_cv.layers.RandomFlip(bounding_box_format="xyxy")
    with pytest.raises(ValueError, match="takes one-hot labels"):
        made("MixUp")({"images": IMAGES, "labels": np.arange(4)})
    with pytest.raises(ValueError, match="expects inputs in a dictionary with format"):
        made("CutMix")(IMAGES)
    with pytest.raises(AttributeError, match="keras_cv.models has no replacement here"):
        _ = keras_cv.models
    with pytest.raises(ValueError, match="fill_mode must be constant or gaussian_noise"):
        keras_cv.layers.RandomCutout(0.2, 0.4, fill_mode="reflect")


def test_losses():
    logits = np.random.default_rng(1).normal(size=(4, 4)).astype("float32")
    p = 1 / (1 + np.exp(-logits))
    wanted = LABELS * 0.25 * (1 - p) ** 2 * -np.log(p)
    wanted += (1 - LABELS) * 0.75 * p**2 * -np.log(1 - p)
    loss = keras_cv.losses.FocalLoss(from_logits=True, reduction="none")
    np.testing.assert_allclose(loss(LABELS, logits), wanted.sum(1), rtol=1e-4)
    smooth = keras_cv.losses.SmoothL1Loss(reduction="none")
    d = np.abs(LABELS - 3 * logits)
    wanted = np.where(d < 1, d**2 / 2, d - 0.5).mean(1)
    np.testing.assert_allclose(smooth(LABELS, 3 * logits), wanted, rtol=1e-4)
    assert keras_cv.losses.SmoothL1Loss.from_config(smooth.get_config()).l1_cutoff == 1
    soft = np.full((1, 1), 0.5, "float32")  # KerasCV's alpha is for labels of 1 alone
    wanted = 0.75 * 0.25 * np.log(2)
    np.testing.assert_allclose(loss(soft, 0 * soft), [wanted], rtol=1e-5)
    copy = keras_cv.losses.FocalLoss.from_config(loss.get_config())
    assert (copy.alpha, copy.gamma, copy.from_logits, copy.label_smoothing) == (0.25, 2, True, 0)
    first, second = logits, logits[::-1] + 1
    found = keras_cv.losses.SimCLRLoss(temperature=0.5)(first, second)
    rows = np.concatenate([first, second])
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    scores = rows @ rows.T / 0.5
    np.fill_diagonal(scores, -np.inf)
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    wanted = -(logs[np.arange(8), np.roll(np.arange(8), 4)]).reshape(2, 4).sum(0).mean()
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_parts_of_networks():
    x = IMAGES[:, :8, :8]
    assert keras_cv.layers.SqueezeAndExcite2D(3, 2)(x).shape == x.shape
    assert keras_cv.layers.StochasticDepth(rate=0.2).survival_probability == 0.8
    assert keras_cv.layers.DropPath(0.3).rate == 0.3
    assert keras_cv.layers.DropBlock2D(0.1, (2, 2))(x).shape == x.shape


@pytest.mark.parametrize("gamma", [0, 0.5, 2])
def test_the_gradient_of_a_focal_loss_is_finite_where_nothing_is_missed(gamma):
    logits = tf.constant([[100.0, -100.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = keras_cv.losses.FocalLoss(gamma=gamma, from_logits=True)
        value = loss(tf.constant([[1.0, 0.0, 1.0]]), logits)
    assert np.isfinite(value)
    assert np.all(np.isfinite(tape.gradient(value, logits)))


@pytest.mark.wide
def test_generators_of_many_seeds_are_not_kept():
    for seed in range(2 * _draws._MOST):
        assert _draws.shared(seed) is _draws.shared(seed)
    assert len(_draws._GENERATORS) <= _draws._MOST
    assert _draws.shared(None) is not _draws.shared(None)


@pytest.mark.parametrize(("depth", "lengths"), [(2, {2}), ((1, 2), {1, 2}), ([3, 3], {3})])
def test_the_depth_of_aug_mix(depth, lengths):
    chain = keras_cv.layers.AugMix((0, 255), chain_depth=depth).inner.chain
    assert {len(steps) for steps in chain.sub_policies} == lengths
    assert keras_cv.layers.AugMix((0, 255)).inner.chain is None


@pytest.mark.parametrize("depth", [0, -1, (3, 2), [2, 4]])
def test_what_aug_mix_refuses(depth):
    with pytest.raises(ValueError, match=r"chain_depth must be within \[1, 3\] here, received"):
        keras_cv.layers.AugMix((0, 255), chain_depth=depth)
