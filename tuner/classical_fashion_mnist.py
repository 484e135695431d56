"""Classical systems on Fashion-MNIST, and plain scikit-image scripts for the same job beside them.

    OMP_NUM_THREADS=1 python tuner/classical_fashion_mnist.py

Trains on 10,000 images and scores on the first 5,000 of the test part; the digits of scikit-learn
are split in halves. Each system runs in a process of its own, and its result is written as soon
as it is there: started again, the script does what is missing. --full adds the support vector
machine of all 60,000 images. With --smoke it runs one system on digits.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import numpy as np

RESULTS = pathlib.Path(__file__).parent / "results" / "classical_fashion_mnist.json"
FASHION = {"train_size": 10_000, "test_size": 5_000}
# Key: data set, images, and arguments of make_classifier (or "plain": the peers).
SYSTEMS = {
    "hog": ("fashion_mnist", FASHION, {"name": "hog"}),
    "hog, plain scikit-image": ("fashion_mnist", FASHION, "plain"),
    "lbp": ("fashion_mnist", FASHION, {"name": "lbp"}),
    "lbp, plain scikit-image": ("fashion_mnist", FASHION, "plain"),
    "bow, no pyramid": ("fashion_mnist", FASHION, {"name": "bow", "levels": (1,)}),
    "bow": ("fashion_mnist", FASHION, {"name": "bow"}),
    "llc": ("fashion_mnist", FASHION, {"name": "llc"}),
    "llc, 1024 words": ("fashion_mnist", FASHION, {"name": "llc", "num_words": 1024}),
    "scspm": ("fashion_mnist", FASHION, {"name": "scspm"}),
    "fisher": ("fashion_mnist", FASHION, {"name": "fisher"}),
    **{
        f"digits: {name}": ("digits", {}, {"name": name, "pixels": 8})
        for name in ("hog", "lbp", "bow", "scspm", "llc", "fisher")
    },
}
FULL = {
    "hog, PCA 200, rbf, 60,000 images": (
        "fashion_mnist",
        {},
        {"name": "hog", "classifier": "kernel_svm"},
    )
}
SMOKE = {"digits: hog": SYSTEMS["digits: hog"]}


def main():
    """Runs the systems that are missing in the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="+", help="some of them, else all that are missing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    parser.add_argument("--full", action="store_true", help="the machine of 60,000 images too")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, nothing is kept")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--table", action="store_true", help="print the results, run nothing")
    options = parser.parse_args()
    if options.table:
        print(table(json.loads(options.output.read_text())))
        return
    if options.one:
        print(json.dumps(run(*options.one, options.seed)))
        return
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "smoke.json" if options.smoke else options.output
        systems = SMOKE if options.smoke else {**SYSTEMS, **(FULL if options.full else {})}
        results = json.loads(output.read_text()) if output.exists() else _header(options.seed)
        if results["seed"] != options.seed:
            sys.exit(f"{output} holds results of seed {results['seed']}: give another --output")
        for key in options.systems or systems:
            if key in results["systems"]:
                continue
            arrays = _arrays(pathlib.Path(folder), *systems[key][:2], options.seed)
            command = [sys.executable, __file__, "--one", key, str(arrays)]
            done = subprocess.run(
                [*command, "--seed", str(options.seed)], stdout=subprocess.PIPE, text=True
            )
            if done.returncode:
                sys.exit(f"{key} failed")
            results["systems"][key] = json.loads(done.stdout.splitlines()[-1])
            print(key, results["systems"][key], flush=True)
            output.parent.mkdir(exist_ok=True)
            output.write_text(json.dumps(results, indent=2) + "\n")


