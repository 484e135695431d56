"""Arguments that several commands of `kcx` have."""

import contextlib
import os
import pathlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import typer

from keras_cv_extras import augment
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.saved import known
from keras_cv_extras._base.saved.registry import LOSSES, MIXES, ORACLES, SOURCES
from keras_cv_extras.cli import _plugins

Known = Callable[[pathlib.Path], bool]
Data = Annotated[
    str,
    typer.Argument(
        help="mnist_5k, digits, fashion_mnist, keras:NAME, tfds:NAME, a folder with one folder of "
        "images for each class, a CSV file with a row for every image, or a source of your own "
        "(--plugin)."
    ),
]
Network = Annotated[
    str | None,
    typer.Option(
        help="The network, such as cifar-resnet20 (kcx models lists all), or a function of your "
        "own as my_module:function or my_file.py:function; a small one if not given."
    ),
]
ImageSize = Annotated[
    int | None, typer.Option(help="Images become squares of this many pixels a side.")
]
Seed = Annotated[
    int, typer.Option(help="Seed of all random numbers; the same seed gives the same run.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Hide the progress.")]
Stream = Annotated[
    bool,
    typer.Option(
        "--stream", help="Decode the files in every epoch instead of holding all images in memory."
    ),
]
MaxBad = Annotated[
    float, typer.Option(help="With --stream: the largest share of files that may be unreadable.")
]

