"""What synthetic images are worth on Fashion-MNIST made 100:1: a GAN beside four other answers.

    python tuner/gan_fashion_mnist.py

For every seed a GAN and DeepSMOTE are trained on 14,886 images of which the rarest class has 60.
SMOTE, DeepSMOTE and the GAN bring every class to 2,000 images; from those and, as a control, from
the real ones alone ("oversampling") all classes are drawn equally often. The same small network is
trained for the same number of steps in every arm and scored on the 10,000 test images. The table
has means over seeds and 95 % intervals (Student's t); the data are the same for all seeds. Results
are kept in --work and in --output: started again, the script continues. An arm whose
filter accepts too few images is not made, which its row says. --table prints the results. With
--smoke it runs on 8 x 8 digits, in seconds, and nothing is kept.
"""

import argparse
import functools
import pathlib
import shutil
import time

import keras
import numpy as np
import study
from scipy import stats
from sklearn import metrics

import keras_cv_extras as kcx
from keras_cv_extras import generative
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text
from keras_cv_extras.generative._local_features import trained_classifier

SEEDS = 3
ARMS = ("nothing", "class weights", "oversampling", "SMOTE", "DeepSMOTE", "GAN", "GAN + filter")
FULL = {
    "data": "fashion_mnist",
    "ratio": 100,
    "gan_steps": 750,
    "every": 250,
    "width": 32,
    "ema_decay": 0.99,
    "deep_smote_epochs": 3,
    "network_steps": 600,
    "steps": 400,
    "images_per_class": 2000,
    "confidence": 0.5,
}
SMOKE = {
    **FULL,
    "data": "digits",
    "ratio": 8,
    "gan_steps": 4,
    "every": 2,
    "width": 4,
    "deep_smote_epochs": 1,
    "network_steps": 4,
    "steps": 2,
    "images_per_class": 40,
    "confidence": 0.0,
}


def main():
    """Runs what is missing in the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many, from 0")
    parser.add_argument("--parallel", type=int, default=3, help="seeds at a time")
    parser.add_argument("--output", type=pathlib.Path, default=study.RESULTS)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("gan_fashion_mnist"))
    parser.add_argument("--table", action="store_true", help="print the results, run nothing")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, nothing is kept")
    options = parser.parse_args()
    if options.table:
        rows = json_text.read_json(options.output / "gan_fashion_mnist.json")["replicates"]
        print(table([rows[name] for name in sorted(rows, key=int)]))
    elif options.smoke:
        with study.place(options.output, smoke=True) as folder:
            experiment(SMOKE, 1, 1, folder, folder / "work")
    else:
        experiment(FULL, options.seeds, options.parallel, options.output, options.work)


def experiment(settings, seeds, parallel, output, work):
    """Trains and scores all arms of the seeds that are not in the results."""
    results = study.Results(
        output / "gan_fashion_mnist.json", "python tuner/gan_fashion_mnist.py", settings
    )
    began = time.perf_counter()
    x, y, _ = images(settings)
    local_network(settings, x, y, work)
    took = round(time.perf_counter() - began, 1)
    rows = results.replicates(
        functools.partial(replicate, settings, work), seeds, parallel=parallel, seen=_show
    )
    picture = work / "gan-0" / "samples.png"
    if picture.exists():
        shutil.copyfile(picture, output / "gan_fashion_mnist.png")
    results.summarise(
        {
            "network_seconds": took,
            "seconds": round(time.perf_counter() - began, 1),
            "parallel": parallel,
            "class_counts": np.bincount(y).tolist(),
        }
    )
    print(table(rows))


def images(settings):
    """The images that all arms begin with, their classes, and the test part."""
    loaded = kcx.data.load(settings["data"])
    return *kcx.data.make_imbalanced(*loaded.train, settings["ratio"]), loaded.test


def replicate(settings, work, seed, _folder):
    """Trains and scores all arms of a seed; those that `work` has of an earlier run are kept."""
    path = work / f"seed-{seed}.json"
    row = json_text.read_json(path) if path.exists() else {"gan": {}, "arms": {}}

    def keep(part, key, value):
        row[part][key] = value
        files.write_json(path, row)
        print(f"seed {seed}, {key}: {value if part == 'arms' else 'done'}", flush=True)

    x, y, test = images(settings)
    network = local_network(settings, x, y, work)
    gan, parts = train_gan(settings, x, y, test, network, work, seed)
    if "parts" not in row["gan"]:
        keep("gan", "judged", judge(gan, network, x, test))
        keep("gan", "parts", parts)
    for arm in ARMS:
        if arm in row["arms"]:
            continue
        began = time.perf_counter()
        try:
            source, weights = prepare(arm, settings, x, y, gan, network, seed)
        except generative.TooFewImagesError as error:  # a result, and not one to leave out
            keep("arms", arm, {"not_made": str(error)})
            continue
        prepared = time.perf_counter() - began
        model = trained_classifier(
            source,
            x.shape[1:],
            gan.num_classes,
            steps=settings["steps"],
            class_weight=weights,
            seed=seed,
        )
        scores = score(model, test)
        scores["seconds_images"] = round(prepared, 1)
        scores["seconds_training"] = round(time.perf_counter() - began - prepared, 1)
        keep("arms", arm, scores)
    return row


def _show(number, row):
    print(f"seed {number}: all arms in {row['seconds']} s", flush=True)


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


def table(rows):
    """Returns the results of all seeds as the tables of docs/gan.md."""
    lines = [
        "| remedy | balanced accuracy | macro-F1 | recall of the rarest three |",
        "|---|---|---|---|",
    ]
    for arm in ARMS:
        made = [row["arms"][arm] for row in rows if "not_made" not in row["arms"][arm]]
        columns = [
            [row["balanced_accuracy"] for row in made],
            [row["macro_f1"] for row in made],
            [np.mean(row["recalls"][-3:]) for row in made],
        ]
        cells = " | ".join(_interval(column) for column in columns)
        missing = len(rows) - len(made)
        note = f" ({missing} of {len(rows)} seeds not made)" if missing else ""
        lines.append(f"| {arm}{note} | {cells} |")
    lines += ["", "| step | local FID | local KID | precision | recall | coverage |"]
    lines.append("|---|---|---|---|---|---|")
    for parts in zip(*(row["gan"]["parts"] for row in rows), strict=True):
        names = ("local_fid", "local_kid", "precision", "recall", "coverage")
        cells = " | ".join(f"{np.mean([part[name] for part in parts]):.2f}" for name in names)
        lines.append(f"| {parts[0]['step']} | {cells} |")
    return "\n".join(lines)


def _interval(values):
    count = len(values)
    if count < 2:
        return f"{values[0]:.3f}" if count else "-"
    mean = np.mean(values)
    half = stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / count**0.5
    return f"{mean:.3f} ± {half:.3f}"


if __name__ == "__main__":
    main()
