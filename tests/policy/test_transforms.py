"""Whole pipelines of other libraries as layers: sizes, policy, scale and mix."""

import dataclasses
import json
import pathlib
import runpy
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras import layers, mix, policy
from keras_cv_extras.compat import keras_cv
from keras_cv_extras.policy.interop import _common
from keras_cv_extras.policy.interop.transforms import _timm
from keras_cv_extras.policy.interop.transforms._centre import ResizedCentre

HERE = pathlib.Path(__file__).parent
GIVEN = json.loads((HERE.parent / "reference" / "pipelines.json").read_text(encoding="utf-8"))
transform = runpy.run_path(str(HERE / "test_pipelines.py"))["transform"]
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 40, 48, 3), dtype=np.uint8)
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
# What one warning names where a pipeline is not read whole.
REMAINDERS = {
    ("albumentations", "some of"): "Equalize with mode='cv'",
    ("albumentations", "solarize"): "AutoContrast with method='cdf'",
    ("albumentations", "lesions"): "MotionBlur.*GaussianBlur.*OpticalDist.*Grid.*Elastic.*CLAHE",
    (
        "albumentations",
        "boxes",
    ): "bbox_params, as boxes are out of scope: use keras.layers",
    ("albumentations", "two images"): "exactly: additional_targets other, each drawn for by itself",
    ("torchvision", "digits"): "exactly: Grayscale, .* number of channels: use .*RandomAffine",
    ("torchvision", "detection"): "RandomPhotometricDistort.*RandomIoUCrop.*SanitizeBoundingBoxes",
    (
        "torchvision",
        "padded",
    ): "FiveCrop, which gives five images: use inference.five_crop",
}
# What differs by less than a pixel, or is as on tensors there and otherwise on Pillow images.
REMARKS = {
    ("albumentations", "kaggle"): "ShiftScaleRotate, whose shifts are cut to whole pixels there",
    ("albumentations", "leaves"): "HueSaturationValue, whose hues have steps of two degrees there",
    ("albumentations", "tutorial"): "ShiftScaleRotate, whose shifts are cut to whole pixels there",
    ("albumentations", "nested"): "RandomGamma, which cuts values where gamma rounds them",
    ("albumentations", "borders"): "Affine, whose shifts are cut to whole pixels there",
    ("torchvision", "simclr"): "the hue of ColorJitter",
    ("torchvision", "affine"): "RandomAffine, whose shifts are whole pixels there",
}


def read(library, name, **options):
    given = GIVEN[library][name]
    given = given if library == "albumentations" else transform(given)
    return policy.read_transforms(given, **options)


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library in GIVEN for name in GIVEN[library]]
)
def test_a_pipeline_is_read_whole_or_its_remainder_named(library, name):
    remainder = REMAINDERS.get((library, name))
    if (library, name) in REMARKS:
        with pytest.warns(UserWarning, match=REMARKS[library, name]):
            made = read(library, name)
    elif remainder is None:
        made = read(library, name)
    else:
        with pytest.raises(ValueError, match=remainder):
            read(library, name)
        with pytest.warns(UserWarning, match=remainder) as caught:
            made = read(library, name, strict=False)
        assert len(caught) == 1
    assert made.layers
    assert made.mix is None


def test_thirty_two_of_forty_are_whole():
    assert sum(map(len, GIVEN.values())) == 40
    assert len(REMAINDERS) == 8


@pytest.mark.wide
def test_an_erased_rectangle_has_the_value_behind_the_scale():
    made = read("torchvision", "recipe", seed=1)
    erasing = made.layers[-1].policy
    scaled = np.asarray(made.layers[-2](IMAGES))
    (((step,),),) = [stage.sub_policies for stage in erasing.stages]
    assert (step.op, step.rate, step.value) == ("random_erasing", 0.1, 0.33)
    always = policy.Policy([[dataclasses.replace(step, rate=1.0)]], fill=erasing.fill)
    ends = erasing.value_range
    erased = np.asarray(layers.PolicyAugment(always, value_range=ends, seed=1)(scaled))
    moved = np.abs(erased - scaled).max(-1) > 1e-4
    assert moved.any((1, 2)).all()
    assert not moved.all((1, 2)).any()
    np.testing.assert_allclose(erased[moved], 0.0, atol=1e-5)
    timm = {"input_size": 28, "is_training": True, "re_prob": 0.25, "color_jitter": None}
    step = policy.read_transforms(timm, seed=1).layers[-1].policy.sub_policies[0][0]
    assert (step.op, step.rate, step.value) == ("random_erasing", 0.25, 1 / 3)
    assert dict(step.options)["aspect"] == (0.3, 1 / 0.3)


