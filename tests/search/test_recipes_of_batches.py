"""Recipes with a mix, repeated views and label smoothing: in spaces, files and trainings."""

import functools
import types

import keras
import numpy as np
import pytest

from keras_cv_extras import losses, mix, policy, search
from keras_cv_extras.search.stages import _request, _retrain
from keras_cv_extras.search.trials import _epochs, _rows_loss

RNG = np.random.default_rng(0)
LABELS = np.arange(40) % 3
IMAGES = (RNG.integers(0, 60, (40, 6, 6, 1)) + 60 * LABELS[:, None, None, None]).astype("uint8")
DATA = (IMAGES, LABELS)
NOTHING = policy.no_augmentation()
SETTINGS = {
    "mixed": {"mix": "mixup", "mix_alpha": 0.2},
    "cut": {"mix": "cutmix", "mix_rate": 0.5, "label_smoothing": 0.1},
    "smoothed": {"label_smoothing": 0.2},
    "repeated": {"repeats": 2},
}


def network(loss="sparse"):
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    if loss == "sparse":
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-5), loss, metrics=["accuracy"])
    return model


def values(space):
    return {hp.name: hp.default for hp in space.space}


def test_what_is_done_to_batches_is_in_the_space_if_it_is_asked_for(tmp_path):
    space = search.recipe_space(ops=("rotate",), also=("mix", "repeats", "label_smoothing"))
    plain = search.recipe_space(ops=("rotate",))
    more = [name for name in values(space) if name not in values(plain)]
    assert more == [
        f"recipe.{name}" for name in ("mix", "mix_rate", "mix_alpha", "repeats", "label_smoothing")
    ]
    # What is in the space changes nothing until it is chosen.
    assert search.policy_from(values(space)) == search.policy_from(values(plain))
    rate = values(space) | {"recipe.mix_rate": 0.5}
    assert search.policy_from(rate) == search.policy_from(values(plain))
    chosen = values(space) | {
        "recipe.mix": "cutmix",
        "recipe.mix_rate": 0.25,
        "recipe.repeats": 2,
        "recipe.label_smoothing": 0.1,
        "recipe.flip": 0.5,
    }
    found = search.policy_from(chosen)
    assert found.batch == mix.BatchSettings(
        mix="cutmix", mix_rate=0.25, repeats=2, label_smoothing=0.1
    )
    found.save(tmp_path / "policy.json")
    read = policy.Policy.load(tmp_path / "policy.json")
    assert read == found
    assert read.batch == found.batch
    assert found.describe().splitlines()[-1] == (
        "of batches: cutmix of 25 % of the images (alpha 1), 2 views of each image in a batch, "
        "label smoothing of 0.1"
    )
    assert "batch" not in search.policy_from(values(plain)).to_dict()
    with pytest.raises(ValueError, match="also must be one of 'mix', 'repeats'"):
        search.recipe_space(also=("cutmix",))


def test_settings_of_batches_are_checked_and_joined():
    with pytest.raises(ValueError, match="mix must be one of 'none'"):
        mix.BatchSettings(mix="mosaic")
    with pytest.raises(ValueError, match="mix_alpha must be"):
        mix.BatchSettings(mix_alpha=0)
    with pytest.raises(ValueError, match="unknown field 'rate'"):
        mix.BatchSettings.from_dict({"rate": 1})
    with pytest.raises(TypeError, match="batch must be BatchSettings"):
        policy.Policy([[policy.Step("invert")]], batch="mixup")
    mixed, smoothed = (NOTHING.with_batch(**SETTINGS[name]) for name in ("mixed", "smoothed"))
    assert (policy.flip_crop() + mixed).batch == (mixed + policy.flip_crop()).batch == mixed.batch
    assert mixed.with_batch(mix="none", mix_alpha=1.0) == NOTHING
    assert policy.random_apply(mixed).batch == mixed.batch
    assert policy.concatenate([mixed, mixed]).batch == mixed.batch
    with pytest.raises(ValueError, match="and the same batch"):
        policy.random_choice([mixed, smoothed])
    with pytest.raises(ValueError, match="only one may have settings of batches"):
        _ = mixed + smoothed


