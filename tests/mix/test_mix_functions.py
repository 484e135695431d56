"""Mixes with given partners and weights, against NumPy."""

import functools
import warnings

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_cv_extras import data, losses, mix
from keras_cv_extras._base.draws import draws_of

COUNT, HEIGHT, WIDTH = 5, 13, 10
PLACES = np.array([3, 0, 4, 2, 1])
LABELS = np.array([2, 0, 1, 1, 2])
ROWS = np.eye(3, dtype="float32")[LABELS]
WEIGHTS = np.array([0.0, 0.25, 0.5, 0.7, 1.0], "float32")


def levels(dtype="uint8", shape=(COUNT, HEIGHT, WIDTH, 3)):
    values = np.arange(np.prod(shape)) * 2654435761 % 2**32 // 2**24
    return values.reshape(shape).astype(dtype)


def flags(shape=(COUNT, HEIGHT, WIDTH, 1)):
    """Images that show where their pixels went: one value for each image."""
    return np.broadcast_to(np.arange(shape[0])[:, None, None, None], shape).astype("uint8")


def call(name, images, labels, places=PLACES, weight=WEIGHTS, **options):
    if name == "mosaic":
        places = np.stack([places, np.roll(places, 1), np.roll(places, 2)], axis=1)
        return mix.mosaic(images, labels, places, 0.31, 0.62, **options)
    if name == "cutmix":
        return mix.cutmix(images, labels, places, weight, 0.2, 0.9, **options)
    if name == "remix":
        options.setdefault("class_counts", [100, 90, 5])
    return getattr(mix, name)(images, labels, places, weight, **options)


NAMES = ("mixup", "cutmix", "fmix", "mosaic", "remix")
MOVED = ("cutmix", "fmix", "mosaic")


def test_mixup_equals_numpy():
    share = WEIGHTS[:, None, None, None].astype("float64")
    images = levels()
    exact = (1 - share) * images + share * images[PLACES]
    mixed, labels = mix.mixup(images, ROWS, PLACES, WEIGHTS)
    assert np.abs(np.asarray(mixed) - exact).max() <= 0.5 + 1e-4
    np.testing.assert_array_equal(mixed[0], images[0])
    np.testing.assert_array_equal(mixed[4], images[PLACES[4]])
    wanted = (1 - WEIGHTS[:, None]) * ROWS + WEIGHTS[:, None] * ROWS[PLACES]
    np.testing.assert_allclose(labels, wanted, atol=1e-6)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (-1, 1)])
def test_any_range_of_values(low, high):
    images = levels("float32") / 255 * (high - low) + low
    mixed, _ = mix.mixup(images, LABELS, PLACES, WEIGHTS)
    share = WEIGHTS[:, None, None, None]
    wanted = (1 - share) * images + share * images[PLACES]
    np.testing.assert_allclose(mixed, wanted, atol=1e-5 * max(abs(low), abs(high)))
    assert np.asarray(mixed).min() >= low
    assert np.asarray(mixed).max() <= high


def test_cutmix_equals_numpy():
    images = levels()
    mixed, _ = call("cutmix", images, LABELS)
    for number, weight in enumerate(WEIGHTS):
        wanted = images[number].copy()
        tall, wide = (int(np.floor(np.sqrt(weight) * side + 0.5)) for side in (HEIGHT, WIDTH))
        top, left = int(0.9 * HEIGHT) - tall // 2, int(0.2 * WIDTH) - wide // 2
        box = slice(max(top, 0), max(top + tall, 0)), slice(max(left, 0), max(left + wide, 0))
        wanted[box] = images[PLACES[number]][box]
        np.testing.assert_array_equal(mixed[number], wanted)


def test_mosaic_shows_the_corners_that_meet():
    images = levels()
    mixed, _ = call("mosaic", images, LABELS)
    row, column = round(0.62 * HEIGHT), round(0.31 * WIDTH)
    parts = [np.arange(COUNT), PLACES, np.roll(PLACES, 1), np.roll(PLACES, 2)]
    for number in range(COUNT):
        upper_left, upper_right, lower_left, lower_right = (images[p[number]] for p in parts)
        upper = np.hstack([upper_left[-row:, -column:], upper_right[-row:, : WIDTH - column]])
        lower = np.hstack(
            [
                lower_left[: HEIGHT - row, -column:],
                lower_right[: HEIGHT - row, : WIDTH - column],
            ]
        )
        np.testing.assert_array_equal(mixed[number], np.vstack([upper, lower]))


