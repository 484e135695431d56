"""Published magnitudes mean what their sources say, to the number."""

import pytest

from keras_cv_extras import policy
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Policy
from keras_cv_extras.policy._specs import step_of_magnitude


# Numbers worked out by hand from the sources' formulas, named in keras_cv_extras/policy/_specs.py.
@pytest.mark.parametrize(
    ("spec", "op", "level", "wanted"),
    [
        ("paper", "Rotate", 9, (27.0, True)),
        ("paper", "Rotate", 5, (15.0, True)),
        ("paper", "Posterize", 8, (1.0, False)),  # 4 - int(3.2)
        ("paper", "Posterize", 10, (0.0, False)),
        ("paper", "Solarize", 3, (180.0, False)),  # 256 - int(76.8)
        ("paper", "TranslateX", 7, (7.0, True)),
        ("paper", "Cutout", 7, (14.0, False)),
        ("paper", "Color", 5, (1.0, False)),
        ("paper", "ShearX", 4, (0.12, True)),
        ("tpu", "Posterize", 8, (3.0, False)),  # int(3.2): weaker as the level falls
        ("tpu", "Solarize", 5, (128.0, False)),
        ("tpu", "SolarizeAdd", 3, (33.0, False)),
        ("tpu", "TranslateX", 4, (100.0, True)),
        ("tpu", "Cutout", 4, (80.0, False)),
        ("tpu", "Brightness", 10, (1.9, False)),
        ("torchvision", "Rotate", 9, (30.0, True)),
        ("torchvision", "Posterize", 8, (4.0, False)),  # 8 - round(3.56)
        ("torchvision", "Posterize", 5, (6.0, False)),  # 8 - round(2.22)
        ("torchvision", "Solarize", 5, (255 - 255 * 5 / 9, False)),
        ("torchvision", "Contrast", 8, (1.8, True)),
    ],
)
def test_levels(spec, op, level, wanted):
    step = step_of_magnitude(spec, op, 0.5, level)
    assert (step.interval(224, 224)[0], step.is_signed) == (pytest.approx(wanted[0]), wanted[1])


def test_torchvision_cuts_translations_to_whole_pixels():
    step = step_of_magnitude("torchvision", "TranslateX", 1.0, 9)
    assert step.interval(32, 32) == (14.0, 14.0)  # int(150 / 331 * 32)
    assert step.interval(32, 224) == (101.0, 101.0)


@pytest.mark.parametrize("name", ["cifar10", "svhn", "imagenet"])
@pytest.mark.parametrize("spec", ["paper", "torchvision", "tpu"])
def test_published_policies(name, spec):
    made = policy.auto_augment(name, spec=spec)
    assert len(made.sub_policies) == 25
    assert all(len(steps) == 2 for steps in made.sub_policies)
    assert made.spec == spec
    assert Policy.from_dict(made.to_dict()) == made


def test_published_tables_have_what_the_paper_says():
    """Rates are tenths on CIFAR and SVHN and fifths on ImageNet; magnitudes are 0 to 9."""
    for name, rows in policy.AUTO_AUGMENT.items():
        for op, rate, level in [step for row in rows for step in row]:
            assert level is None or 0 <= level <= 9, op
            parts = 5 if name == "imagenet" else 10
            assert rate * parts == pytest.approx(round(rate * parts))
    shears = [step for row in policy.AUTO_AUGMENT["svhn"] for step in row if "Shear" in step[0]]
    assert len(shears) > 10  # the paper: geometry matters on SVHN


def test_trivial_augment_wide_reaches_its_ends():
    steps = {steps[0].op: steps[0] for steps in policy.trivial_augment(wide=True).sub_policies}
    assert set(steps) == set(policy.RAND_AUGMENT_OPS)
    assert steps["rotate"].interval(32, 32) == (0.0, 135.0)
    assert steps["posterize"].interval(32, 32) == (8.0, 2.0)
    assert policy.trivial_augment().stages[0].num_levels == 31


def test_strengths_are_relative_to_the_size():
    assert OPS["translate_x"].strength.value(1.0, 100, 331) == pytest.approx(150)
    assert OPS["cutout"].strength.value(1.0, 100, 331) == pytest.approx(20)


def test_errors():
    with pytest.raises(ValueError, match="magnitude must be in \\[0, 9\\], received 10"):
        step_of_magnitude("torchvision", "Rotate", 0.5, 10)
    with pytest.raises(ValueError, match="Cutout has no magnitudes in the spec 'torchvision'"):
        step_of_magnitude("torchvision", "Cutout", 0.5, 3)
    with pytest.raises(ValueError, match="sub-policy 1, step 0: op must be one of"):
        policy.from_magnitudes([[("Rotate", 1, 3)], [("Warp", 1, 3)]], spec="tpu")
    rows = [[("Rotate", 1, 3)]]
    made = policy.from_magnitudes(rows, spec="tpu", fill=7)
    assert policy.from_levels(rows, spec="tpu", fill=7) == made
