"""Advice on what to do next, from scores and learning curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np

_SURE = 0.99  # of a wrong class, where a wrong label is likely
_OFF = 0.1  # calibration error above which probabilities mislead
_ENOUGH = 200  # images that a calibration error is judged by
_RISEN = 1.1  # times the lowest validation loss


def advice(predictions: Any, log: Sequence[dict[str, Any]] = ()) -> list[str]:
    """Returns sentences that say what would help, the most important first; none if nothing would.

    Args:
        predictions: `Predictions` for images that training did not see.
        log: the rows of the training's `CsvLog`; none where there was no training.
    """
    if predictions.labels.ndim == 2:  # several labels an image
        return _epochs(log)
    learned, lines = _learned(predictions)
    if learned:
        lines += [*_epochs(log), *_never_given(predictions)]
    sure = predictions.probabilities.max(axis=-1) >= _SURE
    suspects = int((sure & (predictions.given != predictions.labels)).sum())
    off = float(predictions.calibration.result())
    if off > _OFF and len(predictions.labels) >= _ENOUGH:
        lines.append(
            f"Its probabilities are off by {100 * off:.0f} points on average: "
            "calibrate the model when you export it."
        )
    elif suspects:
        images = f"{suspects} images are" if suspects > 1 else "One image is"
        lines.append(
            f"{images} given a wrong class with a probability above {_SURE:.0%}: look for wrong "
            "labels among the worst images."
        )
    return lines


def _learned(predictions):
    """Tells whether the classifier is better than one answer for all, and says so if it is not."""
    scores = predictions.evaluation()
    counts = scores.confusion.sum(axis=1)
    if scores.low > counts.max() / counts.sum():
        return True, []
    often = scores.class_names[int(counts.argmax())]
    return False, [
        f"It is no better than a classifier that always says {often!r}: train for more epochs; if "
        "that does not help, check the labels and the learning rate."
    ]


def _epochs(log):
    losses = np.array([float(row.get("val_loss") or "nan") for row in log])
    if len(losses) < 2 or not np.isfinite(losses).all():
        return []
    best = int(losses.argmin())
    if best == len(losses) - 1:
        return ["The validation loss was still falling at the end: train for more epochs."]
    if losses[-1] > _RISEN * losses[best]:
        return [
            f"The validation loss was lowest after epoch {best + 1} of {len(losses)} and has risen "
            "since: stronger augmentation, a smaller network or early stopping may help."
        ]
    return []


def _never_given(predictions):
    scores = predictions.evaluation()
    there, given = scores.confusion.sum(axis=1) > 0, scores.confusion.sum(axis=0) > 0
    missing = [scores.class_names[number] for number in np.flatnonzero(there & ~given)]
    if not missing:
        return []
    names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    classes = "This class is" if len(missing) == 1 else "These classes are"
    return [
        f"{classes} never predicted: {names}. Give rare classes more weight, or look at their "
        "labels."
    ]
