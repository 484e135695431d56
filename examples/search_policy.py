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

settings = {"trials": 36, "epochs": 10, "train_size": 1000}
if smoke:
    settings = {"trials": 2, "epochs": 2, "train_size": 100, "confirm_seeds": 2}
    settings["ops"] = ("invert", "rotate", "brightness")
found = kcx.search.search_policy(
    images,
    lambda: kcx.training.small_cnn(shape, num_classes),
    directory="kcx-example-smoke" if smoke else "kcx-example",
    **settings,
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
