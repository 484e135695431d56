"""Trials per hour of populations: many small networks trained in one program, and one by one.

    KERAS_BACKEND=jax python tuner/population_throughput.py

Every trial trains a small convolutional network on 1,000 of mnist_5k's images with a random
policy and scores it on others. Sizes of populations take turns, so that a machine that is busy
with something else is so for all of them; compilation is timed apart. The table goes to
tuner/results/population_throughput.json, or to another --output; it needs no TensorFlow. With
--smoke it is measured on a few digits, and not kept.
"""

import argparse
import math
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import study

from keras_cv_extras import data, search, training
from keras_cv_extras._base import files
from keras_cv_extras.policy import Policy

RESULT = pathlib.Path(__file__).parent / "results" / "population_throughput.json"
_ROUNDS = 2  # that are timed together: the second is prepared while the first is trained


def main():
    """Measures all sizes, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 4, 8, 16])
    parser.add_argument("--train-size", type=int, default=1000)
    parser.add_argument("--validation-size", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--width", type=int, default=16, help="channels of the network's start")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=pathlib.Path, default=RESULT)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.sizes, options.train_size, options.validation_size = [2], 100, 50
        options.epochs, options.repeats, options.width = 1, 1, 4
    images = data.load("digits" if options.smoke else "mnist_5k")
    train, validation = data.split(
        *images.train, [options.train_size, options.validation_size], seed=0
    )
    shape, num_classes = train[0].shape[1:], len(images.class_names)
    trainers = {
        size: search.PopulationTrainer(
            lambda: training.small_cnn(shape, num_classes, width=options.width),
            train,
            epochs=options.epochs,
            batch_size=options.batch_size,
            population_size=size,
        )
        for size in options.sizes
    }
    settings = {k: v for k, v in vars(options).items() if k not in ("output", "smoke")}
    result = {
        **study.measured_on("jax", "keras", "numpy"),
        "data": images.name,
        "settings": settings,
        "parameters": trainers[options.sizes[0]].model.count_params(),
    }
    first, rates = {}, {size: [] for size in options.sizes}
    for _ in range(options.repeats):
        for size, trainer in trainers.items():
            if size not in first:
                first[size] = _timed(trainer, size, validation)
            count = _ROUNDS * size
            rates[size].append(3600 * count / _timed(trainer, count, validation))
            print(f"population of {size}: {rates[size][-1]:.0f} trials per hour", file=sys.stderr)
            # What is there is kept, should the rest take too long.
            with study.place(options.output, options.smoke) as path:
                files.write_json(path, {**result, "table": _table(rates, first)})
    print(f"{'population':>10}{'trials/hour':>13}{'against first':>15}{'first call, s':>15}")
    for row in _table(rates, first):
        print(
            f"{row['population_size']:>10}{row['trials_per_hour']:>13.0f}"
            f"{row['ratio_to_first']:>15.2f}{row['first_call_seconds']:>15.1f}"
        )


def _table(rates, first):
    base = statistics.median(next(iter(rates.values())))
    return [
        {
            "population_size": size,
            "trials_per_hour": round(statistics.median(found), 1),
            "all_trials_per_hour": [round(rate, 1) for rate in found],
            "ratio_to_first": round(statistics.median(found) / base, 3),
            "first_call_seconds": round(first[size], 2),
        }
        for size, found in rates.items()
        if found
    ]


def _timed(trainer, count, validation):
    policies = [Policy.random(5, 2, seed=number) for number in range(count)]
    began = time.perf_counter()
    scores = trainer.score_many(policies, range(count), *validation)
    seconds = time.perf_counter() - began
    if any(math.isnan(score.accuracy) for score in scores):
        sys.exit("a trial diverged: what was timed is no training")
    return seconds


if __name__ == "__main__":
    main()
