"""Parts of a training on values that are worked out by hand: no model is trained."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import training
from keras_cv_extras.training import _callbacks, _checkpoint, _clock, _fit, _replicas, _strategy
from keras_cv_extras.training.devices import _steps
from keras_cv_extras.training.evaluation import _evaluate, _figures, _predictions, _report


def tiny():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])


def test_the_default_schedule_warms_up_for_a_twentieth_and_ends_at_zero():
    model = training.compile_model(tiny(), steps=100, learning_rate=0.02, weight_decay=0.3)
    rates = [float(model.optimizer._learning_rate(step)) for step in (0, 5, 52, 100)]
    # From a tenth up in 5 steps; 47 of the other 95 steps down the cosine.
    half = 0.02 * (1 + np.cos(np.pi * 47 / 95)) / 2
    np.testing.assert_allclose(rates, [0.002, 0.02, half, 0], atol=1e-8)
    assert model.optimizer.weight_decay == 0.3
    constant = training.compile_model(tiny(), learning_rate=0.02)
    assert float(constant.optimizer.learning_rate) == pytest.approx(0.02)


def test_adamw_without_a_warm_up_has_the_plain_cosine_of_keras():
    options = {"weight_decay": 0.01, "beta_1": 0.8, "name": "adamw"}
    optimizer = training.cosine_adamw(0.02, 40, **options)
    plain = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.02, 40), **options)
    assert optimizer.get_config() == plain.get_config()
    with pytest.raises(ValueError, match="steps must be at least 1"):
        training.cosine_adamw(0.02, 0)


def batches(*sizes):
    """Batches of rows that hold their numbers, of these sizes."""
    parts = [(np.arange(size, dtype="float32")[:, None], np.arange(size)) for size in sizes]
    signature = (tf.TensorSpec((None, 1)), tf.TensorSpec((None,), tf.int64))
    return tf.data.Dataset.from_generator(lambda: iter(parts), output_signature=signature)


@pytest.mark.parametrize("weigh", [True, False])
def test_batches_are_filled_up_by_rows_without_weight(weigh):
    filled = _replicas.filled(batches(5, 4), 4, weigh=weigh)
    (x, y, counts), (_, _, others) = filled.as_numpy_iterator()
    # The rows once more, in turn: the statistics of a batch stay about what they are.
    assert x[:, 0].tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert y.tolist() == x[:, 0].tolist()
    # The mean over eight rows is that over five.
    scale = 8 / 5 if weigh else 1
    np.testing.assert_allclose(counts.loss, [scale] * 5 + [0] * 3)
    assert counts.own.tolist() == counts.real.tolist() == [1] * 5 + [0] * 3
    assert counts.rows.tolist() == [5] * 8
    # All batches are of one size.
    np.testing.assert_allclose(others.loss, [2 if weigh else 1] * 4 + [0] * 4)


def test_weights_that_were_given_are_kept_beside_those_of_the_loss():
    dataset = batches(3, 2).map(lambda x, y: (x, y, tf.cast(y + 1, tf.float64)))
    _, (_, _, counts) = _replicas.filled(dataset, 2, weigh=True).as_numpy_iterator()
    np.testing.assert_allclose(counts.own, [1, 2, 0, 0])
    np.testing.assert_allclose(counts.loss, [2, 4, 0, 0])


def test_a_loss_that_compares_samples_gets_none_twice():
    dataset = _replicas.filled(batches(4, 3), 2, weigh=True, coupled=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="choose another batch size"):
        list(dataset)


def test_batches_for_steps_of_ones_own_divide_or_are_refused():
    whole = _replicas.divided(batches(4, 2), 2)
    assert whole.element_spec == batches(4, 2).element_spec
    assert [x.tolist() for x, _ in whole.as_numpy_iterator()] == [
        x.tolist() for x, _ in batches(4, 2).as_numpy_iterator()
    ]
    named = batches(4, 2).map(lambda x, y: {"x": x, "y": y})
    assert _replicas.divided(named, 2).element_spec == named.element_spec
    with pytest.raises(tf.errors.InvalidArgumentError, match="train_step or test_step of its own"):
        list(_replicas.divided(batches(4, 3), 2))


def test_pieces_of_a_batch_of_given_weights():
    batch = (tf.range(5.0), tf.range(5), tf.constant([1.0, 2, 3, 4, 5]))

    def piece(number, *options):
        return _replicas._piece(batch, tf.constant(number, tf.int64), 2, *options)

    pieces = [piece(number, True) for number in (0, 1)]
    # Two rows and three: 2 * 2 / 5 and 2 * 3 / 5.
    np.testing.assert_allclose(pieces[0][2].loss, np.array([1, 2]) * 0.8)
    np.testing.assert_allclose(pieces[1][2].loss, np.array([3, 4, 5]) * 1.2)
    assert [piece[0].numpy().tolist() for piece in pieces] == [[0, 1], [2, 3, 4]]
    for _, _, counts in pieces:  # every device counts as many, for all of the batch together
        assert set(counts.rows.numpy()) == {2.5}
        assert set(counts.real.numpy()) == {1.0}
    assert pieces[1][2].own.numpy().tolist() == [3, 4, 5]
    assert piece(1, False)[2].loss.numpy().tolist() == [3, 4, 5]  # of a sum
    (weights,), real = piece(1, False, False)[2]
    assert weights.numpy().tolist() == [3, 4, 5]
    assert real == 1


def test_a_row_that_fills_up_counts_nowhere():
    batch = (tf.range(1.0), tf.range(1), tf.constant([3.0]))
    for weigh, own in ((True, 6), (False, 3)):
        pieces = [_replicas._piece(batch, tf.constant(n, tf.int64), 2, weigh) for n in (0, 1)]
        assert [piece[2].real.numpy().tolist() for piece in pieces] == [[0], [1]]
        assert [piece[2].own.numpy().tolist() for piece in pieces] == [[0], [3]]
        assert [piece[2].loss.numpy().tolist() for piece in pieces] == [[0], [own]]
        assert [piece[2].rows.numpy().tolist() for piece in pieces] == [[0.5], [0.5]]
    plain = [_replicas._piece(batch, tf.constant(n, tf.int64), 2, True, False) for n in (0, 1)]
    assert [float(piece[2].real) for piece in plain] == [0, 1]


@keras.saving.register_keras_serializable("tests")
class Counting(keras.Model):
    """Validates by a step of its own, which counts rows."""

    def __init__(self):
        super().__init__()
        self.rows, self.dense = keras.metrics.Sum("rows"), keras.layers.Dense(1)

    def call(self, x):
        return self.dense(x)

    def test_step(self, batch):
        x, _ = batch
        self.rows.update_state(tf.ones([tf.shape(x)[0]]))
        return {"rows": self.rows.result()}


def test_a_step_of_the_models_own_forgets_a_row_that_fills_up():
    model = Counting()
    model.compile("sgd", "mse")
    batch = (tf.ones((1, 1)), tf.ones((1, 1)))
    counts = _replicas.Counts(*[tf.ones([1])] * 4)
    with _steps.counting(model, (*batch, counts)):
        for real, rows in ((1, 1), (0, 1), (1, 2)):
            model.test_step((*batch, _replicas.Plain((), tf.constant(float(real)))))
            assert float(model.rows.result()) == rows


def test_losses_that_a_strategy_can_weigh():
    def model(*reductions):
        losses = [types.SimpleNamespace(reduction=reduction) for reduction in reductions]
        return types.SimpleNamespace(loss=losses)

    assert _replicas.scales_by_size(model("sum_over_batch_size", "mean"))
    assert _replicas.scales_by_size(types.SimpleNamespace(loss="mse"))
    assert not _replicas.scales_by_size(model("sum", "sum"))
    for mixed in (("sum", "mean"), ("none",), (None,)):
        with pytest.raises(ValueError, match="losses must be reduced by"):
            _replicas.scales_by_size(model(*mixed))


class Workers(tf.distribute.MultiWorkerMirroredStrategy):
    """What a strategy of several workers says of itself, without any."""

    def __init__(self, kind, number, replicas, local, chief=False):
        cluster = {"worker": ["a:1", "b:1"], **({"chief": ["c:1"]} if chief else {})}
        spec = types.SimpleNamespace(as_dict=lambda: cluster)
        self._told = types.SimpleNamespace(
            cluster_spec=lambda: spec, task_type=kind, task_id=number
        )
        self._replicas = replicas
        self._local = types.SimpleNamespace(worker_devices=["device"] * local)

    num_replicas_in_sync = property(lambda self: self._replicas)
    extended = property(lambda self: self._local)
    cluster_resolver = property(lambda self: self._told)

    def __del__(self):
        """Nothing was made."""


@pytest.mark.parametrize(
    ("strategy", "place"),
    [
        (None, (0, 1, 0, 1, 1)),
        (Workers("worker", 1, 4, 2), (1, 2, 2, 2, 4)),
        (Workers("worker", 0, 4, 2), (0, 2, 0, 2, 4)),
        (Workers("chief", 0, 3, 1, chief=True), (0, 3, 0, 1, 3)),
        (Workers("worker", 1, 3, 1, chief=True), (2, 3, 2, 1, 3)),
        (Workers("worker", 0, 2, 2), (0, 1, 0, 2, 2)),
    ],
)
def test_where_a_process_stands(strategy, place):
    assert _strategy.place_of(strategy) == _strategy.Place(*place)


def test_what_a_lost_worker_looks_like():
    lost = tf.errors.UnavailableError(None, None, "Collective ops is aborted by: gone\nfor good")
    assert _fit._is_loss(lost)
    assert _fit._reason(lost) == "gone"
    assert _fit._is_loss(tf.errors.InternalError(None, None, "Collective ops is aborted by: x"))
    assert not _fit._is_loss(tf.errors.InternalError(None, None, "something else"))
    assert not _fit._is_loss(
        tf.errors.InvalidArgumentError(None, None, "Collective ops is aborted")
    )
    assert not _fit._is_loss(ValueError("x"))


def test_batches_of_a_resumed_epoch_are_counted_from_its_begin():
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append(batch)

        def on_train_batch_end(self, batch, logs=None):
            seen.append(-batch)

    watched = _callbacks.Throughout([Watch()], tiny())
    watched.first_batch = 3
    watched.on_train_batch_begin(0)
    watched.on_train_batch_end(1, {"loss": 0.0})
    assert seen == [3, -4]


def test_checkpoints_are_written_every_so_many_batches():
    saved = []
    recorder = _callbacks.Recorder(saved.append, 2)
    recorder.set_model(tiny())
    recorder.last_batch = 6
    for batch in range(6):
        recorder.on_train_batch_end(batch)
    assert saved == [2, 4]  # the one after the last batch is that of the epoch
    never = _callbacks.Recorder()
    never.on_train_batch_end(0)
    called = []
    recorder.at_begin(lambda: called.append(1))
    recorder.on_epoch_begin(0)
    recorder.on_epoch_begin(1)
    assert called == [1]


@pytest.mark.parametrize(("size", "written"), [(6, [2, 3]), (None, [2])])
def test_a_signal_is_obeyed_after_a_checkpoint_where_the_epoch_can_go_on(size, written):
    """Of a dataset of unknown length an epoch begins anew, so there is nothing to keep of it."""
    saved, obeyed = [], []
    recorder = _callbacks.Recorder(saved.append, 2)
    recorder.set_model(tiny())
    signal = types.SimpleNamespace(number=None, obey=lambda: obeyed.append(list(saved)))
    recorder.postponed, recorder.last_batch = signal, size
    recorder.on_train_batch_end(0)
    recorder.on_train_batch_end(1)
    assert obeyed == []
    signal.number = 15
    recorder.on_train_batch_end(2)
    assert obeyed == [written]


def test_a_loss_that_is_no_number_says_where():
    asked = []

    def samples_of(epoch, batch):
        asked.append((epoch, batch))
        return list(range(23))

    stop = _callbacks.StopWhenDiverged(samples_of)
    stop.on_epoch_begin(4)
    stop.on_train_batch_end(6, {"loss": 1e30})
    with pytest.raises(training.DivergedError, match="in epoch 5, batch 8: .* 19 and 3 more"):
        stop.on_train_batch_end(7, {"loss": float("inf")})
    assert asked == [(4, 7)]


def state(epoch, step=0):
    return {
        "epoch": epoch,
        "step": step,
        "stopped": False,
        "history": {},
        "callbacks": {},
        "note": "x",
    }


def test_the_newest_checkpoint_and_the_one_before_are_kept(tmp_path):
    kept = _checkpoint.Checkpoints(tmp_path)
    assert kept.newest() is None
    arrays = {"a": np.arange(3)}
    names = []
    for place in ((0, 20), (1, 0), (9, 0), (10, 0)):
        kept.write(state(*place), arrays)
        names.append(kept.name(*place))
        assert sorted(path.name for path in tmp_path.iterdir()) == names[-2:]
        assert kept.newest() == names[-1]
    assert names[0] == "000000-000000020"
    assert kept.numbers(names[0]) == (0, 20)
    found, values = kept.read(names[-1])
    assert (found["epoch"], found["note"]) == (10, "x")
    np.testing.assert_array_equal(values["a"], arrays["a"])
    # Of what was read whole, the one before is kept too.
    again = _checkpoint.Checkpoints(tmp_path)
    again.read(names[-2])
    again.write(state(11), arrays)
    assert sorted(path.name for path in tmp_path.iterdir()) == [names[-2], again.name(11, 0)]


def test_a_checkpoint_under_another_name_is_none(tmp_path):
    kept = _checkpoint.Checkpoints(tmp_path)
    kept.write({**state(1), "history": {"loss": [1.0, float("nan")]}}, {"a": np.arange(3)})
    assert str(kept.read(kept.name(1, 0))[0]["history"]["loss"]) == "[1.0, nan]"
    (tmp_path / kept.name(1, 0)).rename(tmp_path / kept.name(7, 0))
    with pytest.raises(ValueError, match="of another checkpoint than its folder's name"):
        kept.newest()


def test_hashes_of_arrays_go_by_name_and_value():
    arrays = {"a": np.arange(3), "b": np.ones(2)}
    digest = _checkpoint.sha256_of(arrays)
    assert digest == _checkpoint.sha256_of(dict(reversed(arrays.items())))
    assert digest != _checkpoint.sha256_of({"b": np.arange(3), "a": np.ones(2)})
    assert digest != _checkpoint.sha256_of({**arrays, "b": np.zeros(2)})
    assert digest != _checkpoint.sha256_of({"b": arrays["a"], "c": arrays["b"]})


def test_variables_are_written_back_by_group_and_place():
    groups = {"model": [keras.Variable([1.0, 2.0]), keras.Variable(3.0)]}
    arrays = _checkpoint.read_variables(groups)
    assert sorted(arrays) == ["model.0", "model.1"]
    groups["model"][0].assign([7.0, 7.0])
    _checkpoint.write_variables(groups, arrays, "path")
    assert keras.ops.convert_to_numpy(groups["model"][0]).tolist() == [1, 2]
    for wrong in ({**arrays, "model.2": np.ones(1)}, {**arrays, "model.0": np.ones(3)}):
        with pytest.raises(ValueError, match="path: a checkpoint of another model"):
            _checkpoint.write_variables(groups, wrong, "path")


def test_half_floats_come_back_from_files(tmp_path):
    groups = {"model": [keras.Variable([1.5, 2.0], dtype="bfloat16")]}
    kept = _checkpoint.Checkpoints(tmp_path)
    kept.write(state(1), _checkpoint.read_variables(groups))
    groups["model"][0].assign([0.0, 0.0])
    _checkpoint.write_variables(groups, kept.read(kept.name(1, 0))[1], "path")
    assert keras.ops.convert_to_numpy(groups["model"][0]).tolist() == [1.5, 2.0]


def test_validation_is_no_part_of_the_clocks_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_clock.time, "perf_counter", lambda: now[0])
    clock = training.InputClock()
    clock.on_epoch_begin(0)
    clock._sums.assign([2.0, 400.0])  # seconds waited, images
    now[0] = 6.0
    clock.on_test_begin()
    now[0] = 10.0
    clock.on_test_end()
    now[0] = 12.0
    logs = {}
    clock.on_epoch_end(0, logs)
    assert logs == {"images_per_second": 400 / 8, "input_wait": 2 / 8}
    clock.on_epoch_begin(1)
    assert clock._sums.numpy().tolist() == [0, 0]


PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.6, 0.3], [0.2, 0.7, 0.1]])
LABELS = np.array([0, 1, 1, 2])


def test_scores_by_hand():
    found = _evaluate.score(PROBABILITIES, LABELS, "abc")
    assert found.accuracy == 0.5
    assert found.log_loss == pytest.approx(-np.log([0.7, 0.4, 0.6, 0.1]).mean())
    assert found.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    np.testing.assert_allclose(found.precision, [1 / 2, 1 / 2, 0])
    np.testing.assert_allclose(found.recall, [1, 1 / 2, 0])
    np.testing.assert_allclose(found.f1, [2 / 3, 1 / 2, 0])
    # Wilson's interval of 2 in 4: 0.15 to 0.85.
    assert (round(found.low, 4), round(found.high, 4)) == (0.15, 0.85)
    assert training.wilson_interval(0.0, 10)[0] == 0.0
    assert [round(end, 4) for end in training.wilson_interval(0.9, 10)] == [0.5958, 0.9821]
    likely = _evaluate.probabilities_of(np.log(PROBABILITIES), 3)
    np.testing.assert_allclose(likely, PROBABILITIES)
    assert _evaluate.probabilities_of(PROBABILITIES, 3) is not None
    np.testing.assert_array_equal(_evaluate.probabilities_of(PROBABILITIES, 3), PROBABILITIES)


def test_the_worst_images_and_the_pairs_that_are_confused():
    found = _predictions.Predictions(PROBABILITIES, LABELS, tuple("wxyz"), ("a", "b<", "c"))
    assert found.worst(2).tolist() == [3, 1]
    assert found.given.tolist() == [0, 0, 1, 1]
    scores = found.evaluation()
    assert _report._confused(scores) == [("b<", "a", "1", "50.0 %"), ("c", "b<", "1", "100.0 %")]
    right = _predictions.Predictions(np.eye(3), np.arange(3), tuple("xyz"), tuple("abc"))
    page = _report.report(right, title="t", data={})
    assert "No image was given a wrong class" in page


def test_a_clusters_task_must_be_one_of_its_own(monkeypatch):
    text = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": %s}}'
    monkeypatch.setenv("TF_CONFIG", text % 1)
    assert _strategy._read_cluster() == 2
    for wrong in (2, -1, '"1"', "true"):
        monkeypatch.setenv("TF_CONFIG", text % wrong)
        with pytest.raises(ValueError, match="the task of TF_CONFIG must be one of its cluster"):
            _strategy._read_cluster()
    monkeypatch.delenv("TF_CONFIG")
    assert _strategy._read_cluster() == 0


class Compiled(Exception):
    """Raised in place of compiling, so that nothing is trained."""


@pytest.mark.parametrize(("sizes", "steps"), [((4, 4, 4, 1), 12), (None, None)])
def test_the_default_schedule_is_of_all_epochs(monkeypatch, sizes, steps):
    said = {"learning_rate": 0.1, "weight_decay": 0.2, "label_smoothing": 0.3}

    def compile_model(model, **options):
        assert options == {**said, "steps": options["steps"]}
        raise Compiled(options["steps"])

    monkeypatch.setattr(_fit, "compile_model", compile_model)
    dataset = batches(*(sizes or (4,)))
    if sizes:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(sizes)))
    with pytest.raises(Compiled) as seen:
        training.fit(tiny(), dataset, epochs=3, progress=False, **said)
    assert seen.value.args == (steps,)


def test_a_rate_is_set_by_one_alone():
    model = tiny()
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model.compile(keras.optimizers.SGD(schedule), "mse")
    callbacks = [keras.callbacks.ReduceLROnPlateau()]
    with pytest.raises(ValueError, match="ReduceLROnPlateau sets the learning rate, and so does"):
        training.fit(model, batches(4), epochs=1, callbacks=callbacks, progress=False)


def test_a_model_trains_under_its_own_strategy_alone():
    own = types.SimpleNamespace()
    assert _fit._agreed("auto", own) is _fit._agreed(own, own) is own
    for other in ("mirrored", "none", types.SimpleNamespace()):
        with pytest.raises(ValueError, match="built under a SimpleNamespace: give that"):
            _fit._agreed(other, own)


def test_a_dataset_that_is_sent_away_is_found_behind_others():
    dataset = tf.data.Dataset.range(3)
    assert not _fit._is_sent(dataset.map(lambda x: x).batch(2))
    dataset.__class__ = type("_DataServiceDataset", (type(dataset),), {})
    assert _fit._is_sent(dataset.map(lambda x: x).batch(2))


def test_only_the_chief_writes_a_model(monkeypatch, tmp_path):
    monkeypatch.setattr(_strategy, "place_of", lambda strategy: _strategy.Place(1, 2, 1, 1, 2))
    training.save_model(tiny(), tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []


def test_code_in_a_model_file_is_not_run(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)])
    training.save_model(model, tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"model\.keras: not a model that can be loaded"):
        training.load_model(tmp_path / "model.keras")


def test_confusion_is_coloured_by_the_share_of_the_true_class():
    confusion = np.array([[3, 1, 0], [0, 2, 2], [0, 0, 0]])
    axes = _figures.confusion_figure(confusion, "abc").axes[0]
    wanted = [[0.75, 0.25, 0], [0, 0.5, 0.5], [0, 0, 0]]
    np.testing.assert_allclose(axes.images[0].get_array(), wanted)
    assert sorted(text.get_text() for text in axes.texts) == ["1", "2", "2", "3"]


def test_replicas_draw_from_seeds_of_their_own():
    """Replica 0 of all draws as one device does; each other one is a golden ratio further."""
    states = [tf.Variable([5, 9], dtype=tf.uint32) for _ in range(2)]
    variable = types.SimpleNamespace(name="seed_generator_state", value=None)
    other = types.SimpleNamespace(name="kernel", value=None)
    strategy = types.SimpleNamespace(experimental_local_results=lambda value: states)
    model = types.SimpleNamespace(variables=[other, variable])
    place = _strategy.Place(1, 2, 2, 2, 4)
    _replicas.part_random_numbers(model, strategy, place)
    wanted = [(5 + number * 0x9E3779B9) % 2**32 for number in (2, 3)]
    assert [state.numpy().tolist() for state in states] == [[seed, 9] for seed in wanted]


def test_the_chiefs_word_counts_alone_where_there_is_one_worker():
    assert _strategy.from_chief(None, [3, 1]).tolist() == [3, 1]
    assert _strategy.everywhere(None, True) is True
    assert _strategy.everywhere(None, False) is False


def test_histories_say_where_they_begin_and_end(tmp_path):
    """Of a training that is further than it is asked to go, nothing is taken back."""
    rows = (np.arange(8, dtype="float32").reshape(4, 2), np.arange(4) % 3)
    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(2)

    def fit(epochs):
        model = tiny()
        options = {"from_logits": True}
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(**options))
        return training.fit(model, dataset, epochs=epochs, checkpoint=tmp_path, progress=False)

    first = fit(2)
    assert (first.epochs, first.resumed_at, len(first.history["loss"])) == (2, 0, 2)
    again = fit(1)
    assert (again.epochs, again.resumed_at) == (2, 2)
    assert again.history == first.history
    more = fit(3)
    assert (more.epochs, more.resumed_at) == (3, 2)
    assert more.history["loss"][:2] == first.history["loss"]
