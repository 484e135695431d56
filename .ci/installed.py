"""Uses the package where it is installed alone, so that a forgotten requirement is found.

Every module is imported and every public name looked up; a network learns augmented digits, is
reported on, exported and verified. What needs an extra must say which.
"""

import importlib
import importlib.util
import pathlib
import pkgutil
import tempfile

import keras_cv_extras as kcx

# What the extras bring. It must not be here, or this script shows nothing.
ABSENT = ("pytest", "hypothesis", "skimage", "imblearn", "faiss", "cv2", "skops", "jax", "onnx")
ABSENT += ("pandas", "mkdocs")


NEED_JAX = {
    "keras_cv_extras._base.engine.on_jax",
    "keras_cv_extras.search.trials._population_program",
}


def found(name):
    """Imports a module; returns whether all it needs is there but for an extra."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in ABSENT:
            raise
        return False
    return True


def main():
    """Imports, augments, trains, exports."""
    assert "site-packages" in kcx.__file__, kcx.__file__
    assert [name for name in ABSENT if importlib.util.find_spec(name)] == []
    modules = [module.name for module in pkgutil.walk_packages(kcx.__path__, "keras_cv_extras.")]
    without = {name for name in modules if not name.endswith("__main__") and not found(name)}
    assert without == NEED_JAX, without
    names = [(part, name) for part in kcx.__all__ for name in getattr(kcx, part).__all__]
    for part, name in names:
        getattr(getattr(kcx, part), name)

    images = kcx.data.load("digits")
    policy = kcx.policy.rand_augment(num_ops=1, strength=0.5)
    model = kcx.training.small_cnn((8, 8, 1), 10, width=8)
    kcx.training.fit(model, kcx.data.pipeline(images.train, 64, policy, seed=0), epochs=1)
    scores = kcx.training.evaluate(model, *images.test, images.class_names)
    predicted = kcx.training.predict(model, images.test, images.class_names)
    assert "</html>" in kcx.training.report(predicted, title="digits", data={})  # by its template
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "1"
        kcx.serving.export(model, path, class_names=images.class_names, images=images.test[0])
        print(kcx.serving.verify(path))
    print(f"{len(modules)} modules, {len(names)} names, accuracy {scores.accuracy:.2f}")


if __name__ == "__main__":
    main()
