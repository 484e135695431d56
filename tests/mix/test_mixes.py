"""Mixes that draw for themselves: distributions, repeatability, schedules, pipelines."""

import dataclasses

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from keras_cv_extras import data, layers, losses, mix, policy
from keras_cv_extras._base.draws import draws_of

COUNT = 7
LABELS = np.arange(COUNT) % 3
MIXES = {
    "MixUp": mix.MixUp(1.0),
    "CutMix": mix.CutMix(),
    "FMix": mix.FMix(),
    "Mosaic": mix.Mosaic(),
    "SamplePairing": mix.SamplePairing(),
    "ReMix": mix.ReMix([50, 20, 5]),
    "BalancedMixUp": mix.BalancedMixUp(),
    "RandomMix": mix.RandomMix([mix.MixUp(), mix.CutMix(), mix.Mosaic()], weights=[1, 2, 1]),
}


@pytest.fixture(scope="module")
def images():
    """Seven images that show where their pixels went."""
    shape = (COUNT, 12, 10, 1)
    return np.broadcast_to(np.arange(COUNT)[:, None, None, None] * 30, shape).astype("uint8")


def draws(count, seed=0):
    return draws_of(np.zeros((count, 1)), seed, 0, None)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 4.0])
def test_weights_follow_the_beta_distribution(alpha):
    weights = np.asarray(draws(20_000).beta(3, alpha, alpha), "float64")
    assert np.isfinite(weights).all()
    # Of a small alpha, float32 cannot tell the values next to 1: they are one value.
    law = scipy.stats.beta(alpha, alpha)
    for point in np.linspace(0.01, 0.99, 30):
        share = np.mean(weights <= point)
        assert abs(share - law.cdf(point)) < 1.95 / np.sqrt(20_000)  # p = 0.001
    if alpha >= 1:
        assert scipy.stats.kstest(weights, law.cdf).pvalue > 0.001


def test_balanced_weights_and_normal_numbers():
    weights = np.asarray(draws(20_000).beta(3, 0.2, 1.0), "float64")
    assert scipy.stats.kstest(weights, scipy.stats.beta(0.2, 1).cdf).pvalue > 0.001
    normal = np.asarray(draws(5_000).normals(0, 4), "float64")
    assert scipy.stats.kstest(normal.ravel(), "norm").pvalue > 0.001


def test_partners_are_a_random_ring():
    """No sample is its own partner, each is one once, and any other may be it."""
    count, epochs = 6, 600
    seen = np.zeros((count, count))
    ring = tf.function(lambda epoch: draws_of(np.zeros((count, 1)), 5, epoch, None).ring(1))
    for epoch in range(epochs):
        place, order = (np.asarray(part) for part in ring(tf.constant(epoch)))
        partner = order[(place + 1) % count]
        assert sorted(partner) == list(range(count))
        seen[np.arange(count), partner] += 1
    assert np.trace(seen) == 0
    others = seen[~np.eye(count, dtype=bool)]
    assert scipy.stats.chisquare(others).pvalue > 0.001


@pytest.mark.wide_but("MixUp", "SamplePairing")
@pytest.mark.parametrize("name", MIXES)
def test_repeats_for_a_seed_and_an_epoch(name, images):
    call = lambda **words: MIXES[name](images, LABELS, **words)  # noqa: E731
    first, labels = call(seed=1, epoch=2)
    again, same = call(seed=1, epoch=2)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(labels, same)
    assert first.dtype == "uint8"
    assert np.any(np.asarray(call(seed=2, epoch=2)[0]) != first)
    assert np.any(np.asarray(call(seed=1, epoch=3)[0]) != first)
    plain, soft = MIXES[name](images, LABELS, seed=1, epoch=2, compile=False)
    np.testing.assert_array_equal(plain, first)
    np.testing.assert_allclose(soft, labels, atol=1e-6)


@pytest.mark.parametrize(("balanced", "share"), [(True, 0.5), (False, 1 / 64)])
def test_remix_draws_the_class_of_a_partner_first(balanced, share):
    labels = np.arange(64) == 5
    images = np.float32(255 * labels)[:, None, None, None]
    kind = mix.ReMix([63, 1], num_classes=2, balanced=balanced)
    _, rows = kind(images, labels.astype(int), seed=3, compile=False)
    assert np.mean(np.asarray(rows)[:, 1] > 0) == pytest.approx(share, abs=0.15)
    assert mix.ReMix([63, 1]).balanced


