"""Makes the pages of docs/migration: python docs/migration_transforms.py.

What stands beside a transform is what `policy.read_transforms` makes of it, or says of it.
"""

import inspect
import json
import pathlib
import sys
import warnings

import keras
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from migration_rows import BALANCE, KERAS_ARGUMENTS, TIMM  # noqa: E402

from keras_cv_extras import models, policy  # noqa: E402
from keras_cv_extras.data.balance._variants import METHODS  # noqa: E402
from keras_cv_extras.policy.interop.albumentations._read import SYMMETRIES  # noqa: E402

FOLDER = HERE / "migration"
GIVEN = json.loads((HERE.parent / "tests" / "reference" / "transforms.json").read_text("utf-8"))
MADE = "`python docs/migration_transforms.py` writes this page."
READ = f"""The tables show what `policy.read_transforms` returned for each call, or what it
reported. A `Step` is part of a policy: `policy.Policy([[step, ...]])` holds one or more. Images
have values in [0, 255]. {MADE}
"""
HEADS = {
    "keras": f"""# From Keras' preprocessing layers

Layers of Keras work unchanged beside this library. If you convert them into a policy, they draw
separately for each image, run as one compiled program, and can be part of a search.

```python
import keras

from keras_cv_extras import policy

old = keras.Sequential([keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.05)])
new = policy.read_transforms(old).sequential()
```

{READ}""",
    "torchvision": f"""# From torchvision

Version 0.28, `torchvision.transforms.v2`.

Convert a whole `Compose` with `policy.read_transforms(v2.Compose([...]))`. In the other
direction, `policy.to_torchvision(...)` returns the source of a Python file with a transform. See
[Policies](../policies.md#to-and-from-other-libraries).

{READ}""",
    "albumentations": f"""# From Albumentations

Version 2.0.8.

Convert a whole `Compose` with `policy.read_transforms(A.Compose([...]))`; its `to_dict` works
too. In the other direction, `policy.to_albumentations(...)` returns a dictionary for
`albumentations.from_dict`. See [Policies](../policies.md#to-and-from-other-libraries).

{READ}""",
    "timm": f"""# From timm

Version 1.0.31.

Convert the keywords of a pipeline with
`policy.read_transforms({{"is_training": True, "auto_augment": ..., ...}})`,
and an augmentation string with `policy.from_timm("rand-m9-n3-mstd0.5-inc1")`.
`models.build(name, input_shape, num_classes, weights="file.safetensors")` reads weight files. See
[Policies](../policies.md#to-and-from-other-libraries).

{READ}""",
    "imbalanced-learn": f"""# From imbalanced-learn

Version 0.14.

The samplers of imbalanced-learn take rows of numbers. These also take images, and return integers
without wrap-around:

```python
import numpy as np

from keras_cv_extras import data

images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
labels = np.repeat([0, 1], [48, 12])
more, more_labels = data.smote(images, labels, seed=0)
```

In a pipeline of imbalanced-learn or scikit-learn use `data.SmoteSampler`, `data.OverSampler`,
`data.UnderSampler` and `data.Resampler`. {MADE}
""",
}


def read(transform, plain=None):
    """Returns what a transform becomes, as text or "", and what differs.

    Args:
        transform: what `policy.read_transforms` takes.
        plain: None, or what was read without an option, of which only what differs is shown.
    """
    refused = ""
    for strict in (True, False):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                made = shown(policy.read_transforms(transform, strict=strict, seed=0), plain)
            except ValueError as error:
                refused = str(error)
                continue
        said = " ".join(str(warning.message) for warning in caught)
        return made, said.partition("but not exactly: ")[2].replace("|", "\\|")
    return "", refused


def shown(made, plain=None):
    """Returns layers, steps and a mix as text; "" if nothing is left."""
    found = []
    known = [] if plain is None else [config(layer) for layer in plain.layers]
    for layer in made.layers:
        if config(layer) in known:
            continue
        if not hasattr(layer, "policy"):
            called = ARGUMENTS[type(layer).__name__](layer)
            found.append(f"`{path(type(layer))}{called}`" if called.startswith("(") else called)
            continue
        for stage in layer.policy.stages:
            ops = list(dict.fromkeys(s.op for steps in stage.sub_policies for s in steps))
            if len(stage.sub_policies) == 1:
                steps = [step for step in stage.sub_policies[0] if step.op != "identity"]
                found += [f"`policy.{step}`" for step in steps]
            else:
                draws = f", {stage.num_draws} times" if stage.num_draws > 1 else ""
                choice = f"one of {len(stage.sub_policies)} sub-policies{draws}"
                listed = ", ".join(ops) if len(ops) < 8 else f"{len(ops)} ops"
                found.append(f"`policy.Stage`: {choice} ({listed})")
    if made.mix is not None and (plain is None or made.mix != plain.mix):
        found.append(f"`mix.{made.mix}`")
    return ", ".join(found)


