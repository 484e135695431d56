"""Starts measured processes, and lets them take turns."""

import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time

from rich.progress import Progress

from keras_cv_extras import __version__
from keras_cv_extras._base import checks, files, supervise
from keras_cv_extras._base.owned import written
from keras_cv_extras.bench._images import LARGEST

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Measured:
    """A process that holds contestants, pinned to cores.

    Args:
        size: height and width of its images.
        batch_size: how many of them make a batch.
        cpus: numbers of the cores it may use.
    """

    def __init__(self, size, batch_size, cpus):
        job = {"size": size, "batch_size": batch_size, "cpus": cpus}
        # Open for as long as the process runs; a pipe that nobody reads would stop it.
        self._errors = supervise.file_in_memory()
        environment = {
            **os.environ,
            **{name: str(len(cpus)) for name in _THREADS},
            "CUDA_VISIBLE_DEVICES": "-1",  # this is about processors
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "KERAS_BACKEND": "tensorflow",
            "NO_ALBUMENTATIONS_UPDATE": "1",  # it asks the network at import otherwise
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keras_cv_extras.bench._worker", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        assert self._process.stdin is not None  # both are pipes
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def send(self, do, **arguments):
        """Sends a command and does not wait for its answer."""
        with contextlib.suppress(BrokenPipeError):  # it has ended: `receive` says why
            self._stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._stdin.flush()

    def receive(self):
        """Returns the answer to a command; raises if the process has ended."""
        line = self._stdout.readline()
        if line:
            return json.loads(line)
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").splitlines()
        said = [text for text in lines if text.strip()]
        raise RuntimeError(said[-1] if said else f"the process ended with code {code}")

    def ask(self, do, **arguments):
        """Sends a command and returns its answer."""
        self.send(do, **arguments)
        return self.receive()

    def close(self):
        """Ends the process."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for stream in (self._stdin, self._stdout, self._errors):
            with contextlib.suppress(BrokenPipeError):  # a command that it did not read
                stream.close()


@contextlib.contextmanager
def telling(console, description, total):
    """Gives a function to call at every step, with a line to print or without.

    Lines say what is known so far; on a terminal a bar is below them, which goes away at the end.

    Args:
        console: a `rich.console.Console`.
        description: what stands beside the bar.
        total: how many steps there are.
    """
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(description, total=total)

        def tell(line=None):
            if line is not None:
                console.print(line, highlight=False, soft_wrap=True)
            progress.advance(task)

        yield tell


def silent(line=None):
    """Takes the place of what `telling` gives, where nobody looks."""


def take_turns(contestants, seconds, repeats, tell=silent):
    """Measures contestants in turns, so that a machine that slows down slows all of them.

    Args:
        contestants: pairs of a `Measured` and the name of a contestant that it has started.
        seconds: the least time of one measurement.
        repeats: how many times each is measured.
        tell: a function to call after every measurement, the first time with a line.

    Returns:
        For each contestant the images per second of each of its turns.
    """
    for process, name in contestants:  # caches, and threads that start when first needed
        answer = process.ask("measure", name=name, seconds=min(seconds, 0.5))
        tell(f"{name}: {answer['images'] / answer['seconds']:,.0f} images/s so far")
    rates = {name: [] for _, name in contestants}
    for turn in range(repeats):
        for process, name in contestants[:: -1 if turn % 2 else 1]:
            answer = process.ask("measure", name=name, seconds=seconds)
            rates[name].append(answer["images"] / answer["seconds"])
            tell()
    return rates


def ratio(rates, others):
    """Returns the median ratio of rates that were measured in the same turns."""
    return statistics.median(a / b for a, b in zip(rates, others, strict=True))


def available_cpus():
    """Returns the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def chosen_cpus(cores):
    """Returns the cores for a setting: a number of them, or "all"."""
    cpus = available_cpus()
    if cores == "all":
        return cpus
    if checks.integer("cores", cores, minimum=1) > len(cpus):
        raise ValueError(f"cores must be at most {len(cpus)} on this machine, received {cores}")
    return cpus[:cores]


def batches_of(sizes, batch_sizes):
    """Returns a dictionary of sizes and images per batch; raises if one of them is impossible."""
    sizes = tuple(sizes)
    if not sizes:
        raise ValueError("sizes must hold at least one size in pixels, received none")
    batches = {}
    for size in sizes:
        if checks.integer("size", size, minimum=1) > LARGEST:
            raise ValueError(
                f"size must be at most {LARGEST}, the height of the photographs, received {size}"
            )
        if batch_sizes is None:
            batches[size] = 256 if size <= 64 else 64
        elif size in batch_sizes:
            batches[size] = checks.integer("batch size", batch_sizes[size], minimum=1)
        else:
            raise ValueError(f"batch_sizes must name one for size {size}, received {batch_sizes}")
    return batches


def write_report(path, benchmark, rows, **settings):
    """Writes rows with what is needed to read them later: machine, versions, settings."""
    report = {
        "format": "keras_cv_extras.bench",
        "format_version": 1,
        "benchmark": benchmark,
        "version": __version__,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "cores": len(available_cpus()),
        **settings,
        "rows": rows,
    }
    files.write_json(path, report, written.is_ours)


def processor():
    """Returns the processor's name, as far as the system tells."""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
