"""Other ways to resample, done by imbalanced-learn, on images and without wrap-around."""

import dataclasses
import importlib
from typing import Any

import numpy as np

from keras_cv_extras._base import checks, guard
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data._sources import ImageData
from keras_cv_extras.data.balance import _frames, _labelled

# method -> (module of imbalanced-learn, class, whether it draws)
METHODS = {
    "borderline_smote": ("over_sampling", "BorderlineSMOTE", True),
    "svm_smote": ("over_sampling", "SVMSMOTE", True),
    "kmeans_smote": ("over_sampling", "KMeansSMOTE", True),
    "smotenc": ("over_sampling", "SMOTENC", True),
    "smoten": ("over_sampling", "SMOTEN", True),
    "adasyn": ("over_sampling", "ADASYN", True),
    "smote_enn": ("combine", "SMOTEENN", True),
    "smote_tomek": ("combine", "SMOTETomek", True),
    "edited_nearest_neighbors": ("under_sampling", "EditedNearestNeighbours", False),
    "tomek_links": ("under_sampling", "TomekLinks", False),
}
RESAMPLE_METHODS: tuple[str, ...] = tuple(METHODS)


def resample(
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    method: Any,
    seed: int = 0,
    held_out: Any | None = None,
    **options: Any,
) -> Any:
    """Resamples images by a method of imbalanced-learn.

    Images are passed as rows of floats and returned in their own shape and type, with integers
    rounded and clipped: imbalanced-learn itself takes only rows, and interpolates uint8 with
    wrap-around.

    Args:
        x: `(n, ...)` integers or floats; a data frame; a sparse matrix; or loaded data
            (`data.load`), of which the training part is resampled and the test part kept.
        y: `(n,)` classes, integers or texts, or one-hot rows; None with loaded data.
        method: one of `RESAMPLE_METHODS`: "borderline_smote", "svm_smote", "kmeans_smote" and
            "adasyn" make samples; "smote_enn" and "smote_tomek" clean them afterwards;
            "smotenc" is for tables with columns of categories (texts, objects, booleans and
            pandas' categories, if `categorical_features` does not say), "smoten" for those of
            categories alone;
            "edited_nearest_neighbors" and "tomek_links" only clean. Or any sampler of
            imbalanced-learn, ready made.
        seed: an integer, the sampler's `random_state`.
        held_out: None, or images that must not be among `x`.
        **options: arguments of the sampler, such as `sampling_strategy` or `k_neighbors`.

    Returns:
        `(x, y)`, of a data frame with its columns; with loaded data, loaded data with the
        training part replaced.

    Raises:
        ImportError: if imbalanced-learn is not installed.
        TypeError, ValueError: if an argument is not as above, or the sampler refuses the data.

    Warns:
        UserWarning: if the method made no sample of a class that it was to make some of.

    References:
        [imbalanced-learn](https://imbalanced-learn.org)

    Example:
        >>> x, y = resample(x, y, method="borderline_smote", k_neighbors=5)
    """
    number = checks.integer("seed", seed)
    named = options.get("categorical_features", "auto")
    if method == "smotenc" and isinstance(named, str) and named == "auto":
        options["categorical_features"] = _frames.columns_of_texts(x)
        if not options["categorical_features"]:
            raise ValueError(
                "smotenc needs a table with at least one column of categories (texts, objects, "
                "booleans or pandas' categories), and all columns of x hold numbers: name those "
                "that are categories in categorical_features, or take smote"
            )
    if method == "smotenc" and _all_named(options["categorical_features"], x):
        raise ValueError(
            "smotenc needs at least one column of numbers, and all columns of x are categories: "
            "take the method 'smoten'"
        )
    sampler = _sampler(method, number, options)
    if hasattr(sampler, "categorical_features") or type(sampler).__name__ == "SMOTEN":
        return _table(sampler, x, y, held_out)
    return _resampled(x, y, sampler, held_out)


