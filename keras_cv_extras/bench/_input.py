"""From JPEG files to batches to train with: this library, Keras, torch and DALI side by side."""

import statistics
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras._base.text.terminal import Terminal, table
from keras_cv_extras._base.types import Path
from keras_cv_extras.bench import _input_peers, _measure

INPUT = "input:"


def run_input(
    size: int = 224,
    batch_size: int = 64,
    cores: Any = (1, "all"),
    peers: Any | None = None,
    seconds: float = 3.0,
    output: Path | None = None,
    *,
    repeats: int = 5,
    crop: str = "center",
    side: int = _input_peers.SIDE,
) -> list[dict[str, Any]]:
    """Measures pipelines from JPEG files: decode, crop and resize, RandAugment, mixup, batch.

    Every contestant runs in a process of its own, on the same cores and the same files, by default
    of some 500 x 375 pixels. Contestants take turns, and are compared within a turn.

    Args:
        size: height and width that images are brought to; at most 427.
        batch_size: images in a batch.
        cores: how many cores to use; each a number or "all".
        peers: "own, reduced" (this library with `jpeg="reduced"`), "keras", "torch" and "dali", or
            some of them; None for all. One that is not installed is reported as such.
        seconds: the least time of one measurement.
        output: None, or the path of a JSON file for the rows, the machine and the settings.
        repeats: how many times each contestant is measured.
        crop: "center", or "random-resized" for a box of 8 to 100 % of the image, and a flip of
            half of the images.
        side: the longer side of the files' images in pixels; 4000 makes 12 megapixels.

    Returns:
        A dictionary for every contestant and number of cores: `contestant`, `version`, `cores`,
        `size`, `batch_size`, `crop`, `side`, `status`, `images_per_second` (the median),
        `per_core`, `turns`, and `ratio`: how many times as fast this library is.

    Raises:
        TypeError, ValueError: if an argument is not as above.
        RuntimeError: if this library itself fails.

    Example:
        >>> rows = run_input(32, 8, cores=(1,), peers=(), seconds=0.05, repeats=1)
    """
    _measure.batches_of((size,), {size: batch_size})
    names = ("own", *(_input_peers.NAMES[1:] if peers is None else peers))
    for name in names:
        checks.one_of("peer", name, _input_peers.NAMES)
    checks.integer("repeats", repeats, minimum=1)
    checks.positive("seconds", seconds)
    checks.one_of("crop", crop, _input_peers.CROPS)
    checks.integer("side", side, minimum=16)
    settings = []
    for setting in cores:
        cpus = _measure.chosen_cpus(setting)
        if cpus not in settings:
            settings.append(cpus)
    rows, console = [], Terminal()
    for cpus in settings:
        title = f"{size} x {size} pixels, cores: {len(cpus)}"
        console.print(title)
        with _measure.telling(console, title, len(names) * (2 + repeats)) as tell:
            rows += _run(names, crop, side, size, batch_size, cpus, seconds, repeats, tell)
    if output is not None:
        _measure.write_report(output, "input", rows, seconds=seconds, repeats=repeats)
    console.print(_table(rows))
    return rows


def _run(names, crop, side, size, batch_size, cpus, seconds, repeats, tell):
    contestants = {name: f"{INPUT}{name}:{crop}:{side}" for name in names}
    processes, rows, started = {}, {}, []
    try:
        for name in names:
            processes[name] = _measure.Measured(size, batch_size, cpus)
            row = {"contestant": name, "version": None, "cores": len(cpus), "size": size}
            row |= {"batch_size": batch_size, "crop": crop, "side": side}
            row |= {"status": "measured", "images_per_second": None}
            rows[name] = {**row, "per_core": None, "turns": None, "ratio": None}
            answer = processes[name].ask("attempt", name=contestants[name])
            if "missing" in answer:
                rows[name]["status"] = "not installed"
            elif "failed" in answer:
                rows[name]["status"] = f"failed: {answer['failed']}"
            else:
                rows[name]["version"] = answer["version"]
                started.append((processes[name], contestants[name]))
            tell(f"{name}: {rows[name]['status'].replace('measured', 'begins')}")
        if rows["own"]["status"] != "measured":
            raise RuntimeError(f"this library {rows['own']['status']}")
        turns = _measure.take_turns(started, seconds, repeats, tell)
    finally:
        for process in processes.values():
            process.close()
    for name, row in rows.items():
        rates = turns.get(contestants[name])
        if rates is None:
            continue
        row["turns"], row["images_per_second"] = rates, statistics.median(rates)
        row["per_core"] = row["images_per_second"] / len(cpus)
        row["ratio"] = _measure.ratio(turns[contestants["own"]], rates)
    return list(rows.values())


def _table(rows):
    first = rows[0]
    title = f"JPEG files to batches of {first['batch_size']}, {first['size']} x {first['size']}, "
    title += f"{first['crop']} crop"
    made = table(title, "pipeline", "cores", "images/s", "per core", "this library is")
    for row in rows:
        name = f"{row['contestant']} {row['version'] or ''}"
        if row["status"] != "measured":
            made.add_row(name, str(row["cores"]), row["status"])
            continue
        rate = f"{row['images_per_second']:,.0f}"
        ratio = f"{row['ratio']:.3g} x as fast"
        made.add_row(name, str(row["cores"]), rate, f"{row['per_core']:,.0f}", ratio)
    return made
