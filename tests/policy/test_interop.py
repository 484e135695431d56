"""Policies of other libraries: read to the number, written so that the pictures are the same.

What the libraries themselves say is kept in tests/reference/policy_interop.npz and .json, with the
script that made them.
"""

import functools
import hashlib
import itertools
import json
import pathlib
import statistics
import types

import interop_cases
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from keras_cv_extras import augment, layers, policy
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.policy.interop import _timm_ops
from keras_cv_extras.policy.interop._common import WARPS

REFERENCE = pathlib.Path(__file__).parent.parent / "reference" / "policy_interop.npz"
TABLES = json.loads(REFERENCE.with_suffix(".json").read_text())
SIZE = (32, 40)
#: Share of the values that may differ by more than 2 of 255, where not none: for each, why.
SHARES = {
    "torchvision/tensor/shear": 0.12,  # of tensors, rounds positions otherwise
    "torchvision/tensor/rotate": 0.12,
    "albumentations/equalize": 0.5,  # not quite Pillow's
    "albumentations/shear": 0.12,  # moved back to the corner by whole pixels
    "albumentations/rotate": 0.12,  # rounds positions otherwise
    "albumentations/sharpness": 0.2,  # the border
    "albumentations/autocontrast": 0.05,
    "dali/shear": 0.12,
    "dali/rotate": 0.12,
    "dali/translate_x_share": 0.3,  # not cut to whole pixels
    "dali/equalize": 1.0,  # OpenCV's, by its own account
    "dali/sharpness": 0.2,  # the border
    "dali/color": 0.05,
    "model_garden/contrast": 1.0,  # of every channel by itself
    "model_garden/shear": 0.12,
    "model_garden/rotate": 0.12,
}


@pytest.fixture(scope="module")
def reference():
    with np.load(REFERENCE) as file:
        return dict(file)


@pytest.fixture(scope="module")
def own(reference):
    """What this library makes of the cases: one program for all."""
    image, cases = reference["image"], interop_cases.CASES
    both = {}
    for fill in (interop_cases.FILL, 128):
        for name, case in cases.items():
            value = [case.interval(*SIZE)[0]] if case.value is not None else []
            options = {"fill": fill} if augment.OPS[case.op].takes_fill else {}
            both[name, fill] = np.asarray(
                getattr(augment, case.op)(image, *value, **options, compile=False)
            )
    return both


def test_the_exports_are_those_that_were_run(reference):
    for library in ("torchvision", "dali"):
        to = getattr(policy, f"to_{library}")
        for name, case in interop_cases.CASES.items():
            if f"{library}/{name}/sha256" in reference:
                text = to(Policy([[case]], fill=interop_cases.FILL))
                digest = hashlib.sha256(text.encode()).digest()
                assert digest == reference[f"{library}/{name}/sha256"].tobytes(), (
                    "run tests/reference/policy_interop.py again"
                )


@pytest.mark.parametrize("library", ["torchvision", "albumentations", "dali", "model_garden"])
def test_pictures_are_those_of_the_library(library, reference, own):
    compared = []
    for name in interop_cases.CASES:
        for suffix in ("", "/tensor"):
            if f"{library}/{name}{suffix}" not in reference:
                continue
            fill = 128 if library == "model_garden" else interop_cases.FILL
            theirs = reference[f"{library}/{name}{suffix}"].astype(int)
            different = np.mean(np.abs(theirs - own[name, fill]) > 2)
            if library == "model_garden" and interop_cases.CASES[name].op in WARPS:
                mirrored = getattr(augment, interop_cases.CASES[name].op)(
                    reference["image"],
                    interop_cases.CASES[name].interval(*SIZE)[0],
                    fill_mode="reflect",
                    compile=False,
                )
                different = np.mean(np.abs(theirs - mirrored) > 2)
            allowed = [v for k, v in SHARES.items() if f"{library}{suffix}/{name}".startswith(k)]
            assert different <= max(allowed, default=0.0), (name, suffix, different)
            # A wrong sign or scale would be seen in far more than that.
            assert np.any(theirs != reference["image"])
            compared.append(name)
    assert len(set(compared)) >= {"albumentations": 18, "model_garden": 16}.get(library, 20)


@pytest.mark.parametrize("name", ["RandAugment", "RandAugment/11"])
def test_rand_augment_of_torchvision(name):
    space = TABLES["torchvision"]["spaces"][name]
    bins = len(space["Rotate"][0])
    for magnitude in range(bins):
        made = policy.from_torchvision("RandAugment", magnitude=magnitude, num_magnitude_bins=bins)
        assert len(made.sub_policies) == len(space)
        for (step,) in made.sub_policies:
            levels, signed = space[_published_name(step.op)]
            if not isinstance(levels, list):
                assert step.value is None
                continue
            wanted = levels[magnitude]
            wanted = int(wanted) if step.op.startswith("translate") else wanted
            wanted += step.op in ("brightness", "color", "contrast", "sharpness")
            assert step.interval(*SIZE)[0] == pytest.approx(wanted, abs=1e-4), step
            assert step.signed == signed


