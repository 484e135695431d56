"""Images whose values are not those that a model takes are told, if a model says what it takes."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import classical, generative, optimizers, search, training
from keras_cv_extras._base.images import value_range
from keras_cv_extras.models.networks import _preprocessing
from keras_cv_extras.training import _callbacks

BYTES = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 3), np.uint8)
LABELS = np.arange(8, dtype="int32") % 2
FLOATS = BYTES.astype("float32")
WRONG = {
    "from 0 to 1": FLOATS / 255,
    "from -1 to 1": FLOATS / 127.5 - 1,
    "standardised": FLOATS / 80 - 1.5,
    "means taken off": FLOATS - 110,
    "of 16 bits": BYTES.astype("uint16") * 257,
    "ones and zeros": (BYTES > 127).astype("int64"),
    "infinite": np.where(BYTES == 7, np.inf, FLOATS),
    "no numbers": np.where(BYTES == 7, np.nan, FLOATS),
}
RIGHT = {
    "bytes": BYTES,
    "floats": FLOATS,
    "as 16 bits": BYTES.astype("uint16"),
    "none": BYTES * 0.0,
}
WARNING = "images have values from .* but the model takes those from 0 to 255: bring them to that r"


def network(*first):
    layers = [*first, keras.layers.Flatten(), keras.layers.Dense(2)]
    made = keras.Sequential([keras.Input((4, 4, 3)), *layers])
    made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


@pytest.fixture(scope="module")
def model():
    return network(keras.layers.Rescaling(1 / 255))


def fit(model, images):
    batches = tf.data.Dataset.from_tensor_slices((images, LABELS)).batch(4)
    training.fit(model, batches, epochs=2, progress=False)


class Batches(keras.utils.PyDataset):
    """Batches that Keras reads by number."""

    def __init__(self, images):
        super().__init__()
        self.images = images

    def __len__(self):
        return 2

    def __getitem__(self, number):
        rows = slice(4 * number, 4 * number + 4)
        return self.images[rows], LABELS[rows]


def validated(model, images):
    batches, others = (
        tf.data.Dataset.from_tensor_slices((one, LABELS)).batch(4) for one in (BYTES, images)
    )
    training.fit(model, batches, others, epochs=2, progress=False)


def generated(model, images):
    training.fit(model, ((images, LABELS) for _ in range(1)), epochs=1, progress=False)


def mirrored(model, images):
    batches = tf.data.Dataset.from_tensor_slices((images, LABELS)).batch(4)
    training.fit(model, batches, epochs=1, strategy="mirrored", progress=False)


def searched(model, images):
    child = search.Trainer(lambda: model, (BYTES, LABELS), epochs=1, batch_size=4)
    child.evaluate(images, LABELS)


def normalised(model):
    layers = [*model.layers[:-2], keras.layers.BatchNormalization()]
    return keras.Sequential([keras.Input((4, 4, 3)), *layers])


ENTRIES = {
    "fit": fit,
    "fit a PyDataset": lambda model, images: training.fit(
        model, Batches(images), epochs=1, progress=False
    ),
    "fit a generator": generated,
    "validate": validated,
    "search": searched,
    "local features": lambda model, images: generative.LocalFeatures(model).features(images),
    "batch normalisation": lambda model, images: optimizers.update_batch_normalization(
        normalised(model), [images]
    ),
    "evaluate": lambda model, images: training.evaluate(model, images, LABELS, ["a", "b"]),
    "predict": lambda model, images: training.predict(model, (images, LABELS), ["a", "b"]),
    "features": lambda model, images: classical.ModelFeatures(model).transform(images),
}


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_says_the_same(model, entry):
    with pytest.warns(UserWarning, match=WARNING) as told:
        ENTRIES[entry](model, WRONG["from 0 to 1"])
    told = [warning for warning in told if "but the model takes" in str(warning.message)]
    assert [warning.filename for warning in told] == [__file__]
    ENTRIES[entry](model, RIGHT["bytes"])
    ENTRIES[entry](model, RIGHT["floats"])


def test_folds_are_told_once(model):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for fold in range(3):
            classical.ModelFeatures(model).fit_transform(FLOATS[fold::3] / 255)
    assert len(told) == 1


@pytest.mark.parametrize("kind", [*WRONG, *RIGHT])
def test_which_values_are_told(kind):
    problem = value_range.unlike_bytes({**WRONG, **RIGHT}[kind])
    assert (problem is None) == (kind in RIGHT)


class Block(keras.layers.Layer):
    """A layer of the user's: `layers` may be anything there, such as how many there are."""

    def __init__(self, layers, *inner):
        super().__init__()
        self.layers, self.takes_bytes = layers, "unknown"
        self.inner = layers if isinstance(layers, list) else inner

    def build(self, shape):
        for layer in self.inner:
            layer.build(shape)

    def call(self, x):
        for layer in self.inner:
            x = layer(x)
        return x


