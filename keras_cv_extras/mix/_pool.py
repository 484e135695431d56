"""Partners from the whole data set."""

from typing import Any

import numpy as np
from keras import ops

from keras_cv_extras._base import engine, label_forms
from keras_cv_extras._base.draws import Draws
from keras_cv_extras._base.random import as_word
from keras_cv_extras._base.types import Images, Labels, Tensor
from keras_cv_extras.mix._batch import as_rows, given_rows

_POLICY_SEED = 0x9E3779B9  # sets the augmentation of a partner apart from the sample's own


class Pool:
    """A data set in memory that mixes draw partners from.

    A partner from the pool depends on the seed, the epoch and the number of the sample alone;
    one from the batch, on the batch too.

    Args:
        images: `(count, height, width, channels)`.
        labels: as many rows, or a pair of labels and sample weights.
        policy: None, or the policy that the pipeline augments with: a partner is augmented by
            it, independently of the image that it is mixed into.
        balanced: whether each class is drawn as often as any other, not each sample.

    Raises:
        ValueError: if `images` and `labels` do not go together.

    Example:
        >>> mix = MixUp(0.2, pool=Pool(images, labels, policy=policy), num_classes=10)
        >>> train = keras_cv_extras.data.pipeline((images, labels), 128, policy, mix)
    """

    def __init__(
        self, images: Images, labels: Labels, *, policy: Any | None = None, balanced: bool = False
    ) -> None:
        images = np.asarray(images)
        if images.ndim != 4 or 0 in images.shape:
            raise ValueError(
                "images must have shape (count, height, width, channels), received shape "
                f"{images.shape}"
            )
        rows = tuple(map(np.asarray, as_rows(labels, images, whose="labels of the pool")))
        self._given = given_rows(labels)  # a backend may know no integers of 64 bits
        self.policy: Any = policy
        self.balanced: bool = balanced
        self.count: int = len(images)
        self._images = ops.convert_to_tensor(images)
        self._rows = tuple(map(ops.convert_to_tensor, rows))
        if balanced:
            one_per_image = rows[0].ndim == 1 or rows[0].shape[-1] == 1
            classes = rows[0].ravel() if one_per_image else rows[0].argmax(-1)
            _, starts, counts = np.unique(np.sort(classes), return_index=True, return_counts=True)
            self._order = ops.convert_to_tensor(np.argsort(classes, kind="stable"), dtype="int32")
            self._starts = ops.convert_to_tensor(starts, dtype="int32")
            self._counts = ops.convert_to_tensor(counts, dtype="int32")

    def _check_classes(self, num_classes: int) -> None:
        """Raises ValueError if a label of the pool is not in [0, num_classes)."""
        label_forms.check_to_mix(self._given, num_classes, "labels of the pool")

    def places(self, draws: Draws, slot: int) -> list[Any]:
        """Draws partners for a batch; returns their places in the data set, `(batch,)`."""
        if not self.balanced:
            return _whole(draws.uniform(slot), self.count)
        group = _whole(draws.uniform(slot), self._starts.shape[0])
        size = ops.take(self._counts, group, axis=0)
        member = _whole(draws.uniform(slot + 1), size)
        return ops.take(self._order, ops.take(self._starts, group, axis=0) + member, axis=0)

    def draw(self, draws: Draws, count: int) -> list[tuple[Tensor, tuple[Tensor, ...]]]:
        """Draws partners for a batch.

        Args:
            draws: the draws of the batch.
            count: how many partners an image has.

        Returns:
            A list of `count` pairs of images and rows.
        """
        drawn = []
        for number in range(count):
            places = self.places(draws, 2 * number)
            images = engine.take(self._images, places, axis=0)
            if self.policy is not None:
                images = self.policy(
                    images,
                    seed=ops.bitwise_xor(draws.seed, as_word(_POLICY_SEED + number)),
                    epoch=draws.epoch,
                    samples=draws.samples,
                )
            drawn.append((images, tuple(engine.take(row, places, axis=0) for row in self._rows)))
        return drawn


def _whole(number, count):
    """A whole number below `count`, of one in [0, 1)."""
    scaled = ops.floor(number * ops.cast(count, "float32"))
    return ops.minimum(ops.cast(scaled, "int32"), ops.cast(count, "int32") - 1)
