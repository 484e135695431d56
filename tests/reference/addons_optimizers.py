"""Makes addons_optimizers.npz: 20 steps of the optimizers of TensorFlow Addons 0.23.0.

TensorFlow Addons cannot be imported beside Keras 3, so it runs in an environment of its own, with
Python 3.11, and its results are kept here:

    python3.11 -m venv addons
    addons/bin/pip install tensorflow==2.15.1 tensorflow-addons==0.23.0 "numpy<2"
    addons/bin/python tests/reference/addons_optimizers.py

`start/<n>` and `gradients/<n>` are the weights that all begin with and their 20 gradients. A case
is stored as `<case>/<n>` (each weight after every step), `<case>/average/<n>` where the optimizer
keeps averages, and, as text, `<case>/class` and `<case>/options`; `inner` of the options is the
optimizer inside, and `decay` the arguments of an ExponentialDecay. Schedules are stored as
`<case>/values`, at the steps 0 to 99.
"""

import json
import pathlib

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

STEPS = 20
INNER = {
    "SGD": lambda: tf.keras.optimizers.legacy.SGD(0.1, momentum=0.9),
    "Adam": lambda: tf.keras.optimizers.legacy.Adam(0.01),
    "RectifiedAdam": lambda: tfa.optimizers.RectifiedAdam(0.05),
}
OPTIMIZERS = [
    ("RectifiedAdam", {"learning_rate": 0.05}),
    ("RectifiedAdam", {"learning_rate": 0.05, "beta_2": 0.9, "weight_decay": 0.01}),
    ("RectifiedAdam", {"learning_rate": 0.05, "amsgrad": True, "sma_threshold": 6.5}),
    (
        "RectifiedAdam",
        {
            "learning_rate": 0.05,
            "beta_2": 0.95,
            "total_steps": 15,
            "warmup_proportion": 0.3,
            "min_lr": 0.002,
            "weight_decay": 0.1,
        },
    ),
    ("AdaBelief", {"learning_rate": 0.02}),
    ("AdaBelief", {"learning_rate": 0.02, "rectify": False, "amsgrad": True}),
    ("AdaBelief", {"learning_rate": 0.02, "epsilon": 1e-8, "weight_decay": 0.05, "beta_2": 0.9}),
    ("Yogi", {}),
    ("Yogi", {"beta1": 0.0, "activation": "tanh"}),
    ("Yogi", {"learning_rate": 0.05, "l1_regularization_strength": 0.1}),
    ("Yogi", {"learning_rate": 0.05, "l2_regularization_strength": 0.1}),
    ("NovoGrad", {"learning_rate": 0.02}),
    ("NovoGrad", {"learning_rate": 0.02, "beta_2": 0.98, "weight_decay": 0.01}),
    ("NovoGrad", {"learning_rate": 0.02, "grad_averaging": True, "amsgrad": True}),
    ("LAMB", {"learning_rate": 0.02}),
    ("LAMB", {"learning_rate": 0.02, "weight_decay": 0.1}),
    (
        "LAMB",
        {
            "learning_rate": 0.02,
            "weight_decay": 0.1,
            "exclude_from_weight_decay": ["bias"],
            "exclude_from_layer_adaptation": ["kernel"],
        },
    ),
    ("COCOB", {}),
    ("COCOB", {"alpha": 5.0}),
    ("Lookahead", {"inner": "SGD"}),
    ("Lookahead", {"inner": "Adam", "sync_period": 4, "slow_step_size": 0.3}),
    ("Lookahead", {"inner": "RectifiedAdam", "sync_period": 5}),
    ("MovingAverage", {"inner": "SGD", "average_decay": 0.9}),
    ("MovingAverage", {"inner": "Adam", "dynamic_decay": True, "start_step": 3}),
    ("MovingAverage", {"inner": "SGD", "num_updates": 2}),
    ("SWA", {"inner": "SGD", "start_averaging": 4, "average_period": 3}),
    ("SWA", {"inner": "Adam", "average_period": 1}),
    ("AdamW", {"weight_decay": 0.01, "learning_rate": 0.02}),
    ("AdamW", {"weight_decay": 0.01, "learning_rate": {"decay": [0.05, 4, 0.5]}}),
    ("AdamW", {"weight_decay": {"decay": [0.1, 3, 0.7]}, "exclude_from_weight_decay": ["bias"]}),
    ("SGDW", {"weight_decay": 0.01, "learning_rate": {"decay": [0.1, 4, 0.5]}, "momentum": 0.9}),
    ("SGDW", {"weight_decay": 0.05, "nesterov": True, "momentum": 0.8}),
    ("ConditionalGradient", {"learning_rate": 0.9, "lambda_": 2.0}),
    ("ConditionalGradient", {"learning_rate": 0.95, "ord": "nuclear"}),
    ("ProximalAdagrad", {"learning_rate": 0.1}),
    (
        "ProximalAdagrad",
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.2,
        },
    ),
]
RATES = {"initial_learning_rate": 0.01, "maximal_learning_rate": 0.2, "step_size": 7}
SCHEDULES = [
    ("TriangularCyclicalLearningRate", RATES),
    ("Triangular2CyclicalLearningRate", RATES),
    ("ExponentialCyclicalLearningRate", {**RATES, "gamma": 0.97}),
    ("ExponentialCyclicalLearningRate", {**RATES, "gamma": 0.7, "scale_mode": "cycle"}),
]


def main():
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape).astype("float32") for shape in [(4, 3), (3,)]]
    gradients = [rng.normal(size=(STEPS, *s.shape)).astype("float32") for s in starts]
    out = {}
    for n, (start, gradient) in enumerate(zip(starts, gradients, strict=True)):
        out[f"start/{n}"], out[f"gradients/{n}"] = start, gradient
    for number, (name, options) in enumerate(OPTIMIZERS):
        case = f"{number:02}-{name}"
        out[f"{case}/class"], out[f"{case}/options"] = name, json.dumps(options)
        given = dict(options)
        inner = given.pop("inner", None)
        for option, value in given.items():
            if isinstance(value, dict):
                given[option] = tf.keras.optimizers.schedules.ExponentialDecay(*value["decay"])
        arguments = [INNER[inner]()] if inner else []
        optimizer = getattr(tfa.optimizers, name)(*arguments, **given)
        variables = [
            tf.Variable(start, name=label)
            for start, label in zip(starts, ("kernel", "bias"), strict=True)
        ]
        values, averages = [[] for _ in starts], [[] for _ in starts]
        for step in range(STEPS):
            optimizer.apply_gradients(zip([g[step] for g in gradients], variables, strict=True))
            for n, variable in enumerate(variables):
                values[n].append(variable.numpy())
                if name in ("MovingAverage", "SWA"):
                    averages[n].append(optimizer.get_slot(variable, "average").numpy())
        for n, found in enumerate(values):
            out[f"{case}/{n}"] = np.stack(found)
            if averages[n]:
                out[f"{case}/average/{n}"] = np.stack(averages[n])
    for number, (name, options) in enumerate(SCHEDULES):
        case = f"{number}-{name}"
        out[f"{case}/class"], out[f"{case}/options"] = name, json.dumps(options)
        schedule = getattr(tfa.optimizers, name)(**options)
        steps = tf.range(100, dtype=tf.float32)
        out[f"{case}/values"] = np.array([schedule(step).numpy() for step in steps])
    path = pathlib.Path(__file__).with_suffix(".npz")
    np.savez_compressed(path, **out)


if __name__ == "__main__":
    main()
