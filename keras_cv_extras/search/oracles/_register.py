"""Oracles of users' own, by name."""

from collections.abc import Callable
from typing import Any

from keras_cv_extras._base.saved.registry import ORACLES


def register(
    name: str, function: Callable[..., Any] | None = None, *, replace: bool = False
) -> Callable[..., Any]:
    """Registers an oracle of your own, for `search_policy(oracle=...)` and `kcx search --oracle`.

    Args:
        name: letters, digits, "-" and "."; capitals do not matter, nor does "_" for "-".
        function: a subclass of `keras_tuner.Oracle`, or a function that makes one. It is called
            with `objective`, `max_trials`, `hyperparameters` and `seed`: the validation accuracy,
            how many policies there are to try, the space that the settings name (`policy_space`
            or `recipe_space`, of the ops that the screen has kept), and the seed of the search, 1
            in place of 0, which keras-tuner takes for any seed.
        replace: whether to replace another one that was registered under this name.

    Returns:
        The function; a decorator of it, if only the name is given.

    Raises:
        TypeError: if it cannot be called.
        ValueError: if the name is taken, or is not valid.

    Example:
        >>> import functools
        >>> _ = register("large-evolution", functools.partial(EvolutionOracle, population_size=40))
    """
    return ORACLES.add(name, function, replace)
