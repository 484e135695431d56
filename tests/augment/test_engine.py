"""What is kept in memory is the function's result, and stays apart in the compiled program."""

import numpy as np
import tensorflow as tf

from keras_cv_extras._base import engine


def _twice(images):
    double = lambda images: 2 * images  # noqa: E731
    rows = engine.kept(double, images)
    return rows[:-1] + rows[1:]


def test_kept_is_the_function():
    images = np.arange(24, dtype="float32").reshape(4, 6) - 7.0
    images[0, 0] = np.nan
    wanted = 2 * images[:-1] + 2 * images[1:]
    np.testing.assert_array_equal(engine.compiled(_twice)(images), wanted)
    np.testing.assert_array_equal(_twice(tf.constant(images)), wanted)


def test_xla_does_not_look_through_what_is_kept():
    """Were the branch found to be always the same, ops would be slow again, and no test fail."""
    function = engine.compiled(_twice)
    for dtype in ("uint8", "float32"):
        images = tf.ones((4, 6), dtype)
        program = function.experimental_get_compiler_ir(images)(stage="optimized_hlo")
        assert "conditional(" in program, dtype


def test_programs_of_different_functions_are_no_traces_of_one(caplog):
    """TensorFlow warns of five traces in ten calls, and of all functions with one source as one."""
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        for number in range(12):
            engine.compiled(lambda x, number=number: x + number)(tf.ones(2))
    finally:
        logger.removeHandler(caplog.handler)
    assert "retracing" not in caplog.text
