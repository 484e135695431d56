import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras import data, generative
from keras_cv_extras.generative import ConditionalGAN
from keras_cv_extras.generative.gan import _diff_augment, _losses
from keras_cv_extras.generative.gan._networks import ConditionalBatchNormalization
from keras_cv_extras.generative.gan._spectral import SpectralNormalized

SMALL = {"latent_size": 8, "width": 8, "seed": 3}


@pytest.fixture(scope="module")
def digits():
    images, labels = data.load("digits").train
    return images[:256], labels[:256]


@pytest.fixture(scope="module")
def half_way(tmp_path_factory):
    """The file of the model below, after 4 of its 8 steps."""
    return tmp_path_factory.mktemp("gan") / "gan.keras"


@pytest.fixture(scope="module")
def trained(digits, half_way):
    """A model after 8 steps; its history; and the weights of its generator before them."""
    gan = ConditionalGAN((8, 8, 1), 10, **SMALL)
    before = gan.generator.get_weights()
    gan.compile()
    save = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: gan.save(half_way) if epoch == 0 else None
    )
    options = {"batch_size": 64, "epochs": 2, "shuffle": False, "verbose": 0}
    history = gan.fit(*digits, **options, callbacks=[save])
    return gan, history.history, before


def values(gan):
    variables = [
        *gan.variables,
        *gan.optimizer.variables,
        *gan.discriminator_optimizer.variables,
    ]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


@pytest.mark.wide
def test_every_weight_learns(trained):
    gan, history, before = trained
    assert int(gan.step) == 8
    assert set(history) == {"loss", "generator_loss", "discriminator_loss", "real_sign"}
    assert np.isfinite(history["loss"]).all()
    np.testing.assert_allclose(
        history["loss"],
        np.add(history["generator_loss"], history["discriminator_loss"]),
        rtol=1e-4,
    )
    fresh = ConditionalGAN((8, 8, 1), 10, **SMALL)
    for old, new in zip(before, fresh.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)  # the seed alone says how it begins
    for network in ("generator", "average", "discriminator"):
        pairs = zip(getattr(gan, network).weights, getattr(fresh, network).weights, strict=True)
        for weight, start in pairs:
            if weight.shape != (1,):  # the unit vector of one number
                assert np.any(np.asarray(weight) != np.asarray(start)), weight.path


@pytest.mark.wide
def test_the_average_follows_the_generator(digits):
    gan = ConditionalGAN((8, 8, 1), 10, **SMALL, ema_decay=0.5, augment=())
    gan.compile(run_eagerly=True)
    wanted = gan.average.get_weights()
    kinds = [weight.trainable for weight in gan.generator.weights]
    assert [w.path.partition("/")[2] for w in gan.average.weights] == [
        w.path.partition("/")[2] for w in gan.generator.weights
    ]
    for step in range(3):
        gan.train_on_batch(digits[0][:32], digits[1][:32])
        decay = min(0.5, (1 + step) / (10 + step))
        wanted = [
            decay * old + (1 - decay) * new if learns else new
            for old, new, learns in zip(wanted, gan.generator.get_weights(), kinds, strict=True)
        ]
    for average, value in zip(gan.average.get_weights(), wanted, strict=True):
        np.testing.assert_allclose(average, value, atol=1e-6)


