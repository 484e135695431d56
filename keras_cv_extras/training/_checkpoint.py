"""Checkpoints: written whole or not at all, the one before kept, damage found by a hash.

A checkpoint is a folder `EPOCH-STEP` with two files: `arrays.npz`, every variable, and
`state.json`, all else and the SHA-256 of the first. It is written beside its place and moved
there in one step. Only then are those before the last good one deleted.
"""

import hashlib
import pathlib

import keras
import numpy as np

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import fields, folders, kinds
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import Path

_ARRAYS, _STATE = "arrays.npz", "state.json"
_NAMES = f"{'[0-9]' * 6}-{'[0-9]' * 9}"
_CHECKPOINT = "checkpoint"
# A callback's best value may be infinite, and a score may be none: Python's JSON has both.
_FORM = {
    "epoch": fields.count,
    "step": fields.count,
    "stopped": checks.boolean,
    "history": {str: [(fields.no_number, checks.number)]},
    "callbacks": {str: {str: {}}},
    "sha256": fields.text,
}


class Checkpoints:
    """The checkpoints of one training, in a folder.

    Args:
        folder: where they are; made when the first is written.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._good = None  # the newest that was written or read whole

    @staticmethod
    def name(epoch, step):
        """Returns the name of the checkpoint after a number of epochs, and batches of the next."""
        return f"{epoch:06d}-{step:09d}"

    @staticmethod
    def numbers(name):
        """Returns the epoch and the step of a name."""
        epoch, step = name.split("-")
        return int(epoch), int(step)

    def newest(self):
        """Returns the name of the newest whole checkpoint; None if there is none at all.

        Raises:
            ValueError: if there are some, but none is whole.
        """
        damage = []
        for path in sorted(self.folder.glob(_NAMES), reverse=True):
            try:
                self._read_state(path)
            except (OSError, ValueError) as error:
                damage.append(str(error))
                continue
            for text in damage:
                caller.warn(f"{text}: going on from the checkpoint before, {path.name}")
            return path.name
        if damage:
            raise ValueError(
                f"{self.folder}: no checkpoint there is whole ({'; '.join(damage)}): delete the "
                "folder to begin anew"
            )
        return None

    def read(self, name):
        """Returns the state and the arrays of a checkpoint.

        Raises:
            OSError, ValueError: if it is missing or damaged.
        """
        path = self.folder / name
        state = self._read_state(path)
        arrays = files.read_arrays(path / _ARRAYS)
        self._good = path
        return state, arrays

    def digest(self, name):
        """Returns the SHA-256 of a checkpoint's state file, which holds that of its arrays."""
        return hashlib.sha256((self.folder / name / _STATE).read_bytes()).digest()

    def write(self, state, arrays):
        """Writes a checkpoint, named by the state's epoch and step.

        Raises:
            OSError: if it cannot be written; those that are there stay.
        """
        path = self.folder / self.name(state["epoch"], state["step"])
        try:
            replaced = files.replacing(path, kind=_CHECKPOINT, known=kinds.is_checkpoint)
            with replaced as temporary:
                temporary.mkdir()
                with open(temporary / _ARRAYS, "wb") as file:
                    np.savez(file, **arrays)
                state = {**state, "sha256": _sha256(temporary / _ARRAYS)}
                files.write_json(temporary / _STATE, state, finite=False)
        except OSError as error:
            kept = "none is there" if self._good is None else f"{self._good.name} is still there"
            raise OSError(
                f"{path}: the checkpoint could not be written ({error.strerror or error}); {kept}"
            ) from error
        kept = {path, self._good or path}
        self._good = path
        self._remove(other for other in self.folder.glob(_NAMES) if other not in kept)

    def remove_older(self, name):
        """Removes those before a checkpoint but the last of them: a killed process left them."""
        older = sorted(path for path in self.folder.glob(_NAMES) if path.name < name)
        self._remove(older[:-1])

    def _remove(self, paths):
        for path in paths:
            files.remove_own(path, kind=_CHECKPOINT, known=kinds.is_checkpoint)

    def held(self):
        """Holds the folder for this process, at the start of a training.

        Raises:
            OSError, ValueError: if it is somebody else's, or another training writes there.
        """
        return folders.owned(self.folder, kinds.CHECKPOINTS)

    def _read_state(self, path):
        try:
            state = fields.read(path / _STATE, _FORM, finite=False)
            if _sha256(path / _ARRAYS) != state["sha256"]:
                raise ValueError(f"{path / _ARRAYS}: not the file that was written")
            if self.name(state["epoch"], state["step"]) != path.name:
                raise ValueError(f"{path / _STATE}: of another checkpoint than its folder's name")
        except (OSError, ValueError) as error:
            raise ValueError(f"a damaged checkpoint, {error}") from error
        return state


def trained_epochs(folder: Path) -> int:
    """Returns after how many epochs the newest intact checkpoint in a folder was written.

    Args:
        folder: the `checkpoint` that `fit` was given.

    Returns:
        The number; 0 if there is no checkpoint.

    Raises:
        ValueError: if there are some, but none is whole.

    Example:
        >>> trained_epochs("a-folder-without-checkpoints")
        0
    """
    saved = Checkpoints(folder)
    newest = saved.newest()
    return 0 if newest is None else saved.numbers(newest)[0]


def read_variables(groups):
    """Returns the values of variables by names that tell their group and place.

    Args:
        groups: name -> list of variables.
    """
    return {
        f"{group}.{number}": keras.ops.convert_to_numpy(variable)
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }


def write_variables(groups, arrays, path):
    """Gives variables the values that `read_variables` returned.

    Raises:
        ValueError: if they are those of other variables.
    """
    wanted = {
        f"{group}.{number}": variable
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }
    wrong = sorted(wanted.keys() ^ arrays.keys())
    wrong += [
        name
        for name, variable in wanted.items()
        if name in arrays and tuple(variable.shape) != arrays[name].shape
    ]
    if wrong:
        raise ValueError(
            f"{path}: a checkpoint of another model or optimizer ({len(wrong)} of {len(wanted)} "
            f"variables differ, the first is {wrong[0]}): give another folder, or delete this one"
        )
    for name, variable in wanted.items():
        value = arrays[name]
        if value.dtype.kind == "V":  # NumPy keeps the bytes of bfloat16 and forgets its name
            value = value.view(keras.ops.convert_to_numpy(variable).dtype)
        variable.assign(value)


def sha256_of(arrays):
    """Returns the SHA-256 of arrays, with their names, as bytes."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        total.update(name.encode())
        total.update(np.ascontiguousarray(arrays[name]).tobytes())
    return total.digest()


def _sha256(path):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return total.hexdigest()
