"""Training that shows its progress, stops on nonsense, and goes on where it was interrupted."""

import collections
import dataclasses
import os
import pathlib
import shutil
import time

import keras
import numpy as np

from keras_cv_extras import _checks, _files
from keras_cv_extras.training._model import compile_model

_STATE = "state.json"


class DivergedError(ArithmeticError):
    """The training loss became infinite or not a number."""


@dataclasses.dataclass(frozen=True)
class History:
    """What happened in training.

    Args:
        history: metric name -> its value after every epoch.
        epochs: how many epochs the model has been trained for.
        resumed_at: the epoch that this call began at; 0 if it was not resumed.
    """

    history: dict[str, list[float]]
    epochs: int
    resumed_at: int


def fit(
    model,
    train,
    validation=None,
    *,
    epochs: int,
    learning_rate: float = 2e-3,
    weight_decay: float = 1e-4,
    label_smoothing: float = 0.0,
    checkpoint=None,
    progress: bool = True,
) -> History:
    """Trains a classifier.

    Args:
        model: a Keras model with one logit per class; compiled here unless it is.
        train: a batched `tf.data.Dataset` of `(images, labels)`, or a function that returns the
            dataset of an epoch, given its number. `data.pipeline(..., epoch=number)` in such a
            function makes resumed training equal to training that was not interrupted.
        validation: None, or a batched dataset that the model is scored on after every epoch.
        epochs: passes over `train`, those before an interruption included.
        learning_rate: the highest one, of a cosine schedule.
        weight_decay: of AdamW.
        label_smoothing: in [0, 1).
        checkpoint: None, or a folder: after every epoch the weights, the optimizer and the
            history are written there, and a later call with the same folder goes on from them.
        progress: whether to print a line for every epoch.

    Returns:
        The history, with what was before an interruption.

    Raises:
        DivergedError: if the loss becomes infinite or not a number.
        ValueError: if `train` is empty, or the checkpoint is damaged or of another model.

    Example:
        >>> fit(model, lambda epoch: pipeline((x, y), 64, policy, epoch=epoch), epochs=10)
    """
    _checks.integer("epochs", epochs, minimum=1)
    dataset_of = train if callable(train) else lambda epoch: train
    if not model.compiled:
        first = dataset_of(0)
        steps = int(first.cardinality()) if hasattr(first, "cardinality") else -1
        if steps == 0:
            raise ValueError("train must hold at least one batch, received an empty dataset")
        compile_model(
            model,
            steps=steps * epochs if steps > 0 else None,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
        )
    history = collections.defaultdict(list)
    start = 0
    if checkpoint is not None:
        checkpoint = pathlib.Path(checkpoint)
        start = _restore(model, checkpoint, history)
    for epoch in range(start, epochs):
        began = time.monotonic()
        done = model.fit(
            dataset_of(epoch),
            validation_data=validation,
            initial_epoch=epoch,
            epochs=epoch + 1,
            verbose=0,
            shuffle=False,
        )
        if "loss" not in done.history:
            raise ValueError("train must hold at least one batch, received an empty dataset")
        for name, values in done.history.items():
            history[name].append(float(values[-1]))
        if not np.isfinite(history["loss"][-1]):
            raise DivergedError(
                f"the training loss became {history['loss'][-1]} in epoch {epoch + 1}: lower the "
                "learning rate, and check the images for values outside their range"
            )
        if progress:
            values = ", ".join(f"{name} {values[-1]:.4f}" for name, values in history.items())
            took = time.monotonic() - began
            print(f"epoch {epoch + 1:3d} of {epochs}: {values} ({took:.1f} s)", flush=True)
        if checkpoint is not None:
            _save(model, checkpoint, history, epoch + 1)
    return History(dict(history), max(start, epochs), start)


def _save(model, folder, history, epoch):
    """Writes a checkpoint, and keeps the one before it."""
    current, previous = folder / "current", folder / "previous"
    with _files.replacing(folder / "next") as temporary:
        temporary.mkdir()
        model.save_weights(temporary / "model.weights.h5")
        _files.write_json(temporary / _STATE, {"epoch": epoch, "history": dict(history)})
    # Interrupted between these steps, a whole checkpoint is in one of the three places.
    if current.exists():
        shutil.rmtree(previous, ignore_errors=True)
        os.replace(current, previous)
    os.replace(folder / "next", current)


def _restore(model, folder, history):
    """Loads the newest whole checkpoint; returns its epoch, 0 if there is none."""
    found = [folder / name for name in ("next", "current", "previous")]
    found = [path for path in found if (path / _STATE).is_file()]
    if not found:
        return 0
    states = [(_files.read_json(path / _STATE), path) for path in found]
    state, path = max(states, key=lambda item: item[0]["epoch"])
    try:
        model.optimizer.build(model.trainable_variables)
        model.load_weights(path / "model.weights.h5")  # the optimizer's state is in it
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"{path}: a checkpoint that is damaged, or of another model ({error}); delete "
            f"{folder} to begin anew"
        ) from error
    history.update({name: list(values) for name, values in state["history"].items()})
    return int(state["epoch"])


def save_model(model: keras.Model, path):
    """Writes a model as a `.keras` file, in one step.

    Args:
        model: a Keras model.
        path: where to; ends in ".keras".

    Raises:
        ValueError: if `path` does not end in ".keras".
    """
    path = _keras_path(path)
    with _files.replacing(path) as temporary:
        model.save(temporary)


def load_model(path) -> keras.Model:
    """Reads a model that `save_model` or Keras wrote; code inside the file is not run.

    Args:
        path: a `.keras` file.

    Returns:
        The model.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model file.
    """
    path = _keras_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{path}: not a model that can be loaded ({error})") from error


def _keras_path(path):
    path = pathlib.Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"the file of a model must end in .keras, received {path}")
    return path