def test_what_timm_does_for_simclr():
    given = {"is_training": True, "hflip": 0, "color_jitter_prob": 0.8, "grayscale_prob": 0.2}
    made = policy.read_transforms({**given, "gaussian_blur_prob": 0.5, "input_size": 28})
    jitter, later = made.policies[0].stages
    assert jitter.weights == pytest.approx([0.8 / 6] * 6 + [0.2])
    assert [(step.op, step.rate) for step in later.sub_policies[0]] == [
        ("color", 0.2),
        ("gaussian_blur", 0.5),
    ]
    both = policy.read_transforms({"is_training": True, "auto_augment": "3a", "input_size": 28})
    assert [len(stage.sub_policies) for stage in both.policies[0].stages] == [1, 3, 6]


@pytest.mark.wide
def test_sizes_and_scales():
    made = read("torchvision", "imagenet", seed=1)
    crop, augment, scale = made.layers
    assert crop.size == (224, 224)
    assert crop.area == (0.08, 0.08)
    assert (crop.options["largest"], crop.options["tries"]) == (1.0, 10)
    assert augment.policy.sub_policies[0][0] == policy.Step("flip_horizontal", 0.5)
    np.testing.assert_allclose(scale(IMAGES), (IMAGES / 255 - MEAN) / STD, atol=1e-5)
    assert made(IMAGES).shape == (4, 224, 224, 3)
    model = made.sequential()
    floats = IMAGES.astype("float32")
    np.testing.assert_allclose(model(floats), made(floats, training=False), atol=1e-5)
    cifar = read("torchvision", "cifar", seed=1)
    assert [type(layer).__name__ for layer in cifar.layers] == [
        "ZeroPadding2D",
        "RandomCrop",
        "PolicyAugment",
        "Rescaling",
    ]
    assert cifar(IMAGES).shape == (4, 32, 32, 3)
    validation = read("albumentations", "validation")
    resized = keras.layers.Resizing(256, 256)(IMAGES)
    wanted = (np.asarray(keras.layers.CenterCrop(224, 224)(resized)) / 255 - MEAN) / STD
    np.testing.assert_allclose(validation(IMAGES, training=False), wanted, atol=1e-4)
    assert validation.policies == []


def stands_for(name, **fields):
    return type(name, (), fields)()


