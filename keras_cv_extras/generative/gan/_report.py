"""The report of a GAN: one HTML file that needs nothing else."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_cv_extras._base.text import pages
from keras_cv_extras._base.text.pages import number, percent
from keras_cv_extras.generative._evaluation import SCORES
from keras_cv_extras.generative._sheet import sheet
from keras_cv_extras.generative.gan._training import has_collapsed

_LINE, _QUIET = "#1f6fb2", "#5f6c7b"
_PAIRS = 12  # nearest pairs that are shown
_COPIED = 0.02  # share of likely copies above which something is said
_SHOWN = 10  # images of a class
_OF_KERAS = ("name", "trainable", "dtype")  # settings of any model
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
        scores=scores,
        memory=memory,
        useful=useful,
        advice=_advice(scores, memory, useful, parts),
        rows=list(zip(class_names, *_strips(gan, train), strict=True)),
        pairs=_pairs(made[0], train[0], memory, gan.value_range),
        columns=[*_COLUMNS, *(score.replace("_", " ") for score in SCORES)],
        classes=_classes(
            scores, class_names, counts, memory.of_classes(made[1]), memory.suspicious
        ),
        curve=_curve(parts) if any(part.get("local_fid") is not None for part in parts) else None,
        settings={key: of for key, of in gan.get_config().items() if key not in _OF_KERAS},
    )


def _pairs(made, train, memory, value_range):
    nearest = np.argsort(memory.distances)[:_PAIRS]
    return sheet([made[nearest], train[memory.numbers[nearest]]], value_range, side=56, clear=True)


def _strips(gan, train):
    """Returns for each class a row of synthetic images, and one of its first training images."""
    images, labels = train
    classes, numbers = np.arange(gan.num_classes), np.arange(_SHOWN)
    made = gan.generate(classes.repeat(_SHOWN), numbers=np.tile(numbers, gan.num_classes), seed=0)
    real = [images[np.flatnonzero(labels == item)[:_SHOWN]] for item in classes]
    for rows in (np.split(made, gan.num_classes), real):
        yield [sheet([row], gan.value_range, side=40, clear=True) for row in rows]


def _advice(scores, memory, useful, parts):
    """Returns what should be done, the most important first, and what the images are worth."""
    lines = []
    if has_collapsed(scores.scores):
        lines.append(
            "It has collapsed: the images look real but are nearly all alike. Do not use them: "
            "train again with another seed, more real images or another --loss."
        )
    losses = [part["local_fid"] for part in parts if part.get("local_fid") is not None]
    if len(losses) > 1 and losses[-1] == min(losses) and not lines:
        lines.append("Its images were still getting better at the end: train for more steps.")
    if memory.suspicious > _COPIED:
        lines.append(
            f"{percent(memory.suspicious, 1)} of the images may be copies of training images, "
            "where 1 % would be chance: look at the pairs below before you give any away."
        )
    made, real = useful["made_on_real"], useful["real_on_real"]
    line = (
        f"A classifier that is trained on synthetic images alone gets {percent(made, 1)} of the "
        f"real test images right; on real ones alone, {percent(real, 1)}."
    )
    if made < real:
        line += (
            " They do not stand in for real ones: for rare classes, first draw the real images "
            "more often (kcx.data.BalancedSource), and compare."
        )
    return [*lines, line]


def _classes(scores, class_names, counts, copies, suspicious):
    """Returns the rows of the classes, after one of all together."""
    rows = [
        ("all", f"{counts.sum():,}", f"{scores.num_real:,}", "-", percent(suspicious, 1))
        + tuple(_scores(scores.scores))
    ]
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
