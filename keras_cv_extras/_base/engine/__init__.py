"""How kernels run: compiled with XLA, image by image or all images of a batch at once.

This package is the only one that `augment`, `policy` and `layers` know the backend by, and the
device. Two habits keep it fast, both found by measuring:

- The loop over the batch is compiled as a whole. A loop that is not compiled, and a compiled
  body that is called once per image, are both slower by an order of magnitude.
- Nothing that depends on data may become a compile-time constant (the start of a slice, a
  padding, a size): XLA would compile again at every call, silently. Kernels index with `take`.
"""

import collections
import functools

import keras
import numpy as np

from keras_cv_extras._base.engine.ways import asked as asked
from keras_cv_extras._base.engine.ways import execution as execution
from keras_cv_extras._base.engine.ways import is_by_batch as is_by_batch
from keras_cv_extras._base.engine.ways import is_for_processor as is_for_processor
from keras_cv_extras._base.engine.ways import is_vectorized as is_vectorized

BACKEND = keras.backend.backend()

# For so many sizes of images is a program compiled at once, and for more where they come often.
_SIZES_AT_ONCE, _SIZES_IN_ALL, _OFTEN = 2, 32, 16

if BACKEND == "tensorflow":
    from keras_cv_extras._base.engine import on_tensorflow as backend
elif BACKEND == "jax":
    from keras_cv_extras._base.engine import on_jax as backend
else:
    raise ImportError(
        f"keras_cv_extras runs on the TensorFlow and JAX backends of Keras, not on {BACKEND!r}: "
        "set KERAS_BACKEND to 'tensorflow' or 'jax'"
    )

as_bytes = backend.as_bytes
compiled = backend.compiled
has_accelerator = backend.has_accelerator
is_traced = backend.is_traced
kept = backend.kept
map_images = backend.map_images
map_rows = backend.map_rows
plain = backend.plain
pulled_back = backend.pulled_back
repeat = backend.repeat
replica = backend.replica
running_sum = backend.running_sum
shared = backend.shared
switch = backend.switch
take = backend.take
vectorize = backend.vectorize
window = backend.window


def is_accelerated() -> bool:
    """Whether what is being traced may run on an accelerator, whose float32 is not exact.

    Seen there: products of matrices in TensorFloat-32, of 11 bits, and quotients under XLA that
    are off by up to two units of the last place. `matmul` and `exact.quotient` mend both.
    """
    return is_by_batch() or (not is_for_processor() and has_accelerator())


def matmul(first, second):
    """Returns a product of float32 matrices with the digits of float32 on every device.

    Where all products and sums are whole numbers below 2**24, it is exact.
    """
    if not is_accelerated():
        return keras.ops.matmul(first, second)
    return backend.precise_matmul(first, second)


def halves(values, axis):
    """Returns both halves of an axis of known length; the middle of an odd one is in both."""
    count = values.shape[axis]
    if count % 2 == 0:
        return keras.ops.split(values, 2, axis)
    ends = (count + 1) // 2, count // 2
    first, last = (keras.ops.split(values, [end], axis) for end in ends)
    return first[0], last[1]


def by_pixel(numbers):
    """Returns one number per image, `(batch,)`, as `(batch, 1, 1, 1)`, for all of its pixels."""
    return keras.ops.reshape(numbers, (-1, 1, 1, 1))


def in_rows(function, images, *numbers):
    """Returns `function(images, *numbers)` of images as rows, with all values of an image in one.

    A loop over rows takes as many values at once as an instruction holds. A loop over pixels takes
    their channels apart and joins them again, for twice as long. It is kept: XLA would give it the
    shape of what follows.

    Args:
        function: a function of `(images, values)` and of numbers `(images, 1)` or `(images,
            values)`. Each value of its result depends on the values and numbers in its place.
        images: `(height, width, channels)`, or `(batch, height, width, channels)`.
        *numbers: scalars for an image, `(batch, 1, 1, 1)` for a batch, or of the images' shape.
    """
    count = keras.ops.shape(images)[0] if len(images.shape) == 4 else 1
    rows = [keras.ops.reshape(part, (count, -1)) for part in (images, *numbers)]
    return keras.ops.reshape(kept(function, *rows), keras.ops.shape(images))


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
    way = asked()
    if None in images.shape[1:] or (way == "device" and not backend.has_accelerator()):
        way = "image"  # groups of images are made for one size
    return _runner(function, bool(compile), tuple(images.shape), images.dtype, way, **static)


def image_runner(function, compile, images, shapes=(), **static):
    """Returns `function` with its static options bound, for images of one size or of many.

    A compiled program is for images of one size. Where the size is not known, as in a data set of
    photographs, XLA would compile for every one that comes by, for seconds: there the function runs
    as a graph of dynamic sizes. So it does for whole numbers, whose bits are the same in both, when
    it was compiled for two sizes already, until a size has come often.

    Args:
        function: a function of tensors.
        compile: whether to compile it with XLA.
        images: the tensor `(batch, height, width, channels)` that the function will work on.
        shapes: of other tensors, where the function has to know them: a graph of many sizes of
            images would forget them, too.
        **static: hashable options of `function` that are part of the program.
    """
    size, dtype = tuple(images.shape[1:3]), images.dtype
    if not compile or (BACKEND == "tensorflow" and None in size):
        return runner(function, False, images, **static)
    whole = not keras.backend.is_float_dtype(keras.backend.standardize_dtype(dtype))
    by_image = asked() == "device" and not backend.has_accelerator()
    if whole and by_image and not is_traced(images):
        sizes, calls = _sizes(function, dtype, **static)
        if size not in sizes:
            calls[size] += 1
            often = calls[size] > _OFTEN and len(sizes) < _SIZES_IN_ALL
            if len(sizes) >= _SIZES_AT_ONCE and not often:
                return _graph(function, dtype, images.shape[-1], shapes, **static)
            sizes.add(size)
    return runner(function, True, images, **static)


@functools.lru_cache(maxsize=512)
def _sizes(function, dtype, **static):
    """The sizes of images that a function is compiled for, and how often others were met."""
    del function, dtype, static
    return set(), collections.Counter()


@functools.lru_cache(maxsize=512)
def _graph(function, dtype, channels, shapes, **static):
    """One graph for all sizes; of images with more channels, or fewer, another."""
    del dtype, channels, shapes
    bound = functools.partial(function, **static) if static else function
    return backend.of_any_size(backend.plain(bound))


@functools.lru_cache(maxsize=512)
def _runner(function, compile, shape, dtype, way, **static):
    bound = functools.partial(function, **static) if static else function
    make = compiled if compile else plain
    if way == "device" and BACKEND == "jax":
        return make(backend.by_device(plain(bound), plain(bound, True)))
    if way == "device":
        return backend.by_device(make(bound), make(bound, True))
    return make(bound, True) if way == "batch" else make(bound)


def is_finite(tensor):
    """Whether a tensor holds no NaN and no infinity; True for integers and placeholders."""
    if is_traced(tensor) or not keras.backend.is_float_dtype(
        keras.backend.standardize_dtype(tensor.dtype)
    ):
        return True
    # The sum is not finite if any value is not, and is the cheapest pass over the data. In NumPy: a
    # tensor with a value, used in a graph that is being built, has no sum with one.
    values = keras.ops.convert_to_numpy(tensor)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum(values, dtype="float32")
    return bool(np.isfinite(total) or np.isfinite(values).all())
