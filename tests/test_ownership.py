"""What is not ours is neither removed nor replaced, and nobody writes where another does."""

import contextlib
import errno
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import threading

import pytest

from keras_cv_extras._base import files
from keras_cv_extras._base.owned import errors, folders, kinds, marks, temporaries

KIND = folders.Kind("a training", begun=("train.json",))
ASKED = {"data": "pets", "class_names": ["cat", "dog"], "data_digest": "1", "seed": 0}


def picture(folder):
    """All that is in a folder: names, kinds, contents, times."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        state = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(state.st_mode) else None
        found[str(path)] = (stat.S_IFMT(state.st_mode), state.st_ino, state.st_mtime_ns, content)
    return found


@pytest.fixture
def foreign(tmp_path):
    """Somebody's folder, full of names that could be taken for ours."""
    folder = tmp_path / "foreign"
    for name in (".venv.backup01", ".config.original", ".kcx-tmp-abcdefgh", "000001-000000000"):
        (folder / "deep" / name).mkdir(parents=True)
        (folder / "deep" / name / "precious.txt").write_text("precious")
        (folder / name).mkdir()
        (folder / name / "precious.txt").write_text("precious")
    (folder / "model.keras").write_text("somebody's")
    (folder / "report.html").write_text("somebody's")
    return folder


def write_folder(path, **options):
    with files.replacing(path, **options) as temporary:
        temporary.mkdir()
        (temporary / "file").write_text("new")