@pytest.mark.parametrize("bins", [31, 13])
def test_trivial_augment_of_torchvision(bins):
    space = TABLES["torchvision"]["spaces"]["TrivialAugmentWide" + ("/13" if bins == 13 else "")]
    made = policy.from_torchvision("TrivialAugmentWide", num_magnitude_bins=bins)
    (stage,) = made.stages
    assert stage.num_levels == bins
    found = {}
    for (step,), weight in zip(stage.sub_policies, stage.weights, strict=True):
        found.setdefault(step.op, []).append((step, weight))
    assert len(found) == len(space)
    for op, rows in found.items():
        assert sum(weight for _, weight in rows) == pytest.approx(1.0)
        levels, _ = space[_published_name(op)]
        if not isinstance(levels, list):
            continue
        if len(rows) > 1:
            numbers = [step.value for step, _ in rows]
            assert numbers == [int(level) for level in levels]
        else:
            low, high = rows[0][0].value
            offset = float(op in ("brightness", "color", "contrast", "sharpness"))
            between = [low + (high - low) * k / (bins - 1) - offset for k in range(bins)]
            assert between == pytest.approx(levels, abs=1e-4)


def test_auto_augment_of_torchvision_is_the_published_one():
    for name in ("cifar10", "svhn", "imagenet"):
        rows = TABLES["torchvision"]["policies"][name]
        made = policy.from_torchvision("AutoAugment", policy=name)
        assert made.stages == policy.from_magnitudes(rows, spec="torchvision").stages


def test_transforms_of_torchvision_are_read_by_their_attributes():
    fields = {"num_ops": 3, "magnitude": 5, "num_magnitude_bins": 11, "fill": [1.0, 2.0, 3.0]}
    fields["interpolation"] = types.SimpleNamespace(value="bilinear")
    transform = type("RandAugment", (), fields)()
    with pytest.warns(UserWarning, match="interpolation 'bilinear', whose edges are blended"):
        made = policy.from_torchvision(transform)
    with pytest.warns(UserWarning, match="interpolation 'bilinear', whose edges are blended"):
        named = policy.from_torchvision("RandAugment", **{**fields, "interpolation": "bilinear"})
    assert made == named
    with pytest.warns(UserWarning, match="for torchvision.*'bilinear', whose edges are blended"):
        text = policy.to_torchvision(made)
    assert policy.from_torchvision(text).stages == made.stages
    assert made.stages[0].num_draws == 3
    assert made.fill == (1.0, 2.0, 3.0)
    (turn,) = [s for (s,) in made.sub_policies if s.op == "rotate"]
    assert dict(turn.options) == {"interpolation": "bilinear"}
    with pytest.raises(ValueError, match="interpolation 'bicubic'"):
        policy.from_torchvision("RandAugment", interpolation="bicubic")


@pytest.mark.parametrize("config", interop_cases.TIMM)
def test_timm_has_the_same_ops_at_the_same_levels(config):
    theirs = TABLES["timm"][config]
    made = policy.from_timm(config.replace("-mstd0.5", ""), interpolation="nearest")
    assert made.stages[0].num_draws == theirs["layers"] or theirs["weights"]
    if theirs["weights"] is None and "mmax" not in config:
        assert len(made.sub_policies) == len(theirs["rows"])
    pairs = zip(theirs["rows"], made.sub_policies, strict=False)
    for row, steps in pairs if "mmax" not in config else []:
        for (name, rate, values), step in zip(row, steps, strict=True):
            assert rate == step.rate
            if name.startswith("GaussianBlurRand"):
                assert step.value == (0.1, 2.0)
            elif values:
                wanted = 1 - values[0] if name == "Desaturate" else values[0]
                side = {"TranslateXRel": SIZE[1], "TranslateYRel": SIZE[0]}.get(name, 1)
                assert step.interval(*SIZE)[0] == pytest.approx(wanted * side), name


