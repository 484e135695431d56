"""Whole pipelines of other libraries whose numbers leave nothing to chance: their own pictures."""

import json
import pathlib
import runpy
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import policy
from keras_cv_extras.policy.interop.transforms._padding import PaddedImages
from keras_cv_extras.policy.interop.transforms._sides import ResizedSide

HERE = pathlib.Path(__file__).parent
WANTED = np.load(HERE.parent / "reference" / "whole_transforms.npz")
transform = runpy.run_path(str(HERE / "test_pipelines.py"))["transform"]
NAMES = sorted(name.removesuffix("/made") for name in WANTED if name.endswith("/made"))


@pytest.mark.parametrize("name", NAMES)
def test_pixels(name):
    given = json.loads(str(WANTED[f"{name}/given"]))
    given = given if name.startswith("albumentations") else transform(given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of shifts, gamma and edges
        made = policy.read_transforms(given, seed=1)
    found, wanted = np.asarray(made(WANTED["image"][None])[0]), WANTED[f"{name}/made"]
    assert found.shape == wanted.shape
    near = 1.01 if wanted.dtype == np.uint8 else 0.02
    near = 5.5 if name.endswith("/hue") else near  # of whole numbers of hue and saturation
    np.testing.assert_allclose(found, wanted.astype("float32"), atol=near)


def stand_in(name, module="torchvision.transforms.v2", **attributes):
    """Stands for a transform, which is read by its name, its module and its attributes."""
    return type(name, (), {**attributes, "__module__": module})()


def compose(*parts):
    return stand_in("Compose", transforms=list(parts))


def kinds(made):
    return [type(layer).__name__ for layer in made.layers]


BYTES = {"dtype": "torch.uint8", "scale": True}
FLOATS = {"dtype": "torch.float32", "scale": True}


@pytest.mark.parametrize(
    "parts",
    [
        [stand_in("ToImage"), stand_in("ToDtype", **BYTES), stand_in("ToDtype", **FLOATS)],
        [stand_in("ToTensor"), stand_in("ConvertImageDtype", dtype="torch.float32")],
        [stand_in("ToTensor"), stand_in("ToPILImage"), stand_in("ToTensor")],
        [
            stand_in(
                "ToDtype", dtype={"Image": "float32", "Mask": "int64", "others": None}, scale=True
            )
        ],
        [stand_in("PILToTensor"), stand_in("MaybeToTensor", "timm.data.transforms")],
    ],
    ids=["v2", "v1", "back", "each kind of input", "timm"],
)
def test_values_are_scaled_once(parts):
    made = policy.read_transforms(compose(*parts))
    assert set(kinds(made)) == {"Rescaling"}
    np.testing.assert_allclose(made(np.full((1, 2, 2, 3), 51.0)), 0.2, rtol=1e-6)


def test_types_alone_change_no_value():
    made = policy.read_transforms(compose(stand_in("ToDtype", dtype="torch.float32", scale=False)))
    assert made.layers == ()
    both = compose(stand_in("ToDtype", dtype="torch.float32"), stand_in("ToDtype", **FLOATS))
    assert policy.read_transforms(both).layers == ()  # floats are not scaled again there
    wrong = compose(stand_in("ToDtype", dtype="torch.int64", scale=True))
    with pytest.raises(ValueError, match="ToDtype to torch.int64, in place of which values stay"):
        policy.read_transforms(wrong)


def test_colours_behind_a_scale_are_changed_in_its_range():
    jitter = {"contrast": None, "saturation": None, "hue": None}
    light = stand_in("ColorJitter", brightness=(1.5, 1.5), **jitter)
    made = policy.read_transforms(compose(stand_in("ToTensor"), light))
    images = np.full((1, 4, 4, 3), 102, "uint8")
    np.testing.assert_allclose(made(images), 0.6, atol=1e-5)
    inverted = stand_in("RandomInvert", p=1.0)
    made = policy.read_transforms(compose(stand_in("ToTensor"), inverted))
    np.testing.assert_allclose(made(images), 0.6, atol=1e-5)
    moved = compose(stand_in("Normalize", mean=[0.5] * 3, std=[0.5] * 3), inverted)
    with pytest.raises(ValueError, match="invert behind Normalize, which has moved the values"):
        policy.read_transforms(moved)


def test_a_rectangle_behind_a_flip_has_the_value_behind_the_scale():
    erase = stand_in("RandomErasing", p=1.0, scale=(0.1, 0.1), ratio=(1.0, 1.0), value=0)
    normal = stand_in("Normalize", mean=[0.25] * 3, std=[0.5] * 3)
    flip = stand_in("RandomHorizontalFlip", p=1.0)
    made = policy.read_transforms(compose(stand_in("ToTensor"), normal, flip, erase), seed=1)
    found = np.asarray(made(np.full((2, 10, 10, 3), 255, "uint8")))
    np.testing.assert_allclose(np.unique(found.round(4)), [0.0, 1.5], atol=1e-4)


def test_keywords_of_timm():
    """Those that its configurations of networks and its class Mixup have, too."""
    squash = {"input_size": (3, 18, 18), "crop_pct": 0.9, "crop_mode": "squash"}
    whole, window, _ = policy.read_transforms(squash).layers
    assert (whole.height, whole.width, whole.shorter) == (20, 20, "stretch")
    assert (window.height, window.width, window.shorter) == (18, 18, None)
    assert kinds(policy.read_transforms({**squash, "normalize": False})) == ["ResizedCentre"] * 2
    mixed = {"is_training": True, "mixup_alpha": 0.8, "prob": 0.5, "mode": "batch"}
    assert policy.read_transforms(mixed).mix.rate == 0.5
    for wrong, message in (
        ({"mode": "elem"}, "mixup_mode='elem'"),
        ({"auto_augment": "augmix-m3-b1"}, "augmix with b1, which blends image after image"),
    ):
        with pytest.raises(ValueError, match=message):
            policy.read_transforms({**mixed, **wrong})
        with pytest.warns(UserWarning, match=message):
            assert policy.read_transforms({**mixed, **wrong}, strict=False).layers
    edges = {"input_size": 18, "crop_mode": "border"}
    with pytest.raises(ValueError, match="crop_mode='border', in place of which is 'center'"):
        policy.read_transforms(edges)


def test_what_timm_makes_for_a_network():
    parts = [
        stand_in("Resize", size=20, interpolation="bicubic"),
        stand_in("CenterCrop", size=(18, 18)),
        stand_in("MaybeToTensor", "timm.data.transforms"),
        stand_in("Normalize", mean=np.float32([0.5] * 3), std=np.float32([0.5] * 3)),
    ]
    made = policy.read_transforms(compose(*parts))
    assert kinds(made) == ["ResizedCentre", "Rescaling"]
    scale = {"scale": (0.5, 1.0), "ratio": (1.0, 1.0)}
    crop = stand_in(
        "RandomResizedCropAndInterpolation", "timm.data.transforms", size=(8, 8), **scale,
        interpolation=("bilinear", "bicubic"),
    )  # fmt: skip
    with pytest.raises(ValueError, match="with interpolation 'random', in place of which is bilin"):
        policy.read_transforms(crop)


@pytest.mark.parametrize("padded", [{"padding": None, "pad_if_needed": True}, {"padding": [3, 1]}])
def test_crops_of_padded_images(padded):
    options = {"padding_mode": "constant", "fill": 7, **padded}
    crop = stand_in("RandomCrop", size=(8, 8), **options)
    made = policy.read_transforms(compose(crop), seed=1)
    images = np.full((64, 6, 6, 3), 50, "uint8")
    found = np.asarray(made(images))[..., 0]
    assert found.shape == (64, 8, 8)
    places = {tuple(np.argwhere(one == 50)[0]) for one in found}
    assert {row for row, _ in places} <= {0, 1, 2}
    if "pad_if_needed" in padded:
        assert len(places) == 9  # at each place as it may be


def test_what_blames_the_size_no_more():
    reflected = stand_in("RandomCrop", size=(8, 8), padding=[2], padding_mode="reflect", fill=0)
    assert kinds(policy.read_transforms(reflected)) == ["PaddedImages", "RandomCrop"]
    area = {"__class_fullname__": "Resize", "p": 1.0, "height": 8, "width": 8, "interpolation": 3}
    with pytest.raises(ValueError, match="Resize with interpolation 3, in place of which is bilin"):
        policy.read_transforms({"transform": area})
    kind = {"__class_fullname__": "Normalize", "p": 1.0, "normalization": "image"}
    with pytest.raises(ValueError, match="Normalize with normalization='image': give mean and std"):
        policy.read_transforms({"transform": kind})
    half = {"__class_fullname__": "ToFloat", "p": 0.5, "max_value": 255.0}
    with pytest.raises(ValueError, match="ToFloat with p=0.5, in place of which is 1"):
        policy.read_transforms({"transform": half})


@pytest.mark.parametrize(
    "layer",
    [
        PaddedImages((1, 0, 2, 3), mode="wrap"),
        PaddedImages(least=(9, 12), place="corner", fill=[1.0, 2.0, 3.0]),
        PaddedImages((0, 1, 0, 1), (10, 10), mode="symmetric"),
        ResizedSide(9, "longer", rounded=True),
        ResizedSide(9, most=11, interpolation="nearest"),
    ],
    ids=["wrap", "least", "both", "longer", "most"],
)
def test_layers_of_unknown_sizes_and_of_one_image(layer):
    image = np.random.default_rng(0).integers(0, 256, (7, 11, 3), dtype=np.uint8)
    spec = [tf.TensorSpec((None, None, None, 3), "uint8")]
    dynamic = tf.function(layer, input_signature=spec, autograph=False)(image[None])
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    np.testing.assert_allclose(again(image), dynamic[0], atol=1e-4)
    assert layer.compute_output_shape(image.shape) == dynamic.shape[1:]
    assert layer.compute_output_shape((None, None, None, 3))[-3:-1] == (None, None)
    model = keras.Sequential([keras.Input((None, None, 3)), again])
    np.testing.assert_allclose(model(image[None]), dynamic, atol=1e-4)
