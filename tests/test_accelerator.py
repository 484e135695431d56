"""What `pytest --accelerator` compares with, where there is no accelerator."""

import pytest

TWO_PROCESSORS = """
import contextlib, io, sys
sys.path.insert(0, "tests")
import numpy as np
import pytest

def run(*arguments):
    texts = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(texts[0]), contextlib.redirect_stderr(texts[1]):
        code = pytest.main([*arguments, "-n", "0", "-q", "-p", "no:cacheprovider"])
    return code, "".join(text.getvalue() for text in texts).strip()

code, said = run("--accelerator-device", "GPU:99")
assert code == pytest.ExitCode.USAGE_ERROR, (code, said)
lines = [line for line in said.splitlines() if "accelerator" in line]
assert len(lines) == 1, said
assert "GPU" in lines[0], said
assert lines[0].startswith("ERROR: --accelerator: tensorflow finds "), said
assert "skipped" not in said

from accelerator import devices
for wrong, problem in (("GPU", None), ("CPU:x", "a device is named like"), ("TPU:0", "no TPU")):
    try:
        devices.prepare(wrong)
    except LookupError as error:
        assert problem is None or problem in str(error), error
    else:
        raise AssertionError(wrong)

devices.prepare("CPU:1")
import tensorflow as tf
from keras_cv_extras import augment

two = ("CPU:0", "CPU:1")
images = (np.arange(4 * 8 * 8 * 3) * 7919 % 256).astype("uint8").reshape(4, 8, 8, 3)
for function in (
    lambda: augment.solarize(images, [0, 50, 128, 256]),
    lambda: augment.rotate(images.astype("float32"), 17.0),
    lambda: [augment.brightness(images, 1.3), augment.invert(images)],
):
    devices.assert_same(function, two)

def fails(function, problem, **options):
    try:
        devices.assert_same(function, two, **options)
    except AssertionError as error:
        assert problem in str(error), error
    else:
        raise AssertionError(f"not found: {problem}")

def other_on_the_second(difference):
    where = iter((0, difference))
    return lambda: tf.constant(images.astype(np.asarray(difference).dtype)) + next(where)

fails(other_on_the_second(np.uint8(1)), "result 0 on CPU:1")
fails(other_on_the_second(np.float32(0.003)), "result 0 on CPU:1")
devices.assert_same(other_on_the_second(np.float32(0.002)), two)
fails(other_on_the_second(np.float32(0.002)), "result 0 on CPU:1", scale=1.0)
fails(lambda: np.float32(1), "computed on")
on_the_first = tf.constant(1.0)
fails(lambda: on_the_first, "not on CPU:1")
fails(lambda: [], "computed on")
code, said = run("tests/accelerator/test_training.py")
assert code == pytest.ExitCode.NO_TESTS_COLLECTED, (code, said)
assert "deselected" in said, said
assert "skipped" not in said

print("all is told apart")
"""


@pytest.mark.wide
def test_two_devices_are_compared_and_no_device_is_an_error(python):
    assert python(TWO_PROCESSORS).splitlines()[-1] == "all is told apart"
