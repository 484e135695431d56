"""What every test shares."""

import itertools
import os
import random

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for each other are not idle
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import ctypes
import gc
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parent.parent
pytest_plugins = ["accelerator.option"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """XLA keeps its programs for this run, so that no other process compiles them again.

    What a shell starts in the background ignores SIGINT, and behind nohup SIGHUP: so would the
    commands that tests end.
    """
    for number, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, number, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    if "TF_XLA_FLAGS" in os.environ:  # the workers have it from their parent; or a user's own
        return
    folder = tempfile.mkdtemp(prefix="kcx-tests-xla-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["TF_XLA_FLAGS"] = (
        f"--tf_xla_persistent_cache_directory={folder} "
        "--tf_xla_persistent_cache_device_types=CPU --tf_xla_disable_strict_signature_checks=true"
    )
    config.add_cleanup(lambda: os.environ.pop("TF_XLA_FLAGS", None))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Of a test with `wide_but` or `slow_but`, all values but those that it names are so marked."""
    unused = {}
    for item, mark in itertools.product(items, ("wide", "slow")):
        names = item.get_closest_marker(f"{mark}_but")
        if names is None:
            continue
        named = {item.callspec.id, *item.callspec.id.split("-")} & {*names.args}
        test = f"{item.nodeid.partition('[')[0]}: {mark}_but"
        unused.setdefault(test, {*names.args}).difference_update(named)
        if not named:
            item.add_marker(mark)
    whole = not any("::" in argument for argument in config.args)
    if whole and (wrong := {test: names for test, names in unused.items() if names}):
        raise pytest.UsageError(f"values are named that a test does not have: {wrong}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """A test draws the same numbers whichever tests ran before it, and fails always or never."""
    random.seed(0)
    if "keras" in sys.modules:  # else Keras draws its seeds from `random`
        from seeds import seed_keras

        seed_keras()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection():
    """What is imported stays: to search it for garbage is a third of what collecting takes."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


_MUCH = 1 << 29  # half a GiB: a collection takes most of a second, and gives back less than that
_kept = 0
_is_last = False


def _memory_of_this_process():
    """Returns the bytes of memory that this process holds; 0 where that is not known."""
    status = pathlib.Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * resource.getpagesize() if status.exists() else 0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem):
    """Notes whether another test follows: what the last one leaves ends with the process."""
    global _is_last
    _is_last = nextitem is None


@pytest.fixture(autouse=True, scope="module")
def _memory_is_given_back():
    """Networks are full of cycles, and freed memory stays with the process unless it is asked."""
    yield
    global _kept
    if _is_last or _memory_of_this_process() < _kept + _MUCH:
        return
    if "tensorflow" in sys.modules:
        from seeds import forget_kernels

        forget_kernels()
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    _kept = _memory_of_this_process()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, request):
    """Gives the folder that a function writes, which is called by one of the workers alone."""
    import fcntl

    root = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        root = root.parent  # that of all workers

    def folder(name, make):
        place = root / f"of-all-{name}"
        with open(root / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.exists():
                make(root / f"{place.name}.new")
                (root / f"{place.name}.new").rename(place)
        return place

    return folder


@pytest.fixture(scope="session")
def photographs():
    """Three RGB photographs, uint8, of different sizes."""
    from skimage import data

    return [data.astronaut(), data.chelsea(), data.coffee()]


@pytest.fixture(scope="session")
def batch(photographs):
    """Twelve different parts of a photograph: uint8, (12, 24, 20, 3)."""
    image = photographs[0]
    return np.stack([image[20 * i : 20 * i + 24, 15 * i : 15 * i + 20] for i in range(12)])


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A Chromium for all pages of the tests (`tests/chromium.py`)."""
    from chromium import Chromium, find

    if (program := find()) is None:
        pytest.skip("no Chromium on this machine")
    opened = Chromium(program, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def browser(chromium):
    """Opens an HTML file in a headless Chromium, and returns its pictures and its errors.

    "over" is by how many pixels the page is wider than its window, "faint" are colours of text with
    a contrast below 4.5 : 1, "cut" names that are cut off.
    """
    question = (
        f"(() => {{ {(ROOT / 'tests' / 'page.js').read_text(encoding='utf-8')}\n"
        "return {...seen(document), pictures: document.images.length, "
        "broken: [...document.images].filter(image => !image.complete || !image.naturalWidth)"
        ".map(image => image.alt)} })()"
    )

    def open_page(path, *, width=1280, dark=False):
        chromium.window(width, dark)
        chromium.open(pathlib.Path(path).resolve().as_uri())
        return {**chromium.evaluate(question), "errors": chromium.errors()}

    return open_page


@pytest.fixture
def python():
    """Runs a script in a process of its own and returns what it printed."""

    def run(script, *arguments, environment=None, timeout=300):
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def forked():
    """Does what an order says in a child of a process that has imported TensorFlow."""
    import forked

    with forked.server() as ask:
        yield ask


_ON_JAX_ALONE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ImportError("tensorflow is blocked")

sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture
def python_on_jax(python):
    """Runs a script likewise, on the JAX backend, where TensorFlow cannot be imported."""

    def run(script, *arguments):
        environment = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
        return python(_ON_JAX_ALONE + script, *arguments, environment=environment)

    return run


@pytest.fixture
def untold(monkeypatch):
    """Lets lines be told that were told in another test."""
    monkeypatch.setattr("keras_cv_extras._base.text.caller._given", set())
