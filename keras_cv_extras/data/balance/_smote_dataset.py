"""SMOTE as a dataset of batches, from arrays or from a stream."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_cv_extras.data._pipeline import pipeline
from keras_cv_extras.data._sources import ImageData
from keras_cv_extras.data.balance._smote_source import SmoteSource
from keras_cv_extras.data.balance._smote_stream import SmoteStream

_PIPELINE = (
    "policy",
    "mix",
    "shuffle",
    "epoch",
    "first_epoch",
    "num_epochs",
    "shard",
    "shuffle_buffer",
    "num_parallel_calls",
)


def smote_dataset(
    data: Any, batch_size: int, *, seed: int = 0, **options: Any
) -> "tf.data.Dataset[Any]":
    """Makes a dataset of batches with classes balanced by SMOTE, new samples in every epoch.

    The neighbours are found once. A new sample is made when its batch is read, from images held
    in their own type, and is stored nowhere; it is a function of the seed, the epoch and its
    number alone. Short for `pipeline(SmoteSource(x, y), ...)`, or `SmoteStream` with a dataset.

    Args:
        data: `(images, labels)` in memory, or loaded data (`data.load`), of which the training
            part is taken: neighbours are then exact. Or an unbatched `tf.data.Dataset` of
            `(image, label)`: neighbours then come from a reservoir of each class.
        batch_size: samples per batch.
        seed: an integer, for order, new samples and augmentation.
        **options: those of `SmoteSource` (`sampling_strategy`, `k_neighbors`, `base`,
            `neighbors_in`, `engine`, `single`, `held_out`), with a stream those of `SmoteStream`
            (`num_classes`, `k_neighbors`, `capacity`, `most`, `chunk`), and those of `pipeline`
            (`policy`, `mix`, `shuffle`, `epoch`, `first_epoch`, `num_epochs`, `shard`, ...).

    Returns:
        A `tf.data.Dataset` of `(images, labels)` batches with a checkpointable iterator, one
        epoch long; every pass is the next epoch.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> train = smote_dataset((x, y), 128, k_neighbors=5, policy=rand_augment(), seed=1)
        >>> model.fit(train, epochs=10)
    """
    later = {name: options.pop(name) for name in _PIPELINE if name in options}
    if isinstance(data, tf.data.Dataset):
        source = SmoteStream(data, seed=seed, **options)
    elif isinstance(data, ImageData):
        source = SmoteSource(data, seed=seed, **options)
    elif isinstance(data, (tuple, list)) and len(data) == 2:
        source = SmoteSource(*map(np.asarray, data), seed=seed, **options)
    else:
        raise TypeError(
            "data must be (images, labels), loaded data or an unbatched tf.data.Dataset of "
            f"(image, label), received {type(data).__name__}"
        )
    return pipeline(source, batch_size, seed=seed, **later)
