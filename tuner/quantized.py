"""Sizes and accuracies of exports with smaller numbers, for LiteRT and ONNX.

    python tuner/quantized.py

A `small_cnn` is trained on the digits of scikit-learn and one on 10,000 images of Fashion-MNIST,
and exported as it is and quantised in each way that `serving.export` knows. The ranges of "int8"
are of 200 training images. The accuracy is of the first 1,000 test images (digits: all 900 or so),
asked of the file itself, and of the network where it is not quantised. Sizes are of the file.

With --smoke: the digits after one epoch, and nothing is kept.
"""

import argparse
import os
import pathlib
import tempfile

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np

import keras_cv_extras as kcx
from keras_cv_extras._base import files
from keras_cv_extras._base.owned import json_text

RESULTS = pathlib.Path(__file__).parent / "results" / "quantized.json"
FILES = {"litert": "model.tflite", "onnx": "model.onnx"}
KINDS = (None, "float16", "dynamic", "int8")


def trained(name, epochs):
    """Returns a network, its data and as many test images as are asked about."""
    parts = kcx.data.load(name)
    x, y = (part[:10_000] for part in parts.train)
    keras.utils.set_random_seed(0)
    model = kcx.training.small_cnn(x.shape[1:], len(parts.class_names))
    train = kcx.data.pipeline((x, y), 64, seed=0, num_epochs=epochs)
    steps = -(-len(y) // 64)
    kcx.training.compile_model(model, steps=steps * epochs)
    model.fit(train, epochs=epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
    return model, parts, x[:200], tuple(part[:1000] for part in parts.test)


def measured(name, epochs, formats):
    """Yields a row for each format and kind."""
    model, parts, seen, (images, labels) = trained(name, epochs)
    plain = float(np.mean(np.asarray(model.predict_on_batch(images)).argmax(-1) == labels))
    with tempfile.TemporaryDirectory() as folder:
        for file_format in formats:
            for kind in KINDS:
                path = pathlib.Path(folder) / f"{file_format}-{kind}"
                kcx.serving.export(
                    model,
                    path,
                    class_names=parts.class_names,
                    images=images,
                    labels=labels,
                    representative=seen,
                    format=file_format,
                    quantize=kind,
                )
                row = {"data": name, "format": file_format, "quantize": kind or "none"}
                row["KiB"] = round((path / FILES[file_format]).stat().st_size / 1024, 1)
                row |= {"accuracy": round(plain, 4), "same class": 1.0}
                if kind:
                    cost = json_text.read_json(path / "model_card.json")["quantization"]
                    given = {"accuracy": cost["accuracy"], "same class": cost["agreement"]}
                    row |= {key: round(value, 4) for key, value in given.items()}
                yield row


def main():
    """Measures all forms, writes them, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one data set, nothing is kept")
    options = parser.parse_args()
    wanted = {"digits": 20, "fashion_mnist": 3}
    if options.smoke:
        wanted = {"digits": 1}
    rows = []
    for name, epochs in wanted.items():
        for row in measured(name, epochs, ["litert"] if options.smoke else list(FILES)):
            rows.append(row)
            print(row, flush=True)
    names = list(rows[0])
    print(f"| {' | '.join(names)} |\n|" + "---|" * len(names))
    for row in rows:
        print(f"| {' | '.join(str(value) for value in row.values())} |")
    if not options.smoke:
        files.write_json(RESULTS, {"command": "python tuner/quantized.py", "rows": rows})


if __name__ == "__main__":
    main()
