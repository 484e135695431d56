"""The program that takes all training steps on images in memory.

A step of a small network takes a millisecond, and so does its call from Python. One compiled
program with a loop in it takes them all.
"""

from typing import Any

import keras

from keras_cv_extras._base import rates


class Steps:
    """Takes training steps on images in memory, all of them in one program.

    On JAX and a processor they are called one by one: there, a loop inside a program keeps
    convolutions from using all cores.

    Args:
        model: a compiled Keras model.
        batch_size: images per step.
    """

    def __init__(self, model: keras.Model, batch_size: int):
        self._model, self._batch_size = model, batch_size
        self._program = None
        if keras.backend.backend() == "tensorflow":
            self._program = _tensorflow_program(model, batch_size)
        elif keras.backend.backend() == "jax" and is_accelerated():
            self._program = _jax_program(model, batch_size)

    def __call__(self, images, labels) -> float:
        """Takes the steps of one pass; returns the loss, a mean since the last reset."""
        if self._program is not None:
            return float(self._program(images, labels))
        logs: dict[str, Any] = {}
        for start in range(0, len(labels), self._batch_size):
            batch = slice(start, start + self._batch_size)
            logs = self._model.train_on_batch(images[batch], labels[batch], return_dict=True)
        return float(logs["loss"])


def _tensorflow_program(model, batch_size):
    import tensorflow as tf

    step = tf.function(model.train_step, jit_compile=True) if model.jit_compile else None
    step = step or model.train_step

    @tf.function(reduce_retracing=True)
    def program(images, labels):
        count = tf.shape(labels)[0]

        def body(start, loss):
            del loss
            stop = tf.minimum(start + batch_size, count)
            logs = step((images[start:stop], labels[start:stop]))
            return stop, tf.cast(logs["loss"], tf.float32)

        with rates.once_per_step(model.optimizer):
            return tf.while_loop(lambda start, _: start < count, body, (0, 0.0))[1]

    return program


def is_accelerated() -> bool:
    """Whether JAX runs on something else than a processor."""
    import jax

    return jax.default_backend() != "cpu"


def _jax_program(model, batch_size):
    import jax

    def step(state, batch):
        logs, state = model.train_step(state, batch)
        return state, logs["loss"]

    @jax.jit
    def program(state, images, labels):
        loss, whole = 0.0, len(labels) // batch_size * batch_size
        if whole:
            batches = jax.tree.map(
                lambda array: array[:whole].reshape(-1, batch_size, *array.shape[1:]),
                (images, labels),
            )
            state, losses = jax.lax.scan(step, state, batches)
            loss = losses[-1]
        if whole < len(labels):
            state, loss = step(state, (images[whole:], labels[whole:]))
        return state, loss

    def run(images, labels):
        # Keras' own way to build losses and metrics, which must not happen inside the program.
        model._symbolic_build(data_batch=(images[:batch_size], labels[:batch_size]))
        groups = (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
        state = tuple([v.value for v in group] for group in groups)
        state, loss = program(state, images, labels)
        for group, values in zip(groups, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return loss

    return run
