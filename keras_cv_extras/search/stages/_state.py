"""The state of a search in its folder: the request, and every score as soon as it is known."""

import pathlib
import re
import time
from typing import Any

import numpy as np

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import fields
from keras_cv_extras.policy import Policy
from keras_cv_extras.search.stages._screen import Screen
from keras_cv_extras.search.trials._trainer import Score
from keras_cv_extras.search.workers import _claims

_HELD = "search.claim"
_CHIEF_PATIENCE = 600.0  # seconds that a worker waits for a chief
_PAUSE = 0.2
# What the first version could not be asked, and did: identities leave it out.
LEFT_OUT: dict[str, Any] = {"workers": 1, "space": "policy", "crop": "padded", "also": []}
LEFT_OUT |= {"tuned_control": False, "harm_seeds": 0}
# A training that diverged has no score.
_SCORE = {
    "accuracy": (None, fields.no_number, checks.fraction),
    "log_loss": (None, fields.no_number, checks.non_negative),
    "seconds": (None, fields.no_number, checks.non_negative),
    "num_images": fields.count,
    "correct": fields.text,
}


def folder_path(path) -> pathlib.Path:
    """Returns the path of a search's folder, which need not exist yet.

    Raises:
        NotADirectoryError: if it is a file.
    """
    path = pathlib.Path(path)
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"directory must be a folder, received the file {path}")
    return path


