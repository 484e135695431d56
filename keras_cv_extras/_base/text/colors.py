"""Colours of text that can be read, on light pages and on dark ones."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Scheme:
    """The colours of a heat map on a page, those of `page.css`.

    Attributes:
        paper: of the card that it stands on, and of its lowest values.
        ink: of names.
        quiet: of what is less important.
        blues, reds: of the values in the middle and of the highest.
    """

    paper: str
    ink: str
    quiet: str
    blues: tuple[str, ...]
    reds: tuple[str, ...]

    def scale(self, highest: str) -> Any:
        """Returns the colours of values, from the paper's to "blues" or "reds"."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list(highest, [self.paper, *getattr(self, highest)])


LIGHT = Scheme(
    "#ffffff", "#1f2933", "#5a6776", ("#6baed6", "#08306b"), ("#fdbb84", "#e34a33", "#7f0000")
)
DARK = Scheme(
    "#1a222a", "#e4e9ee", "#a3b0bd", ("#2171b5", "#c6dbef"), ("#8c2d04", "#e34a33", "#fee8c8")
)


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
