"""Lists of ops that presets draw from, stages, and policies for other libraries, by hand."""

import json

import numpy as np
import pytest

from keras_cv_extras import layers, policy
from keras_cv_extras.augment import OPS


def test_lists_of_ops():
    """As the papers have them; those that make pixels new are not for AugMix."""
    moves = ["shear_x", "shear_y", "translate_x", "translate_y"]
    levels = ["autocontrast", "equalize", "posterize", "rotate", "solarize"]
    assert list(policy.AUGMIX_OPS) == levels + moves
    assert len(policy.PBA_OPS) == len(set(policy.PBA_OPS)) == 15
    assert policy.PBA_OPS[0] == "AutoContrast"
    assert policy.PBA_OPS[-1] == "Cutout"
    assert len(layers.CTAUGMENT_OPS) == 16
    assert layers.CTAUGMENT_OPS[0] == "identity"
    assert set(layers.CTAUGMENT_OPS) < set(OPS)
    assert "sample_pairing" not in layers.CTAUGMENT_OPS


def test_lists_of_ops_are_what_is_drawn_from():
    chain = policy.augmix_chain()
    drawn = {step.op for rows in chain.stages for row in rows.sub_policies for step in row}
    assert drawn - {"identity"} == set(policy.AUGMIX_OPS)
    numbers = [0, 0] * (len(policy.PBA_OPS) - 1) + [10, 9]  # the last op alone, always
    made = policy.pba_policy(numbers)
    assert {s.op for row in made.stages[0].sub_policies for s in row} - {"identity"} == {"cutout"}
    assert layers.CTAugment().get_config()["ops"] == list(layers.CTAUGMENT_OPS)


def test_a_stage_draws_by_its_weights():
    rows = [[policy.Step("invert")], [policy.Step("rotate", 0.5, 1.0)]]
    stage = policy.Stage(rows, weights=[3, 1], num_draws=2, num_levels=11)
    assert stage.sub_policies == tuple(map(tuple, rows))
    np.testing.assert_array_equal(stage.cumulative_weights(), [0.75, 1])
    assert policy.Policy([rows[0], rows[1]], weights=[3, 1], num_draws=2, num_levels=11).stages == (
        stage,
    )
    assert stage.branches[0] == ("identity", ())
    for arguments, problem in (
        (([],), "at least one sub-policy"),
        (([[]],), "sub-policy 0 has no steps"),
        ((rows, [1, 2, 3]), "one number per sub-policy, 2, received 3"),
        ((rows, None, 0), "num_draws must be"),
    ):
        with pytest.raises(ValueError, match=problem):
            policy.Stage(*arguments)


INVERTED = policy.Policy([[policy.Step("invert", 0.25)]], name="inverted")


def test_for_albumentations():
    made = policy.to_albumentations(INVERTED)
    assert json.loads(json.dumps(made)) == made
    names = [name for name in str(made).split("'") if name.startswith("Invert")]
    assert names == ["InvertImg"]
    assert "0.25" in str(made)
    assert policy.from_albumentations(made).stages == INVERTED.stages


def test_for_dali():
    text = policy.to_dali(INVERTED)
    compile(text, "augment.py", "exec")
    assert "invert" in text
    assert "0.25" in text
    assert policy.from_dali(text).stages == INVERTED.stages


def test_for_model_garden():
    assert [[tuple(step)[:2] for step in row] for row in policy.to_model_garden(INVERTED)] == [
        [("Invert", 0.25)]
    ]


def test_a_dictionary_is_a_policy_or_a_schedule():
    schedule = policy.PolicySchedule({0: INVERTED, 3: policy.flip_crop()})
    for one in (INVERTED, schedule):
        again = policy.from_dict(json.loads(json.dumps(one.to_dict())))
        assert type(again) is type(one)
        assert again == one
    for wrong in (3, {}, {"format": "other"}):
        with pytest.raises((TypeError, ValueError)):
            policy.from_dict(wrong)


def test_policies_and_schedules_are_augmentations():
    assert isinstance(INVERTED, policy.Augmentation)
    assert isinstance(policy.PolicySchedule({0: INVERTED}), policy.Augmentation)

    class Two(policy.Augmentation):
        sub_policies = ((policy.Step("identity"),), (policy.Step("sample_pairing", 1.0, 0.5),))

    assert Two().needs_partners
    assert not Two().is_identity
    with pytest.raises(NotImplementedError):
        Two().tables(8, 8, 0)


@pytest.mark.wide
def test_a_sheet_of_a_policy_has_rows_of_pictures():
    images = np.full((4, 8, 8, 3), 50, "uint8")
    figure = policy.policy_sheet(policy.Policy([[policy.Step("invert")]]), images, columns=2)
    (picture,) = [image.get_array() for axes in figure.axes for image in axes.images]
    assert set(np.rint(255 * np.asarray(picture)).ravel().astype(int)) >= {50, 205}
