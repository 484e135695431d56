"""The report of a classifier: one HTML file that needs nothing else."""

import html
from typing import Any

import numpy as np

from keras_cv_extras._base.text import pages
from keras_cv_extras.metrics import plot_reliability
from keras_cv_extras.training.evaluation import _advice, _figures
from keras_cv_extras.training.evaluation._multilabel import MultilabelPredictions

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
    data: dict[str, Any],
    settings: Any | None = None,
    log: Any = (),
    notes: Any = (),
) -> str:
    """Returns the report as HTML, pictures included.

    Args:
        predictions: `Predictions` or `MultilabelPredictions` for images that training did not see.
        title: what the report is of.
        data: names and values: what the data was.
        settings: the same for the training's settings, or None.
        log: the rows of its `CsvLog`; none where there was no training.
        notes: sentences of what should be known, such as what training waited for. What would
            help, as far as the scores and the log tell, stands before them.
    """
    scores = predictions.evaluation()
    several = isinstance(predictions, MultilabelPredictions)
    measured = _of_labels(predictions, scores) if several else _of_classes(predictions, scores)
    facts, parts = measured
    sections = [f"<h1>{html.escape(title)}</h1>", _facts(facts)]
    notes = [*_advice.advice(predictions, log), *notes]
    if notes:
        lines = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
        sections.append(f'<section class="verdict">{lines}</section>')
    sections += parts
    if log:
        figure = pages.figure(_figures.curves_figure(log), "Loss and score over the epochs")
        sections.append(pages.section("Learning curves", "", figure))
    sections.append(pages.section("Data", "", pages.table_of(data)))
    if settings:
        sections.append(pages.section("Settings", "", pages.table_of(settings)))
    return pages.page(title, "\n".join(sections), style=_STYLE)


def _of_labels(predictions, scores):
    """Returns facts and sections for several labels per image."""
    facts = {
        "mean average precision": f"{scores.mean_average_precision:.4f}",
        "F1, mean of the classes": f"{scores.macro_f1:.4f}",
        "F1 of all labels": f"{scores.micro_f1:.4f}",
        "all labels right": _percent(scores.accuracy),
        "95 % interval": f"{_percent(scores.low)} to {_percent(scores.high)}",
        "images": f"{scores.images:,}",
        "classes": len(scores.class_names),
    }
    columns = {
        "average precision": scores.average_precision,
        "precision": scores.precision,
        "recall": scores.recall,
        "F1": scores.f1,
    }
    return facts, [
        pages.section(
            "Classes",
            "A label is given where its probability is at least a half.",
            _class_table(scores.class_names, scores.positives, columns),
        ),
        pages.section(
            "Worst images",
            "The images whose labels got the least probability. Wrong labels are found here first.",
            _worst(predictions, _labels_said),
        ),
    ]


def _of_classes(predictions, scores):
    """Returns facts and sections for one label per image."""
    calibration = predictions.calibration
    facts = {
        "accuracy": _percent(scores.accuracy),
        "95 % interval": f"{_percent(scores.low)} to {_percent(scores.high)}",
        "log loss": f"{scores.log_loss:.4f}",
        "calibration error": f"{float(calibration.result()):.4f}",
        "images": f"{len(predictions.labels):,}",
        "classes": len(scores.class_names),
    }
    columns = {"precision": scores.precision, "recall": scores.recall, "F1": scores.f1}
    images = scores.confusion.sum(axis=1)
    return facts, [
        pages.section(
            "Confusion",
            "Each row is a true class, each column what its images were said to be.",
            pages.figure(
                _figures.confusion_figure(scores.confusion, scores.class_names), "Confusion matrix"
            ),
            _confused(scores),
        ),
        pages.section("Classes", "", _class_table(scores.class_names, images, columns)),
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
            _worst(predictions, _class_said),
        ),
    ]


def _facts(facts):
    items = "".join(
        f"<div><dt>{name}</dt><dd>{html.escape(str(value))}</dd></div>"
        for name, value in facts.items()
    )
    return f'<dl class="facts">{items}</dl>'


def _class_table(class_names, images, columns):
    titles = "".join(f"<th>{title}</th>" for title in columns)
    lines = []
    for number in np.argsort(columns["F1"], kind="stable"):
        cells = "".join(f"<td>{values[number]:.3f}</td>" for values in columns.values())
        name = html.escape(class_names[number])
        lines.append(f"<tr><td>{name}</td><td>{int(images[number]):,}</td>{cells}</tr>")
    return f"<table><tr><th>class</th><th>images</th>{titles}</tr>{''.join(lines)}</table>"


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


def _worst(predictions, said):
    figures = []
    for place, image in predictions.pictures.items():
        true, text = said(predictions, place)
        name = html.escape(predictions.names[place].replace("\\", "/").rpartition("/")[2])
        picture = pages.photograph(image, f"a {true}", width=_SIDE)
        figures.append(
            f'<figure>{picture}<figcaption>{text}<br><span class="quiet">{name}</span>'
            "</figcaption></figure>"
        )
    return f'<div class="strip">{"".join(figures)}</div>'


def _class_said(predictions, place):
    """Returns the true class of an image, and what is said of it and the one given."""
    names = predictions.class_names
    true, said = predictions.labels[place], predictions.given[place]
    chances = predictions.probabilities[place]
    text = f"true {html.escape(names[true])} {chances[true]:.1%}"
    if said != true:
        text += f"<br>given <b>{html.escape(names[said])}</b> {chances[said]:.1%}"
    return names[true], text


def _labels_said(predictions, place):
    """Returns the labels of an image, and what is said of them and those given."""
    true, given = predictions.labels[place] > 0.5, predictions.given[place]
    names = predictions.names_of(true) or "none"
    text = f"true {html.escape(names)}"
    if (given != true).any():
        text += f"<br>given <b>{html.escape(predictions.names_of(given) or 'none')}</b>"
    return names, text


def _percent(value):
    return f"{100 * value:.2f} %"
