"""Models as files."""

import pathlib

import keras

from keras_cv_extras._base import files
from keras_cv_extras._base.types import Path
from keras_cv_extras.training import _strategy


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a model as a `.keras` file, in one step; of several workers, only the chief does.

    Args:
        model: a Keras model.
        path: where to; ends in ".keras".

    Raises:
        ValueError: if `path` does not end in ".keras".
    """
    path = _keras_path(path)
    if not _strategy.writes_files():
        return
    with files.replacing(path) as temporary:
        model.save(temporary)


def load_model(path: Path) -> keras.Model:
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
