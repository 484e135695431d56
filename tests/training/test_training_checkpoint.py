"""Checkpoints: exact resumption, damage, a full disk."""

import resource
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, training
from keras_cv_extras.training import _checkpoint


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


class Interrupt(keras.callbacks.Callback):
    """Ends a training at a batch of an epoch, as a kill would, but for the process."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.place, self.epoch = (epoch, batch), None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.place:
            raise KeyboardInterrupt


def run(digits, folder=None, *, interrupt=None, epochs=4, save_every=None):
    """Trains with every kind of state: dropout, momentum, a plateau and an early stop."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Dropout(0.2, seed=5),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    x, y = digits.train[0][:150], digits.train[1][:150]
    # No loss is ever better by 1000: the rate falls every epoch, and the third bad one ends it.
    options = {"monitor": "loss", "min_delta": 1000}
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True, **options)
    slow = keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.5, **options)
    history = training.fit(
        model,
        lambda epoch: data.pipeline((x, y), 32, epoch=epoch),
        data.pipeline((x, y), 64, shuffle=False, epoch=0),
        epochs=epochs,
        callbacks=[stop, slow, *([Interrupt(*interrupt)] if interrupt else [])],
        checkpoint=folder,
        save_every=save_every,
        progress=False,
    )
    return history


def values(history):
    model = history.model
    variables = [*model.variables, *model.optimizer.variables]
    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in variables]


def check_equal(history, other):
    assert history.history == other.history
    for one, another in zip(values(history), values(other), strict=True):
        np.testing.assert_array_equal(one, another)


@pytest.fixture(scope="module")
def uninterrupted(digits):
    return run(digits, epochs=8)


@pytest.mark.wide
def test_the_early_stop_comes_and_the_rate_falls(uninterrupted):
    assert uninterrupted.epochs == 4
    rates = uninterrupted.history["learning_rate"]
    assert rates[0] > rates[-1]


@pytest.mark.wide
@pytest.mark.parametrize(
    "interrupt",
    [(2, 3), *(pytest.param(place, marks=pytest.mark.slow) for place in [(1, 0), (2, 1), (3, 4)])],
)
def test_resumed_training_is_the_same_to_the_bit(digits, tmp_path, uninterrupted, interrupt):
    with pytest.raises(KeyboardInterrupt):
        run(digits, tmp_path, epochs=8, interrupt=interrupt, save_every=2)
    epoch, batch = interrupt
    wanted = f"{epoch:06d}-{batch // 2 * 2:09d}"
    assert sorted(path.name for path in tmp_path.glob("0*"))[-1] == wanted
    if batch < 4:  # and once more in the same epoch, whose batches go on to be counted
        with pytest.raises(KeyboardInterrupt):
            run(digits, tmp_path, epochs=8, interrupt=(epoch, 4), save_every=2)
        newest = sorted(path.name for path in tmp_path.glob("0*"))[-1]
        assert newest == f"{epoch:06d}-000000004"
    resumed = run(digits, tmp_path, epochs=8, save_every=2)
    assert resumed.resumed_at == epoch
    check_equal(resumed, uninterrupted)
    again = run(digits, tmp_path, epochs=8, save_every=2)  # what has ended early stays ended
    assert again.resumed_at == 4
    check_equal(again, uninterrupted)