@_frames.kept
def _resampled(x: Any, y: Any, sampler: Any, held_out: Any) -> Any:
    images, labels = _labelled.training_part(x, y, held_out)
    classes, restore = _labelled.as_classes(labels)
    rows = images.reshape(len(images), -1)
    if rows.dtype.kind != "f":
        rows = rows.astype(_labelled.working_type(images.dtype))
    new, new_classes = _ask(sampler, rows, classes)
    new = _labelled.to_dtype(new, images.dtype).reshape(len(new), *images.shape[1:])
    origins = _origins(sampler, len(images), len(new))
    new[origins >= 0] = images[origins[origins >= 0]]  # floats do not hold all whole numbers
    new_labels = restore(np.asarray(new_classes))
    guard.mark_synthesised(new, type(sampler).__name__, images)
    if isinstance(x, ImageData):
        return dataclasses.replace(x, train=(new, new_labels))
    return new, new_labels, origins


def _origins(sampler, before, after):
    """Returns which of the rows before each of those after is, -1 for one that was made."""
    kind = getattr(sampler, "_sampling_type", None)
    cleaner = sampler if kind in ("under-sampling", "clean-sampling") else None
    if kind == "over-sampling":  # what was given comes first, and may be cleaned afterwards
        cleaner = getattr(sampler, "enn_", getattr(sampler, "tomek_", None))
        if cleaner is None:
            return np.where(np.arange(after) < before, np.arange(after), -1)
    rows = np.asarray(getattr(cleaner, "sample_indices_", np.full(after, -1)))
    return np.where(rows < before, rows, -1)


def _all_named(names, x):
    """Whether a list of columns, or of a truth value for each, has all columns of a table."""
    if np.ndim(names) != 1 or np.ndim(x) != 2:
        return False
    named = np.asarray(names)
    return named.sum() == np.shape(x)[1] if named.dtype == bool else len(named) == np.shape(x)[1]


def _table(sampler, x, y, held_out):
    """Resamples a table some of whose columns are categories, as imbalanced-learn does itself."""
    if held_out is not None:
        raise ValueError("held_out is for images: leave it out for a table with categories")
    if y is None or isinstance(x, ImageData):
        raise TypeError(
            "a sampler of categories takes a data frame or an array x, and its labels y, received "
            f"{type(x).__name__} and {type(y).__name__}"
        )
    classes, restore = _labelled.as_classes(y)
    # imbalanced-learn cuts whole numbers off, where they are to be rounded.
    rounds = _frames.is_frame(x) and hasattr(sampler, "categorical_features")
    codes = _codes(sampler, x)
    coded = _with_columns(x, {place: found[1] for place, found in codes.items()})
    try:
        new, new_classes = _ask(sampler, _frames.of_floats(coded) if rounds else coded, classes)
    except ValueError as error:
        if "contains" in str(error):  # NaN or infinity, in columns of numbers
            _frames.check_complete(x, getattr(sampler, "continuous_features_", ()))
        raise
    except TypeError as error:  # of an encoder, which takes some kinds of missing values alone
        missing = x.isna().to_numpy().any(axis=0) if _frames.is_frame(x) else np.zeros(1, bool)
        if not missing.any():
            raise
        raise ValueError(
            f"x must not have missing values here, and column {x.columns[missing.argmax()]!r} has "
            "some: fill them in, or leave those rows out"
        ) from error
    if codes:
        rows = np.asarray(new)
        parts = {place: known[rows[:, place].astype(int)] for place, (known, _) in codes.items()}
        new = _with_columns(new, parts)
    new = _frames.like(x, new, _origins(sampler, len(x), len(new))) if rounds else new
    return new, _frames.like(y, restore(np.asarray(new_classes)))


