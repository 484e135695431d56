"""Datasets whose functions begin at once give what TensorFlow's own transformations give."""

import collections
import gc
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_cv_extras._base.datasets.transformations import (
    filtered,
    flat_mapped,
    mapped,
    scanned,
    unbatched,
)

Pair = collections.namedtuple("Pair", ["image", "label"])
NUMBERS = tf.data.Dataset.range(7)
ELEMENTS = {
    "number": NUMBERS,
    "pair": tf.data.Dataset.zip(NUMBERS, NUMBERS),
    "dictionary": tf.data.Dataset.zip({"b": NUMBERS, "a": NUMBERS}),
    "named": tf.data.Dataset.from_tensor_slices(Pair(tf.range(7.0), tf.range(7))),
    "nested": tf.data.Dataset.zip(NUMBERS, {"part": (NUMBERS, NUMBERS)}),
    "ragged": tf.data.Dataset.from_tensor_slices(tf.ragged.constant([[1], [2, 3], []])),
    "batches": NUMBERS.batch(3),
}


def same(one, other):
    assert one.element_spec == other.element_spec
    assert one.cardinality() == other.cardinality()
    for got, wanted in zip(one, other, strict=True):
        tf.nest.assert_same_structure(got, wanted, expand_composites=True)
        for part, expected in zip(
            tf.nest.flatten(got, expand_composites=True),
            tf.nest.flatten(wanted, expand_composites=True),
            strict=True,
        ):
            np.testing.assert_array_equal(part, expected)


def twice(*element):
    doubled = tf.nest.map_structure(lambda part: part * 2, element)
    return doubled if len(doubled) > 1 else doubled[0]


@pytest.mark.parametrize("calls", [None, 2])
@pytest.mark.parametrize("kind", ELEMENTS)
def test_mapped(kind, calls):
    source = ELEMENTS[kind]
    same(mapped(source, twice, num_parallel_calls=calls), source.map(twice))


RESULTS = {
    "python numbers": lambda number: (number, 3, 2.5),
    "a list": lambda number: [number, number],
    "a list in a dictionary": lambda number: {"a": [number, number + 1]},
    "an array": lambda number: (number, np.arange(3)),
    "text": lambda number: tf.strings.as_string(number),
    "nothing beside": lambda number: (number, ()),
    "ragged": lambda number: tf.RaggedTensor.from_row_lengths(tf.range(number), [number]),
    "sparse": lambda number: tf.sparse.from_dense([number, 0]),
    "unknown shape": lambda number: tf.range(number),
    "a dataset": lambda number: tf.data.Dataset.range(number).batch(2),
}


@pytest.mark.parametrize("name", RESULTS)
def test_whatever_a_function_returns(name):
    wanted, got = NUMBERS.map(RESULTS[name]), mapped(NUMBERS, RESULTS[name])
    if name == "a dataset":
        assert [len(list(part)) for part in got] == [len(list(part)) for part in wanted]
    else:
        same(got, wanted)


def test_calls_at_a_time_come_in_order():
    def slow_at_first(number):
        nap = lambda one: time.sleep(0.2 if one == 0 else 0.0) or one  # noqa: E731
        return tf.ensure_shape(tf.numpy_function(nap, [number], tf.int64), ())

    made = mapped(NUMBERS, slow_at_first, num_parallel_calls=4)
    assert [number.numpy() for number in made] == list(range(7))


@pytest.mark.parametrize("kind", ELEMENTS)
def test_filtered(kind):
    def keep(*element):
        first = tf.nest.flatten(element)[0]
        first = first.flat_values if isinstance(first, tf.RaggedTensor) else first
        return tf.reduce_sum(tf.cast(first, tf.int64)) % 2 == 0

    same(filtered(ELEMENTS[kind], keep), ELEMENTS[kind].filter(keep))


@pytest.mark.parametrize("kind", [*ELEMENTS, "ragged inside"])
def test_flat_mapped(kind):
    def several(*element):
        one = element if len(element) > 1 else element[0]
        if kind == "ragged inside":
            one = tf.RaggedTensor.from_row_lengths(tf.range(one), [one])
        return tf.data.Dataset.from_tensors(one).repeat(2)

    source = ELEMENTS.get(kind, NUMBERS)
    same(flat_mapped(source, several), source.flat_map(several))


@pytest.mark.parametrize("kind", ["batches", "pairs", "ragged"])
def test_unbatched(kind):
    source = {
        "batches": ELEMENTS["batches"],
        "pairs": tf.data.Dataset.zip({"a": NUMBERS.batch(3), "b": NUMBERS.batch(3)}),
        "ragged": NUMBERS.map(RESULTS["ragged"]).map(lambda rows: tf.stack([rows, rows])),
    }[kind]
    same(unbatched(source), source.unbatch())


@pytest.mark.parametrize("kind", ["number", "pair", "dictionary", "ragged"])
def test_scanned(kind):
    def add(state, element):
        total, count = state["total"], state["count"]
        first = tf.nest.flatten(element)[0]
        first = first.flat_values if isinstance(first, tf.RaggedTensor) else first
        total += tf.reduce_sum(tf.cast(first, tf.int64))
        return {"total": total, "count": count + 1}, (element, total)

    state = {"total": tf.constant(5, tf.int64), "count": tf.constant(0)}
    same(scanned(ELEMENTS[kind], state, add), ELEMENTS[kind].scan(state, add))


