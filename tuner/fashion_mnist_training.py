"""Trains a network on all 60,000 images of Fashion-MNIST, and keeps its scores.

    python tuner/fashion_mnist_training.py --seed 0

The result is tuner/results/fashion_mnist_training.json: accuracy on the 10,000 test images, which
are looked at once, after the last epoch, and the time. Interrupted and started again, it goes on
from the last epoch. --estimate trains 100 steps and prints how long all would take; --smoke does
all of it on 8 x 8 digits.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import platform
import time

import keras
import study

from keras_cv_extras import data, models, policy, training

RESULTS = pathlib.Path(__file__).parent / "results" / "fashion_mnist_training.json"
FOUND = pathlib.Path(__file__).parent / "results" / "fashion_mnist.json"
HELD_OUT = 5_000  # training images that the accuracy over the epochs is measured on


def main():
    """Runs one training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depth", type=int, default=16, help="of the wide residual network")
    parser.add_argument("--width", type=int, default=1, help="how many times 16 channels")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--policy", help="a policy file; flip, crop and cutout if not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--directory", type=pathlib.Path, help="folder of the checkpoints")
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    parser.add_argument("--estimate", action="store_true", help="time 100 steps, train no more")
    parser.add_argument("--smoke", action="store_true", help="a few seconds on digits")
    options = parser.parse_args()
    if options.smoke:
        options.depth, options.epochs = 10, 2
    images = data.load("digits" if options.smoke else "fashion_mnist")
    job = Job(images, options)
    if options.estimate:
        print(json.dumps(job.estimate(), indent=2))
        return
    result = job.run()
    print(f"{result['accuracy']:.4f} of the test images right, {result['minutes']:.1f} minutes")
    with study.place(options.output, options.smoke) as path:
        path.parent.mkdir(exist_ok=True)
        rows = json.loads(path.read_text()) if path.exists() else []
        path.write_text(json.dumps([*rows, result], indent=2) + "\n")


class Job:
    """One training: its network, its policy and its batches."""

    def __init__(self, images, options):
        self.images, self.options = images, options
        held = HELD_OUT if len(images.train[1]) > 2 * HELD_OUT else len(images.train[1]) // 10
        sizes = [len(images.train[1]) - held, held]
        self.train, self.validation = data.split(*images.train, sizes, seed=options.seed)
        self.policy = _policy(options)
        self.recipe = training.recipe("wrn").with_batch_size(options.batch_size)
        self.steps = math.ceil(sizes[0] / options.batch_size)

    def model(self):
        """Builds and compiles the network by the recipe of its family."""
        options = self.options
        keras.utils.set_random_seed(options.seed)
        shape, num_classes = self.train[0].shape[1:], len(self.images.class_names)
        model = models.wide_resnet(options.depth, options.width, shape, num_classes)
        self.recipe.compile(model, steps=self.steps * options.epochs)
        return model

    def batches(self, epoch):
        """Gives the batches of an epoch."""
        options = self.options
        return data.pipeline(
            self.train, options.batch_size, self.policy, seed=options.seed, epoch=epoch
        )

    def estimate(self):
        """Times 100 steps after the first ones; returns what all of them would take."""
        model, clock = self.model(), training.InputClock()
        model.fit(self.batches(0).take(10), verbose=0, shuffle=False)
        timed, begun = clock.watch(self.batches(0).skip(10).take(100)), time.process_time()
        model.fit(timed, callbacks=[clock], verbose=0, shuffle=False)
        # On a machine that others use as well, the time of its processors tells more.
        cpu = (time.process_time() - begun) / 100
        rate = clock.rates[-1]
        total = len(self.train[1]) * self.options.epochs
        return {
            "parameters": model.count_params(),
            "images_per_second": round(rate, 1),
            "input_wait": round(clock.waits[-1], 3),
            "minutes": round(total / rate / 60, 1),
            "cpu_seconds_per_step": round(cpu, 3),
            "cpu_minutes": round(cpu * self.steps * self.options.epochs / 60, 1),
        }

    def run(self):
        """Trains, and returns the scores with what is needed to repeat them."""
        options, model, clock = self.options, self.model(), training.InputClock()
        folder = options.directory or pathlib.Path(f"kcx-fashion-mnist-{options.seed}")
        began = time.monotonic()
        history = training.fit(
            model,
            lambda epoch: clock.watch(self.batches(epoch)),
            data.pipeline(self.validation, 500, shuffle=False, epoch=0),
            epochs=options.epochs,
            callbacks=[clock, training.ProgressBar(self.steps, options.batch_size)],
            checkpoint=folder,
            progress=False,
        )
        minutes = (time.monotonic() - began) / 60
        scores = training.evaluate(model, *self.images.test, self.images.class_names)
        return {
            "data": repr(self.images),
            "settings": {key: str(value) for key, value in vars(options).items()},
            "recipe": dataclasses.asdict(self.recipe),
            "policy": self.policy.describe(),
            "parameters": model.count_params(),
            "accuracy": scores.accuracy,
            "interval": [scores.low, scores.high],
            "log_loss": scores.log_loss,
            "minutes": round(minutes, 1),
            "resumed_at": history.resumed_at,  # minutes count from there
            "validation_accuracy": history.history["val_accuracy"],
            "images_per_second": clock.rates,
            "versions": {"keras": keras.__version__, "python": platform.python_version()},
            "cores": os.cpu_count(),
        }


def _policy(options):
    if options.policy is not None:
        return policy.Policy.load(options.policy)
    if FOUND.exists() and not options.smoke:
        return policy.Policy.load(FOUND)
    cutout = policy.Policy([[policy.Step("cutout", 1.0, 0.5)]])
    return policy.flip_crop(flip=not options.smoke) + cutout


if __name__ == "__main__":
    main()
