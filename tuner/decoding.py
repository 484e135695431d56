"""How far decoded pixels are from Pillow's: training, streaming and the export, for many files.

    python tuner/decoding.py

The files are the kinds of `tests/data/image_kinds.py`, of 201 x 243 pixels, and JPEG files of
512 x 512. Pillow's own functions open them, turn them upright, lay them over white and resize them;
what `data.load`, `data.image_files` with `data.pipeline`, and the signature `features_encoded` of
an export of a network without weights before its last layer make of the same file is compared: the
greatest difference of a pixel, in levels of 255. The second table is of `jpeg="reduced"`, beside
Pillow's `draft`. Ends with 1 if a difference is above one level. The tables go to
tuner/results/decoding.json.

With --smoke: one size of each, few files, nothing is kept.
"""

import argparse
import io
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import skimage.data
import tensorflow as tf
from PIL import Image, ImageOps

import keras_cv_extras as kcx
from keras_cv_extras._base import files

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "data"))
from image_kinds import KINDS, encoded, turned  # noqa: E402

RESULT = ROOT / "tuner" / "results" / "decoding.json"
WAYS = ("load", "image_files", "export")
# How they are resized, to what size, how many channels: smaller, as large as they are, larger.
SIZES = {
    "smaller": ("crop", (64, 48), 3),
    "equal": ("stretch", (201, 243), 3),
    "larger": ("pad", (301, 350), 3),
    "grey": ("crop", (64, 48), 1),
}
REDUCED = {4: 128, 8: 64, 16: 32, 2: 256}  # how many times the side of the result the file is
LINEAR = Image.Resampling.BILINEAR


def by_pillow(file, resize, size, channels, side=None):
    """What Pillow's own functions make of a file, decoded for a `side` if that is given."""
    image = Image.open(io.BytesIO(file))
    if side is not None:
        image.draft("L" if channels == 1 and image.mode == "RGB" else "", (side, side))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype("uint8"))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    image = image.convert("RGB" if channels == 3 or image.mode != "L" else "L")
    image = image.convert("L" if channels == 1 else "RGB")
    resized = {"crop": ImageOps.fit, "pad": ImageOps.pad, "stretch": Image.Image.resize}
    return np.asarray(resized[resize](image, size[::-1], LINEAR)).reshape(*size, channels)


def decoded(kinds, resize, size, channels, jpeg):
    """Yields a way and what it makes of all files, `(files, height, width, channels)`."""
    options = {"resize": resize, "channels": channels, "jpeg": jpeg}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for part in ("train/all", "train/other", "test/all", "test/other"):
            (root / "images" / part).mkdir(parents=True)
            (root / "images" / part / "0.png").write_bytes(KINDS["PNG"])
        for number, (name, file) in enumerate(kinds.items()):
            suffix = "jpg" if name.startswith("JPEG") else name[:4].strip().lower()
            (root / f"images/train/all/{number + 1:03d}.{suffix}").write_bytes(file)
        loaded = kcx.data.load(str(root / "images"), image_size=size, **options)
        yield "load", loaded.train[0][1 : len(kinds) + 1]

        listed = kcx.data.image_files(root / "images", size, **options)
        batches = kcx.data.pipeline(listed.train, 16, shuffle=False)
        streamed = np.concatenate([np.asarray(images) for images, _ in batches])
        yield "image_files", streamed[1 : len(kinds) + 1]

        pixels = images = keras.Input((*size, channels))
        model = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(pixels)))
        kcx.serving.export(model, root / "1", class_names=["all", "other"], data=listed)
        ask = tf.saved_model.load(str(root / "1")).signatures["features_encoded"]
        answers = [ask(encoded=tf.constant([file]))["features"] for file in kinds.values()]
        yield "export", np.reshape(answers, (len(kinds), *size, channels))


def differences(kinds, wanted, found):
    """The greatest difference of each file, by its name."""
    rows = {}
    for name, one, other in zip(kinds, wanted, found, strict=True):
        rows[name] = int(np.abs(one.astype(np.int64) - np.asarray(other).astype(np.int64)).max())
    return rows


def whole(kinds, sizes):
    """Rows of all kinds of files."""
    rows = {name: {"file": name} for name in kinds}
    for case in sizes:
        resize, size, channels = SIZES[case]
        wanted = [by_pillow(file, resize, size, channels) for file in kinds.values()]
        for way, found in decoded(kinds, resize, size, channels, "whole"):
            for name, number in differences(kinds, wanted, found).items():
                rows[name][f"{way}, {case}"] = number
    return list(rows.values())


def large_jpegs():
    """JPEG files of 512 x 512."""
    photograph = Image.fromarray(skimage.data.astronaut())
    return {
        "JPEG 4:2:0": encoded(photograph, "JPEG", quality=90),
        "JPEG 4:2:2": encoded(photograph, "JPEG", quality=90, subsampling=1),
        "JPEG 4:4:4": encoded(photograph, "JPEG", quality=90, subsampling=0),
        "JPEG grey": encoded(photograph.convert("L"), "JPEG", quality=90),
        "JPEG CMYK": encoded(photograph.convert("CMYK"), "JPEG", quality=90),
        "JPEG progressive": encoded(photograph, "JPEG", quality=90, progressive=True),
        "JPEG EXIF 3": encoded(photograph, "JPEG", quality=90, **turned(3)),
        "JPEG EXIF 6": encoded(photograph, "JPEG", quality=90, **turned(6)),
    }


def reduced(kinds, factors):
    """Rows of files that are decoded at a half, a quarter or an eighth."""
    rows = {name: {"file": name} for name in kinds}
    for factor in factors:
        side = REDUCED[factor]
        # `draft` decodes to the given size at least; below four times the result nothing is lost.
        least = 512 if factor < 4 else 2 * side
        wanted = [by_pillow(file, "crop", (side, side), 3, least) for file in kinds.values()]
        slow = [by_pillow(file, "crop", (side, side), 3) for file in kinds.values()]
        cost = differences(kinds, slow, wanted)
        for way, found in decoded(kinds, "crop", (side, side), 3, "reduced"):
            for name, number in differences(kinds, wanted, found).items():
                rows[name][f"{way}, 1/{factor}"] = number
        for name, number in cost.items():
            rows[name][f"draft from whole, 1/{factor}"] = number
    return list(rows.values())


def main():
    """Makes both tables, prints and writes them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="few files, nothing is kept")
    options = parser.parse_args()
    kinds, large, sizes, factors = KINDS, large_jpegs(), list(SIZES), sorted(REDUCED)
    if options.smoke:
        kinds = {name: KINDS[name] for name in ("JPEG", "PNG RGBA", "GIF")}
        large, sizes, factors = {"JPEG 4:2:0": large["JPEG 4:2:0"]}, ["smaller"], [8]
    tables = {"whole": whole(kinds, sizes), "reduced": reduced(large, factors)}
    for rows in tables.values():
        print(f"| {' | '.join(rows[0])} |\n|---|" + "---:|" * (len(rows[0]) - 1))
        for row in rows:
            print(f"| {' | '.join(str(value) for value in row.values())} |")
    if not options.smoke:
        files.write_json(RESULT, {"command": "python tuner/decoding.py", **tables})
    far = [
        (row["file"], key, number)
        for rows in tables.values()
        for row in rows
        for key, number in row.items()
        if key.split(",")[0] in WAYS and number > 1
    ]
    for file, key, number in far:
        print(f"{file}: {key}: {number} levels")
    return bool(far)


if __name__ == "__main__":
    sys.exit(main())
