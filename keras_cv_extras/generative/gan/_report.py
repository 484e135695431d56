"""The report of a GAN: one HTML file that needs nothing else."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_cv_extras._base.text import pages
from keras_cv_extras.generative._evaluation import SCORES
from keras_cv_extras.generative._sheet import class_sheet, sheet

_LINE, _QUIET = "#1f6fb2", "#5f6c7b"
_PAIRS = 12  # nearest pairs that are shown


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
    verdict = (
        "A classifier that is trained on synthetic images alone gets "
        f"{_percent(useful['made_on_real'])} of the real test images right; on real ones alone, "
        f"{_percent(useful['real_on_real'])}."
    )
    facts = {
        "images trained on": f"{len(train[1]):,}",
        "smallest class": f"{counts[counts > 0].min():,}",
        "steps": f"{int(gan.step):,}",
        "local FID": _number(scores.scores["local_fid"], 2),
        "suspicious": _percent(memory.suspicious),
    }
    sections = [
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="quiet">Scores are measured by {html.escape(scores.network)}, a network '
        "trained on the real images at hand. They are not the FID and KID of papers, and only "
        "numbers of the same network and of as many images are to be compared.</p>",
        f'<section class="verdict"><p>{html.escape(verdict)}</p></section>',
        '<dl class="facts">'
        + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
        + "</dl>",
        pages.section(
            "Synthetic images",
            "A row for each class: " + html.escape(", ".join(map(str, class_names))) + ".",
            _picture(class_sheet(gan), "Synthetic images, a row for each class"),
        ),
        pages.section(
            "Real images",
            "Of the same classes, in the same order; of one with fewer than ten all that there "
            "are.",
            _picture(_real(train, gan), "Real images, a row for each class"),
        ),
        pages.section(
            "Every class",
            f"{scores.num_made:,} synthetic images against {scores.num_real:,} real ones that the "
            "generator was not trained on. Agreement is the share of the synthetic images that the "
            "network gives the class they were made for. A score that has too few images on "
            "either side to mean anything is left out. Copies are the share that is nearer to a "
            "training image than 99 % of held-out real images are.",
            _class_table(scores, class_names, counts, memory.of_classes(made[1])),
        ),
        pages.section(
            "Copies",
            f"{_percent(memory.suspicious)} of the synthetic images are nearer to a training image "
            "than 99 % of held-out real images are; of new images it would be 1 %. The median "
            f"distance is {memory.median_ratio:.2f} of theirs. The nearest pairs, made above, "
            "training image below:",
            _picture(_pairs(made[0], train[0], memory, gan.value_range), "Nearest pairs"),
        ),
        pages.section(
            "Usefulness",
            "The same small network, trained for equally many steps.",
            _useful_table(useful),
        ),
    ]
    if any(part.get("local_fid") is not None for part in parts):
        sections.append(
            pages.section(
                "Over training",
                "Local FID of 1,000 synthetic images after each part of the training.",
                pages.figure(_curve(parts), "Local FID over training steps"),
            )
        )
    settings = {key: value for key, value in gan.get_config().items() if key != "dtype"}
    sections.append(pages.section("Settings", "", pages.table_of(settings)))
    return pages.page(title, "\n".join(sections))


def _picture(picture, description):
    return pages.photograph(picture, description, width=min(860, picture.shape[1]))


def _pairs(made, train, memory, value_range):
    nearest = np.argsort(memory.distances)[:_PAIRS]
    return sheet([made[nearest], train[memory.numbers[nearest]]], value_range, side=56)


def _real(train, gan, columns=10):
    """Lays out the first training images of every class."""
    images, labels = train
    rows = [images[np.flatnonzero(labels == item)[:columns]] for item in range(gan.num_classes)]
    return sheet(rows, gan.value_range)


def _class_table(scores, class_names, counts, copies):
    head = "".join(
        f"<th>{name}</th>"
        for name in (
            "class",
            "trained on",
            "scored against",
            "agreement",
            "copies",
            *(s.replace("_", " ") for s in SCORES),
        )
    )
    lines = [_row("all", counts.sum(), scores.num_real, "", "", scores.scores, won=True)]
    for item, values in scores.classes.items():
        agreement = f"{values['agreement']:.2f}"
        of_real = values.get("num_real")
        share = _percent(copies[item]) if item in copies else "-"
        lines.append(_row(class_names[item], counts[item], of_real, agreement, share, values))
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _row(name, count, of_real, agreement, copies, values, won=False):
    against = "-" if of_real is None else f"{of_real:,}"
    cells = [html.escape(str(name)), f"{count:,}", against, agreement, copies]
    cells += [_number(values[score], 3) for score in SCORES]
    style = " class=won" if won else ""
    return f"<tr{style}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _number(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def _useful_table(useful):
    names = {
        "real_on_real": "trained on real, tested on real images",
        "made_on_real": "trained on synthetic, tested on real images",
        "real_on_made": "trained on real, tested on synthetic images",
    }
    lines = "".join(
        f"<tr><td>{text}</td><td>{_percent(useful[name])}</td></tr>" for name, text in names.items()
    )
    return f"<table><tr><th></th><th>accuracy</th></tr>{lines}</table>"


def _curve(parts):
    figure = Figure(figsize=(8.6, 3.2), facecolor="white")
    axes = figure.add_axes((0.08, 0.17, 0.89, 0.78))
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


def _percent(value):
    return f"{100 * value:.1f} %"
