"""Whether the datasets that are made now run in this process."""

import contextlib
import contextvars

_here = contextvars.ContextVar("here", default=False)


@contextlib.contextmanager
def datasets_run_here():
    """Says that datasets made within the block run in this process, and are not sent elsewhere."""
    token = _here.set(True)
    try:
        yield
    finally:
        _here.reset(token)


def dataset_runs_here() -> bool:
    """Returns whether `datasets_run_here` says so."""
    return _here.get()
