"""Class balance as estimators with `fit_resample`, for the pipelines of imbalanced-learn.

A sampler in a pipeline is asked when the pipeline is fitted, and never when it predicts: in
cross-validation no sample is made of a fold that a score is measured on.
"""

import dataclasses
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils import InputTags, Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.data.balance import _frames, _labelled, _samplers, _smote, _targets, _variants


@dataclasses.dataclass(slots=True)
class _SamplerTags:
    """What imbalanced-learn asks of a sampler."""

    sample_indices: bool = False


@dataclasses.dataclass(slots=True)
class _InputTags(InputTags):
    dataframe: bool = True


@dataclasses.dataclass(slots=True)
class _Tags(Tags):
    sampler_tags: Any = None


class _Sampler(OneToOneFeatureMixin, BaseEstimator):
    """The part that all samplers share: reading samples and labels, and giving them back."""

    _reads_direction = staticmethod(_targets.added)
    _by_rows = False  # whether it returns samples that were there, and their numbers
    sampling_strategy: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        fields = {item.name: getattr(tags, item.name) for item in dataclasses.fields(tags)}
        inputs = {
            item.name: getattr(tags.input_tags, item.name)
            for item in dataclasses.fields(tags.input_tags)
        }
        inputs |= {"two_d_array": True, "three_d_array": True, "string": self._by_rows}
        inputs["sparse"] = True
        fields |= {
            "estimator_type": "sampler",
            "transformer_tags": None,
            "input_tags": _InputTags(**inputs),
        }
        fields["target_tags"].required = True
        return _Tags(**fields, sampler_tags=_SamplerTags(sample_indices=self._by_rows))

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Checks samples and labels; resampling needs `fit_resample`."""
        self._read(X, y)
        return self

    def fit_resample(self, X: ArrayLike, y: ArrayLike) -> Any:  # noqa: N803
        """Returns samples and labels with the classes balanced.

        Args:
            X: `(n, ...)` samples: an array, a list, a data frame, or a sparse matrix.
            y: `(n,)` classes, integers or texts, or one-hot rows.

        Returns:
            `(X, y)` in the forms that they came in.

        Raises:
            TypeError, ValueError: if they are not as above, or an argument of the sampler is not.
        """
        raise NotImplementedError

    def _numbers_alone(self):
        return not self._by_rows

    def _read(self, samples, labels):
        _labelled.check_whole(labels)
        check_classification_targets(labels)
        classes, restore = _labelled.as_classes(labels)
        kind = "numeric" if self._numbers_alone() else None
        readable = _frames.readable(samples)
        if kind and _frames.is_frame(samples):
            _frames.check_numbers(samples)
            _frames.check_complete(samples)
        array = validate_data(
            self,
            X=readable,
            dtype=kind,
            accept_sparse=True,
            allow_nd=True,
            ensure_all_finite=kind is not None,  # else the sampler itself says what is missing
        )
        checks.same_length(X=array, y=classes)
        self.sampling_strategy_: dict[Any, Any] = type(self)._reads_direction(
            self.sampling_strategy, classes
        )
        return array, classes, restore


class _RowSampler(_Sampler):
    """A sampler that repeats or leaves out samples."""

    _by_rows = True
    seed: Any

    def fit_resample(self, X: ArrayLike, y: ArrayLike) -> Any:  # noqa: N803
        """Returns samples and labels with the classes balanced; see the class."""
        array, classes, restore = self._read(X, y)
        rows = self._rows(classes)
        self.sample_indices_: Any = rows
        whole = _frames.is_frame(X) or _labelled.is_sparse(X)
        chosen = _frames.take(X, rows) if whole else _frames.like(X, array[rows])
        return chosen, _frames.like(y, restore(classes[rows]))

    def _rows(self, classes):
        raise NotImplementedError


class OverSampler(_RowSampler):
    """Repeats random samples of small classes: `oversample_indices` for pipelines.

    Args:
        sampling_strategy: how many samples each class gets, as in `smote`.
        seed: an integer, or a NumPy `RandomState`.

    Attributes:
        sampling_strategy_: `{class: samples to add}`.
        sample_indices_: the rows that were taken, int64.

    Example:
        >>> x, y = OverSampler(seed=1).fit_resample(x, y)
    """

    def __init__(self, sampling_strategy: _targets.Strategy = "auto", seed: int = 0) -> None:
        self.sampling_strategy = sampling_strategy
        self.seed = seed

    def _rows(self, classes):
        return _samplers.oversample_indices(
            classes, sampling_strategy=self.sampling_strategy, seed=self.seed
        )


class UnderSampler(_RowSampler):
    """Leaves random samples of large classes out: `undersample_indices` for pipelines.

    Args:
        sampling_strategy: how many samples each class keeps, as in `undersample_indices`.
        seed: an integer, or a NumPy `RandomState`.

    Attributes:
        sampling_strategy_: `{class: samples to keep}`.
        sample_indices_: the rows that were taken, int64.

    Example:
        >>> x, y = UnderSampler(seed=1).fit_resample(x, y)
    """

    _reads_direction = staticmethod(_targets.kept)

    def __init__(self, sampling_strategy: _targets.Strategy = "auto", seed: int = 0) -> None:
        self.sampling_strategy = sampling_strategy
        self.seed = seed

    def _rows(self, classes):
        return _samplers.undersample_indices(
            classes, sampling_strategy=self.sampling_strategy, seed=self.seed
        )


class SmoteSampler(_Sampler):
    """Balances classes by samples between neighbours of a class: `smote` for pipelines.

    Args:
        sampling_strategy: how many samples each class gets, as in `smote`.
        k_neighbors: neighbours that are interpolated with, as in `smote`.
        seed: an integer, or a NumPy `RandomState`.
        base: "random" or "even", as in `smote`.
        neighbors_in: "pixels", "pca", a model or a function, as in `smote`.
        engine: "sklearn" or "faiss".
        single: "error" or "duplicate", for a class of one sample.

    Attributes:
        sampling_strategy_: `{class: samples to add}`.

    Example:
        >>> from imblearn.pipeline import make_pipeline
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.model_selection import cross_val_score
        >>> pipeline = make_pipeline(SmoteSampler(seed=1), LogisticRegression(max_iter=1000))
        >>> scores = cross_val_score(pipeline, rows, y, scoring="balanced_accuracy", cv=3)
    """

    def __init__(
        self,
        sampling_strategy: _targets.Strategy = "auto",
        k_neighbors: Any = 5,
        seed: int = 0,
        base: str = "random",
        neighbors_in: Any = "pixels",
        engine: str = "sklearn",
        single: str = "error",
    ) -> None:
        self.sampling_strategy = sampling_strategy
        self.k_neighbors = k_neighbors
        self.seed = seed
        self.base = base
        self.neighbors_in = neighbors_in
        self.engine = engine
        self.single = single

    def fit_resample(self, X: ArrayLike, y: ArrayLike) -> Any:  # noqa: N803
        """Returns the real samples, then new ones, and their labels; see the class."""
        array, _, _ = self._read(X, y)
        frame = _frames.is_frame(X)
        new, labels = _smote.smote(
            X if frame else array, y if _frames.is_series(y) else np.asarray(y), **self.get_params()
        )
        return new if frame else _frames.like(X, new), _frames.like(y, labels)


class Resampler(_Sampler):
    """Resamples by a method of imbalanced-learn: `resample` for pipelines.

    Args:
        method: one of `RESAMPLE_METHODS`; "smotenc" takes tables with columns of categories,
            "smoten" those of categories alone.
        sampling_strategy: how many samples each class gets, as the method takes it.
        seed: an integer, the method's `random_state`.
        options: None, or a dictionary of further arguments of the method.

    Attributes:
        sampling_strategy_: what was asked for.

    Example:
        >>> x, y = Resampler("borderline_smote", options={"k_neighbors": 3}).fit_resample(x, y)
    """

    _reads_direction = staticmethod(lambda strategy, classes: strategy)

    def __init__(
        self,
        method: str = "borderline_smote",
        sampling_strategy: Any = "auto",
        seed: int = 0,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.method = method
        self.sampling_strategy = sampling_strategy
        self.seed = seed
        self.options = options

    def _numbers_alone(self):
        return self.method not in ("smotenc", "smoten")

    def fit_resample(self, X: ArrayLike, y: ArrayLike) -> Any:  # noqa: N803
        """Returns resampled samples and their labels; see the class."""
        array, _, _ = self._read(X, y)
        frame = _frames.is_frame(X)
        options = {"sampling_strategy": self.sampling_strategy, **(self.options or {})}
        new, labels = _variants.resample(
            X if frame else array,
            y if _frames.is_series(y) else np.asarray(y),
            method=self.method,
            seed=self.seed,
            **options,
        )
        return new if frame else _frames.like(X, new), _frames.like(y, labels)