@pytest.mark.wide
def test_interrupted_training_goes_on_bit_by_bit(trained, half_way, digits):
    loaded = keras.saving.load_model(half_way)
    assert int(loaded.step) == 4
    loaded.fit(*digits, batch_size=64, epochs=1, shuffle=False, verbose=0)
    assert int(loaded.step) == 8
    for one, other in zip(values(loaded), values(trained[0]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_checkpoints_of_fit_go_on_bit_by_bit(digits, tmp_path):
    from keras_cv_extras import training

    def batches(epoch):
        return data.pipeline(digits, 64, seed=1, epoch=epoch)

    results = []
    for stops in ([3], [1, 3]):
        for epochs in stops:
            gan = ConditionalGAN((8, 8, 1), 10, **SMALL)
            gan.compile()
            folder = tmp_path / str(len(stops))
            options = {"epochs": epochs, "checkpoint": folder, "progress": False}
            training.fit(gan, batches, **options)
        results.append(values(gan))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("loss", "eager"),
    [
        ("non_saturating", True),  # a graph takes four times as long to trace
        pytest.param("non_saturating", False, marks=pytest.mark.slow),
        pytest.param("wgan_gp", False, marks=pytest.mark.slow),
    ],
)
def test_other_losses_learn(loss, eager, digits):
    gan = ConditionalGAN((8, 8, 1), 10, **SMALL, loss=loss, critic_steps=2, adaptive_target=0.1)
    assert float(gan.rate) == 0
    gan.compile(run_eagerly=eager)
    before = gan.generator.get_weights()[0]
    gan.train_on_batch(digits[0][:32], digits[1][:32])
    np.testing.assert_array_equal(gan.generator.get_weights()[0], before)  # not its turn yet
    logs = gan.train_on_batch(digits[0][32:64], np.eye(10)[digits[1][32:64]], return_dict=True)
    assert np.isfinite(float(logs["loss"]))
    assert np.any(gan.generator.get_weights()[0] != before)
    spectral = any(isinstance(x, SpectralNormalized) for x in gan.discriminator.layers)
    assert spectral == (loss == "non_saturating")
    assert float(gan.rate) in [n * 32 / 500_000 for n in (0, 1, 2)]


def test_losses_are_the_published_ones():
    real, made = np.array([2.0, 0.5, -1], "float32"), np.array([-3.0, 0.25, 1], "float32")
    relu = lambda x: np.maximum(x, 0)  # noqa: E731
    soft = lambda x: np.log1p(np.exp(x))  # noqa: E731
    wanted = {
        "hinge": (relu(1 - real).mean() + relu(1 + made).mean(), -made.mean()),
        "non_saturating": (soft(-real).mean() + soft(made).mean(), soft(-made).mean()),
        "wgan_gp": (made.mean() - real.mean(), -made.mean()),
    }
    assert set(wanted) == set(_losses.LOSSES)
    for kind, pair in wanted.items():
        given = (
            _losses.discriminator_loss(kind, real, made),
            _losses.generator_loss(kind, made),
        )
        np.testing.assert_allclose([float(x) for x in given], pair, rtol=1e-6)
    gradients = np.array([[[3.0], [4.0]], [[0.0], [1.0]]], "float32")
    np.testing.assert_allclose(float(_losses.gradient_penalty(gradients)), 10 * 16 / 2)


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (64, 64, 3), (9, 30, 3)])
def test_any_size_is_made_and_scored(shape):
    gan = ConditionalGAN(shape, 3, latent_size=4, width=2)
    images = gan.generate([0, 2, 1])
    assert images.shape == (3, *shape)
    assert images.dtype == np.uint8
    scores = gan.discriminator([tf.cast(images, "float32") / 127.5 - 1, tf.constant([0, 2, 1])])
    assert scores.shape == (3,)


def test_images_are_functions_of_seed_class_and_number(trained):
    gan, _, _ = trained
    images = gan.generate([4, 4, 5], numbers=[0, 7, 7], seed=2)
    np.testing.assert_array_equal(gan.generate([4], numbers=[7], seed=2)[0], images[1])
    assert np.any(gan.generate([4], numbers=[7], seed=3)[0] != images[1])
    latents = np.asarray(gan.latents(np.zeros(4000), np.arange(4000), 1))
    assert abs(latents.mean()) < 0.02
    assert abs(latents.std() - 1) < 0.02
    correlation = np.corrcoef(latents, rowvar=False) - np.eye(8)
    assert np.abs(correlation).max() < 0.08


def test_a_class_does_not_drown_the_latents():
    gan = ConditionalGAN((28, 28, 1), 10, seed=5)
    classes, numbers = np.repeat(np.arange(10), 8), np.tile(np.arange(8), 10)
    latents = gan.latents(0 * numbers, numbers)
    images = np.asarray(gan((latents, classes))).reshape(10, 8, -1)
    # Untrained, images differ by what is random far more than by their class.
    assert images.std(axis=1).mean() > 4 * images.std(axis=0).mean()


@pytest.mark.slow
def test_the_discriminator_tells_made_images_from_real_ones(digits):
    gan = ConditionalGAN((8, 8, 1), 10, latent_size=16, width=16, seed=3)
    gan.compile()
    history = gan.fit(*digits, batch_size=32, epochs=20, shuffle=False, verbose=0).history
    assert history["discriminator_loss"][-1] < 1.75  # near 2 it would tell nothing apart


