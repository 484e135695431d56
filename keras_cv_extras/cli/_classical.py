"""`kcx classical`: image classification without deep networks."""

import contextlib
import pathlib
import warnings
from typing import Annotated, Literal

import typer

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import written
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

_ENDINGS = (".skops", ".joblib")

classical_app = typer.Typer(
    help="Image classification without deep networks: local features, coding, SVMs."
)


@classical_app.command("train")
def classical_train(
    data: Data,
    output: Annotated[
        pathlib.Path,
        typer.Option(
            help="File of the classifier, .skops or .joblib; without a suffix, .skops if skops "
            "is installed."
        ),
    ] = pathlib.Path("kcx-classical/model"),
    system: Annotated[
        Literal["hog", "lbp", "color", "bow", "scspm", "llc", "fisher"],
        typer.Option(
            help="hog and lbp describe whole images. The others code dense SIFT: bow by the "
            "nearest word, scspm sparsely, llc by five near words, fisher by a mixture of "
            "Gaussians."
        ),
    ] = "fisher",
    classifier: Annotated[
        Literal["linear_svm", "kernel_svm", "random_forest"],
        typer.Option(help="kernel_svm is slow above some 10,000 images."),
    ] = "linear_svm",
    num_words: Annotated[
        int | None,
        typer.Option(help="Words of the codebook; if not given, 256, or 16 Gaussians for fisher."),
    ] = None,
    color: Annotated[
        Literal["grey", "rgb", "opponent"],
        typer.Option(help="Channels that SIFT describes: grey, or three separately."),
    ] = "grey",
    train_size: Annotated[
        int | None,
        typer.Option(
            help="Number of training images, with unchanged shares of the classes; all if not "
            "given."
        ),
    ] = None,
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Train a classical system on DATA, score it on the test images, and save it.

    For example: kcx classical train digits --system hog
    """
    endings = ("",) if output.suffix in _ENDINGS else _ENDINGS
    places = [pathlib.Path(f"{output}{ending}") for ending in endings]
    check_files(*places, known=written.is_signed)
    check_there(data=data, image_size=image_size)
    with files.reserved(*places):
        import_tensorflow()
        from keras_cv_extras import classical

        with _notes():
            scores, path = classical.train(
                data,
                output,
                system=system,
                classifier=classifier,
                num_words=num_words,
                color=color,
                train_size=train_size,
                image_size=image_size,
                seed=seed,
                progress=not quiet,
                tell=say,
            )
    _show(scores)
    say(path)


@classical_app.command("evaluate")
def classical_evaluate(
    model: Annotated[pathlib.Path, typer.Argument(help="A file that kcx classical train wrote.")],
    data: Data,
    output: Annotated[
        pathlib.Path | None, typer.Option(help="Also write the numbers to this JSON file.")
    ] = None,
    image_size: ImageSize = None,
):
    """Score MODEL on the test images of DATA: accuracy, every class.

    A .joblib file is a pickle, and reading it runs the code in it: only read your own.
    """
    check_files(output, known=written.SCORES)
    check_there(data=data, model=model, image_size=image_size)
    with files.reserved(output):
        import_tensorflow()
        from keras_cv_extras import classical

        with _notes():
            scores = classical.evaluate(model, data, output=output, image_size=image_size)
    _show(scores)


def _show(scores):
    title = (
        f"accuracy {scores.accuracy:.4f} (95 %: {scores.low:.4f} to {scores.high:.4f}), "
        f"{sum(scores.images)} images"
    )
    listed = (scores.class_names, scores.images, scores.precision, scores.recall, scores.f1)
    rows = (
        [name, str(count), *(f"{value:.3f}" for value in values)]
        for name, count, *values in zip(*listed, strict=True)
    )
    show_table(title, ("class", "images", "precision", "recall", "F1"), rows)


@contextlib.contextmanager
def _notes():
    """Prints warnings as lines of their own, once each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    say(*(f"note: {text}" for text in dict.fromkeys(str(one.message) for one in caught)))
