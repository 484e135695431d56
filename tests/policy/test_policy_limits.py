"""Policies at their limits: weights, orders, sizes that only a graph knows, groups of images."""

import numpy as np
import pytest
from keras import ops

from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import (
    Policy,
    PolicySchedule,
    Step,
    _program,
    flip_crop,
    named,
    rand_augment,
)
from keras_cv_extras.policy._stage import Stage
from keras_cv_extras.policy.execution import _by_batch, _sizes


def test_no_weight_is_below_zero():
    with pytest.raises(ValueError, match="weights must be at least 0"):
        Stage([[Step("invert")], [Step("equalize")]], weights=[2.0, -1.0])


def test_one_op_is_a_program_of_its_own():
    assert len(Stage([[Step("rotate", 1.0, 0.5)]]).branches) == 2
    assert len(Stage([[Step("rotate", 1.0, 0.5)], [Step("invert")]]).branches) == 17


def test_a_schedule_is_in_order_and_keeps_its_name():
    first, second = rand_augment(2, 0.2), rand_augment(2, 0.6)
    schedule = PolicySchedule({50: second, 0: first}, name="ramp")
    assert list(schedule.policies.items()) == [(0, first), (50, second)]
    read = PolicySchedule.from_dict(schedule.to_dict())
    changed = (schedule.with_value_range((0, 1)), schedule.with_batch())
    assert [one.name for one in (read, *changed)] == ["ramp"] * 3


def test_a_crop_by_name_does_not_mirror():
    for policy, ops_ in ((named("crop"), 1), (flip_crop(), 2)):
        steps = policy.sub_policies[0]
        assert len(steps) == ops_
        assert (steps[-1].op, steps[-1].value, steps[-1].unit) == ("padded_crop", 1 / 8, "shorter")


def test_tables_of_any_size_are_those_of_the_size():
    rows = [
        [Step("translate_x", 1.0, value=(-0.47, 0.47), unit="height", whole=True)],
        [Step("translate_y", 0.5, 0.7), Step("translate_x", 0.5, (0.2, 0.9))],
        [Step("cutout", 1.0, value=0.3, unit="width"), Step("rotate", 1.0, (0.1, 0.5))],
        [Step("translate_x", 1.0, value=3.0)],
        [Step("padded_crop", 1.0, value=0.15, unit="shorter", whole=True)],
    ]
    for size in ((13, 29), (31, 10)):
        (wanted,), _ = _program.stage_loops([Policy(rows)], *size)
        (loop,), _ = _program.stage_loops([Policy(rows)], None, None)
        found = _sizes.of_size(loop, *size)
        np.testing.assert_array_equal(np.asarray(found.table), np.asarray(wanted.table))


def test_images_of_an_op_are_taken_in_groups(monkeypatch):
    images = np.random.default_rng(0).integers(0, 99, (7, 4, 5, 3), "uint8")
    monkeypatch.setattr(_by_batch, "_GROUP_VALUES", 2 * images[0].size)
    one_by_one = lambda work, *rows: ops.stack([work(*row) for row in zip(*rows, strict=True)])  # noqa: E731
    monkeypatch.setattr(_by_batch.engine, "vectorize", one_by_one)
    images = ops.convert_to_tensor(images)
    others = [(name, ()) for name in ("autocontrast", "median_blur", "identity")]
    index = [0, 1, 0, 0, 2, 1, 1]  # of both ops the last group is not full
    zero, colours = ops.zeros(7), (ops.zeros((1, 3)), None)
    found = _by_batch.apply_by_batch(
        images, (images, None), colours, others, ops.convert_to_tensor(index), zero, zero, zero
    )
    for image, number, one in zip(images, index, found, strict=True):
        np.testing.assert_array_equal(one, OPS[others[number][0]].apply(image))
