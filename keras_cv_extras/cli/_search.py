"""`kcx search`: a policy searched, beside policies that need no search."""

import os
import pathlib
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from keras_cv_extras._base import checks, supervise
from keras_cv_extras._base.owned import fields, folders, kinds
from keras_cv_extras.cli._options import (
    Data,
    ImageColumn,
    ImageSize,
    LabelColumn,
    Network,
    Quiet,
    Root,
    Seed,
    Separator,
    SplitColumn,
    as_table,
    check_exists,
    check_names,
    check_there,
    say,
    show_table,
)
from keras_cv_extras.cli._quiet import import_tensorflow, network_name
from keras_cv_extras.search import SearchSettings
from keras_cv_extras.search import workers as search_workers

_WRITTEN = ("policy.json", "trials.csv", "report.html", "model.keras")
_NUMBER = (None, checks.number)
_FITTED = (None, fields.no_number, checks.number)  # as few or equal scores make it
_EFFECT = {"op": fields.text, "low": _FITTED, "high": _FITTED}
_FORM = {  # of policy.json, as far as it is shown
    "provenance": {
        "arms": [
            {
                "name": fields.text,
                **dict.fromkeys(("accuracy", "search_accuracy"), (None, checks.fraction)),
                **dict.fromkeys(("low", "high"), _NUMBER),
            }
        ],
        "verdict": fields.text,
        "insight": {
            "effects": [_EFFECT],
            "expected?": _FITTED,
            "expected_interval?": (None, [_FITTED, _FITTED]),
        },
        "harmful?": [fields.text],
    }
}


class _SearchGroup(TyperGroup):
    """`kcx search DATA` is `kcx search run DATA`."""

    def parse_args(self, ctx, args):
        """Puts the command's name in front of arguments that name none."""
        if not args:
            args = ["--help"]
        return super().parse_args(ctx, args if args[0] in self.commands else ["run", *args])


DEFAULT = SearchSettings()

search_app = typer.Typer(cls=_SearchGroup, help="Search for an augmentation policy.")

Folder = Annotated[pathlib.Path, typer.Argument(help="The folder of a search.")]


def _names(text: str | None) -> tuple[Any, ...] | None:
    """Returns the names in a text that commas divide."""
    return None if text is None else tuple(name.strip() for name in text.split(","))


