"""The pages on migration are what the tables of `compat` say, and what reading transforms gives."""

import importlib
import pathlib
import re
import runpy

import pytest

from keras_cv_extras import models
from keras_cv_extras.compat import tensorflow_addons
from keras_cv_extras.models import _registry
from keras_cv_extras.policy.interop import _elsewhere
from keras_cv_extras.policy.interop.transforms import _keras

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs"
TRANSFORMS = runpy.run_path(str(DOCS / "migration_transforms.py"), run_name="pages")
ROWS = runpy.run_path(str(DOCS / "migration_rows.py"), run_name="rows")


def test_the_page_is_made_from_the_tables():
    made = runpy.run_path(str(DOCS / "migration.py"))
    text = (DOCS / "migration.md").read_text(encoding="utf-8")
    assert text == made["page"]()
    assert text.count("\n| `") > 120
    assert "### tfa\n" in text
    for name in ("register_all", "fit_bn"):  # what is there by itself, not by a table
        assert text.count(f"\n| `{name}` |") == 1
    assert "register_all" in tensorflow_addons.__all__


def test_the_pages_of_transforms_are_what_reading_gives():
    for library in TRANSFORMS["HEADS"]:
        text = (DOCS / "migration" / f"{library}.md").read_text(encoding="utf-8")
        assert text == TRANSFORMS["page"](library), "run python docs/migration_transforms.py"
        for code in re.findall(r"`(.+?)`", text[text.index("| old |") :]):
            assert re.match(r"[\w.*-]+([(=].*)?$", code), f"{code} is no code"


@pytest.mark.parametrize("library", ["imblearn", "timm"])
def test_the_pages_name_what_exists(library):
    tables = [ROWS["BALANCE"]["samplers"], ROWS["BALANCE"]["The rest"]]
    tables = list(ROWS["TIMM"]["names"].values()) if library == "timm" else tables
    names = [new for table in tables for new, _ in table.values() if new]
    if library == "timm":
        names += [f"models.build({name!r}" for name in ROWS["TIMM"]["networks"].values()]
        known = {*models.names(), *_registry.OTHER_NAMES}
        assert set(ROWS["TIMM"]["networks"].values()) <= known
    for name in names:
        _resolve(name)


def test_what_is_named_instead_exists():
    advice = [*_elsewhere.ALBUMENTATIONS.values(), *_elsewhere.TORCHVISION.values()]
    advice += list(_keras._OTHERWISE.values())
    found = {name for text in advice for name in re.findall(r"\b[a-z]+\.\w+[\w.]*\w", text)}
    assert len(found) > 40
    for name in found:
        _resolve(name)


def test_every_public_name_of_imbalanced_learn_has_a_row():
    imblearn = pytest.importorskip("imblearn")
    table = {**ROWS["BALANCE"]["samplers"], **ROWS["BALANCE"]["The rest"]}
    table |= {f"{module}.{name}": "" for module, name, _ in TRANSFORMS["METHODS"].values()}
    for module in ("over_sampling", "under_sampling", "combine", "ensemble", "datasets", "metrics",
                   "model_selection", "pipeline"):  # fmt: skip
        for name in importlib.import_module(f"{imblearn.__name__}.{module}").__all__:
            assert f"{module}.{name}" in table


def _resolve(path):
    """Finds what a path names, of this library unless it begins with another's name."""
    first, *rest = path.partition("(")[0].split(".")
    if first in ("keras", "sklearn", "imblearn"):
        pytest.importorskip(first)
        module = importlib.import_module(".".join([first, *rest[:-1]]))
        rest = rest[-1:]
    else:
        module = importlib.import_module(f"keras_cv_extras.{first}")
    for name in rest:
        module = getattr(module, name)
