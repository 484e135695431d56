"""docs/migration.md is what the tables of `compat` say."""

import pathlib
import runpy

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs"


def test_the_page_is_made_from_the_tables():
    made = runpy.run_path(str(DOCS / "migration.py"))
    text = (DOCS / "migration.md").read_text(encoding="utf-8")
    assert text == made["page"]()
    assert text.count("\n| `") > 120
