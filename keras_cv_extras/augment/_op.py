"""Publishes a kernel as an op: `image_op`, and the list `OPS`.

A kernel is a pure function of one image of shape `(height, width, channels)` with values in
[0, 255], and of plain numbers. `@image_op` makes of it a function of an image or a batch, of
integers or floats, of one number or one per image, and enters it in `OPS`, which is the only
list of ops: policies, layers, the search space, the tests and the benchmark read it.
"""

import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, cast, overload

from keras import backend, ops

from keras_cv_extras._base import checks as _checks
from keras_cv_extras._base import engine
from keras_cv_extras._base.engine import execution as execution
from keras_cv_extras._base.images.batches import as_batch, as_fill, as_partners, key_from, per_image
from keras_cv_extras._base.images.fill import check_mode
from keras_cv_extras._base.images.sampling import check_interpolation
from keras_cv_extras._base.images.value_range import from_pixel_range, own_range, to_pixel_range
from keras_cv_extras._base.types import Images, Numbers, Tensor
from keras_cv_extras.augment._docstring import complete

OPS: dict[str, "Op"] = {}
_PUBLISHED: dict[str, "Op"] = {}  # those too that no policy can use

_TRACED_OPTIONS = ("fill",)  # options that are data of the compiled program, not part of it
_SIZE = "size"  # the option of the ops that can give another size
_PIXELS = ("moved", "uint8", "computed", "rounded")
_NAMES = {1: "grey", 3: "RGB"}  # of images by their channels
_OLD_PIXELS = {"levels": "uint8"}  # the old spelling
_CHECKS = {"fill_mode": check_mode, "interpolation": check_interpolation}  # unless an op has others


@dataclasses.dataclass(frozen=True)
class Range:
    """How a strength in [0, 1] becomes an op's value: linearly, from the identity outwards.

    Args:
        identity: the value at strength 0.
        extreme: the value at strength 1.
        signed: whether a policy mirrors the value about the identity for half of the images.
        unit: None, or the image side that both ends are fractions of: "width", "height",
            "shorter".
        least: the least value that the op takes; None for any.
        most: the greatest value that it takes; None for any.
        positive: whether 0 and less is refused.

    Raises:
        ValueError: if the unit is another.

    Example:
        >>> Range(0.0, 0.5, unit="width").value(0.5, height=32, width=64)
        16.0
    """

    identity: float
    extreme: float
    signed: bool = False
    unit: str | None = None
    least: float | None = None
    most: float | None = None
    positive: bool = False

    def __post_init__(self) -> None:
        """Checks the unit."""
        _checks.one_of("unit", self.unit, (None, "width", "height", "shorter"))

    def check(self, name: str, lowest: float, highest: float) -> None:
        """Raises if values of the op, from the lowest to the highest, are none that it takes."""
        least, most = self.least, self.most
        wrong = [v for v in (lowest, highest) if self.positive and v <= 0]
        wrong += [lowest] if least is not None and lowest < least else []
        wrong += [highest] if most is not None and highest > most else []
        if wrong:
            words = ["above 0"] if self.positive else []
            words += [] if least is None else [f"at least {least:g}"]
            words += [] if most is None else [f"at most {most:g}"]
            received = wrong[0] + 0.0  # TensorFlow keeps one scalar for 0 and -0, the first it met
            raise ValueError(f"{name} must be {' and '.join(words)}, received {received:g}")

    def scale(self, height: int, width: int) -> float:
        """Returns the factor from this range's unit to the op's own, for an image size."""
        sides = {"width": width, "height": height, "shorter": min(height, width)}
        return float(sides[self.unit]) if self.unit else 1.0

    def value(self, strength: float, height: int, width: int) -> float:
        """Returns the op's value at a strength, for an image size in pixels."""
        value = self.identity + (self.extreme - self.identity) * strength
        return value * self.scale(height, width)


