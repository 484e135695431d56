"""Colours of text that can be read."""

from typing import Any

import numpy as np


def readable(color: Any) -> str:
    """Returns black or white, whichever stands out more from a background.

    Args:
        color: red, green and blue in [0, 1]; more, such as alpha, is left out.

    References:
        [Contrast ratio](https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio).
    """
    return "#ffffff" if contrast((1, 1, 1), color) > contrast((0, 0, 0), color) else "#000000"


def contrast(one: Any, other: Any) -> float:
    """Returns the contrast ratio of two colours, from 1 to 21.

    Args:
        one: red, green and blue in [0, 1].
        other: the same.
    """
    channels = np.array([one[:3], other[:3]], "float64")
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = np.sort(linear @ (0.2126, 0.7152, 0.0722))
    return float((light + 0.05) / (dark + 0.05))
