"""What is kept of policies that others are made of, and where the numbers of the papers end."""

import numpy as np
import pytest

from keras_cv_extras.policy import (
    Policy,
    PolicySchedule,
    Step,
    _compose,
    flip_crop,
    named,
    policy_sheet,
    ramp,
    random_apply,
    trivial_augment,
)
from keras_cv_extras.policy._specs import step_of_magnitude

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1)).astype("uint8")
INVERT, NOTHING = Policy([[Step("invert")]]), Policy([[Step("identity")]])


def test_the_numbers_of_the_papers_at_their_ends():
    posterize = [step_of_magnitude("torchvision", "Posterize", 1.0, m).value for m in range(10)]
    bins = np.round(np.arange(10) / (9 / 4))  # as torchvision.transforms.AutoAugment has it
    assert posterize == (8 - bins).tolist()
    assert step_of_magnitude("paper", "Solarize", 1.0, 0).value == 256
    assert step_of_magnitude("tpu", "Cutout", 1.0, 0.7).value == 14  # 0.7 / 10 * 100 is below 7
    with pytest.raises(ValueError, match=r"magnitude must be in \[0, 9\]"):
        step_of_magnitude("torchvision", "Rotate", 1.0, 9.5)


def test_arguments_that_are_just_allowed():
    assert Policy([[Step("identity")]], fill=255).fill == 255
    _compose._check_count(4096)
    with pytest.raises(ValueError, match="more than 4096 combinations"):
        _compose._check_count(4097)
    with pytest.raises(ValueError, match="padding must be"):
        flip_crop(padding=2)
    with pytest.raises(ValueError, match="policy must be a file or one of"):
        named("not_there.json")


def test_what_is_kept_of_a_policy():
    policy = Policy([[Step("invert")]], provenance={"by": "a test"})
    assert policy.with_batch(repeats=2).provenance == {"by": "a test"}
    weighted = Policy([[Step("invert")], [Step("identity")]], weights=[1, 3])
    assert weighted.weights == (1, 3)
    assert (weighted + NOTHING).weights is None
    wide = Policy([[Step("translate_x", strength=0.5)]])
    tables = [wide.tables(8, width, 0)[0][0].table for width in (8, 16)]
    assert (tables[0] != tables[1]).any()
    assert len(random_apply(weighted, 1.0).sub_policies) == 2
    several = NOTHING + Policy([[Step("rotate", 1.0, (0.0, 1.0))]], num_levels=31)
    with pytest.raises(ValueError, match="num_levels"):
        random_apply(several)


def test_what_is_kept_of_a_schedule():
    schedule = PolicySchedule({2: INVERT, 0: NOTHING}, name="late")
    assert list(schedule.policies) == [0, 2]
    again = PolicySchedule.from_dict(schedule.to_dict())
    assert (again, again.name) == (schedule, "late")
    with pytest.raises(ValueError, match="unknown"):
        PolicySchedule.from_dict({**schedule.to_dict(), "else": 1})
    for epoch, wanted in ((0, IMAGES), (1, IMAGES), (2, 255 - IMAGES), (9, 255 - IMAGES)):
        np.testing.assert_array_equal(schedule(IMAGES, epoch=epoch, compile=False), wanted)
    assert ramp(trivial_augment(), 2).policies[1].stages[0].num_levels == 31
    rows = [[Step("rotate", 1.0, (0.0, 1.0))]]
    with pytest.raises(ValueError, match="the same draws and levels"):
        PolicySchedule({0: Policy(rows), 1: Policy(rows, num_levels=31)})


def test_a_sheet_shows_each_sub_policy_with_its_share():
    policy = Policy([[Step("invert")], [Step("identity")]], [1, 3], value_range=(-1, 1))
    images = np.full((2, 8, 8, 1), -0.5, "float32")
    figure = policy_sheet(policy, images, columns=3)
    (shown,) = figure.axes[0].images
    rows = np.asarray(shown.get_array())
    assert rows.shape == (4 * 9 - 1, 3 * 9 - 1, 4)  # two images fill three columns
    np.testing.assert_allclose(rows[0, 20, :3], 0.25, atol=1e-6)  # (-0.5 + 1) / 2
    np.testing.assert_allclose(rows[18, 20, :3], 0.75, atol=1e-6)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert [text.split()[0] for text in texts[2:]] == ["25%", "75%"]


def test_options_of_a_step_are_a_key():
    """Equal steps share a compiled branch, whichever sequence their options were given as."""
    for op, name, value in (
        ("hole_dropout", "num_holes", [2, 4]),
        ("random_resized_crop", "aspect", [0.5, 2.0]),
        ("random_erasing", "aspect", [0.5, 2.0]),
        ("grid_mask", "unit", [0.25, 0.5]),
    ):
        listed, tupled = (Step(op, 1.0, 0.5, options={name: kind(value)}) for kind in (list, tuple))
        assert listed == tupled
        assert hash(listed.options) == hash(tupled.options)
        assert listed.options == ((name, tuple(value)),)


def test_policies_are_equal_if_all_of_them_is():
    one = Policy([[Step("invert", 0.5)]], name="mine")
    assert one == Policy([[Step("invert", 0.5)]], name="mine")
    assert hash(one) == hash(Policy([[Step("invert", 0.5)]]))
    others = [
        Policy([[Step("invert", 0.5)]], name="other"),
        Policy([[Step("invert", 0.5)]], name="mine", fill=3),
        Policy([[Step("invert", 0.5)]], name="mine", value_range=(0, 1)),
        one.with_batch(repeats=2),
        "mine",
    ]
    assert [one == other for other in others] == [False] * len(others)
