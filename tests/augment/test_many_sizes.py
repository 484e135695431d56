"""Images of many sizes: few programs are compiled, and the pixels are those of each image alone.

XLA compiles silently, so it is asked to write every program that it compiles to a folder.
"""

import json

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import augment, layers, policy
from keras_cv_extras._base import engine

SCRIPT = """
import glob, json, sys
import numpy as np
import tensorflow as tf
import keras
from keras_cv_extras import augment, data, layers, policy

folder = sys.argv[1]
rng = np.random.default_rng(0)
sizes = [(20 + number % 7, 19 + number) for number in range(30)]
photographs = [rng.integers(0, 256, (*size, 3), dtype="uint8") for size in sizes]
compiled = lambda: len(glob.glob(folder + "/*before_optimizations.txt"))
found = {}

def stream():
    spec = tf.TensorSpec((None, None, 3), "uint8")
    return tf.data.Dataset.from_generator(lambda: photographs, output_signature=spec)

def count(name, call):
    before = compiled()
    call()
    found[name] = compiled() - before

for name, options in {
    "RandomResizedCrop": {"antialias": True}, "RandomCrop": {}, "JitteredResize": {},
}.items():
    layer = getattr(layers, name)(16, seed=1, **options)
    count(name, lambda: [layer(image) for image in photographs])
    mapped = getattr(layers, name)(16, seed=1, **options)
    count(name + " in a data set", lambda: list(stream().map(mapped)))

crop = layers.RandomResizedCrop(16, seed=1)
cropped = stream().map(crop).map(lambda image: (image, 0))
batches = data.pipeline(cropped, 8, policy.rand_augment(), shuffle=False)
count("crop and policy", lambda: list(batches))
seconds = [augment.random_resized_crop(image, 0.3, 7, size=16) for image in photographs]
alone = [
    augment.random_resized_crop(image, 0.3, 7, size=16, compile=False) for image in photographs
]
count("flips", lambda: list(stream().map(augment.flip_horizontal)))
count("flips, one by one", lambda: [augment.flip_horizontal(image) for image in photographs])
turned = list(stream().map(augment.flip_horizontal))
same = all((a.numpy() == b.numpy()).all() for a, b in zip(seconds, alone))
same &= all((a.numpy() == b[:, ::-1]).all() for a, b in zip(turned, photographs))
print(json.dumps({"compiled": found, "same": bool(same)}))
"""


@pytest.mark.slow
def test_few_programs_for_many_sizes(python, tmp_path):
    # A program that is found in a cache is not written. Programs are counted, not timed: they need
    # not be fast.
    flags = f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text --xla_backend_optimization_level=0"
    flags = {"XLA_FLAGS": flags, "TF_XLA_FLAGS": ""}
    found = json.loads(python(SCRIPT, tmp_path, environment=flags).splitlines()[-1])
    assert found["same"]
    assert max(found["compiled"].values()) <= 5, found
    assert sum(found["compiled"].values()) > 0, "nothing was compiled at all: the test sees nothing"


@pytest.fixture
def programs(monkeypatch):
    """The sizes of images that XLA is asked to compile for, in place of compiling."""
    seen = []

    def compiled(function):
        def run(images, *rest):
            seen.append(tuple(images.shape[1:3]))
            return function(images, *rest)

        return run

    monkeypatch.setattr(engine, "compiled", compiled)
    caches = (engine._runner, engine._sizes, engine._graph)
    for cache in caches:
        cache.cache_clear()
    yield seen
    for cache in caches:
        cache.cache_clear()


def photographs(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (12 + n % 5, 11 + n, 3), dtype="uint8") for n in range(count)]


def test_whole_numbers_go_on_without_xla_after_two_sizes(programs):
    images = photographs(9)
    turned = [augment.flip_horizontal(image) for image in images]
    for image, result in zip(images, turned, strict=True):
        np.testing.assert_array_equal(result, image[:, ::-1])
    assert programs == [image.shape[:2] for image in images[:2]]
    augment.flip_horizontal(images[0])
    assert programs[2:] == [images[0].shape[:2]], "what was compiled is used again"
    for _ in range(16):
        np.testing.assert_array_equal(augment.flip_horizontal(images[8]), images[8][:, ::-1])
    assert programs[3:] == [images[8].shape[:2]], "a size that comes often has a program"


def test_without_xla_images_may_have_other_numbers_of_channels(programs):
    """One graph for all of them would not know how many there are, which equalisation counts by."""
    for image in photographs(8):
        for channels in (3, 1, 2):
            part = image[..., :channels]
            wanted = augment.equalize(part, compile=False)
            np.testing.assert_array_equal(augment.equalize(part), wanted)


def test_without_xla_policies_of_the_same_ops_may_have_other_lengths(programs):
    """One graph for all of them would not know how many steps there are."""
    for image in photographs(5):
        for num_ops in (1, 3, 2):
            chosen = policy.rand_augment(num_ops, 0.5)
            draws = {"seed": 1, "epoch": 0, "samples": [num_ops]}
            wanted = chosen(image[None], compile=False, **draws)
            np.testing.assert_array_equal(chosen(image[None], **draws), wanted)


def test_floats_are_compiled_for_every_size(programs):
    """Their last bits may differ without XLA: a result must not depend on what went before."""
    images = [image.astype("float32") for image in photographs(6)]
    for image in images:
        augment.brightness(image, 0.5)
    assert programs == [image.shape[:2] for image in images]


@pytest.mark.wide
def test_a_data_set_of_any_sizes_needs_no_xla(programs):
    images = photographs(5)
    spec = tf.TensorSpec((None, None, 3), "uint8")
    dataset = tf.data.Dataset.from_generator(lambda: images, output_signature=spec)
    crop = layers.RandomResizedCrop((8, 6), seed=1)
    cropped = dataset.map(crop)
    assert cropped.element_spec.shape == (8, 6, 3)
    assert len(list(cropped)) == 5
    result = next(iter(dataset.map(lambda image: augment.zoom(image, 1.5))))
    assert programs == []
    np.testing.assert_array_equal(result, augment.zoom(images[0], 1.5))
