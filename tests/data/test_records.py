"""Dictionaries of an image and a label: in lists, other packages' data sets, and datasets."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras import data, policy, training

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 6, 5, 3), "uint8")
LABELS = np.arange(24, dtype="int32") % 3


class HuggingFace:
    """The protocol of `datasets.Dataset`: features, a length, rows as dictionaries.

    The package itself is not installed.
    """

    def __init__(self, rows, names):
        self._rows = rows
        self.features = {"image": object(), "label": types.SimpleNamespace(names=names)}

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, number):
        return self._rows[number]


def rows(part=slice(None)):
    return [
        {"image": Image.fromarray(image), "label": int(label), "id": number}
        for number, (image, label) in enumerate(zip(PIXELS[part], LABELS[part], strict=True))
    ]


def test_a_data_set_of_hugging_face():
    names = ["cat", "dog", "emu"]
    parts = {
        "train": HuggingFace(rows(slice(18)), names),
        "test": HuggingFace(rows(slice(18, 24)), names),
        "unlabelled": HuggingFace([{"image": None, "label": -1}], names),
    }
    images = data.load(parts)
    assert images.class_names == ("cat", "dog", "emu")
    np.testing.assert_array_equal(images.train[0], PIXELS[:18])
    np.testing.assert_array_equal(images.test[1], LABELS[18:])
    whole = data.load(parts["train"], test_fraction=0.5, image_size=4, channels=1)
    assert whole.train[0].shape == (9, 4, 4, 1)
    assert len(whole.test[1]) == 9


def test_lists_of_dictionaries():
    grey = [{"img": row["image"].convert("L"), "target": "ab"[row["id"] % 2]} for row in rows()]
    images = data.load(grey)
    assert images.class_names == ("a", "b")
    assert images.train[0].shape[1:] == (6, 5, 1)
    parts = {"train": grey[1:9], "validation": grey[9:15], "test": grey[15:]}
    images = data.load(parts)
    assert images.class_names == ("a", "b")  # the first image is a b
    mixed = [{**grey[0], "img": rows()[0]["image"]}, *grey[1:]]
    assert data.load(mixed).train[0].shape[1:] == (6, 5, 3)  # one image has colours
    assert (len(images.train[1]), len(images.test[1])) == (8, 9)
    arrays = [{"image": image[..., 0], "label": 3} for image in PIXELS]
    arrays[0] = {**arrays[0], "label": 0}
    with pytest.warns(UserWarning, match="2 of 4 classes have no image, the first is 1: classes"):
        images = data.load({"train": arrays, "validation": arrays})
    assert images.class_names == ("0", "1", "2", "3")
    with pytest.warns(UserWarning, match="1 of 4 classes have no image, the first is 0: classes"):
        data.load([{**row, "label": 1 + number % 3} for number, row in enumerate(arrays)])
    texts = [{**row, "label": "Cat" if number % 2 else b"cat"} for number, row in enumerate(arrays)]
    with pytest.warns(UserWarning, match="'Cat' and 'cat' look alike") as caught:
        assert data.load(texts).class_names == ("Cat", "cat")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (0.7, "the label 0.7 is neither a text nor a whole number"),
        (None, "the label None is neither"),
        (float("nan"), "the label nan is neither"),
        (float("inf"), "the label inf is neither"),
        (np.ma.masked, "the label masked is neither"),
        ([0, 1], r"the label \[0, 1\] is neither .* a table takes several labels per image"),
        (np.eye(2), "the label array.* is neither"),
        ("1", r"labels are texts \('1'\) and numbers \(0\)"),
        (10**9, "2 different labels are up to 1000000000"),
        (10**400, "the label 1.* is out of reach"),
        (0, "one class only, 0"),
    ],
)
def test_labels_that_are_none(label, message):
    arrays = [
        {"image": image, "label": [0, label][number % 2]} for number, image in enumerate(PIXELS)
    ]
    with pytest.raises(ValueError, match=message) as caught:
        data.load(arrays)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([{"image": PIXELS[0], "text": 1}], "must have the keys 'image' and 'label', received 'im"),
        ([{"image": PIXELS[0] / 255, "label": 1}], "one of Pillow or uint8 .* received float64"),
        (HuggingFace([{"image": PIXELS[0], "label": -1}], ["a"]), "the label -1 is none of the 1"),
        ([*rows(), {"image": PIXELS[0, 1:], "label": 0}], "differ in size, 6 x 5 and 5 x 5: give"),
        ({"test": rows()}, "must have a part 'train', received test"),
        ({"train": HuggingFace([], ["a"])}, "at least one image in every part"),
    ],
)
def test_one_line_says_what_is_wrong(source, message):
    with pytest.raises((TypeError, ValueError), match=message):
        data.load(source)


def batches(source, **options):
    return [
        (images.numpy(), labels.numpy())
        for images, labels in data.pipeline(source, 7, policy.flip_crop(), epoch=2, **options)
    ]


@pytest.mark.wide_but("records")
@pytest.mark.parametrize("form", ["dictionary", "batches", "batches of dictionaries", "records"])
@pytest.mark.wide
def test_a_pipeline_takes_the_same_data_in_any_form(form):
    pairs = tf.data.Dataset.from_tensor_slices((PIXELS, LABELS))
    records = tf.data.Dataset.from_tensor_slices({"image": PIXELS, "label": LABELS, "id": LABELS})
    made = {
        "dictionary": {"image": PIXELS, "label": LABELS},
        "batches": pairs.batch(5),
        "batches of dictionaries": records.batch(5),
        "records": records,
    }[form]
    plain = (PIXELS, LABELS) if form == "dictionary" else pairs
    for given, wanted in zip(batches(made), batches(plain), strict=True):
        np.testing.assert_array_equal(given[0], wanted[0])
        np.testing.assert_array_equal(given[1], wanted[1])


@pytest.mark.wide
def test_fit_takes_batches_of_dictionaries_and_refuses_single_images():
    ends = []
    records = tf.data.Dataset.from_tensor_slices({"image": PIXELS, "label": LABELS})
    for train in (records.batch(8), data.as_pairs(records).batch(8)):
        keras.utils.set_random_seed(0)
        layers = [keras.Input((6, 5, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
        model = training.compile_model(keras.Sequential(layers))
        training.fit(model, train, train, epochs=1, progress=False)
        ends.append(model.get_weights()[0])
    np.testing.assert_array_equal(*ends)
    with pytest.raises(ValueError, match=r"train gives single images, \(6, 5, 3\): call batch"):
        training.fit(model, records, epochs=1, progress=False)
    with pytest.raises(ValueError, match="validation gives single images"):
        training.fit(model, records.batch(8), records, epochs=1, progress=False)
    assert data.as_pairs(data.as_pairs(records)).element_spec == data.as_pairs(records).element_spec