class SearchFolder:
    """Reads and writes the files from which an interrupted search goes on.

    Args:
        path: the folder; it is made if it is missing.
        settings: what the search is asked, as a dictionary for JSON.

    Raises:
        ValueError: if the folder holds a search that was asked something else, or a damaged
            file; the message says which and what.
    """

    def __init__(self, path, settings: dict[str, Any]):
        self.path = folder_path(path)
        own = self.path / "settings.json"
        if own.is_file():
            _check_same(self.path, read_state(own, {}), settings)
        else:
            files.write_json(own, settings)

    def screen(self, make) -> Screen:
        """Returns the screen of an earlier run, or makes one and keeps it.

        Args:
            make: a function without arguments that returns a `Screen`.
        """
        path = self.path / "screen.json"
        if path.is_file():
            try:
                return Screen.from_dict(read_state(path, {}, finite=False))
            except (TypeError, ValueError) as error:
                raise _damaged(path, error) from error
        found = make()
        files.write_json(path, found.to_dict())
        return found

    def load(self, stage: str, name: str) -> Score | None:
        """Returns a score that was stored before; None if there is none.

        The score of a training that diverged has the accuracy NaN.
        """
        path = self._score_path(stage, name)
        if not path.is_file():
            return None
        found = read_state(path, _SCORE)
        numbers = [_number(found[name]) for name in ("accuracy", "log_loss", "seconds")]
        try:
            bits = np.frombuffer(bytes.fromhex(found["correct"]), np.uint8)
            correct = np.unpackbits(bits).astype(bool)
            if bits.size != -(-found["num_images"] // 8) or correct[found["num_images"] :].any():
                raise ValueError(f"correct must hold {found['num_images']} bits")
            correct = correct[: found["num_images"]]
            # Which mean of them the accuracy is, a trainer of one's own decides.
            if correct.any() and not np.isfinite(numbers[0]):
                raise ValueError("accuracy must be a number where images are correct")
        except ValueError as error:
            raise _damaged(path, error) from error
        return Score(numbers[0], numbers[1], correct, numbers[2])

    def store(self, stage: str, name: str, score: Score):
        """Writes a score."""
        files.write_json(
            self._score_path(stage, name),
            {
                "name": name,
                "accuracy": score.accuracy,
                "log_loss": score.log_loss,
                "seconds": score.seconds,
                "num_images": int(score.correct.size),
                "correct": np.packbits(score.correct).tobytes().hex(),
            },
        )

    def keep_best(self, name: str, policy: Policy, accuracy: float):
        """Writes the best policy so far as `best.json`, not confirmed yet.

        An earlier run may have kept a better one, which then stays.
        """
        path = self.path / "best.json"
        if path.is_file():
            best = {"provenance": {"val_accuracy": checks.fraction}}
            if read_state(path, best)["provenance"]["val_accuracy"] >= accuracy:
                return
        provenance = {"found_as": name, "val_accuracy": accuracy, "confirmed": False}
        Policy.from_dict({**policy.to_dict(), "provenance": provenance}).save(path)

    def seconds(self, stage: str) -> list[float]:
        """Returns how long each stored training of a stage took; one that diverged is left out."""
        paths = sorted((self.path / stage).glob("*.json"))
        found = [_number(read_state(path, _SCORE)["seconds"]) for path in paths]
        return [value for value in found if np.isfinite(value)]

    def claim_path(self, stage: str, name: str) -> pathlib.Path:
        """Returns the file by which a process says that it makes a score."""
        return self._score_path(stage, name).with_suffix(".claim")

    def _score_path(self, stage, name):
        return self.path / stage / (re.sub(r"[^a-z0-9]+", "-", name.lower()) + ".json")


def hold(directory) -> _claims.Claim:
    """Claims a search's folder, so that no two processes decide about one search.

    Raises:
        ValueError: if a living process has it.
    """
    path, claims = folder_path(directory) / _HELD, _claims.Claims()
    deadline = time.monotonic() + _claims.PATIENCE + 1
    while (claim := claims.take(path)) is None:
        owner = _claims.read_owner(path) if path.is_file() else None
        # Of another machine's process only time tells whether it lives.
        if (owner and _claims.is_here(owner)) or time.monotonic() > deadline:
            where = f" (process {owner['pid']} on {owner['host']})" if owner else ""
            raise ValueError(
                f"{directory}: a search is running here{where}: wait for it, or use another "
                "directory"
            )
        time.sleep(_PAUSE)
    return claim


class ChiefWatch:
    """Waits for what the chief of a search writes, as long as there is a chief.

    Args:
        directory: the search's folder.
    """

    def __init__(self, directory):
        self._directory = folder_path(directory)
        self._claims = _claims.Claims()
        self._alone_since = None

    def wait_for(self, name: str):
        """Returns when the folder has a file.

        Raises:
            TimeoutError: if no chief has been running for ten minutes.
        """
        while not (self._directory / name).is_file():
            self.check()
            time.sleep(_PAUSE)

    def check(self):
        """Looks whether there is a chief.

        Raises:
            TimeoutError: if none has been running for ten minutes.
        """
        now = time.monotonic()
        if self._claims.is_held(self._directory / _HELD):
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > _CHIEF_PATIENCE:
            raise TimeoutError(
                f"{self._directory}: no chief has been running for "
                f"{_CHIEF_PATIENCE / 60:.0f} minutes: start one with the same arguments, then "
                "this worker again"
            )


def read_state(path, form, *, finite=True) -> Any:
    """Reads a JSON file of a search.

    Args:
        path: the file.
        form: what it must hold, as in `fields`.
        finite: as in `fields.read`.

    Raises:
        ValueError: if it is damaged, or lacks something; the message names it.
    """
    try:
        return fields.read(path, form, finite=finite)
    except ValueError as error:
        raise _damaged(path, str(error).removeprefix(f"{path}: ")) from error


def _damaged(path, error):
    return ValueError(
        f"{path}: the state of the search cannot be read ({error}): delete this file, or the "
        "search's folder to start again"
    )


def _number(value):
    return float("nan") if value is None else float(value)


def _check_same(path, old, new):
    old, new = ({**LEFT_OUT, **_flat(one)} for one in (old, new))
    missing = "nothing"
    changed = [
        f"{key} was {old.get(key, missing)!r} and is {new.get(key, missing)!r}"
        for key in sorted({*old, *new})
        if old.get(key, missing) != new.get(key, missing)
    ]
    if changed:
        raise ValueError(
            f"{path} holds a search with other arguments: {'; '.join(changed)}. Use the same "
            "arguments to go on, or another directory"
        )


def _flat(value, prefix=""):
    if not isinstance(value, dict):
        # As it looks when it has been through a file.
        return {prefix.rstrip("."): list(value) if isinstance(value, tuple) else value}
    return {k: v for key, item in value.items() for k, v in _flat(item, f"{prefix}{key}.").items()}
