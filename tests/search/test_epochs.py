"""What trials train on, epoch by epoch, and how they are scored."""

import types

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, policy, search
from keras_cv_extras.data import _pipeline
from keras_cv_extras.search.trials import _child, _epochs, _trainer, _tuner


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.mark.wide
def test_an_epoch_has_every_image_once_and_draws_of_its_own(digits):
    images, labels = (array[:100] for array in digits.train)
    epochs = _epochs.Epochs(images, labels, 32, 2)
    nothing = policy.no_augmentation()
    (first, their_labels), *more = epochs.chunks(nothing, 1, 0)
    assert not more
    order = np.array(
        [np.flatnonzero((images == image).all((1, 2, 3)))[0] for image in np.asarray(first)]
    )
    np.testing.assert_array_equal(labels[order], their_labels)
    assert len(np.unique(np.asarray(first), axis=0)) == len(np.unique(images, axis=0))
    (other, _), *_ = epochs.chunks(nothing, 1, 1)
    assert np.any(np.asarray(other) != np.asarray(first))
    rows = np.arange(30)
    few = policy.rand_augment(ops=("rotate", "flip_vertical"))  # of which a program is soon made
    (part, part_labels), *_ = epochs.chunks(few, 1, 0, rows)
    assert len(part) == len(part_labels) == 100
    assert set(part_labels) == set(labels[rows])


