"""Which ops harm: trainings with each of them alone say so, beyond chance.

That a network cannot read what an op has made of an image limits the op: it is no proof that
training with it does harm. Ten tests find something in noise, so that Holm's correction is needed;
and two trainings differ by their seeds, not only by the images that they are scored on.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

_LEVEL = 0.025  # of all ops at once: what lies outside of a 95 % interval, on one side


def harmful_ops(
    alone: Mapping[str, Sequence[Sequence[float]]], spread: float, freedom: int
) -> tuple[str, ...]:
    """Returns the ops that make a training worse at every strength that was tried.

    Args:
        alone: for each op `(strength, gain, error)` of trainings with it alone: the change of the
            accuracy from a training with nothing, and its standard error over the images.
        spread: standard deviation of the accuracy over trainings that differ by their seed alone.
        freedom: degrees of freedom of that; with 0 nothing can be told.

    Returns:
        Names, the most harmful first. In all, one is wrong in at most 2.5 % of searches.

    References:
        Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
        Statistics 6 (1979). Satterthwaite, An approximate distribution of estimates of variance
        components, Biometrics Bulletin 2 (1946).
    """
    if freedom < 1 or not np.isfinite(spread):
        return ()
    worst = {}
    for op, rows in alone.items():
        # Whether all strengths harm: as sure as the least sure of them.
        worst[op] = max(_chance(gain, error, spread, freedom) for _, gain, error in rows)
    found = []
    for place, op in enumerate(sorted(worst, key=worst.__getitem__)):
        if not worst[op] * (len(worst) - place) < _LEVEL:
            break
        found.append(op)
    return tuple(sorted(found, key=lambda op: max(row[1] for row in alone[op])))


def spread_of(looks) -> tuple[float, int]:
    """Returns how much accuracies of one policy differ, pooled over policies, and its freedom.

    Args:
        looks: for every policy its accuracies, one for each training.

    Returns:
        The standard deviation, NaN if no policy was trained twice, and the degrees of freedom.
    """
    groups = [np.asarray(one) for one in looks if len(one) > 1 and np.isfinite(one).all()]
    freedom = sum(len(one) - 1 for one in groups)
    if not freedom:
        return float("nan"), 0
    squares = sum(float(np.sum((one - one.mean()) ** 2)) for one in groups)
    return float(np.sqrt(squares / freedom)), freedom


def _chance(gain, error, spread, freedom):
    """The probability of as low a gain if an op does nothing; 1 if a training diverged."""
    noise = 2 * spread**2  # of the training with the op, and of that with nothing
    variance = error**2 + noise
    if not np.isfinite(gain):
        return 1.0
    if variance == 0:
        return float(gain >= 0)
    # The images are many: only the seeds' part of the variance has few degrees of freedom.
    degrees = freedom * (variance / noise) ** 2 if noise else np.inf
    return float(stats.t.cdf(gain / np.sqrt(variance), degrees))
