"""How kernels run: compiled with XLA, looped over the images of a batch, switched per image.

This module is the only one of `augment`, `policy` and `layers` that knows which backend it is
on. Two habits keep it fast, both found by measuring:

- The loop over the batch is compiled as a whole. A loop that is not compiled, and a compiled
  body that is called once per image, are both slower by an order of magnitude.
- Nothing that depends on data may become a compile-time constant (the start of a slice, a
  padding, a size): XLA would compile again at every call, silently. Kernels index with `take`.
"""

import contextvars
import functools

import keras
import numpy as np

# One of two sets of functions of the same names is defined, by the backend.
# pyright: reportRedeclaration=false
BACKEND = keras.backend.backend()

_NEVER = 1e30  # greater than any value of an image, which compilers cannot know
_MOST_SIZES = 4  # of images, that a program is compiled for
_VALUES_AT_ONCE = 1 << 24  # 64 MiB of float32, for each of some tens of branches

if BACKEND == "tensorflow":
    import tensorflow as tf
    from tensorflow.compiler.tf2xla.python import xla

    _compiling = contextvars.ContextVar("compiling", default=False)

    def compiled(function):
        """Returns `function` compiled with XLA, once per shape and type of its tensors."""

        def traced(*arguments):
            token = _compiling.set(True)
            try:
                return function(*arguments)
            finally:
                _compiling.reset(token)

        return tf.function(traced, jit_compile=True, autograph=False)

    def plain(function):
        """Returns `function` as it is; `tf.function` leaves its source alone."""
        return tf.autograph.experimental.do_not_convert(function)

    def of_any_size(function):
        """Returns `function` as one graph for tensors of all shapes, without XLA."""
        return tf.function(function, autograph=False, reduce_retracing=True)

    def pulled_back(function, tensor, upstream):
        """Returns the gradient of `function` at a tensor, for that of its result."""
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            result = function(tensor)
        return tape.gradient(result, tensor, output_gradients=upstream)

    def is_traced(tensor):
        """Whether a tensor is a placeholder of a graph being built, without a value."""
        return isinstance(tensor, tf.Tensor) and not hasattr(tensor, "numpy")

    def map_images(function, images, *arguments, shape=None):
        """Applies `function(image, *scalars)` to every image of a batch, one after another.

        Its results have the type of the images, and their shape unless another is given.
        """
        signature = tf.TensorSpec(shape or images.shape[1:], images.dtype)
        return _map(function, (images, *arguments), signature)

    def map_rows(function, *arguments, dtype=None):
        """Applies a function to every row of the arguments, one after another.

        Its results are kept in memory, where a compiler that may repeat a computation at every
        use would do so. They have the type of the first argument unless another is given.
        """
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

        if not (_compiling.get() and all(tensor.shape.is_fully_defined() for tensor in tensors)):
            return run()
        # Chosen by a number: by a truth value XLA may compute both branches, and select.
        never = tf.cast(tf.reshape(tensors[0], [-1])[0], "float32") > _NEVER
        nothing = lambda: tf.zeros(results[0].shape, results[0].dtype)  # noqa: E731
        return tf.switch_case(tf.cast(never, "int32"), [run, nothing])

    def running_sum(rows):
        """Returns the sums of the rows up to each; five times as fast as a compiled `cumsum`."""
        return tf.scan(tf.add, rows)

    def repeat(count, function, state, *arguments):
        """Runs `state = function(state, *row)` for each of the `count` rows of the arguments."""
        if count == 1:
            return function(state, *(argument[0] for argument in arguments))
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
        return tf.switch_case(index, branches)

    def take(tensor, indices, *, axis):
        """Returns the entries at `indices`, which must lie within the axis."""
        return tf.gather(tensor, indices, axis=axis)

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
        if _compiling.get():
            return xla.dynamic_slice(tensor, tf.stack(starts), tf.stack(sizes))
        return tf.slice(tensor, tf.stack(starts), tf.stack(sizes))

