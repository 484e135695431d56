"""`kcx demo`: everything on real images: search, train, evaluate, export, verify."""

import pathlib
import time
from typing import Any

import keras
from rich.text import Text

from keras_cv_extras import data, policy, search, serving, training
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras._base.text.escapes import visible
from keras_cv_extras._base.text.terminal import Terminal, table
from keras_cv_extras._base.types import Path

_DATA, _TRIALS, _EPOCHS = "mnist_5k", 12, 8
# Ops that suit grey digits: of fewer ops the screen is done sooner.
_OPS = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
_OPS += ("cutout", "brightness", "contrast", "sharpness", "invert")
_SEARCH: dict[str, Any] = {
    "epochs": 40,
    "train_size": 100,
    "validation_size": 900,
    "confirmation_size": 1100,
    "confirm_seeds": 3,
    "batch_size": 16,
    "space": "recipe",
    "ops": _OPS,
}
_WHY = (
    "Augmentation should help here: of each digit the search trains on 10 examples, and people "
    "who write others will slant, size and place them differently, which small shears, rotations "
    "and shifts imitate. With many more images, or where all are alike, it helps less."
)
# The same steps with 8 x 8 digits, to see that they run.
_SMOKE_DATA, _SMOKE_TRIALS, _SMOKE_EPOCHS = "digits", 2, 1
_SMOKE_SEARCH: dict[str, Any] = {
    "epochs": 2,
    "train_size": 100,
    "confirm_seeds": 2,
    "batch_size": 64,
}
_SMOKE_SEARCH |= {"space": "recipe", "ops": ("rotate", "brightness")}


def run_demo(
    output: Path,
    *,
    trials: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    smoke: bool = False,
    progress: bool = True,
) -> None:
    """Runs the demo into a folder; what an interrupted run has finished is not done again.

    Args:
        output: the folder.
        trials: how many policies the search tries; None for 12, or 2 of `smoke`.
        epochs: passes over the data in the last trainings; None for 8, or 1 of `smoke`.
        seed: an integer; the same one gives the same search and the same weights.
        smoke: whether to run with few and tiny images, which says nothing about policies.
        progress: whether to say what is done.

    Raises:
        ValueError: if the folder holds a demo with other settings.
    """
    name, search_settings = (_SMOKE_DATA, _SMOKE_SEARCH) if smoke else (_DATA, _SEARCH)
    trials = trials or (_SMOKE_TRIALS if smoke else _TRIALS)
    epochs = epochs or (_SMOKE_EPOCHS if smoke else _EPOCHS)
    console = Terminal(quiet=not progress)
    output = pathlib.Path(output)
    settings = {"trials": trials, "epochs": epochs, "seed": seed}
    settings["smoke"] = smoke
    with folders.owned(output, kinds.DEMO, settings):
        files.write_json(output / "demo.json", settings)
        _run(output, console, name, trials, epochs, seed, progress, search_settings)


def _run(output, console, name, trials, epochs, seed, progress, search_settings):
    started = time.monotonic()
    images = data.load(name, seed=seed)
    _step(console, "1 of 5", f"search a policy: {images!r}")
    if name == _DATA:
        console.print(_WHY)
    found = search.search_policy(
        images,
        _small_model(images),
        directory=output / "search",
        trials=trials,
        seed=seed,
        progress=progress,
        **search_settings,
    )
    console.print(found.verdict)

    _step(console, "2 of 5", f"train on all {len(images.train[1])} training images")
    arms = {"none": policy.no_augmentation(), "found": found.policy}
    if found.policy.stages == arms["none"].stages:
        del arms["found"]  # nothing is better than no policy, and it is not trained twice
    models = {
        name: _train_model(
            images, chosen, output / f"train-{name}", epochs=epochs, seed=seed, progress=progress
        )
        for name, chosen in arms.items()
    }
    last = list(arms)[-1]

    _step(console, "3 of 5", f"evaluate on {len(images.test[1])} test images")
    scores = {
        name: training.evaluate(model, *images.test, images.class_names)
        for name, model in models.items()
    }
    scores[last].save(output / "evaluation.json")

    _step(console, "4 of 5", "export a SavedModel")
    some = images.test[0][:32]
    serving.export(
        models[last], output / "saved_model", class_names=images.class_names, images=some
    )

    _step(console, "5 of 5", "verify it in a process with TensorFlow alone")
    report = serving.verify(output / "saved_model")
    console.print(str(report))

    console = Terminal()
    console.print(_table(images, found, scores, search_settings["train_size"]))
    if last == "found":
        gain = found.compare(found.winner.name, "none")
        console.print(
            f"{found.winner.name} against none, confirmed: {100 * gain.difference:+.1f} points "
            f"(95 % interval {100 * gain.low:+.1f} to {100 * gain.high:+.1f})."
        )
    for name, path in (
        ("report", output / "search" / "report.html"),
        ("policy", output / "search" / "policy.json"),
        ("trials", output / "search" / "trials.csv"),
        ("model", output / f"train-{last}" / "model.keras"),
        ("evaluation", output / "evaluation.json"),
        ("SavedModel", output / "saved_model"),
    ):
        console.print(f"{name:>11}: {path}", soft_wrap=True)
    console.print(f"finished in {time.monotonic() - started:.0f} s")


def _small_model(images):
    """Returns a function that builds a network for a data set."""
    shape, num_classes = images.train[0].shape[1:], len(images.class_names)
    return lambda: training.small_cnn(shape, num_classes)


def _train_model(images, chosen, output, *, epochs, seed, progress):
    """Trains a network into a folder, or goes on with what is there."""
    path = output / "model.keras"
    if path.exists():  # written last: the training has been finished
        return training.load_model(path)
    keras.utils.set_random_seed(seed)
    model = _small_model(images)()

    def batches(epoch):
        return data.pipeline(images.train, 64, policy=chosen, seed=seed, epoch=epoch)

    checkpoint = output / "checkpoint"
    training.fit(model, batches, epochs=epochs, checkpoint=checkpoint, progress=progress)
    training.save_model(model, path, about={"class_names": list(images.class_names)})
    return model


def _step(console, number, text):
    console.print(Text.assemble((number, "bold"), f" {visible(text)}"))


def _table(images, found, scores, train_size):
    total = len(images.train[1]) + len(images.test[1])
    title = f"{total:,} images of {images.name}: what each policy is worth"
    made = table(title, "arm", "confirmed accuracy", "95 % interval", "test accuracy")
    for arm in found.arms:
        test = {found.winner.name: scores.get("found"), "none": scores["none"]}.get(arm.name)
        chosen = arm.name == found.winner.name
        made.add_row(
            f"{arm.name} ({arm.kind}){', written' if chosen else ''}",
            f"{arm.accuracy:.4f}",
            f"{arm.low:.4f} to {arm.high:.4f}",
            "" if test is None else f"{test.accuracy:.4f}",
            style="bold" if chosen else None,
        )
    made.caption = (
        f"Confirmed: trained on {train_size:,} images with new seeds, scored on images that the "
        "search has not seen.\nTest: trained on all training images, scored once."
    )
    return made
