"""Mixes of this library and of others, on batches with rows of labels."""

# The peers are imported where they are used, and may be missing.
# pyright: reportMissingImports=false

import numpy as np

from keras_cv_extras.bench import _peers
from keras_cv_extras.bench._repeated import Repeated

_CLASSES = 10

#: The mixes that are measured, named as their functions.
MIXES = ("mixup", "cutmix", "fmix", "mosaic")


def own(name):
    """Returns a function of images and a number that mixes, for a mix of this library."""
    from keras_cv_extras import mix

    made = {"mixup": mix.MixUp(1.0), "cutmix": mix.CutMix(), "fmix": mix.FMix()}
    chosen = made[name] if name in made else mix.Mosaic()

    def function(images, number):
        labels = _labels(len(images))
        mixed, rows = chosen(images, labels, seed=1, epoch=number)
        return _first_of(mixed, rows)

    return function


def load(library, name, images):
    """Returns the mix of another library as a contestant, or None where it has none."""
    return {"keras": _keras, "torchvision": _torchvision, "kornia": _kornia}.get(
        library, lambda name, images: None
    )(name, images)


def _keras(name, images):
    import keras

    from keras_cv_extras.bench._contestants import Calls

    if name not in ("mixup", "cutmix"):
        return None
    layer = keras.layers.MixUp(1.0) if name == "mixup" else keras.layers.CutMix(1.0)

    def function(images, number):
        batch = {"images": images, "labels": _labels(len(images))}
        batch = layer(batch, training=True)
        return _first_of(batch["images"], batch["labels"])

    calls = Calls(lambda: function, images, 1)
    calls.version = keras.__version__
    return calls


def _torchvision(name, images):
    if name not in ("mixup", "cutmix"):
        return None
    torchvision = _peers.import_torchvision()
    import torch
    from torchvision.transforms import v2

    mix = v2.MixUp if name == "mixup" else v2.CutMix
    transform = mix(alpha=1.0, num_classes=_CLASSES)
    batch, labels = _tensors(images), torch.from_numpy(_labels(len(images)).argmax(-1))
    function = lambda batch: transform(batch, labels)  # noqa: E731
    return Repeated(function, [batch], len(images), torchvision.__version__)


def _kornia(name, images):
    import kornia
    import kornia.augmentation as k
    import torch

    if name not in ("mixup", "cutmix"):
        return None
    mix = k.RandomMixUpV2 if name == "mixup" else k.RandomCutMixV2
    transform = mix(data_keys=["input", "class"], p=1.0)
    batch, labels = _tensors(images), torch.from_numpy(_labels(len(images)).argmax(-1))
    function = lambda batch: transform(batch, labels)  # noqa: E731
    return Repeated(function, [batch], len(images), kornia.__version__)


def _tensors(images):
    import torch

    torch.set_num_threads(1)
    # They take floats; the conversion is not counted.
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255


def _labels(count):
    return np.eye(_CLASSES, dtype="float32")[np.arange(count) % _CLASSES]


def _first_of(images, rows):
    """The first value of images, which depends on labels, too, so that neither is left out."""
    from keras import ops

    return images[:1, :1, :1, :1] + ops.cast(ops.minimum(ops.min(rows), 0.0), images.dtype)