@pytest.mark.wide
def test_exported_generator_gives_the_same_images(trained, tmp_path):
    gan, _, _ = trained
    gan.export_generator(tmp_path / "generator")
    loaded = tf.saved_model.load(tmp_path / "generator")
    labels, numbers = tf.constant([1, 9]), tf.constant([5, 0])
    given = loaded.serve(labels, numbers, tf.constant(4, tf.int64))
    np.testing.assert_array_equal(given, gan.generate([1, 9], numbers=[5, 0], seed=4))


@pytest.mark.wide
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_spectral_layers_have_the_largest_singular_value_that_was_asked_for(gain):
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 6, 6, 3)).astype("float32")
    for layer, inputs in (
        (keras.layers.Conv2D(5, 3), images),
        (keras.layers.Dense(7), images[:, 0, 0]),
        (keras.layers.Embedding(6, 4), np.arange(6)),
    ):
        wrapped = SpectralNormalized(layer, gain=gain, seed=1)
        for _ in range(60):
            outputs = wrapped(inputs, training=True)
        kernel = np.asarray(layer.weights[0])
        matrix = kernel.reshape(-1, kernel.shape[-1])
        layer.weights[0].assign(kernel * gain / np.linalg.svd(matrix, compute_uv=False)[0])
        np.testing.assert_allclose(outputs, layer(inputs), rtol=2e-3, atol=1e-5)


def test_a_spectral_layer_needs_a_gain_above_0():
    with pytest.raises(ValueError, match="gain must be above 0"):
        SpectralNormalized(keras.layers.Dense(2), gain=0)


def test_spectral_gradient_goes_through_the_division():
    layer = keras.layers.Dense(3, use_bias=False)
    wrapped = SpectralNormalized(layer, seed=1)
    inputs = np.random.default_rng(1).normal(size=(5, 4)).astype("float32")
    for _ in range(60):
        wrapped(inputs, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(wrapped(inputs) ** 2)
    gradient = np.asarray(tape.gradient(loss, layer.kernel.value))
    # The result does not depend on the length of the weights.
    assert abs(np.sum(gradient * np.asarray(layer.kernel))) < 1e-3 * np.abs(gradient).sum()
    kernel = np.asarray(layer.kernel, "float64")

    def exact(kernel):
        return np.sum((inputs @ (kernel / np.linalg.svd(kernel, compute_uv=False)[0])) ** 2)

    for place in ((0, 0), (2, 1), (3, 2)):
        moved = kernel.copy()
        moved[place] += 1e-5
        slope = (exact(moved) - exact(kernel)) / 1e-5
        np.testing.assert_allclose(gradient[place], slope, rtol=2e-2, atol=1e-3)


def test_batch_normalisation_by_class():
    layer = ConditionalBatchNormalization(3)
    x = np.random.default_rng(0).normal(size=(6, 4, 4, 2)).astype("float32")
    labels = np.array([0, 1, 2, 0, 1, 2])
    layer(x, labels)
    layer.scale.assign([[1, 1], [2, 3], [1, 1]])
    layer.offset.assign([[0, 0], [0, 0], [5, -5]])
    given = np.asarray(layer(x, labels, training=True))
    plain = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-3)
    wanted = plain * np.array([[1, 1], [2, 3], [1, 1]])[labels][:, None, None]
    wanted = wanted + np.array([[0, 0], [0, 0], [5, -5]])[labels][:, None, None]
    np.testing.assert_allclose(given, wanted, atol=1e-4)


@pytest.mark.wide
@pytest.mark.parametrize("channels", [1, 3])
def test_gradients_go_through_the_augmentation(channels):
    rng = np.random.default_rng(0)
    images = tf.constant(rng.uniform(-1, 1, (6, 16, 12, channels)), tf.float32)
    draws = rng.random((6, _diff_augment.NUM_DRAWS)).astype("float32")
    weights = rng.normal(size=images.shape).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(images)
        seen = _diff_augment.diff_augment(images, draws)
        loss = tf.reduce_sum(seen * weights)
    gradient = np.asarray(tape.gradient(loss, images))
    for image in gradient:
        assert np.any(image != 0)
    direction = rng.normal(size=images.shape).astype("float32")
    ahead, behind = (
        _diff_augment.diff_augment(images + sign * 1e-2 * direction, draws) for sign in (1, -1)
    )
    # It is linear in the images, but for where pixels come from, which they do not decide.
    slope = np.sum((np.asarray(ahead) - np.asarray(behind)) * weights) / 2e-2
    np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-3)
    compiled = tf.function(_diff_augment.diff_augment, autograph=False)(images, draws)
    np.testing.assert_allclose(compiled, seen, atol=1e-6)


