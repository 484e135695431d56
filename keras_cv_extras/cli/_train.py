"""`kcx train`, `kcx evaluate`, and `kcx pack`, which prepares their images."""

import os
import pathlib
from typing import Annotated, Any, Literal

import typer

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import folders, kinds, written
from keras_cv_extras.cli._options import (
    Data,
    ImageColumn,
    ImageSize,
    LabelColumn,
    MaxBad,
    Network,
    Quiet,
    Root,
    Seed,
    Separator,
    SplitColumn,
    Stream,
    as_table,
    check_files,
    check_names,
    check_there,
    say,
)
from keras_cv_extras.cli._quiet import import_tensorflow, network_name
from keras_cv_extras.training.job import loggers

BELOW = 3  # the exit code of scores below what was asked for

MinAccuracy = Annotated[
    float | None,
    typer.Option(help=f"Exit with code {BELOW} if the accuracy on the test images is lower."),
]
BatchSize = Annotated[int | None, typer.Option(help="Images per step; the recipe's if not given.")]


def train(
    data: Data,
    output: Annotated[
        pathlib.Path, typer.Option(help="Folder for model.keras, report.html and checkpoints.")
    ] = pathlib.Path("kcx-train"),
    model: Network = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Initial weights: imagenet (downloads them), or a file."),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(
            help="A policy file, or none, flip_crop, crop, rand_augment, trivial_augment, "
            "cifar10, svhn, imagenet."
        ),
    ] = "none",
    mix: Annotated[
        str | None,
        typer.Option(
            help="How images and their labels are mixed: none, mixup, cutmix, fmix, mosaic, or a"
            " mix of your own (--plugin). If not given, the mix of the policy file, if it "
            "has one."
        ),
    ] = None,
    crop: Annotated[
        Literal["none", "random-resized"] | None,
        typer.Option(
            help="How training images are cropped from streamed files: none takes the centre, "
            "random-resized draws a box for every file in every epoch. The recipe's if not "
            "given."
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the training images; the recipe's if not given.")
    ] = None,
    batch_size: BatchSize = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="The highest learning rate; if not given, the recipe's, scaled to the batch size."
        ),
    ] = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(
            help="Weight decay, in units of the learning rate; the recipe's if not given."
        ),
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(
            help="Label smoothing in [0, 1); if not given, that of the policy file or the recipe."
        ),
    ] = None,
    average: Annotated[
        bool | None,
        typer.Option("--average/--no-average", help="Average the weights over the last steps."),
    ] = None,
    class_weights: Annotated[
        Literal["none", "balanced", "effective"],
        typer.Option(
            help="Give images of rare classes more weight in the loss; with several labels per "
            "image, rare labels."
        ),
    ] = "none",
    loss: Annotated[
        str,
        typer.Option(
            help="crossentropy; asymmetric, for several labels per image of which each image has"
            " few; or a loss of your own (--plugin)."
        ),
    ] = "crossentropy",
    validation: Annotated[
        float,
        typer.Option(
            help="Share of the training images held out for validation; 0 to train on all."
        ),
    ] = 0.1,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after this many epochs without a better validation accuracy."),
    ] = None,
    image_size: ImageSize = None,
    resize: Annotated[
        Literal["crop", "pad", "stretch"],
        typer.Option(
            help="How images get that size: crop and pad keep the aspect ratio, stretch does "
            "not. kcx evaluate and kcx export then do the same."
        ),
    ] = "crop",
    jpeg: Annotated[
        Literal["whole", "reduced"],
        typer.Option(
            help="reduced decodes JPEG files that are at least four times as large as the image "
            "size in a fraction of the time; edges come out sharper. kcx evaluate and kcx "
            "export then do the same."
        ),
    ] = "whole",
    stream: Stream = False,
    max_bad: MaxBad = 0.01,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    split_column: SplitColumn = None,
    root: Root = None,
    separator: Separator = None,
    precision: Annotated[
        Literal["float32", "mixed_float16", "mixed_bfloat16"],
        typer.Option(
            help="The precision of layers: mixed_float16 is faster on GPUs, mixed_bfloat16 on "
            "TPUs and on newer GPUs and processors.",
        ),
    ] = "float32",
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Cross-validate, for small data: divide the images into this many folds, and "
            "score each fold with a network trained on the others.",
        ),
    ] = None,
    tensorboard: Annotated[
        bool,
        typer.Option(
            "--tensorboard",
            help="The same as --logger tensorboard, and may be combined with another logger.",
        ),
    ] = False,
    logger: Annotated[
        Literal["csv", "tensorboard", "wandb", "mlflow"],
        typer.Option(help="Where to send the scores of every epoch; log.csv is always written."),
    ] = "csv",
    min_accuracy: MinAccuracy = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Train a network on DATA, and report how good it is on the test images.

    Each family of networks has a recipe: optimizer, learning rate, epochs and so on. Options
    override it. A training that was interrupted resumes if it is started again with the same
    output folder.

    It writes model.keras, report.html, predictions.csv, scores.json, log.csv and train.json.

    Exit codes: 0 success, 1 an error in one line, 2 wrong arguments, 3 below --min-accuracy.

    For example:

    kcx train mnist_5k --policy crop --epochs 10

    kcx train photographs --image-size 128 --model resnet18 --policy rand_augment --mix cutmix

    kcx train labels.csv --root photographs --image-size 128 --separator '|'

    kcx train photographs --image-size 224 --stream --model mobilenetv3-small --weights imagenet

    kcx train photographs --image-size 128 --folds 5

    kcx train photographs --image-size 224 --stream --crop random-resized --model resnet50

    kcx launch --workers 2 -- kcx train mnist_5k --policy crop --epochs 10
    """
    _check_wanted(min_accuracy)
    if not os.environ.get("TF_CONFIG"):  # of several workers one writes, which asks itself
        folders.check(output, kinds.TRAINING if folds is None else kinds.FOLDS)
    if folds is not None and (stream or tensorboard or logger != "csv"):
        raise typer.BadParameter("--folds goes with none of --stream, --tensorboard and --logger")
    file = None if weights == "imagenet" else weights
    check_there(data=data, policy=policy, root=root, weights=file, image_size=image_size)
    model = network_name(model)
    check_names(model=model, mix=mix, loss=loss)
    if stream and image_size is None:
        raise ValueError("stream needs image_size: files are decoded to one size")
    loggers.check(logger)
    from keras_cv_extras import training

    settings = training.TrainingSettings(
        model=model,
        weights=weights,
        policy=policy,
        mix=mix,
        crop=crop,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        average=average,
        class_weights=class_weights,
        loss=loss,
        validation=validation,
        patience=patience,
        precision=precision,
        seed=seed,
    )
    source = as_table(data, image_column, label_column, split_column, root, separator)
    shown: dict[str, Any] = {"image_size": image_size, "resize": resize, "jpeg": jpeg}
    shown |= {"progress": not quiet, "tell": say}
    import_tensorflow()
    if folds is not None:
        result = training.cross_validate(source, output, settings, folds=folds, **shown)
    else:
        result = training.train(
            source,
            output,
            settings,
            stream=stream,
            max_bad=max_bad,
            tensorboard=tensorboard,
            logger=logger,
            **shown,
        )
    if result is not None:  # another worker scores
        _show(result)
        say(*result.files)
        _judge(result.scores, min_accuracy)


def evaluate(
    model: Annotated[pathlib.Path, typer.Argument(help="A model.keras that kcx train wrote.")],
    data: Data,
    output: Annotated[
        pathlib.Path | None, typer.Option(help="Also write the numbers to this JSON file.")
    ] = None,
    report: Annotated[
        pathlib.Path | None, typer.Option(help="Also write the report to this HTML file.")
    ] = None,
    predictions: Annotated[
        pathlib.Path | None, typer.Option(help="Also write a row for every image to this CSV file.")
    ] = None,
    image_size: ImageSize = None,
    stream: Stream = False,
    max_bad: MaxBad = 0.01,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    split_column: SplitColumn = None,
    root: Root = None,
    separator: Separator = None,
    min_accuracy: MinAccuracy = None,
):
    """Score MODEL on the test images of DATA: accuracy, log loss, every class.

    Exit codes: 0 success, 1 an error in one line, 2 wrong arguments, 3 below --min-accuracy.

    kcx evaluate kcx-train/model.keras mnist_5k --report report.html

    kcx evaluate kcx-train/model.keras photographs --image-size 128 --min-accuracy 0.9
    """
    _check_wanted(min_accuracy)
    check_files(output, report, predictions)
    check_files(output, known=written.SCORES)
    check_files(report, predictions, known=written.is_ours)
    check_there(data=data, model=model, root=root, image_size=image_size)
    with files.reserved(output, report, predictions):
        import_tensorflow()
        from keras_cv_extras import training

        result = training.evaluate_file(
            model,
            as_table(data, image_column, label_column, split_column, root, separator),
            output=output,
            report=report,
            predictions=predictions,
            image_size=image_size,
            stream=stream,
            max_bad=max_bad,
        )
    _show(result)
    say(*(path for path in (output, report, predictions) if path is not None))
    _judge(result.scores, min_accuracy)


def pack(
    data: Annotated[
        str,
        typer.Argument(help="A folder with one folder of images for each class, or a CSV file."),
    ],
    output: Annotated[
        pathlib.Path, typer.Argument(help="Folder for the packed images: new, or one to resume.")
    ],
    size: Annotated[
        int,
        typer.Option(
            min=1,
            help="Larger images are resized to this shorter side, or to squares of this side.",
        ),
    ] = 256,
    form: Annotated[
        Literal["jpeg", "pixels"],
        typer.Option(
            help="jpeg keeps aspect ratios; pixels writes squares that need no decoding, and are"
            " about ten times as large."
        ),
    ] = "jpeg",
    resize: Annotated[
        Literal["crop", "pad", "stretch"], typer.Option(help="How images become squares.")
    ] = "crop",
    channels: Annotated[int, typer.Option(help="1 for grey, 3 for RGB.")] = 3,
    quality: Annotated[int, typer.Option(min=1, max=100, help="JPEG quality.")] = 95,
    per_file: Annotated[int, typer.Option(min=1, help="Images per file.")] = 8192,
    test_fraction: Annotated[
        float | None,
        typer.Option(
            help="Share of the images for testing, if DATA has no test images; a fifth if not "
            "given."
        ),
    ] = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    split_column: SplitColumn = None,
    root: Root = None,
    separator: Separator = None,
    seed: Seed = 0,
):
    """Pack the images of DATA into a few large files, which the other commands read.

    The files are TFRecord files with an index of offsets. Packing that was interrupted resumes:
    files are checked by their SHA-256, and damaged ones are written again.

    kcx pack photographs packed --size 256

    kcx pack labels.csv packed --root photographs --separator '|'

    kcx train packed --stream --image-size 224 --crop random-resized --model resnet50
    """
    folders.check(output, kinds.PACK)
    check_there(data=data, root=root)
    import_tensorflow()
    from keras_cv_extras.data import pack as pack_images

    packed = pack_images(
        as_table(data, image_column, label_column, split_column, root, separator),
        output,
        size,
        form=form,
        resize=resize,
        channels=channels,
        quality=quality,
        per_file=per_file,
        test_fraction=test_fraction,
        seed=seed,
    )
    say(repr(packed), output)


def _show(result):
    from keras_cv_extras._base.text.terminal import Terminal

    Terminal().print(result.scores.table())
    say(*result.notes)


def _check_wanted(min_accuracy):
    """Raises if an accuracy that is wanted is none: not a number, or in percent."""
    if min_accuracy is not None and not 0 <= min_accuracy < 2:  # 1.01 is what none reaches
        raise ValueError(f"--min-accuracy must be a share, such as 0.9, received {min_accuracy:g}")


def _judge(scores, min_accuracy):
    if min_accuracy is not None and scores.accuracy < min_accuracy:
        typer.echo(f"accuracy {scores.accuracy:.4f} is below {min_accuracy:g}", err=True)
        raise typer.Exit(BELOW)
