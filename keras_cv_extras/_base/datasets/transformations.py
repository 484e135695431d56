"""Transformations of datasets whose functions TensorFlow prepares in a few milliseconds.

TensorFlow prepares the functions of a dataset anew for every pass over it, and the first batch
waits for that. It takes them for programs of several devices: it optimizes their graphs twice, and
asks of every node which kernels there are, 5 to 60 milliseconds for each function. Those that are
made here say that they run where datasets do, on the processor. That takes a tenth. They are run
as they are written: a power is no square, and a convolution takes five times as long.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# A function with this attribute is none of several devices. It has no other effect on a processor.
_ATTRIBUTES = {"experimental_ints_on_device": True}

Dataset = Any  # `tf.data.Dataset[Any]`


def processor() -> str:
    """Returns the device of datasets: variables that they use must be there, not on a GPU."""
    with tf.init_scope():
        current = tf.constant(0.0).device
    if ":CPU:" in current:
        return current
    beside = tf.DeviceSpec.from_string(current).replace(device_type="CPU", device_index=0)
    return beside.to_string()


def mapped(
    dataset: Dataset,
    function: Callable[..., Any],
    *,
    num_parallel_calls: int | None = None,
    optimize: bool = False,
) -> Dataset:
    """Returns what `Dataset.map` does, in order; AutoGraph is not applied.

    Args:
        dataset: any dataset.
        function: of an element, or of the parts of a tuple.
        num_parallel_calls: None for one call after the other.
        optimize: whether TensorFlow prepares the function as any other: one that somebody wrote
            may need it.
    """
    traced = None if optimize else _traced(function, dataset.element_spec)
    if traced is None:
        options = {} if num_parallel_calls is None else {"deterministic": True}
        plain = tf.autograph.experimental.do_not_convert(function)
        return dataset.map(plain, num_parallel_calls=num_parallel_calls, **options)
    made, spec = traced
    given = {
        "input_dataset": tf.data.experimental.to_variant(dataset),
        "other_arguments": made.captured_inputs,
        "f": made,
        "preserve_cardinality": True,
        **_outputs(spec),
    }
    if num_parallel_calls is None:
        variant = tf.raw_ops.MapDataset(**given)
    else:
        calls = tf.constant(num_parallel_calls, tf.int64)
        variant = tf.raw_ops.ParallelMapDatasetV2(
            **given, num_parallel_calls=calls, deterministic="true"
        )
    return tf.data.experimental.from_variant(variant, spec)


def flat_mapped(dataset: Dataset, function: Callable[..., Dataset]) -> Dataset:
    """Returns what `Dataset.flat_map` does; AutoGraph is not applied.

    Args:
        dataset: any dataset.
        function: from an element, or from the parts of a tuple, to a dataset.
    """
    specs = []

    def variant_of(*element):
        inner = function(*element)
        specs.append(inner.element_spec)
        return tf.data.experimental.to_variant(inner)

    traced = _traced(variant_of, dataset.element_spec)
    if traced is None or not _is_plain(specs[0]):
        return dataset.flat_map(tf.autograph.experimental.do_not_convert(function))
    variant = tf.raw_ops.FlatMapDataset(
        input_dataset=tf.data.experimental.to_variant(dataset),
        other_arguments=traced[0].captured_inputs,
        f=traced[0],
        **_outputs(specs[0]),
    )
    return tf.data.experimental.from_variant(variant, specs[0])


def scanned(dataset: Dataset, state: Any, function: Callable[..., Any]) -> Dataset:
    """Returns what `Dataset.scan` does; AutoGraph is not applied.

    Args:
        dataset: any dataset.
        state: a nest of tensors, the first state.
        function: from a state and an element to the next state and an element.
    """
    states = tf.nest.map_structure(tf.type_spec_from_value, state)
    traced = _traced(function, (states, dataset.element_spec))
    if traced is None:
        return dataset.scan(state, tf.autograph.experimental.do_not_convert(function))
    made, (_, spec) = traced
    variant = tf.raw_ops.ScanDataset(
        input_dataset=tf.data.experimental.to_variant(dataset),
        initial_state=tf.nest.flatten(state),
        other_arguments=made.captured_inputs,
        f=made,
        preserve_cardinality=True,
        **_outputs(spec),
    )
    return tf.data.experimental.from_variant(variant, spec)


def filtered(dataset: Dataset, function: Callable[..., Any]) -> Dataset:
    """Returns what `Dataset.filter` does; AutoGraph is not applied.

    Args:
        dataset: any dataset.
        function: from an element, or from the parts of a tuple, to whether it stays.
    """
    spec = dataset.element_spec
    traced = _traced(function, spec)
    if traced is None:
        return dataset.filter(tf.autograph.experimental.do_not_convert(function))
    variant = tf.raw_ops.FilterDataset(
        input_dataset=tf.data.experimental.to_variant(dataset),
        other_arguments=traced[0].captured_inputs,
        predicate=traced[0],
        **_outputs(spec),
    )
    return tf.data.experimental.from_variant(variant, spec)


def unbatched(dataset: Dataset) -> Dataset:
    """Returns what `Dataset.unbatch` does.

    Args:
        dataset: elements whose tensors have a first dimension, of one size in each element.
    """
    spec = dataset.element_spec
    shapes = [getattr(item, "shape", None) for item in tf.nest.flatten(spec)]
    if not _is_plain(spec) or not _has_rows(shapes):
        return dataset.unbatch()  # or the error that says what does not fit
    spec = tf.nest.map_structure(lambda item: tf.TensorSpec(item.shape[1:], item.dtype), spec)
    variant = tf.raw_ops.UnbatchDataset(
        input_dataset=tf.data.experimental.to_variant(dataset), **_outputs(spec)
    )
    return tf.data.experimental.from_variant(variant, spec)


def called(made: Any, arguments: Any, **options: Any) -> Any:
    """Calls a concrete function on flat tensors, in half the time of its own call.

    Args:
        made: of `tf.function(...).get_concrete_function`.
        arguments: tensors, as many as its signature has.
        **options: of `tf.raw_ops.StatefulPartitionedCall`.

    Returns:
        A list of tensors.
    """
    return tf.raw_ops.StatefulPartitionedCall(
        args=[*arguments, *made.captured_inputs],
        Tout=[tensor.dtype for tensor in made.outputs],
        f=made,
        **options,
    )


def _has_rows(shapes):
    """Returns whether all shapes have a first dimension, which may be the same."""
    if not all(shape.rank for shape in shapes):
        return False
    return len({shape[0] for shape in shapes} - {None}) <= 1


def _traced(function, spec):
    """Returns a function traced for an element, and what it returns; None if not tensors alone."""
    if not _is_plain(spec):
        return None
    found = []

    def of_flat(*tensors):
        element = tf.nest.pack_sequence_as(spec, tensors)
        result = function(*element) if type(element) is tuple else function(element)
        found.append(tf.nest.map_structure(tf.type_spec_from_value, result))
        return tf.nest.flatten(result, expand_composites=True)

    made = tf.function(
        of_flat,
        autograph=False,
        input_signature=tf.nest.flatten(spec),
        experimental_attributes=_ATTRIBUTES,
    ).get_concrete_function()
    return (made, found[-1]) if _is_plain(found[-1]) and _is_of_processor(made) else None


def _is_of_processor(made):
    """Returns whether all variables and tables of a function are on the processor."""
    kept = [tensor for tensor in made.captured_inputs if tensor.dtype == tf.resource]
    return {tensor.device for tensor in kept} <= {"", processor()}


def _is_plain(spec):
    """Returns whether an element is of tensors alone, in tuples and dictionaries."""
    if isinstance(spec, dict):
        return all(_is_plain(part) for part in spec.values())
    if isinstance(spec, tuple):
        return all(_is_plain(part) for part in spec)
    return isinstance(spec, tf.TensorSpec)


def _outputs(spec):
    flat = tf.nest.flatten(spec)
    return {
        "output_types": [item.dtype for item in flat],
        "output_shapes": [item.shape for item in flat],
    }
