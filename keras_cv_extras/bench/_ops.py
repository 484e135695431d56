"""Every op's time per image, beside a plain copy."""

import statistics

from rich.console import Console
from rich.table import Table

from keras_cv_extras import _checks
from keras_cv_extras.bench import _measure
from keras_cv_extras.bench._policies import BATCH_SIZES


def run_ops(
    sizes=(224, 32),
    batch_sizes=None,
    ops=None,
    seconds: float = 0.5,
    output=None,
    *,
    cores=1,
    repeats: int = 5,
) -> list[dict]:
    """Measures every op at strength 0.5, as a policy of one step inside a `tf.function`.

    All ops of a size take turns in one process, with a plain copy of the batch among them. A
    table, slowest first, is printed at the end.

    Args:
        sizes: heights, which are also widths, in pixels; at most 427.
        batch_sizes: for every size the images per batch; None for 64 at 224, 256 at 32.
        ops: names of `augment.OPS`; None for all.
        seconds: the least time of one measurement.
        output: None, or the path of a JSON file for the rows, the machine and the settings.
        cores: how many cores the process may use, a number or "all". One call of a policy uses
            little more than one.
        repeats: how many times each op is measured.

    Returns:
        A dictionary for every op and size with `op`, `size`, `batch_size`, `cores`,
        `microseconds_per_image` (the median), `images_per_second`, `copies` (how many times as
        long as the plain copy: the median over turns), `first_call_seconds` (compilation
        included; ops may share a program). The row of the copy has `op` "copy".

    Raises:
        TypeError, ValueError: if an argument is not as above.
        RuntimeError: if an op fails.
    """
    from keras_cv_extras.augment import OPS

    batch_sizes = BATCH_SIZES if batch_sizes is None else dict(batch_sizes)
    sizes = _measure.check_sizes(sizes, batch_sizes)
    ops = tuple(OPS) if ops is None else tuple(ops)
    for op in ops:
        _checks.one_of("op", op, sorted(OPS))
    repeats = _checks.integer("repeats", repeats, minimum=1)
    seconds = _checks.number("seconds", seconds)
    cpus = _measure.chosen_cpus(cores)
    rows = []
    console = Console()
    for size in sizes:
        with console.status(f"{size} x {size} pixels, {len(ops)} ops"):
            rows += _run(("copy", *ops), size, batch_sizes[size], cpus, seconds, repeats)
    if output is not None:
        _measure.write_report(output, "ops", rows, seconds=seconds, repeats=repeats)
    console.print(_table(rows))
    return rows


def _run(ops, size, batch_size, cpus, seconds, repeats):
    names = [f"op:{op}" for op in ops]
    first = {}
    process = _measure.Measured(size, batch_size, cpus)
    try:
        for name in names:
            process.ask("load", name=name)
            first[name] = process.ask("start", name=name)["seconds"]
        turns = _measure.take_turns([(process, name) for name in names], seconds, repeats)
    finally:
        process.close()
    rows = []
    for op, name in zip(ops, names, strict=True):
        rate = statistics.median(turns[name])
        rows.append(
            {
                "op": op,
                "size": size,
                "batch_size": batch_size,
                "cores": len(cpus),
                "microseconds_per_image": 1e6 / rate,
                "images_per_second": rate,
                "copies": _measure.ratio(turns[names[0]], turns[name]),
                "first_call_seconds": first[name],
            }
        )
    return rows


def _table(rows):
    cores = sorted({row["cores"] for row in rows})
    table = Table(title=f"One op per image, cores: {', '.join(map(str, cores))}")
    table.add_column("size")
    table.add_column("op")
    for title in ("µs per image", "images/s", "plain copies", "first call"):
        table.add_column(title, justify="right")
    for size in dict.fromkeys(row["size"] for row in rows):
        own = [row for row in rows if row["size"] == size]
        for row in sorted(own, key=lambda row: -row["microseconds_per_image"]):
            table.add_row(
                str(size),
                row["op"],
                f"{row['microseconds_per_image']:.2f}",
                f"{row['images_per_second']:,.0f}",
                f"{row['copies']:.1f}",
                f"{row['first_call_seconds']:.1f} s",
            )
        table.add_section()
    return table