def test_timm_beyond_level_ten_and_weights():
    made = policy.from_timm("rand-m15-n2-mmax20-inc1")
    chances = {}
    for (step,), weight in zip(made.sub_policies, made.weights, strict=True):
        chances.setdefault(step.op, []).append((step.value, weight))
    assert sorted(chances["color"]) == [(0.1, 0.5), (pytest.approx(2.35), 0.5)]
    assert chances["rotate"] == [(pytest.approx(45.0), 1.0)]
    weights = TABLES["timm"]["rand-m9-n1-tweights"]["weights"]
    made = policy.from_timm("rand-m9-n1-tweights")
    assert made.weights == pytest.approx(list(weights), rel=1e-6)
    # Two without replacement: every pair as likely as NumPy draws it.
    made = policy.from_timm("rand-m9-n2-tweights")
    assert sum(made.weights) == pytest.approx(1.0)
    assert all(a.op != b.op or a == b for a, b in made.sub_policies)
    pair = [w for (a, b), w in zip(made.sub_policies, made.weights, strict=True)
            if (a.op, b.op) == ("rotate", "shear_x")]  # fmt: skip
    assert pair == [pytest.approx(weights[0] * weights[1] / (1 - weights[0]))]


def test_noise_of_timm_has_its_mean_and_deviation():
    levels = _timm_ops.magnitudes(5, 0.5, 10, 11)
    assert statistics.fmean(levels) == pytest.approx(5)
    assert statistics.pstdev(levels) == pytest.approx(0.5)
    assert max(_timm_ops.magnitudes(9, 2.0, 10, 11)) == 10.0
    made = policy.from_timm("rand-m9-n2-mstd0.5-inc1")
    turns = [(s.value, w) for (s,), w in zip(made.sub_policies, made.weights, strict=True)
             if s.op == "rotate"]  # fmt: skip
    assert len(turns) == 11
    assert sum(w for _, w in turns) == pytest.approx(1.0)
    assert sum(w * v for v, w in turns) == pytest.approx(27.0)


def test_levels_of_model_garden():
    table = TABLES["model_garden"]["levels"]
    for name, rows in table.items():
        for level, values in zip(interop_cases.LEVELS, rows, strict=True):
            ((step,),) = policy.from_model_garden([[(name, 1.0, level)]]).sub_policies
            if not values:
                assert step.value is None
                continue
            wanted = 2 * values[0] if name == "Cutout" else values[0]
            assert step.value == pytest.approx(wanted), (name, level)
    for name, rows in TABLES["model_garden"]["policies"].items():
        assert policy.from_model_garden(rows).stages == policy.from_model_garden(name).stages
    made = policy.rand_augment_from_model_garden(3, 5, exclude_ops=("Invert",))
    assert len(made.sub_policies) == 16  # none of them, too
    assert made.stages[0].num_draws == 3


def test_policies_of_dali():
    names = {"reduced_cifar10": "cifar10", "svhn": "svhn"}
    for name, fields in TABLES["dali"].items():
        made = policy.from_dali(_dali_policy(name, fields))
        assert len(made.sub_policies) == 25
        if name in names:  # as published, without the steps of rate 0
            ours = policy.auto_augment(names[name], spec="tpu").sub_policies
            for steps, others in zip(made.sub_policies, ours, strict=True):
                others = [step for step in others if step.rate > 0]
                assert [s.op for s in steps] == [s.op for s in others]
                for step, other in zip(steps, others, strict=True):
                    assert step.rate == other.rate
                    if step.op not in ("posterize", "solarize") and step.value is not None:
                        assert step.value == pytest.approx(other.value)
                        assert step.signed == other.signed


ROUND_TRIPS = {
    "torchvision": [
        policy.auto_augment("cifar10"),
        policy.from_torchvision("TrivialAugmentWide"),
        policy.from_torchvision("RandAugment", fill=[1, 2, 3]),
        policy.auto_augment("imagenet", spec="tpu") + policy.auto_augment("svhn", spec="paper"),
    ],
    "timm": [policy.from_timm(config) for config in interop_cases.TIMM],
    "model_garden": [policy.from_model_garden(name) for name in ("v0", "svhn", "reduced_cifar10")],
    "albumentations": [policy.auto_augment("svhn", spec="tpu")],
    "dali": [policy.auto_augment("svhn", spec="paper")],
}


@pytest.mark.parametrize("library", sorted(ROUND_TRIPS))
def test_round_trips(library):
    to, read = getattr(policy, f"to_{library}"), getattr(policy, f"from_{library}")
    for chosen in ROUND_TRIPS[library]:
        again = read(to(chosen))
        assert again.stages == chosen.stages, chosen
        assert again.fill == chosen.fill


