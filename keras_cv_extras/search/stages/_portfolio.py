"""The portfolio: known policies that every search scores before any is suggested.

Controls need no search, and are confirmed whatever their score: a search that does not beat
them has found nothing. Entrants are more policies of the kind that people try by hand; the best
of them is confirmed too. What a search ends with is then never worse than these, but for chance.

After a screen, its ops enter as well, drawn uniformly, and as a grid of RandAugment over them
alone: with few images, and a network that is trained for a short time, mild policies of this one
kind are hard to beat, and two numbers are found with fewer trials than thirty.
"""

import re
from typing import Any

from keras_cv_extras import policy as policies
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.search.oracles._recipes import largest_recipe
from keras_cv_extras.search.oracles._space import NUM_STEPS, NUM_SUB_POLICIES
from keras_cv_extras.search.trials._shared import uniform_policy

NUM_JOINED = 5  # the best policies of AutoAugment's final one, arXiv:1805.09501

_NOT_FLIPPED = re.compile(r"(q|e|k|ex)?mnist|digits|svhn|.*text.*|.*letters?.*|.*characters?.*")
_RAND_AUGMENT_GRID = ((1, 0.2), (1, 0.4), (2, 0.1), (2, 0.25))  # beside the control's (2, 0.5)
_NUM_RANDOM = 2  # beside the control's
SCREENED = "screened ops, uniform"
#: Number of ops and strength, the likeliest first: a short search tries no others.
SCREENED_GRID = (
    (2, 0.2),
    (1, 0.2),
    (2, 0.1),
    (1, 0.4),
    (3, 0.2),
    (3, 0.1),
    (2, 0.3),
    (1, 0.3),
    (1, 0.1),
    (2, 0.5),
    (3, 0.3),
    (1, 0.7),
)


def default_flip(data_name: str | None) -> bool:
    """Whether images of a data set may be mirrored: not those of digits and letters."""
    words = re.split(r"[:/\\]", (data_name or "").lower())
    return not _NOT_FLIPPED.fullmatch(re.sub(r"_?\d+k?$", "", words[-1]))


def control_policies(
    *, flip: bool, seed: int, ops=policies.SEARCH_OPS, **options
) -> dict[str, Any]:
    """Returns the policies that need no search, by name, the simplest first.

    Args:
        flip: whether images may be mirrored.
        seed: an integer: draws the random policy.
        ops: names of ops for the random policy.
        **options: `fill`, `value_range` of `Policy`.
    """
    return {
        "none": policies.no_augmentation(**options),
        "flip and crop" if flip else "crop": policies.flip_crop(flip=flip, **options),
        "RandAugment": policies.rand_augment(**options),
        "TrivialAugment": policies.trivial_augment(**options),
        "random policy": Policy.random(ops=ops, seed=seed, **options),
    }


def entrant_policies(*, seed: int, ops=policies.SEARCH_OPS, **options) -> dict[Any, Policy]:
    """Returns further policies that enter the contest, by name.

    They are a small grid of RandAugment, AutoAugment's published policies, and random ones.

    Args:
        seed: an integer: draws the random policies.
        ops: names of ops for the random policies.
        **options: `fill`, `value_range` of `Policy`.

    References:
        [RandAugment](https://arxiv.org/abs/1909.13719),
        [AutoAugment](https://arxiv.org/abs/1805.09501)
    """
    grid = [policies.rand_augment(*setting, **options) for setting in _RAND_AUGMENT_GRID]
    entrants = {policy.name: policy for policy in grid}
    for name in ("cifar10", "svhn", "imagenet"):
        entrants[f"AutoAugment {name}"] = policies.auto_augment(name, **options)
    for number in range(1, _NUM_RANDOM + 1):
        drawn = Policy.random(ops=ops, seed=seed + number, **options)
        entrants[f"random policy {number + 1}"] = drawn
    return entrants


def screened_policies(ops, caps, *, trials: int) -> dict[Any, Policy]:
    """Returns policies of the ops that a screen has left, by name.

    Args:
        ops: names of these ops.
        caps: for some of them the highest strength, in [0, 1].
        trials: how many trials the search has: there is a policy of the grid for three of them.
    """
    found = {SCREENED: uniform_policy(ops, caps=caps, name=SCREENED)}
    usual = [op for op in ops if op in policies.RAND_AUGMENT_OPS]
    for num_ops, strength in SCREENED_GRID[: -(-trials // 3)]:
        rows = [[Step("identity")]]
        for op in usual or ops:
            capped = min(strength, caps.get(op, 1.0)) if OPS[op].has_strength else None
            rows.append([Step(op, 1.0, capped)])
        name = f"screened RandAugment({num_ops}, {strength:.2g})"
        found[name] = Policy(rows, num_draws=num_ops, name=name)
    return found


def example_policies(*, flip: bool, ops, space: str, crop: str = "padded") -> list[Policy]:
    """Returns policies of all forms that a search trains with, for `Trainer`.

    Args:
        flip: whether images may be mirrored.
        ops: names of the ops that are searched in.
        space: "policy", "recipe" or "randaugment".
        crop: of recipes, as in `recipe_space`.
    """
    largest = None if space == "policy" else largest_recipe(ops, flip=flip, crop=crop)
    return [
        *([] if largest is None else [largest]),
        *control_policies(flip=flip, seed=0, ops=ops).values(),
        *entrant_policies(seed=0, ops=ops).values(),
        *screened_policies(ops, {}, trials=3 * len(SCREENED_GRID)).values(),
        Policy.random(NUM_JOINED * NUM_SUB_POLICIES, NUM_STEPS, ops=ops),
    ]
