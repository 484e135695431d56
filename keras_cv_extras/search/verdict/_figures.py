"""The figures of a report."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from keras_cv_extras._base.text.colors import LIGHT, Scheme, readable

_INK, _QUIET, _LINE = "#1f2933", "#4d5966", "#e1e6eb"
_LEAST = 0.1  # points on either side of no effect: rounding errors are none
_SEARCHED, _CONTROL, _WON = "#1f6fb2", "#8a97a6", "#c2410c"


def arms_figure(arms, won: str) -> Figure:
    """Draws the confirmed accuracy of every arm with its interval, the best on top.

    Args:
        arms: the arms.
        won: the name of the one that won.
    """
    arms = sorted((arm for arm in arms if np.isfinite(arm.accuracy)), key=lambda arm: arm.accuracy)
    figure, axes = _axes(height=0.34 * len(arms) + 0.75)
    for row, arm in enumerate(arms):
        color = _WON if arm.name == won else _SEARCHED if arm.kind == "searched" else _CONTROL
        axes.plot([arm.low, arm.high], [row, row], color=color, linewidth=2.2, alpha=0.55)
        axes.plot(arm.accuracy, row, "o", color=color, markersize=7.5)
    axes.set_yticks(range(len(arms)), [arm.name for arm in arms])
    labels: Any = axes.get_yticklabels()
    for label, arm in zip(labels, arms, strict=True):
        label.set_color(_INK)
        label.set_weight("bold" if arm.name == won else "normal")
    axes.set_ylim(-0.6, len(arms) - 0.4)
    axes.grid(axis="x", color=_LINE)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("accuracy on the confirmation images", color=_QUIET, fontsize=9)
    return figure


def trials_figure(rows) -> Figure:
    """Draws the validation accuracy of the trials, the best so far, and the controls.

    Args:
        rows: a dictionary for each control and trial.
    """
    figure, axes = _axes(height=3.5)
    scores = np.array([row["val_accuracy"] for row in rows if row["kind"] == "trial"])
    controls = [
        (row["val_accuracy"], row["name"])
        for row in rows
        if row["kind"] == "control" and np.isfinite(row["val_accuracy"])
    ]
    numbers = np.arange(len(scores))
    finished = np.isfinite(scores)
    axes.plot(numbers[finished], scores[finished], "o", color=_SEARCHED, markersize=5.5, alpha=0.7)
    if finished.any():
        best = np.maximum.accumulate(np.where(finished, scores, -np.inf))
        axes.step(
            numbers[best > -np.inf], best[best > -np.inf], where="post", color=_SEARCHED, lw=2
        )
    for accuracy, _ in controls:
        axes.axhline(accuracy, color=_CONTROL, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlim(-0.6, max(len(scores) - 0.4, 1))
    axes.grid(axis="y", color=_LINE)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.set_xlabel("trial", color=_QUIET, fontsize=9)
    axes.set_ylabel("validation accuracy", color=_QUIET, fontsize=9)
    low, high = axes.get_ylim()
    heights = spread([accuracy for accuracy, _ in controls], 0.062 * (high - low), low, high)
    for (accuracy, name), height in zip(controls, heights, strict=True):
        axes.annotate(
            name,
            (1.0, accuracy),
            (1.025, height),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            fontsize=8.5,
            color=_QUIET,
            va="center",
            # The line ends at the name's beginning, not under it.
            arrowprops={"arrowstyle": "-", "color": _CONTROL, "linewidth": 0.7, "relpos": (0, 0.5)},
        )
    return figure


def screen_figure(screen, strengths, scheme: Scheme = LIGHT) -> Figure:
    """Draws how much accuracy every op costs at every strength, as a heat map.

    Args:
        screen: a `Screen`.
        strengths: those of its columns.
        scheme: the colours of the page that it stands on.
    """
    ops = sorted(screen.accuracy, key=lambda op: float(screen.accuracy[op].min()))
    drops = np.full((len(ops), len(strengths)), np.nan)
    for row, op in enumerate(ops):
        values = 100 * (screen.clean - screen.accuracy[op])
        drops[row, :] = values if len(values) == len(strengths) else values[0]
    figure, axes = _axes(height=0.3 * len(ops) + 0.8, width=6.4)
    figure.set_facecolor(scheme.paper)
    axes.set_facecolor(scheme.paper)
    axes.tick_params(colors=scheme.ink)
    axes.spines["bottom"].set_visible(False)
    highest = max(20.0, float(np.nanmax(drops)))
    picture = axes.imshow(drops, cmap=scheme.scale("reds"), vmin=0, vmax=highest, aspect="auto")
    for row, op in enumerate(ops):
        for column, strength in enumerate(strengths):
            kept = strength <= screen.caps[op] + 1e-9 and op not in screen.unchanged
            axes.text(
                column,
                row,
                f"{drops[row, column]:.1f}" + ("" if kept else " \N{MULTIPLICATION SIGN}"),
                ha="center",
                va="center",
                fontsize=8,
                color=readable(picture.to_rgba(drops[row, column])),
                weight="normal" if kept else "bold",
            )
    axes.set_yticks(range(len(ops)), [op.replace("_", " ") for op in ops])
    axes.set_xticks(range(len(strengths)), [f"{strength:g}" for strength in strengths])
    axes.set_xlabel("strength", color=scheme.quiet, fontsize=9)
    return figure


def effects_figure(effects) -> Figure:
    """Draws what each op is worth with its interval, the most useful on top.

    Args:
        effects: `OpEffect`s, the most useful first.
    """
    figure, axes = _axes(height=0.27 * len(effects) + 0.75)
    for row, one in enumerate(reversed(effects)):
        color = _SEARCHED if one.low > 0 else _WON if one.high < 0 else _CONTROL
        axes.plot([100 * one.low, 100 * one.high], [row, row], color=color, lw=2.2, alpha=0.55)
        axes.plot(100 * one.effect, row, "o", color=color, markersize=6)
    names = [one.op.replace("_", " ") for one in reversed(effects)]
    axes.set_yticks(range(len(effects)), names)
    axes.axvline(0.0, color=_CONTROL, linewidth=1, zorder=0)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -_LEAST), max(high, _LEAST))
    axes.set_ylim(-0.6, len(effects) - 0.4)
    axes.grid(axis="x", color=_LINE)
    axes.set_xlabel("points of validation accuracy", color=_QUIET, fontsize=9)
    return figure


def spread(heights, gap: float, low: float, high: float) -> np.ndarray:
    """Moves the heights of labels apart, as little as needed, so that none covers another.

    Args:
        heights: where the labels would like to be.
        gap: the least distance of two.
        low: the lowest place.
        high: the highest place.
    """
    order = np.argsort(heights, kind="stable")
    places = np.array(heights, "float64")
    for before, after in zip(order, order[1:], strict=False):
        places[after] = max(places[after], places[before] + gap)
    if len(places) and places[order[-1]] > high:
        places[order[-1]] = high
        for after, before in zip(order[::-1], order[-2::-1], strict=False):
            places[before] = min(places[before], places[after] - gap)
    return np.maximum(places, low) if len(places) * gap <= high - low else places


def _axes(*, height, width=9.0):
    """Returns a figure with one plain pair of axes, with room for its names; sizes in inches."""
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)
    axes.tick_params(colors=_QUIET, length=0, labelsize=9)
    axes.set_axisbelow(True)
    return figure, axes
