import keras
import numpy as np
import pytest

from keras_cv_extras import models

X = np.random.default_rng(0).integers(0, 256, (8, 6, 6, 1), dtype=np.uint8)
Y = np.arange(8) % 3
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def two_heads(**options):
    """A small network with two auxiliary heads and what adds a loss of its own."""
    images = keras.Input((6, 6, 1))
    x = keras.layers.Flatten()(images)
    x = keras.layers.Dense(4, "relu", kernel_regularizer=keras.regularizers.L2(0.01))(x)
    heads = [keras.layers.Dense(3, name=name)(x) for name in ("logits", "a_logits", "b_logits")]
    return models.AuxiliaryHeads(images, heads, **options)


@pytest.mark.wide
def test_loss_is_weighted_in_training_alone():
    model = two_heads()
    model.compile("sgd", LOSS, metrics=["accuracy"])
    outputs = model(X, training=True)
    assert len(outputs) == 3
    assert model(X).shape == (8, 3)
    added = float(sum(model.losses))
    assert added > 0
    single = [float(LOSS(Y, output)) for output in outputs]
    wanted = single[0] + 0.3 * (single[1] + single[2]) + added
    np.testing.assert_allclose(float(model.compute_loss(X, Y, outputs)), wanted, rtol=1e-5)
    scores = model.evaluate(X, Y, verbose=0, return_dict=True)
    np.testing.assert_allclose(scores["loss"], single[0] + added, rtol=1e-5)
    history = model.fit(X, Y, batch_size=8, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["loss"], [wanted], rtol=1e-5)
    assert history["accuracy"] == [pytest.approx(scores["accuracy"])]


def test_sample_weights_reach_every_head():
    model = two_heads()
    model.compile("sgd", LOSS)
    outputs = model(X, training=True)
    weights = np.linspace(0, 2, 8).astype("float32")
    single = [float(LOSS(Y, output, weights)) for output in outputs]
    wanted = single[0] + 0.3 * (single[1] + single[2]) + float(sum(model.losses))
    got = float(model.compute_loss(X, Y, outputs, weights))
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_saved_and_without_heads(tmp_path):
    model = two_heads()
    model.compile("sgd", LOSS)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(again, models.AuxiliaryHeads)
    np.testing.assert_array_equal(again(X), model(X))
    smaller = model.inference_model()
    assert len(smaller.weights) == len(model.weights) - 4
    np.testing.assert_array_equal(smaller(X, training=True), model(X))
    assert model.output_shape == smaller.output_shape == (None, 3)


def googlenet():
    model = models.build("googlenet", (16, 16, 1), 3)
    names = {layer.name for layer in model.layers}
    assert {"auxiliary1_logits", "auxiliary2_logits"} <= names
    return model, X.repeat(3, 1)[:, :16].repeat(3, 2)[:, :, :16]


@pytest.mark.wide
@pytest.mark.parametrize(
    "make", [lambda: (two_heads(), X), pytest.param(googlenet, marks=pytest.mark.slow)]
)
def test_it_trains_and_its_export_has_no_heads(make, tmp_path):
    import tensorflow as tf

    from keras_cv_extras import serving

    model, x = make()
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(1e-3), LOSS)
    model.train_on_batch(x, Y)
    changed = [
        not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True)
    ]
    assert all(changed)
    serving.export(model, tmp_path / "export", class_names=["a", "b", "c"], images=x)
    loaded = tf.saved_model.load(tmp_path / "export")
    count = sum(int(tf.size(variable)) for variable in loaded.weights)
    assert count == sum(np.size(weight) for weight in model.inference_model().trainable_weights)
    assert count < model.count_params()
    answer = loaded.signatures["predict_images"](images=tf.constant(x, tf.float32))
    wanted = tf.nn.softmax(model(x)).numpy()
    np.testing.assert_allclose(answer["probabilities"], wanted, rtol=1e-4, atol=1e-5)