@pytest.mark.parametrize("shape", [(24, 31), (31, 24), (9, 40), (12, 12)])
def test_the_middle_is_where_torchvision_has_it(shape):
    """Sizes as `_compute_resized_output_size`, places as `center_crop` of torchvision 0.28."""
    pieces = [stands_for("Resize", size=[16]), stands_for("CenterCrop", size=(13, 20))]
    (layer,) = policy.read_transforms(type("Compose", (), {"transforms": pieces})()).layers
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    sides = [16 * side // min(shape) for side in shape]
    whole = np.asarray(Image.fromarray(image).resize(sides[::-1], Image.Resampling.BILINEAR))
    before = [max(0, wanted - side) // 2 for wanted, side in zip((13, 20), sides, strict=True)]
    after = [
        max(0, wanted - side) - part
        for wanted, side, part in zip((13, 20), sides, before, strict=True)
    ]
    whole = np.pad(whole, [*zip(before, after, strict=True), (0, 0)])
    top, left = (
        round((side - wanted) / 2) for side, wanted in zip(whole.shape, (13, 20), strict=False)
    )
    cut = whole[top : top + 13, left : left + 20]
    np.testing.assert_allclose(layer(image[None])[0], cut, atol=1.01)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    model = keras.Sequential([keras.Input((None, None, 3)), again])
    assert model.output_shape == (None, 13, 20, 3)
    np.testing.assert_array_equal(model(image[None]), layer(image[None]))


@pytest.mark.parametrize("shape", [(24, 31), (40, 17)])
def test_bicubic_filters_leave_no_value_outside_of_bytes(shape):
    """As torchvision's tensors and Pillow, which have bytes between the columns and the rows.

    Pillow 13 begins with the rows in some shapes, so that it is asked for one after the other.
    """

    def bicubic(height, width):
        columns = Image.fromarray(image).resize((width, shape[0]), Image.Resampling.BICUBIC)
        return np.asarray(columns.resize((width, height), Image.Resampling.BICUBIC))

    image = np.random.default_rng(1).integers(0, 2, (*shape, 3), dtype=np.uint8) * 255
    smooth = {"interpolation": "bicubic", "antialias": True}
    whole = stands_for("Resize", size=[28, 30], **smooth)
    (layer,) = policy.read_transforms(whole).layers
    np.testing.assert_allclose(layer(image), bicubic(28, 30), atol=1.5)
    assert keras.layers.deserialize(keras.layers.serialize(layer)).shorter == "stretch"
    pieces = [stands_for("Resize", size=[26], **smooth), stands_for("CenterCrop", size=(20, 20))]
    (layer,) = policy.read_transforms(stands_for("Compose", transforms=pieces)).layers
    sides = [26 * side // min(shape) for side in shape]
    wanted = bicubic(*sides)
    top, left = (round((side - 20) / 2) for side in sides)
    np.testing.assert_allclose(layer(image), wanted[top : top + 20, left : left + 20], atol=1.5)
    scaled = stands_for("Compose", transforms=[stands_for("ToTensor"), whole])
    _, layer = policy.read_transforms(scaled).layers
    assert np.min(layer(np.float32(image) / 255)) < -0.05  # as of floats there


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (stands_for("Resize", size=[8, 8], interpolation="nearest"), "Resize with 'nearest', whic"),
        (
            stands_for("RandomResizedCrop", size=[8, 8], scale=(0.1, 1), ratio=(1, 1),
                       interpolation="nearest"),
            "RandomResizedCrop with 'nearest', which takes Pillow's pixels",
        ),
        (
            stands_for("Resize", size=[8, 8], interpolation="bilinear", antialias=False),
            "Resize with antialias=False, as on tensors",
        ),
        (
            stands_for("ColorJitter", brightness=None, contrast=None, saturation=None,
                       hue=(-0.1, 0.1)),
            "the hue of ColorJitter, as on tensors",
        ),
    ],
)  # fmt: skip
def test_what_differs_between_pillow_and_tensors_is_remarked(piece, message):
    with pytest.warns(UserWarning, match=message) as caught:
        assert policy.read_transforms(piece).layers
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("whole", "size"), [(None, (7, 30)), (16, (13, 20)), (40, (9, 50)), ([20, 9], (18, 8))]
)
def test_windows_of_unknown_images_and_of_one(whole, size):
    """The first call of the layer is in a graph, as in a `tf.data` pipeline."""
    layer = ResizedCentre(*size, whole)
    image = np.random.default_rng(1).integers(0, 256, (24, 31, 3), dtype=np.uint8)
    spec = [tf.TensorSpec((None, None, None, 3), "uint8")]
    dynamic = tf.function(layer, input_signature=spec, autograph=False)(image[None])
    assert dynamic.shape == (1, *size, 3)
    np.testing.assert_allclose(layer(image), dynamic[0], atol=0.01)
    np.testing.assert_allclose(layer(image[None]), dynamic, atol=0.01)
    assert layer.compute_output_shape(image.shape) == (*size, 3)
    with pytest.raises(ValueError, match="give grey images the shape"):
        layer(np.zeros((4, 24, 31), "uint8"))


def test_the_middle_without_resizing():
    crop = stands_for("CenterCrop", size=(8, 25))
    (layer,) = policy.read_transforms(type("Compose", (), {"transforms": [crop]})()).layers
    image = np.arange(13 * 20 * 3, dtype="uint8").reshape(13, 20, 3)
    wanted = np.pad(image[2:10], [(0, 0), (2, 3), (0, 0)])
    np.testing.assert_array_equal(layer(image), wanted)


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (stands_for("Resize", size=[8, 8], interpolation="lanczos"), "Resize with .*lanczos"),
        (
            stands_for("RandomResizedCrop", size=[8, 8], scale=(0.1, 1), ratio=(1, 1),
                       interpolation="bicubic"),
            "RandomResizedCrop with interpolation 'bicubic', in place of which is bilinear",
        ),
        (
            stands_for("RandomRotation", degrees=(-9, 9), interpolation="bicubic"),
            "RandomRotation with interpolation 'bicubic', in place of which is nearest",
        ),
        (stands_for("GaussianBlur", kernel_size=(3, 9), sigma=(1, 1)), "GaussianBlur with kernel"),
        (
            stands_for("Resize", size=[8, 8], interpolation="bicubic", antialias=False),
            "Resize with 'bicubic' and antialias=False, whose filter is another one",
        ),
    ],
)  # fmt: skip
def test_what_torchvision_filters_otherwise_is_named(piece, message):
    pipeline = type("Compose", (), {"transforms": [piece]})()
    with pytest.raises(ValueError, match=message):
        policy.read_transforms(pipeline)
    with pytest.warns(UserWarning, match=message):
        assert policy.read_transforms(pipeline, strict=False).layers


