"""Labelled images from bundled sets, published sets and folders, all in one form."""

import dataclasses
import gzip
import os
import pathlib
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from keras_cv_extras._base import checks, guard
from keras_cv_extras._base.saved.registry import SOURCES
from keras_cv_extras._base.text import caller
from keras_cv_extras.data._names import CIFAR10, CIFAR100, DIGITS, FASHION
from keras_cv_extras.data._records import are_records, read_records
from keras_cv_extras.data._register import is_folder_of_images, resolved
from keras_cv_extras.data._split import split
from keras_cv_extras.data.files import _decode, _folder, copies
from keras_cv_extras.data.files.table import _listing
from keras_cv_extras.data.files.table._table import table_of
from keras_cv_extras.data.packed._known import is_pack

_FASHION_FOLDER = pathlib.Path("/usr/share/datasets/fashion-mnist")  # Debian's package
_SETS = ("mnist_5k", "digits", "fashion_mnist")
_KERAS = {"mnist": DIGITS, "fashion_mnist": FASHION, "cifar10": CIFAR10, "cifar100": CIFAR100}


@dataclasses.dataclass(frozen=True, eq=False)
class ImageData:
    """Labelled images in memory: a training part and a test part.

    Attributes:
        train: `(images, labels)`: uint8 `(n, height, width, channels)` with 1 or 3 channels, and
            int32 `(n,)`, the numbers of the classes; or, of a table with several labels per image,
            float32 `(n, classes)` of 0 and 1.
        test: the same, of other images.
        class_names: the name of each class, by its number.
        name: of the set.
        files: of a folder the paths of the images' files, in their order: `{"train": (...),
            "test": (...)}`; else None.
        divided: whether it is a folder without a test part, some of whose images were set aside.
        decoding: of a folder, how its files were decoded: `{"resize": ..., "jpeg": ...}`; None
            for sets whose images are no files.
        packed: of a pack, the digests of the files that were packed, by part; else None.

    Example:
        >>> digits = load("digits")
        >>> images, labels = digits.train
        >>> digits.class_names[labels[0]]
    """

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    class_names: tuple[str, ...]
    name: str
    files: dict[str, tuple[str, ...]] | None = dataclasses.field(default=None, repr=False)
    divided: bool = False
    decoding: dict[str, str] | None = dataclasses.field(default=None, repr=False)
    packed: dict[str, np.ndarray] | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.test is not None:
            guard.mark_held_out(self.test[0], self.name)

    @property
    def multilabel(self) -> bool:
        """Whether an image may have several labels, so that labels are rows of 0 and 1."""
        return self.train[1].ndim == 2

    def check_one_label(self, where: str) -> "ImageData":
        """Returns the data; raises if images have several labels.

        Args:
            where: what takes one label per image, for the message.

        Raises:
            ValueError: if they do.
        """
        if self.multilabel:
            raise ValueError(
                f"{where} takes one label per image, those of {self.name} have several: kcx train "
                "takes them"
            )
        return self

    def __repr__(self) -> str:
        return (
            f"ImageData({self.name!r}: {len(self.train[1])} training and {len(self.test[1])} test "
            f"images of {self.train[0].shape[1:]}, {len(self.class_names)} classes)"
        )


