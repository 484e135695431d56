"""The other libraries, each doing two random ops per image in the way that it is used.

Keras' layer runs in `tf.data` on batches, as the policies of this library do. The libraries that
work on one image at a time run in a loop over images that are already what they want (Pillow
images or arrays), and their results are not collected into batches or sent between processes:
all of that would come on top.
"""

# The peers are imported where they are used, and may be missing.
# pyright: reportMissingImports=false

import multiprocessing
import pathlib
import re
import sys
import time
from typing import Any

_images: Any = None  # what forked processes work on
_transform: Any = None


def tensorflow(cores):
    """Returns TensorFlow, limited to so many threads."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(cores)
    tf.config.threading.set_inter_op_parallelism_threads(cores)
    return tf


class Stream:
    """A `tf.data` pipeline of batches in memory: map, then prefetch.

    Args:
        make: returns the function of images and the batch's number.
        images: the batch.
        cores: how many batches are made at a time.
        version: the version of the library.
    """

    def __init__(self, make, images, cores, version):
        self.version = version
        tensorflow(cores)
        import keras  # noqa: F401  its import is no part of the first batch

        self._make, self._images, self._cores = make, images, cores

    def start(self):
        import tensorflow as tf

        batches = tf.data.Dataset.from_tensors(self._images).repeat()
        numbered = tf.data.Dataset.zip(batches, tf.data.Dataset.counter())
        options = tf.data.Options()
        options.threading.private_threadpool_size = self._cores
        dataset = numbered.map(self._make(), num_parallel_calls=self._cores).prefetch(1)
        self._iterator = iter(dataset.with_options(options))
        next(self._iterator)

    def measure(self, seconds):
        for _ in range(self._cores + 2):  # made before: by the calls in flight, and the prefetch
            next(self._iterator)
        count = 0
        begin = time.perf_counter()
        while True:
            next(self._iterator)
            count += len(self._images)
            taken = time.perf_counter() - begin
            if taken >= seconds:
                return count, taken


class Loop:
    """A function of one image, called in a Python loop; on several cores, in as many processes.

    Args:
        function: the function of one image.
        images: the images, in the form that it takes.
        cores: how many processes.
        version: the version of the library.
    """

    def __init__(self, function, images, cores, version):
        global _images, _transform
        self.version = version
        _images, _transform = images, function
        self._cores, self._pool = cores, None

    def start(self):
        if self._cores > 1:
            self._pool = multiprocessing.get_context("fork").Pool(self._cores)
        for image in _images:
            _transform(image)

    def measure(self, seconds):
        begin = time.perf_counter()
        if self._pool is None:
            counts = [_loop(seconds)]
        else:
            counts = self._pool.map(_loop, [seconds] * self._cores, chunksize=1)
        return sum(counts), time.perf_counter() - begin


def _loop(seconds):
    count = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for image in _images:
            _transform(image)
        count += len(_images)
    return count


def _keras(images, cores):
    tensorflow(cores)
    import keras

    def make():
        layer = keras.layers.RandAugment(value_range=(0, 255), num_ops=2, factor=0.5)
        return lambda images, number: layer(images, training=True)

    return Stream(make, images, cores, keras.__version__)


def _torchvision(images, cores):
    import torch
    from PIL import Image

    torch.set_num_threads(1)  # with several cores there are several processes
    torchvision = import_torchvision()
    from torchvision.transforms import v2

    function = v2.RandAugment(num_ops=2, magnitude=15, num_magnitude_bins=31)
    return Loop(function, [Image.fromarray(i) for i in images], cores, torchvision.__version__)


def import_torchvision():
    """Returns torchvision, also where its compiled ops do not load."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        # Its compiled ops (boxes, image files) do not load beside another build of torch, and
        # only their absence stops the import. Transforms of Pillow images do not need them.
        import torch

        failed = [name for name in sys.modules if name.partition(".")[0] == "torchvision"]
        for name in failed:
            del sys.modules[name]
        for path in map(pathlib.Path, sys.path):
            source = path / "torchvision" / "_meta_registrations.py"
            if source.is_file():
                text = source.read_text(encoding="utf-8")
                names = set(re.findall(r'torchvision::(\w+)|register_meta\("(\w+)"', text))
                for name in sorted({first or second for first, second in names}):
                    torch.library.define(f"torchvision::{name}", "(Tensor x) -> Tensor")
        import torchvision
    return torchvision


def _albumentations(images, cores):
    import albumentations
    import cv2

    cv2.setNumThreads(1)
    one = [
        albumentations.NoOp(p=1),
        albumentations.AutoContrast(p=1),
        albumentations.Equalize(p=1),
        albumentations.Affine(rotate=(-15, 15), interpolation=0, p=1),
        albumentations.Solarize(threshold_range=(0.5, 0.5), p=1),
        albumentations.ColorJitter(0, 0, (0.55, 1.45), 0, p=1),
        albumentations.Posterize(num_bits=6, p=1),
        albumentations.ColorJitter(0, (0.55, 1.45), 0, 0, p=1),
        albumentations.ColorJitter((0.55, 1.45), 0, 0, 0, p=1),
        albumentations.Sharpen(p=1),
        albumentations.Affine(shear={"x": (-8.5, 8.5), "y": 0}, interpolation=0, p=1),
        albumentations.Affine(shear={"x": 0, "y": (-8.5, 8.5)}, interpolation=0, p=1),
        albumentations.Affine(
            translate_percent={"x": (-0.225, 0.225), "y": 0}, interpolation=0, p=1
        ),
        albumentations.Affine(
            translate_percent={"x": 0, "y": (-0.225, 0.225)}, interpolation=0, p=1
        ),
    ]
    compose = albumentations.Compose([albumentations.OneOf(one, p=1)] * 2)
    version = albumentations.__version__
    return Loop(lambda image: compose(image=image), list(images), cores, version)


def _timm(images, cores):
    import torch

    torch.set_num_threads(1)
    import_torchvision()
    import timm
    from PIL import Image
    from timm.data.auto_augment import rand_augment_transform

    # Its defaults apply each of the two ops to half of the images only, and interpolate by
    # bilinear or bicubic filters, where this library takes the nearest pixel.
    options = {"interpolation": Image.Resampling.NEAREST}
    function = rand_augment_transform("rand-m5-n2-p1.0", options)
    return Loop(function, [Image.fromarray(i) for i in images], cores, timm.__version__)


LOADERS = {
    "keras": _keras,
    "torchvision": _torchvision,
    "albumentations": _albumentations,
    "timm": _timm,
}
