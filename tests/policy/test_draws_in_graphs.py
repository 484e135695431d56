"""A program that would draw the same for every batch says so when it is traced."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment, mix, policy
from keras_cv_extras._base.draws import draws_of
from keras_cv_extras.policy import Policy, Step

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), "uint8")
LABELS = np.array([0, 1])
SOMETIMES = Policy([[Step("invert", 0.5)]])
DRAWN = {
    "policy": lambda images, **draws: SOMETIMES(images, compile=False, **draws),
    "mix": lambda images, **draws: mix.MixUp(0.2)(images, LABELS, compile=False, **draws),
    "augmix": lambda images, **draws: policy.augmix(
        images, width=1, chain=Policy([[Step("invert")]]), **draws
    ),
}


def in_a_graph(function, *arguments):
    return tf.function(function).get_concrete_function(*arguments)


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_draws_for_every_batch_are_told(name, untold):
    with pytest.warns(UserWarning, match="every batch .* same random numbers: .*samples"):
        in_a_graph(DRAWN[name], tf.constant(IMAGES))
    DRAWN[name](IMAGES)  # a call by hand is repeated on purpose


KEYED = [name for name, op in augment.OPS.items() if op.takes_key]
LARGER = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), "uint8")
SIZED = {"random_resized_crop": {"size": (8, 8)}}


def called(name, images, **given):
    op = augment.OPS[name]
    if op.has_strength:
        given[op.value_name] = op.strength.value(0.9, 32, 32)
    function: Any = getattr(augment, name)
    return function(images, **given, compile=False)


@pytest.mark.parametrize("name", KEYED)
def test_what_draws_is_said_of_an_op(name, untold):
    op, options = augment.OPS[name], SIZED.get(name, {})
    results = [np.asarray(called(name, LARGER, key=key, **options)) for key in range(4)]
    assert op.draws(options) is any((result != results[0]).any() for result in results)
    assert op.draws({"fill_mode": "noise"})
    drawn = lambda images, **key: called(name, images, **options, **key)  # noqa: E731
    if not op.draws({}):
        in_a_graph(drawn, tf.constant(LARGER))
        options["fill_mode"] = "noise"
    with pytest.warns(UserWarning, match=f"{name} .* same numbers for every batch.*`key`"):
        in_a_graph(drawn, tf.constant(LARGER))
    in_a_graph(lambda images: drawn(images, key=[3, 4]), tf.constant(LARGER))
    drawn(LARGER)


@pytest.mark.parametrize("changing", ["seed", "epoch", "samples"])
def test_draws_that_change_are_not(changing, untold):
    def drawn(images, it):
        given = {"seed": np.int64(3), "epoch": 1, "samples": None, changing: it}
        return draws_of(images, **given).uniform(0)

    in_a_graph(drawn, IMAGES, tf.constant([3, 4]))
    with pytest.warns(UserWarning, match="same random numbers"):
        in_a_graph(lambda images: drawn(images, None if changing == "samples" else 7), IMAGES)


STEPS = {
    "random": [
        Step("invert", 0.9),
        Step("rotate", strength=0.5),  # to the left or to the right
        Step("solarize", strength=(0.2, 0.3)),
        Step("rotate", value=5.0, signed=True),
        Step("rotate", value=(1.0, 5.0)),
        Step("rotate", value=5.0, options={"fill_mode": "noise"}),
        Step("cutout", strength=0.5),
        Step("gaussian_noise", strength=0.5),
        Step("channel_shuffle"),
    ],
    "fixed": [
        Step("cutout", 0.0, 0.5),
        Step("flip_vertical", 0.0),
        Step("invert"),
        Step("solarize", strength=0.3),
        Step("color", value=1.4),
        Step("rotate", value=5.0),
    ],
}


@pytest.mark.parametrize(
    ("kind", "step"), [(kind, step) for kind, steps in STEPS.items() for step in steps], ids=repr
)
def test_what_is_random(kind, step):
    assert step.is_random is (kind == "random")
    fixed = Policy([[Step("identity"), Step("invert")]])
    joined = fixed + Policy([[Step("posterize", strength=1.0), step]])
    assert joined.is_random is step.is_random
    assert Policy([[step], [step]]).is_random
    if not step.is_random:
        first, second = (joined(IMAGES, seed=seed, compile=False) for seed in (0, 1))
        np.testing.assert_array_equal(first, second)


def test_a_schedule_is_as_random_as_its_policies():
    first, second = Policy([[Step("invert")]]), Policy([[Step("solarize", strength=0.3)]])
    assert not policy.PolicySchedule({0: first, 5: second}).is_random
    assert policy.PolicySchedule({0: first, 5: Policy([[Step("solarize", 0.5, 0.3)]])}).is_random


def test_what_is_not_random_may_be_the_same():
    fixed = Policy([[Step("invert")]])
    made = in_a_graph(lambda images: fixed(images, compile=False), IMAGES)(IMAGES)
    np.testing.assert_array_equal(made, 255 - IMAGES)