Rescaling = keras.layers.Rescaling
FIRST = {
    "in a model": (keras.Sequential([Rescaling(1 / 127.5, offset=-1)]), True),
    "Caffe's": (_preprocessing.ImagePreprocessing("caffe"), True),
    "one for each channel": (Rescaling([1 / (255 * std) for std in (0.229, 0.224, 0.225)]), True),
    "after an augmentation": (
        keras.Sequential([keras.layers.RandomFlip(), Rescaling(1 / 255)]),
        True,
    ),
    "in a layer": (Block(3, Rescaling(1 / 255)), True),
    "of a layer without layers": (Block(None), False),
    "in a list": (Block([Rescaling(1 / 255)]), True),
    "to bytes": (Rescaling(255.0), False),
    "of 12 bits": (Rescaling(1 / 4095), False),
    "of 16 bits": (Rescaling(1 / 65535), False),
    "to bytes and back": (keras.Sequential([Rescaling(255.0), Rescaling(1 / 255)]), False),
    "in the body": (keras.Sequential([keras.layers.Dense(3), Rescaling(0.01)]), False),
    "in the body of a layer": (Block(2, keras.layers.Dense(3), Rescaling(0.01)), False),
    "of what is normalised": (
        keras.Sequential([keras.layers.Normalization(), Rescaling(0.01)]),
        False,
    ),
}


@pytest.mark.parametrize("kind", FIRST)
def test_which_models_take_bytes(kind):
    first, takes = FIRST[kind]
    assert value_range.takes_bytes(network(first)) is takes


@pytest.mark.filterwarnings("ignore:Your input ran out of data", "ignore:all images lie")
def test_a_model_that_takes_other_values_is_left_alone():
    plain = network(Block(3))
    assert not value_range.takes_bytes(plain)
    for entry in ENTRIES.values():
        entry(plain, WRONG["from 0 to 1"])
    batches = tf.data.Dataset.from_tensor_slices((WRONG["from 0 to 1"], LABELS)).batch(4)
    assert _callbacks.WatchImages().watched(batches, plain) is batches


@pytest.mark.parametrize("entry", ["evaluate", "predict"])
@pytest.mark.parametrize("several", [False, True])
def test_an_answer_that_is_no_number_is_no_class(entry, several, monkeypatch):
    """It counted as the first class."""
    monkeypatch.setitem(globals(), "LABELS", np.ones((8, 2)) if several else LABELS)
    message = r"no number \(NaN\) for 8 of 8 images, first for that of row 0"
    with pytest.raises(ValueError, match=message):
        ENTRIES[entry](network(keras.layers.Rescaling(np.nan)), FLOATS)


def test_an_image_that_is_no_number_is_named(model):
    images = FLOATS.copy()
    images[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity, received it in 1 images, .* number 3"):
        training.evaluate(model, images, LABELS, ["a", "b"])


def test_replicas_are_told(model):
    with pytest.warns(UserWarning, match=WARNING):
        mirrored(network(keras.layers.Rescaling(1 / 255)), WRONG["from 0 to 1"])


@pytest.mark.parametrize("entry", ["evaluate", "predict", "features", "search", "local features"])
def test_images_that_are_no_finite_numbers_are_refused(model, entry):
    for value in (np.nan, np.inf):
        images = FLOATS.copy()
        images[3, 1] = value
        with pytest.raises(ValueError, match="NaN or infinity, received it in 1 .* number 3"):
            ENTRIES[entry](model, images)
    with pytest.raises(TypeError, match="must be integers or floats, received bool"):
        ENTRIES[entry](model, BYTES > 127)


def test_a_search_says_that_its_policies_take_bytes():
    plain = network(Block(3))
    with pytest.warns(UserWarning, match="taken to have values from 0 to 255"):
        search.Trainer(lambda: plain, (FLOATS / 255, LABELS), epochs=1, batch_size=4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: generative.DeepSMOTE((8, 8, 3), code_size=2, width=2),
        pytest.param(
            lambda: generative.ConditionalGAN((8, 8, 3), 2, latent_size=2, width=2),
            marks=pytest.mark.wide,
        ),
    ],
)
def test_generators_refuse_batches_of_another_range(make):
    """Arrays were checked, and the batches of a dataset were not."""
    images = np.tile(FLOATS, (1, 2, 2, 1))
    batches = tf.data.Dataset.from_tensor_slices((images / 255, LABELS)).batch(4)
    model = make()
    model.compile(*([] if "GAN" in type(model).__name__ else ["sgd"]))
    with pytest.raises(ValueError, match=r"x must fill value_range, \(0, 255\)"):
        model.fit(batches, shuffle=False, verbose=0)
    with pytest.raises(ValueError, match=r"x must fill value_range, \(0, 255\)"):
        model.fit(images / 255, LABELS, verbose=0)
