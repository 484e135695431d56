"""Six scripts for KerasCV as its documentation taught them, made small.

Each stands between its marks as its user wrote it; a test replaces the line that imports KerasCV.
"""

CUTMIX_MIXUP_RANDAUGMENT = """
import numpy as np
import tensorflow as tf
import keras
import keras_cv

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (32, 16, 16, 3)).astype("uint8")
labels = rng.integers(0, 3, 32)

def to_dict(image, label):
    image = tf.cast(image, tf.float32)
    label = tf.one_hot(label, 3)
    return {"images": image, "labels": label}

rand_augment = keras_cv.layers.RandAugment(
    value_range=(0, 255), augmentations_per_image=2, magnitude=0.3, magnitude_stddev=0.2, rate=1.0)
cut_mix = keras_cv.layers.CutMix()
mix_up = keras_cv.layers.MixUp()

def apply_rand_augment(inputs):
    inputs["images"] = rand_augment(inputs["images"])
    return inputs

def cut_mix_and_mix_up(samples):
    samples = cut_mix(samples, training=True)
    samples = mix_up(samples, training=True)
    return samples

train = tf.data.Dataset.from_tensor_slices((images, labels)).map(to_dict).batch(8)
train = train.map(apply_rand_augment).map(cut_mix_and_mix_up)
train = train.map(lambda inputs: (inputs["images"], inputs["labels"]))
model = keras.Sequential([
    keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(8, 3),
    keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")])
model.compile(loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1), optimizer="adam")
history = model.fit(train, epochs=1, verbose=0)
assert np.isfinite(history.history["loss"]).all()
"""

PIPELINE_IN_A_MODEL = """
import numpy as np
import keras
import keras_cv

augmenter = keras.Sequential([
    keras_cv.layers.RandomFlip(),
    keras_cv.layers.RandomRotation(factor=0.1),
    keras_cv.layers.RandomCutout(width_factor=0.1, height_factor=0.1),
])
inputs = keras.Input((16, 16, 3))
x = augmenter(inputs)
x = keras_cv.layers.Rescaling(1 / 255)(x)
x = keras.layers.Conv2D(4, 3)(x)
x = keras_cv.layers.DropBlock2D(0.1, block_size=3)(x)
x = keras_cv.layers.SqueezeAndExcite2D(4)(x)
outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
model = keras.Model(inputs, outputs)
model.compile("adam", "mse")
images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype("float32")
model.fit(images, np.zeros((8, 2)), verbose=0)
model.save(folder + "/model.keras")
loaded = keras.models.load_model(folder + "/model.keras")
np.testing.assert_allclose(loaded.predict(images, verbose=0), model.predict(images, verbose=0),
                           rtol=1e-4, atol=1e-5)
"""

RANDOM_AUGMENTATION_PIPELINE = """
import numpy as np
import tensorflow as tf
import keras_cv
from keras_cv import core

layers = [
    keras_cv.layers.RandomHue(factor=core.UniformFactorSampler(0.1, 0.3), value_range=(0, 255)),
    keras_cv.layers.RandomSharpness(factor=0.5, value_range=(0, 255)),
    keras_cv.layers.Grayscale(output_channels=3),
]
pipeline = keras_cv.layers.RandomAugmentationPipeline(layers=layers, augmentations_per_image=2)
images = tf.random.stateless_uniform([8, 16, 16, 3], [0, 0], 0, 255)
dataset = tf.data.Dataset.from_tensor_slices({"images": images, "labels": tf.eye(8)}).batch(4)
dataset = dataset.map(pipeline, num_parallel_calls=tf.data.AUTOTUNE)
for batch in dataset:
    assert batch["images"].shape == (4, 16, 16, 3)
assert abs(batch["images"].numpy() - images.numpy()[4:]).max() > 1
"""

RAGGED_AND_SIZES = """
import tensorflow as tf
import keras_cv

sizes = [(20, 30), (24, 18), (16, 16), (40, 22)]
dataset = tf.data.Dataset.from_generator(
    lambda: ({"images": tf.random.uniform([*size, 3], 0, 255), "labels": tf.one_hot(i, 4)}
             for i, size in enumerate(sizes)),
    output_signature={"images": tf.TensorSpec([None, None, 3]), "labels": tf.TensorSpec([4])})
crop = keras_cv.layers.RandomCropAndResize(
    target_size=(16, 16), crop_area_factor=(0.8, 1.0), aspect_ratio_factor=(0.9, 1.1))
resizing = keras_cv.layers.Resizing(16, 16)
train = dataset.ragged_batch(4)
for batch in train:
    assert crop(batch, training=True)["images"].shape == (4, 16, 16, 3)
    assert resizing(batch)["images"].shape == (4, 16, 16, 3)
    mixed = keras_cv.layers.MixUp(alpha=0.2, seed=1)(resizing(batch), training=True)
    assert mixed["labels"].shape == (4, 4)
"""

