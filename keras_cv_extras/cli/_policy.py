"""`kcx policy`: policies are shown and translated."""

import enum
import pathlib
from typing import Annotated, Literal

import typer

from keras_cv_extras.cli._options import ImageSize, Seed

Library = Literal["kcx", "torchvision", "timm", "model_garden", "albumentations", "dali"]

policy_app = typer.Typer(help="Look at policies, and translate those of other libraries.")


class Spec(enum.StrEnum):
    """Whose reading of the published levels."""

    paper = "paper"
    torchvision = "torchvision"
    tpu = "tpu"


@policy_app.command("show")
def policy_show(
    file: Annotated[pathlib.Path, typer.Argument(help="A policy file.")],
    output: Annotated[
        pathlib.Path | None, typer.Option(help="PNG file; beside FILE if not given.")
    ] = None,
    data: Annotated[str, typer.Option(help="Where the images of the sheet are from.")] = "mnist_5k",
    columns: Annotated[int, typer.Option(help="Pictures for each sub-policy.")] = 8,
    image_size: ImageSize = None,
    seed: Seed = 0,
):
    """Print the policy FILE, and draw what it does to real images as a PNG sheet."""
    from keras_cv_extras.commands import run_policy_show

    output = output or file.with_suffix(".png")
    run_policy_show(file, output, data=data, columns=columns, image_size=image_size, seed=seed)


@policy_app.command("convert")
def policy_convert(
    source: Annotated[
        str,
        typer.Argument(
            help="A policy file; or cifar10, svhn, imagenet for AutoAugment's own; or a JSON file "
            'of sub-policies such as [["ShearX", 0.9, 4], ["Invert", 0.2, null]]; or with --from, '
            "what is said there."
        ),
    ],
    output: Annotated[pathlib.Path, typer.Argument(help="The file to write.")],
    source_format: Annotated[
        Library, typer.Option("--from", help="Whose SOURCE is: rand-m9-n2-inc1 for timm.")
    ] = "kcx",
    to: Annotated[
        Library, typer.Option(help="Whose the output is: Python for torchvision and dali.")
    ] = "kcx",
    spec: Annotated[Spec, typer.Option(help="Whose levels a JSON file has.")] = Spec.torchvision,
    image_size: ImageSize = None,
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Leave out what cannot be said, with a warning.")
    ] = False,
):
    """Translate a policy between this library and others.

    For example: kcx policy convert policy.json augment.py --to torchvision
    """
    from keras_cv_extras.commands import run_policy_convert

    run_policy_convert(
        source,
        output,
        spec=spec.value,
        source_format=source_format,
        to=to,
        image_size=image_size,
        strict=not lossy,
    )
