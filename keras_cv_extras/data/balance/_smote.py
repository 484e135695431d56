"""SMOTE: new samples between a sample of a small class and its neighbours of that class."""

import dataclasses
from typing import Any

import numpy as np

from keras_cv_extras._base import checks, guard
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data._sources import ImageData
from keras_cv_extras.data.balance import _frames, _labelled, _neighbors, _targets

BASES = ("random", "even")
_CHUNK_BYTES = 64 << 20  # of interpolated values at a time


@_frames.kept
def smote(
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    sampling_strategy: _targets.Strategy = "auto",
    k_neighbors: Any = 5,
    seed: int = 0,
    base: str = "random",
    neighbors_in: Any = "pixels",
    interpolate_in: str = "pixels",
    decoder: Any | None = None,
    engine: str = "sklearn",
    single: str = "error",
    held_out: Any | None = None,
) -> Any:
    """Balances classes with new samples between a sample and a neighbour of the same class.

    A new sample is `a + u (b - a)`: `a` a sample of the class, `b` one of its nearest neighbours
    in the class, `u` uniform in [0, 1). For floats of the shape `(n, d)` the result is that of
    `imblearn.over_sampling.SMOTE(random_state=seed)`, to the last bit, except that a sample with
    copies of itself is not taken for its own neighbour.

    The mean of two images is a double exposure. Neighbours in an embedding are more alike, and
    samples interpolated there look real to the head of a classifier.

    Args:
        x: `(n, ...)` integers or floats, images as a rule; a data frame of numbers; a sparse
            matrix, which is balanced as an array; or loaded data (`data.load`), of which the
            training part is balanced and the test part kept.
        y: `(n,)` classes, integers or texts, an array or a series; or one-hot rows; None with
            loaded data.
        sampling_strategy: how many samples each class gets, as imbalanced-learn reads it: "auto"
            for as many as the largest class has; "minority", "not minority", "not majority",
            "all"; a number in (0, 1] with two classes; `{class: number}`; or a function of the
            labels that returns such a dictionary.
        k_neighbors: neighbours that are interpolated with; a smaller class has fewer. Or an
            estimator, as imbalanced-learn takes it (`FaissNeighbors`, scikit-learn's).
        seed: an integer: another seed gives other samples. Or a NumPy `RandomState`.
        base: "random" draws `a` as imbalanced-learn does, which leaves some samples of a class
            out; "even" takes every sample of it as often as any other, to within one, as the
            paper does.
        neighbors_in: where distances are measured: "pixels"; "pca", the first 50 principal
            components; a Keras model or another function of a batch of images; or an array, a
            row for each image.
        interpolate_in: "pixels", or "embedding" for what `neighbors_in` gives: embeddings then
            take the place of images in the result, unless there is a decoder.
        decoder: None, or a function that turns embeddings, `(batch, ...)`, into images. Real
            images then stay as they are, and only new ones are decoded.
        engine: what finds neighbours: "sklearn", or "faiss", which needs faiss-cpu and measures
            in float32.
        single: what becomes of a class of one sample, which has no neighbours: "error", or
            "duplicate" to repeat it.
        held_out: None, or images, such as the test set, that must not be among `x`.

    Returns:
        `(x, y)`: the real samples, then the new ones, class by class, in the types of `x` and
        `y`, of a data frame with its columns. Integers are interpolated in floats, rounded and
        clipped. With loaded data, loaded data with the training part replaced.

    Raises:
        TypeError, ValueError: if an argument is not as above, a class has a single sample, or
            `x` is known to hold test images.

    References:
        [Chawla et al., SMOTE](https://arxiv.org/abs/1106.1813);
        [Blagus & Lusa](https://doi.org/10.1186/1471-2105-14-106) on its limits in many dimensions.

    Example:
        >>> x, y = smote(x_train, y_train, k_neighbors=5, neighbors_in=encoder)
    """
    _neighbors.check_neighbors(k_neighbors, engine)
    checks.one_of("base", base, BASES)
    checks.one_of("interpolate_in", interpolate_in, ("pixels", "embedding"))
    if interpolate_in == "pixels" and decoder is not None:
        raise ValueError("decoder needs interpolate_in='embedding', received 'pixels'")
    if interpolate_in == "embedding" and isinstance(neighbors_in, str) and neighbors_in == "pixels":
        raise ValueError(
            "interpolate_in='embedding' needs an embedding: give neighbors_in a model, a function "
            "or an array"
        )
    images, labels = _labelled.training_part(x, y, held_out)
    classes, restore = _labelled.as_classes(labels)
    wanted = _targets.added(sampling_strategy, classes)
    wanted = {item: count for item, count in wanted.items() if count}
    rows = _neighbors.features(images, neighbors_in)
    source = images if interpolate_in == "pixels" else rows
    state = None if isinstance(seed, (int, np.integer)) else _labelled.random_state(seed)
    new = np.empty((sum(wanted.values()), *source.shape[1:]), source.dtype)
    start = 0
    for item, count in wanted.items():
        members = np.flatnonzero(classes == item)
        table = table_of_class(rows[members], item, k_neighbors, engine, single)
        # An integer begins the stream anew for every class, as in imbalanced-learn.
        stream = _labelled.random_state(seed) if state is None else state
        first, second, steps = _pairs(stream, table, count, base)
        _interpolate(source, members[first], members[second], steps, new[start : start + count])
        start += count
    if decoder is not None:
        new = _decoded(decoder, new, images)
        source = images
    balanced = np.concatenate([source, new])
    new_classes = np.repeat(np.array(list(wanted), classes.dtype), list(wanted.values()))
    new_labels = np.concatenate([labels, restore(new_classes)])
    if len(new):
        guard.mark_synthesised(balanced, "smote", source)
    if isinstance(x, ImageData):
        return dataclasses.replace(x, train=(balanced, new_labels))
    return balanced, new_labels, np.arange(len(images) if source is images else 0)


