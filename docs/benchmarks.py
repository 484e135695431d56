"""Writes docs/benchmarks.md from the results of `kcx bench`.

kcx bench ops --output docs/results/ops.json
kcx bench losses --output docs/results/losses.json
python docs/benchmarks.py
"""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent
PEERS = ("keras", "torchvision", "albumentations", "kornia")


def text() -> str:
    """Returns the page."""
    reports = [_read(path.stem) for path in sorted((FOLDER / "results").glob("ops-*.json"))]
    losses, pooling = _read("losses"), _read("pooling")
    parts = [
        "# Benchmarks\n",
        "How fast input, ops, losses and pooling layers are, compared with other libraries. A "
        "ratio above 1 means that this library is faster. All contestants of a row took turns in "
        "one run, on one core unless the table says otherwise, and a ratio is the median over the "
        "turns. Trust the ratios more than the absolute numbers, which come from one shared "
        "machine. `python docs/benchmarks.py` writes this page from the results in "
        "`docs/results/`.\n\n"
        "```bash\npip install 'keras-cv-extras[bench]'\nkcx bench policies\n```\n",
        *_input_section(),
        *_accelerator_section(),
        "## Ops\n",
        f"`kcx bench ops --size SIZE --output docs/results/ops-SIZE.json`, "
        f"{_machine(reports[0])}. The images are batches of photographs, uint8; every image gets "
        "the op at strength 0.5. Keras and this library run inside a `tf.function`; torchvision "
        "works on Pillow images and Albumentations on arrays, one by one; Kornia works on a batch "
        'of float tensors. The column "plain copies" is the time divided by that of copying the '
        "image. The columns of other libraries are their time divided by ours.\n",
    ]
    for report in sorted(reports, key=lambda report: report["rows"][0]["size"]):
        parts.append(_ops_table(report["rows"]))
    parts += [
        "## Losses\n",
        f"`kcx bench losses --output docs/results/losses.json`, {_machine(losses)}. Times are of "
        "the loss and the gradient of 256 samples of 100 classes inside a `tf.function`, without "
        "XLA. The row `step` is the measurement without a loss.\n",
        _losses_table(losses["rows"]),
        "## Pooling\n",
        f"`kcx bench pooling --output docs/results/pooling.json`, {_machine(pooling)}. "
        "Times are of the forward and the backward pass of 32 maps of 28 x 28 x 32; the last "
        "columns compare them with Keras' max pooling, and with what a user would write in one "
        "line of TensorFlow.\n",
        _pooling_table(pooling["rows"]),
    ]
    return "\n".join(parts)


def summary(rows) -> dict:
    """Returns how many ops are shared with a library, and how many are at least as fast.

    Args:
        rows: rows of `kcx bench ops` of one size.
    """
    counts = {"shared": 0, "fastest": 0, "keras": 0, "keras_faster": []}
    for row in rows:
        ratios = {k: peer["ratio"] for k, peer in row["peers"].items() if "ratio" in peer}
        if not ratios:
            continue
        counts["shared"] += 1
        counts["fastest"] += min(ratios.values()) >= 1
        if "keras" in ratios:
            counts["keras"] += 1
            if ratios["keras"] < 1:
                counts["keras_faster"].append(row["op"])
    return counts


def _read(name):
    return json.loads(_result(name).read_text(encoding="utf-8"))


def _machine(report):
    return f"{report['processor']}, one core of {report['cores']}, {report['time'][:10]}"


_INPUTS = {  # the results, the options that made them, and what the files are
    "input": ("", "JPEG files of about 500 x 375 pixels, and the centre of each"),
    "input-random-resized": (
        " --crop random-resized",
        "JPEG files of about 500 x 375 pixels, of each a random box, half of them mirrored",
    ),
    "input-large": (
        " --crop random-resized --side 4000",
        "JPEG files of about 12 million pixels, of each a random box, half of them mirrored",
    ),
}


