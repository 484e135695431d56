"""What made images are worth on Fashion-MNIST made 100:1: a GAN beside four other answers.

    python tuner/gan_fashion_mnist.py

For every seed a GAN and DeepSMOTE are trained on 14,886 images of which the rarest class has 60.
SMOTE, DeepSMOTE and the GAN bring every class to 2,000 images; from those and, as a control, from
the real ones alone ("oversampling") all classes are drawn as often. The same small network is
trained for as many steps in every arm and scored on the 10,000 test images. The table has means
over seeds and 95 % intervals (Student's t); the data are the same for all seeds.
What is done is kept in --work and in --output: started again, the script goes on. --table prints
the results. With --smoke it runs on 8 x 8 digits, in seconds, and nothing is kept.
"""

import argparse
import os
import pathlib
import platform
import tempfile
import time

import keras
import numpy as np
from scipy import stats
from sklearn import metrics

import keras_cv_extras as kcx
from keras_cv_extras import _files, generative
from keras_cv_extras.generative import _sheet
from keras_cv_extras.generative._local_features import trained_classifier

FOLDER = pathlib.Path(__file__).parent / "results"
ARMS = ("nothing", "class weights", "oversampling", "SMOTE", "DeepSMOTE", "GAN", "GAN + filter")
FULL = {
    "data": "fashion_mnist",
    "ratio": 100,
    "seeds": 3,
    "gan_steps": 1000,
    "every": 250,
    "width": 32,
    "ema_decay": 0.99,
    "deep_smote_epochs": 5,
    "network_steps": 1000,
    "steps": 400,
    "images_per_class": 2000,
    "confidence": 0.5,
}
SMOKE = {
    **FULL,
    "data": "digits",
    "ratio": 8,
    "seeds": 1,
    "gan_steps": 10,
    "every": 5,
    "width": 4,
    "deep_smote_epochs": 1,
    "network_steps": 20,
    "steps": 8,
    "images_per_class": 40,
    "confidence": 0.0,
}


