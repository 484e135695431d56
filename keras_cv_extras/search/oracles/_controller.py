"""AutoAugment's controller: an LSTM that writes a policy down, decision by decision.

It is small enough for NumPy, which gives the same numbers on every backend and leaves nothing
to be traced. `_ppo.py` trains it.
"""

from typing import Any

import numpy as np

from keras_cv_extras.search.oracles._suggesting import host_uniform


class Controller:
    """Draws sequences of decisions, and tells how likely they were.

    Args:
        sizes: for each decision of the sequence among how many choices it is.
        kinds: for each decision a name; decisions of one name share their embedding and their
            softmax.
        num_units: units of the LSTM.
        seed: an integer, for the first weights.

    Attributes:
        weights: a dictionary of arrays.

    References:
        [AutoAugment](https://arxiv.org/abs/1805.09501), appendix: one layer of 100 units.
    """

    def __init__(self, sizes, kinds, *, num_units=100, seed=0):
        self.sizes, self.kinds, self.num_units = tuple(sizes), tuple(kinds), num_units
        shapes = {"start": (num_units,), "kernel": (2 * num_units, 4 * num_units)}
        for size, kind in zip(self.sizes, self.kinds, strict=True):
            shapes[f"embedding.{kind}"] = (size, num_units)
            shapes[f"logits.{kind}"] = (num_units, size)
        total = sum(int(np.prod(shape)) for shape in shapes.values())
        draws, begin = host_uniform(seed, total), 0
        self.weights = {"bias": np.zeros(4 * num_units)}
        for name, shape in shapes.items():
            count = int(np.prod(shape))
            # As in the paper's code: uniform in [-0.1, 0.1].
            self.weights[name] = 0.2 * draws[begin : begin + count].reshape(shape) - 0.1
            begin += count

    def draw(self, seed) -> np.ndarray:
        """Returns a sequence of decisions, an integer for each."""
        actions = np.zeros(len(self.sizes), int)
        uniforms = host_uniform(seed, len(self.sizes))
        state, before = self._begin(), None
        for step, kind in enumerate(self.kinds):
            state, _ = self._step(state, before)
            probabilities = np.exp(_log_softmax(state[0] @ self.weights[f"logits.{kind}"]))
            cumulative = np.cumsum(probabilities)
            point = uniforms[step] * cumulative[-1]
            actions[step] = min(np.searchsorted(cumulative, point, "right"), self.sizes[step] - 1)
            before = self.weights[f"embedding.{kind}"][actions[step]]
        return actions

    def log_probabilities(self, actions):
        """Returns, for each decision, the logarithms of all its choices, and what `gradient` needs.

        Args:
            actions: a sequence of decisions.
        """
        state, before, steps, logs = self._begin(), None, [], []
        for step, kind in enumerate(self.kinds):
            state, cache = self._step(state, before)
            logs.append(_log_softmax(state[0] @ self.weights[f"logits.{kind}"]))
            steps.append((cache, state))
            before = self.weights[f"embedding.{kind}"][actions[step]]
        return logs, steps

    def gradient(self, actions, steps, slopes) -> dict[str, Any]:
        """Returns the gradient of a number by the weights.

        Args:
            actions: the sequence of decisions.
            steps: what `log_probabilities` returned beside the logarithms.
            slopes: for each decision the gradient by its logits.
        """
        grads = {name: np.zeros_like(value) for name, value in self.weights.items()}
        units = self.num_units
        d_hidden, d_cell = np.zeros(units), np.zeros(units)
        for step in reversed(range(len(self.kinds))):
            kind = self.kinds[step]
            (joined, gates, cell_before), (hidden, cell) = steps[step]
            grads[f"logits.{kind}"] += np.outer(hidden, slopes[step])
            d_hidden = d_hidden + self.weights[f"logits.{kind}"] @ slopes[step]
            inside, forget, output, candidate = gates
            bent = np.tanh(cell)
            d_cell = d_cell + d_hidden * output * (1 - bent**2)
            d_gates = np.concatenate(
                [
                    d_cell * candidate * inside * (1 - inside),
                    d_cell * cell_before * forget * (1 - forget),
                    d_hidden * bent * output * (1 - output),
                    d_cell * inside * (1 - candidate**2),
                ]
            )
            grads["kernel"] += np.outer(joined, d_gates)
            grads["bias"] += d_gates
            d_joined = self.weights["kernel"] @ d_gates
            if step == 0:
                grads["start"] += d_joined[:units]
            else:
                before = self.kinds[step - 1]
                grads[f"embedding.{before}"][actions[step - 1]] += d_joined[:units]
            d_hidden, d_cell = d_joined[units:], d_cell * forget
        return grads

    def _begin(self):
        return np.zeros(self.num_units), np.zeros(self.num_units)

    def _step(self, state, before):
        hidden, cell = state
        joined = np.concatenate([self.weights["start"] if before is None else before, hidden])
        parts = np.split(joined @ self.weights["kernel"] + self.weights["bias"], 4)
        inside, forget, output = (1 / (1 + np.exp(-part)) for part in parts[:3])
        candidate = np.tanh(parts[3])
        after = forget * cell + inside * candidate
        cache = (joined, (inside, forget, output, candidate), cell)
        return (output * np.tanh(after), after), cache


def _log_softmax(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())
