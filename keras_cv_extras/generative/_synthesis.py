"""Images of a trained GAN as data: how many of each class, which are kept, as stream or arrays.

A synthetic image is a function of the generator's weights, a seed, its class and a number. Which
images a data set has is therefore a list of numbers, and the images themselves are made when
their batch is read.
"""

import contextlib
import numbers as numeric
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base import checks, files, label_forms
from keras_cv_extras._base.host import predictions
from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.images.first_batch import FirstImages

_BATCH = 256
_ROUNDING = 1e-3  # of the range: how far outside of it values may be
_NOT_FILLED = (
    "x must fill value_range, ({:g}, {:g}), received values from {:.9g} to {:.9g}: give "
    "value_range the images' own"
)
_MOST_TRIES = 50  # candidates for each image that is kept, before the filter gives up


class TooFewImagesError(ValueError):
    """A filter accepts too few of the images that a model makes of a class."""


def checked_images(gan, x, y):
    """Returns training images and labels as arrays, or raises if a GAN cannot learn from them."""
    images, labels = checked_pixels(gan, x), np.asarray(y)
    classes = _class_numbers(gan, "y", labels)
    checks.same_length(x=images, y=classes)
    if len(np.unique(classes)) < 2:
        raise ValueError(
            f"y must hold at least two classes, received {np.unique(classes).tolist()} alone"
        )
    return images, classes


def checked_pixels(model, x, *, whole=True):
    """Returns images as an array, or raises if they are not of a model's shape and value range.

    Args:
        model: it has `image_shape` and `value_range`.
        x: images.
        whole: whether they are all that there is to learn from, which are neither none nor all
            of one shade.
    """
    images = np.asarray(x)
    if images.ndim != 4 or images.shape[1:] != model.image_shape or whole and not len(images):
        raise ValueError(
            f"x must be images of the shape (n, {', '.join(map(str, model.image_shape))}), "
            f"received {images.shape}"
        )
    checks.finite_images("x", images)
    if not len(images):
        return images
    low, high = model.value_range
    darkest, brightest = float(images.min()), float(images.max())
    over = _ROUNDING * (high - low)
    if darkest < low - over or brightest > high + over:
        raise ValueError(
            f"x must lie in value_range, ({low:g}, {high:g}), received values from {darkest:.9g} "
            f"to {brightest:.9g}"
        )
    if whole and brightest - darkest < 0.01 * (high - low):
        raise ValueError(_NOT_FILLED.format(low, high, darkest, brightest))
    return images


def _check_batch(model, x):
    """Raises if the first images of a dataset are not of a model's shape and value range.

    A dark batch is in order, values of which all lie in [0, 1] are not.
    """
    images = checked_pixels(model, x, whole=False)
    low, high = model.value_range
    if len(images) and high - low > 100:
        darkest, brightest = float(images.min()), float(images.max())
        if darkest >= 0 and 0 < brightest <= 1 and np.any(images % 1):
            raise ValueError(_NOT_FILLED.format(low, high, darkest, brightest))


