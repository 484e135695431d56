"""Six scripts for TensorFlow Addons as its documentation taught them, made small.

Each stands between its marks as its user wrote it; a test replaces the line that imports Addons.
"""

METRIC_LEARNING = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

rng = np.random.default_rng(0)
y_train = rng.integers(0, 3, 120)
x_train = (rng.normal(size=(120, 8, 8, 1)) + y_train[:, None, None, None]).astype("float32")
train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(120, seed=0).batch(40)

model = tf.keras.Sequential([
    tf.keras.layers.Conv2D(8, 3, activation="relu", input_shape=(8, 8, 1)),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(16, activation=None),
    tf.keras.layers.Lambda(lambda x: tf.math.l2_normalize(x, axis=1)),
])
model.compile(optimizer=tf.keras.optimizers.Adam(0.01), loss=tfa.losses.TripletSemiHardLoss())
history = model.fit(train, epochs=4, verbose=0)
assert history.history["loss"][-1] < history.history["loss"][0]
results = model.predict(x_train, verbose=0)
assert results.shape == (120, 16)
"""

FOCAL_RANGER = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

rng = np.random.default_rng(0)
x = rng.normal(size=(256, 10)).astype("float32")
y = np.eye(2, dtype="float32")[(x[:, 0] > 1).astype(int)]

clr = tfa.optimizers.TriangularCyclicalLearningRate(
    initial_learning_rate=1e-3, maximal_learning_rate=5e-2, step_size=8)
radam = tfa.optimizers.RectifiedAdam(clr)
ranger = tfa.optimizers.Lookahead(radam, sync_period=6, slow_step_size=0.5)
model = tf.keras.Sequential([
    tf.keras.layers.Dense(16, activation=tfa.activations.mish, input_shape=(10,)),
    tf.keras.layers.Dense(2, activation="sigmoid"),
])
model.compile(
    optimizer=ranger,
    loss=tfa.losses.SigmoidFocalCrossEntropy(alpha=0.25, gamma=2.0),
    metrics=[tfa.metrics.F1Score(num_classes=2, average="macro"), "accuracy"],
)
history = model.fit(x, y, batch_size=32, epochs=6, verbose=0,
                    callbacks=[tfa.callbacks.TimeStopping(seconds=100, verbose=1)])
assert history.history["loss"][-1] < history.history["loss"][0]
assert 0 <= history.history["f1_score"][-1] <= 1
"""

WEIGHT_AVERAGES = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

