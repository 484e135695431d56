"""What a strategy changes: two devices against one, for all that takes part in training.

    python tuner/strategies.py                       # all three, some twenty minutes on two cores
    python tuner/strategies.py --under multiworker   # one of them; the others' rows stay
    python tuner/strategies.py --match weights       # rows of training by their name
    python tuner/strategies.py --smoke               # three rows

The two devices are two logical processors of a MirroredStrategy, two processes of a
MultiWorkerMirroredStrategy, or two of JAX's processors under `keras.distribution.DataParallel`.

Every row is trained for two epochs by `training.fit` on 41 samples in batches of 16, so that the
last has 9, and by plain `model.fit` on 48: on one device and on two. The
number is the greatest difference of any weight; for metrics, of any score and of the loss that is
reported. Where a strategy is refused, the row has the line that says so. Random layers draw other
numbers on every device, so there the weights must differ.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = pathlib.Path(__file__).parent / "results" / "strategies.json"
PARTS = ("training", "losses", "metrics")
UNDER = ("mirrored", "multiworker", "data_parallel")
MINUTES = 5  # of one of them, at most: a process that waits for another may wait forever


def two_cpus():
    """Makes two devices of the CPU."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def features(rows):
    """Samples of six numbers, and their classes, of five."""
    import numpy as np

    numbers = np.random.default_rng(0).normal(size=(rows, 6)).astype("float32")
    return numbers, np.argsort(numbers[:, :5] + 0.3, axis=1)[:, 0].astype("int32")


def network(loss=None, optimizer=None, before=(), **options):
    """A small network, compiled."""
    import keras

    keras.utils.set_random_seed(3)
    layers = [keras.Input((6,)), *before, keras.layers.Dense(8, "relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(5, dtype="float32")])
    loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), loss, **options)
    return model


def all_losses(cases, gather):
    """A network with an output for every loss, and the labels of a number of rows."""
    import keras
    import numpy as np

    from keras_cv_extras import losses

    sys.path.insert(0, str(ROOT / "tests" / "losses"))
    from cases import ACTIVATIONS, CASES, make

    names = [name for name in CASES if name in cases or not cases]
    keras.utils.set_random_seed(3)
    inputs, outputs, made = keras.Input((6,)), {}, {}
    for name in names:
        shape = CASES[name][2].shape[1:]
        head = keras.layers.Dense(int(np.prod(shape)), ACTIVATIONS.get(name))(inputs)
        outputs[name] = keras.layers.Reshape(shape, name=name)(head)
        couples = "gather_across_replicas" in make(name).get_config()
        made[name] = make(name, **({"gather_across_replicas": gather} if couples else {}))
    model = keras.Model(inputs, outputs)
    # XLA cannot reach the variables of other devices; JAX is slow without it.
    compiled = {"jit_compile": False} if keras.backend.backend() == "tensorflow" else {}
    model.compile(keras.optimizers.SGD(0.02), loss=made, **compiled)
    assert all(hasattr(losses, name) for name in names)

    def labels(rows):
        return {name: CASES[name][1][np.arange(rows) % len(CASES[name][1])] for name in names}

    return model, labels


def training_rows(smoke):
    """Name -> a function that returns a network, callbacks and whether samples have weights."""
    import keras

    from keras_cv_extras import layers, losses, training

    def deferred():
        inner = losses.LogLoss(from_logits=True)
        loss = losses.ClassWeighted(inner, [1.0, 2, 3, 4, 5], active=False)
        return network(loss), [losses.DeferredReweighting(loss, epoch=1)], False

    def with_callback(callback):
        return lambda: (network(), [callback()], False)

    def with_optimizer(make):
        return lambda: (network(optimizer=make()), [], False)

    def precise(policy):
        def make():
            keras.config.set_dtype_policy(policy)
            try:
                return network(), [], False
            finally:
                keras.config.set_dtype_policy("float32")

        return make

    sgd = keras.optimizers.SGD
    rows = {
        "nothing": lambda: (network(), [], False),
        "gradient accumulation": with_optimizer(lambda: sgd(0.1, gradient_accumulation_steps=2)),
        "DeferredReweighting": deferred,
    }
    if smoke:
        return rows
    return {
        **rows,
        "sample weights": lambda: (network(), [], True),
        "class weights": lambda: (
            network(losses.ClassWeighted(losses.LogLoss(from_logits=True), [1.0, 2, 3, 4, 5])),
            [],
            False,
        ),
        "dropout, which draws anew on every device": lambda: (
            network(before=[keras.layers.Dropout(0.3, seed=1)]),
            [],
            False,
        ),
        "a random layer of the library, likewise": lambda: (
            network(before=images_of([layers.RandAugment(seed=1)])),
            [],
            False,
        ),
        "losses summed": lambda: (
            network(keras.losses.SparseCategoricalCrossentropy(True, reduction="sum"), sgd(0.01)),
            [],
            False,
        ),
        "a loss that is a function": lambda: (network(losses.sparsemax_loss), [], False),
        "clipnorm": with_optimizer(lambda: sgd(0.5, clipnorm=0.05)),
        "global_clipnorm": with_optimizer(lambda: sgd(0.5, global_clipnorm=0.05)),
        "clipvalue": with_optimizer(lambda: sgd(0.5, clipvalue=0.01)),
        "AdamW": with_optimizer(lambda: keras.optimizers.AdamW(0.01)),
        "moving average of the weights": with_optimizer(lambda: sgd(0.1, use_ema=True)),
        "mixed_bfloat16": precise("mixed_bfloat16"),
        "mixed_float16": precise("mixed_float16"),
        "batch normalisation, synchronized": lambda: (
            network(before=[keras.layers.BatchNormalization(synchronized=True)]),
            [],
            False,
        ),
        "batch normalisation": lambda: (
            network(before=[keras.layers.BatchNormalization()]),
            [],
            False,
        ),
        "steps_per_execution=2": lambda: (network(steps_per_execution=2), [], False),
        "EarlyStopping": with_callback(
            lambda: keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
        ),
        "ReduceLROnPlateau": with_callback(
            lambda: keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=10)
        ),
        "InputClock": with_callback(training.InputClock),
        "EpochCounter": with_callback(
            lambda: layers.EpochCounter(layers.MixUp(num_classes=5, seed=1))
        ),
    }


