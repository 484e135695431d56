"""`kcx policy`: policies are shown and translated."""

import pathlib
from typing import Annotated, Any, Literal

import typer

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.saved.known import PUBLISHED
from keras_cv_extras.cli._options import ImageSize, Seed, check_there, say
from keras_cv_extras.cli._quiet import import_tensorflow

Library = Literal["kcx", "torchvision", "timm", "model_garden", "albumentations", "dali"]

policy_app = typer.Typer(help="Show policies, and translate them from and to other libraries.")


@policy_app.command("show")
def policy_show(
    file: Annotated[
        pathlib.Path,
        typer.Argument(help="A policy file, or a name that kcx train takes, such as rand_augment."),
    ],
    output: Annotated[
        pathlib.Path | None, typer.Option(help="PNG file; beside FILE if not given.")
    ] = None,
    data: Annotated[str, typer.Option(help="The data that the images come from.")] = "mnist_5k",
    columns: Annotated[int, typer.Option(min=1, help="Images for each sub-policy.")] = 8,
    image_size: ImageSize = None,
    seed: Seed = 0,
):
    """Print the policy FILE, and draw what it does to real images as a PNG sheet."""
    output = output or file.with_suffix(".png")
    if output.suffix.lower() != ".png":
        raise ValueError(f"--output must be a file that ends in .png, received {output}")
    files.check_file(output, written.is_ours)
    check_there(data=data, policy=file, image_size=image_size)
    with files.reserved(output):
        import_tensorflow()
        from keras_cv_extras import data as data_package
        from keras_cv_extras import policy

        is_name = not file.suffix and not file.is_file()
        chosen: Any = policy.named(str(file)) if is_name else policy.Policy.load(file)
        images = data_package.load(data, image_size=image_size).train[0]
        shown = min(columns, len(images))  # a folder's are in the order of its classes
        images = images[[number * len(images) // shown for number in range(shown)]]
        figure = policy.policy_sheet(chosen, images, columns=columns, seed=seed)
        with files.replacing(output, known=written.is_ours) as temporary:
            figure.savefig(temporary, format="png", metadata=written.SOFTWARE)
    say(f"{chosen.name or file}: {chosen.describe()}", output)


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
    output: Annotated[
        pathlib.Path, typer.Argument(help="The file to write: new, or one that this command wrote.")
    ],
    source_format: Annotated[
        Library,
        typer.Option("--from", help="The library of SOURCE, such as timm for rand-m9-n2-inc1."),
    ] = "kcx",
    to: Annotated[
        Library,
        typer.Option(
            help="The library of the output; for torchvision and dali it is a Python file."
        ),
    ] = "kcx",
    spec: Annotated[
        Literal["paper", "torchvision", "tpu"],
        typer.Option(help="The library whose magnitudes a file uses."),
    ] = "torchvision",
    image_size: ImageSize = None,
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Leave out what cannot be expressed, with a warning.")
    ] = False,
):
    """Translate a policy between this library and others.

    For example: kcx policy convert policy.json augment.py --to torchvision
    """
    files.check_file(output)
    if source_format in ("albumentations", "dali") or (
        source_format == "kcx" and source not in PUBLISHED
    ):
        check_there(source=source)
    with files.reserved(output):
        import_tensorflow()
        from keras_cv_extras import policy

        converted = policy.convert(
            source,
            output,
            source_format=source_format,
            to=to,
            spec=spec,
            image_size=image_size,
            strict=not lossy,
        )
    say(converted.describe(), output)
