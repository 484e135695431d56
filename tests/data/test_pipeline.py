import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, policy
from keras_cv_extras.data import _pipeline
from keras_cv_extras.policy import Policy, Step


@pytest.fixture(scope="module")
def samples():
    """101 different real images, numbered by their labels."""
    from sklearn.datasets import load_digits

    images = (load_digits().images[:101] * 15.9).astype("uint8")[..., None]
    return images, np.arange(101, dtype="int32")


# An op with a value that is drawn, and one with a place. With an op that AutoAugment has not, a
# program is of these alone, which compiles faster, and says no less about a pipeline.
CHOSEN = policy.rand_augment(1, 0.5, ops=("rotate", "cutout", "flip_vertical"))


def collect(dataset):
    """All images and labels, in the order of the labels."""
    parts = list(dataset.as_numpy_iterator())
    images = np.concatenate([images for images, _ in parts])
    labels = np.concatenate([labels for _, labels in parts])
    order = np.argsort(labels, kind="stable")
    return images[order], labels[order]


def test_images_are_looked_at_closely_where_a_policy_reads_their_values(samples, monkeypatch):
    def check(images, value_range, to):
        asked.append(to)
        raise InterruptedError

    asked = []
    monkeypatch.setattr(_pipeline, "check_values", check)
    for step in (Step("flip_vertical", 1.0), Step("posterize", 1.0, 0.5)):
        with pytest.raises(InterruptedError):
            data.pipeline(samples, 16, policy=Policy([[step]]))
    assert asked == [None, ""]


def test_an_epoch_has_every_sample_once(samples):
    dataset = data.pipeline(samples, 16, policy=CHOSEN)
    assert int(dataset.cardinality()) == 7
    sizes = [(len(images), len(labels)) for images, labels in dataset.as_numpy_iterator()]
    assert sizes == [(16, 16)] * 6 + [(5, 5)]
    _, labels = collect(dataset)
    np.testing.assert_array_equal(labels, np.arange(101))


def test_passes_are_epochs(samples):
    dataset = data.pipeline(samples, 16, policy=CHOSEN, seed=3)
    epochs = [collect(dataset)[0] for _ in range(2)]
    assert np.any(epochs[0] != epochs[1])
    fixed = data.pipeline(samples, 16, policy=CHOSEN, seed=3, epoch=1)
    for _ in range(2):
        np.testing.assert_array_equal(collect(fixed)[0], epochs[1])
    resumed = data.pipeline(samples, 16, policy=CHOSEN, seed=3, first_epoch=1)
    np.testing.assert_array_equal(collect(resumed)[0], epochs[1])
    other = data.pipeline(samples, 16, policy=CHOSEN, seed=4)
    assert np.any(collect(other)[0] != epochs[0])


@pytest.mark.wide
def test_several_epochs_in_one_dataset(samples):
    dataset = data.pipeline(samples, 16, policy=CHOSEN, seed=3, first_epoch=1, num_epochs=2)
    assert int(dataset.cardinality()) == 14
    batches = list(dataset.as_numpy_iterator())
    for number, part in ((1, batches[:7]), (2, batches[7:])):
        fixed = data.pipeline(samples, 16, policy=CHOSEN, seed=3, epoch=number)
        for one, other in zip(part, fixed.as_numpy_iterator(), strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])


def test_order_differs_from_epoch_to_epoch_and_shuffle_can_be_off(samples):
    dataset = data.pipeline(samples, 101)
    first, second = (next(iter(dataset))[1].numpy() for _ in range(2))
    assert np.any(first != second)
    assert np.any(first != np.arange(101))
    still = data.pipeline(samples, 101, shuffle=False)
    np.testing.assert_array_equal(next(iter(still))[1], np.arange(101))


@pytest.mark.wide
def test_a_sample_does_not_depend_on_its_batch(samples):
    few = samples[0][:96], samples[1][:96]  # full batches alone: one program for each size
    # With an op that AutoAugment has not, a program is of these alone, which compiles faster.
    pairing = Step("sample_pairing", 0.7, 0.8), Step("flip_vertical", 0.5), Step("rotate", 0.5, 0.5)
    chosen = Policy([pairing, [Step("cutout", 0.8, (0, 1))]])
    options = {"policy": chosen, "seed": 1, "epoch": 3}
    wanted = collect(data.pipeline(few, 32, **options))
    for batch_size, num_parallel_calls in ((32, 1), (1, 2)):
        made = data.pipeline(few, batch_size, num_parallel_calls=num_parallel_calls, **options)
        np.testing.assert_array_equal(collect(made)[0], wanted[0])


@pytest.mark.wide
def test_inside_equals_outside(samples):
    images, labels = samples
    made, order = collect(data.pipeline(samples, 16, policy=CHOSEN, seed=9, epoch=4))
    np.testing.assert_array_equal(made, CHOSEN(images, seed=9, epoch=4, samples=labels))
    np.testing.assert_array_equal(order, labels)


