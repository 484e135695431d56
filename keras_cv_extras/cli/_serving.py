"""The commands of `kcx` that export, verify and ask: their arguments."""

import enum
import pathlib
from typing import Annotated

import typer

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import kinds
from keras_cv_extras.cli._options import check_there


class Format(enum.StrEnum):
    """What an export is made of."""

    saved_model = "saved_model"
    litert = "litert"
    onnx = "onnx"


class BadImage(enum.StrEnum):
    """What a file does that cannot be decoded."""

    fail = "raise"
    report = "report"


class Resize(enum.StrEnum):
    """How files get to the size of the model."""

    crop = "crop"
    pad = "pad"
    stretch = "stretch"


class Views(enum.StrEnum):
    """Crops for test-time augmentation."""

    flip = "flip"
    five = "five"
    ten = "ten"


def export(
    model: Annotated[pathlib.Path, typer.Argument(help="A model.keras that kcx train wrote.")],
    data: Annotated[
        str,
        typer.Argument(
            help="The data it was trained on, as kcx train takes it: for the names of the "
            "classes, scores, and images to compare answers on."
        ),
    ],
    output: Annotated[
        pathlib.Path,
        typer.Option(
            help="Folder to write. TensorFlow Serving wants NAME/NUMBER; what is there stays whole "
            "until the new one is."
        ),
    ] = pathlib.Path("kcx-export/1"),
    format: Annotated[
        Format,
        typer.Option(
            help="saved_model for servers (files or tensors in, class names out), litert for "
            "phones, onnx for other engines (tensors in, probabilities out)."
        ),
    ] = Format.saved_model,
    top_k: Annotated[int, typer.Option(help="Classes to name in an answer.")] = 5,
    on_bad_image: Annotated[
        BadImage,
        typer.Option(
            help="A damaged file fails its request, or is reported in a row of its own. Take "
            "report where a server joins the requests of several clients."
        ),
    ] = BadImage.fail,
    resize: Annotated[
        Resize, typer.Option(help="How files get to the size of the model: as in training.")
    ] = Resize.crop,
    test_time_augment: Annotated[
        Views | None,
        typer.Option(help="Let the model see several views of every image: slower, often better."),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Fit a temperature on every second test image, and score on the others.",
        ),
    ] = False,
    policy: Annotated[
        pathlib.Path | None,
        typer.Option(help="The policy file it was trained with, for the model card."),
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Side of the square that images are cropped and resized to.")
    ] = None,
):
    """Write MODEL as a folder for servers, and verify it without Keras.

    A SavedModel takes JPEG, PNG, BMP and GIF files of any size, or tensors, and answers with
    probabilities and the names of the likeliest classes. Beside it are a model card with hashes
    of data and policy and the scores, answers to compare with, and requests to warm up with.

    For example: kcx export kcx-train/model.keras mnist_5k --output digits/1 --calibrate

    Then: kcx predict digits/1 some.png, or docs/serving.md for TensorFlow Serving and KServe.
    """
    files.check_replaceable(output, kind="export", known=kinds.is_export)
    check_there(data=data, model=model)
    from keras_cv_extras.commands import run_export

    run_export(
        model,
        data,
        output,
        file_format=format.value,
        top_k=top_k,
        on_bad_image=on_bad_image.value,
        resize=resize.value,
        views=None if test_time_augment is None else test_time_augment.value,
        calibrate=calibrate,
        policy=policy,
        image_size=image_size,
    )


def verify(
    path: Annotated[pathlib.Path, typer.Argument(help="A folder that kcx export wrote.")],
):
    """Check that an export answers as the Keras model did, in a process without Keras.

    The graph is read first, and refused if it could read or write files or call Python. Then it
    is asked about the images it carries with it, and given requests that it must refuse. It exits
    with 1 if anything is wrong, so that it can stand in a script before a deployment.

    For example: kcx verify digits/1
    """
    from keras_cv_extras.commands import run_verify

    run_verify(path)


def predict(
    path: Annotated[pathlib.Path, typer.Argument(help="A SavedModel that kcx export wrote.")],
    files: Annotated[list[pathlib.Path], typer.Argument(help="JPEG, PNG, BMP or GIF files.")],
):
    """Name the likeliest classes of image files, as a server with this export would.

    A line for each file: its name, then classes with their probabilities. Damaged files are
    named, and make it exit with 1 after the others.

    For example: kcx predict digits/1 *.png
    """
    from keras_cv_extras.commands import run_predict

    run_predict(path, files)


def add_to(app: typer.Typer):
    """Adds the commands."""
    for command in (export, verify, predict):
        app.command()(command)