@dataclasses.dataclass(frozen=True)
class Op:
    """A published op.

    Attributes:
        name: its name, the key in `OPS`.
        kernel: the function of one image.
        strength: how a strength becomes the kernel's first number, or None without one.
        pixels: what the kernel does to pixels: "moved" (any type goes in and comes out),
            "uint8" (whole numbers in [0, 255]), "computed" (float32; clipped afterwards, and
            truncated for integer images as Pillow does), "rounded" (the same, but rounded).
        channels: the numbers of channels it takes, or None for any.
        positions: how many of its numbers are positions in [0, 1) that a policy draws.
        takes_key: whether its last number is a key that its random numbers are a function of.
        takes_partner: whether it takes a second image.
        takes_fill: whether it has a fill colour.
        options: its other options, which are part of the compiled program, and their defaults.
        checks: for options by their names, a function of the name and a value that returns the
            value as the kernel takes it, or raises.
        matrix: for an op that looks up pixels by a matrix, a function of the image's height and
            width, the op's numbers and, by their names, its options. It returns six int32
            `(a, b, c, d, e, f)` in 1/65536 pixel: the centre of pixel `(x, y)` of the result
            shows position `(a x + b y + c, d x + e y + f)` of the image.
        cheap: whether an accelerator computes the op for all images of a batch and keeps what
            is wanted. Other ops have their images gathered first.
        batched: whether the kernel takes a batch, too, with numbers of shape `(batch, 1, 1, 1)`.
            One pass over a batch is faster than a loop over its images.
        reads_values: whether it matters where black and white are, as it does not to what moves
            pixels; True unless `pixels` is "moved". A fill colour is in the range of the images.

    Example:
        >>> OPS["rotate"].strength.extreme, OPS["rotate"].pixels
        (30.0, 'moved')
        >>> sorted(name for name, op in OPS.items() if op.takes_partner)
        ['sample_pairing']
    """

    name: str
    kernel: Callable[..., Any]
    strength: Range | None
    pixels: str
    channels: tuple[int, ...] | None
    positions: int
    takes_key: bool
    takes_partner: bool
    takes_fill: bool
    options: dict[str, Any]
    checks: dict[str, Any]
    matrix: Callable[..., Any] | None = None
    cheap: bool = False
    batched: bool = False
    reads_values: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _OLD_PIXELS.get(self.pixels, self.pixels))
        object.__setattr__(self, "reads_values", self.reads_values or self.pixels != "moved")

    @property
    def has_strength(self) -> bool:
        """Whether the op has a value that a strength sets."""
        return self.strength is not None

    def apply(self, image: Tensor, *arguments: Any, **options: Any) -> Tensor:
        """Runs the kernel on one image of any numeric type, or on a batch if it takes one."""
        dtype = image.dtype
        if self.pixels == "uint8":
            image = to_uint8(image)
        elif self.pixels in ("computed", "rounded"):
            image = ops.cast(image, "float32")
            if self.takes_partner:
                arguments = (ops.cast(arguments[0], "float32"), *arguments[1:])
        result = self.kernel(image, *arguments, **options)
        shape, given = getattr(result, "shape", ()), tuple(image.shape)
        alike = len(shape) == len(given) and all(
            None in both or both[0] == both[1] for both in zip(shape, given, strict=True)
        )
        if not alike and options.get(_SIZE) is None:
            received = tuple(shape) if hasattr(result, "shape") else _checks.shown(result)
            raise ValueError(f"the op {self.name!r} must give images {given}, received {received}")
        if self.pixels == "rounded":
            return round_off(result, dtype)
        return finish(result, dtype) if self.pixels == "computed" else ops.cast(result, dtype)

    @property
    def value_name(self) -> str:
        """What the op calls its own number: "degrees", "threshold", ..."""
        names = [name for name in _number_names(self.kernel) if name != "partner"]
        return names[0]

    def numbers(self, value: Numbers | None, x: Numbers, y: Numbers) -> list[Any]:
        """Returns the kernel's numbers, for a value and two random numbers in [0, 1).

        Args:
            value: the op's own number; not used by an op without one.
            x: a horizontal position, or what a key is made from.
            y: a vertical position.
        """
        numbers = [value] if self.has_strength else []
        return [*numbers, key_from(x)] if self.takes_key else [*numbers, *[x, y][: self.positions]]

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        """Returns options, by their names, as the kernel takes them; raises if one is wrong."""
        checks = {**_CHECKS, **self.checks}
        return {k: checks[k](k, v) if k in checks else v for k, v in options.items()}

    def check(self, images: Tensor) -> None:
        """Raises if the op cannot work on images of this many channels."""
        count = images.shape[-1]
        if self.channels is not None and count not in self.channels:
            wanted = " or ".join(map(str, self.channels))
            named = " or ".join(_NAMES[n] for n in self.channels if n in _NAMES)
            raise ValueError(
                f"{self.name} works on images with {wanted} channels"
                f"{named and f' ({named})'}, received {count} channels in shape "
                f"{tuple(images.shape)}"
            )


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
    pixels = _OLD_PIXELS.get(pixels, pixels)
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
            options={k: v for k, v in options.items() if k not in (*_TRACED_OPTIONS, _SIZE)},
            checks={_SIZE: _check_size, **(checks or {})},
            matrix=matrix,
            cheap=cheap,
            batched=batched,
            reads_values=reads_values,
        )
        _PUBLISHED[op.name] = op
        if listed:
            OPS[op.name] = op
        signature = _public_signature(kernel)

        @functools.wraps(kernel)
        def function(*args, **kwargs):
            call = signature.bind(*args, **kwargs)
            call.apply_defaults()
            return _run(op, **call.arguments)

        function.__doc__ = complete(
            kernel,
            signature.parameters,
            channels=channels,
            whole=pixels == "uint8",
            sized=_SIZE in options,
        )
        published = cast("PublishedOp[P]", function)
        published.__signature__ = signature
        return published

    return publish


