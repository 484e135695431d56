"""Policies made of policies: applied or not, one of several, in any order, some of them.

What is chosen is chosen for every image by itself: a choice is a policy too, of more
sub-policies with other weights, and runs as every policy does.
"""

import itertools
from collections.abc import Sequence
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._step import Step

_MOST = 4096  # sub-policies of a policy that is made of others


def random_apply(policy: Policy, rate: float = 0.5, **options: Any) -> Policy:
    """Returns a policy that leaves some images as they are.

    Args:
        policy: what is done to the others.
        rate: share of the images that it is applied to, in [0, 1].
        **options: `name` of `Policy`.

    Raises:
        ValueError: if the policy has too many combinations of sub-policies to list them.

    Example:
        >>> policy = random_apply(rand_augment(), rate=0.8)
    """
    rate = checks.fraction("rate", rate)
    rows = [(1 - rate, (Step("identity"),)), *((rate * w, steps) for w, steps in listed(policy))]
    return _of(rows, [policy], {"name": f"{policy.name} (rate {rate:.2g})", **options})


def random_choice(
    policies: Sequence[Policy], weights: Sequence[float] | None = None, **options: Any
) -> Policy:
    """Returns a policy that applies one of several policies to each image.

    Args:
        policies: a sequence of policies, of the same fill, value range and number of levels.
        weights: how often each is drawn, relative to the others; None for equally often.
        **options: `name` of `Policy`.

    Raises:
        ValueError: if the policies do not go together, or have too many combinations.

    Example:
        >>> policy = random_choice([rand_augment(), auto_augment()], weights=[3, 1])
    """
    policies = list(policies)
    weights = [1.0] * len(policies) if weights is None else list(weights)
    weights = [checks.non_negative("a weight", weight) for weight in weights]
    if not policies or len(weights) != len(policies) or not sum(weights):
        raise ValueError(
            f"weights must hold one number per policy, {len(policies)} and at least one, not all "
            f"of them 0; received {weights}"
        )
    rows = [
        (weight / sum(weights) * own, steps)
        for policy, weight in zip(policies, weights, strict=True)
        for own, steps in listed(policy)
    ]
    return _of(rows, policies, {"name": "random choice", **options})


def random_order(steps: Sequence[Step], **options: Any) -> Policy:
    """Returns a policy that applies all of some steps, in another order for every image.

    Args:
        steps: a sequence of at most six steps; each order of them is a sub-policy.
        **options: `fill`, `value_range`, `name` of `Policy`.

    Raises:
        ValueError: if there are more steps.

    Example:
        >>> policy = random_order([Step("rotate", 1.0, 0.5), Step("color", 1.0, 0.5)])
    """
    steps = list(steps)
    if not 1 <= len(steps) <= 6:
        raise ValueError(f"random_order takes 1 to 6 steps, received {len(steps)}")
    return Policy(list(itertools.permutations(steps)), **{"name": "random order", **options})


def some_of(
    steps: Sequence[Step], num_steps: int, *, replace: bool = False, **options: Any
) -> Policy:
    """Returns a policy that applies some of several steps to each image.

    Args:
        steps: a sequence of steps to draw from.
        num_steps: how many are drawn for an image.
        replace: whether one may be drawn twice. Then they are applied in the order in which they
            are drawn, else in that of `steps`.
        **options: `fill`, `value_range`, `name` of `Policy`.

    Raises:
        ValueError: if there are fewer steps, or too many combinations.

    Example:
        >>> steps = [Step("rotate", 1.0, 0.5), Step("invert", 1.0), Step("equalize", 1.0)]
        >>> policy = some_of(steps, 2)
    """
    steps = list(steps)
    checks.integer("num_steps", num_steps, minimum=1)
    name = f"{num_steps} of {len(steps)}"
    if checks.boolean("replace", replace):
        return Policy([[s] for s in steps], num_draws=num_steps, **{"name": name, **options})
    if num_steps > len(steps):
        raise ValueError(
            f"num_steps must be at most the number of steps, {len(steps)}, received {num_steps}"
        )
    rows = list(itertools.islice(itertools.combinations(steps, num_steps), _MOST + 1))
    _check_count(len(rows))
    return Policy(rows, **{"name": name, **options})


def three_augment(jitter: float = 0.3, flip: bool = True, **options: Any) -> Policy:
    """Returns 3-Augment: grey, solarize or blur, one for each image, then colours and a flip.

    Args:
        jitter: how far brightness, contrast and colour are changed, in [0, 1]: by factors from
            1 - jitter to 1 + jitter.
        flip: whether to mirror half of the images.
        **options: `fill`, `value_range`, `name` of `Policy`.

    References:
        [DeiT III](https://arxiv.org/abs/2204.07118), section 3.2.

    Example:
        >>> policy = three_augment(jitter=0.3)
    """
    jitter = checks.fraction("jitter", jitter)
    blur = Step("gaussian_blur", value=(0.1, 2.0))
    solarize, grey = Step("solarize", value=128.0), Step("grayscale", value=1.0)
    one = Policy([[grey], [solarize], [blur]], **options)
    factors = (1 - jitter, 1 + jitter)
    colours = [Step(op, value=factors) for op in ("brightness", "contrast", "color")]
    colours += [Step("flip_horizontal", 0.5)] if flip else []
    policy = one + Policy([colours], **options)
    return policy._with_stages(policy.stages, name=options.get("name", "3-Augment"))


def listed(policy):
    """Lists what a policy may do to an image: pairs of a probability and of steps in a row."""
    if not isinstance(policy, Policy):
        raise TypeError(f"policies must hold Policies, received {policy!r}")
    result = [(1.0, ())]
    for stage in policy.stages:
        weights = stage.weights or (1.0,) * len(stage.sub_policies)
        for _ in range(stage.num_draws):
            _check_count(len(result) * len(weights))
            result = [
                (chance * weight / sum(weights), (*before, *steps))
                for chance, before in result
                for weight, steps in zip(weights, stage.sub_policies, strict=True)
            ]
    return result


def _check_count(count):
    if count > _MOST:
        raise ValueError(
            f"there are more than {_MOST} combinations of sub-policies: take fewer steps or draws"
        )


def _of(rows, policies, options):
    """Returns a policy of listed rows, for images as the given policies take them."""
    first = policies[0]
    settings = {
        (p.fill, p.value_range, p.batch, *(s.num_levels for s in p.stages[:1])) for p in policies
    }
    levels = {stage.num_levels for policy in policies for stage in policy.stages}
    if len(settings) > 1 or len(levels) > 1:
        raise ValueError(
            "policies that are joined must have the same fill, value_range and num_levels, and "
            f"the same batch, received {sorted(settings, key=str)}"
        )
    rows = [(weight, steps) for weight, steps in rows if weight > 0]
    return Policy(
        [steps for _, steps in rows],
        [weight for weight, _ in rows],
        fill=first.fill,
        value_range=first.value_range,
        num_levels=levels.pop(),
        batch=first.batch,
        **options,
    )
