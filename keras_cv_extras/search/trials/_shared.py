"""Shared weights: one common training, from which every trial goes on with its own policy.

Most of a training is alike for all policies. So it is done once, with a policy that draws from
all ops, and a trial trains the last part alone: a quarter of the cost, and nearer to a full
training than any score without training.

References:
    Tian et al., [Improving Auto-Augment via Augmentation-Wise Weight Sharing](
    https://arxiv.org/abs/2009.14737)
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_cv_extras._base import checks, files
from keras_cv_extras._base.types import ArrayLike, Path
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.search.trials._trainer import Score, Trainer

SHARE = 0.75  # of the epochs: what is left must still be able to change a network


def common_epochs(epochs: int, share: float = SHARE) -> int:
    """Returns how many epochs are common; at least one is, and one is left for a trial."""
    return min(max(round(share * epochs), 1), epochs - 1)


class SharedWeights:
    """Scores policies by the last epochs of a training whose first epochs all of them share.

    It takes the place of a `Trainer` in a `PolicyTuner`.

    Args:
        trainer: trains the model.
        policy: the policy of the common epochs, such as `uniform_policy`.
        share: the share of the epochs that is common, in (0, 1).
        seed: an integer: decides all that is random in the common epochs.
        path: None, or a file that keeps the common weights, so that an interrupted search does
            not train them again.

    Example:
        >>> shared = SharedWeights(trainer, uniform_policy(ops), path="search/shared.npz")
        >>> score = shared.score(policy, 1, *validation)
    """

    def __init__(
        self,
        trainer: Trainer,
        policy: Policy,
        *,
        share: float = SHARE,
        seed: int = 0,
        path: Path | None = None,
    ) -> None:
        self.trainer = trainer
        self.policy = policy
        if not 0 < checks.number("share", share) < 1:
            raise ValueError(f"share must be between 0 and 1, received {share!r}")
        self.num_common: int = common_epochs(trainer.epochs, share)
        if self.num_common < 1:
            raise ValueError("shared weights need a training of at least 2 epochs, received 1")
        self.seed: int = checks.integer("seed", seed)
        self.path: pathlib.Path | None = None if path is None else pathlib.Path(path)
        self._state = None

    @property
    def model(self) -> keras.Model:
        """The model that is trained."""
        return self.trainer.model

    def prepare(self) -> None:
        """Trains the common epochs, or reads what an earlier run has left of them.

        Raises:
            DivergedError: if the loss is not finite.
            ValueError: if the file is damaged, or of another model.
        """
        if self._state is not None:
            return
        if self.path is not None and self.path.is_file():
            self._state = _read(self.path, self.trainer.state())
            return
        self.trainer.train(self.policy, self.seed, epochs=(0, self.num_common))
        self._state = self.trainer.state()
        if self.path is not None:
            _write(self.path, self._state)

    def score(
        self,
        policy: Policy,
        seed: int,
        images: ArrayLike,
        labels: ArrayLike,
        *,
        last: int | None = None,
    ) -> Score:
        """Trains the last epochs with a policy and classifies other images.

        Args:
            policy: the augmentation of the last epochs.
            seed: an integer.
            images: `(n, height, width, channels)`.
            labels: `(n,)`, integers.
            last: the epoch to stop before; None for all epochs.

        Raises:
            DivergedError: if the loss or an output is not finite.
        """
        self.prepare()
        epochs = (self.num_common, last or self.trainer.epochs)
        return self.trainer.score(policy, seed, images, labels, epochs=epochs, start=self._state)


def uniform_policy(
    ops: Sequence[str], *, caps: Mapping[str, float] | None = None, **options: Any
) -> Policy:
    """Returns the policy that gives every image one op of any strength.

    Args:
        ops: names in `keras_cv_extras.augment.OPS`.
        caps: None, or for ops the highest strength, in [0, 1]; 1 for the others.
        **options: further arguments of `Policy`.

    Example:
        >>> policy = uniform_policy(["rotate", "invert"], caps={"rotate": 0.5})
    """
    rows = [[Step("identity")]]
    for op in ops:
        highest = (caps or {}).get(op, 1.0)
        rows.append([Step(op, 1.0, (0.0, highest) if OPS[op].has_strength else None)])
    return Policy(rows, **{"name": "uniform", **options})


def _write(path, state):
    arrays = {f"{part}.{i}": v for part in (0, 1) for i, v in enumerate(state[part])}
    files.write_arrays(path, arrays)


def _read(path, like):
    damaged = f"{path}: the common weights of the search cannot be read: delete the file"
    try:
        arrays = files.read_arrays(path)
        state = [[arrays[f"{part}.{i}"] for i in range(len(like[part]))] for part in (0, 1)]
    except (ValueError, KeyError) as error:
        raise ValueError(f"{damaged} ({error})") from error
    for values, others in zip(state, like, strict=True):
        if any(a.shape != b.shape for a, b in zip(values, others, strict=True)):
            raise ValueError(f"{damaged} (it is of another model)")
    return state