@search_app.command("run")
def run(
    data: Data,
    output: Annotated[
        pathlib.Path, typer.Option(help="Folder for policy.json, trials.csv and report.html.")
    ] = pathlib.Path("kcx-search"),
    model: Network = None,
    ops: Annotated[
        str | None,
        typer.Option(
            help="Ops that policies may use, such as rotate,invert; those of AutoAugment if not "
            "given."
        ),
    ] = None,
    flip: Annotated[
        bool | None,
        typer.Option(
            help="Whether the known policies, and those of the spaces recipe and randaugment, may "
            "mirror images; guessed from the name of the data if not given."
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            help=f"Policies to try; {DEFAULT.DEFAULT_TRIALS} if there is no budget either."
        ),
    ] = DEFAULT.trials,
    budget: Annotated[
        float | None,
        typer.Option(
            help="Instead of --trials: minutes that the whole search may take in one process. "
            "Trainings are timed first, and a plan is printed."
        ),
    ] = DEFAULT.budget,
    space: Annotated[
        Literal["policy", "recipe", "randaugment"],
        typer.Option(
            help="randaugment: four numbers, RandAugment's two and whether flip and crop come "
            "first. recipe: nine, how many ops, how strong, of which kind, on how many images, "
            "after which mirror and crop. policy: five sub-policies of two ops, thirty decisions."
        ),
    ] = DEFAULT.space,
    crop: Annotated[
        Literal["padded", "random-resized", "none"],
        typer.Option(
            help="The crop in recipes: use random-resized if images show more than the object."
        ),
    ] = DEFAULT.crop,
    also: Annotated[
        str | None,
        typer.Option(
            help="What else recipes contain, such as mix,repeats: mix (mixup or CutMix, rate and"
            " alpha), repeats (views of an image in a batch), label_smoothing."
        ),
    ] = None,
    method: Annotated[
        Literal["staged", "full"],
        typer.Option(
            help="staged: exclude ops that destroy labels, train the first three quarters once "
            "for all trials, and only the last quarter for each. full: train each trial "
            "from the start, about four times as long."
        ),
    ] = DEFAULT.method,
    oracle: Annotated[
        str,
        typer.Option(
            help="What suggests policies: tpe learns from few trials; evolution; controller, "
            "AutoAugment's own, needs hundreds; random does not learn; or an oracle of your"
            " own (--plugin)."
        ),
    ] = DEFAULT.oracle,
    epochs: Annotated[
        int, typer.Option(help="Passes over the data in each training.")
    ] = DEFAULT.epochs,
    train_size: Annotated[
        int | None,
        typer.Option(
            help="Images that each training uses; if not given, 1,000, or half of the images if "
            "there are fewer than 2,000."
        ),
    ] = DEFAULT.train_size,
    validation_size: Annotated[
        int | None,
        typer.Option(
            help="Images that trials are scored on; more images can distinguish smaller "
            "differences. If not given, half of the remaining images, at most 5,000."
        ),
    ] = DEFAULT.validation_size,
    confirmation_size: Annotated[
        int | None,
        typer.Option(
            help="Images that the finalists are scored on; if not given, the remaining images, "
            "at most 5,000."
        ),
    ] = DEFAULT.confirmation_size,
    batch_size: Annotated[int, typer.Option(help="Images per training step.")] = DEFAULT.batch_size,
    confirm_seeds: Annotated[
        int, typer.Option(help="Trainings of each finalist for the confirmation.")
    ] = DEFAULT.confirm_seeds,
    harm_seeds: Annotated[
        int,
        typer.Option(
            help="Train with each op alone, up to this many times (such as 4), to find ops that "
            "harm; 0 to skip this."
        ),
    ] = DEFAULT.harm_seeds,
    tuned_control: Annotated[
        bool,
        typer.Option(
            "--tuned-control",
            help="Add a control: RandAugment, tuned with as many trainings as the search uses. "
            "This doubles the time.",
        ),
    ] = DEFAULT.tuned_control,
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain", help="Finally train a model with the policy on all the data: model.keras."
        ),
    ] = DEFAULT.retrain,
    workers: Annotated[
        int,
        typer.Option(
            help="Number of processes that train at the same time; they are restarted if they "
            "die. Another number gives other trials, because trials that run together "
            "cannot learn from each other."
        ),
    ] = DEFAULT.workers,
    chief: Annotated[
        bool,
        typer.Option(
            "--chief",
            help="On a cluster: run as the process that suggests trials and decides. Start one, "
            "with the same arguments as the workers, and with a folder that all can read.",
        ),
    ] = False,
    worker: Annotated[
        bool,
        typer.Option(
            "--worker",
            help="On a cluster: run as a process that trains. Start as many as --workers says.",
        ),
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            help="HOST:PORT of the chief: where it listens, such as 0.0.0.0:8000, and where "
            "workers find it. Nothing is encrypted: use it only in your own network."
        ),
    ] = None,
    image_size: ImageSize = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    split_column: SplitColumn = None,
    root: Root = None,
    separator: Separator = None,
    seed: Seed = DEFAULT.seed,
    quiet: Quiet = False,
):
    """Search for an augmentation policy for DATA, and compare it with policies that need no search.

    It writes the best trial if no policy that needs no search has a score that is better by more
    than one standard error, on images that the search has not seen; with --space recipe or policy,
    the simplest of the policies with the best scores. A search that was interrupted or killed
    resumes.

    kcx search status FOLDER shows the progress, kcx search report FOLDER the result.
    """
    model = network_name(model)
    check_names(model=model, oracle=oracle, ops=_names(ops))
    settings = SearchSettings(
        trials=trials,
        budget=budget,
        space=space,
        crop=crop,
        also=_names(also) or (),
        method=method,
        oracle=oracle,
        epochs=epochs,
        train_size=train_size,
        validation_size=validation_size,
        confirmation_size=confirmation_size,
        ops=_names(ops),
        flip="auto" if flip is None else flip,
        batch_size=batch_size,
        confirm_seeds=confirm_seeds,
        harm_seeds=harm_seeds,
        tuned_control=tuned_control,
        retrain=retrain,
        workers=workers,
        seed=seed,
    )
    given = search_workers.role_of_options(chief, worker, address)
    role = given or search_workers.role_in(output)
    if role.decides:
        folders.check(output, kinds.SEARCH)
        check_there(data=data, root=root, image_size=image_size)
    if given is not None:
        os.environ |= given.environment()
    elif workers > 1 and role.kind == "alone":
        _launch(output, workers)
        return
    import_tensorflow()
    from keras_cv_extras import data as data_package
    from keras_cv_extras import models, search, training

    source = as_table(data, image_column, label_column, split_column, root, separator)
    images = data_package.load(source, image_size=image_size).check_one_label("a search")
    say(repr(images))
    shape, num_classes = images.train[0].shape[1:], len(images.class_names)

    def build():
        if model is None:
            return training.small_cnn(shape, num_classes)
        return models.build(model, shape, num_classes)

    found = search.search_policy(
        images,
        build,
        directory=output,
        settings=settings,
        progress=not quiet,
    )
    say(found.verdict)
    _say_files(found.directory)


