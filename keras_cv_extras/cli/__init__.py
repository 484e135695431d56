"""The command line, `kcx`: arguments, a call of the library, what is printed, the exit code."""

import errno
import os
import pathlib
import re
import sys
from typing import Annotated

import typer

from keras_cv_extras import __version__
from keras_cv_extras._base import supervise
from keras_cv_extras._base.owned import folders, kinds, written
from keras_cv_extras._base.text.escapes import visible
from keras_cv_extras.cli import _launch, _plugins, _serving, _train
from keras_cv_extras.cli._bench import bench_app
from keras_cv_extras.cli._classical import classical_app
from keras_cv_extras.cli._gan import gan_app
from keras_cv_extras.cli._options import Quiet, Seed, say, show_table, writing
from keras_cv_extras.cli._policy import policy_app
from keras_cv_extras.cli._quiet import import_tensorflow, load_plugins, sound_streams
from keras_cv_extras.cli._search import search_app
from keras_cv_extras.cli._words import Commands

app: typer.Typer = typer.Typer(
    name="kcx",
    cls=Commands,
    help="Augmentation policies, policy search, training and serving for Keras classifiers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(search_app, name="search")
app.add_typer(policy_app, name="policy", no_args_is_help=True)
app.add_typer(bench_app, name="bench", no_args_is_help=True)
app.add_typer(classical_app, name="classical", no_args_is_help=True)
app.add_typer(gan_app, name="gan", no_args_is_help=True)


def _print_version(wanted: bool):
    if wanted:
        print(f"keras_cv_extras {__version__}")
        raise typer.Exit


@app.callback()
def start(
    plugin: Annotated[
        list[str] | None,
        typer.Option(
            help="A module, or a Python file, that registers ops, mixes, losses, networks, "
            "sources or oracles of your own before the command runs. May be repeated."
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Loads plugins before a command runs."""
    for place, name in enumerate(plugin or ()):
        _plugins.check(name, others=place > 0)
    if plugin:
        load_plugins(plugin)


@app.command()
def demo(
    output: Annotated[pathlib.Path, typer.Option(help="Output folder.")] = pathlib.Path("kcx-demo"),
    trials: Annotated[
        int | None, typer.Option(min=1, help="Policies that the search tries; 12 if not given.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes over the data in the last training; 8 if not given."),
    ] = None,
    smoke: Annotated[
        bool,
        typer.Option(
            "--smoke", help="Only check that everything runs: tiny images, few trials, one pass."
        ),
    ] = False,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Run everything on 5,000 real digits: search, train, evaluate, export, verify.

    It takes about four minutes on two cores, and resumes if it was interrupted.
    """
    folders.check(output, kinds.DEMO)
    import_tensorflow()
    from keras_cv_extras.cli._demo import run_demo

    run_demo(output, trials=trials, epochs=epochs, seed=seed, smoke=smoke, progress=not quiet)


app.command()(_train.train)
app.command()(_train.evaluate)
app.command()(_train.pack)


@app.command()
def gallery(
    output: Annotated[pathlib.Path, typer.Option(help="HTML file to write.")] = pathlib.Path(
        "kcx-gallery.html"
    ),
    quiet: Quiet = False,
) -> None:
    """Draw every op at several strengths on real photographs, as one HTML page."""
    with writing(output, known=written.is_ours):
        import_tensorflow()
        from keras_cv_extras import policy

        say(policy.gallery(output, progress=not quiet))


@app.command()
def models(
    match: Annotated[str, typer.Argument(help="List only names that contain this.")] = "",
    count: Annotated[
        bool,
        typer.Option(
            "--count", help="Count parameters, which takes a second or two for each network."
        ),
    ] = False,
) -> None:
    """List networks: image size, weights that can be loaded, and parameters.

    For example: kcx models resnet --count
    """
    import_tensorflow()
    from keras_cv_extras.models import catalogue

    found = catalogue(match, count=count)
    columns = ["name", "image size", "weights", *(["parameters"] if count else [])]
    rows = [[n.name, str(n.image_size), n.weights, f"{n.parameters or 0:,}"] for n in found]
    show_table("Networks", columns, [row[: len(columns)] for row in rows])


for _command in (_serving.export, _serving.verify, _serving.predict, _serving.serve):
    app.command()(_command)
app.command()(_launch.launch)


def _is_out_of_memory(error):
    """Returns whether memory was lacking, whoever says so; TensorFlow may not be loaded."""
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def _too_many_files(error):
    """Returns in a line that too many files are open; None if that is not the matter."""
    number = getattr(error, "errno", None)
    told = type(error).__name__ == "ResourceExhaustedError"  # TensorFlow says it in words alone
    if number in (errno.EMFILE, errno.ENFILE) or (told and os.strerror(errno.EMFILE) in str(error)):
        name = f" ({error.filename})" if getattr(error, "filename", None) else ""
        return f"too many open files{name}: raise the limit, as by ulimit -n 4096, and start again"
    return None


def main() -> None:
    """Runs the command line; an error is one line that says what is wrong."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with sound_streams(), supervise.ending_by_signals():
            app()
    except supervise.Ended as ended:
        print(f"{ended}: start the same command again to go on", file=sys.stderr, flush=True)
        sys.exit(ended.code)
    except BaseException as error:
        if _plugins.is_an_end(error):
            raise
        lacking = _is_out_of_memory(error)
        expected = isinstance(error, ImportError | OSError | ValueError | ArithmeticError)
        plugin = _plugins.blamed(error)
        if not (lacking or expected or plugin) or os.environ.get("KCX_TRACEBACK"):
            raise
        if line := _too_many_files(error):
            sys.exit(f"error: {visible(line)}")
        if lacking:
            sys.exit(
                "error: out of memory: take smaller images, batches or networks, or a machine with "
                "more of it"
            )
        text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # Keras writes in bold type
        line = re.sub(r"^\[Errno \d+\] ", "", " ".join(text.split()))
        line = line or type(error).__name__
        # Of the system's errors only those of `os.getcwd` and of `tempfile` name no file.
        if isinstance(error, FileNotFoundError) and error.errno and not error.filename:
            line = "the folder that this runs in is gone: change to one that exists"
            if "temporary" in str(error):
                line = "no folder for temporary files can be written to: give one by TMPDIR"
        if plugin and not line.startswith(plugin.split(" (")[0]):
            kind = "" if expected else f"{type(error).__name__}: "
            line = f"{plugin}: {kind}{line[:500]}"
        sys.exit(f"error: {visible(line)}")
