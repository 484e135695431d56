"""Names of classes and files that are orders for a terminal, a figure, a page or a spreadsheet."""

import csv
import io

import numpy as np
import pytest
from rich.table import Table

from keras_cv_extras import training
from keras_cv_extras._base.text.escapes import cell, label, visible
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras.training.evaluation import _figures

FORMULA = "=cmd|' /C calc'!A0"
NAMES = [
    r"$\frac{$",
    "[bold]cat",
    "=cmd|' /C calc'!A0",
    "a\x1b[31mb",
    "<script>x</script>",
    "\udcff",
]


def test_the_terminal_shows_names_as_they_are():
    out = io.StringIO()
    console = Terminal(file=out, width=200, force_terminal=True, color_system="standard")
    table = Table()
    table.add_column("class")
    for name in NAMES:
        table.add_row(name)
        console.print(f"{name}: 3", highlight=False)
    console.print(table)
    shown = out.getvalue()
    for name in (r"$\frac{$", "[bold]cat", r"a\x1b[31mb", r"\udcff"):
        assert shown.count(name) == 2, name
    assert "\x1b[31m" not in shown


def test_visible_keeps_lines_and_tabs():
    assert visible("a\tb\nc\r\x07\u202e") == "a\tb\nc\\r\\x07\\u202e"


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_with_any_name_can_be_drawn(name):
    figure = _figures.confusion_figure(np.eye(2, dtype=int), [name, "other"])
    figure.savefig(io.BytesIO(), format="png")
    assert label("$a$") == r"\$a\$"


def test_a_report_and_a_table_of_any_names(tmp_path):
    names = NAMES[:3]
    probabilities = np.full((3, 3), 1 / 3)
    found = training.Predictions(
        probabilities, np.arange(3), tuple(f"{name}.jpg" for name in NAMES[3:]), tuple(names)
    )
    found.save_csv(tmp_path / "p.csv")
    rows = list(csv.reader((tmp_path / "p.csv").read_text(encoding="utf-8").splitlines()))
    assert [row[1] for row in rows[1:]] == [names[0], names[1], f"'{FORMULA}"]
    assert not any(field.startswith(("=", "+", "@")) for row in rows for field in row)
    assert "\\udcff.jpg" in rows[3][0]
    assert cell("plain") == "plain"
