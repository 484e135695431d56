"""How many samples each class is to have: imbalanced-learn's `sampling_strategy`, read alike."""

import numbers
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

Strategy: TypeAlias = str | float | Mapping[Any, int] | Callable[..., Any]

STRATEGIES = ("auto", "minority", "majority", "not minority", "not majority", "all")
_REFUSED = {"over": "majority", "under": "minority"}


def class_counts(labels):
    """Returns `{class: number of its samples}`, classes in rising order."""
    classes, counts = np.unique(labels, return_counts=True)
    return dict(zip(classes.tolist(), counts.tolist(), strict=True))


def added(sampling_strategy: Strategy, labels) -> dict[Any, int]:
    """Returns how many samples over-sampling adds to each class that it treats.

    Args:
        sampling_strategy: what imbalanced-learn's over-samplers take:

            - "not majority" or "auto": every class but the largest gets as many samples as that;
              "all" the same, "minority" the smallest class only.
            - a number in (0, 1], for two classes: minority samples per majority sample.
            - `{class: wanted number of samples}`, each at least the present number.
            - a function of the labels that returns such a dictionary.
        labels: `(n,)`.

    Returns:
        `{class: samples to add}`, classes in rising order.

    Raises:
        TypeError, ValueError: if it is none of these, or does not fit the labels.
    """
    return _read(sampling_strategy, labels, "over")


def kept(sampling_strategy: Strategy, labels) -> dict[Any, int]:
    """Returns how many samples under-sampling keeps of each class that it treats.

    Args:
        sampling_strategy: as in `added`, turned round: "not minority" or "auto" cuts every class
            but the smallest to its size, "majority" the largest only; a number is minority
            samples per kept majority sample; a dictionary has at most the present numbers.
        labels: `(n,)`.

    Returns:
        `{class: samples to keep}`, classes in rising order.

    Raises:
        TypeError, ValueError: if it is none of these, or does not fit the labels.
    """
    return _read(sampling_strategy, labels, "under")


def _read(strategy, labels, direction):
    counts = class_counts(labels)
    if len(counts) < 2:
        raise ValueError(f"labels must hold at least two classes, received {list(counts)}")
    if isinstance(strategy, str):
        return _named(strategy, counts, direction)
    if isinstance(strategy, Mapping):
        return _listed(strategy, counts, direction)
    if isinstance(strategy, numbers.Real) and not isinstance(strategy, bool):
        return _proportion(float(strategy), counts, direction)
    if callable(strategy):
        wanted = strategy(labels)
        if not isinstance(wanted, Mapping):
            raise TypeError(
                "sampling_strategy must return a dictionary from class to number of samples, "
                f"received {wanted!r}"
            )
        return _listed(wanted, counts, direction)
    raise TypeError(
        f"sampling_strategy must be one of {', '.join(map(repr, STRATEGIES))}, a number, a "
        f"dictionary or a function, received {strategy!r}"
    )


def _named(name, counts, direction):
    if name not in STRATEGIES or name == _REFUSED[direction]:
        fitting = ", ".join(repr(item) for item in STRATEGIES if item != _REFUSED[direction])
        raise ValueError(
            f"sampling_strategy must be one of {fitting} for {direction}-sampling, "
            f"received {name!r}"
        )
    if name == "auto":
        name = "not majority" if direction == "over" else "not minority"
    # Of classes of one size the first in order counts as the largest, and as the smallest.
    largest, smallest = max(counts, key=counts.get), min(counts, key=counts.get)
    treated = {
        "all": list(counts),
        "majority": [largest],
        "minority": [smallest],
        "not majority": [item for item in counts if item != largest],
        "not minority": [item for item in counts if item != smallest],
    }[name]
    if direction == "over":
        return {item: counts[largest] - counts[item] for item in treated}
    return dict.fromkeys(treated, counts[smallest])


def _listed(wanted, counts, direction):
    unknown = [item for item in wanted if item not in counts]
    if unknown:
        raise ValueError(
            f"sampling_strategy must name classes of the labels, {list(counts)}, received {unknown}"
        )
    result = {}
    for item in sorted(wanted):
        number = wanted[item]
        if isinstance(number, bool) or not isinstance(number, numbers.Integral) or number < 0:
            raise ValueError(
                "sampling_strategy must map classes to numbers of samples of at least 0, "
                f"received {number!r} for class {item!r}"
            )
        present = counts[item]
        if direction == "over" and number < present or direction == "under" and number > present:
            least = "at least" if direction == "over" else "at most"
            raise ValueError(
                f"sampling_strategy must ask for {least} the {present} samples that class "
                f"{item!r} has, received {number}"
            )
        result[item] = int(number) - present if direction == "over" else int(number)
    return result


def _proportion(share, counts, direction):
    if len(counts) != 2:
        raise ValueError(
            "sampling_strategy can be a number for two classes only, received "
            f"{share!r} for {len(counts)} classes: give a dictionary"
        )
    if not 0 < share <= 1:
        raise ValueError(f"sampling_strategy must be in (0, 1], received {share!r}")
    largest, smallest = max(counts, key=counts.get), min(counts, key=counts.get)
    if direction == "over":
        result = {item: int(counts[largest] * share - counts[item]) for item in counts}
        result.pop(largest)
        if any(number <= 0 for number in result.values()):
            raise ValueError(
                f"sampling_strategy {share!r} is below the proportion that the two classes have: "
                "raise it"
            )
        return result
    result = {item: int(counts[smallest] / share) for item in counts}
    result.pop(smallest)
    if any(number > counts[item] for item, number in result.items()):
        raise ValueError(
            f"sampling_strategy {share!r} is below the proportion that the two classes have: "
            "raise it"
        )
    return result
