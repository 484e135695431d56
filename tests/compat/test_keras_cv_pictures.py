"""What KerasCV had beside layers and losses: pictures, samplers of one's own, old positions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.compat import keras_cv

pytestmark = pytest.mark.filterwarnings("ignore:keras_cv:FutureWarning")
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype("uint8")


def test_a_gallery(tmp_path):
    show = keras_cv.visualization.plot_image_gallery
    for images in (IMAGES, tf.data.Dataset.from_tensor_slices({"image": IMAGES}).batch(4)):
        path = tmp_path / f"{type(images).__name__}.png"
        show(images, value_range=(0, 255), rows=2, cols=2, scale=1, path=str(path))
        assert path.read_bytes()[:4] == b"\x89PNG"
    figure = show(IMAGES[0], (0, 255), 3)
    assert len(figure.axes) == 1
    plt.close("all")
    for name in ("plot_bounding_box_gallery", "draw_bounding_boxes"):
        with pytest.raises(AttributeError, match=f"{name} has no replacement here: boxes are out"):
            getattr(keras_cv.visualization, name)
    assert keras_cv.__version__ == "0.9.0"


def test_arguments_by_their_old_places():
    flip = keras_cv.layers.RandomFlip(rate=1.0)
    layers = keras_cv.layers
    assert layers.RandomChoice([flip], False, True).batchwise
    assert layers.RandomApply(flip, 0.5, True, False, 3).seed == 3
    pipeline = layers.RandomAugmentationPipeline([flip], 2, 0.5, False, 7)
    assert (pipeline.rate, pipeline.seed) == (0.5, 7)
    assert type(pipeline).from_config(pipeline.get_config()).seed == 7
    assert layers.DropBlock2D(0.1, 7, 5).seed == 5
    assert layers.Mosaic((0.3, 0.7), None, 9).seed == 9
    resize = layers.JitteredResize((8, 8), (0.8, 1.25), None, None, "nearest", 3)
    assert (resize.interpolation, resize.seed) == ("nearest", 3)
    assert type(resize).from_config(resize.get_config()).seed == 3
    with pytest.raises(ValueError, match="RandomShear has no bounding_box_format: boxes and masks"):
        layers.RandomShear(0.1, 0.1, "bilinear", "reflect", 0.0, "xyxy")


def test_a_sampler_of_ones_own():
    class Half(keras_cv.core.FactorSampler):
        def __call__(self, shape=(), dtype="float32"):
            return tf.fill(shape, tf.cast(0.5, dtype))

    with pytest.raises(NotImplementedError, match=r"Half must have interval\(\), which returns"):
        keras_cv.layers.RandomBrightness(factor=Half())