def metric_row():
    """A network with every metric of one label per sample."""
    from keras_cv_extras import metrics

    made = [
        metrics.BalancedAccuracy(5),
        metrics.GeometricMeanScore(5),
        metrics.CohenKappa(5, sparse_labels=True),
        metrics.ExpectedCalibrationError(from_logits=True),
    ]
    return network(metrics=["accuracy", *made], weighted_metrics=["accuracy"])


def images_of(layers):
    """Layers that make images of samples, augment them, and make samples again."""
    import keras

    there = [keras.layers.Rescaling(40.0, 128.0), keras.layers.Reshape((2, 3, 1))]
    back = [keras.layers.Reshape((6,)), keras.layers.Rescaling(1 / 40, -3.2)]
    return [*there, *layers, *back]


def outcome(run):
    """Returns what a function returns, or how the line begins that refuses."""
    import tensorflow as tf

    try:
        return run()
    except (ValueError, TypeError, RuntimeError, tf.errors.OpError) as error:
        text = " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split())
        return f"{type(error).__name__}: {text}"[:100].replace("|", "/")


def distribution(strategy):
    """The strategy that `fit` is given; on JAX, devices are told apart by Keras instead."""
    import keras

    if keras.backend.backend() == "tensorflow":
        return strategy
    several = strategy == "data_parallel"
    keras.distribution.set_distribution(keras.distribution.DataParallel() if several else None)
    return "auto"


def by_fit(make, strategy, labels=None):
    """Trains with `training.fit`; returns weights and scores."""
    import tensorflow as tf

    from keras_cv_extras import training

    strategy = distribution(strategy)
    model, callbacks, weighted = make()
    # Of losses that compare samples, DataParallel takes no batch that does not divide.
    rows = 48 if strategy == "auto" and labels is not None else 41
    x, y = features(rows)
    y = y if labels is None else labels(rows)

    def batches(epoch):
        parts = (x, y, 1.0 + x[:, 0] ** 2) if weighted else (x, y)
        return tf.data.Dataset.from_tensor_slices(parts).batch(16)

    done = training.fit(
        model, batches, epochs=2, strategy=strategy, callbacks=callbacks, progress=False
    )
    return done.model.get_weights(), done.history


def by_keras(make, strategy, labels=None):
    """Trains with Keras alone, on batches that divide; returns weights and scores."""
    import contextlib

    from keras_cv_extras import training

    made = training.make_strategy(distribution(strategy))
    with made.scope() if made else contextlib.nullcontext():
        model, callbacks, weighted = make()
    x, y = features(48)
    y = y if labels is None else labels(48)
    history = model.fit(
        x,
        y,
        batch_size=16,
        epochs=2,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
        sample_weight=1.0 + x[:, 0] ** 2 if weighted else None,
    )
    return model.get_weights(), history.history


def difference(ones, others):
    """Returns the largest difference of any number in two lists of arrays."""
    import numpy as np

    pairs = list(zip(ones, others, strict=True))
    return float(max(np.abs(np.asarray(one) - np.asarray(other)).max() for one, other in pairs))


def compared(train, make, under, labels=None, scores=False):
    """Returns the difference between two devices and one, or the line that refuses."""

    def run():
        one, two = (train(make, strategy, labels) for strategy in ("none", under))
        if scores:
            return difference(*([item[1][name] for name in one[1]] for item in (one, two)))
        return difference(one[0], two[0])

    return outcome(run)


