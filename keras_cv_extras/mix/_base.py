"""The base of the mixes that draw for themselves who is mixed with whom, and how much."""

import dataclasses
from typing import Any, ClassVar

import keras
from keras import ops

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.draws import Draws, draws_of
from keras_cv_extras._base.images.batches import as_partners
from keras_cv_extras._base.types import Images, Labels, Shape, Tensor
from keras_cv_extras.mix._batch import Blend, as_images, as_rows, from_rows, gather
from keras_cv_extras.mix._pool import Pool
from keras_cv_extras.mix._schedule import Schedule

# The slots that a mix draws from, beside those of its numbers, which begin at 32.
_RATE, _RING, _POOL = 0, 1, 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mix:
    """Base of the mixes: who is mixed, with whom, and what becomes of the labels.

    A mix is called with a batch and integers, and is a pure function of them: the same seed,
    epoch and sample numbers give the same mixture. Partners from the batch are its neighbours
    in a random ring: every image is a partner once, none its own, and which one it is depends on
    the samples of the batch and not on their order. A batch of one is left as it is.

    Args:
        rate: share of the images that are mixed, in [0, 1].
        num_classes: None, or how many classes there are: integer labels become rows.
        label_smoothing: share of every row of labels that all classes get in equal parts.
        schedule: None, or in which epochs to mix.
        pool: None for partners from the batch, or the data set that they are drawn from.

    Example:
        >>> @register("halves-again")
        ... class Halves(Mix):
        ...     def mix(self, images, others):
        ...         middle = images.shape[2] // 2
        ...         parts = [others[0][:, :, :middle], images[:, :, middle:]]
        ...         shares = keras.ops.full((keras.ops.shape(images)[0], 2), 0.5)
        ...         return keras.ops.concatenate(parts, axis=2), shares
        >>> mixed, rows = Halves(num_classes=10)(images, labels, seed=1)
    """

    rate: float = 1.0
    num_classes: int | None = None
    label_smoothing: float = 0.0
    schedule: Schedule | None = None
    pool: Pool | None = None

    num_partners: ClassVar[int] = 1

    def __post_init__(self) -> None:
        self._set(rate=checks.fraction("rate", self.rate))
        if self.num_classes is not None:
            checks.integer("num_classes", self.num_classes, minimum=2)
        self._set(label_smoothing=checks.fraction("label_smoothing", self.label_smoothing))
        if self.schedule is not None and not isinstance(self.schedule, Schedule):
            raise TypeError(f"schedule must be a Schedule or None, received {self.schedule!r}")
        if self.pool is not None and not isinstance(self.pool, Pool):
            raise TypeError(f"pool must be a Pool or None, received {self.pool!r}")
        if self.pool is not None and self.num_classes is not None:
            self.pool._check_classes(self.num_classes)

    def _set(self, **fields):
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __call__(
        self,
        images: Images,
        labels: Labels,
        *,
        seed: Tensor = 0,
        epoch: Tensor = 0,
        samples: Tensor | None = None,
        compile: bool = True,
    ) -> tuple[Tensor, Any]:
        """Mixes a batch.

        Args:
            images: `(batch, height, width, channels)`, integer or float, of any range of values.
            labels: integers `(batch,)` or `(batch, 1)`, the numbers of classes; or rows
                `(batch, classes)`; or a pair of them and sample weights `(batch,)`.
            seed: an integer or integer tensor: another seed gives other mixtures.
            epoch: likewise.
            samples: `(batch,)`, integers: the numbers of the samples in their data set; None
                for 0, 1, 2, ...
            compile: whether to run as one XLA program.

        Returns:
            `(images, labels)`, as the function of the same name returns them.

        Raises:
            TypeError, ValueError: if an argument is not as above.
        """
        images = as_images(images)
        rows = as_rows(labels, images, num_classes=self.num_classes)
        draws = draws_of(images, seed, epoch, samples)
        given = self._from_pool(images, rows, draws)
        # The pool is data of the program, not part of it.
        mix = dataclasses.replace(self, pool=None)
        words = (draws.seed, draws.epoch, draws.samples)
        run = engine.runner(_mix, compile, images, mix=mix, size=tuple(images.shape[1:3]))
        images, rows = run(images, rows, given, words)
        return images, from_rows(rows)

    def _from_pool(self, images, rows, draws):
        if self.pool is None:
            return None
        apart = dataclasses.replace(draws, first_slot=draws.first_slot + _POOL)
        given = self.pool.draw(apart, self.num_partners)
        if any(len(their) != len(rows) for _, their in given):
            raise ValueError("the pool must have sample weights if and only if the batch has them")
        return [(as_partners(other, images), their) for other, their in given]

    def plan(self, rows: Any, draws: Draws, size: Shape) -> dict[str, Any]:
        """Draws all that is random about a batch.

        Args:
            rows: the labels of the batch.
            draws: its draws.
            size: `(height, width)` of the images; None where a graph does not know it.

        Returns:
            A dictionary of tensors, the plan that `blend` follows.
        """
        plan = {"places": self.places(rows, draws), "numbers": self.numbers(draws, size)}
        if self.rate < 1 or self.schedule is not None:
            chosen = draws.uniform(_RATE) < self.rate
            if self.schedule is not None:
                chosen = chosen & self.schedule.active(ops.cast(draws.epoch, "int32"))
            plan["chosen"] = chosen
        return plan

    def places(self, rows: Any, draws: Draws) -> list[Any]:
        """Draws partners from the batch: a list of places `(batch,)`."""
        del rows
        place, order = draws.ring(_RING)
        size = ops.shape(order)[0]
        steps = range(1, self.num_partners + 1)
        return [ops.take(order, ops.mod(place + step, size), axis=0) for step in steps]

    def numbers(self, draws: Draws, size: Shape) -> tuple[Any, ...]:
        """Draws the numbers of the kernel, a tuple of tensors with one row per image: none here."""
        del draws, size
        return ()

    def others(self, images: Images, rows: Any, given: Any, plan: Any) -> list[Any]:
        """Returns the partners of a batch, a list of pairs of images and rows.

        Args:
            images: the batch.
            rows: its rows.
            given: None, or partners from elsewhere, at least as many as are needed.
            plan: what `plan` has drawn.
        """
        others = given or [gather(images, rows, place) for place in plan["places"]]
        return others[: self.num_partners]

    def blend(self, images: Images, rows: Any, others: Any, plan: Any) -> Blend:
        """Mixes a batch as planned.

        Args:
            images: the batch.
            rows: its rows.
            others: its partners, see `others`.
            plan: what `plan` has drawn.
        """
        mixed, shares = self._mixed(images, [other for other, _ in others], plan["numbers"])
        parts = self.label_parts(rows, [their for _, their in others])
        return chosen(Blend(mixed, parts, self.label_shares(shares, parts)), images, plan)

    def _mixed(self, images, others, numbers):
        """Mixes, and says what to do where a subclass computes with integers."""
        kind, name = keras.backend.standardize_dtype(images.dtype), type(self).__name__
        advice = "cast to float32 to compute, and back to images.dtype at the end"
        try:
            mixed, shares = self.mix(images, others, *numbers)
        except Exception as error:  # of the backend, which has other types for it
            if "float" in kind or kind not in str(error):
                raise
            raise TypeError(f"{name}.mix cannot compute with images of {kind}: {advice}") from error
        found = keras.backend.standardize_dtype(mixed.dtype)
        if found != kind:
            raise TypeError(
                f"{name}.mix must return images of {kind}, as it gets, received {found}: {advice}"
            )
        return mixed, shares

    def mix(self, images: Images, others: Any, *numbers: Any) -> tuple[Tensor, Tensor]:
        """Returns mixed images, and the share of each part in them, `(batch, parts)`."""
        raise NotImplementedError

    def label_parts(self, rows: Any, their: Any) -> list[Any]:
        """Returns the rows that the label is made of."""
        return [rows, *their]

    def label_shares(self, shares: Any, parts: Any) -> Tensor:
        """Returns the shares of the labels, given those of the images."""
        del parts
        return shares


def chosen(blend, images, plan):
    """Undoes the mixing where the rate or the schedule of a plan says so."""
    if "chosen" not in plan:
        return blend
    mixed = plan["chosen"]
    alone = ops.cast(ops.arange(len(blend.parts)) == 0, "float32")
    return Blend(
        ops.where(mixed[:, None, None, None], blend.images, images),
        blend.parts,
        ops.where(mixed[:, None], blend.shares, alone),
    )


def _mix(images, rows, given, words, *, mix, size):
    plan = mix.plan(rows, Draws(*words), size)
    others = mix.others(images, rows, given, plan)
    return mix.blend(images, rows, others, plan).finish(mix.num_classes, mix.label_smoothing)
