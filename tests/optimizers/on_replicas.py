"""Trains with each optimizer on one replica and on two, and prints how far weights differ."""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, "tests/optimizers")
from optimizer_cases import CASES, REFERENCE, make

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
rng = np.random.default_rng(0)
x = rng.normal(size=(16, 4)).astype("float32")
y = rng.normal(size=(16, 2)).astype("float32")


def weights(case, strategy):
    with strategy.scope():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        optimizer = make(case)
        model.compile(optimizer, "mse")
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    model.fit(data, epochs=2, verbose=0)
    found = model.get_weights()
    if hasattr(optimizer, "assign_average_vars"):
        optimizer.assign_average_vars(model.trainable_variables)
    return [*found, *model.get_weights()]


differences = {}
for case in CASES:
    name = str(REFERENCE[f"{case}/class"])
    if name not in differences:
        one = weights(case, tf.distribute.get_strategy())
        two = weights(case, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
        differences[name] = max(float(np.abs(a - b).max()) for a, b in zip(one, two, strict=True))
print(json.dumps(differences))
