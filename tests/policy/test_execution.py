"""A batch run in a few passes gives the pixels of image by image, and the device decides."""

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment, mix, policy
from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import Policy, Step
from keras_cv_extras.policy.execution import _by_batch

NAMES = [name for name in OPS if name != "identity"]
OTHERS = sorted(set(NAMES) - set(policy.RAND_AUGMENT_OPS))
EVERY = 8  # ops in a program


def one_op_each(names, **options):
    """A policy that draws one of these ops for every image, and its strength."""
    return Policy(
        [[Step(name, 1.0, (0.0, 1.0) if OPS[name].has_strength else None)] for name in names],
        fill=(30, 60, 90),
        **options,
    )


def random_images(count, size, dtype, seed=0):
    """Noise, dark and bright; the first ones of few levels."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, *size, 3))
    for number in range(count // 2):
        images[number] = images[number] // (2 + number % 5) + 20 * (number % 4)
    return images.astype(dtype)


def assert_same(chosen, images, **options):
    """Compares both ways; integers are equal, floats within 1e-5 of the range."""
    results = []
    for by in ("image", "batch"):
        with augment.execution(by):
            results.append(np.asarray(chosen(images, seed=5, **options)))
    if images.dtype == np.uint8:
        np.testing.assert_array_equal(results[1], results[0])
    else:
        np.testing.assert_allclose(results[1], results[0], rtol=0, atol=255e-5)
    assert np.any(results[0] != images)


@pytest.mark.wide
@pytest.mark.parametrize("dtype", ["uint8", pytest.param("float32", marks=pytest.mark.slow)])
def test_rand_augment_by_batch(dtype, monkeypatch):
    """Groups of two images: there are several of an op, and the last is not full."""
    monkeypatch.setattr(_by_batch, "_GROUP_VALUES", 2 * 17 * 12 * 3)
    images = random_images(24, (17, 12), dtype)
    chosen = policy.rand_augment(num_ops=2, strength=0.8, fill=(30, 60, 90))
    for epoch in range(4):
        assert_same(chosen, images, epoch=epoch)


def test_a_few_ops_at_once():
    """Ops whose kernels take a batch, on a processor: images that draw neither stay."""
    images = random_images(16, (12, 16), "uint8")
    assert_same(Policy([[Step("flip_vertical", 0.5), Step("invert", 0.5)]]), images)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("first", range(0, len(OTHERS), EVERY))
def test_every_op_by_batch(first, dtype):
    chosen = one_op_each(OTHERS[first : first + EVERY])
    for seed, size in enumerate([(24, 20), (9, 31)]):
        assert_same(chosen, random_images(5 * EVERY, size, dtype, seed))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["mean", "noise", "reflect", "nearest", "wrap"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_warps_by_batch(mode, interpolation):
    """With what continues an image beyond its border; a flip has none of that."""
    options = {"fill_mode": mode, "interpolation": interpolation}
    names = ["rotate", "shear_x", "translate_x", "translate_y", "zoom", "affine"]
    rows = [[Step(n, 1.0, (0.0, 1.0), options=tuple(options.items()))] for n in names]
    chosen = Policy([*rows, [Step("flip_horizontal")]])
    for dtype in ("uint8", "float32"):
        assert_same(chosen, random_images(30, (14, 19), dtype))


@pytest.mark.slow
def test_grey_images_by_batch():
    images = random_images(12, (10, 10), "uint8")[..., :1]
    assert_same(policy.trivial_augment(), images)


@pytest.mark.wide
def test_an_op_alone_by_batch():
    """Functions and layers of one op take the same ways."""
    images = random_images(6, (12, 16), "uint8")
    for name, numbers in (("rotate", [30.0]), ("equalize", [])):
        wanted = np.asarray(getattr(augment, name)(images, *numbers))
        with augment.execution("batch"):
            found = np.asarray(getattr(augment, name)(images, *numbers))
        np.testing.assert_array_equal(found, wanted, err_msg=name)


def test_small_images_by_batch():
    """What has no pixel with neighbours all around stays as it is in both ways."""
    for size in ((1, 5), (2, 2), (3, 4)):
        images = random_images(2, size, "uint8")
        wanted = np.asarray(augment.sharpness(images, 0.0, compile=False))
        with augment.execution("batch"):
            found = np.asarray(augment.sharpness(images, 0.0, compile=False))
        np.testing.assert_array_equal(found, wanted, err_msg=str(size))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MixUp", "CutMix", "FMix", "Mosaic"])
def test_mixes_by_batch(name, monkeypatch):
    """Both ways, and in a graph that holds both."""
    images, labels = random_images(8, (12, 16), "uint8"), np.arange(8)
    samples = tf.range(8)  # whose numbers a graph can know
    call = lambda: getattr(mix, name)(rate=0.7)(images, labels, seed=3, samples=samples)  # noqa: E731
    wanted = call()
    with augment.execution("batch"):
        found = call()
    monkeypatch.setattr(engine.backend, "has_accelerator", lambda: True)
    for result in (found, tf.function(call)()):
        np.testing.assert_array_equal(result[0], wanted[0])
        np.testing.assert_allclose(result[1], wanted[1], rtol=0, atol=1e-6)


@pytest.mark.slow
def test_crops_by_batch():
    images = random_images(5, (12, 16), "uint8")
    places = np.linspace(0.1, 0.9, 5).astype("float32")
    calls = {
        "random_crop": lambda: augment.random_crop(images, places, places[::-1], size=(7, 9)),
        "padded_crop": lambda: augment.padded_crop(images, 3.0, places, places[::-1]),
        "random_resized_crop": lambda: augment.random_resized_crop(
            images, 0.5, np.arange(5) * 999, size=(8, 8)
        ),
    }
    for name, call in calls.items():
        results = []
        for by in ("image", "batch"):
            with augment.execution(by):
                results.append(call())
        np.testing.assert_array_equal(results[1], results[0], err_msg=name)


def test_a_way_that_is_none():
    with (
        pytest.raises(ValueError, match=r"by must be .*'device'.*received 'gpu'"),
        augment.execution("gpu"),
    ):
        pass


def _by_batch_here(images):
    """1 where the program runs batches as a whole."""
    return tf.zeros_like(images) + int(engine.is_by_batch())


def _called(images):
    return engine.runner(_by_batch_here, True, images)(images)


def _from_dataset(images):
    return next(iter(tf.data.Dataset.from_tensors(images).map(_called)))


CALLS = {"eager": _called, "graph": tf.function(_called), "dataset": _from_dataset}


@pytest.mark.parametrize("call", CALLS)
def test_a_processor_goes_image_by_image_beside_an_accelerator(call, monkeypatch):
    monkeypatch.setattr(engine.backend, "has_accelerator", lambda: True)
    images = tf.zeros((2, 3, 3, 1 + list(CALLS).index(call)))  # a shape without a program
    assert np.all(CALLS[call](images) == 0)
    with augment.execution("batch"):
        assert np.all(_called(images) == 1)
    with augment.execution("image"):
        assert np.all(_called(images) == 0)


def test_what_the_caller_compiles_is_for_the_accelerator(monkeypatch):
    """XLA does not tell a graph which device it compiles for."""
    images = tf.zeros((2, 4, 4, 1))
    compiled = lambda: tf.function(_called, jit_compile=True)(images)  # noqa: E731
    assert np.all(compiled() == 0)
    monkeypatch.setattr(engine.backend, "has_accelerator", lambda: True)
    assert np.all(compiled() == 1)


def test_a_graph_asks_for_its_device(monkeypatch):
    """What the op that tells says is followed: 0 is a processor, 1 is all else."""
    monkeypatch.setattr(engine.backend, "has_accelerator", lambda: True)
    asked = []
    for number in range(2):

        def device_index(device_names, number=number):
            asked.append(list(device_names))
            return tf.constant(number)

        monkeypatch.setattr(tf.raw_ops, "DeviceIndex", device_index)
        images = tf.zeros((3, 2, 2, 1))
        assert np.all(tf.function(_called)(images) == number), number
    assert asked == [["CPU"]] * 2


ON_JAX = """
import numpy as np
from keras_cv_extras import policy
from keras_cv_extras._base import engine
from keras_cv_extras.augment import OPS, execution
from keras_cv_extras.policy import Policy, Step

