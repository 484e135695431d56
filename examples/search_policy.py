"""Search an augmentation policy for your images, and train with it.

    python examples/search_policy.py

Takes some minutes on two cores. Interrupted and started again, it goes on. With --smoke it does
the same with 8 x 8 digits in a few seconds.
"""

import sys

import keras_cv_extras as kcx

smoke = "--smoke" in sys.argv
images = kcx.data.load("digits" if smoke else "mnist_5k")  # or the path of a folder of images
shape, num_classes = images.train[0].shape[1:], len(images.class_names)

found = kcx.search.search_policy(
    images,
    lambda: kcx.training.small_cnn(shape, num_classes),
    directory="kcx-example-smoke" if smoke else "kcx-example",
    trials=2 if smoke else 36,
    epochs=2 if smoke else 10,
    train_size=100 if smoke else 1000,
)
print(found.verdict)
print(found.insight.describe())
print(found.policy.describe())
print(f"the report: {found.directory / 'report.html'}")

model = kcx.training.small_cnn(shape, num_classes)
batches = kcx.data.pipeline(images.train, 64, policy=found.policy, seed=0)
kcx.training.fit(model, batches, epochs=2 if smoke else 20)
scores = kcx.training.evaluate(model, *images.test, images.class_names)
print(f"{scores.accuracy:.4f} of the test images are right")
