"""Forty kinds of folders and files through load, image_files, kcx train and kcx predict.

Each is made in a temporary folder and read by `data.load`, by `data.image_files` and one epoch of
its decoder over their files; some of them by `training.train`; single files by an export, as
`kcx predict` does.
Written down are how many images were read, what was said of those that were not, seconds, and by
how much resident memory rose at its peak above where it was when that kind began. Linux alone
tells: the peak is set back before each, and memory that was freed is given back.

    python tuner/folders.py --output tuner/results/folders.json
    python tuner/folders.py --smoke
"""

import argparse
import ctypes
import gc
import io
import json
import os
import pathlib
import re
import struct
import tempfile
import time
import warnings
import zlib

import numpy as np
import tensorflow as tf
from PIL import Image, PngImagePlugin

from keras_cv_extras import data, serving, training

SIZE = (48, 64)
TRAINED = ("plain", "val in place of test", "damaged 1 of 24", "csv", "csv of several labels")


def picture(number):
    """Returns an image that is another for every number."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    values = [(rows * (number + 3)) % 256, (columns * 3) % 256, rows + number]
    return Image.fromarray(np.stack(values, axis=-1).astype("uint8"))


def encoded(kind, number=0, **options):
    """Returns an image as a file of some kind."""
    file = io.BytesIO()
    image = picture(number)
    image = image.convert(options.pop("mode")) if "mode" in options else image
    image.save(file, kind, **options)
    return file.getvalue()


def put(path, content):
    """Writes a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def plain(folder, count=24, kind="PNG", suffix="png", **options):
    """Makes two classes of images."""
    for number in range(count):
        name = f"{number}.{suffix}"
        put(folder / "ab"[number % 2] / name, encoded(kind, number, **options))


def parts(folder, *names):
    """Makes parts with two classes each."""
    for name in names:
        plain(folder / name, 8)


def beside(name, content):
    """Returns a maker of a plain folder with one more file in class a."""

    def make(folder):
        plain(folder)
        put(folder / "a" / name, content() if callable(content) else content)

    return make


def chunk(kind, content):
    """Returns a chunk of a PNG."""
    sums = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", sums)


def png_of(width, height):
    """Returns a PNG file that claims a size and holds one row."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(1 + width)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


def png_of_texts():
    """Returns a PNG file with two thousand texts before its pixels."""
    whole = encoded("PNG")
    texts = chunk(b"tEXt", b"a\0b") * 2000
    return whole[:33] + texts + whole[33:]


def gif_of_frames():
    """Returns a GIF file of a small screen and large frames."""
    file = io.BytesIO()
    frames = [Image.new("L", (3000, 3000), number) for number in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    content = bytearray(file.getvalue())
    content[6:10] = struct.pack("<HH", 1, 1)
    return bytes(content)


def pipe(folder):
    """Makes a pipe named as an image."""
    plain(folder)
    os.mkfifo(folder / "a" / "x.jpg")


def linked(folder):
    """Makes links to folders and to nothing."""
    plain(folder)
    plain(folder.with_name("elsewhere"), 8)
    (folder / "a" / "more").symlink_to(folder.with_name("elsewhere") / "a")
    (folder / "a" / "again").symlink_to(folder / "a")
    (folder / "a" / "gone.png").symlink_to(folder / "nowhere.png")


def systems(folder):
    """Makes folders of systems with an image in each."""
    plain(folder)
    for name in ("__MACOSX", "@eaDir", ".git", "$RECYCLE.BIN", "a/.ipynb_checkpoints"):
        put(folder / name / "0.png", encoded("PNG"))


def latin(folder):
    """Makes a name that is not UTF-8."""
    plain(folder)
    put(folder / "a" / os.fsdecode(b"caf\xe9.png"), encoded("PNG"))


def flat_test(folder):
    """Makes a test part without class folders."""
    parts(folder, "train")
    put(folder / "test" / "0.png", encoded("PNG"))


def many_kinds(folder):
    """Makes images of kinds that are not read."""
    plain(folder, 6)
    for kind, suffix in (("TIFF", "tif"), ("PPM", "ppm"), ("ICO", "ico")):
        put(folder / "a" / f"other.{suffix}", encoded(kind))


def broken(count):
    """Returns a maker of a folder of 24 images, some of which are cut off."""

    def make(folder):
        plain(folder)
        for number in range(count):
            path = folder / "ab"[number % 2] / f"{number}.png"
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return make


def table(lines, several=False):
    """Returns a maker of a CSV file beside a plain folder."""

    def make(folder):
        plain(folder)
        given = lines() if callable(lines) else lines
        (folder / "labels.csv").write_text("\n".join(given))
        return data.Table(folder / "labels.csv", separator="|" if several else None)

    return make


def rows(form="{letter}/{number}.png,{letter}", head="file,label"):
    """Returns the lines of a table of 24 images."""
    return [head, *(form.format(letter="ab"[n % 2], number=n, n=n % 3) for n in range(24))]


def exif(orientation):
    """Returns EXIF of an orientation."""
    found = Image.Exif()
    found[0x0112] = orientation
    return found.tobytes()


def text_bomb():
    """Returns a PNG file with a compressed text of 64 MB."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("a", "b" * (1 << 26), zip=True)
    return encoded("PNG", pnginfo=notes)


