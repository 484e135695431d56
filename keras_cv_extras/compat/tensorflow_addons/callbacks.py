"""Callbacks of TensorFlow Addons."""

import importlib
from typing import Any

from keras_cv_extras.compat import _table


def _progress_bar(
    metrics_separator: str = " - ",
    overall_bar_format: str = "",
    epoch_bar_format: str = "",
    metrics_format: str = "",
    update_per_second: int = 10,
    leave_epoch_progress: bool = True,
    leave_overall_progress: bool = True,
    show_epoch_progress: bool = True,
    show_overall_progress: bool = True,
) -> Any:
    """Shows progress by tqdm's own callback, whose formats are its own."""
    del metrics_separator, overall_bar_format, epoch_bar_format, metrics_format
    try:
        tqdm = importlib.import_module("tqdm.keras")
    except ImportError:
        raise ImportError("TQDMProgressBar needs tqdm: pip install tqdm") from None
    if not show_overall_progress and not show_epoch_progress:
        raise ValueError("one of show_overall_progress and show_epoch_progress must be True")
    shown = 2 if leave_epoch_progress else 1
    return tqdm.TqdmCallback(
        verbose=shown if show_epoch_progress else 0,
        leave=leave_overall_progress,
        mininterval=1 / update_per_second,
    )


__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.callbacks",
    [
        _table.Name("AverageModelCheckpoint", "keras_cv_extras.optimizers.AverageModelCheckpoint"),
        _table.Name(
            "TQDMProgressBar",
            "tqdm.keras.TqdmCallback",
            "formats of bars are tqdm's own, and the bar over all epochs is always there",
            _progress_bar,
            "tqdm.keras.TqdmCallback(verbose=2)",
        ),
        _table.Name("TimeStopping", "keras_cv_extras.optimizers.TimeStopping"),
    ],
    "average_model_checkpoint time_stopping tqdm_progress_bar",
)
