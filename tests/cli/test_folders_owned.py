"""Functions that write folders leave other people's alone, and say so in one line."""

from concurrent import futures

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import generative, policy, search, serving, training
from keras_cv_extras._base.owned import kinds as _kinds
from keras_cv_extras._base.owned import marks
from keras_cv_extras.cli import _demo
from keras_cv_extras.training._checkpoint import Checkpoints

IMAGES = np.zeros((8, 8, 8, 1), np.uint8), np.arange(8, dtype=np.int32) % 2


def model():
    made = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)], name="flat"
    )
    made.compile("sgd", training.SmoothedCrossentropy())
    return made


def fit(folder, epochs=1):
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4)
    return training.fit(model(), dataset, epochs=epochs, checkpoint=folder, progress=False)


def export(folder):
    serving.export(model(), folder, class_names=["a", "b"], features=None)


def train_gan(folder):
    made = generative.ConditionalGAN((8, 8, 1), 2, width=4)
    made.compile()
    images = IMAGES[0] + np.arange(8, dtype=np.uint8)[:, None, None, None] * 30
    generative.train_gan(made, images, IMAGES[1], steps=1, every=1, directory=folder)


WRITERS = {
    "search": lambda folder: search.search_policy(IMAGES, model, directory=folder),
    "fit": fit,
    "export": export,
    "gallery": lambda folder: policy.gallery(folder, progress=False),
    "save_model": lambda folder: training.save_model(model(), folder),
    "demo": lambda folder: _demo.run_demo(folder, trials=1, epochs=1, seed=0),
    "gan": train_gan,
}


def contents(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("name", WRITERS)
def test_a_foreign_folder_is_left_alone(tmp_path, name):
    folder = tmp_path / "foreign.keras"
    for file in ("model.keras", ".venv.backup01/python", "000001-000000000/mine"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("precious")
    before = contents(tmp_path)
    with pytest.raises(OSError, match=r"^[^\n]*foreign.keras[^\n]*$"):
        WRITERS[name](folder)
    assert contents(tmp_path) == before


KINDS = {
    "search": (_kinds.SEARCH, "trials"),
    "fit": (_kinds.CHECKPOINTS, "000001-000000002"),
    "demo": (_kinds.DEMO, "train-found"),
    "gan": (_kinds.GAN, "samples"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_link_in_a_folder_of_ours_is_not_written_through(tmp_path, name):
    folder, (kind, written) = tmp_path / "run", KINDS[name]
    for place in (folder, tmp_path / "foreign"):
        place.mkdir()
    (tmp_path / "foreign" / "precious.txt").write_text("precious")
    (folder / marks.MARK).write_text(marks.mark_text(kind.key))
    (folder / written).symlink_to(tmp_path / "foreign")
    before = contents(tmp_path)
    message = rf"^[^\n]*{written}: a link, and nothing is written through links in [^\n]*: replace"
    with pytest.raises(OSError, match=message):
        WRITERS[name](folder)
    assert contents(tmp_path) == before


@pytest.mark.wide
def test_checkpoints_of_earlier_versions_and_what_lies_beside_them(tmp_path):
    fit(tmp_path, 2)
    for path in tmp_path.rglob(".keras_cv_extras.*"):
        path.unlink()
    assert all(_kinds.is_checkpoint(path) for path in tmp_path.iterdir())
    assert fit(tmp_path, 3).resumed_at == 2
    (tmp_path / "notes.txt").write_text("precious")
    added = tmp_path / Checkpoints.name(2, 0) / "notes.txt"
    added.write_text("precious")
    (tmp_path / "2024-10").mkdir()
    assert fit(tmp_path, 6).resumed_at == 3
    assert added.exists()
    assert (tmp_path / "2024-10").is_dir()
    names = {path.name for path in tmp_path.glob("0*")}
    assert names == {Checkpoints.name(number, 0) for number in (2, 5, 6)}
    with Checkpoints(tmp_path).held(), futures.ThreadPoolExecutor(1) as other:
        problem = other.submit(fit, tmp_path, 7).exception()
    assert "a training with checkpoints is running here (process" in str(problem)


def test_a_folder_of_checkpoints_that_were_not_begun_goes_away(tmp_path):
    def fail(epoch):
        raise ValueError("no such data")

    with pytest.raises(ValueError, match="no such data"):
        training.fit(model(), fail, epochs=1, checkpoint=tmp_path / "a" / "b", progress=False)
    assert list(tmp_path.iterdir()) == []
