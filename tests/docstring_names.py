"""What the examples of docstrings speak of: images, labels, a model, a folder of files."""

import builtins
import importlib
import pathlib
import re

import keras
import numpy as np
from PIL import Image
from sklearn.decomposition import PCA

import keras_cv_extras as kcx

LIBRARIES = {"np": "numpy", "tf": "tensorflow", "kcx": "keras_cv_extras"}
LIBRARIES |= {name: name for name in ("keras", "keras_cv_extras", "pathlib")}
COUNTS = [13, 13, 12, 11, 10, 9, 8, 7, 7, 6]
# Two lines of the log of a search of Population Based Augmentation, over 160 epochs.
PBA = f"['9', '10', 80, 80, {[0] * 60}, {[3] * 60}]\n['7', '9', 160, 160, {[3] * 60}, {[0] * 60}]\n"


def photographs(size=32, channels=3):
    """Returns 96 images, parts of one photograph."""
    from skimage import data

    large = data.astronaut()[..., :channels]
    return np.stack([large[4 * i : 4 * i + size, 4 * i : 4 * i + size] for i in range(96)])


def classifier(names, size=32):
    """Returns a small network of ten classes, compiled."""
    model = kcx.training.small_cnn((size, size, 3), 10, width=8)
    kcx.training.compile_model(model)
    return model


def floats(*shape):
    """Returns random numbers in [0, 1)."""
    return np.random.default_rng(0).random(shape, "float32")


def cells(names):
    """Returns maps of the rank that a pooling layer of the example takes."""
    rank = int(re.search(r"([123])D$", names.example)[1])
    return floats(2, *[16] * rank, 4)


def scores(names):
    """Returns an output of a functional model for its `images`."""
    return keras.layers.Dense(10)(keras.layers.Flatten()(names["images"]))


def embedder(names):
    """Returns a network whose outputs are no classes but 128 numbers of length one."""
    layers = [keras.layers.Flatten(), keras.layers.Dense(128), keras.layers.UnitNormalization()]
    return keras.Sequential([keras.Input((32, 32, 3)), *layers])


def descriptors(names):
    """Returns dense SIFT of a few images."""
    return kcx.classical.DenseSIFT().fit_transform(names["images"][:10])


def saved(names):
    """Saves a network of 100 classes; returns where."""
    kcx.models.build("resnet18", (32, 32, 3), 100).save_weights("resnet18.weights.h5")
    return "resnet18.weights.h5"


def trained(names):
    """Trains a network on digits as `kcx train` does; returns the folder."""
    settings = kcx.training.TrainingSettings(epochs=1)
    kcx.training.train("digits", "trained", settings, progress=False)
    return pathlib.Path("trained")


def confident(names):
    """Returns a network whose logits are large, as they are after a long training."""
    return keras.Sequential([names["classifier"], keras.layers.Rescaling(30.0)])


def partly_right(names):
    """Returns labels, two thirds of which are what the model says."""
    said = names["model"].predict(names["images"], verbose=0).argmax(axis=-1)
    return np.where(np.arange(len(said)) % 3 == 0, (said + 1) % 10, said)


def dataset(names):
    """Returns images and labels one by one, or in batches."""
    import tensorflow as tf

    made = tf.data.Dataset.from_tensor_slices((names["images"], names["labels"]))
    return made.batch(32) if "_epoch" in names.places else made


