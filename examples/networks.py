"""Trains networks of four generations by their names on 5,000 real digits.

    python examples/networks.py

Prints what each has in parameters and reaches in a few epochs; they differ by how fast they learn
more than by what they could. With --smoke: small images, fewer of them, and one epoch.
"""

import sys

import keras

import keras_cv_extras as kcx

NAMES = ("lenet5", "nin-cifar", "googlenet", "cifar-resnet20")


def main(names, data: str, epochs: int):
    """Trains each network and prints a line about it."""
    images = kcx.data.load(data)
    shape, num_classes = images.train[0].shape[1:], len(images.class_names)
    print(repr(images))
    for name in names:
        keras.utils.set_random_seed(0)
        model = kcx.models.build(name, shape, num_classes)
        stages = [len(stage) for stage in kcx.models.stages(model)]
        print(f"{name}: {model.count_params():,} parameters, layers in stages {stages}")
        train = kcx.data.pipeline(images.train, batch_size=64, seed=0)
        kcx.training.fit(model, train, epochs=epochs, learning_rate=1e-3, progress=False)
        scores = kcx.training.evaluate(model, *images.test, images.class_names)
        print(f"{name}: {scores.accuracy:.4f} of the test images right after {epochs} epochs")


if __name__ == "__main__":
    if "--smoke" in sys.argv:
        main(NAMES[:2], "digits", epochs=1)
    else:
        main(NAMES, "mnist_5k", epochs=4)
