"""The library on an accelerator: policies, single ops and training beside what others offer.

    python tuner/accelerators.py

Runs itself once for each backend, and `policy_throughput.py` for Kornia and torchvision, and ends
within --minutes, eight unless told otherwise: what there was no time for is named. What fails is
an error in its row, what ends its process or hangs in it is too, and the rest goes on in another.
Each row is in a file beside the output as soon as it is there. Images are on
the accelerator already, uint8 as a decoder gives them (Keras' layers get floats if they refuse
these), and stay there; a call is one compiled program, in TensorFlow an op of a graph.
The table goes to tuner/results/accelerators.json, or to another --output, with the name of the
card. With --smoke it is measured on a few small images, and not kept. --backend runs one backend
alone and prints JSON; it is the way to have the bytes that a program moves on a processor:

    python tuner/accelerators.py --backend jax --only bytes
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
RESULT = HERE / "results" / "accelerators.json"
BATCHES = {224: 128, 32: 1024}
PARTS = ("policies", "training", "bytes", "ops")  # what matters most comes first
GRACE = 20  # seconds for the row that is being measured when time is up
TRIES = 4  # processes of a backend: of so many rows one less may end theirs
LEAST_IMAGES = 8  # of a smoke test

# Layers of this library, and what Keras offers for the same.
PAIRS = {
    "RandomRotate": ("RandomRotation", {"factor": 0.08}),
    "RandomTranslateX": ("RandomTranslation", {"height_factor": 0.0, "width_factor": 0.4}),
    "RandomShearX": ("RandomShear", {"x_factor": 0.3}),
    "RandomZoom": ("RandomZoom", {"height_factor": 0.3}),
    "RandomFlipHorizontal": ("RandomFlip", {"mode": "horizontal"}),
    "RandomBrightness": ("RandomBrightness", {"factor": 0.5}),
    "RandomContrast": ("RandomContrast", {"factor": 0.5}),
    "RandomColor": ("RandomColorDegeneration", {"factor": 0.5}),
    "RandomSharpness": ("RandomSharpness", {"factor": 0.5}),
    "RandomHue": ("RandomHue", {"factor": 0.3}),
    "RandomSaturation": ("RandomSaturation", {"factor": 0.5}),
    "RandomInvert": ("RandomInvert", {"factor": 1.0}),
    "RandomPosterize": ("RandomPosterization", {"factor": 4}),
    "RandomSolarize": ("Solarization", {"threshold_factor": 0.5}),
    "RandomAutocontrast": ("AutoContrast", {}),
    "RandomEqualize": ("Equalization", {}),
    "RandomErasing": ("RandomErasing", {"factor": 1.0}),
    "RandomGrayscale": ("RandomGrayscale", {"factor": 0.5}),
    "RandomGaussianBlur": ("RandomGaussianBlur", {"kernel_size": 13}),
    "RandomPerspective": ("RandomPerspective", {"factor": 1.0}),
    "RandomElastic": ("RandomElasticTransform", {}),
    "RandomColorJitter": ("RandomColorJitter", {"brightness_factor": 0.4}),
}


def main():
    """Measures all of it, in processes of its own, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=0.2, help="of one measurement, at least")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backend", choices=("jax", "tensorflow"), help="this one alone")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--output", type=pathlib.Path, default=RESULT)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--rows", type=pathlib.Path, help="a file of what is there already")
    options = parser.parse_args()
    options.deadline = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as folder:
        if options.backend:
            options.rows = options.rows or pathlib.Path(folder) / "rows"
            _measure(options)
            print(json.dumps(_collected(options.rows)))
            return
        if options.smoke:
            options.output = pathlib.Path(folder) / "found.json"
        found = _all_of_it(options)
    _print(found)
    if options.smoke and any("error" in row for row in _rows(found)):
        sys.exit(1)


def _all_of_it(options):
    """Measures both backends and what others offer, each in processes of its own."""
    found = {"command": " ".join(["python", *sys.argv]), "backends": {}, "others": None}
    # A third of the time each; what one does not need is the others'.
    for place, backend in enumerate(("jax", "tensorflow")):
        left = (options.deadline - time.monotonic()) / (3 - place)
        found["backends"][backend] = _run(backend, options, time.monotonic() + left)
        options.output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if not options.smoke:
        found["others"] = _beside_torch(options.deadline - time.monotonic())
        options.output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    for backend in found["backends"]:
        _rows_file(options, backend).unlink(missing_ok=True)
    return found


def _rows_file(options, backend):
    return options.output.with_suffix(f".{backend}.jsonl")


def _rows(found):
    return [row for result in found["backends"].values() for row in result["rows"]]