def numbers(values):
    """Returns numbers as text, three digits of each."""
    return ", ".join(f"{value:.3g}" for value in np.ravel(values))


#: The arguments that are shown of layers.
ARGUMENTS = {
    "AugMix": lambda layer: "(width={width}, alpha={alpha:g}, chain=...)".format(
        **layer.get_config()
    ),
    "CenterCrop": lambda layer: f"({layer.height}, {layer.width})",
    "Cropping2D": lambda layer: f"({layer.cropping})",
    "Normalization": lambda layer: "()",
    "PaddedImages": lambda layer: padded(layer),
    "RandomCrop": lambda layer: "({}, {})".format(*sides(layer)),
    "RandomResizedCrop": lambda layer: (
        f"({layer.size}, {layer.area[0]:g}, aspect=({numbers(layer.options['aspect'])})"
        f"{changed(layer, 'largest', 'tries')})"
    ),
    "Rescaling": lambda layer: f"([{numbers(layer.scale)}], [{numbers(layer.offset)}])",
    "ResizedSide": lambda layer: (
        f"a resize of the {layer.side} side to {layer.length}"
        + (f", the other to {layer.most} at most" if layer.most else "")
    ),
    "Resizing": lambda layer: f'({layer.height}, {layer.width}, "{layer.interpolation}")',
    "ResizedCentre": lambda layer: (
        f"the middle {layer.height} x {layer.width} pixels"
        + (
            ""
            if layer.shorter is None
            else f", after a resize of the shorter side to {layer.shorter}"
        )
    ),
    "ZeroPadding2D": lambda layer: f"({layer.padding})",
}


def padded(layer):
    """Returns what a layer adds around images, as text."""
    sides = "" if not any(layer.sides) else f" of {layer.sides} pixels"
    least = f" up to {layer.least[0]} x {layer.least[1]} pixels" if layer.least else ""
    filled = f", filled with {layer.fill:g}" if layer.mode == "constant" else f', "{layer.mode}"'
    return f"a border{sides}{least}{filled}"


def changed(layer, *names):
    """Returns those options of a layer that differ from their defaults, as text."""
    parameters = inspect.signature(type(layer)).parameters
    values = {name: layer.options[name] for name in names}
    return "".join(
        f", {name}={value:g}" for name, value in values.items() if value != parameters[name].default
    )


def sides(layer):
    """Returns the height and width of a crop of Keras or of this library."""
    return layer.size if hasattr(layer, "size") else (layer.height, layer.width)


def config(layer):
    """Returns what sets a layer apart from others, but for its name and seed."""
    values = {k: v for k, v in layer.get_config().items() if k not in ("name", "seed", "policy")}
    return type(layer), str(values), getattr(layer, "policy", None)


def path(kind):
    """Returns where a class is public."""
    if kind.__module__.startswith("keras_cv_extras"):
        return f"layers.{kind.__name__}"
    return f"keras.layers.{kind.__name__}"


def stand_in(value):
    """Returns what stands for a transform of torchvision: its name and its attributes."""
    if isinstance(value, dict) and "transform" in value:
        fields = {key: stand_in(item) for key, item in value["attributes"].items()}
        return type(value["transform"], (), fields)()
    return [stand_in(item) for item in value] if isinstance(value, list) else value


def rows_of(library):
    """Returns triples of an old call, the new one or "", and what differs."""
    found = []
    for entry in GIVEN[library]:
        if entry["call"] is None:
            named = {"transform": {"__class_fullname__": entry["name"], "p": 1.0}}
            empty = {"transform": entry["name"], "attributes": {}}
            given = named if library == "albumentations" else stand_in(empty)
            old = entry["name"]
        else:
            given = entry["given"] if library == "albumentations" else stand_in(entry["given"])
            old = entry["call"]
        new, note = read(given)
        if not new and not note:
            new = "nothing: leave it out"
        if library == "albumentations" and entry["name"] in SYMMETRIES and new and not note:
            note = "images that are not square keep their shape, and lose what is turned out"
        found.append((old, new, note.removeprefix(f"{entry['name']}, which ")))
    return found


