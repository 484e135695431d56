"""`kcx export`, `kcx verify`, `kcx predict` and `kcx serve`."""

import math
import pathlib
import sys
from typing import Annotated, Literal

import typer

from keras_cv_extras._base import checks, supervise
from keras_cv_extras._base import files as checked
from keras_cv_extras._base.owned import kinds
from keras_cv_extras._base.text.escapes import visible
from keras_cv_extras.cli._options import (
    ImageColumn,
    ImageSize,
    LabelColumn,
    Root,
    Separator,
    SplitColumn,
    as_table,
    check_exists,
    check_there,
    say,
)
from keras_cv_extras.cli._quiet import import_tensorflow


def export(
    model: Annotated[pathlib.Path, typer.Argument(help="A model.keras that kcx train wrote.")],
    data: Annotated[
        str,
        typer.Argument(
            help="The data that the model was trained on, as for kcx train. It provides class "
            "names, scores, and images for comparing answers."
        ),
    ],
    output: Annotated[
        pathlib.Path,
        typer.Option(
            help="Output folder; TensorFlow Serving expects NAME/NUMBER. An export that is there"
            " is replaced when the new one is complete."
        ),
    ] = pathlib.Path("kcx-export/1"),
    format: Annotated[
        Literal["saved_model", "litert", "onnx"],
        typer.Option(
            help="saved_model for servers (files or tensors in, class names out), litert for "
            "phones, onnx for other engines (tensors in, probabilities out)."
        ),
    ] = "saved_model",
    top_k: Annotated[
        int | None,
        typer.Option(
            help="Number of classes to name in an answer; if not given, 5, or all if images have"
            " several labels."
        ),
    ] = None,
    on_bad_image: Annotated[
        Literal["raise", "report"],
        typer.Option(
            help="raise: a damaged file fails its request. report: it gets an error of its own; "
            "use this if the server batches the requests of several clients."
        ),
    ] = "raise",
    resize: Annotated[
        Literal["crop", "pad", "stretch"] | None,
        typer.Option(
            help="How images get the size of the model; as in training if not given and kcx "
            "train wrote the model."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="With several labels per image: the lowest probability of a label that is "
            "named; 0.5 if not given."
        ),
    ] = None,
    test_time_augment: Annotated[
        Literal["flip", "five", "ten"] | None,
        typer.Option(
            help="Average over several views of every image (test-time augmentation): slower, "
            "often better."
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Fit a temperature on the validation images of the training. If these are not "
            "known, use every second test image, and score on the others.",
        ),
    ] = False,
    calibration: Annotated[
        pathlib.Path | None,
        typer.Option(help="A file that Calibration.save wrote, instead of --calibrate."),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            help="How frequent a class will be in use, such as cat=0.9. Give one for each class."
        ),
    ] = None,
    quantize: Annotated[
        Literal["float16", "dynamic", "int8"] | None,
        typer.Option(
            help="With --format litert or onnx. float16: weights in half floats; dynamic: "
            "weights in 8 bits; int8: everything in 8 bits. The model card says what this "
            "costs in accuracy."
        ),
    ] = None,
    intended_use: Annotated[
        str | None, typer.Option(help="For the model card: what the model is for.")
    ] = None,
    limits: Annotated[
        str | None,
        typer.Option(help="For the model card: what the model is not for, and where it fails."),
    ] = None,
    policy: Annotated[
        pathlib.Path | None,
        typer.Option(help="For the model card: the policy file that the model was trained with."),
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
    probabilities and the names of the likeliest classes. With it come a model card (hashes of data
    and policy, scores), recorded answers for kcx verify, and warm-up requests.

    For example: kcx export kcx-train/model.keras mnist_5k --output digits/1 --calibrate

    Then: kcx predict digits/1 some.png, or the page on serving for TensorFlow Serving and KServe.
    """
    checked.check_replaceable(output, kind="export", known=kinds.is_export)
    files = {"policy_file": policy, "calibration": calibration}
    check_there(data=data, model=model, root=root, image_size=image_size, **files)
    if format == "onnx" or quantize is not None:
        from keras_cv_extras.serving import quantizing

        quantizing.check(quantize, format, data)
    if threshold is not None:
        checks.fraction("threshold", threshold)
    priors = _priors(prior)
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
        threshold=threshold,
        views=test_time_augment,
        calibrate=calibrate,
        calibration=calibration,
        priors=priors,
        quantize=quantize,
        intended_use=intended_use,
        limits=limits,
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


def _priors(given):
    """Returns what `--prior` says as a dictionary, None if nothing."""
    found = {}
    for text in given or ():
        name, equals, value = text.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not equals or not 0 < number < math.inf:
            raise ValueError(
                f"--prior must be NAME=NUMBER above 0, such as cat=0.9, received {text!r}"
            )
        if name in found:
            raise ValueError(f"--prior must be given once for each class, received {name!r} again")
        found[name] = number
    return found or None


def verify(
    path: Annotated[pathlib.Path, typer.Argument(help="A folder that kcx export wrote.")],
):
    """Check that an export answers like the Keras model, in a process without Keras.

    It first checks that the graph cannot read or write files or call Python. Then it sends the
    recorded images, and malformed requests that must fail. The exit code is 1 if anything is
    wrong, so a script can run it before a deployment.

    For example: kcx verify digits/1
    """
    check_exists(path)
    import_tensorflow()
    from keras_cv_extras import serving

    say(serving.verify(path))


def predict(
    path: Annotated[
        pathlib.Path,
        typer.Argument(help="A folder that kcx export wrote, or a .keras, .tflite or .onnx file."),
    ],
    files: Annotated[list[pathlib.Path], typer.Argument(help="JPEG, PNG, BMP, GIF or WEBP files.")],
):
    """Name the likeliest classes of image files, as a server with this export would.

    It prints a line for each file: its name, then classes with their probabilities. For a file that
    cannot be read it prints the reason, goes on with the others, and finally exits with 1.

    For example: kcx predict digits/1 *.png

    Or: kcx predict kcx-train/model.keras photograph.jpg
    """
    check_exists(path)
    import_tensorflow()
    from keras_cv_extras import serving

    unanswered = 0
    for answer in serving.predict_files(path, files):
        if answer.classes is None:
            unanswered += 1
            print(visible(f"{answer.file}: not answered: {answer.reason}"), file=sys.stderr)
        else:
            named = ", ".join(f"{name} {value:.4f}" for name, value in answer.classes)
            print(visible(f"{answer.file}: {named or 'no label'}"))
    if unanswered:
        raise ValueError(f"{unanswered} of {len(files)} files were not answered")


def serve(
    path: Annotated[
        pathlib.Path,
        typer.Argument(help="A SavedModel of kcx export, or a folder with numbered versions."),
    ],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free one.")
    ] = 8501,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on; 0.0.0.0 for all IPv4 addresses, :: for IPv6 too."),
    ] = "127.0.0.1",
):
    """Answer requests for an export over HTTP, until Ctrl-C.

    It uses TensorFlow Serving's REST protocol, so clients can switch to that server later. It is
    meant for trying a model, and for use on one machine; the page on serving lists other servers.

    For example: kcx serve digits/1
    """
    check_exists(path)
    import_tensorflow()
    from keras_cv_extras import serving

    with serving.ModelServer(path, host=host, port=port) as server:
        try:
            say(f"{server.url}; Ctrl-C ends it")
            sys.stdout.flush()
            server.serve_forever()
        except (KeyboardInterrupt, supervise.Ended):  # a server has no other end
            say("stopped")