@pytest.mark.parametrize("name", sorted(set(MIXES) - {"BalancedMixUp"}))
def test_the_order_of_a_batch_does_not_matter(name, images):
    """What a sample is mixed with depends on the set of samples, not on their places."""
    kind = dataclasses.replace(MIXES[name], **({"balanced": False} if name == "ReMix" else {}))
    order = np.array([3, 1, 6, 0, 2, 5, 4])
    whole, labels = kind(images, LABELS, seed=1, samples=np.arange(COUNT), compile=False)
    moved, others = kind(images[order], LABELS[order], seed=1, samples=order, compile=False)
    np.testing.assert_array_equal(moved, np.asarray(whole)[order])
    np.testing.assert_allclose(others, np.asarray(labels)[order], atol=1e-6)


@pytest.mark.parametrize("balanced", [False, True])
def test_with_a_pool_the_batch_does_not_matter(balanced, images):
    pool = mix.Pool(images, LABELS, balanced=balanced)
    kind = mix.BalancedMixUp(pool=pool) if balanced else mix.MixUp(1.0, pool=pool)
    whole, labels = kind(images, LABELS, seed=1, epoch=4, compile=False)
    for part in (slice(0, 1), slice(1, 5), slice(5, 7)):
        samples = np.arange(COUNT)[part]
        own, mine = kind(
            images[part], LABELS[part], seed=1, epoch=4, samples=samples, compile=False
        )
        np.testing.assert_array_equal(own, np.asarray(whole)[part])
        np.testing.assert_allclose(mine, np.asarray(labels)[part], atol=1e-6)


def test_a_pool_is_drawn_from_evenly_and_by_class():
    labels = np.array([0] * 90 + [1] * 9 + [2])
    pool = mix.Pool(np.zeros((100, 1, 1, 1)), labels)
    places = np.asarray(pool.places(draws(20_000), 0))
    assert scipy.stats.chisquare(np.bincount(places, minlength=100)).pvalue > 0.001
    even = mix.Pool(np.zeros((100, 1, 1, 1)), labels, balanced=True)
    places = np.asarray(even.places(draws(20_000), 0))
    for form in (labels[:, None], np.eye(3)[labels]):
        same = mix.Pool(np.zeros((100, 1, 1, 1)), form, balanced=True)
        np.testing.assert_array_equal(same.places(draws(20_000), 0), places)
    assert scipy.stats.chisquare(np.bincount(labels[places])).pvalue > 0.001
    inside = np.bincount(places[labels[places] == 0], minlength=90)
    assert scipy.stats.chisquare(inside).pvalue > 0.001


def test_classes_of_a_batch_are_drawn_evenly():
    from keras_cv_extras.mix._long_tail import balanced_places

    labels = np.array([0, 0, 0, 0, 0, 0, 1, 2])
    draw = np.linspace(0, 1, 8000, endpoint=False).reshape(-1, 8).astype("float32")
    places = np.concatenate([np.asarray(balanced_places(labels, row)) for row in draw[:300]])
    spread = np.concatenate([draw[i] for i in range(300)])
    np.testing.assert_array_equal(labels[places], np.minimum(spread * 3 + 1e-6, 2).astype(int))


def test_partner_of_the_pool_is_augmented_by_itself(images):
    steep = images.copy()
    steep[:, :, :5] += 20
    flip = policy.Policy([[policy.Step("flip_horizontal", 0.5)]])
    pool = mix.Pool(steep, LABELS, policy=flip)
    pair = mix.SamplePairing(weight=1.0, pool=pool)
    shown = np.asarray(pair(steep, LABELS, seed=3, compile=False)[0]).astype(int)
    flipped = shown[:, 0, 0, 0] < shown[:, 0, -1, 0]
    own = np.asarray(flip(steep, seed=3)).astype(int)
    assert 0 < flipped.sum() < COUNT
    assert np.any(flipped != (own[:, 0, 0, 0] < own[:, 0, -1, 0]))


def test_small_batches(images):
    for name in ("MixUp", "CutMix", "SamplePairing", "ReMix"):
        alone, _ = MIXES[name](images[2:3], LABELS[2:3], seed=1, compile=False)
        np.testing.assert_array_equal(alone, images[2:3])
    pair, _ = MIXES["Mosaic"](images[:2], LABELS[:2], seed=1, compile=False)
    assert set(np.unique(pair)) == {0, 30}


