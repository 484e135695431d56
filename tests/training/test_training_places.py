"""Under a strategy, the model that was given trains: whoever holds a part of it finds that."""

import contextlib
import json

import keras
import numpy as np
import pytest

from keras_cv_extras import data, losses, metrics, training
from keras_cv_extras.training import _fit, _strategy


@pytest.fixture(scope="module")
def digits():
    images, labels = data.load("digits").train
    return images[:40], labels[:40]


def network(loss, optimizer=None, **options):
    keras.utils.set_random_seed(7)
    layers = [keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 16), keras.layers.Flatten()]
    model = keras.Sequential([*layers, keras.layers.Dense(10, name="head")])
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), loss, **options)
    return model


def weighted():
    inner = losses.LogLoss(from_logits=True)
    return losses.ClassWeighted(inner, [1.0, 5, 1, 1, 1, 3, 1, 1, 1, 1], active=False)


def trained(model, digits, strategy, callbacks=(), **options):
    def batches(epoch):
        return data.pipeline(digits, 16, epoch=epoch)

    options = {"strategy": strategy, "callbacks": callbacks, "progress": False, **options}
    return training.fit(model, batches, epochs=2, **options)


class Witness(keras.callbacks.Callback):
    """Sees the kernel that it was given change."""

    def __init__(self, model):
        super().__init__()
        self.kernel, self.seen = model.get_layer("head").kernel, []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(keras.ops.sum(self.kernel)))
        assert self.model.get_layer("head").kernel is self.kernel


@pytest.mark.wide
def test_callbacks_find_the_model_that_trains(digits):
    found = {}
    for strategy in ("none", "mirrored"):
        loss = weighted()
        model = network(loss)
        witness = Witness(model)
        callbacks = [losses.DeferredReweighting(loss, epoch=1), witness]
        done = trained(model, digits, strategy, callbacks)
        assert done.model is model
        assert loss.active
        assert witness.seen[0] != witness.seen[1]
        found[strategy] = [*model.get_weights(), np.array(witness.seen)]
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)


def test_a_model_that_was_built_for_several_devices_stays_on_them(digits, monkeypatch):
    class Run:
        place, history, epoch, began_at = _strategy.Place(0, 1, 0, 1, 1), {}, 1, 0

        def __init__(self, model, train, validation, strategy, *rest):
            used.append(strategy)

        def train(self, *arguments):
            pass

    def on_all_devices(model, strategy):
        moved.append(model)
        return contextlib.nullcontext()

    used, moved = [], []
    monkeypatch.setattr(_fit, "Run", Run)
    monkeypatch.setattr(_fit._places, "on_all_devices", on_all_devices)
    mirrored = training.make_strategy("mirrored")
    with mirrored.scope():
        owned = network(losses.sparsemax_loss)
    for strategy in ("auto", mirrored):
        trained(owned, digits, strategy)
    assert (used, moved) == ([mirrored] * 2, [])
    with pytest.raises(ValueError, match="was built under a MirroredStrategy: give that as the"):
        trained(owned, digits, "none")
    plain = network(losses.sparsemax_loss)
    trained(plain, digits, mirrored)
    assert moved == [plain]


@pytest.mark.wide
def test_afterwards_the_model_is_on_one_device_and_trains_on(digits):
    model = network(losses.sparsemax_loss)  # a function
    kernel = model.get_layer("head").kernel.value
    trained(model, digits, "mirrored")
    assert model.get_layer("head").kernel.value is kernel
    assert type(model.distribute_strategy).__name__ == "_DefaultDistributionStrategy"
    before = model.get_weights()[0]
    model.fit(*digits, verbose=0)
    assert np.abs(model.get_weights()[0] - before).max() > 0
    assert int(model.optimizer.iterations) == 2 * 3 + 2


@pytest.mark.wide
def test_metrics_that_a_model_was_compiled_with_count_on_every_device(digits):
    kappa = metrics.CohenKappa(10, sparse_labels=True)
    model = network(losses.sparsemax_loss, metrics=[kappa], weighted_metrics={"head": ["accuracy"]})
    seen = []

    def look(epoch, logs):
        seen.append({type(variable.value).__name__ for variable in kappa.variables})

    look(0, None)
    trained(model, digits, "mirrored", [keras.callbacks.LambdaCallback(on_epoch_end=look)])
    look(0, None)
    here, *there, after = seen
    assert here == after
    assert there == [{"SyncOnReadVariable"}] * 2


@pytest.mark.wide
def test_what_an_optimizer_leaves_out_stays_left_out(digits):
    found = []
    for strategy in ("none", "mirrored"):
        optimizer = keras.optimizers.AdamW(0.0, weight_decay=0.5)  # the decay is a rate's share
        model = network(weighted(), optimizer)
        optimizer.exclude_from_weight_decay(var_list=[model.get_layer("head").kernel])
        optimizer.learning_rate = 0.1
        trained(model, digits, strategy)
        found.append(model.get_weights()[0])
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-6)