KINDS = {
    "plain": plain,
    "deep folders": lambda folder: [plain(folder), put(folder / "a/x/y.png", encoded("PNG"))],
    "Training and Testing": lambda folder: parts(folder, "Training", "Testing"),
    "val in place of test": lambda folder: parts(folder, "train", "val"),
    "train, val and test": lambda folder: parts(folder, "train", "val", "test"),
    "a folder beside train": lambda folder: parts(folder, "train", "test", "extra"),
    "images without labels in test": flat_test,
    "no classes": lambda folder: put(folder / "0.png", encoded("PNG")),
    "one class": lambda folder: put(folder / "a" / "0.png", encoded("PNG")),
    "nothing": lambda folder: folder.mkdir(parents=True),
    "an empty class": lambda folder: [plain(folder), (folder / "c").mkdir()],
    "folders of systems": systems,
    "links, one in a circle, one broken": linked,
    "a pipe": pipe,
    "a name that is not UTF-8": latin,
    "a name with escapes": beside("\x1b[31m$\\frac{$.png", lambda: encoded("PNG")),
    "TIFF, PPM and ICO": many_kinds,
    "JPEG": lambda folder: plain(folder, kind="JPEG", suffix="JPG"),
    "JPEG in CMYK": lambda folder: plain(folder, kind="JPEG", suffix="jpeg", mode="CMYK"),
    "JPEG on its side": lambda folder: plain(folder, kind="JPEG", suffix="jpg", exif=exif(6)),
    "several images in a JPEG": lambda folder: plain(
        folder, kind="MPO", suffix="jpg", save_all=True, append_images=[picture(1)]
    ),
    "WEBP": lambda folder: plain(folder, kind="WEBP", suffix="webp"),
    "GIF": lambda folder: plain(folder, kind="GIF", suffix="gif"),
    "BMP": lambda folder: plain(folder, kind="BMP", suffix="bmp"),
    "PNG of a palette": lambda folder: plain(folder, mode="P"),
    "PNG of 1 bit": lambda folder: plain(folder, mode="1"),
    "PNG of 16 bits": lambda folder: plain(folder, mode="I;16"),
    "transparent PNG": lambda folder: plain(folder, mode="RGBA"),
    "an empty file": beside("x.png", b""),
    "a text named x.jpg": beside("x.jpg", b"no image"),
    "damaged 1 of 24": broken(1),
    "damaged 20 of 24": broken(20),
    "PNG of 64,000 x 64,000": beside("x.png", lambda: png_of(64_000, 64_000)),
    "PNG of 2,000 texts": beside("x.png", png_of_texts),
    "PNG with 64 MB of text": beside("x.png", text_bomb),
    "GIF of large frames": beside("x.gif", gif_of_frames),
    "csv": table(rows),
    "csv of several labels": table(lambda: rows("{letter}/{number}.png,{letter}|{n}"), True),
    "csv, a file with two labels": table(lambda: [*rows(), "a/0.png,b"]),
    "csv, all files missing": table(lambda: rows("gone/{number}.png,{letter}")),
    "csv, no label column": table(lambda: rows(head="file,what")),
    "csv, an address": table(lambda: [*rows(), "http://example.org/a.png,a"]),
}


