"""Mistakes that a type checker must find; none of this is run.

Each line says which mistake it is. Pyright's configuration makes an error of a line without one, so
that a name that a type checker no longer sees through is noticed.
"""

import keras_cv_extras as kcx
from keras_cv_extras.losses import poly1

images, labels = kcx.data.load("digits").train

kcx.data.pipeline((images, labels), 32, polici=None)  # pyright: ignore[reportCallIssue]
kcx.data.pipeline((images, labels), "32")  # pyright: ignore[reportArgumentType]
kcx.data.pipelin((images, labels), 32)  # pyright: ignore[reportAttributeAccessIssue]
kcx.augment.rotate(images, degres=5)  # pyright: ignore[reportCallIssue]
kcx.augment.rotate(images, 5, fill_mode=3)  # pyright: ignore[reportArgumentType]
kcx.policy.Step("rotate", ratio=0.5)  # pyright: ignore[reportCallIssue]
kcx.layers.RandAugment(strenght=0.5, seed="1")  # pyright: ignore[reportArgumentType]
kcx.losses.poly1(labels, images, epsilom=2.0)  # pyright: ignore[reportCallIssue]
poly1(labels, images, from_logits="yes")  # pyright: ignore[reportArgumentType]
kcx.search.search_policy((images, labels))  # pyright: ignore[reportCallIssue]
kcx.search.SearchSettings(trails=3)  # pyright: ignore[reportCallIssue]
kcx.training.TrainingSettings(epoch=3)  # pyright: ignore[reportCallIssue]
kcx.training.fit(None, None, epoch=3)  # pyright: ignore[reportCallIssue]
kcx.mix.MixUp(alfa=0.2)  # pyright: ignore[reportCallIssue]

kcx.augment.rotate(images, 5, fill_mode="reflect", compile=False)
kcx.data.pipeline((images, labels), 32, kcx.policy.rand_augment(), kcx.mix.MixUp(0.2))
kcx.losses.Poly1(epsilon=2.0)
