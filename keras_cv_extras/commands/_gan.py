"""GANs on the command line."""

import os
import pathlib
from collections.abc import Sequence

import keras
import numpy as np
from rich.table import Table

from keras_cv_extras import data, generative, training
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.files import write_png
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.commands._common import load_data
from keras_cv_extras.generative.gan import check_steps, gan_report

_SETTINGS = "train.json"


def run_gan_train(
    name: str,
    output: Path,
    *,
    steps: int,
    every: int,
    width: int,
    batch_size: int,
    loss: str,
    learning_rate: float | None,
    image_size: int | None,
    seed: int,
    progress: bool,
) -> None:
    """Trains a GAN into a folder, or goes on with what is there."""
    check_steps(steps, every)
    console = Terminal(quiet=not progress)
    output = pathlib.Path(output)
    folders.check(output, kinds.GAN)
    images = load_data(name, image_size)
    x, y = images.train
    console.print(repr(images))
    settings = {
        "data": images.name,
        **data.identity(images),
        "num_images": len(y),
        "every": every,
        "width": width,
        "batch_size": batch_size,
        "loss": loss,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    gan = generative.ConditionalGAN(
        x.shape[1:], len(images.class_names), loss=loss, width=width, seed=seed
    )
    optimizers = []
    if learning_rate is not None:
        moments = (0.0, 0.9) if loss == "wgan_gp" else (0.5, 0.99)
        optimizers = [keras.optimizers.Adam(n * learning_rate, *moments) for n in (1, 2)]
    gan.compile(*optimizers)
    with folders.owned(output, kinds.GAN, settings):
        files.write_json(output / _SETTINGS, settings)
        network = _network(output / "network.keras", x, y, images.name, seed, console)
        generative.train_gan(
            gan,
            x,
            y,
            steps=steps,
            every=every,
            directory=output,
            batch_size=batch_size,
            network=network,
            held_out=images.test,
            seed=seed,
            progress=progress,
        )
    console = Terminal()
    for file in ("gan.keras", "samples.png"):
        console.print(str(output / file), soft_wrap=True)


def run_gan_sample(
    model: Path, output: Path, *, count: int, classes: Sequence[str], sheet: bool, seed: int
) -> None:
    """Makes images of every class as PNG files, a folder for each class."""
    from PIL import Image

    model = pathlib.Path(model)
    gan = _load(model)
    names = _known(model, gan).get("class_names") or [str(i) for i in range(gan.num_classes)]
    checks.integer("count", count, minimum=1)
    unknown = sorted(set(classes) - set(names))
    if unknown:
        raise ValueError(f"class must be one of {', '.join(names)}, received {unknown[0]}")
    wanted = [number for number, name in enumerate(names) if not classes or name in classes]
    output = pathlib.Path(output)
    picture = output.with_name(f"{output.name}.png")
    made = {"class_names": names, "image_shape": list(gan.image_shape), "seed": seed}
    known = folders.check(output, kinds.MADE_IMAGES, made)
    if sheet and known is None and os.path.lexists(picture):
        raise FileExistsError(f"{picture}: there already; give another --output, or --no-sheet")
    with folders.owned(output, kinds.MADE_IMAGES, made):
        for number in wanted:
            images = gan.generate(np.full(count, number), seed=seed)
            folder = output / names[number].replace("/", "-")
            folder.mkdir(exist_ok=True)
            for place, image in enumerate(_levels(images, gan.value_range)):
                with files.replacing(folder / f"{place:05d}.png") as temporary:
                    Image.fromarray(image.squeeze()).save(temporary)
        if sheet:
            write_png(generative.class_sheet(gan, seed=seed), picture)
    Terminal().print(f"{count} images of each of {len(wanted)} classes\n{output}", highlight=False)


def run_gan_report(
    model: Path,
    name: str,
    output: Path | None,
    *,
    count: int,
    steps: int,
    image_size: int | None,
    seed: int,
    progress: bool,
) -> None:
    """Scores a GAN against the data that it was trained on, and writes the page."""
    console = Terminal(quiet=not progress)
    model = pathlib.Path(model)
    output = pathlib.Path(output or model.parent / "report.html")
    numbers = output.with_suffix(".json")
    files.check_file(output)
    if os.path.lexists(numbers) and not _is_report(numbers):
        raise FileExistsError(f"{numbers}: there already, for the numbers; give another --output")
    gan, known = _load(model), _known(model, None)
    images = load_data(name, image_size)
    x, y = images.train
    if gan.image_shape != x.shape[1:] or gan.num_classes != len(images.class_names):
        raise ValueError(
            f"{model} makes images of {gan.image_shape} in {gan.num_classes} classes, those of "
            f"{images.name} are {x.shape[1:]} in {len(images.class_names)}: give the data that "
            "it was trained on"
        )
    if known and known["num_images"] != len(y):
        raise ValueError(
            f"{model} was trained on {known['num_images']} images, {images.name} has {len(y)}: "
            "give the data that it was trained on"
        )
    network = _network(model.parent / "network.keras", x, y, images.name, seed, console)
    labels = np.repeat(np.arange(gan.num_classes), count)
    made = gan.generate(labels, numbers=np.tile(np.arange(count), gan.num_classes), seed=seed)
    console.print(f"scores of {len(labels)} made images")
    scores = generative.evaluate_made(network, images.test, (made, labels))
    memory = generative.memorization(network, made, x, images.test[0])
    console.print(f"two trainings of {steps} steps: on real images, and on made ones")
    useful = generative.usefulness((x, y), (made, labels), images.test, steps=steps, seed=seed)
    parts = model.parent / "progress.json"
    page = gan_report(
        gan,
        title=f"GAN on {images.name}",
        class_names=images.class_names,
        train=(x, y),
        made=(made, labels),
        scores=scores,
        memory=memory,
        useful=useful,
        parts=files.read_json(parts)["parts"] if parts.exists() else [],
    )
    files.write_text(output, page)
    results = {**scores.to_dict(), "memorization": memory.to_dict(), "usefulness": useful}
    files.write_json(numbers, results)
    console = Terminal()
    console.print(_table(scores, images.class_names, useful, memory))
    console.print(str(output), soft_wrap=True)


def _network(path, x, y, name, seed, console):
    """The measure: trained once, and kept beside the model."""
    if path.exists():
        return generative.LocalFeatures(training.load_model(path), name)
    with console.status("training the network that measures the images"):
        network = generative.LocalFeatures.train(x, y, data=name, seed=seed)
    training.save_model(network.model, path)
    return network


def _is_report(path):
    """Returns whether a file holds the numbers of a report, and nothing else."""
    files.check_file(path)
    try:
        return {"memorization", "usefulness"} <= set(files.read_json(path))
    except (ValueError, TypeError):
        return False


def _load(path):
    gan = training.load_model(path)
    if not isinstance(gan, generative.ConditionalGAN):
        raise ValueError(f"{path}: not a GAN that kcx gan train wrote")
    return gan


def _known(model, gan):
    """What kcx gan train noted beside a model, or nothing."""
    path = model.parent / _SETTINGS
    known = files.read_json(path) if path.exists() else {}
    if gan is not None and len(known.get("class_names", [])) != gan.num_classes:
        return {}
    return known


def _levels(images, value_range):
    low, high = value_range
    levels = np.clip((images.astype("float64") - low) / (high - low), 0, 1)
    return np.rint(255 * levels).astype(np.uint8)


def _table(scores, class_names, useful, memory):
    table = Table(
        title=f"local FID {scores.scores['local_fid']:.3f}; suspicious "
        f"{memory.suspicious:.3f}; train on made, test on real {useful['made_on_real']:.4f} "
        f"(on real {useful['real_on_real']:.4f})"
    )
    columns = ("agreement", "local_fid", "precision", "recall", "coverage")
    table.add_column("class")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for item, values in scores.classes.items():
        cells = ["-" if values[name] is None else f"{values[name]:.3f}" for name in columns]
        table.add_row(class_names[item], *cells)
    return table
