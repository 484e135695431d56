"""A look at the first images of a dataset, as they come by in a training."""

import types
from typing import Any

import keras
import numpy as np


class _Looked(keras.utils.PyDataset):
    """A dataset whose batches are read from another, and of which the first one read is noted."""

    def __init__(self, dataset, note):
        super().__init__(workers=dataset.workers, max_queue_size=dataset.max_queue_size)
        self._dataset, self._notes = dataset, [note]
        self.on_epoch_begin, self.on_epoch_end = dataset.on_epoch_begin, dataset.on_epoch_end

    @property
    def num_batches(self):
        return self._dataset.num_batches

    def __len__(self):
        return len(self._dataset)

    def __getitem__(self, index):
        batch = self._dataset[index]
        try:
            note = self._notes.pop()
        except IndexError:  # of several threads one is first
            return batch
        note(batch)
        return batch


class FirstImages(keras.callbacks.Callback):
    """Calls a function with the images of the first batch of a dataset.

    Of tensors it is that of every epoch; no other batch is looked at. None is read twice, but for
    that of a `PyDataset` which other processes read.

    Args:
        see: a function of an array of images, `(batch, height, width, channels)`, and of the name
            that `looked_at` was given. What it raises ends the training.
        at_once: whether to call it as soon as the batch is read, before the model's step with it;
            the object is then no callback. If not, it is called after that step, in the thread
            that trains.
    """

    def __init__(self, see, *, at_once: bool = False):
        super().__init__()
        self._see, self._at_once, self._found = see, at_once, []
        self.error: Exception | None = None  # what `see` raised; the backend raises another

    def looked_at(self, dataset: Any, name: str = "images") -> Any:
        """Returns a dataset that is looked at: of tensors, a `PyDataset` or a generator.

        What else Keras takes is returned as it is.
        """
        import tensorflow as tf  # only where there is a dataset

        if isinstance(dataset, tf.data.Dataset):
            return self._of_tensors(dataset, name)
        if isinstance(dataset, keras.utils.PyDataset):
            if not dataset.use_multiprocessing:
                return _Looked(dataset, lambda batch: self._note(batch, name))
            if dataset.num_batches != 0:  # of unknown length, too
                self._note(dataset[0], name)
            return dataset
        if isinstance(dataset, types.GeneratorType):
            return self._of_generator(dataset, name)
        return dataset

    def _of_tensors(self, dataset, name):
        import tensorflow as tf

        from keras_cv_extras._base.datasets.transformations import mapped

        spec = tf.nest.flatten(dataset.element_spec)[0]
        if getattr(getattr(spec, "shape", None), "rank", None) != 4:
            return dataset
        if spec.dtype == tf.uint8 and not self._at_once:
            return dataset

        def look(images):
            self._take(images, name)
            return np.int64(0)

        def first(number, batch):
            images = tf.nest.flatten(batch)[0]
            looked = tf.cond(
                number == 0,
                lambda: tf.numpy_function(look, [images], tf.int64),
                lambda: tf.constant(0, tf.int64),
            )
            with tf.control_dependencies([looked]):
                return tf.nest.map_structure(tf.identity, batch)

        return mapped(dataset.enumerate(), first)

    def _of_generator(self, batches, name):
        for number, batch in enumerate(batches):
            if number == 0:
                self._note(batch, name)
            yield batch

    def _note(self, batch, name):
        images = np.asarray(keras.tree.flatten(batch)[0])
        if images.ndim == 4:
            self._take(images, name)

    def _take(self, images, name):
        if not self._at_once:
            self._found.append((images, name))
            return
        try:
            self._see(images, name)
        except Exception as error:
            self.error = error
            raise

    def on_train_batch_end(self, batch, logs=None):
        """Shows what was found."""
        while self._found:
            self._see(*self._found.pop())

    def on_epoch_end(self, epoch, logs=None):
        """Shows what was found in the validation."""
        self.on_train_batch_end(0)
