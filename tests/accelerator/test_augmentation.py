"""Ops, policies and mixes give the same on an accelerator as on a processor."""

import functools

import numpy as np
import pytest

from accelerator.devices import assert_same, products_as_they_come
from keras_cv_extras import augment, mix, policy
from keras_cv_extras.augment import OPS

POLICIES = {
    "rand_augment": policy.rand_augment(num_ops=2, strength=0.7),
    "trivial_augment": policy.trivial_augment(),
    "auto_augment": policy.auto_augment("cifar10"),
    "augmix_chain": policy.augmix_chain(),
    "flip_crop": policy.flip_crop(),
    "random": policy.Policy.random(5, 2, seed=3),
    "some_of": policy.some_of([policy.Step(n, 1.0, 0.6) for n in policy.RAND_AUGMENT_OPS[3::4]], 2),
}
MIXES = {
    "MixUp": mix.MixUp(1.0),
    "CutMix": mix.CutMix(),
    "FMix": mix.FMix(),
    "Mosaic": mix.Mosaic(),
    "SamplePairing": mix.SamplePairing(),
    "ReMix": mix.ReMix([50, 20, 5]),
    "BalancedMixUp": mix.BalancedMixUp(),
    "RandomMix": mix.RandomMix([mix.MixUp(), mix.CutMix(), mix.Mosaic()]),
}


@pytest.fixture(autouse=True)
def by_default():
    with products_as_they_come():
        yield


both_types = pytest.mark.parametrize("dtype", ["uint8", "float32"])


@both_types
@pytest.mark.parametrize("name", sorted(OPS))
def test_ops(name, dtype, batch, devices):
    """At every strength, on every image with random numbers of its own."""
    op, images = OPS[name], batch.astype(dtype)
    strengths, where = np.linspace(0, 1, len(batch)), np.linspace(0.05, 0.95, len(batch))
    values = [op.strength.value(s, 24, 20) for s in strengths] if op.has_strength else None
    partners = [images[::-1]] if op.takes_partner else []
    numbers = [
        np.asarray(number, "float32") if np.ndim(number) else number
        for number in op.numbers(values, where.astype("float32"), where[::-1].astype("float32"))
    ]
    function = getattr(augment, name)
    assert_same(lambda: function(images, *partners, *numbers), devices, name=name)


@both_types
@pytest.mark.parametrize("name", POLICIES)
def test_policies(name, dtype, batch, devices):
    images, samples = batch.astype(dtype), np.arange(len(batch))
    for epoch in range(3):
        call = functools.partial(POLICIES[name], images, seed=7, epoch=epoch, samples=samples)
        assert_same(call, devices, name=name)


@both_types
@pytest.mark.parametrize("name", MIXES)
def test_mixes(name, dtype, batch, devices):
    images, labels = batch.astype(dtype), np.arange(len(batch)) % 3
    for epoch in range(3):
        call = functools.partial(MIXES[name], images, labels, seed=7, epoch=epoch)
        assert_same(call, devices, name=name)
