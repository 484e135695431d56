"""Policies by epoch: the right one at every epoch, by one program, and PBA's published format."""

import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, layers, policy
from keras_cv_extras._base import engine
from keras_cv_extras.policy import Policy, PolicySchedule, Step, _program
from keras_cv_extras.policy.interop import _pba

# With an op that AutoAugment has not, a program is of these alone, which compiles faster.
NEVER = Step("flip_vertical", 0.0)
NONE = Policy([[NEVER]])
INVERT = Policy([[Step("invert"), NEVER]])
BRIGHT = Policy([[NEVER], [Step("brightness", 1.0, value=2.0), Step("invert", 0.0)]])
SCHEDULE = PolicySchedule({0: NONE, 2: INVERT, 5: BRIGHT})
IMAGES = np.full((6, 4, 5, 3), 40, "uint8")

# Two lines as a search writes them: twice 15 pairs of a probability in tenths and a level.
EARLY, LATE = [0] * 60, [0] * 60
LATE[4:6], LATE[6:8], LATE[36:38] = [10, 3], [5, 9], [2, 4]  # Invert, Rotate, Rotate
LOG = f"['9', '10', 8, 9, {EARLY}, {LATE}]\n['7', '9', 26, 24, {LATE}, {EARLY}]\n"


@pytest.mark.wide
def test_the_policy_of_every_epoch():
    for epoch, wanted in ((0, 0), (1, 0), (2, 2), (4, 2), (5, 5), (99, 5)):
        chosen = SCHEDULE.policy_at(epoch)
        assert chosen == SCHEDULE.policies[wanted]
    assert np.all(np.asarray(SCHEDULE(IMAGES, epoch=1)) == 40)
    assert np.all(np.asarray(SCHEDULE(IMAGES, epoch=4)) == 215)
    late = np.asarray(SCHEDULE(np.repeat(IMAGES, 5, 0), epoch=7))
    assert sorted(np.unique(late)) == [40, 80]


def test_no_epoch_compiles_again(batch):
    def traces():
        images = tf.convert_to_tensor(IMAGES)
        run = engine.runner(_program.execute_one, True, images, structure=structure)
        return run.experimental_get_tracing_count()

    structure = SCHEDULE.tables(4, 5, 0)[1]
    SCHEDULE(IMAGES, epoch=0)
    assert traces() == 1
    for epoch in range(1, 9):
        SCHEDULE(IMAGES, epoch=epoch, seed=epoch)
        SCHEDULE(IMAGES, epoch=tf.constant(epoch, "int64"))
    assert traces() == 1


@pytest.mark.wide
def test_in_a_pipeline_over_epochs():
    labels = np.arange(6)
    train = data.pipeline((IMAGES, labels), 4, policy=SCHEDULE, num_epochs=7, seed=1)
    levels = [np.unique(images) for images, _ in train.as_numpy_iterator()]
    assert [set(one) for one in levels[:10]] == [{40}] * 4 + [{215}] * 6
    assert set(np.concatenate(levels[10:])) == {40, 80}
    fixed = data.pipeline((IMAGES, labels), 6, policy=SCHEDULE, epoch=3)
    assert np.all(next(fixed.as_numpy_iterator())[0] == 215)


