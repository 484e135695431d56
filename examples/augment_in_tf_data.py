"""Augments real digits in tf.data and trains on them.

    python examples/augment_in_tf_data.py

With --smoke it trains for one epoch.
"""

import sys

import keras_cv_extras as kcx


def main(epochs: int):
    """Trains a small network with crops and RandAugment."""
    images = kcx.data.load("mnist_5k")
    policy = kcx.policy.flip_crop(flip=False) + kcx.policy.rand_augment(num_ops=1, strength=0.4)
    train = kcx.data.pipeline(images.train, batch_size=64, policy=policy, seed=0)
    model = kcx.training.small_cnn((28, 28, 1), 10)
    kcx.training.fit(model, train, epochs=epochs)
    print(kcx.training.evaluate(model, *images.test, images.class_names).accuracy)


if __name__ == "__main__":
    main(epochs=1 if "--smoke" in sys.argv else 20)
