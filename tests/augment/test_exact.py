"""Arithmetic whose bits do not depend on the device."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras._base import engine, exact
from keras_cv_extras._base.engine import ways


def _numbers(count=200_000):
    """Pairs of positive floats: some of few digits, which divide, others of 24."""
    generator = np.random.default_rng(5)
    few = generator.integers(1, 4096, (2, count // 2)).astype("float32")
    many = (10.0 ** generator.uniform(-4, 4, (2, count // 2))).astype("float32")
    return np.concatenate([few, many], axis=1)


def _off_by(values, places):
    """The floats that stand so many places behind, as a GPU may give them."""
    return (values.view("int32") + places).view("float32")


def _ran(function, *arguments, jit_compile):
    run = tf.function(function, jit_compile=jit_compile, autograph=False)
    return run(*map(tf.constant, arguments)).numpy()


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("places", [-2, -1, 0, 1, 2])
def test_quotients_and_roots_that_are_off_are_mended(places, jit_compile):
    first, second = _numbers()
    off = _off_by(first / second, places)
    found = _ran(exact._mended_quotient, off, first, second, jit_compile=jit_compile)
    np.testing.assert_array_equal(found, first / second)
    off = _off_by(np.sqrt(first), places)
    found = _ran(exact._mended_root, off, first, jit_compile=jit_compile)
    np.testing.assert_array_equal(found, np.sqrt(first))


def test_nothing_has_no_root():
    found = _ran(exact._mended_root, *np.zeros((2, 1), "float32"), jit_compile=True)
    np.testing.assert_array_equal(found, [0.0])


def test_products_of_matrices_where_tensorflow_may_cut_their_digits(monkeypatch):
    """A processor's are of float32; for an accelerator they are of a type that is not cut."""

    def types():
        """The types that matrices are multiplied in."""
        graph = tf.function(lambda x: engine.matmul(x, x), autograph=False).get_concrete_function(
            tf.TensorSpec((2, 2), tf.float32)
        )
        return {op.inputs[0].dtype for op in graph.graph.get_operations() if op.type == "MatMul"}

    assert types() == {tf.float32}
    with ways.tracing(True):
        assert types() == {tf.float64}
    monkeypatch.setattr(engine, "has_accelerator", lambda: True)
    assert types() == {tf.float64}
    with engine.execution("image"):
        assert types() == {tf.float32}


def test_quotients_of_an_accelerator_are_mended(monkeypatch):
    mended = []
    monkeypatch.setattr(exact, "_mended_quotient", lambda value, *_: mended.append(1) or value)
    three = tf.constant([3.0])
    exact.quotient(three, three)
    assert not mended
    with ways.tracing(True):
        exact.quotient(three, three)
    assert mended