def load(
    name: Any,
    *,
    image_size: int | tuple[int, int] | None = None,
    resize: str = "crop",
    jpeg: str = "whole",
    channels: int | None = None,
    on_error: str = "skip",
    test_fraction: float | None = None,
    seed: int = 0,
    class_names: Sequence[str] | None = None,
) -> ImageData:
    """Loads labelled images, all of one size, into memory.

    Args:
        name: where they are from:

            - "mnist_5k": 5,000 images of MNIST, 500 of each digit, 28 x 28, in the package itself.
            - "digits": 1,797 digits, 8 x 8, which scikit-learn brings.
            - "fashion_mnist": 70,000 images, 28 x 28, from the Debian package
              dataset-fashion-mnist if it is installed, else as "keras:fashion_mnist".
            - "keras:NAME": mnist, fashion_mnist, cifar10 or cifar100, downloaded once.
            - "tfds:NAME": a data set of tensorflow_datasets, which must be installed, with the
              features "image" and "label". A part "test" or else "validation" is the test part.
            - the path of a folder with one folder for each class, of JPEG, PNG, BMP, GIF and
              WEBP files, at any depth. Or that inside of train/ and test/ (training/, testing/, in
              any case; also test_set, "Train images" or val-split); with val/ (valid/, validation/,
              dev/) in place of test/ that is the test part; beside test/ it adds to the training
              part. Another folder with files beside these is an error. Images of other kinds, empty
              folders and images without labels are counted in one warning, copies of an image in
              both parts or in two classes in another; hidden files and those of systems are passed
              over. Files are turned upright by their EXIF tag; of an animation the first frame
              counts; transparency is laid over white; of 16 bits the high 8 are kept. Files of more
              than 64 million pixels are refused, as damaged ones are, and so are JPEG, GIF and WEBP
              files of more than 256 MiB. Or the folder of a `pack`.
            - a sequence of dictionaries with an "image", of Pillow or an array, and a "label", or a
              dictionary of such parts by their names (train, test): lists, or a data set of Hugging
              Face.
            - the path of a CSV file, a data frame or a `Table`, with a row for every image file.
            - the name of a source of your own, see `register`.
        image_size: `(height, width)`, or one number for both; None for the size that all have.
        resize: how to get there, with bilinear interpolation, antialiased: "crop" keeps the
            aspect ratio and cuts off what is outside the centre, "pad" keeps it and adds black
            borders, "stretch" does not keep it.
        jpeg: how JPEG files in a folder are decoded: "whole", or "reduced": those of four times
            `image_size` or more at a half, a quarter or an eighth, in a fraction of the time; edges
            come out sharper, by up to 15 of 255. `serving.export(data=...)` does as was
            done here.
        channels: 1 for grey, 3 for RGB, None for what the images have (in a folder, 3 if a file
            has colours).
        on_error: for damaged files in a folder: "skip" leaves them out with one warning that
            counts and names them, "raise" fails at the first. If more than half are damaged,
            both fail.
        test_fraction: the share of the images that is set aside for the test, in (0, 1), every
            class alike, where there is no test part. None for 0.5 with "mnist_5k" and "digits",
            else 0.2.
            Of a folder, each file's path below it says whether it is one of them: they stay when
            others come or go.
        seed: an integer, for which images these are.
        class_names: None, or the names of a folder's classes, by their numbers, as a model has
            them: the folder may then lack some, and one with another name is an error.

    Returns:
        The images, of at most 8 GiB in all.

    Raises:
        FileNotFoundError, NotADirectoryError: if there is no such folder or file.
        ImportError: if the set needs a package that is not installed.
        TypeError, ValueError: if an argument is not as above, the set has a test part and
            `test_fraction` is given, or the folder has no class folders, one class only, zero
            images, or too many that are damaged.

    Example:
        >>> digits = load("digits")
        >>> x, y = digits.train
    """
    if SOURCES.added(name):
        found = load(
            resolved(name),
            image_size=image_size,
            resize=resize,
            jpeg=jpeg,
            channels=channels,
            on_error=on_error,
            test_fraction=test_fraction,
            seed=seed,
            class_names=class_names,
        )
        return dataclasses.replace(found, name=name)
    size = _image_size(image_size)
    checks.one_of("resize", resize, _decode.RESIZES)
    checks.one_of("jpeg", jpeg, _decode.JPEGS)
    checks.one_of("channels", channels, (None, 1, 3))
    checks.one_of("on_error", on_error, ("skip", "raise"))
    checks.integer("seed", seed)
    if test_fraction is not None and not 0 < checks.number("test_fraction", test_fraction) < 1:
        raise ValueError(f"test_fraction must be above 0 and below 1, received {test_fraction!r}")
    options: dict[str, Any] = {"image_size": size, "resize": resize, "channels": channels}
    default = 0.2
    table = table_of(name)
    of_records = table is None and are_records(name)
    text = name if isinstance(name, str) and table is None else ""
    if text in _SETS and is_folder_of_images(name):
        caller.warn(
            f"{name!r} is read as the set of this name, not as the folder: that is './{name}'",
        )
    if text in ("mnist_5k", "digits"):
        default = 0.5
        train, test, names = _mnist_5k() if text == "mnist_5k" else _digits()
    elif text == "fashion_mnist":
        train, test, names = _fashion_mnist()
    elif text.startswith("keras:"):
        train, test, names = _keras(text.removeprefix("keras:"))
    elif text.startswith("tfds:"):
        train, test, names = _tfds(text.removeprefix("tfds:"), **options)
    elif of_records:
        same = options | {"resize": None if size is None else resize}
        train, test, names = read_records(name, **same)
        name = "records"
    else:
        if is_pack(name):
            return _packed(name, size, resize, jpeg, channels, test_fraction, class_names)
        if table is None:
            listed = _folder.listing(_as_folder(name), class_names)
        else:
            listed = _listing.listing(table, class_names)
        train, test, files, divided = _folder.read_files(
            listed,
            **options,
            jpeg=jpeg,
            on_error=on_error,
            test_fraction=test_fraction,
            seed=seed,
            known=class_names is not None,
        )
        decoding = {"resize": resize, "jpeg": jpeg}
        return ImageData(train, test, listed.class_names, listed.name, files, divided, decoding)
    if class_names is not None:
        raise ValueError(f"class_names are for folders: {name} has its own, leave them out")
    if test is not None and test_fraction is not None:
        raise ValueError(f"{name} has a test part of its own: leave test_fraction out")
    train = _fitted(train, **options)
    if test is None:
        share = default if test_fraction is None else float(test_fraction)
        train, test = split(*train, [1 - share, share], seed=seed)
    else:
        test = _fitted(test, **options)
    return ImageData(train, test, names, str(name))