def test_augmentation_is_the_published_one():
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (3, 16, 24, 3)).astype("float32")
    draws = rng.random((3, _diff_augment.NUM_DRAWS)).astype("float32")
    colored = images + (draws[:, 0] - 0.5).reshape(-1, 1, 1, 1)
    grey = colored.mean(axis=-1, keepdims=True)
    colored = (colored - grey) * (2 * draws[:, 1]).reshape(-1, 1, 1, 1) + grey
    mean = colored.mean(axis=(1, 2, 3), keepdims=True)
    colored = (colored - mean) * (draws[:, 2] + 0.5).reshape(-1, 1, 1, 1) + mean
    given = _diff_augment.diff_augment(images, draws, "color")
    np.testing.assert_allclose(given, colored, atol=1e-5)

    many = np.repeat(images[:1], 70, axis=0)
    places = np.repeat(draws[:1], 70, axis=0)
    places[:, 3], places[:, 4] = (np.arange(70) + 0.5) / 70, 0.5
    padded = np.pad(images[0], ((0, 0), (3, 3), (0, 0)))
    found = [
        [s for s in range(7) if np.array_equal(moved, padded[:, s : s + 24])]
        for moved in np.asarray(_diff_augment.diff_augment(many, places, "translation"))
    ]
    # Three pixels, an eighth of 24, to either side; all shifts as often.
    assert np.bincount(np.array(found)[:, 0]).tolist() == [10] * 7

    holes = np.asarray(_diff_augment.diff_augment(images, draws, "cutout")) == 0
    assert holes.any(axis=-1).sum(axis=(1, 2)).max() <= 64  # 8 x 8
    middle = draws.copy()
    middle[:, 5:7] = 0.5
    holes = np.asarray(_diff_augment.diff_augment(images, middle, "cutout")) == 0
    assert holes.any(axis=-1).sum(axis=(1, 2)).tolist() == [64] * 3
    off = _diff_augment.diff_augment(images, draws, rate=0.0)
    np.testing.assert_allclose(off, images, atol=1e-6)
    assert _diff_augment.diff_augment(images, draws, ()) is images


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (4, 8, 1)}, "at least 8 x 8"),
        ({"image_shape": (8, 8, 2)}, "1 or 3 channels"),
        ({"num_classes": 1}, "num_classes"),
        ({"loss": "mse"}, "loss must be one of"),
        ({"augment": ("flip",)}, "augment must be one of"),
        ({"adaptive_target": 1.5}, "adaptive_target"),
        ({"ema_decay": 1}, "ema_decay"),
        ({"value_range": (1, 0)}, "value_range must be .low, high. with low < high"),
        ({"critic_steps": 0}, "critic_steps"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        ConditionalGAN(**{"image_shape": (8, 8, 1), "num_classes": 3, **options})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[:, :7], y), "must be images of the shape"),
        (lambda x, y: (x.astype("float32") * 2, y), "must lie in value_range"),
        (lambda x, y: (x / np.float32(255), y), "must fill value_range"),
        (lambda x, y: (np.where(x > 0, np.nan, x), y), "NaN"),
        (lambda x, y: (x, np.zeros_like(y)), "two classes"),
        (lambda x, y: (x, y + 1), "classes from 0 to 9"),
        (lambda x, y: (x, y[1:]), "must have the same length"),
    ],
)
def test_training_images_are_checked(change, message, trained, digits):
    with pytest.raises(ValueError, match=message):
        trained[0].fit(*change(*digits), verbose=0)


def test_it_is_exported():
    assert generative.ConditionalGAN is ConditionalGAN


@pytest.mark.slow
def test_a_trained_model_makes_images_on_jax(trained, python_on_jax, tmp_path):
    gan, _, _ = trained
    gan.save(tmp_path / "gan.keras")
    script = """
import keras, numpy as np
from keras_cv_extras import generative
gan = keras.saving.load_model(sys.argv[1])
np.save(sys.argv[2], gan.generate([1, 9], numbers=[5, 0], seed=4))
try:
    gan.compile()
except NotImplementedError as error:
    print("refused", "tensorflow" in sys.modules)
"""
    printed = python_on_jax(script, tmp_path / "gan.keras", tmp_path / "images.npy")
    assert printed.split() == ["refused", "False"]
    given = np.load(tmp_path / "images.npy").astype(int)
    wanted = gan.generate([1, 9], numbers=[5, 0], seed=4).astype(int)
    assert np.abs(given - wanted).max() <= 1
