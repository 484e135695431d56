"""Makes docs/migration.md from the tables of `keras_cv_extras.compat`: python docs/migration.py."""

import importlib
import pathlib

PAGE = pathlib.Path(__file__).with_suffix(".md")
LIBRARIES = {
    "TensorFlow Addons": (
        "tensorflow_addons",
        "tfa",
        (
            *("", "losses", "layers", "metrics", "optimizers", "optimizers.utils", "callbacks"),
            *("image", "activations"),
        ),
        "Version 0.23.0, the last. `rnn`, `seq2seq` and `text` are out of scope, as they are not "
        "about images.",
    ),
    "KerasCV": (
        "keras_cv",
        "keras_cv",
        ("layers", "losses", "visualization"),
        "Version 0.9.0: the losses, and the layers for classification. Boxes, masks, key points "
        "and point clouds are out of scope.",
    ),
}
HEAD = """# From TensorFlow Addons and KerasCV

Change the import line, and old code runs under Keras 3:

```python
import keras_cv_extras.compat.tensorflow_addons as tfa
import keras_cv_extras.compat.keras_cv as keras_cv
```

The old names take the old arguments and behave like the old package, but for those listed here.
They are also found by their old files, such as `tfa.image.transform_ops.rotate`. Each (except
`register_all` and `fit_bn`) warns once, and names the call that replaces it. The tables below list
these calls; "what differs" compares the old name with the new call. If a name has no replacement,
the error says in one line what to use.

Results are compared with the packages themselves to 2e-5 of the value: calls of TensorFlow Addons
0.23.0 (`tests/reference/addons_calls.py`), and the layers and losses of KerasCV 0.9.0 whose
factors leave nothing to chance (`tests/reference/keras_cv_calls.py`). Random layers draw from the
same ranges, but different numbers. Old names that differ from their package:

- Layers of KerasCV in a model augment in training only; those of 0.9 also did so in `predict`.
- `RandAugment` and `AugMix` of KerasCV use ops and magnitudes of this library.
- `RandomCropAndResize` and `JitteredResize` have pixel centres at half-integers.
- `RandomJpegQuality` takes values in [0, 255]; KerasCV clipped floats above 1.
- `NormalFactorSampler` draws uniformly, with the same mean and standard deviation.
- `RandomChannelShift` and `GridMask` differ as their lines below say.
- `WeightNormalization` of Addons sets lengths and biases at the first call, here with the first
  batch in training.
- Optimizers of Addons take gradients of some rows, as of an embedding, for gradients of all rows:
  weight decay and moments of the other rows go on.
- With `decay=`, the learning rate of an optimizer of Addons is a schedule, which Keras lets nobody
  set: `optimizer.learning_rate = x` and `ReduceLROnPlateau` raise an error. Give a rate without it.
  `SWA`, `MovingAverage` and `Lookahead` leave it out, as in Addons: give it to what they wrap.
- `sparsemax` of a row with NaN or infinity is NaN as a whole, and `SigmoidFocalCrossEntropy` does
  not cut off probabilities at 1e-7.
- `connected_components`, `euclidean_dist_transform` and `resampler` of Addons use SciPy and
  arithmetic, and are tested against their definitions.

`python docs/migration.py` writes this page from the tables that `keras_cv_extras.compat` reads.
"""


def section(title):
    """Returns the lines of a library."""
    package, short, modules, note = LIBRARIES[title]
    lines = ["", f"## {title}", "", note, ""]
    tables = {
        module: importlib.import_module(
            f"keras_cv_extras.compat.{package}.{module}".rstrip(".")
        ).TABLE
        for module in modules
    }
    entries = [entry for table in tables.values() for entry in table.values()]
    there = [entry for entry in entries if entry.new]
    of_keras = [entry for entry in there if entry.new.startswith("keras.")]
    lines += [
        f"{len(entries)} names: {len(there) - len(of_keras)} of this library, {len(of_keras)} of "
        f"Keras, {len(entries) - len(there)} that are not there.",
    ]
    for module, table in tables.items():
        lines += [
            "",
            f"### {short}.{module}".rstrip("."),
            "",
            "| old | new | what differs |",
            "|---|---|---|",
        ]
        for entry in table.values():
            if entry.new:
                lines.append(f"| `{entry.old}` | `{entry.replacement}` | {entry.note} |")
        missing = [entry for entry in table.values() if not entry.new]
        if missing:
            lines += ["", "Not there:", ""]
            lines += [f"- `{entry.old}`: {entry.note}." for entry in missing]
    return lines


def page():
    """Returns the text of the page."""
    lines = [line for title in LIBRARIES for line in section(title)]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
