"""A program that would draw the same for every batch says so when it is traced."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import mix, policy
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
def test_the_same_draws_for_every_batch_are_told(name):
    with pytest.warns(UserWarning, match="every batch .* same random numbers: .*samples"):
        in_a_graph(DRAWN[name], tf.constant(IMAGES))
    with pytest.warns(UserWarning, match="same random numbers"):
        in_a_graph(lambda images: DRAWN[name](images, seed=np.int64(3), epoch=1), IMAGES)


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("given", ["seed", "epoch", "samples"])
def test_draws_that_change_are_not(name, given):
    changing = tf.constant([3, 4]) if given == "samples" else tf.constant(3)
    in_a_graph(lambda images, it: DRAWN[name](images, **{given: it}), IMAGES, changing)
    DRAWN[name](IMAGES)  # a call by hand is repeated on purpose


STEPS = {
    "random": [
        Step("invert", 0.9),
        Step("rotate", strength=0.5),  # to the left or to the right
        Step("solarize", strength=(0.2, 0.3)),
        Step("rotate", value=5.0, signed=True),
        Step("rotate", value=(1.0, 5.0)),
        Step("cutout", strength=0.5),
        Step("gaussian_noise", strength=0.5),
        Step("channel_shuffle"),
    ],
    "fixed": [Step("invert"), Step("solarize", strength=0.3), Step("color", value=1.4)],
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
        in_a_graph(lambda images: joined(images, compile=False), IMAGES)
        first, second = (joined(IMAGES, seed=seed, compile=False) for seed in (0, 1))
        np.testing.assert_array_equal(first, second)
