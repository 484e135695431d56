"""The report of a classifier: one HTML file that needs nothing else."""

import html
from typing import Any

import numpy as np

from keras_cv_extras._base.text import pages
from keras_cv_extras.metrics import plot_reliability
from keras_cv_extras.training.evaluation import _advice, _figures

_SIDE = 112  # CSS pixels of a picture
_CONFUSED = 10  # pairs of classes that are listed
_STYLE = """
.strip { display: flex; flex-wrap: wrap; gap: 14px; margin-top: 12px; }
figure { margin: 0; width: 124px; } figure img { margin: 0; border-radius: 4px; }
figcaption { font-size: 12px; line-height: 1.35; padding-top: 4px; overflow-wrap: anywhere; }
figcaption b { color: #c2410c; font-weight: 600; }
"""


def report(
    predictions: Any,
    *,
    title: str,
    data: dict,
    settings: Any | None = None,
    log: Any = (),
    notes: Any = (),
) -> str:
    """Returns the report as HTML, pictures included.

    Args:
        predictions: `Predictions` for images that training did not see.
        title: what the report is of.
        data: names and values: what the data was.
        settings: the same for the training's settings, or None.
        log: the rows of its `CsvLog`; none where there was no training.
        notes: sentences of what should be known, such as what training waited for. What would
            help, as far as the scores and the log tell, stands before them.
    """
    scores = predictions.evaluation()
    calibration = _advice.calibration(predictions)
    facts = {
        "accuracy": _percent(scores.accuracy),
        "95 % interval": f"{_percent(scores.low)} to {_percent(scores.high)}",
        "log loss": f"{scores.log_loss:.4f}",
        "calibration error": f"{float(calibration.result()):.4f}",
        "images": f"{len(predictions.labels):,}",
        "classes": len(scores.class_names),
    }
    sections = [f"<h1>{html.escape(title)}</h1>", _facts(facts)]
    notes = [*_advice.advice(predictions, log), *notes]
    if notes:
        lines = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
        sections.append(f'<section class="verdict">{lines}</section>')
    sections += [
        pages.section(
            "Confusion",
            "Each row is a true class, each column what its images were said to be.",
            pages.figure(
                _figures.confusion_figure(scores.confusion, scores.class_names), "Confusion matrix"
            ),
            _confused(scores),
        ),
        pages.section("Classes", "", _class_table(scores)),
        pages.section(
            "Calibration",
            "How often the classifier is right when it is so sure. Bars below the diagonal mean "
            "that it is surer than it should be.",
            pages.figure(plot_reliability(calibration), "Accuracy over confidence"),
        ),
        pages.section(
            "Worst images",
            "The images whose true class got the least probability. Wrong labels are found here "
            "first.",
            _worst(predictions),
        ),
    ]
    if log:
        figure = pages.figure(_figures.curves_figure(log), "Loss and accuracy over the epochs")
        sections.append(pages.section("Learning curves", "", figure))
    sections.append(pages.section("Data", "", pages.table_of(data)))
    if settings:
        sections.append(pages.section("Settings", "", pages.table_of(settings)))
    return pages.page(title, "\n".join(sections), style=_STYLE)


def _facts(facts):
    items = "".join(
        f"<div><dt>{name}</dt><dd>{html.escape(str(value))}</dd></div>"
        for name, value in facts.items()
    )
    return f'<dl class="facts">{items}</dl>'


def _class_table(scores):
    head = "<tr><th>class</th><th>images</th><th>precision</th><th>recall</th><th>F1</th></tr>"
    lines = []
    for number in np.argsort(scores.f1, kind="stable"):
        values = (scores.precision[number], scores.recall[number], scores.f1[number])
        cells = "".join(f"<td>{value:.3f}</td>" for value in values)
        name = html.escape(scores.class_names[number])
        count = f"{int(scores.confusion[number].sum()):,}"
        lines.append(f"<tr><td>{name}</td><td>{count}</td>{cells}</tr>")
    return f"<table>{head}{''.join(lines)}</table>"


def _confused(scores):
    wrong = scores.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_CONFUSED]
    lines = []
    for true, given in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[true, given]:
            names = (html.escape(scores.class_names[k]) for k in (true, given))
            share = wrong[true, given] / scores.confusion[true].sum()
            cells = "".join(f'<td class="left">{name}</td>' for name in names)
            lines.append(f"<tr>{cells}<td>{wrong[true, given]:,}</td><td>{share:.1%}</td></tr>")
    if not lines:
        return "<p>No image was given a wrong class.</p>"
    head = '<tr><th>true</th><th class="left">given</th><th>images</th><th>of the class</th></tr>'
    return f"<table>{head}{''.join(lines)}</table>"


def _worst(predictions):
    figures = []
    names, given = predictions.class_names, predictions.given
    for place, image in predictions.pictures.items():
        true, said = predictions.labels[place], given[place]
        chances = predictions.probabilities[place]
        text = f"true {html.escape(names[true])} {chances[true]:.1%}"
        if said != true:
            text += f"<br>given <b>{html.escape(names[said])}</b> {chances[said]:.1%}"
        name = html.escape(predictions.names[place].replace("\\", "/").rpartition("/")[2])
        picture = pages.photograph(image, f"a {names[true]}", width=_SIDE)
        figures.append(
            f'<figure>{picture}<figcaption>{text}<br><span class="quiet">{name}</span>'
            "</figcaption></figure>"
        )
    return f'<div class="strip">{"".join(figures)}</div>'


def _percent(value):
    return f"{100 * value:.2f} %"
