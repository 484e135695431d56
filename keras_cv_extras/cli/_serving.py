"""`kcx export`, `kcx verify` and `kcx predict`."""

import pathlib
from typing import Annotated, Literal

import typer

from keras_cv_extras._base import files as checked
from keras_cv_extras._base.owned import kinds
from keras_cv_extras.cli._options import (
    ImageColumn,
    ImageSize,
    LabelColumn,
    Root,
    Separator,
    SplitColumn,
    as_table,
    check_there,
    say,
)
from keras_cv_extras.cli._quiet import import_tensorflow


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
        Literal["saved_model", "litert", "onnx"],
        typer.Option(
            help="saved_model for servers (files or tensors in, class names out), litert for "
            "phones, onnx for other engines (tensors in, probabilities out)."
        ),
    ] = "saved_model",
    top_k: Annotated[int, typer.Option(help="Classes to name in an answer.")] = 5,
    on_bad_image: Annotated[
        Literal["raise", "report"],
        typer.Option(
            help="A damaged file fails its request, or is reported in a row of its own. Take "
            "report where a server joins the requests of several clients."
        ),
    ] = "raise",
    resize: Annotated[
        Literal["crop", "pad", "stretch"],
        typer.Option(help="How files get to the size of the model: as in training."),
    ] = "crop",
    test_time_augment: Annotated[
        Literal["flip", "five", "ten"] | None,
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
    image_size: ImageSize = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    split_column: SplitColumn = None,
    root: Root = None,
    separator: Separator = None,
):
    """Write MODEL as a folder for servers, and verify it without Keras.

    A SavedModel takes JPEG, PNG, BMP, GIF and WEBP files of any size, or tensors, and answers with
    probabilities and the names of the likeliest classes. Beside it are a model card with hashes
    of data and policy and the scores, answers to compare with, and requests to warm up with.

    For example: kcx export kcx-train/model.keras mnist_5k --output digits/1 --calibrate

    Then: kcx predict digits/1 some.png, or docs/serving.md for TensorFlow Serving and KServe.
    """
    checked.check_replaceable(output, kind="export", known=kinds.is_export)
    check_there(data=data, model=model)
    import_tensorflow()
    from keras_cv_extras import serving

    result = serving.export_file(
        model,
        as_table(data, image_column, label_column, split_column, root, separator),
        output,
        format=format,
        top_k=top_k,
        on_bad_image=on_bad_image,
        resize=resize,
        views=test_time_augment,
        calibrate=calibrate,
        policy=policy,
        image_size=image_size,
    )
    scores = result.scores
    say(
        *result.notes,
        result.verification,
        f"accuracy {scores['accuracy']:.4f}, calibration error "
        f"{scores['expected_calibration_error']:.4f}, on {scores['images']} test images",
        output,
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
    import_tensorflow()
    from keras_cv_extras import serving

    say(serving.verify(path))


def predict(
    path: Annotated[pathlib.Path, typer.Argument(help="A SavedModel that kcx export wrote.")],
    files: Annotated[list[pathlib.Path], typer.Argument(help="JPEG, PNG, BMP, GIF or WEBP files.")],
):
    """Name the likeliest classes of image files, as a server with this export would.

    A line for each file: its name, then classes with their probabilities. Damaged files are
    named, and make it exit with 1 after the others.

    For example: kcx predict digits/1 *.png
    """
    import_tensorflow()
    from keras_cv_extras import serving

    bad = []
    for file, classes in serving.predict_files(path, files):
        if classes is None:
            bad.append(file)
        else:
            print(f"{file}: {', '.join(f'{name} {value:.4f}' for name, value in classes)}")
    if bad:
        raise ValueError(f"no images that can be read: {', '.join(map(str, bad))}")