@pytest.mark.wide
@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_as_a_layer_of_a_model(jit_compile, tmp_path):
    layer = layers.PolicyAugment(SCHEDULE, value_range=(0, 1), seed=1)

    class Means(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = self.add_weight(shape=(), trainable=False, initializer="zeros")

        def call(self, x, training=None):
            if training:
                self.seen.assign(keras.ops.mean(x))
            return keras.ops.mean(x, axis=(1, 2))

    means, found = Means(), []
    model = keras.Sequential([keras.Input((4, 5, 3)), layer, means, keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=jit_compile)
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: found.append(float(means.seen))
    )
    images = IMAGES.astype("float32") / 255
    callbacks = [layers.EpochCounter(layer), note]
    model.fit(images, np.zeros(6), epochs=4, batch_size=6, verbose=0, callbacks=callbacks)
    assert np.round(np.array(found) * 255).tolist() == [40, 40, 215, 215]
    np.testing.assert_array_equal(layer(images, training=False), images)
    if not jit_compile:
        small = keras.Sequential([keras.Input((4, 5, 3)), layer])
        small.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
        assert loaded.policy == layer.policy
        assert int(loaded.epoch) == 3
        assert np.round(np.mean(loaded(images)) * 255) == 215


def test_files(tmp_path):
    SCHEDULE.save(tmp_path / "schedule.json")
    assert PolicySchedule.load(tmp_path / "schedule.json") == SCHEDULE
    assert policy.load(tmp_path / "schedule.json") == SCHEDULE
    INVERT.save(tmp_path / "policy.json")
    assert policy.load(tmp_path / "policy.json") == INVERT
    with pytest.raises(ValueError, match="policy.json: not a schedule"):
        PolicySchedule.load(tmp_path / "policy.json")
    damaged = SCHEDULE.to_dict()
    del damaged["policies"][1]["policy"]["stages"]
    (tmp_path / "damaged.json").write_text(json.dumps(damaged))
    with pytest.raises(ValueError, match="damaged.json: policy 1 of the schedule"):
        policy.load(tmp_path / "damaged.json")


def test_a_ramp():
    full = Policy([[Step("rotate", 0.5, (0.2, 0.8)), Step("contrast", value=1.8, signed=True)]])
    schedule = policy.ramp(full, 5, first=0.0, last=1.0)
    assert len(schedule.policies) == 5
    turn, contrast = schedule.policy_at(2).sub_policies[0]
    assert turn.strength == (0.1, 0.4)
    assert contrast.value == pytest.approx(1.4)
    assert contrast.signed
    assert schedule.policy_at(40).stages == full.stages


def test_wrong_schedules():
    with pytest.raises(ValueError, match="must begin at epoch 0, received \\[3\\]"):
        PolicySchedule({3: INVERT})
    with pytest.raises(ValueError, match="must have the same fill, received 0 at epoch 0 and 9"):
        PolicySchedule({0: INVERT, 1: Policy([[Step("invert")]], fill=9)})
    with pytest.raises(TypeError, match="policies must hold Policies"):
        PolicySchedule({0: "cifar10"})
    with pytest.raises(TypeError, match="EpochCounter takes layers with an epoch"):
        layers.EpochCounter(layers.PolicyAugment(INVERT))


def test_pba_logs_are_read_as_their_authors_read_them():
    schedule = policy.from_pba(LOG, 40)
    # What the first line came from until its epoch 9, then its new policy until epoch 24.
    assert list(schedule.policies) == [0, 9, 24]
    assert schedule.policy_at(0).is_identity
    assert schedule.policy_at(24).is_identity
    stretched = policy.from_pba(LOG, 40, num_epochs=80)
    assert list(stretched.policies) == [0, 18, 48]
    other = f"['3', '4', 1, 1, {LATE}, {LATE}]\n"  # of another population: not counted
    assert policy.from_pba(other + LOG, 40) == schedule
    ops = {step.op for steps in schedule.policy_at(9).sub_policies for step in steps}
    assert ops == {"identity", "invert", "rotate"}
    with pytest.raises(ValueError, match="the text is no log of PBA"):
        policy.from_pba("hello", 40)
    with pytest.raises(ValueError, match="more than 20 epochs"):
        policy.from_pba(LOG, 20)


def test_pba_draws_as_its_algorithm_does():
    """Against the algorithm itself, run over all that may happen."""
    ops = ("Invert", "Equalize", "Rotate")
    numbers = [10, 0, 3, 0, 5, 9]
    chances = {"invert": 1.0, "equalize": 0.3, "rotate": 0.5}
    wanted = {}
    for order in itertools.permutations(chances):
        for passing in itertools.product([False, True], repeat=3):
            lets = dict(zip(chances, passing, strict=True))
            weight = np.prod([c if lets[op] else 1 - c for op, c in chances.items()]) / 6
            for count, share in enumerate((0.2, 0.3, 0.5)):
                applied = tuple([op for op in order if lets[op]][:count]) or ("identity",)
                wanted[applied] = wanted.get(applied, 0.0) + weight * share
    made = policy.pba_policy(numbers, ops=ops)
    found = {
        tuple(step.op for step in steps): weight
        for steps, weight in zip(made.sub_policies, made.weights, strict=True)
    }
    wanted = {k: v for k, v in wanted.items() if v > 0}
    assert found == pytest.approx(wanted)
    assert sum(_pba._counts([0.2, 0.9])) == pytest.approx(1)
    assert _pba._counts([0.2, 0.9]) == pytest.approx([0.08, 0.74, 0.18])
