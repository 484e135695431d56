"""The nearest samples of the same class: in pixels, principal components or an embedding."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data.balance import _labelled

ENGINES = ("sklearn", "faiss")
_COMPONENTS = 50  # beyond them distances are mostly noise, and no nearer than one another
_BATCH = 512  # images embedded at a time


def features(images, neighbors_in):
    """Returns what distances are measured in, a row for each image.

    Args:
        images: `(n, ...)`.
        neighbors_in: "pixels"; "pca", their first 50 principal components; a Keras model or
            another function of a batch of images; or an array `(n, d)`.

    Returns:
        An array `(n, d)` of floats.

    Raises:
        TypeError, ValueError: if it is none of these, or gives other than a row for each image.
    """
    if isinstance(neighbors_in, str):
        checks.one_of("neighbors_in", neighbors_in, ("pixels", "pca"))
        flat = images.reshape(len(images), -1)
        flat = flat if flat.dtype.kind == "f" else flat.astype(_labelled.working_type(flat.dtype))
        if neighbors_in == "pixels":
            return flat
        count = min(_COMPONENTS, *flat.shape)
        return PCA(count, random_state=0).fit_transform(flat)
    if callable(neighbors_in):
        rows = embed(images, neighbors_in)
    elif hasattr(neighbors_in, "__array__"):
        rows = np.asarray(neighbors_in)
    else:
        raise TypeError(
            "neighbors_in must be 'pixels', 'pca', a model, a function of images or an array, "
            f"received {neighbors_in!r}"
        )
    if rows.ndim < 2 or len(rows) != len(images) or rows.dtype.kind != "f":
        raise ValueError(
            f"neighbors_in must give floats, one row for each of the {len(images)} images, "
            f"received {rows.dtype} of {rows.shape}"
        )
    return rows.reshape(len(rows), -1)


def embed(images, function):
    """Returns what a model or function makes of images, batch by batch, as an array."""
    from keras import ops

    parts = [
        ops.convert_to_numpy(function(images[start : start + _BATCH]))
        for start in range(0, len(images), _BATCH)
    ]
    return np.concatenate(parts)


def neighbor_table(rows, k_neighbors, engine="sklearn"):
    """Finds the nearest other rows of every row.

    A row is never its own neighbour, whatever copies of it there are: it is left out by its
    number. (imbalanced-learn leaves out the first found, which may be a copy.)

    Args:
        rows: `(n, d)` floats, of one class, n at least 2.
        k_neighbors: how many, at least 1, fewer where the class is smaller; or an estimator with
            `fit` and `kneighbors`, whose `n_neighbors` counts the row itself, as
            imbalanced-learn takes it.
        engine: "sklearn" or "faiss".

    Returns:
        `(n, k)` integers, numbers of rows, nearest first.
    """
    if hasattr(k_neighbors, "kneighbors"):
        return _by_estimator(rows, k_neighbors)
    most = min(k_neighbors, len(rows) - 1)
    if engine == "faiss":
        return _by_estimator(rows, FaissNeighbors(most + 1))
    # As imbalanced-learn builds it, so that the choice of algorithm, and with it the last bit of
    # every distance, is the same. Without an argument, rows are not their own neighbours.
    found = NearestNeighbors(n_neighbors=min(k_neighbors + 1, len(rows))).fit(rows)
    return found.kneighbors(n_neighbors=most, return_distance=False)


def check_neighbors(k_neighbors, engine):
    """Raises if they are not what `neighbor_table` takes."""
    checks.one_of("engine", engine, ENGINES)
    if not hasattr(k_neighbors, "kneighbors"):
        checks.integer("k_neighbors", k_neighbors, minimum=1)
    elif engine != "sklearn":
        raise ValueError(f"engine must be left out with an estimator, received {engine!r}")


def _by_estimator(rows, estimator):
    fresh: Any = clone(estimator)
    if getattr(fresh, "n_neighbors", 0) > len(rows):
        fresh.set_params(n_neighbors=len(rows))
    found = fresh.fit(rows).kneighbors(rows, return_distance=False)
    return without_self(np.asarray(found))


def without_self(found):
    """Removes every row's own number from `(n, k + 1)` numbers, or the last where it is absent."""
    is_self = found == np.arange(len(found))[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    return found[~is_self].reshape(len(found), -1)


class FaissNeighbors(BaseEstimator):
    """Nearest neighbours by faiss, to use wherever imbalanced-learn takes an estimator.

    Args:
        n_neighbors: how many are returned; for samples that were fitted, themselves included.
        index: "flat" is exact; "hnsw" is a graph, faster for many rows, and may miss some.

    Example:
        >>> x, y = smote(x, y, k_neighbors=FaissNeighbors(n_neighbors=6))
    """

    def __init__(self, n_neighbors: int = 6, index: str = "flat") -> None:
        self.n_neighbors = n_neighbors
        self.index = index

    def fit(self, x: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Builds the index of the rows of `x`, `(n, d)`."""
        checks.integer("n_neighbors", self.n_neighbors, minimum=1)
        checks.one_of("index", self.index, ("flat", "hnsw"))
        try:
            import faiss
        except ImportError as error:
            raise ImportError(
                "neighbours by faiss need its package: pip install faiss-cpu, or use the engine "
                "'sklearn'"
            ) from error
        # Faiss computes in float32, where large numbers would lose what tells them apart.
        self.center_ = np.mean(x, axis=0, dtype=np.float64)
        rows = self._rows(x)
        size = rows.shape[1]
        self.index_: Any = faiss.IndexFlatL2(size) if self.index == "flat" else _graph(faiss, size)
        self.index_.add(rows)
        self.fitted_ = rows
        return self

    def _rows(self, x):
        x, center = np.asarray(x), getattr(self, "center_", np.float64(0))  # of an earlier version
        if x.dtype.itemsize <= 2 or x.dtype == np.float32:
            center = center.astype(np.float32)  # which holds such numbers: no copy in float64
        return np.ascontiguousarray(x - center, dtype=np.float32)

    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> Any:  # noqa: N803
        """Returns Euclidean distances and numbers of the nearest fitted rows, `(m, k)` each."""
        count = self.n_neighbors if n_neighbors is None else n_neighbors
        rows = self.fitted_ if X is None else self._rows(X)
        squares, found = self.index_.search(rows, count + (X is None))
        missed = np.flatnonzero((found < 0).any(axis=1))
        if len(missed):  # the graph did not reach enough rows from these
            import faiss

            exact = faiss.knn(rows[missed], self.fitted_, found.shape[1])
            squares[missed], found[missed] = exact
        if X is None:
            own = without_self(found)
            squares = np.take_along_axis(squares, _places(found, own), axis=1)
            found = own
        if not return_distance:
            return found
        return np.sqrt(np.maximum(squares, 0)), found

    def kneighbors_graph(
        self, X: ArrayLike | None = None, n_neighbors: int | None = None, mode: str = "connectivity"
    ) -> Any:  # noqa: N803
        """Returns the sparse `(m, n)` matrix of neighbours: ones, or distances."""
        from scipy.sparse import csr_matrix

        checks.one_of("mode", mode, ("connectivity", "distance"))
        distances, found = self.kneighbors(X, n_neighbors)
        values = np.ones(found.size) if mode == "connectivity" else distances.ravel()
        ends = np.arange(0, found.size + 1, found.shape[1])
        return csr_matrix((values, found.ravel(), ends), shape=(len(found), len(self.fitted_)))


def _graph(faiss, size):
    index = faiss.IndexHNSWFlat(size, 32)  # 32 links a row, faiss' own example
    index.hnsw.efSearch = 64
    return index


def _places(found, chosen):
    """Returns where each of `(n, k)` chosen numbers stands in its row of `(n, k + 1)`."""
    return (found[:, None, :] == chosen[:, :, None]).argmax(axis=2)