rng = np.random.default_rng(0)
x = rng.normal(size=(128, 6)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int32")

def create_model(opt):
    model = tf.keras.models.Sequential([
        tf.keras.layers.Dense(16, activation="relu", input_shape=(6,)),
        tf.keras.layers.Dense(2, activation="softmax"),
    ])
    model.compile(optimizer=opt, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

sgd = tf.keras.optimizers.SGD(0.1)
moving_avg_sgd = tfa.optimizers.MovingAverage(sgd)
stocastic_avg_sgd = tfa.optimizers.SWA(tf.keras.optimizers.SGD(0.1))
for opt in (moving_avg_sgd, stocastic_avg_sgd):
    avg_callback = tfa.callbacks.AverageModelCheckpoint(
        filepath=folder + "/avg.weights.h5", update_weights=True, save_weights_only=True)
    model = create_model(opt)
    model.fit(x, y, epochs=30, callbacks=[avg_callback], verbose=0)
    model.load_weights(folder + "/avg.weights.h5")
    loss, accuracy = model.evaluate(x, y, batch_size=32, verbose=0)
    assert accuracy > 0.5
"""

NORMALIZATIONS = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

rng = np.random.default_rng(0)
x_train = rng.random((32, 12, 12, 1)).astype("float32")
y_train = rng.integers(0, 3, 32)
model = tf.keras.models.Sequential([
    tf.keras.layers.Reshape((12, 12, 1), input_shape=(12, 12, 1)),
    tf.keras.layers.Conv2D(filters=10, kernel_size=(3, 3), data_format="channels_last"),
    tfa.layers.GroupNormalization(groups=5, axis=3),
    tfa.layers.InstanceNormalization(axis=3, center=True, scale=True,
                                     beta_initializer="random_uniform",
                                     gamma_initializer="random_uniform"),
    tfa.layers.FilterResponseNormalization(),
    tfa.layers.TLU(),
    tfa.layers.SpatialPyramidPooling2D([1, 2]),
    tf.keras.layers.Flatten(),
    tfa.layers.WeightNormalization(tf.keras.layers.Dense(12)),
    tfa.layers.Maxout(num_units=6),
    tf.keras.layers.Dense(3, activation="softmax"),
])
model.compile(optimizer=tfa.optimizers.AdamW(weight_decay=1e-4, learning_rate=1e-3),
              loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=2, verbose=0)
assert np.isfinite(history.history["loss"]).all()
"""

IMAGE_OPERATIONS = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

img = tf.random.stateless_uniform([24, 24, 3], seed=[0, 1])
gray = tf.image.rgb_to_grayscale(img)
rotate = tfa.image.rotate(gray, tf.constant(np.pi / 8))
assert rotate.shape == gray.shape
transform = tfa.image.transform(img, [1.0, 1.0, -25, 0.0, 1.0, 0.0, 0.0, 0.0])
yiq = tfa.image.adjust_hsv_in_yiq(img, 0.5, 0.9, 0.9)
input_img = tf.image.convert_image_dtype(tf.expand_dims(img, 0), tf.dtypes.float32)
flow = tf.random.stateless_normal([1, 24, 24, 2], seed=[0, 2])
warped = tfa.image.dense_image_warp(input_img, flow)
assert warped.shape == (1, 24, 24, 3)

def augment(image, label):
    image = tfa.image.rotate(image, 0.2, interpolation="bilinear")
    image = tfa.image.translate(image, [2.0, -1.0])
    return image, label

data = tf.data.Dataset.from_tensor_slices((tf.stack([img] * 4), [0, 1, 0, 1]))
images, labels = next(iter(data.map(augment).batch(4)))
kappa = tfa.metrics.CohenKappa(num_classes=2, sparse_labels=True)
kappa.update_state(labels, labels)
assert float(kappa.result()) == 1.0
"""

SIAMESE = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa
from tensorflow.keras import Model, layers

rng = np.random.default_rng(0)
digits = rng.integers(0, 4, 128)
x = (rng.normal(size=(128, 12, 12, 1)) * 0.3 + digits[:, None, None, None]).astype("float32")
left, right = x[:64], x[64:]
same = (digits[:64] == digits[64:]).astype("float32")

def make_encoder():
    inputs = layers.Input((12, 12, 1))
    h = layers.Conv2D(8, 3, padding="same")(inputs)
    h = tfa.layers.GroupNormalization(groups=4, axis=-1)(h)
    h = tfa.layers.GELU()(h)
    h = tfa.layers.AdaptiveMaxPooling2D((3, 3))(h)
    h = layers.Flatten()(h)
    h = tfa.layers.WeightNormalization(layers.Dense(8))(h)
    return Model(inputs, h, name="encoder")

encoder = make_encoder()
a, b = layers.Input((12, 12, 1)), layers.Input((12, 12, 1))
distance = layers.Lambda(
    lambda t: tf.sqrt(tf.reduce_sum(tf.square(t[0] - t[1]), axis=1) + 1e-9), output_shape=(),
)([encoder(a), encoder(b)])
siamese = Model([a, b], distance)
schedule = tfa.optimizers.ExponentialCyclicalLearningRate(
    initial_learning_rate=1e-4, maximal_learning_rate=1e-2, step_size=4, scale_mode="cycle",
    gamma=0.96)
siamese.compile(
    optimizer=tfa.optimizers.LAMB(schedule, weight_decay=0.01, exclude_from_weight_decay=["bias"]),
    loss=tfa.losses.ContrastiveLoss(margin=1.5))
first = siamese.evaluate([left, right], same, verbose=0)
history = siamese.fit([left, right], same, epochs=8, batch_size=16, verbose=0,
                      callbacks=[tfa.callbacks.TQDMProgressBar(show_epoch_progress=False)])
assert history.history["loss"][-1] < first, (first, history.history)
rates = [float(schedule(step)) for step in range(16)]
assert max(rates) <= 1e-2 + 1e-9 and min(rates) >= 1e-4 - 1e-9
encoder.save(folder + "/encoder.keras")
again = tf.keras.models.load_model(folder + "/encoder.keras")
np.testing.assert_allclose(again(x), encoder(x), rtol=1e-4, atol=1e-5)
"""
