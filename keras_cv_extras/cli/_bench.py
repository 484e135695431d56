"""`kcx bench`: speed, beside other libraries in the same run."""

import pathlib
from typing import Annotated

import typer

from keras_cv_extras._base.owned import written
from keras_cv_extras.cli._options import check_ops, writing

bench_app = typer.Typer(help="Measure speed, and compare it with other libraries in the same run.")


@bench_app.command("policies")
def bench_policies(
    sizes: Annotated[
        list[int], typer.Option("--size", help="Side of the images in pixels. May be repeated.")
    ] = [224, 32],  # noqa: B006
    seconds: Annotated[float, typer.Option(help="Seconds of each measurement.")] = 2.0,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Compare the speed of RandAugment here, in Keras and in other libraries.

    Peers that are not installed are left out: pip install 'keras-cv-extras[bench]'.
    """
    with writing(output, known=written.is_ours):
        from keras_cv_extras import bench

        bench.run_policies(sizes=tuple(sizes), seconds=seconds, output=output)


@bench_app.command("input")
def bench_input(
    size: Annotated[int, typer.Option(help="Side of the resized images in pixels.")] = 224,
    batch_size: Annotated[int, typer.Option(help="Images in a batch.")] = 64,
    seconds: Annotated[float, typer.Option(help="Seconds of each measurement.")] = 3.0,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
    crop: Annotated[
        str, typer.Option(help="How files get to the size: center, or random-resized with a flip.")
    ] = "center",
    side: Annotated[
        int, typer.Option(help="Longer side of the files in pixels; 4000 makes 12 megapixels.")
    ] = 500,
):
    """Compare pipelines from JPEG files to augmented batches: here, in Keras, torch and DALI.

    Peers that are not installed are left out: pip install 'keras-cv-extras[bench]', and
    nvidia-dali-cuda120, which also runs on a processor.
    """
    with writing(output, known=written.is_ours):
        from keras_cv_extras import bench

        bench.run_input(size, batch_size, seconds=seconds, output=output, crop=crop, side=side)


@bench_app.command("ops")
def bench_ops(
    sizes: Annotated[
        list[int], typer.Option("--size", help="Side of the images in pixels. May be repeated.")
    ] = [224, 32],  # noqa: B006
    ops: Annotated[
        list[str] | None, typer.Option("--op", help="An op; all if not given. May be repeated.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Seconds of each measurement.")] = 0.2,
    repeats: Annotated[int, typer.Option(help="How many times each is measured.")] = 5,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Compare every op with Keras, torchvision, Albumentations and Kornia, on one core.

    The table shows how many plain copies of the image an op takes, and how many times faster it
    is than the same op of another library. Peers that are not installed are left out: pip install
    'keras-cv-extras[bench]'.
    """
    check_ops(ops or (), "mixup", "cutmix", "fmix", "mosaic")
    with writing(output, known=written.is_ours):
        from keras_cv_extras import bench

        bench.run_ops(
            sizes=tuple(sizes), ops=ops or None, seconds=seconds, output=output, repeats=repeats
        )


@bench_app.command("losses")
def bench_losses(
    losses: Annotated[
        list[str] | None, typer.Option("--loss", help="A loss; all if not given.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Seconds of each measurement.")] = 0.2,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Time every loss with its gradient on one core, and compare it with that of Keras."""
    with writing(output, known=written.is_ours):
        from keras_cv_extras import bench

        bench.run_losses(losses or None, seconds=seconds, output=output)


@bench_app.command("pooling")
def bench_pooling(
    seconds: Annotated[float, typer.Option(help="Seconds of each measurement.")] = 0.5,
    output: Annotated[pathlib.Path | None, typer.Option(help="JSON file for the rows.")] = None,
):
    """Time a training step of each pooling layer, relative to max pooling of Keras."""
    with writing(output, known=written.is_ours):
        from keras_cv_extras import bench

        bench.run_pooling(seconds=seconds, output=output)