@pytest.mark.wide
def test_fmix_masks_are_the_highest_part_of_smooth_noise():
    images = np.zeros((2, 48, 40, 1), "uint8")
    images[1] = 1
    mixed, _ = mix.fmix(images, [0, 1], np.array([1, 1]), 0.3, seed=3)
    mask = np.asarray(mixed)[0, ..., 0]
    assert mask.sum() == round(0.3 * 48 * 40)
    edges = np.abs(np.diff(mask.astype(int), axis=1)).mean()
    assert edges < 0.1, "independent pixels would have 0.42"
    other, _ = mix.fmix(images, [0, 1], np.array([1, 1]), 0.3, seed=4)
    assert np.any(np.asarray(other) != mixed)


def test_landscape_has_the_spectrum_of_the_paper():
    """The masks' noise, transformed back, has amplitudes that fall with frequency**-decay."""
    from keras_cv_extras.mix import _masks

    height, width, decay = 16, 11, 2.0
    (rows, waves_y), (columns, waves_x) = _masks._waves(height), _masks._waves(width)
    # Of complex noise N with amplitudes A, the covariance of the real part of ifft2(A N) is the
    # real part of F diag(A**2) F*, which is the inverse transform of A**2 at the distance of two
    # pixels. That of the waves is a sum of products.
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    power = np.maximum(frequency, 1 / height) ** (-2 * decay)
    wanted = np.fft.ifft2(power).real * height * width
    own = np.hypot(waves_y[:, None] / height, waves_x / width)
    scaled = np.maximum(own, 1 / height) ** -decay
    waves = np.einsum("rc,ry,cx->rcyx", scaled, rows, columns)
    for y, x in ((0, 0), (5, 7)):
        found = np.einsum("rc,rcyx->yx", waves[:, :, y, x], waves)
        found = np.roll(found, (-y, -x), axis=(0, 1))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * wanted.max())
    draws = draws_of(np.zeros((1, 1)), 3, 0, None)
    mask = np.asarray(_masks.fourier_masks((height, width), np.float32([0.4]), draws, decay=decay))
    noise = np.asarray(draws.normals(0, scaled.size), "float64").reshape(scaled.shape)
    landscape = np.einsum("rc,rcyx->yx", noise, waves).ravel()
    highest = np.sort(landscape)[-round(0.4 * landscape.size)]
    assert np.sum(mask[0].ravel() != (landscape >= highest)) <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", MOVED)
def test_label_share_is_the_share_of_pixels_exactly(name, channels):
    images = flags((COUNT, HEIGHT, WIDTH, channels))
    mixed, labels = call(name, images, np.arange(COUNT), num_classes=COUNT, compile=False)
    pixels = np.asarray(mixed)[..., 0]
    for number in range(COUNT):
        counts = np.bincount(pixels[number].ravel(), minlength=COUNT)
        np.testing.assert_allclose(labels[number], counts / (HEIGHT * WIDTH), atol=1e-6)
        np.testing.assert_array_equal(np.round(np.asarray(labels[number]) * HEIGHT * WIDTH), counts)


@pytest.mark.parametrize("name", NAMES)
def test_forms_of_labels(name):
    images = levels()
    _, rows = call(name, images, ROWS, compile=False)
    _, dense = call(name, images, LABELS, num_classes=3, compile=False)
    _, compact = call(name, images, LABELS, compile=False)
    _, column = call(name, images, LABELS[:, None], compile=False)
    _, whole = call(name, images, ROWS.astype("int32"), compile=False)
    parts = 4 if name == "mosaic" else 2
    assert compact.shape == (COUNT, parts, 2)
    assert rows.dtype == dense.dtype == whole.dtype == "float32"
    for other in (dense, whole, mix.dense_labels(compact, 3), mix.dense_labels(column, 3)):
        np.testing.assert_allclose(other, rows, atol=1e-6)
    np.testing.assert_allclose(np.sum(rows, axis=1), 1, atol=1e-6)
    assert call(name, images, ROWS.astype("float16"), compile=False)[1].dtype == "float16"


