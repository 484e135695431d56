"""Publishes a kernel as an op: `image_op`, and the list `OPS`.

A kernel is a pure function of one image of shape `(height, width, channels)` with values in
[0, 255], and of plain numbers. `@image_op` makes of it a function of an image or a batch, of
integers or floats, of one number or one per image, and enters it in `OPS`, which is the only
list of ops: policies, layers, the search space, the tests and the benchmark read it.
"""

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, cast, overload

from keras import backend

from keras_cv_extras._base import checks as _checks
from keras_cv_extras._base import engine
from keras_cv_extras._base.engine import execution as execution
from keras_cv_extras._base.images.batches import as_batch, as_fill, as_partners, per_image
from keras_cv_extras._base.images.value_range import from_pixel_range, own_range, to_pixel_range
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import Images, Tensor
from keras_cv_extras.augment._docstring import complete
from keras_cv_extras.augment._op import OLD_PIXELS, SIZE, Op, Range, number_names

OPS: dict[str, Op] = {}
_PUBLISHED: dict[str, Op] = {}  # those too that no policy can use

_TRACED_OPTIONS = ("fill",)  # options that are data of the compiled program, not part of it
_PIXELS = ("moved", "uint8", "computed", "rounded")

P = ParamSpec("P")


class PublishedOp(Protocol[P]):
    """What `image_op` publishes: a function of images, then of the kernel's numbers and options."""

    __name__: str
    __signature__: inspect.Signature
    __wrapped__: Callable[..., Tensor]

    @overload
    def __call__(self, images: Images, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...

    @overload
    def __call__(self, images: Images, /, *args: Any, compile: bool, **kwargs: Any) -> Tensor: ...

    @overload
    def __call__(self, *, images: Images, **kwargs: Any) -> Tensor: ...


def image_op(
    *,
    strength: Range | None = None,
    pixels: str,
    channels: tuple[int, ...] | None = None,
    checks: dict[str, Any] | None = None,
    listed: bool = True,
    matrix: Callable[..., Any] | None = None,
    cheap: bool = False,
    batched: bool = False,
    reads_values: bool = False,
    key_for_fill: bool = False,
    elementwise: bool = False,
) -> Callable[[Callable[Concatenate[Tensor, P], Tensor]], PublishedOp[P]]:
    """Publishes a kernel of your own as a function of images, and enters it in `OPS`.

    From then on policies, the layers, the search and files of policies know it by its name.

    The kernel computes in `keras.ops`, so that it runs on every backend, and takes one image
    `(height, width, channels)`: as it is for "moved", uint8 for "uint8", else float32. Positional
    parameters after the image are numbers, one for all images or one per image. By their names,
    `partner` is a second image; `x` and `y` are positions in [0, 1); `key` is an integer in
    [0, 2**24) that all random numbers of the kernel are a function of. Keyword-only parameters are
    options, the same for all images: `fill` is a colour, `size` a pair `(height, width)` for the
    result or None for the image's own.

    The kernel's docstring describes what is its own; `_docstring` adds the images, the other
    arguments that it has the words for, and what is returned.

    Args:
        strength: how a strength in [0, 1] becomes the first number; None if there is none.
        pixels: "moved", "uint8", "computed" or "rounded"; see `Op`.
        channels: the numbers of channels that the op's meaning allows; None for any.
        checks: checks of options by their names, see `Op`; `fill_mode` and `interpolation` have
            theirs.
        listed: whether the op is entered in `OPS`. One that does nothing without a size is not.
        matrix: how a batch on an accelerator is warped at once, see `Op`; None for other ops.
        cheap: whether the op takes few instructions for each pixel; see `Op`.
        batched: whether the kernel takes a batch, too: it counts axes from the last, and its
            numbers may have the shape `(batch, 1, 1, 1)`. Several times faster on large images.
        reads_values: whether an op that is "moved", which takes images of any type, looks at their
            values all the same, as `invert` does. Images that are far from [0, 255] are then
            told of.
        key_for_fill: whether the key is for `fill_mode="noise"` alone, so that nothing is random
            with another filling.
        elementwise: whether each value of the result depends only on the value in its place and
            on the numbers. The kernel then takes images as rows, too, `(batch, values)`, with
            numbers of shape `(batch, 1)`. Twice as fast as `batched`, which it includes.

    Returns:
        A decorator of the kernel.

    Raises:
        TypeError: if the kernel takes positions and a key, or `strength` is no `Range`, or one
            of a kernel without a number.
        ValueError: if `pixels` is none of the four, or an op of this package has the name.

    Example:
        >>> @image_op(strength=Range(0.0, 1.0), pixels="computed", channels=(3,))
        ... def sepia(image, amount):
        ...     grey = keras.ops.mean(image, axis=-1, keepdims=True)
        ...     brown = grey * keras.ops.array([1.07, 0.94, 0.73])
        ...     return image + amount * (brown - image)
        >>> sepia(np.full((2, 8, 8, 3), 100, "uint8"), 1.0)[0, 0, 0]
    """
    pixels = OLD_PIXELS.get(pixels, pixels)
    if pixels not in _PIXELS:
        raise ValueError(f"pixels must be one of {_PIXELS}, received {pixels!r}")
    if strength is not None and not isinstance(strength, Range):
        raise TypeError(f"strength must be a Range or None, received {strength!r}")

    def publish(kernel: Callable[Concatenate[Tensor, P], Tensor]) -> PublishedOp[P]:
        parameters = list(inspect.signature(kernel).parameters.values())[1:]
        numbers = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        positions = sum(name in ("x", "y") for name in numbers)
        if positions and "key" in numbers:
            raise TypeError(f"{kernel.__name__} takes positions or a key, not both")
        if strength is not None and not set(numbers) - {"partner", "x", "y", "key"}:
            raise TypeError(
                f"{kernel.__name__} has a strength, and takes no number that it could set: add "
                "a parameter after the image"
            )
        if not kernel.__module__.startswith(f"{__package__}."):
            importlib.import_module(f"{__package__}._ops")  # the library's own come first
        there = _PUBLISHED.get(kernel.__name__)
        home = there.kernel.__module__ if there is not None else ""
        if home.startswith(f"{__package__}.") and kernel.__module__ != home:
            raise ValueError(
                f"there is an op {kernel.__name__!r} in {__package__} already: give your function "
                "another name"
            )
        op = Op(
            name=kernel.__name__,
            kernel=kernel,
            strength=strength,
            pixels=pixels,
            channels=channels,
            positions=positions,
            takes_key="key" in numbers,
            takes_partner="partner" in numbers,
            takes_fill="fill" in options,
            options={k: v for k, v in options.items() if k not in (*_TRACED_OPTIONS, SIZE)},
            checks={SIZE: _check_size, **(checks or {})},
            matrix=matrix,
            cheap=cheap,
            batched=batched,
            reads_values=reads_values,
            key_for_fill=key_for_fill,
            elementwise=elementwise,
        )
        _PUBLISHED[op.name] = op
        if listed:
            OPS[op.name] = op
        signature = _public_signature(kernel)

        @functools.wraps(kernel)
        def function(*args, **kwargs):
            call = signature.bind(*args, **kwargs)
            if "key" not in call.arguments and op.draws(call.arguments):
                _warn_if_traced(op.name, call.arguments["images"])
            call.apply_defaults()
            return _run(op, **call.arguments)

        function.__doc__ = complete(
            kernel,
            signature.parameters,
            channels=channels,
            whole=pixels == "uint8",
            sized=SIZE in options,
        )
        published = cast("PublishedOp[P]", function)
        published.__signature__ = signature
        return published

    return publish


def _warn_if_traced(name, images):
    """Warns where a program is traced that would draw the same numbers for every batch."""
    if engine.is_traced(images):
        caller.warn(
            f"{name} will draw the same numbers for every batch: in Dataset.map, tf.function or "
            "jit, give a `key` that is a tensor and changes, best one per image; policies and "
            "layers, such as policy.Policy([[policy.Step(...)]]) in data.pipeline, draw anew by "
            "themselves",
            once=True,
        )


def _run(op, images, compile, **arguments):
    images, restore = as_batch(images)
    op.check(images)
    value_range = own_range(images.dtype)
    # Crops and resizes take floats of any range.
    floats = backend.is_float_dtype(backend.standardize_dtype(images.dtype))
    sized = SIZE in arguments and SIZE not in number_names(op.kernel)
    to = "a policy or a layer " if op.reads_values else None
    scaled = images if floats and sized else to_pixel_range(images, value_range, to=to)
    numbers, traced, static = [], {}, {}
    for name, value in arguments.items():
        if name in _TRACED_OPTIONS:
            traced[name] = as_fill(value, images)
        elif name == "partners":
            numbers.append(to_pixel_range(as_partners(value, images), value_range, to=None))
        elif name in number_names(op.kernel):
            limits = op.strength if op.strength and name == op.value_name else None
            numbers.append(per_image(name, value, images, limits))
        else:
            static[name] = value
    static = op.checked(static)
    run = engine.image_runner(_map_op, compile, scaled, name=op.name, **static)
    result = run(scaled, tuple(numbers), traced)
    return restore(from_pixel_range(result, value_range, images.dtype))


def _map_op(images, numbers, traced, *, name, **static):
    op, size = _PUBLISHED[name], static.get(SIZE)
    apply = functools.partial(op.apply, **traced, **static)
    if op.batched:
        return apply(images, *map(engine.by_pixel, numbers))
    shape = None if size is None else (*size, images.shape[-1])
    return engine.map_images(functools.partial(engine.kept, apply), images, *numbers, shape=shape)


def _public_signature(kernel):
    """The kernel's signature in the plural, with `compile` as a last option."""
    plural = {"image": "images", "partner": "partners"}
    signature = inspect.signature(kernel)
    parameters = [p.replace(name=plural.get(p.name, p.name)) for p in signature.parameters.values()]
    option = inspect.Parameter("compile", inspect.Parameter.KEYWORD_ONLY, default=True)
    return signature.replace(parameters=[*parameters, option])


def _check_size(name, value):
    return None if value is None else _checks.sizes(name, value, 2)