def test_rate_and_random_mix(images):
    many = np.broadcast_to(np.arange(200)[:, None, None, None], (200, 4, 4, 1)).astype("uint8")
    labels = np.zeros(200, int)
    some, compact = mix.MixUp(9.0, rate=0.3)(many, labels, seed=1, compile=False)
    changed = np.asarray(compact)[:, 0, 1] < 1
    assert 35 <= changed.sum() <= 85  # within 4 standard deviations
    np.testing.assert_array_equal(np.asarray(some)[~changed], many[~changed])
    both = mix.RandomMix([mix.MixUp(50.0), mix.CutMix(50.0)], weights=[1, 3], rate=0.8)
    mixed = np.asarray(both(many, labels, seed=1, compile=False)[0]).reshape(200, -1)
    kinds = [len(np.unique(row)) for row in mixed]
    moved = [number for number in range(200) if kinds[number] == 2]
    blended = [n for n in range(200) if kinds[n] == 1 and mixed[n, 0] != n]
    assert 95 <= len(moved) <= 145
    assert 20 <= len(blended) <= 60


def test_label_smoothing_is_for_all(images):
    kind = mix.MixUp(1.0, num_classes=3, label_smoothing=0.3, rate=0.0)
    _, labels = kind(images, LABELS, compile=False)
    np.testing.assert_allclose(labels, np.eye(3)[LABELS] * 0.7 + 0.1, atol=1e-6)
    with pytest.raises(ValueError, match="label_smoothing needs rows"):
        mix.MixUp(1.0, label_smoothing=0.3)(images, LABELS)


def test_schedule():
    schedule = mix.Schedule(num_epochs=24, warmup=2, on=8, off=2, end=3)
    wanted = [0] * 2 + [1] * 8 + [0] * 2 + [1] * 8 + [0] * 2 + [0] * 2
    wanted[20:24] = [0, 0, 0, 0]
    assert [int(schedule.active(epoch)) for epoch in range(24)] == wanted
    np.testing.assert_array_equal(schedule.active(np.arange(24)), np.array(wanted, bool))
    np.testing.assert_array_equal(schedule.active(tf.range(24)), np.array(wanted, bool))
    assert not schedule.active(tf.constant(1, tf.uint32))
    assert mix.Schedule(num_epochs=100).end == 20
    assert [mix.Schedule(num_epochs=3, warmup=0, end=0).active(e) for e in range(4)] == [1, 1, 1, 0]
    assert not any(mix.Schedule(num_epochs=3, end=3).active(e) for e in range(5))
    with pytest.raises(ValueError, match="on must be at least 1"):
        mix.Schedule(num_epochs=3, on=0)


@pytest.mark.wide
def test_sample_pairing_in_a_pipeline_keeps_its_schedule(images):
    schedule = mix.Schedule(num_epochs=6, warmup=1, on=2, off=1, end=1)
    train = data.pipeline(
        (images, LABELS), 3, mix=mix.SamplePairing(schedule=schedule), seed=1, shuffle=False
    )
    active = []
    for _ in range(6):
        batches = list(train.as_numpy_iterator())
        np.testing.assert_array_equal(np.concatenate([b[1] for b in batches]), LABELS)
        assert batches[0][1].dtype == LABELS.dtype
        active.append(bool(np.any(np.concatenate([b[0] for b in batches]) != images)))
    assert active == [schedule.active(epoch) for epoch in range(6)] == [0, 1, 1, 0, 1, 0]


