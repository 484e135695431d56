"""The arms that a searched policy is compared with, and how they are compared.

The best of many noisy scores is better by luck: with an honest spread of 0.3 points between
policies and noise of 1 point, the best of 100 seems 2.6 points better and is 0.2 points better.
So what counts is another score: of new trainings, on images that the search has not seen, for
the finalists and the controls alike.
"""

import dataclasses

import numpy as np
from scipy import stats

from keras_cv_extras.policy import Policy


@dataclasses.dataclass(frozen=True)
class Arm:
    """What one policy scored on the confirmation images.

    Args:
        name: what it is called in tables.
        kind: "control"; "entrant", a known policy that did well in the search; or "searched".
        policy: the policy.
        accuracy: mean over the trainings, in [0, 1]; NaN if a training failed.
        low: lower end of the 95 % interval of `accuracy`.
        high: upper end.
        log_loss: mean over the trainings.
        search_accuracy: the accuracy in the search, on the validation images; NaN for a policy
            that joins several.
        correct: `(trainings, images)`, bool: what was classified correctly.
    """

    name: str
    kind: str
    policy: Policy
    accuracy: float
    low: float
    high: float
    log_loss: float
    search_accuracy: float
    correct: np.ndarray = dataclasses.field(repr=False)

    @property
    def title(self) -> str:
        """The name in a sentence, where "none" would be nobody."""
        return "no augmentation" if self.name == "none" else self.name

    @property
    def is_searched(self) -> bool:
        """Whether the policy would not be known without the search."""
        return self.kind == "searched"


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The difference between two arms on the same images, in accuracy.

    Args:
        difference: of the means.
        low: lower end of the 95 % interval.
        high: upper end.
        error: the standard error of the difference.

    Example:
        >>> gap = Comparison(difference=0.02, low=0.005, high=0.035, error=0.008)
        >>> gap.low > 0  # more than chance
        True
    """

    difference: float
    low: float
    high: float
    error: float


def intervals(correct: dict[str, np.ndarray]) -> dict[str, tuple[float, float, float]]:
    """Returns mean accuracy and 95 % interval of arms.

    The interval covers new images and new trainings: the variance of an image's score over the
    images, and the variance between trainings, which is pooled over the arms, as a few
    trainings of one arm would say little. With one training per arm the latter is unknown, and
    left out.

    Args:
        correct: for each arm `(trainings, images)`, bool; the same images for all.

    Returns:
        For each arm `(mean, low, high)`, in [0, 1].
    """
    spread, quantile = _spread_of_trainings(correct)
    result = {}
    for name, values in correct.items():
        mean = float(np.mean(values))
        half = quantile * np.sqrt(_image_variance(values) + spread / len(values))
        result[name] = (mean, max(0.0, mean - half), min(1.0, mean + half))
    return result


def compare(first: str, second: str, correct: dict[str, np.ndarray]) -> Comparison:
    """Compares two arms image by image; arguments as in `intervals`."""
    spread, quantile = _spread_of_trainings(correct)
    one, other = correct[first], correct[second]
    by_image = one.mean(axis=0) - other.mean(axis=0)
    difference = float(by_image.mean())
    variance = by_image.var(ddof=1) / by_image.size + spread / len(one) + spread / len(other)
    error = float(np.sqrt(variance))
    half = float(quantile * error)
    return Comparison(difference, difference - half, difference + half, error)


def chosen(arms: list[Arm]) -> Arm:
    """Returns the simplest arm within one standard error of the best; arms come simplest first."""
    best = winner(arms)
    finished = [arm for arm in arms if np.isfinite(arm.accuracy)]
    correct = {arm.name: arm.correct for arm in finished}
    for arm in finished:
        if (
            arm is best
            or compare(best.name, arm.name, correct).error >= best.accuracy - arm.accuracy
        ):
            return arm
    return best


def winner(arms: list[Arm]) -> Arm:
    """Returns the arm of the highest accuracy; of equal ones the first, which is simpler."""
    finished = [arm for arm in arms if np.isfinite(arm.accuracy)]
    if not finished:
        raise ValueError(
            "every training on the confirmation images diverged: lower the learning rate"
        )
    return max(finished, key=lambda arm: arm.accuracy)


def verdict(arms: list[Arm], guessing: float = 0.0) -> str:
    """Says in plain words which arm is chosen, by how much, and whether that may be chance.

    Args:
        arms: all arms, simplest first.
        guessing: the accuracy of always naming the most frequent class.
    """
    best = winner(arms)
    if best.low >= guessing:
        return _which_wins(arms)
    return (
        f"The networks may have learned next to nothing: at best {best.accuracy:.1%} of the "
        f"confirmation images are right, {guessing:.1%} by always naming the most frequent class. "
        "Search again with more epochs or more training images; what follows may all be chance. "
        + _which_wins(arms)
    )


def _which_wins(arms):
    own = chosen(arms)
    percent = f"{own.accuracy:.1%} of the confirmation images"
    correct = {arm.name: arm.correct for arm in arms if np.isfinite(arm.accuracy)}
    best = winner(arms)
    if own is not best:
        gap = compare(best.name, own.name, correct)
        whose = "A tie" if own.is_searched else "No searched policy is worth its trouble"
        reason = "the simpler one is preferred"
        if own.is_searched and own is arms[0]:  # the best trial of a space of RandAugment alone
            reason = "a tuned RandAugment is preferred"
        return (
            f"{whose}: {own.title} has {percent} and is the policy that was written. "
            f"{best.title} has {best.accuracy:.1%}, but the difference of "
            f"{100 * gap.difference:.1f} points (95 % interval {100 * gap.low:.1f} to "
            f"{100 * gap.high:.1f}) is within one standard error, and {reason}."
        )
    if own.is_searched:
        text = f"The searched policy wins ({own.title}): {percent}"
    else:
        text = (
            f"No searched policy beats the controls: {own.title} wins with {percent}, and is the "
            "policy that was written"
        )
    rivals = [
        arm for arm in arms if arm.is_searched != own.is_searched and np.isfinite(arm.accuracy)
    ]
    if not rivals:
        return text + "; there was nothing to compare it with."
    rival = winner(rivals)
    gap = compare(own.name, rival.name, correct)
    whose = "known policy" if own.is_searched else "searched policy"
    chance = "more than chance explains" if gap.low > 0 else "not more than chance can explain"
    return (
        f"{text}, against {rival.accuracy:.1%} of the best {whose}, {rival.title}. The difference "
        f"is {100 * gap.difference:.1f} points (95 % interval {100 * gap.low:.1f} to "
        f"{100 * gap.high:.1f}): {chance}."
    )


def spread_of_trainings(correct: dict[str, np.ndarray]) -> float:
    """Returns the variance between trainings, pooled over the arms; arguments as in `intervals`."""
    return float(_spread_of_trainings(correct)[0])


def _spread_of_trainings(correct):
    """Returns the pooled variance between trainings, and the quantile that goes with it."""
    means = [values.mean(axis=1) for values in correct.values()]
    freedom = sum(len(values) - 1 for values in means)
    if freedom == 0:
        return 0.0, stats.norm.ppf(0.975)
    squares = sum(((values - values.mean()) ** 2).sum() for values in means)
    return squares / freedom, stats.t.ppf(0.975, freedom)


def _image_variance(values):
    """Returns the variance of the mean over images; never 0, even if all are correct."""
    trainings, images = values.shape
    guess = (values.mean() * images + 1) / (images + 2)
    return max(values.mean(axis=0).var(), guess * (1 - guess) / trainings) / images
