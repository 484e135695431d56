"""A training's way from epoch to epoch, with stand-ins for what trains and who takes part."""

import contextlib
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.training import _fit, _recipes, _replicas, _run, _strategy
from keras_cv_extras.training.devices import _steps


def tiny():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    return model


def numbered(*sizes):
    """Batches of rows that hold the number of their batch."""
    parts = [
        (np.full((size, 2), n, "float32"), np.zeros((size, 3))) for n, size in enumerate(sizes)
    ]
    signature = (tf.TensorSpec((None, 2)), tf.TensorSpec((None, 3)))
    return tf.data.Dataset.from_generator(lambda: iter(parts), output_signature=signature)


def begun(folder=None, model=None, train=None, save_every=None):
    run = _run.Run(model or tiny(), lambda epoch: train, None, None, [], folder, save_every)
    run.callbacks.begin()
    return run


def test_a_checkpoint_says_where_a_training_stands(tmp_path):
    model = tiny()
    model.other = keras.optimizers.SGD(momentum=0.9)
    model.other.build(model.trainable_variables)
    run = begun(tmp_path, model)
    run.epoch, run.stopped, run.history = 2, True, {"loss": [0.5, 0.25]}
    model.other.iterations.assign(7)
    run._save(0)
    model.other.iterations.assign(0)
    again = begun(tmp_path, model)
    assert again._restore() == 0
    assert (again.epoch, again.stopped, again.history) == (2, True, {"loss": [0.5, 0.25]})
    assert int(model.other.iterations) == 7
    run._save(3)
    assert begun(tmp_path, model)._restore() == 3


def test_after_every_epoch_it_saves_and_looks_whether_it_is_to_end(monkeypatch):
    done, once = [], []
    run = begun()
    monkeypatch.setattr(run, "_save", lambda step: done.append(f"saved {run.epoch}"))
    obey = lambda: done.append("looked")  # noqa: E731
    run.recorder.postponed = types.SimpleNamespace(obey=obey)

    def train_epoch(step, stack):
        done.append(f"trained {run.epoch}")
        run.epoch += 1

    @contextlib.contextmanager
    def once_per_step(optimizer):
        once.append(optimizer)
        yield

    monkeypatch.setattr(run, "_train_epoch", train_epoch)
    monkeypatch.setattr(_run.rates, "once_per_step", once_per_step)
    run._train(2, False)
    assert done == ["trained 0", "saved 1", "looked", "trained 1", "saved 2"]
    assert once == [run.model.optimizer]
    run.epoch, run.stopped = 0, True  # as an early stop does
    run._train(2, False)
    assert len(done) == 5


@pytest.mark.parametrize("fills", [True, False])
def test_a_resumed_epoch_begins_behind_the_batches_that_are_done(fills):
    rest, _, _ = begun()._distributed(numbered(4, 4, 3), fills, step=2)
    assert [float(batch[0][0, 0]) for batch in rest] == [2.0]


def test_an_epoch_that_is_saved_within_has_a_known_length(tmp_path):
    run = begun(tmp_path, train=numbered(4, 4), save_every=1)
    with pytest.raises(ValueError, match="save_every needs a train dataset that knows how many"):
        run._train_epoch(0, None)


def test_a_checkpoint_is_the_same_on_all_workers(tmp_path, monkeypatch):
    begun(tmp_path)._save(0)
    run = begun(tmp_path)
    assert run._chosen()[0] is not None
    other = lambda strategy, values: np.asarray([*values[:3], *bytes(32)])  # noqa: E731
    monkeypatch.setattr(_strategy, "from_chief", other)
    with pytest.raises(ValueError, match="not the same on all workers"):
        run._chosen()


def test_the_chief_speaks_for_all_and_what_is_true_is_so_everywhere(monkeypatch):
    given = []

    def summed(strategy, values):
        given.append(values.tolist())
        return values + 1

    monkeypatch.setattr(_strategy, "_summed", summed)
    for worker, values in ((0, [3, 4]), (1, [0, 0])):
        place = _strategy.Place(worker, 3, worker, 1, 3)
        monkeypatch.setattr(_strategy, "place_of", lambda strategy, place=place: place)
        _strategy.from_chief("any", [3, 4])
        assert given.pop() == values
    assert not _strategy.everywhere("any", True)  # but on two of three
    monkeypatch.setattr(_strategy, "_summed", lambda strategy, values: values * 3)
    assert _strategy.everywhere("any", True)
    assert not _strategy.everywhere("any", False)


def test_several_gpus_train_together_unless_it_is_said(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setitem(_strategy._made, "mirrored", "all of them")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind, kind])
    assert _strategy.make_strategy("auto") == "all of them"
    assert _strategy.make_strategy("none") is None
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    assert _strategy.make_strategy("auto") is None


def test_a_strategy_takes_one_step_at_a_time():
    with pytest.raises(ValueError, match="steps_per_execution must be 1 under a strategy, rec"):
        _replicas.check_model(types.SimpleNamespace(steps_per_execution=2), None)


@pytest.mark.parametrize("name", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_gradients_are_clipped_as_of_the_whole_batch(monkeypatch, name):
    assert not _steps._clips(keras.optimizers.SGD())
    optimizer = keras.optimizers.SGD(**{name: 2.0})
    assert _steps._clips(optimizer)
    context = types.SimpleNamespace(
        all_reduce=lambda how, values: [4 * value for value in values], num_replicas_in_sync=4
    )
    monkeypatch.setattr(tf.distribute, "get_replica_context", lambda: context)
    clip = _steps._clip_sum(optimizer._clip_gradients)
    found, none = clip([tf.constant([1.0]), None])
    assert none is None
    assert found.numpy().tolist() == [0.5]  # of each of four, whose sum is 2
    assert clip([tf.constant([0.25])])[0].numpy().tolist() == [0.25]


def test_networks_have_their_recipes_by_any_name():
    assert _recipes.recipe("tf-EfficientNetV2-B0") == _recipes.recipe("efficientnetv2-b0")
    assert _recipes.recipe("tf-efficientnetv2-b0") != _recipes.recipe()
    tuned = {_recipes.recipe(name, fine_tune=True) for name in (None, "resnet50", "lenet5")}
    assert tuned == {_recipes._FINE_TUNING}


def test_an_argument_that_is_wrong_is_no_lost_worker():
    lost = "Collective ops is aborted by: any"
    assert _fit._is_loss(tf.errors.InternalError(None, None, lost))
    assert not _fit._is_loss(tf.errors.InvalidArgumentError(None, None, lost))