WRITERS = {
    "text": lambda path: files.write_text(path, "new"),
    "json": lambda path: files.write_json(path, {}),
    "arrays": lambda path: files.write_arrays(path, {"a": [1]}),
    "folder": write_folder,
    "export": lambda path: write_folder(path, kind="export", known=kinds.is_export),
    "checkpoint": lambda path: write_folder(path, kind="checkpoint", known=kinds.is_checkpoint),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_foreign_folder_is_never_replaced(foreign, writer, monkeypatch):
    before = picture(foreign.parent)
    monkeypatch.chdir(foreign)
    for path in (foreign, ".", "..", "deep/000001-000000000", "/"):
        with pytest.raises(OSError, match="a folder"):
            WRITERS[writer](path)
    assert picture(foreign.parent) == before


@pytest.mark.parametrize("writer", WRITERS)
def test_links_and_devices_are_not_written_through(foreign, tmp_path, writer):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(foreign / "model.keras")
    (tmp_path / "folder_link").symlink_to(foreign)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    before = picture(tmp_path)
    for name in ("fifo", "link", "folder_link", "dangling", "link/below", "dangling/below"):
        with pytest.raises(OSError, match=name.partition("/")[0]):
            WRITERS[writer](tmp_path / name)
    assert picture(tmp_path) == before


def test_a_folder_does_not_take_the_place_of_a_file(foreign):
    file = foreign / "model.keras"
    before = picture(file)
    with pytest.raises(OSError, match=r"model\.keras"):
        write_folder(file)
    with pytest.raises(NotADirectoryError, match="a file; give the path of a folder"):
        write_folder(file, kind="export")
    assert picture(file) == before
    assert not list(foreign.glob(".kcx-tmp-????????/*.json"))


def test_our_own_folder_is_replaced_unless_something_was_added(tmp_path):
    path = tmp_path / "export"
    write_folder(path, kind="export", class_names=["cat", "dog"])
    write_folder(path, kind="export", class_names=["cat", "dog"])
    with pytest.raises(ValueError, match=r"another class_names \(cat, dog, not cat, wolf\)"):
        write_folder(path, kind="export", class_names=["cat", "wolf"])
    with pytest.raises(OSError, match="did not write"):
        write_folder(path, kind="generator")
    (path / "notes").mkdir()
    (path / "notes" / "mine.txt").write_text("precious")
    before = picture(tmp_path)
    with pytest.raises(OSError, match="holds notes, which this did not write"):
        write_folder(path, kind="export", class_names=["cat", "dog"])
    assert picture(tmp_path) == before


def test_a_failed_write_leaves_no_new_folder(tmp_path):
    with pytest.raises(RuntimeError), files.replacing(tmp_path / "a" / "b" / "file"):
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def leave(parent, of="file", *, host=None):
    """A temporary folder as a killed writer leaves it."""
    folder = parent / ".kcx-tmp-12345678"
    folder.mkdir(parents=True)
    fields = {} if host is None else {"host": host}
    mark = marks.mark_text("temporary", of=of, **{"host": os.uname().nodename, **fields})
    (folder / marks.MARK).write_text(mark)
    (folder / of).write_text("half")
    return folder


def test_leftovers_of_killed_writers_alone_are_removed(foreign):
    before = picture(foreign)
    temporaries.remove_leftovers(foreign)
    assert picture(foreign) == before
    left = [leave(foreign / "own"), leave(foreign / "own" / "deep")]
    temporaries.remove_leftovers(foreign / "own")
    assert not any(path.exists() for path in left)
    used = leave(foreign / "used")
    file = marks.lock(used / marks.MARK)
    elsewhere = leave(foreign / "elsewhere", host="another-machine")
    temporaries.remove_leftovers(foreign)
    os.close(file)
    assert used.exists()
    assert elsewhere.exists()
    os.utime(elsewhere, (0, 0))
    for path in elsewhere.iterdir():
        os.utime(path, (0, 0))
    temporaries.remove_leftovers(foreign)
    assert not used.exists()
    assert not elsewhere.exists()


def test_the_mark_of_a_folder_that_is_removed_goes_last(tmp_path):
    """A process that is killed while it clears up leaves what the next one knows."""
    left, order = leave(tmp_path), []
    for name in ("a", "z"):
        (left / name).mkdir()
        (left / name / "file").write_text("half")
    (left / "0").write_text("half")
    hook = {"on": True}

    def hear(event, arguments):
        if hook["on"] and event == "os.remove":
            order.append(os.path.basename(arguments[0]))

    sys.addaudithook(hear)
    temporaries.remove_leftovers(tmp_path)
    hook["on"] = False
    assert not left.exists()
    assert order[-1] == marks.MARK
    assert sorted(order[:-1])[:3] == ["0", "file", "file"]


def test_a_writer_killed_before_its_mark_leaves_nothing(tmp_path):
    """Its folder is empty, or its mark is; one with anything else in it may be anybody's."""
    folders = [tmp_path / f"{errors.TEMPORARY}{name}" for name in ("abcd1234", "efgh5678", "notes")]
    for folder in folders:
        folder.mkdir()
    (folders[1] / marks.MARK).touch()
    temporaries.remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == folders[2:]  # no name that a writer gives
    folders[0].mkdir()
    (folders[0] / marks.MARK).touch()
    held = marks.lock(folders[0] / marks.MARK)
    temporaries.remove_leftovers(tmp_path)
    os.close(held)
    assert folders[0].is_dir()


def test_a_writer_whose_new_folder_was_removed_takes_another(tmp_path, monkeypatch):
    made, lock = [], marks.lock

    def after_removing(path, text=""):
        made.append(path.parent)
        if len(made) == 1:
            temporaries.remove_leftovers(tmp_path)
        return lock(path, text)

    monkeypatch.setattr(marks, "lock", after_removing)
    files.write_text(tmp_path / "text", "whole")
    assert (tmp_path / "text").read_text() == "whole"
    assert len(made) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["text"]


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path, monkeypatch):
    monkeypatch.setattr(temporaries, "_cleared", set())
    left = leave(tmp_path, "1")
    write_folder(tmp_path / "2", kind="export")
    assert not left.exists()


def test_a_folder_moved_aside_by_a_killed_writer_is_put_back(tmp_path):
    write_folder(tmp_path / "export")
    left = leave(tmp_path, "new")
    os.rename(tmp_path / "export", left / "previous")
    mark = marks.mark_text("temporary", of="export", host=os.uname().nodename)
    (left / marks.MARK).write_text(mark)
    temporaries.remove_leftovers(tmp_path)
    assert (tmp_path / "export" / "file").read_text() == "new"
    assert not left.exists()


