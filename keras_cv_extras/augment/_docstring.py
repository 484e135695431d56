"""The docstrings of published ops: a kernel says what is its own, and the rest is written here."""

from keras_cv_extras._base.text import docstrings

#: Arguments that mean the same in many ops, and so need no description in a kernel's docstring.
ARGUMENTS = {
    "images": "`(height, width, channels)` or `(batch, height, width, channels)`, integer or "
    "float, values in [0, 255]",
    "partners": "second images of the same shape.",
    "key": "an integer in [0, 2**24), or one per image: another key gives other random numbers.",
    "x": "the horizontal position in [0, 1); a number, or one per image.",
    "y": "the vertical position in [0, 1); a number, or one per image.",
    "size": "`(height, width)` of the result, or None for that of the images.",
    "interpolation": '"nearest" or "bilinear".',
    "fill_mode": 'what is outside: "constant" (`fill`), "mean" (the image\'s mean colour), '
    '"noise", or the image continued by "reflect", "nearest" or "wrap".',
    "fill": "the value of pixels from outside, in [0, 255]; a number, or one per channel.",
    "compile": "whether to run as one XLA program. Without, it is slower, and the pixels are the "
    "same.",
}
NOT_DESCRIBED = "the kernel's own, which its docstring does not describe."
_SAME_SHAPE = "Images of the same shape and type."
_SAME_TYPE = "Images of the same type, and of the same shape unless `size` says another."


def complete(kernel, parameters, *, channels=None, whole=False, sized=False):
    """Returns a kernel's docstring with all arguments of the op, and with what it returns.

    Args:
        kernel: the function of one image.
        parameters: the names of the op's parameters, in their order.
        channels: the numbers of channels that the op takes, or None for any.
        whole: whether floats are cut to whole numbers first.
        sized: whether the result may have a size of its own.
    """
    images = ARGUMENTS["images"]
    images += f"; {' or '.join(map(str, channels))} channels." if channels else "."
    images += " Floats are cut to whole numbers first." if whole else ""
    shared = {**ARGUMENTS, "images": images}
    known = {name: shared.get(name, NOT_DESCRIBED) for name in parameters}
    returns = _SAME_TYPE if sized else _SAME_SHAPE
    return docstrings.completed(kernel.__doc__, parameters, known, returns)
