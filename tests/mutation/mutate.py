"""Changes one line at a time for the worse, and asks the tests that stand beside it to notice.

    python tests/mutation/mutate.py                     # all packages
    python tests/mutation/mutate.py --only search --jobs 2
    python tests/mutation/mutate.py --sample 150 --seed 1 --record done.jsonl
    python tests/mutation/mutate.py --list

The changes stand in `tests/mutation/changes/`, a TOML file for each package. The working tree is
not touched: each worker has a copy of it. The tests that a change names, slow ones too, first run
on the unchanged copy, and must pass. A change is caught if one of its tests then fails, if its
module cannot be imported, or if the tests take too long. The command ends with 1 if fewer than
95 % are caught, and with 2 if the table is wrong. Interrupted, it finishes the changes in hand,
prints the table of those that were tried, and ends with 130.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import queue
import random
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
_QUIET = ["-n", "0", "-q", "-m", "", "-p", "no:cacheprovider", "--no-header", "--tb", "short"]
# Plugins that are loaded already are no news.
_QUIET += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
_BASELINE_SECONDS = 900


class Worker:
    """A copy of the tree and the process that runs pytest in it."""

    def __init__(self, root, folder, preloaded, programs):
        self.folder = pathlib.Path(folder)
        copy_tree(root, self.folder)
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
            # A program of XLA that a change leaves as it is need not be compiled again.
            "TF_XLA_FLAGS": f"--tf_xla_persistent_cache_directory={programs} "
            "--tf_xla_persistent_cache_device_types=CPU "
            "--tf_xla_disable_strict_signature_checks=true",
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
            start_new_session=True,  # Ctrl-C is for this process alone
        )

    def run(self, arguments, timeout, change=None):
        """Runs pytest with the arguments, on the changed tree if there is a change."""
        parts = None
        if change is not None:
            parts = {"file": change.file, "before": change.before, "after": change.after}
        # A folder of its own: what other runs have left in the common one is not looked at.
        arguments = [*_QUIET, "--basetemp", f"{self.folder}-tests", *arguments]
        order = {"arguments": arguments, "timeout": timeout, "change": parts}
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


def sample(changes, number, seed):
    """Draws changes at random, of each package in proportion and at least one."""
    draw = random.Random(seed)
    packages = {}
    for change in changes:
        packages.setdefault(change.package, []).append(change)
    shares = {name: len(of) * number / len(changes) for name, of in packages.items()}
    least = 1 if number >= len(packages) else 0
    counts = {name: max(int(share), least) for name, share in shares.items()}
    # One at a time, where a package is furthest from its share.
    while missing := min(number, len(changes)) - sum(counts.values()):
        step = 1 if missing > 0 else -1
        free = [name for name in counts if least <= counts[name] + step <= len(packages[name])]
        counts[max(free, key=lambda name: step * (shares[name] - counts[name]))] += step
    chosen = {
        one for name, of in packages.items() for one in draw.sample(of, len(of))[: counts[name]]
    }
    return [change for change in changes if change in chosen]


def groups(changes):
    """Changes that the same files test, as lists: these files run unchanged once for all."""
    found = {}
    for change in changes:
        files = tuple(sorted({test.partition("::")[0] for test in change.tests}))
        found.setdefault((change.tests if change.k else files, change.k), []).append(change)
    return list(found.values())


def fault_unchanged(worker, group):
    """Runs the tests of a group on the unchanged copy; says what is wrong with them, or ""."""
    tests = list(dict.fromkeys(test for change in group for test in change.tests))
    words = ["-k", group[0].k] if group[0].k else []
    result = worker.run([*tests, *words], _BASELINE_SECONDS)
    if result["code"] != 0:
        what = "took too long" if result["timeout"] else f"ended with {result['code']}"
        return f"{' '.join([*tests, *words])}: {what} unchanged\n{result['log']}"
    missing = [
        test
        for test in ([] if words else tests)
        if not any(
            name == test or name.startswith((f"{test}::", f"{test}[", f"{test}/"))
            for name in result["passed"]
        )
    ]
    return "\n".join(f"{test}: no test of this name ran and passed" for test in missing)


class Record:
    """What became of each change, on the screen and in a file from which a later call goes on.

    Args:
        root: the root of the tree.
        path: a file of JSON lines, or None. What it tells of a change counts for as long as the
            entry, the changed file and the tests' files are the same.
    """

    def __init__(self, root, path):
        self._root, self._path, self._lock = pathlib.Path(root), path, threading.Lock()
        self.verdicts, self.faults = {}, []
        lines = path.read_text().splitlines() if path and path.exists() else []
        self._known = {line["key"]: line for line in map(json.loads, lines)}

    def _key(self, change):
        files = [change.file, *(test.partition("::")[0] for test in change.tests)]
        texts = [(self._root / file).read_text() for file in files if (self._root / file).is_file()]
        entry = [change.file, change.before, change.after, change.tests, change.k, texts]
        return hashlib.sha256(json.dumps(entry).encode()).hexdigest()

    def load(self, changes):
        """Takes over what the file knows; returns the changes that are still to be tried."""
        for change in changes:
            if (line := self._known.get(self._key(change))) is not None:
                self.verdicts[change] = (line["verdict"], line["seconds"])
        return [change for change in changes if change not in self.verdicts]

    def add(self, change, verdict, seconds, of, log=""):
        """Prints a verdict and keeps it."""
        with self._lock:
            self.verdicts[change] = (verdict, seconds)
            place = f"[{len(self.verdicts)}/{of}]"
            print(f"{place} {verdict}, {seconds} processor seconds: {change.where}: {change.why}")
            if verdict.startswith("error"):
                print(log)
            elif self._path:
                line = {"key": self._key(change), "where": change.where, "why": change.why}
                with self._path.open("a") as file:
                    file.write(json.dumps({**line, "verdict": verdict, "seconds": seconds}) + "\n")
            sys.stdout.flush()


def try_changes(workers, changes, timeout, record):
    """Tries each change and records what became of it."""
    of = len(record.verdicts) + len(changes)
    stop = threading.Event()

    def attempt(worker, group):
        if stop.is_set():
            return
        if fault := fault_unchanged(worker, group):
            record.faults.append(fault)
            for change in group:
                record.add(change, "error: its tests do not pass unchanged", 0.0, of)
            return
        for change in group:
            if stop.is_set():
                return
            result = worker.run(["-x", *selection(change)], timeout, change)
            record.add(change, judge(result), result["seconds"], of, result["log"])

    _share(workers, groups(changes), attempt, stop)


def _share(workers, items, function, stop):
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
    try:
        for thread in threads:
            thread.join()
    finally:
        stop.set()  # interrupted, each worker finishes what it has in hand
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def summary(verdicts):
    """The final table and the survivors as text, and whether enough was caught."""
    lines = ["", f"{'package':<16}{'caught':>8}{'survived':>10}{'of':>6}{'seconds':>9}"]

    def line(name, of):
        words = [verdicts[change][0] for change in of]
        caught = sum(word.startswith("caught") for word in words)
        seconds = sum(verdicts[change][1] for change in of)
        lines.append(
            f"{name:<16}{caught:>8}{words.count('survived'):>10}{len(of):>6}{seconds:>9.1f}"
        )
        return caught

    for package in sorted({change.package for change in verdicts}):
        line(package, [change for change in verdicts if change.package == package])
    caught = line("all", list(verdicts))
    for change, (verdict, _) in verdicts.items():
        if verdict != "caught":
            lines.append(f"{verdict}: {change.where}: {change.why}")
    return "\n".join(lines), caught >= NEEDED * len(verdicts)


def main(arguments=None, root=ROOT, folder=CHANGES, preloaded=PRELOADED):
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], metavar="PACKAGE")
    parser.add_argument("--match", default="", metavar="TEXT", help="only changes that hold TEXT")
    parser.add_argument("--sample", type=int, metavar="N", help="only N changes, at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument(
        "--record", type=pathlib.Path, metavar="FILE", help="keep the verdicts there, and go on"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--timeout", type=float, default=180, help="seconds for a change (180)")
    parser.add_argument("--list", action="store_true", help="print the changes and end")
    options = parser.parse_args(arguments)
    try:
        changes = read_table(root, folder, options.only)
        changes = [one for one in changes if options.match in f"{one.where} {one.why} {one.after}"]
        if options.sample is not None:
            changes = sample(changes, options.sample, options.seed)
        if not changes:
            raise TableError("no change is selected; see --list")
        if options.list:
            for change in changes:
                print(f"{change.package}: {change.where}: {change.why}")
            print(f"{len(changes)} changes")
            return 0
        begin, interrupted = time.monotonic(), False
        record = Record(root, options.record)
        left = record.load(changes)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mutation-"))
            workers = []
            for number in range(min(options.jobs, len(left))):
                place = pathlib.Path(folder, str(number))
                place.mkdir()
                workers.append(Worker(root, place, preloaded, pathlib.Path(folder, "programs")))
                stack.callback(workers[-1].close)
            try:
                try_changes(workers, left, options.timeout, record)
            except KeyboardInterrupt:
                interrupted = True
    except TableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text, enough = summary(record.verdicts)
    print(f"{text}\n{time.monotonic() - begin:.0f} s")
    for fault in record.faults:
        print(f"error: {fault}", file=sys.stderr)
    if interrupted:
        print(f"interrupted: {len(record.verdicts)} of {len(changes)} were tried", file=sys.stderr)
        return 130
    if any(verdict.startswith("error") for verdict, _ in record.verdicts.values()):
        return 2
    return 0 if enough else 1


def _interrupt(number, frame):
    raise KeyboardInterrupt


if __name__ == "__main__":
    # Ended by SIGTERM, too, it prints what it knows, and the copies of the tree are removed.
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
