"""Saving and loading models."""

import contextlib
import json
import math
import pathlib
import shutil
import threading
import zipfile
from typing import Any

import keras
import tensorflow as tf

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import archives, json_text, written
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import Path
from keras_cv_extras.training import _strategy

_METADATA, _ABOUT = "metadata.json", "keras_cv_extras"
_MOST_METADATA = 1 << 24  # bytes
_LONGEST = 500  # signs of an error
_WEIGHTS, _CONFIG = "model.weights.h5", "config.json"
_MOST_OBJECTS = 500_000  # braces of a configuration: networks of a thousand layers have 20,000
_MOST_LAYERS = 15_000  # ensembles of the largest networks have 5,000
_FREE, _TIMES = 1 << 28, 8  # bytes of weights that any model may have, and of each that is stored
_loading = threading.RLock()


def save_model(
    model: keras.Model,
    path: Path,
    *,
    about: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Writes a model as a `.keras` file, in one step; of several workers, only the chief does.

    Args:
        model: a Keras model.
        path: where to; ends in ".keras". What `save_model` wrote there is replaced.
        about: None, or what `read_about` is to return: a dictionary for JSON. `kcx evaluate` and
            `kcx export` read "class_names" in it, the name of each class by its number.
        overwrite: whether to replace a file that something else wrote, such as `model.save`.

    Raises:
        OSError: if there is somebody else's file, or nothing can be written there.
        ValueError: if `path` does not end in ".keras".

    Example:
        >>> save_model(model, "classifier.keras", overwrite=True)
        >>> again = load_model("classifier.keras", compile=False)
    """
    path = _keras_path(path)
    if not _strategy.writes_files():
        return
    written.check(path, _is_ours, overwrite)
    with files.replacing(path, known=None if overwrite else _is_ours) as temporary:
        if about is None:
            model.save(temporary)
        else:
            plain = temporary.with_name(f"plain-{path.name[-100:]}")
            model.save(plain)
            _copy_with(plain, temporary, about)
        try:
            archives.check(temporary)
            _most_weights(temporary)
        except (ValueError, RecursionError) as error:
            caller.warn(
                f"{path}: load_model will refuse it, and keras.saving.load_model not ({error})"
            )
        written.sign(temporary)


def _is_ours(path):
    return written.is_signed(path) or bool(read_about(path))  # earlier versions did not sign


def read_about(path: Path) -> dict[str, Any]:
    """Returns what `save_model` stored about a model, without loading the model.

    Args:
        path: a `.keras` file.

    Returns:
        The dictionary; an empty one if the file holds none.

    Example:
        >>> save_model(model, "animals.keras", about={"class_names": ["cat", "dog"]})
        >>> read_about("animals.keras")["class_names"]
        ['cat', 'dog']
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(_METADATA).file_size > _MOST_METADATA:
                return {}
            found = json_text.parse(archive.read(_METADATA)).get(_ABOUT, {})
    except (OSError, KeyError, ValueError, AttributeError, RecursionError, zipfile.BadZipFile):
        return {}
    return found if isinstance(found, dict) else {}


def _copy_with(plain, path, about):
    """Copies a `.keras` file, and adds to its metadata."""
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for item in old.infolist():
            if item.filename == _METADATA:
                new.writestr(item, json.dumps({**json.loads(old.read(item)), _ABOUT: about}))
                continue
            large = item.file_size > 1 << 30
            with old.open(item) as source, new.open(item, "w", force_zip64=large) as copy:
                shutil.copyfileobj(source, copy, 1 << 20)


def load_model(path: Path, *, compile: bool = True) -> keras.Model:
    """Reads a model that `save_model` or Keras wrote; code inside the file is not run.

    Args:
        path: a `.keras` file.
        compile: whether to load the loss and the optimizer, too. A model whose loss is a function
            of its own, which Keras cannot find, loads without them.

    Returns:
        The model.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model file.

    Example:
        >>> save_model(model, "network.keras", overwrite=True)
        >>> loaded = load_model("network.keras", compile=False)
    """
    path = _keras_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("no ZIP archive: it is damaged, or of another format, such as HDF5")
        archives.check(path)
        with _no_more_weights_than(_most_weights(path)):
            model: Any = keras.saving.load_model(path, safe_mode=True, compile=compile)
        return model
    except (ImportError, MemoryError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as error:  # a damaged file fails in any way that bytes can
        text = " ".join(str(error).split()) or type(error).__name__
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."  # Keras shows arrays
        raise ValueError(f"{path}: not a model that can be loaded ({text})") from error


def _most_weights(path):
    """Returns how many bytes of weights a model may make, by those that its file holds.

    Raises:
        ValueError: if its configuration has more parts than any network has.
    """
    with zipfile.ZipFile(path) as archive:
        items = {item.filename: item for item in archive.infolist()}
        config = archive.read(_CONFIG) if _CONFIG in items else b"{}"
    if config.count(b"{") > _MOST_OBJECTS:
        raise ValueError(f"{_CONFIG} in it has more than {_MOST_OBJECTS:,} parts")
    if (count := _num_layers(json_text.parse(config))) > _MOST_LAYERS:
        raise ValueError(f"{_CONFIG} in it has {count:,} layers, of at most {_MOST_LAYERS:,}")
    stored = items.get(_WEIGHTS)
    size = 0 if stored is None else min(stored.file_size, archives.RATIO * stored.compress_size)
    return _FREE + _TIMES * size


def _num_layers(config):
    """Returns how many layers a configuration lists, those of models in models included."""
    waiting, count = [config], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            layers = value.get("layers")
            count += len(layers) if isinstance(layers, list) else 0
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return count


@contextlib.contextmanager
def _no_more_weights_than(most):
    """Lets this thread make no more bytes of weights: they are made before the file's are read."""
    thread, left = threading.get_ident(), most

    def counted(self, *arguments, **options):
        nonlocal left
        if threading.get_ident() == thread:
            shape = options.get("shape") or next(filter(_is_shape, arguments), ())
            left -= 4 * math.prod(side or 1 for side in shape)
            if left < 0:
                raise ValueError(
                    f"its layer {self.name[:100]} makes weights of {tuple(shape)}, and the file "
                    "does not hold so many"
                )
        return add_weight(self, *arguments, **options)

    with _loading:
        add_weight = keras.layers.Layer.add_weight
        keras.layers.Layer.add_weight = counted
        try:
            yield
        finally:
            keras.layers.Layer.add_weight = add_weight


def _is_shape(value):
    return isinstance(value, tuple | list)


def _keras_path(path):
    path = pathlib.Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"the file of a model must end in .keras, received {path}")
    return path
