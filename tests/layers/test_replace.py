import keras
import numpy as np
import pytest

from keras_cv_extras.layers import pooling
from keras_cv_extras.layers.pooling._replace import _POOLINGS, replace_pooling

MODELS = {
    "VGG16": (keras.applications.VGG16, {"include_top": False}, 5, "max"),
    "ResNet50": (keras.applications.ResNet50, {"include_top": False}, 1, "max"),
    "MobileNetV2": (
        keras.applications.MobileNetV2,
        {"include_top": False, "pooling": "avg"},
        1,
        "global",
    ),
}


def images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def pooling_layers(model):
    return {layer.name: layer for layer in model.layers if "Pooling" in type(layer).__name__}


def small_cnn(**options):
    return keras.Sequential(
        [
            keras.Input((16, 14, 3)),
            keras.layers.Conv2D(4, 3, activation="relu", padding="same"),
            keras.layers.MaxPooling2D(3, strides=2, padding="same", name="first"),
            keras.layers.BatchNormalization(),
            keras.layers.Conv2D(6, 3, activation="relu"),
            keras.layers.AveragePooling2D(2, name="second", **options),
            keras.layers.GlobalMaxPooling2D(keepdims=True, name="third"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )


@pytest.mark.wide_but("VGG16")
@pytest.mark.parametrize("name", MODELS)
def test_applications_keep_weights_and_predictions(name):
    application, options, count, which = MODELS[name]
    model = application(weights=None, input_shape=(64, 64, 3), **options)
    same = replace_pooling(model, "average" if which == "global" else "max", which=which)
    other = replace_pooling(model, "max" if which == "global" else "average", which=which)
    old, new = pooling_layers(model), pooling_layers(other)
    assert list(old) == list(new)
    changed = [key for key in old if type(old[key]) is not type(new[key])]
    assert len(changed) == count
    for before, after in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    # By the batch's own statistics, because fresh ones of hundreds of layers shrink all to zero.
    x = images(2, 64, 64, 3)
    expected = np.asarray(model(x, training=True))
    assert expected.max() > 1e-3
    np.testing.assert_allclose(same(x, training=True), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(other(x, training=True), expected, rtol=1e-2)
    # The copy has weights of its own.
    other.weights[0].assign(other.weights[0] + 1)
    assert np.any(np.asarray(other.weights[0]) != np.asarray(model.weights[0]))


@pytest.mark.wide_but("max", "blur")
@pytest.mark.parametrize("name", _POOLINGS)
def test_every_name_in_a_model_that_trains(name, tmp_path):
    max_class, average_class, _ = (prefix and f"{prefix}2D" for prefix in _POOLINGS[name])
    model = small_cnn()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, run_eagerly=True)  # to trace the step takes longer than the step
    changed = replace_pooling(model, name)
    layers = pooling_layers(changed)
    assert [type(layer).__name__ for layer in layers.values()] == [
        max_class,
        average_class,
        "GlobalMaxPooling2D",
    ]
    assert layers["first"].pool_size == (3, 3)
    assert layers["first"].strides == (2, 2)
    assert layers["first"].padding == "same"
    assert changed.output_shape == model.output_shape
    x, y = images(8, 16, 14, 3), np.arange(8) % 3
    loss = changed.fit(x, y, verbose=0).history["loss"][0]
    assert np.isfinite(loss)
    changed.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(x), changed(x), rtol=1e-5)


@pytest.mark.wide_but("blur")
@pytest.mark.parametrize("name", ["blur", "gem", "mixed", "stochastic"])
def test_names_in_an_application(name):
    model = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    changed = replace_pooling(model, name)
    kinds = {type(layer).__name__ for layer in pooling_layers(changed).values()}
    assert kinds == {f"{_POOLINGS[name][0]}2D"}
    for layer in model.layers:
        weights = layer.get_weights()
        if weights:
            new = changed.get_layer(layer.name).get_weights()
            assert all(map(np.array_equal, weights, new))
    outputs = changed(images(1, 32, 32, 3))
    assert outputs.shape == (1, 1, 1, 512)
    assert np.all(np.isfinite(outputs))


def test_what_a_named_layer_is_given(monkeypatch):
    given = []

    class Recorded(keras.layers.AveragePooling2D):
        def __init__(self, p, **kwargs):
            given.append({"p": p, **kwargs})
            super().__init__(**kwargs)

    monkeypatch.setattr(pooling, "LPPooling2D", Recorded, raising=False)
    replace_pooling(small_cnn(), "lp", which="max", p=4)
    (arguments,) = given
    assert arguments.pop("dtype").name == "float32"
    assert arguments == {
        "p": 4,
        "pool_size": (3, 3),
        "strides": (2, 2),
        "padding": "same",
        "data_format": "channels_last",
        "name": "first",
        "trainable": True,
    }


def test_gem_with_an_option_and_everywhere():
    changed = replace_pooling(small_cnn(), "gem", p=1.0)
    x = np.abs(images(2, 16, 14, 3))
    expected = replace_pooling(small_cnn(), "average")
    for layer in changed.layers:
        if layer.weights and "Pooling" not in type(layer).__name__:
            expected.get_layer(index=changed.layers.index(layer)).set_weights(layer.get_weights())
    np.testing.assert_allclose(changed(x), expected(x), rtol=1e-3, atol=1e-4)
    changed = replace_pooling(small_cnn(), "gem", which="global")
    assert type(changed.get_layer("third")).__name__ == "GlobalGeneralizedMeanPooling2D"
    assert changed.get_layer("third").keepdims


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("max", ["AveragePooling2D", "AveragePooling2D", "GlobalMaxPooling2D"]),
        ("average", ["MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D"]),
        ("global", ["MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D"]),
    ],
)
def test_which(which, expected):
    model = replace_pooling(small_cnn(), "average", which=which)
    assert [type(layer).__name__ for layer in pooling_layers(model).values()] == expected


