"""The search for uses finds what tests use, and nothing else."""

import sys
from typing import Annotated

import pytest
import typer

from .contracts import Contract, covered
from .names import aliases, public_names, used_names
from .options import all_options, given_options

TOY = {
    "__init__.py": "from toy import shapes\n__all__ = ['shapes']\n",
    "shapes/__init__.py": (
        "from toy.shapes._made import Square, area\n"
        "from toy.shapes import round\n"
        "from toy.shapes.round import Circle\n"
        "__all__ = ['Circle', 'Square', 'area']\n"
    ),
    "shapes/_made.py": "class Square: pass\ndef area(shape): return 1\n",
    "shapes/round/__init__.py": "class Circle: pass\n__all__ = ['Circle']\n",
}


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package with a subpackage of its subpackage."""
    for name, text in TOY.items():
        path = tmp_path / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "toy"]:
        del sys.modules[name]


def test_public_names_of_all_depths(toy):
    public = public_names("toy", hidden=())
    assert set(public) == {
        "toy.shapes",
        "toy.shapes.Circle",
        "toy.shapes.Square",
        "toy.shapes.area",
        "toy.shapes.round.Circle",
    }
    assert aliases(public) == {"toy.shapes.round.Circle": "toy.shapes.Circle"}


def test_a_new_name_without_a_test_is_found(toy):
    tests = "from toy import shapes\ndef test(): assert shapes.area(shapes.Square()) == 1"
    public = public_names("toy", hidden=())
    assert set(public) - used_names(tests, "toy") - set(aliases(public)) == {"toy.shapes.Circle"}


@pytest.mark.parametrize(
    "source",
    [
        "import toy\ntoy.shapes.area(1)",
        "import toy as t\nt.shapes.area(1)",
        "import toy.shapes\ntoy.shapes.area(1)",
        "from toy.shapes import area as size\nsize(1)",
        "from toy import shapes\ngetattr(shapes, 'area')(1)",
        "from toy import shapes\ndef test(area): assert shapes.area(area)",
        "from toy import shapes\n@mark(shapes.area)\ndef test(shapes): pass",
        "python('''\n    from toy import shapes\n    shapes.area(1)\n''')",
    ],
)
def test_uses(source):
    assert "toy.shapes.area" in used_names(source, "toy")


@pytest.mark.parametrize(
    "source",
    [
        "from toy.shapes import area",
        "from toy.shapes import area as size\narea(1)",
        "from toy import shapes\n# shapes.area(1)",
        "from toy import shapes\n'shapes.area(1)'",
        "def test():\n    '''\n    from toy import shapes\n    shapes.area(1)\n    '''",
        "from toy import shapes\nshapes.area = 1",
        "from toy import shapes\ndef test(shapes): shapes.area(1)",
        "from toy import shapes\ntest = lambda shapes: shapes.area(1)",
        "from toy import shapes\ndef test():\n    for shapes in []: shapes.area(1)",
        "from other import shapes\nshapes.area(1)",
        "shapes.area(1)",
    ],
)
def test_no_uses(source):
    assert "toy.shapes.area" not in used_names(source, "toy")


app = typer.Typer(add_completion=False)
inner = typer.Typer()
app.add_typer(inner, name="paint")


@app.command()
def draw(
    shape: str,
    size: int = 1,
    fill: Annotated[bool, typer.Option("--fill/--no-fill")] = False,
):
    """Draws."""


@inner.command()
def wall(size: int = 1, colour: Annotated[str, typer.Option("--colour", "-c")] = "red"):
    """Paints."""


@inner.command()
def door(size: int = 1):
    """Paints."""


RUN = "def run(*given): return CliRunner().invoke(app, [*map(str, given)])\n"
PAINT = "def run(*given): return CliRunner().invoke(app, ['paint', *map(str, given)])\n"


def test_options_of_all_depths():
    assert all_options(app) == {
        ("draw", "--size"),
        ("draw", "--fill"),
        ("draw", "--no-fill"),
        ("paint", "wall", "--size"),
        ("paint", "wall", "--colour"),
        ("paint", "wall", "-c"),
        ("paint", "door", "--size"),
    }


@pytest.mark.parametrize(
    ("source", "given"),
    [
        (RUN + "run('draw', 'x', '--size', 3)", {"draw --size"}),
        (RUN + "run('paint', 'wall', '--size=3', '-c', x)", {"paint wall --size", "paint wall -c"}),
        (PAINT + "run('door', '--size', 3)", {"paint door --size"}),
        (
            RUN + "A = ['--fill']\ndef test():\n    run('draw', *A, '--no-fill')",
            {"draw --fill", "draw --no-fill"},
        ),
        (
            RUN + "def test():\n    a = ['paint', 'wall'] + ['--size', 1]\n    run(*a)",
            {"paint wall --size"},
        ),
        (
            RUN + "def test():\n    for o in ('--fill', '--size'): run('draw', o)",
            {"draw --fill", "draw --size"},
        ),
        (
            RUN + "@pytest.mark.parametrize(('a', 'b'), [(['draw', '--fill'], 1), (['paint', "
            "'door', '--size'], 2)])\ndef test(a, b):\n    run(*a)",
            {"draw --fill", "paint door --size"},
        ),
        (
            "@pytest.mark.parametrize('a', [['draw', '--fill']])\ndef test(a):\n"
            "    setattr('sys.argv', ['toy', *a])",
            {"draw --fill"},
        ),
        (
            RUN + "@fixture\ndef drawn(folder):\n    def paint(*options):\n"
            "        return run('draw', folder, *options)\n    return paint\n"
            "def test(drawn):\n    drawn('--size', 3)",
            {"draw --size"},
        ),
        (
            RUN + "def checked(found, *given): assert run(*given) == found\n"
            "def test():\n    checked('draw', 'paint', 'door', '--size', 3)",
            {"paint door --size"},
        ),
        (
            RUN + "def test():\n    for n, a in enumerate((['--size'], ['--fill'])):\n"
            "        run('draw', *a)",
            {"draw --size", "draw --fill"},
        ),
        (
            RUN + "def test():\n    for n, a in {'x': ['--fill']}.items(): run('draw', *a)",
            {"draw --fill"},
        ),
        # No uses.
        (RUN + "def other(*given): return [*given]\nother('draw', '--size')", set()),
        (RUN + "# run('draw', '--size', 3)\n'--size'\nother('draw', '--size', 3)", set()),
        (RUN + "run('draw', 'size', '--colour', f'--{x}')", set()),
        (RUN + "run('draw', '--', '--size')", set()),
        (RUN + "run('--size', 'draw')\nrun('wall', '--size')", set()),
        (RUN + "def one():\n    a = ['--size']\ndef two():\n    run('draw', *a)", set()),
        (RUN + "def test():\n    a = [*a, '--fill']\n    run('draw', *a)", {"draw --fill"}),
    ],
)
def test_options_that_are_given(source, given):
    found = given_options(source, app, program="toy")
    assert {" ".join(option) for option in found} == given


def test_the_command_that_may_be_left_out():
    source = RUN + "run('paint', 'anything', '--size', 3)"
    assert given_options(source, app) == set()
    assert given_options(source, app, defaults={"paint": "door"}) == {("paint", "door", "--size")}


CONTRACT = """
import pytest
from toy import shapes

