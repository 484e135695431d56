"""How many trainings an oracle needs to find a recipe as good as the one 200 random trials find.

    python tuner/oracle_cost.py

Whole searches cannot be repeated often enough to tell oracles apart. So recipes drawn at random are
trained once on real images, 8 x 8 digits, and a Gaussian process of their accuracies after 1, 3
and 9 epochs takes the place of trainings. What an oracle is told has the noise of a real score:
that of the seed and of 500 validation images, as trainings of the same recipe differ. What counts
is the accuracy without noise of the recipe that has scored best so far.
"""

import argparse
import pathlib
import tempfile
import time
import warnings

import keras
import keras_tuner as kt
import numpy as np
import study
from sklearn import exceptions, gaussian_process, model_selection
from sklearn.gaussian_process import kernels

from keras_cv_extras import data, search
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text
from keras_cv_extras.policy import SEARCH_OPS
from keras_cv_extras.search.oracles import _recipes

OPS = tuple(op for op in SEARCH_OPS if op not in ("color", "sample_pairing"))
EPOCHS = (1, 3, 9)  # those of Hyperband, a third each of the next
SIZES = {"train": 100, "validation": 500, "recipes": 250, "repeated": 30, "repeats": 4}
TRIALS = {"random": 200, "TPE": 60, "BayesianOptimization": 20}
ITERATIONS = 6  # of Hyperband, some ten trainings each
# A Gaussian process takes seconds for each suggestion: what it finds in two runs is hardly known.
REPLICATES = {"random": 40, "TPE": 20, "Hyperband": 20, "BayesianOptimization": 2}
INITIAL = 12  # trials at random before its first suggestion; 27 by default
SEEDS = 8  # of the table's trainings, in turns
MARGIN = 0.002  # of accuracy
NUMBERS = ("num_ops", "strength", "spread", "untouched", "geometry", "colour", "erasing", "padding")


def space():
    """Returns the space that all oracles search in."""
    return search.recipe_space(ops=OPS, flip=False)


def measured_table() -> dict:
    """Trains recipes on digits; returns what they are, their accuracies, and the noise of one."""
    digits = data.load("digits")
    images, labels = (np.concatenate(pair) for pair in zip(digits.train, digits.test, strict=True))
    order = np.random.default_rng(0).permutation(len(labels))
    train, rest = np.split(order, [SIZES["train"]])
    largest = _recipes.largest_recipe(OPS, flip=False)
    trainer = search.Trainer(
        lambda: study.small_network((8, 8, 1), 10),
        (images[train], labels[train]),
        epochs=EPOCHS[-1],
        batch_size=16,
        policies=[] if largest is None else [largest],
    )
    drawing = search.RandomOracle(max_trials=1, hyperparameters=space(), seed=0)
    rows, accuracies, repeated, seconds = [], [], [], []

    def trained(policy, seed):
        """Returns which of the other images are right after each number of epochs."""
        correct, first, start = [], 0, None
        for last in EPOCHS:
            trainer.train(policy, seed, epochs=(first, last), start=start)
            correct.append(trainer.evaluate(images[rest], labels[rest]).correct)
            first, start = last, trainer.state()
        return np.array(correct)

    for number in range(SIZES["recipes"]):
        values = drawing.ask(str(number), 10_000 + number, 0)
        policy = search.policy_from(values)
        begun = time.process_time()
        rows.append([float(values[f"recipe.{name}"]) for name in NUMBERS])
        accuracies.append(trained(policy, number % SEEDS).mean(axis=1))
        seconds.append(time.process_time() - begun)
        if number < SIZES["repeated"]:
            # Each time another part of the images, as validation images are another draw, too.
            rng = np.random.default_rng(number)
            parts = [rng.permutation(len(rest))[: SIZES["validation"]] for _ in range(9)]
            scores = [
                trained(policy, SEEDS + repeat)[:, parts[repeat]].mean(axis=1)
                for repeat in range(SIZES["repeats"])
            ]
            repeated.append(np.var(scores, axis=0, ddof=1))
    return {
        "recipes": np.round(rows, 5).tolist(),
        "accuracies": np.round(accuracies, 5).tolist(),
        "noise": np.round(np.sqrt(np.mean(repeated, axis=0)), 5).tolist(),
        "seconds_each": round(float(np.median(seconds)), 3),
    }