elif BACKEND == "jax":
    import jax

    def compiled(function):
        """Returns `function` compiled with XLA, once per shape and type of its tensors."""
        return jax.jit(function)

    def plain(function):
        """Returns `function` as it is."""
        return function

    of_any_size = compiled  # sizes are part of every program

    def pulled_back(function, tensor, upstream):
        """Returns the gradient of `function` at a tensor, for that of its result."""
        return jax.vjp(function, tensor)[1](upstream)[0]

    def is_traced(tensor):
        """Whether a tensor is a placeholder of a program being traced, without a value."""
        return isinstance(tensor, jax.core.Tracer)  # pyright: ignore[reportAttributeAccessIssue]

    def images_at_once(shape):
        """How many images of a shape a loop works on at a time; None for one after another.

        A processor takes only the branch that an image needs. An accelerator is idle with one
        small image: it computes all branches, and keeps those results in its memory.
        """
        if jax.default_backend() == "cpu":
            return None
        return max(1, _VALUES_AT_ONCE // int(np.prod(shape)))

    def map_images(function, images, *arguments, shape=None):
        """Applies `function(image, *scalars)` to every image of a batch; see `images_at_once`."""
        del shape  # known from the function
        count = images_at_once(images.shape[1:])
        return jax.lax.map(lambda row: function(*row), (images, *arguments), batch_size=count)

    def map_rows(function, *arguments, dtype=None):
        """Applies a function to every row of the arguments, one after another.

        Its results are kept in memory, where a compiler that may repeat a computation at every
        use would do so. They have the type that the function gives them.
        """
        del dtype  # known from the function
        return jax.lax.map(lambda row: function(*row), arguments)

    def kept(function, *tensors):
        """Returns `function(*tensors)`, computed by itself and kept in memory.

        XLA puts what it can into one loop. What goes before is then computed anew at every use,
        and a join of parts is a question at every pixel, which loses the vector instructions. It
        does not look through a branch, though only one is ever taken.
        """
        result = jax.eval_shape(function, *tensors)
        never = tensors[0].reshape(-1)[0].astype("float32") > _NEVER
        nothing = lambda *tensors: jax.numpy.zeros(result.shape, result.dtype)  # noqa: E731
        return jax.lax.switch(never.astype("int32"), [function, nothing], *tensors)

    def running_sum(rows):
        """Returns the sums of the rows up to each; five times as fast as a compiled `cumsum`."""

        def add(total, row):
            total = total + row
            return total, total

        return jax.lax.scan(add, jax.numpy.zeros_like(rows[0]), rows)[1]

    def repeat(count, function, state, *arguments):
        """Runs `state = function(state, *row)` for each of the `count` rows of the arguments."""
        step = lambda state, row: (function(state, *row), None)  # noqa: E731
        return jax.lax.scan(step, state, arguments, length=count)[0]

    def switch(index, branches):
        """Runs the one of `branches` (functions without arguments) that `index` points at."""
        return jax.lax.switch(index, branches)

    def take(tensor, indices, *, axis):
        """Returns the entries at `indices`, which must lie within the axis."""
        return jax.numpy.take(tensor, indices, axis=axis, mode="clip")

    def replica():
        """Returns None: a batch is one array over all devices."""
        return None

    def window(tensor, starts, sizes):
        """Returns the part of `sizes` that begins at `starts`, which may depend on data."""
        return jax.lax.dynamic_slice(tensor, starts, sizes)

else:
    raise ImportError(
        f"keras_cv_extras runs on the TensorFlow and JAX backends of Keras, not on {BACKEND!r}: "
        "set KERAS_BACKEND to 'tensorflow' or 'jax'"
    )


def runner(function, compile, images, **static):
    """Returns `function` with its static options bound, compiled or plain.

    The result is made once for each combination of options and for each shape and type of
    images, so that calls share programs, and none is traced again because another was.

    Args:
        function: a function of tensors.
        compile: whether to compile it with XLA.
        images: the tensor that the function will work on.
        **static: hashable options of `function` that are part of the program.
    """
    return _runner(function, bool(compile), tuple(images.shape), images.dtype, **static)


def image_runner(function, compile, images, **static):
    """Returns `function` with its static options bound, for images of one size or of many.

    A compiled program is for images of one size. Where the size is not known, as in a data set of
    photographs, XLA would compile for every one that comes by, for seconds: there the function runs
    as a graph of dynamic sizes. So it does for whole numbers, whose bits are the same in both, when
    it was compiled for a few sizes already.

    Args:
        function: a function of tensors.
        compile: whether to compile it with XLA.
        images: the tensor `(batch, height, width, channels)` that the function will work on.
        **static: hashable options of `function` that are part of the program.
    """
    size, dtype = tuple(images.shape[1:3]), images.dtype
    if not compile or (BACKEND == "tensorflow" and None in size):
        return runner(function, False, images, **static)
    if not (
        is_traced(images) or keras.backend.is_float_dtype(keras.backend.standardize_dtype(dtype))
    ):
        sizes = _sizes(function, dtype, **static)
        if len(sizes) < _MOST_SIZES:
            sizes.add(size)
        if size not in sizes:
            return _graph(function, dtype, **static)
    return runner(function, True, images, **static)


@functools.lru_cache(maxsize=512)
def _sizes(function, dtype, **static):
    """The sizes of images that a function is compiled for: a set that grows."""
    del function, dtype, static
    return set()


@functools.lru_cache(maxsize=512)
def _graph(function, dtype, **static):
    del dtype
    return of_any_size(functools.partial(function, **static) if static else function)


@functools.lru_cache(maxsize=512)
def _runner(function, compile, shape, dtype, **static):
    bound = functools.partial(function, **static) if static else function
    return compiled(bound) if compile else plain(bound)


def has_nan(tensor):
    """Whether a tensor with a value holds NaN; False for integers and placeholders."""
    if is_traced(tensor) or not keras.backend.is_float_dtype(
        keras.backend.standardize_dtype(tensor.dtype)
    ):
        return False
    # The sum is NaN if any value is, and is the cheapest pass over the data. In NumPy: a tensor
    # with a value, used in a graph that is being built, has no sum with one.
    return bool(np.isnan(np.sum(keras.ops.convert_to_numpy(tensor), dtype="float32")))
