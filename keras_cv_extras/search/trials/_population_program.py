"""The compiled programs of a population: a training step, and a forward pass, of all its members.

The one module of `search` that is written for JAX: a Keras model and its optimizer are used as
functions of their variables, which are stacked, and `jax.vmap` runs them for all members.
"""

import contextlib

import jax
import numpy as np
from jax import numpy as jnp

from keras_cv_extras._base import engine, random
from keras_cv_extras._base.images.value_range import from_pixel_range, to_pixel_range
from keras_cv_extras._base.random import PARTNER_SLOT
from keras_cv_extras.policy import execute_stack
from keras_cv_extras.search.trials import _steps
from keras_cv_extras.search.trials._child import filled_batches

_MEMORY_SHARE = 0.5  # of a device, for a population: the rest is workspace and fragmentation
_UNKNOWN_MEMORY = 4 << 30  # taken for what a device has that does not say it
_MAX_MEMBERS = 128


class Program:
    """Trains and runs the members of a population in step.

    Args:
        model: a Keras model that is compiled, its optimizer built.
        images: `(n, height, width, channels)`, to train on.
        labels: `(n,)`, integers.
        batch_size: images per step.
    """

    def __init__(self, model, images, labels, batch_size):
        self.model = model
        self.batch_size = batch_size
        self.images, self.labels = jnp.asarray(images), jnp.asarray(labels)
        self._pixels = {}  # the images on [0, 255], by the range of their values
        first = self.images[:1]
        model.compute_loss(first, self.labels[:1], model(first))  # builds the loss, out of a trace
        options = {"static_argnames": ("branches", "value_range"), "donate_argnums": 0}
        self._step = jax.jit(self._train_step, **options)
        self._steps = jax.jit(self._train_steps, **options)
        self._forward = jax.jit(jax.vmap(self._outputs, in_axes=(0, 0, None)))

    def train_epoch(self, state, order, seeds, epoch, stack, *, branches, value_range):
        """Trains for one epoch.

        Args:
            state: of all members, from `stacked`; it is used up.
            order: `(members, n)`, int32: the numbers of the images, in each member's order.
            seeds: `(members,)`, uint32.
            epoch: the number of the epoch.
            stack: the members' policies, of `policy._stack`.
            branches: those of its shape.
            value_range: of the images' values.

        Returns:
            The new state, and for each member whether all its losses were finite.
        """
        if value_range not in self._pixels:
            self._pixels[value_range] = to_pixel_range(self.images, value_range, to=None)
        fixed = (self._pixels[value_range], self.labels, seeds, np.uint32(epoch), stack)
        static = {"branches": branches, "value_range": value_range}
        finite, size = jnp.ones(len(seeds), bool), self.batch_size
        # A processor takes the steps one by one: see `Steps`.
        whole = order.shape[1] // size * size if _steps.is_accelerated() else 0
        if whole:
            batches = order[:, :whole].reshape(len(order), -1, size).swapaxes(0, 1)
            state, losses = self._steps(state, batches, *fixed, **static)
            finite &= jnp.isfinite(losses).all(axis=0)
        for start in range(whole, order.shape[1], size):
            state, loss = self._step(state, order[:, start : start + size], *fixed, **static)
            finite &= jnp.isfinite(loss)
        return state, finite

    def outputs(self, state, images, batch_size):
        """Returns the outputs for images, float32 `(members, n, classes)`, an array."""
        batch_size = min(batch_size, len(images))
        results = [
            np.asarray(self._forward(state[0], state[1], batch), "float32")
            for batch in filled_batches(images, batch_size)
        ]
        return np.concatenate(results, axis=1)[:, : len(images)]

    def augment(self, images, numbers, seeds, epoch, stack, *, branches, value_range):
        """Augments the members' batches, as the pipeline does it for one.

        Args:
            images: all images, on [0, 255].
            numbers: `(members, batch)`, int32: which ones are the batches.
            seeds: `(members,)`, uint32.
            epoch: uint32.
            stack: the members' policies.
            branches: those of its shape.
            value_range: of the images to return.

        Returns:
            `(members, batch, height, width, channels)`.
        """
        drawn = random.uniform(seeds[:, None], epoch, numbers, PARTNER_SLOT)
        partners = jnp.minimum((drawn * len(images)).astype("int32"), len(images) - 1)
        rows = images[numbers]
        run = engine.runner(execute_stack, False, rows, branches=branches)
        batches = run(rows, (images, partners), (seeds, epoch, numbers), stack)
        return from_pixel_range(batches, value_range, self.images.dtype)

    def members_that_fit(self):
        """Returns how many members to train at once.

        On an accelerator, as many as its memory holds. On a processor 1: its cores are busy with
        one, and XLA's grouped convolutions are slower there than plain ones.
        """
        device = jax.local_devices()[0]
        if device.platform == "cpu":
            return 1
        limit = (device.memory_stats() or {}).get("bytes_limit", _UNKNOWN_MEMORY)
        return int(np.clip(_MEMORY_SHARE * limit // self.bytes_per_member(), 1, _MAX_MEMBERS))

    def bytes_per_member(self):
        """Returns about how much memory the training of a member takes.

        It is what a step keeps of the forward pass for the backward pass, and as much again for
        that, and the variables three times: before a step, after it, and their gradients.
        """
        state = _values(self.model, [v.value for v in self.model.optimizer.variables])
        images = jax.ShapeDtypeStruct((self.batch_size, *self.images.shape[1:]), self.images.dtype)
        labels = jax.ShapeDtypeStruct((self.batch_size,), self.labels.dtype)

        def kept(state, images, labels):
            def loss_of(trainable):
                return self._loss(trainable, *state[1:], images=images, labels=labels)[0]

            return jax.vjp(loss_of, state[0])[1]

        return 2 * _num_bytes(jax.eval_shape(kept, state, images, labels)) + 3 * _num_bytes(state)

    def _train_steps(self, state, batches, *fixed, **static):
        return jax.lax.scan(
            lambda state, numbers: self._train_step(state, numbers, *fixed, **static),
            state,
            batches,
        )

    def _train_step(
        self, state, numbers, images, labels, seeds, epoch, stack, *, branches, value_range
    ):
        batches = self.augment(
            images, numbers, seeds, epoch, stack, branches=branches, value_range=value_range
        )
        return jax.vmap(self._member_step)(state, batches, labels[numbers])

    def _member_step(self, state, images, labels):
        trainable, others, optimizer = state
        (_, (loss, _, others, _)), gradients = jax.value_and_grad(self._loss, has_aux=True)(
            trainable, others, optimizer, images, labels
        )
        trainable, optimizer = self.model.optimizer.stateless_apply(optimizer, gradients, trainable)
        return (list(trainable), list(others), list(optimizer)), loss

    def _loss(self, trainable, others, optimizer, images, labels):
        # As Keras' own training step: with regularisation, and scaled if the optimizer asks for it.
        return self.model.compute_loss_and_updates(
            trainable,
            others,
            [v.value for v in self.model.metrics_variables],
            images,
            labels,
            None,
            training=True,
            optimizer_variables=optimizer,
        )

    def _outputs(self, trainable, others, images):
        return self.model.stateless_call(trainable, others, images, training=False)[0]


def on_processor():
    """Returns a context in which small arrays are computed where they cost least."""
    platforms = jax.config.jax_platforms  # pyright: ignore[reportAttributeAccessIssue]
    if platforms and "cpu" not in platforms.split(","):
        return contextlib.nullcontext()
    return jax.default_device(jax.local_devices(backend="cpu")[0])


def values_of(model):
    """Returns the values of a model's variables, as NumPy has them."""
    return jax.tree.map(np.asarray, _values(model, ())[:2])


def stacked(fresh, optimizer_start):
    """Returns the state of a population: all variables of its members, stacked.

    Args:
        fresh: for each member what `values_of` returned.
        optimizer_start: the first values of an optimizer's variables, a list.
    """
    states = [(*values, list(optimizer_start)) for values in fresh]
    return jax.tree.map(lambda *values: jnp.asarray(np.stack(values)), *states)


def _values(model, optimizer_variables):
    return (
        [v.value for v in model.trainable_variables],
        [v.value for v in model.non_trainable_variables],
        list(optimizer_variables),
    )


def _num_bytes(tree):
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
