"""What an epoch costs beside its steps: `data.pipeline` and `training.fit` against plain arrays.

    python tuner/epochs.py            # some minutes on two cores
    python tuner/epochs.py --smoke

A small network is trained on 512 images of 28 x 28 in batches of 64, by `model.fit` on arrays and
by four other ways. All ways take turns, in one process, and the number is the median of the turns:
of seconds by the clock, and of seconds of the processor, for an epoch after the first. A pass
begins when its first batch is there, of images in memory and of files.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import tempfile
import time

RESULT = pathlib.Path(__file__).parent / "results" / "epochs.json"


def network():
    """A small network, compiled."""
    import keras

    from keras_cv_extras import training

    keras.utils.set_random_seed(3)
    model = training.small_cnn((28, 28, 1), 10)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01), loss, metrics=["accuracy"], jit_compile=False)
    return model


def clocks():
    """Two clocks, that on the wall and the processor's."""
    return time.perf_counter(), time.process_time()


def ways(images, labels, batch_size):
    """Name -> a function that trains a model for a number of epochs, with callbacks."""
    from keras_cv_extras import data, policy, training

    arrays = {"batch_size": batch_size, "verbose": 0}
    rows = (images, labels)

    def keras_fit(make, **options):
        def train(model, epochs, callbacks):
            model.fit(**make(), epochs=epochs, callbacks=callbacks, verbose=0, **options)

        return train

    def own_fit(make):
        def train(model, epochs, callbacks):
            training.fit(model, make(), epochs=epochs, callbacks=callbacks, progress=False)

        return train

    def made(chosen, **options):
        return lambda: data.pipeline(rows, batch_size, policy=chosen, seed=1, **options)

    def of_epoch(chosen):
        return lambda: lambda epoch: made(chosen, epoch=epoch)()

    found = {
        "arrays, model.fit": lambda model, epochs, callbacks: model.fit(
            images, labels, epochs=epochs, callbacks=callbacks, **arrays
        )
    }
    for name, chosen in (("", None), (" with RandAugment", policy.rand_augment(2))):
        found[f"pipeline{name}, model.fit"] = keras_fit(lambda c=chosen: {"x": made(c)()})
        found[f"pipeline{name}, training.fit"] = own_fit(made(chosen))
        found[f"pipeline of each epoch{name}, training.fit"] = own_fit(of_epoch(chosen))
    return found


def epochs_of(train, model, epochs):
    """The seconds of every epoch but the first, by both clocks."""
    import keras

    ends = []

    class Ends(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            ends.append(clocks())

    train(model, epochs, [Ends()])
    return [
        [late - soon for soon, late in zip(one, two, strict=True)]
        for one, two in zip(ends, ends[1:], strict=False)
    ]


def passes(rows, batch_size, count):
    """The seconds until the first batch of a pass is there, of passes after the first."""
    from keras_cv_extras import data, policy

    rows = data.pipeline(rows, batch_size, policy=policy.rand_augment(2), seed=1)
    found = []
    for _ in range(count + 1):
        began = time.perf_counter()
        next(iter(rows))
        found.append(time.perf_counter() - began)
    return found[1:]


def of_files(batch_size, count):
    """The same of JPEG files of 500 x 375 pixels, decoded to 224 x 224; 64 different ones."""
    from keras_cv_extras import data
    from keras_cv_extras.bench import _input_peers

    with tempfile.TemporaryDirectory() as folder:
        _input_peers.photograph_files(folder)
        return passes(data.image_files(folder, 224).train, batch_size, count)


def main():
    """Makes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="64 images, nothing written")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import numpy as np

    count, batch_size = (64, 16) if options.smoke else (512, 64)
    turns, epochs = (1, 2) if options.smoke else (options.turns, options.epochs)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, 28, 28, 1)).astype("uint8")
    labels = (np.arange(count) % 10).astype("int32")
    tried = ways(images, labels, batch_size)
    models = {name: network() for name in tried}
    found = {name: [] for name in tried}
    for _ in range(turns):
        for name, train in tried.items():
            found[name] += epochs_of(train, models[name], epochs)
    begin = passes((images, labels), batch_size, 5)
    result = {"epochs": {}, "seconds_until_the_first_batch": round(statistics.median(begin), 4)}
    if not options.smoke:
        begin = statistics.median(of_files(32, 5))
        result["seconds_until_the_first_batch_of_32_files"] = round(begin, 4)
    plain = None
    for name, seconds in found.items():
        wall, cpu = (statistics.median(column) for column in zip(*seconds, strict=True))
        plain = plain or (wall, cpu)
        result["epochs"][name] = {
            "wall_seconds": round(wall, 3),
            "processor_seconds": round(cpu, 3),
            "times_arrays_by_the_wall": round(wall / plain[0], 2),
            "times_arrays_by_the_processor": round(cpu / plain[1], 2),
        }
        print(name, json.dumps(result["epochs"][name]), flush=True)
    print("first batch of a pass after", result["seconds_until_the_first_batch"], "s")
    print("of files", result.get("seconds_until_the_first_batch_of_32_files"), "s")
    if options.smoke:
        return
    result["command"] = "python tuner/epochs.py"
    result["machine"] = f"{os.cpu_count()} CPU cores, {platform.system()}"
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
