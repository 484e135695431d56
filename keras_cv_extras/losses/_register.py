"""Losses of users' own, by name."""

from collections.abc import Callable
from typing import Any

from keras_cv_extras._base.saved.registry import LOSSES


def register(
    name: str, function: Callable[..., Any], *, replace: bool = False
) -> Callable[..., Any]:
    """Registers a loss of your own, for `TrainingSettings(loss=...)` and `kcx train --loss`.

    Args:
        name: letters, digits, "-" and "."; capitals do not matter, nor does "_" for "-".
        function: a Keras loss class, or a function that makes a loss, such as
            `functools.partial(CategoricalFocal, gamma=3.0)`. It is called with
            `from_logits=True`. The loss gets labels as integers `(batch,)`, or as rows
            `(batch, classes)` of mixed images and of images with several labels; and logits
            `(batch, classes)`.
        replace: whether to replace another one that was registered under this name.

    Returns:
        The function.

    Raises:
        TypeError: if it cannot be called.
        ValueError: if the name is taken, or is not valid.

    Example:
        >>> import functools
        >>> _ = register("steep-focal", functools.partial(CategoricalFocal, gamma=3.0))
    """
    return LOSSES.add(name, function, replace)
