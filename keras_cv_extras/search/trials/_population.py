"""Trains many models at once, each with a policy of its own, in one compiled program.

A small network leaves most of a large accelerator idle; many of them in one program can fill it.
`tuner/population_throughput.py` measures what that gains on a machine.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_cv_extras._base import checks, random
from keras_cv_extras._base.images import value_range
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.policy import Policy, StackShape, stack_policies
from keras_cv_extras.search.trials._child import Child, Score, score_of
from keras_cv_extras.training import DivergedError

_EVALUATION_BATCH = 512


class PopulationTrainer(Child):
    """Trains and scores a model for many policies and seeds at once; on the JAX backend.

    Every member has weights, an optimizer, an order of the images and draws of its own, all of
    them a function of its seed; none depends on the other members. Its augmented images are
    those that a `Trainer` gives for the same seed, but their order differs, as TensorFlow's
    shuffle is not there. Policies of different shapes are padded to one, so that one program
    serves them all: it is compiled again only for a policy that is larger than all before, or
    has an op that none had; and once more for a last batch that is smaller than the others.

    Args:
        build_model: a function without arguments that returns a new Keras classifier with one
            output per class, logits or probabilities. Compiled with a loss for integer labels,
            or not compiled: then it is trained with AdamW and a cosine schedule.
        train: `(images, labels)`: images `(n, height, width, channels)`, labels `(n,)` integers.
        epochs: passes over the training images.
        batch_size: images per step and member.
        learning_rate: the highest learning rate of a model that is not compiled.
        population_size: how many members are trained at once. Others wait for their turn, and
            fewer cost as much. None for as many as the accelerator's memory holds, at most 128,
            and for 1 on a processor, which they do not make faster.

    Raises:
        RuntimeError: if Keras does not run on JAX.
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> trainer = PopulationTrainer(build_model, train, epochs=10, batch_size=64)
        >>> policies = [Policy.random(seed=seed) for seed in range(32)]
        >>> scores = trainer.score_many(policies, range(32), *validation)
    """

    def __init__(
        self,
        build_model: Callable[..., keras.Model],
        train: Any,
        *,
        epochs: int,
        batch_size: int,
        learning_rate: float = 2e-3,
        population_size: int | None = None,
    ) -> None:
        if keras.backend.backend() != "jax":
            raise RuntimeError(
                "a population is trained on the JAX backend, this is "
                f"{keras.backend.backend()!r}: set KERAS_BACKEND=jax before Keras is imported"
            )
        from keras_cv_extras.search.trials import _population_program as programs

        super().__init__(
            build_model,
            train,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
        )
        self._programs = programs
        self._program = programs.Program(
            self.model, self.train_images, self.train_labels, self.batch_size
        )
        if population_size is None:
            population_size = self._program.members_that_fit()
        self.population_size: int = checks.integer("population_size", population_size, minimum=1)
        self._shape = StackShape()

    def score_many(
        self,
        policies: Sequence[Policy],
        seeds: Sequence[int],
        images: ArrayLike,
        labels: ArrayLike,
        *,
        on_epoch: Callable[..., None] | None = None,
    ) -> list[Score]:
        """Trains a model with each policy and classifies other images.

        Args:
            policies: a sequence of policies, with the same `value_range`.
            seeds: an integer for each: decides the weights, the order of the images and all
                draws.
            images: `(n, height, width, channels)`.
            labels: `(n,)`, integers.
            on_epoch: None, or a function that is called with the number of every epoch that is
                done, from 0, of each round of `population_size` members.

        Returns:
            A score for each policy. Its `seconds` are its share of the wall time. If its loss
            or an output was not finite, its accuracy and log loss are NaN and no image is
            correct; the others are not affected.

        Raises:
            ValueError: if there are not as many seeds as policies, or policies do not go
                together, or with the images.
        """
        policies, seeds = list(policies), [checks.integer("a seed", seed) for seed in seeds]
        if len(policies) != len(seeds):
            raise ValueError(
                f"seeds must hold one integer per policy, {len(policies)}, received {len(seeds)}"
            )
        ranges = {policy.value_range for policy in policies}
        if len(ranges) > 1:
            raise ValueError(
                f"policies of a population must have the same value_range, received {ranges}"
            )
        to = "" if any(policy.reads_values for policy in policies) else None
        for own in ranges:  # one at most
            value_range.check_values(self.train_images, own, to=to)
        for policy in policies:
            if settings := policy.batch.describe():
                raise ValueError(
                    "a population trains without settings of batches, received a policy with "
                    f"{settings}: give a Trainer, or a space without also"
                )
        self._shape = self._shape.holding(policies)
        size, began = self.population_size, time.monotonic()
        chunks = [slice(start, start + size) for start in range(0, len(policies), size)]
        scores, fresh = [], None
        for chunk, following in zip(chunks, [*chunks[1:], None], strict=True):
            fresh = fresh or self._fresh_states(seeds[chunk])
            trained = self._train(policies[chunk], seeds[chunk], fresh, on_epoch)
            # An accelerator is busy for a while now; to build models takes the processor.
            fresh = following and self._fresh_states(seeds[following])
            scores += self._scores(*trained, len(seeds[chunk]), images, np.asarray(labels), began)
            began = time.monotonic()
        return scores

    def score(self, policy: Policy, seed: int, images: ArrayLike, labels: ArrayLike) -> Score:
        """Trains with one policy, in the place of a `Trainer`; see `score_many`.

        Raises:
            DivergedError: if the loss or an output is not finite.
        """
        (score,) = self.score_many([policy], [seed], images, labels)
        if np.isnan(score.accuracy):
            raise DivergedError("the training loss or an output is not finite")
        return score

    def _fresh_states(self, seeds):
        """Returns the first values of the variables of a model for each seed."""
        with self._programs.on_processor():
            return [self._programs.values_of(self.new_model(seed)) for seed in seeds]

    def _train(self, policies, seeds, fresh, on_epoch):
        """Returns the state of the trained members, and whether all their losses were finite."""
        # A program is made for one number of members: the last one is repeated to fill up.
        rows = np.minimum(np.arange(self.population_size), len(seeds) - 1)
        policies, seeds = [policies[i] for i in rows], [seeds[i] for i in rows]
        stack = stack_policies(policies, self._shape, self.train_images)
        state = self._programs.stacked([fresh[i] for i in rows], self._optimizer_start)
        words = np.array([seed % (1 << 32) for seed in seeds], "uint32")
        finite = []
        for epoch in range(self.epochs):
            order = [random.permutation(len(self.train_labels), seed, epoch) for seed in seeds]
            state, good = self._program.train_epoch(
                state,
                np.stack(order).astype("int32"),
                words,
                epoch,
                stack,
                branches=self._shape.branches,
                value_range=policies[0].value_range,
            )
            finite.append(good)
            if on_epoch is not None:
                good.block_until_ready()
                on_epoch(epoch)
        return state, finite

    def _scores(self, state, finite, count, images, labels, began):
        outputs = self._program.outputs(state, images, _EVALUATION_BATCH)
        finite = np.all(finite, axis=0) & np.isfinite(outputs).all(axis=(1, 2))
        seconds = (time.monotonic() - began) / count
        nothing = Score(np.nan, np.nan, np.zeros(len(labels), bool), seconds)
        return [
            score_of(outputs[i], labels, seconds) if finite[i] else nothing for i in range(count)
        ]
