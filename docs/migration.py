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
        "Version 0.23.0, the last. `rnn`, `seq2seq` and `text` are not about images, and out of "
        "scope.",
    ),
    "KerasCV": (
        "keras_cv",
        "keras_cv",
        ("layers", "losses"),
        "Version 0.9.0. Layers for classification and losses; boxes, masks, key points and point "
        "clouds are out of scope.",
    ),
}
HEAD = """# From TensorFlow Addons and KerasCV

`python docs/migration.py` writes this page from the tables that `keras_cv_extras.compat` reads,
and a test checks that it is up to date.

Change the import line, and old code runs under Keras 3:

```python
import keras_cv_extras.compat.tensorflow_addons as tfa
import keras_cv_extras.compat.keras_cv as keras_cv
```

The old names take the old arguments. Each but `register_all` and `fit_bn` warns once with the call
that replaces it, which the tables below list; a name without a replacement is an error of one line
that says what to use.
"What differs" is between the old name and that call: the old name itself keeps to the old package.

What is compared with the packages themselves: calls of TensorFlow Addons 0.23.0
(`tests/reference/addons_calls.py`), to 2e-5 of the value, and layers and losses of KerasCV 0.9.0
whose factors leave no choice (`tests/reference/keras_cv_calls.py`), likewise. What is random draws
from the same ranges, with other numbers. These differ:

- In a model, layers of KerasCV augment in training alone; those of 0.9 did so in `predict` too.
- `RandAugment` and `AugMix` of KerasCV: ops of the library, in levels of its own.
- `RandomCropAndResize` and `JitteredResize`: pixels have their centres at halves.
- `RandomJpegQuality`: values in [0, 255]; KerasCV cut off floats above 1.
- `NormalFactorSampler`: drawn uniformly, with the same mean and deviation.
- `RandomChannelShift` and `GridMask`: see their lines.
- `connected_components`, `euclidean_dist_transform`, `resampler` of Addons: SciPy and arithmetic,
  tested against their definitions.
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
