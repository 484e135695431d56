"""Policies from timm's configuration strings, such as `rand-m9-n3-mstd0.5-inc1`, and to them.

References:
    timm 1.0.31, data/auto_augment.py.
"""

import functools
import itertools
import re
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras.policy import _published
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop import _timm_ops
from keras_cv_extras.policy.interop._common import (
    Omissions,
    chains,
    checked_policy,
    ends_of,
    own_numbers,
)

_MOST_ROWS = 4096
_MOST_LEVELS = 11  # that noise is spread over

_RAND = {"m": 10, "n": 2, "p": 0.5, "mstd": 0.0, "mmax": 10, "inc": 0, "t": None}
_AUGMIX = {"m": 3, "w": 3, "d": -1, "a": 1.0, "b": 0, "mstd": 101.0}
_AUTO = {"mstd": 0.0}
_WHOLE = ("m", "n", "mmax", "inc", "w", "d", "b")


def from_timm(
    config: str,
    *,
    interpolation: str = "bilinear",
    translate_const: float = 250,
    translate_pct: float = 0.45,
    strict: bool = True,
    **options: Any,
) -> Policy:
    """Translates an augmentation of timm, given by its configuration string.

    Args:
        config: `rand-...` with `m`, `n`, `p`, `mstd`, `mmax`, `inc` and `t`; or `original`,
            `originalr`, `v0`, `v0r` or `3a`, with `mstd`.
        interpolation: "bilinear" or "nearest". timm draws bilinear or bicubic unless it is told.
        translate_const: the pixels that magnitude 10 moves images by, for `original` and the like.
        translate_pct: the share of a side likewise, for `rand` and `v0`.
        strict: whether to raise where this library cannot do the same; else it warns.
        **options: `fill` (grey, 128, as there), `value_range`, `name` of `Policy`.

    Returns:
        A policy of the same ops with the same numbers. Magnitudes with noise (`mstd`) are the
        middles of up to 11 equally likely parts of the normal distribution, with its mean and
        its standard deviation.

    Raises:
        ValueError: if `config` is not understood. AugMix is no policy: see `augmix_from_timm`.

    Example:
        >>> policy = from_timm("rand-m9-mstd0.5-inc1")
    """
    kind, given = _parse(config)
    if kind == "augmix":
        raise ValueError(
            "AugMix mixes several images and is no policy: use augmix_from_timm and layers.AugMix"
        )
    constants: dict[str, Any] = {"translate_const": translate_const, "translate_pct": translate_pct}
    constants["interpolation"] = checks.one_of(
        "interpolation", interpolation, ("bilinear", "nearest")
    )
    omissions = Omissions("keras_cv_extras")
    if kind == "rand":
        policy = _rand(given, constants, omissions)
    else:
        policy = _auto(_tables()[kind], given, constants, omissions)
    omissions.settle(strict)
    made = {"fill": 128, "spec": "timm", "name": config, **options}
    (stage,) = policy.stages
    return Policy(stage.sub_policies, stage.weights, stage.num_draws, **made)


def augmix_from_timm(config: str = "augmix", *, interpolation: str = "bilinear") -> dict[str, Any]:
    """Translates an AugMix of timm into arguments of `augmix` and `layers.AugMix`.

    Args:
        config: `augmix-...` with `m`, `w`, `d`, `a` and `mstd`, such as "augmix-m5-w4-d2".
        interpolation: as in `from_timm`.

    Returns:
        A dictionary of `chain`, `width`, `alpha` and `fill`.

    Raises:
        ValueError: if `config` is not understood, or blends as it goes (`b1`).

    Example:
        >>> options = augmix_from_timm("augmix-m5-w4-d2")
        >>> layer = kcx.layers.AugMix(**options, seed=1)
    """
    kind, given = _parse(config)
    if kind != "augmix":
        raise ValueError(f"config must begin with augmix, received {config!r}: use from_timm")
    if given["b"]:
        raise ValueError("augmix with b1 blends image after image: leave it out")
    constants = {"translate_const": 250, "translate_pct": 0.45, "interpolation": interpolation}
    steps = []
    for name in _timm_ops.AUGMIX:
        if given["mstd"] > 100:
            steps += _timm_ops.uniform_rows(name, 1.0, given["m"], constants)
        else:
            magnitudes = _timm_ops.magnitudes(given["m"], given["mstd"], 10, 3)
            steps += _timm_ops.rows(name, 1.0, magnitudes, constants)
    chain = chains(steps, given["d"], fill=128, spec="timm")
    return {"chain": chain, "width": given["w"], "alpha": given["a"], "fill": 128}


