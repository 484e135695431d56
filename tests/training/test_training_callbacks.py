"""Recipes, callbacks and label weights of a training."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, mix, models, training
from keras_cv_extras.training._clock import INPUT_BOUND


@pytest.mark.parametrize("name", [None, *models.names()])
def test_every_network_has_a_recipe(name):
    recipe = training.recipe(name)
    assert recipe.source
    assert 0 < recipe.learning_rate <= 0.1
    assert training.recipe(name, fine_tune=True).learning_rate < 1e-3


def test_recipes_go_by_family_and_batch_size():
    assert training.recipe("cifar-resnet20").weight_decay == 1e-3
    assert training.recipe("WRN_28_10").weight_decay == 5e-3
    assert training.recipe("resnet50-v1.5").batch_size == 256
    assert training.recipe("inception-v4") == training.recipe("bn-inception")
    assert training.recipe("tf_efficientnet_b0") == training.recipe("efficientnet-b0")
    assert training.recipe("wrn-40-2").with_batch_size(256).learning_rate == pytest.approx(0.2)
    assert training.recipe().with_batch_size(256).learning_rate == pytest.approx(4e-3)
    with pytest.raises(ValueError, match="optimizer must be one of 'adamw', 'sgd'"):
        training.Recipe("adam")
    with pytest.raises(ValueError, match="label_smoothing must be below 1"):
        training.Recipe(label_smoothing=1)


def small():
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])


def test_a_recipe_compiles():
    settings = training.Recipe("sgd", 0.4, weight_decay=0.0, warmup=0.1, average=True)
    model = settings.compile(small(), steps=100)
    rates = [float(model.optimizer._learning_rate(step)) for step in range(101)]
    assert np.argmax(rates) == 10  # warmed up
    assert rates[10] == pytest.approx(0.4)
    assert rates[0] == pytest.approx(0.04)
    assert rates[100] == pytest.approx(0, abs=1e-6)
    assert model.optimizer.ema_momentum == pytest.approx(0.8)  # looks back on 5 of 100 steps
    one = training.Recipe(warmup=0.0).compile(small(), steps=1)
    assert float(one.optimizer._learning_rate(0)) == pytest.approx(2e-3)
    one = training.Recipe(warmup=0.5).compile(small(), steps=1)  # no step is left to warm up
    assert float(one.optimizer._learning_rate(0)) == pytest.approx(2e-3)
    assert (model.optimizer.momentum, model.optimizer.nesterov) == (0.9, True)


def test_a_recipe_for_several_labels():
    labels, logits = np.array([[1.0, 0.0, 1.0]]), np.array([[0.5, -1.0, 2.0]])
    smooth = 0.9 * labels + 0.05
    each = np.logaddexp(0, logits) - smooth * logits
    for weights in (None, [3.0, 1.0, 2.0]):
        options = {"multilabel": "crossentropy", "positive_weights": weights}
        model = training.Recipe(label_smoothing=0.1).compile(small(), steps=1, **options)
        found = float(model.loss(labels.astype("float32"), logits.astype("float32")))
        assert (found == pytest.approx(each.mean(), rel=1e-5)) == (weights is None)
        if weights is not None:
            assert found > each.mean()
    (measure,) = model._compile_metrics._user_metrics
    assert (measure.multi_label, measure.num_labels, measure._from_logits) == (True, 3, True)


@pytest.mark.parametrize("multilabel", [None, "crossentropy", "asymmetric"])
def test_a_recipe_compiles_a_loss_that_is_given(multilabel):
    own = keras.losses.CategoricalHinge()
    assert training.Recipe().compile(small(), steps=1, multilabel=multilabel, loss=own).loss is own


def test_the_default_is_a_recipe():
    """One owner: `compile_model` compiles as the recipe with its numbers does."""
    numbers = {"learning_rate": 0.01, "weight_decay": 0.1, "label_smoothing": 0.2}
    for steps in (None, 70):
        made = training.compile_model(small(), steps=steps, **numbers)
        same = training.Recipe(**numbers).compile(small(), steps=steps)
        assert made.loss.get_config() == same.loss.get_config()
        ours, wanted = made.optimizer.get_config(), same.optimizer.get_config()
        assert {**ours, "name": ""} == {**wanted, "name": ""}
        assert made.jit_compile is same.jit_compile is False  # on a processor
    rates = [float(made.optimizer._learning_rate(step)) for step in range(71)]
    assert (np.argmax(rates), max(rates)) == (3, pytest.approx(0.01))


@pytest.mark.wide
def test_weight_decay_of_sgd_is_ten_times_that_of_the_papers():
    """Added to the gradient, momentum 0.9 multiplies it by ten; Keras takes it off the weight."""
    weight, velocity = 1.0, 0.0
    for _ in range(400):  # the papers: weight decay 5e-4, no other gradient
        velocity = 0.9 * velocity + 5e-4 * weight
        weight -= 0.01 * velocity
    variable = keras.Variable([1.0])
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9, weight_decay=5e-3)
    optimizer.build([variable])
    for _ in range(400):
        optimizer.apply([tf.zeros(1)], [variable])
    np.testing.assert_allclose(float(variable[0]), weight, rtol=1e-3)


def images_of(count):
    rows = np.random.default_rng(0).integers(0, 255, (count, 4, 4, 1)).astype("uint8")
    return rows, (np.arange(count) % 3).astype("int32")


@pytest.mark.wide
def test_the_clock_tells_who_waits():
    def slowly(images, labels):
        seconds = tf.ensure_shape(tf.numpy_function(_nap, [], tf.float32), ())
        return images, labels + tf.cast(0 * seconds, tf.int32)

    clock, model = training.InputClock(), small()
    fast = data.pipeline(images_of(96), 32, epoch=0)
    watched = clock.watch(fast)
    assert watched.cardinality() == fast.cardinality()
    assert data.samples_of(watched) is not None
    training.Recipe().compile(model, steps=9)
    run = {"epochs": 2, "callbacks": [clock], "verbose": 0, "shuffle": False}
    model.fit(watched, **run)
    assert clock.rates[1] > 0
    assert all(0 <= wait <= 1 for wait in clock.waits)
    slow = training.InputClock({"input": "Buy a faster disk."})
    history = model.fit(slow.watch(fast.map(slowly)), **{**run, "callbacks": [slow]}).history
    assert min(slow.waits) > INPUT_BOUND
    assert history["input_wait"] == slow.waits
    # Three batches of 32, each after a nap.
    assert 3 * NAP * slow.rates[1] / 96 < 1.01
    assert "input-bound" in slow.verdict()
    assert "Buy a faster disk." in slow.verdict()
    slow.waits = [0.9, 0.01]  # the first epoch, with its compilation, does not count
    assert "compute-bound: the input is waited for 1.0% of the time" in slow.verdict()
    assert training.InputClock().verdict() == "No epoch was measured."


NAP = 0.3  # seconds: far more than an epoch takes beside them, on a busy machine too


def _nap():
    time.sleep(NAP)
    return np.float32(0)


def test_csv_log_goes_on_after_an_interruption(tmp_path):
    log = training.CsvLog(tmp_path / "log.csv")
    for epoch, loss in enumerate((3.0, 2.0, 1.0)):
        log.on_epoch_end(epoch, {"loss": loss})
    training.CsvLog(tmp_path / "log.csv").on_epoch_end(1, {"loss": 2.5, "val_loss": 4.0})
    rows = training.read_log(tmp_path / "log.csv")
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert rows[1] == {"epoch": "2", "loss": "2.5", "val_loss": "4"}
    assert training.read_log(tmp_path / "none.csv") == []


@pytest.mark.wide
def test_class_weights_and_rows():
    images, labels = images_of(6)
    batches = data.pipeline((images, labels), 4, shuffle=False, epoch=0)
    weighted = training.with_class_weights(batches, {0: 1.0, 1: 2.0, 2: 5.0})
    np.testing.assert_array_equal(next(iter(weighted))[2], [1, 2, 5, 1])
    rows = training.with_rows(batches, 3)
    np.testing.assert_array_equal(next(iter(rows))[1], np.eye(3)[[0, 1, 2, 0]])
    mixed = data.pipeline((images, labels), 4, mix=mix.MixUp(1.0), shuffle=False, epoch=0)
    shares = next(iter(training.with_rows(mixed, 3)))[1].numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    mixed = data.pipeline((images, labels), 4, mix=mix.MixUp(1.0, num_classes=3), epoch=0)
    for _, row, weight in training.with_class_weights(mixed, {0: 1.0, 1: 2.0, 2: 5.0}):
        np.testing.assert_allclose(weight, row.numpy() @ [1, 2, 5], rtol=1e-6)
    assert data.samples_of(weighted) is not None


def test_predictions_are_those_of_the_model(tmp_path):
    model, (images, labels) = small(), images_of(10)
    names = ("a", "b", "c<")
    found = training.predict(model, (images, labels), names, batch_size=4, pictures=3)
    logits = model.predict(images.astype("float32"), verbose=0)
    np.testing.assert_allclose(
        found.probabilities, keras.ops.softmax(logits.astype("float64")), atol=1e-6
    )
    assert found.evaluation().accuracy == np.mean(logits.argmax(-1) == labels)
    worst = found.probabilities[np.arange(10), labels].argsort(kind="stable")[:3]
    assert list(found.pictures) == worst.tolist()
    np.testing.assert_array_equal(found.pictures[worst[0]], images[worst[0]])
    found.save_csv(tmp_path / "predictions.csv")
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert lines[0] == "image,true,given,correct,probability,p(a),p(b),p(c<)"
    assert len(lines) == 11
    assert lines[3].startswith("2,c<,")
    with pytest.raises(ValueError, match="the model has 3 classes, class_names 2"):
        training.predict(model, (images, labels), names[:2])
    with pytest.raises(ValueError, match="at least one image"):
        training.predict(model, (images[:0], labels[:0]), names)