@pytest.mark.parametrize("rank", [1, 3])
def test_other_ranks_and_data_formats(rank):
    shape = (3, *(8,) * rank)
    pool = getattr(keras.layers, f"MaxPooling{rank}D")(2, data_format="channels_first")
    model = keras.Sequential([keras.Input(shape), pool])
    changed = replace_pooling(model, "average")
    assert type(changed.layers[0]).__name__ == f"AveragePooling{rank}D"
    assert changed.layers[0].data_format == "channels_first"
    assert changed.output_shape == model.output_shape


def test_callable_gets_the_layer():
    changed = replace_pooling(
        small_cnn(),
        lambda layer: keras.layers.Conv2D(
            6, layer.pool_size, layer.strides, layer.padding, name=layer.name
        ),
        which="average",
    )
    assert type(changed.get_layer("second")).__name__ == "Conv2D"
    assert changed.get_layer("second").kernel.shape == (2, 2, 6, 6)


def test_shared_layers_and_nested_models():
    inner = keras.Sequential(
        [keras.Input((8, 8, 4)), keras.layers.Conv2D(4, 3), keras.layers.MaxPooling2D(name="in")],
        name="inner",
    )
    inner.trainable = False
    inputs = keras.Input((16, 16, 4))
    pool = keras.layers.MaxPooling2D(name="shared")
    outputs = keras.layers.Add()([inner(pool(inputs)), inner(pool(2 * inputs))])
    model = keras.Model(inputs, keras.layers.Dense(2)(outputs))
    x = images(2, 16, 16, 4)
    np.testing.assert_allclose(replace_pooling(model, "max")(x), model(x), rtol=1e-5)
    changed = replace_pooling(model, "average")
    assert type(changed.get_layer("shared")).__name__ == "AveragePooling2D"
    assert type(changed.get_layer("inner").get_layer("in")).__name__ == "AveragePooling2D"
    assert not changed.get_layer("inner").trainable
    assert len(changed.weights) == len(model.weights) == 4
    for before, after in zip(model.get_weights(), changed.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    assert type(inner.get_layer("in")).__name__ == "MaxPooling2D"


def test_a_sequential_model_without_an_input():
    model = keras.Sequential([keras.layers.Conv2D(2, 3), keras.layers.MaxPooling2D()])
    x = images(2, 8, 8, 3)
    np.testing.assert_allclose(replace_pooling(model, "max").layers[1](x), model.layers[1](x))
    expected = model(x)
    np.testing.assert_allclose(replace_pooling(model, "max")(x), expected, rtol=1e-6)


def test_dtype_policy_and_freezing_are_kept():
    model = small_cnn(dtype="mixed_bfloat16", trainable=False)
    layer = replace_pooling(model, "max", which="average").get_layer("second")
    assert layer.dtype_policy.name == "mixed_bfloat16"
    assert not layer.trainable


def test_another_shape_is_an_error():
    with pytest.raises(
        ValueError, match=r"replacement of 'first' must give.*8, 7, 4.*received.*16, 14, 4"
    ):
        replace_pooling(small_cnn(), lambda layer: keras.layers.ReLU(name=layer.name))


def test_wrong_arguments():
    with pytest.raises(ValueError, match="no pooling layer.*'max'.*: AveragePooling2D"):
        replace_pooling(
            keras.Sequential([keras.Input((4, 4, 1)), keras.layers.AveragePooling2D(2)]),
            "gem",
            which="max",
        )
    with pytest.raises(ValueError, match="pooling must be one of 'max'.*received 'median'"):
        replace_pooling(small_cnn(), "median")
    with pytest.raises(ValueError, match="which must be one of"):
        replace_pooling(small_cnn(), "gem", which="min")
    with pytest.raises(ValueError, match="'max', 'average', 'gem' for which='global'.*'blur'"):
        replace_pooling(small_cnn(), "blur", which="global")
    with pytest.raises(TypeError, match="must return a layer for 'first', received None"):
        replace_pooling(small_cnn(), lambda layer: None)
    with pytest.raises(TypeError, match="options belong to a pooling's name.*'p'"):
        replace_pooling(small_cnn(), lambda layer: layer, p=3)

    class Own(keras.Model):
        pass

    with pytest.raises(TypeError, match="functional or Sequential model, received Own"):
        replace_pooling(Own(), "gem")


def test_adapted_normalization_is_copied():
    x = images(8, 4, 4, 2) * 3 + 5
    normalization = keras.layers.Normalization()
    normalization.adapt(x)
    pool = keras.layers.MaxPooling2D()
    model = keras.Sequential([keras.Input((4, 4, 2)), normalization, pool])
    np.testing.assert_array_equal(replace_pooling(model, "max")(x), model(x))