def test_labels_that_do_not_exclude_each_other():
    several = np.array([[1, 1], [0, 1], [0, 0], [1, 0], [1, 1]], "float32")
    _, labels = mix.mixup(levels(), several, PLACES, WEIGHTS)
    share = WEIGHTS[:, None]
    np.testing.assert_allclose(labels, (1 - share) * several + share * several[PLACES], atol=1e-6)


def test_compact_labels_come_apart():
    _, compact = mix.mixup(levels(), LABELS, PLACES, WEIGHTS)
    first, second, weight = mix.unpack_labels(compact)
    np.testing.assert_array_equal(first, LABELS)
    np.testing.assert_array_equal(second, LABELS[PLACES])
    np.testing.assert_allclose(weight, WEIGHTS)
    with pytest.raises(ValueError, match="must be compact"):
        mix.unpack_labels(ROWS)


def test_partners_from_elsewhere_and_sample_weights():
    images, others = levels(), levels()[::-1].copy()
    weights, their = np.array([1, 2, 0, 1, 0.0]), np.array([1, 1, 1, 3, 0.0])
    mixed, (labels, joined) = mix.mixup(
        images, (ROWS, weights), (others, (ROWS[::-1].copy(), their)), 0.25
    )
    np.testing.assert_allclose(joined, 0.75 * weights + 0.25 * their)
    same, _ = mix.mixup(images, LABELS, np.arange(COUNT)[::-1].copy(), 0.25)
    np.testing.assert_array_equal(mixed, same)
    # What is exact: the weighted loss of the mixture is the sum over its parts.
    logits = np.linspace(-2, 2, 15).reshape(5, 3).astype("float32")
    loss = lambda y: np.asarray(losses.log_loss(y, logits, from_logits=True))  # noqa: E731
    wanted = 0.75 * weights * loss(ROWS) + 0.25 * their * loss(ROWS[::-1].copy())
    np.testing.assert_allclose(joined * loss(labels), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.sum(labels, axis=1), 1, atol=1e-6)


def test_remix_gives_the_label_to_the_minority():
    images, counts = levels(), [100, 30, 10]
    # own class, partner's class, weight of the partner -> share of the own label
    table = [
        (0, 2, 0.7, 0.0),  # the minority has most of the image
        (0, 2, 0.5, 0.5),  # not less than half: as in mixup
        (0, 2, 0.3, 0.7),  # own share of 0.7 is not below tau
        (2, 0, 0.3, 1.0),
        (2, 1, 0.4, 1.0),  # 3 times fewer is enough
    ]
    own, other, weight, share = (np.array(column) for column in zip(*table, strict=True))
    mixed, labels = mix.remix(
        images, own, (images[PLACES], other), weight, class_counts=counts, kappa=3, tau=0.5
    )
    np.testing.assert_allclose(labels[:, 0, 1], share, atol=1e-6)
    _, even = mix.remix(  # a share of a half is not below tau
        images, other * 0 + 2, (images, own * 0), 0.5, class_counts=counts, kappa=3, tau=0.5
    )
    np.testing.assert_array_equal(even[:, 0, 1], 0.5)
    np.testing.assert_array_equal(mixed, mix.mixup(images, own, PLACES, weight)[0])


def test_sample_pairing_equals_numpy():
    images = levels()
    mixed = mix.sample_pairing(images, PLACES)
    exact = (images.astype("float64") + images[PLACES]) / 2
    np.testing.assert_array_equal(mixed, np.floor(exact + 0.5))
    np.testing.assert_array_equal(mix.sample_pairing(images, images[PLACES]), mixed)


@pytest.mark.wide_but("mixup", "cutmix", "remix")
@pytest.mark.parametrize("name", NAMES)
def test_eager_function_dataset_and_plain_agree(name):
    images = levels()
    eager = [np.asarray(part) for part in call(name, images, LABELS)]
    for part, wanted in zip(call(name, images, LABELS, compile=False), eager, strict=True):
        np.testing.assert_allclose(part, wanted, atol=1e-6)
    signature = [tf.TensorSpec((None, HEIGHT, WIDTH, 3), "uint8"), tf.TensorSpec((None,), "int64")]
    drawn = {"seed": tf.Variable(0)} if name == "fmix" else {}
    traced = tf.function(
        lambda images, labels: call(name, images, labels, **drawn),
        input_signature=signature,
        autograph=False,
    )
    dataset = tf.data.Dataset.from_tensors((images, LABELS))
    for result in (traced(images, LABELS), next(iter(dataset.map(traced)))):
        np.testing.assert_array_equal(result[0], eager[0])
        np.testing.assert_allclose(result[1], eager[1], atol=1e-6)


