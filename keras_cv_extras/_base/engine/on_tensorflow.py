"""The engine on TensorFlow; see the package."""

import contextvars
import functools
from typing import Any

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

from keras_cv_extras._base.engine import ways

_WHOLE = 2.0**23  # of floats from here on, the bits are those of the whole number, and a constant
_NEVER = 1e30  # greater than any value of an image, which compilers cannot know
_FEW = 8  # steps that are traced one after another rather than as a loop

_compiling = contextvars.ContextVar("compiling", default=False)


def compiled(function, by_batch=False):
    """Returns `function` compiled with XLA, once per shape and type of its tensors."""

    def traced(*arguments):
        token = _compiling.set(True)
        try:
            with ways.tracing(by_batch):
                return function(*arguments)
        finally:
            _compiling.reset(token)

    # TensorFlow counts the traces of all functions of one source together, and warns of the fifth.
    return tf.function(functools.partial(traced), jit_compile=True, autograph=False)


def plain(function, by_batch=False):
    """Returns `function` as it is; `tf.function` leaves its source alone."""
    if not by_batch:
        return tf.autograph.experimental.do_not_convert(function)

    def run(*arguments):
        with ways.tracing(True):
            return function(*arguments)

    return tf.autograph.experimental.do_not_convert(run)


def of_any_size(function):
    """Returns `function` as one graph for tensors of all shapes, without XLA."""
    return tf.function(function, autograph=False, reduce_retracing=True)


def has_accelerator():
    """Whether TensorFlow sees anything else than processors."""
    return any(device.device_type != "CPU" for device in tf.config.get_visible_devices())


def by_device(by_image, by_batch):
    """Returns a function that calls the first of two on a processor, else the second.

    Eagerly the device of the tensors decides. A graph is traced before it is known where it will
    run: `Dataset.map` runs it on a processor, a model on an accelerator. The op that tells is
    replaced by its value before the graph runs. Within a function that the caller compiles with
    XLA it tells nothing, and the accelerator is taken for granted.
    """

    def on_processor(*arguments):
        with ways.for_processor():
            return by_image(*arguments)

    def run(*arguments):
        if not tf.executing_eagerly():
            # Other devices, and XLA, count as behind the last.
            device = tf.raw_ops.DeviceIndex(device_names=["CPU"])
            branches = [on_processor, by_batch]
            return tf.switch_case(device, [lambda f=f: f(*arguments) for f in branches])
        devices = {part.device for part in tf.nest.flatten(arguments) if tf.is_tensor(part)}
        if not all("device:CPU" in device for device in devices):
            return by_batch(*arguments)
        with tf.device(devices.pop() if devices else "CPU:0"):
            return on_processor(*arguments)

    return tf.autograph.experimental.do_not_convert(run)


def precise_matmul(first, second):
    """Returns a product of matrices; GPUs cut float32 to TensorFloat-32, but not float64."""
    result = tf.matmul(tf.cast(first, tf.float64), tf.cast(second, tf.float64))
    return tf.cast(result, first.dtype)


def pulled_back(function, tensor, upstream):
    """Returns the gradient of `function` at a tensor, for that of its result."""
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        result = function(tensor)
    return tape.gradient(result, tensor, output_gradients=upstream)


def as_bytes(values):
    """Returns float32 numbers in [0, 256) as uint8; fractions are cut off.

    XLA asks of every number whether it fits; of the bits of a number nothing is asked.
    """
    if ways.is_vectorized() or not _compiling.get():
        return tf.cast(values, "uint8")
    return tf.cast(tf.bitcast(tf.floor(values) + _WHOLE, "int32"), "uint8")


def is_traced(tensor):
    """Whether a tensor is a placeholder of a graph being built, without a value."""
    return isinstance(tensor, tf.Tensor) and not hasattr(tensor, "numpy")


def vectorize(function, *arguments):
    """Applies a function to every row of the arguments, all rows at once."""
    traced = ways.vectorized(function)
    return tf.vectorized_map(lambda rows: traced(*rows), arguments)


def map_images(function, images, *arguments, shape=None):
    """Applies `function(image, *scalars)` to every image of a batch.

    Its results have the type of the images, and their shape unless another is given.
    """
    if ways.is_by_batch():
        return vectorize(function, images, *arguments)
    signature = tf.TensorSpec(shape or images.shape[1:], images.dtype)
    return _map(function, (images, *arguments), signature)