@pytest.mark.parametrize("global_seed", [0, 7])
def test_tensorflows_global_seed_plays_no_part(samples, global_seed):
    stream = tf.data.Dataset.from_tensor_slices(samples)
    wanted = [labels for _, labels in data.pipeline(stream, 16, seed=2).as_numpy_iterator()]
    tf.random.set_seed(global_seed)
    try:
        made = [labels for _, labels in data.pipeline(stream, 16, seed=2).as_numpy_iterator()]
    finally:
        tf.random.set_seed(None)
    for one, other in zip(made, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.wide
def test_a_stream_gives_the_same_images_as_arrays(samples):
    stream = tf.data.Dataset.from_tensor_slices(samples)
    dataset = data.pipeline(stream, 16, policy=CHOSEN, seed=2)
    assert int(dataset.cardinality()) == 7
    first, second = collect(dataset), collect(dataset)
    wanted = data.pipeline(samples, 16, policy=CHOSEN, seed=2)
    np.testing.assert_array_equal(first[0], collect(wanted)[0])
    np.testing.assert_array_equal(second[0], collect(wanted)[0])
    orders = [np.concatenate([b[1] for b in dataset.as_numpy_iterator()]) for _ in range(2)]
    assert np.any(orders[0] != orders[1])
    assert next(iter(dataset))[0].shape[1:] == (8, 8, 1)


def test_shards_make_up_the_whole(samples):
    few = samples[0][:96], samples[1][:96]
    whole = collect(data.pipeline(few, 16, policy=CHOSEN, seed=2, epoch=1))
    parts = [
        collect(data.pipeline(few, 16, policy=CHOSEN, seed=2, epoch=1, shard=(i, 3)))
        for i in range(3)
    ]
    labels = np.concatenate([part[1] for part in parts])
    order = np.argsort(labels)
    np.testing.assert_array_equal(labels[order], whole[1])
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts])[order], whole[0])


@pytest.mark.parametrize("stream", [False, True])
def test_an_iterator_is_resumed_from_a_checkpoint(samples, stream, tmp_path):
    def make(**options):
        source = tf.data.Dataset.from_tensor_slices(samples) if stream else samples
        return data.pipeline(source, 16, policy=CHOSEN, seed=5, **options)

    dataset = make()
    list(dataset)
    iterator = iter(dataset)  # epoch 1
    for _ in range(3):
        next(iterator)
    path = tf.train.Checkpoint(iterator=iterator).write(str(tmp_path / "iterator"))
    wanted = [images.numpy() for images, _ in iterator]
    again = iter(make())
    tf.train.Checkpoint(iterator=again).read(path).assert_consumed()
    resumed = [images.numpy() for images, _ in again]
    assert len(resumed) == len(wanted) == 4
    for one, other in zip(resumed, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.wide
def test_through_the_data_service(samples):
    service = tf.data.experimental.service
    dispatcher = service.DispatchServer()
    address = dispatcher.target.split("://")[1]
    worker = service.WorkerServer(service.WorkerConfig(dispatcher_address=address))
    dataset = data.pipeline(samples, 16, policy=CHOSEN, seed=2, epoch=3)
    served = dataset.apply(
        service.distribute(processing_mode=service.ShardingPolicy.OFF, service=dispatcher.target)
    )
    np.testing.assert_array_equal(collect(served)[0], collect(dataset)[0])
    del worker, dispatcher


@pytest.mark.parametrize(
    "labels",
    [
        np.eye(10, dtype="float32")[np.arange(101) % 10],
        (np.arange(101) % 2).astype("int64"),
        {"kind": np.arange(101), "weight": np.ones((101, 3), "float32")},
    ],
    ids=["one-hot", "integer", "nest"],
)
def test_labels_of_any_form(samples, labels):
    images, given = next(iter(data.pipeline((samples[0], labels), 8, shuffle=False)))
    assert images.shape == (8, 8, 8, 1)
    tf.nest.map_structure(
        lambda made, all_rows: np.testing.assert_array_equal(made, all_rows[:8]), given, labels
    )


def test_mix_gets_the_augmented_batch(samples):
    def mix(images, labels, *, seed, epoch, samples):
        return tf.cast(images, tf.float32) / 2, (
            labels,
            samples,
            tf.zeros(1, tf.int64) + seed + 0 * epoch,
        )

    plain = next(iter(data.pipeline(samples, 16, policy=CHOSEN, seed=6, epoch=2)))
    images, (labels, numbers, seed) = next(
        iter(data.pipeline(samples, 16, policy=CHOSEN, mix=mix, seed=6, epoch=2))
    )
    np.testing.assert_array_equal(images, plain[0].numpy() / 2)
    np.testing.assert_array_equal(labels, numbers)
    assert float(seed[0]) == 6


@pytest.mark.wide
def test_floats(samples):
    images = samples[0].astype("float32") / 255
    steps = [Step("brightness", 1.0, (0, 1)), Step("flip_vertical", 0.5)]
    chosen = Policy([steps], value_range=(0, 1))
    made, _ = next(iter(data.pipeline((images, samples[1]), 8, policy=chosen)))
    assert made.dtype == "float32"
    assert made.numpy().max() <= 1


def test_keras_fits_it(samples):
    import keras

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(101)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, jit_compile=False)
    history = model.fit(
        data.pipeline(samples, 16, policy=CHOSEN), epochs=2, verbose=0, shuffle=False
    )
    assert len(history.history["loss"]) == 2


