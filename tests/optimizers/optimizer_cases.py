"""The cases that TensorFlow Addons computed, and the same optimizers here."""

import json
import pathlib
import warnings

import keras
import numpy as np

from keras_cv_extras import optimizers
from keras_cv_extras.compat import tensorflow_addons

REFERENCE = np.load(pathlib.Path(__file__).parent.parent / "reference" / "addons_optimizers.npz")
NAMES = sorted(key.removesuffix("/class") for key in REFERENCE.files if key.endswith("/class"))
SCHEDULES = [case for case in NAMES if f"{case}/values" in REFERENCE.files]
CASES = [case for case in NAMES if case not in SCHEDULES]
INNER = {
    "SGD": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "Adam": lambda: keras.optimizers.Adam(0.01),
    "RectifiedAdam": lambda: optimizers.RectifiedAdam(0.05),
}


def make(case):
    """Returns the optimizer or the schedule of a case."""
    options = json.loads(str(REFERENCE[f"{case}/options"]))
    inner = options.pop("inner", None)
    arguments = [INNER[inner]()] if inner else []
    for option, value in options.items():
        if isinstance(value, dict):
            options[option] = keras.optimizers.schedules.ExponentialDecay(*value["decay"])
    name = str(REFERENCE[f"{case}/class"])
    package = optimizers if hasattr(optimizers, name) else tensorflow_addons.optimizers
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "tensorflow_addons", FutureWarning)
        return getattr(package, name)(*arguments, **options)


def variables():
    """Returns the weights that every case begins with."""
    return [
        keras.Variable(REFERENCE[f"start/{n}"], name=name)
        for n, name in enumerate(("kernel", "bias"))
    ]


def run(case, optimizer=None, steps=range(20), weights=None):
    """Takes steps, and returns the weights after each of them, and the averages."""
    optimizer = optimizer or make(case)
    weights = weights or variables()
    gradients = [REFERENCE[f"gradients/{n}"] for n in range(2)]
    found, averages = ([], []), ([], [])
    for step in steps:
        optimizer.apply([keras.ops.convert_to_tensor(g[step]) for g in gradients], weights)
        for n, weight in enumerate(weights):
            found[n].append(keras.ops.convert_to_numpy(weight))
        if f"{case}/average/0" in REFERENCE.files:
            for n, average in enumerate(optimizer.averages(weights)):
                averages[n].append(keras.ops.convert_to_numpy(average))
    return {str(n): np.stack(value) for n, value in enumerate(found)} | {
        f"average/{n}": np.stack(value) for n, value in enumerate(averages) if value
    }


def difference(case, found, begin=0):
    """Returns the greatest difference from what Addons computed, from a step on."""
    return max(
        float(np.abs(value - wanted(case, name)[begin : begin + len(value)]).max())
        for name, value in found.items()
    )


def wanted(case, name):
    """Returns what Addons computed; an average of SWA is the weights before it begins."""
    value = REFERENCE[f"{case}/{name}"]
    options = json.loads(str(REFERENCE[f"{case}/options"]))
    if name.startswith("average") and "start_averaging" in options:
        begin = options["start_averaging"]
        value = value.copy()
        value[:begin] = REFERENCE[f"{case}/{name.removeprefix('average/')}"][:begin]
    return value