def loss_rows(ways, under, smoke):
    """Returns the difference for every loss, by way of training."""
    import numpy as np

    cases = ("LogLoss", "SupCon", "WeightedKappaLoss") if smoke else ()
    found = {}
    for way, train in ways.items():
        weights = []
        for strategy in ("none", under):
            kept = {}

            def make(kept=kept):
                model, kept["labels"] = all_losses(cases, True)
                return model, [], False

            make()
            weights.append(train(make, strategy, kept["labels"])[0])
            names = [*kept["labels"](1)]
        for number, name in enumerate(names):
            pairs = [[item[2 * number], item[2 * number + 1]] for item in weights]
            assert np.abs(pairs[0][0]).max() > 0
            found.setdefault(f"loss {name}", {})[way] = difference(*pairs)
    return found


def measured(under, only, match, smoke, keep):
    """Measures the rows of one strategy, and gives each to a function as it is there."""
    from keras_cv_extras import training

    if under == "multiworker":  # before anything else of TensorFlow is used
        training.make_strategy("multiworker")
    ways = {"training.fit": by_fit, "model.fit": by_keras}
    for name, make in training_rows(smoke).items() if "training" in only else ():
        if match not in name:
            continue
        keep(name, {way: compared(train, make, under) for way, train in ways.items()})
        if under == "multiworker":  # Keras' own loop gets no further there than its first step
            ways.pop("model.fit", None)
    if under == "multiworker":
        ways.pop("model.fit", None)
    if "losses" in only:
        for name, row in loss_rows(ways, under, smoke).items():
            keep(name, row)
    if "metrics" not in only:
        return
    scored = {
        way: compared(train, lambda: (metric_row(), [], False), under, scores=True)
        for way, train in ways.items()
    }
    keep("metrics (difference of a score)", scored)


def run(under, only, smoke, match=""):
    """Measures the rows of one strategy in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "rows"
        own = [sys.executable, __file__, "--worker", under, "--output", str(output)]
        own += ["--only", *only, "--match", match]
        launch = [sys.executable, "-m", "keras_cv_extras.cli", "launch", "--workers", "2"]
        command = [*launch, "--restarts", "0", "--", *own] if under == "multiworker" else own
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}
        environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if under == "data_parallel":
            flags = "--xla_force_host_platform_device_count=2"
            environment.update(KERAS_BACKEND="jax", JAX_PLATFORMS="cpu", XLA_FLAGS=flags)
        process = subprocess.Popen([*command, "--smoke"] if smoke else command, env=environment)
        try:
            process.wait(60 * MINUTES)
        except subprocess.TimeoutExpired:
            process.terminate()  # which ends the workers, too
            process.wait()
            print(f"{under}: not all of it in {MINUTES} minutes", flush=True)
        lines = output.read_text("utf-8").splitlines() if output.exists() else []
    return dict(map(json.loads, lines))


def main():
    """Makes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="a few rows, nothing written")
    parser.add_argument("--under", nargs="+", choices=UNDER, default=list(UNDER))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--match", default="", help="rows of training whose names have this")
    parser.add_argument("--worker", choices=UNDER, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        if options.worker == "mirrored":
            two_cpus()
        chief = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {}).get("index", 0) == 0

        def keep(name, row):
            print(json.dumps({name: row}), flush=True)
            if chief:
                with options.output.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, row]) + "\n")

        return measured(options.worker, options.only, options.match, options.smoke, keep)
    if options.smoke:
        found = run("mirrored", ["training"], True)
        sys.exit(found["nothing"]["training.fit"] > 1e-5)
    from importlib.metadata import version

    result = json.loads(RESULTS.read_text("utf-8"))
    for under in options.under:
        there = result["under"].get(under, {})
        result["under"][under] = {**there, **run(under, options.only, False, options.match)}
    names = ("tensorflow", "keras", "jax", "numpy")
    result["versions"] = {name: version(name) for name in names}
    result["command"] = "python tuner/strategies.py"
    result["machine"] = f"{os.cpu_count()} CPU cores, {platform.system()}"
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    RESULTS.with_suffix(".md").write_text(table(result["under"]))


def table(found):
    """Returns the rows as a table in Markdown."""
    columns = [
        (under, way)
        for under in UNDER
        for way in ("training.fit", "model.fit")
        if any(way in row for row in found.get(under, {}).values())
    ]
    lines = ["| what |" + "".join(f" {under}: `{way}` |" for under, way in columns)]
    lines.append("|---|" + "---|" * len(columns))
    names = dict.fromkeys(name for under in UNDER for name in found.get(under, {}))
    for name in names:
        cells = [found[under].get(name, {}).get(way, "") for under, way in columns]
        told = [f"{cell:.0e}" if isinstance(cell, float) else cell for cell in cells]
        lines.append(f"| {name} | " + " | ".join(told) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
