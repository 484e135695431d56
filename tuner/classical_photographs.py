"""Classical systems, grey and in colour, on tiles of four photographs of scikit-image.

    OMP_NUM_THREADS=1 python tuner/classical_photographs.py
    python tuner/classical_photographs.py --table     # prints the table of the results

Each photograph is a class, cut into tiles of 32 x 32 pixels. Every second column of tiles is for
training (252), the others are for the test (252). Times are seconds of the processor for `fit`, the
median of three. With --smoke: one system, and nothing is kept.
"""

import argparse
import functools
import json
import os
import pathlib
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import skimage
import sklearn
from skimage import data

from keras_cv_extras import classical

RESULTS = pathlib.Path(__file__).parent / "results" / "classical_photographs.json"
PHOTOGRAPHS = (data.astronaut, data.coffee, data.chelsea, data.immunohistochemistry)
make = functools.partial(classical.make_classifier, pixels=32)


def in_lab():
    """Returns a classifier of a histogram of CIE L*a*b*."""
    return make("color").set_params(features__space="lab")


def beside_colors(*name, **options):
    """Returns a classifier of a colour histogram and the features of another system."""
    systems = {"color": classical.ColorHistogram(), "other": make(*name, **options)}
    return classical.fuse(systems, method="concatenation")


SYSTEMS = {
    "color (RGB)": functools.partial(make, "color"),
    'color, `features__space="lab"`': in_lab,
    "hog": functools.partial(make, "hog"),
    "bow": functools.partial(make, "bow"),
    'bow, `color="rgb"`': functools.partial(make, "bow", color="rgb"),
    'bow, `color="opponent"`': functools.partial(make, "bow", color="opponent"),
    "fisher": functools.partial(make, "fisher"),
    'fisher, `color="rgb"`': functools.partial(make, "fisher", color="rgb"),
    'fisher, `color="opponent"`': functools.partial(make, "fisher", color="opponent"),
    "color and hog, concatenated": functools.partial(beside_colors, "hog"),
    "color and fisher, concatenated": functools.partial(beside_colors, "fisher"),
    'color and fisher, `color="opponent"`, concatenated': functools.partial(
        beside_colors, "fisher", color="opponent"
    ),
}


def tiles():
    """Returns the images to train on and to test on, and the labels of either."""
    cut = [p()[:288, :448].reshape(9, 32, 14, 32, 3).swapaxes(1, 2) for p in PHOTOGRAPHS]
    cut = np.stack(cut)
    train, test = (cut[:, :, start::2].reshape(-1, 32, 32, 3) for start in (0, 1))
    return train, test, np.repeat(np.arange(len(cut)), 9 * 7)


def measured(system, runs=3):
    """Returns the accuracy of a system and the seconds that it is fitted in."""
    train, test, labels = tiles()
    seconds = []
    for _ in range(runs):
        model = SYSTEMS[system]()
        began = time.process_time()
        model.fit(train, labels)
        seconds.append(time.process_time() - began)
    accuracy = float(model.score(test, labels))
    return {"accuracy": round(accuracy, 6), "seconds": round(statistics.median(seconds), 3)}


def table(rows):
    """Returns the table of docs/classical.md."""
    lines = ["| features | accuracy | processor time of fitting, s |", "|---|---|---|"]
    for system, row in rows.items():
        lines.append(f"| {system} | {row['accuracy']:.3f} | {row['seconds']:.2g} |")
    return "\n".join(lines)


def main():
    """Measures all systems, writes them, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="print the results, run nothing")
    parser.add_argument("--smoke", action="store_true", help="one system, nothing is kept")
    options = parser.parse_args()
    if options.table:
        print(table(json.loads(RESULTS.read_text("utf-8"))["systems"]))
        return
    systems = ["color (RGB)"] if options.smoke else list(SYSTEMS)
    measured(systems[0], runs=1)  # what is imported late is no part of the work
    rows = {system: measured(system, runs=1 if options.smoke else 3) for system in systems}
    print(table(rows))
    if not options.smoke:
        versions = {"scikit-learn": sklearn.__version__, "scikit-image": skimage.__version__}
        facts = {"command": "python tuner/classical_photographs.py", "versions": versions}
        RESULTS.write_text(json.dumps({**facts, "systems": rows}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
