"""How long searches of several sizes take, beside what their plans foretold.

    python tuner/search_plan.py

Each search is planned and run in this process. Seconds are processor seconds, of the plan and of
the search alike, so that what else runs on the machine changes neither. How many appeals there are
is known only after the screen: the plan is compared with as many as the search made.
"""

import argparse
import json
import pathlib
import tempfile
import time
from unittest import mock

import study

from keras_cv_extras import data, search
from keras_cv_extras.search.stages import _plan

SEARCHES = (
    {"data": "digits", "trials": 2, "epochs": 4, "method": "full", "space": "policy"},
    {"data": "digits", "trials": 4, "epochs": 4, "space": "policy"},
    {"data": "digits", "trials": 12, "epochs": 8, "space": "recipe"},
    {"data": "mnist_5k", "trials": 4, "epochs": 4, "train_size": 300, "space": "policy"},
    {"data": "mnist_5k", "trials": 8, "epochs": 8, "train_size": 500, "space": "recipe"},
    {"data": "mnist_5k", "trials": 12, "epochs": 6, "train_size": 1000, "space": "policy"},
)


def main():
    """Measures, prints, and keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one tiny search, nothing is kept")
    smoke = parser.parse_args().smoke
    tiny = [{"data": "digits", "trials": 2, "epochs": 2, "train_size": 100, "ops": ("rotate",)}]
    rows = []
    for asked in tiny if smoke else SEARCHES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append({**asked, **planned_and_run(asked, pathlib.Path(folder) / "search")})
        print(json.dumps(rows[-1]), flush=True)
    with study.place(study.RESULTS / "search_plan.json", smoke) as path:
        results = study.Results(path, "python tuner/search_plan.py", {"searches": list(SEARCHES)})
        results.summarise({"searches": rows})


def planned_and_run(asked: dict, directory) -> dict:
    """Runs a search; returns processor seconds and trainings, foretold and taken.

    Args:
        asked: the name of the data, and settings of the search.
        directory: the search's folder.
    """
    options = dict(asked)
    images = data.load(options.pop("data"))
    shape, num_classes = images.train[0].shape[1:], len(images.class_names)
    decide, seen = _plan.decide, {}

    def decided(*arguments, **own):
        request, seen["plan"] = decide(*arguments, **own)
        seen["begun"] = time.process_time()
        return request, seen["plan"]

    with (
        mock.patch.object(_plan, "decide", decided),
        mock.patch.object(time, "monotonic", time.process_time),
    ):
        found = search.search_policy(
            images,
            lambda: study.small_network(shape, num_classes),
            directory=directory,
            confirm_seeds=2,
            **options,
        )
    taken = time.process_time() - seen["begun"]
    cost = found.policy.provenance["cost"]
    most = {stage.name: stage for stage in seen["plan"].stages}.get(_plan.APPEAL)
    appeals = cost.get("appeal", {"trainings": 0})["trainings"]
    not_made = 0 if most is None else most.trainings - appeals
    share = not_made / most.trainings if not_made else 0.0
    unspent = share * most.work.seconds(seen["plan"].timing) if not_made else 0.0
    foretold = 60 * seen["plan"].most_minutes - unspent
    shared = int(most is not None)  # the training of the shared weights, which has no score
    return {
        "seconds_foretold": round(foretold, 1),
        "seconds_taken": round(taken, 1),
        "ratio": round(foretold / taken, 2),
        "trainings_foretold": seen["plan"].num_trainings - not_made,
        "trainings_taken": sum(stage["trainings"] for stage in cost.values()) + shared,
        "appeals": appeals,
    }


if __name__ == "__main__":
    main()
