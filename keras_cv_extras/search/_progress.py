"""What the terminal shows while a search runs."""

import contextlib

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class SearchProgress(contextlib.AbstractContextManager):
    """A line with the stage, the trainings done, the best score so far and the time left.

    Args:
        total: trainings of the whole search.
        done: how many of them an earlier run has finished.
        shown: whether to show anything.
    """

    def __init__(self, total: int, done: int, *, shown: bool = True):
        self._best = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[best]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not shown,
        )
        self._task = self._progress.add_task("starting", total=total, completed=done, best="")

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, *error):
        self._progress.stop()

    def stage(self, name: str):
        """Says what happens now."""
        self._progress.update(self._task, description=f"{name:<22}")

    def skip(self, count: int):
        """Counts trainings that an earlier run has finished."""
        self._progress.advance(self._task, count)

    def advance(self, name: str | None = None, accuracy: float | None = None):
        """Counts a training, and its score if it may be the best one."""
        if accuracy is not None and (self._best is None or accuracy > self._best):
            self._best = accuracy
            self._progress.update(self._task, best=f"best {accuracy:.1%} ({name})")
        self._progress.advance(self._task)