def table_of_class(rows, item, k_neighbors, engine, single):
    """Returns the neighbours, `(n, k)`, of the samples of a class."""
    if len(rows) == 1:
        check_single(item, single)
        return np.zeros((1, 1), np.int64)
    return _neighbors.neighbor_table(rows, k_neighbors, engine)


def check_single(item, single):
    """Raises if a class of one sample is not to be repeated."""
    checks.one_of("single", single, ("error", "duplicate"))
    if single == "error":
        raise ValueError(
            f"class {item!r} has a single sample, which has no neighbours: add samples, leave the "
            "class out of sampling_strategy, or pass single='duplicate' to repeat it"
        )


def _pairs(stream, table, count, base):
    """Draws samples, neighbours and steps; in "random" call for call as imbalanced-learn does."""
    members, k = table.shape
    if base == "random":
        chosen = stream.randint(low=0, high=table.size, size=count)
        steps = stream.uniform(size=count)
        first, place = chosen // k, chosen % k
    else:
        rounds = -(-count // members)
        first = np.concatenate([stream.permutation(members) for _ in range(rounds)])[:count]
        place = stream.randint(low=0, high=k, size=count)
        steps = stream.uniform(size=count)
    return first, table[first, place], steps


def _interpolate(source, first, second, steps, out):
    """Writes points between pairs of rows of `source` into `out`, some at a time."""
    kind = _labelled.working_type(source.dtype)
    size = max(1, int(np.prod(source.shape[1:], dtype=np.int64))) * np.dtype(kind).itemsize
    chunk = max(1, _CHUNK_BYTES // size)
    for start in range(0, len(out), chunk):
        part = slice(start, start + chunk)
        begin, end = source[first[part]], source[second[part]]
        if source.dtype.kind != "f":
            begin, end = begin.astype(kind), end.astype(kind)
        share = steps[part].reshape(-1, *[1] * (source.ndim - 1))
        # Floats: differences in their own type, steps in float64, as imbalanced-learn has it.
        share = share if source.dtype.kind == "f" else share.astype(kind)
        out[part] = _labelled.to_dtype(begin + share * (end - begin), source.dtype)


def _decoded(decoder, codes, images):
    if not callable(decoder):
        raise TypeError(f"decoder must be a model or a function, received {decoder!r}")
    if not len(codes):
        return images[:0]
    new = _neighbors.embed(codes, decoder)
    if new.shape[1:] != images.shape[1:]:
        raise ValueError(
            f"decoder must give images of the shape {images.shape[1:]}, received {new.shape[1:]}"
        )
    return _labelled.to_dtype(new, images.dtype)
