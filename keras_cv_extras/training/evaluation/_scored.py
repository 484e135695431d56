"""The code that predictions with one and with several labels per image share."""

import csv
import dataclasses
import io
from typing import Any

import numpy as np

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.text.escapes import cell
from keras_cv_extras._base.types import Path


@dataclasses.dataclass(frozen=True, eq=False)
class Scored:
    """Probabilities for labelled images, with what is needed to look at them."""

    probabilities: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    class_names: tuple[str, ...]
    pictures: dict[int, np.ndarray] = dataclasses.field(repr=False, default_factory=dict)

    def save_csv(self, path: Path) -> None:
        """Writes a row for every image: name, what is true, what is given, all probabilities.

        Args:
            path: a CSV file; what is there is replaced if `save_csv` wrote it.

        Raises:
            OSError: if there is something else, or it cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow((*written.PREDICTIONS, *(f"p({name})" for name in self.class_names)))
        for (true, said, correct, chance), name, chances in zip(
            self._rows(), self.names, self.probabilities, strict=True
        ):
            words, numbers = map(cell, (name, true, said)), [f"{value:.6f}" for value in chances]
            writer.writerow((*words, int(correct), f"{chance:.6f}", *numbers))
        files.write_text(path, text.getvalue(), written.is_ours)

    def _rows(self) -> Any:
        """Gives of each image what is true, what is given, whether it is right, and how likely."""
        raise NotImplementedError
