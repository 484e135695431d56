"""What a policy and a schedule of policies have in common: images go in, and come out augmented."""

from typing import Any

from keras import ops

from keras_cv_extras._base import engine
from keras_cv_extras._base.draws import draws_of
from keras_cv_extras._base.images.batches import as_batch, as_fill, as_partners
from keras_cv_extras._base.images.value_range import from_pixel_range, to_pixel_range
from keras_cv_extras._base.types import Images, Tensor
from keras_cv_extras.augment import OPS
from keras_cv_extras.mix import BatchSettings
from keras_cv_extras.policy._program import execute_one
from keras_cv_extras.policy.execution._sizes import of_size


class Augmentation:
    """Base of what augments images as a pure function of them and of integers.

    A subclass has the attributes `sub_policies`, `fill` and `value_range`, and the method
    `tables`.

    Example:
        >>> isinstance(rand_augment(), Augmentation)
        True
    """

    sub_policies: Any
    fill: Any
    value_range: Any
    batch: Any = BatchSettings()

    def tables(self, height: int | None, width: int | None, epoch: Tensor) -> tuple[list[Any], Any]:
        """Returns the data of the compiled program, and what is part of it.

        Args:
            height: height of the images in pixels; None for tables of any size.
            width: width of the images in pixels.
            epoch: an integer or integer tensor.

        Returns:
            The numbers of every loop of the program, and the branches of their switches; see
            `Policy.tables`.
        """
        raise NotImplementedError

    @property
    def needs_partners(self) -> bool:
        """Whether a step mixes in a second image."""
        return any(OPS[step.op].takes_partner for steps in self.sub_policies for step in steps)

    @property
    def reads_values(self) -> bool:
        """Whether an op of a step `reads_values`."""
        return any(OPS[step.op].reads_values for steps in self.sub_policies for step in steps)

    @property
    def is_identity(self) -> bool:
        """Whether the policy never changes an image."""
        return all(step.op == "identity" for steps in self.sub_policies for step in steps)

    @property
    def is_random(self) -> bool:
        """Whether images may come out otherwise with another seed."""
        stages = getattr(self, "stages", (self,))
        steps = (step for steps in self.sub_policies for step in steps)
        return len(self.sub_policies) > len(stages) or any(step.is_random for step in steps)

    def __call__(
        self,
        images: Images,
        *,
        seed: Tensor = 0,
        epoch: Tensor = 0,
        samples: Tensor | None = None,
        partners: Images | None = None,
        compile: bool = True,
    ) -> Tensor:
        """Augments images.

        Args:
            images: `(batch, height, width, channels)` or `(height, width, channels)`, integer
                or float, values in `value_range`.
            seed: an integer or integer tensor: another seed gives other draws.
            epoch: likewise.
            samples: `(batch,)`, integers: the numbers of the samples in their data set. A
                sample gets the same augmentation in any batch. None for 0, 1, 2, ...
            partners: second images for `sample_pairing`, of the shape of `images`. None for
                the same batch moved on by one, which makes the result depend on the batch.
            compile: whether to run as one XLA program; without, it is slower, and the pixels
                are the same.

        Returns:
            Images of the same shape and type.

        Raises:
            TypeError, ValueError: if an argument is not as above, or the policy has an op that
                does not work on this number of channels.
        """
        images, restore = as_batch(images)
        if self.is_identity:
            return restore(images)
        for name in {step.op for steps in self.sub_policies for step in steps}:
            OPS[name].check(images)
        height, width = images.shape[1:3]
        scaled = to_pixel_range(images, self.value_range, to="" if self.reads_values else None)
        if partners is None:
            partners = ops.roll(scaled, -1, axis=0) if self.needs_partners else scaled
        else:
            partners = to_pixel_range(as_partners(partners, images), self.value_range, to=None)
        if None in (height, width):  # in a graph, which will know it
            tables, structure = self.tables(None, None, epoch)
            tables = [of_size(loop, *ops.shape(scaled)[1:3]) for loop in tables]
        else:
            tables, structure = self.tables(height, width, epoch)
        if samples is None and engine.is_traced(images) and not self.is_random:
            samples = ops.arange(ops.shape(images)[0], dtype="int32")
        draws = draws_of(images, seed, epoch, samples)
        draws = (draws.seed, draws.epoch, draws.samples)
        shapes = tuple(tuple(part.shape) for loop in tables for part in loop)
        run = engine.image_runner(execute_one, compile, scaled, shapes, structure=structure)
        result = run(scaled, partners, as_fill(self.fill, images), draws, tables)
        return restore(from_pixel_range(result, self.value_range, images.dtype))
