"""Changes one line at a time for the worse, and asks the tests that stand beside it to notice.

    python tests/mutation/mutate.py                     # all packages
    python tests/mutation/mutate.py --only search --jobs 2
    python tests/mutation/mutate.py --list

The changes stand in `tests/mutation/changes/`, a TOML file for each package. The working tree is
not touched: each worker has a copy of it. First every named test runs on the unchanged copy, and
must pass. A change is caught if one of its tests then fails, if its module cannot be imported, or
if the tests take too long. The command ends with 1 if fewer than 95 % are caught, and with 2 if
the table is wrong.
"""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

from mutation_table import CHANGES, TableError, read_table

ROOT = pathlib.Path(__file__).resolve().parents[2]
NEEDED = 0.95
# Slow to import and the same whatever is changed: imported once for each worker.
PRELOADED = [
    *("numpy", "scipy.stats", "sklearn.svm", "sklearn.decomposition", "imblearn.over_sampling"),
    *("tensorflow", "keras", "keras_tuner", "optuna", "grpc", "skimage.data", "skimage.feature"),
    *("matplotlib.figure", "PIL.Image", "rich.progress", "typer.testing"),
    *("hypothesis", "xdist.plugin", "sklearn.utils.estimator_checks"),
]
_QUIET = ["-n", "0", "-q", "-p", "no:cacheprovider", "--no-header", "--tb", "short"]
# Plugins that are loaded already are no news.
_QUIET += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
_BASELINE_SECONDS = 900


class Worker:
    """A copy of the tree and the process that runs pytest in it."""

    def __init__(self, root, folder, preloaded):
        self.folder = pathlib.Path(folder)
        copy_tree(root, self.folder)
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
        }
        # Compiled code of the copy is kept between runs, which saves more than all else does.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        script = pathlib.Path(__file__).with_name("mutation_worker.py").resolve()
        self._process = subprocess.Popen(
            [sys.executable, str(script), *preloaded],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, arguments, timeout, change=None):
        """Runs pytest with the arguments, on the changed tree if there is a change."""
        parts = None
        if change is not None:
            parts = {"file": change.file, "before": change.before, "after": change.after}
        order = {"arguments": [*_QUIET, *arguments], "timeout": timeout, "change": parts}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended with {self._process.wait()}")
        return json.loads(line)

    def close(self):
        """Lets the process end."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def copy_tree(root, folder):
    """Copies what the source distribution holds, which is all that the tests may need."""
    root = pathlib.Path(root)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    names = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    for name in ["pyproject.toml", *names]:
        source = root / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)


def selection(change):
    """Pytest's arguments that name the tests of a change."""
    return [*change.tests, *(["-k", change.k] if change.k else [])]


def judge(result):
    """Says what became of a change.

    Args:
        result: what a worker answered.

    Returns:
        "caught", "caught, not imported", "caught, too slow", "survived", or "error: ..." where
        the run says nothing about the change.
    """
    if result["timeout"]:
        return "caught, too slow"
    if result["code"] == 0:
        return "survived"
    if result["code"] == 1:
        return "caught"
    if result["code"] in (2, 4) and result["uncollected"]:
        return "caught, not imported"
    return f"error: pytest ended with {result['code']}"


def check_unchanged(workers, changes):
    """Runs every named test on the unchanged copies.

    Raises:
        TableError: if one fails, is missing, or if a name selects no test that passes.
    """
    groups = {}
    for change in changes:
        for test in change.tests:
            key = (test.partition("::")[0] if not change.k else " ".join(change.tests), change.k)
            groups.setdefault(key, {})[test] = None
    faults = []

    def check(worker, group):
        (_, words), tests = group
        arguments = [*tests, *(["-k", words] if words else [])]
        result = worker.run(arguments, _BASELINE_SECONDS)
        if result["code"] != 0:
            what = "took too long" if result["timeout"] else f"ended with {result['code']}"
            faults.append(f"{' '.join(arguments)}: {what} unchanged\n{result['log']}")
            return
        if words:
            return
        for test in tests:
            if not any(
                name == test or name.startswith((f"{test}::", f"{test}[", f"{test}/"))
                for name in result["passed"]
            ):
                faults.append(f"{test}: no test of this name ran and passed")

    _share(workers, groups.items(), check)
    if faults:
        raise TableError("\n".join(faults))


