"""What a plan rests on: seconds by an invented clock, the sizes of parts, weights drawn once."""

import dataclasses
import types

import numpy as np
import pytest

from keras_cv_extras import data, policy, search
from keras_cv_extras.search.stages import _plan, _request, _screen, _splits, _timing
from keras_cv_extras.search.stages._timing import Timing, Work

BUILD, RESUME, EPOCH, IMAGE, COMPILE, SET_UP = 3.0, 0.25, 0.5, 0.001, 40.0, 2.0


class Clocked:
    """A trainer that takes no time, but moves a clock on by what each part is said to cost."""

    epochs, num_kept = 8, 100

    def __init__(self, images, labels):
        self.train_images, self.train_labels = images, labels
        self.now, self._seen, self._cleared = 0.0, set(), False

    def monotonic(self):
        return self.now

    def _once(self, program):
        self.now += 0.0 if program in self._seen else COMPILE
        self._seen.add(program)

    def train(self, chosen, seed, *, epochs=None, start=None):
        first, last = epochs or (0, self.epochs)
        self._once("train")
        self.now += RESUME + EPOCH * (last - first) + (BUILD if start is None else 0.0)
        self.now += SET_UP if self._cleared and last > first else 0.0
        self._cleared = self._cleared and last == first

    def state(self):
        return "weights"

    def new_model(self, seed):
        self.now += BUILD
        self._cleared = True  # programs are set up again when they are next run

    def evaluate(self, images, labels):
        cells = len(labels) / 50  # of an op: both signs of five strengths, or five strengths
        self._once(f"screen of {cells}" if cells in (10, 5) else "evaluate")
        self.now += IMAGE * len(labels)
        return types.SimpleNamespace(correct=np.ones(len(labels), bool))


@pytest.fixture
def request_of(monkeypatch):
    """Makes a request whose trainer is `Clocked`; its clock is the one that is read."""

    def make(**changes):
        images, labels = data.load("digits").train
        trainer = Clocked(images[:100], labels[:100])
        for module in (_timing, _screen):
            monkeypatch.setattr(module, "time", trainer)
        parts = {
            "train": (images[:100], labels[:100]),
            "validation": (images[100:300], labels[100:300]),
            "confirmation": (images[300:400], labels[300:400]),
        }
        fields = {"trainer": trainer, "parts": parts, "seed": 0, "ops": ("rotate", "invert")}
        fields |= {
            "staged": True,
            "confirm_seeds": 2,
            "flip": False,
            "trials": 3,
            "epochs": 8,
            "space": "policy",
            "tuned_control": False,
            "harm_seeds": 0,
        }
        fields |= changes
        return types.SimpleNamespace(**fields)

    return make


@pytest.mark.wide
def test_what_compiles_or_builds_is_not_in_an_epoch(request_of):
    timing = _timing.measure(request_of())
    assert timing == Timing(
        starts=pytest.approx(BUILD + SET_UP),
        resumes=pytest.approx(RESUME),
        epochs=pytest.approx(EPOCH),
        images=pytest.approx(IMAGE),
        ops=0.0,  # all ops that are usual in searches share a program
        screened=pytest.approx(IMAGE),
    )
    ops = ("rotate", "gaussian_blur", "box_blur")
    rare = _timing.measure(request_of(ops=ops))
    assert rare == dataclasses.replace(timing, ops=pytest.approx(COMPILE))
    assert _timing.own_programs(("rotate", "gaussian_blur", "box_blur")) == [
        "gaussian_blur",
        "box_blur",
    ]
    full = _timing.measure(request_of(staged=False))
    assert (full.ops, full.screened, full.epochs) == (0, 0, pytest.approx(EPOCH))


def test_a_plan_is_what_its_trainings_take(request_of):
    """Every training of the plan is run on the clock: a stage takes what was foretold."""
    request = request_of()
    plan = _plan._plan(request, _timing.measure(request), None)
    trainer = request.trainer
    foretold = {stage.name: stage.work.seconds(plan.timing) for stage in plan.stages}
    counts = {stage.name: stage.trainings for stage in plan.stages}

    def taken(name, part, epochs, start):
        begun = trainer.now
        for _ in range(counts[name]):
            trainer.train(None, 0, epochs=epochs, start=start)
            trainer.evaluate(*request.parts[part])
        return trainer.now - begun

    for name in ("appeal of capped ops", "portfolio", "trials", "promoted trials"):
        assert foretold[name] == pytest.approx(taken(name, "validation", (6, 8), "weights"))
    whole = taken("confirmation", "confirmation", (0, 8), "kept") + 2 * (BUILD + SET_UP)
    assert foretold["confirmation"] == pytest.approx(whole)
    trainer.num_kept = 1  # the weights of two seeds take turns: each training draws its own
    again = {s.name: s for s in _plan._plan(request, plan.timing, None).stages}
    assert again["confirmation"].work.starts == counts["confirmation"]
    appeals = foretold["appeal of capped ops"] / 60
    assert plan.most_minutes - plan.minutes == pytest.approx(appeals / 2)


