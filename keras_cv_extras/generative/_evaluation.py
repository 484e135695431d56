"""Scores of synthetic images against real ones: likeness, memorisation, usefulness."""

import dataclasses
from typing import Any

import numpy as np

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.owned import written
from keras_cv_extras._base.types import ArrayLike, Path
from keras_cv_extras.generative import _fidelity
from keras_cv_extras.generative._local_features import LocalFeatures, trained_classifier

FEWEST_IMAGES = 20  # images on either side, without which a number says nothing of a distribution
SCORES = ("local_fid", "local_kid", "precision", "recall", "density", "coverage")


@dataclasses.dataclass(frozen=True)
class MadeScores:
    """How like real images synthetic ones are, as a local network sees them.

    Args:
        network: the name of the network. `local_fid` and `local_kid` are not the FID and KID of
            papers, which have Inception features: only numbers of the same network, and of as
            many images, are to be compared.
        num_real: real images.
        num_made: synthetic images.
        scores: each of `SCORES` over all images.
        classes: `{class: scores}` likewise for each class alone, with "agreement", the share of
            its images that the network gives that class, and "num_real" and "num_made", the
            images that were compared.

    A score without enough images on either side is None. All need 20, and those of neighbours four
    times `k`; `local_fid` needs twice as many as the network has features, since the covariance
    of fewer images is mostly chance. `local_kid` has no bias with few images.

    Example:
        >>> network = LocalFeatures.train(x, labels, steps=2)
        >>> isinstance(evaluate_made(network, (x, labels), (made, labels)), MadeScores)
        True
    """

    network: str
    num_real: int
    num_made: int
    scores: dict[str, float | None]
    classes: dict[int, dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Returns the scores as a dictionary for JSON."""
        return dataclasses.asdict(self)

    def save(self, path: Path) -> None:
        """Writes the scores as a JSON file, in one step; replaces none but its own."""
        files.write_json(path, self.to_dict(), written.has("network", "num_real", "num_made"))


def evaluate_made(
    network: LocalFeatures, real: ArrayLike, made: ArrayLike, *, k: int = 5
) -> MadeScores:
    """Scores synthetic images against real ones, in all and for each class.

    Args:
        network: the measure.
        real: `(images, labels)` of real images; those that the generator was not trained on, if
            memorised ones are not to count as good.
        made: `(images, labels)` of synthetic ones.
        k: which neighbour sets the radius of precision, recall, density and coverage.

    Returns:
        The scores.

    Raises:
        ValueError: if an argument is not as above.

    Example:
        >>> network = LocalFeatures.train(x, labels, steps=2)
        >>> scores = evaluate_made(network, (x, labels), (made, labels))
    """
    checks.integer("k", k, minimum=1)
    (real_images, real_labels), (images, labels) = _pair("real", real), _pair("made", made)
    real_rows, rows = network.features(real_images), network.features(images)
    given = network.logits(images).argmax(axis=1)
    classes = {}
    for item in np.unique(labels).tolist():
        own, of_real = labels == item, real_labels == item
        classes[item] = {
            **_scores(real_rows[of_real], rows[own], k),
            "agreement": float(np.mean(given[own] == item)),
            "num_real": int(of_real.sum()),
            "num_made": int(own.sum()),
        }
    return MadeScores(
        network=network.name,
        num_real=len(real_rows),
        num_made=len(rows),
        scores=_scores(real_rows, rows, k),
        classes=classes,
    )


@dataclasses.dataclass(frozen=True)
class Memorization:
    """Whether synthetic images are copies of training images, by the nearest one in feature space.

    Args:
        network: the name of the network whose features they are.
        suspicious: the share of synthetic images that are nearer to a training image than 99 % of
            held-out real images are to theirs. Of images that are as new as those, 0.01 would
            be.
        median_ratio: the median distance of a synthetic image to its nearest training image, over
            that of a held-out real one. Near 0 for copies, near 1 for new images.
        numbers: `(n,)` the nearest training image of each synthetic one.
        distances: `(n,)` how far it is.
        threshold: the distance below which an image is suspicious.

    Example:
        >>> network = LocalFeatures.train(x, labels, steps=2)
        >>> isinstance(memorization(network, made, x[:48], x[48:]), Memorization)
        True
    """

    network: str
    suspicious: float
    median_ratio: float
    numbers: np.ndarray
    distances: np.ndarray
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """Returns the summary as a dictionary for JSON."""
        names = ("network", "suspicious", "median_ratio", "threshold")
        return {name: getattr(self, name) for name in names}

    def of_classes(self, labels: ArrayLike) -> dict[int, float]:
        """Returns for every class the share of its synthetic images that are suspicious.

        Args:
            labels: `(n,)`, the class of each synthetic image.
        """
        labels = np.asarray(labels)
        near = self.distances < self.threshold
        return {int(item): float(near[labels == item].mean()) for item in np.unique(labels)}


def memorization(
    network: LocalFeatures, made: ArrayLike, train: ArrayLike, held_out: ArrayLike
) -> Memorization:
    """Looks for synthetic images that are near to a training image.

    Args:
        network: the measure.
        made: `(n, height, width, channels)` synthetic images.
        train: the real images that the generator was trained on.
        held_out: other real images, of the same classes in the same proportions as `made`.

    Returns:
        What was found.

    Example:
        >>> network = LocalFeatures.train(x, labels, steps=2)
        >>> found = memorization(network, made, x[:48], x[48:])
    """
    rows, known, other = (network.features(images) for images in (made, train, held_out))
    numbers, distances = _fidelity.nearest(rows, known)
    _, usual = _fidelity.nearest(other, known)
    threshold = float(np.quantile(usual, 0.01))
    middle = float(np.median(usual))
    return Memorization(
        network=network.name,
        suspicious=float(np.mean(distances < threshold)),
        median_ratio=float(np.median(distances) / middle) if middle > 0 else float("nan"),
        numbers=numbers,
        distances=distances,
        threshold=threshold,
    )


def usefulness(
    real_train: ArrayLike, made: ArrayLike, real_test: ArrayLike, *, steps: int = 600, seed: int = 0
) -> dict[str, Any]:
    """Trains on synthetic images and tests on real ones, and the reverse.

    The same network is trained for equally many steps on both.

    Args:
        real_train: `(images, labels)`.
        made: `(images, labels)` that were made from `real_train`.
        real_test: `(images, labels)` that neither has seen.
        steps: of training, with 64 images each.
        seed: an integer.

    Returns:
        A dictionary of accuracies in [0, 1]: "real_on_real", "made_on_real" (train on made, test
        on real: the classification accuracy score) and "real_on_made".

    References:
        [Ravuri and Vinyals, Classification accuracy score](https://arxiv.org/abs/1905.10887)

    Example:
        >>> train, test = (x[:48], labels[:48]), (x[48:], labels[48:])
        >>> shares = usefulness(train, (made, labels), test, steps=2)
    """
    parts = {
        name: _pair(name, pair)
        for name, pair in (("real_train", real_train), ("made", made), ("real_test", real_test))
    }
    num_classes = int(max(labels.max() for _, labels in parts.values())) + 1
    shape = parts["made"][0].shape[1:]

    def train(part):
        return trained_classifier(parts[part], shape, num_classes, steps=steps, seed=seed)

    def accuracy(model, part):
        images, labels = parts[part]
        return float(np.mean(LocalFeatures(model).logits(images).argmax(axis=1) == labels))

    of_real, of_made = train("real_train"), train("made")
    return {
        "real_on_real": accuracy(of_real, "real_test"),
        "made_on_real": accuracy(of_made, "real_test"),
        "real_on_made": accuracy(of_real, "made"),
    }


def _scores(real, made, k):
    scores: dict[str, float | None] = dict.fromkeys(SCORES)
    fewest = min(len(real), len(made))
    if fewest >= max(FEWEST_IMAGES, 2 * real.shape[1]):
        scores["local_fid"] = _fidelity.frechet_distance(real, made)
    if fewest >= FEWEST_IMAGES:
        scores["local_kid"] = _fidelity.kernel_distance(real, made)
    if fewest >= max(FEWEST_IMAGES, 4 * k):
        scores.update(_fidelity.neighbor_scores(real, made, k=k))
    return scores


def _pair(name, pair):
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} must be (images, labels), received {type(pair).__name__}")
    images, labels = np.asarray(pair[0]), np.asarray(pair[1])
    if images.ndim != 4 or labels.shape != images.shape[:1] or not len(images):
        raise ValueError(
            f"{name} must be images (n, height, width, channels) and labels (n,), received "
            f"{images.shape} and {labels.shape}"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"{name} must have class numbers from 0 on as labels, received {labels.dtype}, the "
            f"first {labels[0]!r}"
        )
    return images, labels
