"""Checks reports that workers send to a chief, so that a wrong one cannot end or spoil a search."""

import dataclasses
import json
import math
from typing import Any

_STATUSES = ("COMPLETED", "FAILED", "INVALID")  # keras-tuner's, of a trial that has ended
_HIGHEST = {"val_accuracy": 1.0, "val_log_loss": math.inf, "seconds": math.inf}  # from 0
_LONGEST_NAME = 200
_LONGEST_MESSAGE = 100_000  # characters: a traceback has some thousand


class BadRequestError(ValueError):
    """A request that no worker of this library sends."""


@dataclasses.dataclass(frozen=True)
class Report:
    """A trial that has ended, as its worker tells it.

    Args:
        trial_id: keras-tuner's name of the trial.
        status: "COMPLETED", "FAILED" or "INVALID".
        metrics: values by name, all finite.
        message: why it failed, or None.
    """

    trial_id: str
    status: str
    metrics: dict[str, float]
    message: str | None

    def to_json(self) -> bytes:
        """Returns the report as it is sent."""
        return json.dumps(dataclasses.asdict(self)).encode()


def read_report(body: bytes) -> Report:
    """Returns the report that a worker has sent.

    Raises:
        BadRequestError: if it is none; one line says why.
    """
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"a report must be JSON ({error})") from error
    names = [field.name for field in dataclasses.fields(Report)]
    if not isinstance(fields, dict) or sorted(fields) != sorted(names):
        raise BadRequestError(f"a report must be an object with {', '.join(names)}")
    if fields["status"] not in _STATUSES:
        raise BadRequestError(
            f"a report's status must be one of {', '.join(_STATUSES)}, received "
            f"{_shown(fields['status'])}"
        )
    message = fields["message"]
    if not (message is None or (isinstance(message, str) and len(message) <= _LONGEST_MESSAGE)):
        raise BadRequestError(f"a report's message must be text of up to {_LONGEST_MESSAGE:,}")
    return Report(
        check_name("trial_id", fields["trial_id"]),
        fields["status"],
        _metrics(fields["metrics"]),
        message,
    )


def check_name(what: str, value) -> str:
    """Returns a name that a worker has sent.

    Raises:
        BadRequestError: unless it is printable text of sensible length.
    """
    if not (isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()):
        raise BadRequestError(f"{what} must be a name, received {_shown(value)}")
    return value


def _metrics(values):
    if not isinstance(values, dict):
        raise BadRequestError(f"a report's metrics must be an object, received {_shown(values)}")
    for name, value in values.items():
        check_name("the name of a metric", name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        lowest, highest = (0.0, _HIGHEST[name]) if name in _HIGHEST else (-math.inf, math.inf)
        if not (number and math.isfinite(value) and lowest <= value <= highest):
            raise BadRequestError(
                f"{name} must be a finite number"
                + (f" from 0 to {highest:g}" if name in _HIGHEST else "")
                + f", received {_shown(value)}"
            )
    return {name: float(value) for name, value in values.items()}


def _shown(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