def same(chosen, images):
    results = []
    for by in ("image", "batch"):
        with execution(by):
            results.append(np.asarray(chosen(images, seed=5)))
    if images.dtype == np.uint8:
        np.testing.assert_array_equal(results[1], results[0])
    else:
        np.testing.assert_allclose(results[1], results[0], rtol=0, atol=255e-5)
    assert np.any(results[0] != images)

images = np.random.default_rng(0).integers(0, 256, (40, 24, 20, 3))
names = [name for name in OPS if name != "identity"]
for dtype in ("uint8", "float32"):
    same(policy.rand_augment(num_ops=2, strength=0.8), images.astype(dtype))
    for first in range(0, len(names), 8):
        rows = [[Step(n, 1.0, (0.0, 1.0) if OPS[n].has_strength else None)]
                for n in names[first : first + 8]]
        same(Policy(rows, fill=(30, 60, 90)), images.astype(dtype))

# Beside an accelerator, a program for a processor goes image by image.
engine.backend.has_accelerator = lambda: True
run = engine.runner(lambda images: images * 0 + int(engine.is_by_batch()), True, images)
assert np.all(np.asarray(run(images.astype("float32"))) == 0)
"""


@pytest.mark.slow
def test_every_op_by_batch_on_jax(python_on_jax):
    python_on_jax(ON_JAX)
