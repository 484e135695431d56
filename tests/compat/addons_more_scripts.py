"""Five more scripts for TensorFlow Addons as tutorials taught, made small."""

SUPERVISED_CONTRASTIVE = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa
from tensorflow import keras
from tensorflow.keras import layers

rng = np.random.default_rng(0)
y_train = rng.integers(0, 4, (96, 1))
x_train = (rng.normal(size=(96, 8, 8, 3)) * 0.3 + y_train[:, :, None, None]).astype("float32")

def residual_block(x):
    y = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    y = tfa.layers.InstanceNormalization(gamma_initializer=keras.initializers.RandomNormal(1.0))(y)
    y = layers.Activation(tfa.activations.mish)(y)
    return tfa.layers.StochasticDepth(survival_probability=0.9)([layers.Conv2D(8, 1)(x), y])

inputs = keras.Input((8, 8, 3))
features = layers.GlobalAveragePooling2D()(residual_block(residual_block(inputs)))
encoder = keras.Model(inputs, tfa.layers.Maxout(8)(features), name="encoder")

class SupervisedContrastiveLoss(keras.losses.Loss):
    def __init__(self, temperature=1, name=None):
        super().__init__(name=name)
        self.temperature = temperature

    def __call__(self, labels, feature_vectors, sample_weight=None):
        normalized = tf.math.l2_normalize(feature_vectors, axis=1)
        logits = tf.divide(tf.matmul(normalized, tf.transpose(normalized)), self.temperature)
        return tfa.losses.npairs_loss(tf.squeeze(labels), logits)

encoder.compile(optimizer=tfa.optimizers.AdamW(learning_rate=1e-2, weight_decay=1e-4),
                loss=SupervisedContrastiveLoss(0.2))
history = encoder.fit(x=x_train, y=y_train, batch_size=24, epochs=4, verbose=0)
assert history.history["loss"][-1] < history.history["loss"][0]

class Hard(tfa.losses.TripletHardLoss):
    def __init__(self):
        super().__init__(margin=0.5, soft=True,
                         distance_metric=tfa.losses.metric_learning.angular_distance)

embeddings = encoder.predict(x_train, verbose=0)
distances = tfa.losses.metric_learning.pairwise_distance(embeddings, squared=True)
assert distances.shape == (96, 96)
assert isinstance(Hard(), tfa.losses.TripletHardLoss)
assert np.isfinite(float(Hard()(y_train, embeddings)))
"""

CYCLES_AND_BALLS = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

rng = np.random.default_rng(0)
x_train = rng.random((256, 28, 28)).astype("float32")
y_train = (x_train.mean((1, 2)) > 0.5).astype("int64")
batch_size, steps_per_epoch = 64, len(x_train) // 64

def build_model():
    return tf.keras.Sequential([
        tf.keras.layers.Reshape((784,), input_shape=(28, 28)),
        tfa.layers.WeightNormalization(tf.keras.layers.Dense(16, activation="relu")),
        tf.keras.layers.Dense(2, activation="softmax", name="predictions"),
    ])

def frobenius_norm(m):
    return float(sum(tf.norm(w, ord=2) ** 2 for w in m) ** 0.5)

norms = []
recording = tf.keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: norms.append(
        frobenius_norm([w.value for w in model.trainable_weights])))
clr = tfa.optimizers.CyclicalLearningRate(
    initial_learning_rate=1e-4, maximal_learning_rate=1e-2,
    scale_fn=lambda x: 1 / (2.0 ** (x - 1)), step_size=2 * steps_per_epoch)
assert float(clr(2 * steps_per_epoch)) > float(clr(0))
for optimizer in (
    tf.keras.optimizers.SGD(clr),
    tfa.optimizers.LazyAdam(0.001),
    tfa.optimizers.ConditionalGradient(learning_rate=0.99949, lambda_=203),
    tfa.optimizers.ProximalAdagrad(1, l1_regularization_strength=1e-4),
    tfa.optimizers.extend_with_decoupled_weight_decay(tf.keras.optimizers.Nadam)(
        weight_decay=1e-5, learning_rate=1e-3),
    tfa.optimizers.Lookahead(tfa.optimizers.LAMB(lr=1e-3), sync_period=3),
):
    model = build_model()
    model.compile(optimizer=optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy(),
                  metrics=["accuracy"])
    history = model.fit(x_train, y_train, batch_size=batch_size, epochs=2, verbose=0, callbacks=[
        recording, tfa.callbacks.TimeStopping(seconds=60, verbose=0),
        tfa.callbacks.TQDMProgressBar(show_overall_progress=False, leave_epoch_progress=False)])
    assert np.isfinite(history.history["loss"]).all()
assert len(norms) == 12 and min(norms) > 0
"""

