"""The page of losses, metrics and pooling layers: complete, current, and about what exists."""

import pathlib
import re
import runpy

import keras
import pytest

import keras_cv_extras

ROOT = pathlib.Path(__file__).parent.parent
DOCS = runpy.run_path(str(ROOT / "docs" / "losses_and_pooling.py"), run_name="page")
ROWS = [
    pytest.param(section, *row, id=row[0][0])
    for section, (_, _, rows) in DOCS["SECTIONS"].items()
    for row in rows
]


def test_the_page_is_current():
    assert DOCS["PAGE"].read_text(encoding="utf-8") == DOCS["page"](), (
        "run python docs/losses_and_pooling.py"
    )


@pytest.mark.parametrize("module", ["losses", "metrics", "layers"])
def test_every_public_name_has_a_row(module):
    assert DOCS["covered"](module) == DOCS["wanted"](module)


@pytest.mark.parametrize(("section", "names", "equals", "tests", "counterpart", "difference"), ROWS)
def test_rows_speak_of_what_exists(section, names, equals, tests, counterpart, difference):
    there = [name for name in names if DOCS["public"](section, name)]
    if section != "pooling":
        assert there == names
    for path in tests.split(", "):
        assert (ROOT / "tests" / path).exists()
    for name in re.findall(r"`(keras\.[\w.]+)`", f"{counterpart} {difference}"):
        thing = keras
        for part in name.split(".")[1:]:
            thing = getattr(thing, part)
    if "keras." not in counterpart:
        # Nothing of that name is in Keras.
        space = getattr(keras, DOCS["SECTIONS"][section][1])
        own = {each for name in there for each in DOCS["public"](section, name)}
        assert [name for name in own if name[0].isupper() and hasattr(space, name)] == []


def test_augmentation_is_left_out():
    assert "RandAugment" in keras_cv_extras.layers.__all__
    assert "RandAugment" not in DOCS["wanted"]("layers")
