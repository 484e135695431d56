"""Pipelines from JPEG files to batches to train with: this library's, Keras', torch's, DALI's.

All do the same: read and decode, the centre brought to the size with antialiasing (Keras
without), or a random resized crop and a flip of half of the images; then RandAugment with two ops,
and mixup with rows for labels. Torch reads files as its `ImageFolder` does, with Pillow. DALI runs
on the processor. This library also runs with JPEG files decoded at a reduced size.
"""

# The peers are imported where they are used, and may be missing.
# pyright: reportMissingImports=false

import functools
import pathlib
import tempfile
import time
from typing import Any, NamedTuple

from keras_cv_extras import __version__
from keras_cv_extras.bench import _peers

NAMES = ("own", "own, reduced", "keras", "torch", "dali")
CROPS = ("center", "random-resized")
SIDE = 500  # the longer one of a file's image, as on average in ImageNet
_PARTS = 16  # files of one photograph
_LARGE, _LARGE_PARTS = 1500, 2  # where the longer side is longer: they take long to write
_TIMES = 20  # how often an epoch has each file


class Recipe(NamedTuple):
    """What all contestants do.

    Attributes:
        folder: where the files are, in one folder for each class.
        num_classes: how many these are.
        batch_size: images in a batch.
        size: height and width.
        crop: one of `CROPS`.
        cores: how many cores may be used.
    """

    folder: str
    num_classes: int
    batch_size: int
    size: int
    crop: str
    cores: int


