"""What input costs at scale: many files, many sizes, packs, and boxes that are decoded.

    python tuner/input_scale.py --files 65000

Prints a row for each figure, and writes them with --output. All files are hard links to
photographs of scikit-image, which cost little space: `os.link` needs one file system.
"""

import argparse
import atexit
import glob
import io
import json
import os
import pathlib
import resource
import shutil
import tempfile
import time

FOLDER = tempfile.mkdtemp(prefix="kcx-input-scale-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
# A program that is found in a cache is not written, so that all compilations are counted.
os.environ["XLA_FLAGS"] = f"--xla_dump_to={FOLDER}/programs --xla_dump_hlo_as_text"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["XDG_CACHE_HOME"] = f"{FOLDER}/cache"

import numpy as np  # noqa: E402
import skimage.data  # noqa: E402
import tensorflow as tf  # noqa: E402
from PIL import Image  # noqa: E402

from keras_cv_extras import data, layers, policy  # noqa: E402

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")


def seconds(function):
    """Returns how long a call takes, and what it returns."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def linked(path, count, per_class=1000):
    """Makes a folder of links to photographs of 500 x 375, in classes of a thousand.

    Each class has files of its own to link to, which a comment tells apart: copies in two classes
    would be read and warned of, and a file system allows only so many links to a file.
    """
    photographs = []
    for name in PHOTOGRAPHS:
        buffer, image = io.BytesIO(), Image.fromarray(getattr(skimage.data, name)())
        image.resize((500, 375), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        photographs.append(buffer.getvalue())
    sources = path.parent / f"{path.name}-sources"
    sources.mkdir(parents=True)
    classes = max(2, -(-count // per_class))
    for number in range(classes):
        folder = path / f"class-{number:04d}"
        folder.mkdir(parents=True)
        own = []
        for place, photograph in enumerate(photographs):
            comment = f"class {number}".encode()
            comment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
            own.append(sources / f"{number}-{place}.jpg")
            own[-1].write_bytes(photograph[:2] + comment + photograph[2:])
        for link in range(number, count, classes):
            os.link(own[link // classes % len(own)], folder / f"{link:07d}.jpg")
    return path


def many_files(path, size):
    """Yields how long a folder takes to be listed, and a pass to begin."""
    yield "files: first start, s", seconds(lambda: data.image_files(path, size))[0]
    again, files = seconds(lambda: data.image_files(path, size))
    yield "files: second start, s", again
    for epoch in (0, 1):
        dataset = data.pipeline(files.train, 32, epoch=epoch)
        first, _ = seconds(lambda dataset=dataset: next(iter(dataset)))
        yield f"files: first batch of pass {epoch + 1}, s", first
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    yield "files: memory of the process, GiB", memory


def epochs(path, count, size, turns):
    """Yields images per second of a second epoch: decoded, with boxes, and from packs."""
    small = linked(path / "few", count, per_class=count)
    crop = data.RandomResizedCrop()
    data.pack(small, path / "pixels", size, form="pixels")
    data.pack(small, path / "jpeg", max(32, size * 8 // 7))
    contestants = {
        "decoded": data.image_files(small, size),
        "decoded, random box": data.image_files(small, size, crop=crop),
        "pack of JPEG, random box": data.image_files(path / "jpeg", size, crop=crop),
        "pack of pixels": data.image_files(path / "pixels", size),
        "pack of pixels, random box": data.image_files(path / "pixels", size, crop=crop),
    }
    sets = {name: data.pipeline(files.train, 32, seed=1) for name, files in contestants.items()}
    found = {name: [] for name in sets}
    for turn in range(turns):
        for name, dataset in sets.items():
            start = time.process_time()
            images = sum(int(labels.shape[0]) for _, labels in dataset)
            if turn:  # the first is the first epoch
                found[name].append((time.process_time() - start) / images)
    for name, costs in found.items():
        yield f"epoch, {name}: processor ms an image", 1000 * float(np.median(costs))


def many_sizes(count, size):
    """Yields what images of as many sizes cost, in a crop and a policy, and what is compiled."""
    rng = np.random.default_rng(0)
    sides = [(200 + number % 97, 210 + number) for number in range(count)]
    pixels = np.mean([height * width for height, width in sides])
    one = round(pixels**0.5)
    noise = rng.integers(0, 256, (300, 210 + count, 3), dtype="uint8")
    spec = tf.TensorSpec((None, None, 3), "uint8")
    for name, shapes in (("one size", [(one, one)] * count), ("a size each", sides)):
        stream = tf.data.Dataset.from_generator(
            lambda shapes=shapes: (np.resize(noise, (*shape, 3)) for shape in shapes),
            output_signature=spec,
        )
        if name == "one size":
            stream = stream.map(lambda image: tf.ensure_shape(image, (one, one, 3)))
        crop = layers.RandomResizedCrop(size, seed=1)
        cropped = stream.map(crop).map(lambda image: (image, 0))
        made = data.pipeline(cropped, 32, policy.rand_augment(), shuffle=False)
        before = len(glob.glob(f"{FOLDER}/programs/*before_optimizations.txt"))
        list(made.take(1))
        start = time.process_time()
        list(made)
        cost = time.process_time() - start
        programs = len(glob.glob(f"{FOLDER}/programs/*before_optimizations.txt")) - before
        yield f"{count} images of {name}: processor ms an image", 1000 * cost / count
        yield f"{count} images of {name}: programs compiled", programs


def main():
    """Measures what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=65_000)
    parser.add_argument("--images", type=int, default=1000, help="of an epoch, and of many sizes")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--parts", default="files,epochs,sizes")
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()
    if given.smoke:
        given.files, given.images, given.size = 200, 12, 32
    path, rows = pathlib.Path(FOLDER), {}
    parts = given.parts.split(",")
    found = {
        "files": lambda: many_files(linked(path / "many" / "files", given.files), given.size),
        "epochs": lambda: epochs(path, given.images, given.size, 2 if given.smoke else 4),
        "sizes": lambda: many_sizes(given.images, given.size),
    }
    for part in parts:
        for name, value in found[part]():
            rows[name] = round(value, 4)
            print(f"{name:60s} {value:10.3f}", flush=True)
    if given.output:
        given.output.write_text(json.dumps({"files": given.files, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
