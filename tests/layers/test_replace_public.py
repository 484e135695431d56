"""`layers.replace_pooling`, as it is called from outside."""

import keras
import numpy as np

from keras_cv_extras import layers


def test_each_kind_gives_way_to_its_own():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(3, 3, padding="same"),
            keras.layers.MaxPooling2D(2),
            keras.layers.AveragePooling2D(2),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 2)).astype("float32")
    blurred = layers.replace_pooling(model, "blur")
    kinds = [type(layer) for layer in blurred.layers[1:]]
    assert kinds == [
        layers.MaxBlurPooling2D,
        layers.BlurPooling2D,
        keras.layers.GlobalAveragePooling2D,
    ]
    convolved = model.layers[0](images)
    wanted = layers.BlurPooling2D(2)(layers.MaxBlurPooling2D(2)(convolved))
    found = keras.Model(blurred.inputs[0], blurred.layers[2].output)(images)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    only = layers.replace_pooling(model, "lp", which="average", p=3.0)
    assert [type(layer) for layer in only.layers[1:3]] == [
        keras.layers.MaxPooling2D,
        layers.LPPooling2D,
    ]
    assert only.layers[2].p == 3.0
    generalized = layers.replace_pooling(model, "gem", which="global")
    assert type(generalized.layers[-1]) is layers.GlobalGeneralizedMeanPooling2D
