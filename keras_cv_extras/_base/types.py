"""The types that annotations name: what goes into public functions, and what comes out.

Keras gives its tensors no type that holds for every backend: what is a tensor, or becomes one, is
`Any` to a type checker. The names say what is meant.
"""

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Tensor: TypeAlias = Any
"""A tensor of Keras' backend, or an array or a list that becomes one."""

Images: TypeAlias = Any
"""Images `(height, width, channels)` or `(batch, height, width, channels)`, as a `Tensor`."""

Labels: TypeAlias = Any
"""Labels, one per image, or one row per image, as a `Tensor`."""

Numbers: TypeAlias = Any
"""One number for all images, or a `Tensor` of one per image."""

ArrayLike: TypeAlias = Any
"""An array, or what `np.asarray` makes one of: lists, tensors."""

Array: TypeAlias = np.ndarray[Any, Any]
"""A NumPy array."""

Path: TypeAlias = str | os.PathLike[str]
"""Where a file or a folder is."""

Shape: TypeAlias = tuple[int | None, ...]
"""A shape, None where a size is unknown."""

Sizes: TypeAlias = int | Sequence[int]
"""A size for all spatial axes, or one per axis."""

Color: TypeAlias = float | Sequence[float]
"""One number for all channels, or one per channel."""

Interval: TypeAlias = Sequence[float]
"""A pair: the lowest and the highest value."""

Config: TypeAlias = dict[str, Any]
"""What `get_config` returns: plain values by their names."""

Logs: TypeAlias = dict[str, Any] | None
"""What Keras gives to callbacks: metrics by their names."""

Maker: TypeAlias = Any
"""An initializer, a regularizer or a constraint: an object of Keras, its name or its config."""
