"""The folder of a tuner's trials, in which files of others are not taken for trials."""

import pathlib
import re

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import errors, marks

_OWN = re.compile(r"(oracle\.json|controller\.npz|chief\.token|trial_\d+/trial\.json)")


def check_folder(path: pathlib.Path) -> None:
    """Raises unless a folder is new, empty, or one that a tuner wrote, and nothing was added.

    Raises:
        OSError: one line says what is there.
    """
    if not path.exists():
        files.check_parent(path)
        return
    if not path.is_dir():
        raise NotADirectoryError(f"{path}: a file, not a folder; give another directory")
    leftovers = (name for name in marks.contents(path) if errors.TEMPORARY not in name)
    others = sorted(
        name
        for name in leftovers
        if not _OWN.fullmatch(name) and not _OWN.fullmatch(f"{name}/trial.json")
    )
    if others:
        raise FileExistsError(
            f"{path}: holds {others[0]}, which no search of this library wrote: give another "
            "directory or project_name"
        )
