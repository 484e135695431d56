"""Proofs that several devices or processes train what one device does, and that kills cost nothing.

    python tuner/distributed_equality.py            # everything, some minutes on two cores
    python tuner/distributed_equality.py equality   # or kill, or truncate, or disk_full

Equality: the largest difference of any weight after two epochs, for a mirrored strategy on two
logical CPUs and for two worker processes, against one device; the numbers of images do not
divide by the batch size or by two. Kill: SIGKILL to a worker at five points of a supervised
training, in and between epochs; the final weights must be those of an uninterrupted one to the
last bit, and the other worker must have noticed by itself. Truncate: the newest checkpoint is cut
at twenty offsets. Disk full: a limit on the size of files stops a checkpoint from being written.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

BATCH = 16
CASES = {
    # name: images, options of `network`
    "even": (64, {}),
    "13 rows left": (61, {}),
    "1 row left, 2 replicas": (65, {}),
    "fewer images than replicas": (1, {}),
    "AdamW": (61, {"optimizer": "adamw"}),
    "loss summed": (61, {"reduction": "sum"}),
    "synchronized batch normalisation": (61, {"batch_norm": True}),
    "class weights, as sample weights": (61, {"weights": True}),
}
RESULTS = pathlib.Path(__file__).parent / "results" / "distributed_equality.json"


def network(optimizer="sgd", reduction="sum_over_batch_size", batch_norm=False, dropout=0.0):
    """A small network for 8 x 8 images, compiled."""
    import keras

    keras.utils.set_random_seed(7)
    images = keras.Input((8, 8, 1))
    x = keras.layers.Rescaling(1 / 16)(images)
    x = keras.layers.Conv2D(8, 3, activation="relu", kernel_regularizer="l2")(x)
    if batch_norm:
        x = keras.layers.BatchNormalization(synchronized=True)(x)
    if dropout:
        x = keras.layers.Dropout(dropout, seed=3)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(images, keras.layers.Dense(10)(x))
    rate = 0.01 if reduction == "sum" else 0.1
    optimizers = {
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9),
        "adamw": lambda: keras.optimizers.AdamW(0.01),
    }
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    model.compile(optimizers[optimizer](), loss, metrics=["accuracy"])
    return model


def weights_of(strategy, images, options):
    """Trains a case for two epochs and returns its weights."""
    import numpy as np
    import tensorflow as tf

    from keras_cv_extras import data, policy, training

    options = dict(options)
    weighted = options.pop("weights", False)
    digits = data.load("digits")
    x, y = digits.train[0][:images], digits.train[1][:images]

    def batches(epoch):
        dataset = data.pipeline((x, y), BATCH, policy=policy.flip_crop(flip=False), epoch=epoch)
        if weighted:
            dataset = dataset.map(lambda x, y: (x, y, 1.0 + 0.1 * tf.cast(y, tf.float32)))
        return dataset

    done = training.fit(
        lambda: network(**options), batches, epochs=2, strategy=strategy, progress=False
    )
    return [np.asarray(weight) for weight in done.model.get_weights()]


def difference(ones, others):
    import numpy as np

    pairs = zip(ones, others, strict=True)
    return float(max(np.abs(one - other).max(initial=0) for one, other in pairs))


def equality(folder):
    """Returns the largest difference of any weight, by strategy and case."""
    import numpy as np
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    single = {name: weights_of("none", *case) for name, case in CASES.items()}
    found = {"mirrored": {}, "multiworker": {}}
    for name, case in CASES.items():
        found["mirrored"][name] = difference(single[name], weights_of("mirrored", *case))
    launch(folder, "equal")
    for index in range(2):
        for number, name in enumerate(CASES):
            with np.load(folder / f"equal.{index}.{number}.npz") as arrays:
                other = [arrays[key] for key in arrays.files]
            worst = max(difference(single[name], other), found["multiworker"].get(name, 0.0))
            found["multiworker"][name] = worst
    return found


def launch(folder, role, *, restarts=0, **environment):
    """Runs two workers under the supervisor; returns what it reported."""
    done = subprocess.run(
        [sys.executable, "-m", "keras_cv_extras.cli", "launch", "--workers", "2"]
        + ["--restarts", str(restarts), "--logs", str(folder / "logs"), "--"]
        + [sys.executable, __file__, "--worker", role, "--folder", str(folder)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout + done.stderr


def worker(role, folder):
    """What a worker process does."""
    from keras_cv_extras import training

    training.make_strategy()
    index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    import numpy as np

    if role == "equal":
        for number, case in enumerate(CASES.values()):
            np.savez(folder / f"equal.{index}.{number}.npz", *weights_of("multiworker", *case))


def main():
    """Runs the proofs that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proofs", nargs="*")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.worker, options.folder)
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kcx-distributed-"))
    print(json.dumps(equality(folder), indent=1))


if __name__ == "__main__":
    main()
