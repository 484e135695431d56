"""Data frames of pandas: read as arrays, and given back with their names and types."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from keras_cv_extras._base import guard
from keras_cv_extras.data.balance import _labelled

_P = ParamSpec("_P")
_R = TypeVar("_R")
_WHOLE = 1 << 53  # float64 holds all whole numbers up to it


def is_frame(data: Any) -> bool:
    """Whether it is a data frame, told without importing pandas."""
    return hasattr(data, "iloc") and hasattr(data, "columns")


def is_series(data: Any) -> bool:
    """Whether it is a series of pandas."""
    return hasattr(data, "iloc") and not hasattr(data, "columns")


def values(frame: Any, name: str = "x") -> Any:
    """Returns the columns of a frame as one `(n, columns)` array of numbers.

    Raises:
        ValueError: if a column holds no numbers; it calls the frame by the name.
    """
    check_numbers(frame, name)
    first = frame.dtypes.iloc[0]
    if isinstance(first, np.dtype) and first.kind != "b" and all(frame.dtypes == first):
        return frame.to_numpy()
    return frame.to_numpy(dtype=np.float64, na_value=np.nan)


def in_one_type(name: str, data: Any) -> Any:
    """Returns a frame as an array of one type; anything else as it is.

    Args:
        name: what messages call it.
        data: the frame.

    Raises:
        ValueError: if a column holds no numbers, or such as the type of the others does not hold.
    """
    if not is_frame(data):
        return data
    array = values(data, name)
    for place, column in enumerate(data.columns if array.dtype.kind == "f" else ()):
        if _kind(data.dtypes.iloc[place]) in "iu" and is_beyond_floats(data.iloc[:, place]):
            raise ValueError(
                f"{name} must be numbers that have one type, and column {column!r} holds whole "
                "numbers beyond 2**53, which floats do not hold: leave it out"
            )
    return array


def is_beyond_floats(column: Any) -> bool:
    """Whether a column has whole numbers beyond 2**53, which float64 does not tell apart."""
    whole = np.asarray(column.dropna() if is_series(column) else column)
    return bool(((whole > _WHOLE) | (whole < -_WHOLE)).any())


def check_numbers(frame: Any, name: str = "x") -> None:
    """Raises if a column of a frame holds no numbers.

    Raises:
        ValueError: naming the first of them, and the frame by the name.
    """
    kinds = [_kind(dtype) for dtype in frame.dtypes]
    other = [one for one, kind in zip(frame.columns, kinds, strict=True) if kind not in "biuf"]
    if other:
        raise ValueError(
            f"{name} must hold numbers, and column {other[0]!r} holds {frame[other[0]].dtype}: "
            "encode it, leave it out, or take the method 'smotenc' of resample and Resampler"
        )


def check_complete(table: Any, columns: Any = None) -> None:
    """Raises if a number of a frame or an array is missing or infinite.

    Args:
        table: the frame or array, `(n, columns)`.
        columns: the numbers of the columns to look at; None for all that hold numbers.

    Raises:
        ValueError: naming the first such column.
    """
    if columns is None:
        columns = [n for n, dtype in enumerate(table.dtypes) if _kind(dtype) in "iuf"]
    for number in columns:
        if is_frame(table):
            name = table.columns[number]
            numbers = table.iloc[:, number].to_numpy(np.float64, na_value=np.nan)
        else:
            name, numbers = int(number), np.asarray(table)[:, number].astype(np.float64)
        if not np.isfinite(numbers).all():
            what = "missing" if np.isnan(numbers).any() else "infinite"
            raise ValueError(
                f"x must not have {what} values here, and column {name!r} has some: fill them in, "
                "or leave those rows out"
            )


def dense(data: Any) -> Any:
    """Returns a frame without pandas' sparse columns; anything else as it is."""
    if not is_frame(data) or not any(hasattr(dtype, "subtype") for dtype in data.dtypes):
        return data
    return data.astype({n: getattr(d, "subtype", d) for n, d in data.dtypes.items()})


def readable(data: Any) -> Any:
    """Returns a frame as scikit-learn can read it, of times as objects; anything else as it is.

    Raises:
        ValueError: if two columns of a frame have one name.
    """
    if not is_frame(data):
        return data
    if not data.columns.is_unique:
        twice = data.columns[data.columns.duplicated()][0]
        raise ValueError(f"x must have columns of different names, received {twice!r} twice")
    data = dense(data)
    return data.astype(object) if any(_kind(dtype) in "mM" for dtype in data.dtypes) else data


