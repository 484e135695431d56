"""Schedules of Population Based Augmentation, exactly.

References:
    [Population Based Augmentation](https://arxiv.org/abs/1905.05393), algorithm 1; the format of
    its logs is that of arcelien/pba, pba/utils.py, the ops that of
    pba/augmentation_transforms_hp.py.
"""

import ast
import itertools
from collections.abc import Sequence
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._schedule import PolicySchedule
from keras_cv_extras.policy._specs import step_of_magnitude
from keras_cv_extras.policy._step import Step

#: Its ops, in the order of the numbers of a log.
PBA_OPS: tuple[str, ...] = (
    "AutoContrast",
    "Equalize",
    "Invert",
    "Rotate",
    "Posterize",
    "Solarize",
    "Color",
    "Contrast",
    "Brightness",
    "Sharpness",
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Cutout",
)
_COUNTS = (0.2, 0.3, 0.5)  # how likely it is that none, one or two ops are applied


def from_pba(
    text: str,
    epochs: int,
    *,
    num_epochs: int | None = None,
    ops: Sequence[str] = PBA_OPS,
    **options: Any,
) -> PolicySchedule:
    """Translates the log of a search of Population Based Augmentation.

    Args:
        text: the log: lines of six fields, such as those of its published schedules. The last
            two of a line are policies of 60 numbers: twice, for every op, a probability in
            tenths and a magnitude from 0 to 9.
        epochs: how many epochs the search ran; 160 for the published ones of reduced SVHN and 200
            for those of reduced CIFAR-10.
        num_epochs: how many epochs the training will have; None for as many. The policies are
            stretched over them.
        ops: the ops in the order of the numbers. The original takes the order of a dictionary,
            which with Python before 3.7 may have been another.
        **options: `fill` (grey, 128), `value_range` of `Policy`.

    Returns:
        A schedule that is drawn from as there: up to two ops of those that their probability
        lets through, in any order. All that this may come to is listed with its probability.

    Raises:
        ValueError: if the text is no such log.

    Example:
        >>> schedule = from_pba(pathlib.Path("rsvhn_16_wrn.txt").read_text(), 160)
    """
    checks.integer("epochs", epochs, minimum=1)
    total = epochs if num_epochs is None else checks.integer("num_epochs", num_epochs, minimum=1)
    policies: dict[int, Policy] = {}
    first = 0
    for length, numbers in _segments(text, epochs):
        if length * total // epochs > 0 or not policies:
            policies[first] = pba_policy(numbers, ops=ops, **options)
        first += length * total // epochs
    return PolicySchedule(policies, name="PBA schedule")


def pba_policy(numbers: Sequence[float], *, ops: Sequence[str] = PBA_OPS, **options: Any) -> Policy:
    """Returns one policy of Population Based Augmentation.

    Args:
        numbers: pairs in a row, of a probability in tenths and a magnitude from 0 to 9, for every
            op, or for every op twice.
        ops: the ops in the order of the numbers.
        **options: `fill` (grey, 128), `value_range`, `name` of `Policy`.

    Raises:
        ValueError: if there are not as many numbers, or one is out of range.

    Example:
        >>> policy = pba_policy([5, 3, 2, 0], ops=["Rotate", "Invert"])
    """
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    if len(numbers) % 2 or not pairs or len(pairs) % len(ops):
        raise ValueError(
            f"a policy must have {2 * len(ops)} or {4 * len(ops)} numbers, received {len(numbers)}"
        )
    steps, chances = [], []
    for (tenths, magnitude), op in zip(pairs, itertools.cycle(ops), strict=False):
        chance = checks.fraction("a probability", tenths / 10)
        if chance:
            steps.append(step_of_magnitude("paper", op, 1.0, magnitude))
            chances.append(chance)
    rows = {(Step("identity"),): _COUNTS[0]}

    def add(row, weight):
        rows[row] = rows.get(row, 0.0) + weight

    passing = _counts(chances)
    add((Step("identity"),), passing[0] * (_COUNTS[1] + _COUNTS[2]))
    for i, step in enumerate(steps):
        others = _counts(chances[:i] + chances[i + 1 :])
        # The first of those that pass, in random order; or the only one.
        share = sum(weight / (count + 1) for count, weight in enumerate(others))
        add((step,), chances[i] * (_COUNTS[1] * share + _COUNTS[2] * others[0]))
        for j, other in enumerate(steps):
            if i == j:
                continue
            rest = [chance for k, chance in enumerate(chances) if k not in (i, j)]
            share = sum(
                weight / ((count + 2) * (count + 1)) for count, weight in enumerate(_counts(rest))
            )
            add((step, other), chances[i] * chances[j] * _COUNTS[2] * share)
    made = {"fill": 128, "spec": "paper", "name": "PBA", **options}
    rows = {row: weight for row, weight in rows.items() if weight > 0}
    return Policy(list(rows), list(rows.values()), **made)


def _counts(chances):
    """Returns how likely it is that 0, 1, 2, ... of independent events happen."""
    found = [1.0]
    for chance in chances:
        padded = [0.0, *found]
        found = [
            chance * before + (1 - chance) * after
            for before, after in zip(padded, [*found, 0.0], strict=True)
        ]
    return found


def _segments(text, epochs) -> list[tuple[int, Any]]:
    """Returns pairs of a number of epochs and a policy's numbers."""
    try:
        lines = [ast.literal_eval(line) for line in text.splitlines() if line.strip()]
        lines = [_line(*line) for line in lines]
    except (SyntaxError, TypeError, ValueError, KeyError) as error:
        raise ValueError(f"the text is no log of PBA: {error}") from error
    if not lines:
        raise ValueError("the text is no log of PBA: it has no lines")
    # A log may begin with what another population did: the last unbroken row counts.
    breaks = [
        number
        for number, (line, following) in enumerate(itertools.pairwise(lines))
        if line[0] != following[1]
    ]
    lines = lines[breaks[-1] + 1 :] if breaks else lines
    starts = [line[2] for line in lines]
    ends = [*starts[1:], epochs]
    segments = [(starts[0], lines[0][3])]
    segments += [
        (end - start, line[4]) for start, end, line in zip(starts, ends, lines, strict=True)
    ]
    if min(length for length, _ in segments) < 0:
        raise ValueError(f"the log goes on for more than {epochs} epochs")
    return segments


def _line(target, clone, target_epochs, clone_epochs, old, new):
    del target_epochs
    policies = [part["hp_policy"] if isinstance(part, dict) else part for part in (old, new)]
    return target, clone, int(clone_epochs), *policies
