import gzip
import inspect
import sys
import types

import keras
import numpy as np
import pytest
from PIL import Image

from keras_cv_extras import data
from keras_cv_extras.data import _names, _sources
from keras_cv_extras.data.files import _folder


@pytest.fixture(scope="module")
def mnist():
    return data.load("mnist_5k")


def check(loaded, train, test, shape, num_classes):
    for (images, labels), count in ((loaded.train, train), (loaded.test, test)):
        assert images.shape == (count, *shape)
        assert images.dtype == np.uint8
        assert labels.shape == (count,)
        assert labels.dtype == np.int32
        assert np.unique(labels).tolist() == list(range(num_classes))
        assert images.min() == 0
        assert images.max() == 255
    assert len(loaded.class_names) == num_classes


def test_a_registered_source_is_loaded_as_it_was_asked_for(monkeypatch):
    given = {"image_size": (5, 6), "resize": "pad", "jpeg": "reduced", "channels": 1}
    given |= {"on_error": "raise", "test_fraction": 0.3, "seed": 7, "class_names": ["a"]}
    assert ["name", *given] == list(inspect.signature(data.load).parameters)
    monkeypatch.setattr(_sources.SOURCES, "_added", {})
    data.register("mine", lambda: "folder")
    loaded = data.ImageData((np.zeros(1), np.zeros(1)), None, ("a",), "folder")
    asked, load = [], _sources.load
    monkeypatch.setattr(
        _sources, "load", lambda *args, **kept: asked.append((args, kept)) or loaded
    )
    assert load("mine", **given).name == "mine"
    assert asked == [(("folder",), given)]


@pytest.mark.wide
def test_mnist_5k_is_halved_with_the_same_number_of_each_class(mnist):
    check(mnist, 2500, 2500, (28, 28, 1), 10)
    assert np.bincount(mnist.test[1]).tolist() == [250] * 10
    assert mnist.class_names == tuple("0123456789")
    assert repr(mnist) == (
        "ImageData('mnist_5k': 2500 training and 2500 test images of (28, 28, 1), 10 classes)"
    )
    both = np.concatenate([mnist.train[0], mnist.test[0]]).reshape(5000, -1)
    assert len(np.unique(both, axis=0)) == 5000


def test_labels_belong_to_their_images(mnist):
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(1).fit(mnist.train[0].reshape(2500, -1) / 255, mnist.train[1])
    assert model.score(mnist.test[0].reshape(2500, -1)[:300] / 255, mnist.test[1][:300]) > 0.88


def test_seed_and_test_fraction():
    first, again, other = (data.load("digits", test_fraction=0.25, seed=seed) for seed in (5, 5, 6))
    check(first, 1348, 449, (8, 8, 1), 10)
    np.testing.assert_array_equal(first.train[0], again.train[0])
    assert (first.train[0] != other.train[0]).any()


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_bundled_images_in_another_size_and_in_colour(resize):
    loaded = data.load("digits", image_size=(12, 20), resize=resize, channels=3)
    assert loaded.train[0].shape == (898, 12, 20, 3)
    np.testing.assert_array_equal(loaded.train[0][..., 0], loaded.train[0][..., 2])
    edges_are_black = not loaded.train[0][:, :, :4].any()
    assert edges_are_black == (resize == "pad")


def write_idx(path, values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


@pytest.fixture
def fashion_folder(tmp_path, monkeypatch):
    values = np.arange(2 * 5 * 28 * 28).reshape(10, 28, 28) % 256
    for part, rows in (("train", slice(0, 6)), ("t10k", slice(6, 10))):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", values[rows])
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", np.arange(10)[rows])
    monkeypatch.setattr(_sources, "_FASHION_FOLDER", tmp_path)
    return tmp_path, values


def test_fashion_mnist_from_idx_files(fashion_folder):
    _, values = fashion_folder
    loaded = data.load("fashion_mnist")
    np.testing.assert_array_equal(loaded.train[0][..., 0], values[:6])
    np.testing.assert_array_equal(loaded.test[0][..., 0], values[6:])
    assert loaded.test[1].tolist() == [6, 7, 8, 9]
    assert loaded.class_names[9] == "Ankle boot"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\0\x0d\1\0\0\0\1abcd", "not an IDX file"),
        (b"\0\0\x08\1\0\0\0\5abcd", "4 values"),
        (b"\0\0\x08\1\0\0\0\3abcd", "4 values"),
    ],
)
def test_damaged_idx_file(fashion_folder, content, message):
    path = fashion_folder[0] / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=f"{path.name}: {message}"):
        data.load("fashion_mnist")


@pytest.mark.skipif(
    not _sources._FASHION_FOLDER.is_dir(), reason="dataset-fashion-mnist is not installed"
)
def test_fashion_mnist_of_the_system():
    loaded = data.load("fashion_mnist")
    check(loaded, 60_000, 10_000, (28, 28, 1), 10)
    assert np.bincount(loaded.train[1]).tolist() == [6000] * 10


def test_fashion_mnist_without_the_files_is_that_of_keras(tmp_path, monkeypatch, mnist):
    part = mnist.train[0][:20, ..., 0], mnist.train[1][:20].astype(np.uint8)
    monkeypatch.setattr(_sources, "_FASHION_FOLDER", tmp_path / "missing")
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", lambda: (part, part))
    loaded = data.load("fashion_mnist")
    np.testing.assert_array_equal(loaded.train[0][..., 0], part[0])
    assert loaded.class_names == _names.FASHION


