"""The report of a classifier: one HTML file that needs nothing else."""

from typing import Any

import numpy as np

from keras_cv_extras._base.text import pages
from keras_cv_extras._base.text.colors import DARK, LIGHT
from keras_cv_extras._base.text.pages import percent
from keras_cv_extras.metrics import plot_reliability
from keras_cv_extras.training.evaluation import _advice, _figures
from keras_cv_extras.training.evaluation._multilabel import MultilabelPredictions

_CONFUSED = 10  # pairs of classes that are listed


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
        notes: sentences to show, such as what training waited for. Advice from the scores and the
            log precedes them.

    Example:
        >>> found = predict(model, (images, labels), tuple("abcdefghij"))
        >>> page = report(found, title="Photographs", data={"images": 96})
    """
    several = isinstance(predictions, MultilabelPredictions)
    measured = _of_labels(predictions) if several else _of_classes(predictions)
    return pages.render(
        "training/evaluation/report.html",
        title=title,
        notes=[*_advice.advice(predictions, log), *notes],
        worst=[
            (image, *said, predictions.names[place].replace("\\", "/").rpartition("/")[2])
            for place, image in predictions.pictures.items()
            for said in [(_labels_said if several else _class_said)(predictions, place)]
        ],
        curves=_figures.curves_figure(log) if log else None,
        data=data,
        settings=settings,
        **measured,
    )


def _of_labels(predictions):
    """Returns what the page shows of several labels per image."""
    scores = predictions.evaluation()
    columns = {
        "average precision": scores.average_precision,
        "precision": scores.precision,
        "recall": scores.recall,
        "F1": scores.f1,
    }
    return {
        "numbers": {
            "mean average precision": f"{scores.mean_average_precision:.4f}",
            "F1, mean of the classes": f"{scores.macro_f1:.4f}",
            "F1 of all labels": f"{scores.micro_f1:.4f}",
            "all labels right": percent(scores.accuracy),
            "95 % interval": f"{percent(scores.low)} to {percent(scores.high)}",
            "images": f"{scores.images:,}",
            "classes": len(scores.class_names),
        },
        "confusion": None,
        "reliability": None,
        **_classes(scores, scores.positives, columns),
    }


def _of_classes(predictions):
    """Returns what the page shows of one label per image."""
    scores, calibration = predictions.evaluation(), predictions.calibration
    columns = {"precision": scores.precision, "recall": scores.recall, "F1": scores.f1}
    return {
        "numbers": {
            "accuracy": percent(scores.accuracy),
            "95 % interval": f"{percent(scores.low)} to {percent(scores.high)}",
            "log loss": f"{scores.log_loss:.4f}",
            "calibration error": f"{float(calibration.result()):.4f}",
            "images": f"{len(predictions.labels):,}",
            "classes": len(scores.class_names),
        },
        "confusion": [
            _figures.confusion_figure(scores.confusion, scores.class_names, scheme)
            for scheme in (LIGHT, DARK)
        ],
        "confused": _confused(scores),
        "reliability": plot_reliability(calibration),
        **_classes(scores, scores.confusion.sum(axis=1), columns),
    }


def _classes(scores, images, columns):
    """Returns the columns and the rows of the classes, the worst first."""
    rows = [
        (scores.class_names[k], f"{images[k]:,.0f}", *(f"{of[k]:.3f}" for of in columns.values()))
        for k in np.argsort(columns["F1"], kind="stable")
    ]
    return {"columns": list(columns), "classes": rows}


def _confused(scores):
    """Returns true class, given class, images and share, the most images first."""
    wrong = scores.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_CONFUSED]
    rows = []
    for true, given in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[true, given]:
            names = scores.class_names[true], scores.class_names[given]
            share = wrong[true, given] / scores.confusion[true].sum()
            rows.append((*names, f"{wrong[true, given]:,}", percent(share, 1)))
    return rows


def _class_said(predictions, place):
    """Returns the true class of an image and its chance, and those of another that was given."""
    names = predictions.class_names
    true, said = predictions.labels[place], predictions.given[place]
    chances = predictions.probabilities[place]
    other = ("", "") if said == true else (names[said], percent(chances[said], 1))
    return names[true], percent(chances[true], 1), *other


def _labels_said(predictions, place):
    """Returns the labels of an image, and those given if they are others."""
    true, given = predictions.labels[place] > 0.5, predictions.given[place]
    other = (predictions.names_of(given) or "none") if (given != true).any() else ""
    return predictions.names_of(true) or "none", "", other, ""
