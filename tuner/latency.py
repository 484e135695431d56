"""How long an answer to an encoded request takes, beside plain TensorFlow ops and Pillow.

    python tuner/latency.py

One thread. An export of a small network answers JPEG files of 32 to 4,000 pixels. The other two
sides have the same network in the same process, and take turns with it, request by request:
"plain" is a SavedModel of `decode_jpeg` and `tf.image.resize(antialias=True)` in `tf.map_fn`, which
reads no EXIF tag, crops nothing and takes JPEG files alone; "Pillow" decodes and resizes in Python,
and gives the export its pixels. Files below 512 pixels become 32 x 32, larger ones 224 x 224.
"reduced" is an export with jpeg="reduced", beside Pillow with `draft`. Times are seconds of the
processor, which other work on the machine lengthens little, the lower quartile over the turns; a
ratio is the median over the turns. `load` is the machine's while it ran.

With --smoke: one size, few turns, and nothing is kept.
"""

import argparse
import io
import os
import pathlib
import tempfile
import time

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from skimage import data as photographs

import keras_cv_extras as kcx
from keras_cv_extras._base import files

RESULTS = pathlib.Path(__file__).parent / "results" / "latency.json"
#: Pixels of a side, images of a request, turns.
CASES = ((32, 1, 200), (32, 32, 40), (128, 1, 200), (128, 32, 30), (512, 1, 40), (512, 32, 4))
CASES += ((1024, 1, 20), (1024, 32, 3), (4000, 1, 4), (4000, 32, 2))


def network(side):
    """A network that costs little: what is measured is the decoding."""
    images = keras.Input((side, side, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    return keras.Model(images, keras.layers.Dense(10)(pooled))


def plain_export(model, side, folder):
    """Writes a SavedModel of plain ops; returns its function."""

    def one(encoded):
        image = tf.io.decode_jpeg(encoded, 3, dct_method="INTEGER_ACCURATE")
        return tf.image.resize(image, (side, side), antialias=True)

    def answer(encoded):
        shape = tf.TensorSpec((side, side, 3), tf.float32)
        images = tf.map_fn(one, encoded, fn_output_signature=shape)
        values, places = tf.math.top_k(tf.nn.softmax(model(images)), k=5)
        return {"values": values, "places": places}

    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    encoded = tf.TensorSpec((None,), tf.string, name="encoded")
    tf.saved_model.save(module, folder, signatures=tf.function(answer, input_signature=[encoded]))
    return tf.saved_model.load(folder).signatures["serving_default"]


def sides(side, folder):
    """Returns a function of a list of files for each side."""
    model = network(side)
    asked = {}
    for jpeg in ("whole", "reduced"):
        path = f"{folder}/{jpeg}"
        kcx.serving.export(model, path, class_names=list("abcdefghij"), jpeg=jpeg)
        asked[jpeg] = tf.saved_model.load(path)
    pixels = asked["whole"].signatures["predict_images_uint8"]
    plain = plain_export(model, side, f"{folder}/plain")

    def pillow(encoded, draft=False):
        images = []
        for content in encoded:
            with Image.open(io.BytesIO(content)) as image:
                if draft:
                    image.draft("RGB", (2 * side, 2 * side))
                small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
                images.append(np.asarray(small))
        return pixels(images=tf.constant(np.stack(images)))

    def export(jpeg):
        answer = asked[jpeg].signatures["serving_default"]
        return lambda encoded: answer(encoded=tf.constant(encoded))

    return {
        "export": export("whole"),
        "plain": lambda encoded: plain(encoded=tf.constant(encoded)),
        "Pillow": pillow,
        "export, reduced": export("reduced"),
        "Pillow, reduced": lambda encoded: pillow(encoded, True),
    }


def measure(asked, pixels, batch, turns):
    """Returns processor milliseconds of each side, and how many times as long the export takes."""
    photograph = Image.fromarray(photographs.astronaut()).resize((pixels, pixels))
    content = io.BytesIO()
    photograph.save(content, "JPEG", quality=90)
    request = [content.getvalue()] * batch
    times = {name: [] for name in asked}
    for name in asked:
        asked[name](request)  # not counted
    for _ in range(turns):
        for name, answer in asked.items():
            began = time.process_time()
            answer(request)
            times[name].append(time.process_time() - began)
    row = {"pixels": pixels, "batch": batch, "turns": turns}
    row |= {name: round(1e3 * float(np.quantile(t, 0.25)), 3) for name, t in times.items()}
    for other in ("plain", "Pillow"):
        ratios = np.array(times["export"]) / times[other]
        row[f"times {other}"] = round(float(np.median(ratios)), 2)
    return row


def table(rows):
    """Returns a Markdown table of the rows."""
    names = [name for name in rows[0] if name != "turns"]
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    return "\n".join(lines + [f"| {' | '.join(str(row[n]) for n in names)} |" for row in rows])


def main():
    """Measures all cases, writes them, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one size, nothing is kept")
    options = parser.parse_args()
    rows, load = [], os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        for side in (32, 224):
            cases = [case for case in CASES if (case[0] >= 512) == (side == 224)]
            cases = [(32, 1, 2)] if options.smoke and side == 32 else cases
            if options.smoke and side == 224:
                continue
            asked = sides(side, f"{folder}/{side}")
            for case in cases:
                rows.append(measure(asked, *case))
                print(rows[-1], flush=True)
    print(table(rows))
    if not options.smoke:
        facts = {"command": "python tuner/latency.py", "load": [load, os.getloadavg()]}
        files.write_json(RESULTS, {**facts, "milliseconds": rows})


if __name__ == "__main__":
    main()
