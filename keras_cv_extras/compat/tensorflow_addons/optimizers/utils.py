"""What TensorFlow Addons had for optimizers that average weights."""

from typing import Any

import keras

from keras_cv_extras.compat import _table
from keras_cv_extras.optimizers import update_batch_normalization


def fit_bn(
    model: keras.Model, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any
) -> None:
    """Computes the statistics of batch normalisation anew; no weight is trained.

    The statistics become the mean of those of the batches, as the authors of SWA have it; Addons
    let them move by each layer's momentum.

    Args:
        model: a model that is built.
        x: images, or batches as `model.fit` takes them.
        y: takes no part.
        batch_size: of images that are an array; None for 32.
        **kwargs: `steps_per_epoch`, how many batches to take; others take no part.

    Raises:
        TypeError: `model` is no model of Keras.
        ValueError: it is not built.

    Example:
        >>> fit_bn(model, images, labels, batch_size=64)
    """
    del y
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be an instance of keras.Model, received {model!r:.80}")
    if not model.built:
        raise ValueError("model must be built and trained: call fit_bn after that")
    parts = keras.tree.flatten(x)
    if parts and all(hasattr(part, "shape") for part in parts):
        count, size = len(parts[0]), batch_size or 32

        def cut(start):
            return keras.tree.map_structure(lambda part: part[start : start + size], x)

        batches: Any = ((cut(start),) for start in range(0, count, size))
    elif isinstance(x, keras.utils.PyDataset):
        batches = (x[number] for number in range(x.num_batches))
    else:
        batches = x
    update_batch_normalization(model, batches, kwargs.get("steps_per_epoch"))


TABLE = {
    "fit_bn": _table.Name(
        "fit_bn",
        "keras_cv_extras.optimizers.update_batch_normalization",
        "the mean of the batches' statistics, where Addons let them move by the layers' momentum",
        fit_bn,
    )
}