def _run(backend, options, until):
    """Measures a backend; where a row ends the process, another goes on behind it."""
    file = _rows_file(options, backend)
    file.unlink(missing_ok=True)
    own = ["--seconds", str(options.seconds), "--repeats", str(options.repeats)]
    own += ["--only", *options.only, "--backend", backend, "--rows", str(file)]
    own += ["--smoke"] if options.smoke else []
    ends = []
    while len(ends) < TRIES and (left := until - time.monotonic()) > 0:
        try:
            ended = subprocess.run(
                [sys.executable, __file__, *own, "--minutes", f"{left / 60:.3f}"],
                env={
                    **os.environ,
                    "KERAS_BACKEND": backend,
                    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
                    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
                },
                stdout=subprocess.DEVNULL,
                timeout=left + GRACE,
            ).returncode
        except subprocess.TimeoutExpired:
            ended = "no time was left"
        ends.append(ended)
        if ended == 0:
            break
    return {**_collected(file), "processes_ended_with": ends}


def _collected(file):
    """What the processes of a backend wrote: their rows, and those that ended a process."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    found = {"device": "none: no process got as far", "rows": [], "not_measured": []}
    begun = None
    for line in [*map(json.loads, lines), {"begins": None}]:
        if "begins" in line:
            if begun is not None:
                found["rows"].append({**begun, "error": "ended its process, or hung in it"})
            begun = line["begins"]
        elif "row" in line:
            found["rows"].append(line["row"])
            begun = None
        else:
            found.update({name: line[name] for name in ("device",) if name in line})
            found["not_measured"] += line.get("not_measured", [])
    return found


def _beside_torch(seconds):
    """What `policy_throughput.py` measures of others, or how it failed."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "others.json"
        script = HERE / "policy_throughput.py"
        own = ["--repeats", "2", "--seconds", "0.3", "--output", str(output)]
        try:
            done = subprocess.run(
                [sys.executable, str(script), *own],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=max(seconds, 1),
            )
        except subprocess.TimeoutExpired:
            return {"error": f"not done within {seconds:.0f} seconds"}
        if done.returncode:
            return {"error": done.stdout[-300:]}
        return json.loads(output.read_text("utf-8"))


def _measure(options):
    """Writes the rows of one backend, and on what they were measured; some may be there."""
    import keras

    there = options.rows.read_text("utf-8").splitlines() if options.rows.exists() else []
    begun = [line["begins"] for line in map(json.loads, there) if "begins" in line]

    def write(**line):
        with options.rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    write(device=_device())
    parts = {"policies": _policies, "ops": _ops, "training": _training}
    if keras.backend.backend() == "jax":
        parts["bytes"] = _bytes
    sizes = {32: LEAST_IMAGES} if options.smoke else BATCHES
    for part in (part for part in PARTS if part in options.only and part in parts):
        for size, batch in sizes.items():
            for name, make in parts[part](size, batch, options.smoke):
                row = {"part": part, "size": size, "batch": batch, "name": name}
                if row in begun:
                    continue
                if time.monotonic() > options.deadline:
                    write(not_measured=[f"{part}, {size}: {name}"])
                    continue
                write(begins=row)
                try:
                    row |= make() if part in ("bytes", "training") else _timed(make, batch, options)
                except Exception as error:  # one of a hundred: the others are still wanted
                    row["error"] = f"{type(error).__name__}: {error}"[:300]
                write(row=row)
                print(row, file=sys.stderr, flush=True)


def _device():
    if os.environ["KERAS_BACKEND"] == "jax":
        import jax

        return jax.devices()[0].device_kind
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(found[0])["device_name"] if found else "cpu"


def _timed(make, batch, options):
    """Returns images per second, the median of some turns, and the seconds of the first call."""
    began = time.perf_counter()
    step = make()
    step(0)
    row = {"first_call_seconds": round(time.perf_counter() - began, 2)}
    step(1)
    rates = []
    for _ in range(options.repeats):
        count, began = 0, time.perf_counter()
        while (taken := time.perf_counter() - began) < options.seconds:
            step(count + 2)
            count += 1
        rates.append(count * batch / taken)
    return {**row, "images_per_second": round(statistics.median(rates), 1)}


