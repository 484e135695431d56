"""Trains a large network on all of Fashion-MNIST on an accelerator, without TensorFlow.

    KERAS_BACKEND=jax python tuner/fashion_mnist_accelerator.py --network wrn-28-10 --epochs 30

Augmentation and training run in one compiled program on the accelerator, as a population of one or
more members that differ in their seeds. 5,000 of the 60,000 training images are left out, as in
fashion_mnist_training.py; the test images are looked at once, after the last epoch. The result is
added to tuner/results/fashion_mnist_accelerator.json. --smoke trains a small network on digits.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
import study

from keras_cv_extras import data, models, policy, search, training
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text

RESULTS = pathlib.Path(__file__).parent / "results" / "fashion_mnist_accelerator.json"
HELD_OUT = 5_000


def main():
    """Runs the trainings of one network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="wrn-28-10", help="a name of keras_cv_extras.models")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--policy", help="a policy file; flip, crop and cutout if not given")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--dtype", default="mixed_bfloat16", help="Keras' dtype policy")
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    parser.add_argument("--smoke", action="store_true", help="a few seconds on digits")
    options = parser.parse_args()
    if options.smoke:
        options.network, options.epochs, options.dtype = "lenet5", 2, "float32"
    keras.mixed_precision.set_dtype_policy(options.dtype)
    result = run(data.load("digits" if options.smoke else "fashion_mnist"), options)
    print(json.dumps(result, indent=2))
    with study.place(options.output, options.smoke) as path:
        rows = json_text.read_json(path) if path.exists() else []
        files.write_json(path, [*rows, result])


def run(images, options) -> dict:
    """Trains one member for each seed, and returns the scores with what repeats them."""
    held = min(HELD_OUT, len(images.train[1]) // 10)
    sizes = [len(images.train[1]) - held, held]
    train, _ = data.split(*images.train, sizes, seed=0)
    recipe = training.recipe(options.network).with_batch_size(options.batch_size)
    steps = math.ceil(sizes[0] / options.batch_size)

    def network():
        model = models.build(options.network, train[0].shape[1:], len(images.class_names))
        return recipe.compile(model, steps=steps * options.epochs)

    began = time.perf_counter()
    times = []

    def on_epoch(epoch):
        times.append(time.perf_counter() - began)
        print(f"epoch {epoch + 1}/{options.epochs}: {times[-1]:.0f} s", file=sys.stderr, flush=True)

    trainer = search.PopulationTrainer(
        network,
        train,
        epochs=options.epochs,
        batch_size=options.batch_size,
        population_size=len(options.seeds),
    )
    chosen = _policy(options)
    scores = trainer.score_many(
        [chosen] * len(options.seeds), options.seeds, *images.test, on_epoch=on_epoch
    )
    # The first epoch has the compilation in it.
    seconds = (times[-1] - times[0]) / max(len(times) - 1, 1)
    accuracies = [score.accuracy for score in scores]
    return {
        **study.measured_on("jax", "keras", "numpy"),
        "data": repr(images),
        "train_images": sizes[0],
        "recipe": dataclasses.asdict(recipe),
        "settings": {
            key: value for key, value in vars(options).items() if key not in ("output", "smoke")
        },
        "policy": chosen.describe(),
        "parameters": trainer.model.count_params(),
        "accuracies": [round(value, 5) for value in accuracies],
        "mean_accuracy": round(float(np.mean(accuracies)), 5),
        "log_losses": [round(score.log_loss, 5) for score in scores],
        "seconds": round(times[-1], 1),
        "first_epoch_seconds": round(times[0], 1),
        "images_per_second": round(len(options.seeds) * sizes[0] / seconds, 1),
    }


def _policy(options):
    if options.policy is not None:
        return policy.Policy.load(options.policy)
    cutout = policy.Policy([[policy.Step("cutout", 1.0, 0.5)]])
    return policy.flip_crop(flip=not options.smoke) + cutout


if __name__ == "__main__":
    main()
