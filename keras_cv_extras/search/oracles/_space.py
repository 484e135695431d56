"""The search space: sub-policies of a few steps, as keras-tuner's hyperparameters."""

import math
import re
from collections.abc import Mapping
from typing import Any

import keras_tuner as kt
import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import SEARCH_OPS, Policy, Step
from keras_cv_extras.search.oracles._recipes import is_of_recipe, recipe_from

NUM_SUB_POLICIES = 5  # as in AutoAugment, arXiv:1805.09501
NUM_STEPS = 2
_NUM_VALUES = 11  # of a hyperparameter without a step

_NAME = re.compile(r"sub_policy_(\d+)\.step_(\d+)\.(op|rate|strength)")


def policy_space(
    *,
    num_sub_policies: int = NUM_SUB_POLICIES,
    num_steps: int = NUM_STEPS,
    ops: tuple[str, ...] = SEARCH_OPS,
) -> kt.HyperParameters:
    """Returns the space of policies, complete, as an oracle wants it up front.

    Every step has an op, a rate and a strength; for the few ops without a strength it has no
    effect. There are no conditions: keras-tuner loses those on their way to its workers.

    Args:
        num_sub_policies: sub-policies of a policy.
        num_steps: steps of a sub-policy.
        ops: names in `keras_cv_extras.augment.OPS` to choose from.

    Returns:
        Hyperparameters named `sub_policy_0.step_0.op`, `.rate` and `.strength`, and so on; rates
        and strengths are 0, 0.1, ..., 1.

    Raises:
        ValueError: if an op is not known, or there are none.

    Example:
        >>> space = policy_space(num_sub_policies=2, ops=("rotate", "invert"))
        >>> policy = policy_from(space)
    """
    checks.integer("num_sub_policies", num_sub_policies, minimum=1)
    checks.integer("num_steps", num_steps, minimum=1)
    if not ops:
        raise ValueError("ops must name at least one op")
    for op in ops:
        checks.one_of("an op", op, sorted(OPS))
    space = kt.HyperParameters()
    for row in range(num_sub_policies):
        for column in range(num_steps):
            space.Choice(_name(row, column, "op"), list(ops))
            space.Float(_name(row, column, "rate"), 0.0, 1.0, step=0.1, default=0.5)
            space.Float(_name(row, column, "strength"), 0.0, 1.0, step=0.1, default=0.5)
    return space


def place_in_policy(name: str) -> tuple[int, int, str] | None:
    """Returns a hyperparameter's sub-policy, step and field; None if it is another one."""
    match = _NAME.fullmatch(name)
    return (int(match[1]), int(match[2]), match[3]) if match else None


def kind_of(name: str) -> str:
    """Returns what hyperparameters of several places have in common: "op", "rate", ..."""
    place = place_in_policy(name)
    return place[2] if place else name


def choices(space: kt.HyperParameters) -> dict[str, list[Any]]:
    """Returns for every hyperparameter of a space the values that are tried.

    Of one without a step these are eleven, at equal distances on the scale on which it is
    sampled, both ends among them.
    """
    kinds = kt.engine.hyperparameters
    found = {}
    for hp in space.space:
        if isinstance(hp, kinds.Fixed):
            found[hp.name] = [hp.value]
        elif isinstance(hp, (kinds.Choice, kinds.Boolean)):
            found[hp.name] = list(hp.values)
        else:
            found[hp.name] = _numbers(hp)
    return found


def spread_out(space: kt.HyperParameters, count: int) -> list[dict[str, Any]]:
    """Returns points of the grid of a space, so many if it has them, any first ones spread over it.

    The grid is walked through in steps of some 0.618 of its size, without a common divisor: each
    value of each number comes nearly as often as the others, and so do pairs of them.
    """
    values = choices(space)
    size = math.prod(map(len, values.values()))
    step = round(0.618 * size) or 1
    while math.gcd(step, size) > 1:
        step += 1
    found = []
    for number in range(min(count, size)):
        place, point = number * step % size, {}
        for name, options in reversed(values.items()):
            place, own = divmod(place, len(options))
            point[name] = options[own]
        found.append(point)
    return found


