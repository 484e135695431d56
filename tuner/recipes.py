"""Is a searched recipe better than RandAugment tuned with as much? As the protocols beside it say.

tuner/protocol.md is that of the first four settings, tuner/protocol-2.md that of emoji-3 and
emoji-4.

    npm install emoji-datasource-{google,twitter,facebook,apple}@16.0.0
    python tuner/recipes.py --emoji node_modules

Started again, it does the replicates that are missing. Without --emoji it does Fashion-MNIST alone.
"""

import argparse
import json
import pathlib
import tempfile

import numpy as np
import study
from PIL import Image

from keras_cv_extras import data, policy, search

SEARCH = {"trials": 24, "epochs": 16, "batch_size": 64, "confirm_seeds": 3, "space": "recipe"}
REPLICATES = 10
SEEDS = {"test": 3}
LIMITS = {"least": 40, "part": 7000}  # emoji of a category; images of a replicate of Fashion-MNIST
# Images to train on, to validate on, to confirm with, to test on.
FASHION = {"fashion-1000": (1000, 1500, 1500, 3000), "fashion-3000": (3000, 1000, 1000, 2000)}
# Whose emoji to train on, whose to validate on and to confirm with, whose to test on.
EMOJI = {
    "emoji-1": (("google",), "facebook", "apple"),
    "emoji-2": (("google", "twitter"), "facebook", "apple"),
    "emoji-3": (("twitter",), "google", "facebook"),
    "emoji-4": (("apple", "twitter"), "google", "facebook"),
}
DESIGNERS = ("google", "twitter", "facebook", "apple")
RIVAL = "tuned RandAugment"


def fashion(name: str, replicate: int) -> dict:
    """Returns a replicate's parts of Fashion-MNIST, none of whose images another has."""
    source = data.load("fashion_mnist")
    images, labels = (np.concatenate(pair) for pair in zip(source.train, source.test, strict=True))
    order = np.random.default_rng(list(FASHION).index(name)).permutation(len(labels))
    own = order[replicate * LIMITS["part"] : (replicate + 1) * LIMITS["part"]]
    cuts = np.cumsum(FASHION[name])
    train, validation, confirmation, test = np.split(own, cuts)[:4]
    later = np.concatenate([validation, confirmation])
    return {
        part: (images[rows], labels[rows])
        for part, rows in (("train", train), ("later", later), ("test", test))
    }