GIVEN = {
    "PCA": lambda names: PCA,
    "anchors": lambda names: floats(10, 8),
    "another": lambda names: kcx.policy.rand_augment(num_ops=2, strength=0.2),
    "autoencoder": lambda names: keras.Sequential([keras.layers.Conv2D(3, 3, padding="same")]),
    "backbone": lambda names: [keras.layers.Flatten(), keras.layers.Dense(10)],
    "build_model": lambda names: lambda: kcx.training.small_cnn((32, 32, 3), 10, width=8),
    "classes": lambda names: np.arange(10),
    "classifier": classifier,
    "_logit_adjustment:classifier": lambda names: kcx.training.small_cnn((32, 32, 3), 3),
    "codes": lambda names: kcx.classical.LLC(num_words=8).fit_transform(names["descriptors"]),
    "counts": lambda names: COUNTS,
    "_clock:data": lambda names: (names["images"], names["labels"]),
    "serving:data": lambda names: kcx.data.ImageData(
        (names["images"], names["labels"]),
        (names["images"][::2] // 2, names["labels"][::2]),
        tuple(f"class {number}" for number in range(10)),
        "photographs",
    ),
    "dataset": dataset,
    "descriptors": descriptors,
    "encoder": embedder,
    "features": lambda names: floats(4, 8, 8, 16),
    "generative:features": lambda names: floats(96, 4, 4, 16),
    "_cosine:features": lambda names: keras.layers.Flatten()(names["images"]),
    "images": lambda names: photographs(),
    "classical:images": lambda names: photographs()[..., 0],
    "_cosine:images": lambda names: keras.Input((32, 32, 3)),
    "_resampling:rows": lambda names: names["images"].reshape(96, -1)[:, :50] / 255,
    "_thresholds:probabilities": lambda names: np.eye(10)[names["labels"]] / 2 + 0.05,
    "_imbalance:inputs": lambda names: keras.Input((32, 32, 3)),
    "_imbalance:features": lambda names: keras.layers.Flatten()(names["inputs"]),
    "_auxiliary:images": lambda names: keras.Input((32, 32, 3)),
    "image": lambda names: photographs()[0],
    "parts:images": lambda names: photographs().astype("float32"),
    "_ctaugment:images": lambda names: photographs().astype("float32") / 255,
    "_ctaugment:layer": lambda names: kcx.layers.CTAugment(value_range=(0, 1), seed=1),
    "labels": lambda names: np.repeat(np.arange(10, dtype="int32"), COUNTS),
    "_calibration:labels": partly_right,
    "_pairs:labels": lambda names: np.eye(10, dtype="float32"),
    "labeled_images": lambda names: names["images"],
    "logits": scores,
    "first": scores,
    "second": scores,
    "loss": lambda names: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "made": lambda names: names["x"][::-1],
    "model": classifier,
    "_calibration:model": confident,
    "_image_files:model": lambda names: classifier(names, 224),
    "inference:names": lambda names: [f"class {number}" for number in range(10)],
    "ops": lambda names: ["rotate", "invert", "color"],
    "output": trained,
    "path": saved,
    "policy": lambda names: kcx.policy.rand_augment(num_ops=1, strength=0.5),
    "_model_garden:policy": lambda names: kcx.policy.from_model_garden("v0"),
    "positives": lambda names: floats(10, 8),
    "predicted_boxes": lambda names: np.array([[0.0, 0.0, 1.0, 1.0]]),
    "residual": lambda names: floats(4, 8, 8, 16),
    "shortcut": lambda names: floats(4, 8, 8, 16),
    "targets": lambda names: names["labels"],
    "test_images": lambda names: names["images"],
    "test_labels": lambda names: names["labels"],
    "train": lambda names: (names["images"], names["labels"]),
    "_ctaugment:train": lambda names: names["dataset"].batch(32),
    "losses:train": lambda names: names["dataset"].batch(32),
    "training:train": lambda names: names["dataset"].batch(32),
    "_train:train": lambda names: kcx.training.train,
    "_strategy:train": lambda names: kcx.data.pipeline(
        (photographs(28, 1), names["labels"]), 32, seed=0
    ),
    "trainer": lambda names: kcx.search.Trainer(
        names["build_model"], names["train"], epochs=2, batch_size=32
    ),
    "transform": lambda names: names["albumentations"].Rotate(limit=20),
    "true_boxes": lambda names: np.array([[0.1, 0.1, 0.9, 1.0]]),
    "validation": lambda names: (names["images"], names["labels"]),
    "x": lambda names: names["images"],
    "generative:x": lambda names: photographs(28, 1),
    "pooling:x": cells,
    "models:x": lambda names: keras.Input((32, 32, 16)),
    "_auxiliary:x": lambda names: photographs(),
    "x_train": lambda names: names["x"],
    "y": lambda names: names["labels"],
    "y_train": lambda names: names["labels"],
}


class Names(dict):
    """What an example may use; a value is made when it is first asked for.

    These are what a reader has (`GIVEN`), libraries, and public names: those of the example's own
    subpackage first, as `layers.MixUp` and `mix.MixUp` are two things.
    """

    def __init__(self, module, example):
        super().__init__(__name__="__main__")
        self.places, self.example = module.split("."), example

    def copy(self):
        """Returns itself, as it looks names up."""
        return self

    def __missing__(self, name):
        for key in (*(f"{place}:{name}" for place in reversed(self.places)), name):
            if key in GIVEN:
                self[name] = GIVEN[key](self)
                return self[name]
        if name in LIBRARIES:
            return importlib.import_module(LIBRARIES[name])
        if hasattr(builtins, name):
            raise KeyError(name)
        own = importlib.import_module(".".join(("keras_cv_extras", *self.places)))
        if self.places[0] == "compat" and hasattr(own, name):  # an old name, and another's here
            return getattr(own, name)
        for part in (self.places[0], *kcx.__all__):
            if name in getattr(getattr(kcx, part), "__all__", ()):
                return getattr(getattr(kcx, part), name)
        if name in kcx.__all__:
            return getattr(kcx, name)
        if hasattr(own, name):
            return getattr(own, name)
        raise KeyError(name)


def write_files():
    """Writes the files that examples read: images, a table of them, and the log of a search."""
    for number, image in enumerate(photographs(40)):
        path = pathlib.Path("photographs", ("cat", "dog")[number % 2], f"{number // 2}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    pathlib.Path("photographs", "cat", "7.jpg").write_bytes(b"")
    rows = [f"photographs/{('cat', 'dog')[n % 2]}/{n // 2}.jpg,{n % 2}|{n % 3}" for n in range(14)]
    pathlib.Path("labels.csv").write_text("\n".join(["photo,tags", *rows]))
    pathlib.Path("rsvhn_16_wrn.txt").write_text(PBA)
