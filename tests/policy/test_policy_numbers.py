"""What policies draw and what presets hold, against what is documented and published."""

import json
import pathlib

import keras
import numpy as np
import pytest
import scipy.stats

from keras_cv_extras import policy
from keras_cv_extras.policy import Policy, Step, _program
from keras_cv_extras.policy._specs import step_of_magnitude
from keras_cv_extras.policy.interop import _common

SPACES = json.loads(
    (pathlib.Path(__file__).parent.parent / "reference" / "policy_interop.json").read_text()
)["torchvision"]["spaces"]
# With an op that AutoAugment has not, a switch is of these alone, which runs faster.
NEVER = Step("flip_vertical", 0.0)


def run(chosen, images, **options):
    return np.asarray(chosen(images, compile=False, **options))


def test_every_number_of_a_step_has_a_slot_of_its_own(monkeypatch):
    step = Step("rotate", 0.5, value=(10.0, 20.0), signed=True)
    (loop,), (branches,) = Policy([[step, NEVER]]).tables(8, 8, 0)
    drawn = {"choice": 0.9, "rate": 0.1, "value": 0.25, "sign": 0.7, "x": 0.3, "y": 0.6}

    def choose(**numbers):
        def uniform(seed, epoch, samples, slots):
            slots = np.asarray(slots) % len(_program.SLOTS)
            return keras.ops.convert_to_tensor(
                np.float32([numbers[name] for name in _program.SLOTS])[slots]
            )

        monkeypatch.setattr(_program, "uniform", uniform)
        loop_of_tensors = _program.Loop(*map(keras.ops.convert_to_tensor, loop))
        draws = (np.uint32([0]), 0, np.uint32([[0]]))
        index, *parts = _program._drawn(loop_of_tensors, draws, branches)
        name, _ = branches[int(np.ravel(index)[0])]
        return [name, *(float(np.ravel(part)[0]) for part in parts)]

    name, *numbers = choose(**drawn)
    assert name == "rotate"
    assert numbers == pytest.approx([12.5, 0.3, 0.6])
    assert choose(**{**drawn, "sign": 0.2})[1] == -12.5
    assert choose(**{**drawn, "rate": 0.6})[0] == "identity"


def test_steps_and_draws_have_numbers_of_their_own():
    three = Policy([[Step("invert")] * 3, [Step("identity")]], num_draws=2) + Policy([[NEVER]])
    (first, second), _ = three.tables(8, 8, 0)
    width = len(_program.SLOTS)
    assert first.slots.ravel().tolist() == [width * step for step in range(6)]
    assert first.choices.ravel().tolist() == [0, 3 * width]
    assert (second.slots.item(), second.choices.item()) == (6 * width, 6 * width)


def test_levels_reach_both_ends_of_an_interval():
    five = Policy([[Step("brightness", value=(0.0, 1.0)), NEVER]], num_levels=5)
    seen = run(five, np.full((60, 1, 1, 1), 200, "uint8"))
    assert np.unique(seen).tolist() == [0, 50, 100, 150, 200]


def test_stages_draw_independently():
    half = Policy([[Step("invert", 0.5), NEVER]]) + Policy([[Step("flip_vertical", 0.5)]])
    image = np.uint8([[[10]], [[90]]])
    seen = run(half, np.repeat(image[None], 60, axis=0), seed=3).reshape(60, 2)
    kinds, counts = np.unique(seen, axis=0, return_counts=True)
    assert kinds.tolist() == [[10, 90], [90, 10], [165, 245], [245, 165]]
    assert counts.min() >= 6


def test_partners_are_the_next_image_or_those_that_are_given():
    pair = Policy([[Step("sample_pairing", value=0.25), NEVER]])
    images = np.uint8([0, 100, 200]).reshape(3, 1, 1, 1)
    np.testing.assert_array_equal(run(pair, images).ravel(), [25, 125, 150])
    scaled = pair.with_value_range((0, 1))
    zeros, ones = np.zeros((2, 1, 1, 1), "float32"), np.ones((2, 1, 1, 1), "float32")
    np.testing.assert_allclose(run(scaled, zeros, partners=ones), 0.25, atol=1e-6)


def test_random_policies_have_all_rates_and_strengths():
    made = [Policy.random(40, 2, seed=seed) for seed in range(4)]
    steps = [step for one in made for row in one.sub_policies for step in row]
    assert sorted({step.rate for step in steps}) == [k / 10 for k in range(11)]
    strengths = sorted({step.strength for step in steps} - {None})
    assert strengths == pytest.approx([k / 9 for k in range(10)])


