"""RandAugment tuned over its two numbers: the baseline that a searched policy has to beat."""

import itertools
from typing import Any

import keras_tuner as kt
import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import RAND_AUGMENT_OPS, Policy, rand_augment
from keras_cv_extras.search.oracles._space import choices
from keras_cv_extras.search.oracles._suggesting import SuggestingOracle
from keras_cv_extras.search.trials._tuner import PolicyTuner

NUM_OPS = (1, 2, 3)
STRENGTHS = tuple(k / 10 for k in range(1, 11))


def rand_augment_space(
    *, num_ops: tuple[int, ...] = NUM_OPS, strengths: tuple[float, ...] = STRENGTHS
) -> kt.HyperParameters:
    """Returns the space of RandAugment policies: `num_ops` and `strength`.

    Args:
        num_ops: how many ops an image may get.
        strengths: which strengths they may have, in [0, 1].

    Raises:
        ValueError: if there are none, or one is out of range.

    Example:
        >>> space = rand_augment_space(num_ops=(1, 2), strengths=(0.2, 0.4))
        >>> space.get("num_ops"), space.get("strength")
    """
    for count in num_ops:
        checks.integer("num_ops", count, minimum=1)
    for strength in strengths:
        checks.fraction("a strength", strength)
    if not num_ops or not strengths:
        raise ValueError("num_ops and strengths must hold at least one number each")
    space = kt.HyperParameters()
    space.Choice("num_ops", [int(count) for count in num_ops])
    space.Choice("strength", [float(strength) for strength in strengths])
    return space


class GridOracle(SuggestingOracle):
    """Suggests all combinations of values, or as many as it may, evenly spread over them.

    Args:
        objective: as in keras-tuner; the validation accuracy by default.
        max_trials: number of trials; None for all combinations.
        hyperparameters: a space of finitely many values.
        seed: an integer; it does not change the trials.
        **options: as in `SuggestingOracle`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> oracle = GridOracle(max_trials=20, hyperparameters=rand_augment_space())
    """

    def __init__(
        self,
        objective: Any | None = None,
        max_trials: int | None = None,
        hyperparameters: kt.HyperParameters | None = None,
        *,
        seed: int = 0,
        **options: Any,
    ) -> None:
        space = rand_augment_space() if hyperparameters is None else hyperparameters
        self._most = max_trials
        count = _size(space) if max_trials is None else max_trials
        super().__init__(objective, count, space, seed=seed, **options)
        self._prepare()

    def _prepare(self):
        count = _size(self.hyperparameters)
        self.max_trials: int = count if self._most is None else self._most
        kept = np.linspace(0, count - 1, min(self.max_trials, count)).round().astype(int).tolist()
        values = choices(self.hyperparameters)
        combinations = itertools.product(*values.values())
        chosen = {n: c for n, c in enumerate(combinations) if n in set(kept)}
        self._grid = [dict(zip(values, chosen[number], strict=True)) for number in kept]

    def ask(self, trial_id: str, seed: int, attempt: int) -> dict[str, Any] | None:
        """Returns the values of a new trial; see `SuggestingOracle`."""
        return self._grid[(int(trial_id) + attempt) % len(self._grid)]


def _size(space):
    return int(np.prod([len(values) for values in choices(space).values()]))


class RandAugmentTuner(PolicyTuner):
    """Searches the number of ops and the strength of RandAugment, as `PolicyTuner` does policies.

    Trials are trained, scored, resumed and read in the same way, so that both can be compared at
    equal budget.

    Args:
        build_model: as in `PolicyTuner`.
        train: as in `PolicyTuner`.
        validation: as in `PolicyTuner`.
        max_trials: number of trials; None for all combinations.
        num_ops: how many ops an image may get.
        strengths: which strengths they may have, in [0, 1].
        ops: names of the ops to draw from.
        oracle: None for the grid of all combinations, or a keras-tuner Oracle over
            `rand_augment_space()`.
        seed: an integer; with the number of a trial it decides everything random in it.
        **options: `epochs`, `batch_size`, `directory`, `project_name`, `overwrite`, `trainer`,
            `on_trial` of `PolicyTuner`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [RandAugment](https://arxiv.org/abs/1909.13719), section 3: a grid over N and M.

    Example:
        >>> tuner = RandAugmentTuner(build_model, train, validation, max_trials=20, epochs=10)
        >>> tuner.search()
        >>> policy = tuner.best_policies(1)[0]
    """

    def __init__(
        self,
        build_model: Any = None,
        train: Any | None = None,
        validation: Any | None = None,
        *,
        max_trials: int | None = None,
        num_ops: tuple[int, ...] = NUM_OPS,
        strengths: tuple[float, ...] = STRENGTHS,
        ops: tuple[str, ...] = RAND_AUGMENT_OPS,
        oracle: kt.Oracle | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        for op in ops:
            checks.one_of("an op", op, sorted(OPS))
        self.ops: tuple[str, ...] = tuple(ops)
        if oracle is None:
            space = rand_augment_space(num_ops=num_ops, strengths=strengths)
            oracle = GridOracle(max_trials=max_trials, hyperparameters=space, seed=seed)
        if "caps" in options:
            raise TypeError("RandAugmentTuner has one strength for all ops, and no caps")
        super().__init__(oracle, build_model, train, validation, seed=seed, **options)

    def _is_of_policy(self, name):
        return name in ("num_ops", "strength")

    def policy_of_values(self, values: dict[str, Any], **options: Any) -> Policy:
        """Returns the policy that values of hyperparameters stand for."""
        if missing := {"num_ops", "strength"} - set(values):
            raise ValueError(
                f"the hyperparameters hold no {sorted(missing)[0]}: give the oracle "
                "hyperparameters=keras_cv_extras.search.rand_augment_space()"
            )
        return rand_augment(int(values["num_ops"]), values["strength"], ops=self.ops, **options)