ImageColumn = Annotated[
    str | None,
    typer.Option(help="The CSV column with the files; found by its name if not given."),
]
LabelColumn = Annotated[
    list[str] | None,
    typer.Option(
        help="The CSV column with the labels; repeat it if there is a column of 0 and 1 for "
        "each class."
    ),
]
SplitColumn = Annotated[
    str | None,
    typer.Option(help='The CSV column that says train, val or test; "" if there is none.'),
]
Root = Annotated[
    pathlib.Path | None,
    typer.Option(
        help="The folder that paths in the CSV file are relative to; the folder of that file"
        " if not given."
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(help="The separator of several labels in a CSV cell, such as '|'."),
]


def as_table(
    data: str,
    image: str | None,
    label: list[str] | None,
    split: str | None,
    root: pathlib.Path | None,
    separator: str | None,
) -> Any:
    """Returns what to load: a table where an option says something of it, else what was given.

    Raises:
        ValueError: if something else than a CSV file is given such options.
    """
    given = {"image": image, "label": label, "split": split, "root": root, "separator": separator}
    given = {name: value for name, value in given.items() if value not in (None, [])}
    if not given:
        return data
    if not _is_table(data):
        option = "--root" if "root" in given else f"--{next(iter(given))}-column"
        option = option.replace("--separator-column", "--separator")
        raise ValueError(f"{option} is for CSV files, received {data}")
    from keras_cv_extras.data import Table

    return Table(data, **given)


def _is_table(data):
    return pathlib.Path(data).suffix.lower() in (".csv", ".tsv")


def check_there(
    *,
    data: str | None = None,
    model: pathlib.Path | None = None,
    policy: str | pathlib.Path | None = None,
    root: pathlib.Path | None = None,
    image_size: int | None = None,
    **files: str | pathlib.Path | None,
) -> None:
    """Raises if a folder or a file is missing: said before TensorFlow is loaded.

    Args:
        data: what an argument `Data` was given.
        model: a file.
        policy: the name or the file of a policy; one with a dot or a slash in it is a file.
        root: a folder.
        image_size: the side of a square.
        **files: others, by their options.

    Raises:
        OSError, ValueError: if there is no such thing; one line says so.
    """
    if image_size is not None:
        checks.integer("image_size", image_size, minimum=1)
    if data is not None:
        _check_data(data)
    named = policy is not None and not re.search(r"[./\\]", str(policy))
    if named and not pathlib.Path(str(policy)).is_file():
        known.check_policy(str(policy))
    elif policy is not None:
        files = {"policy": policy, **files}
    for path in (model, *files.values()):
        if path is not None and not pathlib.Path(path).exists():
            raise FileNotFoundError(f"{path}: no such file")
        if path is not None and pathlib.Path(path).is_dir():
            raise IsADirectoryError(f"{path}: a folder; give the path of a file")
    if root is not None and not pathlib.Path(os.path.expanduser(root)).is_dir():
        raise FileNotFoundError(f"{root}: no such folder, which --root names")


def _check_data(data):
    if data == "":
        raise ValueError("DATA is empty: give the name of a data set, a folder or a CSV file")
    if data in SOURCES or data.startswith(("keras:", "tfds:")):
        return
    path = pathlib.Path(os.path.expanduser(data))
    if any(path.iterdir()) if path.is_dir() else _is_table(data) and path.is_file():
        return
    if _is_table(data) and not path.exists():
        raise FileNotFoundError(f"{data}: no such file")
    _plugins.load_installed()
    if data not in SOURCES:
        from keras_cv_extras.data import load

        load(data)  # says what is wrong


def check_names(
    *,
    model: str | None = None,
    mix: str | None = None,
    loss: str | None = None,
    oracle: str | None = None,
    ops: Iterable[str] | None = None,
) -> None:
    """Raises if there is no such name, among those that plugins have entered too.

    Plugins are asked if the library has no such name.
    """
    for registry, name in ((MIXES, mix), (LOSSES, loss), (ORACLES, oracle)):
        if name is not None and checks.lower_case(name) not in registry:
            _plugins.load_installed()
            registry.resolved(name)
    own = checks.lower_case(model)
    if model is not None and own not in known.NETWORKS:
        _plugins.load_installed()
        entered = sys.modules.get("keras_cv_extras.models._registry")
        if entered is None or own not in entered.NETWORKS:
            raise known.unknown_network(model, known.NETWORKS)
    check_ops(ops or ())


def check_ops(ops: Iterable[str], *others: str) -> None:
    """Raises if there is no op of a name; `others` are fine as well."""
    published = {*known.OPS, *others}
    for op in ops:
        if op in published:
            continue
        _plugins.load_installed()
        if "keras_cv_extras.augment._image_op" in sys.modules:  # a plugin may have entered some
            published |= set(augment.OPS)
        checks.one_of("an op", op, sorted(published))


def check_exists(path: pathlib.Path) -> None:
    """Raises if there is nothing at a path that is to be read."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")


def check_files(*paths: pathlib.Path | None, known: Known | None = None) -> None:
    """Raises if a file to write could not be written: said before TensorFlow is loaded.

    Args:
        *paths: files, or None.
        known: None, or a function that says of a file whether it is ours, and may be replaced.
    """
    named = [path for path in paths if path is not None]
    for path in named:
        files.check_file(path, known)
        if named.count(path) > 1:
            raise ValueError(f"{path}: two files would be written there: give two paths")


@contextlib.contextmanager
def writing(*paths: pathlib.Path | None, known: Known | None = None) -> Iterator[None]:
    """Checks the files that a command writes, and keeps others from writing them meanwhile.

    It is for commands that read no files: those check what they read in between, so that nothing is
    touched if that is not there.

    Args:
        *paths: files, or None.
        known: as of `check_files`.
    """
    check_files(*paths, known=known)
    with files.reserved(*paths):
        yield


def say(*lines: object) -> None:
    """Prints lines as they are: names of files are not broken, nor read as markup."""
    from keras_cv_extras._base.text.terminal import Terminal

    console = Terminal()
    for line in lines:
        console.print(str(line), highlight=False, soft_wrap=True)


def show_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Prints a table: names on the left, numbers on the right."""
    from keras_cv_extras._base.text.terminal import Terminal, table

    say(title)  # a title of the table's would be broken at its width
    made = table(None, *columns)
    for row in rows:
        made.add_row(*row)
    Terminal().print(made)
