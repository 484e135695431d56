"""Losses of users' own, by name."""

import functools
from collections.abc import Callable
from typing import Any

from keras import ops

from keras_cv_extras._base.saved.registry import LOSSES
from keras_cv_extras.losses import _labels


def register(
    name: str, function: Callable[..., Any] | None = None, *, replace: bool = False
) -> Callable[..., Any]:
    """Registers a loss of your own, for `TrainingSettings(loss=...)` and `kcx train --loss`.

    Args:
        name: letters, digits, "-" and "."; capitals do not matter, nor does "_" for "-".
        function: a Keras loss class, or a function that makes a loss, such as
            `functools.partial(CategoricalFocal, gamma=3.0)`. It is called with
            `from_logits=True`. The loss gets labels as integers `(batch,)`, or as rows
            `(batch, classes)` of mixed images and of images with several labels; and logits
            `(batch, classes)`. Or what `per_sample` has published, with options by
            `functools.partial` or without: that gets labels as rows, and logits if it has an
            option `from_logits`, otherwise their softmax.
        replace: whether to replace another one that was registered under this name.

    Returns:
        The function; a decorator of it, if only the name is given.

    Raises:
        TypeError: if it cannot be called.
        ValueError: if the name is taken, or is not valid.

    Example:
        >>> import functools
        >>> _ = register("steep-focal", functools.partial(CategoricalFocal, gamma=3.0))
        >>> @register("brier")
        ... @per_sample()
        ... def brier(y_true, y_pred):
        ...     return keras.ops.sum((y_pred - y_true) ** 2, axis=-1)
    """
    if function is None:
        return functools.partial(register, name, replace=replace)
    own, _ = _apart(function)
    published = hasattr(own, "check") and hasattr(own, "defaults")
    LOSSES.add(name, _of_logits(function) if published else function, replace)
    return function


def _apart(function) -> tuple[Any, dict[str, Any]]:
    """Returns the function of a `functools.partial`, or of none, and the options it is given."""
    if isinstance(function, functools.partial) and not function.args:
        return function.func, function.keywords
    return function, {}


@functools.cache
def _of_logits(function):
    """Returns what makes a loss of labels in any form and of logits, of a published function."""
    own, options = _apart(function)

    def make(from_logits):
        takes = "from_logits" in own.defaults
        given = {"from_logits": from_logits, **options} if takes else options

        def loss(y_true, y_pred):
            rows = _labels.rows(ops.convert_to_tensor(y_true), y_pred)
            return own(rows, y_pred if given.get("from_logits") else ops.softmax(y_pred), **given)

        return loss

    return make