def test_a_folder_is_owned_if_new_or_empty_or_ours(tmp_path, foreign):
    with folders.owned(tmp_path / "a" / "new", KIND, ASKED) as path:
        (path / "model.keras").touch()
    (tmp_path / "empty").mkdir()
    with folders.owned(tmp_path / "empty", KIND, ASKED):
        pass
    with folders.owned(tmp_path / "a" / "new", KIND, ASKED):
        pass
    before = picture(tmp_path)
    for change, text in (
        ({"class_names": ["cat", "ship"]}, r"other classes \(cat, dog, not cat, ship\)"),
        ({"data_digest": "2"}, "with other images: give another --output"),
        ({"seed": 5}, r"another seed \(0, not 5\)"),
    ):
        with (
            pytest.raises(ValueError, match=text),
            folders.owned(path, KIND, {**ASKED, **change}),
        ):
            pass
    with (
        pytest.raises(OSError, match="holds a training, not a GAN"),
        folders.owned(path, kinds.GAN),
    ):
        pass
    for kind in (KIND, kinds.TRAINING, kinds.SEARCH, kinds.GAN, kinds.CHECKPOINTS, kinds.LOGS):
        with pytest.raises(OSError, match="not empty"), folders.owned(foreign, kind, ASKED):
            pass
    with pytest.raises(OSError, match="a file"), folders.owned(foreign / "model.keras", KIND):
        pass
    with (
        pytest.raises(OSError, match="not a folder"),
        folders.owned(foreign / "model.keras/x", KIND),
    ):
        pass
    assert picture(tmp_path) == before


def test_what_a_mark_says_stays_in_one_line(tmp_path):
    (tmp_path / marks.MARK).write_text(marks.mark_text("cat\n\x1b[31m"))
    (tmp_path / "theirs.txt").touch()
    with pytest.raises(OSError, match=r"holds a cat\\n\\x1b\[31m, not a training"):
        folders.check(tmp_path, KIND)