def to_timm(policy: Policy, *, strict: bool = True) -> str:
    """Returns the configuration string of timm that says a policy.

    Args:
        policy: a policy that `from_timm` made, or one of equally many draws of the same ops.
        strict: whether to raise if timm has no string for exactly this policy. Else it warns, and
            takes the RandAugment of as many ops and of the mean strength.

    Raises:
        TypeError, ValueError: if `policy` is none, or cannot be said.

    Example:
        >>> to_timm(from_timm("rand-m9-n3-p1.0-inc1"))
        'rand-m9-n3-p1.0-inc1'
    """
    omissions = Omissions("timm")
    checked_policy(policy, omissions)
    for config in _candidates(policy):
        try:
            again = _kept(config)
        except ValueError:
            continue
        if (again.stages, again.fill) == (policy.stages, policy.fill):
            omissions.settle(strict)
            return config
    omissions.add(
        "a configuration string names an AutoAugment policy or a RandAugment of all its ops"
    )
    omissions.settle(strict)
    strengths = [_strength(step) for steps in policy.sub_policies for step in steps]
    known = [strength for strength in strengths if strength is not None]
    magnitude = round(10 * sum(known) / max(1, len(known)))
    rates = [step.rate for steps in policy.sub_policies for step in steps if step.op != "identity"]
    draws = sum(stage.num_draws * max(map(len, stage.sub_policies)) for stage in policy.stages)
    rate = sum(rates) / max(1, len(rates))
    return f"rand-m{min(magnitude, 10)}-n{draws}-p{rate:.2g}-inc1"


def _parse(config):
    """Returns the kind of a configuration and its options."""
    if not isinstance(config, str):
        raise TypeError(f"config must be a string such as 'rand-m9-n3', received {config!r}")
    kind, *parts = config.split("-")
    kinds = {"rand": _RAND, "augmix": _AUGMIX} | dict.fromkeys(_tables(), _AUTO)
    given: dict[str, Any] = dict(
        kinds[checks.one_of("the kind of augmentation", kind, tuple(kinds))]
    )
    for part in parts:
        if kind == "rand" and part.startswith("t"):
            given["t"] = checks.one_of("t", part[1:], ("weights", "3a", "3aw"))
            continue
        match = re.fullmatch(r"([a-z]+)(-?\d+|\d*\.\d+|\d+\.\d*|inf)", part)
        if not match or match[1] not in given or match[1] == "t":
            listed = ", ".join(given)
            raise ValueError(
                f"{part!r} in {config!r} is not understood: {kind} takes {listed}, each followed "
                "by a number"
            )
        given[match[1]] = int(match[2]) if match[1] in _WHOLE else float(match[2])
    return kind, given


def _rand(given, constants, omissions):
    names, weights = _timm_ops.choices(given["t"], increasing=bool(given["inc"]))
    rate = checks.fraction("p", given["p"])
    count = checks.integer("n", given["n"], minimum=1)
    draws = 1 if weights is None else count
    if sum(1 for _ in itertools.permutations(names, min(draws, 4))) > _MOST_ROWS:
        raise ValueError(
            f"n must be at most 3 with t{given['t']}, whose ops are drawn without replacement: "
            f"received {count}"
        )
    picks = _without_replacement(names, weights, draws)
    for number in range(_MOST_LEVELS, 0, -2):
        if given["mstd"] > 100:
            made = {
                name: _timm_ops.uniform_rows(name, rate, given["m"], constants) for name in names
            }
        else:
            highest = given["mmax"] or 10
            magnitudes = _timm_ops.magnitudes(given["m"], given["mstd"], highest, number)
            made = {name: _timm_ops.rows(name, rate, magnitudes, constants) for name in names}
        rows = _combined(picks, made, limit=_MOST_ROWS)
        if rows is not None:
            break
    else:
        raise ValueError(f"n must be smaller: {count} ops with noise are too many to list")
    if number == 1 and 0 < given["mstd"] <= 100:
        omissions.add("mstd, as there would be too many combinations of magnitudes")
    return _policy(rows, count if weights is None else 1)


