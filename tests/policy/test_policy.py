import json

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment, layers, policy
from keras_cv_extras._base import engine
from keras_cv_extras.policy import Policy, Step, _program

PRESETS = {
    "rand_augment": policy.rand_augment(2, 0.6),
    "trivial_augment": policy.trivial_augment(),
    "trivial_augment_wide": policy.trivial_augment(wide=True),
    "uniform_augment": policy.uniform_augment(),
    "cifar10": policy.auto_augment("cifar10"),
    "svhn_paper": policy.auto_augment("svhn", spec="paper"),
    "imagenet_tpu": policy.auto_augment("imagenet", spec="tpu"),
    "flip_crop_rand_augment": policy.flip_crop() + policy.rand_augment(),
    "random": Policy.random(25, 2, seed=1),
}
#: One of each form of program: two draws, levels, sub-policies that are published and drawn.
FORMS = {"rand_augment", "trivial_augment", "cifar10", "random"}
PAIRING_FREE = {name: p for name, p in PRESETS.items() if not p.needs_partners}
ANY_SIZE = PAIRING_FREE.keys() & {*FORMS, "flip_crop_rand_augment"}  # every size is a program
# With an op that AutoAugment has not, a program is of a stage's ops alone, which compiles faster.
NEVER = Step("flip_vertical", 0.0)
SMALL = Policy([[Step("invert", 0.5), Step("flip_vertical", 0.5)]]) + Policy(
    [[Step("rotate", 0.7, (0, 1)), NEVER], [Step("solarize", 0.8, (0, 1))]], weights=[2, 1]
)


@pytest.mark.wide
@pytest.mark.slow_but(*FORMS)
@pytest.mark.parametrize("name", sorted(PRESETS))
def test_images_of_a_batch_and_epochs_differ(name, batch):
    images = np.repeat(batch[:1], len(batch), axis=0)
    call = lambda part=0, **draws: np.asarray(  # noqa: E731
        PRESETS[name](images, samples=np.arange(12) + 12 * part, **draws)
    )
    first = call(seed=1)
    assert first.dtype == "uint8"
    drawn = [first, *(call(part, seed=1) for part in (1, 2, 3, 4))]
    assert len({one.tobytes() for one in np.concatenate(drawn)}) > 8
    assert np.any(first != call(seed=1, epoch=1))
    np.testing.assert_array_equal(first, call(seed=1))
    assert np.any(first != call(seed=2))


@pytest.mark.wide
@pytest.mark.slow_but(*FORMS & PAIRING_FREE.keys())
@pytest.mark.parametrize("name", sorted(PAIRING_FREE))
def test_a_sample_is_augmented_alike_in_any_batch(name, batch):
    """Compiled among other samples, plain by itself; in batches of any size, see below."""
    chosen = PAIRING_FREE[name]
    together = np.asarray(chosen(batch, seed=5, epoch=3))
    ids = np.array([4, 0, 11, 7, 7, 2, 9, 5, 0, 10, 3, 8])
    mixed = chosen(batch[ids], seed=5, epoch=3, samples=ids)
    np.testing.assert_array_equal(mixed, together[ids])
    alone = chosen(batch[6:7], seed=5, epoch=3, samples=[6], compile=False)
    np.testing.assert_array_equal(alone, together[6:7])


@pytest.mark.wide
@pytest.mark.slow_but("small")
@pytest.mark.parametrize("name", ["small", *sorted(ANY_SIZE)])
def test_a_sample_is_augmented_alike_in_a_batch_of_any_size(name, batch):
    chosen = {"small": SMALL, **PAIRING_FREE}[name]
    together = np.asarray(chosen(batch, seed=5, epoch=3))
    for ids in np.split(np.arange(12), [1]):
        part = chosen(batch[ids], seed=5, epoch=3, samples=ids)
        np.testing.assert_array_equal(part, together[ids])


@pytest.mark.wide
def test_a_sample_with_its_partner_is_augmented_alike_in_any_batch(batch):
    mixing = Policy([[Step("sample_pairing", 0.8, (0, 1)), Step("rotate", 0.5, 0.7), NEVER]])
    together = np.asarray(mixing(batch, seed=5, partners=batch[::-1]))
    part = mixing(batch[4:9], seed=5, samples=range(4, 9), partners=batch[::-1][4:9])
    np.testing.assert_array_equal(part, together[4:9])


