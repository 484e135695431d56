"""The search on the command line."""

import pathlib
from typing import Any

from rich.table import Table

from keras_cv_extras import search
from keras_cv_extras._base import files
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.commands._common import load_data, small_model
from keras_cv_extras.search import describe_progress

_WRITTEN = ("policy.json", "trials.csv", "report.html", "model.keras")


def run_search(name: str | None, output: Path, *, image_size: int | None, **options: Any) -> None:
    """Searches a policy and prints the verdict and where the files are."""
    images = load_data(name, image_size)
    console = Terminal()
    console.print(repr(images))
    found = search.search_policy(images, small_model(images), directory=output, **options)
    console.print(found.verdict)
    _print_files(console, found.directory)


def run_search_status(folder: Path) -> None:
    """Prints how far a search is."""
    Terminal().print(describe_progress(folder), highlight=False)


def run_search_report(folder: Path) -> None:
    """Prints what a finished search has found."""
    path = pathlib.Path(folder) / "policy.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder}: no search has been finished here; kcx search status {folder} says how "
            "far it is"
        )
    try:
        provenance = files.read_json(path)["provenance"]
        table = _table(provenance["arms"])
        verdict = provenance["verdict"]
        needed = [one["op"] for one in provenance["insight"]["effects"] if one["low"] > 0]
        harmful = [one["op"] for one in provenance["insight"]["effects"] if one["high"] < 0]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: not a policy that a search wrote ({error!r})") from error
    console = Terminal()
    console.print(table)
    console.print(verdict)
    for text, ops in (("help", needed), ("harm", harmful)):
        if ops:
            console.print(f"Ops that {text}: {', '.join(ops)}.")
    _print_files(console, pathlib.Path(folder))


def _table(arms):
    table = Table(title="accuracy on images that the search has not seen")
    for column in ("arm", "accuracy", "95 % interval", "the search saw"):
        table.add_column(column, justify="left" if column == "arm" else "right")
    for arm in sorted(arms, key=lambda arm: -(arm["accuracy"] or 0)):
        low, high = _percent(arm["low"]), _percent(arm["high"])
        interval = f"{low} to {high}" if arm["accuracy"] is not None else "-"
        seen = _percent(arm["search_accuracy"])
        table.add_row(arm["name"], _percent(arm["accuracy"]), interval, seen)
    return table


def _percent(value):
    return "-" if value is None else f"{value:.2%}"


def _print_files(console, folder):
    for file in _WRITTEN:
        if (folder / file).is_file():
            console.print(str(folder / file), soft_wrap=True)