def _packed(folder, size, resize, jpeg, channels, test_fraction, class_names):
    from keras_cv_extras.data.packed._open import load_packed, packed_files

    if test_fraction is not None:
        raise ValueError(f"{folder} was divided when it was packed: leave test_fraction out")
    options = {"class_names": class_names, "channels": channels, "resize": resize, "jpeg": jpeg}
    opened: Any = copies.tell_of_pack(folder, packed_files(folder, size, **options))
    train, test = load_packed(opened)
    paths = {"train": tuple(opened.train.paths), "test": tuple(opened.test.paths)}
    return ImageData(
        *(train, test, opened.class_names, opened.name, paths, opened.divided, opened.decoding),
        packed={"train": opened.train.digests, "test": opened.test.digests},
    )


def _mnist_5k():
    with np.load(pathlib.Path(__file__).with_name("mnist_5k.npz")) as arrays:
        return (arrays["images"], arrays["labels"]), None, DIGITS


def _digits():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = np.rint(images * (255 / 16))  # it counts from 0 to 16
    return (images.reshape(-1, 8, 8, 1), labels), None, DIGITS


def _fashion_mnist():
    folder = _FASHION_FOLDER
    if not folder.is_dir():
        return _keras("fashion_mnist")
    parts = [
        (
            _read_idx(folder / f"{part}-images-idx3-ubyte.gz")[..., None],
            _read_idx(folder / f"{part}-labels-idx1-ubyte.gz"),
        )
        for part in ("train", "t10k")
    ]
    return *parts, FASHION


def _read_idx(path):
    """Reads an array of the IDX format: 2 zero bytes, type, rank, big-endian lengths, values."""
    with gzip.open(path, "rb") as file:
        content: Any = file.read()
    zeros, kind, rank = struct.unpack_from(">HBB", content)
    if zeros != 0 or kind != 8:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    if values.size != np.prod(shape):
        raise ValueError(f"{path}: {values.size} values, where its header says {shape}")
    return values.reshape(shape)