def test_an_image_that_comes_again_has_draws_of_its_own(digits):
    images, labels = (array[:7] for array in digits.train)
    epochs = _epochs.Epochs(images, labels, 4, 2)
    order, samples = epochs._order(3, 0, np.array([1, 4, 6]))
    assert len(order) == 7
    assert set(order[:3]) == set(order[3:6]) == {1, 4, 6}
    np.testing.assert_array_equal(samples % 7, order)
    np.testing.assert_array_equal(samples // 7, [0, 0, 0, 1, 1, 1, 2])
    other, _ = epochs._order(3, 1, np.array([1, 4, 6]))
    assert np.any(other != order)
    # So is one that is repeated in a batch, in all of its views.
    order, samples = epochs._repeated(*epochs._order(3, 0, np.array([1, 4, 6])), 3)
    np.testing.assert_array_equal(order[:6], np.repeat(order[::3], 3)[:6])
    np.testing.assert_array_equal(samples % 7, order)
    assert len(set(samples)) == len(order) == 7
    # No pass of an epoch is one of another epoch.
    images, labels = (array[:60] for array in digits.train)
    longer, rows = _epochs.Epochs(images, labels, 4, 2), np.arange(20)
    passes = [one for number in (0, 1) for one in longer._order(3, number, rows)[0].reshape(3, 20)]
    assert len({tuple(one) for one in passes}) == 6
    whole, samples = epochs._order(3, 0, None)
    assert sorted(whole) == list(range(7))
    np.testing.assert_array_equal(samples, whole)


def test_a_policy_is_told_of_the_epoch_and_of_the_images(digits):
    asked = []

    class Noted:
        batch, needs_partners = policy.no_augmentation().batch, True

        def __call__(self, images, **options):
            asked.append(options)
            return images

    images, labels = (array[:10] for array in digits.train)
    epochs = _epochs.Epochs(images, labels, 4, 2)
    ((found, own),) = epochs.chunks(Noted(), 5, 2)
    (options,) = asked
    order, _ = epochs._order(5, 2, None)
    np.testing.assert_array_equal(options["samples"][:10], order)
    assert (options["seed"], options["epoch"]) == (5, 2)
    wanted = epochs._partners(5, 2, options["samples"])
    np.testing.assert_array_equal(options["partners"], wanted)
    np.testing.assert_array_equal(found, images[order])
    np.testing.assert_array_equal(own, labels[order])
    # So is a mix.
    mixed, batch = [], types.SimpleNamespace(repeats=1, changes_labels=True)
    Noted.batch = batch
    epochs._blended = lambda *given: mixed.append(given) or given[:2]
    list(epochs.chunks(Noted(), 5, 2))
    ((_, _, *told, numbers),) = mixed
    assert told == [batch, 5, 2]
    np.testing.assert_array_equal(numbers, order)


def test_a_trainer_scores_every_image_once():
    images = np.random.default_rng(0).integers(0, 3, (300, 1, 1, 1))
    labels = images.ravel()
    model = types.SimpleNamespace(predict_on_batch=lambda batch: np.eye(3)[batch[:, 0, 0, 0]])
    trainer = types.SimpleNamespace(model=model)
    score = _trainer.Trainer.evaluate(trainer, images, labels)
    assert score.accuracy == 1
    model.predict_on_batch = lambda batch: np.where(batch[:, 0, 0] == 2, np.inf, 0.5)
    with pytest.raises(search.DivergedError, match="outputs are not finite"):
        _trainer.Trainer.evaluate(trainer, images, labels)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_training_ends_with_the_epoch_in_which_it_diverged(bad):
    losses = iter([0.5, 0.4, bad, 0.3])
    trainer = types.SimpleNamespace(
        epochs=4,
        model=types.SimpleNamespace(reset_metrics=lambda: None),
        restore=lambda state: None,
        _epochs=types.SimpleNamespace(chunks=lambda *arguments: [(None, None)]),
        _steps=lambda images, labels: next(losses),
    )
    nothing = policy.no_augmentation()
    with pytest.raises(search.DivergedError, match=f"loss became {bad} in epoch 3"):
        _trainer.Trainer.train(trainer, nothing, 1, start="state")
    assert next(losses) == 0.3


def test_second_images_are_those_of_the_pipeline(digits):
    images, labels = (array[:40] for array in digits.train)
    epochs, samples = _epochs.Epochs(images, labels, 8, 2), np.arange(8, 16)
    source = _pipeline._Arrays((images, labels), 8, 5, False, (0, 1), None, True)
    batch = {name: tf.constant(number, tf.int64) for name, number in (("epoch", 2), ("number", 1))}
    read = source.read(batch)
    np.testing.assert_array_equal(read["samples"], samples)
    np.testing.assert_array_equal(epochs._partners(5, 2, samples), read["partners"])


def test_scores():
    labels = np.array([1, 1, 0, 0])
    logits = np.log([[1.0, 3.0], [3.0, 1.0], [4.0, 1.0], [1.0, 4.0]])
    score = _child.score_of(logits, labels, 2.5)
    assert score.correct.tolist() == [True, False, True, False]
    assert score.accuracy == pytest.approx(1 / 2)
    assert score.log_loss == pytest.approx(-np.log([0.75, 0.25, 0.8, 0.2]).mean())
    assert score.seconds == 2.5
    likely = np.array([[0.25, 0.75], [0.75, 0.25], [0.8, 0.2], [0.2, 0.8]])
    assert _child.score_of(likely, labels, 0.0).log_loss == pytest.approx(score.log_loss)


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_a_model_without_a_loss_gets_that_of_its_outputs(activation):
    import keras

    def build():
        layers = [keras.Input((2, 2, 1)), keras.layers.Flatten()]
        return keras.Sequential([*layers, keras.layers.Dense(3, activation=activation)])

    images = np.random.default_rng(0).integers(0, 255, (5, 2, 2, 1), "uint8")
    child = _child.Child(build, (images, np.array([0, 1, 2, 0, 1])), epochs=3, batch_size=2)
    assert child.model.loss.get_config()["from_logits"] is (activation is None)
    # Three steps in each of three epochs, of the last one not whole.
    assert child.model.optimizer._learning_rate.get_config()["decay_steps"] == 9


def test_the_last_batch_is_filled_up():
    batches = list(_child.filled_batches(np.arange(7), 3))
    assert [batch.tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [6, 6, 6]]


def test_the_best_models_are_trained_again_and_the_best_policies_have_finished():
    class Model:
        def __init__(self, weights):
            self.weights = weights

        def get_weights(self):
            return self.weights

        def set_weights(self, weights):
            self.weights = weights

    asked = []
    trainer = types.SimpleNamespace(
        train=lambda *given, **options: asked.append((*given, options)) or Model("trained"),
        new_model=lambda seed: Model(f"new of {seed}"),
    )
    trials = [
        types.SimpleNamespace(trial_id=str(number), status=status)
        for number, status in enumerate(("COMPLETED", "FAILED", "COMPLETED"))
    ]
    tuner = types.SimpleNamespace(
        seed=4,
        oracle=types.SimpleNamespace(get_best_trials=lambda count: trials[:count]),
        policy_of=lambda trial: f"policy {trial.trial_id}",
        _builder=object(),
        _trainer_of=lambda trial: (trainer, {"epochs": (0, 2)}),
    )
    found = search.PolicyTuner.load_model(tuner, trials[2])
    assert found.weights == "trained"
    assert asked == [("policy 2", _tuner.seed_of_trial(4, "2"), {"epochs": (0, 2)})]
    assert search.PolicyTuner.best_policies(tuner, 3) == ["policy 0", "policy 2"]
