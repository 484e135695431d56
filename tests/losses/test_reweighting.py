"""Class weights that are switched on in the middle of training."""

import keras
import numpy as np
import pytest

from keras_cv_extras import losses

X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
Y = np.arange(32) % 4
WEIGHTS = [0.0, 0.5, 1.0, 2.5]


def weighted(active=False):
    plain = losses.LogLoss(from_logits=True)
    return losses.ClassWeighted(plain, WEIGHTS, active=active)


def compiled(loss, jit_compile=False):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    # Without steps, so that the loss changes by the weights alone.
    model.compile(keras.optimizers.SGD(0.0), loss=loss, jit_compile=jit_compile)
    return model


def expected(model):
    each = np.asarray(losses.log_loss(Y, model(X), from_logits=True))
    return each.mean(), (each * np.array(WEIGHTS)[Y]).mean()


@pytest.mark.parametrize("rows", ["classes", "soft"])
def test_weights_of_labels(rows):
    logits = np.random.default_rng(1).normal(size=(32, 4)).astype("float32")
    labels = Y if rows == "classes" else np.random.default_rng(2).dirichlet(np.ones(4), 32)
    shares = np.eye(4)[Y] if rows == "classes" else labels
    each = np.asarray(losses.log_loss(labels, logits, from_logits=True))
    for active, weights in ((True, shares @ WEIGHTS), (False, np.ones(32))):
        loss = losses.ClassWeighted(
            losses.LogLoss(from_logits=True), WEIGHTS, active=active, reduction=None
        )
        np.testing.assert_allclose(loss(labels, logits), each * weights, rtol=1e-5, atol=1e-6)


def check_that_weights_come_when_they_are_due():
    """On JAX too: test_loss_contract.py calls it there. Returns how often the step was traced."""
    loss = weighted()
    model = compiled(loss, jit_compile=True)
    plain, balanced = expected(model)
    callback = losses.DeferredReweighting(loss, epoch=2)
    traces = []
    step = model.train_step
    model.train_step = lambda *data: (traces.append(1), step(*data))[1]
    history = model.fit(
        X, Y, batch_size=16, epochs=4, validation_data=(X, Y), verbose=0, callbacks=[callback]
    ).history
    wanted = [plain, plain, balanced, balanced]
    assert abs(plain - balanced) > 0.05
    np.testing.assert_allclose(history["loss"], wanted, rtol=1e-5)
    np.testing.assert_allclose(history["val_loss"], wanted, rtol=1e-5)
    return len(traces)


@pytest.mark.wide
def test_the_compiled_step_takes_the_weights_when_they_are_due():
    assert check_that_weights_come_when_they_are_due() == 1


@pytest.mark.wide
def test_training_that_goes_on_has_the_weights_of_its_epoch(tmp_path):
    loss = weighted()
    model = compiled(loss)
    plain, balanced = expected(model)
    fit = {"epochs": 3, "batch_size": 32, "verbose": 0}
    model.fit(X, Y, **fit, callbacks=[losses.DeferredReweighting(loss, 1)])
    assert loss.active
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.loss.active
    assert again.loss.get_config() == loss.get_config()
    # From the start, and with a later epoch: off again.
    callback = losses.DeferredReweighting(again.loss, epoch=2)
    history = again.fit(X, Y, **fit, initial_epoch=1, callbacks=[callback]).history["loss"]
    np.testing.assert_allclose(history, [plain, balanced], rtol=1e-5)


def test_weights_of_ldam_by_the_effective_number():
    counts = [500, 20]
    loss = losses.ClassWeighted(losses.LDAM(counts), losses.class_balanced_weights(counts))
    cosines = np.array([[0.3, 0.1], [0.3, 0.1]], "float32")
    each = np.asarray(losses.ldam([0, 1], cosines, class_counts=counts))
    weights = losses.class_balanced_weights(counts)
    wanted = (each * [weights[0], weights[1]]).mean()
    np.testing.assert_allclose(loss([0, 1], cosines), wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.ClassWeighted("mse", [1, 2]), "loss must be a keras.losses.Loss"),
        (lambda: losses.ClassWeighted(losses.LogLoss(), {1: 2.0, 2: 1.0}), "as keys, received"),
        (lambda: losses.ClassWeighted(losses.LogLoss(), [1, -1]), "weight of at least 0"),
        (lambda: weighted(True)(Y, np.zeros((32, 3))), "one weight per class: 3, received 4"),
        (lambda: losses.DeferredReweighting(losses.LogLoss(), 1), "must be a ClassWeighted loss"),
        (lambda: losses.DeferredReweighting(weighted(), -1), "epoch must be at least 0"),
    ],
)
def test_clear_errors(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
