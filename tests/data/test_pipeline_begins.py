"""A pass over a pipeline begins at once, and gives the same however it is made."""

import json
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras import data, mix, policy, training
from keras_cv_extras._base.samples import dataset_runs_here, datasets_run_here
from keras_cv_extras.data import _augmenter


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (50, 12, 10, 1), "uint8"), np.arange(50) % 7


#: With an op that AutoAugment has not, a program is of these alone, which compiles faster.
FEW_OPS = policy.rand_augment(1, ops=("rotate", "cutout", "flip_vertical"))
NEVER = policy.Step("flip_vertical", 0.0)
CASES = {
    "policy": (FEW_OPS, None),
    "second images": (policy.Policy([[policy.Step("sample_pairing", 1.0, 0.4), NEVER]]), None),
    "mix": (policy.flip_crop(), mix.MixUp(num_classes=7)),
    "own mix": (None, lambda images, labels, **numbers: (images, {"kept": labels})),
}


def passes(images, name, **options):
    """The batches of two epochs, flat."""
    chosen, mixed = CASES[name]
    dataset = data.pipeline(images, 16, chosen, mixed, seed=3, **options)
    return [tf.nest.flatten(batch) for _ in range(2) for batch in dataset]


@pytest.mark.wide_but("own mix")
@pytest.mark.parametrize("name", CASES)
def test_called_from_the_graph_and_in_it_a_batch_is_the_same(images, name, monkeypatch):
    called = passes(images, name)
    monkeypatch.setattr(_augmenter, "_MANY_BATCHES", 0)
    for one, other in zip(called, passes(images, name), strict=True):
        for tensor, wanted in zip(one, other, strict=True):
            assert tensor.dtype == wanted.dtype
            np.testing.assert_array_equal(tensor, wanted)


@pytest.mark.wide
def test_a_pass_costs_little_to_begin(images, monkeypatch):
    def seconds(dataset):
        for _ in range(2):
            next(iter(dataset))
        before = time.process_time()
        for _ in range(3):
            next(iter(dataset))
        return time.process_time() - before

    called = seconds(data.pipeline(images, 16, policy.rand_augment()))
    monkeypatch.setattr(_augmenter, "_MANY_BATCHES", 0)
    assert called < seconds(data.pipeline(images, 16, policy.rand_augment())) / 2


def number_of_nodes(dataset):
    graph = tf.compat.v1.GraphDef.FromString(dataset._as_serialized_graph().numpy())
    return sum(len(function.node_def) for function in graph.library.function)


def test_a_pass_over_files_prepares_what_their_kinds_need(tmp_path, photographs):
    """TensorFlow prepares every node anew for every pass: 3,000 of them take half a second."""

    places = iter(range(0, 90, 9))

    def save(name, **options):
        path, place = tmp_path / name, next(places)
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(photographs[0][place : place + 40, :60]).save(path, **options)

    turned = Image.Exif()
    turned[0x0112] = 6
    for number in range(4):
        save(f"{number % 2}/{number}.jpg")
    plain = data.image_files(tmp_path, 16)
    for number, name in enumerate(("a.png", "b.bmp", "c.gif", "d.webp")):
        save(f"{number % 2}/{name}")
    save("0/e.jpg", exif=turned)
    mixed = data.image_files(tmp_path, 16)
    few, all_kinds = (number_of_nodes(data.pipeline(part.train, 2)) for part in (plain, mixed))
    assert few < 700 < all_kinds
    for part in (mixed.train, mixed.test):
        images = [image for batch, _ in data.pipeline(part, 2, shuffle=False) for image in batch]
        for path, image in zip(part.paths, images, strict=True):
            whole = data.files.decoder.decode(tf.io.read_file(path), (16, 16), 3)
            np.testing.assert_array_equal(image, whole)


@pytest.mark.wide
def test_epochs_of_their_own_share_a_program(images):
    before = _augmenter._kept_program.cache_info()
    with datasets_run_here():
        made = [data.pipeline(images, 16, FEW_OPS, epoch=n, seed=91) for n in (0, 1)]
        again = data.pipeline(images, 16, FEW_OPS, epoch=0, seed=91)
    after = _augmenter._kept_program.cache_info()
    assert after.misses - before.misses == 1
    assert after.hits - before.hits == 2
    first, second, third = (next(iter(dataset))[0].numpy() for dataset in (*made, again))
    np.testing.assert_array_equal(first, third)
    assert (first != second).any()


def test_what_is_sent_elsewhere_is_a_graph(images):
    """An epoch's dataset may be sent to other processes, unless it is said that it is not."""

    def calls(dataset):
        text = str(
            tf.raw_ops.DatasetToGraphV2(
                input_dataset=tf.data.experimental.to_variant(dataset),
                external_state_policy=1,
                strip_device_assignment=False,
            ).numpy()
        )
        return "EagerPyFunc" in text

    assert not dataset_runs_here()
    assert not calls(data.pipeline(images, 16, policy.flip_crop(), epoch=0))
    with datasets_run_here():
        assert dataset_runs_here()
        assert calls(data.pipeline(images, 16, policy.flip_crop(), epoch=0))
    assert calls(data.pipeline(images, 16, policy.flip_crop()))


@pytest.mark.wide
def test_training_asks_for_datasets_that_run_here_until_one_is_sent_away(images):
    asked = []
    service = tf.data.experimental.service
    dispatcher = service.DispatchServer()
    address = dispatcher.target.partition("://")[2]
    worker = service.WorkerServer(service.WorkerConfig(dispatcher_address=address))
    model = training.small_cnn((12, 10, 1), 7, width=2)

    def batches(epoch):
        asked.append(dataset_runs_here())
        dataset = data.pipeline(images, 16, epoch=epoch)
        steps = dataset.cardinality()
        dataset = dataset.apply(service.distribute(service.ShardingPolicy.OFF, dispatcher.target))
        return dataset.apply(tf.data.experimental.assert_cardinality(steps))

    def plain(epoch):
        asked.append(dataset_runs_here())
        return data.pipeline(images, 16, epoch=epoch)

    training.fit(model, plain, epochs=2, progress=False)
    assert all(asked)
    asked.clear()
    training.fit(model, batches, epochs=2, progress=False)
    assert asked[0]
    assert not any(asked[1:])
    worker._stop()
    dispatcher._stop()


ON_JAX = """
import json
import sys
import numpy as np
sys.path.insert(0, "tests/data")
from test_pipeline_begins import *

rng = np.random.default_rng(0)
pictures = rng.integers(0, 256, (50, 12, 10, 1), "uint8"), np.arange(50) % 7
found = {}
for name in CASES:
    flat = [part.numpy() for batch in passes(pictures, name) for part in batch]
    found[name] = [[float(part.astype("float64").sum()), part.astype("float64").std()]
                   for part in flat]
print(json.dumps(found))
"""


@pytest.mark.slow
def test_on_jax_a_pipeline_gives_the_same(python, images):
    environment = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    found = json.loads(python(ON_JAX, environment=environment).splitlines()[-1])
    for name in CASES:
        wanted = [
            part.numpy().astype("float64") for batch in passes(images, name) for part in batch
        ]
        np.testing.assert_allclose(
            found[name], [[part.sum(), part.std()] for part in wanted], rtol=1e-6
        )