LAYERS_WITH_OPTIMIZERS = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

step = tf.Variable(0, trainable=False)
schedule = tf.keras.optimizers.schedules.PiecewiseConstantDecay([6, 9], [1e-0, 1e-1, 1e-2])
lr = 1e-1 * schedule(step)
wd = lambda: 1e-4 * schedule(step)
head_optimizer = tfa.optimizers.AdamW(learning_rate=lr, weight_decay=wd, beta_1=lambda: 0.8)

base = tf.keras.Sequential([
    tf.keras.layers.Input((16, 16, 3)),
    tf.keras.layers.Conv2D(8, 3, strides=2),
    tfa.layers.FilterResponseNormalization(), tfa.layers.TLU(),
    tfa.layers.AdaptiveAveragePooling2D((2, 2)), tf.keras.layers.Flatten()])
head = tf.keras.layers.Dense(3, activation=tfa.activations.sparsemax)
model = tf.keras.Sequential([base, head])
optimizers_and_layers = [(tf.keras.optimizers.Adam(1e-4), model.layers[0]),
                         (head_optimizer, model.layers[1:])]
optimizer = tfa.optimizers.MultiOptimizer(optimizers_and_layers)
model.compile(optimizer=optimizer, loss=tfa.losses.SigmoidFocalCrossEntropy(), metrics=[
    tfa.metrics.F1Score(num_classes=3, average=None),
    tfa.metrics.FBetaScore(num_classes=3, average="micro", beta=2.0, threshold=0.5),
    tfa.metrics.CohenKappa(num_classes=3),
    tfa.metrics.MatthewsCorrelationCoefficient(num_classes=3),
    tfa.metrics.HammingLoss(mode="multiclass", threshold=0.6)])
rng = np.random.default_rng(0)
x, y = rng.random((48, 16, 16, 3)).astype("float32"), np.eye(3)[rng.integers(0, 3, 48)]
before = [w.copy() for w in model.get_weights()]
history = model.fit(x, y, epochs=2, batch_size=16, verbose=0)
moved = [np.abs(a - b).max() for a, b in zip(before, model.get_weights())]
assert moved[-2] > moved[0] > 0
matrix = tfa.metrics.MultiLabelConfusionMatrix(num_classes=3)
matrix.update_state(y.astype("int32"), np.round(model.predict(x, verbose=0)).astype("int32"))
assert matrix.result().shape == (3, 2, 2)
"""

PICTURES = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

rng = np.random.default_rng(0)
img = tf.constant(rng.integers(0, 256, (24, 32, 3)), tf.uint8)
bw_img = 1.0 - tf.cast(tf.image.rgb_to_grayscale(img), tf.float32) / 255

mean = tfa.image.mean_filter2d(img, filter_shape=5)
median = tfa.image.median_filter2d(bw_img, (3, 3))
gauss = tfa.image.gaussian_filter2d(img, (5, 5), sigma=1.0)
assert mean.shape == gauss.shape == img.shape
google = tf.expand_dims(tf.image.convert_image_dtype(img, tf.float32), 0)
flow = tf.random.normal([1, 24, 32, 2], seed=1) * 2
warped = tfa.image.dense_image_warp(google, flow)
distances = tfa.image.euclidean_dist_transform(tf.cast(bw_img > 0.5, tf.uint8))
assert distances.shape == bw_img.shape
labels = tfa.image.connected_components(tf.squeeze(bw_img > 0.5))
points = tf.constant([[[0.0, 0.0], [0.0, 31.0], [23.0, 0.0], [23.0, 31.0], [12.0, 12.0]]])
bent, _ = tfa.image.sparse_image_warp(google, points, points + [[[0, 0]] * 4 + [[2.0, -1.0]]])
assert bent.shape == google.shape

def augment(image, label):
    angle = tf.random.uniform([], -0.3, 0.3)
    image = tfa.image.rotate(image, angle, interpolation="BILINEAR", fill_mode="reflect")
    image = tfa.image.shear_x(tf.cast(image, tf.uint8), 0.1, replace=[128, 128, 128])
    image = tfa.image.translate_xy(image, [2, 1], replace=[0, 0, 0])
    image = tfa.image.equalize(image)
    image = tfa.image.sharpness(image, 1.5)
    image = tf.image.convert_image_dtype(image, tf.float32)
    image = tfa.image.random_hsv_in_yiq(image, 0.2, 0.8, 1.2, 0.9, 1.1)
    return image, label

def holes(images, labels):
    return tfa.image.random_cutout(images, (6, 8), constant_values=0), labels

data = tf.data.Dataset.from_tensor_slices((tf.stack([img] * 8), [0, 1] * 4)).repeat(2)
data = data.map(augment, num_parallel_calls=tf.data.AUTOTUNE).batch(8).map(holes)
for images, labels in data:
    assert images.shape == (8, 24, 32, 3)
    assert float(tf.reduce_mean(tf.math.reduce_std(images, axis=0))) > 0
flat = [1.0, 0.0, 3.0, 0.0, 1.0, -2.0, 0.0, 0.0]
both = tfa.image.compose_transforms([flat, tfa.image.angles_to_projective_transforms(0.1, 24, 32)])
assert tfa.image.transform(img, both, "bilinear", output_shape=[12, 12]).shape == (12, 12, 3)
blended = tfa.image.blend(img, gauss, 0.5)
cut = tfa.image.cutout(tf.stack([img] * 2), (6, 6), offset=(8, 8), constant_values=1)
"""

