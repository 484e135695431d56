"""What a command prints: to a full disk, a pipe that nobody reads, or streams that are closed."""

import os
import re
import subprocess
import sys

import pytest
from rich.table import Table

from keras_cv_extras._base.text import terminal
from keras_cv_extras.cli import _options

VERSION = [sys.executable, "-m", "keras_cv_extras.cli", "--version"]
PRINTS = """
import os, sys
from keras_cv_extras.cli._quiet import sound_streams
with sound_streams():
    with open("mine.txt", "w") as file:
        print("caf\\u00e9 \\ud800")
        print("also", file=sys.stderr)
        os.system("echo by another")
        sys.stdout.flush()
"""


def run(command, **options):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    environment.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(
        command, check=False, stderr=subprocess.PIPE, text=True, env=environment, **options
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        ended = run(VERSION, stdout=full)
    assert (ended.returncode, ended.stderr) == (
        1,
        "error: cannot print what was found (no space left on device)\n",
    )


def test_a_pipe_that_nobody_reads_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = run(VERSION, stdout=writer)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_an_encoding_lacks_is_escaped(tmp_path):
    ended = run([sys.executable, "-c", PRINTS], cwd=tmp_path, stdout=subprocess.PIPE)
    assert (ended.stdout, ended.stderr) == ("by another\ncaf\\xe9 \\ud800\n", "also\n")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_nothing_is_printed_into_a_file_that_is_written(tmp_path):
    command = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, PRINTS]
    ended = run(command, cwd=tmp_path)
    assert ended.returncode == 0
    assert (tmp_path / "mine.txt").read_text() == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_a_folder_that_is_gone_is_named(tmp_path):
    lines = 'mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@"'
    command = ["sh", "-c", lines, *VERSION[:-1], "gallery", "--output", "page.html"]
    ended = run(command, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (
        1,
        "error: the folder that this runs in is gone: change to one that exists\n",
    )


NO_PLACE = """
import sys, tempfile
from keras_cv_extras import cli
from keras_cv_extras.cli import _quiet
tempfile._candidate_tempdir_list = lambda: ["/nowhere"]
with _quiet.quiet_start():
    print("a remark", file=sys.stderr)
cli.app = tempfile.mkdtemp
cli.main()
"""


def test_where_nothing_temporary_can_be_written(tmp_path):
    """TensorFlow's remarks are held back in memory; who needs a file says what is lacking."""
    ended = run([sys.executable, "-c", NO_PLACE], cwd=tmp_path)
    line = "error: no folder for temporary files can be written to: give one by TMPDIR\n"
    assert (ended.returncode, ended.stderr) == (1, line)


@pytest.mark.parametrize("columns", ["0", "12", "-3", "wide"])
def test_a_table_is_whole_on_any_terminal(monkeypatch, capsys, columns):
    """Some shells export COLUMNS=0; in a narrow one a name goes on in the next line."""
    monkeypatch.setenv("COLUMNS", columns)
    _options.show_table("Networks", ["name", "size"], [["mobilenetv3", "224"]])
    lines = capsys.readouterr().out.split("\n")
    first = "".join(line.split("│")[1].strip() for line in lines if line.startswith("│"))
    assert first == "mobilenetv3" or "\nname: \nmobilenetv3\nsize: 224\n" in "\n".join(lines)


def test_a_range_stays_in_one_line_while_there_is_room(capsys):
    """Heads are broken before names, names before numbers, lines are left out between."""
    for width, lined in ((80, True), (60, True), (46, False)):
        made = terminal.table("Arms", "arm", "confirmed accuracy", "95 % interval", "test accuracy")
        made.add_row("trivial_augment (control), written", "0.8", "0.75 to 0.86", "0.81")
        terminal.Terminal(width=width).print(made)
        printed = capsys.readouterr().out
        assert "0.75 to 0.86" in printed
        assert ("┃" in printed) is lined


@pytest.mark.parametrize("width", [80, 50, 49, 40, 39, 38, 20])
def test_no_number_of_a_table_is_cut(width, capsys):
    def table(**options):
        made = Table(title="accuracy 0.9123 (95 %: 0.8912 to 0.9334), 1797 images", **options)
        for column in ("class", "images", "precision", "recall", "F1"):
            made.add_column(column, no_wrap=True)
        made.caption = "one \x1b[31m\nof two"
        made.add_row("golden_retriever_of_the_hills", "1,234", "0.912", "0.882", "0.901")
        return made

    for made in (table(), table(box=None)):
        terminal.Terminal(width=width).print(made)
        printed = capsys.readouterr().out
        assert "\x1b" not in printed
        assert max(map(len, printed.split("\n"))) <= width
        for number in ("0.9123", "0.8912", "0.9334", "1797", "1,234", "0.912", "0.882", "0.901"):
            assert number in re.split(r"[^\d.,]+", printed.replace("),", "")), printed