def forget_peak():
    """Gives freed memory back to the system, and sets the peak of memory to what is left."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # see proc(5)


def resident(name):
    """Returns the MiB that are resident now, "VmRSS", or were at the peak, "VmHWM"."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) / 1024


def measured(function, *given):
    """Calls a function; returns what came of it, warnings, seconds and memory."""
    forget_peak()
    before, start = resident("VmRSS"), time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*given)
        except (OSError, ValueError) as error:
            result = {"error": str(error)}
    said = [str(one.message) for one in caught if issubclass(one.category, UserWarning)]
    return {
        **result,
        "said": said,
        "seconds": round(time.perf_counter() - start, 2),
        "peak_mib": round(resident("VmHWM") - before, 1),
    }


def loaded(source):
    """Counts what `load` reads."""
    images = data.load(source, image_size=16)
    return {"read": len(images.train[1]) + len(images.test[1])}


def listed(source):
    """Counts what an epoch over `image_files` reads."""
    files, read = data.image_files(source, 16, max_bad=0.1), 0
    for part in (files.train, files.test):  # as a pipeline does, without its graph
        for number in range(len(part)):
            try:
                read += len(part.image(number)) > 0
            except tf.errors.InvalidArgumentError:
                part.note([number])
    left_out = [f"{pathlib.Path(path).name!r}: {why}" for path, why in files.unreadable().items()]
    return {"read": read, "left_out": left_out}


def trained(source, output):
    """Counts what a training of one epoch knows."""
    settings = training.TrainingSettings(epochs=1, batch_size=8)
    with np.errstate(all="ignore"):
        result = training.train(source, output, settings, image_size=16, progress=False)
    return {
        "read": int((output / "predictions.csv").read_text().count("\n")) - 1,
        "of": "test",
        "notes": [note for note in result.notes if "wait" not in note],
    }


def files_of(folder):
    """Returns files of a folder that `kcx predict` is asked about."""
    return sorted(path for path in folder.rglob("*") if path.is_file())[:30]


def predicted(answers, count):
    """Counts what an export says of some files."""
    named = [next(answers) for _ in range(count)]
    bad = [f"{answer.file.name!r}: {answer.reason}" for answer in named if answer.classes is None]
    return {"read": count - len(bad), "left_out": bad}


def export_of(folder):
    """Writes an export that tells nothing apart, to be asked."""
    model = training.small_cnn((16, 16, 3), 2, width=4)
    serving.export(model, folder, class_names=("a", "b"))
    return folder


def main():
    """Reads the arguments, makes and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--smoke", action="store_true", help="four kinds alone")
    arguments = parser.parse_args()
    smallest = ("plain", "folders of systems", "damaged 20 of 24", "csv")
    chosen = smallest if arguments.smoke else tuple(KINDS)
    found, files = {}, {}
    with tempfile.TemporaryDirectory() as place:
        for number, name in enumerate(chosen):
            folder = pathlib.Path(place) / str(number) / "photos"
            made = KINDS[name](folder)
            source = made if isinstance(made, data.Table) else folder
            found[name] = {
                "load": measured(loaded, source),
                "image_files": measured(listed, source),
            }
            if name in TRAINED:
                output = folder.with_name("out")
                found[name]["train"] = measured(trained, source, output)
            files[name] = files_of(folder)
            text = json.dumps(found[name]).replace(str(folder), "PHOTOS")
            found[name] = json.loads(text)
        export = export_of(pathlib.Path(place) / "export")
        every = [one for some in files.values() for one in some]
        answers = iter(serving.predict_files(export, every))
        for name, some in files.items():
            found[name]["predict"] = measured(predicted, answers, len(some))
            print(name, json.dumps(found[name])[:300], flush=True)
    if arguments.output is not None:
        text = json.dumps(found, indent=1, ensure_ascii=True)
        arguments.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