@pytest.mark.wide
@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    shape=st.tuples(*[st.sampled_from([1, 2, 5])] * 3, st.sampled_from([1, 3, 4])),
    dtype=st.sampled_from(["uint8", "int32", "float16", "float32", "float64"]),
    weight=st.floats(0, 1, width=32),
)
def test_any_shape_and_type(name, shape, dtype, weight):
    images = levels(dtype, shape)
    kept = images.copy()
    labels = np.arange(shape[0]) % 3
    places = np.arange(shape[0])[::-1].copy()
    mixed, compact = call(name, images, labels, places, weight, compile=False)
    assert mixed.shape == shape
    assert mixed.dtype == dtype
    values = np.asarray(mixed, "float64")
    assert images.min() - 0.01 <= values.min() <= values.max() <= images.max() + 0.01
    np.testing.assert_allclose(np.sum(compact[..., 1], axis=1), 1, atol=1e-6)
    assert np.min(compact[..., 1]) >= 0
    np.testing.assert_array_equal(images, kept)


def test_wrong_arguments():
    images = levels()
    for message, arguments in {
        "a single image has no partner": (images[0], LABELS, PLACES, 0.5),
        "labels must have one row per image": (images, LABELS[:3], PLACES, 0.5),
        "partners must be 5 places": (images, LABELS, PLACES + 1, 0.5),
        "partners must be integers": (images, LABELS, np.stack([PLACES] * 2, 1), 0.5),
        "weight must be a number or one": (images, LABELS, PLACES, [0.5, 0.1]),
        "weight must be finite": (images, LABELS, PLACES, float("nan")),
    }.items():
        with pytest.raises(ValueError, match=message):
            mix.mixup(*arguments)
    with pytest.raises(ValueError, match="labels must be integers"):
        mix.mixup(images, ROWS, PLACES, 0.5, num_classes=4)
    with pytest.raises(ValueError, match="class_counts must list"):
        mix.remix(images, LABELS, PLACES, 0.5, class_counts=[3])


IMPOSSIBLE = [-1, 255, 3, 2**32 + 1]


@pytest.mark.parametrize("wrong", IMPOSSIBLE)
def test_a_class_that_cannot_be_is_named_and_never_lost(wrong):
    images, labels = levels(), np.array([0, wrong, 2, 1, 0])
    mixed = functools.partial(mix.mixup, images, num_classes=3, compile=False)
    with pytest.raises(ValueError, match=rf"in \[0, 3\), received {wrong} for 1 images, .* 1$"):
        mixed(labels, PLACES, 0.5)
    with pytest.raises(ValueError, match=rf"in \[0, 3\), received {wrong} for 1 images, .* 1$"):
        data.pipeline((images, labels), 5, mix=mix.MixUp(num_classes=3))
    # In a program nothing can be raised; what has no weight has no share.
    program = tf.function(lambda y: mix.mixup(images, y, PLACES, 0.5, num_classes=3)[1])
    rows = program(tf.constant(labels)).numpy()
    touched = (np.arange(5) == 1) | (PLACES == 1)
    assert np.isnan(rows).any(axis=1).tolist() == touched.tolist()
    weights = np.array([1, 0, 1, 1, 1], "float32")
    _, (rows, _) = mixed((labels, weights), PLACES, 0.5)
    rows = np.asarray(rows)[(np.arange(5) != 1) & (np.arange(5) != PLACES[1])]
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    pairs = np.array([[[wrong, 0.0], [2, 1.0]]], "float32")
    assert np.asarray(mix.dense_labels(pairs, 3)).tolist() == [[0, 0, 1]]


