"""Trains on images that are mixed: mixup or CutMix for each image, in tf.data.

    python examples/mixing.py

With --smoke it trains for one epoch. Labels of mixed images are rows of shares, which every
loss of rows takes; without `num_classes` they are compact, and `kcx.losses` take those too.
"""

import sys

import keras

import keras_cv_extras as kcx


def main(epochs: int):
    """Trains a small network with RandomMix."""
    images = kcx.data.load("digits")
    classes = len(images.class_names)
    mix = kcx.mix.RandomMix(
        [kcx.mix.MixUp(0.2), kcx.mix.CutMix()],
        rate=0.5,
        num_classes=classes,
        label_smoothing=0.1,
        # The last epochs see images as they are.
        schedule=kcx.mix.Schedule(num_epochs=max(epochs, 5), warmup=0, off=0),
    )
    train = kcx.data.pipeline(images.train, batch_size=64, mix=mix, seed=0)
    model = kcx.training.small_cnn(images.train[0].shape[1:], classes)
    loss = kcx.losses.LogLoss(from_logits=True)
    model.compile(keras.optimizers.AdamW(2e-3), loss=loss, metrics=["categorical_accuracy"])
    kcx.training.fit(model, train, epochs=epochs)
    print(kcx.training.evaluate(model, *images.test, images.class_names).accuracy)


if __name__ == "__main__":
    main(epochs=1 if "--smoke" in sys.argv else 30)
