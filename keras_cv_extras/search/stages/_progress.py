"""What the terminal shows while a search runs, and the file that other terminals read."""

import contextlib
import functools
import math
import os
import pathlib
import time
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import fields
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.search.stages._state import read_state

_FILE = "progress.json"
_BEST = (None, {"name": fields.text, "accuracy": checks.fraction})
_FORM = {
    "stage": fields.text,
    "done": checks.integer,
    "total": checks.integer,
    "best": _BEST,
    "best_confirmed": _BEST,
    "updated": checks.number,
    "pid": functools.partial(checks.integer, minimum=1, maximum=(1 << 31) - 1),
    "seconds_left": (None, checks.number),
}


class SearchProgress(contextlib.AbstractContextManager):
    """A line with the stage, the trainings done, the best score so far and the time left.

    Args:
        total: trainings of the whole search.
        folder: None, or the search's folder: `progress.json` in it says the same.
        shown: whether to show anything.
    """

    def __init__(self, total: int, *, folder=None, shown: bool = True):
        self._path = None if folder is None else pathlib.Path(folder) / _FILE
        self._started = time.time()
        self._state = {"stage": "starting", "done": 0, "total": total, "best": None}
        self._state["best_confirmed"] = None
        self._skipped = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[best]}"),
            TimeRemainingColumn(),
            console=Terminal(stderr=True),
            disable=not shown,
        )
        self._task = self._progress.add_task("starting", total=total, best="")

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, kind, error, traceback):
        self._progress.stop()
        if kind is None:
            self._set(stage="finished", done=self._state["total"])

    def stage(self, name: str):
        """Says what happens now."""
        if name != self._state["stage"]:
            self._progress.update(self._task, description=f"{name:<18}")
            self._set(stage=name)

    def settle(self, most: int, count: int):
        """Counts trainings of which the total has the most there can be, now that it is known."""
        self._set(total=self._state["total"] - most + count)
        self._progress.update(self._task, total=self._state["total"])

    def skip(self, count: int):
        """Counts trainings that an earlier run has finished."""
        self._skipped += count
        self._progress.advance(self._task, count)
        self._set(done=self._state["done"] + count)

    def advance(self, name: str | None = None, accuracy: float | None = None) -> bool:
        """Counts a training, and its score if it may be the best one; returns whether it is."""
        best = self._state["best"]
        better = accuracy is not None and math.isfinite(accuracy)
        better = better and (best is None or accuracy > best["accuracy"])
        if better:
            best = {"name": name, "accuracy": accuracy}
            self._progress.update(self._task, best=f"best {accuracy:.1%} ({name})")
        self._progress.advance(self._task)
        self._set(done=self._state["done"] + 1, best=best)
        return better

    def confirmed(self, name: str, accuracy: float):
        """Says what an arm has scored on the confirmation images."""
        best = self._state["best_confirmed"]
        if math.isfinite(accuracy) and (best is None or accuracy > best["accuracy"]):
            self._progress.update(self._task, best=f"confirmed {accuracy:.1%} ({name})")
            self._set(best_confirmed={"name": name, "accuracy": accuracy})

    def _set(self, **changes):
        self._state |= changes
        if self._path is None:
            return
        now = time.time()
        done = self._state["done"] - self._skipped
        left = self._state["total"] - self._state["done"]
        seconds_left = (now - self._started) / done * left if done else None
        times = {"started": self._started, "updated": now, "seconds_left": seconds_left}
        files.write_json(self._path, {**self._state, **times, "pid": os.getpid()})


def is_finished(folder) -> bool:
    """Returns whether the search in a folder has been finished."""
    path = pathlib.Path(folder) / _FILE
    return path.is_file() and read_state(path, {"stage": fields.text})["stage"] == "finished"


def describe_progress(folder: Path) -> str:
    """Describes the progress of the search in a folder, in sentences.

    Args:
        folder: the search's folder.

    Raises:
        FileNotFoundError, ValueError: if there is no search, or its file is damaged.
    """
    path = pathlib.Path(folder) / _FILE
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: no search has been started here")
    state: dict[str, Any] = read_state(path, _FORM)
    lines = [f"{state['stage']}: {state['done']} of {state['total']} trainings done"]
    for key, text in (("best", "best seen"), ("best_confirmed", "best confirmed")):
        if state[key]:
            lines.append(f"{text}: {state[key]['accuracy']:.2%} ({state[key]['name']})")
    if state["stage"] != "finished":
        silent = time.time() - state["updated"]
        if not _is_running(state["pid"]):
            lines.append("not running: start it again with the same arguments, and it goes on")
        elif state["seconds_left"] is not None:
            lines.append(f"about {_duration(state['seconds_left'])} left")
        lines.append(f"last news {_duration(silent)} ago")
    return "\n".join(lines)


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
