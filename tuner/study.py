"""What the studies of the search share: a small network, arms on test images, and statistics."""

import argparse
import contextlib
import functools
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import platform
import sys
import tempfile
import time
from concurrent import futures

import keras
import numpy as np
from scipy import stats

from keras_cv_extras import search
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text

RESULTS = pathlib.Path(__file__).parent / "results"


@contextlib.contextmanager
def place(path, smoke: bool):
    """Gives where results are written: the path given, or for a smoke test one that is deleted."""
    if not smoke:
        yield pathlib.Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder) / pathlib.Path(path).name


def options(description: str, names: str, choices, replicates: int) -> argparse.Namespace:
    """Reads the command line of a study.

    Args:
        description: the docstring of the script.
        names: the option that says what to repeat, such as "--tasks".
        choices: what it may name; all if it is not given.
        replicates: how many there are unless the command line says another number.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(names, nargs="+", choices=choices, default=list(choices))
    parser.add_argument("--replicates", type=int, default=replicates)
    parser.add_argument("--parallel", type=int, default=1, help="replicates at a time")
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    parser.add_argument("--smoke", action="store_true", help="one small replicate, nothing kept")
    return parser.parse_args()


def small_network(shape, num_classes):
    """Builds a network that learns 1,000 small images in a second or two."""
    images = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(images)
    for filters, strides in ((16, 2), (32, 2), (32, 1)):
        x = keras.layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(images, keras.layers.Dense(num_classes)(x))


def test_accuracies(trainer, policies, test, *, seeds) -> dict[str, float]:
    """Trains each policy from fresh weights and scores it on the test images.

    Args:
        trainer: a `Trainer` on the training part.
        policies: by the name of their arm.
        test: `(images, labels)`.
        seeds: one training for each; the arms share them.

    Returns:
        For each arm the mean accuracy.
    """
    return {
        name: float(np.mean([trainer.score(policy, seed, *test).accuracy for seed in seeds]))
        for name, policy in policies.items()
    }


def paired(rows, first: str, second: str) -> dict:
    """Compares two arms over replicates: mean difference, 95 % interval, paired t-test.

    Args:
        rows: a dictionary of accuracies for each replicate.
        first: an arm.
        second: another one.
    """
    gaps = np.array([row[first] - row[second] for row in rows])
    mean = float(gaps.mean())
    if len(gaps) < 2 or np.ptp(gaps) == 0:
        return {"first": first, "second": second, "difference": mean, "replicates": len(gaps)}
    test = stats.ttest_1samp(gaps, 0.0)
    low, high = test.confidence_interval(0.95)
    return {
        "first": first,
        "second": second,
        "difference": round(mean, 5),
        "low": round(float(low), 5),
        "high": round(float(high), 5),
        "p": float(f"{test.pvalue:.3g}"),
        "replicates": len(gaps),
    }


def holm(comparisons) -> list[dict]:
    """Adds to each comparison its p-value after Holm's correction for their number."""
    order = sorted(range(len(comparisons)), key=lambda i: comparisons[i].get("p", 1.0))
    largest, adjusted = 0.0, [dict(one) for one in comparisons]
    for rank, place in enumerate(order):
        value = comparisons[place].get("p", 1.0) * (len(order) - rank)
        largest = max(largest, min(1.0, value))
        adjusted[place]["p_holm"] = float(f"{largest:.3g}")
    return adjusted


def mean_accuracy(scores) -> dict[str, float]:
    """Returns the mean of each arm over the replicates.

    Args:
        scores: a dictionary of accuracies for each replicate.
    """
    return {arm: round(float(np.mean([one[arm] for one in scores])), 5) for arm in scores[0]}


def mean_gap(gaps) -> dict:
    """Returns the mean of differences and its standard error, None where there are too few."""
    error = np.std(gaps, ddof=1) / len(gaps) ** 0.5 if len(gaps) > 1 else None
    return {
        "mean": round(float(np.mean(gaps)), 5) if gaps else None,
        "error": None if error is None else round(float(error), 5),
    }


