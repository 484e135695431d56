"""What every op promises: one test each, over all of `OPS`."""

import functools
import inspect

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_cv_extras import augment
from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS

NAMES = sorted(OPS)
#: What no policy can use, having no strength and doing nothing without a size.
NOT_OPS = {"center_crop", "random_crop", "resize", "warp_affine"}
NOT_RISING = {"rotate_90"}  # half a turn need not change more than a quarter
#: Of each kind of pixels, of a second image, a key and positions, one or two. What is the same
#: code for all ops is tried with these: another program of an op takes half a second to compile.
KINDS = ["brightness", "cutout", "equalize", "flip_horizontal", "gaussian_noise", "rotate"]
KINDS += ["sample_pairing", "saturation"]
NO_IDENTITY = {"autocontrast", "equalize", "invert", "flip_horizontal", "flip_vertical"}
NO_IDENTITY |= {"channel_dropout", "channel_shuffle", "clahe", "median_blur"}


def arguments(name, images, strength=0.7):
    """What a policy would hand to an op, at a strength."""
    op = OPS[name]
    height, width = images.shape[-3:-1]
    value = op.strength.value(strength, height, width) if op.has_strength else None
    partners = [images[::-1]] if op.takes_partner else []
    return [*partners, *op.numbers(value, 0.3, 0.6)]


def apply(name, images, strength=0.7, **options):
    return getattr(augment, name)(images, *arguments(name, np.asarray(images), strength), **options)


@pytest.fixture(autouse=True)
def _compiled_for_every_size(monkeypatch):
    """What other tests have compiled before does not matter."""
    monkeypatch.setattr(engine, "_SIZES_AT_ONCE", 99)


@pytest.fixture(scope="module")
def results(batch):
    """The compiled result of every op on the batch; each is computed when it is first used."""
    return functools.cache(lambda name: np.asarray(apply(name, batch)))


def test_every_kind_of_op_is_represented():
    kinds = lambda op: (  # noqa: E731
        *[("pixels", op.pixels), ("strength", op.has_strength), ("fill", op.takes_fill)],
        *[("key", op.takes_key), ("partner", op.takes_partner), ("positions", op.positions)],
    )
    assert {k for name in NAMES for k in kinds(OPS[name])} == {
        k for name in KINDS for k in kinds(OPS[name])
    }


def assert_kept(result, images):
    """A result has the shape and type of the images, and values of images."""
    assert tuple(result.shape) == images.shape
    assert result.dtype == images.dtype
    values = np.asarray(result)
    assert np.isfinite(values).all()
    assert values.min() >= 0
    assert values.max() <= 255