def test_a_mistake_leaves_no_folder_and_work_stays(tmp_path):
    def fail(path, name):
        with folders.owned(path, KIND, ASKED):
            (path / name).write_text("{}")
            raise ValueError("no such model")

    with pytest.raises(ValueError, match="no such model"):
        fail(tmp_path / "a" / "b", "train.json")
    assert os.listdir(tmp_path) == []
    with pytest.raises(ValueError, match="no such model"):
        fail(tmp_path / "a", "model.keras")
    with pytest.raises(ValueError, match="no such model"):
        fail(tmp_path / "a", "train.json")
    assert {"model.keras", "train.json", marks.MARK} <= set(os.listdir(tmp_path / "a"))


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for module, name in ((os, "write"), (files, "write_text")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with (
                pytest.raises(OSError, match=r"cannot write .*new.*: free some space"),
                folders.owned(tmp_path / "new", KIND, ASKED),
            ):
                pass
        assert os.listdir(tmp_path) == []


def test_an_error_of_reading_inside_stays_what_it_is(tmp_path):
    with pytest.raises(PermissionError) as caught, folders.owned(tmp_path / "new", KIND, ASKED):
        raise PermissionError(errno.EACCES, "no", "photograph.jpg")
    assert caught.value.filename == "photograph.jpg"
    assert os.listdir(tmp_path) == []


def test_what_was_begun_and_killed_at_once_does_not_block(tmp_path):
    (tmp_path / marks.MARK).write_text(marks.mark_text("training", identity=ASKED))
    (tmp_path / "train.json").write_text("{}")
    other = {**ASKED, "seed": 1}
    with folders.owned(tmp_path, KIND, other):
        assert not (tmp_path / "train.json").exists()
    assert marks.read_mark(tmp_path)["identity"] == other


def test_a_second_process_is_told(tmp_path):
    script = """
import sys, time
from keras_cv_extras._base.owned import folders, kinds
with folders.owned(sys.argv[1], kinds.TRAINING):
    print("held", flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        before = picture(tmp_path)
        with (
            pytest.raises(ValueError, match=rf"a training is running here \(process {process.pid}"),
            folders.owned(tmp_path / "out", kinds.TRAINING),
        ):
            pass
        assert picture(tmp_path) == before
        process.send_signal(signal.SIGKILL)
    with folders.owned(tmp_path / "out", kinds.TRAINING):
        pass


EARLIER = {"policy": {}, "model": None, "seed": 0}


@pytest.fixture
def meanwhile():
    """Runs a block of another thread until the test has ended, and returns when it has begun."""
    ended, threads = threading.Event(), []

    def begin(block):
        begun = threading.Event()

        def run():
            with block:
                begun.set()
                ended.wait(60)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        assert begun.wait(60)

    yield begin
    ended.set()
    for thread in threads:
        thread.join()


def test_a_second_export_to_one_place_is_told(tmp_path, meanwhile):
    @contextlib.contextmanager
    def writing():
        with files.replacing(tmp_path / "1", kind="export") as temporary:
            temporary.mkdir()
            yield

    meanwhile(writing())
    with pytest.raises(ValueError, match="another process is writing it"):
        write_folder(tmp_path / "1", kind="export")
    write_folder(tmp_path / "2", kind="export")
    assert (tmp_path / "2").is_dir()


def test_the_second_of_two_exports_is_told_before_its_work(tmp_path, meanwhile):
    place = tmp_path / "new" / "1"
    with files.reserved(place), files.replacing(place, kind="export") as folder:
        folder.mkdir()
    with pytest.raises(ZeroDivisionError), files.reserved(tmp_path / "other" / "1"):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    meanwhile(files.reserved(place))
    for second in (
        lambda: files.check_replaceable(place, kind="export"),
        lambda: files.reserved(place).__enter__(),
    ):
        with pytest.raises(ValueError, match="1: another process is writing it: wait for it"):
            second()
    files.check_replaceable(place.with_name("2"), kind="export")


def test_who_only_looks_for_a_lock_is_in_nobodys_way(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "lock"
    path.touch()
    asked, flock = [], fcntl.flock

    def seen(file, how):
        flock(file, how)
        if not asked:  # another one looks meanwhile
            asked.append(how)
            assert marks.is_locked(path) is False

    monkeypatch.setattr(fcntl, "flock", seen)
    assert marks.is_locked(path) is False
    looking = os.open(path, os.O_RDWR)
    flock(looking, asked[0])
    monkeypatch.setattr(marks.time, "sleep", lambda seconds: os.close(looking))
    file = marks.lock(path)
    assert file is not None
    monkeypatch.setattr(marks.time, "sleep", lambda seconds: None)
    assert marks.is_locked(path) is True
    assert marks.lock(path) is None
    os.close(file)


def test_the_second_of_two_trainings_is_told_before_its_work(tmp_path, meanwhile):
    place = tmp_path / "run"
    meanwhile(folders.owned(place, kinds.TRAINING, {"seed": 1}))
    for second in (folders.check, lambda *given: folders.owned(*given).__enter__()):
        with pytest.raises(ValueError, match=f"run: a training is running here .*{os.getpid()}"):
            second(place, kinds.TRAINING)
    other = tmp_path / "other"
    with folders.owned(other, kinds.TRAINING):
        folders.check(other, kinds.TRAINING)  # by the thread that holds it


@pytest.mark.parametrize(
    ("data", "seed", "problem"),
    [
        ("digits", 0, None),
        ("digits", 1, "another seed"),
        ("pets", 0, "of an earlier version, which did not note what its images were"),
    ],
)
def test_trainings_of_earlier_versions(tmp_path, data, seed, problem):
    (tmp_path / "train.json").write_text(json.dumps({**EARLIER, "data": data}))
    (tmp_path / "model.keras").touch()
    asked = {**EARLIER, "data": data, "seed": seed, "data_digest": "1", "class_names": ["0"]}
    if problem is None:
        with folders.owned(tmp_path, kinds.TRAINING, asked):
            pass
        assert marks.read_mark(tmp_path)["identity"] == asked
        return
    before = picture(tmp_path)
    with pytest.raises(ValueError, match=problem), folders.owned(tmp_path, kinds.TRAINING, asked):
        pass
    assert picture(tmp_path) == before


def test_checkpoints_and_exports_of_earlier_versions_are_known(tmp_path):
    checkpoint = tmp_path / "000001-000000000"
    export = tmp_path / "1"
    for folder, texts in (
        (checkpoint, {"arrays.npz": "", "state.json": "{}"}),
        (export, {"model_card.json": '{"format": "keras_cv_extras.export"}', "golden.json": ""}),
    ):
        folder.mkdir()
        for name, text in texts.items():
            (folder / name).write_text(text)
    assert kinds.is_checkpoint(checkpoint)
    assert kinds.is_export(export)
    WRITERS["export"](export)
    WRITERS["checkpoint"](checkpoint)
    for folder in (checkpoint, export):
        (folder / marks.MARK).unlink()
        (folder / "mine.txt").write_text("precious")
        assert not kinds.is_checkpoint(folder)
        assert not kinds.is_export(folder)


def test_a_read_only_parent(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for attempt in (files.check_file, lambda path: folders.check(path, KIND)):
        with pytest.raises(PermissionError, match="choose a folder that you may write to"):
            attempt(tmp_path / "new" / "file")


def test_commands_say_so_before_they_load_tensorflow(python, foreign):
    before = picture(foreign)
    printed = python(
        """
import sys
from keras_cv_extras import cli
from typer.testing import CliRunner
def show(result):
    print(result.exit_code, type(result.exception).__name__, result.exception)
for command in sys.argv[2:]:
    *first, option = command.split("|")
    show(CliRunner().invoke(cli.app, [*first, option, sys.argv[1]]))
show(CliRunner().invoke(cli.app, ["train", "nowhere/at/all"]))
show(CliRunner().invoke(cli.app, ["evaluate", "nothing.keras", "digits"]))
print("tensorflow" in sys.modules)
""",
        foreign,
        *("gallery|--output", "train|digits|--output", "search|run|digits|--output"),
        *("search|run|digits|--workers|2|--output", "gan|train|digits|--output"),
        *("gan|sample|gan.keras|--output", "gan|report|gan.keras|digits|--output"),
        *("export|m.keras|digits|--output", "demo|--output", "bench|ops|--output"),
        *("evaluate|m.keras|digits|--output", "evaluate|m.keras|digits|--report"),
        *("classical|evaluate|m.skops|digits|--output", "launch|--workers|2|true|--logs"),
    )
    *lines, loaded = printed.splitlines()
    *lines, folder, model = lines
    assert folder == "1 FileNotFoundError nowhere/at/all: no such folder"
    assert model == "1 FileNotFoundError nothing.keras: no such file"
    assert len(lines) == 14
    assert all(line.startswith("1 ") and str(foreign) in line for line in lines), lines
    assert loaded == "False"
    assert picture(foreign) == before


def test_a_folder_that_is_a_mounted_disk_is_told_before_the_work(tmp_path, monkeypatch):
    """No folder takes its place: the system says so after all the work, "device busy"."""
    path = tmp_path / "volume"
    path.mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda place: str(place) == str(path))
    with folders.owned(path, KIND, ASKED):  # whose files are written into it
        pass
    message = "volume: where a disk is mounted; give a new folder in it"
    with pytest.raises(IsADirectoryError, match=message):
        files.check_replaceable(path, kind="export")
    with pytest.raises(IsADirectoryError, match=message):
        WRITERS["export"](path)
    WRITERS["export"](path / "1")


def test_no_private_temporaries_elsewhere():
    """One writer: nothing else in the package moves or removes what may be somebody's."""
    source = pathlib.Path(files.__file__).parent.parent
    words = ("shutil.rmtree", "os.replace(", "os.rename(", "shutil.move")
    found = [
        path.name
        for path in source.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in words)
    ]
    assert sorted(found) == ["files.py", "temporaries.py"]


