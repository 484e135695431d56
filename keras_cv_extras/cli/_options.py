"""Arguments that several commands of `kcx` have."""

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
