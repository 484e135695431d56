"""Experiment trackers (`--logger`), through their own Keras callbacks."""

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

from keras_cv_extras._base import checks

LOGGERS = ("csv", "tensorboard", "wandb", "mlflow")
_CALLBACKS = {"wandb": "wandb.integration.keras", "mlflow": "mlflow.keras"}


def check(name: str) -> None:
    """Raises an error if a tracker is none of those, or is not installed."""
    checks.one_of("logger", name, LOGGERS)
    if name in _CALLBACKS and not _is_installed(name):
        raise ImportError(f"logger={name!r} needs the package {name}: pip install {name}")


def _is_installed(name):
    """Returns whether there is a package; W&B's own folder of runs, ./wandb, has no file of one."""
    if name in sys.modules:
        return sys.modules[name] is not None
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None


@contextlib.contextmanager
def logged(name, output, settings) -> Iterator[list[Any]]:
    """Gives the callbacks of a tracker; its run has the name of the folder, and ends here."""
    if name == "csv":  # log.csv is always written
        yield []
    elif name == "tensorboard":
        import keras

        yield [keras.callbacks.TensorBoard(output / "tensorboard", write_graph=False)]
    else:
        tracker: Any = importlib.import_module(name)
        theirs: Any = importlib.import_module(_CALLBACKS[name])
        if name == "wandb":
            options = {"project": "keras_cv_extras", "name": output.name, "dir": str(output)}
            with tracker.init(config=settings, **options):
                yield [theirs.WandbMetricsLogger()]
        else:
            with tracker.start_run(run_name=output.name):
                # A parameter has at most 6,000 characters there; policies and digests have more.
                tracker.log_params({key: str(value)[:500] for key, value in settings.items()})
                yield [theirs.MlflowCallback()]
