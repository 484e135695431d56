"""What remedies for imbalanced classes help, and how many epochs each needs.

    python tuner/imbalance.py             # on one core; started again, it does what is missing
    python tuner/imbalance.py --table     # prints the tables of the results

Two data sets: the digits of scikit-learn as "8" against all others, 16 images against 1,623, also
with 8, of which six are for training; and Fashion-MNIST with a long tail of 100 to 1 (14,886
images). Every remedy trains `small_cnn` from the same weights for equally many steps, with AdamW
and a cosine as `training.fit` does, and is scored by balanced accuracy: the mean of the classes'
recalls. An epoch is one pass over as many images as the imbalanced set has, also for remedies that
draw or make more. Answers keep the defaults that they are documented with; "LDAM" shows what
the margins are worth without weights, and "ReMix of the paper" its labels without rare classes
drawn more often.
Intervals are of Student's t over the seeds; seconds are of the processor, the median over the
seeds, with what a remedy computes before the training; the first seed traces the network for the
others. A quarter of the digits is held out for each seed, with the eights that are left out; of
Fashion-MNIST every second test image.

With --smoke: three remedies for one epoch, in seconds.
"""

import argparse
import functools
import os
import pathlib
import time

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
from scipy import stats
from sklearn import metrics, model_selection

import keras_cv_extras as kcx
from keras_cv_extras import losses
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text

RESULTS = pathlib.Path(__file__).parent / "results" / "imbalance.json"
DIGITS, FEW, FASHION = "digits 1623:16", "digits 1623:8", "fashion_mnist 100:1"
# "ReMix of the paper" draws no partner of a rare class more often than another.
REMIX = ("ReMix", "ReMix of the paper", "ReMix of the paper, oversampling")
MIXES = ("Balanced-MixUp", *REMIX)
PLAIN = ("none", "class weights", "effective weights", "oversampling", "undersampling")
PLAIN += ("oversampling, crops", "SMOTE", "SMOTE anew each epoch", "SMOTE in embedding")
LOSSES = ("logit-adjusted loss", "focal loss", "LDAM", "LDAM, weights", "LDAM, deferred weights")
AFTERWARDS = ("priors in calibration", "thresholds")
TABLES = ("smotenc", "smoten")
RESAMPLED = tuple(name for name in kcx.data.RESAMPLE_METHODS if name not in TABLES)
ARMS = (*PLAIN, *RESAMPLED, *LOSSES, *MIXES, *AFTERWARDS)
# Data, epochs, remedies.
PLANS = (
    (DIGITS, 6, ARMS),
    (
        FEW,
        6,
        (*PLAIN[:4], *PLAIN[5:7], "SMOTE in embedding", LOSSES[0], LOSSES[3], REMIX[0], REMIX[2]),
    ),
    (DIGITS, 20, ("none", "oversampling", "SMOTE", *LOSSES, *MIXES, *AFTERWARDS)),
    (FASHION, 1, ARMS),
)
BATCH = 64


def digits(seed, images=16):
    """Returns the training and the test part of the digits: "8" against all others."""
    parts = kcx.data.load("digits")
    x, y = (np.concatenate(pair) for pair in zip(parts.train, parts.test, strict=True))
    y = (y == 8).astype(int)
    eights = np.random.default_rng(seed).permutation(np.flatnonzero(y))
    kept = np.sort(np.concatenate([np.flatnonzero(y == 0), eights[:images]]))
    train, test = model_selection.train_test_split(
        kept, test_size=0.25, stratify=y[kept], random_state=seed
    )
    test = np.concatenate([test, eights[images:]])
    return (x[train], y[train]), (x[test], y[test])


def fashion(_seed):
    """Returns Fashion-MNIST with a long tail, and every second image of its test part."""
    parts = kcx.data.load("fashion_mnist")
    return kcx.data.make_imbalanced(*parts.train, 100), tuple(part[::2] for part in parts.test)


DATA = {DIGITS: digits, FEW: functools.partial(digits, images=8), FASHION: fashion}


