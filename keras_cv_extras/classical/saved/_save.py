"""Fitted classifiers on disk: with skops where it is installed, else with joblib."""

import gzip
import importlib.util
import math
import os
import pathlib
import zipfile
from typing import Any

import numpy as np

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import archives, written
from keras_cv_extras._base.text import caller
from keras_cv_extras.classical.saved import _fitted

_NAME = written.SIGNATURE.decode()  # what the head of a gzip file calls its content
# Parts that any file may have, and bytes of a file for each part beyond them. A forest of 1,000
# trees has 57,000 parts of 300 bytes, and a file that is packed has 20 bytes and more for each.
_FREE_PARTS, _BYTES_OF_PART = 100_000, 10
# What pipelines of this package hold beside it and skops does not know by itself: the trees of a
# random forest, and the dictionary in which unions keep their parts.
_TRUSTED = {"sklearn.tree._tree.Tree", "sklearn.utils._bunch.Bunch"}


def save(model: Any, path: str | os.PathLike[str], *, overwrite: bool = False) -> pathlib.Path:
    """Writes a fitted classifier, in one step.

    Args:
        model: a scikit-learn estimator.
        path: a file that ends in ".skops" (loading it runs no code that it holds; needs the
            package skops) or ".joblib" (a pickle). Without one of these endings, that of the
            better format that is installed is added. What `save` wrote there is replaced.
        overwrite: whether to replace a file that something else wrote.

    Returns:
        The path of the file.

    Raises:
        ImportError: if ".skops" is asked for and skops is not installed.
        OSError: if there is somebody else's file, or nothing can be written there.

    Example:
        >>> model = make_classifier("hog").fit(images, labels)
        >>> save(model, "photographs.skops").name
        'photographs.skops'
    """
    path = with_ending(path)
    written.check(path, written.is_signed, overwrite)
    with files.replacing(path, known=None if overwrite else written.is_signed) as temporary:
        if path.suffix == ".skops":
            _skops().dump(model, temporary)
            written.sign(temporary)
        else:
            import joblib

            _warn(path, "written as")
            with open(temporary, "wb") as file, gzip.GzipFile(_NAME, "wb", 3, file) as packed:
                joblib.dump(model, packed)
    return path


def with_ending(path: str | os.PathLike[str]) -> pathlib.Path:
    """Returns a path as it is if it ends like a classifier's file, else with an ending added."""
    path = pathlib.Path(path)
    if path.suffix in (".skops", ".joblib"):
        return path
    installed = importlib.util.find_spec("skops") is not None
    return path.with_name(path.name + (".skops" if installed else ".joblib"))


def load(path: str | os.PathLike[str]) -> Any:
    """Reads a classifier that `save` wrote.

    Args:
        path: a ".skops" or ".joblib" file; `save` may have added the ending.

    Returns:
        The estimator.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is of another kind or damaged, or a ".skops" file holds types that
            neither this package, scikit-learn, SciPy nor NumPy is known for.

    Example:
        >>> path = save(make_classifier("hog").fit(images, labels), "loaded.skops")
        >>> load(path).predict(images[:3]).shape
        (3,)
    """
    given = pathlib.Path(path)
    named = (given.with_name(given.name + ending) for ending in ("", ".skops", ".joblib"))
    file = next((one for one in named if one.is_file()), None)
    if file is None:
        raise FileNotFoundError(f"{given}: no such file, nor one with .skops or .joblib behind it")
    if file.suffix not in (".skops", ".joblib"):
        raise ValueError(f"{file}: must end in .skops or .joblib, as kcx.classical.save writes it")
    try:
        found = _load_skops(file) if file.suffix == ".skops" else _load_joblib(file)
        if not hasattr(found, "get_params"):
            raise ValueError(f"it holds a {type(found).__name__}, which is no estimator")
        return found
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # a damaged file fails in any way that bytes can
        raise ValueError(f"{file}: not a classifier that can be read ({error})") from error


def _load_skops(path):
    io = _skops()
    archives.check(path)
    _check_parts(path)
    unknown = io.get_untrusted_types(file=path)
    foreign = sorted(set(unknown) - _TRUSTED - _own())
    if foreign:
        raise ValueError(f"it holds types that are not trusted: {', '.join(foreign)}")
    found = io.load(path, trusted=unknown)
    _fitted.check(found)
    return found


def _check_parts(path):
    """Raises if a file has more parts than one of its size, or names arrays that it lacks."""
    most = max(_FREE_PARTS, os.path.getsize(path) // _BYTES_OF_PART)
    with zipfile.ZipFile(path) as archive:
        if archive.read("schema.json").count(b"__loader__") > most:
            raise ValueError(f"it has more than {most:,} parts, as no file of its size has")
        for item in archive.infolist():
            if item.filename.endswith(".npy"):
                with archive.open(item) as file:
                    size = _size_of_array(file)
                if size > item.file_size:
                    raise ValueError(f"{item.filename} in it says {size:,} bytes, and holds less")


def _size_of_array(file):
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version[0] > 1:
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return math.prod(shape) * dtype.itemsize


def _own():
    """The names by which skops knows what this package exports, but for what reads and writes."""
    from keras_cv_extras import classical

    things = [getattr(classical, name) for name in dir(classical)]
    here = __name__.rpartition(".")[0]
    return {
        f"{thing.__module__}.{thing.__qualname__}"
        for thing in things
        if not thing.__module__.startswith(here)
    }


def _load_joblib(path):
    import joblib

    _warn(path, "read as")
    return joblib.load(path)


def _warn(path, how):
    caller.warn(
        f"{path} is {how} a pickle, and reading a pickle runs the code in it: read only files of "
        "people you trust, or install skops and save as .skops",
    )


def _skops():
    try:
        import skops.io
    except ImportError as error:
        raise ImportError("a .skops file needs the package skops: pip install skops") from error
    return skops.io