@pytest.mark.wide_but("rand_augment", "random")
@pytest.mark.slow_but(*FORMS)
@pytest.mark.parametrize("name", sorted(PRESETS))
def test_plain_and_compiled_agree(name, batch):
    wanted = np.asarray(PRESETS[name](batch, seed=2, epoch=1))
    plain = PRESETS[name](batch, seed=2, epoch=1, compile=False)
    np.testing.assert_array_equal(plain, wanted)


@pytest.mark.wide
@pytest.mark.slow_but("small")
@pytest.mark.parametrize("name", ["small", *sorted(PRESETS)])
def test_datasets_agree(name, batch):
    chosen = {"small": SMALL, **PRESETS}[name]
    wanted = np.asarray(chosen(batch, seed=2, epoch=1))
    dataset = tf.data.Dataset.range(3).map(
        lambda epoch: chosen(batch, seed=2, epoch=epoch), num_parallel_calls=2
    )
    np.testing.assert_array_equal(list(dataset.as_numpy_iterator())[1], wanted)


@pytest.mark.wide
def test_another_policy_of_the_shape_is_not_traced_again(batch):
    branches = tuple((name, ()) for name in ("identity", *policy.SEARCH_OPS))
    images = tf.constant(batch)
    program = engine.runner(_program.execute_one, True, images, structure=(branches,))
    Policy.random(5, 2, seed=0)(batch)
    traces = program.experimental_get_tracing_count()
    assert traces > 0
    for seed in range(1, 20):
        Policy.random(5, 2, seed=seed)(batch, seed=seed, epoch=seed, samples=range(seed, seed + 12))
    assert program.experimental_get_tracing_count() == traces


def test_policies_of_up_to_32_sub_policies_have_tables_of_one_shape():
    def shapes(number):
        (loop,), branches = Policy([SMALL.sub_policies[0]] * number).tables(8, 8, 0)
        return [np.shape(part) for part in loop], branches

    assert shapes(1) == shapes(7) == shapes(32) != shapes(33)
    assert shapes(33) == shapes(64) != shapes(65)


def test_tables_are_made_once_for_a_size():
    chosen = policy.rand_augment()
    first = chosen.tables(24, 20, 0)
    assert chosen.tables(24, 20, 1) is first
    larger = chosen.tables(240, 20, 0)
    assert larger is not first
    assert (larger[0][0].table != first[0][0].table).any(), "distances are those of the size"
    joined = chosen + policy.flip_crop()
    assert len(joined.tables(240, 20, 0)[0]) == 2


def test_rates_and_weights():
    images = np.full((4000, 2, 2, 1), 100, "uint8")
    rows = [[Step("solarize", 0.25, 1.0), NEVER], [Step("brightness", 1.0, value=0.5)]]
    result = np.asarray(Policy(rows, weights=[3, 1])(images, seed=4))[:, 0, 0, 0]
    shares = {level: np.mean(result == level) for level in (100, 155, 50)}
    # Standard error of a share: below 0.008.
    assert abs(shares[155] - 0.75 * 0.25) < 0.03
    assert abs(shares[50] - 0.25) < 0.03
    assert abs(shares[100] - 0.75 * 0.75) < 0.03


def test_zero_weight_is_never_drawn():
    images = np.full((500, 2, 2, 1), 100, "uint8")
    rows = [[Step("invert"), NEVER], [Step("identity")], [Step("invert")]]
    assert np.all(np.asarray(Policy(rows, weights=[0, 1, 0])(images)) == 100)


def test_steps_run_in_order_and_signs_are_drawn(batch):
    two = Policy([[Step("invert"), Step("brightness", 1.0, value=0.5)]])
    wanted = augment.brightness(augment.invert(batch), 0.5)
    np.testing.assert_array_equal(two(batch, compile=False), wanted)
    turn = Policy([[Step("rotate", 1.0, value=10, signed=True)]])
    turned = np.asarray(turn(batch, seed=1, compile=False))
    left, right = np.asarray(augment.rotate(batch, 10)), np.asarray(augment.rotate(batch, -10))
    ways = {
        (bool((one == a).all()), bool((one == b).all()))
        for one, a, b in zip(turned, left, right, strict=True)
    }
    assert ways == {(True, False), (False, True)}