@search_app.command()
def status(folder: Folder = pathlib.Path("kcx-search")):
    """Show the progress of the search in FOLDER, the best so far, and the time left."""
    check_exists(folder)
    import_tensorflow()
    from keras_cv_extras import search

    say(search.describe_progress(folder))


@search_app.command()
def report(folder: Folder = pathlib.Path("kcx-search")):
    """Show what the search in FOLDER has found: the arms, the verdict, the effect of each op."""
    path = pathlib.Path(folder) / "policy.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder}: no search has been finished here; kcx search status {folder} says how "
            "far it is"
        )
    provenance = fields.read(path, _FORM)["provenance"]
    rows = [_row(arm) for arm in sorted(provenance["arms"], key=_accuracy, reverse=True)]
    verdict, insight = provenance["verdict"], provenance["insight"]
    needed = [one["op"] for one in insight["effects"] if (one["low"] or 0) > 0]
    harmful = [one["op"] for one in insight["effects"] if (one["high"] or 0) < 0]
    harmful = provenance.get("harmful", harmful)  # earlier searches went by the fit
    expected, ends = insight.get("expected"), insight.get("expected_interval")
    title = "accuracy on images that the search has not seen"
    show_table(title, ("arm", "accuracy", "95 % interval", "the search saw"), rows)
    say(verdict)
    for text, ops in (("help", needed), ("harm", harmful)):
        if ops:
            say(f"Ops that {text}: {', '.join(ops)}.")
    if expected is not None and None not in (ends or [None]):
        say(
            f"To be expected, without the luck of the choice: {_percent(expected)} "
            f"({_percent(ends[0])} to {_percent(ends[1])})."
        )
    _say_files(folder)


def _accuracy(arm):
    return arm["accuracy"] or 0


def _row(arm):
    interval = "-"
    if arm["accuracy"] is not None:
        interval = f"{_percent(arm['low'])} to {_percent(arm['high'])}"
    return arm["name"], _percent(arm["accuracy"]), interval, _percent(arm["search_accuracy"])


def _percent(value):
    return "-" if value is None else f"{value:.2%}"


def _say_files(folder):
    written = (pathlib.Path(folder) / name for name in _WRITTEN)
    say(*(path for path in written if path.is_file()))


def _launch(output, workers):
    code = search_workers.launch(
        search_workers.this_command(),
        output,
        workers,
        end_with_search=False,
        report=lambda line: typer.echo(line, err=True),
    )
    if code in supervise.ENDING_CODES:
        raise supervise.Ended(code - 128)
    if code:
        raise typer.Exit(code)
