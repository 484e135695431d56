"""The engine on JAX; see the package."""

import jax
import numpy as np

from keras_cv_extras._base.engine import ways

_WHOLE = 2.0**23  # of floats from here on, the bits are those of the whole number, and a constant
_NEVER = 1e30  # greater than any value of an image, which compilers cannot know
_VALUES_AT_ONCE = 1 << 26  # 256 MiB of float32


def compiled(function, by_batch=False):
    """Returns `function` compiled with XLA, once per shape and type of its tensors."""
    return jax.jit(plain(function, by_batch))


def plain(function, by_batch=False):
    """Returns `function` as it is."""

    def run(*arguments):
        with ways.tracing(by_batch):
            return function(*arguments)

    return run


of_any_size = compiled  # sizes are part of every program


def has_accelerator():
    """Whether JAX runs on anything else than a processor, unless told otherwise."""
    return jax.default_backend() != "cpu"


def by_device(by_image, by_batch):
    """Returns a function that calls the first of two on a processor, else the second.

    Both are traced, and the one is compiled whose device the program is for.
    """

    def on_processor(*arguments):
        with ways.for_processor():
            return by_image(*arguments)

    return lambda *arguments: jax.lax.platform_dependent(
        *arguments, cpu=on_processor, default=by_batch
    )


def precise_matmul(first, second):
    """Returns a product of matrices; by default GPUs cut float32 to TensorFloat-32."""
    return jax.numpy.matmul(first, second, precision=jax.lax.Precision.HIGHEST)


def pulled_back(function, tensor, upstream):
    """Returns the gradient of `function` at a tensor, for that of its result."""
    return jax.vjp(function, tensor)[1](upstream)[0]


def as_bytes(values):
    """Returns float32 numbers in [0, 256) as uint8; fractions are cut off.

    XLA asks of every number whether it fits; of the bits of a number nothing is asked.
    """
    if ways.is_vectorized():
        return values.astype("uint8")
    bits = jax.lax.bitcast_convert_type(jax.numpy.floor(values) + _WHOLE, "int32")
    return bits.astype("uint8")


def is_traced(tensor):
    """Whether a tensor is a placeholder of a program being traced, without a value."""
    return isinstance(tensor, jax.core.Tracer)  # pyright: ignore[reportAttributeAccessIssue]


def images_at_once(shape):
    """How many images of a shape are worked on at a time, so that their memory is bounded."""
    return max(1, _VALUES_AT_ONCE // int(np.prod(shape)))


def vectorize(function, *arguments):
    """Applies a function to every row of the arguments, all rows at once."""
    return jax.vmap(ways.vectorized(function))(*arguments)


def map_images(function, images, *arguments, shape=None):
    """Applies `function(image, *scalars)` to every image of a batch."""
    del shape  # known from the function
    rows = (images, *arguments)
    if not ways.is_by_batch():
        return jax.lax.map(lambda row: function(*row), rows)
    count, traced = images_at_once(images.shape[1:]), ways.vectorized(function)
    if count >= images.shape[0]:
        return jax.vmap(traced)(*rows)
    return jax.lax.map(lambda row: traced(*row), rows, batch_size=count)


def map_rows(function, *arguments, dtype=None):
    """Applies a function to every row of the arguments, one after another.

    Its results are kept in memory, where a compiler that may repeat a computation at every
    use would do so. They have the type that the function gives them.
    """
    del dtype  # known from the function
    if ways.is_by_batch():
        return jax.vmap(ways.vectorized(function))(*arguments)
    return jax.lax.map(lambda row: function(*row), arguments)


def kept(function, *tensors):
    """Returns `function(*tensors)`, computed by itself and kept in memory.

    XLA puts what it can into one loop. What goes before is then computed anew at every use,
    and a join of parts is a question at every pixel, which loses the vector instructions. It
    does not look through a branch, though only one is ever taken.
    """
    if ways.is_vectorized():  # what an accelerator computes anew is faster than its memory
        return function(*tensors)
    result = jax.eval_shape(function, *tensors)
    never = tensors[0].reshape(-1)[0].astype("float32") > _NEVER
    nothing = lambda *tensors: jax.numpy.zeros(result.shape, result.dtype)  # noqa: E731
    return jax.lax.switch(never.astype("int32"), [function, nothing], *tensors)


def running_sum(rows):
    """Returns the sums of the rows up to each; five times as fast as a compiled `cumsum`."""
    if ways.is_vectorized():
        return jax.numpy.cumsum(rows, axis=0, dtype=rows.dtype)

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


def shared(function):
    """Returns an elementwise `function`, traced once for the shapes of all that call it."""
    return jax.jit(function)


def replica():
    """Returns None: a batch is one array over all devices."""
    return None


def window(tensor, starts, sizes):
    """Returns the part of `sizes` that begins at `starts`, which may depend on data."""
    return jax.lax.dynamic_slice(tensor, starts, sizes)
