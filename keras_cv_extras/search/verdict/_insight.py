"""Insight from all trials of a search: the effect of each op, and how reliable its scores are."""

import dataclasses
from typing import Any

import numpy as np
from scipy import stats

from keras_cv_extras.policy import Policy
from keras_cv_extras.search.verdict._expected import expected_of_choice

_RIDGE = 0.02  # little: it keeps the fit finite where an op was hardly tried
LOW_FIDELITY = 0.3  # rank correlation under which cheap scores do not say much
_LEAST_ARMS = 4


@dataclasses.dataclass(frozen=True)
class OpEffect:
    """How the accuracy changes if every image gets an op.

    Args:
        op: its name.
        effect: the change of the validation accuracy, in [-1, 1].
        low: lower end of its interval; the intervals of all ops are simultaneous, at 95 %.
        high: upper end.
    """

    op: str
    effect: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Insight:
    """What a search shows besides its winner.

    Args:
        effects: of the ops that were tried, the most useful first; empty if too few policies were
            tried.
        fidelity: rank correlation, in [-1, 1], of the confirmed arms' scores in the search with
            their confirmed accuracies; None for fewer than four arms.
        num_arms: the number of these arms.
        best_seen: the best first score of a trial; part of it is luck.
        expected: the expected accuracy of the written policy on new images and in a new training,
            corrected for the luck by which it was chosen; None if each arm was trained once.
        fidelity_interval: the 95 % interval of `fidelity`; None where that is.
        expected_interval: the 95 % interval of `expected`; None where that is.
    """

    effects: tuple[OpEffect, ...]
    fidelity: float | None
    num_arms: int
    best_seen: float | None
    expected: float | None
    fidelity_interval: tuple[float, float] | None = None
    expected_interval: tuple[float, float] | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The ops whose effect is above 0 beyond doubt, the most useful first."""
        return tuple(one.op for one in self.effects if one.low > 0)

    @property
    def harmful(self) -> tuple[str, ...]:
        """The ops whose effect is below 0 beyond doubt, the most harmful first."""
        return tuple(one.op for one in reversed(self.effects) if one.high < 0)

    def to_dict(self) -> dict[str, Any]:
        """Returns the insight as a dictionary for JSON."""
        fields = dataclasses.asdict(self)
        fields["effects"] = [
            {key: round(v, 6) if isinstance(v, float) else v for key, v in effect.items()}
            for effect in fields["effects"]
        ]
        for key in ("fidelity", "best_seen", "expected"):
            fields[key] = None if fields[key] is None else round(fields[key], 6)
        for key in ("fidelity_interval", "expected_interval"):
            ends = fields[key]
            fields[key] = None if ends is None else [round(end, 6) for end in ends]
        return fields

    def describe(self) -> str:
        """Says it in plain words."""
        lines = []
        if self.needed:
            lines.append(f"Ops that help: {', '.join(self.needed)}.")
        if self.harmful:
            names = ", ".join(self.harmful)
            lines.append(f"By the fit over all trials, these ops lower the accuracy: {names}.")
        if self.fidelity is not None and self.fidelity_interval is not None:
            low, high = self.fidelity_interval
            lines.append(
                f"What the search saw of {self.num_arms} arms has the rank correlation "
                f"{self.fidelity:.2f} (95 % interval {low:.2f} to {high:.2f}) with their "
                "confirmed accuracy."
            )
            if high < LOW_FIDELITY:
                lines.append(
                    "That is low: the cheap scores hardly foretell a full training. Give the "
                    "search more validation images, or longer trainings."
                )
        if self.expected is not None and self.expected_interval is not None:
            low, high = self.expected_interval
            lines.append(
                f"Without the luck by which it was chosen, {self.expected:.2%} (95 % interval "
                f"{low:.2%} to {high:.2%}) is to be expected of the policy that was written."
            )
        return "\n".join(lines)


def insight(candidates, scores, arms) -> Insight:
    """Judges a search.

    Args:
        candidates: `(policy, accuracy)` of every policy that the search has scored in the same
            way, trials and portfolio.
        scores: for every finished trial its accuracies, in the order of its trainings.
        arms: the confirmed `Arm`s.
    """
    pairs = [(arm.search_accuracy, arm.accuracy) for arm in arms]
    pairs = [pair for pair in pairs if np.all(np.isfinite(pair))]
    fidelity = None
    if len(pairs) >= _LEAST_ARMS and min(np.ptp(pairs, axis=0)) > 0:
        searched, confirmed = zip(*pairs, strict=True)
        found: Any = stats.spearmanr(searched, confirmed)
        fidelity = float(found.statistic)
    first = [accuracies[0] for accuracies in scores]
    expected = expected_of_choice(arms)
    return Insight(
        effects=op_effects(candidates),
        fidelity=fidelity,
        num_arms=len(pairs),
        best_seen=max(first) if first else None,
        expected=None if expected is None else expected[0],
        fidelity_interval=None if fidelity is None else _interval(fidelity, len(pairs)),
        expected_interval=None if expected is None else expected[1:],
    )


def op_effects(candidates) -> tuple[OpEffect, ...]:
    """Fits accuracy as a sum of what each op adds, by the share of the images that get it.

    Args:
        candidates: `(policy, accuracy)` pairs.

    Returns:
        The effects, the largest first; empty if there are fewer than two policies more than ops.

    References:
        Ridge regression: Hoerl and Kennard, Technometrics 12 (1970).
    """
    candidates = [(policy, value) for policy, value in candidates if np.isfinite(value)]
    shares = [op_shares(policy) for policy, _ in candidates]
    ops = sorted({op for share in shares for op in share})
    freedom = len(candidates) - len(ops) - 1
    if not ops or freedom < 1:
        return ()
    design = np.array([[1.0, *(share.get(op, 0.0) for op in ops)] for share in shares])
    accuracy = np.array([value for _, value in candidates])
    penalty = _RIDGE * np.eye(len(ops) + 1)
    penalty[0, 0] = 0.0  # not of the accuracy without any op
    inverse = np.linalg.inv(design.T @ design + penalty)
    weights = inverse @ design.T @ accuracy
    variance = np.sum((accuracy - design @ weights) ** 2) / freedom
    errors = np.sqrt(variance * np.diag(inverse @ design.T @ design @ inverse))
    # All intervals at once hold with 95 %, by Bonferroni's inequality.
    half = stats.t.ppf(1 - 0.025 / len(ops), freedom) * errors
    effects = [
        OpEffect(op, float(w), float(w - h), float(w + h))
        for op, w, h in zip(ops, weights[1:], half[1:], strict=True)
    ]
    return tuple(sorted(effects, key=lambda one: -one.effect))


def op_shares(policy: Policy) -> dict[str, float]:
    """Returns for every op of a policy the share of the images that get it, in [0, 1]."""
    missed = {}
    for stage in policy.stages:
        weights = stage.weights or (1 / len(stage.sub_policies),) * len(stage.sub_policies)
        total, gets = sum(weights), {}
        for weight, steps in zip(weights, stage.sub_policies, strict=True):
            spared = {}
            for step in steps:
                spared[step.op] = spared.get(step.op, 1.0) * (1 - step.rate)
            for op, rate in spared.items():
                gets[op] = gets.get(op, 0.0) + weight / total * (1 - rate)
        for op, share in gets.items():
            missed[op] = missed.get(op, 1.0) * (1 - share) ** stage.num_draws
    return {op: 1 - share for op, share in missed.items() if op != "identity"}


def _interval(correlation: float, count: int) -> tuple[float, float]:
    """Returns the 95 % interval of a rank correlation.

    References:
        Bonett and Wright, [Sample size requirements for estimating Pearson, Kendall and Spearman
        correlations](https://doi.org/10.1007/BF02294183)
    """
    error = np.sqrt((1 + correlation**2 / 2) / (count - 3))
    middle = np.arctanh(np.clip(correlation, -1 + 1e-9, 1 - 1e-9))
    low, high = np.tanh(middle + np.array([-1, 1]) * stats.norm.ppf(0.975) * error)
    return float(low), float(high)
