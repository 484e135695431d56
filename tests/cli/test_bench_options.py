"""Every option of `kcx bench` reaches the measurement, and no other argument of it."""

import inspect

import pytest
from typer.testing import CliRunner

from keras_cv_extras import bench, cli


def kcx(*arguments):
    return CliRunner().invoke(cli.app, ["bench", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (["policies"], {}),
        (["policies", "--size", 48, "--size", 64], {"sizes": (48, 64)}),
        (["policies", "--seconds", 0.5], {"seconds": 0.5}),
        (["policies", "--output", "rows.json"], {"output": "rows.json"}),
        (["input"], {}),
        (["input", "--size", 48], {"size": 48}),
        (["input", "--batch-size", 16], {"batch_size": 16}),
        (["input", "--seconds", 0.5], {"seconds": 0.5}),
        (["input", "--output", "rows.json"], {"output": "rows.json"}),
        (["input", "--crop", "random-resized"], {"crop": "random-resized"}),
        (["input", "--side", 4000], {"side": 4000}),
        (["ops"], {}),
        (["ops", "--size", 48], {"sizes": (48,)}),
        (["ops", "--op", "rotate", "--op", "invert"], {"ops": ["rotate", "invert"]}),
        (["ops", "--seconds", 0.5], {"seconds": 0.5}),
        (["ops", "--repeats", 2], {"repeats": 2}),
        (["ops", "--output", "rows.json"], {"output": "rows.json"}),
        (["losses"], {}),
        (["losses", "--loss", "Poly-1"], {"losses": ["Poly-1"]}),
        (["losses", "--seconds", 0.5], {"seconds": 0.5}),
        (["losses", "--output", "rows.json"], {"output": "rows.json"}),
        (["pooling"], {}),
        (["pooling", "--seconds", 0.7], {"seconds": 0.7}),
        (["pooling", "--output", "rows.json"], {"output": "rows.json"}),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_options(monkeypatch, arguments, changed):
    """What is not given is what the function takes by itself."""
    name, calls = f"run_{arguments[0]}", []
    signature = inspect.signature(getattr(bench, name))

    def record(*positional, **options):
        bound = signature.bind(*positional, **options)
        bound.apply_defaults()
        calls.append(bound.arguments)

    monkeypatch.setattr(bench, name, record)
    result = kcx(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    own = {key: value.default for key, value in signature.parameters.items()}
    found = calls.pop()
    if found["output"] is not None:
        found["output"] = str(found["output"])
    assert found == own | changed
