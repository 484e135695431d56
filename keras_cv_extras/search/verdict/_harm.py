"""Ops that harm, found by trainings with each of them alone.

Trainings from shared weights cannot say it. The shared epochs have seen every op, so that what is
left hides the harm of one and exaggerates that of another. So these start from fresh weights, and
the training with nothing that each is compared with has the same seed: the same weights, the same
order of images. That takes away most of what seeds differ by.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import stats

MARGIN = 0.01  # of accuracy: an op that costs less does no harm that is worth a name
_LEVEL = 0.025  # of all ops at once: what lies outside of a 95 % interval, on one side

Gains = tuple[tuple[float, float], ...]  # of each training: the gain, and its error over images


def try_alone(
    ops: Sequence[str], seeds: int, train: Callable[[list[tuple[str | None, int]]], list]
) -> dict[str, Gains]:
    """Trains with each op alone, and again with those that are suspected of harm.

    An op is trained with until its mean gain is above `-MARGIN`, so that most are trained with
    once or twice. To stop early can only spare an op: no op is named that would not have been
    named after all its trainings.

    Args:
        ops: their names.
        seeds: the most trainings of an op.
        train: a function of `(op, number)` pairs, an op of None for a training with nothing,
            that returns for each whether every image is classified correctly, `(images,)`, or
            None if the training diverged. Pairs of one number share their seed.

    Returns:
        For every op the gain of each training, and its standard error over the images.
    """
    alone: dict[str, Gains] = dict.fromkeys(ops, ())
    suspected = list(ops)
    for number in range(seeds):
        nothing, *scores = train([(None, number), *((op, number) for op in suspected)])
        if nothing is None:
            return alone
        for op, correct in zip(suspected, scores, strict=True):
            if correct is not None:
                gain = np.asarray(correct, float) - nothing
                error = gain.std() / np.sqrt(gain.size)
                alone[op] = (*alone[op], (float(gain.mean()), float(error)))
        suspected = [op for op in suspected if len(alone[op]) > number and _costs(alone[op])]
        if not suspected:
            break
    return alone


def harmful_ops(alone: Mapping[str, Gains], seeds: int) -> tuple[str, ...]:
    """Returns the ops that make a training worse by more than `MARGIN`, beyond chance.

    Args:
        alone: what `try_alone` returns.
        seeds: the most trainings of an op: those with fewer have been cleared.

    Returns:
        Names, the most harmful first. In all, one is wrong in at most 2.5 % of searches, as far
        as the gains of different ops vary alike from seed to seed.

    References:
        Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
        Statistics 6 (1979). Satterthwaite, An approximate distribution of estimates of variance
        components, Biometrics Bulletin 2 (1946).
    """
    spread, freedom = _spread_of(alone.values())
    if not freedom:
        return ()
    full = {op: rows for op, rows in alone.items() if len(rows) == seeds and _costs(rows)}
    chances = {op: _chance(rows, spread, freedom) for op, rows in full.items()}
    found = []
    for place, op in enumerate(sorted(chances, key=chances.__getitem__)):
        if not chances[op] * (len(alone) - place) < _LEVEL:
            break
        found.append(op)
    return tuple(sorted(found, key=lambda op: mean_gain(alone[op])))


def mean_gain(rows: Gains) -> float:
    """Returns what an op adds to the accuracy, the mean over its trainings."""
    return float(np.mean([gain for gain, _ in rows]))


def _costs(rows):
    return mean_gain(rows) < -MARGIN


def _spread_of(groups):
    """How much gains differ from seed to seed, pooled over the ops, and its degrees of freedom."""
    groups = [np.array([gain for gain, _ in rows]) for rows in groups if len(rows) > 1]
    freedom = sum(len(gains) - 1 for gains in groups)
    squares = sum(float(np.sum((gains - gains.mean()) ** 2)) for gains in groups)
    return (float(np.sqrt(squares / freedom)) if freedom else float("nan")), freedom


def _chance(rows, spread, freedom):
    """The probability of as low a mean gain if the op costs no more than the margin."""
    # All trainings are scored on the same images, whose error the mean does not make smaller.
    noise = spread**2 / len(rows)
    variance = noise + float(np.mean([error for _, error in rows])) ** 2
    distance = mean_gain(rows) + MARGIN
    if variance == 0:
        return float(distance >= 0)
    # The images are many: only the seeds' part of the variance has few degrees of freedom.
    degrees = freedom * (variance / noise) ** 2 if noise else np.inf
    return float(stats.t.cdf(distance / np.sqrt(variance), degrees))
