"""The report of a GAN: one HTML file that needs nothing else."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_cv_extras._base.text import pages
from keras_cv_extras._base.text.pages import number, percent
from keras_cv_extras.generative._evaluation import SCORES
from keras_cv_extras.generative._sheet import class_sheet, sheet

_LINE, _QUIET = "#1f6fb2", "#5f6c7b"
_PAIRS = 12  # nearest pairs that are shown
_COLUMNS = ("class", "trained on", "scored against", "agreement", "copies")


def gan_report(
    gan: Any,
    *,
    title: str,
    class_names: Sequence[str],
    train: Any,
    made: Any,
    scores: Any,
    memory: Any,
    useful: Any,
    parts: Any,
) -> str:
    """Returns the report as HTML, pictures included.

    Args:
        gan: the model.
        title: of the page, plain text.
        class_names: the name of each class, by its number.
        train: `(images, labels)` that it was trained on.
        made: `(images, labels)` that were scored.
        scores: the `MadeScores`.
        memory: the `Memorization`.
        useful: what `usefulness` returned.
        parts: what `train_gan` returned, or an empty list.
    """
    counts = np.bincount(train[1], minlength=gan.num_classes)
    return pages.render(
        "generative/gan/report.html",
        title=title,
        numbers={
            "images trained on": f"{len(train[1]):,}",
            "smallest class": f"{counts[counts > 0].min():,}",
            "steps": f"{int(gan.step):,}",
            "local FID": number(scores.scores["local_fid"]),
            "suspicious": percent(memory.suspicious, 1),
        },
        class_names=class_names,
        scores=scores,
        memory=memory,
        useful=useful,
        synthetic=class_sheet(gan),
        real=_real(train, gan),
        pairs=_pairs(made[0], train[0], memory, gan.value_range),
        columns=[*_COLUMNS, *(score.replace("_", " ") for score in SCORES)],
        classes=_classes(scores, class_names, counts, memory.of_classes(made[1])),
        curve=_curve(parts) if any(part.get("local_fid") is not None for part in parts) else None,
        settings={key: value for key, value in gan.get_config().items() if key != "dtype"},
    )


def _pairs(made, train, memory, value_range):
    nearest = np.argsort(memory.distances)[:_PAIRS]
    return sheet([made[nearest], train[memory.numbers[nearest]]], value_range, side=56)


def _real(train, gan, columns=10):
    """Lays out the first training images of every class."""
    images, labels = train
    rows = [images[np.flatnonzero(labels == item)[:columns]] for item in range(gan.num_classes)]
    return sheet(rows, gan.value_range)


def _classes(scores, class_names, counts, copies):
    """Returns the rows of the classes, after one of all together."""
    rows = [("all", f"{counts.sum():,}", f"{scores.num_real:,}", "", "", *_scores(scores.scores))]
    for item, values in scores.classes.items():
        of_real = values.get("num_real")
        rows.append(
            (class_names[item], f"{counts[item]:,}", "-" if of_real is None else f"{of_real:,}")
            + (number(values["agreement"]), percent(copies.get(item, np.nan), 1), *_scores(values))
        )
    return rows


def _scores(values):
    return [number(values[score], 3) for score in SCORES]


def _curve(parts):
    figure = Figure(figsize=(8.6, 3.2), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    steps = [part["step"] for part in parts]
    axes.plot(steps, [part.get("local_fid") for part in parts], "o-", color=_LINE, linewidth=2)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("step", color=_QUIET, fontsize=9)
    axes.set_ylabel("local FID", color=_QUIET, fontsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color="#e1e6eb")
    axes.tick_params(colors=_QUIET, length=0, labelsize=9)
    return figure
