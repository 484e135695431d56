"""Callbacks that show and log the progress of a training."""

import csv
import io
import pathlib
import time
from typing import Any

import keras
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from keras_cv_extras._base import files
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Logs, Path

_SHOWN = ("loss", "accuracy", "average_precision")
_SHOWN += tuple(f"val_{name}" for name in _SHOWN)


class ProgressBar(keras.callbacks.Callback):
    """Shows a bar for the batches of an epoch on a terminal, and a line for every epoch.

    Put an `InputClock` before it, and the lines say how fast training is, and how much of the
    time it waits for input.

    Args:
        steps: batches of an epoch, None if that is not known.
        batch_size: for the images per second of the bar, or None.

    Example:
        >>> model.fit(images, labels, epochs=1, verbose=0, callbacks=[ProgressBar()])
    """

    def __init__(self, steps: int | None = None, batch_size: int | None = None) -> None:
        super().__init__()
        self._sizes = {"steps": steps, "batch": batch_size}
        self._console = Terminal()
        self._bar = None

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Begins a bar."""
        self._began = {"epoch": time.perf_counter()}
        if not self._console.is_terminal:
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._bar.start()
        text = f"epoch {epoch + 1}"
        self._task = self._bar.add_task(text, total=self._sizes["steps"], text="")

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Moves the bar."""
        if self._bar is None:
            return
        seconds = time.perf_counter() - self._began["epoch"]
        text = f"loss {logs['loss']:.4f}" if logs and "loss" in logs else ""
        if self._sizes["batch"]:
            text += f", {(batch + 1) * self._sizes['batch'] / seconds:,.0f} images/s"
        self._bar.update(self._task, completed=batch + 1, text=text)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Ends the bar, prints the line."""
        self._close()
        logs = logs or {}
        values = [f"{name} {logs[name]:.4f}" for name in _SHOWN if name in logs]
        if "images_per_second" in logs:
            values.append(f"{logs['images_per_second']:,.0f} images/s")
            values.append(f"{logs['input_wait']:.0%} waiting for input")
        seconds = time.perf_counter() - self._began["epoch"]
        total = self.params.get("epochs") if self.params else None
        of = f" of {total}" if total else ""
        line = f"epoch {epoch + 1:3d}{of}: {', '.join(values)} ({seconds:.1f} s)"
        self._console.print(line, highlight=False, soft_wrap=True)

    def on_train_end(self, logs: Logs = None) -> None:
        """Ends the bar of an epoch that was broken off."""
        self._close()

    def _close(self):
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class CsvLog(keras.callbacks.Callback):
    """Writes the scores of every epoch to a CSV file, which is whole at any time.

    A resumed training continues the file: rows of repeated epochs are replaced.

    Args:
        path: where to.

    Raises:
        OSError: at the training's start, if there is a file that this did not write, or nothing can
            be written there.

    Example:
        >>> model.fit(images, labels, epochs=1, callbacks=[CsvLog("log.csv")])
        >>> [row["epoch"] for row in read_log("log.csv")]
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path: Path = pathlib.Path(path)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Looks at what is there."""
        files.check_file(self.path, _is_log)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Adds a row."""
        rows = [row for row in read_log(self.path) if int(row["epoch"]) <= epoch]
        rows.append({"epoch": epoch + 1, **{k: f"{float(v):.6g}" for k, v in (logs or {}).items()}})
        columns = list(dict.fromkeys(key for row in rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        files.write_text(self.path, text.getvalue(), _is_log)


def _is_log(path):
    """Whether a file is a log of ours, whose epochs are 1, 2, 3...; those of Keras begin at 0."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return all(
            line.startswith(begin) for line, begin in zip(file, ("epoch,", "1,"), strict=False)
        )


def read_log(path: Path) -> list[dict[str, Any]]:
    """Returns the rows of a `CsvLog`, as texts; none if there is no such file.

    Example:
        >>> read_log("not_there.csv")
        []
    """
    path = pathlib.Path(path)
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
