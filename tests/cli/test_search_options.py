"""Every option of `kcx search` reaches the search, and no other argument of it."""

import os
import sys
import types

import pytest
from typer.testing import CliRunner

from keras_cv_extras import cli, search
from keras_cv_extras._base.owned import folders, kinds
from keras_cv_extras.search import workers as search_workers

# What `kcx search` does without options.
SETTINGS = search.SearchSettings(
    trials=None,
    budget=None,
    method="staged",
    oracle="tpe",
    epochs=20,
    train_size=None,
    validation_size=None,
    batch_size=64,
    confirm_seeds=3,
    retrain=False,
    workers=1,
    seed=0,
)


def kcx(*arguments):
    return CliRunner().invoke(cli.app, ["search", *map(str, arguments)])


@pytest.fixture
def asked(monkeypatch):
    """What a search was asked for: its data, network and arguments. It finds nothing."""
    calls = []

    def search_policy(images, build_model, **options):
        calls.append({"images": images, "build_model": build_model, **options})
        return types.SimpleNamespace(verdict="a verdict", directory=options["directory"])

    monkeypatch.setattr(search, "search_policy", search_policy)
    return calls


def run(asked, *arguments):
    result = kcx(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "a verdict" in result.output
    return asked.pop()


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ([], {}),
        (["--trials", 7], {"trials": 7}),
        (["--budget", 2.5], {"budget": 2.5}),
        (["--space", "recipe"], {"space": "recipe"}),
        (["--space", "randaugment"], {"space": "randaugment"}),
        (
            ["--space", "recipe", "--crop", "random-resized", "--also", "mix, repeats"],
            {"space": "recipe", "crop": "random-resized", "also": ("mix", "repeats")},
        ),
        (["--method", "full"], {"method": "full"}),
        (["--oracle", "evolution"], {"oracle": "evolution"}),
        (["--epochs", 3], {"epochs": 3}),
        (["--train-size", 123], {"train_size": 123}),
        (["--validation-size", 45], {"validation_size": 45}),
        (["--confirmation-size", 67], {"confirmation_size": 67}),
        (["--ops", "rotate, invert"], {"ops": ("rotate", "invert")}),
        (["--flip"], {"flip": True}),
        (["--no-flip"], {"flip": False}),
        (["--batch-size", 16], {"batch_size": 16}),
        (["--confirm-seeds", 5], {"confirm_seeds": 5}),
        (["--harm-seeds", 4], {"harm_seeds": 4}),
        (["--tuned-control"], {"tuned_control": True}),
        (["--retrain"], {"retrain": True}),
        (["--seed", 9], {"seed": 9}),
        (["--quiet"], {"progress": False}),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_options(asked, tmp_path, arguments, changed):
    found = run(asked, "digits", "--output", tmp_path / "here", *arguments)
    assert found.pop("directory") == tmp_path / "here"
    assert found.pop("images").train[0].shape[1:] == (8, 8, 1)
    assert callable(found.pop("build_model"))
    assert found.pop("progress") is changed.pop("progress", True)
    assert found == {"settings": search.SearchSettings(**changed)}
    assert found["settings"] == SETTINGS or changed


def test_images_of_another_size(asked):
    found = run(asked, "run", "digits", "--image-size", 12)
    assert found["images"].train[0].shape[1:] == (12, 12, 1)
    assert found["build_model"]().input_shape == (None, 12, 12, 1)


def test_another_network(asked):
    found = run(asked, "digits", "--model", "lenet5")
    assert found["build_model"]().output_shape == (None, 10)
    names = [layer.name for layer in found["build_model"]().layers]
    assert names != [layer.name for layer in run(asked, "digits")["build_model"]().layers]


def test_workers_are_started_as_the_same_command(asked, monkeypatch, tmp_path):
    started = ["python", "-m", "keras_cv_extras.cli", "search", "digits", "--workers", "3"]
    monkeypatch.setattr("sys.orig_argv", started)
    calls = []

    def launch(command, directory, num_workers, *, end_with_search, report):
        calls.append((command, directory, num_workers, end_with_search))
        return code

    monkeypatch.setattr(search_workers, "launch", launch)
    for code in (0, 5):
        result = kcx("digits", "--output", tmp_path, "--workers", 3)
        assert result.exit_code == code
    assert calls == [([sys.executable, *started[1:]], tmp_path, 3, False)] * 2
    assert asked == []


@pytest.mark.parametrize(("option", "kind"), [("--chief", "chief"), ("--worker", "worker")])
def test_roles_on_a_cluster(asked, monkeypatch, tmp_path, option, kind):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    found = run(asked, "digits", "--output", tmp_path, option, "--address", "node7:8123")
    assert found["settings"].workers == 1
    role = search_workers.role_in(tmp_path)
    assert (role.kind, role.address) == (kind, "node7:8123")


@pytest.mark.parametrize("kind", ["chief", "worker"])
def test_a_worker_starts_again_while_its_chief_runs(asked, monkeypatch, tmp_path, kind):
    names = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")
    role = search_workers.role_in(tmp_path, dict(zip(names, (kind, "node7", "8123"), strict=True)))
    for name, value in role.environment().items():
        monkeypatch.setenv(name, value)
    arguments = ("digits", "--output", tmp_path / "here", "--workers", 2)
    with folders.owned(tmp_path / "here", kinds.SEARCH), monkeypatch.context() as others:
        others.setattr(folders, "_held", set())  # as in another process
        if kind == "worker":
            assert run(asked, *arguments)["directory"] == tmp_path / "here"
        else:
            assert "a search is running here" in str(kcx(*arguments).exception)


def test_roles_that_do_not_go_together(asked):
    for arguments, problem in (
        (["--chief", "--worker", "--address", "node7:8123"], "not both"),
        (["--chief"], "give --address HOST:PORT"),
        (["--address", "node7:8123"], "of no use without"),
        (["--worker", "--address", "node7"], "must be HOST:PORT, received 'node7'"),
    ):
        assert problem in str(kcx("digits", *arguments).exception)
    assert asked == []