def test_translations_are_relative_to_the_image():
    image = (np.arange(40 * 20).reshape(1, 40, 20, 1) % 256).astype("uint8")
    quarter = Policy([[Step("translate_y", 1.0, value=0.25, unit="height")]])
    wanted = augment.translate_y(image, 10, compile=False)
    np.testing.assert_array_equal(quarter(image, compile=False), wanted)


@pytest.mark.wide
def test_value_range_and_types(batch):
    ops = ("rotate", "brightness", "solarize", "flip_vertical")
    chosen = policy.rand_augment(1, 0.5, ops=ops)
    whole = np.asarray(chosen(batch.astype("float32"), seed=1))
    scaled = np.asarray(chosen.with_value_range((0, 1))(batch / np.float32(255), seed=1))
    assert scaled.max() <= 1.0001
    assert np.mean(np.abs(scaled * 255 - whole) > 1.01) < 0.01  # floors fall on either side
    with pytest.raises(ValueError, match=r"uint8 images cannot have the value_range \(0, 1\)"):
        chosen.with_value_range((0, 1))(batch)


def test_grey_and_channels(batch):
    assert policy.rand_augment()(batch[..., :1], compile=False).shape == (12, 24, 20, 1)
    geometry = Policy([[Step("rotate", 1.0, 0.5)]])
    assert geometry(np.zeros((2, 8, 8, 4), "uint8"), compile=False).shape == (2, 8, 8, 4)
    with pytest.raises(ValueError, match="color works on images with 1 or 3 channels"):
        Policy([[Step("color", 1.0, 0.5)]])(np.zeros((2, 8, 8, 4), "uint8"))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_json_round_trip(name, batch, tmp_path):
    path = tmp_path / "folder" / "policy.json"
    PRESETS[name].save(path)
    loaded = Policy.load(path)
    assert loaded == PRESETS[name]
    if name in FORMS:
        wanted = PRESETS[name](batch, seed=3, compile=False)
        np.testing.assert_array_equal(loaded(batch, seed=3, compile=False), wanted)
    assert [file.name for file in path.parent.iterdir()] == ["policy.json"]


def test_provenance_is_kept(tmp_path):
    made = Policy([[Step("invert")]], name="mine", provenance={"seed": 3, "data": "digits"})
    made.save(tmp_path / "p.json")
    assert Policy.load(tmp_path / "p.json").provenance == {"seed": 3, "data": "digits"}
    for wrong in ([["a", 1]], {1: 2}):
        with pytest.raises(TypeError, match="provenance must be a dictionary with names as keys"):
            Policy([[Step("invert")]], provenance=wrong)
    fields = {**made.to_dict(), "provenance": [[None, None]]}
    (tmp_path / "p.json").write_text(json.dumps(fields))
    with pytest.raises(ValueError, match="provenance must be a dictionary"):
        Policy.load(tmp_path / "p.json")