@pytest.mark.parametrize(
    ("make", "error", "problem"),
    [
        (lambda x, y: data.pipeline((x, y[:50]), 8), ValueError, "one row per image, 101"),
        (lambda x, y: data.pipeline((x[:0], y[:0]), 8), ValueError, "must not be empty"),
        (lambda x, y: data.pipeline((x[:, :, :0], y), 8), ValueError, "must not be empty"),
        (lambda x, y: data.pipeline((x[..., 0], y), 8), ValueError, "images must have shape"),
        (lambda x, y: data.pipeline((x, y), 0), ValueError, "batch_size must be at least 1"),
        (lambda x, y: data.pipeline((x, y), 8.5), TypeError, "batch_size must be an integer"),
        (lambda x, y: data.pipeline(x, 8), TypeError, "data must be .images, labels."),
        (lambda x, y: data.pipeline((x, y), 8, policy="rand"), TypeError, "policy must be"),
        (lambda x, y: data.pipeline((x, y), 8, shard=(2, 2)), ValueError, "shard must be"),
        (lambda x, y: data.pipeline((x, y), 8, epoch=-1), ValueError, "epoch must be at least"),
        (
            lambda x, y: data.pipeline((np.where(x > 200, np.nan, x), y), 8),
            ValueError,
            "images must not hold NaN or infinity, received it in",
        ),
        (
            lambda x, y: data.pipeline(tf.data.Dataset.from_tensors((x[0, 0], y[0])), 8),
            ValueError,
            "a dataset of single images of shape",
        ),
        (
            lambda x, y: data.pipeline(
                tf.data.Dataset.from_generator(
                    lambda: iter([(x[0], y[0])]),
                    output_signature=(tf.TensorSpec((None, None, 3)), tf.TensorSpec((), "int32")),
                ),
                8,
            ),
            ValueError,
            r"images of one known size, received shape \(None, None, 3\)",
        ),
        (lambda x, y: data.pipeline({"image": x, "y": y}, 8), TypeError, "the keys 'image' and"),
        (
            lambda x, y: data.pipeline(tf.data.Dataset.from_tensor_slices(x), 8),
            TypeError,
            r"a dataset of \(image, label\)",
        ),
    ],
)
def test_wrong_arguments_are_one_clear_error(samples, make, error, problem):
    with pytest.raises(error, match=problem):
        make(*samples)


@pytest.mark.wide
def test_a_sample_that_comes_again_has_draws_of_its_own(samples):
    """Three views of each: as many batches as ever, each image of a view like any other's."""
    made = data.pipeline(samples, 16, policy=CHOSEN, seed=3, epoch=2, num_repeats=3)
    assert int(made.cardinality()) == 7
    images, labels = (
        np.concatenate(parts) for parts in zip(*made.as_numpy_iterator(), strict=True)
    )
    assert len(labels) == 101
    np.testing.assert_array_equal(labels[0:99:3], labels[2:101:3])
    assert len(np.unique(labels)) == 34
    assert np.any(images[0:99:3] != images[1:100:3])
    once = data.pipeline(samples, 16, policy=CHOSEN, seed=3, epoch=2)
    first = np.concatenate([batch for batch, _ in once.as_numpy_iterator()])
    np.testing.assert_array_equal(images[::3], first[:34])
    with pytest.raises(ValueError, match="num_repeats needs shuffle=True"):
        data.pipeline(samples, 16, shuffle=False, num_repeats=2)
    with pytest.raises(ValueError, match="num_repeats must be 1 for a dataset"):
        data.pipeline(tf.data.Dataset.from_tensor_slices(samples), 16, num_repeats=2)


def test_the_end_of_a_pass_waits_for_no_tuning():
    """The thread that tunes sleeps for up to a minute, and an iterator that ends waits for it."""
    images = np.zeros((8, 4, 4, 3), "uint8")
    made = data.pipeline((images, np.zeros(8, "int32")), 4)
    assert made.options().autotune.enabled is False
    assert made.map(lambda *batch: batch).options().autotune.enabled is False


def test_nothing_is_rewritten_before_the_first_pass():
    images = np.zeros((8, 4, 4, 3), "uint8")
    made = data.pipeline((images, np.zeros(8, "int32")), 4)
    assert made.options().experimental_optimization.apply_default_optimizations is False
