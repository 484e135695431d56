"""One of several mixes for each image."""

import dataclasses
from typing import Any

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.draws import Draws
from keras_cv_extras._base.types import Images, Shape
from keras_cv_extras.mix._base import Mix, chosen
from keras_cv_extras.mix._batch import Blend
from keras_cv_extras.mix._drawing_mixes import BalancedMixUp, CutMix, MixUp

_CHOICE = 32


@dataclasses.dataclass(frozen=True)
class RandomMix(Mix):
    """Mixes each image by one of several mixes, drawn for that image.

    Args:
        mixes: the mixes to draw from. What they say of classes, smoothing and a pool is for
            this one to say.
        weights: how often each is drawn, relative to the others; None for equally often.
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool.

    Example:
        >>> mix = RandomMix([MixUp(0.2), CutMix()], rate=0.8, num_classes=10, label_smoothing=0.1)
        >>> train = keras_cv_extras.data.pipeline((images, labels), 128, mix=mix)
    """

    mixes: tuple[Any, ...] = (MixUp(), CutMix())
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(mixes=tuple(self.mixes))
        if not self.mixes or not all(isinstance(mix, Mix) for mix in self.mixes):
            raise TypeError(f"mixes must hold mixes such as MixUp(), received {self.mixes!r}")
        for mix in self.mixes:
            if isinstance(mix, RandomMix):
                raise TypeError("mixes must not hold another RandomMix: list its mixes instead")
            if mix.num_classes is not None or mix.label_smoothing or mix.pool is not None:
                raise ValueError(
                    "num_classes, label_smoothing and pool are arguments of RandomMix, not of "
                    f"the mixes inside; received {mix!r}"
                )
            if isinstance(mix, BalancedMixUp):
                mix.check_pool(self.pool)
        if self.weights is not None:
            weights = tuple(checks.non_negative("a weight", weight) for weight in self.weights)
            if len(weights) != len(self.mixes) or not sum(weights):
                raise ValueError(
                    f"weights must hold one number per mix, {len(self.mixes)}, not all of them 0; "
                    f"received {weights}"
                )
            self._set(weights=weights)

    @property
    def num_partners(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How many partners an image has at most."""
        return max(mix.num_partners for mix in self.mixes)

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws which mix each image gets."""
        weights = self.weights or (1.0,) * len(self.mixes)
        return (draws.uniform(_CHOICE) * sum(weights),)

    def plan(self, rows: Any, draws: Draws, size: Shape) -> dict[str, Any]:
        """Draws the choice, and the plans of all mixes."""
        plan = super().plan(rows, draws, size)
        plans = [mix.plan(rows, draws.apart(i), size) for i, mix in enumerate(self.mixes)]
        return {**plan, "plans": plans}

    def others(self, images: Images, rows: Any, given: Any, plan: Any) -> list[Any]:
        """Returns the partners that each mix has for a batch, a list of lists."""
        pairs = zip(self.mixes, plan["plans"], strict=True)
        return [mix.others(images, rows, given, own) for mix, own in pairs]

    def blend(self, images: Images, rows: Any, others: Any, plan: Any) -> Blend:
        """Mixes a batch as planned."""
        weights = self.weights or (1.0,) * len(self.mixes)
        (choice,), passed = plan["numbers"], 0.0
        result: Any = None
        for mix, their, own, weight in zip(self.mixes, others, plan["plans"], weights, strict=True):
            if not weight:
                continue
            blend = _padded(mix.blend(images, rows, their, own), 1 + self.num_partners)
            result = blend if result is None else _either(choice < passed, result, blend)
            passed += weight
        return chosen(result, images, plan)


def _padded(blend, count):
    """Adds parts without a share: labels of all mixes have one shape."""
    missing = count - len(blend.parts)
    shares = ops.pad(blend.shares, [[0, 0], [0, missing]]) if missing else blend.shares
    return Blend(blend.images, [*blend.parts, *[blend.parts[0]] * missing], shares)


def _either(condition, first, second):
    """Takes some of the batch from one blend, and the others from another."""

    def choose(a, b):
        return ops.where(ops.reshape(condition, (-1,) + (1,) * (len(a.shape) - 1)), a, b)

    parts = [tuple(map(choose, a, b)) for a, b in zip(first.parts, second.parts, strict=True)]
    return Blend(choose(first.images, second.images), parts, choose(first.shares, second.shares))
