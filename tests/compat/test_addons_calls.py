"""Calls of TensorFlow Addons as its users write them, under the old names: values of 0.23.0."""

import pathlib
import runpy

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import compat
from keras_cv_extras.compat import tensorflow_addons

FOLDER = pathlib.Path(__file__).parent.parent / "reference"
MADE = runpy.run_path(str(FOLDER / "addons_calls.py"))
WANTED = np.load(FOLDER / "addons_calls.npz")
tfa = compat.tensorflow_addons
TABLES = {
    f"{kind}.{name}": entry
    for kind in tfa.__all__
    if kind != "register_all"  # a function
    for name, entry in getattr(tfa, kind).TABLE.items()
}


@pytest.mark.filterwarnings("ignore:tensorflow_addons:FutureWarning")
@pytest.mark.parametrize("number", range(len(MADE["CALLS"])), ids=MADE["CALLS"])
def test_values(number):
    found = eval(MADE["CALLS"][number], {**MADE["inputs"](), "tfa": tfa})
    wanted = WANTED[str(number)]
    found = np.asarray(found)
    assert found.shape == wanted.shape
    if wanted.dtype.kind == "U":
        assert str(found) == str(wanted)
        return
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6)


@pytest.mark.filterwarnings("ignore:tensorflow_addons:FutureWarning")
@pytest.mark.parametrize("path", sorted(TABLES))
def test_every_name_is_there_or_says_what_to_use(path):
    kind, name = path.split(".")
    entry = TABLES[path]
    if entry.new:
        assert callable(getattr(getattr(tfa, kind), name))
        assert name in dir(getattr(tfa, kind))
        module, _, last = entry.new.rpartition(".")
        assert callable(getattr(__import__(module, fromlist=[last]), last))
    else:
        with pytest.raises(AttributeError, match=f"{path} has no replacement here: "):
            getattr(getattr(tfa, kind), name)
        assert entry.note


def test_a_name_warns_once_and_tells_the_new_call():
    from keras_cv_extras.compat import _table

    _table._warned.discard("tensorflow_addons.losses.sparsemax_loss")
    with pytest.warns(FutureWarning, match=r"is now keras_cv_extras.losses.sparsemax_loss\(labels"):
        first = tfa.losses.sparsemax_loss
    assert tfa.losses.sparsemax_loss is first  # a warning would be an error here


def test_what_is_not_about_images_is_told():
    with pytest.raises(AttributeError, match="seq2seq has no replacement here: it is not about"):
        _ = tfa.seq2seq
    with pytest.raises(AttributeError, match="has no attribute 'layer'"):
        _ = tfa.layer
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = tfa.losses.nothing


@pytest.mark.filterwarnings("ignore:tensorflow_addons:FutureWarning")
def test_losses_by_their_names():
    classes, embeddings = np.array([0, 0, 1]), np.eye(3, dtype="float32")
    found = tfa.losses.lifted_struct_loss(classes, embeddings=embeddings, margin=0.5)
    wanted = tfa.losses.lifted_struct_loss(embeddings=embeddings, labels=classes, margin=0.5)
    assert float(found) == float(wanted)
    with pytest.raises(TypeError, match="lifted_struct_loss takes y_true, y_pred, margin"):
        tfa.losses.lifted_struct_loss(classes)
    with pytest.raises(TypeError, match="npairs_loss takes y_true, y_pred"):
        tfa.losses.npairs_loss(classes, embeddings, 0.5)


def test_registered_names_compile():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="sigmoid")])
    x, y = np.ones((4, 4), "float32"), np.eye(4, dtype="float32")
    model.compile("sgd", loss="Addons>sigmoid_focal_crossentropy")
    found = model.evaluate(x, y, verbose=0)
    names = {**MADE["inputs"](), "tfa": tfa, "p": model.predict(x, verbose=0), "y": y}
    with pytest.MonkeyPatch.context() as patch:
        from keras_cv_extras.compat import _table

        patch.setattr(_table, "_warned", {f"tensorflow_addons.{path}" for path in TABLES})
        wanted = eval("tfa.losses.SigmoidFocalCrossEntropy()(y, p)", names)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert type(keras.losses.get("Addons>GIoULoss")).__name__ == "GIoULoss"
    config = {"class_name": "Addons>Lookahead", "config": {"optimizer": "sgd", "sync_period": 3}}
    assert keras.optimizers.deserialize(config).sync_period == 3


def test_a_model_with_old_layers_is_saved(tmp_path):
    from keras_cv_extras.compat.tensorflow_addons import layers

    with pytest.MonkeyPatch.context() as patch:
        from keras_cv_extras.compat import _table

        patch.setattr(_table, "_warned", {f"tensorflow_addons.{path}" for path in TABLES})
        model = keras.Sequential(
            [
                keras.Input((8, 8, 2)),
                layers.FilterResponseNormalization(learned_epsilon=True),
                layers.InstanceNormalization(),
                layers.GELU(),
                layers.SpatialPyramidPooling2D([1, 3]),
                layers.Sparsemax(),
                layers.Snake(),
            ]
        )
        unpool = layers.MaxUnpooling2DV2((2, 4, 4, 2))
    assert model.layers[0].use_eps_learned
    assert float(model.layers[0].eps_learned[0]) == pytest.approx(1e-4)
    assert model.layers[0].eps_learned_constraint is None
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 2)).astype("float32")
    np.testing.assert_array_equal(model(x), loaded(x))
    copy = type(unpool).from_config(unpool.get_config())
    pooled = tf.nn.max_pool_with_argmax(x[:, :4, :4], 2, 2, "VALID")
    np.testing.assert_array_equal(unpool(*pooled), copy(*pooled))


def test_the_modules_are_those_of_addons():
    modules = (
        tensorflow_addons.activations,
        tensorflow_addons.callbacks,
        tensorflow_addons.image,
        tensorflow_addons.layers,
        tensorflow_addons.losses,
        tensorflow_addons.metrics,
        tensorflow_addons.optimizers,
    )
    kinds = [module.__name__.rpartition(".")[2] for module in modules]
    assert [*kinds, "register_all"] == tensorflow_addons.__all__
    assert len(TABLES) == sum(len(module.TABLE) for module in modules) > 120
