"""Saved models load after `import keras_cv_extras`, whatever classes of ours they hold."""

import keras
import pytest

from keras_cv_extras import layers, losses, metrics, models, training

SCRIPT = """
import importlib, pkgutil, sys
import keras_cv_extras
assert "keras" not in sys.modules
import keras
assert not any(name.startswith("keras_cv_extras.losses") for name in sys.modules)
for path in sys.argv[1:]:
    model = keras.models.load_model(path)
    print(model.name, type(model.loss).__name__, type(model.optimizer).__name__)

from keras_cv_extras._base import saved
objects = keras.saving.get_custom_objects()
for (package, subpackage), names in saved.NAMES.items():
    for name in names.split():
        found = objects[f"{package}>{name}"]
        if isinstance(found, saved.Later):
            assert repr(found) == f"<{package}>{name}, not loaded yet>"
            found = found.load()
        assert found.__name__ == name, found
        assert found.__module__.startswith(f"keras_cv_extras.{subpackage}."), found
known = {f"{p}>{name}" for (p, _), names in saved.NAMES.items() for name in names.split()}
for module in pkgutil.walk_packages(keras_cv_extras.__path__, "keras_cv_extras."):
    if "bench" not in module.name and "_client" not in module.name and "main" not in module.name:
        importlib.import_module(module.name)
ours = {name for name in objects if name.startswith("keras_cv_extras")}
print(sorted(ours ^ known))
"""


def saved(path, model, loss, optimizer="sgd"):
    model.compile(optimizer, loss, metrics=[metrics.BalancedAccuracy(num_classes=3)])
    model.save(path)
    return path


@pytest.mark.slow
def test_after_somebody_has_asked_whether_keras_is_there(python):
    printed = python(
        "import importlib.util, keras_cv_extras; importlib.util.find_spec('keras'); import keras; "
        "print(keras.saving.get_custom_objects().get('keras_cv_extras>RandomShearX'))"
    )
    assert printed == "<keras_cv_extras>RandomShearX, not loaded yet>\n"


@pytest.mark.wide
def test_after_one_import(tmp_path, python):
    augmented = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            models.ImagePreprocessing("tf"),
            layers.RandomShearX(seed=2),
            layers.StochasticPooling2D(2),
            layers.GlobalLogSumExpPooling2D(),
            layers.CosineDense(3),
        ],
        name="augmented",
    )
    small = training.small_cnn((8, 8, 1), 3, width=4)
    printed = python(
        SCRIPT,
        saved(tmp_path / "a.keras", augmented, losses.LogLoss(from_logits=True)),
        saved(tmp_path / "b.keras", small, training.SmoothedCrossentropy(0.1)),
    )
    assert printed.splitlines() == [
        "augmented LogLoss SGD",
        "small_cnn SmoothedCrossentropy SGD",
        "[]",
    ]