def run(key, arrays, seed):
    """Fits and scores one system; returns what it took."""
    with np.load(arrays) as parts:
        train, labels = parts["train_images"], parts["train_labels"]
        test, test_labels = parts["test_images"], parts["test_labels"]
    _, _, arguments = {**SYSTEMS, **FULL}[key]
    if arguments == "plain":
        describe, classifier = _plain(key)
        before, start = _peak(), time.perf_counter()
        rows, model = describe(train), None
        fitted_features = time.perf_counter()
        classifier.fit(rows, labels)
    else:
        import skimage.feature  # noqa: F401  # importing is no part of the work

        from keras_cv_extras import classical

        before, start = _peak(), time.perf_counter()
        model = classical.make_classifier(**arguments, seed=seed)
        if key in FULL:
            from sklearn.decomposition import PCA

            model.steps.insert(1, ("reduction", PCA(200, random_state=seed)))
            # The width was chosen on 6,000 images set aside from the training part.
            model.set_params(classifier__cache_size=2000, classifier__gamma=0.11)
        rows = train
        for _, step in model.steps[:-1]:  # as model.fit does, with a look at the clock between
            rows = step.fit(rows, labels).transform(rows)
        fitted_features = time.perf_counter()
        model.steps[-1][1].fit(rows, labels)
    fitted = time.perf_counter()
    given = classifier.predict(describe(test)) if model is None else model.predict(test)
    accuracy = float(np.mean(given == test_labels))
    return {
        "accuracy": round(accuracy, 4),
        # One standard error of the share, from the number of test images.
        "standard_error": round(float(np.sqrt(accuracy * (1 - accuracy) / len(given))), 4),
        "features": int(rows.shape[1]),
        "train_images": len(labels),
        "test_images": len(given),
        "seconds_features_train": round(fitted_features - start, 1),
        "seconds_classifier": round(fitted - fitted_features, 1),
        "seconds_test": round(time.perf_counter() - fitted, 1),
        "peak_memory_mib": round(_peak()),
        "peak_memory_before_mib": round(before),
    }


def table(results):
    """Returns the results as the table of docs/classical.md."""
    lines = [
        "| system | accuracy | features | train: features, s | train: classifier, s | test, s | "
        "peak memory, MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    order = {**SYSTEMS, **FULL}
    for key in sorted(results["systems"], key=list(order).index):
        row = results["systems"][key]
        lines.append(
            f"| {key} | {row['accuracy']:.4f} ± {row['standard_error']:.4f} | {row['features']} | "
            f"{row['seconds_features_train']} | {row['seconds_classifier']} | "
            f"{row['seconds_test']} | {row['peak_memory_mib']} |"
        )
    return "\n".join(lines)


def _plain(key):
    """What one would write without this package: a loop over images, and LinearSVC."""
    from skimage.feature import hog, local_binary_pattern
    from sklearn.svm import LinearSVC

    def hogs(images):
        return np.array([hog(i[..., 0], 9, (4, 4), (2, 2)) for i in images], np.float32)

    def lbps(images):
        rows = []
        for image in images:
            patterns = local_binary_pattern(image[..., 0], 8, 1, "uniform").astype(int)
            cells = patterns.reshape(4, 7, 4, 7).transpose(0, 2, 1, 3).reshape(16, 49)
            rows.append(np.concatenate([np.bincount(cell, minlength=10) / 49 for cell in cells]))
        return np.array(rows, np.float32)

    if key.startswith("hog"):
        return hogs, LinearSVC(C=0.02, dual="auto", random_state=0)
    return lbps, LinearSVC(C=1.0, dual="auto", random_state=0)


def _arrays(folder, name, sizes, seed):
    """Writes the images of a system to a file that its process reads."""
    path = folder / f"{name}-{sizes.get('train_size', 'all')}.npz"
    if not path.exists():
        from keras_cv_extras import data

        images = data.load(name, seed=seed)
        train, labels = images.train
        if sizes:
            train, labels = data.split(train, labels, [sizes["train_size"]], seed=seed)[0]
        size = sizes.get("test_size")
        np.savez(
            path,
            train_images=train,
            train_labels=labels,
            test_images=images.test[0][:size],
            test_labels=images.test[1][:size],
        )
    return path


def _header(seed):
    import skimage
    import sklearn

    return {
        "command": "OMP_NUM_THREADS=1 python tuner/classical_fashion_mnist.py",
        "seed": seed,
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
            "memory_gib": round(
                os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1
            ),
            "note": "shared with other work: times of one run, of which ratios tell more",
        },
        "versions": {
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "scikit-image": skimage.__version__,
        },
        "systems": {},
    }


def _peak():
    """The most memory that this process has held so far, in MiB (Linux)."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