def main():
    """Runs what is missing in the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=FOLDER / "gan_fashion_mnist.json")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("gan_fashion_mnist"))
    parser.add_argument("--table", action="store_true", help="print the results, run nothing")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, nothing is kept")
    options = parser.parse_args()
    if options.table:
        print(table(_files.read_json(options.output)))
    elif options.smoke:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            run(SMOKE, folder / "results.json", folder)
    else:
        run(FULL, options.output, options.work)


def run(settings, output, work):
    """Trains and scores all arms of all seeds, as far as they are not in `output`."""
    results = _files.read_json(output) if output.exists() else _header(settings)
    if results["settings"] != settings:
        raise SystemExit(f"{output} holds results of other settings: give another --output")
    data = kcx.data.load(settings["data"])
    x, y = kcx.data.make_imbalanced(*data.train, settings["ratio"])
    results["class_counts"] = np.bincount(y).tolist()

    def keep(part, key, value):
        results[part][key] = value
        _files.write_json(output, results)
        print(part, key, value if part == "arms" else "", flush=True)

    network = _timed(results, "network", lambda: local_network(settings, x, y, work))
    for seed in range(settings["seeds"]):
        key = f"seed {seed}"
        gan = None
        for arm in ARMS:
            if f"{arm}, {key}" in results["arms"]:
                continue
            if arm.startswith("GAN") and gan is None:
                gan, parts = train_gan(settings, x, y, data.test, network, work, seed)
                if key not in results["gans"]:
                    keep("gans", key, {"parts": parts, **judge(gan, network, x, data.test)})
                if seed == 0:
                    _sheet.save_png(_sheet.class_sheet(gan), output.with_suffix(".png"))
            began = time.perf_counter()
            source, weights = prepare(arm, settings, x, y, gan, network, seed)
            prepared = time.perf_counter() - began
            model = trained_classifier(
                source,
                x.shape[1:],
                len(data.class_names),
                steps=settings["steps"],
                class_weight=weights,
                seed=seed,
            )
            scores = score(model, data.test)
            scores["seconds_images"] = round(prepared, 1)
            scores["seconds_training"] = round(time.perf_counter() - began - prepared, 1)
            keep("arms", f"{arm}, {key}", scores)
    print(table(results))


def local_network(settings, x, y, work):
    """The measure, which is the filter too: trained on the imbalanced images, once."""
    path, name = work / "network.keras", f"{settings['data']} {settings['ratio']}:1"
    if path.exists():
        return generative.LocalFeatures(kcx.training.load_model(path), name)
    network = generative.LocalFeatures.train(
        x, y, data=name, steps=settings["network_steps"], seed=100
    )
    kcx.training.save_model(network.model, path)
    return network


def train_gan(settings, x, y, test, network, work, seed):
    """A trained GAN, and how its scores went."""
    gan = generative.ConditionalGAN(
        x.shape[1:],
        int(y.max()) + 1,
        width=settings["width"],
        ema_decay=settings["ema_decay"],
        seed=seed,
    )
    gan.compile()
    parts = generative.train_gan(
        gan,
        x,
        y,
        steps=settings["gan_steps"],
        every=settings["every"],
        directory=work / f"gan-{seed}",
        network=network,
        held_out=test,
        seed=seed,
    )
    return gan, parts


def judge(gan, network, x, test):
    """Scores of 2,000 images, for each class, and how near they are to training images."""
    labels = np.arange(2000) % gan.num_classes
    made = gan.generate(labels)
    scores = generative.evaluate_made(network, test, (made, labels)).to_dict()
    memory = generative.memorization(network, made, x, test[0]).to_dict()
    return {"scores": scores, "memorization": memory}


def prepare(arm, settings, x, y, gan, network, seed):
    """What an arm is trained on, and its class weights."""
    if arm == "nothing":
        return (x, y), None
    if arm == "class weights":
        counts = kcx.data.ClassStats.from_dataset((x, y))
        return (x, y), counts.class_weight("balanced")
    counts = np.bincount(y)
    missing = {
        item: settings["images_per_class"]
        for item in range(len(counts))
        if counts[item] < settings["images_per_class"]
    }
    if arm == "SMOTE":
        x, y = kcx.data.smote(x, y, sampling_strategy=missing, seed=seed)
    elif arm == "DeepSMOTE":
        keras.utils.set_random_seed(seed)
        model = generative.DeepSMOTE(x.shape[1:])
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
        batches = kcx.data.pipeline((x, y), 64, seed=seed)
        model.fit(batches, epochs=settings["deep_smote_epochs"], shuffle=False, verbose=0)
        x, y = model.resample(x, y, sampling_strategy=missing, seed=seed)
    elif arm.startswith("GAN"):
        options = {"classifier": network.model, "confidence": settings["confidence"]}
        options = options if arm == "GAN + filter" else {}
        x, y = gan.resample(x, y, balance_to=missing, seed=seed, **options)
    return kcx.data.BalancedSource(x, y, "largest", seed=seed), None


def score(model, test):
    """Balanced accuracy (of a balanced test part: accuracy), macro-F1, and recalls."""
    given = generative.LocalFeatures(model).logits(test[0]).argmax(axis=1)
    recalls = metrics.recall_score(test[1], given, average=None, zero_division=0.0)
    return {
        "balanced_accuracy": round(float(recalls.mean()), 4),
        "macro_f1": round(float(metrics.f1_score(test[1], given, average="macro")), 4),
        "recalls": np.round(recalls, 4).tolist(),
    }


def table(results):
    """Returns the results as the tables of docs/gan.md."""
    lines = [
        "| arm | balanced accuracy | macro-F1 | recall of the rarest three |",
        "|---|---|---|---|",
    ]
    for arm in ARMS:
        rows = [row for key, row in results["arms"].items() if key.rpartition(", ")[0] == arm]
        if not rows:
            continue
        columns = [
            [row["balanced_accuracy"] for row in rows],
            [row["macro_f1"] for row in rows],
            [np.mean(row["recalls"][-3:]) for row in rows],
        ]
        cells = " | ".join(_interval(column) for column in columns)
        lines.append(f"| {arm} | {cells} |")
    lines += ["", "| step | local FID | local KID | precision | recall | coverage |"]
    lines.append("|---|---|---|---|---|---|")
    gans = [gan["parts"] for gan in results["gans"].values()]
    for parts in zip(*gans, strict=True):
        names = ("local_fid", "local_kid", "precision", "recall", "coverage")
        cells = " | ".join(f"{np.mean([part[name] for part in parts]):.2f}" for name in names)
        lines.append(f"| {parts[0]['step']} | {cells} |")
    return "\n".join(lines)


def _interval(values):
    mean, count = np.mean(values), len(values)
    if count < 2:
        return f"{mean:.3f}"
    half = stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / count**0.5
    return f"{mean:.3f} ± {half:.3f}"


def _timed(results, name, function):
    began = time.perf_counter()
    value = function()
    results["seconds"].setdefault(name, round(time.perf_counter() - began, 1))
    return value


def _header(settings):
    import tensorflow as tf

    return {
        "command": "python tuner/gan_fashion_mnist.py",
        "settings": settings,
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "memory_gib": round(
                os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1
            ),
            "note": "shared with other work, which makes times longer than on a quiet machine",
        },
        "versions": {
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
        },
        "class_counts": [],
        "seconds": {},
        "gans": {},
        "arms": {},
    }


if __name__ == "__main__":
    main()
