"""The docstrings of ops are whole when they are read, whatever a kernel leaves out."""

import inspect

import pytest

from keras_cv_extras import augment
from keras_cv_extras.augment import OPS
from keras_cv_extras.augment._docstring import NOT_DESCRIBED, complete


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_argument_is_described(name):
    function = getattr(augment, name)
    _, args = inspect.getdoc(function).split("\n\nArgs:\n")
    args, rest = args.split("\n\nReturns:\n")
    described = [line.split(":")[0].strip() for line in args.split("\n") if line[4] != " "]
    assert described == list(inspect.signature(function).parameters)
    assert rest.strip()
    assert NOT_DESCRIBED not in args


def test_what_an_op_says_itself_is_kept():
    text = augment.equalize.__doc__
    assert "Floats are cut to whole numbers first." in text
    assert "unless `size` says another" in augment.resize.__doc__
    assert "unless `size` says another" not in augment.cutout.__doc__
    assert "1 or 3 channels." in augment.hue.__doc__
    assert "Beyond the border the" in augment.gaussian_blur.__doc__

    def kernel(image, strange):
        """Does something."""

    text = complete(kernel, ["images", "strange"])  # a user's op needs no more
    assert f"    strange: {NOT_DESCRIBED}\n" in text