def photograph_files(folder, side=SIDE) -> int:
    """Writes parts of photographs as JPEG files into class folders.

    The photographs are those that scikit-image and scikit-learn bring.

    Args:
        folder: where to.
        side: the longer side of each in pixels.

    Returns:
        The number of classes.
    """
    from PIL import Image
    from skimage import data
    from sklearn.datasets import load_sample_images

    photographs = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee")}
    names = ("china", "flower")
    photographs |= dict(zip(names, load_sample_images().images, strict=True))
    parts = _PARTS if side <= _LARGE else _LARGE_PARTS
    for name, pixels in photographs.items():
        place = pathlib.Path(folder, name)
        place.mkdir(parents=True)
        height, width = pixels.shape[:2]
        for number in range(parts):
            top, left = (height // 10) * (number % 4) // 3, (width // 10) * (number // 4) // 3
            part = pixels[top : top + height * 9 // 10, left : left + width * 9 // 10]
            image = Image.fromarray(part)
            scale = side / max(image.size)
            size = [round(length * scale) for length in image.size]
            image = image.resize(size, Image.Resampling.LANCZOS)
            image.save(place / f"{number:02d}.jpg", quality=90)
    return len(photographs)


def load(name, images, cores):
    """Returns a contestant, not started.

    Args:
        name: one of `NAMES`, then one of `CROPS`, then the longer side of the files' images, with
            ":" between them.
        images: a batch, of which only the shape counts.
        cores: how many cores it may use.
    """
    reduced = functools.partial(_own, jpeg="reduced")
    makers = {"own": _own, "own, reduced": reduced}
    makers |= {"keras": _keras, "torch": _torch, "dali": _dali}
    library, crop, side = name.split(":")
    if library not in makers:
        return None
    return Batches(makers[library], len(images), images.shape[1], crop, int(side), cores)


class Batches:
    """Something that can be iterated over for batches, again and again.

    Args:
        maker: returns that and a version, given a `Recipe`.
        batch_size: images in a batch.
        size: height and width.
        crop: one of `CROPS`.
        side: the longer side of the files' images in pixels.
        cores: how many cores it may use.
    """

    def __init__(self, maker, batch_size, size, crop, side, cores):
        self._folder = tempfile.TemporaryDirectory()
        num_classes = photograph_files(self._folder.name, side)
        recipe = Recipe(self._folder.name, num_classes, batch_size, size, crop, cores)
        self._batches, self.version = maker(recipe)
        self._given = iter(())

    def start(self):
        self._given = self._forever()
        next(self._given)

    def measure(self, seconds):
        for _ in range(3):  # made before: those that were begun ahead of their use
            next(self._given)
        count = 0
        begin = time.perf_counter()
        while True:
            count += next(self._given)
            taken = time.perf_counter() - begin
            if taken >= seconds:
                return count, taken

    def _forever(self):
        while True:
            for images, _ in self._batches:
                yield len(images)


def _own(recipe, jpeg="whole"):
    tf = _peers.tensorflow(recipe.cores)
    import numpy as np

    from keras_cv_extras import data, mix, policy

    chosen, crop = policy.rand_augment(2, 0.5), None
    if recipe.crop == "random-resized":
        crop = data.RandomResizedCrop()
        chosen = policy.Policy([[policy.Step("flip_horizontal", 0.5)]]) + chosen
    train = data.image_files(recipe.folder, recipe.size, crop=crop, jpeg=jpeg).train
    train = train.subset(np.tile(np.arange(len(train)), _TIMES))
    mixup = mix.MixUp(0.2, num_classes=recipe.num_classes)
    # One dataset of all epochs, as `training.fit` makes it: to begin one is not what is measured.
    dataset = data.pipeline(train, recipe.batch_size, chosen, mixup, num_epochs=1_000_000)
    return _with_threads(tf, dataset, recipe.cores), __version__


def _keras(recipe):
    tf = _peers.tensorflow(recipe.cores)
    import keras

    layers, size = keras.layers, recipe.size
    resize = layers.Resizing(size, size, crop_to_aspect_ratio=True)
    flip = layers.RandomFlip("horizontal")
    augment = layers.RandAugment(value_range=(0, 255), num_ops=2, factor=0.5)
    mixup = layers.MixUp(alpha=0.2)
    names, paths = _listed(recipe.folder)
    labels = [names.index(pathlib.Path(path).parent.name) for path in paths]

    def boxed(content):
        # Keras has no random resized crop; this is how TensorFlow's own examples crop.
        begin, extent, _ = tf.image.sample_distorted_bounding_box(
            tf.image.extract_jpeg_shape(content),
            tf.zeros((0, 0, 4)),
            aspect_ratio_range=(3 / 4, 4 / 3),
            area_range=(0.08, 1.0),
            use_image_if_no_bounding_boxes=True,
        )
        box = tf.concat([begin[:2], extent[:2]], axis=0)
        cut = tf.io.decode_and_crop_jpeg(content, box, channels=3)
        return tf.image.resize(cut, (size, size), antialias=True)

    def read(path, label):
        content = tf.io.read_file(path)
        if recipe.crop == "random-resized":
            image = boxed(content)
        else:
            image = resize(tf.io.decode_jpeg(content, 3))
        return image, tf.one_hot(label, recipe.num_classes)

    def change(images, labels):
        if recipe.crop == "random-resized":
            images = flip(images, training=True)
        images = augment(images, training=True)
        mixed = mixup({"images": images, "labels": labels}, training=True)
        return mixed["images"], mixed["labels"]

    dataset = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(len(paths))
    dataset = dataset.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(recipe.batch_size)
    dataset = dataset.map(change, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
    return _with_threads(tf, dataset, recipe.cores), keras.__version__


def _torch(recipe):
    import torch

    torch.set_num_threads(1)
    torchvision = _peers.import_torchvision()
    from torchvision.transforms import v2

    size, cores = recipe.size, recipe.cores
    crop = [v2.Resize(size), v2.CenterCrop(size)]
    if recipe.crop == "random-resized":
        crop = [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()]
    transform = v2.Compose(
        [
            *crop,
            v2.RandAugment(num_ops=2, magnitude=15, num_magnitude_bins=31),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )
    files = torchvision.datasets.ImageFolder(recipe.folder, transform)
    files.samples *= _TIMES
    mixup = v2.MixUp(alpha=0.2, num_classes=recipe.num_classes)

    def collate(rows):
        return mixup(*torch.utils.data.default_collate(rows))

    # On one core, a process beside the one that takes the batches would only be in its way.
    workers = {"num_workers": cores, "persistent_workers": True} if cores > 1 else {}
    loader = torch.utils.data.DataLoader(
        files, recipe.batch_size, shuffle=True, collate_fn=collate, **workers
    )
    return loader, f"{torch.__version__}, torchvision {torchvision.__version__}"


def _dali(recipe):
    import nvidia.dali as dali
    from nvidia.dali.auto_aug import rand_augment

    fn, types, size = dali.fn, dali.types, recipe.size

    def given():
        content, label = fn.readers.file(file_root=recipe.folder, random_shuffle=True)
        resizing = {"interp_type": types.INTERP_TRIANGULAR, "antialias": True}
        if recipe.crop == "random-resized":
            images = fn.decoders.image_random_crop(
                content, random_area=[0.08, 1.0], random_aspect_ratio=[3 / 4, 4 / 3]
            )
            images = fn.resize(images, size=(size, size), **resizing)
            images = fn.flip(images, horizontal=fn.random.coin_flip())
        else:
            images = fn.resize(fn.decoders.image(content), resize_shorter=size, **resizing)
            images = fn.crop(images, crop=(size, size))
        images = fn.cast(
            rand_augment.rand_augment(images, n=2, m=15, fill_value=0), dtype=types.FLOAT
        )
        labels = fn.one_hot(label, num_classes=recipe.num_classes)
        weight, order = fn.random.beta(alpha=0.2, beta=0.2), fn.batch_permutation()
        return tuple(
            rows * weight + fn.permute_batch(rows, indices=order) * (1.0 - weight)
            for rows in (images, labels)
        )

    make: Any = dali.pipeline_def(given, enable_conditionals=True)
    pipeline = make(batch_size=recipe.batch_size, num_threads=recipe.cores, device_id=None)
    pipeline.build()
    return iter(pipeline.run, None), dali.__version__


def _listed(folder):
    """The names of the classes, and the paths of all files as often as an epoch has them."""
    names = sorted(path.name for path in pathlib.Path(folder).iterdir())
    return names, [str(path) for path in sorted(pathlib.Path(folder).glob("*/*.jpg"))] * _TIMES


def _with_threads(tf, dataset, cores):
    options = tf.data.Options()
    options.threading.private_threadpool_size = cores
    return dataset.with_options(options)