@pytest.fixture(scope="module")
def two_checkpoints(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    run(digits, folder, epochs=2)
    assert len(list(folder.glob("0*"))) == 2
    return folder


def offsets(size, count):
    return sorted({round(size * part / count) for part in range(count)} | {size - 2})


@pytest.mark.parametrize("name", ["arrays.npz", "state.json"])
def test_a_checkpoint_cut_short_anywhere_is_found_out(two_checkpoints, tmp_path, name):
    shutil.copytree(two_checkpoints, tmp_path / "copy")
    older, newest = sorted((tmp_path / "copy").glob("0*"))
    whole = (newest / name).read_bytes()
    for offset in offsets(len(whole), 20):
        (newest / name).write_bytes(whole[:offset])
        with pytest.warns(UserWarning, match="damaged checkpoint.*going on from"):
            assert _checkpoint.Checkpoints(tmp_path / "copy").newest() == older.name
    (newest / name).unlink()
    with pytest.warns(UserWarning, match="damaged checkpoint.*going on from"):
        assert _checkpoint.Checkpoints(tmp_path / "copy").newest() == older.name


def test_a_byte_changed_anywhere_is_found_out(two_checkpoints, tmp_path):
    shutil.copytree(two_checkpoints, tmp_path / "copy")
    older, newest = sorted((tmp_path / "copy").glob("0*"))
    whole = bytearray((newest / "arrays.npz").read_bytes())
    whole[len(whole) // 2] ^= 1
    (newest / "arrays.npz").write_bytes(whole)
    with pytest.warns(UserWarning, match="not the file that was written"):
        assert _checkpoint.Checkpoints(tmp_path / "copy").newest() == older.name


@pytest.mark.wide
def test_training_goes_on_from_the_checkpoint_before(digits, two_checkpoints, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(two_checkpoints, folder)
    newest = sorted(folder.iterdir())[-1]
    (newest / "arrays.npz").write_bytes(b"PK")
    with pytest.warns(UserWarning, match="going on from the checkpoint before"):
        resumed = run(digits, folder, epochs=2)
    assert resumed.resumed_at == 1
    check_equal(resumed, run(digits, epochs=2))


def test_checkpoints_that_a_killed_process_left_go(digits, two_checkpoints, tmp_path):
    """It was killed between writing one and removing the one before the last."""
    folder = tmp_path / "checkpoints"
    shutil.copytree(two_checkpoints, folder)
    names = sorted(path.name for path in folder.glob("0*"))
    shutil.copytree(folder / names[0], folder / "000000-000000001")
    shutil.copytree(folder / names[0], folder / "000000-000000002")
    (folder / "000000-000000002" / "notes.txt").write_text("precious")
    saved = _checkpoint.Checkpoints(folder)
    saved.remove_older(names[1])
    left = sorted(path.name for path in folder.glob("0*"))
    assert left == ["000000-000000002", *names]
    assert (folder / "000000-000000002" / "notes.txt").read_text() == "precious"


def test_no_whole_checkpoint_is_one_clear_error(digits, two_checkpoints, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(two_checkpoints, folder)
    for path in folder.glob("*/state.json"):
        path.write_text("{")
    with pytest.raises(ValueError, match="no checkpoint there is whole.*to begin anew"):
        run(digits, folder, epochs=3)


def test_a_checkpoint_of_another_model_is_named(two_checkpoints, digits):
    model = training.small_cnn((8, 8, 1), 10, width=4)
    dataset = data.pipeline((digits.train[0][:32], digits.train[1][:32]), 32)
    with pytest.raises(ValueError, match="a checkpoint of another model or optimizer"):
        training.fit(model, dataset, epochs=9, checkpoint=two_checkpoints)


@pytest.mark.wide
def test_a_full_disk_leaves_the_last_checkpoint(digits, two_checkpoints, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(two_checkpoints, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match="could not be written.*000002-000000000 is still there"):
            run(digits, folder, epochs=3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    check_equal(run(digits, folder, epochs=3), run(digits, epochs=3))


def test_a_full_disk_leaves_the_last_model(tmp_path):
    model = training.small_cnn((8, 8, 1), 10, width=4)
    path = tmp_path / "model.keras"
    training.save_model(model, path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match="(?i)file too large"):
            training.save_model(model, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.wide
def test_moving_averages_take_their_place_at_the_end(digits):
    def fresh():
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
        )
        optimizer = keras.optimizers.SGD(1e-3, use_ema=True, ema_momentum=0.5)
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    x, y = digits.train[0][:96], digits.train[1][:96]
    model = fresh()
    training.fit(model, data.pipeline((x, y), 32, shuffle=False), epochs=2, progress=False)
    wanted = fresh()
    wanted.fit(
        tf.data.Dataset.from_tensor_slices((x, y)).batch(32), epochs=2, verbose=0, shuffle=False
    )
    for one, other in zip(model.get_weights(), wanted.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


@pytest.mark.wide
def test_a_loss_that_is_no_number_names_the_samples(digits):
    images = digits.train[0][:64].astype("float32")
    labels = digits.train[1][:64].copy()
    images[40] = 3e38  # a number, whose products are none
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    with pytest.raises(training.DivergedError, match="in epoch 1, batch ") as caught:
        training.fit(
            model, lambda epoch: data.pipeline((images, labels), 16, epoch=epoch, seed=1), epochs=1
        )
    assert 40 in caught.value.samples
    assert len(caught.value.samples) == 16
    assert "Samples of the batch" in str(caught.value)
    assert data.samples_of(tf.data.Dataset.range(3)) is None
