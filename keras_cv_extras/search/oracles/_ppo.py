"""The search method of AutoAugment: a controller trained by reinforcement, as an oracle."""

import pathlib
from typing import Any

import keras_tuner as kt
import numpy as np

from keras_cv_extras._base import checks, files
from keras_cv_extras.search.oracles._controller import Controller
from keras_cv_extras.search.oracles._space import choices, kind_of
from keras_cv_extras.search.oracles._suggesting import SuggestingOracle

_CLIP = 0.2  # of proximal policy optimisation, arXiv:1707.06347
_NUM_PASSES = 4  # over a batch of trials
_MOMENTS = (0.9, 0.999)  # of Adam


class ControllerOracle(SuggestingOracle):
    """Suggests trials by a controller that is trained on the scores, as AutoAugment was searched.

    An LSTM writes the values down one after the other, the validation score is its reward, and
    proximal policy optimisation makes what scored above a moving baseline more likely. The
    controller is a function of the seed and the finished trials in the order of their
    numbers. It is kept in a file as well, so that a long search does not replay them at its start.

    AutoAugment tried about 15,000 policies at a learning rate of 0.00035. The default here is for
    hundreds of trials; with fewer, `TPEOracle` learns more.

    Args:
        objective: as in keras-tuner; the validation accuracy by default.
        max_trials: number of trials.
        hyperparameters: the whole space, without conditions, every value one of a few;
            `policy_space()` by default.
        seed: an integer.
        learning_rate: of Adam.
        batch_size: finished trials for one update of the controller.
        entropy_weight: weight of the entropy of decisions in the loss.
        baseline_decay: of the moving average of scores that a score is compared with, in [0, 1).
        num_units: units of the LSTM.
        **options: as in `SuggestingOracle`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [AutoAugment](https://arxiv.org/abs/1805.09501), section 3 and appendix: PPO, entropy
        weight 1e-5, baseline decay 0.95.
        [Proximal policy optimization](https://arxiv.org/abs/1707.06347)

    Example:
        >>> oracle = ControllerOracle(max_trials=500, seed=1)
    """

    def __init__(
        self,
        objective: Any | None = None,
        max_trials: int = 20,
        hyperparameters: kt.HyperParameters | None = None,
        *,
        seed: int = 0,
        learning_rate: float = 5e-3,
        batch_size: int = 4,
        entropy_weight: float = 1e-5,
        baseline_decay: float = 0.95,
        num_units: int = 100,
        **options: Any,
    ) -> None:
        super().__init__(objective, max_trials, hyperparameters, seed=seed, **options)
        self._learning_rate = checks.positive("learning_rate", learning_rate)
        self._batch_size = checks.integer("batch_size", batch_size, minimum=1)
        self._entropy_weight = checks.non_negative("entropy_weight", entropy_weight)
        if not 0 <= checks.number("baseline_decay", baseline_decay) < 1:
            raise ValueError(f"baseline_decay must be in [0, 1), received {baseline_decay!r}")
        self._baseline_decay = baseline_decay
        self._num_units = checks.integer("num_units", num_units, minimum=1)
        self._prepare()

    def _prepare(self):
        self._choices = choices(self.hyperparameters)
        self._start()

    def ask(self, trial_id: str, seed: int, attempt: int) -> dict[str, Any] | None:
        """Returns the values of a new trial; see `SuggestingOracle`."""
        self._learn()
        actions = self._controller.draw(seed)
        pairs = zip(self._choices.items(), actions, strict=True)
        return {name: values[action] for (name, values), action in pairs}

    def get_state(self) -> dict[str, Any]:
        """Returns the state for JSON; the controller's own file is written beside."""
        self._learn()
        return super().get_state()

    def _start(self):
        sizes = [len(values) for values in self._choices.values()]
        kinds = [kind_of(name) for name in self._choices]
        self._controller = Controller(sizes, kinds, num_units=self._num_units, seed=self._own_seed)
        self._moments = {
            f"{moment}.{name}": np.zeros_like(value)
            for moment in (1, 2)
            for name, value in self._controller.weights.items()
        }
        self._learnt, self._baseline, self._updates = [], None, 0

    def _learn(self):
        """Brings the controller to where the finished trials take it, a batch at a time."""
        known = self.known_trials()
        ended = [name for name in known if self.trials[name].status == "COMPLETED"]
        whole = len(ended) - len(ended) % self._batch_size
        if not self._learnt and whole:
            self._read(ended)
        if self._learnt != ended[: len(self._learnt)]:  # another history: from the start
            self._start()
        begin = len(self._learnt)
        for start in range(begin, whole, self._batch_size):
            self._update(ended[start : start + self._batch_size])
        if whole > begin:
            self._write()

    def _update(self, names):
        sign = 1.0 if self.objective.direction == "max" else -1.0
        scores = [sign * self.trials[name].score for name in names]
        if self._baseline is None:
            self._baseline = float(np.mean(scores))
        batch = []
        for name, score in zip(names, scores, strict=True):
            values = self.trials[name].hyperparameters.values
            actions = [self._choices[key].index(values[key]) for key in self._choices]
            logs, _ = self._controller.log_probabilities(actions)
            old = np.array([log[action] for log, action in zip(logs, actions, strict=True)])
            batch.append((actions, old, score - self._baseline))
            self._baseline += (1 - self._baseline_decay) * (score - self._baseline)
        # Scores differ by points of accuracy: the batch's own spread makes them comparable.
        spread = np.sqrt(np.mean([advantage**2 for _, _, advantage in batch])) + 1e-8
        for _ in range(_NUM_PASSES):
            total = dict.fromkeys(self._controller.weights, 0.0)
            for actions, old, advantage in batch:
                gradient = self._gradient(actions, old, advantage / spread)
                total = {name: total[name] + gradient[name] for name in total}
            self._adam({name: value / len(batch) for name, value in total.items()})
        self._learnt += names

    def _gradient(self, actions, old, advantage):
        """The gradient of what is to be made small: minus the clipped gain, minus the entropy."""
        logs, steps = self._controller.log_probabilities(actions)
        slopes = []
        for log, action, before in zip(logs, actions, old, strict=True):
            probabilities, ratio = np.exp(log), np.exp(log[action] - before)
            limit = 1 + _CLIP if advantage > 0 else 1 - _CLIP
            clipped = ratio > limit if advantage > 0 else ratio < limit
            gain = 0.0 if clipped else ratio * advantage
            slope = gain * probabilities
            slope[action] -= gain
            entropy = -np.sum(probabilities * log)
            slope += self._entropy_weight * probabilities * (log + entropy)
            slopes.append(slope)
        return self._controller.gradient(actions, steps, slopes)

    def _adam(self, gradient):
        self._updates += 1
        for name, slope in gradient.items():
            corrected = []
            for number, (decay, value) in enumerate(
                zip(_MOMENTS, (slope, slope**2), strict=True), start=1
            ):
                moment = self._moments[f"{number}.{name}"]
                moment += (1 - decay) * (value - moment)
                corrected.append(moment / (1 - decay**self._updates))
            self._controller.weights[name] -= (
                self._learning_rate * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
            )

    def _path(self):
        return pathlib.Path(self._project_dir) / "controller.npz"

    def _write(self):
        arrays = {f"weights.{name}": value for name, value in self._controller.weights.items()}
        arrays |= {f"moments.{name}": value for name, value in self._moments.items()}
        history = np.array(self._learnt, "U")
        numbers = np.array([self._baseline, self._updates], "float64")
        files.write_arrays(self._path(), {"history": history, "numbers": numbers, **arrays})

    def _read(self, ended):
        """Takes the controller from its file, if that is of these trials; else it is replayed."""
        if not self._path().is_file():
            return
        try:
            arrays = files.read_arrays(self._path())
            learnt = [str(name) for name in arrays["history"]]
            weights = {k: arrays[f"weights.{k}"] for k in self._controller.weights}
            moments = {k: arrays[f"moments.{k}"] for k in self._moments}
            baseline, updates = arrays["numbers"]
        except (ValueError, KeyError) as error:
            raise ValueError(
                f"{self._path()}: the state of the controller cannot be read ({error}): delete "
                "the file, and it is made again from the finished trials"
            ) from error
        same = all(weights[k].shape == v.shape for k, v in self._controller.weights.items())
        if same and learnt == ended[: len(learnt)]:
            self._controller.weights, self._moments = weights, moments
            self._learnt, self._baseline, self._updates = learnt, float(baseline), int(updates)
