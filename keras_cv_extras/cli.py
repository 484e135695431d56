"""The command line, `kcx`: arguments and errors; the work is in `keras_cv_extras.commands`."""

import enum
import os
import pathlib
import sys
from typing import Annotated

import typer

from keras_cv_extras import _cli_serving

app = typer.Typer(
    name="kcx",
    help="Augmentation policies, policy search, training and serving for Keras classifiers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
policy_app = typer.Typer(help="Look at policies, and translate those of other libraries.")
bench_app = typer.Typer(help="Measure speed, beside other libraries in the same run.")
classical_app = typer.Typer(
    help="Image classification without deep networks: local features, coding, SVMs."
)
app.add_typer(policy_app, name="policy", no_args_is_help=True)
app.add_typer(bench_app, name="bench", no_args_is_help=True)
app.add_typer(classical_app, name="classical", no_args_is_help=True)

Data = Annotated[
    str,
    typer.Argument(
        help="mnist_5k, digits, fashion_mnist, keras:NAME, tfds:NAME, or a folder with one "
        "folder of images for each class."
    ),
]
ImageSize = Annotated[
    int | None, typer.Option(help="Side of the square that images are cropped and resized to.")
]
Seed = Annotated[int, typer.Option(help="Another seed gives another run; the same one, the same.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]


class Spec(str, enum.Enum):
    """Whose reading of the published levels."""

    paper = "paper"
    torchvision = "torchvision"
    tpu = "tpu"


class Published(str, enum.Enum):
    """The data set that AutoAugment searched on."""

    cifar10 = "cifar10"
    svhn = "svhn"
    imagenet = "imagenet"


class System(str, enum.Enum):
    """Features and their coding."""

    hog = "hog"
    lbp = "lbp"
    bow = "bow"
    scspm = "scspm"
    llc = "llc"
    fisher = "fisher"


class Classifier(str, enum.Enum):
    """What decides on the features."""

    linear_svm = "linear_svm"
    kernel_svm = "kernel_svm"
    random_forest = "random_forest"


@app.command()
def demo(
    output: Annotated[
        pathlib.Path, typer.Option(help="Folder for all that is written.")
    ] = pathlib.Path("kcx-demo"),
    trials: Annotated[int, typer.Option(help="Policies that the search tries.")] = 16,
    epochs: Annotated[int, typer.Option(help="Passes over the data in the last training.")] = 20,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Run everything on 5,000 real digits: search, train, evaluate, export, verify.

    Takes some minutes on two cores. Interrupted and started again, it goes on where it was.
    """
    from keras_cv_extras.commands import run_demo

    run_demo(output, trials=trials, epochs=epochs, seed=seed, progress=not quiet)


@app.command()
def search(
    data: Data,
    output: Annotated[
        pathlib.Path, typer.Option(help="Folder for policy.json, trials.csv and report.html.")
    ] = pathlib.Path("kcx-search"),
    trials: Annotated[int, typer.Option(help="Policies to try.")] = 20,
    epochs: Annotated[int, typer.Option(help="Passes over the data in each training.")] = 20,
    train_size: Annotated[int, typer.Option(help="Images that each training uses.")] = 1000,
    confirm_seeds: Annotated[
        int, typer.Option(help="Trainings of each finalist for the confirmation.")
    ] = 3,
    oracle: Annotated[str, typer.Option(help="tpe, evolution, controller or random.")] = "tpe",
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Search an augmentation policy for DATA, beside policies that need no search.

    What is written is the policy with the best score on images that the search has not seen,
    and that may be one of the controls. Interrupted and started again, it goes on.
    """
    from keras_cv_extras.commands import run_search

    run_search(
        data,
        output,
        trials=trials,
        epochs=epochs,
        train_size=train_size,
        confirm_seeds=confirm_seeds,
        oracle=oracle,
        image_size=image_size,
        seed=seed,
        progress=not quiet,
    )


@app.command()
def train(
    data: Data,
    output: Annotated[
        pathlib.Path, typer.Option(help="Folder for model.keras and checkpoints.")
    ] = pathlib.Path("kcx-train"),
    policy: Annotated[
        str,
        typer.Option(
            help="A policy file, or none, flip_crop, crop, rand_augment, trivial_augment, "
            "cifar10, svhn, imagenet."
        ),
    ] = "none",
    model: Annotated[
        str | None,
        typer.Option(
            help="A network of keras_cv_extras.models.names(), such as cifar-resnet20; a small "
            "one if not given."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 20,
    batch_size: Annotated[int, typer.Option(help="Images per step.")] = 64,
    learning_rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 2e-3,
    label_smoothing: Annotated[float, typer.Option(help="In [0, 1).")] = 0.0,
    image_size: ImageSize = None,
    seed: Seed = 0,
    quiet: Quiet = False,
):
    """Train a network on DATA with an augmentation policy.

    Interrupted and started again with the same output folder, it goes on.
    """
    from keras_cv_extras.commands import run_train

    run_train(
        data,
        output,
        policy=policy,
        model=model,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        label_smoothing=label_smoothing,
        image_size=image_size,
        seed=seed,
        progress=not quiet,
    )


@app.command()
def evaluate(
    model: Annotated[pathlib.Path, typer.Argument(help="A model.keras that kcx train wrote.")],
    data: Data,
    output: Annotated[
        pathlib.Path | None, typer.Option(help="JSON file for the numbers, too.")
    ] = None,
    image_size: ImageSize = None,
):
    """Score MODEL on the test images of DATA: accuracy, log loss, every class."""
    from keras_cv_extras.commands import run_evaluate

    run_evaluate(model, data, output=output, image_size=image_size)


@app.command()
def gallery(
    output: Annotated[pathlib.Path, typer.Option(help="HTML file to write.")] = pathlib.Path(
        "kcx-gallery.html"
    ),
    quiet: Quiet = False,
):
    """Draw every op at several strengths on real photographs, as one HTML page."""
    from keras_cv_extras.commands import run_gallery

    typer.echo(run_gallery(output, progress=not quiet))


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
            help="cifar10, svhn or imagenet for AutoAugment's own, or a JSON file with a list of "
            'sub-policies such as [["ShearX", 0.9, 4], ["Invert", 0.2, null]].'
        ),
    ],
    output: Annotated[pathlib.Path, typer.Argument(help="The policy file to write.")],
    spec: Annotated[Spec, typer.Option(help="Whose levels they are.")] = Spec.torchvision,
):
    """Translate a policy of another library, given as levels, into a policy file."""
    from keras_cv_extras.commands import run_policy_convert

    run_policy_convert(source, output, spec=spec.value)


@bench_app.command("policies")
def bench_policies(
    sizes: Annotated[list[int], typer.Option("--size", help="Sides of the images.")] = (224, 32),
    seconds: Annotated[float, typer.Option(help="Measured for each repeat.")] = 2.0,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Compare RandAugment here, in Keras, in torchvision: images per second, and ratios.

    Peers that are not installed are left out: pip install 'keras-cv-extras[bench]'.
    """
    from keras_cv_extras import bench

    bench.run_policies(sizes=tuple(sizes), seconds=seconds, output=output)


@bench_app.command("ops")
def bench_ops(
    sizes: Annotated[list[int], typer.Option("--size", help="Sides of the images.")] = (224, 32),
    ops: Annotated[
        list[str] | None, typer.Option("--op", help="An op; all if not given. May be repeated.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Measured for each repeat.")] = 0.2,
    repeats: Annotated[int, typer.Option(help="How many times each is measured.")] = 5,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Compare every op with Keras, torchvision, Albumentations and Kornia, on one core.

    The table says how many plain copies of the image an op takes, and how many times as fast as
    the same op of another library it is. Peers that are not installed are left out: pip install
    'keras-cv-extras[bench]'.
    """
    from keras_cv_extras import bench

    bench.run_ops(
        sizes=tuple(sizes), ops=ops or None, seconds=seconds, output=output, repeats=repeats
    )


@bench_app.command("losses")
def bench_losses(
    losses: Annotated[
        list[str] | None, typer.Option("--loss", help="A loss; all if not given.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Measured for each repeat.")] = 0.2,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Time every loss with its gradient on one core, beside Keras' own where it has one."""
    from keras_cv_extras import bench

    bench.run_losses(losses or None, seconds=seconds, output=output)


@bench_app.command("pooling")
def bench_pooling(
    seconds: Annotated[float, typer.Option(help="Measured for each repeat.")] = 0.5,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """List how many times that of Keras' max pooling a training step of each layer takes."""
    from keras_cv_extras import bench

    bench.run_pooling(seconds=seconds, output=output)


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
    from keras_cv_extras.commands import run_classical_evaluate

    run_classical_evaluate(model, data, output=output, image_size=image_size)


_cli_serving.add_to(app)


def main():
    """Runs the command line; an error is one line that says what is wrong."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit("interrupted: start the same command again to go on")
    except (ImportError, OSError, ValueError, ArithmeticError) as error:
        if os.environ.get("KCX_TRACEBACK"):
            raise
        sys.exit(f"error: {' '.join(str(error).split()) or type(error).__name__}")


if __name__ == "__main__":
    main()
