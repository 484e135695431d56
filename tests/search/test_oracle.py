import json

import keras_tuner as kt
import numpy as np
import pytest

from keras_cv_extras import policy, search
from keras_cv_extras.search.oracles import _controller


class Invented(kt.Tuner):
    """Scores policies by how often they invert: no training, so that many trials are quick."""

    def __init__(self, oracle, directory, stop_at=None):
        self.stop_at = stop_at
        super().__init__(oracle=oracle, directory=str(directory), project_name="trials")
        oracle.verbose = 0
        if (directory / "trials" / "oracle.json").exists():
            oracle.reload()

    def run_trial(self, trial, *args, **kwargs):
        if self.stop_at is not None and int(trial.trial_id) == self.stop_at:
            raise KeyboardInterrupt
        steps = [s for row in search.policy_from(trial.hyperparameters).sub_policies for s in row]
        return {"val_accuracy": sum(s.rate for s in steps if s.op == "invert") / len(steps)}

    def save(self):
        """The oracle keeps its own state."""


ORACLES = {
    # A small space: what it learns of one place counts for four, of the whole one for ten.
    "tpe": lambda **options: search.TPEOracle(
        hyperparameters=search.policy_space(num_sub_policies=2), **options
    ),
    "evolution": lambda **options: search.EvolutionOracle(population_size=8, **options),
    "controller": lambda **options: search.ControllerOracle(num_units=24, **options),
}


def run(directory, trials, seed, stop_at=None, kind="tpe"):
    oracle = ORACLES[kind](max_trials=trials, seed=seed)
    tuner = Invented(oracle, directory, stop_at)
    if stop_at is None:
        tuner.search()
    else:
        with pytest.raises(KeyboardInterrupt):
            tuner.search()
    ended = {int(name): trial.hyperparameters.values for name, trial in oracle.trials.items()}
    return ended, [oracle.trials[name].score for name in sorted(oracle.trials)]


@pytest.mark.wide_but("tpe")
@pytest.mark.parametrize("kind", ORACLES)
def test_the_same_seed_gives_the_same_trials_interrupted_or_not(tmp_path, kind):
    whole, _ = run(tmp_path / "whole", 14, seed=0, kind=kind)
    assert len(whole) == 14
    again, _ = run(tmp_path / "again", 14, seed=0, kind=kind)
    assert again == whole
    other, _ = run(tmp_path / "other", 14, seed=1, kind=kind)
    assert other != whole
    run(tmp_path / "parts", 14, seed=0, stop_at=3, kind=kind)
    run(tmp_path / "parts", 14, seed=0, stop_at=11, kind=kind)
    resumed, _ = run(tmp_path / "parts", 14, seed=0, kind=kind)
    assert resumed == whole


@pytest.mark.wide
@pytest.mark.parametrize(("kind", "trials"), [("evolution", 80), ("controller", 100)])
def test_the_others_learn_too(tmp_path, kind, trials):
    _, scores = run(tmp_path, trials, seed=2, kind=kind)
    assert np.mean(scores[-20:]) > 2 * np.mean(scores[:20])


def test_the_controllers_gradient_is_that_of_differences():
    controller = _controller.Controller([3, 4, 3, 4], ["a", "b", "a", "b"], num_units=5, seed=3)
    actions, slopes = [2, 0, 1, 3], [np.arange(n) - 1.0 for n in (3, 4, 3, 4)]

    def total():
        """A number whose gradient by the logits is `slopes`, were they on their own."""
        logs, steps = controller.log_probabilities(actions)
        del logs
        logits = [
            state[0] @ controller.weights[f"logits.{kind}"]
            for (_, state), kind in zip(steps, controller.kinds, strict=True)
        ]
        return sum(float(s @ z) for s, z in zip(slopes, logits, strict=True))

    _, steps = controller.log_probabilities(actions)
    gradient = controller.gradient(actions, steps, slopes)
    for name, weight in controller.weights.items():
        for place in list(np.ndindex(weight.shape))[::7]:
            kept = weight[place]
            weight[place] = kept + 1e-6
            above = total()
            weight[place] = kept - 1e-6
            below = total()
            weight[place] = kept
            assert gradient[name][place] == pytest.approx((above - below) / 2e-6, abs=1e-6)


def test_the_controllers_file_saves_the_replay_and_is_not_trusted_blindly(tmp_path):
    run(tmp_path, 12, seed=0, kind="controller")
    path = tmp_path / "trials" / "controller.npz"
    oracle = ORACLES["controller"](max_trials=12, seed=0)
    Invented(oracle, tmp_path)
    oracle._learn()
    read = {name: value.copy() for name, value in oracle._controller.weights.items()}
    path.unlink()
    oracle._start()
    oracle._learn()
    for name, value in oracle._controller.weights.items():
        np.testing.assert_array_equal(value, read[name])
    path.write_bytes(path.read_bytes()[:500])
    oracle._start()
    with pytest.raises(ValueError, match=r"controller.npz: the state of the controller cannot"):
        oracle._learn()


def test_it_learns(tmp_path):
    _, scores = run(tmp_path, 40, seed=2)
    assert max(scores[20:]) > max(scores[:8])  # the first eight are random
    assert sum(scores[30:]) > 2 * sum(scores[:10])


def test_a_torn_state_is_one_clear_line(tmp_path):
    run(tmp_path, 3, seed=0)
    path = tmp_path / "trials" / "oracle.json"
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match=r"oracle.json: .*the state of the search cannot be read"):
        run(tmp_path, 5, seed=0)


def test_space_round_trip():
    space = search.policy_space()
    assert len(space.space) == 5 * 2 * 3
    values = {hp.name: hp.default for hp in space.space}
    made = search.policy_from(values)
    assert [len(steps) for steps in made.sub_policies] == [2] * 5
    again = search.policy_from(search.values_from(made))
    assert again == made
    json.dumps(values)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="max_trials must be at least 1"):
        search.TPEOracle(max_trials=0)
    with pytest.raises(ValueError, match="an op must be one of"):
        search.policy_space(ops=("warp",))
    with pytest.raises(ValueError, match="hold no policy"):
        search.policy_from({"units": 3})
    with pytest.raises(ValueError, match="not in the space"):
        search.values_from(policy.trivial_augment())
