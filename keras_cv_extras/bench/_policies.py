"""RandAugment of this library and of others, side by side."""

import statistics
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.text.terminal import Terminal, table
from keras_cv_extras._base.types import Path
from keras_cv_extras.bench import _measure

#: What this library is measured with; the first is what the others are compared with. The plain
#: copy of a batch is the floor: no augmentation in a pipeline can be faster.
OWN: tuple[str, ...] = ("rand_augment", "flip_crop_rand_cutout", "copy")

#: Libraries with a RandAugment, or with the ops to make one.
PEERS: tuple[str, ...] = ("keras", "torchvision", "albumentations", "timm")


def run_policies(
    sizes: Any = (224, 32),
    batch_sizes: Any | None = None,
    cores: Any = (1, "all"),
    peers: Any | None = None,
    seconds: float = 2.0,
    output: Path | None = None,
    *,
    repeats: int = 5,
) -> list[dict[str, Any]]:
    """Measures RandAugment with two ops: images per second, beside other libraries.

    Every contestant runs in a process of its own, pinned to the same cores, on the same
    photographs. Contestants take turns, and are compared within a turn, so that a machine that
    slows down slows all of them. What is known so far is printed as it comes, tables at the end.

    Args:
        sizes: heights, which are also widths, in pixels; at most 427.
        batch_sizes: for every size the images per batch; None for 256 up to 64 pixels, and 64
            above.
        cores: how many cores to use; each a number or "all".
        peers: names of `PEERS`; None for all. One that is not installed is reported as such.
        seconds: the least time of one measurement.
        output: None, or the path of a JSON file for the rows, the machine and the settings.
        repeats: how many times each contestant is measured.

    Returns:
        A dictionary for every contestant, size and number of cores, with `contestant`,
        `version`, `size`, `batch_size`, `cores`, `status` ("measured", "not installed" or why it
        failed), `images_per_second` (the median), `turns` (all of them),
        `first_batch_seconds` (compilation included), `ratio` (how many times as fast
        `rand_augment` is: the median over turns). The last four are None if not measured.

    Raises:
        TypeError, ValueError: if an argument is not as above.
        RuntimeError: if this library itself fails.

    Example:
        >>> rows = run_policies((32,), cores=(1,), peers=(), seconds=0.05, repeats=1)
    """
    batches = _measure.batches_of(sizes, batch_sizes)
    peers = PEERS if peers is None else tuple(peers)
    for peer in peers:
        checks.one_of("peer", peer, PEERS)
    repeats = checks.integer("repeats", repeats, minimum=1)
    seconds = checks.number("seconds", seconds)
    settings = []  # on a machine of one core, 1 and "all" are the same
    for setting in cores:
        cpus = _measure.chosen_cpus(setting)
        if cpus not in settings:
            settings.append(cpus)
    rows = []
    console = Terminal()
    for size, batch in batches.items():
        for cpus in settings:
            names, title = OWN + peers, f"{size} x {size} pixels, cores: {len(cpus)}"
            console.print(title)
            with _measure.telling(console, title, len(names) * (2 + repeats)) as tell:
                rows += _run(names, size, batch, cpus, seconds, repeats, tell)
    if output is not None:
        _measure.write_report(output, "policies", rows, seconds=seconds, repeats=repeats)
    for each in _tables(rows):
        console.print(each)
    return rows


def _run(names, size, batch_size, cpus, seconds, repeats, tell):
    """Measures contestants of one size on the same cores."""
    processes, rows = {}, {}
    try:
        for name in names:
            processes[name] = _measure.Measured(size, batch_size, cpus)
            processes[name].send("load", name=name)
        for name in names:
            rows[name] = {
                "contestant": name,
                "version": None,
                "size": size,
                "batch_size": batch_size,
                "cores": len(cpus),
                "status": "measured",
                "images_per_second": None,
                "turns": None,
                "first_batch_seconds": None,
                "ratio": None,
            }
            rows[name].update(_loaded(name, processes[name]))
        started = []
        for name in names:
            if rows[name]["status"] == "measured":
                rows[name].update(_started(name, processes[name]))
            if rows[name]["status"] == "measured":
                started.append((processes[name], name))
            tell(_first_line(rows[name]))
        turns = _measure.take_turns(started, seconds, repeats, tell)
    finally:
        for process in processes.values():
            process.close()
    for name, rates in turns.items():
        rows[name]["turns"] = rates
        rows[name]["images_per_second"] = statistics.median(rates)
        rows[name]["ratio"] = _measure.ratio(turns[OWN[0]], rates)
    return list(rows.values())


def _first_line(row):
    first = row["first_batch_seconds"]
    return f"{row['contestant']}: " + (
        row["status"] if first is None else f"began in {first:.1f} s"
    )


def _loaded(name, process):
    return _answer(
        name,
        process.receive,
        lambda answer: (
            {"status": "not installed"} if "missing" in answer else {"version": answer["version"]}
        ),
    )


def _started(name, process):
    return _answer(
        name,
        lambda: process.ask("start", name=name),
        lambda answer: {"first_batch_seconds": answer["seconds"]},
    )


def _answer(name, ask, fields):
    """Returns fields of a row; another library that fails is reported, ours is an error."""
    try:
        return fields(ask())
    except RuntimeError as error:
        if name in OWN:
            raise RuntimeError(f"{name} failed: {error}") from error
        return {"status": f"failed: {error}"}


def _tables(rows):
    """Gives a table for every size and number of cores."""
    for size, cores in dict.fromkeys((row["size"], row["cores"]) for row in rows):
        title = f"Two ops per image, {size} x {size}, cores: {cores}"
        columns = ("contestant", "images/s", "spread", "first batch", "rand_augment is")
        made = table(title, *columns)
        for row in rows:
            if (row["size"], row["cores"]) == (size, cores):
                made.add_row(*_cells(row))
        yield made


def _cells(row):
    own = row["contestant"] in OWN
    name = row["contestant"] if own else f"{row['contestant']} {row['version'] or ''}"
    if row["status"] != "measured":
        return name, row["status"]
    rate, turns = row["images_per_second"], row["turns"]
    return (
        name,
        f"{rate:,.0f}",
        f"{(max(turns) - min(turns)) / rate:.0%}",
        f"{row['first_batch_seconds']:.1f} s",
        f"{row['ratio']:.3g} x as fast",
    )