def _keras(name):
    if name not in _KERAS:
        known = ", ".join(f"keras:{item}" for item in _KERAS)
        raise ValueError(f"unknown data set 'keras:{name}': known are {known}")
    import keras

    train, test = getattr(keras.datasets, name).load_data()
    return train, test, _KERAS[name]


def _tfds(name, *, image_size, resize, channels):
    try:
        import tensorflow_datasets as tfds  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            f"'tfds:{name}' needs the package tensorflow_datasets: pip install tensorflow-datasets"
        ) from error
    builder = tfds.builder(name)
    builder.download_and_prepare()
    splits, features = builder.info.splits, builder.info.features
    if "train" not in splits or not {"image", "label"} <= set(features):
        raise ValueError(
            f"'tfds:{name}' must have a split 'train' with the features 'image' and 'label', "
            f"received the splits {sorted(splits)} with {sorted(features)}"
        )
    height, width, depth = features["image"].shape
    size, depth = image_size or (height, width), channels or depth or 3
    if None in size:
        raise ValueError(f"the images of 'tfds:{name}' differ in size: give image_size")
    wanted = ["train", *[item for item in ("test", "validation") if item in splits][:1]]
    _folder.check_bytes(sum(splits[item].num_examples for item in wanted), size, depth)
    parts = []
    for item in wanted:
        count = splits[item].num_examples
        images, labels = np.empty((count, *size, depth), np.uint8), np.empty(count, np.int32)
        examples = tfds.as_numpy(builder.as_dataset(split=item, shuffle_files=False))
        with _folder.progress_bar(f"Reading {name} {item}", count) as advance:
            for place, example in enumerate(examples):
                images[place] = _fit_array(example["image"], size, resize, depth)
                labels[place] = example["label"]
                advance()
        parts.append((images, labels))
    train, test = parts if len(parts) == 2 else (parts[0], None)
    return train, test, tuple(features["label"].names)


def _as_folder(name):
    if not isinstance(name, (str, os.PathLike)) or not os.fspath(name):
        plain = isinstance(name, str | bytes | int | float | None)
        received = repr(name) if plain else f"an object of the type {type(name).__name__}"
        raise TypeError(
            f"name must be a name or the path of a folder or CSV file, a data frame or records, "
            f"received {received}; arrays are taken by data.pipeline and training.fit"
        )
    folder = pathlib.Path(os.path.expanduser(name))
    # A bare word that is no folder is more likely a name with a slip than a path.
    if isinstance(name, str) and len(folder.parts) == 1 and not folder.exists():
        known = [*_SETS, *(f"keras:{item}" for item in _KERAS)]
        raise ValueError(
            f"unknown data set {name!r}, and no folder here: known are {', '.join(known)}, "
            "tfds:NAME, and the path of a folder with one folder for each class, or of a CSV file"
        )
    return folder


def _fitted(part, *, image_size, resize, channels):
    images, labels = np.asarray(part[0]), np.asarray(part[1]).reshape(-1).astype(np.int32)
    images = (images[..., None] if images.ndim == 3 else images).astype(np.uint8, copy=False)
    size, channels = image_size or images.shape[1:3], channels or images.shape[3]
    if images.shape[1:] == (*size, channels):
        return images, labels
    _folder.check_bytes(len(images), size, channels)
    result = np.empty((len(images), *size, channels), np.uint8)
    with _folder.progress_bar("Resizing images", len(images)) as advance:
        for place, image in enumerate(images):
            result[place] = _fit_array(image, size, resize, channels)
            advance()
    return result, labels


def _fit_array(image, size, resize, channels):
    image = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return _decode.fit(image, size, resize, channels)


def _image_size(value):
    if value is None:
        return None
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"image_size must be (height, width) or one number, received {value!r}")
    return tuple(checks.integer("image_size", item, minimum=1) for item in pair)
