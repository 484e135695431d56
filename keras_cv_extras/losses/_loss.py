"""How losses are made: a function of one loss per sample, and a class that adds the reduction.

    @per_sample(margin=_checks.number)
    def contrastive_loss(y_true, y_pred, *, margin=1.0): ...

    class ContrastiveLoss(FunctionLoss):
        function = contrastive_loss

The options of the function are the arguments of the class, in their order, followed by
`reduction` and `name`. Both check them by the same table, and the docstring of the class takes the
function's descriptions of them, unless it has its own. What many losses have is described here.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar, ParamSpec, Protocol, cast

import keras
from keras import ops

from keras_cv_extras._base import label_forms, saved
from keras_cv_extras._base.checks import integer
from keras_cv_extras._base.numbers import floats
from keras_cv_extras._base.text import docstrings
from keras_cv_extras._base.text.signatures import ClassSignature
from keras_cv_extras._base.types import Config, Tensor
from keras_cv_extras.losses import _labels

_OWN = ("reduction", "name")
_DESCRIBED = {
    "from_logits": "whether `y_pred` holds logits.",
    "label_smoothing": "share of every label that all classes get in equal parts, in [0, 1].",
    "gather_across_replicas": "whether to compare with the samples of all replicas.",
    "reduction": "as for every Keras loss.",
    "name": "as for every Keras loss.",
    "ignore_class": "None, or the class of samples that do not count, such as -1 or 255.",
}
_RETURNS = "One loss per sample, `(...)`."

P = ParamSpec("P")


class LossFunction(Protocol[P]):
    """What `per_sample` publishes: a function with the checks and the defaults of its options."""

    __name__: str
    check: Callable[[dict[str, Any]], dict[str, Any]]
    defaults: dict[str, Any]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        """Returns one loss per sample."""


def per_sample(
    **checks: Callable[[str, Any], Any],
) -> Callable[[Callable[P, Tensor]], LossFunction[P]]:
    """Publishes a loss function of your own: options are checked, predictions computed in float32.

    A class of two lines around it, a `FunctionLoss`, gives it a reduction, sample weights, masks
    and a place in saved models.

    Args:
        **checks: for options of the function, `check(name, value)` that returns the value to
            use or raises.

    Returns:
        A decorator of a function of `y_true`, `y_pred` and options that can be given by their
        names only. It computes in `keras.ops`, and returns one loss per sample. The published
        function has the check of its options as `check`.

    Example:
        >>> @per_sample()
        ... def log_cosh_error(y_true, y_pred, *, scale=1.0):
        ...     return keras.ops.mean(keras.ops.log(keras.ops.cosh((y_pred - y_true) / scale)), -1)
        >>> @keras.saving.register_keras_serializable("mine")
        ... class LogCoshError(FunctionLoss):
        ...     function = log_cosh_error
        >>> LogCoshError(scale=2.0).get_config()["scale"]
        2.0
    """

    def publish(function: Callable[P, Tensor]) -> LossFunction[P]:
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
            given: Any = function  # `P` says nothing of its first two arguments
            y_true, y_pred = tensors(y_true), tensors(y_pred, floats)
            for tensor in keras.tree.flatten(y_pred):
                if len(tensor.shape) > 1 and tensor.shape[-1] == 0:
                    raise ValueError(
                        "y_pred must not be empty along its last axis, received shape "
                        f"{tuple(tensor.shape)}"
                    )
            return given(y_true, y_pred, **check(options))

        if function.__doc__:
            loss.__doc__ = docstrings.completed(
                function.__doc__, inspect.signature(function).parameters, _DESCRIBED, _RETURNS
            )
        published = cast("LossFunction[P]", loss)
        published.check = check
        published.defaults = defaults
        return published

    return publish


def _dense(values):
    """Returns a tensor, one of TensorFlow's sparse ones filled with zeros."""
    return label_forms.tensor(values)


def tensors(values, convert=_dense):
    """Returns a tensor, or a tuple of them for a tuple or list of tensors."""
    label_forms.check_numbers(values)
    if isinstance(values, (tuple, list)) and values and len(getattr(values[0], "shape", ())):
        return tuple(map(convert, values))
    return convert(values)


