import numpy as np
import pytest
import tensorflow as tf
from sklearn.neighbors import NearestNeighbors

from keras_cv_extras import data, policy

COUNTS = (40, 12, 6)


def pixels(counts=COUNTS, shape=(4, 3, 1), seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(counts)), counts))
    return generator.integers(0, 256, (len(labels), *shape), np.uint8), labels


def read(dataset):
    """All images and labels of a pass."""
    parts = [(images.numpy(), labels.numpy()) for images, labels in dataset]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def in_order(images, labels):
    rows = images.reshape(len(images), -1).astype(int)
    return np.lexsort((*rows.T, labels))


def lexsorted(images, labels):
    order = in_order(images, labels)
    return images[order], labels[order]


@pytest.fixture(scope="module")
def small():
    return pixels()


@pytest.mark.parametrize("base", ["even", "random"])
def test_source_interpolates_between_neighbours_of_a_class(small, base):
    x, y = small
    source = data.SmoteSource(x, y, k_neighbors=3, base=base, seed=4)
    assert source.count == 120
    numbers = np.arange(120)
    first, second, steps = (t.numpy() for t in source.pairs(tf.constant(numbers), 2))
    real = numbers < 58
    np.testing.assert_array_equal(first[real], numbers[real])
    np.testing.assert_array_equal(second[real], numbers[real])
    assert np.all(steps[real] == 0)
    assert np.all((steps >= 0) & (steps < 1))
    assert np.all(y[first] == y[second])
    assert np.all(first[~real] != second[~real])
    for item in (1, 2):
        members = np.flatnonzero(y == item)
        rows = x[members].reshape(len(members), -1).astype(np.float32)
        near = NearestNeighbors(n_neighbors=4).fit(rows).kneighbors(rows)[1][:, 1:]
        place = {row: number for number, row in enumerate(members)}
        for a, b in zip(first[~real], second[~real], strict=True):
            if y[a] == item:
                assert place[b] in near[place[a]]
        uses = np.bincount(first[~real], minlength=58)[members]
        assert bool(uses.max() - uses.min() <= 1) == (base == "even")
    later = source.pairs(tf.constant(numbers), 3)[2].numpy()
    assert np.mean(later[~real] == steps[~real]) < 0.1
    images, labels = source.samples(numbers, 2)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[real], x)
    np.testing.assert_array_equal(labels, y[first])
    share = steps[:, None, None, None]
    wanted = np.rint(x[first] + share * (x[second].astype(np.float32) - x[first]))
    np.testing.assert_array_equal(images, wanted)
    assert np.bincount(labels).tolist() == [40, 40, 40]


def test_small_and_single_classes_in_a_source():
    x, y = pixels((9, 3, 1))
    with pytest.raises(ValueError, match="class 2 has a single sample"):
        data.SmoteSource(x, y)
    source = data.SmoteSource(x, y, single="duplicate", seed=1)
    images, labels = source.samples(np.arange(13, 27))
    assert np.bincount(labels).tolist() == [0, 6, 8]
    assert np.all(images[labels == 2] == x[y == 2])
    assert source.neighbors[1][1].shape == (3, 2)
    nothing = data.SmoteSource(x, y, sampling_strategy={0: 9})
    assert nothing.count == 13
    np.testing.assert_array_equal(nothing.samples([3])[0], x[3:4])


