"""Callbacks of TensorFlow Addons."""

from keras_cv_extras.compat import _table

__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "tensorflow_addons.callbacks",
    [
        _table.Name("AverageModelCheckpoint", "keras_cv_extras.optimizers.AverageModelCheckpoint"),
        _table.Name("TQDMProgressBar", note="use tqdm.keras.TqdmCallback of tqdm itself"),
        _table.Name("TimeStopping", "keras_cv_extras.optimizers.TimeStopping"),
    ],
)