class WeightedLoss(keras.losses.Loss):
    """Base of the losses: a sample of weight 0, or behind a mask, may have any label.

    Keras multiplies the loss of such a sample by 0, which leaves a NaN a NaN, and its gradient
    too. Here its label is replaced before the loss is computed.
    """

    #: Whether samples are compared by their labels, so that none may be replaced.
    compares_labels: ClassVar[bool] = False
    #: The class of samples that do not count, or None.
    ignore_class: int | None = None

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """Returns the reduced loss, as every Keras loss does."""
        label_forms.check_numbers([y_true, y_pred, sample_weight])
        if self.ignore_class is not None and _labels.are_classes(*map(tensors, (y_true, y_pred))):
            sample_weight = self._without_ignored(y_true, sample_weight)
        for condition in (getattr(y_pred, "_keras_mask", None), sample_weight):
            if condition is not None and not self.compares_labels:
                counts = ops.not_equal(ops.convert_to_tensor(condition), 0)
                replace = functools.partial(where_counted, counts=counts)
                y_true = keras.tree.map_structure(replace, y_true)
        if not self.compares_labels:
            return super().__call__(y_true, y_pred, sample_weight)
        # Keras would turn labels into floats, in which numbers above 2**24 become one another.
        exact: Any = object.__new__(type(self))
        exact.__dict__.update(self.__dict__, call=lambda _, y_pred: self.call(y_true, y_pred))
        return keras.losses.Loss.__call__(exact, (), y_pred, sample_weight)

    def _without_ignored(self, y_true, sample_weight):
        """Returns weights of 0 for ignored samples; a mean is one over those that count."""
        counts = ops.not_equal(ops.convert_to_tensor(y_true), self.ignore_class)
        weights = ops.cast(counts, self.dtype)
        if self.reduction in ("mean", "sum_over_batch_size"):
            weights = ops.divide_no_nan(weights, ops.mean(weights))
        if sample_weight is None:
            return weights
        given = ops.cast(ops.convert_to_tensor(sample_weight), self.dtype)
        missing = len(weights.shape) - len(given.shape)
        return weights * ops.reshape(given, (*ops.shape(given), *(1,) * missing))


def where_counted(labels, counts):
    """Returns labels, 1 in place of those that do not count, which every loss here takes.

    Args:
        labels: `(batch, ...)`.
        counts: booleans, of the shape of the first axes of `labels`, a last axis of 1 apart.
    """
    labels = ops.convert_to_tensor(labels)
    missing = len(labels.shape) - len(counts.shape)
    if missing < 0 and counts.shape[-1] == 1:
        counts, missing = ops.squeeze(counts, axis=-1), missing + 1
    if missing < 0:
        return labels
    counts = ops.reshape(counts, (*ops.shape(counts), *(1,) * missing))
    return ops.where(counts, labels, ops.ones_like(labels))


class FunctionLoss(WeightedLoss):
    """Base of the losses that a function gives: its options, a reduction and a name.

    A subclass names its `function`, and is registered for saving under its own name, unless a loss
    of this package has that name. It gives `argument_order` where another order of the arguments is
    known to users. One that `reads_classes` takes `ignore_class` as its last argument.

    Example:
        >>> @per_sample()
        ... def squared_error(y_true, y_pred):
        ...     return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)
        >>> @keras.saving.register_keras_serializable("mine")
        ... class SquaredError(FunctionLoss):
        ...     function = squared_error
        >>> float(SquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
        5.0
    """

    function: ClassVar[Any] = None
    argument_order: ClassVar[tuple[str, ...] | None] = None
    __signature__: ClassVar[Any]
    reads_classes: ClassVar[bool] = False
    #: Whether predictions must be cosines, as `layers.CosineDense` gives them.
    takes_cosines: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if saved.may_have(cls.__name__, cls.__module__):
            keras.saving.register_keras_serializable("keras_cv_extras")(cls)
        function = cls.function
        cls.function = staticmethod(function)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        defaults = {**function.defaults, "reduction": "sum_over_batch_size", "name": None}
        order = [*(cls.argument_order or defaults)]
        if cls.reads_classes:
            defaults["ignore_class"] = None
            order.append("ignore_class")
        parameters = [inspect.Parameter(name, kind, default=defaults[name]) for name in order]
        cls.__signature__ = ClassSignature(inspect.Signature(parameters))
        cls.__doc__ = _completed(cls.__doc__, function.__doc__, order)

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
        ignored = bound.arguments.pop("ignore_class", None)
        self.ignore_class: int | None = (
            None if ignored is None else integer("ignore_class", ignored)
        )
        self.options: Any = self.function.check(bound.arguments)

    def __getattr__(self, name: str) -> Any:
        """Returns an option as an attribute: `loss.margin`."""
        options = self.__dict__.get("options", {})
        if name in options:
            return options[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns one loss per sample."""
        return self.function(y_true, y_pred, **self.options)

    def get_config(self) -> Config:
        """Returns the configuration."""
        ignored = {"ignore_class": self.ignore_class} if self.reads_classes else {}
        return {**super().get_config(), **self.options, **ignored}


def _completed(docstring, of_function, names):
    """Returns the docstring of a class, with all of its arguments in their order."""
    summary, of_options = docstrings.parted(of_function)
    known = {**_DESCRIBED, **docstrings.texts(of_options.get("Args"))}
    return docstrings.completed(docstring or summary, names, known)
