"""Calibrated probabilities: a temperature, and a correction for other class frequencies."""

import dataclasses
from typing import Any

import numpy as np
from keras import ops
from scipy import optimize

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import json_text, written
from keras_cv_extras._base.text import caller
from keras_cv_extras._base.types import Path, Tensor

_FORMAT = "keras_cv_extras.calibration"
_COLDEST, _HOTTEST = 0.05, 20.0


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What turns the logits of a classifier into calibrated probabilities.

    `softmax(logits / temperature + log(new_prior) - log(train_prior))`: the temperature corrects
    overconfidence and keeps the order of the classes; the priors correct for class frequencies that
    differ between the training images and later ones.

    Args:
        temperature: above 0; above 1 for a model that is too sure of itself.
        train_prior: None, or the share of each class, or its count, among the training images.
        new_prior: the same of the images to come; None for all classes alike, if `train_prior`
            is given.
        num_samples: None, or how many samples the temperature was fitted on.

    References:
        [On calibration of modern neural networks](https://arxiv.org/abs/1706.04599);
        [Adjusting the outputs of a classifier to new a priori
        probabilities](https://doi.org/10.1162/089976602753284446), equation 2.4.

    Example:
        >>> calibration = fit_temperature(model.predict(images), labels)
        >>> calibration.save("calibration.json")
        >>> keras_cv_extras.serving.export(
        ...     model, "served", class_names=names, calibration=calibration
        ... )
    """

    temperature: float = 1.0
    train_prior: tuple[float, ...] | None = None
    new_prior: tuple[float, ...] | None = None
    num_samples: int | None = None

    def __post_init__(self) -> None:
        checks.positive("temperature", self.temperature)
        if self.num_samples is not None:
            checks.integer("num_samples", self.num_samples, minimum=0)
        if self.train_prior is None:
            if self.new_prior is not None:
                raise ValueError("new_prior needs train_prior, received None")
            return
        train = _prior("train_prior", self.train_prior)
        new = [1.0] * len(train) if self.new_prior is None else self.new_prior
        new = _prior("new_prior", new)
        if len(train) != len(new):
            raise ValueError(
                "train_prior and new_prior must have one number for each class, received "
                f"{len(train)} and {len(new)}"
            )
        object.__setattr__(self, "train_prior", train)
        object.__setattr__(self, "new_prior", new)

    @property
    def shift(self) -> np.ndarray | None:
        """What is added to the logits of each class, float64 `(classes,)`; None for nothing."""
        if self.train_prior is None or self.new_prior is None:
            return None
        return np.log(self.new_prior) - np.log(self.train_prior)

    def __call__(self, logits: Tensor, activation: str = "softmax") -> Tensor:
        """Returns calibrated probabilities.

        Args:
            logits: `(batch, classes)`, floats; logarithms of probabilities will do.
            activation: "softmax", or "sigmoid" for labels that do not exclude each other, which
                have no priors.

        Returns:
            `(batch, classes)`, of the same type.

        Raises:
            ValueError: if there is not one prior for each class.
        """
        checks.one_of("activation", activation, ("softmax", "sigmoid"))
        logits = ops.convert_to_tensor(logits) / self.temperature
        if self.shift is not None:
            self.check(logits.shape[-1], activation)
            logits = logits + ops.convert_to_tensor(self.shift, logits.dtype)
        return ops.sigmoid(logits) if activation == "sigmoid" else ops.softmax(logits, axis=-1)

    def check(self, num_classes: int, activation: str = "softmax") -> None:
        """Raises a ValueError if the priors are not those of so many classes."""
        if self.train_prior is None:
            return
        if activation == "sigmoid":
            raise ValueError(
                "priors are of classes that exclude each other; the model ends in a sigmoid"
            )
        if len(self.train_prior) != num_classes:
            raise ValueError(
                f"the calibration has priors of {len(self.train_prior)} classes, the model has "
                f"{num_classes}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Returns the calibration as a dictionary for JSON."""
        return {"format": _FORMAT, "version": 1, **dataclasses.asdict(self)}

    def save(self, path: Path) -> None:
        """Writes the calibration as a JSON file, in one step; replaces none but its own."""
        files.write_json(path, self.to_dict(), written.is_ours)

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no calibration.
        """
        fields = json_text.read_json(path)
        if not isinstance(fields, dict) or fields.pop("format", None) != _FORMAT:
            raise ValueError(f"{path}: not a calibration; `Calibration.save` writes them")
        if fields.pop("version", None) != 1:
            raise ValueError(f"{path}: of a newer version: update keras_cv_extras")
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error


def fit_temperature(logits: Tensor, labels: Tensor) -> Calibration:
    """Fits a temperature to predictions for images that the model has not been trained on.

    It minimises the mean negative log-likelihood, which is convex in the inverse of the
    temperature, so there is one answer. It is kept within [0.05, 20]: where every sample is
    classified right, the best temperature would be 0. At a bound it warns.

    Args:
        logits: `(samples, classes)`, or logarithms of probabilities.
        labels: `(samples,)`, integers.

    Returns:
        The calibration.

    Raises:
        ValueError: if the shapes do not fit, there is a label without a class, or these are
            probabilities.

    References:
        [On calibration of modern neural networks](https://arxiv.org/abs/1706.04599), section 4.2.

    Example:
        >>> calibration = fit_temperature(model.predict(images), labels)
        >>> calibration.temperature > 0  # above 1 where the model is too sure of itself
        True
    """
    logits, labels = np.asarray(logits, "float64"), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise ValueError(
            "logits must be (samples, classes) and labels (samples,), at least one, received "
            f"{logits.shape} and {labels.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be integers, received {labels.dtype}")
    checks.class_numbers(labels, logits.shape[1])
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite, received infinite ones or NaN")
    if logits.min() >= 0 and np.allclose(logits.sum(axis=1), 1, rtol=0, atol=1e-3):
        raise ValueError(
            "logits look like probabilities, which are not negative and sum to 1: give the "
            "outputs before the softmax, or np.log of the probabilities"
        )
    logits = logits - logits.max(axis=1, keepdims=True)
    own = logits[np.arange(len(labels)), labels]

    def slope(log_temperature):  # of the loss by the inverse temperature
        weights = np.exp(logits * np.exp(-log_temperature))
        means = (weights * logits).sum(axis=1) / weights.sum(axis=1)
        return float(np.mean(means - own))

    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    if slope(low) <= 0:
        temperature = _COLDEST
    elif slope(high) >= 0:
        temperature = _HOTTEST
    else:
        temperature = float(np.exp(optimize.brentq(slope, low, high, xtol=1e-10)))  # pyright: ignore
    if temperature in (_COLDEST, _HOTTEST):
        caller.warn(
            f"the temperature came to its bound, {temperature:g}: {len(labels)} samples do not say "
            "how sure the model may be. Calibrate on more images, which it was not trained on, or "
            "not at all",
        )
    return Calibration(temperature=temperature, num_samples=len(labels))


def _prior(name, values):
    """Returns counts or shares of classes as shares."""
    values = checks.numbers_or_none(name, values)
    if values is None or len(values) < 2 or min(values) <= 0:
        raise ValueError(f"{name} must have a number above 0 for each class, received {values}")
    total = sum(values)
    return tuple(value / total for value in values)
