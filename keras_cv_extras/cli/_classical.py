"""`kcx classical`: image classification without deep networks."""

import enum
import pathlib
from typing import Annotated

import typer

from keras_cv_extras._base import files
from keras_cv_extras.cli._options import Data, ImageSize, Quiet, Seed

_ENDINGS = (".skops", ".joblib")

classical_app = typer.Typer(
    help="Image classification without deep networks: local features, coding, SVMs."
)


class System(enum.StrEnum):
    """Features and their coding."""

    hog = "hog"
    lbp = "lbp"
    bow = "bow"
    scspm = "scspm"
    llc = "llc"
    fisher = "fisher"


class Classifier(enum.StrEnum):
    """What decides on the features."""

    linear_svm = "linear_svm"
    kernel_svm = "kernel_svm"
    random_forest = "random_forest"


@classical_app.command("train")
def classical_train(
    data: Data,
    output: Annotated[
        pathlib.Path,
        typer.Option(help="File of the classifier: .skops, .joblib, or none for the better one."),
    ] = pathlib.Path("kcx-classical/model"),
    system: Annotated[
        System,
        typer.Option(
            help="hog and lbp describe whole images. The others code dense SIFT: bow by the "
            "nearest word, scspm sparsely, llc by five near words, fisher by a mixture of "
            "Gaussians."
        ),
    ] = System.fisher,
    classifier: Annotated[
        Classifier, typer.Option(help="kernel_svm is slow above some 10,000 images.")
    ] = Classifier.linear_svm,
    num_words: Annotated[
        int | None, typer.Option(help="Words of the codebook: 256, or 16 Gaussians, if not given.")
    ] = None,
    train_size: Annotated[
        int | None, typer.Option(help="Training images to use, every class alike; else all.")
    ] = None,
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Train a classical system on DATA, score it on the test images, and save it.

    For example: kcx classical train digits --system hog
    """
    for ending in ("",) if output.suffix in _ENDINGS else _ENDINGS:
        files.check_file(f"{output}{ending}")
    from keras_cv_extras.commands import run_classical_train

    run_classical_train(
        data,
        output,
        system=system.value,
        classifier=classifier.value,
        num_words=num_words,
        train_size=train_size,
        image_size=image_size,
        seed=seed,
        progress=not quiet,
    )


@classical_app.command("evaluate")
def classical_evaluate(
    model: Annotated[pathlib.Path, typer.Argument(help="A file that kcx classical train wrote.")],
    data: Data,
    output: Annotated[
        pathlib.Path | None, typer.Option(help="JSON file for the numbers, too.")
    ] = None,
    image_size: ImageSize = None,
):
    """Score MODEL on the test images of DATA: accuracy, every class.

    A .joblib file is a pickle, and reading it runs the code in it: only read your own.
    """
    if output is not None:
        files.check_file(output)
    from keras_cv_extras.commands import run_classical_evaluate

    run_classical_evaluate(model, data, output=output, image_size=image_size)