def _input_section():
    found = {name: _read(name) for name in _INPUTS if _result(name).exists()}
    if not found:
        return []
    lines = [
        "## Input\n",
        "JPEG files are read, decoded, cropped and resized to 224 x 224 with antialiasing, "
        "augmented with two ops of RandAugment, put into batches of 32 and mixed with mixup. Keras "
        "is a `tf.data` pipeline with its layers, its centres without antialiasing. Torch is "
        "`ImageFolder` with Pillow, transforms v2 and a DataLoader, with one process for each core "
        'if there are several. DALI runs on the processor. All but "this library, reduced" decode '
        "at full size, or the box that is wanted of it.\n",
    ]
    for name, report in found.items():
        options, what = _INPUTS[name]
        command = f"kcx bench input --batch-size 32{options} --output docs/results/{name}.json"
        machine = f"{report['processor']}, {report['cores']} cores, {report['time'][:10]}"
        lines += [
            f"{what} (`{command}`, {machine}):\n",
            _input_table(report["rows"]),
        ]
    return lines


def _result(name):
    return FOLDER / "results" / f"{name}.json"


def _input_table(rows):
    lines = [
        "| pipeline | cores | images/s | per core | speed of this library / speed of the row |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        name = row["contestant"].replace("own", "this library")
        if row["status"] == "measured":
            rates = f"{row['images_per_second']:,.0f} | {row['per_core']:,.0f}"
            lines.append(f"| {name} | {row['cores']} | {rates} | {row['ratio']:.3g} |")
    return "\n".join([*lines, ""])


def _accelerator_section():
    path = FOLDER.parent / "tuner" / "results" / "policy_throughput.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    lines = [
        "| contestant | size | batch | images/s | speed of our RandAugment / speed of the row |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in found["table"]:
        name = row["contestant"]
        name = f"this library, {name}" if "torch" not in name and "kornia" not in name else name
        cells = f"{row['size']} | {row['batch_size']} | {row['images_per_second']:,.0f}"
        lines.append(f"| {name} | {cells} | {row['ratio']:.3g} |")
    return [
        "## On an accelerator\n",
        f"`{found['command']}`, {found['device']}, {found.get('note', 'alone on it')}. Policies "
        "of two ops run on images in the memory of the accelerator. With one draw for a batch, all "
        "its images get the same two ops. **These numbers are of an older version**, which "
        "computed all ops for every image and kept one. The library now runs a batch in a few "
        "passes, whose speed on an accelerator has not been measured; "
        "`python tuner/accelerators.py` measures it.\n",
        "\n".join([*lines, ""]),
    ]


def _ops_table(rows):
    counts, size = summary(rows), rows[0]["size"]
    slower = ", ".join(counts["keras_faster"]) or "none"
    lines = [
        f"### {size} x {size}, batch {rows[0]['batch_size']}\n",
        f"{counts['shared']} of these ops also exist in another library; {counts['fastest']} of "
        "them are at least as fast here as in the fastest of the others. Keras has "
        f"{counts['keras']} of them. Slower here than in Keras: {slower}.\n",
        "| op | µs per image | plain copies | " + " | ".join(PEERS) + " |",
        "|---|---:|---:|" + "---:|" * len(PEERS),
    ]
    for row in sorted(rows, key=lambda row: row["op"]):
        ratios = " | ".join(_ratio(row["peers"].get(name)) for name in PEERS)
        time = f"{row['microseconds_per_image']:.2f}"
        lines.append(f"| {row['op']} | {time} | {row['copies']:.1f} | {ratios} |")
    failed = sorted(
        f"{name}'s {row['op']}"
        for row in rows
        for name, peer in row["peers"].items()
        if "failed" in peer
    )
    if failed:
        lines.append(f"\nThese failed when they were called: {', '.join(failed)}.")
    return "\n".join([*lines, ""])


def _ratio(peer):
    if peer is None:
        return ""
    return "failed" if "failed" in peer else f"{peer['ratio']:.3g}"


def _losses_table(rows):
    lines = ["| loss | µs per step | times as fast as Keras |", "|---|---:|---:|"]
    for row in rows:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        lines.append(f"| {row['loss']} | {row['microseconds']:.0f} | {ratio} |")
    return "\n".join([*lines, ""])


def _pooling_table(rows):
    lines = [
        "| layer | window | ms | time / max pooling | time / plain expression |",
        "|---|---|---:|---:|---:|",
    ]
    for row in rows:
        window = f"{row['pool_size']} x {row['pool_size']}, stride {row['strides']}"
        time = f"{row['milliseconds']:.2f}"
        plain = f"{row['plain_ratio']:.2f}" if row["plain_ratio"] else ""
        lines.append(f"| {row['layer']} | {window} | {time} | {row['ratio']:.1f} | {plain} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    (FOLDER / "benchmarks.md").write_text(text(), encoding="utf-8")
