"""A pass over a pipeline begins at once, and gives the same however it is made."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras import data, mix, policy, training
from keras_cv_extras._base.datasets.samples import dataset_runs_here, datasets_run_here
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
def test_called_from_the_graph_and_in_it_a_batch_is_the_same(images, name):
    in_it = passes(images, name, epoch=3)
    with datasets_run_here():
        called = passes(images, name, epoch=3)
    for one, other in zip(called, in_it, strict=True):
        for tensor, wanted in zip(one, other, strict=True):
            assert tensor.dtype == wanted.dtype
            np.testing.assert_array_equal(tensor, wanted)


def graph_of(dataset):
    return tf.compat.v1.GraphDef.FromString(dataset._as_serialized_graph().numpy())


def number_of_nodes(dataset):
    return sum(len(function.node_def) for function in graph_of(dataset).library.function)


def slow_functions(dataset):
    """The functions of a dataset that TensorFlow prepares for several devices, at every pass."""
    graph = graph_of(dataset)
    nodes = [*graph.node, *(node for made in graph.library.function for node in made.node_def)]
    steps = [node for node in nodes if node.op.removesuffix("V2").endswith("Dataset")]
    named = {item.func.name for node in steps for item in node.attr.values() if item.func.name}
    assert named
    return [
        made.signature.name
        for made in graph.library.function
        if made.signature.name in named and "experimental_ints_on_device" not in made.attr
    ]


@pytest.mark.parametrize("kind", ["arrays", "policy", "stream", "balanced", "files", "boxes"])
def test_no_function_of_a_pass_is_prepared_for_several_devices(images, kind, tmp_path, photographs):
    """It takes 5 to 60 milliseconds for each of them, at every pass."""
    source, chosen = images, None
    if kind == "policy":
        chosen = FEW_OPS
    if kind == "stream":
        source = tf.data.Dataset.from_tensor_slices(images)
    if kind == "balanced":
        source = data.BalancedSource(*images)
    if kind in ("files", "boxes"):
        for number in range(6):
            (tmp_path / str(number % 2)).mkdir(exist_ok=True)
            part = photographs[0][number : number + 40, :60]
            Image.fromarray(part).save(tmp_path / str(number % 2) / f"{number}.jpg")
        crop = data.RandomResizedCrop() if kind == "boxes" else None
        source = data.image_files(tmp_path, 16, crop=crop).train
    dataset = data.pipeline(source, 2, chosen)
    assert slow_functions(dataset) == []
    assert slow_functions(training.InputClock().watch(dataset)) == []


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
        assert not calls(data.pipeline(images, 16, policy.flip_crop()))
    assert not calls(data.pipeline(images, 16, policy.flip_crop()))


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


class OwnMix(mix.MixUp):
    """Somebody's mix, which does something before it mixes."""

    def __call__(self, images, labels, **numbers):
        return super().__call__(images // 2, labels, **numbers)


class OwnPolicy(policy.Policy):
    """Somebody's policy, which does something before it augments."""

    def __call__(self, images, **numbers):
        return super().__call__(images // 2, **numbers)


@pytest.mark.parametrize(
    ("chosen", "mixed", "slow"),
    [
        (policy.flip_crop(), mix.MixUp(num_classes=7), 0),
        (None, OwnMix(num_classes=7), 1),
        (None, lambda images, labels, **numbers: (images, labels), 1),
        (OwnPolicy(policy.flip_crop().sub_policies), None, 1),
    ],
    ids=["known", "own mix", "function", "own policy"],
)
def test_what_somebody_wrote_is_optimized_at_every_pass(images, chosen, mixed, slow):
    """Of what it does nothing is known: a power that is no square takes ten times as long."""
    assert len(slow_functions(data.pipeline(images, 16, chosen, mixed))) == slow


def test_an_iterator_has_no_step_that_does_nothing(images):
    """Its checkpoints name the steps: those of earlier versions go on."""
    graph = graph_of(data.pipeline(images, 16, num_epochs=2))
    steps = [node.op for node in graph.node if "Dataset" in node.op]
    assert "MapDataset" not in steps
    assert "RangeDataset" in steps


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
