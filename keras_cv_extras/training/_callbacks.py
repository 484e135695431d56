"""Callbacks that last for a whole training, across its epochs and interruptions."""

import collections
import json
import math
from typing import Any

import keras
import numpy as np

from keras_cv_extras._base import label_forms
from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.images.first_batch import FirstImages
from keras_cv_extras.training._errors import DivergedError


class Throughout(keras.callbacks.CallbackList):
    """Callbacks for a training that calls Keras' `fit` once for every epoch.

    Keras begins and ends a training with every call; callbacks that wait some epochs for better
    scores would start afresh each time. Here `begin` and `end` do it once.
    """

    def __init__(self, callbacks, model, **params):
        super().__init__(list(callbacks), add_history=True, model=model, **params)
        self.first_batch = 0  # in a resumed epoch, the first that is left
        self._fresh = {}

    def begin(self):
        """Begins the training."""
        super().on_train_begin()
        self._fresh = {name: _simple(callback) for name, callback in self._named()}

    def end(self):
        """Ends the training."""
        super().on_train_end()

    def on_train_begin(self, logs=None):
        """Does nothing; see the class."""

    def on_train_end(self, logs=None):
        """Does nothing; see the class."""

    def on_train_batch_begin(self, batch, logs=None):
        """Counts batches from the start of the epoch."""
        super().on_train_batch_begin(batch + self.first_batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        """Counts batches from the start of the epoch."""
        super().on_train_batch_end(batch + self.first_batch, logs)

    def state(self):
        """Returns what changed in the callbacks since they began, as JSON and arrays.

        Numbers, texts, arrays and lists of arrays are seen. What is the same as at the start
        belongs to the callback's settings, and a resumed training may have others.
        """
        values, arrays = {}, {}
        for name, callback in self._named():
            fresh = self._fresh[name]
            for key, value in _simple(callback).items():
                if key in fresh and _same(value, fresh[key]):
                    continue
                if _is_arrays(value):
                    values.setdefault(name, {})[key] = {"arrays": len(value)}
                    arrays.update({f"{name}.{key}.{i}": item for i, item in enumerate(value)})
                else:
                    values.setdefault(name, {})[key] = {"value": value}
        return values, arrays

    def restore(self, values, arrays):
        """Gives the callbacks what `state` returned; callbacks that are new begin anew."""
        for name, callback in self._named():
            for key, value in values.get(name, {}).items():
                if "arrays" in value:
                    found = [arrays[f"{name}.{key}.{i}"] for i in range(value["arrays"])]
                    setattr(callback, key, found)
                else:
                    setattr(callback, key, value["value"])

    def _named(self):
        counts = collections.Counter()
        for callback in self.callbacks:
            name = type(callback).__name__
            yield f"{name}{counts[name]}", callback
            counts[name] += 1


def _simple(callback):
    """The attributes of a callback that can be kept: numbers, texts, lists of arrays."""
    kept = {}
    for key, value in vars(callback).items():
        if key == "min_delta":  # a setting, whose sign Keras turns in the first epoch
            continue
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, (bool, int, float, str)) or _is_arrays(value):
            kept[key] = value
    return kept


def _is_arrays(value):
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, np.ndarray) and item.dtype.kind in "fiub" for item in value)
    )


def _same(one, other):
    if _is_arrays(one) or _is_arrays(other):
        return one is other
    return json.dumps(one) == json.dumps(other)


class StopWhenDiverged(keras.callbacks.Callback):
    """Raises as soon as the mean loss of an epoch is not a number.

    Args:
        samples_of: a function of `(epoch, batch)`, both from 0, that says of which samples a
            batch is, or returns None.
        labels_of: a function of the same that returns the labels of a batch, or None.
    """

    def __init__(self, samples_of, labels_of=lambda epoch, batch: None):
        super().__init__()
        self._samples_of, self._labels_of = samples_of, labels_of
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Looks at the loss."""
        loss = logs["loss"]
        if math.isfinite(loss):
            return
        samples = self._samples_of(self._epoch, batch)
        advice = _impossible(self._labels_of(self._epoch, batch), self.model) or (
            "lower the learning rate, and check the images for values outside their range"
        )
        text = (
            f"the training loss became {loss} in epoch {self._epoch + 1}, batch {batch + 1}: "
            f"{advice}"
        )
        if samples is not None:
            shown = ", ".join(map(str, samples[:20]))
            more = f" and {len(samples) - 20} more" if len(samples) > 20 else ""
            text += f". Samples of the batch: {shown}{more}"
        raise DivergedError(text, samples=samples)


class WatchImages(FirstImages):
    """Warns after the first batch of images whose values are not those that the model takes."""

    def __init__(self):
        super().__init__(lambda images, name: value_range.warn_of(images, self.model, name))

    def watched(self, dataset, model, name="images"):
        """Returns a dataset of batches of which the first is looked at, if the model says more."""
        return self.looked_at(dataset, name) if value_range.takes_bytes(model) else dataset


def _impossible(labels, model):
    """Says which label of a batch is no class of a model; None if none is, or nobody can tell."""
    count = getattr(model, "output_shape", None)
    count = count[-1] if isinstance(count, tuple) else None
    if labels is None or not isinstance(count, int) or count < 2 or not label_forms.is_flat(labels):
        return None
    wrong = [label for label in labels.ravel().tolist() if label not in range(count)]
    if not wrong:
        return None
    return (
        f"the label {wrong[0]} is none of the model's classes, 0 to {count - 1}: count labels from "
        "0, in whole numbers, and give samples that are to be ignored the weight 0"
    )


class Recorder(keras.callbacks.Callback):
    """Keeps the scores of every epoch, and writes checkpoints in the middle of them.

    Args:
        save: a function of the number of batches done in the epoch, or None.
        every: after how many batches it is called.
    """

    def __init__(self, save=None, every=None):
        super().__init__()
        self._save: Any = save
        self._every = every
        self.postponed: Any = None  # a signal that may ask to end, looked at after every batch
        self._on_begin = None
        self.logs = None
        self.last_batch: int | None = None  # of the epoch; a checkpoint is written after it anyway

    def on_epoch_begin(self, epoch, logs=None):
        """Restores the metrics of an interrupted epoch, which Keras has just reset."""
        self.logs = None
        if self._on_begin is not None:
            self._on_begin()
            self._on_begin = None

    def at_begin(self, function):
        """Calls a function when the next epoch begins."""
        self._on_begin = function

    def on_train_batch_end(self, batch, logs=None):
        """Writes a checkpoint if it is time."""
        done = batch + 1
        if done == self.last_batch:
            return
        due = self._every is not None and done % self._every == 0
        signal = self.postponed
        ends = signal is not None and signal.number is not None
        # Of a dataset that does not know its length, the epoch begins anew.
        if due or (ends and self.last_batch):
            _ = self.model  # on JAX, this writes the values of the step into the variables
            self._save(done)
        if signal is not None and ends:
            signal.obey()

    def on_epoch_end(self, epoch, logs=None):
        """Keeps the scores."""
        self.logs = dict(logs)