def test_a_folder_is_identified_by_its_path_as_text(tmp_path):
    path = tmp_path / "found"
    with folders.owned(path, kinds.SEARCH):
        folders.identify(str(path), {"trials": 3})
    assert folders.check(path, kinds.SEARCH)["identity"] == {"trials": 3}


def test_a_path_that_cannot_be_is_named_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for check in (
        lambda path: folders.check(path, kinds.TRAINING),
        lambda path: files.check_replaceable(path, kind="export"),
    ):
        with pytest.raises(ValueError, match=r"^(/.*/)?~/run: the shell left '~' as it is"):
            check("~/run")
        with pytest.raises(ValueError, match=r"^'a\\udcff': a name that is not UTF-8, where Te"):
            check(os.fsdecode(b"a\xff"))
        with pytest.raises(OSError, match="a name of more than 255 bytes: give a shorter one"):
            check("x" * 256)
    with pytest.raises(ValueError, match="the shell left '~' as it is"):
        files.check_file("~/a.json")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(NotADirectoryError, match="link: a link to what is not there; give anoth"):
        folders.check(tmp_path / "link", kinds.TRAINING)
    (tmp_path / "link").unlink()
    with pytest.raises(OSError, match=r"cannot write /proc/a.json \(.*\): choose a folder that"):
        files.write_text("/proc/a.json", "text")
    assert list(tmp_path.iterdir()) == []
    files.write_text(os.fsdecode(b"a\xff.json"), "text")


WRITTEN = (
    *("trials", "trials/trial_0", "logs/worker-1.log", "report.html", "screen.json", "logs"),
    marks.LOCK,
)