def of_keras():
    """Returns the rows of the preprocessing layers of images."""
    found = []
    for name in sorted(dir(keras.layers)):
        kind = getattr(keras.layers, name)
        of_images = inspect.isclass(kind) and ".image_preprocessing." in kind.__module__
        if not of_images and name not in ("Normalization", "Rescaling"):
            continue
        for call in KERAS_ARGUMENTS.get(name, ["()"]):
            if call is None:
                continue
            layer = eval(f"keras.layers.{name}{call}", {"keras": keras})
            new, note = read([layer])
            found.append((f"keras.layers.{name}{call}", new, note.removeprefix(f"{name}, which ")))
    return found


def of_timm():
    """Returns the lines of the page on timm, behind its head."""
    lines = ["## The keywords of `create_transform` and `Mixup`", "", *TABLE]
    base = {"input_size": 224, "is_training": True, "color_jitter": None, "hflip": 0.0}
    for keyword, value in TIMM["keywords"]:
        around = {**base, **TIMM["with"].get(keyword, {})}
        plain = policy.read_transforms(around, seed=0)
        new, note = read({**around, keyword: value}, plain)
        lines.append(f"| `{keyword}={value!r}` | {new or 'nothing'} | {note} |")
    lines += ["", "## The strings of `auto_augment`", "", *TABLE]
    for text in TIMM["strings"]:
        new, note = read({**base, "auto_augment": text}, policy.read_transforms(base, seed=0))
        lines.append(f"| `{text}` | {new} | {note} |")
    lines += ["", "## Networks", "", TIMM["networks_note"], "", "| old | new |", "|---|---|"]
    taken = {network.name for network in models.catalogue() if "timm" in network.weights}
    for old, new in TIMM["networks"].items():
        weights = "weights from files" if new.removeprefix("tf-") in taken else "no weights of timm"
        lines.append(f'| `timm.create_model("{old}")` | `models.build("{new}")`, {weights} |')
    for title, table in TIMM["names"].items():
        lines += named(title, table)
    return lines


TABLE = ["| old | new | what differs |", "|---|---|---|"]


def named(title, table):
    """Returns the lines of a table of names: old -> (new, note), where new may be ""."""
    there = [(old, f"`{new}`", note) for old, (new, note) in table.items() if new]
    return [
        "",
        f"## {title}",
        *listed(there + [(o, "", n) for o, (new, n) in table.items() if not new]),
    ]


def listed(rows, gone_title="Not there:"):
    """Returns the lines of rows: first what there is, then what is not there."""
    there = [row for row in rows if row[1]]
    gone = [row for row in rows if not row[1]]
    lines = ["", *TABLE, *(f"| `{old}` | {new} | {note} |" for old, new, note in there)]
    if gone:
        lines += ["", gone_title, "", *(f"- `{old}`: {note}" for old, _, note in gone)]
    return lines


def of_balance():
    """Returns the lines of the page on imbalanced-learn, behind its head."""
    table = dict(BALANCE["samplers"])
    for method, (module, name, _) in METHODS.items():
        table[f"{module}.{name}"] = (f'data.resample(x, y, method="{method}")', "")
    lines = named("Samplers", dict(sorted(table.items())))
    for title in ("The rest",):
        lines += named(title, BALANCE[title])
    return lines[1:]


def page(library):
    """Returns the text of a page.

    Args:
        library: "keras", "torchvision", "albumentations", "timm" or "imbalanced-learn".
    """
    head = HEADS[library]
    if library == "timm":
        return head + "\n" + "\n".join(of_timm()) + "\n"
    if library == "imbalanced-learn":
        return head + "\n" + "\n".join(of_balance()) + "\n"
    rows = of_keras() if library == "keras" else rows_of(library)
    exact = sum(bool(new) and not note for _, new, note in rows)
    nearly = sum(bool(new and note) for _, new, note in rows)
    count = (
        f"\n{len(rows)} calls: {exact} exactly, {nearly} with a difference, "
        f"{len(rows) - exact - nearly} not read.\n"
    )
    return head + count + "\n".join(listed(rows, "Not read; use what is named:")) + "\n"


def main():
    """Writes the pages."""
    FOLDER.mkdir(exist_ok=True)
    for library in HEADS:
        (FOLDER / f"{library}.md").write_text(page(library), encoding="utf-8")


if __name__ == "__main__":
    main()