def _run(op, images, compile, **arguments):
    images, restore = as_batch(images)
    op.check(images)
    value_range = own_range(images.dtype)
    # Crops and resizes take floats of any range.
    floats = backend.is_float_dtype(backend.standardize_dtype(images.dtype))
    sized = _SIZE in arguments and _SIZE not in _number_names(op.kernel)
    to = "a policy or a layer " if op.reads_values else None
    scaled = images if floats and sized else to_pixel_range(images, value_range, to=to)
    numbers, traced, static = [], {}, {}
    for name, value in arguments.items():
        if name in _TRACED_OPTIONS:
            traced[name] = as_fill(value, images)
        elif name == "partners":
            numbers.append(to_pixel_range(as_partners(value, images), value_range, to=None))
        elif name in _number_names(op.kernel):
            limits = op.strength if op.strength and name == op.value_name else None
            numbers.append(per_image(name, value, images, limits))
        else:
            static[name] = value
    static = op.checked(static)
    run = engine.image_runner(_map_op, compile, scaled, name=op.name, **static)
    result = run(scaled, tuple(numbers), traced)
    return restore(from_pixel_range(result, value_range, images.dtype))


def _map_op(images, numbers, traced, *, name, **static):
    op, size = _PUBLISHED[name], static.get(_SIZE)
    apply = functools.partial(op.apply, **traced, **static)
    if op.batched:
        return apply(images, *map(engine.by_pixel, numbers))
    shape = None if size is None else (*size, images.shape[-1])
    return engine.map_images(functools.partial(engine.kept, apply), images, *numbers, shape=shape)


@functools.cache
def _number_names(kernel):
    parameters = inspect.signature(kernel).parameters.values()
    return tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)[1:]


def _public_signature(kernel):
    """The kernel's signature in the plural, with `compile` as a last option."""
    plural = {"image": "images", "partner": "partners"}
    signature = inspect.signature(kernel)
    parameters = [p.replace(name=plural.get(p.name, p.name)) for p in signature.parameters.values()]
    option = inspect.Parameter("compile", inspect.Parameter.KEYWORD_ONLY, default=True)
    return signature.replace(parameters=[*parameters, option])


def _check_size(name, value):
    return None if value is None else _checks.sizes(name, value, 2)


def finish(values, dtype):
    """Clips float32 values to [0, 255]; an integer type cuts their fractions, as Pillow does."""
    return _cut(ops.clip(values, 0.0, 255.0), dtype)


def round_off(values, dtype):
    """Clips float32 values to [0, 255]; an integer type rounds them, halves upwards."""
    values = ops.clip(values, 0.0, 255.0)
    if "int" in backend.standardize_dtype(dtype):
        values = values + 0.5
    return _cut(values, dtype)


def _cut(values, dtype):
    if backend.standardize_dtype(dtype) == "uint8":
        return engine.as_bytes(values)
    return ops.cast(values, dtype)


def to_uint8(image):
    """Returns an image as uint8; fractions are cut off."""
    if backend.standardize_dtype(image.dtype) == "uint8":
        return image
    return ops.cast(ops.clip(image, 0, 255), "uint8")
