"""Checks of values where a user hands them over: one helper, one check, one message.

Every message names the argument, what was wanted and what was received.
"""

import difflib
import errno
import math
import numbers
import os

_LONGEST = 255  # bytes of a name, on every common disk


def number(name, value):
    """Returns `value` as a float, or raises if it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, received {shown(value)}")
    try:
        value = float(value)
    except OverflowError as error:
        raise ValueError(f"{name} must be below 1.8e308, received a longer number") from error
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, received {shown(value)}")
    return value


def fraction(name, value):
    """Returns `value` as a float, or raises if it is not a number in [0, 1]."""
    if not 0.0 <= number(name, value) <= 1.0:
        raise ValueError(f"{name} must be in [0, 1], received {shown(value)}")
    return float(value)


def below_one(name, value):
    """Returns `value` as a float, or raises if it is not a number in [0, 1)."""
    if not 0 <= number(name, value) < 1:
        raise ValueError(f"{name} must be in [0, 1), received {shown(value)}")
    return float(value)


def integer(name, value, *, minimum=None, maximum=None):
    """Returns `value` as an int, or raises if it is none, or not within the bounds."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, received {shown(value)}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, received {shown(value)}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be at most {maximum}, received {shown(value)}")
    return int(value)


def unknown_fields(fields, known):
    """Raises if a dictionary has keys that nothing reads: what they ask for would be lost."""
    if unknown := sorted(set(fields) - set(known)):
        listed = ", ".join(sorted(known))
        raise ValueError(f"unknown field {shown(unknown[0])}; known: {listed}")


def shown(value):
    """Returns what a message shows of a value; numbers of thousands of digits have no text."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of about {value.bit_length() * 3 // 10} digits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def interval(name, value, *, low=-math.inf, high=math.inf):
    """Returns `value`, a number or a pair of them, as `(start, end)` within [low, high]."""
    pair = (value, value) if isinstance(value, numbers.Real) else value
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} must be a number or a pair of numbers, received {shown(value)}")
    start, end = (number(name, item) for item in pair)
    if not low <= start <= high or not low <= end <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], received {shown(value)}")
    return start, end


def rising(name, value):
    """Returns `value` as a pair of numbers, or raises if the second is not above the first."""
    low, high = interval(name, value)
    if not low < high:
        raise ValueError(f"{name} must be (low, high) with low < high, received {shown(value)}")
    return low, high


def behind_batch(axis, shape):
    """Returns an axis counted from the front, or raises if it is not one behind the batch's."""
    place = axis + len(shape) if axis < 0 else axis
    if not 0 < place < len(shape):
        raise ValueError(
            f"axis must name an axis behind the batch's, received {axis} for shape {tuple(shape)}"
        )
    return place


def same_length(**values):
    """Raises if two arrays, given by their names, hold different numbers of entries."""
    lengths = [_length(value) for value in values.values()]
    if lengths[0] != lengths[1] or lengths[0] is None:
        received = " and ".join(str(length) for length in lengths)
        raise ValueError(f"{' and '.join(values)} must have the same length, received {received}")


def _length(value):
    shape = getattr(value, "shape", None)
    if shape is None:
        return len(value) if hasattr(value, "__len__") else None
    return shape[0] if len(shape) else None


def unmasked(name, values):
    """Returns values as a NumPy array; raises if they are ragged, or some of them are masked."""
    import numpy as np  # which the command line does not wait for

    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} must not be masked, received {np.ma.count_masked(values)} masked: leave "
            "those samples out"
        )
    try:
        array = np.asarray(values)
        listed = array.dtype.kind in "SU" and array.ndim == 1 and isinstance(values, list | tuple)
        if listed and not all(isinstance(value, str | bytes) for value in values):
            return np.asarray(values, object)  # or a missing label becomes the text "nan"
        return array
    except ValueError:
        raise ValueError(f"{name} must have one shape for every sample: they are ragged") from None


