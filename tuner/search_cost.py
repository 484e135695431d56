"""What it costs to score a policy: by forward passes, from shared weights, by a full training.

    python tuner/search_cost.py

All three on the same network and images in one process, in turns; the median of the turns counts.
"""

import argparse
import json
import time

import numpy as np
import study

from keras_cv_extras import data, policy, search

EPOCHS, TRAIN, VALIDATION, TURNS = 20, 1000, 1500, 5


def main():
    """Measures, prints, and keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="few epochs, nothing is kept")
    smoke = parser.parse_args().smoke
    epochs, turns = (5, 1) if smoke else (EPOCHS, TURNS)
    images = data.load("mnist_5k")
    train, validation = data.split(*images.train, [TRAIN, VALIDATION], seed=0)
    trainer = search.Trainer(
        lambda: study.small_network((28, 28, 1), 10), train, epochs=epochs, batch_size=64
    )
    ops = tuple(op for op in policy.SEARCH_OPS if op != "color")
    shared = search.SharedWeights(trainer, search.uniform_policy(ops))
    shared.prepare()
    drawn = [policy.Policy.random(5, 2, ops=ops, seed=seed) for seed in range(turns + 1)]
    seconds = {"full training": [], "shared weights": [], "density": []}
    for turn, one in enumerate(drawn):
        times = {
            "full training": trainer.score(one, turn, *validation).seconds,
            "shared weights": shared.score(one, turn, *validation).seconds,
            "density": density(trainer, one, train),
        }
        for name, value in times.items():
            if turn:  # the first compiles
                seconds[name].append(value)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    figures = {
        name: {
            "seconds_per_trial": round(value, 4),
            "trials_per_hour": round(3600 / value),
            "times_cheaper": round(medians["full training"] / value, 2),
        }
        for name, value in medians.items()
    }
    print(json.dumps(figures, indent=2))
    with study.place(study.RESULTS / "search_cost.json", smoke) as path:
        sizes = {"epochs": EPOCHS, "train": TRAIN, "validation": VALIDATION, "turns": TURNS}
        results = study.Results(path, "python tuner/search_cost.py", sizes)
        results.summarise(figures)


def density(trainer, one, images):
    """Scores a policy as the screen does: augment the images, classify them; returns seconds."""
    start = time.monotonic()
    augmented = np.asarray(one(images[0], seed=0, samples=np.arange(len(images[1]))))
    trainer.evaluate(augmented, images[1])
    return time.monotonic() - start


if __name__ == "__main__":
    main()
