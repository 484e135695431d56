"""Layers of the mixes and of composed policies."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers, losses, mix, policy

LABELS = np.arange(12) % 3
SCHEDULE = mix.Schedule(num_epochs=10, warmup=1, end=2)
MIXES = {
    "MixUp": lambda **k: layers.MixUp(0.4, num_classes=3, **k),
    "CutMix": lambda **k: layers.CutMix(num_classes=3, label_smoothing=0.1, **k),
    "FMix": lambda **k: layers.FMix(decay=2.0, **k),
    "Mosaic": lambda **k: layers.Mosaic(num_classes=3, **k),
    "ReMix": lambda **k: layers.ReMix([9, 3, 1], num_classes=3, **k),
    "BalancedMixUp": lambda **k: layers.BalancedMixUp(num_classes=3, **k),
    "RandomMix": lambda **k: layers.RandomMix([mix.MixUp(9.0), mix.CutMix()], rate=0.9, **k),
}


@pytest.mark.wide_but("RandomMix")
@pytest.mark.slow_but("CutMix", "RandomMix")  # the others are the same code around another mix
@pytest.mark.parametrize("name", MIXES)
def test_mix_layer(name, batch):
    layer = MIXES[name](seed=3)
    mixed, labels = layer(batch, LABELS)
    assert mixed.dtype == "uint8"
    assert mixed.shape == batch.shape
    assert np.any(np.asarray(mixed) != batch)
    dense = labels if labels.shape[-1] == 3 else mix.dense_labels(labels, 3)
    np.testing.assert_allclose(np.sum(dense, axis=1), 1, atol=1e-6)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again((batch, LABELS))[0], mixed)
    assert np.any(np.asarray(layer(batch, LABELS)[0]) != mixed)
    idle, same = layer(batch, LABELS, training=False)
    np.testing.assert_array_equal(idle, batch)
    assert same.shape == labels.shape


def test_all_forms_of_input(batch):
    weights = np.linspace(0, 2, 12).astype("float32")
    results = [
        layers.MixUp(0.4, seed=1)((batch, LABELS, weights)),
        layers.MixUp(0.4, seed=1)(batch, LABELS, weights),
        tuple(
            layers.MixUp(0.4, seed=1)(
                {"images": batch, "labels": LABELS, "sample_weights": weights}
            ).values()
        ),
    ]
    for result in results[1:]:
        for part, wanted in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(part, wanted)
    with pytest.raises(ValueError, match="must have the keys images, labels"):
        layers.MixUp()({"x": batch})
    with pytest.raises(ValueError, match="takes \\(images, labels\\)"):
        layers.MixUp()(batch)


def test_in_a_dataset_whose_last_batch_is_short(batch):
    layer = layers.MixUp(num_classes=3, seed=1)
    dataset = tf.data.Dataset.from_tensor_slices((batch, LABELS)).batch(5).map(layer)
    sizes = [(len(images), labels.shape) for images, labels in dataset.as_numpy_iterator()]
    assert sizes == [(5, (5, 3)), (5, (5, 3)), (2, (2, 3))]


@pytest.mark.wide
@pytest.mark.parametrize("dtype", ["mixed_float16"])
def test_inside_of_a_model_saved_and_loaded(dtype, batch, tmp_path):
    images, labels = keras.Input(batch.shape[1:], name="images"), keras.Input((3,), name="labels")
    layer = layers.CutMix(num_classes=3, seed=1, dtype=dtype)
    model = keras.Model([images, labels], list(layer((images, labels))))
    inputs = [batch.astype("float32") + 0.3, np.eye(3, dtype="float32")[LABELS]]
    mixed = model(inputs, training=True)[0]
    assert mixed.dtype == "float32"
    assert np.any(np.asarray(mixed) != inputs[0])
    np.testing.assert_array_equal(model(inputs, training=False)[0], inputs[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs, training=False)[0], inputs[0])
    fresh = keras.models.load_model(tmp_path / "model.keras")  # its seed begins again
    np.testing.assert_array_equal(fresh(inputs, training=True)[0], mixed)
    assert loaded.layers[-1].mix == layer.mix


@pytest.mark.wide
def test_sample_pairing_goes_by_the_epoch(batch):
    layer = layers.SamplePairing(schedule=SCHEDULE, seed=1)
    changed = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            images, labels = layer(batch, LABELS)
            np.testing.assert_array_equal(labels, LABELS)
            changed.append(bool(np.any(np.asarray(images) != batch)))

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3)])
    model.compile("sgd", losses.LogLoss(from_logits=True))
    callbacks = [layers.MixEpoch(layer), Watch()]
    model.fit(np.ones((3, 1)), np.zeros(3, int), epochs=10, verbose=0, callbacks=callbacks)
    assert changed == [SCHEDULE.active(epoch) for epoch in range(10)]
    again = layers.SamplePairing.from_config(layer.get_config())
    assert again.mix.schedule == SCHEDULE
    with pytest.raises(TypeError, match="takes mix layers"):
        layers.MixEpoch(model)


@pytest.mark.wide
def test_jensen_shannon_views_and_repeats(batch):
    clean, first, second = layers.AugMix(jensen_shannon=True, width=1, seed=1)(batch)
    np.testing.assert_array_equal(clean, batch)
    assert np.any(np.asarray(first) != second)
    images, labels = layers.RepeatedAugment(policy.flip_crop(), 3, seed=1)(batch, LABELS)
    np.testing.assert_array_equal(labels, np.tile(LABELS, 3))
    parts = np.split(np.asarray(images), 3)
    assert np.any(parts[0] != parts[1])
    idle, _ = layers.RepeatedAugment(policy.flip_crop(), 2)(batch, LABELS, training=False)
    np.testing.assert_array_equal(idle, np.concatenate([batch, batch]))
