"""Facts about datasets besides their batches: the numbers of their samples, and where they run."""

import contextlib
import contextvars
import weakref
from typing import Any

_here = contextvars.ContextVar("here", default=False)
_known = weakref.WeakKeyDictionary()  # a dataset -> a function that returns that of the numbers


def remember(dataset, make_numbers):
    """Notes how to get the numbers of the samples of a dataset's batches; returns the dataset."""
    _known[dataset] = make_numbers
    return dataset


def samples_of(dataset: Any) -> Any:
    """Returns a dataset of the numbers of the samples in each batch of a pipeline.

    A sample's number is its row in the arrays, or its place in the unbatched dataset, that the
    pipeline was made of. No image is augmented for it.

    Args:
        dataset: what `pipeline(..., epoch=number)` returned.

    Returns:
        A dataset of vectors of integers; None for any other dataset.

    Example:
        >>> batches = pipeline((images, labels), 32, epoch=0, seed=1)
        >>> numbers = np.concatenate(list(samples_of(batches).as_numpy_iterator()))
    """
    make_numbers = _known.get(dataset)
    return None if make_numbers is None else make_numbers()


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
