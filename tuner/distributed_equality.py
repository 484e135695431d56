"""Proofs that several devices or processes train what one device does, and that kills cost nothing.

    python tuner/distributed_equality.py            # everything, some minutes on two cores
    python tuner/distributed_equality.py equality   # or kill, supervised, truncate

Equality: the largest difference of any weight after two epochs, and of any loss and score that is
reported, for a mirrored strategy on two logical CPUs and for two worker processes, against one
device; the numbers of images do not
divide by the batch size or by two. Kill: SIGKILL to a worker at five points of a training, in and
between epochs, then a restart of both; the final weights must be those of an uninterrupted one to
the last bit, and the other worker must have noticed by itself. Truncate: each file of the newest
checkpoint is cut at twenty offsets.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

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
    "a loss that compares samples": (64, {"compares": True}),
}
RESULTS = pathlib.Path(__file__).parent / "results" / "distributed_equality.json"


def network(
    optimizer="sgd", reduction="sum_over_batch_size", batch_norm=False, dropout=0.0, compares=False
):
    """A small network for 8 x 8 images, compiled."""
    import keras

    from keras_cv_extras import metrics

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
    if compares:
        from keras_cv_extras import losses

        loss = losses.SupCon(gather_across_replicas=True)
    kappa = metrics.CohenKappa(10, sparse_labels=True)
    scores = [] if compares else ["accuracy", kappa]
    model.compile(optimizers[optimizer](), loss, metrics=scores, weighted_metrics=scores[:1])
    return model


def weights_of(strategy, images, options):
    """Trains a case for two epochs; returns its weights, and the losses and scores of each."""
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
        if options.get("compares"):  # floats go into the loss as they are
            dataset = dataset.map(lambda x, y: (x, tf.cast(y, tf.float32)))
        return dataset

    done = training.fit(
        lambda: network(**options), batches, epochs=2, strategy=strategy, progress=False
    )
    scores = [np.array(done.history[name]) for name in sorted(done.history)]
    return [np.asarray(weight) for weight in done.model.get_weights()] + scores


def two_cpus():
    """Makes two devices of the CPU."""
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def difference(ones, others):
    """Returns the largest difference of any number in two lists of arrays."""
    import numpy as np

    pairs = zip(ones, others, strict=True)
    return float(max(np.abs(one - other).max(initial=0) for one, other in pairs))


def equality(folder):
    """Returns the largest difference of any weight or score, by strategy and case."""
    import numpy as np

    two_cpus()
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


# Who kills itself, and when: worker, epoch, batch; batch -1 is the epoch's end, when the chief
# is about to write the checkpoint, and -2 in the middle of writing it.
KILLS = {
    "worker, before any checkpoint": (1, 0, 1),
    "chief, first batch of an epoch": (0, 1, 0),
    "worker, in the middle of an epoch": (1, 1, 3),
    "worker, at the end of the last epoch": (1, 2, -1),
    "chief, while it writes a checkpoint": (0, 1, -2),
}


def kill(folder):
    """Returns, for every point: seconds until the other worker ended, and what restarts gave."""
    whole = folder / "whole"
    run_workers(whole, {})
    wanted = trained(whole)
    found = {}
    for number, (name, (victim, epoch, batch)) in enumerate(KILLS.items()):
        place = folder / f"killed{number}"
        codes, seconds = run_workers(place, {"KCX_KILL": f"{victim},{epoch},{batch}"})
        after, _ = run_workers(place, {})
        found[name] = {
            "exit codes": codes,
            "seconds until the other worker ended": round(seconds, 1),
            "exit codes after the restart": after,
            "largest difference from the uninterrupted weights": difference(wanted, trained(place)),
        }
        print(name, found[name], flush=True)
    return found


def supervised(folder):
    """Returns what `kcx launch` did about a killed worker, and the difference of the weights."""
    whole, place = folder / "whole", folder / "supervised"
    if not whole.exists():
        run_workers(whole, {})
    output = launch(place, "train", restarts=1, KCX_KILL="1,1,3")
    return {
        "kcx launch": [line for line in output.splitlines() if line.startswith("kcx launch")],
        "largest difference from the uninterrupted weights": difference(
            trained(whole), trained(place)
        ),
    }


def run_workers(folder, environment):
    """Runs two workers without a supervisor; returns codes, and seconds from first to last end."""
    from keras_cv_extras._base import supervise

    folder.mkdir(parents=True, exist_ok=True)
    cluster = {"worker": [f"127.0.0.1:{port}" for port in supervise.free_ports(2)]}
    processes = []
    for index in range(2):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        with open(folder / f"log{index}", "a") as log:
            processes.append(
                subprocess.Popen(
                    [sys.executable, __file__, "--worker", "train", "--folder", str(folder)],
                    env={**os.environ, "TF_CONFIG": config, **environment},
                    stdout=log,
                    stderr=log,
                )
            )
    ends = [None, None]
    began = time.monotonic()
    while None in ends:
        for index, process in enumerate(processes):
            if ends[index] is None and process.poll() is not None:
                ends[index] = time.monotonic()
        if time.monotonic() - began > 300:
            for process in processes:
                process.kill()
            raise RuntimeError(f"the workers did not end: see {folder}")
        time.sleep(0.05)
    codes = [process.returncode for process in processes]
    if not environment and codes != [0, 0]:
        raise RuntimeError(f"exit codes {codes}: see {folder}")
    return codes, max(ends) - min(ends)


def trained(folder):
    """Returns the weights that the workers of a training ended with, which must be the same."""
    import numpy as np

    both = []
    for index in range(2):
        with np.load(folder / f"weights{index}.npz") as arrays:
            both.append([arrays[key] for key in arrays.files])
    if difference(*both):
        raise RuntimeError(f"{folder}: the workers ended with different weights")
    return both[0]


def train(folder, index):
    """The training that is killed: dropout, momentum, a plateau, checkpoints in every epoch."""
    import keras
    import numpy as np

    from keras_cv_extras import data, policy, training

    digits = data.load("digits")
    x, y = digits.train[0][:150], digits.train[1][:150]

    def batches(epoch):
        return data.pipeline((x, y), 32, policy=policy.flip_crop(flip=False), epoch=epoch)

    class Kill(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            text = os.environ.get("KCX_KILL", "-1,0,0")
            self.victim, self.epoch, self.batch = map(int, text.split(","))
            self.now = None
            if os.environ.get("KCX_ATTEMPT", "0") != "0":
                self.victim = -1

        def at(self, batch):
            if (self.victim, self.epoch, self.batch) == (index, self.now, batch):
                os.kill(os.getpid(), signal.SIGKILL)

        def on_epoch_begin(self, epoch, logs=None):
            self.now = epoch

        def on_train_batch_end(self, batch, logs=None):
            self.at(batch)

        def on_epoch_end(self, epoch, logs=None):
            self.at(-1)
            if (self.victim, self.epoch, self.batch) == (index, self.now, -2):
                np.savez = lambda file, **arrays: (file.write(b"PK"), self.at(-2))

    plateau = keras.callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=1000)
    done = training.fit(
        lambda: network(dropout=0.2),
        batches,
        data.pipeline((x, y), 64, shuffle=False, epoch=0),
        epochs=3,
        callbacks=[plateau, Kill()],
        checkpoint=folder / "checkpoint",
        save_every=2,
        progress=False,
    )
    weights = [np.asarray(weight) for weight in done.model.get_weights()]
    np.savez(folder / f"weights{index}.npz", *weights)
    print(json.dumps(done.history), flush=True)


def truncate(folder):
    """Returns what resuming does about the newest checkpoint, cut at twenty offsets each file."""
    import warnings

    import keras

    from keras_cv_extras import data, training

    digits = data.load("digits")
    x, y = digits.train[0][:150], digits.train[1][:150]

    def run(epochs, place):
        return training.fit(
            network(dropout=0.2),
            lambda epoch: data.pipeline((x, y), 32, epoch=epoch),
            epochs=epochs,
            checkpoint=place,
            strategy="none",
            progress=False,
        )

    wanted = run(3, None).model.get_weights()
    run(2, folder / "good")
    counts = {"resumed": 0, "resumed from the checkpoint before": 0}
    worst = 0.0
    newest = sorted((folder / "good").iterdir())[-1].name
    for name in ("arrays.npz", "state.json"):
        size = (folder / "good" / newest / name).stat().st_size
        for part in range(20):
            place = folder / "cut"
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(folder / "good", place)
            os.truncate(place / newest / name, size * part // 20)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                done = run(3, place)
            keras.backend.clear_session()
            counts["resumed"] += 1
            fell_back = done.resumed_at == 1 and any("going on" in str(w.message) for w in caught)
            counts["resumed from the checkpoint before"] += fell_back
            worst = max(worst, difference(wanted, done.model.get_weights()))
    return {**counts, "largest difference from the uninterrupted weights": worst}


def launch(folder, role, *, restarts=0, **environment):
    """Runs two workers under the supervisor; returns what it reported."""
    folder.mkdir(parents=True, exist_ok=True)
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
        names = [name for name in CASES if name == os.environ.get("KCX_CASES", name)]
        for number, case in enumerate(CASES[name] for name in names):
            np.savez(folder / f"equal.{index}.{number}.npz", *weights_of("multiworker", *case))
    else:
        train(folder, index)


def main():
    """Runs the proofs that were asked for, and keeps what they found."""
    proofs = {item.__name__: item for item in (equality, kill, supervised, truncate)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proofs", nargs="*", help=f"of {', '.join(proofs)}; all if none is given")
    parser.add_argument("--smoke", action="store_true", help="mirrored equality of one case")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    if options.worker:
        worker(options.worker, options.folder)
        return
    if options.smoke:
        two_cpus()
        case = CASES["13 rows left"]
        worst = difference(weights_of("none", *case), weights_of("mirrored", *case))
        print(f"largest difference of a weight: {worst:.1e}")
        sys.exit(worst > 1e-6)
    from importlib.metadata import version

    found = {}
    with tempfile.TemporaryDirectory(prefix="kcx-distributed-") as folder:
        for name in options.proofs or proofs:
            found[name] = proofs[name](pathlib.Path(folder) / name)
            print(json.dumps({name: found[name]}, indent=1), flush=True)
    found["versions"] = {name: version(name) for name in ("tensorflow", "keras", "numpy")}
    found["machine"] = f"{os.cpu_count()} CPU cores, {platform.system()}, Python " + (
        platform.python_version()
    )
    found["command"] = "python tuner/distributed_equality.py"
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**before, **found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