@pytest.mark.parametrize("strict", [True, False])
def test_edges_of_bilinear_turns_are_remarked(strict):
    same = {"interpolation": "bilinear", "translate": None, "scale": None, "shear": None}
    pieces = [
        stands_for("RandomRotation", degrees=(-9, 9), **same),
        stands_for("RandomAffine", degrees=(-9, 9), **same),
    ]
    message = "RandomRotation with 'bilinear', whose edges.*; RandomAffine with 'bilinear'"
    with pytest.warns(UserWarning, match=message) as caught:
        made = policy.read_transforms(stands_for("Compose", transforms=pieces), strict=strict)
    assert len(caught) == 1
    steps = made.policies[0].sub_policies[0]
    assert [dict(step.options)["interpolation"] for step in steps] == ["bilinear"] * 2


@pytest.mark.parametrize("cut", [{"interpolation": 0}, {"interpolation": 2}])
def test_what_opencv_resizes_otherwise_is_named(cut):
    node = {"__class_fullname__": "Resize", "p": 1.0, "height": 8, "width": 8, **cut}
    with pytest.raises(ValueError, match="Resize with interpolation ., which OpenCV computes"):
        policy.read_transforms({"transform": node})


@pytest.mark.filterwarnings("ignore:.*the hue of ColorJitter")
def test_colour_jitter_in_every_order():
    made = policy.from_torchvision(
        transform(
            {
                "transform": "Compose",
                "attributes": {
                    "transforms": [GIVEN["torchvision"]["simclr"]["attributes"]["transforms"][2]]
                },
            }
        )
    )
    (stage,) = made.stages
    orders = {tuple(step.op for step in steps) for steps in stage.sub_policies[:-1]}
    assert len(orders) == 24
    assert all(set(order) == {"brightness", "contrast", "color", "hue"} for order in orders)
    assert sum(stage.weights[:-1]) == pytest.approx(0.8)
    assert stage.weights[-1] == pytest.approx(0.2)


@pytest.mark.wide
def test_timm_keywords():
    given = {
        "input_size": (3, 32, 32),
        "is_training": True,
        "auto_augment": "rand-m9-mstd0.5-inc1",
        "vflip": 0.1,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.25, 0.25, 0.25),
        "mixup_alpha": 0.8,
        "cutmix_alpha": 1.0,
        "num_classes": 10,
        "label_smoothing": 0.1,
    }
    made = policy.read_transforms(given, seed=1)
    crop, augment, scale = made.layers
    assert (crop.size, type(augment)) == ((32, 32), layers.PolicyAugment)
    flips, rand = augment.policy.stages
    assert flips.sub_policies == (
        (policy.Step("flip_horizontal", 0.5), policy.Step("flip_vertical", 0.1)),
    )
    wanted = policy.from_timm("rand-m9-mstd0.5-inc1", translate_const=14, fill=(128, 128, 128))
    assert (rand,) == wanted.stages
    assert augment.policy.fill == (128, 128, 128)
    np.testing.assert_allclose(scale(IMAGES), (IMAGES / 255 - 0.5) / 0.25, atol=1e-5)
    assert made.mix == mix.RandomMix(
        (mix.MixUp(0.8), mix.CutMix(1.0)), (0.5, 0.5), num_classes=10, label_smoothing=0.1
    )
    assert made(IMAGES).shape == (4, 32, 32, 3)
    plain = policy.read_transforms({"input_size": 28, "crop_pct": 0.875})
    assert [type(layer).__name__ for layer in plain.layers] == [
        "ResizedCentre",
        "Rescaling",
    ]
    assert plain.layers[0].shorter == 32
    jitter = policy.read_transforms({"input_size": 28, "is_training": True, "hflip": 0})
    (stage,) = jitter.policies[0].stages
    assert len(stage.sub_policies) == 6
    augmix = policy.read_transforms(
        {"input_size": 28, "is_training": True, "auto_augment": "augmix-m5-w4-d2"}
    )
    assert type(augmix.layers[2]) is layers.AugMix
    original = {"input_size": 28, "is_training": True, "auto_augment": "original-mstd0.5"}
    assert len(policy.read_transforms(original).policies[0].stages) == 2
    with pytest.raises(ValueError, match="no keyword colour_jitter"):
        policy.read_transforms({"colour_jitter": 0.4})
    for keyword in (
        {"auto_augment": "rand-m9"},
        {"re_prob": 0.25},
        {"hflip": 1.0},
        {"mixup_alpha": 1},
    ):
        for strict in (True, False):
            with pytest.raises(ValueError, match="changes nothing without is_training=True"):
                policy.read_transforms(keyword, strict=strict)
        assert policy.read_transforms({**keyword, "is_training": False}).layers
    assert policy.read_transforms({"hflip": 0.5, "scale": None}).layers
    with pytest.raises(ValueError, match="in place of which is bilinear"):
        policy.read_transforms({"is_training": True, "interpolation": "random"})


