"""What holds for the package as a whole."""

import ast
import json
import pathlib

import numpy as np
import pytest

import keras_cv_extras
from keras_cv_extras import policy

SOURCE = pathlib.Path(keras_cv_extras.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))

# Every random number is a function of a seed and of where it is used. These have a state, or
# take their seed from outside.
FORBIDDEN = ("np.random", "numpy.random", "tf.random.uniform", "tf.random.normal", "random.random(")


# Text that is written out as a script for another library, which has its own generator.
TEMPLATES = SOURCE / "policy" / "interop" / "_templates.py"


def imported(text):
    """Returns the names of the modules that a program imports as a whole."""
    nodes = ast.walk(ast.parse(text))
    return {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_no_hidden_randomness():
    found = {}
    for path in FILES:
        if path != TEMPLATES:
            text = path.read_text(encoding="utf-8")
            words = [word for word in FORBIDDEN if word in text]
            words += ["import random"] if "random" in imported(text) else []
            if words:
                found[str(path.relative_to(SOURCE))] = words
    assert found == {}


def test_files_are_short():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    long = {str(path.relative_to(SOURCE)): count for path, count in lengths.items() if count > 450}
    assert long == {}


@pytest.mark.parametrize("name", keras_cv_extras.__all__)
def test_public_names_have_docstrings(name):
    module = getattr(keras_cv_extras, name)
    assert module.__doc__
    for public in module.__all__:
        thing = getattr(module, public)
        if callable(thing):
            assert thing.__doc__, f"{name}.{public}"


def test_import_is_light(python):
    loaded = python("import sys, keras_cv_extras; print(sorted(sys.modules))")
    assert "'keras_cv_extras'" in loaded
    assert "'tensorflow'" not in loaded
    assert "'keras'" not in loaded


JAX = """
import numpy as np
import keras
import keras_cv_extras as kcx

images = np.load(sys.argv[1])
out = {}
for name in kcx.augment.OPS:
    op = kcx.augment.OPS[name]
    partners = [images[::-1]] if op.takes_partner else []
    value = op.strength.value(0.7, *images.shape[1:3]) if op.has_strength else None
    out[name] = getattr(kcx.augment, name)(images, *partners, *op.numbers(value, 0.3, 0.6))
for seed in range(10):
    out[f"random{seed}"] = kcx.policy.Policy.random(5, 2, seed=seed)(images, seed=seed, epoch=2)
out["plain"] = kcx.policy.rand_augment()(images, compile=False)
layer = kcx.layers.RandAugment(seed=1)
model = keras.Sequential([keras.Input(images.shape[1:]), layer, keras.layers.Flatten(),
                          keras.layers.Dense(2)])
model.compile("sgd", "mse")
model.fit(images / np.float32(255), np.zeros((len(images), 2)), verbose=0)
np.savez(sys.argv[2], **{name: np.asarray(value) for name, value in out.items()})
print(keras.backend.backend(), "tensorflow" in sys.modules)
"""


@pytest.mark.slow
def test_jax_without_tensorflow(python_on_jax, batch, tmp_path):
    from keras_cv_extras import augment

    np.save(tmp_path / "images.npy", batch)
    printed = python_on_jax(
        JAX,
        tmp_path / "images.npy",
        tmp_path / "results.npz",
    )
    assert printed.split() == ["jax", "False"]
    results = np.load(tmp_path / "results.npz")
    different = total = 0
    for name, result in results.items():
        if name in augment.OPS:
            op = augment.OPS[name]
            partners = [batch[::-1]] if op.takes_partner else []
            value = op.strength.value(0.7, 24, 20) if op.has_strength else None
            wanted = getattr(augment, name)(batch, *partners, *op.numbers(value, 0.3, 0.6))
        elif name == "plain":
            wanted = policy.rand_augment()(batch)
        else:
            seed = int(name.removeprefix("random"))
            wanted = policy.Policy.random(5, 2, seed=seed)(batch, seed=seed, epoch=2)
        different += int(np.sum(result != np.asarray(wanted)))
        total += result.size
    assert different <= total / 100_000, f"{different} of {total} values differ"


def test_version_is_in_the_changelog():
    changelog = SOURCE.parent / "CHANGELOG.md"
    if not changelog.exists():
        pytest.skip("installed without its sources")
    assert f"## {keras_cv_extras.__version__}" in changelog.read_text(encoding="utf-8")


def test_json_is_finite():
    """Policies are read by other languages: no NaN, no Infinity."""
    for name in ("cifar10", "svhn", "imagenet"):
        json.dumps(policy.auto_augment(name).to_dict(), allow_nan=False)