@pytest.mark.wide
def test_fresh_weights_are_drawn_once_for_each_seed(monkeypatch):
    import keras

    images, labels = (part[:32] for part in data.load("digits").train)

    def build():
        layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
        return keras.Sequential(layers)

    trainer = search.Trainer(build, (images, labels), epochs=1, batch_size=32)
    built, new_model = [], trainer.new_model
    monkeypatch.setattr(trainer, "new_model", lambda seed: built.append(seed) or new_model(seed))
    nothing = policy.no_augmentation()

    def weights(seed):
        return trainer.train(nothing, seed).get_weights()[0].copy()

    first, other, again = weights(3), weights(4), weights(3)
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert built == [3, 4]
    monkeypatch.setattr(type(trainer), "num_kept", 1)
    np.testing.assert_array_equal(weights(4), other)  # the oldest, 3, makes room for the next
    weights(5)
    weights(5)
    assert built == [3, 4, 5]
    weights(3)  # which has gone
    assert built == [3, 4, 5, 3]
    monkeypatch.setattr(type(trainer), "num_kept", 0)
    trainer._fresh.clear()
    weights(5)
    weights(5)
    assert built == [3, 4, 5, 3, 5, 5]


@pytest.mark.parametrize(("count", "sizes"), [(898, [449, 224, 224]), (9000, [1000, 4000, 4000])])
def test_parts_shrink_with_the_data(count, sizes):
    images, labels = np.zeros((count, 1, 1, 1), "uint8"), np.arange(count) % 10
    parts = _splits.split_for_search(images, labels, seed=0)
    assert [len(own) for _, own in parts.values()] == sizes
    later = np.zeros((60, 1, 1, 1), "uint8"), np.arange(60) % 10
    parts = _splits.split_for_search(images, labels, validation_data=later, seed=0)
    assert [len(own) for _, own in parts.values()] == [min(count, 1000), 30, 30]


def test_a_message_names_no_number_below_0():
    images, labels = np.zeros((90, 1, 1, 1), "uint8"), np.arange(90) % 3
    with pytest.raises(ValueError, match="to give 100 for train, 0 for validation, 0 for"):
        _splits.split_for_search(images, labels, train_size=100, seed=0)


@pytest.mark.wide
def test_a_budget_of_two_minutes_is_enough_for_digits(monkeypatch, tmp_path):
    """With seconds such as two cores take for the network of `kcx search`."""
    import keras

    def build():
        layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
        return keras.Sequential(layers)

    measured = Timing(starts=0.3, resumes=0.01, epochs=0.03, images=1e-4, ops=0.4, screened=1e-4)
    monkeypatch.setattr(_timing, "measure", lambda request: measured)
    asked = search.SearchSettings(budget=2)
    request = _request.make_request(data.load("digits"), build, asked)
    request, plan = _plan.decide(request, tmp_path, measured=True)
    assert request.trials >= 2
    assert plan.most_minutes <= 2
    assert (request.epochs, request.confirm_seeds) == (20, 3)
    assert Work().seconds(measured) == 0
    # On a slower machine trainings are shorter and fewer, as long as the search needs them to be.
    slow = Timing(starts=2.0, resumes=0.02, epochs=0.2, images=1e-4, ops=1.0, screened=1e-4)
    monkeypatch.setattr(_timing, "measure", lambda request: slow)
    full = _request.make_request(data.load("digits"), build, asked)
    request, plan = _plan.decide(full, tmp_path / "slow", measured=True)
    assert (request.epochs, request.confirm_seeds) == (10, 2)
    assert request.trainer.epochs == request.settings.epochs == 10
    assert plan.most_minutes <= 2
    assert request.trials >= 2
    again, _ = _plan.decide(full, tmp_path / "slow", measured=True)
    assert again.identity() == request.identity()
    assert full.epochs == 20