SAVED_WITH_OLD_NAMES = """
import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa
from tensorflow import keras

rng = np.random.default_rng(0)
x = rng.random((32, 12, 12, 3)).astype("float32")
y = rng.normal(size=(32, 1)).astype("float32")

def create_model():
    inputs = keras.Input((12, 12, 3))
    h = keras.layers.Conv2D(8, 3)(inputs)
    h = tfa.layers.GroupNormalization(groups=4)(h)
    h = tfa.layers.GELU()(h)
    pooled, argmax = keras.layers.Lambda(
        lambda t: tf.nn.max_pool_with_argmax(t, 2, 2, "SAME"),
        output_shape=[(5, 5, 8), (5, 5, 8)])(h)
    h = tfa.layers.MaxUnpooling2D()(pooled, argmax)
    h = tfa.layers.SpectralNormalization(keras.layers.Conv2D(4, 3))(h)
    h = keras.layers.Reshape((-1, 4))(h)
    h = tfa.layers.netvlad.NetVLAD(num_clusters=4)(h)
    return keras.Model(inputs, keras.layers.Dense(1)(tfa.layers.Snake()(h)))

model = create_model()
model.compile(tfa.optimizers.RectifiedAdam(lr=1e-3, total_steps=100, warmup_proportion=0.1,
                                           min_lr=1e-5),
              loss=tfa.losses.PinballLoss(tau=0.3),
              metrics=[tfa.metrics.RSquare(), "mae"])
model.fit(x, y, epochs=2, verbose=0)
smaller = keras.Sequential([keras.Input((12, 12, 3)), tfa.layers.InstanceNormalization(axis=3),
                            tfa.layers.AdaptiveMaxPooling2D(2), keras.layers.Flatten(),
                            keras.layers.Dense(1)])
smaller.compile(tfa.optimizers.Yogi(0.01), tfa.losses.PinballLoss(tau=0.5))
smaller.fit(x, y, verbose=0)
smaller.save(folder + "/model.keras")
loaded = keras.models.load_model(folder + "/model.keras", custom_objects={
    "InstanceNormalization": tfa.layers.InstanceNormalization,
    "Yogi": tfa.optimizers.Yogi, "PinballLoss": tfa.losses.PinballLoss})
np.testing.assert_allclose(loaded.predict(x, verbose=0), smaller.predict(x, verbose=0), rtol=1e-4)
loaded.fit(x, y, verbose=0)
assert isinstance(loaded.optimizer, tfa.optimizers.Yogi)
correlation = tfa.metrics.PearsonsCorrelation(
    actual_min=-3, actual_max=3, preds_min=-3, preds_max=3)
correlation.update_state(y[:, 0], y[:, 0])
assert float(correlation.result()) > 0.99
"""
