"""Confidence intervals of shares."""

import numpy as np

from keras_cv_extras._base import checks


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share that was seen in `count` draws.

    References:
        [Wilson 1927](https://doi.org/10.1080/01621459.1927.10502953)

    Example:
        >>> low, high = wilson_interval(0.9, 200)
        >>> f"{low:.3f} to {high:.3f}"
        '0.851 to 0.934'
    """
    share = checks.fraction("share", share)
    z = 1.959964  # the 97.5 % point of the normal distribution
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    )
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))