def _images(size, batch):
    import numpy as np

    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (batch, size // 8, size // 8, 3)).astype("uint8")
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def _stepping(layer, images):
    """A call of a layer as one compiled program, whose result is waited for."""
    import keras

    images = keras.ops.convert_to_tensor(images)
    if not layer.built:
        layer.build(images.shape)
    if keras.backend.backend() == "jax":
        import jax

        variables = [variable.value for variable in layer.non_trainable_variables]

        @jax.jit
        def program(variables, images):
            return layer.stateless_call([], variables, images, training=True)

        state = [variables]

        def step(number):
            result, state[0] = program(state[0], images)
            jax.block_until_ready(result)

        return step
    import tensorflow as tf

    program = tf.function(lambda images: layer(images, training=True))
    wait = lambda result: float(tf.cast(result[0, 0, 0, 0], "float32"))  # noqa: E731
    return lambda number: wait(program(images))


def _layer(make, images, as_floats=False):
    def contestant():
        chosen = images.astype("float32") if as_floats else images
        return _stepping(make(), chosen)

    return contestant


def _policies(size, batch, smoke):
    """RandAugment of two ops for an image: this library's and Keras'."""
    import keras

    from keras_cv_extras import layers

    images = _images(size, batch)
    yield "kcx RandAugment(2)", _layer(lambda: layers.RandAugment(2, 0.5, seed=1), images)
    if not smoke:
        own = lambda: keras.layers.RandAugment(num_ops=2, seed=1)  # noqa: E731
        yield "keras RandAugment(2)", _layer(own, images, as_floats=True)
        yield "kcx TrivialAugment", _layer(lambda: layers.TrivialAugment(seed=1), images)
        yield (
            "kcx AutoAugment",
            _layer(lambda: layers.AutoAugment("imagenet", seed=1), images),
        )


def _ops(size, batch, smoke):
    """A layer of one op, and Keras' for the same."""
    import keras

    from keras_cv_extras import layers

    images = _images(size, batch)
    for own, (other, arguments) in list(PAIRS.items())[: 1 if smoke else None]:
        yield f"kcx {own}", _layer(lambda own=own: getattr(layers, own)(seed=1), images)
        make = getattr(keras.layers, other)
        yield (
            f"keras {other}",
            _layer(lambda make=make, a=arguments: make(**a, seed=1), images, as_floats=True),
        )


def _bytes(size, batch, smoke):
    """The bytes that a pass of RandAugment reads and writes, by XLA, against a copy's."""
    import jax

    from keras_cv_extras import policy
    from keras_cv_extras._base import engine

    del smoke
    images = _images(size, batch)

    def moved(function, *arguments):
        cost = jax.jit(function).lower(*arguments).compile().cost_analysis()
        return cost["bytes accessed"]

    def count(num_ops):
        def make():
            chosen = policy.rand_augment(num_ops, 0.5)
            with engine.execution("batch"):
                own = moved(lambda images: chosen(images, seed=1), images)
            copy = 2 * images.nbytes  # each value is read and written
            return {"bytes": own, "copy": copy, "times_a_copy": round(own / copy, 2)}

        return make

    # A loop counts as one turn of it: two ops of an image are two turns of the first.
    yield "RandAugment, one layer", count(1)


def _training(size, batch, smoke):
    """Seconds of an epoch of a small network behind a pipeline, in training.fit."""
    if os.environ["KERAS_BACKEND"] != "tensorflow" or size != 32:
        return
    import keras
    import numpy as np

    from keras_cv_extras import data, policy, training

    del batch
    count = 64 if smoke else 4096
    images, labels = _images(32, count), np.arange(count) % 10

    def network():
        return keras.Sequential(
            [
                keras.Input((32, 32, 3)),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
                keras.layers.Conv2D(64, 3, strides=2, activation="relu"),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(10),
            ]
        )

    def make(precision):
        def run():
            began = time.perf_counter()
            keras.mixed_precision.set_global_policy(precision)
            model = network()
            model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
            keras.mixed_precision.set_global_policy("float32")
            rows = data.pipeline(
                (images, labels), batch_size=32 if smoke else 256, policy=policy.rand_augment(2)
            )
            training.fit(model, rows, epochs=1, progress=False)
            first = time.perf_counter() - began
            began = time.perf_counter()
            training.fit(model, rows, epochs=2, progress=False)
            return {
                "first_epoch_seconds": round(first, 2),
                "two_epochs_seconds": round(time.perf_counter() - began, 2),
            }

        return run

    for precision in ["float32"] if smoke else ["float32", "mixed_bfloat16"]:
        yield f"training.fit, {precision}", make(precision)


def _print(found):
    for backend, result in found["backends"].items():
        print(f"{backend}, {result['device']}")
        for row in result["rows"]:
            numbers = {k: v for k, v in row.items() if k not in ("part", "size", "batch", "name")}
            told = ", ".join(
                f"{name} {value}" if isinstance(value, str) else f"{name} {value:,}"
                for name, value in numbers.items()
            )
            print(f"{row['size']:>5} {row['batch']:>5} {row['name']:<32}{told}")
        for name in result["not_measured"]:
            print(f"no time was left for {name}")
    if found["others"] and "error" in found["others"]:
        print(f"beside others: {found['others']['error']}")


if __name__ == "__main__":
    main()