@pytest.mark.wide
def test_training_on_compact_labels_equals_training_on_rows(images):
    finals = []
    for num_classes in (None, 3):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input((12, 10, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
        )
        model.compile(keras.optimizers.SGD(1e-4), losses.LogLoss(from_logits=True))
        kind = mix.MixUp(num_classes=num_classes)
        train = data.pipeline((images, LABELS), 4, mix=kind, seed=1)
        history = model.fit(train, epochs=2, verbose=0, shuffle=False).history["loss"]
        finals.append([*history, *model.get_weights()[0].ravel()])
    np.testing.assert_allclose(*finals, rtol=1e-4, atol=1e-6)


def test_wrong_arguments(images):
    with pytest.raises(ValueError, match="alpha must be above 0"):
        mix.MixUp(0.0)
    with pytest.raises(ValueError, match="rate must be in"):
        mix.CutMix(rate=2)
    with pytest.raises(TypeError, match="schedule must be a Schedule"):
        mix.CutMix(schedule=3)
    with pytest.raises(ValueError, match="arguments of RandomMix"):
        mix.RandomMix([mix.MixUp(num_classes=3)])
    with pytest.raises(TypeError, match="another RandomMix"):
        mix.RandomMix([mix.RandomMix()])
    with pytest.raises(ValueError, match="alpha must be"):
        mix.BalancedMixUp(0.0, pool=mix.Pool(images, LABELS, balanced=True))
    with pytest.raises(ValueError, match="balanced=True"):
        mix.BalancedMixUp(pool=mix.Pool(images, LABELS))
    with pytest.raises(ValueError, match="labels must have one row per image"):
        mix.Pool(images, LABELS[:2])


@pytest.mark.parametrize("kind", [mix.MixUp(), layers.MixUp(), mix.CutMix(num_classes=3)])
def test_what_a_mix_cannot_mix_is_refused(kind, images):
    mask = np.zeros((*images.shape[:3], 1), "int32")
    for labels in (mask, mask[..., 0], mask.astype("float32")):
        with pytest.raises(ValueError, match="a mix takes no masks"):
            kind(images, labels)
    rows = np.eye(3, dtype="float32")[LABELS]
    for second in (LABELS, rows):
        with pytest.raises((TypeError, ValueError), match="the labels of one output"):
            kind(images, (LABELS, second))
    for several in ((LABELS, rows, LABELS), {"a": LABELS, "b": rows}):
        with pytest.raises(TypeError, match="mix the labels of one output"):
            kind(images, several)
    with pytest.raises(ValueError, match="labels that are mixed already"):
        kind(images, np.asarray(mix.MixUp()(images, LABELS)[1]))


JAX = """
import numpy as np
import keras
from keras_cv_extras import inference, layers, losses, mix, policy

images, labels = np.load(sys.argv[1]), np.arange(7) % 3
kinds = [mix.MixUp(1.0), mix.CutMix(), mix.FMix(), mix.Mosaic(), mix.ReMix([50, 20, 5]),
         mix.BalancedMixUp(pool=mix.Pool(images, labels, balanced=True)),
         mix.RandomMix([mix.MixUp(), mix.CutMix()], rate=0.8)]
out = {}
for number, kind in enumerate(kinds):
    out[f"{number}"], out[f"{number} labels"] = kind(images, labels, seed=3, epoch=2)
logits = np.linspace(-2, 2, 21).reshape(7, 3)
out["loss"] = losses.log_loss(out["0 labels"], logits, from_logits=True)
layers.RandomMix([mix.MixUp()], seed=1)(images, labels)
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
views = inference.TestTimeAugment(model, "ten", image_size=(12, 10))
assert views.predict(images.astype("float32"), verbose=0).shape == (7, 3)
assert len(policy.augmix(images, seed=1, jensen_shannon=True)) == 3
np.savez(sys.argv[2], **{name: np.asarray(value) for name, value in out.items()})
print(keras.backend.backend(), "tensorflow" in sys.modules)
"""


@pytest.mark.slow
def test_jax_without_tensorflow(python_on_jax, images, tmp_path):
    np.save(tmp_path / "images.npy", images)
    printed = python_on_jax(JAX, tmp_path / "images.npy", tmp_path / "out.npz")
    assert printed.split() == ["jax", "False"]
    results = np.load(tmp_path / "out.npz")
    pool = mix.Pool(images, LABELS, balanced=True)
    kinds = [MIXES[n] for n in ("MixUp", "CutMix", "FMix", "Mosaic", "ReMix")]
    kinds += [mix.BalancedMixUp(pool=pool)]
    kinds += [mix.RandomMix([mix.MixUp(), mix.CutMix()], rate=0.8)]
    for number, kind in enumerate(kinds):
        mixed, labels = kind(images, LABELS, seed=3, epoch=2)
        different = np.mean(results[f"{number}"] != np.asarray(mixed))
        assert different <= 0.002, f"{kind}: {different:.2%} of the pixels differ"
        np.testing.assert_allclose(results[f"{number} labels"], labels, atol=0.01)
    _, compact = MIXES["MixUp"](images, LABELS, seed=3, epoch=2)
    logits = np.linspace(-2, 2, 21).reshape(7, 3)
    wanted = losses.log_loss(compact, logits, from_logits=True)
    np.testing.assert_allclose(results["loss"], wanted, rtol=1e-4)
