"""CTAugment learns which strengths a network can bear, and draws from those alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import layers, policy
from keras_cv_extras.layers import CTAugment, CTAugmentProbe

# With an op that AutoAugment has not, a program is of these alone, which compiles faster.
OPS = ("identity", "invert", "rotate", "brightness", "flip_vertical")


def make(**options):
    return CTAugment(**{"ops": OPS, "num_ops": 1, "num_bins": 4, "seed": 1, **options})


def halves(count=64):
    """Images that are dark or bright, and which they are: inverted, they are the other."""
    labels = np.arange(count) % 2
    noise = np.arange(count * 64).reshape(count, 8, 8, 1) * 7919 % 31
    return (noise + 200.0 * labels[:, None, None, None]).astype("float32"), labels


def classifier(layer):
    """Knows dark from bright, and needs no training."""
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layer, keras.layers.GlobalAveragePooling2D(),
         keras.layers.Dense(2)]
    )  # fmt: skip
    model.layers[-1].set_weights([np.array([[-0.1, 0.1]]), np.array([11.5, -11.5])])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-9), loss)
    return model


def test_bins_and_their_weights_are_those_of_the_paper():
    layer = make(decay=0.9)
    assert {op: len(bins) for op, bins in layer.bins().items()} == {
        "identity": 1,
        "invert": 2,
        "rotate": 4,
        "brightness": 4,
        "flip_vertical": 2,
    }
    # One image of the second bin of rotate, recognised half: 0.9 x 1 + 0.1 x 0.5.
    layer.update([[4]], [0.5])
    assert layer.bins()["rotate"] == pytest.approx([1, 0.95, 1, 1])
    # Twice again, with 0 and 1: as often, with their mean.
    layer.update([[4, 4]], [0.0, 1.0])
    assert layer.bins()["rotate"][1] == pytest.approx(0.81 * 0.95 + 0.19 * 0.5)


def test_draws_leave_out_what_is_below_the_threshold():
    layer = make()
    weights = np.ones(13, "float32")
    weights[[2, 5, 6]] = 0.7  # invert applied, and rotate's stronger half
    layer.bin_weights.assign(weights)
    made = layer.policy()
    shares = np.array(made.weights)
    assert shares.sum() == pytest.approx(1)
    assert shares[[2, 5, 6]].tolist() == [0, 0, 0]
    assert shares[[0, 1, 3, 4]] == pytest.approx([1 / 5, 1 / 5, 1 / 10, 1 / 10])  # ops alike
    images = np.full((2000, 2, 2, 1), 50, "uint8")
    seen = np.asarray(layer(images))[:, 0, 0, 0]
    assert not np.any(seen == 205)
    layer.bin_weights.assign(np.ones(13, "float32"))
    seen = np.asarray(layer(images))[:, 0, 0, 0]
    assert np.mean(seen == 205) == pytest.approx(1 / 10, abs=0.03)


@pytest.mark.wide
def test_probes_know_their_bins():
    layer = make(num_ops=2)
    images = np.arange(40 * 6 * 6).reshape(40, 6, 6, 1).astype("uint8")
    augmented, chosen = layer.probe(images, seed=3, epoch=4)
    assert chosen.shape == (2, 40)
    rows = layer.policy().sub_policies
    for number in range(40):
        alone = policy.Policy([rows[k] for k in (int(chosen[0, number]), int(chosen[1, number]))])
        steps = [step for row in alone.sub_policies for step in row]
        if all(step.strength is None for step in steps):
            inverted = sum(step.op == "invert" for step in steps) % 2
            wanted = 255 - images[number] if inverted else images[number]
            wanted = wanted[::-1] if sum(s.op == "flip_vertical" for s in steps) % 2 else wanted
            np.testing.assert_array_equal(augmented[number], wanted)
    # Every op as often, and within an op every bin.
    _, chosen = layer.probe(np.zeros((4000, 2, 2, 1), "uint8"), seed=1)
    shares = np.bincount(np.asarray(chosen).ravel(), minlength=13) / 8000
    assert shares == pytest.approx([1 / 5, *[1 / 10] * 2, *[1 / 20] * 8, *[1 / 10] * 2], abs=0.02)


@pytest.mark.wide
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_learns_in_training_what_the_network_cannot_recognise(jit_compile, tmp_path):
    images, labels = halves()
    layer = make(decay=0.8)
    model = classifier(layer)
    model.compile(model.optimizer, model.loss, jit_compile=jit_compile)
    probe = CTAugmentProbe(layer, images, labels, batch_size=32)
    model.fit(images, labels, epochs=10, batch_size=16, verbose=0, callbacks=[probe])
    bins = layer.bins()
    assert bins["invert"][0] > 0.9
    assert bins["invert"][1] < 0.1
    assert bins["rotate"].min() > 0.9
    drawn = {steps[0].op: w for steps, w in zip(layer.policy().sub_policies,
             layer.policy().weights, strict=True)}  # fmt: skip
    assert drawn["invert"] == 0
    # At inference nothing changes, and the state is the model's.
    np.testing.assert_array_equal(layer(images, training=False), images)
    if not jit_compile:
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.layers[0].bins()["invert"] == pytest.approx(bins["invert"])
        np.testing.assert_array_equal(
            loaded.predict(images, verbose=0), model.predict(images, verbose=0)
        )


@pytest.mark.wide
def test_eager_graph_and_dataset_agree():
    images = np.arange(12 * 8 * 8).reshape(12, 8, 8, 1).astype("uint8")
    eager = np.asarray(make()(images))
    graph = tf.function(make())(images)
    np.testing.assert_array_equal(graph, eager)
    dataset = tf.data.Dataset.from_tensors(images).map(make())
    np.testing.assert_array_equal(next(iter(dataset)), eager)
    assert np.any(eager != images)


def test_plot_and_configuration():
    layer = make(value_range=(0, 1), fill=9)
    again = CTAugment.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    layer.update([[2]], [0.0])
    figure = layer.plot()
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert names == [op.replace("_", " ") for op in OPS]
    figure.axes[0].set_yticks([0], ["a name that is far longer than the others"])
    figure.draw_without_rendering()
    assert figure.axes[0].get_yticklabels()[0].get_window_extent().x0 >= 0  # and none is cut off


def test_wrong_arguments():
    with pytest.raises(ValueError, match="sample_pairing needs a second image"):
        CTAugment(ops=("sample_pairing",))
    with pytest.raises(ValueError, match="decay be below 1"):
        CTAugment(decay=1.0)
    with pytest.raises(TypeError, match="layer must be a CTAugment layer"):
        CTAugmentProbe(layers.RandAugment(), [0], [0])
    with pytest.raises(ValueError, match="must have the same length, received 2 and 1"):
        CTAugmentProbe(make(), np.zeros((2, 4, 4, 1)), [0])


JAX = """
import keras
import numpy as np
import keras_cv_extras as kcx

labels = np.arange(64) % 2
images = (np.arange(64 * 64).reshape(64, 8, 8, 1) * 7919 % 31
          + 200.0 * labels[:, None, None, None]).astype("float32")
layer = kcx.layers.CTAugment(("flip_vertical", "invert"), num_ops=1, decay=0.8, seed=1)
dense = keras.layers.Dense(2)
model = keras.Sequential([keras.Input((8, 8, 1)), layer,
                          keras.layers.GlobalAveragePooling2D(), dense])
dense.set_weights([np.array([[-0.1, 0.1]]), np.array([11.5, -11.5])])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.SGD(1e-9), loss)
probe = kcx.layers.CTAugmentProbe(layer, images, labels, batch_size=32)
model.fit(images, labels, epochs=8, batch_size=16, verbose=0, callbacks=[probe])
print(keras.backend.backend(), "tensorflow" in sys.modules, layer.bins()["invert"][1] < 0.2,
      layer.bins()["invert"][0] > 0.9)
"""


@pytest.mark.slow
def test_learns_on_jax(python_on_jax):
    assert python_on_jax(JAX).split() == ["jax", "False", "True", "True"]
