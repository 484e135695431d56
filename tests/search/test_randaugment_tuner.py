"""RandAugment tuned over its two numbers, with the trainer and the files of every search."""

import numpy as np
import pytest

from keras_cv_extras import policy, search
from keras_cv_extras.search.trials._trainer import Score


class Invented:
    """Scores RandAugment by how near it is to two ops of 0.6, and counts."""

    def __init__(self, stop_at=None):
        self.stop_at, self.seen = stop_at, []

    def score(self, chosen, seed, images, labels):
        if len(self.seen) == self.stop_at:
            raise KeyboardInterrupt
        self.seen.append(chosen)
        strength = max(steps[0].strength or 0 for steps in chosen.sub_policies)
        accuracy = 1 - abs(chosen.stages[0].num_draws - 2) / 10 - abs(strength - 0.6)
        return Score(accuracy, 1 - accuracy, np.ones(1, bool), 0.1)


def tuner(directory, trainer, **options):
    return search.RandAugmentTuner(
        validation=([], []), trainer=trainer, directory=directory, **options
    )


def test_the_whole_grid_finds_the_best(tmp_path):
    trainer = Invented()
    made = tuner(tmp_path, trainer)
    made.search()
    assert len(trainer.seen) == 30
    assert len({(p.stages[0].num_draws, p.stages) for p in trainer.seen}) == 30
    best = made.best_policies(2)
    assert best[0].stages == policy.rand_augment(2, 0.6).stages
    assert best[0].name == "trial 15"
    assert len(best) == 2


def test_a_budget_spreads_over_the_grid_and_a_search_goes_on(tmp_path):
    trainer = Invented()
    whole = tuner(tmp_path / "whole", trainer, max_trials=9)
    whole.search()
    draws = [p.stages[0].num_draws for p in trainer.seen]
    assert set(draws) == {1, 2, 3}
    assert len(trainer.seen) == 9
    first, second = Invented(stop_at=4), Invented()
    with pytest.raises(KeyboardInterrupt):
        tuner(tmp_path / "parts", first, max_trials=9).search()
    rest = tuner(tmp_path / "parts", second, max_trials=9)
    rest.search()
    assert [p.stages for p in first.seen + second.seen] == [p.stages for p in trainer.seen]
    assert rest.best_policies(1) == whole.best_policies(1)


def test_any_oracle_may_search_the_space(tmp_path):
    space = search.rand_augment_space(num_ops=(1, 2), strengths=(0.2, 0.4, 0.6, 0.8))
    oracle = search.TPEOracle(max_trials=5, hyperparameters=space, seed=1)
    trainer = Invented()
    tuner(tmp_path, trainer, oracle=oracle, ops=("rotate", "invert")).search()
    assert len(trainer.seen) == 5
    assert {steps[0].op for p in trainer.seen for steps in p.sub_policies} == {"rotate", "invert"}


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="the hyperparameters hold no num_ops"):
        tuner(tmp_path, Invented(), oracle=search.TPEOracle())
    with pytest.raises(ValueError, match="a strength must be in"):
        search.rand_augment_space(strengths=(3,))
    with pytest.raises(ValueError, match="an op must be one of"):
        tuner(tmp_path, Invented(), ops=("warp",))
    with pytest.raises(TypeError, match="no caps"):
        tuner(tmp_path, Invented(), caps={"rotate": 0.4})
