"""Replaces the pooling layers of an existing model, and keeps its weights."""

from collections.abc import Callable
from typing import Any

import keras

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.layers import leaves

# For each name the classes, without their rank, that stand in for max pooling, average pooling
# and global pooling.
_POOLINGS = {
    "max": ("MaxPooling", "MaxPooling", "GlobalMaxPooling"),
    "average": ("AveragePooling", "AveragePooling", "GlobalAveragePooling"),
    "gem": ("GeneralizedMeanPooling", "GeneralizedMeanPooling", "GlobalGeneralizedMeanPooling"),
    "blur": ("MaxBlurPooling", "BlurPooling", None),
    "stochastic": ("StochasticPooling", "StochasticPooling", None),
    "soft": ("SoftPooling", "SoftPooling", None),
    "mixed": ("MixedPooling", "MixedPooling", None),
    "lp": ("LPPooling", "LPPooling", None),
}
_KINDS = ("max", "average", "global")
_KERAS = {
    getattr(keras.layers, f"{prefix}{rank}D"): (kind, rank)
    for prefix, kind in (
        ("MaxPooling", "max"),
        ("AveragePooling", "average"),
        ("GlobalMaxPooling", "global"),
        ("GlobalAveragePooling", "global"),
    )
    for rank in (1, 2, 3)
}


def replace_pooling(
    model: keras.Model,
    pooling: str | Callable[[keras.layers.Layer], keras.layers.Layer],
    *,
    which: str = "all",
    **options: Any,
) -> keras.Model:
    """Returns a copy of a model with other pooling layers and the same weights.

    Every max or average pooling layer, in nested models too, is replaced by the named one, with its
    window, strides, padding, data format, name and dtype policy; every other layer is copied with
    its weights. The model that was given stays as it is. A compiled model comes back compiled with
    the same settings and a fresh optimizer. Layers inside wrappers such as `TimeDistributed` stay.

    Args:
        model: a functional or `Sequential` model, of `keras.applications` for example.
        pooling: "max", "average", "gem", "blur" (max pooling becomes `MaxBlurPooling`, average
            pooling `BlurPooling`), "stochastic", "soft", "mixed" or "lp"; or a callable that
            takes a pooling layer and returns its replacement.
        which: the layers to replace: "max", "average", "all" for both, or "global" for the
            global ones, which "max", "average" and "gem" can stand in for.
        **options: further arguments of the named layers, such as `p=4.0` for "gem".

    Returns:
        The new model.

    Raises:
        TypeError: if the model is neither functional nor `Sequential`, or a callable returns no
            layer.
        ValueError: if the model has no such layer, or a replacement's output has another shape.

    Example:
        >>> model = keras.applications.VGG16(weights="imagenet")
        >>> model = replace_pooling(model, "blur")
    """
    functional = isinstance(model, keras.Model) and hasattr(model, "operations")
    if not functional and not isinstance(model, keras.Sequential):
        raise TypeError(
            f"model must be a functional or Sequential model, received {type(model).__name__}: "
            "the layers of a subclassed model cannot be replaced from outside"
        )
    checks.one_of("which", which, ("all", *_KINDS))
    kinds = ("max", "average") if which == "all" else (which,)
    if callable(pooling):
        if options:
            raise TypeError(f"options belong to a pooling's name, received {sorted(options)}")
    else:
        checks.one_of("pooling", pooling, tuple(_POOLINGS))
    copies, replaced = [], []

    def copy(layer):
        kind, rank = _kind_of(layer)
        if kind in kinds:
            make = pooling if callable(pooling) else _by_name(pooling, kind, rank, options)
            new = make(layer)
            _check_same_shape(layer, new)
            replaced.append(layer.name)
            return new
        new = type(layer).from_config(layer.get_config())
        copies.append((layer, new))
        return new

    clone = keras.models.clone_model(model, clone_function=copy, recursive=True)
    if not replaced:
        found = sorted({type(layer).__name__ for layer in leaves(model) if _kind_of(layer)[0]})
        raise ValueError(
            f"model has no pooling layer of the kind which={which!r}; its pooling layers are: "
            f"{', '.join(found) or 'none'}"
        )
    if model.built and not clone.built:
        clone.build_from_config(model.get_build_config())
    for old, new in copies:
        if isinstance(old, keras.layers.Layer) and old.weights:
            new.set_weights(old.get_weights())
            if isinstance(new, keras.layers.Normalization):
                new.finalize_state()  # takes the mean and variance out of the weights
    return clone


def _kind_of(layer):
    """Returns "max", "average" or "global" and the rank of a Keras pooling layer, or Nones."""
    return _KERAS.get(type(layer), (None, None))


def _by_name(name, kind, rank, options):
    """Returns what makes the named layer from a layer of Keras."""
    prefix = _POOLINGS[name][_KINDS.index(kind)]
    if prefix is None:
        able = ", ".join(repr(n) for n, prefixes in _POOLINGS.items() if prefixes[2])
        raise ValueError(
            f"pooling must be one of {able} for which='global', received {name!r}: the others "
            "work on windows"
        )

    def make(layer):
        if name in ("max", "average"):
            cls = getattr(keras.layers, f"{prefix}{rank}D")
        else:
            # Here, because the pooling layers need not load for a model that does not use them.
            from keras_cv_extras.layers import pooling

            cls = getattr(pooling, f"{prefix}{rank}D")
        names = ["keepdims"] if kind == "global" else ["pool_size", "strides", "padding"]
        kept = {key: getattr(layer, key) for key in (*names, "data_format", "name", "trainable")}
        return cls(**{**kept, "dtype": layer.dtype_policy, **options})

    return make


def _check_same_shape(old, new):
    if not isinstance(new, keras.layers.Layer):
        raise TypeError(f"pooling must return a layer for {old.name!r}, received {new!r}")
    try:
        shape = old.input.shape
    except AttributeError:
        # Keras names no input of a layer that is shared or was never called.
        return
    wanted, received = old.compute_output_shape(shape), new.compute_output_shape(shape)
    if tuple(wanted) != tuple(received):
        raise ValueError(
            f"the replacement of {old.name!r} must give the shape {tuple(wanted)}, received "
            f"{tuple(received)} from {type(new).__name__} for inputs of {tuple(shape)}"
        )