@pytest.mark.wide
def test_a_training_that_fails_leaves_the_model_on_one_device(digits):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model = network(weighted())
    kernel = model.get_layer("head").kernel.value
    with pytest.raises(KeyboardInterrupt):
        trained(model, digits, "mirrored", [Stop()])
    assert model.get_layer("head").kernel.value is kernel
    assert int(model.optimizer.iterations) == 1


@pytest.mark.wide
def test_xla_is_left_out_where_keras_put_it_in(digits):
    # What Keras' default becomes where there is a GPU.
    model = network(weighted(), jit_compile=True)
    trained(model, digits, "mirrored")
    assert model.jit_compile is True


def test_gradients_are_not_accumulated_on_several_devices(digits):
    model = network(weighted(), keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))
    with pytest.raises(ValueError, match="gradient_accumulation_steps must be None under a strat"):
        trained(model, digits, "mirrored")


# Two devices must be made before TensorFlow is used: a process of its own.
TWO_DEVICES = """
import json
import sys
import keras
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
sys.path.insert(0, "tests/training")

from test_training_places import *
from keras_cv_extras import layers

images, labels = data.load("digits").train
some = images[:41], labels[:41]  # batches of 16, 16 and 9

def probed():
    layer = layers.CTAugment(["rotate", "invert"], seed=1)
    model = keras.Sequential([layer, *network(weighted()).layers])
    model.compile("sgd", weighted())
    return model, [layers.CTAugmentProbe(layer, *some, batch_size=8)]

def switched():
    loss = weighted()
    return network(loss), [losses.DeferredReweighting(loss, epoch=1)]

def clipped(**options):
    return network(weighted(), keras.optimizers.SGD(0.5, **options)), []

def scored(reduction, optimizer):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    counted = [metrics.CohenKappa(10, sparse_labels=True), "accuracy"]
    return network(loss, optimizer, metrics=counted, weighted_metrics=["accuracy"])

class Own(keras.Sequential):
    def test_step(self, batch):  # of this model's own
        x, y = batch
        y_pred, accuracy = self(x, training=False), self.metrics[-1]
        accuracy.update_state(y, y_pred)
        return self.get_metrics_result()

def owned():
    model = Own(network(weighted()).layers)
    model.compile("sgd", weighted(), metrics=["accuracy"])
    return model

scores = {}
few = data.pipeline((images[:33], labels[:33]), 16, shuffle=False, epoch=0)
one, two = (
    trained(owned(), some, strategy, validation=few).history["val_accuracy"]
    for strategy in ("none", "mirrored")
)
scores["a step of its own"] = float(np.max(np.abs(np.array(one) - two)))
for reduction, rate in (("sum_over_batch_size", 0.1), ("sum", 0.01)):
    for rows in (41, 33):  # the last batch of 9 rows, and of one for two devices
        few = images[:rows], labels[:rows]
        validation = data.pipeline(few, 16, shuffle=False, epoch=0)
        validation = validation.map(lambda x, y: (x, y, 1.0 + tf.cast(y, tf.float32)))
        histories = [
            trained(scored(reduction, keras.optimizers.SGD(rate)), few, strategy,
                    validation=validation).history
            for strategy in ("none", "mirrored")
        ]
        one, two = ([history[name] for name in sorted(history)] for history in histories)
        scores[f"{reduction} {rows}"] = float(np.max(np.abs(np.array(two) / np.array(one) - 1)))

cases = {
    "DeferredReweighting": switched,
    "clipnorm": lambda: clipped(clipnorm=0.05),
    "global_clipnorm": lambda: clipped(global_clipnorm=0.05),
    "clipvalue": lambda: clipped(clipvalue=0.01),
    "CTAugmentProbe": probed,
}
found = {}
for name in sys.argv[1:] or cases:
    weights = []
    for strategy in ("none", "mirrored"):
        model, callbacks = cases[name]()
        trained(model, some, strategy, callbacks)
        weights.append(model.get_weights())
    if name == "CTAugmentProbe":  # replicas draw numbers of their own
        found[name] = float(np.ptp(np.concatenate([w.ravel() for w in weights[1]])))
    else:
        pairs = zip(*weights, strict=True)
        found[name] = max(float(np.abs(one - other).max()) for one, other in pairs)
print(json.dumps([found, scores]))
"""


@pytest.mark.slow
@pytest.mark.rare
def test_two_devices_train_what_one_does_with_callbacks_and_clipping(python):
    found, scores = json.loads(python(TWO_DEVICES, timeout=900).splitlines()[-1])
    assert len(scores) == 5
    assert max(scores.values()) < 1e-5, scores
    assert found.pop("CTAugmentProbe") > 0
    assert len(found) == 4
    assert max(found.values()) < 1e-5, found
