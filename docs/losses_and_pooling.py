"""Writes losses-and-pooling.md: what every loss, metric and pooling layer equals.

python docs/losses_and_pooling.py
"""

import pathlib
import sys
import types

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from losses_and_pooling_rows import SECTIONS  # noqa: E402

import keras_cv_extras  # noqa: E402

PAGE = HERE / "losses-and-pooling.md"
# Where layers come from that augment images: they are no subject of this page.
AUGMENTATION = {"_policy", "_image_op", "_mix_layers", "_compose", "_crop", "_ctaugment", "_epoch"}
# What makes losses of one's own: docs/extending.md has it.
TOOLS = {"per_sample", "register"}

HEAD = """# Losses, metrics and pooling layers

All losses, metrics and pooling layers of the library, and how each differs from its counterpart
in Keras or TensorFlow Addons. They are used like those of Keras:

```python
import keras

import keras_cv_extras as kcx

model = keras.Sequential(
    [
        keras.Input((32, 32, 3)),
        keras.layers.Conv2D(16, 3, activation="relu"),
        kcx.layers.MaxBlurPooling2D(),
        kcx.layers.GlobalGeneralizedMeanPooling2D(),
        keras.layers.Dense(10),
    ]
)
loss = kcx.losses.CategoricalFocal(from_logits=True)
model.compile("adamw", loss, metrics=[kcx.metrics.BalancedAccuracy(10)])
```

For each item the tables say what it equals, which test under `tests/` shows that, what its
counterpart in Keras 3.15.1, TensorFlow Addons 0.23.0 or KerasCV 0.9.0 is, and how they differ.
"float64" means the plain formula in NumPy.

In addition, `tests/losses/test_loss_contract.py` tests for every loss that

- gradients equal finite differences in float64;
- values stay finite if predictions are 1000 times as large;
- float16 and bfloat16 predictions, reductions, sample weights, masks, XLA, and JAX without
  TensorFlow work;
- a model in mixed precision can be trained, saved and loaded.

`tests/metrics/test_metrics_contract.py` does the same for metrics, and
`tests/layers/test_companions.py` for layers other than pooling.
`python docs/losses_and_pooling.py` writes this page.
"""


def public(section: str, name: str) -> list[str]:
    """Returns the public names that a name of a row stands for, those of all ranks."""
    module = getattr(keras_cv_extras, SECTIONS[section][1])
    names = [name, *(f"{name}{rank}D" for rank in (1, 2, 3))]
    return [each for each in names if each in module.__all__]


def _shown(name: str, found: list[str]) -> str:
    ranks = [each[-2] for each in found if each != name]
    return f"`{name}{'/'.join(ranks)}D`" if ranks else f"`{name}`"


def covered(module: str) -> set[str]:
    """Returns the public names of a module that have a row."""
    return {
        each
        for section, (_, where, rows) in SECTIONS.items()
        if where == module
        for names, *_ in rows
        for name in names
        for each in public(section, name)
    }


def wanted(module: str) -> set[str]:
    """Returns the public names of a module that need a row."""
    source = getattr(keras_cv_extras, module)
    return {
        name
        for name in source.__all__
        if name not in TOOLS
        and not isinstance(member := getattr(source, name), (tuple, types.ModuleType))
        and member.__module__.rpartition(".")[2] not in AUGMENTATION
    }


def page() -> str:
    """Returns the text of the page; rows of layers that are not there are left out."""
    parts = [HEAD]
    for section, (title, _, rows) in SECTIONS.items():
        lines = [
            f"## {title}\n",
            "| item | equals | shown by | counterpart | difference |",
            "|---|---|---|---|---|",
        ]
        for names, equals, tests, counterpart, difference in rows:
            found = {name: public(section, name) for name in names}
            shown = [_shown(name, each) for name, each in found.items() if each]
            if shown:
                cells = (", ".join(shown), equals, tests, counterpart, difference)
                lines.append(
                    f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
                )
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