class Surrogate:
    """What a recipe's accuracy is after some epochs, as a Gaussian process of measured ones.

    Args:
        table: what `measured_table` returns.
    """

    def __init__(self, table: dict):
        inputs, outputs = _inputs(np.array(table["recipes"])), np.array(table["accuracies"])
        self.noise = dict(zip(EPOCHS, table["noise"], strict=True))
        self.models, self.correlation = {}, {}
        for epochs, values in zip(EPOCHS, outputs.T, strict=True):
            kernel = kernels.Matern([1.0] * inputs.shape[1], (0.05, 20.0), nu=2.5)
            kernel += kernels.WhiteKernel(0.3, (0.01, 1.0))
            model = gaussian_process.GaussianProcessRegressor(
                kernel, normalize_y=True, random_state=0
            )
            left_out = model_selection.cross_val_predict(model, inputs, values, cv=5)
            self.correlation[epochs] = round(float(np.corrcoef(left_out, values)[0, 1]), 3)
            self.models[epochs] = model.fit(inputs, values)

    def value(self, values: dict, epochs: int) -> float:
        """Returns the accuracy without noise of a recipe's hyperparameters."""
        row = [[float(values[f"recipe.{name}"]) for name in NUMBERS]]
        known = min(EPOCHS, key=lambda one: abs(one - epochs))
        return float(self.models[known].predict(_inputs(np.array(row)))[0])


def _inputs(rows):
    """Scales numbers for a Gaussian process: strengths are logarithmic."""
    rows = np.array(rows, float)
    rows[:, 1] = np.log(rows[:, 1])
    low, high = np.log(0.05), 0.0
    rows[:, 1] = (rows[:, 1] - low) / (high - low)
    rows[:, 0] /= 3
    rows[:, -1] *= 8
    return rows


def oracle_of(name: str, seed: int) -> kt.Oracle:
    """Returns an oracle over the space of recipes."""
    objective = kt.Objective("val_accuracy", "max")
    own = {"hyperparameters": space(), "seed": seed}
    if name == "TPE":
        return search.TPEOracle(max_trials=TRIALS[name], **own)
    if name == "Hyperband":
        return kt.oracles.HyperbandOracle(
            objective=objective,
            max_epochs=EPOCHS[-1],
            factor=3,
            hyperband_iterations=ITERATIONS,
            **own,
        )
    return kt.oracles.BayesianOptimizationOracle(
        objective=objective, max_trials=TRIALS[name], num_initial_points=INITIAL, **own
    )


def searched(name: str, seed: int, surrogate: Surrogate, directory) -> dict:
    """Runs an oracle; returns after each trial the trainings so far and the best one's value."""
    rng, seen = np.random.default_rng(seed), []

    class Tuner(search.PolicyTuner):
        """Scores by the surrogate, with noise."""

        def run_trial(self, trial, *arguments, **own):
            values = trial.hyperparameters.values
            epochs = int(values.get("tuner/epochs", EPOCHS[-1]))
            known = min(EPOCHS, key=lambda one: abs(one - epochs))
            score = surrogate.value(values, known) + rng.normal(0, surrogate.noise[known])
            seen.append((epochs, score, surrogate.value(values, EPOCHS[-1])))
            return {"val_accuracy": score}

    # Seeds of 0 are none to keras-tuner.
    part = np.zeros((2, 8, 8, 1), "uint8"), np.zeros(2, int)
    begun = time.process_time()
    Tuner(
        oracle_of(name, seed + 1), _network, part, part, epochs=EPOCHS[-1], directory=directory
    ).search()
    seconds = time.process_time() - begun
    trainings = np.cumsum([epochs for epochs, *_ in seen]) / EPOCHS[-1]
    best, values = (-1, -np.inf, 0.0), []
    for one in seen:
        best = max(best, one, key=lambda row: row[:2])  # those of most epochs count
        values.append(best[2])
    return {"trainings": trainings, "values": np.array(values), "seconds": seconds / len(seen)}


def drawn(seed: int, surrogate: Surrogate) -> dict:
    """Draws recipes at random, which needs no oracle; returns what `searched` does."""
    drawing = search.RandomOracle(max_trials=1, hyperparameters=space(), seed=seed)
    rng, scores, values = np.random.default_rng(seed), [], []
    for number in range(TRIALS["random"]):
        recipe = drawing.ask(str(number), 1000 * seed + number, 0)
        values.append(surrogate.value(recipe, EPOCHS[-1]))
        scores.append(values[-1] + rng.normal(0, surrogate.noise[EPOCHS[-1]]))
    best = [int(np.argmax(scores[: number + 1])) for number in range(len(scores))]
    trainings = np.arange(1, len(scores) + 1)
    return {"trainings": trainings, "values": np.array(values)[best], "seconds": 0.0}


