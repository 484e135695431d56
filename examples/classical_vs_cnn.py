"""The story of image classification on one data set: from hand-made features to deep networks.

    python examples/classical_vs_cnn.py
    python examples/classical_vs_cnn.py fashion_mnist --train-size 10000 --epochs 20

Every system learns the same images and is scored on the same test images; all networks are
trained by one recipe, with random crops. With --smoke it learns some digits with a system of
each kind.
"""

import argparse
import time

import keras_cv_extras as kcx

CLASSICAL = ("hog", "lbp", "bow", "scspm", "llc", "fisher")
NETWORKS = ("lenet5", "alexnet", "nin-cifar", "vgg11-bn", "googlenet", "cifar-resnet20")
BATCH_SIZE = 64


def classical_system(name, train, test, options):
    """Fits a classical system; returns its accuracy, and no number of parameters."""
    pixels = min(train[0].shape[1:3])
    model = kcx.classical.make_classifier(name, pixels=pixels, seed=options.seed)
    return model.fit(*train).score(*test), None


def network(name, train, test, options):
    """Trains a network; returns its accuracy and its number of parameters."""
    num_classes = int(train[1].max()) + 1
    model = kcx.models.build(name, train[0].shape[1:], num_classes)
    steps = options.epochs * -(-len(train[1]) // BATCH_SIZE)
    kcx.training.Recipe(batch_size=BATCH_SIZE).compile(model, steps=steps)
    policy = kcx.policy.flip_crop(flip=False)

    def batches(epoch):
        return kcx.data.pipeline(train, BATCH_SIZE, policy=policy, seed=options.seed, epoch=epoch)

    kcx.training.fit(model, batches, epochs=options.epochs, progress=False)
    names = [str(number) for number in range(num_classes)]
    return kcx.training.evaluate(model, *test, names).accuracy, model.count_params()


def main():
    """Trains and scores all systems, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", default="mnist_5k")
    parser.add_argument("--train-size", type=int, help="training images; all if not given")
    parser.add_argument("--test-size", type=int, help="test images; all if not given")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--systems", nargs="+", help="some of them; all if not given")
    parser.add_argument("--smoke", action="store_true", help="a few seconds on digits")
    options = parser.parse_args()
    if options.smoke:
        options.data, options.train_size, options.epochs = "digits", 200, 1
        options.systems = ["hog", "lenet5"]
    images = kcx.data.load(options.data)
    train = tuple(part[: options.train_size] for part in images.train)
    test = tuple(part[: options.test_size] for part in images.test)
    systems = dict.fromkeys(CLASSICAL, classical_system) | dict.fromkeys(NETWORKS, network)
    print(f"{len(train[1]):,} images of {images.name} to learn from, {len(test[1]):,} to score on")
    print("system          accuracy  parameters  seconds")
    for name in options.systems or systems:
        start = time.monotonic()
        accuracy, parameters = systems[name](name, train, test, options)
        seconds = time.monotonic() - start
        size = "-" if parameters is None else f"{parameters:,}"
        print(f"{name:<15} {accuracy:>8.4f} {size:>11} {seconds:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
