"""The figures of a training's report."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keras_cv_extras._base.text.colors import LIGHT, Scheme, readable
from keras_cv_extras._base.text.escapes import label

_INK, _QUIET, _LINE = "#1f2933", "#4d5966", "#e1e6eb"
_TRAIN, _VALIDATION = "#8a97a6", "#1f6fb2"
_NUMBERED = 25  # classes up to which cells hold their numbers


def confusion_figure(confusion, class_names, scheme: Scheme = LIGHT) -> Figure:
    """Draws a confusion matrix: shares of each true class by colour, counts as numbers.

    Args:
        confusion: `(classes, classes)` counts, rows are true classes.
        class_names: the names of the classes.
        scheme: the colours of the page that it stands on.
    """
    count, names = len(class_names), [label(str(name)) for name in class_names]
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    written = count <= _NUMBERED
    margin = 0.075 * max(map(len, names)) if written else 0.0  # inches for the longest name
    side = min(max(9.0 - margin, 4.5), 2.2 + 0.42 * count)
    size = (side + margin, side + 0.75 * margin)  # names below are slanted
    figure = Figure(figsize=size, facecolor=scheme.paper, layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap=scheme.scale("blues"), vmin=0, vmax=1)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(colors=scheme.ink, length=0, labelsize=9)
    if written:
        axes.set_xticks(range(count), names, rotation=45, ha="right")
        axes.set_yticks(range(count), names)
        size = 9 if count <= 12 else 6
        for (row, column), number in np.ndenumerate(confusion):
            if number:
                color = readable(picture.to_rgba(shares[row, column]))
                style = {"ha": "center", "va": "center", "color": color, "fontsize": size}
                axes.text(column, row, f"{number:,}", **style)
    axes.set_xlabel("given", color=scheme.quiet, fontsize=9)
    axes.set_ylabel("true", color=scheme.quiet, fontsize=9)
    return figure


def curves_figure(rows) -> Figure:
    """Draws loss and accuracy, or average precision, over the epochs.

    Args:
        rows: a dictionary for every epoch, with "epoch", "loss", "accuracy" or
            "average_precision", and perhaps the same with "val_" before it.
    """
    figure = Figure(figsize=(9.0, 3.2), facecolor="white", layout="constrained")
    epochs = [int(row["epoch"]) for row in rows]
    second = "average_precision" if "average_precision" in rows[0] else "accuracy"
    for axes, name in zip(figure.subplots(1, 2), ("loss", second), strict=True):
        for key, color, title in (
            (name, _TRAIN, "training"),
            (f"val_{name}", _VALIDATION, "validation"),
        ):
            values = [float(row.get(key) or "nan") for row in rows]
            if np.isfinite(values).any():
                axes.plot(epochs, values, "o-", color=color, label=title, markersize=3, lw=1.8)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(_LINE)
        axes.tick_params(colors=_QUIET, length=0, labelsize=9)
        axes.grid(axis="y", color=_LINE)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
        axes.set_xlabel("epoch", color=_QUIET, fontsize=9)
        axes.set_title(name.replace("_", " "), color=_INK, fontsize=11, loc="left")
        axes.legend(frameon=False, fontsize=9, labelcolor=_QUIET)
    return figure
