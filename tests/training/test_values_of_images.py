"""Images whose values are not those that a model takes are told, if a model says what it takes."""

import warnings
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import classical, generative, optimizers, policy, search, training
from keras_cv_extras._base import checks
from keras_cv_extras._base.images import first_batch, value_range
from keras_cv_extras.data import balance
from keras_cv_extras.generative import _synthesis
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
    "bfloat16 from 0 to 1": np.asarray(tf.cast(FLOATS / 255, tf.bfloat16)),
    "ones and zeros": (BYTES > 127).astype("int64"),
    "infinite": np.where(BYTES == 7, np.inf, FLOATS),
    "no numbers": np.where(BYTES == 7, np.nan, FLOATS),
}
RIGHT = {
    "bytes": BYTES,
    "floats": FLOATS,
    "as 16 bits": BYTES.astype("uint16"),
    "bfloat16": np.asarray(tf.cast(FLOATS, tf.bfloat16)),
    "dark": FLOATS / 128,
    "dark and sharpened": FLOATS / 128 - 0.2,
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


@pytest.mark.parametrize(
    "entry", ["local features", pytest.param("predict", marks=pytest.mark.wide)]
)
def test_bfloat16_is_a_type_of_floats(model, entry):
    ENTRIES[entry](model, RIGHT["bfloat16"])


@pytest.mark.parametrize("name", ["images", "validation images", "representative"])
def test_a_warning_names_the_argument(model, name):
    said = {"representative": "representative images"}.get(name, name)
    with pytest.warns(UserWarning, match=f"^{said} have values from 0 to 1, but"):
        value_range.check_for(model, WRONG["from 0 to 1"], name)


def test_of_tensors_the_first_batch_alone_is_looked_at():
    seen = []
    first = first_batch.FirstImages(lambda images, name: seen.append((images, name)))
    batches = tf.data.Dataset.from_tensor_slices(FLOATS).batch(3)
    for _ in first.looked_at(batches, "photographs"):
        first.on_train_batch_end(0)
    ((images, name),) = seen
    assert name == "photographs"
    np.testing.assert_array_equal(images, FLOATS[:3])


class Counted(keras.utils.PyDataset):
    """Tells which batches were read, and when an epoch began and ended."""

    def __init__(self, **options):
        super().__init__(**options)
        self.read = []

    def __len__(self):
        return 2

    def __getitem__(self, index):
        self.read.append(index)
        return FLOATS[3 * index : 3 * index + 3], np.zeros(3, int)

    def on_epoch_begin(self):
        self.read.append("begin")

    def on_epoch_end(self):
        self.read.append("end")


@pytest.mark.parametrize("workers", [1, 2])
def test_no_batch_is_read_twice(workers):
    seen, batches, plain = [], Counted(workers=workers), Counted(workers=workers)
    first = first_batch.FirstImages(lambda images, name: seen.append(images))
    looked = first.looked_at(batches)
    assert (looked.num_batches, looked.workers) == (2, workers)
    network: Any = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    for each in (looked, plain):
        network.fit(each, epochs=2, verbose=0, shuffle=False)
    first.on_train_batch_end(0)
    np.testing.assert_array_equal(seen, FLOATS[None, :3])
    assert sorted(map(str, batches.read)) == sorted(map(str, plain.read))
    if workers == 1:
        assert batches.read == plain.read  # and nothing before the epoch has begun


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


def test_numbers_whose_sum_is_infinite_are_finite():
    images = np.full((4, 2, 2, 1), 1e308)
    checks.finite_images("images", images)
    assert balance.training_part(images, np.array([0, 0, 0, 1]))[0].max() == 1e308


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


@pytest.mark.parametrize("kind", ["from 0 to 1", "of 16 bits"])
def test_a_search_takes_the_range_of_its_policies(kind):
    """A trainer took bytes alone, though its policies have a range of their own."""
    plain, images = network(Block(3)), WRONG[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        trainer = search.Trainer(lambda: plain, (images, LABELS), epochs=1, batch_size=4)
    if kind == "of 16 bits":
        with pytest.raises(ValueError, match="uint16 images need value_range"):
            trainer.train(policy.Policy([[policy.Step("invert")]]), 0)


MAKERS = [
    lambda: generative.DeepSMOTE((8, 8, 3), code_size=2, width=2),
    pytest.param(
        lambda: generative.ConditionalGAN((8, 8, 3), 2, latent_size=2, width=2),
        marks=pytest.mark.wide,
    ),
]
LARGE = np.tile(FLOATS, (1, 2, 2, 1))


def compiled(make):
    model = make()
    model.compile(*([] if "GAN" in type(model).__name__ else ["sgd"]))
    return model


FORMS = {
    "arrays": lambda images: (images, LABELS),
    "dataset": lambda images: (tf.data.Dataset.from_tensor_slices((images, LABELS)).batch(4),),
    "PyDataset": lambda images: (Batches(images),),
    "generator": lambda images: (iter_of(images),),
}


def iter_of(images):
    yield images, LABELS


@pytest.mark.wide_but("dataset-<lambda>0", "PyDataset-<lambda>0")
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("form", FORMS)
def test_generators_refuse_images_before_a_step(form, make):
    """Arrays were checked; of a dataset the first batch was learned from, and then refused."""
    model = compiled(make)
    before = [weight.numpy() for weight in model.trainable_weights]
    no_number = np.where(LARGE[0, 0, 0, 0] == LARGE, np.nan, LARGE)
    small = r"x must fill value_range, \(0, 255\), received values from 0 to"
    for images, message in ((LARGE / 255, small), (no_number, "NaN or infinity")):
        with pytest.raises(ValueError, match=message):
            model.fit(*FORMS[form](images), shuffle=False, verbose=0)
    for one, other in zip(before, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(one, other.numpy())


def test_what_a_generator_takes_of_batches_and_to_encode():
    model = MAKERS[0]()
    with _synthesis.checked_batches(model, Batches(LARGE / 200)) as batches:
        assert len(batches) == 2
    with _synthesis.checked_batches(model, iter_of(LARGE // 128)) as batches:
        next(batches)
    assert model.encode(LARGE / 200).shape == (8, 2)
    assert model.encode(LARGE[:0]).shape == (0, 2)
    assert model.encode(np.where(LARGE == 255, 255.0001, LARGE)).shape == (8, 2)
    with pytest.raises(ValueError, match=r"received values from 0 to 255\.5"):
        model.encode(np.where(LARGE == 255, 255.5, LARGE))


def test_fit_takes_the_arguments_of_keras_by_position(monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", lambda self, *given, **named: (given, named))
    for make in (MAKERS[0], MAKERS[1].values[0]):
        for x, y in ((LARGE, LABELS), (Batches(LARGE), None)):
            given, named = make().fit(x, y, 4, 2, verbose=0)
            assert given[2:] == (4, 2)
            assert named == {"verbose": 0}