def finite_images(name, images):
    """Raises if an array of images is not one of finite numbers."""
    import numpy as np  # which the command line does not wait for

    floats = is_float(images.dtype)
    if not floats and images.dtype.kind not in "ui":
        raise TypeError(f"{name} must be integers or floats, received {images.dtype}")
    if not floats or has_finite_sum(images):
        return
    wrong = np.flatnonzero(~np.isfinite(images).all(axis=tuple(range(1, images.ndim))))
    if len(wrong):  # or the sum alone is not finite
        raise ValueError(
            f"{name} must not hold NaN or infinity, received it in {len(wrong)} images, the first "
            f"of them number {wrong[0]}: leave those images out"
        )


def has_finite_sum(array):
    """Returns whether the sum of an array is finite: then all of it is, but not the reverse."""
    import numpy as np  # which the command line does not wait for

    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum(dtype="float64")))


def is_float(dtype):
    """Returns whether a NumPy type is one of floats; bfloat16 is, though it is not NumPy's own."""
    return dtype.kind == "f" or dtype.kind == "V" and "float" in dtype.name


def class_numbers(labels, num_classes):
    """Raises if an array of labels has one that is not in [0, num_classes)."""
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"labels must lie in [0, {num_classes}), received {labels.min()} to {labels.max()}"
        )


def lower_case(name):
    """Returns a name as registries have it: small letters, and "-" in place of "_"."""
    return str(name).lower().replace("_", "-")


def one_of(name, value, choices):
    """Returns `value`, or raises if it is not among `choices`."""
    if value not in choices:
        listed = ", ".join(map(repr, choices))
        raise ValueError(
            f"{name} must be one of {listed}, received {shown(value)}{meant(value, choices)}"
        )
    return value


def meant(value, choices):
    """Returns a question after the choice that is spelled almost as a value is; "" if none is."""
    named = [choice for choice in choices if isinstance(choice, str)]
    close = difflib.get_close_matches(value, named, 1, 0.75) if isinstance(value, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def sizes(name, value, rank):
    """Returns `value`, a positive integer or `rank` of them, as a tuple of `rank` integers."""
    values = (value,) * rank if isinstance(value, numbers.Integral) else value
    if not isinstance(values, (tuple, list)) or len(values) != rank:
        raise ValueError(
            f"{name} must be a positive integer or {rank} of them, received {shown(value)}"
        )
    return tuple(integer(name, item, minimum=1) for item in values)


def boolean(name, value):
    """Returns `value`, or raises if it is neither True nor False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, received {shown(value)}")
    return value


def positive(name, value):
    """Returns `value` as a float, or raises if it is not a number above zero."""
    if number(name, value) <= 0:
        raise ValueError(f"{name} must be above 0, received {shown(value)}")
    return float(value)


def non_negative(name, value):
    """Returns `value` as a float, or raises if it is not a number of at least zero."""
    if number(name, value) < 0:
        raise ValueError(f"{name} must be at least 0, received {shown(value)}")
    return float(value)


def choice(*choices):
    """Returns a check that a value is among `choices`."""

    def check(name, value):
        return one_of(name, value, choices)

    return check


def numbers_or_none(name, value) -> list[float] | None:
    """Returns `value`, None or a list of finite numbers, one per class, as a list."""
    if value is None:
        return None
    values = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name} must be a list of numbers, one per class, received {shown(value)}")
    return [number(name, item) for item in values]


def counts(name, value):
    """Returns `value`, the number of samples of each class, as a list of floats."""
    values = numbers_or_none(name, value)
    if not values or len(values) < 2 or min(values) < 0 or max(values) == 0:
        raise ValueError(
            f"{name} must list how many samples each of two or more classes has, received "
            f"{shown(value)}"
        )
    return values


def path_names(path):
    """Raises if a `pathlib.Path` that is to be written has a name that no disk takes, or is "~"."""
    for part in path.parts:
        if part == "~":
            raise ValueError(f"{path}: the shell left '~' as it is: write the home folder out")
        if len(os.fsencode(part)) > _LONGEST:
            text = f"a name of more than {_LONGEST} bytes: give a shorter one than {part[:40]}..."
            raise OSError(errno.ENAMETOOLONG, text)


def utf8(path):
    """Raises if the path of a folder that TensorFlow writes to is not UTF-8."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{ascii(os.fspath(path))}: a name that is not UTF-8, where TensorFlow cannot write: "
            "give another path"
        ) from error
