"""Batches whose images differ in size: `tf.RaggedTensor` in, `tf.RaggedTensor` out."""

import functools
from collections.abc import Callable
from typing import Any


def is_ragged(images: Any) -> bool:
    """Returns whether the images of a batch differ in size."""
    return hasattr(images, "row_splits")


def each_image(
    function: Callable[[dict[str, Any]], dict[str, Any]],
    given: dict[str, Any],
    channels: int | None = None,
) -> dict[str, Any]:
    """Calls a function for every sample of a ragged batch.

    Args:
        function: of a dictionary with `images`, one image `(height, width, channels)`, and what
            else the sample has; returns such a dictionary.
        given: the batch, `images` ragged.
        channels: of the result; None for as many as there are.

    Returns:
        The batch of the results, `images` as ragged as they were.
    """
    import tensorflow as tf

    given = {name: tf.convert_to_tensor(part) for name, part in _others(given)} | {
        "images": given["images"]
    }
    images = given["images"]
    inner = images.ragged_rank - 1

    def one(sample):
        image = sample["images"].to_tensor() if inner else sample["images"]
        image = tf.ensure_shape(image, (None, None, images.shape[-1]))
        made = function({**sample, "images": image})
        if inner:
            ragged: Any = tf.RaggedTensor
            kept = ragged.from_tensor(made["images"], ragged_rank=inner)
            made = {**made, "images": kept}
        return made

    def mapped(batch):
        signature: dict[str, Any] = {
            name: tf.TensorSpec(part.shape[1:], part.dtype) for name, part in _others(batch)
        }
        shape = (None, None, channels or images.shape[-1])
        signature["images"] = tf.RaggedTensorSpec(shape, images.dtype, inner)
        return tf.map_fn(one, batch, fn_output_signature=signature)

    # In a graph, where a size is unknown, one program is for all sizes.
    return mapped(given) if tf.inside_function() else tf.function(functools.partial(mapped))(given)


def _others(given):
    return [(name, part) for name, part in given.items() if name != "images"]
