"""Correlations of TensorFlow Addons, which count pairs of values in a table of cells."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_cv_extras._base.saved.configs import attributes

_PACKAGE = "keras_cv_extras.compat"


class _Correlation(keras.metrics.Metric):
    """Base: counts how often a label of each row of cells met a prediction of each column.

    Args:
        actual_min: the smallest label; what lies below counts as it.
        actual_max: the largest label; what lies above counts as it.
        preds_min: the smallest prediction.
        preds_max: the largest prediction.
        actual_cutpoints: ends of cells from the smallest label to the largest.
        preds_cutpoints: ends of cells from the smallest prediction to the largest.
        name: as of every Keras metric.
        dtype: as of every Keras metric.
    """

    def __init__(
        self,
        actual_min: float = 0.0,
        actual_max: float = 1.0,
        preds_min: float = 0.0,
        preds_max: float = 1.0,
        actual_cutpoints: int = 100,
        preds_cutpoints: int = 100,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.actual_min, self.actual_max = actual_min, actual_max
        self.preds_min, self.preds_max = preds_min, preds_max
        self.actual_cutpoints, self.preds_cutpoints = actual_cutpoints, preds_cutpoints
        actual = np.linspace(actual_min, actual_max, actual_cutpoints, dtype="float32")
        preds = np.linspace(preds_min, preds_max, preds_cutpoints, dtype="float32")
        self.cuts: tuple[Any, Any] = actual, preds
        shape = actual_cutpoints - 1, preds_cutpoints - 1
        self.counts: Any = self.add_variable(shape, "zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts labels and predictions; weights take no part, as in Addons."""
        del sample_weight
        row, column = (
            ops.one_hot(_cells(values, cuts), len(cuts) - 1)
            for values, cuts in zip((y_true, y_pred), self.cuts, strict=True)
        )
        self.counts.assign_add(ops.matmul(ops.transpose(row), column))

    def sums(self) -> tuple[Any, Any, Any]:
        """Returns the counts of all rows and columns, and of all pairs."""
        counts = ops.convert_to_tensor(self.counts)
        return ops.sum(counts, axis=1), ops.sum(counts, axis=0), ops.sum(counts)

    def correlated(self, x: Any, y: Any) -> Any:
        """Returns the correlation of the places of rows with those of columns."""
        rows, columns, total = self.sums()
        x = x - ops.sum(rows * x) / total
        y = y - ops.sum(columns * y) / total
        together = ops.sum(x[:, None] * self.counts * y[None])
        scale = ops.sqrt(ops.sum(rows * x**2) * ops.sum(columns * y**2))
        return ops.clip(together / scale, -1.0, 1.0)  # rounded, it may be a little more

    def pairs(self) -> tuple[Any, Any, Any]:
        """Returns pairs in the same order less those in the opposite; not tied by row, by column.

        Two observations are a pair.
        """
        rows, columns, total = self.sums()
        counts = ops.convert_to_tensor(self.counts)
        below = ops.cumsum(ops.cumsum(counts, axis=0), axis=1)
        same = ops.sum(below[:-1, :-1] * counts[1:, 1:])
        every, by_row, by_column, by_both = (
            ops.sum(number * (number - 1)) / 2 for number in (total, rows, columns, counts)
        )
        opposite = every - by_row - by_column + by_both - same
        return same - opposite, every - by_row, every - by_column

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration."""
        names = [f"{side}_{end}" for side in ("actual", "preds") for end in ("min", "max")]
        names += ["actual_cutpoints", "preds_cutpoints"]
        return {**super().get_config(), **attributes(self, *names)}


def _cells(values, cuts):
    """Returns the number of the cell of each value."""
    flat = ops.cast(ops.reshape(ops.convert_to_tensor(values), (-1,)), "float32")
    number = ops.searchsorted(ops.convert_to_tensor(cuts), flat, side="right") - 1
    return ops.clip(number, 0, len(cuts) - 2)


@keras.saving.register_keras_serializable(_PACKAGE)
class KendallsTauB(_Correlation):
    """Kendall's tau-b: pairs in one order less those in the other, over those without ties.

    Example:
        >>> metric = KendallsTauB()
        >>> float(metric([0.1, 0.5, 0.9], [0.2, 0.4, 0.6]))
        1.0
    """

    def result(self) -> Any:
        """Returns the correlation of what was counted."""
        difference, rows, columns = self.pairs()
        return difference / (ops.sqrt(rows) * ops.sqrt(columns))


@keras.saving.register_keras_serializable(_PACKAGE)
class KendallsTauC(_Correlation):
    """Kendall's tau-c, for tables that are not square.

    Example:
        >>> metric = KendallsTauC(actual_cutpoints=4)
    """

    def result(self) -> Any:
        """Returns the correlation of what was counted."""
        rows, columns, total = self.sums()
        filled = [ops.sum(ops.cast(number > 0, "float32")) for number in (rows, columns)]
        fewer = ops.minimum(*filled)
        return 2 * self.pairs()[0] * fewer / (total**2 * (fewer - 1))


@keras.saving.register_keras_serializable(_PACKAGE)
class PearsonsCorrelation(_Correlation):
    """Pearson's correlation of the middles of cells.

    Example:
        >>> metric = PearsonsCorrelation()
    """

    def result(self) -> Any:
        """Returns the correlation of what was counted."""
        return self.correlated(*((cuts[1:] + cuts[:-1]) / 2 for cuts in self.cuts))


@keras.saving.register_keras_serializable(_PACKAGE)
class SpearmansRank(_Correlation):
    """Spearman's correlation: of ranks, those of one cell alike.

    Example:
        >>> metric = SpearmansRank()
    """

    def result(self) -> Any:
        """Returns the correlation of what was counted."""
        rows, columns, _ = self.sums()
        return self.correlated(*(ops.cumsum(number) - number / 2 for number in (rows, columns)))
