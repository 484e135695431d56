"""Five more scripts for KerasCV as its guides and examples taught, made small."""

CUSTOM_LAYERS = """
import numpy as np
import tensorflow as tf
import keras
import keras_cv
from keras_cv import core

class RandomBlueTint(keras_cv.layers.BaseImageAugmentationLayer):
    def __init__(self, factor, value_range, **kwargs):
        super().__init__(**kwargs)
        self.value_range = value_range
        self.factor = keras_cv.utils.preprocessing.parse_factor(factor)

    def get_random_transformation(self, **kwargs):
        return self.factor() * 255

    def augment_image(self, image, *args, transformation=None, **kwargs):
        image = keras_cv.utils.preprocessing.transform_value_range(
            image, self.value_range, (0, 255))
        *others, blue = tf.unstack(image, axis=-1)
        blue = tf.clip_by_value(blue + transformation, 0.0, 255.0)
        image = tf.stack([*others, blue], axis=-1)
        return keras_cv.utils.preprocessing.transform_value_range(
            image, (0, 255), self.value_range)

    def augment_label(self, label, *args, transformation=None, **kwargs):
        return label

    def get_config(self):
        config = super().get_config()
        config.update({"factor": self.factor, "value_range": self.value_range})
        return config

images = tf.random.stateless_uniform([6, 12, 12, 3], [0, 1], 0, 1)
many = RandomBlueTint(factor=(0.2, 0.4), value_range=(0, 1))
tinted = many(images)
assert float(tf.reduce_min(tinted[..., 2] - images[..., 2])) >= 0
samples = {"images": images, "labels": tf.eye(6)}
pipeline = keras.Sequential([many, keras_cv.layers.RandomColorDegeneration(factor=0.5)])
augmented = many(samples)
np.testing.assert_allclose(augmented["labels"], samples["labels"])
data = tf.data.Dataset.from_tensor_slices(samples).batch(3)
data = data.map(lambda batch: many(batch, training=True)).map(
    lambda batch: (pipeline(batch["images"], training=True), batch["labels"]))
for x, y in data:
    assert x.shape == (3, 12, 12, 3)
choice = keras_cv.layers.RandomChoice(layers=[many, keras_cv.layers.RandomGaussianBlur(
    kernel_size=3, factor=core.ConstantFactorSampler(1.0))], auto_vectorize=False, seed=3)
assert choice(samples, training=True)["images"].shape == images.shape
"""

STANDARD_POLICY = """
import numpy as np
import tensorflow as tf
import keras
import keras_cv

BATCH_SIZE, IMAGE_SIZE, num_classes = 8, (20, 20), 4
rng = np.random.default_rng(0)
dataset = tf.data.Dataset.from_tensor_slices(
    (rng.integers(0, 256, (32, 24, 28, 3)).astype("uint8"), rng.integers(0, num_classes, 32)))

def prepare_image(image, label):
    image = keras.ops.image.resize(tf.cast(image, tf.float32), IMAGE_SIZE)
    return {"images": image, "labels": tf.one_hot(label, num_classes)}

train_dataset = dataset.map(prepare_image, num_parallel_calls=tf.data.AUTOTUNE)
train_dataset = train_dataset.shuffle(10 * BATCH_SIZE).batch(BATCH_SIZE)
keras_cv.visualization.plot_image_gallery(
    next(iter(train_dataset.map(lambda x: x["images"]))), value_range=(0, 255), rows=2, cols=2,
    path=folder + "/gallery.png")

layers = keras_cv.layers.RandAugment.get_standard_policy(
    value_range=(0, 255), magnitude=0.75, magnitude_stddev=0.3)
layers = [layer for layer in layers if not isinstance(layer, keras_cv.layers.RandomRotation)]
layers = layers + [keras_cv.layers.GridMask(), keras_cv.layers.ChannelShuffle(groups=3)]
pipeline = keras_cv.layers.RandomAugmentationPipeline(layers=layers, augmentations_per_image=3)
cut_mix, mix_up = keras_cv.layers.CutMix(alpha=0.8), keras_cv.layers.MixUp()
cut_mix_or_mix_up = keras_cv.layers.RandomChoice([cut_mix, mix_up], batchwise=True)

def preprocess_for_model(inputs):
    return keras_cv.utils.preprocessing.transform_value_range(
        inputs["images"], (0, 255), (0, 1)), inputs["labels"]

train = train_dataset.map(lambda inputs: {**inputs, "images": pipeline(inputs["images"])})
train = train.map(cut_mix_or_mix_up).map(preprocess_for_model).prefetch(1)
model = keras.Sequential([keras.Input((*IMAGE_SIZE, 3)), keras.layers.Conv2D(8, 3, strides=2),
                          keras.layers.GlobalAveragePooling2D(),
                          keras.layers.Dense(num_classes, activation="softmax")])
model.compile(loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
              optimizer=keras.optimizers.SGD(momentum=0.9), metrics=["accuracy"])
history = model.fit(train, epochs=1, verbose=0)
assert np.isfinite(history.history["loss"]).all()
"""