@pytest.mark.parametrize("library", ["torchvision", "albumentations", "dali"])
def test_what_is_read_back_makes_the_same_pictures(library, batch):
    chosen = policy.Policy(
        [
            [Step("flip_vertical", 0.5), Step("rotate", 0.5, 0.5), Step("posterize", 0.8, 0.5)],
            [Step("brightness", 1.0, 0.4), Step("invert", 0.3)],
            [Step("solarize", 0.6, 0.7)],
        ],
        weights=[1, 2, 1],
        fill=7,
    )
    read, to = getattr(policy, f"from_{library}"), getattr(policy, f"to_{library}")
    again = read(to(chosen))
    if library == "dali":  # repeats the likelier one
        assert len(again.sub_policies) == 4
        chosen = Policy([chosen.sub_policies[k] for k in (0, 1, 1, 2)], fill=7)
    for seed in (3, 4):
        pictures = again(batch, seed=seed, compile=False)
        np.testing.assert_array_equal(pictures, chosen(batch, seed=seed, compile=False))


@pytest.mark.parametrize("library", ["torchvision", "albumentations", "dali", "model_garden"])
def test_what_cannot_be_said_is_named_or_left_out(library):
    chosen = Policy([[Step("sample_pairing", 0.5, 0.5), Step("invert", 0.5)]], fill=128)
    to, read = getattr(policy, f"to_{library}"), getattr(policy, f"from_{library}")
    with pytest.raises(ValueError, match="step 0: sample_pairing has no counterpart"):
        to(chosen)
    with pytest.warns(UserWarning, match="sample_pairing has no counterpart"):
        made = to(chosen, strict=False)
    assert read(made).sub_policies == ((Step("invert", 0.5),),)


@pytest.mark.parametrize(
    "library", ["torchvision", "albumentations", "dali", "model_garden", "timm"]
)
def test_settings_of_batches_are_no_part_of_a_transform(library):
    chosen = policy.from_timm("original") if library == "timm" else Policy([[Step("invert", 0.5)]])
    mixed, to = chosen.with_batch(mix="cutmix", repeats=2), getattr(policy, f"to_{library}")
    with pytest.raises(ValueError, match="of batches: cutmix of 100 % .* 2 views"):
        to(mixed)
    with pytest.warns(UserWarning, match="of batches: cutmix"):
        made = to(mixed, strict=False)
    assert made == to(chosen)


def test_timm_takes_the_nearest_where_there_is_none():
    with pytest.raises(ValueError, match="a configuration string names"):
        policy.to_timm(policy.rand_augment(2, 0.6))
    with pytest.warns(UserWarning, match="not exactly"):
        assert policy.to_timm(policy.rand_augment(2, 0.6), strict=False) == "rand-m6-n2-p1-inc1"


def test_blurs_of_other_libraries_are_mirrored_at_the_border():
    """As torchvision's `gaussian_blur` pads, and OpenCV's default border."""
    images = np.random.default_rng(0).integers(0, 256, (1, 5, 9, 3)).astype("float32")
    blur = {"__class_fullname__": "GaussianBlur", "p": 1.0, "sigma_limit": [1.5, 1.5]}
    for limit, size in ((7, 7), (0, 11)):
        made = policy.from_albumentations({"transform": {**blur, "blur_limit": [limit, limit]}})
        wanted = scipy.ndimage.gaussian_filter(
            images[0], 1.5, mode="mirror", radius=size // 2, axes=(0, 1)
        )
        np.testing.assert_allclose(made(images, compile=False)[0], wanted, atol=1e-3)
    spec = [tf.TensorSpec((None, None, None, 3), "float32")]
    blur = functools.partial(
        augment.gaussian_blur, sigma=1.5, kernel_size=11, border="mirror", compile=False
    )
    run = tf.function(lambda images: blur(images), input_signature=spec, autograph=False)
    np.testing.assert_allclose(run(images)[0], wanted, atol=1e-3)
    np.testing.assert_allclose(run(images[:, :1, :1]), images[:, :1, :1], atol=1e-3)


def test_albumentations_of_a_user():
    flip = {"__class_fullname__": "HorizontalFlip", "p": 0.5}
    turn = {"__class_fullname__": "Rotate", "p": 0.7, "limit": [-30, 30], "interpolation": 0}
    turn |= {"border_mode": 0, "fill": 9}
    grey = {"__class_fullname__": "albumentations.augmentations.ToGray", "p": 1.0}
    either = {"__class_fullname__": "OneOf", "p": 0.4, "transforms": [grey, dict(turn, p=3.0)]}
    compose = {"__class_fullname__": "Compose", "p": 1.0, "transforms": [flip, turn, either]}
    made = policy.from_albumentations({"transform": compose})
    assert made.fill == 9
    first, second = made.stages
    signed = Step("rotate", 0.7, value=(0.0, 30.0), signed=True)
    assert first.sub_policies == ((Step("flip_horizontal", 0.5), signed),)
    assert [steps[0].op for steps in second.sub_policies] == ["identity", "color", "rotate"]
    shares = np.array(second.weights) / sum(second.weights)
    assert shares == pytest.approx([0.6, 0.1, 0.3])
    unread = {
        "Swirl": "the transform Swirl is not known",
        "Mosaic": "Mosaic, which mixes images: use mix.Mosaic",
    }
    for name, message in unread.items():
        with pytest.raises(ValueError, match=message):
            policy.from_albumentations({"transform": {"__class_fullname__": name, "p": 1.0}})


