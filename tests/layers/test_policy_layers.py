import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers, policy
from keras_cv_extras.policy import Step

# With an op that AutoAugment has not, a program is of these alone, which compiles faster.
SMALL = policy.Policy(
    [[Step("rotate", 0.7, (0, 1)), Step("flip_vertical", 0.5)], [Step("invert", 0.8)]]
)
LAYERS = {
    "PolicyAugment": lambda **k: layers.PolicyAugment(SMALL, **k),
    "RandAugment": lambda **k: layers.RandAugment(num_ops=2, strength=0.6, **k),
    "AutoAugment": lambda **k: layers.AutoAugment("svhn", spec="paper", **k),
    "TrivialAugment": lambda **k: layers.TrivialAugment(wide=True, **k),
}


@pytest.fixture(params=sorted(LAYERS))
def make(request):
    return LAYERS[request.param]


@pytest.fixture(
    params=[
        name if name == "PolicyAugment" else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(LAYERS)
    ]
)
def make_one(request):
    """The layer that the others are made of, and in the slow run those."""
    return LAYERS[request.param]


def test_draws_anew_at_every_call_and_repeats_for_a_seed(make_one, batch):
    first, second = make_one(seed=3), make_one(seed=3)
    calls = [np.asarray(first(batch)) for _ in range(2)]
    assert calls[0].dtype == "uint8"
    assert np.any(calls[0] != batch)
    assert np.any(calls[0] != calls[1])
    np.testing.assert_array_equal(second(batch), calls[0])
    assert np.any(np.asarray(make_one(seed=4)(batch)) != calls[0])


def test_identity_at_inference(make, batch):
    np.testing.assert_array_equal(make(seed=1)(batch, training=False), batch)


@pytest.mark.wide_but("PolicyAugment")
def test_a_dataset_knows_the_shape_and_type(make, batch):
    dataset = tf.data.Dataset.from_tensor_slices(batch).batch(6).map(make(seed=1))
    assert dataset.element_spec == tf.TensorSpec((None, *batch.shape[1:]), "uint8")


def test_in_a_dataset(make_one, batch):
    layer = make_one(seed=1)
    dataset = tf.data.Dataset.from_tensor_slices(batch).batch(6).map(layer)
    parts = list(dataset.as_numpy_iterator())
    assert np.concatenate(parts).shape == batch.shape
    assert np.any(np.concatenate(parts) != batch)


@pytest.mark.wide
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_in_a_model_saved_and_exported(make_one, dtype, batch, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        model = keras.Sequential(
            [
                keras.Input(batch.shape[1:]),
                make_one(value_range=(0, 1), seed=1),
                keras.layers.Conv2D(4, 3, activation="relu"),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(3, dtype="float32"),
            ]
        )
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        images = batch.astype("float32") / 255
        history = model.fit(images, np.arange(12) % 3, epochs=2, batch_size=6, verbose=0)
        assert np.isfinite(history.history["loss"]).all()
        wanted = model.predict(images, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded.predict(images, verbose=0), wanted)
        model.export(tmp_path / "exported", verbose=False)
        served = tf.saved_model.load(str(tmp_path / "exported"))
        np.testing.assert_allclose(served.serve(images), wanted, rtol=2e-2, atol=2e-3)
    finally:
        keras.config.set_dtype_policy(before)


def test_floats_keep_their_levels_under_mixed_precision(batch):
    layer = layers.PolicyAugment(policy.no_augmentation(), dtype="mixed_float16")
    images = batch.astype("float32") + 0.3
    assert layer(images).dtype == "float32"
    np.testing.assert_array_equal(layer(images), images)


def test_wrong_arguments(batch):
    with pytest.raises(TypeError, match="policy must be a Policy, received 'cifar10'"):
        layers.PolicyAugment("cifar10")
    with pytest.raises(ValueError, match="strength must be in"):
        layers.RandAugment(strength=9)
    with pytest.raises(ValueError, match="value_range must be .low, high. with low < high"):
        layers.RandAugment(value_range=(1, 0))