def test_keras_set_with_labels_in_a_column(monkeypatch):
    images = np.arange(4 * 32 * 32 * 3, dtype=np.uint8).reshape(4, 32, 32, 3)
    part = images, np.array([[3], [1], [0], [9]], np.uint8)
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: (part, part))
    loaded = data.load("keras:cifar10", channels=1)
    assert loaded.train[0].shape == (4, 32, 32, 1)
    assert loaded.train[1].tolist() == [3, 1, 0, 9]
    assert loaded.class_names[9] == "truck"
    grey = np.asarray(Image.fromarray(images[0]).convert("L"))
    np.testing.assert_array_equal(loaded.train[0][0, ..., 0], grey)


def test_names_of_cifar100_are_a_hundred_in_alphabetical_order():
    assert len(set(_names.CIFAR100)) == 100
    assert sorted(_names.CIFAR100) == list(_names.CIFAR100)


class FakeBuilder:
    """Answers as a builder of tensorflow_datasets does, with images of the given shape."""

    def __init__(self, splits, shape, sizes):
        feature = types.SimpleNamespace(shape=shape)
        label = types.SimpleNamespace(names=["cat", "dog"])
        self.info = types.SimpleNamespace(
            splits={name: types.SimpleNamespace(num_examples=n) for name, n in splits.items()},
            features={"image": feature, "label": label},
        )
        self.sizes = sizes

    def download_and_prepare(self):
        pass

    def as_dataset(self, split, shuffle_files):
        for row in range(self.info.splits[split].num_examples):
            size = self.sizes[row % len(self.sizes)]
            yield {"image": np.full((*size, 3), row, np.uint8), "label": row % 2}


@pytest.fixture
def tfds(monkeypatch):
    def install(*arguments):
        module = types.ModuleType("tensorflow_datasets")
        module.builder = lambda name: FakeBuilder(*arguments)
        module.as_numpy = iter
        monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)

    return install


def test_tfds_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match="pip install tensorflow-datasets"):
        data.load("tfds:rock_paper_scissors")


def test_tfds_with_a_test_part(tfds):
    tfds({"train": 6, "validation": 4}, (9, 7, 3), [(9, 7)])
    loaded = data.load("tfds:pets")
    assert loaded.train[0].shape == (6, 9, 7, 3)
    assert loaded.test[0][:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert loaded.test[1].tolist() == [0, 1, 0, 1]
    assert loaded.class_names == ("cat", "dog")
    tfds({"train": 6, "validation": 4, "test": 2}, (9, 7, 3), [(9, 7)])
    assert len(data.load("tfds:pets").test[1]) == 2


def test_tfds_of_several_sizes_without_a_test_part(tfds):
    tfds({"train": 20}, (None, None, 3), [(9, 7), (30, 40)])
    loaded = data.load("tfds:pets", image_size=8)
    assert loaded.train[0].shape == (16, 8, 8, 3)
    assert loaded.test[0].shape == (4, 8, 8, 3)
    with pytest.raises(ValueError, match="differ in size: give image_size"):
        data.load("tfds:pets")


def test_tfds_without_a_training_part(tfds):
    tfds({"test": 20}, (8, 8, 3), [(8, 8)])
    with pytest.raises(ValueError, match=r"a split 'train'.*received the splits \['test'\]"):
        data.load("tfds:pets")


def test_too_many_bytes_for_memory(monkeypatch):
    monkeypatch.setattr(_folder, "MOST_BYTES", 1 << 30)
    with pytest.raises(ValueError, match=r"GiB.*pass an unbatched tf.data.Dataset"):
        data.load("digits", image_size=1000)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("minst", ValueError, "known are mnist_5k, digits.*path of a folder"),
        ("keras:imagenet", ValueError, "known are keras:mnist"),
        ("no/such/folder", FileNotFoundError, "no such folder"),
        ("", TypeError, "name or the path"),
        (5, TypeError, "name or the path"),
        (None, TypeError, "name or the path"),
    ],
)
def test_unknown_name(name, error, message):
    with pytest.raises(error, match=message):
        data.load(name)


def test_a_folder_with_the_name_of_a_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        path = tmp_path / "digits" / "ab"[number % 2] / f"{number}.PNG"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 60 * number, "uint8")).save(path)
    with pytest.warns(UserWarning, match="as the set of this name, not as the folder.*'./digits'"):
        assert len(data.load("digits").class_names) == 10
    assert data.load("./digits").class_names == ("a", "b")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"image_size": 0}, ValueError, "image_size must be at least 1"),
        ({"image_size": (3, 4, 3)}, ValueError, "image_size must be"),
        ({"image_size": 28.0}, TypeError, "image_size must be an integer"),
        ({"resize": "squash"}, ValueError, "resize must be one of 'crop'"),
        ({"channels": 4}, ValueError, "channels must be one of None, 1, 3"),
        ({"on_error": "ignore"}, ValueError, "on_error must be one of 'skip'"),
        ({"test_fraction": 0}, ValueError, "test_fraction must be above 0"),
        ({"test_fraction": 1.0}, ValueError, "test_fraction must be above 0"),
        ({"test_fraction": "half"}, TypeError, "test_fraction must be a number"),
        ({"seed": None}, TypeError, "seed must be an integer"),
    ],
)
def test_wrong_options(options, error, message):
    with pytest.raises(error, match=message):
        data.load("digits", **options)


def test_test_fraction_of_a_set_with_a_test_part(fashion_folder):
    with pytest.raises(ValueError, match="has a test part of its own"):
        data.load("fashion_mnist", test_fraction=0.5)