CONTRASTIVE_AUGMENTER = """
import numpy as np
import tensorflow as tf
import keras
import keras_cv

value_range = (0, 1)
augmenter = keras_cv.layers.Augmenter([
    keras_cv.layers.RandomFlip("horizontal"),
    keras_cv.layers.RandomCropAndResize(target_size=(16, 16), crop_area_factor=(0.4, 1.0),
                                        aspect_ratio_factor=(3 / 4, 4 / 3)),
    keras_cv.layers.RandomApply(layer=keras_cv.layers.RandomColorJitter(
        value_range=value_range, brightness_factor=0.3, contrast_factor=0.3,
        saturation_factor=(0.3, 0.7), hue_factor=0.2), rate=0.8),
    keras_cv.layers.RandomApply(
        keras_cv.layers.RandomGaussianBlur(kernel_size=(3, 3), factor=(0.1, 1.0)), rate=0.5),
    keras_cv.layers.RandomApply(
        keras_cv.layers.Solarization(value_range, threshold_factor=(128, 128)), 0.2),
    keras_cv.layers.Grayscale(output_channels=3),
])
images = tf.random.stateless_uniform([16, 20, 20, 3], [0, 3])
encoder = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(8, 3, strides=2),
                            keras_cv.layers.DropBlock2D(rate=0.1, block_size=2),
                            keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(16)])

class Contrastive(keras.Model):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.loss_fn = keras_cv.losses.SimCLRLoss(temperature=0.5, reduction="none")

    def train_step(self, data):
        first, second = augmenter(data), augmenter(data)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.loss_fn(self.encoder(first, training=True),
                                               self.encoder(second, training=True)))
        weights = self.encoder.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}

    def call(self, x):
        return self.encoder(x)

model = Contrastive(encoder)
model.compile(keras.optimizers.Adam(0.01))
history = model.fit(tf.data.Dataset.from_tensor_slices(images).batch(8), epochs=3, verbose=0)
assert np.isfinite(history.history["loss"]).all()
first, second = augmenter(images), augmenter(images)
assert float(tf.reduce_mean(tf.abs(first - second))) > 0.01
"""

REPEATED_COPIES = """
import numpy as np
import tensorflow as tf
import keras
import keras_cv

samples = {"images": tf.random.stateless_uniform([4, 16, 16, 3], [1, 1], 0, 255),
           "labels": tf.eye(4)}
repeat_augment = keras_cv.layers.RepeatedAugmentation(
    augmenters=[
        keras_cv.layers.RandAugment(value_range=(0, 255), augmentations_per_image=1),
        keras_cv.layers.RandomFlip(mode="vertical", rate=1.0),
        keras_cv.layers.RandomSharpness(0.5, value_range=(0, 255)),
    ])
outputs = repeat_augment(samples)
assert outputs["images"].shape == (12, 16, 16, 3) and outputs["labels"].shape == (12, 4)
layers = [
    keras_cv.layers.RandomAspectRatio(factor=(0.9, 1.1)),
    keras_cv.layers.RandomCrop(height=12, width=12),
    keras_cv.layers.RandomZoom(height_factor=(-0.2, 0.2), fill_mode="nearest"),
    keras_cv.layers.RandomSaturation(factor=(0.4, 0.6)),
    keras_cv.layers.RandomContrast(value_range=(0, 255), factor=0.2),
    keras_cv.layers.RandomHue(factor=0.1, value_range=(0, 255)),
    keras_cv.layers.RandomJpegQuality(factor=(75, 100)),
    keras_cv.layers.AutoContrast(value_range=(0, 255)),
    keras_cv.layers.RandomCutout(height_factor=0.2, width_factor=0.2,
                                 fill_mode="gaussian_noise"),
    keras_cv.layers.Mosaic(),
]
for layer in layers[1:]:
    result = layer(samples, training=True)
    assert set(result) == {"images", "labels"}
    copy = type(layer).from_config(layer.get_config())
    assert type(copy) is type(layer)
ragged = layers[0](samples["images"], training=True)
assert keras_cv.layers.Resizing(8, 8)(ragged).shape == (4, 8, 8, 3)
"""

RESIDUAL_BLOCKS = """
import numpy as np
import tensorflow as tf
import keras
import keras_cv
from keras_cv.layers import DropPath, SqueezeAndExcite2D, StochasticDepth

def block(x, filters, rate):
    shortcut = keras.layers.Conv2D(filters, 1)(x)
    y = keras.layers.Conv2D(filters, 3, padding="same", activation="swish")(x)
    y = SqueezeAndExcite2D(filters, bottleneck_filters=4, squeeze_activation="swish")(y)
    return StochasticDepth(rate)([shortcut, y])

inputs = keras.Input((None, None, 3))
x = keras_cv.layers.Rescaling(scale=1 / 127.5, offset=-1)(inputs)
x = keras_cv.layers.CenterCrop(16, 16)(x)
for number, filters in enumerate((8, 16)):
    x = block(x, filters, 0.1 * number)
x = keras.layers.Add()([x, DropPath(rate=0.2)(keras.layers.Conv2D(16, 1)(x))])
outputs = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x))
model = keras.Model(inputs, outputs)
model.compile("adam", loss=keras_cv.losses.FocalLoss(from_logits=True, label_smoothing=0.1),
              metrics=[keras_cv.losses.SmoothL1Loss(l1_cutoff=0.5, name="smooth")])
images = tf.random.stateless_uniform([12, 20, 24, 3], [2, 2], 0, 255)
labels = keras.ops.one_hot(tf.range(12) % 3, 3)
history = model.fit(images, labels, epochs=2, batch_size=4, verbose=0)
assert np.isfinite(history.history["loss"]).all()
model.save(folder + "/model.keras")
again = keras.saving.load_model(folder + "/model.keras")
np.testing.assert_allclose(again.predict(images, verbose=0), model.predict(images, verbose=0),
                           rtol=1e-4, atol=1e-5)
"""