def emoji(folder, name: str, replicate: int) -> dict:
    """Returns a replicate's parts of the emoji: some designers' to train on, another's to test.

    Args:
        folder: where the packages are installed, such as node_modules.
        name: of the setting.
        replicate: its number.
    """
    groups = emoji_groups(folder)
    categories = sorted({category for category, _ in groups})
    rng = np.random.default_rng(100 + list(EMOJI).index(name))
    rows = {"train": [], "later": []}
    for label, category in enumerate(categories):
        own = [files for one, files in groups if one == category]
        part = [own[k] for k in rng.permutation(len(own))][replicate::REPLICATES]
        half = -(-len(part) // 2)
        rows["train"] += [(file, label) for files in part[:half] for file in files]
        rows["later"] += [(file, label) for files in part[half:] for file in files]
    drawn_by, later, unseen = EMOJI[name]
    return {
        "train": _pictures(folder, drawn_by, rows["train"]),
        "later": _pictures(folder, (later,), rows["later"]),
        "test": _pictures(folder, (unseen,), rows["later"]),
    }


def emoji_groups(folder) -> list[tuple[str, list[str]]]:
    """Returns category and files of every emoji, its skin tones with it, that all have drawn."""
    text = (pathlib.Path(folder) / "emoji-datasource-google" / "emoji.json").read_text("utf-8")
    groups = []
    for entry in json.loads(text):
        variants = [entry, *entry.get("skin_variations", {}).values()]
        files = [
            one["image"]
            for one in variants
            if all(one.get(f"has_img_{designer}") for designer in DESIGNERS)
        ]
        if files:
            groups.append((entry["category"], files))
    counts = {}
    for category, _ in groups:
        counts[category] = counts.get(category, 0) + 1
    return [group for group in groups if counts[group[0]] >= LIMITS["least"]]


def _pictures(folder, designers, rows):
    """Returns pictures on white, half as large, with their labels."""
    images, labels = [], []
    for designer in designers:
        root = pathlib.Path(folder) / f"emoji-datasource-{designer}" / "img" / designer / "64"
        for file, label in rows:
            with Image.open(root / file) as picture:
                drawn = picture.convert("RGBA")
            white = Image.new("RGBA", drawn.size, "white")
            laid = Image.alpha_composite(white, drawn).convert("RGB")
            images.append(np.asarray(laid.resize((32, 32), Image.Resampling.BOX)))
            labels.append(label)
    return np.stack(images), np.array(labels)


def run(name: str, emoji_folder, replicate: int, directory) -> dict:
    """Runs one replicate: the search with its rival, then all arms on the test images."""
    is_fashion = name in FASHION
    parts = fashion(name, replicate) if is_fashion else emoji(emoji_folder, name, replicate)
    shape, num_classes = parts["train"][0].shape[1:], int(parts["train"][1].max()) + 1

    def network():
        return study.small_network(shape, num_classes)

    half = len(parts["later"][1]) // 2
    sizes = FASHION[name][1:3] if is_fashion else (half, half)
    found = search.search_policy(
        parts["train"],
        network,
        directory=directory,
        validation_data=parts["later"],
        train_size=len(parts["train"][1]),
        validation_size=sizes[0],
        confirmation_size=sizes[1],
        flip=True,
        seed=replicate,
        progress=False,
        tuned_control=True,
        **SEARCH,
    )
    drawn = search.RandomOracle(
        max_trials=1, hyperparameters=search.recipe_space(ops=found.screen.kept), seed=replicate
    ).ask("0", 10_000 + replicate, 0)
    controls = {arm.name: arm.policy for arm in found.arms}
    tuned = next(one for arm, one in controls.items() if arm.startswith(RIVAL))
    arms = {
        "search": found.policy,
        RIVAL: tuned,
        "flip, crop and " + RIVAL: policy.flip_crop() + tuned,
        "TrivialAugment": policy.trivial_augment(),
        "flip and crop": policy.flip_crop(),
        "none": policy.no_augmentation(),
        "random recipe": search.policy_from(drawn),
    }
    trainer = search.Trainer(
        network,
        parts["train"],
        epochs=SEARCH["epochs"],
        batch_size=SEARCH["batch_size"],
        policies=list(arms.values()),
    )
    seeds = [1000 * replicate + number for number in range(SEEDS["test"])]
    accuracy = study.test_accuracies(trainer, arms, parts["test"], seeds=seeds)
    return {
        "accuracy": {arm: round(value, 5) for arm, value in accuracy.items()},
        "winner": found.winner.name,
        "expected": found.insight.expected,
        "cost": found.policy.provenance["cost"],
    }


def summary(rows) -> dict:
    """Returns what the replicates of a setting say together."""
    scores = [row["accuracy"] for row in rows]
    others = [arm for arm in scores[0] if arm not in ("search", RIVAL)]
    gaps = [row["expected"] - row["accuracy"]["search"] for row in rows if row["expected"]]
    return {
        "mean_accuracy": study.mean_accuracy(scores),
        "primary": study.paired(scores, "search", RIVAL),
        "others": study.holm([study.paired(scores, "search", arm) for arm in others]),
        "expected_minus_test": study.mean_gap(gaps),
    }


def measure(options, output):
    """Runs the replicates that a folder's results lack, and sums them up."""
    protocol = {"search": SEARCH, "test_seeds": SEEDS["test"], "limits": LIMITS}
    study.measure(options, output, "recipes", protocol, run, summary)


def main():
    """Runs the replicates that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="+", choices=[*FASHION, *EMOJI])
    parser.add_argument("--emoji", type=pathlib.Path, help="the folder of the four packages")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--parallel", type=int, default=1, help="replicates at a time")
    parser.add_argument("--output", type=pathlib.Path, default=study.RESULTS)
    parser.add_argument("--smoke", action="store_true", help="one tiny replicate, nothing kept")
    options = parser.parse_args()
    if options.settings is None:
        options.settings = [*FASHION, *(EMOJI if options.emoji else ())]
    if not options.smoke:
        if options.emoji is None and set(options.settings) & set(EMOJI):
            parser.error("give --emoji FOLDER, where the four packages are installed")
        measure(options, options.output)
        return
    SEARCH.update(trials=2, epochs=2, confirm_seeds=2, ops=("rotate", "brightness"))
    SEEDS.update(test=1)
    LIMITS.update(least=2)
    with study.place(options.output, True) as output, tempfile.TemporaryDirectory() as folder:
        options.settings, options.replicates = ["emoji-1"], 1
        options.emoji = drawn_emoji(pathlib.Path(folder))
        measure(options, output)


def drawn_emoji(folder) -> pathlib.Path:
    """Writes packages of squares in place of emoji, to see that the study runs; returns where."""
    entries, rng = [], np.random.default_rng(0)
    for number in range(160):
        entry = {"image": f"{number}.png", "category": f"category {number % 2}"}
        entries.append(entry | {f"has_img_{designer}": True for designer in DESIGNERS})
        for designer in DESIGNERS:
            root = folder / f"emoji-datasource-{designer}" / "img" / designer / "64"
            root.mkdir(parents=True, exist_ok=True)
            picture = rng.integers(0, 256, (64, 64, 4), "uint8")
            picture[..., number % 2] //= 4
            Image.fromarray(picture).save(root / entry["image"])
    path = folder / "emoji-datasource-google" / "emoji.json"
    path.write_text(json.dumps(entries), "utf-8")
    return folder


if __name__ == "__main__":
    main()