def _numbers(hp):
    """The values of an Int or a Float, whose step adds, or multiplies on a logarithmic scale."""
    whole = isinstance(hp, kt.engine.hyperparameters.Int)
    low, high, step = hp.min_value, hp.max_value, hp.step or (whole and 1)
    if hp.sampling in (None, "linear"):
        values = np.arange(low, high + 1e-9 * (high - low), step) if step else _spread(low, high)
    elif hp.step:
        count = int(math.log(high / low) / math.log(hp.step) + 1e-9)
        values = [low * hp.step**k for k in range(count + 1)]
    else:
        values = low * (high / low) ** _spread(0.0, 1.0)
        if hp.sampling == "reverse_log":
            values = low + high - values[::-1]
    if whole:
        return sorted({min(max(round(float(value)), low), high) for value in values})
    return [round(float(value), 10) for value in values]


def _spread(low, high):
    return np.linspace(low, high, _NUM_VALUES)


def policy_from(
    hyperparameters: kt.HyperParameters | Mapping[str, Any],
    *,
    caps: Mapping[str, float] | None = None,
    **options: Any,
) -> Policy:
    """Returns the policy that hyperparameters stand for.

    Args:
        hyperparameters: keras-tuner's, or a dictionary of their values.
        caps: None, or for ops the strength in [0, 1] that a hyperparameter of 1 stands for; 1
            for the others. In a recipe strengths above it are cut.
        **options: `fill`, `value_range`, `name`, `provenance` of `Policy`.

    Raises:
        ValueError: if they hold no policy of `policy_space`, nor a recipe of `recipe_space`.

    Example:
        >>> policy = policy_from(policy_space(num_sub_policies=1, ops=("rotate",)))
    """
    values: Any = getattr(hyperparameters, "values", hyperparameters)
    if callable(values):  # a dictionary, whose `values` is a method
        values = hyperparameters
    if any(map(is_of_recipe, values)):
        return recipe_from(values, caps=caps, **options)
    fields = {}
    for name, value in values.items():
        if place := place_in_policy(name):
            fields.setdefault(place[:2], {})[place[2]] = value
    if not fields:
        raise ValueError(
            "the hyperparameters hold no policy: give the oracle "
            "hyperparameters=keras_cv_extras.search.policy_space()"
        )
    rows = {}
    for (row, column), step in sorted(fields.items()):
        if missing := {"op", "rate", "strength"} - set(step):
            raise ValueError(f"{_name(row, column, sorted(missing)[0])} has no value")
        rows.setdefault(row, []).append(_step(**step, cap=(caps or {}).get(step["op"], 1.0)))
    return Policy(list(rows.values()), **options)


def values_from(policy: Policy) -> dict[str, Any]:
    """Returns the values of hyperparameters that stand for a policy: the inverse of `policy_from`.

    Args:
        policy: a policy of one stage, without weights, whose steps have strengths (not values,
            not intervals) on the grid of 0.1.

    Raises:
        ValueError: if the policy does not lie in the space.

    Example:
        >>> policy = policy_from(policy_space(num_sub_policies=1, ops=("rotate",)))
        >>> values = values_from(policy)
    """
    values = {}
    for row, steps in enumerate(policy.sub_policies):
        for column, step in enumerate(steps):
            strength = step.strength if OPS[step.op].has_strength else 0.0
            if not isinstance(strength, float) or any(
                abs(10 * number - round(10 * number)) > 1e-6 for number in (step.rate, strength)
            ):
                raise ValueError(f"sub-policy {row}, step {column} is not in the space: {step!r}")
            values[_name(row, column, "op")] = step.op
            values[_name(row, column, "rate")] = round(step.rate, 1)
            values[_name(row, column, "strength")] = round(strength, 1)
    return values


def op_alone(op: str, *, rate=None, num_sub_policies: int = NUM_SUB_POLICIES) -> dict[str, Any]:
    """Returns the values of the policy that has one op alone, of strengths up to 1.

    Args:
        op: its name.
        rate: the share of the images that get it; None for all, or for half with an op that
            has no strength, as there is no weak form of it.
        num_sub_policies: sub-policies, each of another strength.
    """
    if rate is None:
        rate = 1.0 if OPS[op].has_strength else 0.5
    values = {}
    for row in range(num_sub_policies):
        strength = round((row + 1) / num_sub_policies, 1)
        for column in range(NUM_STEPS):
            fields = {"op": op, "rate": rate if column == 0 else 0.0, "strength": strength}
            values |= {_name(row, column, field): value for field, value in fields.items()}
    return values


def _name(row, column, field):
    return f"sub_policy_{row}.step_{column}.{field}"


def _step(op, rate, strength, cap=1.0):
    # keras-tuner's steps of 0.1 come out as 0.30000000000000004.
    return Step(op, round(rate, 6), round(cap * strength, 6) if OPS[op].has_strength else None)
