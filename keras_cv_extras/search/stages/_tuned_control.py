"""The tuned control: RandAugment, tuned with as many trainings and labels as the search used.

A search that tries many policies is bound to beat a control that was not tuned. So this control
tries as many, from the same shared weights and on the same validation images. The best third is
scored twice more, as in the search, and every training that is left over scores the best again.
"""

import numpy as np

from keras_cv_extras import policy as policies
from keras_cv_extras.policy import Policy
from keras_cv_extras.search.stages._promotion import NUM_REPEATS, promoted_of

NAME = "tuned RandAugment"
_NUM_OPS = (1, 2, 3)
_STRENGTHS = (0.05, 1.0)
_ALONE = 0.2  # where there is one strength: a usual one


def num_tried(trainings: int) -> int:
    """Returns how many policies can be tried, if the best third is to be scored again."""
    count = trainings
    while count > 1 and count + NUM_REPEATS * promoted_of(count) > trainings:
        count -= 1
    return count


def grid(count: int) -> dict[str, Policy]:
    """Returns so many policies of RandAugment by their names: strengths at equal ratios."""
    each = -(-count // len(_NUM_OPS))
    strengths = np.geomspace(*_STRENGTHS, each).round(4) if each > 1 else [_ALONE]
    pairs = [(num_ops, float(strength)) for strength in strengths for num_ops in _NUM_OPS]
    # Where not all fit in, those that are left out are spread over the strengths.
    chosen = np.linspace(0, len(pairs) - 1, count).round().astype(int)
    return {
        f"{pairs[k][0]} ops, strength {pairs[k][1]:g}": policies.rand_augment(*pairs[k])
        for k in chosen
    }


def tune(trainings: int, score) -> tuple[str, Policy, tuple[float, ...]]:
    """Returns the best RandAugment: its name, the policy and its scores.

    Args:
        trainings: how many there are, at least 1; all of them are spent.
        score: a function of `(name, policy)` pairs that trains each, and returns accuracies; NaN
            for one that diverged. Names are new in every call.
    """
    found = grid(num_tried(trainings))
    scores = {name: [value] for name, value in zip(found, score(list(found.items())), strict=True)}

    def ranked():
        return sorted(scores, key=lambda name: -np.nan_to_num(np.mean(scores[name]), nan=-1.0))

    def repeat(names, number):
        # "look": folders of searches name their trainings so.
        again = score([(f"{name} look {number}", found[name]) for name in names])
        for name, value in zip(names, again, strict=True):
            scores[name].append(value)

    left = trainings - len(found)
    promoted = ranked()[: promoted_of(len(found))]
    number = 0
    while left > 0:
        names = promoted[:left]
        repeat(names, number)
        left, number = left - len(names), number + 1
    best = max(promoted, key=lambda name: np.nan_to_num(np.mean(scores[name]), nan=-1.0))
    return best, found[best], tuple(scores[best])
