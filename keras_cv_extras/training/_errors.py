"""Errors in training."""

from typing import Any


class DivergedError(ArithmeticError):
    """The training loss became infinite or not a number.

    Args:
        message: what happened.
        samples: the numbers of the batch's samples, or None where they are not known.
    """

    def __init__(self, message: str, samples: Any | None = None) -> None:
        super().__init__(message)
        self.samples = samples


class WorkerLostError(ConnectionError):
    """Another worker of the same training has ended or cannot be reached."""
