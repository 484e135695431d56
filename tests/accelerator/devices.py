"""Two devices that must compute the same."""

import contextlib
import os
import re

import keras
import numpy as np

BACKEND = keras.backend.backend()
PROCESSOR = "CPU:0"
#: How far floats may be apart, as a part of the greatest value that they could have.
TOLERANCE = 1e-5


def prepare(name):
    """Makes a device ready, in a process that has used none.

    Raises:
        LookupError: if there is no such device.
    """
    kind, _, number = name.lstrip("/").partition(":")
    if not re.fullmatch("[A-Za-z]+:[0-9]+", f"{kind}:{number}"):
        raise LookupError(f"a device is named like GPU:0 or CPU:1, received {name!r}")
    count = int(number) + 1
    found = (_prepare_jax if BACKEND == "jax" else _prepare_tensorflow)(kind, count)
    if found < count:
        raise LookupError(
            f"{BACKEND} finds {found or 'no'} {kind} on this machine, and {name} was asked for: "
            "run it where there is one, or give --accelerator-device"
        )


def _prepare_tensorflow(kind, count):
    import tensorflow as tf

    # What a processor computes in float32 is to be compared with float32.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if kind.upper() == "CPU" and count > 1:
        parts = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
        return count
    return len(tf.config.list_physical_devices(kind.upper()))


def _prepare_jax(kind, count):
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")
    if kind.upper() == "CPU" and count > 1:
        flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
        os.environ["XLA_FLAGS"] = flags.strip()
    try:
        return len(jax.devices(kind.lower()))
    except RuntimeError:  # JAX has no such platform
        return 0


@contextlib.contextmanager
def products_as_they_come():
    """Lets matrices be multiplied in TensorFloat-32 within the block, as they are by default.

    Pixels must not depend on it; networks and losses may.
    """
    if BACKEND == "jax":
        import jax

        with jax.default_matmul_precision("default"):
            yield
        return
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(True)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(False)


def run_on(device, function):
    """Returns the tensors of `function()`, computed on a device, as a list of arrays.

    The function makes its tensors itself, from NumPy arrays.

    Raises:
        AssertionError: if none of them was computed there.
    """
    with keras.device(device.lower().lstrip("/")):
        results = keras.tree.flatten(function())
    places = {_place(result) for result in results}
    assert _place_of(device) in places, f"computed on {sorted(places)}, not on {device}"
    return [keras.ops.convert_to_numpy(result) for result in results]


def _place(tensor):
    if isinstance(tensor, (np.ndarray, np.generic)):
        return "NumPy"
    if BACKEND == "jax":
        (place,) = tensor.devices()
        return f"{place.platform}:{place.id}".upper()
    return tensor.device.rpartition("/device:")[2].upper()


def _place_of(device):
    return device.lstrip("/").upper()


def assert_same(function, devices, *, scale=255.0, name=""):
    """Fails unless a function gives the same on two devices.

    Integers must be equal. Floats may be apart by 1e-5 of `scale`.

    Args:
        function: takes nothing, makes its tensors itself, and returns tensors in any structure.
        devices: the two names.
        scale: the greatest value that floats have; None for the greatest that is found.
        name: what a failure is to name.
    """
    wanted, found = (run_on(device, function) for device in devices)
    assert len(wanted) == len(found) > 0
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        where = f"{name} result {number} on {devices[1]}"
        assert one.dtype == other.dtype, where
        if not np.issubdtype(one.dtype, np.floating):
            np.testing.assert_array_equal(other, one, err_msg=where)
            continue
        largest = np.abs(one[np.isfinite(one)]).max(initial=1.0) if scale is None else scale
        np.testing.assert_allclose(other, one, rtol=0, atol=TOLERANCE * largest, err_msg=where)
