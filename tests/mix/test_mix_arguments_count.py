"""Every argument of a mix changes what the mix gives: none is taken and left unused."""

import dataclasses
import inspect

import keras
import numpy as np
import pytest

from keras_cv_extras import mix
from keras_cv_extras.mix import _masks

COUNT = 12
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 8, 8, 1)).astype("uint8")
LABELS = np.arange(COUNT) % 3
COUNTS = {"class_counts": (9.0, 5.0, 1.0)}
# What an argument is changed to.
OTHERS = {
    "alpha": 0.05,
    "balanced": False,
    "centre": (0.9, 1.0),
    "class_counts": (1.0, 5.0, 9.0),
    "decay": 0.5,
    "epoch": 1,
    "kappa": 30.0,
    "label_smoothing": 0.5,
    "mixes": (mix.MixUp(),),
    "num_classes": 4,
    "pool": mix.Pool(IMAGES[:3] // 2, np.arange(3)),
    "rate": 0.5,
    "schedule": mix.Schedule(10, warmup=1),
    "seed": 5,
    "tau": 1.0,
    "weight": 0.9,
    "weights": (1.0, 9.0),
    "x": 0.1,
    "y": 0.1,
}
BASES = {"ReMix": COUNTS, "label_smoothing": {"num_classes": 3}}
CLASSES = ("MixUp", "CutMix", "FMix", "Mosaic", "SamplePairing", "ReMix", "BalancedMixUp")
CLASSES += ("RandomMix",)
COMMON = {field.name for field in dataclasses.fields(mix.Mix)}
FIELDS = [
    (name, field.name)
    for name in CLASSES
    for field in dataclasses.fields(getattr(mix, name))
    if name == "MixUp" or field.name not in COMMON  # the same code for all
]


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """A mask's threshold after few steps: without compilation each of them takes long."""
    monkeypatch.setattr(_masks, "_HALVINGS", 7)


def seen(changed):
    return [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(changed)]


def differ(before, after):
    return any(
        one.shape != other.shape or (one != other).any()
        for one, other in zip(seen(before), seen(after), strict=True)
    )


@pytest.mark.parametrize(("name", "argument"), FIELDS, ids=map("-".join, FIELDS))
def test_an_argument_changes_what_a_mix_gives(name, argument):
    base = {**BASES.get(name, {}), **BASES.get(argument, {})}
    mixes = [getattr(mix, name)(**{**base, **own}) for own in ({}, {argument: OTHERS[argument]})]
    few = slice(2 if name == "FMix" else COUNT)
    before, after = (one(IMAGES[few], LABELS[few], seed=1, compile=False) for one in mixes)
    assert differ(before, after)


ORDER = np.arange(COUNT)
PLACES = {
    "usual": (ORDER, np.roll(ORDER, 1)),
    "fmix": (ORDER[:2], ORDER[1::-1]),
    "mosaic": tuple(np.stack([ORDER, ORDER, np.roll(ORDER, n)], axis=1) for n in (1, 2)),
}
FUNCTIONS = [
    (name, argument)
    for name in ("mixup", "cutmix", "fmix", "mosaic", "remix", "sample_pairing")
    for argument in inspect.signature(getattr(mix, name)).parameters
    if argument not in ("images", "labels", "compile")
]


@pytest.mark.parametrize(("name", "argument"), FUNCTIONS, ids=map("-".join, FUNCTIONS))
def test_an_argument_changes_what_a_function_gives(name, argument):
    function = getattr(mix, name)
    taken = inspect.signature(function).parameters
    few, places = 2 if name == "fmix" else COUNT, PLACES.get(name, PLACES["usual"])
    usual = {"labels": LABELS[:few], "partners": places[1] % few, "weight": 0.4, **COUNTS}
    base = {key: value for key, value in usual.items() if key in taken}
    others = {**OTHERS, "partners": places[0] % few, "samples": np.arange(few) + 100}
    before, after = (
        function(IMAGES[:few], **{**base, **own}, compile=False)
        for own in ({}, {argument: others[argument]})
    )
    assert differ(before, after)
