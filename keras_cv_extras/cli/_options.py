"""Arguments that several commands of `kcx` have."""

import os
import pathlib
from typing import Annotated

import typer

Data = Annotated[
    str,
    typer.Argument(
        help="mnist_5k, digits, fashion_mnist, keras:NAME, tfds:NAME, or a folder with one "
        "folder of images for each class."
    ),
]
ImageSize = Annotated[
    int | None, typer.Option(help="Side of the square that images are cropped and resized to.")
]
Seed = Annotated[int, typer.Option(help="Another seed gives another run; the same one, the same.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Stream = Annotated[
    bool,
    typer.Option(
        "--stream", help="Read a folder's files anew in every epoch: for more than memory holds."
    ),
]
MaxBad = Annotated[
    float, typer.Option(help="With --stream, the share of the files that may be unreadable.")
]


def check_there(*, data: str | None = None, model: pathlib.Path | None = None) -> None:
    """Raises if a folder or a file is missing: said before TensorFlow is loaded.

    Args:
        data: what an argument `Data` was given; names of data sets are not looked at.
        model: a file.
    """
    if model is not None and not model.is_file():
        raise FileNotFoundError(f"{model}: no such file")
    if data is not None and os.sep in data and not data.startswith(("keras:", "tfds:")):
        path = pathlib.Path(data).expanduser()
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such folder")
