"""The command line, `kcx`: arguments and errors; the work is in `keras_cv_extras.commands`."""

import enum
import os
import pathlib
import sys
from typing import Annotated, Literal

import typer

from keras_cv_extras import _cli_serving, _launch, _train_cli
from keras_cv_extras._cli_search import search_app
from keras_cv_extras._gan_cli import gan_app
from keras_cv_extras._options import Data, ImageSize, Quiet, Seed

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
app.add_typer(search_app, name="search")
app.add_typer(policy_app, name="policy", no_args_is_help=True)
app.add_typer(bench_app, name="bench", no_args_is_help=True)
app.add_typer(classical_app, name="classical", no_args_is_help=True)
app.add_typer(gan_app, name="gan", no_args_is_help=True)


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


Library = Literal["kcx", "torchvision", "timm", "model_garden", "albumentations", "dali"]


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


app.command()(_train_cli.train)
app.command()(_train_cli.evaluate)


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


app.command("launch")(_launch.launch)


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
            help="A policy file; or cifar10, svhn, imagenet for AutoAugment's own; or a JSON file "
            'of sub-policies such as [["ShearX", 0.9, 4], ["Invert", 0.2, null]]; or with --from, '
            "what is said there."
        ),
    ],
    output: Annotated[pathlib.Path, typer.Argument(help="The file to write.")],
    source_format: Annotated[
        Library, typer.Option("--from", help="Whose SOURCE is: rand-m9-n2-inc1 for timm.")
    ] = "kcx",
    to: Annotated[
        Library, typer.Option(help="Whose the output is: Python for torchvision and dali.")
    ] = "kcx",
    spec: Annotated[Spec, typer.Option(help="Whose levels a JSON file has.")] = Spec.torchvision,
    image_size: ImageSize = None,
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Leave out what cannot be said, with a warning.")
    ] = False,
):
    """Translate a policy between this library and others.

    For example: kcx policy convert policy.json augment.py --to torchvision
    """
    from keras_cv_extras.commands import run_policy_convert

    run_policy_convert(
        source,
        output,
        spec=spec.value,
        source_format=source_format,
        to=to,
        image_size=image_size,
        strict=not lossy,
    )


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


@bench_app.command("input")
def bench_input(
    size: Annotated[int, typer.Option(help="Side that images are brought to.")] = 224,
    batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = 64,
    seconds: Annotated[float, typer.Option(help="Measured for each repeat.")] = 3.0,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Compare pipelines from JPEG files to augmented batches: here, in Keras, in torch.

    Peers that are not installed are left out: pip install 'keras-cv-extras[bench]'.
    """
    from keras_cv_extras import bench

    bench.run_input(size, batch_size, seconds=seconds, output=output)


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