def _node(name, rate=1.0, **fields):
    return {"__class_fullname__": name, "p": rate, **fields}


def test_choices_of_albumentations():
    three = [_node("HorizontalFlip"), _node("InvertImg", 0.5), _node("VerticalFlip")]
    flip, invert, other = Step("flip_horizontal"), Step("invert", 0.5), Step("flip_vertical")

    def shares(node):
        (stage,) = policy.from_albumentations({"transform": node}).stages
        weights = stage.weights or (1.0,) * len(stage.sub_policies)
        return dict(zip(stage.sub_policies, np.array(weights) / sum(weights), strict=True))

    found = shares(_node("SomeOf", 0.5, transforms=three, n=2, replace=False))
    pairs = [(flip, invert), (flip, other), (invert, other)]
    assert found == pytest.approx({(Step("identity"),): 0.5, **dict.fromkeys(pairs, 1 / 6)})
    found = shares(_node("SomeOf", transforms=three[:2], n=2, replace=True))
    assert found == pytest.approx({(flip, flip): 0.25, (flip, invert): 0.5, (invert, invert): 0.25})
    found = shares(_node("RandomOrder", transforms=three[:2], n=2, replace=False))
    assert found == pytest.approx({(flip, invert): 0.5, (invert, flip): 0.5})
    found = shares(_node("OneOrOther", 0.3, transforms=three[::2]))
    assert found == pytest.approx({(flip,): 0.3, (other,): 0.7})
    fields = {"brightness": [0.8, 1.2], "contrast": [0.7, 1.3], "saturation": [1.0, 1.0]}
    found = shares(_node("ColorJitter", 0.5, **fields, hue=[0.0, 0.0]))
    assert [len(steps) for steps in found] == [1, 2, 2]
    assert list(found.values()) == pytest.approx([0.5, 0.25, 0.25])
    many = [_node("HorizontalFlip")] * 10
    with pytest.raises(ValueError, match="too many outcomes"):
        shares(_node("SomeOf", transforms=many, n=5, replace=True))


@pytest.mark.wide
def test_holes_of_albumentations():
    def hole(counts, sizes, widths=None):
        fields = {"num_holes_range": counts, "hole_height_range": sizes, "fill": 9}
        return _node("CoarseDropout", hole_width_range=widths or sizes, **fields)

    for given in (hole([2, 5], [4, 6]), hole([1, 1], [0.25, 0.25]), hole([1, 8], [0.1, 0.2])):
        made = policy.from_albumentations({"transform": given})
        (((step,),),) = [stage.sub_policies for stage in made.stages]
        assert (step.op, made.fill) == ("hole_dropout", 9)
        again = policy.to_albumentations(made)["transform"]["transforms"][0]["transforms"][0]
        for key in ("num_holes_range", "hole_height_range", "hole_width_range"):
            assert again[key] == pytest.approx(given[key])
    blank = np.full((64, 20, 40, 1), 200, np.uint8)
    quarter = policy.from_albumentations({"transform": hole([1, 1], [0.26, 0.26])})
    found = np.asarray(quarter(blank, seed=1))[..., 0] == 9
    assert set(found.any(2).sum(1)) == {5}  # 20 * 0.26, cut
    assert set(found.any(1).sum(1)) == {10}
    sizes = policy.from_albumentations({"transform": hole([1, 1], [4, 6])})
    found = (np.asarray(sizes(np.repeat(blank, 8, 0), seed=1))[..., 0] == 9).any(2).sum(1)
    assert set(found) == {4, 5, 6}
    assert np.bincount(found)[4:].min() > 512 / 3 - 60
    with pytest.raises(ValueError, match=r"hole_width_range=\[8, 8\], in place of which is"):
        policy.from_albumentations({"transform": hole([1, 1], [4, 4], [8, 8])})
    with pytest.raises(ValueError, match="hole_dropout by the shorter side; give image_size"):
        policy.to_albumentations(Policy([[Step("hole_dropout", 1.0, 0.5)]]))


