"""Tasks made of real images so that the answer is known: does the search find it?

    python tuner/known_answers.py

Each replicate draws other images and repeats the whole search. Then the policy that the search
wrote, RandAugment, TrivialAugment and no augmentation are trained from fresh weights and scored on
test images that the search has not seen. RandAugment and TrivialAugment are there twice, with their
own ops and with all that the search has, so that the op that the answer needs is among them. Every
op is trained alone, too: what the search calls useful or harmful and is not, there, by a point or
more, counts as a false alarm. Started again, it does the replicates that are missing.

The tasks:
- orientation: Fashion-MNIST, turned by -10, -5, 0, 5 or 10 degrees; the label is the angle.
  Rotation destroys it.
- colour: Fashion-MNIST in four faint tints; the label is the tint. Ops that stretch each channel
  by itself (autocontrast, equalize) destroy it.
- rotated: MNIST, upright to train on, turned by up to 45 degrees in later use. Rotation is needed.
- polarity: MNIST, white on black to train on, half of them black on white in later use. Inversion
  is needed.
"""

import dataclasses

import numpy as np
import study
from scipy import ndimage

from keras_cv_extras import data, policy, search

SIZES = {
    "fashion_mnist": {"train": 500, "later": 6000, "test": 6000},
    "mnist_5k": {"train": 500, "later": 2000, "test": 2000},
}
SEARCH = {"trials": 36, "epochs": 16, "batch_size": 32, "confirm_seeds": 2, "harm_seeds": 4}
MARGIN = 0.01  # of accuracy: an op that changes less does nothing
SEEDS = {"test": 3}  # of the arms, on test images
REPLICATES = 10


@dataclasses.dataclass(frozen=True)
class Task:
    """A task with a known answer.

    Args:
        source: the name of the images' data set.
        make: a function `(images, labels, rng, later)` that returns those of the task, as they
            are to train on, or in later use.
        needed: ops that the search must name as useful.
        harmful: ops that it must name as harmful.
    """

    source: str
    make: object
    needed: tuple = ()
    harmful: tuple = ()


def orientation(images, labels, rng, later):
    """The label is the angle."""
    labels = rng.integers(0, 5, len(labels))
    return turned(images, 5.0 * (labels - 2)), labels


def colour(images, labels, rng, later):
    """The label is the tint; images are brighter and darker."""
    labels = rng.integers(0, 4, len(labels))
    tints = np.array([[1, 1, 1], [1, 0.9, 0.9], [0.9, 1, 0.9], [0.9, 0.9, 1]])
    light = rng.uniform(0.5, 1.0, (len(labels), 1, 1, 1))
    coloured = images * light * tints[labels][:, None, None]
    return np.round(coloured).astype("uint8"), labels


def rotated(images, labels, rng, later):
    """Later images are turned."""
    return (turned(images, rng.uniform(-45, 45, len(labels))) if later else images), labels


def polarity(images, labels, rng, later):
    """Half of the later images are inverted."""
    inverted = rng.random(len(labels)) < 0.5
    return (np.where(inverted[:, None, None, None], 255 - images, images) if later else images), (
        labels
    )


def turned(images, degrees):
    """Turns images about their centres, anticlockwise."""
    results = [
        ndimage.rotate(image, angle, reshape=False, order=1)
        for image, angle in zip(images, degrees, strict=True)
    ]
    return np.stack(results)


TASKS = {
    "orientation": Task("fashion_mnist", orientation, harmful=("rotate",)),
    "colour": Task("fashion_mnist", colour, harmful=("autocontrast", "equalize")),
    "rotated": Task("mnist_5k", rotated, needed=("rotate",)),
    "polarity": Task("mnist_5k", polarity, needed=("invert",)),
}


def parts_of(name: str, seed: int) -> dict:
    """Returns `(images, labels)` of a task to train on, of later use, and to test on."""
    task = TASKS[name]
    source = data.load(task.source)
    pool = [np.concatenate(pair) for pair in zip(source.train, source.test, strict=True)]
    rng = np.random.default_rng(seed)
    order, parts, start = rng.permutation(len(pool[1])), {}, 0
    for part, size in SIZES[task.source].items():
        rows = order[start : start + size]
        parts[part] = task.make(pool[0][rows], pool[1][rows], rng, part != "train")
        start += size
    return parts