CHOICES_AND_LOSSES = """
import numpy as np
import tensorflow as tf
import keras
import keras_cv

augmenter = keras_cv.layers.Augmenter([
    keras_cv.layers.RandomFlip(rate=0.5),
    keras_cv.layers.RandomApply(layer=keras_cv.layers.Grayscale(output_channels=3), rate=0.2),
    keras_cv.layers.RandomChoice(layers=[keras_cv.layers.RandomBrightness(factor=0.2),
                                         keras_cv.layers.Solarization(
                                             (0, 255), threshold_factor=(100, 200))]),
])
images = tf.random.stateless_uniform([6, 12, 12, 3], [0, 1], 0, 255)
first, second = augmenter(images), augmenter(images)
encoder = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3),
                            keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(8)])
optimizer = keras.optimizers.Adam(0.01)
simclr = keras_cv.losses.SimCLRLoss(temperature=0.5)
values = []
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = simclr(encoder(first), encoder(second))
    optimizer.apply(tape.gradient(loss, encoder.trainable_variables), encoder.trainable_variables)
    values.append(float(loss))
assert values[-1] < values[0]
head = keras.Sequential([encoder, keras.layers.Dense(3)])
head.compile("adam", loss=keras_cv.losses.FocalLoss(from_logits=True))
history = head.fit(images, np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]], verbose=0)
assert np.isfinite(history.history["loss"]).all()
"""

FROM_A_FOLDER = """
import os
import numpy as np
import tensorflow as tf
import keras
import keras_cv

for name in ("cat", "dog", "owl"):
    os.makedirs(f"{folder}/train/{name}", exist_ok=True)
    for n in range(8):
        shade = np.random.default_rng(n).integers(0, 256, (40 + n, 48, 3)).astype("uint8")
        keras.utils.save_img(f"{folder}/train/{name}/{n}.png", shade)

BATCH, SIZE, CLASSES = 8, (32, 32), 3
train_ds = keras.utils.image_dataset_from_directory(
    f"{folder}/train", image_size=SIZE, batch_size=None, label_mode="categorical", seed=1)

def package_inputs(image, label):
    return {"images": image, "labels": label}

resize = keras_cv.layers.JitteredResize(target_size=SIZE, scale_factor=(0.8, 1.25))
inference_resizing = keras_cv.layers.Resizing(32, 32, pad_to_aspect_ratio=True)
mosaic_or_mix = keras_cv.layers.RandomChoice([
    keras_cv.layers.MixUp(alpha=0.4), keras_cv.layers.CutMix(alpha=1.0),
    keras_cv.layers.FourierMix(alpha=0.5)], batchwise=True)
pipeline = keras_cv.layers.RandomAugmentationPipeline(
    layers=[
        keras_cv.layers.RandomShear(x_factor=(0, 0.2)),
        keras_cv.layers.RandomTranslation((-0.1, 0.1), (-0.1, 0.1)),
        keras_cv.layers.Posterization(value_range=(0, 255), bits=4),
        keras_cv.layers.RandomChannelShift(value_range=(0, 255), factor=0.1),
        keras_cv.layers.Equalization((0, 255)),
        keras_cv.layers.RandomCutout((0.1, 0.2), (0.1, 0.2)),
    ], augmentations_per_image=3, rate=0.9)
aug_mix = keras_cv.layers.AugMix((0, 255), severity=(0.1, 0.4), num_chains=2, chain_depth=[1, 2])

train = train_ds.map(package_inputs).batch(BATCH)
train = train.map(lambda d: resize(d, training=True), num_parallel_calls=tf.data.AUTOTUNE)
train = train.map(pipeline).map(aug_mix).map(lambda d: mosaic_or_mix(d, training=True))
train = train.map(lambda d: (d["images"], d["labels"]))
val = train_ds.map(package_inputs).batch(BATCH).map(inference_resizing)
val = val.map(lambda d: (d["images"], d["labels"]))
for images, labels in train.take(1):
    assert images.shape == (8, 32, 32, 3) and labels.shape[-1] == 3
    low, high = float(tf.reduce_min(images)), float(tf.reduce_max(images))
    assert -1e-3 <= low and high <= 255.001, (low, high)

inputs = keras.Input((*SIZE, 3))
x = keras_cv.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
x = keras.layers.Conv2D(12, 3, strides=2, padding="same", activation="swish")(x)
for rate in (0.0, 0.1):
    y = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    y = keras_cv.layers.SqueezeAndExcite2D(filters=12)(y)
    y = keras_cv.layers.DropPath(rate)(y)
    x = keras.layers.Add()([x, y])
x = keras_cv.layers.DropBlock2D(0.2, (3, 3))(x)
outputs = keras.layers.Dense(CLASSES, activation="softmax")(keras.layers.GlobalMaxPooling2D()(x))
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.SGD(0.01, momentum=0.9),
              keras_cv.losses.FocalLoss(alpha=0.5, gamma=1.0),
              metrics=["categorical_accuracy"])
history = model.fit(train, validation_data=val, epochs=2, verbose=0, callbacks=[
    keras.callbacks.ModelCheckpoint(folder + "/best.keras", save_best_only=True),
    keras.callbacks.EarlyStopping(patience=3)])
assert {"val_loss", "val_categorical_accuracy"} <= set(history.history)
best = keras.saving.load_model(folder + "/best.keras")
assert best.evaluate(val, verbose=0, return_dict=True)["loss"] >= 0
"""