@pytest.mark.wide
def test_augmix_of_others(batch):
    given = policy.augmix_from_torchvision(severity=3, chain_depth=1)
    levels = TABLES["torchvision"]["spaces"]["AugMix"]
    chain = {steps[0].op: steps[0] for steps in given["chain"].sub_policies}
    assert len(chain) == len(levels)
    assert chain["rotate"].value == pytest.approx((0.0, levels["Rotate"][0][2]))
    low, high = chain["posterize"].value
    bits = [int(low + (high - low) * k / 2 + 0.5) for k in range(3)]
    assert bits == levels["Posterize"][0][:3]
    layer = layers.AugMix(**policy.augmix_from_timm("augmix-m5-w2-d1"), seed=1)
    mixed = layer(batch)
    assert mixed.dtype == "uint8"
    assert np.any(np.asarray(mixed) != batch)
    again = layers.AugMix.from_config(layer.get_config())
    np.testing.assert_array_equal(again(batch), mixed)
    with pytest.raises(ValueError, match="use augmix_from_torchvision"):
        policy.from_torchvision("AugMix")
    with pytest.raises(ValueError, match="use augmix_from_timm"):
        policy.from_timm("augmix-m5")


def test_wrong_arguments():
    with pytest.raises(ValueError, match="'q7' in 'rand-q7' is not understood"):
        policy.from_timm("rand-q7")
    with pytest.raises(ValueError, match="the kind of augmentation must be one of"):
        policy.from_timm("random-m9")
    with pytest.raises(ValueError, match="RandAugment has no argument 'strength'"):
        policy.from_torchvision("RandAugment", strength=1)
    with pytest.raises(ValueError, match="not one that to_dali made"):
        policy.from_dali("x = 1")
    with pytest.raises(ValueError, match="sub-policy 0, step 1: op must be one of"):
        policy.from_model_garden([[("Equalize", 1, 0), ("Warp", 1, 0)]])
    with pytest.raises(TypeError, match="policy must be a Policy"):
        policy.to_torchvision("cifar10")


def _published_name(op):
    if op == "autocontrast":
        return "AutoContrast"
    return "".join(part.capitalize() for part in op.split("_"))


def _dali_policy(name, fields):
    """An object with the attributes of DALI's Policy."""

    def function(name):
        made = lambda: None  # noqa: E731
        made.__name__ = name
        return made

    augmentations = {
        key: types.SimpleNamespace(
            name=key,
            op=function(values["op"]),
            mag_range=values["mag_range"],
            mag_to_param=function(values["mag_to_param"]),
            randomly_negate=values["randomly_negate"],
        )
        for key, values in fields["augmentations"].items()
    }
    rows = [[(augmentations[key], p, m) for key, p, m in row] for row in fields["sub_policies"]]
    return types.SimpleNamespace(name=name, num_magnitude_bins=fields["bins"], sub_policies=rows)


def albumentations_pipeline(*transforms):
    return {"transform": {"__class_fullname__": "Compose", "p": 1.0, "transforms": transforms}}


def test_the_commonest_pipeline_of_albumentations():
    crop = {"size": [64, 64], "scale": [0.2, 1.0], "ratio": [0.75, 1.3333], "interpolation": 1}
    given = albumentations_pipeline(
        {"__class_fullname__": "RandomResizedCrop", "p": 1.0, **crop},
        {"__class_fullname__": "HorizontalFlip", "p": 0.5},
        {"__class_fullname__": "Normalize", "p": 1.0, "mean": [0.5], "std": [0.5]},
        {"__class_fullname__": "Grain", "p": 0.3},
    )
    with pytest.warns(UserWarning, match="the size .* images keep their own; Normalize.*; .*Grain"):
        made = policy.from_albumentations(given, strict=False)
    ((steps,),) = [stage.sub_policies for stage in made.stages]
    assert [step.op for step in steps] == ["random_resized_crop", "flip_horizontal"]
    assert (steps[0].value, steps[1].rate) == (0.2, 0.5)
    wanted = {"aspect": (0.75, 1.3333), "tries": 10}
    assert dict(steps[0].options) == wanted
    with pytest.raises(ValueError, match="Normalize, which is no step of a policy: give the whole"):
        policy.from_albumentations(given)


def transform_of_torchvision(name, **attributes):
    """Stands for a transform of torchvision, which is read by its name and its attributes."""
    return type(name, (), attributes)()


