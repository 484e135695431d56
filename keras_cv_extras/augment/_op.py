"""What an op is: its kernel, what it needs, and how a strength becomes its value."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

from keras import backend, ops

from keras_cv_extras._base import checks as _checks
from keras_cv_extras._base import engine
from keras_cv_extras._base.images.batches import key_from
from keras_cv_extras._base.images.fill import check_mode
from keras_cv_extras._base.images.sampling import check_interpolation
from keras_cv_extras._base.types import Numbers, Tensor

SIZE = "size"  # the option of the ops that can give another size
OLD_PIXELS = {"levels": "uint8"}  # the old spelling
_NAMES = {1: "grey", 3: "RGB"}  # of images by their channels
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
        elementwise: whether each value of its result depends only on the value in its place and
            on the numbers. The kernel then takes images as rows of values, `(batch, values)`,
            with numbers of shape `(batch, 1)`, too, which is faster still.
        key_for_fill: whether its key is for `fill_mode="noise"` alone.
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
    key_for_fill: bool = False
    elementwise: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", OLD_PIXELS.get(self.pixels, self.pixels))
        object.__setattr__(self, "reads_values", self.reads_values or self.pixels != "moved")
        object.__setattr__(self, "batched", self.batched or self.elementwise)

    @property
    def has_strength(self) -> bool:
        """Whether the op has a value that a strength sets."""
        return self.strength is not None

    def draws(self, options: dict[str, Any]) -> bool:
        """Returns whether the kernel draws random numbers, with options by their names."""
        filled = {**self.options, **options}.get("fill_mode") == "noise"
        return self.takes_key and (filled or not self.key_for_fill)

    def apply(self, image: Tensor, *arguments: Any, **options: Any) -> Tensor:
        """Runs the kernel on one image of any numeric type, or on a batch if it takes one."""
        run = functools.partial(self._apply, **options)
        if self.elementwise and len(image.shape) > 2:
            return engine.in_rows(run, image, *arguments)
        return run(image, *arguments)

    def _apply(self, image, *arguments, **options):
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
        if not alike and options.get(SIZE) is None:
            received = tuple(shape) if hasattr(result, "shape") else _checks.shown(result)
            raise ValueError(f"the op {self.name!r} must give images {given}, received {received}")
        if self.pixels == "rounded":
            return round_off(result, dtype)
        return finish(result, dtype) if self.pixels == "computed" else ops.cast(result, dtype)

    @property
    def value_name(self) -> str:
        """What the op calls its own number: "degrees", "threshold", ..."""
        names = [name for name in number_names(self.kernel) if name != "partner"]
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


@functools.cache
def number_names(kernel):
    """Returns what a kernel calls its numbers, in order."""
    parameters = inspect.signature(kernel).parameters.values()
    return tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)[1:]


def finish(values, dtype):
    """Clips float32 values to [0, 255]; an integer type cuts their fractions, as Pillow does."""
    return cut(ops.clip(values, 0.0, 255.0), dtype)


def round_off(values, dtype):
    """Clips float32 values to [0, 255]; an integer type rounds them, halves upwards."""
    values = ops.clip(values, 0.0, 255.0)
    if "int" in backend.standardize_dtype(dtype):
        values = values + 0.5
    return cut(values, dtype)


def cut(values, dtype):
    """Returns float32 values in [0, 256) as they are; an integer type cuts their fractions."""
    if backend.standardize_dtype(dtype) == "uint8":
        return engine.as_bytes(values)
    return ops.cast(values, dtype)


def to_uint8(image):
    """Returns an image as uint8; fractions are cut off."""
    if backend.standardize_dtype(image.dtype) == "uint8":
        return image
    return ops.cast(ops.clip(image, 0, 255), "uint8")
