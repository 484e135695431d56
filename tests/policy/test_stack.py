"""Stacked policies give every image what its own policy alone gives it."""

import keras
import numpy as np
import pytest

from keras_cv_extras import policy
from keras_cv_extras._base import engine
from keras_cv_extras.policy import (
    Padded,
    Policy,
    StackShape,
    Step,
    _program,
    execute_stack,
    stack_policies,
)

POLICIES = {
    "none": Policy([[Step("identity")]]),
    "random": Policy.random(5, 2, seed=1),
    "two stages, two draws": policy.flip_crop() + policy.rand_augment(num_ops=2, strength=0.6),
    "weights, levels, pairs": Policy(
        [
            [Step("rotate", 1.0, (0.0, 1.0)), Step("sample_pairing", 1.0, 1.0), Step("invert")],
            [Step("solarize", 0.5, (0.1, 0.8))],
            [Step("cutout", 1.0, 0.5)],
        ],
        weights=[0.2, 0.5, 0.3],
        num_levels=5,
        fill=(10, 90, 200),
    ),
}


def stacked(policies, images, seeds, epoch, samples, partners, shape=None):
    shape = (shape or StackShape()).holding(policies)
    numbers = stack_policies(policies, shape, images)
    run = engine.compiled(
        lambda images, partners, seeds, epoch, samples, *numbers: execute_stack(
            images, partners, (seeds, epoch, samples), numbers, branches=shape.branches
        )
    )
    tensors = [keras.ops.convert_to_tensor(np.asarray(part)) for part in numbers]
    return run(images, partners, np.uint32(seeds), np.uint32(epoch), np.uint32(samples), *tensors)


@pytest.mark.wide
def test_each_policy_as_it_is_alone(batch):
    policies = list(POLICIES.values())
    count = len(policies)
    seeds = [7, 0, 2**32 - 1, 5]
    images = np.stack([np.roll(batch, k, axis=0) for k in range(count)])
    samples = np.arange(count * len(batch)).reshape(count, -1) * 31 % 50
    numbers = (samples * 7 % len(batch)).astype("int32")
    results = np.asarray(stacked(policies, images, seeds, 3, samples, (batch, numbers)))
    for k, (name, one) in enumerate(POLICIES.items()):
        alone = one(
            images[k],
            seed=seeds[k],
            epoch=3,
            samples=samples[k],
            partners=batch[numbers[k]],
            compile=False,
        )
        # Another loop is compiled otherwise, and an op in floats may be cut to the level below.
        different = results[k].astype(int) - np.asarray(alone)
        assert np.mean(different != 0) <= 1e-4, name
        assert np.abs(different).max(initial=0) <= 1, name
    assert np.mean(results[1] != images[1]) > 0.1


@pytest.mark.wide
def test_padded_policies_share_a_program(batch):
    images = keras.ops.convert_to_tensor(batch)
    shape = StackShape().holding(POLICIES.values())
    draws = {"seed": 3, "epoch": 2, "samples": np.arange(len(batch)) * 7, "partners": batch[::-1]}
    for name, one in POLICIES.items():
        assert shape.holds(one), name
        different = np.asarray(Padded(one, shape)(images, **draws)).astype(int)
        different -= np.asarray(one(images, **draws, compile=False))
        assert np.mean(different != 0) <= 1e-4, name
        assert np.abs(different).max(initial=0) <= 1, name
    assert not StackShape().holds(POLICIES["random"])
    if keras.backend.backend() == "tensorflow":
        run = engine.runner(_program.execute_one, True, images, structure=(shape.branches,))
        assert run.experimental_get_tracing_count() == 1


def test_a_shape_grows_and_never_shrinks():
    small = StackShape().holding([POLICIES["random"]])
    assert (small.num_steps, small.num_sub_policies) == (2, 5)
    large = small.holding(POLICIES.values())
    assert large.branches[: len(small.branches)] == small.branches
    assert {name for name, _ in large.branches} > {name for name, _ in small.branches}
    assert large.holding([POLICIES["random"]]) == large


def test_an_op_that_the_images_do_not_allow(batch):
    two = np.repeat(batch[..., :1], 2, axis=-1)
    with pytest.raises(ValueError, match="channels"):
        stack_policies([Policy([[Step("color", 1.0, 0.5)]])], StackShape(), two)


def test_a_shape_is_as_large_as_what_it_holds_and_no_larger():
    two = Policy([[Step("rotate", 1.0, 0.5), Step("invert")], [Step("identity")]], num_draws=3)
    small, large = StackShape(branches=()), StackShape((("identity", ()),), 40, 50)
    shape = small.holding([two])
    assert (shape.num_steps, shape.num_sub_policies) == (6, 2)
    assert sorted(name for name, _ in shape.branches) == ["identity", "invert", "rotate"]
    both = two + policy.flip_crop()
    steps = 6 + sum(stage.num_steps for stage in policy.flip_crop().stages)
    assert small.holding([both]).num_steps == steps
    grown = large.holding([two])
    assert (grown.num_steps, grown.num_sub_policies) == (40, 50)
    assert [name for name, _ in grown.branches] == ["identity", "invert", "rotate"]
    assert grown.holds(two)
    assert not large.holds(two)
    assert not shape.holds(both)
    assert small.holding([]) == small


def test_a_padded_policy_tells_what_it_pads():
    own = Policy([[Step("invert")]], fill=9, value_range=(0, 1)).with_batch(label_smoothing=0.1)
    shape = StackShape(branches=()).holding([own])
    padded = Padded(own, shape)
    for name in ("fill", "sub_policies", "value_range", "batch"):
        assert getattr(padded, name) == getattr(own, name), name
    odd = np.zeros((1, 8, 8, 2), "uint8")
    with pytest.raises(ValueError, match="channels"):
        stack_policies([Policy([[Step("color", 1.0, 0.5)]])], StackShape(), odd)