@pytest.mark.wide
def test_dataset_is_fresh_every_epoch_and_reproducible(small):
    dataset = data.smote_dataset(small, 16, seed=3, k_neighbors=3)
    assert int(dataset.cardinality()) == 8
    first, second = read(dataset), read(dataset)
    for images, labels in (first, second):
        assert images.dtype == np.uint8
        assert np.bincount(labels).tolist() == [40, 40, 40]
    made = [
        {i.tobytes() for i in images} - {i.tobytes() for i in small[0]}
        for images, _ in (first, second)
    ]
    assert len(made[0] & made[1]) < 0.1 * len(made[0])
    again = data.smote_dataset(small, 16, seed=3, k_neighbors=3)
    for wanted in (first, second):
        np.testing.assert_array_equal(read(again)[0], wanted[0])
    later = data.smote_dataset(small, 16, seed=3, k_neighbors=3, epoch=1)
    np.testing.assert_array_equal(read(later)[0], second[0])
    # The same samples, whatever the batch; others with another seed.
    wanted = lexsorted(*first)
    one = lexsorted(*read(data.smote_dataset(small, 50, seed=3, k_neighbors=3, shuffle=False)))
    np.testing.assert_array_equal(one[0], wanted[0])
    other = lexsorted(*read(data.smote_dataset(small, 50, seed=4, k_neighbors=3)))
    assert np.any(other[0] != wanted[0])
    orders = [read(data.smote_dataset(small, 16, seed=n, epoch=0))[1] for n in (3, 4)]
    assert np.any(orders[0] != orders[1])
    # And each of them can be shown again by its number.
    source = data.SmoteSource(*small, seed=3, k_neighbors=3)
    shown = lexsorted(*source.samples(np.arange(120), epoch=0))
    np.testing.assert_array_equal(shown[0], wanted[0])


@pytest.mark.wide
def test_dataset_goes_on_from_a_checkpoint(small, tmp_path):
    dataset = data.smote_dataset(small, 16, seed=3, num_epochs=2)
    iterator = iter(dataset)
    for _ in range(10):
        next(iterator)
    path = tf.train.Checkpoint(iterator=iterator).write(str(tmp_path / "state"))
    wanted = [next(iterator)[0].numpy() for _ in range(6)]
    fresh = iter(data.smote_dataset(small, 16, seed=3, num_epochs=2))
    tf.train.Checkpoint(iterator=fresh).read(path).assert_consumed()
    for images in wanted:
        np.testing.assert_array_equal(next(fresh)[0].numpy(), images)


@pytest.mark.wide
def test_policy_mix_and_one_hot_labels_go_through(small):
    x, y = small
    one_hot = np.eye(3, dtype=np.float32)[y]
    # With an op that AutoAugment has not, a program is of these alone, which compiles faster.
    steps = [policy.Step("invert", 1.0), policy.Step("flip_vertical", 0.0)]
    made = data.smote_dataset(
        (x, one_hot),
        40,
        seed=1,
        policy=policy.Policy([steps]),
        mix=lambda images, labels, **_: (images, 2 * labels),
        shuffle=False,
    )
    images, labels = read(made)
    np.testing.assert_array_equal(images[:58], 255 - x)
    np.testing.assert_array_equal(labels.sum(axis=0), [80, 80, 80])


def as_stream(images, labels):
    return tf.data.Dataset.from_tensor_slices((images, labels))


@pytest.fixture(scope="module")
def streamed():
    """A stream long enough for reservoirs of 8 to overflow: its source and two epochs of it."""
    x, y = pixels((300, 60, 20), seed=1)
    stream = data.SmoteStream(as_stream(x, y), 3, seed=2, capacity=8, k_neighbors=3, chunk=20)
    epochs = [
        [np.array(part) for part in zip(*stream.of_epoch(number).as_numpy_iterator(), strict=True)]
        for number in (0, 1)
    ]
    return x, y, stream, epochs


@pytest.mark.wide
def test_stream_keeps_every_real_sample_in_order(streamed):
    x, y, _, epochs = streamed
    for images, labels in epochs:
        known = {image.tobytes(): number for number, image in enumerate(x)}
        assert len(known) == 380
        rows = [known[image.tobytes()] for image in images if image.tobytes() in known]
        np.testing.assert_array_equal(
            [row for i, row in enumerate(rows) if row not in rows[:i]], np.arange(380)
        )
        assert images.dtype == np.uint8
        assert labels.dtype == y.dtype


