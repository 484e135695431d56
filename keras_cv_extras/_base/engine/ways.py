"""Chooses how a batch runs: image by image, or all images at once.

A processor goes through a batch image by image, and takes of every switch the branch that the
image needs. An accelerator is idle with one small image: it works on the batch as a whole. The
pixels are the same.
"""

import contextlib
import contextvars
from collections.abc import Iterator

from keras_cv_extras._base import checks

WAYS = ("device", "image", "batch")

_asked = contextvars.ContextVar("asked", default="device")
_by_batch = contextvars.ContextVar("by_batch", default=False)
_vectorized = contextvars.ContextVar("vectorized", default=False)
_on_processor = contextvars.ContextVar("on_processor", default=False)


@contextlib.contextmanager
def execution(by: str) -> Iterator[None]:
    """Sets the way in which ops, policies and mixes run a batch, for all calls within.

    The pixels are the same both ways; which is faster depends on the device. It need not be set:
    by default the device decides, at the time that the program runs.

    Args:
        by: "image": image by image, each by the one op that it gets, as a processor is fastest;
            "batch": the whole batch in a few passes, as an accelerator is fastest; "device": by
            the device.

    Raises:
        ValueError: if it is none of the three.

    Example:
        >>> with execution("batch"):
        ...     rotated = rotate(images, 30.0)
    """
    checks.one_of("by", by, WAYS)
    token = _asked.set(by)
    try:
        yield
    finally:
        _asked.reset(token)


def asked() -> str:
    """Returns the way that is wanted."""
    return _asked.get()


@contextlib.contextmanager
def tracing(by_batch: bool) -> Iterator[None]:
    """Within, programs are traced that run batches as a whole, or image by image."""
    tokens = _by_batch.set(by_batch), _vectorized.set(False)
    try:
        yield
    finally:
        _by_batch.reset(tokens[0])
        _vectorized.reset(tokens[1])


def is_by_batch() -> bool:
    """Whether the program that is being traced runs batches as a whole."""
    return _by_batch.get()


def is_vectorized() -> bool:
    """Whether what is being traced works on all images at once, though it is about one.

    What an image decides is then computed for all images and selected: there are no branches.
    """
    return _vectorized.get()


@contextlib.contextmanager
def for_processor() -> Iterator[None]:
    """Within, programs are traced that run on a processor, whatever else there is."""
    token = _on_processor.set(True)
    try:
        yield
    finally:
        _on_processor.reset(token)


def is_for_processor() -> bool:
    """Whether what is being traced is known to run on a processor."""
    return _on_processor.get() or _asked.get() == "image"


def vectorized(function):
    """Returns a function that is traced as one that works on all images at once."""

    def traced(*arguments):
        token = _vectorized.set(True)
        try:
            return function(*arguments)
        finally:
            _vectorized.reset(token)

    return traced
