"""What of Addons' functions and classes its own values cannot say: graphs, randomness, errors."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from PIL import Image, ImageOps
from scipy import ndimage

from keras_cv_extras.compat import tensorflow_addons as tfa

PARTS = np.array([[1, 1, 0, 2], [0, 1, 2, 2], [3, 0, 0, 2], [3, 3, 1, 1]], "int32")
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 9, 11, 3)).astype("uint8")
pytestmark = pytest.mark.filterwarnings("ignore:tensorflow_addons:FutureWarning")


def test_hamming_losses_of_rows():
    labels, scores = np.array([[1, 0, 0], [0, 1, 1]]), np.float32([[0.5, 0.6, 0.2], [0, 0, 0]])
    found = tfa.metrics.hamming_loss_fn(labels, scores, 0.5, "multilabel")
    np.testing.assert_allclose(found, [2 / 3, 2 / 3])  # a half is not above the threshold
    found = tfa.metrics.hamming_loss_fn(labels, scores, None, "multilabel")
    np.testing.assert_allclose(found, [2 / 3, 2 / 3])  # none of a row of zeros is the largest
    found = tfa.metrics.hamming_loss_fn(labels[:1], scores[:1], None, "multiclass")
    np.testing.assert_allclose(found, [1.0])


def test_components_are_numbered_in_the_order_of_rows():
    wanted = [[1, 1, 0, 2], [0, 1, 2, 2], [3, 0, 0, 2], [3, 3, 4, 4]]
    np.testing.assert_array_equal(tfa.image.connected_components(PARTS), wanted)
    graph = tf.function(tfa.image.connected_components)
    batch = np.stack([PARTS, PARTS * 0, PARTS])
    found = graph(tf.constant(batch))
    np.testing.assert_array_equal(found[0], wanted)
    assert not np.any(found[1])
    np.testing.assert_array_equal(found[2], np.where(np.array(wanted) > 0, np.add(wanted, 4), 0))
    mask = np.random.default_rng(1).random((20, 20)) < 0.5
    np.testing.assert_array_equal(tfa.image.connected_components(mask), ndimage.label(mask)[0])
    with pytest.raises(TypeError, match=r"images must be \(height, width\)"):
        tfa.image.connected_components(IMAGES)


def test_distances():
    mask = (IMAGES > 100).astype("uint8")
    found = tf.function(tfa.image.euclidean_dist_transform)(tf.constant(mask))
    assert found.shape == (3, 9, 11, 3)
    for image, distances in zip(mask, np.asarray(found), strict=True):
        for channel in range(3):
            wanted = ndimage.distance_transform_edt(image[..., channel])
            np.testing.assert_allclose(distances[..., channel], wanted, rtol=1e-5)
    with pytest.raises(TypeError, match="images must be uint8"):
        tfa.image.euclidean_dist_transform(mask.astype("float32"))
    with pytest.raises(TypeError, match="dtype must be float16"):
        tfa.image.euclidean_dist_transform(mask, dtype="int32")
    far = tfa.image.euclidean_dist_transform(np.ones((2, 2), "uint8"))
    np.testing.assert_allclose(far, np.sqrt(np.finfo("float32").max))  # no zero is near: as Addons


def test_random_functions_and_errors():
    images = np.ones((6, 12, 12, 1), "float32")
    holes = np.asarray(tfa.image.random_cutout(images, 4, seed=1)) == 0
    assert (holes.sum((1, 2, 3)) >= 4).all()
    assert (holes.sum((1, 2, 3)) <= 16).all()
    assert len({tuple(np.argwhere(hole)[0]) for hole in holes}) > 2
    turned = tfa.image.random_hsv_in_yiq(IMAGES / np.float32(255), 0.5, 0.5, 1.5, 0.8, 1.0, seed=1)
    assert turned.shape == IMAGES.shape
    with pytest.raises(ValueError, match="must be at least 0"):
        tfa.image.random_hsv_in_yiq(images, -1.0)
    with pytest.raises(ValueError, match="must be at most the upper"):
        tfa.image.random_hsv_in_yiq(images, 0, 2.0, 1.0)
    with pytest.raises(ValueError, match="padding must be one of"):
        tfa.image.mean_filter2d(IMAGES, padding="WRAP")
    with pytest.raises(ValueError, match="sigma must be one or two numbers"):
        tfa.image.gaussian_filter2d(IMAGES, sigma=-1.0)
    with pytest.raises(ValueError, match="transforms must be a list"):
        tfa.image.compose_transforms([])
    below = np.asarray(tfa.activations.rrelu(-images, 0.1, 0.4, training=True, seed=1))
    assert below.min() >= -0.4
    assert below.max() <= -0.1
    assert below.std() > 0.05


def test_the_resampler_reads_zeros_outside():
    data = np.arange(6, dtype="float32").reshape(1, 2, 3, 1)
    points = np.array([[[0.5, 0.5], [2.0, 1.0], [-0.5, 0.0], [2.25, 1.0], [9.0, 9.0]]], "float32")
    found = tfa.image.resampler(data, points)
    np.testing.assert_allclose(found[0, :, 0], [2.0, 5.0, 0.0, 3.75, 0.0], atol=1e-6)


def test_metrics_keep_their_arguments():
    for metric in (
        tfa.metrics.F1Score(3, "macro", 0.5),
        tfa.metrics.FBetaScore(3, beta=2.0),
        tfa.metrics.RSquare(multioutput="raw_values", num_regressors=1),
        tfa.metrics.GeometricMean(),
        tfa.metrics.HarmonicMean(),
    ):
        saved = keras.saving.serialize_keras_object(metric)
        copy = keras.saving.deserialize_keras_object(saved)
        assert copy.get_config() == metric.get_config()
    assert tfa.metrics.RSquare(multioutput="raw_values").multioutput == "raw_values"
    with pytest.raises(ValueError, match="multioutput must be one of raw_values"):
        tfa.metrics.RSquare(multioutput="median")
    with pytest.raises(TypeError, match="mode must be multiclass or multilabel"):
        tfa.metrics.hamming_loss_fn(PARTS, PARTS, None, "binary")
    assert float(tfa.metrics.GeometricMean()([1.0, 4.0])) == pytest.approx(2)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[tfa.metrics.RSquare()])
    x = np.random.default_rng(2).normal(size=(16, 4)).astype("float32")
    assert "r_square" in model.fit(x, x.sum(1), verbose=0).history


def test_a_coefficient_of_one_class_is_0():
    labels = np.float32([[0], [1], [1]])
    with pytest.warns(UserWarning, match="is always 0: give num_classes=2 for labels of 0 and 1"):
        metric = tfa.metrics.MatthewsCorrelationCoefficient(num_classes=1)
    metric.update_state(labels, labels)
    assert float(metric.result()) == 0.0
    assert metric.get_config()["num_classes"] == metric.num_classes == 1
    assert float(tfa.metrics.MatthewsCorrelationCoefficient(2)(labels, labels)) == 1.0


def test_weight_normalisation_has_its_old_attributes():
    made = tfa.layers.WeightNormalization(keras.layers.Dense(3))
    made.build((2, 4))
    assert (made.v is made.layer.kernel, made.is_rnn) == (True, False)
    recurrent = tfa.layers.WeightNormalization(keras.layers.GRU(3), data_init=False)
    recurrent.build((2, 5, 4))
    assert (recurrent.v is recurrent.layer.cell.recurrent_kernel, recurrent.is_rnn) == (True, True)
    copy = keras.layers.deserialize(keras.layers.serialize(recurrent))
    assert (type(copy), copy.data_init) == (tfa.layers.WeightNormalization, False)


@pytest.mark.parametrize("shape", [(1, None, None, 3), None])
def test_a_graph_warps_images_of_unknown_size(shape):
    random = np.random.default_rng(0)
    image = random.normal(size=(1, 7, 9, 3)).astype("float32")
    start = random.uniform(1, 5, (1, 4, 2)).astype("float32")
    options = {"num_boundary_points": 2}
    wanted, flow = tfa.image.sparse_image_warp(image, start, start + 0.5, **options)

    @tf.function(input_signature=[tf.TensorSpec(shape)], autograph=False)
    def warp(given):
        return tfa.image.sparse_image_warp(given, start, start + 0.5, **options)

    found = warp(image)
    np.testing.assert_allclose(found[0], wanted, atol=1e-5)
    np.testing.assert_allclose(found[1], flow, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("rotate", [0.3]),
        ("equalize", []),
        ("sharpness", [0.5]),
        pytest.param("mean_filter2d", [], marks=pytest.mark.wide),
    ],
)
def test_a_graph_takes_images_of_unknown_rank(name, arguments):
    def function(x):
        return getattr(tfa.image, name)(x, *arguments)

    graph = tf.function(function, autograph=False)
    graph = graph.get_concrete_function(tf.TensorSpec(None, "uint8"))
    for image in (IMAGES[0, ..., 0], IMAGES[0], IMAGES):
        np.testing.assert_array_equal(graph(tf.constant(image)), function(image))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible"):
        graph(tf.constant(IMAGES[None]))


def test_a_graph_turns_hues_of_unknown_rank():
    image = IMAGES.astype("float32")
    graph = tf.function(lambda x: tfa.image.adjust_hsv_in_yiq(x, 0.5), autograph=False)
    graph = graph.get_concrete_function(tf.TensorSpec(None))
    for given in (image, image[0]):
        wanted = tfa.image.adjust_hsv_in_yiq(given, 0.5)
        np.testing.assert_allclose(graph(tf.constant(given)), wanted, rtol=1e-5, atol=1e-3)


def test_equalisation_takes_any_number_of_bins_and_axes():
    plane = IMAGES[0, ..., 0]
    wanted = np.asarray(ImageOps.equalize(Image.fromarray(plane)))
    for kind in ("uint8", "int64", "float16"):
        found = np.asarray(tfa.image.equalize(plane.astype(kind)))
        np.testing.assert_array_equal(found, wanted.astype(kind))
    np.testing.assert_array_equal(tfa.image.equalize(IMAGES)[0, ..., 0], wanted)
    np.testing.assert_array_equal(tfa.image.equalize(plane, 65536), plane)  # no bin is a step away
    few = np.asarray(tfa.image.equalize(plane // 64, bins=4))
    counts = np.bincount(plane.ravel() // 64, minlength=4)
    step = (counts.sum() - counts[-1]) // 3
    lut = (np.cumsum(counts) - counts + step // 2) // step
    np.testing.assert_array_equal(few, np.clip(lut, 0, 3)[plane // 64])


def test_a_learned_epsilon_is_there_before_the_layer_is_built():
    layer = tfa.layers.FilterResponseNormalization(learned_epsilon=True)
    assert float(layer.eps_learned[0]) == pytest.approx(1e-4)
    layer.build((None, 4, 4, 2))
    assert layer.eps_learned is layer.epsilon_weight


def test_volumes_pool_to_one_place():
    volume = np.random.default_rng(3).normal(size=(2, 4, 6, 3, 2)).astype("float32")
    found = tfa.layers.AdaptiveMaxPooling3D((2, 1, 1))(volume)
    wanted = volume.reshape(2, 2, 2, 18, 2).max((2, 3))
    np.testing.assert_array_equal(np.asarray(found).reshape(2, 2, 2), wanted)
    first = tfa.layers.AdaptiveMaxPooling3D((2, 1, 1), data_format="channels_first")
    found = first(volume.transpose(0, 4, 1, 2, 3))
    np.testing.assert_array_equal(np.asarray(found).reshape(2, 2, 2), wanted.transpose(0, 2, 1))


# The values of tensorflow-addons 0.23.0 for these, as its docstrings print them.
CORRELATIONS = {
    "KendallsTauB": -0.47140455,
    "KendallsTauC": -0.48000002,
    "SpearmansRank": -0.54073805,
    "PearsonsCorrelation": -0.5618297,
}


@pytest.mark.parametrize("name", ["PearsonsCorrelation", "SpearmansRank"])
def test_a_correlation_is_one_at_most(name):
    metric = getattr(tfa.metrics, name)(0, 10, 0.0, 1.0)
    metric.update_state(np.arange(1, 9), np.arange(1, 9) / 10)
    assert 1 - 1e-6 < float(metric.result()) <= 1


@pytest.mark.parametrize("name", CORRELATIONS)
def test_correlations_count_in_cells(name):
    metric = getattr(tfa.metrics, name)(0, 13, 0, 8)
    for labels, predictions in (([12, 2], [1, 4]), ([1, 12, 2], [7, 1, 0])):
        metric.update_state(labels, predictions)
    assert float(metric.result()) == pytest.approx(CORRELATIONS[name], rel=1e-6)
    config = metric.get_config()
    assert (config["actual_max"], config["preds_cutpoints"]) == (13, 100)
    copy = type(metric).from_config(config)
    copy.update_state([5, 20, 30], [1, -4, 4])  # beyond the ends: the cells at them
    assert float(ops.sum(copy.counts[-1])) == 2
    metric.reset_state()
    assert float(ops.sum(metric.counts)) == 0


def test_optimizers_of_layers_and_with_decay(tmp_path):
    layers = [keras.layers.Dense(2, name=name) for name in ("first", "second", "third")]
    model = keras.Sequential([keras.Input((3,)), *layers])
    slow, fast = keras.optimizers.SGD(0.1), tfa.optimizers.LazyAdam(lr=0.5)
    model.compile(tfa.optimizers.MultiOptimizer([(slow, layers[0]), (fast, [layers[1]])]), "mse")
    before = [layer.get_weights()[0] for layer in layers]
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    moved = [
        np.abs(layer.get_weights()[0] - old).max()
        for layer, old in zip(layers, before, strict=True)
    ]
    assert moved[0] > 0
    assert moved[1] == pytest.approx(0.5, rel=1e-3)  # Adam's first step
    assert moved[2] == 0
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for _ in range(2):
        model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
        loaded.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(model.optimizer))
    with pytest.warns(UserWarning, match="has no weights .*first/kernel, "):
        copy.build([keras.Variable([1.0])])
    with pytest.raises(ValueError, match="first is given to two optimizers"):
        tfa.optimizers.MultiOptimizer([(slow, layers[0]), (fast, layers)])
    assert tfa.optimizers.LAMB(weight_decay_rate=0.01).get_config()["weight_decay"] == 0.01
    made = tfa.optimizers.extend_with_decoupled_weight_decay(keras.optimizers.Adam)
    own = made(weight_decay=1e-4, learning_rate=1e-2)
    assert isinstance(own, keras.optimizers.Adam)
    assert own.weight_decay == 1e-4


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")  # none was made
@pytest.mark.parametrize("built", [True, False])
def test_weights_of_one_name_keep_their_optimizers_in_a_file(built, tmp_path):
    """Once the model is loaded, the weights of `encoder/dense` and `dense` have the same paths."""
    first = keras.layers.Dense(2, name="dense")
    encoder = keras.Sequential([keras.Input((3,)), first], name="encoder")
    given = keras.Input((3,))
    model = keras.Model(given, keras.layers.Dense(2, name="dense")(encoder(given)))
    slow, fast = keras.optimizers.SGD(0.0), keras.optimizers.SGD(1.0)
    pairs = [(slow, encoder), (fast, model.layers[-1])]
    model.compile(tfa.optimizers.MultiOptimizer(pairs), "mse")
    if built:
        model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    if not built:  # the order of the weights is not known
        with pytest.warns(UserWarning, match=r"several weights .* are (encoder/)?dense/kernel, "):
            keras.saving.load_model(tmp_path / "model.keras")
        return
    for _ in range(2):  # what was loaded is saved again
        model = keras.saving.load_model(tmp_path / "model.keras")
        model.save(tmp_path / "model.keras")
    weights = model.trainable_weights
    model.optimizer.apply([ops.ones(weight.shape) for weight in weights])
    before = keras.saving.load_model(tmp_path / "model.keras").trainable_weights
    moved = [float(ops.max(ops.abs(a - b))) for a, b in zip(weights, before, strict=True)]
    assert moved == pytest.approx([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Yogi", {}),
        ("AdamW", {"weight_decay": 0.1}),
        ("SGDW", {"weight_decay": 0.1}),
        ("ConditionalGradient", {}),
        ("ProximalAdagrad", {}),
    ],
)
def test_a_decay_of_the_learning_rate_is_that_of_keras_2(name, options):
    made = getattr(tfa.optimizers, name)
    optimizer = made(learning_rate=0.5, decay=1.0, **options)
    weight = keras.Variable([1.0])
    rates = []
    for _ in range(3):
        rates.append(float(optimizer.learning_rate))
        optimizer.apply([ops.ones((1,))], [weight])
    np.testing.assert_allclose(rates, [0.5, 0.25, 0.5 / 3], rtol=1e-6)
    schedule = tfa.optimizers.TriangularCyclicalLearningRate(0.1, 1.0, 10)
    with pytest.raises(ValueError, match="decay needs a learning rate that is a number"):
        made(learning_rate=schedule, decay=1.0, **options)
    with pytest.raises(ValueError, match="decay must be"):
        made(learning_rate=0.5, decay=-1.0, **options)
    copy = type(optimizer).from_config(optimizer.get_config())
    assert float(copy.learning_rate) == 0.5
    old = keras.saving.get_registered_object(f"Addons>{name}")
    read = old.from_config({"learning_rate": 0.5, "decay": 1.0, **options})
    assert isinstance(read._learning_rate, keras.optimizers.schedules.InverseTimeDecay)


@pytest.mark.parametrize("name", ["SWA", "MovingAverage", "Lookahead"])
def test_what_wraps_an_optimizer_says_that_it_has_no_decay(name):
    with pytest.warns(UserWarning, match="`decay` is no longer supported"):
        getattr(tfa.optimizers, name)(keras.optimizers.SGD(0.1), decay=0.5)


def test_the_nuclear_norm_takes_gradients_of_some_rows():
    weight = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    some = tf.IndexedSlices(tf.constant([[0.1, 0.2]]), tf.constant([1]), tf.constant([3, 2]))
    dense = tf.convert_to_tensor(some)
    found = []
    for gradient in (some, dense):
        copy = keras.Variable(weight.numpy())
        tfa.optimizers.ConditionalGradient(0.5, 2.0, ord="nuclear").apply([gradient], [copy])
        found.append(ops.convert_to_numpy(copy))
    np.testing.assert_allclose(*found, rtol=1e-6)


def test_weight_decay_of_chosen_weights():
    first, second = keras.Variable([1.0], name="a"), keras.Variable([1.0], name="b")
    nothing = keras.ops.zeros((1,))
    optimizer = tfa.optimizers.SGDW(weight_decay=0.5, learning_rate=1e-3)
    optimizer.apply_gradients([(nothing, first), (nothing, second)], decay_var_list=[second])
    assert (float(first[0]), float(second[0])) == (1.0, 0.5)
    optimizer.apply_gradients([(nothing, first), (nothing, second)])
    assert (float(first[0]), float(second[0])) == (0.5, 0.25)
    optimizer = tfa.optimizers.AdamW(weight_decay=lambda: 0.5, learning_rate=1e-3)
    optimizer.apply_gradients([(nothing, first)])
    assert float(first[0]) == 0.25
    rate = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    copy = keras.optimizers.deserialize(
        keras.optimizers.serialize(tfa.optimizers.AdamW(weight_decay=rate))
    )
    assert copy.weight_decay.get_config() == rate.get_config()


def test_a_function_for_a_radius_and_a_generator_for_slopes():
    weight = keras.Variable([1.0, 0.0])
    made = tfa.optimizers.ConditionalGradient(0.5, lambda_=lambda: 2.0)
    made.apply_gradients([(keras.ops.array([0.0, 3.0]), weight)])
    np.testing.assert_allclose(weight, [0.5, -1.0], atol=1e-6)
    x = -np.ones((3, 4), "float32")
    draw = tf.random.Generator.from_seed(7).uniform((3, 4), 0.2, 0.4)
    generator = tf.random.Generator.from_seed(7)
    found = tfa.activations.rrelu(x, 0.2, 0.4, training=True, rng=generator)
    np.testing.assert_allclose(found, x * np.asarray(draw))


def test_statistics_of_averaged_weights():
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
    images = np.array([[0.0, 1.0], [2.0, 5.0], [4.0, 3.0]], "float32")
    fit_bn = tfa.optimizers.utils.fit_bn
    for given in ((images,), (tf.data.Dataset.from_tensor_slices((images, images)).batch(3),)):
        model.layers[0].moving_mean.assign([9.0, 9.0])
        fit_bn(model, *given)
        np.testing.assert_allclose(model.layers[0].moving_mean, [2.0, 3.0], rtol=1e-6)
        assert np.asarray(model.layers[0].gamma).tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="model must be an instance of keras.Model"):
        fit_bn(None, images)
    with pytest.raises(ValueError, match="must be built"):
        fit_bn(keras.Sequential([keras.layers.Dense(1)]), images)
    tfa.register_all()


def test_the_progress_bar_is_tqdms(monkeypatch):
    bar = tfa.callbacks.TQDMProgressBar(show_epoch_progress=False)
    assert isinstance(bar, keras.callbacks.Callback)
    with pytest.raises(ValueError, match="must be True"):
        tfa.callbacks.TQDMProgressBar(show_epoch_progress=False, show_overall_progress=False)
    monkeypatch.setitem(sys.modules, "tqdm.keras", None)
    with pytest.raises(ImportError, match="pip install tqdm"):
        tfa.callbacks.TQDMProgressBar()


@pytest.mark.wide
def test_what_is_drawn_in_a_graph_is_drawn_anew():
    def drawn(image):
        holes = tfa.image.random_cutout(image[None], (4, 4), seed=3)[0]
        turned = tfa.image.random_hsv_in_yiq(image, 0.5)
        return holes, turned, tfa.activations.rrelu(-image, training=True)

    images = np.full((6, 24, 24, 3), 0.5, "float32")
    for made in zip(*tf.data.Dataset.from_tensor_slices(images).map(drawn), strict=True):
        found = np.stack(made)
        assert found.shape == images.shape
        assert len(np.unique(found.reshape(6, -1), axis=0)) > 1
    eager = [np.asarray(tfa.image.random_cutout(images[:1], (4, 4), seed=4)) for _ in range(6)]
    assert len(np.unique(np.concatenate(eager), axis=0)) > 1


@pytest.mark.parametrize("name", sorted(tfa.activations.TABLE))
def test_activations_are_saved(name):
    function = getattr(tfa.activations, name)
    for given in (function, f"Addons>{name}"):
        layer = keras.layers.Dense(2, activation=given)
        copy = keras.layers.Dense.from_config(layer.get_config())
        x = np.linspace(-2, 2, 6, dtype="float32").reshape(3, 2)
        np.testing.assert_array_equal(copy.activation(x), function(x))


@pytest.mark.parametrize("base", [keras.optimizers.Adam, keras.optimizers.SGD])
def test_an_optimizer_that_was_given_a_decay_is_saved(base, tmp_path):
    make = tfa.optimizers.extend_with_decoupled_weight_decay
    made = make(base)(weight_decay=0.01, learning_rate=0.25)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(made, "mse")
    made.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    make(keras.optimizers.Adagrad)  # its class has the same name
    loaded = keras.saving.load_model(tmp_path / "model.keras").optimizer
    assert type(loaded) is make(base)
    assert isinstance(loaded, base)
    assert loaded.get_config() == made.get_config()
    config = {**made.get_config(), "base_optimizer": "Nope"}
    with pytest.raises(ValueError, match="no optimizer 'Nope': register its class"):
        type(made).from_config(config)


def test_functions_are_not_saved():
    for made, name in (
        (tfa.optimizers.AdamW(weight_decay=lambda: 1e-4), "weight_decay"),
        (tfa.optimizers.ConditionalGradient(0.5, lambda_=lambda: 2.0), "lambda_"),
    ):
        with pytest.raises(ValueError, match=f"^{name} must not be a function in an optimizer"):
            made.get_config()
