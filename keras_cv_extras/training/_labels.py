"""How training changes the labels of batches: class weights, and rows in place of numbers."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras import data
from keras_cv_extras._base import checks, label_forms
from keras_cv_extras._base.datasets import samples
from keras_cv_extras._base.datasets.transformations import mapped


def with_rows(dataset: "tf.data.Dataset[Any]", num_classes: int) -> "tf.data.Dataset[Any]":
    """Returns a dataset of batches with labels as rows of probabilities.

    Args:
        dataset: batches of images and labels in any form: integers, rows, or what mixing makes
            of integers; with weights, if it has them.
        num_classes: length of a row.

    Example:
        >>> rows = with_rows(kcx.data.pipeline((images, labels), 32), num_classes=10)
    """
    checks.integer("num_classes", num_classes, minimum=1)

    def rows(images, labels, *weights):
        return images, _rows(labels, num_classes), *weights

    made = mapped(dataset, rows)
    return samples.remember(made, lambda: samples.samples_of(dataset))


def with_class_weights(
    dataset: "tf.data.Dataset[Any]", weights: dict[int, float]
) -> "tf.data.Dataset[Any]":
    """Returns a dataset of batches with a weight for every sample, from that of its class.

    A label that several classes share gets the mean of their weights, weighted by the shares.

    Args:
        dataset: batches of images and labels in any form: integers, rows, or what mixing makes
            of integers.
        weights: class -> weight, as `data.class_weight` gives them.

    Example:
        >>> train = with_class_weights(train, data.class_weight(labels, "effective"))
    """
    table = np.zeros(max(weights) + 1, "float32")
    for number, weight in weights.items():
        table[number] = weight

    def weighted(images, labels):
        return images, labels, tf.linalg.matvec(_rows(labels, len(table)), table)

    made = mapped(dataset, weighted)
    return samples.remember(made, lambda: samples.samples_of(dataset))


def batches_of(dataset: Any, name: str) -> Any:
    """Returns batches as pairs where they are dictionaries of image and label, else as they are.

    Args:
        dataset: what `fit` was given: a dataset, or anything else that Keras takes.
        name: of the argument.

    Raises:
        ValueError: if a dataset gives single images.
    """
    if not isinstance(dataset, tf.data.Dataset):
        return dataset
    dataset = data.as_pairs(dataset)
    spec = tf.nest.flatten(dataset.element_spec)
    if len(spec) == 2 and [getattr(item.shape, "rank", None) for item in spec] == [3, 0]:
        raise ValueError(
            f"{name} gives single images, {spec[0].shape}: call batch on it, or give it to "
            "data.pipeline"
        )
    if len(spec) > 1 and getattr(spec[1], "dtype", None) == tf.string:
        raise ValueError(
            f"{name} gives labels that are texts: give the numbers of the classes, as "
            "np.unique(labels, return_inverse=True) makes them"
        )
    return dataset


def _rows(labels, num_classes):
    """Does what `label_forms.rows` does, by TensorFlow, which datasets run on under any Keras."""
    if label_forms.is_mixed(labels):
        pairs = label_forms.parts(labels)
        return tf.add_n([share[:, None] * _rows(own, num_classes) for own, share in pairs])
    if not label_forms.is_flat(labels):
        return tf.cast(labels, "float32")
    classes = tf.cast(tf.reshape(labels, (-1,)), "int32")
    inside = (classes >= 0) & (classes < num_classes)
    return tf.where(inside[:, None], tf.one_hot(classes, num_classes), float("nan"))
