"""Times the engines that find SMOTE's neighbours, by the number of images of a class.

    python tuner/neighbor_engines.py

Every engine finds the 5 nearest others of every image, on the same images of Fashion-MNIST,
784 values each; the time is the median of repeated runs, the recall the share of the exact
neighbours that were found. The table goes to tuner/results/neighbor_engines.json. With --smoke it
is measured on a few digits, and not kept.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

import numpy as np
import sklearn
import study
from sklearn.neighbors import NearestNeighbors

from keras_cv_extras import data
from keras_cv_extras._base import files

RESULT = pathlib.Path(__file__).parent / "results" / "neighbor_engines.json"
K = 5
ENGINES = {
    "sklearn": lambda: NearestNeighbors(n_neighbors=K, algorithm="brute"),
    "faiss flat": lambda: data.FaissNeighbors(K, "flat"),
    "faiss hnsw": lambda: data.FaissNeighbors(K, "hnsw"),
}


def measure(engine, rows, repeats):
    """Returns the median of the seconds that an engine takes, and the neighbours it finds."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        found = engine().fit(rows).kneighbors(return_distance=False)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), found


def main():
    """Measures all sizes, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    images, _ = data.load("digits" if smoke else "fashion_mnist").train
    rows = images.reshape(len(images), -1).astype(np.float32)
    engines = dict(ENGINES)
    versions = {"scikit-learn": sklearn.__version__}
    try:
        import faiss

        versions["faiss"] = faiss.__version__
    except ImportError:
        print("faiss is not installed: scikit-learn alone is measured", file=sys.stderr)
        engines = {"sklearn": ENGINES["sklearn"]}
    table = []
    print(f"{'images':>8}" + "".join(f"{name + ', s':>16}{'recall':>8}" for name in engines))
    for count in (100, 200) if smoke else (1000, 4000, 16000):
        line = {"images": count, "repeats": 3 if count <= 4000 else 1}
        exact = None
        for name, engine in engines.items():
            seconds, found = measure(engine, rows[:count], line["repeats"])
            exact = found if exact is None else exact
            hits = [len(set(a) & set(b)) for a, b in zip(found, exact, strict=True)]
            line[name] = {"seconds": round(seconds, 4), "recall": round(np.mean(hits) / K, 4)}
        table.append(line)
        cells = "".join(
            f"{line[name]['seconds']:>16.3f}{line[name]['recall']:>8.3f}" for name in engines
        )
        print(f"{count:>8}{cells}", flush=True)
    with study.place(RESULT, smoke) as path:
        result = {
            "command": "python tuner/neighbor_engines.py",
            "values": rows.shape[1],
            "neighbours": K,
            "cores": os.cpu_count(),
            "versions": versions,
            "table": table,
        }
        files.write_json(path, result)


if __name__ == "__main__":
    main()
