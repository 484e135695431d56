"""What training does to the labels of batches: weights of classes, rows in place of numbers."""

import numpy as np
import tensorflow as tf

from keras_cv_extras import mix
from keras_cv_extras._base import samples


def with_rows(dataset: tf.data.Dataset, num_classes: int) -> tf.data.Dataset:
    """Returns a dataset of batches with labels as rows of probabilities.

    Args:
        dataset: batches of images and labels: integers, rows, or what mixing makes of integers.
        num_classes: length of a row.
    """

    def rows(images, labels):
        if labels.shape.rank == 1:
            return images, tf.one_hot(labels, num_classes)
        if labels.shape.rank == 3:
            return images, mix.dense_labels(labels, num_classes)
        return images, labels

    made = dataset.map(rows)
    return samples.remember(made, lambda: samples.samples_of(dataset))


def with_class_weights(dataset: tf.data.Dataset, weights: dict[int, float]) -> tf.data.Dataset:
    """Returns a dataset of batches with a weight for every sample, from that of its class.

    A label that is shared by classes has the mean of their weights, by its shares.

    Args:
        dataset: batches of images and labels, integers or rows.
        weights: class -> weight, as `data.class_weight` gives them.

    Example:
        >>> train = with_class_weights(train, data.class_weight(labels, "effective"))
    """
    table = np.zeros(max(weights) + 1, "float32")
    for number, weight in weights.items():
        table[number] = weight

    def weighted(images, labels):
        if labels.shape.rank == 2:
            return images, labels, tf.linalg.matvec(tf.cast(labels, tf.float32), table)
        return images, labels, tf.gather(tf.constant(table), labels)

    made = dataset.map(weighted)
    return samples.remember(made, lambda: samples.samples_of(dataset))