@pytest.mark.parametrize("name", SETTINGS)
def test_an_epoch_has_as_many_images_and_its_own_labels(name):
    epochs = _epochs.Epochs(*DATA, 16, 3)
    found = NOTHING.with_batch(**SETTINGS[name])
    (images, labels), (again, same) = (
        [np.concatenate([np.array(one) for one in part]) for part in zip(*chunks, strict=True)]
        for chunks in (list(epochs.chunks(found, 1, 0)), list(epochs.chunks(found, 1, 0)))
    )
    assert images.shape == IMAGES.shape
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(labels, same)
    if name == "repeated":
        np.testing.assert_array_equal(images[::2], images[1::2])
        assert len(np.unique(images.reshape(40, -1), axis=0)) == 20
        return
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-5)
    highest = np.sort(labels.max(axis=1))
    if name == "smoothed":
        np.testing.assert_allclose(highest, 0.8 + 0.2 / 3, rtol=1e-5)
    elif name == "cut":  # half of the images stay whole
        assert 8 <= np.isclose(highest, 0.9 + 0.1 / 3).sum() < 40
    else:
        assert np.any((highest > 0.4) & (highest < 0.99))


def test_views_of_an_image_have_draws_of_their_own():
    inverted = policy.Policy([[policy.Step("invert", 0.5)]])
    epochs = _epochs.Epochs(*DATA, 16, 3)
    chunks = epochs.chunks(inverted.with_batch(repeats=2), 1, 0)
    images = np.concatenate([np.array(one) for one, _ in chunks])
    assert np.any(images[::2] != images[1::2])


@pytest.mark.wide_but("sparse")
@pytest.mark.parametrize("loss", ["sparse", "own"])
def test_a_mix_is_trained_with_and_changes_no_other_training(loss):
    def build():
        return network("sparse" if loss == "sparse" else losses.LogLoss(from_logits=True))

    trainer = search.Trainer(build, DATA, epochs=2, batch_size=16)
    before = [np.array(w) for w in trainer.train(NOTHING, 3).get_weights()]
    steps = int(trainer.model.optimizer.iterations)
    assert steps == 2 * 3
    seen = [before]
    for settings in SETTINGS.values():
        trained = trainer.train(NOTHING.with_batch(**settings), 3).get_weights()
        assert int(trainer.model.optimizer.iterations) == steps
        assert all(np.any(trained[0] != other[0]) for other in seen)
        seen.append(trained)
    # Whatever came before, a training with whole labels is the same.
    after = trainer.train(NOTHING, 3).get_weights()
    np.testing.assert_allclose(after[0], before[0], rtol=1e-6)
    score = trainer.score(NOTHING.with_batch(mix="mixup"), 3, *DATA)
    assert 0 <= score.accuracy <= 1


def test_labels_are_smoothed_once_and_rows_are_read_before_anything_is_trained():
    own = losses.LogLoss(from_logits=True, label_smoothing=0.1)
    trainer = search.Trainer(lambda: network(own), DATA, epochs=1, batch_size=40)
    with pytest.raises(ValueError, match="both the policy and the loss of the model smooth"):
        trainer.train(NOTHING.with_batch(label_smoothing=0.2), 3)
    weighted = losses.ClassWeighted(losses.LogLoss(from_logits=True), [1, 2, 1])
    assert _rows_loss.either_loss(weighted) is weighted
    parts = {"train_size": 20, "validation_size": 10, "confirmation_size": 10}
    for also, loss, message in (
        (("mix",), "poisson", "needs a loss that reads rows"),
        (("label_smoothing",), own, "both the policy and the loss of the model smooth"),
    ):
        asked = search.SearchSettings(space="recipe", also=also, ops=("invert",), **parts)
        with pytest.raises(ValueError, match=message):
            _request.make_request(DATA, lambda loss=loss: network(loss), asked)


def test_settings_of_batches_are_numbers_of_python(tmp_path):
    numbers = {"mix_rate": np.float32(0.5), "repeats": np.int64(2)}
    NOTHING.with_batch(mix="mixup", **numbers).save(tmp_path / "policy.json")
    read = policy.Policy.load(tmp_path / "policy.json").batch
    assert (read.mix_rate, read.repeats) == (0.5, 2)


@pytest.mark.wide
def test_a_model_compiled_for_rows_keeps_its_weights_of_losses():
    metric = functools.partial(keras.metrics.sparse_top_k_categorical_accuracy, k=2)

    def train(weight, batch):
        def build():
            model = network()
            options = {"loss_weights": weight, "run_eagerly": True, "metrics": [metric]}
            model.compile(model.optimizer, model.loss, **options)
            return model

        trainer = search.Trainer(build, DATA, epochs=1, batch_size=40)
        start, (end, _) = (
            trainer.new_model(3).get_weights()[0],
            trainer.train(NOTHING.with_batch(**batch), 3).get_weights(),
        )
        assert trainer.model.run_eagerly
        return end - start

    smoothed = SETTINGS["smoothed"]
    np.testing.assert_allclose(train(8.0, smoothed), 8 * train(None, smoothed), rtol=2e-3)
    assert np.any(train(None, smoothed) != train(None, {}))


