"""Times the same trials with one worker and with two, beside plain processes without a search.

    python tuner/search_workers.py

Two processes of one thread each are started once, and do in turn:

    one plain process     all trainings, one after the other
    two plain processes   half of the trainings each: what the machine's cores allow
    one worker            all trials, which a chief hands out
    two workers           the same trials

The trials are those of random search, which do not depend on the number of workers. Every case is
run several times, in an order that is turned round; the medians and their ratios go to
tuner/results/search_workers.json. With --smoke it is done on a few digits, and not kept.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

from keras_cv_extras._base import files
from keras_cv_extras._base.supervise import Process, free_ports, supervise
from keras_cv_extras.search.workers._processes import Role

RESULT = pathlib.Path(__file__).parent / "results" / "search_workers.json"
SEED = 0
CASES = {  # for each its kind, and how many processes do it
    "one plain process": ("plain", 1),
    "two plain processes": ("plain", 2),
    "one worker": ("search", 1),
    "two workers": ("search", 2),
}
ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def rounds(repeats):
    """Returns the names of the cases in the order in which they are run."""
    names = list(CASES)
    return [(n, name) for n in range(repeats) for name in (names if n % 2 == 0 else names[::-1])]


def make_tuner(options, folder, role, trainer, validation):
    """Returns a tuner of the trials, of a chief or of a worker."""
    from keras_cv_extras import search

    return search.PolicyTuner(
        search.RandomOracle(max_trials=options.trials, seed=SEED, parallel=options.trials),
        trainer=trainer,
        validation=validation,
        seed=SEED,
        directory=folder,
        role=role,
    )


def wait_for(path):
    """Returns when there is a file."""
    while not path.exists():
        time.sleep(0.01)


def work(options):
    """Does a process's part of every case, when its turn has come."""
    from keras_cv_extras import data, search, training
    from keras_cv_extras.search.trials._tuner import seed_of_trial

    images = data.load("digits" if options.smoke else "mnist_5k")
    shape, count = images.train[0].shape[1:], options.images
    train, validation = (
        tuple(array[start : start + count] for array in images.train) for start in (0, count)
    )
    trainer = search.Trainer(
        lambda: training.small_cnn(shape, 10), train, epochs=options.epochs, batch_size=64
    )
    middle = {hp.name: hp.default for hp in search.policy_space().space}
    trainer.score(search.policy_from(middle), SEED, *validation)  # builds and traces everything
    # The policies, as the oracle suggests them.
    alone = make_tuner(options, options.folder / f"list-{options.number}", Role(), trainer, ())
    policies = [alone.policy_of(alone.oracle.create_trial(str(n))) for n in range(options.trials)]
    (options.folder / f"ready-{options.number}").touch()
    for repeat, name in rounds(options.repeats):
        kind, processes = CASES[name]
        wait_for(options.folder / f"go {repeat} {name}")
        if options.number < processes:
            if kind == "plain":
                for n in range(options.number, options.trials, processes):
                    trainer.score(policies[n], seed_of_trial(SEED, n), *validation)
            else:
                role = Role("worker", options.address, f"worker-{options.number}")
                folder = options.folder / f"{repeat} {name}"
                make_tuner(options, folder, role, trainer, validation).search()
        (options.folder / f"done {repeat} {name} {options.number}").touch()


def measure(options):
    """Starts every case, with a chief in this process where it needs one; returns seconds."""
    from keras_cv_extras import search  # noqa: F401  now, and not in the first case's time

    for number in range(2):
        wait_for(options.folder / f"ready-{number}")
    seconds, found = {name: [] for name in CASES}, {}
    for repeat, name in rounds(options.repeats):
        started = time.monotonic()
        (options.folder / f"go {repeat} {name}").touch()
        if CASES[name][0] == "search":
            role = Role("chief", options.address, "chief")
            chief = make_tuner(options, options.folder / f"{repeat} {name}", role, object(), ())
            chief.search()
            trials = sorted(chief.oracle.trials.items())
            found[name] = [(trial.hyperparameters.values, trial.score) for _, trial in trials]
        for number in range(2):
            wait_for(options.folder / f"done {repeat} {name} {number}")
        seconds[name].append(round(time.monotonic() - started, 3))
        print(f"{name:<20} {seconds[name][-1]:6.2f} s", flush=True)
    return seconds, found["one worker"] == found["two workers"]


def start(options):
    """Starts the processes, and returns when all have ended."""
    own = [sys.executable, *sys.argv, "--folder", options.folder, "--address", options.address]
    parts = ["0", "1", "measure"]
    processes = [Process(part, [*own, "--part", part], ONE_THREAD) for part in parts]
    sys.exit(supervise(processes, restarts=0, report=print))


def main():
    """Runs a part, or starts all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.smoke:
        options.trials, options.epochs, options.images, options.repeats = 2, 1, 100, 1
    if options.part is None:
        with tempfile.TemporaryDirectory() as folder:
            options.folder = pathlib.Path(folder)
            options.address = f"127.0.0.1:{free_ports(1)[0]}"
            start(options)
    elif options.part != "measure":
        options.number = int(options.part)
        work(options)
    else:
        seconds, same = measure(options)
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        ratios = {
            "two workers to one": round(medians["two workers"] / medians["one worker"], 3),
            "two plain processes to one": round(
                medians["two plain processes"] / medians["one plain process"], 3
            ),
            "two workers to two plain": round(
                medians["two workers"] / medians["two plain processes"], 3
            ),
        }
        print(ratios, "the same trials and scores:", same)
        import study  # takes seconds, which the other parts do not need

        with study.place(RESULT, options.smoke) as path:
            report(path, options, seconds, ratios, same)


def report(path, options, seconds, ratios, same):
    """Writes what was measured."""
    from keras_cv_extras.search.stages._request import versions

    files.write_json(
        path,
        {
            "command": "python tuner/search_workers.py",
            "trials": options.trials,
            "epochs": options.epochs,
            "images": options.images,
            "data": "mnist_5k",
            "network": "small_cnn",
            "seed": SEED,
            "cores": os.cpu_count(),
            **versions(),
            "seconds": seconds,
            "ratios_of_medians": ratios,
            "same_trials_and_scores": same,
        },
    )


if __name__ == "__main__":
    main()
