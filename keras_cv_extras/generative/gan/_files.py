"""A GAN in a folder: trained, sampled, scored."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import keras
import numpy as np

from keras_cv_extras import data as data_package
from keras_cv_extras import training
from keras_cv_extras._base import checks, files
from keras_cv_extras._base.files import write_png
from keras_cv_extras._base.owned import fields, folders, json_text, kinds, marks, written
from keras_cv_extras._base.text.terminal import Terminal
from keras_cv_extras._base.types import Path
from keras_cv_extras.generative import _evaluation
from keras_cv_extras.generative._evaluation import FEWEST_IMAGES, MadeScores, Memorization
from keras_cv_extras.generative._local_features import LocalFeatures
from keras_cv_extras.generative._sheet import class_sheet
from keras_cv_extras.generative.gan import _training
from keras_cv_extras.generative.gan._gan import ConditionalGAN
from keras_cv_extras.generative.gan._report import gan_report

_SETTINGS = "train.json"
_FORM = {"class_names?": [fields.text], "num_images?": fields.count}


def train(
    data: str | os.PathLike[str] | data_package.ImageData,
    output: Path,
    *,
    steps: int = 3000,
    every: int = 250,
    width: int = 32,
    batch_size: int = 64,
    loss: str = "hinge",
    learning_rate: float | None = None,
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> tuple[pathlib.Path, ...]:
    """Trains a conditional GAN in a folder, all classes alike: `kcx gan train`.

    Called again with the same folder it goes on where it was; more steps go on, too.

    Args:
        data: images, or what `kcx.data.load` takes as their name.
        output: the folder for gan.keras, samples, scores and checkpoints.
        steps: training steps, a multiple of `every`.
        every: steps between two checkpoints, sample sheets and scores.
        width: channels of the generator's last map.
        batch_size: real images of a step.
        loss: "hinge", "non_saturating" or "wgan_gp".
        learning_rate: the generator's, 0.001 (with "wgan_gp" 0.0001) if None; the
            discriminator's is twice that.
        image_size: `(height, width)` or one number, of data given by their name.
        seed: an integer of at least 0.
        progress: whether to show how it goes.

    Returns:
        The files of the model and of its last samples.

    Raises:
        OSError, ValueError: if the folder holds something else, or an argument is not as above.
    """
    _training.check_steps(steps, every)
    console = Terminal(quiet=not progress)
    output = pathlib.Path(output)
    folders.check(output, kinds.GAN)
    images = _images(data, image_size)
    x, y = images.train
    console.print(repr(images))
    if warning := _of_few(y, images.class_names):
        console.print(warning)
    settings = {
        "data": images.name,
        **data_package.identity(images),
        "num_images": len(y),
        "every": every,
        "width": width,
        "batch_size": batch_size,
        "loss": loss,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    gan = ConditionalGAN(x.shape[1:], len(images.class_names), loss=loss, width=width, seed=seed)
    optimizers = []
    if learning_rate is not None:
        moments = (0.0, 0.9) if loss == "wgan_gp" else (0.5, 0.99)
        optimizers = [keras.optimizers.Adam(n * learning_rate, *moments) for n in (1, 2)]
    gan.compile(*optimizers)
    with folders.owned(output, kinds.GAN, settings):
        files.write_json(output / _SETTINGS, settings)
        network = _network(output / "network.keras", x, y, images.name, seed, console)
        _training.train_gan(
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
    return output / "gan.keras", output / "samples.png"


def sample(
    model: Path,
    output: Path,
    *,
    count: int = 100,
    classes: Sequence[str] = (),
    sheet: bool = True,
    seed: int = 0,
) -> tuple[str, ...]:
    """Writes images of every class as PNG files, a folder for each class: `kcx gan sample`.

    Args:
        model: a gan.keras that `train` wrote.
        output: the folder, which `kcx.data.load` reads.
        count: images of each class.
        classes: names of classes; empty for all.
        sheet: whether to write a sheet of all classes beside the folder, too.
        seed: an integer of at least 0.

    Returns:
        The names of the classes of which images were made.

    Raises:
        OSError, ValueError: if the folder holds something else, or an argument is not as above.
    """
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
    if sheet and os.path.lexists(picture) and (known is None or not _is_sheet(picture)):
        raise FileExistsError(f"{picture}: there already; give another --output, or --no-sheet")
    places = {number: output / names[number].replace("/", "-") for number in wanted}
    for folder in places.values():
        marks.check_way(folder)
    with folders.owned(output, kinds.MADE_IMAGES, made):
        for number, folder in places.items():
            images = gan.generate(np.full(count, number), seed=seed)
            folder.mkdir(exist_ok=True)
            for place, image in enumerate(_as_uint8(images, gan.value_range)):
                with files.replacing(folder / f"{place:05d}.png") as temporary:
                    Image.fromarray(image.squeeze()).save(temporary)
        if sheet:
            write_png(class_sheet(gan, seed=seed), picture)
    return tuple(names[number] for number in wanted)


@dataclasses.dataclass(frozen=True)
class GanReport:
    """What a GAN is worth.

    Attributes:
        scores: the `MadeScores` of its images.
        memory: how many are copies, a `Memorization`.
        useful: what `usefulness` returned.
        class_names: the name of each class, by its number.
        path: of the page.
    """

    scores: MadeScores
    memory: Memorization
    useful: dict[str, float]
    class_names: tuple[str, ...]
    path: pathlib.Path


def report(
    model: Path,
    data: str | os.PathLike[str] | data_package.ImageData,
    output: Path | None = None,
    *,
    count: int = 200,
    steps: int = 600,
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> GanReport:
    """Scores a GAN on the test images of its data, as a page and JSON: `kcx gan report`.

    Args:
        model: a gan.keras that `train` wrote.
        data: images, or their name, as `train` was given.
        output: the HTML file; None for report.html beside the model. The numbers are in a JSON
            file beside it.
        count: images of each class to score.
        steps: training steps of the classifiers that tell usefulness.
        image_size: `(height, width)` or one number, of data given by their name.
        seed: an integer of at least 0.
        progress: whether to say what is done.

    Returns:
        The scores.

    Raises:
        OSError, ValueError: if a file is something else, or the data are not the GAN's.
    """
    console = Terminal(quiet=not progress)
    model = pathlib.Path(model)
    output = pathlib.Path(output or model.parent / "report.html")
    numbers = output.with_suffix(".json")
    files.check_file(output, written.is_ours)
    if os.path.lexists(numbers) and not _is_report(numbers):
        raise FileExistsError(f"{numbers}: there already, for the numbers; give another --output")
    gan, known = _load(model), _known(model, None)
    images = _images(data, image_size)
    x, y = images.train
    if gan.image_shape != x.shape[1:] or gan.num_classes != len(images.class_names):
        raise ValueError(
            f"{model} makes images of {gan.image_shape} in {gan.num_classes} classes, those of "
            f"{images.name} are {x.shape[1:]} in {len(images.class_names)}: give the data that "
            "it was trained on"
        )
    if known.get("num_images", len(y)) != len(y):
        raise ValueError(
            f"{model} was trained on {known['num_images']} images, {images.name} has {len(y)}: "
            "give the data that it was trained on"
        )
    network = _network(model.parent / "network.keras", x, y, images.name, seed, console)
    labels = np.repeat(np.arange(gan.num_classes), count)
    made = gan.generate(labels, numbers=np.tile(np.arange(count), gan.num_classes), seed=seed)
    console.print(f"scores of {len(labels)} synthetic images")
    scores = _evaluation.evaluate_made(network, images.test, (made, labels))
    memory = _evaluation.memorization(network, made, x, images.test[0])
    console.print(f"two trainings of {steps} steps: on real images, and on synthetic ones")
    useful = _evaluation.usefulness((x, y), (made, labels), images.test, steps=steps, seed=seed)
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
        parts=_training.read_parts(parts),
    )
    files.write_text(output, page, written.is_ours)
    names = {"class_names": list(images.class_names)}
    results = {**scores.to_dict(), **names, "usefulness": useful}
    results["memorization"] = {**memory.to_dict(), "classes": memory.of_classes(labels)}
    files.write_json(numbers, results)
    return GanReport(scores, memory, useful, tuple(images.class_names), output)


def _images(source, image_size):
    if isinstance(source, data_package.ImageData):
        return source.check_one_label("a GAN")
    return data_package.load(source, image_size=image_size).check_one_label("a GAN")


def _of_few(labels, names):
    """Returns what to do instead, if a class has so few images that a GAN would repeat them."""
    counts = np.bincount(np.ravel(labels), minlength=len(names))
    rarest = int(counts.argmin())
    if counts[rarest] >= FEWEST_IMAGES:
        return None
    return (
        f"warning: class {names[rarest]!r} is too small ({counts[rarest]} to train on): a GAN "
        "would repeat its images, and they are too few to score it. Draw them more often, with a "
        "policy (kcx.data.BalancedSource), or fine-tune a pretrained network (kcx train --weights, "
        "--class-weights balanced)"
    )


def _network(path, x, y, name, seed, console):
    """The measure: trained once, and kept beside the model."""
    if path.exists():
        return LocalFeatures(training.load_model(path), name)
    with console.status("training the network that measures the images"):
        network = LocalFeatures.train(x, y, data=name, seed=seed)
    training.save_model(network.model, path)
    return network


def _is_sheet(path):
    files.check_file(path)
    return written.is_ours(path)


def _is_report(path):
    """Returns whether a file holds the numbers of a report, and nothing else."""
    files.check_file(path)
    try:
        return {"memorization", "usefulness"} <= set(json_text.read_json(path))
    except (ValueError, TypeError):
        return False


def _load(path):
    gan = training.load_model(path)
    if not isinstance(gan, ConditionalGAN):
        raise ValueError(f"{path}: not a GAN that kcx gan train wrote")
    return gan


def _known(model, gan):
    """What kcx gan train noted beside a model, or nothing."""
    path = model.parent / _SETTINGS
    known = fields.read(path, _FORM) if path.exists() else {}
    if gan is not None and len(known.get("class_names", [])) != gan.num_classes:
        return {}
    return known


def _as_uint8(images, value_range):
    low, high = value_range
    shares = np.clip((images.astype("float64") - low) / (high - low), 0, 1)
    return np.rint(255 * shares).astype(np.uint8)