def source_of(arm, x, y, seed):
    """Returns what `pipeline` draws from."""
    if arm.startswith("oversampling") or arm == REMIX[2]:
        return kcx.data.BalancedSource(x, y, "largest", seed=seed)
    if arm == "undersampling":
        return kcx.data.BalancedSource(x, y, "smallest", seed=seed)
    if arm == "SMOTE":
        return kcx.data.smote(x, y, seed=seed)
    if arm == "SMOTE anew each epoch":
        return kcx.data.SmoteSource(x, y, seed=seed)
    if arm in RESAMPLED:
        return kcx.data.resample(x, y, method=arm, seed=seed)
    return x, y


@functools.cache
def compiled(kind, shape, counts, steps):
    """Returns a network that is compiled for a remedy's loss, traced once for all seeds."""
    model = kcx.training.small_cnn(shape, len(counts))
    loss = losses.LogLoss(from_logits=True)
    if kind == "logit-adjusted loss":
        loss = losses.LogitAdjusted(counts)
    elif kind == "focal loss":
        loss = losses.CategoricalFocal(from_logits=True)
    elif kind.startswith("LDAM"):
        cosines = kcx.layers.CosineDense(len(counts), dtype="float32")(model.layers[-2].output)
        model, loss = keras.Model(model.input, cosines), losses.LDAM(counts)
        if kind != "LDAM":
            weights = losses.class_balanced_weights(counts)
            loss = losses.ClassWeighted(loss, weights, active=kind == "LDAM, weights")
    optimizer = kcx.training.cosine_adamw(2e-3, steps, warmup=0.05)
    model.compile(optimizer, loss, jit_compile=False)
    return model


def anew(model, seed):
    """Draws the weights of a network anew, and forgets what its optimizer knows."""
    keras.utils.set_random_seed(seed)
    for own, other in zip(model.weights, keras.models.clone_model(model).weights, strict=True):
        own.assign(other)
    for variable in model.optimizer.variables if model.optimizer.built else ():
        variable.assign(keras.ops.zeros_like(variable))


def mix_of(arm, x, y, counts):
    """Returns what blends images, or None."""
    if arm == "Balanced-MixUp":
        pool = kcx.mix.Pool(x, y, balanced=True)
        return kcx.mix.BalancedMixUp(pool=pool, num_classes=len(counts))
    if arm not in REMIX:
        return None
    return kcx.mix.ReMix(counts, num_classes=len(counts), balanced=arm == REMIX[0])