def _codes(sampler, x):
    """Returns of columns of categories whose whole numbers floats do not hold what they stand for.

    Returns:
        `{number of the column: (categories in rising order, the number of each row's)}`.
    """
    named = np.asarray(getattr(sampler, "categorical_features", ()))
    auto = named.ndim == 0 and _frames.is_frame(x)
    if auto:
        named = np.array([hasattr(dtype, "categories") for dtype in x.dtypes], bool)
    if named.ndim != 1 or _labelled.is_sparse(x):  # of numbers alone
        return {}
    if named.dtype == bool:
        named = np.flatnonzero(named)
    elif named.dtype.kind in "OSU" and _frames.is_frame(x):
        named = x.columns.get_indexer(named)
    columns = {int(n): x.iloc[:, n] if _frames.is_frame(x) else np.asarray(x)[:, n] for n in named}
    whole = {n: np.asarray(one) for n, one in columns.items() if np.asarray(one).dtype.kind in "iu"}
    found = {
        n: np.unique(column, return_inverse=True)
        for n, column in whole.items()
        if _frames.is_beyond_floats(column)
    }
    if not auto:
        return found
    import pandas as pd

    # By their type the sampler knows these columns.
    return {n: (known, pd.Categorical(numbers)) for n, (known, numbers) in found.items()}


def _with_columns(table, columns):
    """Returns a frame or an array with other columns in some places."""
    if not columns:
        return table
    made: Any = table.copy() if _frames.is_frame(table) else np.array(table)
    for place, column in columns.items():
        if _frames.is_frame(made):
            made.isetitem(place, column)
        else:
            made[:, place] = column
    return made


def _ask(sampler, rows, classes):
    """Resamples, and says of which class too little was there to make more of it."""
    name = type(sampler).__name__
    before = _counts(classes)
    try:
        with np.errstate(invalid="ignore"):  # of clusters without extent, which is told below
            new, new_classes = sampler.fit_resample(rows, classes)
    except ValueError as error:
        if "NaN to integer" in str(error):
            raise ValueError(
                f"{name} found clusters of equal samples only, between which there is nothing to "
                "make: give it other clusters (kmeans_estimator, cluster_balance_threshold), or "
                "take smote"
            ) from error
        if "n_neighbors" not in str(error):
            raise
        wanted = getattr(getattr(sampler, "smote_", sampler), "sampling_strategy_", before)
        grown = [label for label in before if wanted.get(label)]
        rarest = min(grown or before, key=before.__getitem__)
        instead = "take smote, which looks for as many as there are"
        if before[rarest] == 1:
            instead = "take smote with single='duplicate'"
        raise ValueError(
            f"{name} looks for more neighbours in a class than the samples it has, and class "
            f"{rarest!r} has {before[rarest]}: let it look for fewer, collect more, or {instead}"
        ) from error
    if getattr(sampler, "_sampling_type", None) == "over-sampling":
        wanted = getattr(sampler, "smote_", sampler).sampling_strategy_  # of what makes samples
        after = _counts(new_classes)
        for label, count in before.items():
            more = wanted.get(label, 0)
            if more and after.get(label, 0) <= count:
                caller.warn(
                    f"{name} left class {label!r} at {after.get(label, 0)} of {count} samples, "
                    f"where it was to make {more} more: it found no neighbours to make them "
                    "between, or cleaned them away; take smote or oversample_indices, or "
                    "collect more",
                )
    return new, new_classes


def _counts(classes):
    labels, counts = np.unique(classes, return_counts=True)
    return dict(zip(labels.tolist(), counts.tolist(), strict=True))


def _sampler(method, seed, options):
    if hasattr(method, "fit_resample"):
        if options:
            raise ValueError(
                f"options must be left out with a sampler ready made, received {sorted(options)}"
            )
        return method
    module, name, draws = METHODS[checks.one_of("method", method, tuple(METHODS))]
    try:
        sampler = getattr(importlib.import_module(f"imblearn.{module}"), name)
    except ImportError as error:
        raise ImportError(
            f"method {method!r} needs the package imbalanced-learn: "
            "pip install 'keras-cv-extras[balance]'"
        ) from error
    return sampler(**({"random_state": seed % (1 << 32)} if draws else {}), **options)
