"""Mixes that draw for themselves who is mixed with whom, and how much."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

from keras import ops

from keras_cv_extras._base import checks
from keras_cv_extras._base.draws import Draws
from keras_cv_extras._base.types import Images, Numbers, Shape, Tensor
from keras_cv_extras.mix import _kernels
from keras_cv_extras.mix._base import Mix
from keras_cv_extras.mix._long_tail import MinorityLabel, balanced_places
from keras_cv_extras.mix._masks import fourier_masks
from keras_cv_extras.mix._pool import Pool

# The slots that the mixes draw from.
_WEIGHT, _X, _Y, _CLASS, _NOISE = 32, 33, 34, 35, 64


@dataclasses.dataclass(frozen=True)
class MixUp(Mix):
    """Blends each image and its label with those of a partner.

    Args:
        alpha: both parameters of the beta distribution of the weight, above 0. 0.2 is usual on
            ImageNet, 1 on CIFAR.
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool.

    References:
        [mixup](https://arxiv.org/abs/1710.09412)

    Example:
        >>> mix = MixUp(0.2, num_classes=10)
        >>> images, labels = mix(images, labels, seed=7, epoch=0)
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(alpha=checks.positive("alpha", self.alpha))

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws the weights."""
        return (draws.beta(_WEIGHT, self.alpha, self.alpha),)

    def mix(self, images: Images, others: Any, weight: Numbers) -> tuple[Tensor, Tensor]:
        """Returns blended images and their shares."""
        return _kernels.mixup(images, others, weight)


@dataclasses.dataclass(frozen=True)
class CutMix(Mix):
    """Puts a box of a partner over each image.

    Args:
        alpha: both parameters of the beta distribution of the box's share, above 0.
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool.

    References:
        [CutMix](https://arxiv.org/abs/1905.04899)

    Example:
        >>> images, labels = CutMix(num_classes=10)(images, labels, seed=7, epoch=0)
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(alpha=checks.positive("alpha", self.alpha))

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws the shares and positions of the boxes."""
        weight = draws.beta(_WEIGHT, self.alpha, self.alpha)
        return weight, draws.uniform(_X), draws.uniform(_Y)

    def mix(
        self, images: Images, others: Any, weight: Numbers, x: Numbers, y: Numbers
    ) -> tuple[Tensor, Tensor]:
        """Returns images with a box of the partner, and their shares."""
        return _kernels.cutmix(images, others, weight, x, y)


@dataclasses.dataclass(frozen=True)
class FMix(Mix):
    """Puts a partner over smooth random patches of each image.

    Args:
        alpha: both parameters of the beta distribution of the patches' share, above 0.
        decay: how smooth the patches are, above 0.
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool.

    References:
        [FMix](https://arxiv.org/abs/2002.12047)

    Example:
        >>> images, labels = FMix(num_classes=10)(images, labels, seed=7, epoch=0)
    """

    alpha: float = 1.0
    decay: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(alpha=checks.positive("alpha", self.alpha))
        self._set(decay=checks.positive("decay", self.decay))

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws the masks of the patches."""
        weight = draws.beta(_WEIGHT, self.alpha, self.alpha)
        return (fourier_masks(size, weight, draws, _NOISE, decay=self.decay),)

    def mix(self, images: Images, others: Any, mask: Any) -> tuple[Tensor, Tensor]:
        """Returns images with patches of the partner, and their shares."""
        return _kernels.fmix(images, others, mask)


@dataclasses.dataclass(frozen=True)
class Mosaic(Mix):
    """Joins four images in a point that is drawn for each.

    Args:
        centre: `(low, high)`: where the point lies, as fractions of both sides.
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool.

    References:
        The mosaic of [YOLOv4](https://arxiv.org/abs/2004.10934), without its change of scale.

    Example:
        >>> images, labels = Mosaic(num_classes=10)(images, labels, seed=7, epoch=0)
    """

    centre: tuple[float, float] = (0.25, 0.75)

    num_partners: ClassVar[int] = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(centre=checks.interval("centre", self.centre, low=0, high=1))

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws the points."""
        low, high = self.centre
        return tuple(low + (high - low) * draws.uniform(slot) for slot in (_X, _Y))

    def mix(self, images: Images, others: Any, x: Numbers, y: Numbers) -> tuple[Tensor, Tensor]:
        """Returns images of four parts, and their shares."""
        return _kernels.mosaic(images, others, x, y)


@dataclasses.dataclass(frozen=True)
class SamplePairing(Mix):
    """Blends each image with a partner, and keeps its own label.

    Training accuracy is low by design: half of every image is another's. Give it a `schedule`, and
    validate without it.

    Args:
        weight: share of the partner, in [0, 1].
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool. The paper draws
            partners from the whole data set, augmented by themselves: see `Pool`.

    References:
        [SamplePairing](https://arxiv.org/abs/1801.02929)

    Example:
        >>> mix = SamplePairing(schedule=Schedule(num_epochs=100, warmup=10))
        >>> images, labels = mix(images, labels, seed=7, epoch=20)
    """

    weight: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(weight=checks.fraction("weight", self.weight))

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Returns the weights."""
        return (ops.full_like(draws.uniform(_WEIGHT), self.weight),)

    def mix(self, images: Images, others: Any, weight: Numbers) -> tuple[Tensor, Tensor]:
        """Returns blended images; the share of the own label is one."""
        mixed, _ = _kernels.mixup(images, others, weight)
        return mixed, ops.ones_like(weight)[:, None]

    def label_parts(self, rows: Any, their: Any) -> list[Any]:
        """Returns the own rows."""
        return [rows]


@dataclasses.dataclass(frozen=True)
class ReMix(Mix):
    """Blends images as mixup does, and gives a mixed pair's label to a minority class.

    Args:
        class_counts: how many samples each class has in the data set.
        alpha: both parameters of the beta distribution of the weight, above 0.
        kappa: the ratio of counts from which a class is a minority beside another.
        tau: the minority gets the whole label if the share of the other image is below this.
        balanced: whether a partner's class is drawn first, all classes of the batch alike, so that
            rare classes are seen from the start. False is the paper's way, in which every image
            is a partner once: alone it needs many epochs, or `data.BalancedSource`, which is the
            paper's Remix-RS. A pool says by itself how it draws.
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool.

    References:
        [ReMix](https://arxiv.org/abs/2007.03943)

    Example:
        >>> mix = ReMix(class_counts=np.bincount(y), num_classes=10)
        >>> train = kcx.data.pipeline((x, y), 32, mix=mix, seed=7)
    """

    class_counts: Sequence[float] = ()
    alpha: float = 1.0
    kappa: float = 3.0
    tau: float = 0.5
    balanced: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.boolean("balanced", self.balanced)
        rule = MinorityLabel(self.class_counts, self.kappa, self.tau)
        self._set(alpha=checks.positive("alpha", self.alpha), class_counts=rule.class_counts)
        self._set(kappa=rule.kappa, tau=rule.tau)

    def places(self, rows: Any, draws: Draws) -> list[Any]:
        """Draws partners from the batch, of a class that is drawn first unless told otherwise."""
        if not self.balanced:
            return super().places(rows, draws)
        return [balanced_places(rows[0], draws.uniform(_CLASS))]

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws the weights."""
        return (draws.beta(_WEIGHT, self.alpha, self.alpha),)

    def mix(self, images: Images, others: Any, weight: Numbers) -> tuple[Tensor, Tensor]:
        """Returns blended images and their shares."""
        return _kernels.mixup(images, others, weight)

    def label_shares(self, shares: Any, parts: Any) -> Tensor:
        """Returns the shares of the labels."""
        return MinorityLabel(self.class_counts, self.kappa, self.tau)(shares, parts)


@dataclasses.dataclass(frozen=True)
class BalancedMixUp(Mix):
    """Blends each image with a partner whose class is drawn first, all classes alike.

    Args:
        alpha: the weight of the partner is drawn from a beta distribution with the parameters
            alpha and 1; above 0. The paper takes 0.1 to 0.2.
        **kwargs: of `Mix`: rate, num_classes, label_smoothing, schedule, pool. Without a pool,
            classes are those of the batch; in a small batch the rare ones are often missing. The
            pool must be `balanced`.

    References:
        [Balanced-MixUp](https://arxiv.org/abs/2109.09850)

    Example:
        >>> mix = BalancedMixUp(0.2, pool=Pool(x, y, balanced=True), num_classes=10)
        >>> images, labels = mix(images, labels, seed=7, epoch=0)
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(alpha=checks.positive("alpha", self.alpha))
        self.check_pool(self.pool)

    @staticmethod
    def check_pool(pool: Pool | None) -> None:
        """Raises if there is a pool that does not draw the class of a partner first."""
        if pool is not None and not pool.balanced:
            raise ValueError("the pool of BalancedMixUp must be made with balanced=True")

    def places(self, rows: Any, draws: Draws) -> list[Any]:
        """Draws partners from the batch, each class of it as often as any other."""
        return [balanced_places(rows[0], draws.uniform(_CLASS))]

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws the weights."""
        return (draws.beta(_WEIGHT, self.alpha, 1.0),)

    def mix(self, images: Images, others: Any, weight: Numbers) -> tuple[Tensor, Tensor]:
        """Returns blended images and their shares."""
        return _kernels.mixup(images, others, weight)