def _broken(change):
    fields = policy.auto_augment("cifar10").to_dict()
    fields = json.loads(json.dumps(fields))
    change(fields)
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not a JSON file"),
        ("[]", "not a policy"),
        ('{"format": "keras_cv_extras.policy", "version": 99}', "version 99 is not known"),
        (_broken(lambda f: f.update(stages=[])), "at least one stage"),
        (_broken(lambda f: f["stages"][0]["sub_policies"][7].pop("steps")), "sub-policy 7"),
        (
            _broken(lambda f: f["stages"][0]["sub_policies"][3]["steps"][1].update(op="warp")),
            "sub-policy 3, step 1: op must be one of",
        ),
        (
            _broken(lambda f: f["stages"][0]["sub_policies"][2]["steps"][0].update(rate=1.5)),
            r"sub-policy 2, step 0: rate must be in \[0, 1\], received 1.5",
        ),
        (
            _broken(lambda f: f["stages"][0]["sub_policies"][0]["steps"][0].update(force=1)),
            "sub-policy 0, step 0: unknown field 'force'",
        ),
        (
            _broken(lambda f: f.update(value_range=[1, 0])),
            "value_range must be .low, high. with low < high",
        ),
    ],
)
def test_a_malformed_file_names_the_place(text, problem, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=problem) as error:
        Policy.load(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.json"):
        Policy.load(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    ("make", "error", "problem"),
    [
        (lambda: Step("warp"), ValueError, "op must be one of"),
        (lambda: Step("rotate"), ValueError, "needs either a strength"),
        (lambda: Step("rotate", 1.0, 1.5), ValueError, r"strength must lie in \[0, 1\]"),
        (lambda: Step("rotate", 1.0, "much"), TypeError, "strength must be a number"),
        (lambda: Step("rotate", 1.0, float("nan")), ValueError, "strength must be finite"),
        (lambda: Step("rotate", True, 0.5), TypeError, "rate must be a number"),
        (lambda: Step("invert", 1.0, 0.5), ValueError, "invert has no strength"),
        (lambda: Policy([]), ValueError, "at least one sub-policy"),
        (lambda: Policy([[]]), ValueError, "sub-policy 0 has no steps"),
        (lambda: Policy([["rotate"]]), TypeError, "sub-policy 0 must hold Steps"),
        (lambda: Policy([[Step("invert")]], weights=[1, 2]), ValueError, "one number per sub"),
        (lambda: Policy([[Step("invert")]], weights=[-1]), ValueError, "at least 0"),
        (lambda: Policy([[Step("invert")]], fill=300), ValueError, r"fill must lie in"),
        (lambda: policy.rand_augment(0), ValueError, "num_ops must be at least 1"),
        (lambda: policy.rand_augment(2, 1.5), ValueError, "strength must be in"),
        (lambda: policy.auto_augment("coco"), ValueError, "name must be one of"),
        (lambda: policy.auto_augment("svhn", spec="mine"), ValueError, "spec must be one of"),
        (lambda: policy.concatenate([]), ValueError, "at least one policy"),
        (
            lambda: policy.flip_crop(fill=1) + policy.rand_augment(),
            ValueError,
            "must have the same fill",
        ),
    ],
)
def test_wrong_arguments_are_one_clear_error(make, error, problem):
    with pytest.raises(error, match=problem):
        make()


@pytest.mark.wide
@pytest.mark.parametrize("name", ["rand_augment", "auto_augment", "mixed"])
def test_images_of_unknown_size_get_what_a_known_size_gives(name, batch):
    steps = [Step("translate_x", 1.0, value=(0.1, 0.4), unit="width", signed=True, whole=True)]
    steps += [Step("translate_y", 0.5, value=3), Step("padded_crop", 1.0, 0.5)]
    chosen = {
        "rand_augment": policy.rand_augment(),
        "auto_augment": policy.auto_augment("svhn"),
        "mixed": Policy([steps, [Step("random_erasing", 0.9, 0.5)]], num_draws=2),
    }[name]
    spec = tf.TensorSpec((None, None, None, 3), "uint8")
    seed = tf.Variable(5)
    run = tf.function(lambda images: chosen(images, seed=seed), input_signature=[spec])
    for images in (batch, batch[:, :17], batch[:3, 3:, 5:]):
        np.testing.assert_array_equal(run(images), chosen(images, seed=5, compile=False))
    layer = layers.PolicyAugment(chosen, seed=1)
    mapped = tf.data.Dataset.from_generator(
        lambda: batch, output_signature=tf.TensorSpec((None, None, 3), "uint8")
    )
    assert next(iter(mapped.map(layer))).shape == batch[0].shape


def test_concatenate_weighs_policies_alike():
    one = Policy([[Step("invert")], [Step("equalize")]])
    other = Policy([[Step("rotate", 1.0, 0.5)]])
    joined = policy.concatenate([one, other], name="both")
    assert len(joined.sub_policies) == 3
    assert joined.weights == (0.5, 0.5, 1.0)
    five = policy.concatenate([Policy.random(5, 2, seed=s) for s in range(5)])
    assert len(five.sub_policies) == 25
    assert five.weights is None


def test_random_policies_differ_and_repeat():
    assert Policy.random(seed=1) == Policy.random(seed=1)
    assert Policy.random(seed=1) != Policy.random(seed=2)
    used = {
        step.op
        for seed in range(20)
        for steps in Policy.random(seed=seed).sub_policies
        for step in steps
    }
    assert used == set(policy.SEARCH_OPS)


def test_describe():
    text = policy.auto_augment("svhn").describe()
    assert text.splitlines()[0] == "25 sub-policies"
    assert "shear_x 0.133 (rate 0.9), then invert (rate 0.2)" in text