def _auto(table, given, constants, omissions):
    picks = [(1.0, tuple(range(len(row)))) for row in table]
    number, rows = _MOST_LEVELS, []
    for number in range(_MOST_LEVELS, 0, -2):
        rows = []
        for _, row in zip(picks, table, strict=True):
            cells = []
            for name, rate, magnitude in row:
                if name == "GaussianBlurRand":
                    cells.append([(1.0, _timm_ops.random_blur(rate, magnitude))])
                    continue
                noisy = _timm_ops.magnitudes(magnitude or 0, given["mstd"], 10, number)
                cells.append(_timm_ops.rows(name, rate, noisy, constants))
            rows += [_product(1.0, combination) for combination in itertools.product(*cells)]
        if len(rows) <= _MOST_ROWS:
            break
    if number == 1 and given["mstd"]:
        omissions.add("mstd, as there would be too many combinations of magnitudes")
    return _policy(rows, 1)


def _without_replacement(names, weights, count):
    """Lists pairs of a probability and of names that are drawn, in their order."""
    if weights is None:
        return [(1.0, (name,)) for name in names]
    total, picks = sum(weights), []
    share = {name: weight / total for name, weight in zip(names, weights, strict=True)}
    for drawn in itertools.permutations(names, count):
        chance, left = 1.0, 1.0
        for name in drawn:
            chance *= share[name] / left
            left -= share[name]
        picks.append((chance, drawn))
    return picks


def _combined(picks, made, limit):
    """Lists pairs of a weight and of steps; None if there are too many."""
    count = 0
    for _, drawn in picks:
        size = 1
        for name in drawn:
            size *= len(made[name])
        count += size
    if count > limit:
        return None
    return [
        _product(chance, combination)
        for chance, drawn in picks
        for combination in itertools.product(*(made[name] for name in drawn))
    ]


def _product(weight, combination):
    for part, _ in combination:
        weight *= part
    return weight, tuple(step for _, step in combination)


def _policy(rows, num_draws):
    weights = [round(weight, 12) for weight, _ in rows]
    weights = None if len(set(weights)) == 1 else weights
    return Policy([steps for _, steps in rows], weights, num_draws)


@functools.cache
def _tables():
    """The policies of two steps, by timm's names."""
    original = _published.AUTO_AUGMENT["imagenet"]
    renamed = lambda rows, **names: [  # noqa: E731
        [(names.get(op, op), rate, magnitude) for op, rate, magnitude in row] for row in rows
    ]
    v0 = renamed(_published.EFFICIENT_NET, TranslateY="TranslateYRel")
    return {
        "original": renamed(original, Posterize="PosterizeOriginal"),
        "originalr": renamed(original, Posterize="PosterizeIncreasing"),
        "v0": v0,
        "v0r": renamed(v0, Posterize="PosterizeIncreasing"),
        "3a": [[("Solarize", 1.0, 5)], [("Desaturate", 1.0, 10)], [("GaussianBlurRand", 1.0, 10)]],
    }


_kept = functools.lru_cache(maxsize=256)(from_timm)


def _candidates(policy):
    """Yields strings that may say a policy."""
    if isinstance(policy.name, str):
        yield policy.name
    if len(policy.stages) != 1:
        return
    yield from _tables()
    (stage,) = policy.stages
    rates = sorted({step.rate for steps in stage.sub_policies for step in steps})
    if len(rates) != 1 or len(stage.sub_policies) > 20:
        return
    turns = [step for steps in stage.sub_policies for step in steps if step.op == "rotate"]
    magnitude = turns[0].value / 3 if turns and isinstance(turns[0].value, float) else 10.0
    for end in ("", "-inc1", "-t3a"):
        yield f"rand-m{round(magnitude)}-n{stage.num_draws}-p{rates[0]:g}{end}"


def _strength(step: Step):
    """Returns how strong a step is, in [0, 1] or beyond, or None for ops without."""
    from keras_cv_extras.augment import OPS

    scale = OPS[step.op].strength
    if scale is None:
        return None
    own = own_numbers(step)
    ends = ends_of(own)
    return abs((ends[0] + ends[1]) / 2 - scale.identity) / abs(scale.extreme - scale.identity)