def run(name: str, seed: int, directory) -> dict:
    """Runs one replicate of a task: search, then all arms on test images."""
    task, parts = TASKS[name], parts_of(name, seed)
    shape, num_classes = parts["train"][0].shape[1:], len(np.unique(parts["test"][1]))
    found = search.search_policy(
        parts["train"],
        lambda: study.small_network(shape, num_classes),
        directory=directory,
        validation_data=parts["later"],
        train_size=SIZES[task.source]["train"],
        flip=False,
        seed=seed,
        progress=False,
        space="policy",
        **SEARCH,
    )
    ops = tuple(op for op in found.screen.caps if op not in found.screen.unchanged)
    arms = {
        "search": found.policy,
        "none": policy.no_augmentation(),
        "RandAugment": policy.rand_augment(),
        "TrivialAugment": policy.trivial_augment(),
        "RandAugment, all ops": policy.rand_augment(ops=ops),
        "TrivialAugment, all ops": search.uniform_policy(ops),
    }
    alone = {op: search.uniform_policy([op]) for op in ops}
    trainer = search.Trainer(
        lambda: study.small_network(shape, num_classes),
        parts["train"],
        epochs=SEARCH["epochs"],
        batch_size=SEARCH["batch_size"],
        policies=[*arms.values(), *alone.values()],
    )
    seeds = [1000 * seed + number for number in range(SEEDS["test"])]
    accuracy = study.test_accuracies(trainer, arms, parts["test"], seeds=seeds)
    by_op = study.test_accuracies(trainer, alone, parts["test"], seeds=seeds)
    gains = {op: value - accuracy["none"] for op, value in by_op.items()}
    harmful = set(found.screen.harmful)
    return {
        "accuracy": {name: round(value, 5) for name, value in accuracy.items()},
        "winner": found.winner.name,
        "caps": found.screen.caps,
        "needed": list(found.insight.needed),
        "harmful": sorted(harmful),
        "limited": list(found.screen.limited),
        "gain_alone": {op: round(value, 5) for op, value in gains.items()},
        "false_alarms": false_alarms(found.insight.needed, harmful, gains),
        "named": set(task.needed) <= set(found.insight.needed) and set(task.harmful) <= harmful,
    }


def false_alarms(needed, harmful, gains) -> list[str]:
    """Returns the ops that were named and do not do what was said of them, on test images.

    Args:
        needed: ops that were called useful.
        harmful: ops that were called harmful.
        gains: what training with each op alone adds to the accuracy.
    """
    useless = {op for op in needed if gains[op] < MARGIN}
    return sorted(useless | {op for op in harmful if gains[op] > -MARGIN})


def summary(rows) -> dict:
    """Returns what the replicates of a task say together."""
    scores = [row["accuracy"] for row in rows]
    rivals = [arm for arm in scores[0] if arm != "search"]
    named = sum(len({*row["needed"], *row["harmful"]}) for row in rows)
    alarms = sum(len(row["false_alarms"]) for row in rows)
    return {
        "false_alarms": f"{alarms} of {named} names, {len(rows[0]['gain_alone'])} ops each time",
        "named_rightly": f"{sum(row['named'] for row in rows)} of {len(rows)}",
        "mean_accuracy": {
            arm: round(float(np.mean([s[arm] for s in scores])), 5) for arm in scores[0]
        },
        "comparisons": study.holm([study.paired(scores, "search", rival) for rival in rivals]),
    }


def _show(name, number, row):
    named = "named" if row["named"] else "NOT NAMED"
    print(name, number, row["accuracy"], named, f"{row['seconds']} s", flush=True)


def main():
    """Runs the replicates that are missing."""
    options = study.options(__doc__, "--tasks", TASKS, REPLICATES)
    if options.smoke:
        SIZES["mnist_5k"].update(train=100, later=100, test=50)
        SEARCH.update(trials=2, epochs=2, ops=("invert", "rotate", "brightness"))
        SEEDS.update(test=1)
        options.tasks, options.replicates = ["polarity"], 1
    with study.place(options.output, options.smoke) as output:
        measure(options, output)


def measure(options, output):
    """Runs the replicates that a folder's results lack, and sums them up."""
    protocol = {"search": SEARCH, "test_seeds": SEEDS["test"], "margin": MARGIN}
    for name in options.tasks:
        task = TASKS[name]
        results = study.Results(
            output / f"known_answers_{name}_harm.json",
            f"python tuner/known_answers.py --tasks {name}",
            {
                **protocol,
                "sizes": SIZES[task.source],
                "needed": task.needed,
                "harmful": task.harmful,
            },
        )
        results.complete(name, run, _show, summary, options)


if __name__ == "__main__":
    main()
