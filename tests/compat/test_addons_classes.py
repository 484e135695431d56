"""Classes of TensorFlow Addons as classes: derived from, asked for, found in files."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.compat import tensorflow_addons as tfa
from keras_cv_extras.compat.tensorflow_addons.layers import _approximate_gelu

pytestmark = pytest.mark.filterwarnings("ignore:tensorflow_addons:FutureWarning")
OPTIMIZERS = ("AdaBelief", "COCOB", "LAMB", "LazyAdam", "NovoGrad", "RectifiedAdam", "Yogi")
LOSSES = sorted(name for name in tfa.losses.TABLE if name[0].isupper())
ARGUMENTS = {"WeightedKappaLoss": {"num_classes": 3}}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_a_class(name):
    kind = getattr(tfa.optimizers, name)

    class Own(kind):
        """As users derive their own."""

    made = Own()
    assert isinstance(made, kind)
    assert isinstance(made, keras.optimizers.Optimizer)
    plain = kind()
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(plain))
    assert type(copy) is kind
    assert copy.get_config() == plain.get_config()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_a_class(name):
    kind = getattr(tfa.losses, name)
    made = kind(**ARGUMENTS.get(name, {}), reduction="auto")
    assert isinstance(made, kind)
    assert issubclass(kind, keras.losses.Loss)
    assert made.reduction == "sum_over_batch_size"
    copy = keras.losses.deserialize(keras.losses.serialize(made))
    assert type(copy) is kind
    assert copy.get_config() == made.get_config()


def test_a_loss_of_ones_own():
    class Narrow(tfa.losses.TripletSemiHardLoss):
        def __init__(self):
            super().__init__(margin=0.25, distance_metric="angular")

    classes = np.array([0, 0, 1, 1])
    embeddings = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    wanted = tfa.losses.TripletSemiHardLoss(0.25, "angular")(classes, embeddings)
    np.testing.assert_allclose(Narrow()(classes, embeddings), wanted)


def test_a_model_is_loaded_with_the_old_names(tmp_path):
    layers = [tfa.layers.InstanceNormalization(axis=3, epsilon=1e-2), tfa.layers.GELU()]
    layers += [tfa.layers.GroupNormalization(3), keras.layers.Flatten()]
    head = keras.layers.Dense(2, activation="softmax")
    model = keras.Sequential([keras.Input((4, 4, 3)), *layers, head])
    model.compile(tfa.optimizers.LAMB(1e-3), tfa.losses.SigmoidFocalCrossEntropy())
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    model.train_on_batch(x, np.eye(2, dtype="float32"))
    model.save(tmp_path / "model.keras")
    named = {
        "InstanceNormalization": tfa.layers.InstanceNormalization,
        "SigmoidFocalCrossEntropy": tfa.losses.SigmoidFocalCrossEntropy,
        "LAMB": tfa.optimizers.LAMB,
    }
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects=named)
    np.testing.assert_array_equal(model(x), loaded(x))
    assert isinstance(loaded.layers[0], tfa.layers.InstanceNormalization)
    assert isinstance(loaded.optimizer, tfa.optimizers.LAMB)
    unpool = tfa.layers.MaxUnpooling2D(padding="VALID")
    assert keras.layers.deserialize(keras.layers.serialize(unpool)).padding == "valid"
    before = keras.layers.Activation(_approximate_gelu)  # as the layer was saved before
    again = keras.layers.deserialize(keras.layers.serialize(before))
    np.testing.assert_array_equal(again(x), tfa.layers.GELU()(x))


def test_functions_for_numbers_are_asked_at_each_step():
    weight, asked = keras.Variable([1.0]), tf.Variable(0.9)
    made = tfa.optimizers.SGDW(0.0, learning_rate=1, momentum=lambda: 1.0 * asked)
    for momentum in (0.5, 0.25):
        asked.assign(momentum)
        made.apply([np.float32([1.0])], [weight])
    assert float(weight[0]) == pytest.approx(1 - 1 - 1.25)
    with pytest.raises(ValueError, match="^momentum must not be a function in an optimizer"):
        made.get_config()
    rate = tf.Variable(0.5)
    made = tfa.optimizers.LAMB(rate)
    rate.assign(0.25)
    assert float(made.learning_rate) == 0.25
    with pytest.raises(ValueError, match="beta1 must be"):
        tfa.optimizers.Yogi(beta1=lambda: 2.0)
    with pytest.raises(TypeError, match="too many positional arguments"):
        tfa.optimizers.COCOB(0.1, True, "name", 7)


def test_a_model_is_trained_by_functions_for_numbers():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    asked = tf.Variable(0.9)
    rates = {"weight_decay": lambda: 1e-4, "learning_rate": lambda: 1e-2}
    model.compile(tfa.optimizers.AdamW(**rates, beta_1=lambda: 1.0 * asked), "mse")
    history = model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_codes_of_local_descriptors():
    layer = tfa.layers.netvlad.NetVLAD(num_clusters=5)
    x = np.random.default_rng(0).normal(size=(2, 7, 4)).astype("float32")
    codes = np.asarray(layer(x))
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, rtol=1e-5)
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert copy.compute_output_shape(x.shape) == codes.shape == (2, 20)
    with pytest.raises(ValueError, match="num_clusters must be at least 1, received 0"):
        tfa.layers.NetVLAD(0)
    with pytest.raises(ValueError, match="the number of features must be known"):
        layer.build((2, 7, None))
