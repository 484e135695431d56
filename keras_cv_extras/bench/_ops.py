"""Every op's time per image, beside a plain copy and the same op of other libraries."""

import statistics
from typing import Any

from rich.progress import track

from keras_cv_extras._base import checks
from keras_cv_extras._base.text.terminal import Terminal, table
from keras_cv_extras._base.types import Path
from keras_cv_extras.bench import _measure
from keras_cv_extras.bench._mixes import MIXES

#: Libraries whose ops can be measured beside those of this one, see `_peer_ops`.
OP_PEERS: tuple[str, ...] = ("keras", "torchvision", "albumentations", "kornia")

_COPY = "op:copy"


def run_ops(
    sizes: Any = (224, 32),
    batch_sizes: Any | None = None,
    ops: Any | None = None,
    seconds: float = 0.2,
    output: Path | None = None,
    *,
    peers: Any = OP_PEERS,
    repeats: int = 5,
) -> list[dict[str, Any]]:
    """Measures every op and mix on one core, beside those of other libraries.

    An op of this library is a policy of one step and of strength 0.5 inside a `tf.function`, a
    mix mixes every image and the rows of labels. Every library has a
    process of its own, pinned to the same core. For each op the libraries and a plain copy of
    the batch take turns, and are compared within a turn, so that a machine that slows down
    slows all of them. A table, slowest op first, is printed at the end.

    Args:
        sizes: heights, which are also widths, in pixels; at most 427.
        batch_sizes: for every size the images per batch; None for 256 up to 64 pixels, and 64
            above.
        ops: names of `augment.OPS` or of `MIXES`; None for all.
        seconds: the least time of one measurement.
        output: None, or the path of a JSON file for the rows, the machine and the settings.
        peers: names of `OP_PEERS`. One that is not installed is left out.
        repeats: how many times each op is measured.

    Returns:
        A dictionary for every op and size with `op`, `size`, `batch_size`,
        `microseconds_per_image` (the median), `images_per_second`, `copies` (how many times as
        long as the plain copy: the median over turns), `first_call_seconds` (compilation
        included; ops may share a program), and `peers`: for each library that has the op a
        dictionary with `version`, `images_per_second` and `ratio` (how many times as fast this
        library is: the median over turns), or with `failed`, its error. The row of the copy has
        `op` "copy".

    Raises:
        TypeError, ValueError: if an argument is not as above.
        RuntimeError: if an op of this library fails.

    Example:
        >>> rows = run_ops((32,), ops=["rotate"], seconds=0.01, peers=(), repeats=1)
    """
    from keras_cv_extras.augment import OPS

    batches = _measure.batches_of(sizes, batch_sizes)
    known = (*OPS, *MIXES)
    ops = known if ops is None else tuple(ops)
    for op in ops:
        checks.one_of("op", op, sorted(known))
    for peer in peers:
        checks.one_of("peer", peer, OP_PEERS)
    repeats = checks.integer("repeats", repeats, minimum=1)
    seconds = checks.number("seconds", seconds)
    rows = []
    for size, batch in batches.items():
        rows += _run(("copy", *ops), tuple(peers), size, batch, seconds, repeats)
    if output is not None:
        _measure.write_report(output, "ops", rows, seconds=seconds, repeats=repeats)
    Terminal().print(_table(rows))
    return rows


def _run(ops, peers, size, batch_size, seconds, repeats):
    cpus = _measure.chosen_cpus(1)
    processes, rows = {}, []
    try:
        for library in ("op", *peers):
            processes[library] = _measure.Measured(size, batch_size, cpus)
        _start(processes["op"], _COPY)
        for op in track(ops, f"{size} x {size} pixels, {len(ops)} ops", transient=True):
            rows.append(_row(op, processes, size, batch_size, seconds, repeats))
    finally:
        for process in processes.values():
            process.close()
    return rows


def _start(process, name):
    process.ask("load", name=name)
    return process.ask("start", name=name)["seconds"]


def _row(op, processes, size, batch_size, seconds, repeats):
    own = processes["op"]
    name = f"op:{op}"
    first = _start(own, name)
    running, peers = [(own, name)], {}
    for library, process in processes.items():
        if library == "op" or op == "copy":
            continue
        answer = process.ask("attempt", name=f"{library}:{op}")
        if "failed" in answer:
            peers[library] = {"failed": answer["failed"]}
        elif "missing" not in answer:
            peers[library] = {"version": answer["version"]}
            running.append((process, f"{library}:{op}"))
    if op != "copy":
        running.append((own, _COPY))
    turns = _measure.take_turns(running, seconds, repeats)
    for _, peer in running[1:]:
        if peer != _COPY:
            peers[peer.partition(":")[0]].update(
                images_per_second=statistics.median(turns[peer]),
                ratio=_measure.ratio(turns[name], turns[peer]),
            )
    rate = statistics.median(turns[name])
    return {
        "op": op,
        "size": size,
        "batch_size": batch_size,
        "microseconds_per_image": 1e6 / rate,
        "images_per_second": rate,
        "copies": _measure.ratio(turns[_COPY], turns[name]),
        "first_call_seconds": first,
        "peers": peers,
    }


def _table(rows):
    libraries = [name for name in OP_PEERS if any(name in row["peers"] for row in rows)]
    title = "One op per image on one core; how many times as fast as others"
    heads = ("size", "op", "µs per image", "plain copies", "first call", *libraries)
    made = table(title, *heads, names=2)
    for size in dict.fromkeys(row["size"] for row in rows):
        own = [row for row in rows if row["size"] == size]
        for row in sorted(own, key=lambda row: -row["microseconds_per_image"]):
            made.add_row(
                str(size),
                row["op"],
                f"{row['microseconds_per_image']:.2f}",
                f"{row['copies']:.1f}",
                f"{row['first_call_seconds']:.1f} s",
                *(_ratio(row["peers"].get(name)) for name in libraries),
            )
        made.add_section()
    return made


def _ratio(peer):
    if peer is None:
        return ""
    return "failed" if "failed" in peer else f"{peer['ratio']:.3g} x"
