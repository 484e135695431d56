"""Labels and partners for data in which some classes are rare."""

import dataclasses
from collections.abc import Sequence

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.label_forms import largest


@dataclasses.dataclass(frozen=True)
class MinorityLabel:
    """Gives the label of a mixed pair to its minority class, as ReMix does.

    Args:
        class_counts: how many samples each class has in the data set.
        kappa: from which ratio of their counts a class is a minority beside another.
        tau: below which share of the other's image the minority gets the whole label.
    """

    class_counts: Sequence[float]
    kappa: float = 3.0
    tau: float = 0.5

    def __post_init__(self):
        counts = tuple(checks.counts("class_counts", self.class_counts))
        object.__setattr__(self, "class_counts", counts)
        object.__setattr__(self, "kappa", checks.positive("kappa", self.kappa))
        object.__setattr__(self, "tau", checks.fraction("tau", self.tau))

    def __call__(self, shares, parts):
        """Returns the shares of two labels, given those of their images."""
        counts = ops.convert_to_tensor(self.class_counts, dtype="float32")
        own, other = (ops.take(counts, largest(part[0]), axis=0) for part in parts)
        to_other = (own >= self.kappa * other) & (shares[:, 0] < self.tau)
        to_own = (self.kappa * own <= other) & (shares[:, 1] < self.tau)
        first = ops.where(to_other, 0.0, ops.where(to_own, 1.0, shares[:, 0]))
        return ops.stack([first, 1.0 - first], axis=1)


def balanced_places(labels, draw):
    """Draws from a batch, each class in it as likely as any other.

    Args:
        labels: integers or rows of the batch.
        draw: `(batch,)`, numbers in [0, 1).

    Returns:
        `(batch,)`, int32: places in the batch.
    """
    classes = largest(labels)
    same = ops.cast(classes[:, None] == classes[None, :], "float32")
    likelihood = ops.cumsum(1.0 / ops.sum(same, axis=1))
    passed = ops.cast(draw[:, None] * likelihood[-1] >= likelihood[None, :], "int32")
    return ops.minimum(ops.sum(passed, axis=1), ops.shape(classes)[0] - 1)
