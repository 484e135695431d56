"""Does a searched policy beat those that need no search? Fashion-MNIST and MNIST, few images.

    python tuner/real_data.py

Each replicate draws other images for training, validation, confirmation and test, and repeats the
whole search. Arms: no augmentation; flip and crop (digits: crop); RandAugment, whose number of ops
and strength are chosen on the validation images by as many trials as the search has, the best third
of which is looked at twice more, as the search does it; TrivialAugment; a random policy of 25
sub-policies, drawn anew; and what the search wrote. All are trained from fresh weights, with common
seeds, and scored on the test images. Started again, it does the replicates that are missing.
"""

import pathlib

import numpy as np
import study

from keras_cv_extras import data, policy, search

SEARCH = {"trials": 36, "epochs": 16, "batch_size": 64, "confirm_seeds": 4}
SEEDS = {"test": 3}  # of the arms, on test images
REPLICATES = 10
# MNIST's 5,000 images leave no more for training, with enough to score on.
SETTINGS = {
    "fashion_mnist-1000": ("fashion_mnist", 1000, 2500, 10_000),
    "mnist_5k-1000": ("mnist_5k", 1000, 1000, 2000),
    "fashion_mnist-4000": ("fashion_mnist", 4000, 5000, 10_000),
    "mnist_5k-2000": ("mnist_5k", 2000, 750, 1500),
}
BATCH_SIZES = {"fashion_mnist-4000": 128}  # where it is not that of SEARCH
MARGIN = 0.005  # of "not worse"


def search_settings(name: str) -> dict:
    """Returns the arguments of the search that a setting fixes."""
    return {**SEARCH, "batch_size": BATCH_SIZES.get(name, SEARCH["batch_size"])}


def run(name: str, seed: int, directory) -> dict:
    """Runs one replicate: search, RandAugment's own search, then all arms on test images."""
    source, train_size, scored, test_size = SETTINGS[name]
    settings = search_settings(name)
    images = data.load(source)
    pool = [np.concatenate(pair) for pair in zip(images.train, images.test, strict=True)]
    rest, test = data.split(*pool, [train_size + 2 * scored, test_size], seed=seed)
    flip = source == "fashion_mnist"

    def network():
        return study.small_network((28, 28, 1), 10)

    found = search.search_policy(
        rest,
        network,
        directory=directory,
        train_size=train_size,
        validation_size=scored,
        confirmation_size=scored,
        flip=flip,
        seed=seed,
        progress=False,
        space="policy",
        **settings,
    )
    # The same parts as the search's: a split is a function of the seed.
    train, validation, _ = data.split(*rest, [train_size, scored, scored], seed=seed)
    arms = {
        "search": found.policy,
        "none": policy.no_augmentation(),
        "flip and crop": policy.flip_crop(flip=flip),
        "RandAugment, tuned": policy.rand_augment(3),
        "TrivialAugment": policy.trivial_augment(),
        "random policy": policy.Policy.random(25, 2, seed=10_000 + seed),
    }
    trainer = search.Trainer(
        network,
        train,
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        policies=list(arms.values()),
    )
    arms["RandAugment, tuned"] = tuned_rand_augment(trainer, directory, validation, seed)
    seeds = [1000 * seed + number for number in range(SEEDS["test"])]
    accuracy = study.test_accuracies(trainer, arms, test, seeds=seeds)
    return {
        "accuracy": {arm: round(value, 5) for arm, value in accuracy.items()},
        "winner": found.winner.name,
        "kind": found.winner.kind,
        "rand_augment": arms["RandAugment, tuned"].name,
        "fidelity": found.insight.fidelity,
        "best_seen": found.insight.best_seen,
        "expected": found.insight.expected,
        "confirmed": {arm.name: round(arm.accuracy, 5) for arm in found.arms},
    }


def tuned_rand_augment(trainer, directory, validation, seed):
    """Returns the best RandAugment, scored as the search's trials are, and as many times."""
    shared = search.SharedWeights(
        trainer, policy.no_augmentation(), path=pathlib.Path(directory) / "shared.npz"
    )
    grid = [
        policy.rand_augment(num_ops, strength)
        for num_ops in (1, 2, 3)
        for strength in np.geomspace(0.05, 1.0, SEARCH["trials"] // 3).round(3)
    ]

    def looks(one, numbers):
        return [shared.score(one, 7919 * seed + number, *validation).accuracy for number in numbers]

    scores = [looks(one, [3 * k]) for k, one in enumerate(grid)]
    promoted = sorted(range(len(grid)), key=lambda k: -scores[k][0])[: -(-len(grid) // 3)]
    for k in promoted:
        scores[k] += looks(grid[k], [3 * k + 1, 3 * k + 2])
    return grid[max(promoted, key=lambda k: np.mean(scores[k]))]


def summary(rows) -> dict:
    """Returns what the replicates say together."""
    scores = [
        {
            **row["accuracy"],
            "best rival": max(
                row["accuracy"][arm]
                for arm in ("RandAugment, tuned", "TrivialAugment", "random policy")
            ),
        }
        for row in rows
    ]
    rivals = [arm for arm in scores[0] if arm not in ("search", "best rival")]
    means = {arm: round(float(np.mean([s[arm] for s in scores])), 5) for arm in scores[0]}
    best = max(("RandAugment, tuned", "TrivialAugment", "random policy"), key=means.get)
    against = study.paired(scores, "search", best)
    return {
        "mean_accuracy": means,
        "comparisons": study.holm([study.paired(scores, "search", rival) for rival in rivals]),
        "best_on_average": best,
        "not_worse_by_more_than_margin": bool(against.get("low", against["difference"]) > -MARGIN),
        "winners": {
            kind: sum(row["kind"] == kind for row in rows)
            for kind in ("control", "entrant", "searched")
        },
        "fidelity": round(float(np.median([row["fidelity"] for row in rows])), 3),
        "expected_minus_test": _mean_and_error(
            [row["expected"] - row["accuracy"]["search"] for row in rows if row["expected"]]
        ),
    }


def _mean_and_error(values):
    """Returns a mean and its standard error over replicates; None for what is not known."""
    if not values:
        return None, None
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else None
    return round(float(np.mean(values)), 5), None if error is None else round(float(error), 5)


def _show(name, number, row):
    print(name, number, row["accuracy"], row["winner"], f"{row['seconds']} s", flush=True)


def main():
    """Runs the replicates that are missing."""
    options = study.options(__doc__, "--settings", SETTINGS, REPLICATES)
    if options.smoke:
        SETTINGS["mnist_5k-1000"] = ("mnist_5k", 100, 100, 100)
        SEARCH.update(trials=3, epochs=2, confirm_seeds=2, ops=("invert", "rotate", "brightness"))
        SEEDS.update(test=1)
        options.settings, options.replicates = ["mnist_5k-1000"], 1
    with study.place(options.output, options.smoke) as output:
        measure(options, output)


def measure(options, output):
    """Runs the replicates that a folder's results lack, and sums them up."""
    protocol = {"test_seeds": SEEDS["test"], "margin": MARGIN}
    for name in options.settings:
        source, *sizes = SETTINGS[name]
        results = study.Results(
            output / f"real_data_{name}.json",
            f"python tuner/real_data.py --settings {name}",
            {"search": search_settings(name), **protocol, "source": source, "sizes": sizes},
        )
        results.complete(name, run, _show, summary, options)


if __name__ == "__main__":
    main()