@pytest.mark.wide_but(*KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_shape_and_type_are_kept(name, batch, results):
    """Of the compiled op; of other types and sizes plain, see `test_any_size_and_type`."""
    assert_kept(results(name), batch)


@pytest.mark.wide_but(*KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_compiled_floats_are_the_plain_ones(name, batch):
    floats = batch.astype("float32")
    result = apply(name, floats)
    assert_kept(result, floats)
    if OPS[name].has_strength and name not in NO_IDENTITY:
        np.testing.assert_allclose(apply(name, floats, strength=0.0), floats, atol=1e-3)
    # A value on the border of two pixels or levels may fall to either side.
    different = np.abs(np.asarray(apply(name, floats, compile=False)) - result) > 1e-2
    assert different.mean() < 0.01


@pytest.mark.wide_but(*KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_equals_its_images_one_by_one(name, batch, results):
    """Compiled and in another order; plain, an image by itself."""
    op, own, together = OPS[name], arguments(name, batch), results(name)
    numbers = own[1:] if op.takes_partner else own
    partners = [own[0][::-1]] if op.takes_partner else []
    turned = np.asarray(getattr(augment, name)(batch[::-1], *partners, *numbers))
    np.testing.assert_array_equal(turned[::-1], together)
    partner = [own[0][1]] if op.takes_partner else []
    alone = getattr(augment, name)(batch[1], *partner, *numbers, compile=False)
    np.testing.assert_array_equal(alone, together[1])


@pytest.mark.wide_but(*(name for name in KINDS if OPS[name].has_strength))
@pytest.mark.parametrize("name", [name for name in NAMES if OPS[name].has_strength])
def test_one_value_per_image(name, batch):
    op = OPS[name]
    values = np.linspace(op.strength.value(0, 24, 20), op.strength.value(1, 24, 20), len(batch))
    rest = op.numbers(None, 0.3, 0.6)[1:]
    partners = [batch[::-1]] if op.takes_partner else []
    together = getattr(augment, name)(batch, *partners, values, *rest)
    for number in (0, 5, 11):
        same = np.full(len(batch), values[number])
        alone = getattr(augment, name)(batch, *partners, same, *rest)
        np.testing.assert_array_equal(alone[number], together[number])


@functools.cache
def traced(name, **options):
    """An op as a function traced for images of unknown number and size, and for any numbers."""
    function = getattr(augment, name)
    count = 1 + OPS[name].takes_partner
    images = [tf.TensorSpec((None, None, None, 3), "uint8")] * count
    numbers = [tf.TensorSpec((), "float32")] * (len(arguments(name, small(1, 1, 3))) + 1 - count)
    return tf.function(
        lambda *arguments: function(*arguments, **options),
        input_signature=[*images, *numbers],
        autograph=False,
    )


@pytest.mark.wide_but(*KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_images_of_unknown_size(name, batch, results):
    """Plain: every op's own arithmetic of sizes. Compiled, it is the engine's, see below."""
    run = traced(name, compile=False)
    for shape in ((1, 1, 3), (1, 5, 3), (8, 1, 3)):
        images = small(*shape)
        assert_kept(run(images, *arguments(name, images)), images)
    np.testing.assert_array_equal(run(batch, *arguments(name, batch)), results(name))


#: A way to the one program of an op: the same code for all of them.
CALLED = {"cutout", "gaussian_noise", "sample_pairing"}


@pytest.mark.slow_but(*CALLED)
@pytest.mark.parametrize("name", KINDS)
def test_eager_function_and_dataset_agree(name, batch, results):
    """The function is traced for images of unknown size, the data set knows it."""
    function, wanted = getattr(augment, name), arguments(name, batch)
    np.testing.assert_array_equal(traced(name)(batch, *wanted), results(name))
    dataset = tf.data.Dataset.from_tensors(batch).map(lambda images: function(images, *wanted))
    np.testing.assert_array_equal(next(iter(dataset)), results(name))


@pytest.mark.wide_but(*(name for name in KINDS if name not in NO_IDENTITY))
@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_IDENTITY])
def test_strength_zero_is_the_identity(name, batch):
    """Plain, which gives the same pixels; see above."""
    images = batch[:2]
    np.testing.assert_array_equal(apply(name, images, strength=0.0, compile=False), images)
    floats = batch[:1].astype("float32")
    result = apply(name, floats, strength=0.0, compile=False)
    np.testing.assert_allclose(result, floats, atol=1e-3)


@pytest.mark.wide_but(*(name for name in KINDS if OPS[name].has_strength))
@pytest.mark.parametrize(
    "name", [name for name in NAMES if OPS[name].has_strength and name not in NOT_RISING]
)
def test_distance_to_the_image_grows_with_strength(name, photographs):
    op = OPS[name]
    # Large images made small: at 24 x 20 a piece of one is nearly of one colour.
    parts = [photographs[0][100:388:12, 100:340:12], photographs[2][:288:12, :240:12]]
    images = np.repeat(np.stack(parts), 3, axis=0)
    values = [op.strength.value(strength, 24, 20) for strength in (0.0, 0.5, 1.0)] * 2
    partners = [np.roll(images, 3, axis=0)] if op.takes_partner else []
    where = np.repeat(np.float32([0.3, 0.6]), 3)
    rest = op.numbers(None, where, where[::-1])[1:]
    # Plain, which gives the same pixels.
    result = getattr(augment, name)(images, *partners, values, *rest, compile=False)
    changed = np.abs(np.asarray(result).astype(float) - images).mean(axis=(1, 2, 3))
    distances = changed.reshape(2, 3).mean(axis=0)
    assert distances[0] == 0
    assert distances[0] < distances[1] < distances[2]


@pytest.mark.wide_but(*KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_constant_images_and_input_stay_whole(name, batch):
    for level in (0, 77, 255):
        images = np.full_like(batch, level)
        result = np.asarray(apply(name, images))
        np.testing.assert_array_equal(images, np.full_like(batch, level))
        assert result.shape == images.shape
    floats = np.full_like(batch[:1], 77, "float32")
    assert np.isfinite(np.asarray(apply(name, floats, compile=False))).all()


@pytest.mark.parametrize("name", NAMES)
def test_wrong_input_is_one_clear_error(name, batch):
    function = getattr(augment, name)
    own = arguments(name, batch)
    for images, problem in (
        (np.zeros((4, 4), "uint8"), "received shape \\(4, 4\\)"),
        (np.zeros((0, 4, 4, 3), "uint8"), "must not be empty"),
        (np.full((1, 4, 4, 3), np.nan, "float32"), "NaN"),
    ):
        with pytest.raises(ValueError, match=problem):
            function(images, *own)
    for images in (np.full((1, 4, 4, 3), "a"), np.ones((1, 4, 4, 3), bool), object()):
        with pytest.raises(TypeError, match="images must be"):
            function(images, *own)
    if OPS[name].channels is not None:
        with pytest.raises(ValueError, match=f"{name} works on images with 1 or 3 channels"):
            function(np.zeros((2, 4, 4, 4), "uint8"), *own)


def test_wrong_numbers_are_one_clear_error(batch):
    with pytest.raises(ValueError, match=r"degrees must be a number or one number per image"):
        augment.rotate(batch, [1.0, 2.0])
    with pytest.raises(ValueError, match="degrees must be finite"):
        augment.rotate(batch, float("nan"))
    with pytest.raises(ValueError, match="images must not hold NaN or infinity"):
        augment.rotate(np.full((1, 4, 4, 3), np.inf, "float32"), 3.0)
    assert engine.is_finite(tf.fill([4], 3e38))
    with pytest.raises(ValueError, match="fill must be a number or one number per channel"):
        augment.rotate(batch, 3.0, fill=(1, 2))
    with pytest.raises(ValueError, match="partners must have the shape of images"):
        augment.sample_pairing(batch, batch[:, :3], 0.5)


def small(height, width, channels, seed=3):
    """Two small images of all sorts of levels."""
    levels = np.arange(2 * height * width * channels) * 37 + seed * 11
    return (levels % 256).astype("uint8").reshape(2, height, width, channels)


@pytest.mark.wide_but(*KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_any_size_and_type(name):
    """Plain, which gives the same pixels; a size takes half a second to compile."""
    for dtype, shape in (("uint8", (2, 3, 1)), ("float32", (8, 1, 3)), ("float16", (1, 5, 1))):
        images = small(*shape)[:1].astype(dtype)
        assert_kept(apply(name, images, compile=False), images)


@settings(max_examples=8, deadline=None)
@given(name=st.sampled_from(NAMES), strength=st.floats(0, 1, width=32))
def test_any_strength(name, strength, batch):
    """By the program that the other tests have compiled; plain for two of its images."""
    op, own = OPS[name], arguments(name, batch, strength)
    result = np.asarray(getattr(augment, name)(batch, *own))
    own = [own[0][:2], *own[1:]] if op.takes_partner else own
    plain = getattr(augment, name)(batch[:2], *own, compile=False)
    np.testing.assert_array_equal(result[:2], plain)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    height=st.sampled_from([1, 2, 5, 8]),
    width=st.sampled_from([1, 3, 8]),
    channels=st.sampled_from([1, 3]),
    strength=st.floats(0, 1, width=32),
    seed=st.integers(0, 99),
)
def test_any_size_and_strength(name, height, width, channels, strength, seed):
    images = small(height, width, channels, seed)
    result = apply(name, images, strength)
    plain = apply(name, images, strength, compile=False)
    assert result.dtype == "uint8"
    np.testing.assert_array_equal(result, plain)


def test_names_and_signatures():
    others = {"OPS", "Op", "Range", "image_op", "execution"}
    others |= {"adjust_hsv_in_yiq", "dense_image_warp", "interpolate_bilinear"}  # as Addons' are
    assert set(augment.__all__) - others - NOT_OPS == set(OPS)
    for name in (*NAMES, *sorted(NOT_OPS - {"center_crop"})):
        function = getattr(augment, name)
        parameters = list(inspect.signature(function).parameters.values())
        assert parameters[0].name == "images"
        assert parameters[-1].name == "compile"
        assert all(p.default is not p.empty for p in parameters if p.kind is p.KEYWORD_ONLY)
        for part in ("Args:", "Returns:", "images:"):
            assert part in function.__doc__, f"{name}: {part}"
