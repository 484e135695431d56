"""What every op promises: one test each, over all of `OPS`."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_cv_extras import augment
from keras_cv_extras.augment import OPS

NAMES = sorted(OPS)
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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16"])
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_type_are_kept(name, dtype, channels, batch):
    images = batch[..., :channels].astype(dtype)
    result = apply(name, images)
    assert tuple(result.shape) == images.shape
    assert result.dtype == dtype
    values = np.asarray(result)
    assert np.isfinite(values).all()
    assert values.min() >= 0
    assert values.max() <= 255


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_equals_its_images_one_by_one(name, batch):
    together = np.asarray(apply(name, batch))
    op = OPS[name]
    for number, image in enumerate(batch[:3]):
        own = arguments(name, batch)
        if op.takes_partner:
            own[0] = own[0][number]
        np.testing.assert_array_equal(getattr(augment, name)(image, *own), together[number])


@pytest.mark.parametrize("name", [name for name in NAMES if OPS[name].has_strength])
def test_one_value_per_image(name, batch):
    op = OPS[name]
    values = np.linspace(op.strength.value(0, 24, 20), op.strength.value(1, 24, 20), len(batch))
    rest = op.numbers(None, 0.3, 0.6)[1:]
    partners = [batch[::-1]] if op.takes_partner else []
    together = getattr(augment, name)(batch, *partners, values, *rest)
    for number in (0, 5, 11):
        partner = [batch[::-1][number]] if op.takes_partner else []
        alone = getattr(augment, name)(batch[number], *partner, values[number], *rest)
        np.testing.assert_array_equal(alone, together[number])


@pytest.mark.parametrize("name", NAMES)
def test_eager_function_dataset_and_plain_agree(name, batch):
    eager = np.asarray(apply(name, batch))
    wanted = arguments(name, batch)
    function = getattr(augment, name)
    traced = tf.function(lambda images: function(images, *wanted), autograph=False)
    np.testing.assert_array_equal(traced(batch), eager)
    dataset = tf.data.Dataset.from_tensors(batch).map(lambda images: function(images, *wanted))
    np.testing.assert_array_equal(next(iter(dataset)), eager)
    np.testing.assert_array_equal(function(batch, *wanted, compile=False), eager)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_sizes(name, batch):
    wanted = arguments(name, batch)
    if OPS[name].takes_partner:
        wanted[0] = tf.constant(wanted[0])
    traced = tf.function(
        lambda images: getattr(augment, name)(images, *wanted),
        input_signature=[tf.TensorSpec((None, None, None, 3), "uint8")],
        autograph=False,
    )
    np.testing.assert_array_equal(traced(batch), apply(name, batch))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_IDENTITY])
def test_strength_zero_is_the_identity(name, batch):
    np.testing.assert_array_equal(apply(name, batch, strength=0.0), batch)
    floats = batch.astype("float32")
    np.testing.assert_allclose(apply(name, floats, strength=0.0), floats, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in NAMES if OPS[name].has_strength])
def test_distance_to_the_image_grows_with_strength(name, photographs):
    image = photographs[1][:128, :128]
    partner = [photographs[2][:128, :128]] if OPS[name].takes_partner else []
    distances = []
    for strength in (0.0, 0.5, 1.0):
        own = arguments(name, image, strength)[len(partner) :]
        result = np.asarray(getattr(augment, name)(image, *partner, *own))
        distances.append(np.abs(result.astype(float) - image).mean())
    assert distances[0] == 0
    assert distances[0] < distances[1] < distances[2]


@pytest.mark.parametrize("name", NAMES)
def test_constant_images_and_input_stay_whole(name):
    images = np.full((2, 8, 8, 3), 77, "uint8")
    kept = images.copy()
    result = np.asarray(apply(name, images))
    np.testing.assert_array_equal(images, kept)
    assert result.shape == images.shape


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
    with pytest.raises(ValueError, match="degrees must not be NaN"):
        augment.rotate(batch, float("nan"))
    with pytest.raises(ValueError, match="fill must be a number or one number per channel"):
        augment.rotate(batch, 3.0, fill=(1, 2))
    with pytest.raises(ValueError, match="partners must have the shape of images"):
        augment.sample_pairing(batch, batch[:, :3], 0.5)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    height=st.sampled_from([1, 2, 5, 8]),
    width=st.sampled_from([1, 3, 8]),
    channels=st.sampled_from([1, 3]),
    strength=st.floats(0, 1, width=32),
    seed=st.integers(0, 99),
)
def test_any_size_and_strength(name, height, width, channels, strength, seed):
    levels = np.arange(2 * height * width * channels) * 37 + seed * 11
    images = (levels % 256).astype("uint8").reshape(2, height, width, channels)
    result = apply(name, images, strength)
    plain = apply(name, images, strength, compile=False)
    assert result.dtype == "uint8"
    np.testing.assert_array_equal(result, plain)


def test_names_and_signatures():
    import inspect

    assert set(augment.__all__) - {"OPS", "Op", "Range"} == set(OPS)
    for name in NAMES:
        function = getattr(augment, name)
        parameters = list(inspect.signature(function).parameters.values())
        assert parameters[0].name == "images"
        assert parameters[-1].name == "compile"
        assert all(p.default is not p.empty for p in parameters if p.kind is p.KEYWORD_ONLY)
        for part in ("Args:", "Returns:", "images:"):
            assert part in function.__doc__, f"{name}: {part}"