def test_the_commonest_pipeline_of_torchvision():
    make = transform_of_torchvision
    jitter = {"brightness": (0.6, 1.4), "contrast": None, "saturation": (0.8, 1.2), "hue": None}
    grey = make("RandomGrayscale", p=0.2)
    given = make(
        "Compose",
        transforms=[
            make("RandomResizedCrop", size=(64, 64), scale=(0.08, 1.0), ratio=(0.75, 1.3333)),
            make("RandomHorizontalFlip", p=0.5),
            make("RandomApply", transforms=[make("ColorJitter", **jitter)], p=0.8),
            make("RandomChoice", transforms=[grey, make("RandomInvert", p=1.0)], p=[1.0, 3.0]),
            make("RandomRotation", degrees=[-10.0, 10.0], interpolation="bilinear", expand=False),
            make("GaussianBlur", kernel_size=(5, 5), sigma=[0.1, 2.0]),
            make("ToTensor"),
            make("Normalize", mean=[0.5], std=[0.5]),
            make("RandomErasing", p=0.25, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0),
        ],
    )
    words = "RandomResizedCrop: images keep.*ToTensor.*Normalize"
    with pytest.warns(UserWarning, match=words):
        made = policy.from_torchvision(given, strict=False)
    found = [[[step.op for step in row] for row in s.sub_policies] for s in made.stages]
    assert found == [
        [["random_resized_crop", "flip_horizontal"]],
        [["brightness", "color"], ["color", "brightness"], ["identity"]],
        [["color"], ["invert"]],
        [["rotate", "gaussian_blur", "random_erasing"]],
    ]
    assert [stage.weights for stage in made.stages][1:3] == [
        pytest.approx((0.4, 0.4, 0.2)),
        pytest.approx((1.0, 3.0)),
    ]
    with pytest.raises(ValueError, match="Normalize, which is no step of a policy: give the whole"):
        policy.from_torchvision(given)
    whole = make("Compose", transforms=[make("RandomHorizontalFlip", p=0.5), grey])
    ((steps,),) = [stage.sub_policies for stage in policy.from_torchvision(whole).stages]
    assert steps == (Step("flip_horizontal", 0.5), Step("color", 0.2, value=0.0))
    posterize = make("RandomPosterize", bits=4, p=0.5)
    ordered = make(
        "RandomOrder",
        transforms=[
            posterize,
            make("RandomSolarize", threshold=128, p=1.0),
            make("RandomAdjustSharpness", sharpness_factor=2, p=1.0),
            make("Grain"),
        ],
    )
    with pytest.warns(UserWarning, match="Grain is not known"):
        made = policy.from_torchvision(make("Compose", transforms=[ordered]), strict=False)
    orders = [tuple(step.value for step in row) for row in made.stages[0].sub_policies]
    assert orders[0] == (4.0, 128.0, 2.0)
    assert len(orders) == 24  # of four, one of which is left out
    assert {orders.count(order) for order in itertools.permutations(orders[0])} == {4}

    def read(transform):
        return policy.from_torchvision(make("Compose", transforms=[transform]))

    long = make("RandomOrder", transforms=[make("RandomInvert", p=0.5)] * 6)
    with pytest.raises(ValueError, match="a long RandomOrder, in place of which the order"):
        read(long)
    same = {"scale": None, "shear": None, "center": None, "interpolation": "nearest"}
    turned = make("RandomAffine", degrees=[-9.0, 20.0], translate=None, **same)
    moved = make("RandomAffine", degrees=[0.0, 0.0], translate=(0.1, 0.0), **same)
    both = make("RandomAffine", degrees=[-9.0, 9.0], translate=(0.1, 0.0), **same)
    found = [read(each).sub_policies[0] for each in (turned, moved)]
    assert found == [
        (Step("rotate", value=(-20.0, 9.0)),),  # clockwise there
        (Step("translate_x", value=(-0.1, 0.1), unit="width"),),
    ]
    with pytest.warns(UserWarning, match="RandomAffine, whose shifts are whole pixels there"):
        ((step,),) = read(both).sub_policies
    wanted = {"degrees": (-9.0, 9.0), "shift_y": 0.0, "scale": (1.0, 1.0), "slope": 0.0}
    assert step == Step("affine", value=1.0, options=tuple(wanted.items()))  # shift is the default
    leaning = make("RandomAffine", degrees=[0.0, 0.0], translate=None, **{**same, "shear": [9, 9]})
    with pytest.raises(ValueError, match="RandomAffine, which does several things"):
        read(leaning)
    noise = make("RandomErasing", p=0.5, scale=(0.02, 0.3), ratio=(0.3, 3.3), value=None)
    grey = make("RandomRotation", degrees=[-9.0, 9.0], fill=128, interpolation="nearest")
    assert read(grey).fill == 128
    black = make("RandomRotation", degrees=[-9.0, 9.0], fill=0, interpolation="nearest")
    with pytest.raises(ValueError, match="fill colours that differ, of which 128.0 is used"):
        policy.from_torchvision(make("Compose", transforms=[grey, black]))
    with pytest.raises(ValueError, match="RandomErasing with value='random'"):
        read(noise)


