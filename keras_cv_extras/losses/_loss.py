"""One seam for all losses: a function gives one loss per sample, a class adds reduction and config.

    @per_sample(margin=_checks.number)
    def contrastive_loss(y_true, y_pred, *, margin=1.0): ...

    class ContrastiveLoss(FunctionLoss):
        function = contrastive_loss

The options of the function are the arguments of the class, in their order, followed by
`reduction` and `name`. Both check them by the same table.
"""

import functools
import inspect
from typing import Any

import keras
from keras import ops

from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.types import Config, Tensor

_OWN = ("reduction", "name")


def per_sample(**checks):
    """Publishes a loss function: options are checked, predictions computed in float32.

    Args:
        **checks: for options of the function, `check(name, value)` that returns the value to
            use or raises.

    Returns:
        A decorator. The published function has the check of its options as `check`.
    """

    def publish(function):
        defaults = {
            name: parameter.default
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }

        def check(options):
            return {
                name: checks[name](name, value) if name in checks else value
                for name, value in options.items()
            }

        @functools.wraps(function)
        def loss(y_true, y_pred, **options):
            return function(tensors(y_true), tensors(y_pred, floats), **check(options))

        loss.check = check
        loss.defaults = defaults
        return loss

    return publish


def tensors(values, convert=ops.convert_to_tensor):
    """Returns a tensor, or a tuple of them for a tuple or list of tensors."""
    if isinstance(values, (tuple, list)) and values and len(getattr(values[0], "shape", ())):
        return tuple(map(convert, values))
    return convert(values)


class FunctionLoss(keras.losses.Loss):
    """Base of the losses: the options of `function`, a reduction and a name.

    A subclass names its `function`, and is registered for saving under its own name. It gives
    `argument_order` where another order of the arguments is known to users.
    """

    function = None
    argument_order = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable("keras_cv_extras")(cls)
        function = cls.function
        cls.function = staticmethod(function)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        defaults = {**function.defaults, "reduction": "sum_over_batch_size", "name": None}
        cls.__signature__ = inspect.Signature(
            [
                inspect.Parameter(name, kind, default=defaults[name])
                for name in cls.argument_order or defaults
            ]
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Labels go through the dtype of a loss: half precision would change classes above 256.
        dtype = "float64" if keras.config.floatx() == "float64" else "float32"
        try:
            bound = type(self).__signature__.bind(*args, **kwargs)
        except TypeError as error:
            wanted = ", ".join(type(self).__signature__.parameters)
            raise TypeError(f"{type(self).__name__}: {error}; its arguments are {wanted}") from None
        bound.apply_defaults()
        own = {name: bound.arguments.pop(name) for name in _OWN}
        own["name"] = own["name"] or self.function.__name__
        super().__init__(dtype=dtype, **own)
        self.options = self.function.check(bound.arguments)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns one loss per sample."""
        return self.function(y_true, y_pred, **self.options)

    def get_config(self) -> Config:
        """Returns the configuration."""
        return {**super().get_config(), **self.options}
