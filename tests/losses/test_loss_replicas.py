"""Losses that compare samples: two replicas must give what one device gives."""

import json

import pytest

from .cases import CASES, make

# Two logical devices must be made before anything runs: a process of its own.
REPLICAS = """
import json, sys
sys.path.insert(0, "tests/losses")
import numpy as np, tensorflow as tf, keras
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from cases import ACTIVATIONS, CASES, make
from keras_cv_extras import losses

names = json.loads(sys.argv[1])
x = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
labels = {name: CASES[name][1] for name in names}
for name, rows in labels.items():
    if rows.dtype == "int32":
        labels[name] = rows.astype("uint8")  # as data sets of small images have them

def train(strategy, gather):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        inputs, outputs = keras.Input((6,)), {}
        for name in names:
            shape = CASES[name][2].shape[1:]
            head = keras.layers.Dense(int(np.prod(shape)), ACTIVATIONS.get(name))(inputs)
            outputs[name] = keras.layers.Reshape(shape, name=name)(head)
        model = keras.Model(inputs, outputs)
        made = {name: make(name, gather_across_replicas=gather) for name in names}
        model.compile(keras.optimizers.SGD(0.05), loss=made, jit_compile=False)
    history = model.fit(x, labels, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    return history, [w.numpy() for w in model.trainable_variables[::2]]

two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
one = train(tf.distribute.get_strategy(), True)
gathered, apart = train(two, True), train(two, False)
for i, name in enumerate(names):
    wanted = one[0][name + "_loss"]
    np.testing.assert_allclose(gathered[0][name + "_loss"], wanted, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(gathered[1][i], one[1][i], rtol=1e-3, atol=1e-6, err_msg=name)
    # Without, they are other losses: the comparison above can fail.
    assert np.abs(apart[1][i] - one[1][i]).max() > 1e-4, name
    print(name)
"""


@pytest.mark.slow
def test_two_replicas_give_what_one_device_gives(python):
    coupled = [name for name in CASES if "gather_across_replicas" in make(name).get_config()]
    printed = python(REPLICAS, json.dumps(coupled)).split()
    assert printed == coupled
    assert len(coupled) == 8
