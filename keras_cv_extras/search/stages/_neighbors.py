"""Smooths the scores of trials by those of similar trials, in spaces of few numbers.

A score on some hundred images is mostly luck. Trials that differ in one number are worth nearly the
same, so that each score says something of all of them. A Gaussian process of the scores takes a
mean over neighbours where they are noisy, and leaves them as they are where they are not.
"""

from typing import Any

import keras_tuner as kt
import numpy as np

_WIDTH = 0.4  # of a number's range, over which worth changes
_ALIKE = 0.5  # how much two choices have in common
_SIGNALS = tuple(10 ** np.linspace(-2, 2, 17))  # variance of worth, in that of a score's noise


def smoothed(points: list[Any], scores: list[tuple[float, ...]]) -> np.ndarray:
    """Returns what the trials are worth, by a Gaussian process of all their scores.

    Args:
        points: keras-tuner's hyperparameters of each trial, all of one space.
        scores: of each trial its scores, one or more; NaN where a training diverged.

    Returns:
        The expected worth of each, float64; -inf for one without a finite score.

    References:
        Rasmussen and Williams, [Gaussian processes for machine learning](
        https://gaussianprocess.org/gpml), sections 2.2 and 5.4.1: mean and marginal likelihood.
    """
    worth = np.full(len(points), -np.inf)
    usable = [k for k, own in enumerate(scores) if np.isfinite(np.mean(own))]
    means = np.array([np.mean(scores[k]) for k in usable])
    if len(usable) < 3 or np.ptp(means) == 0:
        worth[usable] = means
        return worth
    shared = _kernel([points[k] for k in usable])
    noise = np.diag([1 / len(scores[k]) for k in usable])
    _, mean, signal, weights = max(
        (_fit(signal * shared + noise, means, signal) for signal in _SIGNALS),
        key=lambda found: found[0],
    )
    worth[usable] = mean + signal * shared @ weights
    return worth


def _fit(covariance, values, signal):
    """Returns the log likelihood, the mean, the signal and the weights of the residuals.

    The scale of the covariance is the likeliest, that of the mean the generalized least squares.
    """
    ones = np.linalg.solve(covariance, np.ones(len(values)))
    mean = ones @ values / ones.sum()
    weights = np.linalg.solve(covariance, values - mean)
    scale = (values - mean) @ weights / len(values)
    likelihood = -len(values) * np.log(scale) - np.linalg.slogdet(covariance)[1]
    return float(likelihood), float(mean), signal, weights


def _kernel(points):
    """Returns how much the worth of each two points has in common, in (0, 1]."""
    kinds = kt.engine.hyperparameters
    common = np.ones((len(points), len(points)))
    for hp in points[0].space:
        values = [point.values[hp.name] for point in points]
        if isinstance(hp, (kinds.Int, kinds.Float)) and hp.max_value > hp.min_value:
            places = np.array([hp.value_to_prob(value) for value in values])
            common *= np.exp(-((places[:, None] - places) ** 2) / (2 * _WIDTH**2))
        elif not isinstance(hp, kinds.Fixed):
            places = np.array([list(map(repr, values))])
            common *= np.where(places == places.T, 1.0, _ALIKE)
    return common