def _network():
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    return keras.Sequential(layers)


def main():
    """Measures, prints, and keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=study.RESULTS)
    parser.add_argument("--smoke", action="store_true", help="few recipes, nothing is kept")
    options = parser.parse_args()
    if options.smoke:
        SIZES.update(recipes=12, repeated=2, repeats=2)
        TRIALS.update(random=8, TPE=6, BayesianOptimization=6)
        REPLICATES.update(dict.fromkeys(REPLICATES, 1))
    with study.place(options.output, options.smoke) as output:
        path = output / "oracle_cost_table.json"
        table = json_text.read_json(path) if path.is_file() else measured_table()
        files.write_json(path, table)
        print(table["noise"], table["seconds_each"], flush=True)
        measure(table, output)


def measure(table, output):
    """Runs all oracles on the surrogate of a table, and keeps what they needed."""
    with warnings.catch_warnings():  # a number that changes nothing has an endless length
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        surrogate = Surrogate(table)
    print(surrogate.correlation, flush=True)
    results = study.Results(
        output / "oracle_cost.json",
        "python tuner/oracle_cost.py",
        {"sizes": SIZES, "epochs": EPOCHS, "trials": TRIALS, "replicates": REPLICATES},
    )
    runs = {}
    summary = {
        "found_by_200_random": None,
        "best_of_the_table": round(float(max(surrogate_values(surrogate, table))), 5),
        "noise_of_a_score": table["noise"][-1],
        "correlation_left_out": surrogate.correlation,
        "oracles": {},
    }
    for name, count in REPLICATES.items():
        runs[name] = []
        for number in range(count):
            if name == "random":
                runs[name].append(drawn(number, surrogate))
                continue
            with tempfile.TemporaryDirectory() as folder:
                runs[name].append(searched(name, number, surrogate, folder))
        print(name, curve(runs[name], [10, 20, 40, 60]).round(4), flush=True)
        found = float(np.mean([run["values"][-1] for run in runs["random"]]))
        summary["found_by_200_random"] = round(found, 5)
        summary["oracles"][name] = needed(runs[name], found, table)
        results.summarise(summary)
    print(summary)


def surrogate_values(surrogate, table):
    """Returns the accuracy without noise of every recipe of a table."""
    return surrogate.models[EPOCHS[-1]].predict(_inputs(np.array(table["recipes"])))


def curve(runs, trainings):
    """Returns the mean value of the best one so far, after some numbers of trainings."""
    rows = []
    for run in runs:
        places = np.searchsorted(run["trainings"], np.array(trainings) + 1e-9, side="right") - 1
        rows.append(np.where(places >= 0, run["values"][np.maximum(places, 0)], 0.0))
    return np.mean(rows, axis=0)


def needed(runs, found, table) -> dict:
    """Returns what an oracle needs, on the mean of its runs, to be within the margin."""
    most = int(min(run["trainings"][-1] for run in runs))
    counts = np.arange(1, most + 1)
    near = np.flatnonzero(curve(runs, counts) >= found - MARGIN)
    trainings = int(counts[near[0]]) if len(near) else None
    each = float(np.mean([run["seconds"] for run in runs]))
    asked = [int(np.searchsorted(run["trainings"], trainings or most)) + 1 for run in runs]
    seconds = (trainings or most) * table["seconds_each"] + each * float(np.mean(asked))
    ends = [run["values"][-1] for run in runs]
    return {
        "trainings": trainings,
        "seconds": round(seconds, 1) if trainings else None,
        "trainings_in_all": most,
        "seconds_of_a_suggestion": round(each, 3),
        "value_at_20_trainings": round(float(curve(runs, [20])[0]), 5),
        "value_in_the_end": round(float(np.mean(ends)), 5),
        "error_in_the_end": round(float(np.std(ends, ddof=1) / len(ends) ** 0.5), 5)
        if len(ends) > 1
        else None,
        "runs": len(runs),
    }


if __name__ == "__main__":
    main()