def try_changes(workers, changes, timeout):
    """Tries each change and prints what became of it; returns the verdicts by change."""
    verdicts, count, lock = {}, itertools.count(1), threading.Lock()

    def attempt(worker, change):
        result = worker.run(["-x", *selection(change)], timeout, change)
        verdict = judge(result)
        with lock:
            verdicts[change] = verdict
            place = f"[{next(count)}/{len(changes)}]"
            took = f"{result['seconds']} processor seconds"
            print(f"{place} {verdict}, {took}: {change.where}: {change.why}")
            if verdict.startswith("error"):
                print(result["log"])
            sys.stdout.flush()

    _share(workers, changes, attempt)
    return verdicts


def _share(workers, items, function):
    """Calls `function(worker, item)` for all items, each worker in a thread of its own."""
    waiting, failures = queue.SimpleQueue(), []
    for item in items:
        waiting.put(item)

    def work(worker):
        try:
            while not failures:
                function(worker, waiting.get_nowait())
        except queue.Empty:
            pass
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def summary(changes, verdicts):
    """The final table and the survivors as text, and whether enough was caught."""
    lines = ["", f"{'package':<16}{'caught':>8}{'of':>6}"]
    packages = list(dict.fromkeys(change.package for change in changes))
    caught = {change for change, verdict in verdicts.items() if verdict.startswith("caught")}
    for package in packages:
        of = [change for change in changes if change.package == package]
        lines.append(f"{package:<16}{sum(change in caught for change in of):>8}{len(of):>6}")
    lines.append(f"{'all':<16}{len(caught):>8}{len(changes):>6}")
    for change in changes:
        if verdicts[change] != "caught":
            lines.append(f"{verdicts[change]}: {change.where}: {change.why}")
    return "\n".join(lines), len(caught) >= NEEDED * len(changes)


def main(arguments=None, root=ROOT, folder=CHANGES, preloaded=PRELOADED):
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], metavar="PACKAGE")
    parser.add_argument("--match", default="", metavar="TEXT", help="only changes that hold TEXT")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--timeout", type=float, default=180, help="seconds for a change (180)")
    parser.add_argument("--list", action="store_true", help="print the changes and end")
    options = parser.parse_args(arguments)
    try:
        changes = read_table(root, folder, options.only)
        changes = [one for one in changes if options.match in f"{one.where} {one.why} {one.after}"]
        if not changes:
            raise TableError("no change is selected; see --list")
        if options.list:
            for change in changes:
                print(f"{change.package}: {change.where}: {change.why}")
            print(f"{len(changes)} changes")
            return 0
        begin = time.monotonic()
        with contextlib.ExitStack() as stack:
            workers = []
            for _ in range(options.jobs):
                place = stack.enter_context(tempfile.TemporaryDirectory(prefix="mutation-"))
                workers.append(Worker(root, place, preloaded))
                stack.callback(workers[-1].close)
            check_unchanged(workers, changes)
            unchanged = time.monotonic() - begin
            print(f"all named tests pass on the unchanged tree, {unchanged:.0f} s")
            verdicts = try_changes(workers, changes, options.timeout)
    except TableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text, enough = summary(changes, verdicts)
    print(f"{text}\n{time.monotonic() - begin:.0f} s")
    if any(verdict.startswith("error") for verdict in verdicts.values()):
        return 2
    return 0 if enough else 1


if __name__ == "__main__":
    # Ended by SIGTERM, too, the copies of the tree are removed.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())
