"""What many files, packed images and images of many sizes cost: a start, a pass, an epoch.

    python tuner/scale.py                      # a quarter of an hour and 6 GB of disk
    python tuner/scale.py --only packed sizes  # two minutes
    python tuner/scale.py --smoke

Many files: 1,280,000 small JPEG files in 1,000 class folders, as many as ImageNet has. A first
process lists them and keeps an index; a second one, which is measured, starts from that index and
begins two passes. Packed: photographs of 500 x 375 pixels are brought to 224 x 224 from their files
and from a pack, epoch after epoch. Sizes: 1,000 images of 1,000 sizes go through a policy and a
random resized crop, and as many of one size; XLA's compilations are counted.
"""

import argparse
import io
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image

RESULT = pathlib.Path(__file__).parent / "results" / "scale.json"
PARTS = ("files", "packed", "sizes")
CLASSES = 1000


def write_files(folder, count):
    """Writes JPEG files of 32 x 32 pixels, each another by a number in a comment."""
    pixels = np.add.outer(np.arange(32), np.arange(32))[..., None] * np.array([4, 2, 1])
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype("uint8")).save(buffer, "JPEG")
    start, rest = buffer.getvalue()[:2], buffer.getvalue()[2:]
    for label in range(min(CLASSES, count // 2)):
        place = folder / f"class_{label:04d}"
        place.mkdir(parents=True)
        for number in range(label, count, min(CLASSES, count // 2)):
            comment = b"\xff\xfe" + (10).to_bytes(2, "big") + number.to_bytes(8, "big")
            (place / f"{number:07d}.jpg").write_bytes(start + comment + rest)


def begin(folder):
    """Starts from a folder and begins two passes: what a process that trains does first."""
    from keras_cv_extras import data, policy  # what its import costs is not measured

    began = time.perf_counter()
    files = data.image_files(folder, 32)
    start = time.perf_counter() - began
    train = data.pipeline(files.train, 128, policy.rand_augment(1, ops=("rotate", "cutout")))
    passes = []
    for _ in range(3):
        began = time.perf_counter()
        next(iter(train))
        passes.append(time.perf_counter() - began)
    return {
        "files": len(files.train) + len(files.test),
        "seconds_to_start": round(start, 2),
        "seconds_to_first_batch_of_passes": [round(seconds, 3) for seconds in passes],
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def many_files(folder, count):
    """Measures two processes, one after the other."""
    if not folder.exists():
        began = time.perf_counter()
        write_files(folder, count)
        print(f"wrote {count:,} files in {time.perf_counter() - began:.0f} s", flush=True)
    found = {}
    with tempfile.TemporaryDirectory() as cache:
        for name in ("first", "second"):
            command = [sys.executable, __file__, "--begin", str(folder)]
            environment = {**os.environ, "XDG_CACHE_HOME": cache}
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            found[name] = json.loads(done.stdout.splitlines()[-1])
            print(f"{name} start", json.dumps(found[name]), flush=True)
    return found


def packed(smoke):
    """Compares epochs from files and from packs of them, in turns."""
    from keras_cv_extras import data
    from keras_cv_extras.bench import _input_peers

    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        _input_peers.photograph_files(place / "files")
        ways = {"files": data.image_files(place / "files", 224).train}
        for form, size in (("jpeg", 256), ("pixels", 224)):
            data.pack(place / "files", place / form, size, form=form)
            ways[form] = data.image_files(place / form, 224).train
        rates = {name: [] for name in ways}
        for turn in range(2 if smoke else 6):
            for name, part in ways.items():
                part = part.subset(np.tile(np.arange(len(part)), 2 if smoke else 20))
                batches = iter(data.pipeline(part, 32))
                next(batches)
                began, count = time.perf_counter(), 0
                for images, _ in batches:
                    count += len(images)
                if turn:  # the first epoch also compiles
                    rates[name].append(count / (time.perf_counter() - began))
    found = {name: round(statistics.median(turns)) for name, turns in rates.items()}
    ratios = {
        f"{form}_times_files": round(found[form] / found["files"], 2) for form in ("jpeg", "pixels")
    }
    return {"images_per_second": found, **ratios}


def sizes(count):
    """Augments images of as many sizes as there are, and as many of one size, in processes."""
    found = {}
    for name in ("one size", "many sizes"):
        with tempfile.TemporaryDirectory() as dump:
            flags = f"--xla_dump_to={dump} --xla_dump_hlo_as_text"
            command = [sys.executable, __file__, "--augment", name, "--count", str(count)]
            environment = {**os.environ, "XLA_FLAGS": flags}
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            compiled = len(list(pathlib.Path(dump).glob("*before_optimizations.txt")))
            found[name] = {**json.loads(done.stdout.splitlines()[-1]), "compilations": compiled}
            print(name, json.dumps(found[name]), flush=True)
    both = [found[name]["seconds"] for name in ("many sizes", "one size")]
    return {**found, "times_one_size": round(both[0] / both[1], 2)}


def augment(name, count):
    """Runs a policy and a random resized crop on images, one by one."""
    from keras_cv_extras import layers, policy

    rng = np.random.default_rng(0)
    chosen = policy.rand_augment(2, ops=("rotate", "color", "posterize", "brightness"))
    crop = layers.RandomResizedCrop(224, seed=1)
    shapes = [(300 + n % 200, 300 + 7 * n % 331, 3) for n in range(count)]
    if name == "one size":
        shapes = [(400, 465, 3)] * count
    images = [rng.integers(0, 256, shape, "uint8") for shape in shapes]
    began = time.perf_counter()
    for number, image in enumerate(images):
        crop(chosen(image[None], seed=1, epoch=0, samples=[number]), training=True)
    return {
        "sizes": len(set(shapes)),
        "images": count,
        "seconds": round(time.perf_counter() - began, 2),
    }


def main():
    """Measures what is asked for, and keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--files", type=int, default=1_280_000, help="how many files there are")
    parser.add_argument("--folder", type=pathlib.Path, help="where to put them, to be used again")
    parser.add_argument("--smoke", action="store_true", help="few of everything, nothing kept")
    parser.add_argument("--begin", help=argparse.SUPPRESS)
    parser.add_argument("--augment", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=1000, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.begin:
        print(json.dumps(begin(options.begin)))
        return
    if options.augment:
        print(json.dumps(augment(options.augment, options.count)))
        return
    found = {}
    if not options.smoke and RESULT.exists():
        found = json.loads(RESULT.read_text("utf-8"))
    for part in options.only:
        if part == "files":
            with tempfile.TemporaryDirectory() as folder:
                place = options.folder or pathlib.Path(folder, "files")
                found[part] = many_files(place, 20 if options.smoke else options.files)
        elif part == "packed":
            found[part] = packed(options.smoke)
        else:
            found[part] = sizes(6 if options.smoke else 1000)
        print(part, json.dumps(found[part]), flush=True)
    if options.smoke:
        return
    found["command"] = "python tuner/scale.py"
    found["machine"] = f"{os.cpu_count()} CPU cores, {platform.system()}"
    RESULT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
