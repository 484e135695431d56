"""The expected accuracy of the chosen arm, corrected for the luck of the choice.

The arm that looks best among several was lucky, with the confirmation images and in its trainings.
If a little noise is added to all scores and the choice made again, then the scores less that noise,
enlarged in the right measure, are independent of the choice: their mean for what was chosen owes
nothing to luck. This is repeated with other noise many times. What comes out is the worth of a
choice that is made with a tenth more noise than this one was.
"""

import numpy as np
from scipy import stats

from keras_cv_extras.search.oracles._suggesting import host_uniform
from keras_cv_extras.search.verdict import _arms

_ADDED = 0.1  # variance that is added, as a share of that of the scores
_DRAWS = 4000


def expected_of_choice(arms: list[_arms.Arm]) -> tuple[float, float, float] | None:
    """Returns what the chosen arm is worth on new images and in a new training.

    Args:
        arms: with what each training classified correctly, of the same images.

    Returns:
        The accuracy and its 95 % interval, in [0, 1]; None where each arm was trained once, as
        the luck of that training cannot be taken off.

    References:
        Leiner et al., [Data fission: splitting a single data point](
        https://arxiv.org/abs/2112.11079)
    """
    finished = [arm for arm in arms if np.isfinite(arm.accuracy)]
    if not finished or min(len(arm.correct) for arm in finished) < 2:
        return None
    correct = {arm.name: arm.correct for arm in finished}
    means = np.array([arm.correct.mean() for arm in finished])
    by_images, spread = _covariances(correct)
    errors = _errors(by_images + np.diag(spread))
    noise = _noise(correct, by_images, spread)
    noisy = means + np.sqrt(_ADDED) * noise
    best = noisy.max(axis=1, keepdims=True)
    near = best - noisy <= errors[noisy.argmax(axis=1)]  # the first of them is the simplest
    chosen = near.argmax(axis=1)
    rest = means - noise / np.sqrt(_ADDED)
    value = float(np.clip(rest[np.arange(_DRAWS), chosen].mean(), 0.0, 1.0))
    _, low, high = _arms.intervals(correct)[_arms.chosen(finished).name]
    half = (high - low) / 2
    return value, max(0.0, value - half), min(1.0, value + half)


def _covariances(correct):
    """Returns the covariance of the arms' means over images, and their variance over trainings."""
    by_image = np.stack([values.mean(axis=0) for values in correct.values()])
    covariance = np.cov(by_image).reshape(len(by_image), -1) / by_image.shape[1]
    spread = _arms.spread_of_trainings(correct)
    return covariance, np.array([spread / len(values) for values in correct.values()])


def _errors(covariance):
    """Returns the standard errors of the differences of arms, as `compare` gives them."""
    own = np.diag(covariance)
    return np.sqrt(np.maximum(own[:, None] + own - 2 * covariance, 0.0))


def _noise(correct, by_images, spread):
    """Returns draws of the noise of the arms' scores: other images, and other trainings."""
    # What differs between trainings of an image is in the covariance over images already.
    within = [values.var(axis=0, ddof=1).mean() / values.size for values in correct.values()]
    covariance = by_images + np.diag(np.maximum(spread - np.mean(within), 0.0))
    values, vectors = np.linalg.eigh(covariance)
    uniform = host_uniform(0, _DRAWS // 2 * len(values)).reshape(-1, len(values))
    normal = stats.norm.ppf(np.clip(uniform, 1e-9, 1 - 1e-9))
    normal = np.concatenate([normal, -normal])  # their mean is 0
    return normal * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