@pytest.mark.parametrize(
    ("transform", "wanted"),
    [
        ({"__class_fullname__": "Transpose", "p": 1.0}, [1]),
        ({"__class_fullname__": "RandomRotate90", "p": 1.0}, [0, 2, 4, 6]),
        ({"__class_fullname__": "D4", "p": 1.0}, range(8)),
        ({"__class_fullname__": "SquareSymmetry", "p": 0.5}, range(8)),
    ],
)
def test_symmetries_of_squares(transform, wanted):
    """As often as Albumentations gives them; an image is not moved half of the times more."""
    image = np.arange(16, dtype="uint8").reshape(1, 4, 4, 1).repeat(800, axis=0)
    made = policy.from_albumentations({"transform": {"__class_fullname__": "Compose", "p": 1.0,
                                                     "transforms": [transform]}})  # fmt: skip
    found = np.asarray(made(image, seed=3))
    square = image[0]
    turns = [np.rot90(square, turn) for turn in range(4)]
    all_eight = [kind for turn in turns for kind in (turn, np.swapaxes(turn, 0, 1))]
    shares = [np.mean(np.all(found == kind, axis=(1, 2, 3))) for kind in all_eight]
    expected = np.zeros(8)
    expected[list(wanted)] = transform["p"] / len(wanted)
    expected[0] += 1 - transform["p"]
    np.testing.assert_allclose(shares, expected, atol=0.05)


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            {"__class_fullname__": "Affine", "scale": {"x": [0.9, 1.1], "y": [0.9, 1.2]}},
            "Affine with another scale along y, in place of which is that along x",
        ),
        (
            {
                "__class_fullname__": "Affine",
                "rotate": [-9, 9],
                "shear": {"x": [1, 2], "y": [0, 0]},
            },
            "Affine with a shear among others in one warp: use layers.RandomAffine",
        ),
        (
            {"__class_fullname__": "Affine", "rotate": [9, 9], "translate_px": {"x": [2, 2]}},
            "Affine with translate_px among others: give translate_percent",
        ),
        (
            {"__class_fullname__": "Affine", "shear": {"x": [9, 9], "y": [0, 0]}},
            "Affine with a shear along x, which is about the centre.*use layers.RandomAffine",
        ),
        (
            {"__class_fullname__": "Affine", "rotate": [9, 9], "fit_output": True},
            "Affine with fit_output=True",
        ),
        (
            {"__class_fullname__": "Rotate", "limit": [9, 9], "crop_border": True},
            "Rotate with crop_border=True",
        ),
        (
            {"__class_fullname__": "Posterize", "num_bits": [[2, 2], [3, 3], [4, 4]]},
            "Posterize with num_bits",
        ),
        (
            {
                "__class_fullname__": "ColorJitter",
                "brightness": [0.8, 1.2],
                "contrast": [0.8, 1.2],
                "saturation": [1.0, 1.0],
                "hue": [-0.1, 0.1],
            },
            "the hue of ColorJitter.*use layers.RandomColorJitter",
        ),
    ],
)
def test_what_albumentations_does_in_one_is_named_and_left_out(transform, message):
    fields = {"transform": {"__class_fullname__": "Compose", "p": 1.0, "transforms": [transform]}}
    with pytest.raises(ValueError, match=message):
        policy.from_albumentations(fields)
    with pytest.warns(UserWarning, match=message):
        policy.from_albumentations(fields, strict=False)


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (
            _node("Sharpen", method="kernel", alpha=[0.3, 0.3], lightness=[1, 1]),
            "Sharpen, which also sharpens the outermost pixels",
        ),
        (_node("Equalize", mode="pil"), "Equalize with mode='pil', which spreads levels further"),
    ],
)
def test_what_albumentations_does_nearly_so_is_remarked(transform, message):
    for strict in (True, False):
        with pytest.warns(UserWarning, match=f"but not exactly: {message}"):
            made = policy.from_albumentations({"transform": transform}, strict=strict)
        assert len(made.sub_policies[0]) == 1
    hue = _node("ColorJitter", hue=[-0.1, 0.1])
    hue |= {"brightness": [1.0, 1.0], "contrast": [1.0, 1.0], "saturation": [1.0, 1.0]}
    both = albumentations_pipeline(transform, hue)
    with pytest.raises(ValueError, match="exactly: the hue of ColorJitter.*HSV: [^;]*$"):
        policy.from_albumentations(both)
    with pytest.warns(UserWarning, match=f"exactly: the hue of ColorJitter.*; {message}"):
        policy.from_albumentations(both, strict=False)


def test_files_of_albumentations_that_do_not_name_their_maker():
    """As `A.from_dict` and `A.save` leave them, and earlier versions wrote them."""
    with pytest.warns(UserWarning, match="but not exactly"):
        fields = policy.to_albumentations(policy.rand_augment(), strict=False)
    own = policy.from_albumentations(fields)
    del fields["made_by"]
    with pytest.warns(UserWarning, match="Equalize with mode='pil'.*Sharpen") as caught:
        assert policy.from_albumentations(fields) == own
    assert len(caught) == 1
