"""No call compiles again for another seed, value, policy or epoch.

XLA compiles silently, so it is asked to write every program that it compiles to a folder. The
test must be able to see what it looks for: a slice whose start depends on data, the trap that
this guards against, has to be caught.
"""

import json

import pytest

SCRIPT = """
import glob, json, sys
import numpy as np
import tensorflow as tf
from keras_cv_extras import augment, policy
from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS

folder = sys.argv[1]
images = (np.arange(4 * 12 * 12 * 3) % 251).astype("uint8").reshape(4, 12, 12, 3)
compiled = lambda: len(glob.glob(folder + "/*before_optimizations.txt"))
grown = {}

def count(name, call):
    call(0)
    before = compiled()
    for seed in range(1, 20):
        call(seed)
    grown[name] = compiled() - before
    return before

def op(name):
    entry = OPS[name]
    def call(seed):
        strength = (seed * 7 % 20) / 20
        value = entry.strength.value(strength, 12, 12) if entry.has_strength else None
        partners = [images[::-1]] if entry.takes_partner else []
        getattr(augment, name)(images, *partners, *entry.numbers(value, strength, 0.2))
    return call

for name in OPS:
    first = count(name, op(name))
    assert first > 0, "nothing was compiled at all: the test sees nothing"

count("random policies", lambda seed: policy.Policy.random(5, 2, seed=seed)(images, seed=seed))
count("rand_augment", lambda seed: policy.rand_augment(2, seed / 20)(images, seed=seed, epoch=seed))
count("published", lambda seed: policy.auto_augment(["cifar10", "svhn", "imagenet"][seed % 3])(
    images, seed=seed, samples=np.arange(4) + seed))
joined = policy.flip_crop() + policy.trivial_augment()
count("joined", lambda seed: joined(images, seed=seed))

dataset = tf.data.Dataset.from_tensors(images).repeat(3).enumerate()
def epoch(seed):
    augment = policy.Policy.random(5, 2, seed=100 + seed)
    list(dataset.map(lambda step, batch: augment(batch, seed=seed, epoch=step)))
count("datasets", epoch)

with augment.execution("batch"):
    count("whole batches", lambda seed: policy.Policy.random(5, 2, seed=seed)(images, seed=seed))

sliced = engine.compiled(lambda images, start: tf.slice(images, [0, start, 0, 0], [4, 8, 12, 3]))
count("a data-dependent slice", lambda seed: sliced(images, tf.constant(seed % 4)))
print(json.dumps(grown))
"""


@pytest.mark.slow
def test_no_recompilation(python, tmp_path):
    # A program that is found in a cache is not written. Programs are counted, not timed: they need
    # not be fast.
    flags = f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text --xla_backend_optimization_level=0"
    flags = {"XLA_FLAGS": flags, "TF_XLA_FLAGS": ""}
    grown = json.loads(python(SCRIPT, tmp_path, environment=flags).splitlines()[-1])
    assert grown.pop("a data-dependent slice") > 0, "the test does not see compilations"
    assert set(grown.values()) == {0}, grown
