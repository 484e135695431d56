"""`kcx gan`: images made for classes that have too few."""

import pathlib
from typing import Annotated, Literal

import typer

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import folders, kinds, written
from keras_cv_extras.cli._options import (
    Data,
    ImageSize,
    Quiet,
    Seed,
    check_files,
    check_there,
    say,
    show_table,
)
from keras_cv_extras.cli._quiet import import_tensorflow

gan_app = typer.Typer(help="Generate images of classes that have too few, and measure them.")

Model = Annotated[pathlib.Path, typer.Argument(help="A gan.keras that kcx gan train wrote.")]


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
    batch_size: Annotated[int, typer.Option(help="Real images per step.")] = 64,
    loss: Annotated[
        Literal["hinge", "non_saturating", "wgan_gp"],
        typer.Option(help="What both networks minimise."),
    ] = "hinge",
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of the generator; 0.001 (wgan_gp: 0.0001) if not given. That of "
            "the discriminator is twice as high."
        ),
    ] = None,
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Train a conditional GAN on DATA, with all classes drawn equally often.

    A training that was interrupted resumes if it is started again with the same output folder;
    with more --steps, a finished one continues.
    """
    folders.check(output, kinds.GAN)
    check_there(data=data, image_size=image_size)
    import_tensorflow()
    from keras_cv_extras.generative import gan

    written = gan.train(
        data,
        output,
        steps=steps,
        every=every,
        width=width,
        batch_size=batch_size,
        loss=loss,
        learning_rate=learning_rate,
        image_size=image_size,
        seed=seed,
        progress=not quiet,
    )
    say(*written)


@gan_app.command("sample")
def gan_sample(
    model: Model,
    output: Annotated[
        pathlib.Path,
        typer.Option(help="Output folder; it gets a folder of PNG files for each class."),
    ] = pathlib.Path("kcx-gan-images"),
    count: Annotated[int, typer.Option(help="Images per class.")] = 100,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="A class; all if not given. May be repeated."),
    ] = None,
    sheet: Annotated[
        bool, typer.Option(help="Also write a sheet with all classes, beside the folder.")
    ] = True,
    seed: Seed = 0,
):
    """Make images with MODEL, in folders that kcx train and data.load read."""
    folders.check(output, kinds.MADE_IMAGES)
    check_there(model=model)
    import_tensorflow()
    from keras_cv_extras.generative import gan

    made = gan.sample(model, output, count=count, classes=classes or [], sheet=sheet, seed=seed)
    say(f"{count} images of each of {len(made)} classes", output)


@gan_app.command("report")
def gan_report(
    model: Model,
    data: Data,
    output: Annotated[
        pathlib.Path | None, typer.Option(help="HTML file; beside MODEL if not given.")
    ] = None,
    count: Annotated[int, typer.Option(help="Images per class to score.")] = 200,
    steps: Annotated[
        int, typer.Option(help="Training steps of the classifiers that measure usefulness.")
    ] = 600,
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Score the images of MODEL against the test images of DATA, as one HTML page and JSON.

    The scores are the similarity for each class, measured by a network trained on DATA, copies
    of training images, and the accuracy of a classifier trained on synthetic images alone.
    """
    place = output or model.parent / "report.html"
    check_files(place, known=written.is_ours)
    check_there(data=data, model=model, image_size=image_size)
    with files.reserved(place):
        import_tensorflow()
        from keras_cv_extras.generative import gan

        found = gan.report(
            model,
            data,
            output,
            count=count,
            steps=steps,
            image_size=image_size,
            seed=seed,
            progress=not quiet,
        )
    _show(found)


def _number(value):
    return "-" if value is None else f"{value:.3f}"


def _show(found):
    columns = ("agreement", "local_fid", "precision", "recall", "coverage")
    rows = []
    for item, values in found.scores.classes.items():
        cells = [str(values.get("num_real", "-")), *(_number(values[name]) for name in columns)]
        rows.append([found.class_names[item], *cells])
    title = (
        f"local FID {_number(found.scores.scores['local_fid'])}; suspicious "
        f"{found.memory.suspicious:.3f}; train on made, test on real "
        f"{found.useful['made_on_real']:.4f} (on real {found.useful['real_on_real']:.4f})"
    )
    show_table(
        title, ("class", "real images", *(column.replace("_", " ") for column in columns)), rows
    )
    if any("-" in row for row in rows):
        print('"-": too few images; a score needs 20 real and 20 made ones, the local FID more')
    say(found.path)
