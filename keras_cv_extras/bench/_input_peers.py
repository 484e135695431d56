"""Pipelines from JPEG files to batches to train with: this library's, Keras', torch's.

All do the same: read and decode, the centre brought to the size with antialiasing (Keras
without), RandAugment with two ops, mixup with rows for labels. Torch reads files as its
`ImageFolder` does, with Pillow.
"""

# The peers are imported where they are used, and may be missing.
# pyright: reportMissingImports=false

import pathlib
import tempfile
import time

from keras_cv_extras import __version__
from keras_cv_extras.bench import _peers

NAMES = ("own", "keras", "torch")
_SIDE = 500  # the longer one of a file's image, as on average in ImageNet
_PARTS = 16  # files of one photograph
_TIMES = 20  # how often an epoch has each file: to begin an epoch is not what is measured


def photograph_files(folder) -> int:
    """Writes parts of photographs as JPEG files into class folders.

    The photographs are those that scikit-image and scikit-learn bring.

    Args:
        folder: where to.

    Returns:
        The number of classes.
    """
    from PIL import Image
    from skimage import data
    from sklearn.datasets import load_sample_images

    photographs = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee")}
    names = ("china", "flower")
    photographs |= dict(zip(names, load_sample_images().images, strict=True))
    for name, pixels in photographs.items():
        place = pathlib.Path(folder, name)
        place.mkdir(parents=True)
        height, width = pixels.shape[:2]
        for number in range(_PARTS):
            top, left = (height // 10) * (number % 4) // 3, (width // 10) * (number // 4) // 3
            part = pixels[top : top + height * 9 // 10, left : left + width * 9 // 10]
            image = Image.fromarray(part)
            scale = _SIDE / max(image.size)
            size = [round(side * scale) for side in image.size]
            image = image.resize(size, Image.Resampling.LANCZOS)
            image.save(place / f"{number:02d}.jpg", quality=90)
    return len(photographs)


def load(name, images, cores):
    """Returns a contestant, not started.

    Args:
        name: one of `NAMES`.
        images: a batch, of which only the shape counts.
        cores: how many cores it may use.
    """
    makers = {"own": _own, "keras": _keras, "torch": _torch}
    if name not in makers:
        return None
    return Batches(makers[name], len(images), images.shape[1], cores)


class Batches:
    """Something that can be iterated over for batches, again and again.

    Args:
        maker: returns that and a version, given folder, classes, batch size, size and cores.
        batch_size: images in a batch.
        size: height and width.
        cores: how many cores it may use.
    """

    def __init__(self, maker, batch_size, size, cores):
        self._folder = tempfile.TemporaryDirectory()
        num_classes = photograph_files(self._folder.name)
        self._batches, self.version = maker(self._folder.name, num_classes, batch_size, size, cores)
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


def _own(folder, num_classes, batch_size, size, cores):
    tf = _peers.tensorflow(cores)
    import numpy as np

    from keras_cv_extras import data, mix, policy

    train = data.image_files(folder, size).train
    train = train.subset(np.tile(np.arange(len(train)), _TIMES))
    dataset = data.pipeline(
        train, batch_size, policy.rand_augment(2, 0.5), mix.MixUp(0.2, num_classes=num_classes)
    )
    return _with_threads(tf, dataset, cores), __version__


def _keras(folder, num_classes, batch_size, size, cores):
    tf = _peers.tensorflow(cores)
    import keras

    layers = keras.layers
    resize = layers.Resizing(size, size, crop_to_aspect_ratio=True)
    augment = layers.RandAugment(value_range=(0, 255), num_ops=2, factor=0.5)
    mixup = layers.MixUp(alpha=0.2)
    names = sorted(path.name for path in pathlib.Path(folder).iterdir())
    paths = [str(path) for path in sorted(pathlib.Path(folder).glob("*/*.jpg"))] * _TIMES
    labels = [names.index(pathlib.Path(path).parent.name) for path in paths]

    def read(path, label):
        image = tf.io.decode_jpeg(tf.io.read_file(path), 3)
        return resize(image), tf.one_hot(label, num_classes)

    def change(images, labels):
        images = augment(images, training=True)
        mixed = mixup({"images": images, "labels": labels}, training=True)
        return mixed["images"], mixed["labels"]

    dataset = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(len(paths))
    dataset = dataset.map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size)
    dataset = dataset.map(change, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
    return _with_threads(tf, dataset, cores), keras.__version__


def _torch(folder, num_classes, batch_size, size, cores):
    import torch

    torch.set_num_threads(1)
    torchvision = _peers.import_torchvision()
    from torchvision.transforms import v2

    transform = v2.Compose(
        [
            v2.Resize(size),
            v2.CenterCrop(size),
            v2.RandAugment(num_ops=2, magnitude=15, num_magnitude_bins=31),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )
    files = torchvision.datasets.ImageFolder(folder, transform)
    files.samples *= _TIMES
    mixup = v2.MixUp(alpha=0.2, num_classes=num_classes)

    def collate(rows):
        return mixup(*torch.utils.data.default_collate(rows))

    # On one core, a process beside the one that takes the batches would only be in its way.
    workers = {"num_workers": cores, "persistent_workers": True} if cores > 1 else {}
    loader = torch.utils.data.DataLoader(
        files, batch_size, shuffle=True, collate_fn=collate, **workers
    )
    return loader, f"{torch.__version__}, torchvision {torchvision.__version__}"


def _with_threads(tf, dataset, cores):
    options = tf.data.Options()
    options.threading.private_threadpool_size = cores
    return dataset.with_options(options)
