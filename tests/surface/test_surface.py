"""Every public name and every option of the command line stands in a test."""

import dataclasses
import pathlib

import pytest

from keras_cv_extras import cli

from .contracts import CONTRACTS, covered
from .names import aliases, public_names, used_names
from .options import all_options, given_options
from .signatures import KEPT, signatures

TESTS = pathlib.Path(__file__).parent.parent
#: Scripts that made values once, tests that only run elsewhere, and the search for uses itself.
NO_TESTS = ("accelerator", "docstring_names.py", "mutation", "reference", "surface")


@pytest.fixture(scope="module")
def sources():
    """The text of every file of tests."""
    paths = [p for p in TESTS.rglob("*.py") if p.relative_to(TESTS).parts[0] not in NO_TESTS]
    return [path.read_text(encoding="utf-8") for path in paths]


def test_every_public_name_is_used_by_a_test(sources):
    public = public_names()
    tested = set(aliases(public))  # by the test below
    for source in sources:
        tested |= used_names(source)
    for contract in CONTRACTS:
        tested |= covered(contract)
    assert sorted(set(public) - tested) == []
    assert len(public) > 500


def test_every_option_is_given_by_a_test(sources):
    given = set()
    for source in sources:
        given |= given_options(source, cli.app, defaults={"search": "run"})
    options = all_options(cli.app)
    assert sorted(" ".join(option) for option in options - given) == []
    assert len(options) > 100


def test_public_calls_and_their_defaults_are_those_that_users_know():
    """`python -m surface.signatures` in tests/ writes them anew: look at what it changes."""
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    found = signatures()
    assert {"gone": sorted({*kept} - {*found}), "new": sorted({*found} - {*kept})} == {
        "gone": [],
        "new": [],
    }


def test_results_and_settings_cannot_be_changed():
    """What was checked when it was made stays so; samplers of KerasCV alone may change."""
    found = {name: one for name, one in public_names().items() if dataclasses.is_dataclass(one)}
    free = {name for name, one in found.items() if not one.__dataclass_params__.frozen}
    assert {name.rpartition(".")[2] for name in free} == {
        f"{kind}FactorSampler" for kind in ("Constant", "Normal", "Uniform")
    }
    assert len(found) > 10


def test_what_is_exported_twice_is_the_same_thing():
    """A subpackage's names that its parent has, too: `layers.pooling` and `layers`."""
    import keras_cv_extras as kcx

    twice = aliases(public_names())
    for inner, outer in (
        (kcx.layers.pooling, kcx.layers),
        (kcx.policy.interop, kcx.policy),
        (kcx.data.balance, kcx.data),
    ):
        common = [n for n in inner.__all__ if f"{inner.__name__}.{n}" in twice]
        assert len(common) >= 10
        for name in common:
            assert getattr(inner, name) is getattr(outer, name)
            twice.pop(f"{inner.__name__}.{name}")
    assert twice == {}