def test_rows_are_what_integers_are():
    """A share of one for a class is that class; the loss of rows is linear in the shares."""
    from keras_cv_extras.search.trials._rows_loss import either_loss

    logits = RNG.normal(size=(5, 3)).astype("float32")
    integers, rows = np.arange(5) % 3, np.eye(3, dtype="float32")[np.arange(5) % 3]
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    both = either_loss(sparse)
    np.testing.assert_array_equal(both(integers, logits), sparse(integers, logits))
    np.testing.assert_allclose(both(rows, logits), sparse(integers, logits), rtol=1e-5)
    shares = np.array(keras.ops.softmax(logits))
    named = either_loss("sparse_categorical_crossentropy")
    np.testing.assert_allclose(named(rows, shares), sparse(integers, logits), rtol=1e-5)
    with pytest.raises(ValueError, match="needs a loss that reads rows"):
        either_loss("kl_divergence")
    column = integers[:, None]  # of numbers, not of shares
    np.testing.assert_array_equal(both(column, logits), sparse(column, logits))
    one = np.full((5, 1), 3.0, "float32")
    np.testing.assert_array_equal(both(np.zeros((5, 1), int), one), np.zeros(()))


def test_a_loss_keeps_what_it_is_told_of_sums_and_classes():
    logits, integers = RNG.normal(size=(5, 3)).astype("float32"), np.arange(5) % 3
    summed = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    found = _rows_loss.either_loss(summed)
    assert found.reduction == "sum"
    np.testing.assert_allclose(found(integers, logits), summed(integers, logits), rtol=1e-6)
    ignoring = keras.losses.SparseCategoricalCrossentropy(ignore_class=0)
    with pytest.raises(ValueError, match="needs a loss that reads rows of them"):
        _rows_loss.either_loss(ignoring)
    shares = np.array(keras.ops.softmax(logits))
    plain = keras.losses.SparseCategoricalCrossentropy()
    rows = np.eye(3, dtype="float32")[integers]
    np.testing.assert_allclose(
        _rows_loss.either_loss(plain)(rows, shares), plain(integers, shares), rtol=1e-5
    )
    _rows_loss.check_smoothed_once(losses.LogLoss(label_smoothing=0.0))
    smooth = losses.ClassWeighted(losses.LogLoss(label_smoothing=0.1), [1, 2, 1])
    with pytest.raises(ValueError, match="both the policy and the loss of the model smooth"):
        _rows_loss.check_smoothed_once(smooth)


@pytest.mark.wide
def test_a_tuner_trains_with_the_mixes_that_an_oracle_suggests(tmp_path):
    space = search.recipe_space(ops=("invert",), flip=False, crop="none", also=("mix", "repeats"))
    first = [{"recipe.mix": "mixup"}, {"recipe.mix": "cutmix", "recipe.repeats": 2}]
    oracle = search.RandomOracle(max_trials=2, hyperparameters=space, first=first)
    options = {"epochs": 1, "batch_size": 16, "directory": tmp_path}
    tuner = search.PolicyTuner(oracle, network, DATA, DATA, **options)
    tuner.search()
    trials = [tuner.oracle.trials[name] for name in sorted(tuner.oracle.trials)]
    assert [trial.status for trial in trials] == ["COMPLETED"] * 2
    assert [tuner.policy_of(trial).batch for trial in trials] == [
        mix.BatchSettings(mix="mixup"),
        mix.BatchSettings(mix="cutmix", repeats=2),
    ]


@pytest.mark.wide
def test_the_last_training_with_a_mix_keeps_the_loss_of_the_model(tmp_path):
    trainer = search.Trainer(network, DATA, epochs=1, batch_size=16)
    request = types.SimpleNamespace(trainer=trainer, everything=DATA, seed=2, class_names=None)
    _retrain.retrain(request, NOTHING.with_batch(mix="mixup"), tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(model.loss, keras.losses.SparseCategoricalCrossentropy)
    mixed = trainer.train(
        NOTHING.with_batch(mix="mixup"), _retrain.seed_of_trial(2, "last training")
    )
    np.testing.assert_allclose(model.get_weights()[0], mixed.get_weights()[0], rtol=1e-6)
    for own, wanted in zip(model.optimizer.variables, mixed.optimizer.variables, strict=True):
        np.testing.assert_allclose(own, wanted, rtol=1e-5, atol=1e-8)
    assert model.optimizer.iterations > 0
