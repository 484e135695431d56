"""Memory and programs over many epochs of a training, and over many policies of different sizes.

    python tuner/training_memory.py

A small network is trained for 300 epochs on 8 x 8 digits by `training.fit`, with a pipeline that is
made anew for every epoch. Then 100 policies augment a batch, each of another size: 1 to 25
sub-policies of 1 to 4 steps. Resident memory and graphs that are alive are read on the way; the
table goes to tuner/results/training_memory.json.
`search_memory.py` does so for the trials of a search. With --smoke it is few of each, and not kept.
"""

import argparse
import gc
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import study
import tensorflow as tf
from search_memory import network, resident_megabytes

from keras_cv_extras import data, policy, training
from keras_cv_extras._base import files
from keras_cv_extras.search.stages._request import versions

RESULT = study.RESULTS / "training_memory.json"


def reading(number, began):
    """One row of the table."""
    gc.collect()
    graphs = sum(isinstance(item, tf.Graph) for item in gc.get_objects())
    row = {"done": number, "resident_megabytes": round(resident_megabytes(), 1), "graphs": graphs}
    row["seconds"] = round(time.monotonic() - began, 1)
    print(row, flush=True)
    return row


def over_epochs(epochs, every, images, labels):
    """Rows of a training."""
    rows, began = [], time.monotonic()

    class Reading(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if (epoch + 1) % every == 0:
                rows.append(reading(epoch + 1, began))

    model = network()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    chosen = policy.Policy([[policy.Step("flip_horizontal", 0.5)]])

    def batches(epoch):
        return data.pipeline((images, labels), 16, policy=chosen, epoch=epoch)

    training.fit(model, batches, batches(0), epochs=epochs, callbacks=[Reading()], progress=False)
    return rows


def over_policies(policies, every, images):
    """Rows of policies of different sizes, over two ops."""
    rows, began = [], time.monotonic()
    steps = [policy.Step("flip_horizontal", 0.5), policy.Step("invert", 0.5)]
    for number in range(policies):
        length, width = 1 + number % 4, 1 + number // 4
        chosen = policy.Policy(
            [[steps[(place + row) % 2] for place in range(length)] for row in range(width)]
        )
        chosen(images, seed=number)
        if (number + 1) % every == 0:
            rows.append(reading(number + 1, began))
    return rows


def main():
    """Makes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    epochs, policies, parts = (4, 4, 2) if options.smoke else (300, 100, 10)
    images, labels = (np.asarray(part[:48]) for part in data.load("digits").train)
    table = {
        "epochs": over_epochs(epochs, epochs // parts, images, labels),
        "policies": over_policies(policies, policies // parts, images),
    }
    with study.place(RESULT, options.smoke) as path:
        command = {"command": "python tuner/training_memory.py", "cores": os.cpu_count()}
        files.write_json(path, {**command, **versions(), **table})


if __name__ == "__main__":
    main()
