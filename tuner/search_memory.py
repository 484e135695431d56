"""Shows how much memory a search takes while its trials go on: it should stay flat.

    python tuner/search_memory.py

One process trains a small network on 8 x 8 digits with one policy after the other. Its resident
memory is read after every twentieth trial, and the table goes to tuner/results/search_memory.json.
With --smoke it does so for a few trials, and keeps nothing.
"""

import argparse
import os
import pathlib
import tempfile
import time

import keras
import numpy as np
import study

from keras_cv_extras import data, search
from keras_cv_extras._base import files as _files
from keras_cv_extras.search.stages._request import versions

RESULT = pathlib.Path(__file__).parent / "results" / "search_memory.json"
SEED = 0


def network():
    """Returns a network that trains in a moment."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )


def resident_megabytes():
    """Returns the resident memory of this process, as Linux tells it."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main():
    """Runs the trials."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    trials, every = (4, 2) if options.smoke else (options.trials, 20)
    images, labels = data.load("digits").train
    table, started = [], time.monotonic()

    def after(trial):
        number = int(trial.trial_id) + 1
        if number % every == 0:
            seconds = round(time.monotonic() - started, 1)
            row = {"trials": number, "megabytes": round(resident_megabytes(), 1)}
            table.append({**row, "seconds": seconds})
            print(row, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        tuner = search.PolicyTuner(
            search.TPEOracle(max_trials=trials, seed=SEED),
            network,
            (images[:256], labels[:256]),
            (images[256:512], labels[256:512]),
            epochs=2,
            batch_size=64,
            seed=SEED,
            directory=folder,
            on_trial=after,
        )
        tuner.search()
        files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
        kilobytes = sum(path.stat().st_size for path in files) / 1024
    half = len(table) // 2
    late = np.array([[row["trials"], row["megabytes"]] for row in table[half:]])
    slope = float(np.polyfit(*late.T, 1)[0]) if len(late) > 1 else 0.0
    print(f"second half: {100 * slope:+.2f} MB for 100 trials; files: {kilobytes:.0f} KB")
    with study.place(RESULT, options.smoke) as path:
        _files.write_json(
            path,
            {
                "command": "python tuner/search_memory.py",
                "seed": SEED,
                "cores": os.cpu_count(),
                **versions(),
                "megabytes_for_100_trials_in_second_half": round(100 * slope, 3),
                "kilobytes_of_files": round(kilobytes),
                "table": table,
            },
        )


if __name__ == "__main__":
    main()
