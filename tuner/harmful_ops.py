"""Tasks where it is known which op harms: does a search that trains with each op alone say so?

    python tuner/harmful_ops.py

The tasks are those of `known_answers.py` in which an op harms. Each replicate draws other images
and does what a search with `harm_seeds=4` does to name ops, nothing else: trainings from fresh
weights, scored on validation images. Every op that is named is then trained with alone, three
times, and scored on test images: it is a false alarm if it costs less than a point there. Started
again, it does the replicates that are missing.
"""

import known_answers
import numpy as np
import study

from keras_cv_extras import policy, search
from keras_cv_extras.search.verdict import _harm

HARM_SEEDS, EPOCHS, BATCH_SIZE, REPLICATES = 4, 16, 32, 10
TASKS = [name for name, task in known_answers.TASKS.items() if task.harmful]
SIZES = {"validation": 3000}  # the first of those that a search would get; the rest are its second


def run(name: str, replicate: int, directory) -> dict:
    """Names the harmful ops of one replicate, and looks whether they are."""
    seed = replicate + 1  # the rule was chosen after a look at images that 0 and 100 draw
    parts = known_answers.parts_of(name, seed)
    shape, num_classes = parts["train"][0].shape[1:], len(np.unique(parts["test"][1]))
    grey = shape[-1] == 1
    ops = tuple(op for op in policy.SEARCH_OPS if not (op == "color" and grey))
    alone = {op: search.uniform_policy([op]) for op in ops}
    nothing = policy.no_augmentation()
    trainer = search.Trainer(
        lambda: study.small_network(shape, num_classes),
        parts["train"],
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        policies=[nothing, *alone.values()],
    )
    validation = [part[: SIZES["validation"]] for part in parts["later"]]
    count = 0

    def train(pairs):
        nonlocal count
        count += len(pairs)
        return [
            trainer.score(alone.get(op, nothing), 1000 * seed + number, *validation).correct
            for op, number in pairs
        ]

    gains = _harm.try_alone(ops, HARM_SEEDS, train)
    named = _harm.harmful_ops(gains, HARM_SEEDS)
    arms = {"nothing": nothing, **{op: alone[op] for op in named}}
    seeds = [1000 * seed + 500 + number for number in range(known_answers.SEEDS["test"])]
    accuracy = study.test_accuracies(trainer, arms, parts["test"], seeds=seeds)
    costs = {op: accuracy["nothing"] - accuracy[op] for op in named}
    return {
        "named": list(named),
        "wanted": set(known_answers.TASKS[name].harmful) <= set(named),
        "false_alarms": sorted(op for op in named if costs[op] < _harm.MARGIN),
        "cost_on_test_images": {op: round(cost, 5) for op, cost in costs.items()},
        "gain": {op: round(_harm.mean_gain(rows), 5) for op, rows in gains.items()},
        "nothing_on_test_images": round(accuracy["nothing"], 5),
        "ops": len(ops),
        "trainings": count,
    }


def summary(rows) -> dict:
    """Returns what the replicates of a task say together."""
    ops = sum(row["ops"] for row in rows)
    alarms = sum(len(row["false_alarms"]) for row in rows)
    return {
        "named_rightly": f"{sum(row['wanted'] for row in rows)} of {len(rows)}",
        "false_alarms": f"{alarms} of {ops} ops",
        "trainings": round(float(np.mean([row["trainings"] for row in rows])), 1),
    }


def _show(name, number, row):
    print(name, number, row["named"], row["false_alarms"], f"{row['seconds']} s", flush=True)


def main():
    """Runs the replicates that are missing."""
    options = study.options(__doc__, "--tasks", TASKS, REPLICATES)
    if options.smoke:
        known_answers.SIZES["fashion_mnist"].update(train=100, later=100, test=50)
        known_answers.SEEDS.update(test=1)
        options.tasks, options.replicates = ["orientation"], 1
    with study.place(options.output, options.smoke) as output:
        for name in options.tasks:
            task = known_answers.TASKS[name]
            results = study.Results(
                output / f"harmful_ops_{name}.json",
                f"python tuner/harmful_ops.py --tasks {name}",
                {
                    "harm_seeds": HARM_SEEDS,
                    "epochs": EPOCHS,
                    "batch_size": BATCH_SIZE,
                    "test_seeds": known_answers.SEEDS["test"],
                    "margin": _harm.MARGIN,
                    "sizes": {**known_answers.SIZES[task.source], **SIZES},
                    "harmful": task.harmful,
                },
            )
            results.complete(name, run, _show, summary, options)


if __name__ == "__main__":
    main()