def of_floats(frame: Any) -> Any:
    """Returns a frame whose columns of whole numbers hold floats, and others as they are."""
    whole = [number for number, dtype in enumerate(frame.dtypes) if _kind(dtype) in "iu"]
    return frame.astype({frame.columns[number]: np.float64 for number in whole})


def as_array(data: Any) -> Any:
    """Returns samples as an array: of a data frame its numbers."""
    if _labelled.is_sparse(data):
        return data.toarray()
    return values(data) if is_frame(data) else np.asarray(data)


def columns_of_texts(table: Any) -> list[int]:
    """Returns the numbers of the columns of a frame or an array that hold no numbers."""
    if is_frame(table):
        return [n for n, dtype in enumerate(table.dtypes) if _kind(dtype) not in "iuf"]
    if _labelled.is_sparse(table):  # of numbers alone
        return []
    if np.ndim(table) != 2:
        raise ValueError(
            "a table must have the shape (n, columns) here, and some of its columns categories, "
            f"received the shape {np.shape(table)}"
        )
    return [
        number
        for number, column in enumerate(np.asarray(table, object).T)
        if any(isinstance(item, (str, bool)) for item in column)
    ]


def like(data: Any, array: Any, origins: Any = None) -> Any:
    """Returns an array in the form of `data`: a frame, a series, a list, or itself.

    Args:
        data: the frame, series, list or array.
        array: the new values.
        origins: None, or for the first rows of `array` which row of the frame each is, -1 for a
            new one: whole numbers are taken from there, for a float does not hold all of them.
    """
    if is_frame(data):
        import pandas as pd

        frame = pd.DataFrame(array, columns=data.columns)
        whole = {}
        for place, dtype in enumerate(data.dtypes):
            column = frame.iloc[:, place]
            if _kind(dtype) == "b" and column.dtype.kind == "f":
                column = np.rint(column)
            if _kind(dtype) in "iu" and column.dtype.kind == "f":
                whole_type = getattr(dtype, "subtype", getattr(dtype, "numpy_dtype", dtype))
                column = pd.Series(_labelled.to_dtype(column.to_numpy(), whole_type))
            column = column.astype(dtype)
            if origins is not None and _kind(dtype) in "iu":
                real = np.flatnonzero(origins >= 0)
                column.iloc[real] = data.iloc[origins[real], place].array
            whole[place] = column
        result = pd.concat(whole, axis=1) if whole else frame
        result.columns = data.columns
        return result
    if is_series(data):
        import pandas as pd

        return pd.Series(list(array), dtype=data.dtype, name=data.name)
    return array.tolist() if isinstance(data, list) else array


def take(data: Any, rows: Any, *, anew: bool = True) -> Any:
    """Returns rows of a frame, series, list, array or sparse matrix, if `anew` numbered from 0."""
    if is_frame(data) or is_series(data):
        return data.iloc[rows].reset_index(drop=True) if anew else data.iloc[rows]
    if isinstance(data, list):
        return [data[row] for row in rows]
    if _labelled.is_sparse(data):
        return type(data)(data.tocsr()[rows])
    return np.asarray(data)[rows]


def kept(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Makes a function of `(x, y)` take frames, series and sparse matrices, and return such.

    The function returns the new `(x, y)`, and may return `origins` of `like` as a third.
    """

    @functools.wraps(function)
    def framed(x: Any, y: Any = None, *args: Any, **options: Any) -> Any:
        if _labelled.is_sparse(x):
            new, labels = framed(x.toarray(), y, *args, **options)
            return type(x)(new), labels
        run: Any = function
        plain_y = np.asarray(y) if is_frame(y) or is_series(y) else y
        if not is_frame(x):
            result = run(x, plain_y, *args, **options)
            result = result[:2] if isinstance(result, tuple) else result
            return result if plain_y is y else (result[0], like(y, result[1]))
        plain = values(x)
        check_complete(x)
        new, labels, *origins = run(plain, plain_y, *args, **options)
        result = like(x, new, *origins)
        guard.mark_alike(new, values(result))
        return result, like(y, labels) if plain_y is not y else labels

    return framed


def _kind(dtype):
    """Returns NumPy's letter for a type, of pandas' own types too; "O" for what has none."""
    return getattr(getattr(dtype, "subtype", dtype), "kind", "O")