def test_checkpoints_go_by_their_names(tmp_path):
    for name, refused in (("2026-11", False), ("000001-000000000", True)):
        (tmp_path / name).symlink_to(tmp_path)
        if refused:
            with pytest.raises(OSError, match=f"{name}: a link, and nothing"):
                marks.check_links(tmp_path, kinds.CHECKPOINTS.writes)
        else:
            marks.check_links(tmp_path, kinds.CHECKPOINTS.writes)


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_is_written_through_a_link_in_a_folder_of_ours(foreign, tmp_path, name):
    place = tmp_path / "run"
    (place / name).parent.mkdir(parents=True)
    if not name.startswith("logs"):  # which may come before the mark
        (place / marks.MARK).write_text(marks.mark_text("search", identity=ASKED))
        (place / "settings.json").write_text("{}")
    target = {"report.html": foreign / "report.html", "screen.json": tmp_path / "nowhere"}
    (place / name).symlink_to(target.get(name, foreign))
    before = picture(tmp_path)
    for attempt in (folders.check, lambda *given: folders.owned(*given).__enter__()):
        with pytest.raises(OSError, match=rf"{name}: a link, and nothing is written through li"):
            attempt(place, kinds.SEARCH, ASKED)
    assert picture(tmp_path) == before
    (tmp_path / "elsewhere").symlink_to(place)
    with pytest.raises(OSError, match="a link, and nothing"):
        folders.check(tmp_path / "elsewhere", kinds.SEARCH, ASKED)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_link_that_came_later_is_not_written_through(foreign, tmp_path, writer, monkeypatch):
    place = tmp_path / "run"
    with folders.owned(place, KIND, ASKED):
        (place / "trials").symlink_to(foreign)
        before = picture(tmp_path)
        monkeypatch.chdir(place)
        for path in (place / "trials/new/file", "trials/new", "trials/report.html"):
            with pytest.raises(OSError, match="trials: a link, and nothing is written through"):
                WRITERS[writer](path)
        with pytest.raises(OSError, match="trials: a link, and nothing is written through"):
            folders.check(place / "trials" / "new", kinds.CHECKPOINTS)
        assert picture(tmp_path) == before


def test_links_that_the_user_names_and_those_within_a_folder_are_followed(tmp_path):
    (tmp_path / "disk" / "run").mkdir(parents=True)
    (tmp_path / "run").symlink_to(tmp_path / "disk" / "run")
    for _ in range(2):
        with folders.owned(tmp_path / "run", KIND, ASKED) as path:
            files.write_text(path / "trials" / "1.json", "{}")
            (path / "latest").unlink(missing_ok=True)
            (path / "latest").symlink_to("trials/1.json")
    assert (tmp_path / "disk" / "run" / "trials" / "1.json").is_file()


LEFT = {
    ".#settings.json": "user@host.4242:1",  # as Emacs locks what it edits
    "latest": "gone",
    "notes.txt": "../foreign/report.html",
    "current": ".",
    "other": "../foreign",
    "logs/notes": "../../foreign",
    "trials/latest": "trial_0",
}


def test_links_that_nobody_writes_through_are_left(foreign, tmp_path, monkeypatch):
    place = tmp_path / "run"
    with folders.owned(place, kinds.SEARCH, ASKED):
        files.write_text(place / "trials" / "trial_0" / "trial.json", "{}")
    for name, target in LEFT.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).symlink_to(target)
    before = {name: os.readlink(place / name) for name in LEFT}, picture(foreign)
    assert folders.check(place, kinds.SEARCH, ASKED)
    with folders.owned(place, kinds.SEARCH, ASKED):
        monkeypatch.setattr(marks, "check_links", lambda *given: pytest.fail("looked twice"))
        folders.check(place, kinds.SEARCH, ASKED)
        files.write_text(place / "report.html", "new")
    assert before == ({name: os.readlink(place / name) for name in LEFT}, picture(foreign))


def test_what_is_deep_in_a_folder_is_not_looked_at(tmp_path, monkeypatch):
    place, seen, scan = tmp_path / "run", [], os.scandir
    with folders.owned(place, kinds.GAN, ASKED):
        (place / "checkpoint" / "deep" / "deeper").mkdir(parents=True)
        (place / "samples").mkdir()
    monkeypatch.setattr(os, "scandir", lambda path: seen.append(os.fspath(path)) or scan(path))
    marks.check_links(place, kinds.GAN.writes)
    assert seen == [str(place), str(place / "samples")]