def test_a_class_of_a_partner_or_of_a_pool_that_cannot_be_is_named():
    images, wrong = levels(), np.array([0, 2, 2**32 + 1, 1, 0])
    where = "must be in .0, 3., received 4294967297 for 1 images, the first of them number 2"
    with pytest.raises(ValueError, match=f"labels of partners {where}"):
        mix.mixup(images, LABELS, (images, wrong), 0.5, num_classes=3, compile=False)
    three = np.stack([images] * 3, axis=1), np.stack([LABELS, wrong, LABELS], axis=1)
    with pytest.raises(ValueError, match=f"labels of partners {where}"):
        mix.mosaic(images, LABELS, three, num_classes=3, compile=False)
    with pytest.raises(ValueError, match=f"labels of partners {where}"):
        mix.mosaic(images, LABELS, (three[0], three[1][..., None]), num_classes=3, compile=False)
    pool = mix.Pool(images, wrong)
    with pytest.raises(ValueError, match=f"labels of the pool {where}"):
        mix.RandomMix([mix.MixUp()], pool=pool, num_classes=3)
    weightless = np.array([1, 1, 0, 1, 1], "float32")
    mix.MixUp(pool=mix.Pool(images, (wrong, weightless)), num_classes=3)


WIDE_LABELS_ON_JAX = """
import numpy as np
from keras_cv_extras import mix

images, wrong = np.zeros((2, 4, 4, 1), "uint8"), np.array([2**32 + 1, 0])
for call in (
    lambda: mix.MixUp(num_classes=3)(images, wrong),
    lambda: mix.mixup(images, [0, 1], (images, wrong), 0.5, num_classes=3),
    lambda: mix.MixUp(pool=mix.Pool(images, wrong), num_classes=3),
):
    try:
        call()
    except ValueError as error:
        print("received 4294967297" in str(error))
"""


@pytest.mark.wide
def test_jax_without_64_bits_takes_no_large_class_for_a_small_one(python_on_jax):
    assert python_on_jax(WIDE_LABELS_ON_JAX).split() == ["True"] * 3


def test_numbers_are_warned_of_once_where_they_are_given():
    images, ages = levels(), LABELS.astype("float32") + 20
    pool = functools.partial(mix.Pool, images)
    for kind in (
        lambda: mix.mixup(images, ages, PLACES, 0.5, compile=False),
        lambda: mix.MixUp()(images, ages, compile=False),
        lambda: data.pipeline((images, ages), 5, mix=mix.MixUp()),
        lambda: pool(ages),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                kind()
        found = [warning for warning in caught if "as numbers" in str(warning.message)]
        assert [warning.filename for warning in found] == [__file__]


def test_labels_that_are_no_numbers_or_no_integers():
    images = levels()
    for wrong, what in ((["a"] * 5, "text"), (None, "None"), (LABELS.astype(object), "objects")):
        with pytest.raises(TypeError, match=f"labels must be numbers, received {what}: give"):
            mix.mixup(images, wrong, PLACES, 0.5, compile=False)
    with pytest.warns(UserWarning, match="whole numbers as floats, and are blended as numbers"):
        mix.mixup(images, LABELS.astype("float32") + 1, PLACES, 0.5, compile=False)


LOSSES = {
    "log_loss": {"from_logits": True, "label_smoothing": 0.1},
    "categorical_focal": {"from_logits": True},
    "poly1": {"from_logits": True},
    "bi_tempered": {},
    "multiclass_hinge": {"variant": "weston_watkins"},
    "asymmetric_categorical": {"from_logits": True},
    "generalized_crossentropy": {"from_logits": True},
    "sparsemax_loss": {},
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_compact_labels_is_that_of_rows(name):
    function = getattr(losses, name)
    logits = np.linspace(-3, 4, 15).reshape(5, 3).astype("float32")[:, [2, 0, 1]]
    _, compact = mix.mixup(levels(), LABELS, PLACES, WEIGHTS)
    wanted = np.asarray(function(mix.dense_labels(compact, 3), logits, **LOSSES[name]))
    for form in (compact, mix.unpack_labels(compact)):
        np.testing.assert_allclose(function(form, logits, **LOSSES[name]), wanted, rtol=1e-4)
    broken = np.array(compact)
    broken[1, 1, 0] = 3
    assert np.isnan(np.asarray(function(broken, logits, **LOSSES[name]))[1])