def test_in_the_graph_of_a_function():
    @tf.function
    def total(count):
        numbers = mapped(tf.data.Dataset.range(count), lambda number: number + count)
        inner = lambda number: mapped(tf.data.Dataset.range(2), lambda one: one * number)  # noqa: E731
        return flat_mapped(numbers, inner).reduce(tf.constant(0, tf.int64), tf.add)

    assert total(tf.constant(4, tf.int64)).numpy() == 4 + 5 + 6 + 7


def test_what_a_function_uses_lives_as_long_as_the_dataset():
    def made():
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer([0, 1], [10, 11]), default_value=-1
        )
        counter = tf.Variable(0)
        dataset = mapped(
            NUMBERS, lambda number: table.lookup(tf.cast(number, tf.int32)) + counter.assign_add(0)
        )
        # TensorFlow forgets a function of Python with the graph that calls it.
        same_number = lambda value: tf.numpy_function(np.copy, [value], tf.int32)  # noqa: E731
        dataset = mapped(dataset, same_number)
        return filtered(dataset, lambda value: value > 0).batch(2)

    dataset = made()
    gc.collect()
    assert [batch.tolist() for batch in dataset.as_numpy_iterator()] == [[10, 11]]


def test_an_iterator_goes_on_from_a_checkpoint(tmp_path):
    def made():
        dataset = mapped(NUMBERS, twice, num_parallel_calls=2)
        dataset = flat_mapped(
            dataset, lambda number: tf.data.Dataset.from_tensors(number).repeat(2)
        )
        add = lambda state, number: (state + number, state + number)  # noqa: E731
        return iter(scanned(dataset, tf.constant(0, tf.int64), add))

    iterator = made()
    first = [next(iterator).numpy() for _ in range(5)]
    path = tf.train.Checkpoint(iterator=iterator).write(str(tmp_path / "at"))
    rest = [number.numpy() for number in iterator]
    again = made()
    tf.train.Checkpoint(iterator=again).read(path)
    assert [number.numpy() for number in again] == rest
    assert len(first) + len(rest) == 14


def test_an_error_names_what_a_function_said():
    def fail(number):
        with tf.control_dependencies([tf.debugging.Assert(number < 3, ["only three", number])]):
            return tf.identity(number)

    with pytest.raises(tf.errors.InvalidArgumentError, match="only three"):
        list(mapped(NUMBERS, fail))

    def refuse(number):
        raise ValueError("by the function")

    with pytest.raises(ValueError, match="by the function"):
        mapped(NUMBERS, refuse)


def test_a_function_that_somebody_wrote_is_optimized():
    """A power is a square then: `(a - b) ** 2` takes a tenth of the time."""
    plain = mapped(NUMBERS, twice, optimize=True)
    same(plain, NUMBERS.map(twice))
    text = plain._as_serialized_graph().numpy()
    assert b"experimental_ints_on_device" not in text
    assert b"experimental_ints_on_device" in mapped(NUMBERS, twice)._as_serialized_graph().numpy()


OTHER_DEVICES = """
import sys
import numpy as np, tensorflow as tf
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from keras_cv_extras import data, training
from keras_cv_extras._base.datasets.transformations import mapped

plain = tf.Variable

def elsewhere(*arguments, **options):
    # Where there is a GPU, a variable is put there if nothing else is asked for.
    from tensorflow.python.eager import context
    with tf.device(context.context().device_name or "CPU:1"):
        made = plain(*arguments, **options)
    devices.append(made.device[-5:])
    return made

devices = []

images, labels = np.zeros((6, 4, 4, 3), "uint8"), np.arange(6) % 2

def sources():
    yield images, labels
    yield tf.data.Dataset.from_tensor_slices((images, labels))
    yield data.image_files(sys.argv[1], 8).train

def passes():
    for source in sources():
        dataset = training.InputClock().watch(data.pipeline(source, 2))
        assert [len(list(dataset)) for _ in range(2)] == [len(dataset)] * 2

tf.Variable = elsewhere
passes()
assert set(devices) == {"CPU:0"}, devices
counter = elsewhere(3.0)
assert "CPU:1" in counter.device
numbers = mapped(tf.data.Dataset.range(3), lambda number: counter + tf.cast(number, tf.float32))
assert [number.numpy() for number in numbers] == [3.0, 4.0, 5.0]
tf.Variable = plain
with tf.device("CPU:1"):
    passes()
for strategy in (tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]),
                 tf.distribute.OneDeviceStrategy("CPU:1")):
    with strategy.scope():
        passes()
print("done")
"""


@pytest.mark.wide
def test_variables_are_where_datasets_run(python, tmp_path, photographs):
    for number in range(8):
        (tmp_path / str(number % 2)).mkdir(exist_ok=True)
        part = photographs[0][number : number + 40, :60]
        Image.fromarray(part).save(tmp_path / str(number % 2) / f"{number}.png")
    assert "done" in python(OTHER_DEVICES, tmp_path)


@pytest.mark.parametrize("parts", [(np.zeros((4, 2)), np.zeros(3)), (np.zeros((4, 2)), 3.0)])
def test_what_cannot_be_divided_is_refused_at_once(parts):
    source = tf.data.Dataset.from_tensors(parts)
    with pytest.raises(ValueError, match="unbatch") as wanted:
        source.unbatch()
    with pytest.raises(ValueError, match="unbatch") as raised:
        unbatched(source)
    assert str(raised.value) == str(wanted.value)