def train(arm, x, y, epochs, seed):
    """Trains a remedy; returns the network."""
    counts = np.bincount(y).tolist()
    source = source_of(arm, x, y, seed)
    each = -(-len(y) // BATCH)
    kind = arm if arm in LOSSES else "logarithm"
    model = compiled(kind, x.shape[1:], tuple(counts), each * epochs)
    anew(model, seed)
    policy = kcx.policy.flip_crop(flip=False) if arm == "oversampling, crops" else None
    mix = mix_of(arm, x, y, counts)
    passes = 2 + each * epochs * BATCH // min(len(y), len(counts) * min(counts))
    data = kcx.data.pipeline(source, BATCH, policy, mix=mix, seed=seed, num_epochs=passes)
    if arm in ("class weights", "effective weights"):
        method = "balanced" if arm == "class weights" else "effective"
        data = kcx.training.with_class_weights(data, kcx.data.class_weight(y, method))
    late = []
    if arm == "LDAM, deferred weights":  # from four fifths on, as in the paper
        late = [losses.DeferredReweighting(model.loss, epoch=epochs * 4 // 5)]
    model.fit(data, epochs=epochs, steps_per_epoch=each, callbacks=late, shuffle=False, verbose=0)
    return model


def outputs(model, images):
    """Returns what a network gives for images."""
    images = [images[start : start + 500] for start in range(0, len(images), 500)]
    return np.concatenate([model.predict_on_batch(some) for some in images])


def decided(arm, x, y, epochs, seed, test):
    """Returns the classes that a remedy predicts for the test images."""
    if arm == "SMOTE in embedding":  # the last layer learns anew
        model = train("none", x, y, epochs, seed)
        body, head = keras.Model(model.input, model.layers[-2].output), model.layers[-1]
        codes, labels = kcx.data.smote(
            x, y, neighbors_in=outputs(body, x), interpolate_in="embedding", seed=seed
        )
        last = keras.Sequential([keras.Input(codes.shape[1:]), head])
        last.compile(keras.optimizers.AdamW(1e-3), losses.LogLoss(from_logits=True))
        last.fit(codes, labels, batch_size=256, epochs=5, verbose=0)
        return outputs(last, outputs(body, test)).argmax(-1)
    if arm == "priors in calibration":
        model = train("none", x, y, epochs, seed)
        corrected = kcx.inference.Calibration(train_prior=tuple(np.bincount(y).tolist()))
        return np.asarray(corrected(outputs(model, test))).argmax(-1)
    if arm == "thresholds":  # a quarter of the training images chooses them
        parts = model_selection.train_test_split(
            x, y, test_size=0.25, stratify=y, random_state=seed
        )
        model = train("none", parts[0], parts[2], epochs, seed)
        plain = kcx.inference.Calibration()
        chosen = kcx.data.ClassThresholds().fit(
            np.asarray(plain(outputs(model, parts[1]))), parts[3]
        )
        return chosen.predict(np.asarray(plain(outputs(model, test))))
    return outputs(train(arm, x, y, epochs, seed), test).argmax(-1)


def measured(name, arm, epochs, seed):
    """Returns the score and the processor seconds of a remedy, or why there is none."""
    (x, y), (images, labels) = DATA[name](seed)
    began = time.process_time()
    try:
        given = decided(arm, x, y, epochs, seed, images)
    except (RuntimeError, ValueError) as error:  # k-means SMOTE may find no cluster
        return {"none": str(error).splitlines()[0]}
    return {
        "balanced_accuracy": float(metrics.balanced_accuracy_score(labels, given)),
        "seconds": round(time.process_time() - began, 1),
    }


def table(rows, name, epochs):
    """Returns a Markdown table of the remedies, the best first."""
    lines = []
    for arm in ARMS:
        found = [row for key, row in rows.items() if key.startswith(f"{name}, {arm}, {epochs} ")]
        if not found:
            continue
        values = np.array([row["balanced_accuracy"] for row in found if "none" not in row])
        if not len(values):
            lines.append((-1.0, f"| {arm} | {found[0]['none']} | | |"))
            continue
        half = np.nan
        if len(values) > 1:
            half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
        seconds = np.median([row["seconds"] for row in found if "none" not in row])
        text = f"| {arm} | {values.mean():.3f} ± {half:.3f} | {values.min():.3f} | {seconds:.0f} |"
        lines.append((values.mean(), text))
    lines = [text for _, text in sorted(lines, reverse=True)]
    head = f"{name}, {epochs} epochs"
    return "\n".join([f"| {head} | balanced accuracy | lowest | s |", "|---|---|---|---|", *lines])


def main():
    """Measures what is not in the file yet, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--table", action="store_true", help="print the results, run nothing")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, nothing is kept")
    options = parser.parse_args()
    if options.smoke:
        name = DIGITS
        rows = {
            f"{name}, {arm}, 1 epochs, seed 0": measured(name, arm, 1, 0)
            for arm in ("oversampling", "LDAM, deferred weights", "thresholds")
        }
        print(table(rows, name, 1))
        return
    rows = json_text.read_json(RESULTS)["rows"] if RESULTS.exists() else {}
    for name, epochs, arms in PLANS if not options.table else ():
        for seed in range(options.seeds):
            for arm in arms:
                key = f"{name}, {arm}, {epochs} epochs, seed {seed}"
                if key not in rows:
                    rows[key] = measured(name, arm, epochs, seed)
                    print(key, rows[key], flush=True)
                    head = {"command": "python tuner/imbalance.py", "cores": 1}
                    files.write_json(RESULTS, {**head, "rows": rows})
    for name, epochs, _ in PLANS:
        print(table(rows, name, epochs), end="\n\n")


if __name__ == "__main__":
    main()
