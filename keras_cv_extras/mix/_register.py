"""Mixes of users' own, by name."""

from collections.abc import Callable
from typing import Any

from keras_cv_extras._base.saved.registry import MIXES


def register(
    name: str, function: Callable[..., Any] | None = None, *, replace: bool = False
) -> Callable[..., Any]:
    """Registers a mix of your own, for `TrainingSettings(mix=...)` and `kcx train --mix`.

    Args:
        name: letters, digits, "-" and "."; capitals do not matter, nor does "_" for "-".
        function: a subclass of `Mix`, or a function that makes a mix, such as
            `functools.partial(MixUp, alpha=0.4)`. It is called with `num_classes`.
        replace: whether to replace another one that was registered under this name.

    Returns:
        The function; a decorator of it, if only the name is given.

    Raises:
        TypeError: if it cannot be called.
        ValueError: if the name is taken, or is not valid.

    Example:
        >>> import functools
        >>> _ = register("strong-mixup", functools.partial(MixUp, alpha=1.0))
    """
    return MIXES.add(name, function, replace)