NAMES = ["Square", "Circle"]
SOME = NAMES[:1]
every = pytest.mark.parametrize("name", NAMES)

def make(name):
    return getattr(shapes, name)()

def touch(name):
    return name

@every
def test_each(name):
    assert make(name)

def test_loop():
    for name in NAMES:
        assert getattr(shapes, name)

@pytest.mark.parametrize("name", [name for name in NAMES if name != "Circle"])
def test_some(name):
    assert make(name)

@every
def test_nothing(name):
    assert touch(name)
"""


def test_contracts_count_where_they_call_each_name(toy):
    (toy / "test_toy_contract.py").write_text(CONTRACT)
    file = "test_toy_contract.py"
    both = {"toy.shapes.Square", "toy.shapes.Circle"}
    each = Contract(file, "test_each", "NAMES", "toy.shapes", helper=(file, "make"))
    assert covered(each, toy) == both
    assert covered(Contract(file, "test_loop", "NAMES", "toy.shapes"), toy) == both
    for contract, problem in (
        (Contract(file, "test_some", "NAMES", "toy.shapes", (file, "make")), "leaves out"),
        (Contract(file, "test_gone", "NAMES", "toy.shapes"), "is not there"),
        (Contract(file, "test_nothing", "NAMES", "toy.shapes", (file, "make")), "does not call"),
        (Contract(file, "test_nothing", "NAMES", "toy.shapes", (file, "touch")), "gets nothing"),
        (Contract(file, "test_loop", "NAMES", "toy.other"), "gets nothing"),
    ):
        with pytest.raises(AssertionError, match=problem):
            covered(contract, toy)
