"""The arguments of `kcx gan`; the work is in `keras_cv_extras.commands._gan`.

Outside of `commands`, which imports TensorFlow: help is to come at once.
"""

import enum
import pathlib
from typing import Annotated

import typer

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras.cli._options import check_there

gan_app = typer.Typer(help="Make images of classes that have too few, and measure them.")

Data = Annotated[
    str,
    typer.Argument(
        help="mnist_5k, digits, fashion_mnist, keras:NAME, tfds:NAME, or a folder with one "
        "folder of images for each class."
    ),
]
Model = Annotated[pathlib.Path, typer.Argument(help="A gan.keras that kcx gan train wrote.")]
ImageSize = Annotated[
    int | None, typer.Option(help="Side of the square that images are cropped and resized to.")
]
Seed = Annotated[int, typer.Option(help="Another seed gives another run; the same one, the same.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


class Loss(enum.StrEnum):
    """What both networks minimise."""

    hinge = "hinge"
    non_saturating = "non_saturating"
    wgan_gp = "wgan_gp"


@gan_app.command("train")
def gan_train(
    data: Data,
    output: Annotated[
        pathlib.Path, typer.Option(help="Folder for gan.keras, samples and checkpoints.")
    ] = pathlib.Path("kcx-gan"),
    steps: Annotated[int, typer.Option(help="Training steps, a multiple of --every.")] = 3000,
    every: Annotated[
        int, typer.Option(help="Steps between two checkpoints, sample sheets and scores.")
    ] = 250,
    width: Annotated[int, typer.Option(help="Channels of the generator's last map.")] = 32,
    batch_size: Annotated[int, typer.Option(help="Real images of a step.")] = 64,
    loss: Annotated[Loss, typer.Option(help="What both networks minimise.")] = Loss.hinge,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Of the generator, 0.001 (wgan_gp: 0.0001) if not given; the discriminator's is "
            "twice that."
        ),
    ] = None,
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Train a conditional GAN on DATA, all classes alike.

    Interrupted and started again with the same output folder, it goes on. More --steps go on,
    too.
    """
    folders.check(output, kinds.GAN)
    check_there(data=data)
    from keras_cv_extras.commands import run_gan_train

    run_gan_train(
        data,
        output,
        steps=steps,
        every=every,
        width=width,
        batch_size=batch_size,
        loss=loss.value,
        learning_rate=learning_rate,
        image_size=image_size,
        seed=seed,
        progress=not quiet,
    )


@gan_app.command("sample")
def gan_sample(
    model: Model,
    output: Annotated[
        pathlib.Path, typer.Option(help="Folder, with a folder of PNG files for each class.")
    ] = pathlib.Path("kcx-gan-images"),
    count: Annotated[int, typer.Option(help="Images of each class.")] = 100,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="A class; all if not given. May be repeated."),
    ] = None,
    sheet: Annotated[
        bool, typer.Option(help="Write a sheet of all classes beside the folder, too.")
    ] = True,
    seed: Seed = 0,
):
    """Make images with MODEL, in folders that kcx train and data.load read."""
    folders.check(output, kinds.MADE_IMAGES)
    check_there(model=model)
    from keras_cv_extras.commands import run_gan_sample

    run_gan_sample(model, output, count=count, classes=classes or [], sheet=sheet, seed=seed)


@gan_app.command("report")
def gan_report(
    model: Model,
    data: Data,
    output: Annotated[
        pathlib.Path | None, typer.Option(help="HTML file; beside MODEL if not given.")
    ] = None,
    count: Annotated[int, typer.Option(help="Images of each class to score.")] = 200,
    steps: Annotated[
        int, typer.Option(help="Training steps of the classifiers that tell usefulness.")
    ] = 600,
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Score what MODEL makes against the test images of DATA, as one HTML page and JSON.

    Likeness for each class on a local network, copies of training images, and how good a
    classifier gets that is trained on made images alone.
    """
    files.check_file(output or model.parent / "report.html")
    check_there(data=data, model=model)
    from keras_cv_extras.commands import run_gan_report

    run_gan_report(
        model,
        data,
        output,
        count=count,
        steps=steps,
        image_size=image_size,
        seed=seed,
        progress=not quiet,
    )