@contextlib.contextmanager
def checked_batches(model, x, callbacks=None) -> Any:
    """Gives what a call of `fit` is to train on: before its first step, wrong images are refused.

    Args:
        model: it has `image_shape` and `value_range`.
        x: a dataset. What else Keras takes is not looked at.
        callbacks: the call's. With a `CallbackList` a training goes on from epoch to epoch, and
            no other batch is looked at.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        yield x
        return
    look = FirstImages(lambda images, name: _check_batch(model, images), at_once=True)
    try:
        yield look.looked_at(x)
    except Exception:
        if look.error is not None:
            raise look.error from None  # without the backend's own around it
        raise


def checked_labels(gan, labels):
    """Returns classes to make images of as an int32 array, or raises."""
    labels = np.atleast_1d(np.asarray(labels))
    if not labels.size:
        raise ValueError("labels must hold at least one class, received none")
    return _class_numbers(gan, "labels", labels)


def synthetic_counts(gan, labels, balance_to) -> dict[int, int]:
    """Returns how many images to make of each class.

    Args:
        gan: the model.
        labels: `(n,)` the real images' classes, which `balance_to="max"` needs.
        balance_to: "max" to bring every class to the largest one's number; or how many images a
            class is to have with its real ones, a number for all or `{class: number}`. Without
            `labels` there are no real ones, and the numbers are of synthetic images.

    Returns:
        `{class: number of images to make}`, classes without any left out.
    """
    present = np.zeros(gan.num_classes, int)
    if labels is not None:
        classes = _class_numbers(gan, "labels", np.asarray(labels))
        present = np.bincount(classes, minlength=gan.num_classes)
    if isinstance(balance_to, str):
        checks.one_of("balance_to", balance_to, ("max",))
        if labels is None:
            raise ValueError("balance_to='max' needs labels, those of the real images")
        wanted = dict.fromkeys(range(gan.num_classes), int(present.max()))
    elif isinstance(balance_to, Mapping):
        wanted = dict(balance_to)
    elif isinstance(balance_to, numeric.Integral) and not isinstance(balance_to, bool):
        wanted = dict.fromkeys(range(gan.num_classes), int(balance_to))
    else:
        raise TypeError(
            "balance_to must be 'max', a number of images or a dictionary from class to number, "
            f"received {balance_to!r}"
        )
    counts = {}
    for item, number in sorted(wanted.items()):
        if isinstance(item, bool) or item not in range(gan.num_classes):
            raise ValueError(
                f"balance_to must name classes from 0 to {gan.num_classes - 1}, received {item!r}"
            )
        number = checks.integer(f"balance_to[{item}]", number, minimum=0)
        if number < present[item]:
            raise ValueError(
                f"balance_to must ask for at least the {present[item]} images that class {item} "
                f"has, received {number}"
            )
        if number > present[item]:
            counts[int(item)] = int(number - present[item])
    return counts


def chosen_images(gan, counts, *, seed=0, classifier=None, confidence=0.5):
    """Returns which images to take: their classes and numbers.

    Args:
        gan: the model.
        counts: `{class: number of images}`.
        seed: an integer.
        classifier: None to take the first ones, or a model that was trained on real images and
            gives logits or probabilities: those are taken whose class it finds likely.
        confidence: the least probability that it must give the class.

    Returns:
        `(labels, numbers, rates)`: two int32 arrays, classes in turn, and the share of
        candidates that was kept for each class.

    Raises:
        TooFewImagesError: if the filter keeps too few of a class.
    """
    checks.integer("seed", seed)
    checks.fraction("confidence", confidence)
    numbers, rates = {}, {}
    for item, count in counts.items():
        if classifier is None:
            numbers[item], rates[item] = np.arange(count), 1.0
            continue
        kept, tried = [], 0
        while len(kept) < count:
            if tried >= max(_BATCH, _MOST_TRIES * count):
                raise TooFewImagesError(
                    f"only {len(kept)} of {tried} images of class {item} reach the confidence "
                    f"{confidence:g}, where {count} are wanted: train longer, or lower confidence"
                )
            candidates = np.arange(tried, tried + _BATCH)
            images = gan.generate(np.full(_BATCH, item), numbers=candidates, seed=seed)
            given = probabilities(classifier, images, gan.num_classes)
            kept.extend(candidates[given[:, item] >= confidence].tolist())
            tried += _BATCH
        rates[item] = len(kept) / tried
        numbers[item] = np.array(kept[:count])
    if not numbers:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), rates
    labels = np.concatenate([np.full(len(own), item) for item, own in numbers.items()])
    # Classes are spread evenly, so that every part of the stream has all of them.
    place = np.concatenate([(np.arange(len(own)) + 0.5) / len(own) for own in numbers.values()])
    order = np.argsort(place, kind="stable")
    together = np.concatenate(list(numbers.values()))
    return labels[order].astype(np.int32), together[order].astype(np.int32), rates


def synthetic_dataset(
    gan,
    labels=None,
    *,
    balance_to="max",
    seed: int = 0,
    classifier=None,
    confidence: float = 0.5,
    batch_size: int = 128,
):
    """Makes a dataset of synthetic images; see `ConditionalGAN.to_dataset`."""
    import tensorflow as tf

    checks.integer("batch_size", batch_size, minimum=1)
    counts = synthetic_counts(gan, labels, balance_to)
    if not counts:
        raise ValueError(f"balance_to asks for no image beyond the real ones: {balance_to!r}")
    chosen, numbers, _ = chosen_images(
        gan, counts, seed=seed, classifier=classifier, confidence=confidence
    )
    dataset = tf.data.Dataset.from_tensor_slices((chosen, numbers)).batch(batch_size)
    plain = tf.autograph.experimental.do_not_convert
    dataset = dataset.map(plain(lambda items, places: (gan.make(items, places, seed), items)))
    dataset = dataset.unbatch()
    return dataset.apply(tf.data.experimental.assert_cardinality(len(chosen)))


def resample(
    gan,
    x,
    y=None,
    *,
    balance_to="max",
    seed: int = 0,
    classifier=None,
    confidence: float = 0.5,
    held_out=None,
):
    """Balances classes by synthetic images, as arrays; see `ConditionalGAN.resample`."""
    from keras_cv_extras._base import guard
    from keras_cv_extras.data import balance

    images, labels = balance.training_part(x, y, held_out)
    images, classes = checked_images(gan, images, labels)
    counts = synthetic_counts(gan, classes, balance_to)
    chosen, numbers, _ = chosen_images(
        gan, counts, seed=seed, classifier=classifier, confidence=confidence
    )
    if not len(chosen):
        return images, labels
    made = gan.generate(chosen, numbers=numbers, seed=seed)
    together = np.concatenate([images, balance.to_dtype(made, images.dtype)])
    guard.mark_synthesised(together, type(gan).__name__, images)
    _, restore = balance.as_classes(labels)
    return together, np.concatenate([labels, restore(chosen)])


def export_generator(gan, path):
    """Writes the average generator as a SavedModel; see `ConditionalGAN.export_generator`."""
    import tensorflow as tf
    from keras.export import ExportArchive

    archive: Any = ExportArchive()
    archive.track(gan)
    archive.add_endpoint(
        "serve",
        lambda labels, numbers, seed: gan.make(labels, numbers, seed),
        input_signature=[
            tf.TensorSpec((None,), tf.int32, name="labels"),
            tf.TensorSpec((None,), tf.int32, name="numbers"),
            tf.TensorSpec((), tf.int64, name="seed"),
        ],
    )
    with files.replacing(path, kind="generator") as temporary:
        archive.write_out(temporary, verbose=False)


def probabilities(classifier, images, num_classes):
    """Returns the class probabilities `(n, num_classes)` of logits or probabilities."""
    value_range.check_for(classifier, images)
    parts = [
        ops.convert_to_numpy(classifier(images[i : i + _BATCH]))
        for i in range(0, len(images), _BATCH)
    ]
    outputs = np.concatenate(parts)
    if outputs.ndim != 2 or outputs.shape[1] != num_classes:
        raise ValueError(
            f"classifier must give {num_classes} numbers for each image, received shape "
            f"{outputs.shape}"
        )
    return predictions.probabilities(outputs)


def _class_numbers(gan, name, labels):
    """Returns `(n,)` int32 classes of integers `(n,)` or `(n, 1)`, or of one-hot rows."""
    classes = labels.reshape(-1) if label_forms.is_flat(labels) else labels
    if classes.ndim == 2 and classes.dtype.kind in "biuf":
        if not label_forms.is_one_hot(classes):
            raise ValueError(f"{name} must be classes or one-hot rows, received other rows")
        classes = classes.argmax(axis=1)
    if classes.ndim != 1 or classes.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be integers of the shape (n,) or one-hot rows, received "
            f"{labels.dtype} of {labels.shape}"
            + (
                ": give np.unique(names, return_inverse=True)[1]"
                if labels.dtype.kind in "OSUT"
                else ""
            )
        )
    if not len(classes) or classes.min() < 0 or classes.max() >= gan.num_classes:
        raise ValueError(
            f"{name} must be classes from 0 to {gan.num_classes - 1}, received "
            f"{np.unique(classes)[:12].tolist()}"
        )
    return classes.astype(np.int32)