def map_rows(function, *arguments, dtype=None):
    """Applies a function to every row of the arguments, one after another.

    Its results are kept in memory, where a compiler that may repeat a computation at every
    use would do so. They have the type of the first argument unless another is given.
    """
    if ways.is_vectorized():
        rows = zip(*(tf.unstack(argument) for argument in arguments), strict=True)
        return tf.stack([function(*row) for row in rows])
    if ways.is_by_batch():
        return vectorize(function, *arguments)
    return _map(function, arguments, dtype or arguments[0].dtype)


def _map(function, arguments, signature):
    scope = tf.compat.v1.get_variable_scope()
    device = scope.caching_device
    try:
        return tf.map_fn(lambda row: function(*row), arguments, fn_output_signature=signature)
    except BaseException:
        # TensorFlow 2.21 leaves its own setting behind, and then no strategy can begin.
        if not tf.executing_eagerly():
            scope.set_caching_device(device)
        raise


def kept(function, *tensors):
    """Returns `function(*tensors)`, computed by itself and kept in memory.

    XLA puts what it can into one loop. What goes before is then computed anew at every use,
    and a join of parts is a question at every pixel, which loses the vector instructions. It
    does not look through a branch, though only one is ever taken.
    """
    results = []

    def run():
        results.append(function(*tensors))
        return results[0]

    if ways.is_vectorized():  # what an accelerator computes anew is faster than its memory
        return run()
    if not (_compiling.get() and all(tensor.shape.is_fully_defined() for tensor in tensors)):
        return run()
    # Chosen by a number: by a truth value XLA may compute both branches, and select.
    never = tf.cast(tf.reshape(tensors[0], [-1])[0], "float32") > _NEVER
    nothing = lambda: tf.zeros(results[0].shape, results[0].dtype)  # noqa: E731
    return tf.switch_case(tf.cast(never, "int32"), [run, nothing])


def running_sum(rows):
    """Returns the sums of the rows up to each; five times as fast as a compiled `cumsum`."""
    return tf.cumsum(rows) if ways.is_vectorized() else tf.scan(tf.add, rows)


def repeat(count, function, state, *arguments):
    """Runs `state = function(state, *row)` for each of the `count` rows of the arguments."""
    if count == 1 or (ways.is_vectorized() and count <= _FEW):
        for step in range(count):
            state = function(state, *(argument[step] for argument in arguments))
        return state
    _, state = tf.while_loop(
        lambda step, state: step < count,
        lambda step, state: (
            step + 1,
            function(state, *(tf.gather(argument, step) for argument in arguments)),
        ),
        (tf.constant(0), state),
    )
    return state


def switch(index, branches):
    """Runs the one of `branches` (functions without arguments) that `index` points at."""
    if not ways.is_vectorized():
        return tf.switch_case(index, branches)
    result = branches[0]()
    for number, branch in enumerate(branches[1:], 1):
        result = tf.where(tf.equal(index, number), branch(), result)
    return result


def take(tensor, indices, *, axis):
    """Returns the entries at `indices`, which must lie within the axis."""
    return tf.gather(tensor, indices, axis=axis)


def shared(function):
    """Returns an elementwise `function` of uint32 tensors, traced once for all that call it.

    Hundreds of nodes become one in the graph of every program. XLA and graphs inline it.
    """
    traced = []  # when it is first called: this module may be loaded within a graph

    def run(*words):
        if ways.is_vectorized():  # a loop that is vectorized wants to see the ranks
            return function(*words)
        if not traced:
            of_any_rank: Any = None  # TensorFlow's types leave this shape out
            signature = [tf.TensorSpec(of_any_rank, "uint32")] * len(words)
            traced.append(tf.function(function, input_signature=signature, autograph=False))
        results = traced[0](*words)
        shape = functools.reduce(tf.broadcast_static_shape, [word.shape for word in words])
        for result in results:
            result.set_shape(shape)
        return results

    return run


def replica():
    """Returns the number of the replica that this is a part of, None if there is but one."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return None
    return context.replica_id_in_sync_group


def window(tensor, starts, sizes):
    """Returns the part of `sizes` that begins at `starts`, which may depend on data.

    XLA takes the start of a `tf.slice` for a constant and compiles for each anew.
    """
    if ways.is_vectorized():
        for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
            tensor = tf.gather(tensor, tf.range(size) + start, axis=axis)
        return tensor
    if _compiling.get():
        return xla.dynamic_slice(tensor, tf.stack(starts), tf.stack(sizes))
    return tf.slice(tensor, tf.stack(starts), tf.stack(sizes))