def test_presets_are_what_they_say():
    flip, crop = policy.flip_crop().sub_policies[0]
    assert (flip.op, flip.rate) == ("flip_horizontal", 0.5)
    assert (crop.op, crop.rate, crop.value, crop.unit) == ("padded_crop", 1.0, 1 / 8, "shorter")
    assert [s.op for s in policy.flip_crop(flip=False).sub_policies[0]] == ["padded_crop"]
    uniform = policy.uniform_augment(3)
    assert {step.rate for row in uniform.sub_policies for step in row} == {0.5}
    assert uniform.stages[0].num_draws == 3
    grey, solarize, blur = (row[0] for row in policy.three_augment().stages[0].sub_policies)
    assert (grey.value, solarize.value, blur.value) == (1.0, 128.0, (0.1, 2.0))
    *colours, flip = policy.three_augment(0.4).stages[1].sub_policies[0]
    assert [step.op for step in colours] == ["brightness", "contrast", "color"]
    assert {step.value for step in colours} == {(0.6, 1.4)}
    assert (flip.op, flip.rate) == ("flip_horizontal", 0.5)
    assert len(policy.three_augment(flip=False).stages[1].sub_policies[0]) == 3
    for spec, fill in (("torchvision", 0), ("paper", 128), ("tpu", 128)):
        assert policy.auto_augment("svhn", spec=spec).fill == fill


def test_the_wide_space_is_that_of_torchvision():
    space = {name.lower(): levels for name, levels in SPACES["TrivialAugmentWide"].items()}
    for (step,) in policy.trivial_augment(wide=True).sub_policies:
        levels, signed = space[step.op.replace("_", "")]
        if not isinstance(levels, list):
            assert step.value is None
            continue
        low, high = step.value
        factor = step.op in ("brightness", "color", "contrast", "sharpness")
        assert [low - factor, high - factor] == pytest.approx([levels[0], levels[-1]]), step
        assert step.signed == signed


@pytest.mark.parametrize(
    ("spec", "op", "level", "wanted"),
    [
        ("paper", "SamplePairing", 5, (0.2, False)),
        ("paper", "ShearY", 10, (0.3, True)),
        ("paper", "SolarizeAdd", 10, (110.0, False)),
        ("tpu", "Rotate", 10, (30.0, True)),
        ("torchvision", "ShearX", 9, (0.3, True)),
        ("torchvision", "ShearY", 9, (0.3, True)),
    ],
)
def test_more_levels(spec, op, level, wanted):
    step = step_of_magnitude(spec, op, 0.5, level)
    assert (step.interval(224, 224)[0], step.is_signed) == (pytest.approx(wanted[0]), wanted[1])


def test_what_is_made_of_policies_keeps_their_colour_and_levels():
    parts = [Policy([[Step(op)]], fill=9, num_levels=4) for op in ("invert", "equalize")]
    for made in (policy.random_choice(parts), policy.random_apply(parts[0])):
        assert made.fill == 9
        assert {stage.num_levels for stage in made.stages} == {4}


def test_own_numbers_keep_the_options():
    step = Step("rotate", 0.3, strength=(0.0, 0.5), options=(("interpolation", "bilinear"),))
    own = _common.own_numbers(step)
    assert own.value == (0.0, 15.0)
    assert own.signed
    assert own.options == step.options


class _Chains:
    """Stands for a policy: the k-th call gives images whose k-th channel alone is 1."""

    def __init__(self):
        self.seeds = []

    def with_value_range(self, value_range):
        return self

    def __call__(self, images, *, seed, epoch, samples):
        channel = len(self.seeds) % images.shape[-1]
        self.seeds.append(int(seed))
        return np.broadcast_to(np.eye(images.shape[-1])[channel], images.shape)


def test_chains_of_augmix_have_the_weights_of_a_dirichlet_distribution():
    chains, images = _Chains(), np.zeros((1500, 1, 1, 3), "float32")
    mixed = np.asarray(policy.augmix(images, width=3, chain=chains, seed=2)).reshape(-1, 3)
    shares = mixed.sum(axis=1)
    assert scipy.stats.kstest(shares, "uniform").pvalue > 0.001  # the image's own, beta(1, 1)
    for weight in (mixed / shares[:, None]).T:
        assert scipy.stats.kstest(weight, scipy.stats.beta(1, 2).cdf).pvalue > 0.001


def test_views_of_augmix_have_chains_of_their_own():
    chains, images = _Chains(), np.zeros((2, 1, 1, 3), "float32")
    policy.augmix(images, width=2, chain=chains, jensen_shannon=True, seed=2)
    assert len(set(chains.seeds)) == 4
