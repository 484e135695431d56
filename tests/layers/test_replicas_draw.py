"""On the replicas of a strategy, layers draw numbers of their own."""

import json

import keras
import numpy as np
import pytest

from keras_cv_extras._base import engine
from keras_cv_extras._base.seeds import SeedGenerator


def test_a_replica_has_seeds_of_its_own(monkeypatch):
    wanted = [keras.ops.convert_to_numpy(keras.random.SeedGenerator(5).next())] * 2
    found = []
    for number in (None, 0, 3):
        monkeypatch.setattr(engine, "replica", lambda number=number: number)
        generator = SeedGenerator(5)
        found.append(keras.ops.convert_to_numpy(generator.next()))
        assert keras.ops.convert_to_numpy(generator.state).tolist() == [5, 1]
    np.testing.assert_array_equal(found[:2], wanted)
    assert found[2].tolist() == [(5 + 3 * 0x9E3779B9) % 2**32, 0]
    assert found[2].dtype == wanted[1].dtype


# Two devices must be made before TensorFlow is used: a process of its own.
TWO_REPLICAS = """
import json
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from keras_cv_extras import layers

MADE = {
    "RandAugment": lambda: layers.RandAugment(seed=1),
    "CTAugment": lambda: layers.CTAugment(["rotate", "invert"], seed=1),
    "RandomRotate": lambda: layers.RandomRotate(strength=1.0, seed=1),
    "RandomCrop": lambda: layers.RandomCrop((8, 8), seed=1),
    "MixUp": lambda: layers.MixUp(num_classes=4, seed=1),
    "StochasticPooling2D": lambda: layers.StochasticPooling2D(seed=1),
    "S3Pooling2D": lambda: layers.S3Pooling2D(seed=1),
    "FractionalMaxPooling2D": lambda: layers.FractionalMaxPooling2D(
        1.4, pseudo_random=False, seed=1),
    "DropPath": lambda: layers.DropPath(0.5, seed=1),
    "DropBlock2D": lambda: layers.DropBlock2D(0.3, 3, seed=1),
    "StochasticDepth": lambda: layers.StochasticDepth(0.5, seed=1),
}
images = tf.constant(np.random.default_rng(0).uniform(0, 255, (64, 12, 12, 3)), tf.float32)
labels = tf.range(64) % 4

def call(layer):
    if isinstance(layer, layers.StochasticDepth):
        return layer([tf.zeros_like(images), images], training=True)
    if isinstance(layer, layers.MixUp):
        return layer(images, labels, training=True)[0]
    return layer(images, training=True)

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
found = {}
for name, make in MADE.items():
    one = call(make())
    with strategy.scope():
        layer = make()
        layer.build((None, 12, 12, 3)) if not layer.built and name != "StochasticDepth" else None
    steps = tf.function(lambda: strategy.run(call, args=(layer,)))
    drawn = [strategy.experimental_local_results(steps()) for _ in range(4)]
    found[name] = [
        bool(np.all(drawn[0][0] == one)),
        any(a.shape == b.shape and bool(np.any(a != b)) for a, b in drawn),
    ]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_two_replicas_draw_apart_in_plain_keras(python):
    found = json.loads(python(TWO_REPLICAS).splitlines()[-1])
    assert len(found) == 11
    for name, (as_one_device, apart) in found.items():
        assert as_one_device, name
        assert apart, name