def measure(options, output, script: str, protocol: dict, run, summary):
    """Runs the replicates of settings that a folder's results lack, and compares the settings.

    Args:
        options: those of the command line, with `settings` and `emoji`.
        output: the folder of the results.
        script: the name of the script, without its ending, which begins those of the results.
        protocol: what was fixed beforehand.
        run: a function of a setting's name, the folder of the emoji, a replicate's number and an
            empty folder.
        summary: a function of all rows of a setting, whose "primary" is the comparison that
            Holm's correction over the settings is for.
    """
    summaries = {}
    for name in options.settings:
        results = Results(
            output / f"{script}_{name}.json",
            f"python tuner/{script}.py --settings {name}",
            {**protocol, "setting": name},
        )
        rows = results.replicates(
            functools.partial(run, name, options.emoji),
            options.replicates,
            parallel=options.parallel,
            seen=lambda number, row: print(number, row["accuracy"], row["winner"], flush=True),
        )
        summaries[name] = summary(rows)
        results.summarise(summaries[name])
    for name, one in zip(
        summaries, holm([one["primary"] for one in summaries.values()]), strict=True
    ):
        print(name, one, flush=True)


def measured_on(*packages: str) -> dict:
    """Returns the command, the accelerator and the versions that a measurement on JAX goes with.

    Args:
        packages: whose versions; None for one that is not installed.
    """
    import jax

    device = jax.devices()[0]
    return {
        "command": "KERAS_BACKEND=jax " + " ".join(["python", *sys.argv]),
        "device": device.device_kind,
        "platform": device.platform,
        "cores": _cores(),
        "versions": {name: _version(name) for name in packages},
    }


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


class Results:
    """A JSON file of replicates: each is written as soon as it is known, and not run again.

    Args:
        path: the file.
        command: how the results are made.
        protocol: what was fixed beforehand, as a dictionary for JSON.
    """

    def __init__(self, path, command: str, protocol: dict):
        self.path = pathlib.Path(path)
        protocol = json.loads(json.dumps(protocol))
        self._fields = {
            "command": command,
            "machine": {"cores": _cores(), "platform": platform.platform(), **_accelerator()},
            "versions": search.versions(),
            "protocol": protocol,
            "replicates": {},
            "summary": {},
        }
        if self.path.is_file():
            earlier = json_text.read_json(self.path)
            if earlier["protocol"] != protocol:
                raise ValueError(f"{self.path} is of another protocol: move it away to start anew")
            self._fields = earlier

    def replicates(self, run, count: int, *, parallel: int = 1, seen=print) -> list[dict]:
        """Returns the results of replicates 0, 1, ..., from the file or by running them.

        Args:
            run: a function of a replicate's number and of an empty folder, which processes can
                be told: one of a module, or a `functools.partial` of one.
            count: how many.
            parallel: how many run at a time, each in a process of its own. An accelerator that
                is idle with one has room for many.
            seen: a function that is called with the number and the results of each.
        """
        known = self._fields["replicates"]
        names = [str(number) for number in range(count)]
        missing = [name for name in names if name not in known]

        def keep(name, row):
            known[name] = row
            self.write()
            seen(name, row)

        if parallel == 1:
            for name in missing:
                keep(name, _timed(run, int(name)))
        else:
            # TensorFlow's threads of each process: together as many as there are cores.
            os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(1, _cores() // parallel)))
            context = multiprocessing.get_context("spawn")
            with futures.ProcessPoolExecutor(parallel, context) as pool:
                running = {pool.submit(_timed, run, int(name)): name for name in missing}
                for done in futures.as_completed(running):
                    keep(running[done], done.result())
        return [known[name] for name in names]

    def complete(self, name: str, run, show, summary, options):
        """Runs the replicates that are missing, and sums all of them up.

        Args:
            name: what is repeated.
            run: a function of the name and the number of a replicate that returns its row.
            show: a function of the name, the number and the row, for each that is done.
            summary: a function of all rows that returns what they say together.
            options: those of the command line.
        """
        rows = self.replicates(
            functools.partial(run, name),
            options.replicates,
            parallel=options.parallel,
            seen=functools.partial(show, name),
        )
        self.summarise(summary(rows))
        print(name, summary(rows), flush=True)

    def summarise(self, summary: dict):
        """Writes what the replicates say together."""
        self._fields["summary"] = summary
        self.write()

    def write(self):
        """Writes the file."""
        files.write_json(self.path, self._fields)


def _timed(run, number):
    """Returns what `run(number, folder)` returns, and its seconds; the folder is deleted."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        row = run(number, folder)
    return {**row, "seconds": round(time.monotonic() - start, 1)}


def _accelerator():
    """Returns what JAX runs on, where it is the backend."""
    if keras.backend.backend() != "jax":
        return {}
    import jax

    return {"device": jax.devices()[0].device_kind}


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