@pytest.mark.wide
def test_stream_balances_classes_by_samples_between_real_ones(streamed):
    x, y, _, epochs = streamed
    (images, labels), (others, _) = epochs
    counts = np.bincount(labels)
    assert counts[0] == 300
    assert counts[1:].min() > 250
    real = {image.tobytes() for image in x}
    made = [i for i, image in enumerate(images) if image.tobytes() not in real]
    fresh = {images[i].tobytes() for i in made} & {image.tobytes() for image in others}
    assert len(fresh) < 0.1 * len(made)
    for i in made[:: len(made) // 25]:
        members = x[y == labels[i]].reshape(np.sum(y == labels[i]), -1).astype(float)
        first, second = np.triu_indices(len(members), 1)
        begin, line = members[first], members[second] - members[first]
        step = np.sum((images[i].ravel() - begin) * line, axis=1) / np.sum(line**2, axis=1)
        residual = np.abs(begin + step[:, None] * line - images[i].ravel()).max(axis=1)
        best = residual.argmin()
        assert residual[best] <= 1.0  # rounded to whole numbers
        assert -0.02 <= step[best] <= 1.02


@pytest.mark.wide
def test_stream_is_reproducible_and_goes_through_the_pipeline(streamed, tmp_path):
    x, y, stream, epochs = streamed
    dataset = data.pipeline(stream, 32, seed=2, shuffle=False)
    np.testing.assert_array_equal(read(dataset)[0], epochs[0][0])
    options = {"num_classes": 3, "capacity": 8, "k_neighbors": 3, "chunk": 20, "shuffle": False}
    again = data.smote_dataset(as_stream(x, y), 32, seed=2, **options)
    iterator = iter(again)
    for _ in range(9):
        next(iterator)
    path = tf.train.Checkpoint(iterator=iterator).write(str(tmp_path / "state"))
    wanted = epochs[0][0][9 * 32 : 11 * 32]
    fresh = iter(data.smote_dataset(as_stream(x, y), 32, seed=2, **options))
    tf.train.Checkpoint(iterator=fresh).read(path).assert_consumed()
    found = np.concatenate([next(fresh)[0].numpy() for _ in range(2)])
    np.testing.assert_array_equal(found, wanted)


def test_reservoir_is_a_uniform_sample():
    # Numbered images of one class: the reservoir's mean number is that of all.
    kept = []
    x = np.arange(2, 202, dtype=np.float32).reshape(200, 1, 1, 1)
    stream = data.SmoteStream(as_stream(x, np.zeros(200, np.int64)), 2, capacity=50, chunk=16)
    reservoir = tf.zeros([2, 50, 1])
    seen = tf.zeros([2], tf.int64)
    for number in range(0, 200, 16):
        flat = tf.constant(x[number : number + 16].reshape(-1, 1))
        labels = tf.zeros([len(flat)], tf.int64)
        numbers = tf.range(number, number + len(flat), dtype=tf.int64)
        order = tf.range(len(flat), dtype=tf.int64)
        reservoir, seen = stream._keep(flat, labels, order, numbers, reservoir, seen, 0)
    kept = reservoir[0, :, 0].numpy()
    assert seen.numpy().tolist() == [200, 0]
    assert len(np.unique(kept)) == 50  # no image twice, none that is empty
    assert abs(kept.mean() - 101.5) < 3 * 57.7 / np.sqrt(50) * np.sqrt(0.75)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_classes": 1}, "num_classes"),
        ({"capacity": 2}, "capacity"),
        ({"most": 5000}, "most"),
        ({"dataset": as_stream(*pixels()).batch(4)}, "labels must be integer scalars|known shape"),
        ({"dataset": tf.data.Dataset.range(3)}, "of \\(image, label\\)"),
        ({"dataset": as_stream(np.zeros((2, 3)), np.zeros(2))}, "integer scalars"),
    ],
    ids=str,
)
def test_wrong_arguments_of_a_stream(change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        data.SmoteStream(**{"dataset": as_stream(*pixels()), "num_classes": 3, **change})


def test_wrong_arguments_of_a_dataset(small):
    with pytest.raises(TypeError, match="data must be"):
        data.smote_dataset(small[0], 8)
    with pytest.raises(TypeError, match="unexpected keyword"):
        data.smote_dataset(small, 8, neighbours=3)
