"""The docstrings of loss classes are whole when read: their functions describe the rest."""

import inspect

import pytest

from keras_cv_extras import losses
from keras_cv_extras._base.text import docstrings

CLASSES = [
    item
    for item in (getattr(losses, name) for name in losses.__all__)
    if inspect.isclass(item) and issubclass(item, losses.FunctionLoss)
    if item is not losses.FunctionLoss
]

FUNCTIONS = [
    item for item in (getattr(losses, name) for name in losses.__all__) if hasattr(item, "check")
]


@pytest.mark.parametrize("item", FUNCTIONS, ids=lambda item: item.__name__)
def test_every_argument_of_a_function_is_described(item):
    _, sections = docstrings.parted(item.__doc__)
    described = docstrings.entries(sections["Args"])
    assert list(described) == list(inspect.signature(item).parameters)
    assert sections["Returns"].strip()


@pytest.mark.parametrize("item", CLASSES, ids=lambda item: item.__name__)
def test_every_argument_is_described_in_its_order(item):
    head, sections = docstrings.parted(item.__doc__)
    described = docstrings.entries(sections["Args"])
    assert list(described) == list(inspect.signature(item).parameters)
    assert head.splitlines()[0].endswith((".", "`"))
    assert "Example" in sections


def test_what_a_class_says_itself_is_kept():
    _, sections = docstrings.parted(losses.PinballLoss.__doc__)
    assert "0.5 gives half the absolute error" in docstrings.entries(sections["Args"])["tau"]
    _, of_function = docstrings.parted(losses.poly1.__doc__)
    _, sections = docstrings.parted(losses.Poly1.__doc__)
    wanted = docstrings.entries(of_function["Args"])["epsilon"]
    assert docstrings.entries(sections["Args"])["epsilon"] == wanted
    assert "or 255" in docstrings.entries(sections["Args"])["ignore_class"]


def test_a_loss_of_ones_own_needs_no_docstring():
    @losses.per_sample()
    def plain(y_true, y_pred):
        """No arguments to speak of."""
        return y_true - y_pred

    wanted = "No arguments to speak of.\n\nReturns:\n    One loss per sample, `(...)`.\n"
    assert plain.__doc__ == wanted

    @losses.per_sample()
    def gap(y_true, y_pred, *, scale=1.0):
        """The gap.

        Args:
            scale: what it is divided by.
        """
        return (y_true - y_pred) / scale

    class Gap(losses.FunctionLoss):
        function = gap

    head, sections = docstrings.parted(Gap.__doc__)
    assert head == "The gap."
    assert list(docstrings.entries(sections["Args"])) == ["scale", "reduction", "name"]
