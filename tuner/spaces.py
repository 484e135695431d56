"""Which space should a search have? As tuner/protocol-3.md says.

    npm install emoji-datasource-{google,twitter,facebook,apple}@16.0.0
    python tuner/spaces.py --emoji node_modules

Started again, it does the replicates that are missing.
"""

import argparse
import pathlib
import shutil
import tempfile

import recipes
import study

from keras_cv_extras import policy, search
from keras_cv_extras._base.owned import folders, kinds

SPACES = ("policy", "recipe", "randaugment")
SEARCH = {"trials": 24, "epochs": 12, "batch_size": 64, "confirm_seeds": 3}
SEEDS = {"test": 3}
recipes.EMOJI.update({"emoji-5": (("facebook",), "apple", "twitter")})
recipes.FASHION.update({"fashion-500": (500, 750, 750, 3000)})
SETTINGS = ("emoji-5", "fashion-500")
# What a search of one space knows and those of others need not compute again.
_SHARED = ("screen.json", "shared.npz", "portfolio", "appeal", "promoted", "confirmation")
_OWN = ("trial", "best-trial", "best-5-joined")


def run(name: str, emoji_folder, replicate: int, directory) -> dict:
    """Runs one replicate: a search in each space, then all arms on the test images."""
    is_fashion = name in recipes.FASHION
    parts = (
        recipes.fashion(name, replicate)
        if is_fashion
        else recipes.emoji(emoji_folder, name, replicate)
    )
    shape, num_classes = parts["train"][0].shape[1:], int(parts["train"][1].max()) + 1

    def network():
        return study.small_network(shape, num_classes)

    half = len(parts["later"][1]) // 2
    sizes = recipes.FASHION[name][1:3] if is_fashion else (half, half)
    found = {}
    for space in SPACES:
        folder = pathlib.Path(directory) / space
        if found:
            hand_on(pathlib.Path(directory) / SPACES[0], folder)
        found[space] = search.search_policy(
            parts["train"],
            network,
            directory=folder,
            validation_data=parts["later"],
            train_size=len(parts["train"][1]),
            validation_size=sizes[0],
            confirmation_size=sizes[1],
            flip=True,
            seed=replicate,
            progress=False,
            space=space,
            **SEARCH,
        )
    best = next(arm for arm in found["randaugment"].arms if arm.name == "best trial")
    arms = {
        **{space: one.policy for space, one in found.items()},
        "randaugment, best trial": best.policy,
        "flip, crop and RandAugment": policy.flip_crop() + policy.rand_augment(),
        "TrivialAugment": policy.trivial_augment(),
        "flip and crop": policy.flip_crop(),
        "none": policy.no_augmentation(),
    }
    different = {str(one.stages): one for one in arms.values()}
    trainer = search.Trainer(
        network,
        parts["train"],
        epochs=SEARCH["epochs"],
        batch_size=SEARCH["batch_size"],
        policies=list(different.values()),
    )
    seeds = [1000 * replicate + number for number in range(SEEDS["test"])]
    scores = study.test_accuracies(trainer, different, parts["test"], seeds=seeds)
    return {
        "accuracy": {arm: round(scores[str(one.stages)], 5) for arm, one in arms.items()},
        "winner": {space: one.winner.name for space, one in found.items()},
        "expected": {space: one.insight.expected for space, one in found.items()},
        "best_trial": best.policy.describe(),
        "cost": {space: one.policy.provenance["cost"] for space, one in found.items()},
    }


def hand_on(first, folder):
    """Gives the search of another space what it would compute alike."""
    with folders.owned(folder, kinds.SEARCH):
        for name in _SHARED:
            source = first / name
            if source.is_dir():
                own = shutil.ignore_patterns(*(f"{one}*" for one in _OWN))
                shutil.copytree(source, folder / name, ignore=own)
            elif source.is_file():
                shutil.copy(source, folder / name)


def summary(rows) -> dict:
    """Returns what the replicates of a setting say together."""
    scores = [row["accuracy"] for row in rows]
    others = [arm for arm in scores[0] if arm not in ("randaugment", "policy")]
    return {
        "mean_accuracy": study.mean_accuracy(scores),
        "primary": study.paired(scores, "randaugment", "policy"),
        "others": study.holm([study.paired(scores, "randaugment", arm) for arm in others]),
        "expected_minus_test": {
            space: study.mean_gap([row["expected"][space] - row["accuracy"][space] for row in rows])
            for space in SPACES
        },
    }


def measure(options, output):
    """Runs the replicates that a folder's results lack, and sums them up."""
    protocol = {"search": SEARCH, "test_seeds": SEEDS["test"]}
    study.measure(options, output, "spaces", protocol, run, summary)


def main():
    """Runs the replicates that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--emoji", type=pathlib.Path, help="the folder of the four packages")
    parser.add_argument("--replicates", type=int, default=recipes.REPLICATES)
    parser.add_argument("--parallel", type=int, default=1, help="replicates at a time")
    parser.add_argument("--output", type=pathlib.Path, default=study.RESULTS)
    parser.add_argument("--smoke", action="store_true", help="one tiny replicate, nothing kept")
    options = parser.parse_args()
    if not options.smoke:
        if options.emoji is None and "emoji-5" in options.settings:
            parser.error("give --emoji FOLDER, where the four packages are installed")
        measure(options, options.output)
        return
    SEARCH.update(trials=2, epochs=2, confirm_seeds=2, ops=("rotate", "brightness"))
    SEEDS.update(test=1)
    recipes.LIMITS.update(least=2)
    with study.place(options.output, True) as output, tempfile.TemporaryDirectory() as folder:
        options.settings, options.replicates = ["emoji-5"], 1
        options.emoji = recipes.drawn_emoji(pathlib.Path(folder))
        measure(options, output)


if __name__ == "__main__":
    main()