@pytest.mark.wide
def test_layers_of_keras():
    given = keras.Sequential(
        [
            keras.Input((40, 48, 3)),
            keras.layers.RandomFlip("horizontal_and_vertical"),
            keras.layers.RandomRotation((0.1, 0.1), fill_mode="constant"),
            keras.layers.RandomTranslation((0.25, 0.25), (-0.25, -0.25), fill_mode="nearest"),
            keras.layers.RandomZoom((-0.5, -0.5)),
            keras.layers.RandomBrightness((0.2, 0.2)),
            keras.layers.RandomGrayscale(1.0),
            keras.layers.Rescaling(1 / 255),
        ]
    )
    made = policy.read_transforms(given)
    assert [type(layer).__name__ for layer in made.layers] == ["PolicyAugment", "Rescaling"]
    ops = [step.op for step in made.policies[0].sub_policies[0]]
    assert ops == [
        "flip_horizontal",
        "flip_vertical",
        "rotate",
        "translate_y",
        "translate_x",
        "zoom",
        "solarize_add",
        "color",
    ]
    floats = IMAGES.astype("float32")
    for layer, near in (
        (keras.layers.RandomTranslation((0.25, 0.25), (-0.25, -0.25), "nearest"), 1e-3),
        (keras.layers.RandomZoom((-0.5, -0.5)), 1e-3),
        (keras.layers.RandomBrightness((0.2, 0.2)), 1e-3),
        (keras.layers.RandomRotation((0.1, 0.1), "reflect"), 1.5),
        (keras.layers.RandomGrayscale(1.0), 1.0),
    ):
        found = np.asarray(policy.from_keras(layer)(floats))
        wanted = np.asarray(layer(floats, training=True))
        np.testing.assert_allclose(found, wanted, atol=near, err_msg=type(layer).__name__)
    (step,) = policy.from_keras(keras.layers.Solarization(threshold_factor=0.4)).sub_policies[0]
    assert step == policy.Step("solarize", value=(0.0, 102.0))
    mixed = policy.read_transforms([keras.layers.RandomFlip(), keras.layers.MixUp(0.3)])
    assert mixed.mix == mix.MixUp(0.3)
    (step,) = policy.from_keras(keras.layers.RandomPosterization((3, 3))).sub_policies[0]
    wanted = keras.layers.RandomPosterization((3, 3))(floats, training=True)
    np.testing.assert_array_equal(policy.Policy([[step]])(floats), wanted)
    fixed = policy.read_transforms([keras.layers.CutMix((0.5, 0.5))])
    assert fixed.mix == mix.CutMix(0.5)
    with pytest.raises(ValueError, match="CutMix, which draws its alpha from 0 to 0.4"):
        policy.read_transforms([keras.layers.CutMix(0.4)])
    with pytest.raises(ValueError, match="RandomContrast, which keeps each channel's own mean"):
        policy.from_keras(keras.layers.RandomContrast(0.3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = policy.read_transforms(
            [keras.layers.RandomContrast(0.3), keras.layers.RandomInvert(0.5)], strict=False
        )
    (warning,) = caught
    assert "RandomContrast" in str(warning.message)
    assert "RandomInvert" in str(warning.message)
    assert isinstance(made, policy.Transforms)


@pytest.mark.filterwarnings("ignore:keras_cv:FutureWarning")
def test_layers_that_are_not_keras_own_stay_as_they_are():
    old = keras_cv.layers
    flip, solarize = old.RandomFlip(rate=0.1), old.Solarization((0, 255), threshold_factor=0.5)
    given = [flip, layers.RandomZoom(), solarize, keras.layers.RandomFlip(), old.MixUp(0.3)]
    both = [*given, layers.CutMix(alpha=0.5)]
    with pytest.raises(ValueError, match="MixUp in front of CutMix, of which the last is used"):
        policy.read_transforms(both)
    with pytest.warns(UserWarning, match="MixUp in front of CutMix"):
        made = policy.read_transforms(both, strict=False)
    assert made.layers[:3] == tuple(given[:3])
    assert type(made.layers[3]) is layers.PolicyAugment
    assert made.mix == mix.CutMix(alpha=0.5)
    assert policy.read_transforms(given).mix == mix.MixUp(0.3)
    with pytest.raises(ValueError, match="RandomFlip, which is no layer of Keras' own"):
        policy.from_keras(flip)


def torchvisions(name, module="torchvision.transforms.v2", **attributes):
    """Stands for a transform, which is read by its name, its module and its attributes."""
    return type(name, (), {**attributes, "__module__": module})()


@pytest.mark.parametrize(("whole", "first"), [(8, 1), (9, 2), (10, 2), (11, 2), (13, 4)])
def test_windows_in_the_middle_are_rounded_to_even(whole, first):
    """Half a pixel more is none in torchvision where the place is even."""
    pieces = [torchvisions("Resize", size=[whole]), torchvisions("CenterCrop", size=[6])]
    made = policy.read_transforms(torchvisions("Compose", transforms=pieces))
    images = np.tile(np.arange(whole, dtype="uint8")[None, :, None, None], (1, 1, whole, 3))
    assert np.asarray(made(images))[0, :, 0, 0].tolist() == list(range(first, first + 6))
    timm = policy.read_transforms({"input_size": 6, "crop_pct": 6 / (whole + 0.01)})
    made = (np.asarray(timm(images))[0, :, 0, 0] * STD[0] + MEAN[0]) * 255
    np.testing.assert_allclose(made, np.arange(first, first + 6), atol=1e-3)


def test_what_weights_of_torchvision_bring_and_mixes_of_batches():
    preset = torchvisions(
        "ImageClassification", crop_size=[224], resize_size=[232], mean=MEAN, std=STD
    )
    made = policy.read_transforms(preset)
    kinds = ["ResizedCentre", "Rescaling"]
    assert [type(layer).__name__ for layer in made.layers] == kinds
    mixes = [torchvisions(name, alpha=0.5, num_classes=10) for name in ("CutMix", "MixUp")]
    made = policy.read_transforms(torchvisions("RandomChoice", transforms=mixes, p=[0.25, 0.75]))
    parts = (mix.CutMix(0.5), mix.MixUp(0.5))
    assert made.mix == mix.RandomMix(parts, (0.25, 0.75), num_classes=10)


def test_numbers_of_a_scale_may_be_an_array():
    made = policy.read_transforms(torchvisions("Normalize", mean=MEAN, std=STD))
    np.testing.assert_allclose(
        made(np.ones((1, 2, 2, 3), "float32"))[0, 0, 0], (1 - MEAN) / STD, rtol=1e-5
    )


def test_transforms_of_timm_are_named():
    given = [torchvisions("RandAugment", "timm.data.auto_augment", ops=[], num_layers=2)]
    compose = torchvisions("Compose", transforms=given)
    for read in (policy.read_transforms, policy.from_torchvision):
        with pytest.raises(ValueError, match="RandAugment, which is timm's: give the keywords"):
            read(compose)


def test_scales_are_joined():
    scales = [keras.layers.Rescaling(1 / 255, 0.5), keras.layers.Rescaling([2.0, 4.0, 8.0], -1.0)]
    (layer,) = policy.read_transforms(scales).layers
    wanted = (IMAGES / np.float32(255) + 0.5) * np.float32([2, 4, 8]) - 1
    np.testing.assert_allclose(layer(IMAGES), wanted, atol=1e-4)


def test_a_jitter_of_timm_ends_at_black():
    steps = _timm._jitter((1.5, 0.0, 0.25), None)
    ends = {step.op: step.value for row in steps.sub_policies for step in row}
    assert ends == {"brightness": (0.0, 2.5), "color": (0.75, 1.25)}


@pytest.mark.parametrize(("area", "largest"), [((0.2, 0.5), 0.5), ((0.2, 1), 1.0)])
def test_a_resized_crop_of_others_keeps_both_ends(area, largest):
    step = _common.resized_crop(area, (0.5, 2), rate=0.3)
    options = {**{"largest": 1.0}, **dict(step.options)}
    assert (step.value, options["largest"], step.rate) == (0.2, largest, 0.3)
