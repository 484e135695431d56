"""The parts of generation and of its measure alone, with stand-ins for the networks."""

import types

import keras
import numpy as np
import pytest

from keras_cv_extras.generative import (
    ConditionalGAN,
    DeepSMOTE,
    LocalFeatures,
    _evaluation,
    _fidelity,
    _synthesis,
    evaluate_made,
    gan,
    memorization,
    usefulness,
)
from keras_cv_extras.generative._evaluation import SCORES
from keras_cv_extras.generative.gan import _draws, _training
from keras_cv_extras.generative.gan import _step as _gan_step
from keras_cv_extras.generative.gan._image_maker import ImageMaker

RNG = np.random.default_rng(0)


class _Network:
    """Stands for a network: an image's features are its pixels, its class the first of them."""

    name = "stand-in"

    def features(self, images):
        return np.asarray(images, "float64").reshape(len(images), -1)

    def logits(self, images):
        return np.eye(3)[np.asarray(images)[:, 0, 0, 0].astype(int) % 3]


def images_of(labels):
    images = RNG.normal(size=(len(labels), 2, 2, 1))
    images[:, 0, 0, 0] = labels
    return images


def test_scores_of_a_class_are_against_the_real_images_of_that_class():
    real_labels, labels = np.repeat([0, 1], 30), np.repeat([0, 1], 20)
    real, made = images_of(real_labels), images_of(labels)
    made[25:] += 3.0  # most of class 1 is not like it, and is taken for another
    found = evaluate_made(_Network(), (real, real_labels), (made, labels))
    rows, made_rows = real.reshape(60, 4), made.reshape(40, 4)
    for item in (0, 1):
        own = rows[real_labels == item], made_rows[labels == item]
        assert found.classes[item]["local_fid"] == _fidelity.frechet_distance(*own)
        assert found.classes[item]["coverage"] == _fidelity.neighbor_scores(*own)["coverage"]
    assert found.scores["local_fid"] == _fidelity.frechet_distance(rows, made_rows)
    assert (found.num_real, found.num_made) == (60, 40)
    assert found.classes[0]["agreement"] == 1
    for k, known in ((10, True), (11, False)):  # neighbours of a quarter of 40 images, at most
        found = evaluate_made(_Network(), (real, real_labels), (made, labels), k=k)
        assert (found.scores["density"] is not None) == known
        assert found.classes[0]["density"] is None


def test_no_image_at_all_is_said():
    layers = [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    network = LocalFeatures(keras.Sequential(layers))
    images = np.full((3, 2, 2, 1), 99.0)
    with pytest.raises(ValueError, match="at least one image, received none"):
        memorization(network, images, images, images[:0])


def test_suspicious_images_are_nearer_than_the_nearest_hundredth_of_others():
    train = np.zeros((1, 1, 1, 1))
    held_out = np.arange(1.0, 202.0).reshape(201, 1, 1, 1)  # the hundredth lies at 3
    made = np.array([0.5, 2.9, 3.0, 50.0]).reshape(4, 1, 1, 1)
    found = memorization(_Network(), made, train, held_out)
    assert found.threshold == pytest.approx(3.0)
    assert found.suspicious == 0.5
    assert found.median_ratio == pytest.approx(((2.9 + 3.0) / 2) / 101)
    assert found.distances.tolist() == pytest.approx([0.5, 2.9, 3.0, 50.0])
    far = np.append(held_out, [[[[9e3]]]] * 100, axis=0)  # the middle one of 301 is at 151
    found = memorization(_Network(), made, train, far)
    assert found.median_ratio == pytest.approx(((2.9 + 3.0) / 2) / 151)


def test_usefulness_trains_on_one_and_tests_on_the_other(monkeypatch):
    """A stand-in learns the mean of its images, and is right where that is the label."""
    trained = []

    def train(part, shape, num_classes, *, steps, seed):
        trained.append((shape, num_classes, steps, seed))
        return types.SimpleNamespace(mean=int(np.mean(part[0])))

    def features(model):
        one = lambda images: np.eye(3)[[model.mean] * len(images)]  # noqa: E731
        return types.SimpleNamespace(logits=one)

    monkeypatch.setattr(_evaluation, "trained_classifier", train)
    monkeypatch.setattr(_evaluation, "LocalFeatures", features)
    of_real = np.full((4, 2, 2, 1), 1), np.array([1, 1, 2, 0])
    made = np.full((5, 2, 2, 1), 2), np.array([2, 2, 2, 2, 1])
    test = np.zeros((10, 2, 2, 1)), np.repeat([0, 1, 2], [5, 4, 1])
    texts = (made[0], np.array(["cat"] * len(made[1])))
    with pytest.raises(ValueError, match="made must have class numbers from 0 on as labels"):
        usefulness(of_real, texts, test)
    found = usefulness(of_real, made, test, steps=7, seed=3)
    assert found == {"real_on_real": 0.4, "made_on_real": 0.1, "real_on_made": 0.2}
    assert trained == [((2, 2, 1), 3, 7, 3)] * 2


class _Maker:
    """Stands for a GAN: an image is its number, and the seed is remembered."""

    num_classes, image_shape, value_range = 2, (1, 1, 1), (0, 255)

    def __init__(self):
        self.seeds = []

    def generate(self, labels, *, numbers=None, seed=0):
        self.seeds.append(seed)
        return np.asarray(numbers, "uint8").reshape(-1, 1, 1, 1)


def test_the_images_that_are_looked_at_are_those_that_are_made(monkeypatch):
    maker = _Maker()
    even = lambda classifier, images, count: np.where(  # noqa: E731
        images.reshape(-1, 1) % 2 == 0, [0.2, 0.8], [0.7, 0.3]
    )
    monkeypatch.setattr(_synthesis, "probabilities", even)
    options = {"seed": 5, "classifier": "any", "confidence": 0.8}
    labels, numbers, rates = _synthesis.chosen_images(maker, {1: 4}, **options)
    assert labels.tolist() == [1] * 4
    assert numbers.tolist() == [0, 2, 4, 6]
    assert rates == {1: 0.5}
    assert maker.seeds == [5]
    x, y = np.uint8([9, 8, 200]).reshape(3, 1, 1, 1), np.array([0, 0, 1])
    both, classes = _synthesis.resample(maker, x, y, seed=6)
    assert both.ravel().tolist() == [9, 8, 200, 0]
    assert classes.tolist() == [0, 0, 1, 1]
    assert maker.seeds == [5, 6]


def test_the_rate_of_augmentation_is_steered_to_the_target(monkeypatch):
    signs = iter([0.9, 0.9, 0.5])
    step = lambda gan, real, labels, step: (0.0, 0.0, np.float32(next(signs)))  # noqa: E731
    monkeypatch.setattr(_gan_step, "training_step", step)
    gan = ConditionalGAN((8, 8, 1), 2, latent_size=2, width=2, adaptive_images=80)
    images, labels = np.zeros((4, 8, 8, 1), "uint8"), np.array([0, 1, 0, 1])
    rates = []
    for _ in range(3):
        gan.train_step((images, labels))
        rates.append(float(gan.rate))
    # A twentieth for four images of 80: up above the target of 0.6, and down below.
    assert rates == pytest.approx([0.05, 0.1, 0.05])
    assert int(gan.step) == 3


def test_levels_of_made_images_are_rounded():
    class Maker(ImageMaker):
        value_range, latent_size = (0, 255), 2

        def __call__(self, inputs):
            return keras.ops.reshape(keras.ops.convert_to_tensor([-3.0, 1.6, 254.7]), (3, 1, 1, 1))

    assert np.ravel(Maker().make(np.zeros(3), np.arange(3))).tolist() == [0, 2, 255]


def test_sample_weights_and_the_penalty_of_deep_smote():
    model = DeepSMOTE((4, 4, 1), code_size=2, width=2, penalty=0.25, value_range=(0, 1))
    images, labels = RNG.random((6, 4, 4, 1)).astype("float32"), np.array([0, 1, 0, 1, 2, 2])
    weights = np.float32([0, 1, 2, 0, 1, 2])
    outputs = model(images)
    partners = [2, 3, 0, 1, 5, 4]
    own = ((np.asarray(outputs["images"]) - images) ** 2).mean(axis=(1, 2, 3))
    decoded = np.asarray(model.decoder(np.asarray(outputs["codes"])[partners]))
    other = ((decoded - images) ** 2).mean(axis=(1, 2, 3))
    found = float(model.compute_loss(images, labels, outputs, weights))
    np.testing.assert_allclose(found, (weights * (own + 0.25 * other)).mean(), rtol=1e-4)
    again = DeepSMOTE.from_config(model.get_config())
    assert (again.penalty, again.code_size, again.width) == (0.25, 2, 2)
    assert again.value_range == (0, 1)


@pytest.mark.parametrize(
    ("loss", "steps", "rate", "moments"),
    [("hinge", 1, 1e-3, (0.5, 0.99)), ("wgan_gp", 5, 1e-4, (0.0, 0.9))],
)
def test_defaults_of_a_gan_are_those_of_its_loss(loss, steps, rate, moments):
    gan = ConditionalGAN((8, 8, 1), 2, latent_size=2, width=2, loss=loss)
    assert gan.critic_steps == steps
    assert ConditionalGAN.from_config(gan.get_config()).critic_steps == steps
    gan.compile()
    for optimizer, factor in ((gan.optimizer, 1), (gan.discriminator_optimizer, 2)):
        assert float(optimizer.learning_rate) == pytest.approx(factor * rate)
        assert (optimizer.beta_1, optimizer.beta_2) == moments
    assert float(gan.rate) == 0
    always = ConditionalGAN((8, 8, 1), 2, latent_size=2, width=2, adaptive_target=None)
    assert float(always.rate) == 1


def test_too_few_real_images_give_no_score():
    real_labels, labels = np.repeat([0, 1], [30, 6]), np.repeat([0, 1], 40)
    real, made = images_of(real_labels), images_of(labels)
    found = evaluate_made(_Network(), (real, real_labels), (made, labels))
    assert (found.classes[1]["num_real"], found.classes[1]["num_made"]) == (6, 40)
    assert {found.classes[1][name] for name in SCORES} == {None}
    assert found.classes[1]["agreement"] == 1
    assert None not in found.classes[0].values()
    # 16 features: a covariance needs 32 images; what has no bias, or none at all, does not.
    wide = RNG.normal(size=(60, 4, 4, 1)), np.repeat([0, 1], 30)
    wide[0][:, 0, 0, 0] = wide[1]
    found = evaluate_made(_Network(), wide, wide)
    assert found.classes[0]["local_fid"] is None
    assert found.classes[0]["local_kid"] is not None
    assert found.scores["local_fid"] == pytest.approx(0, abs=1e-9)


def test_a_collapse_is_told():
    assert gan.has_collapsed({"precision": 0.9, "recall": 0.05})
    assert not gan.has_collapsed({"precision": 0.9, "recall": 0.5})
    assert not gan.has_collapsed({"precision": 0.1, "recall": 0.0})  # noise is not a collapse
    assert not gan.has_collapsed({"precision": None, "recall": None})
    row = {"step": 5, "generator_loss": 1.0, "discriminator_loss": 1.0, "seconds": 1.0}
    row |= {"local_fid": 2.0, "precision": 0.9, "recall": 0.05, "coverage": 0.1}
    line = _training._line(row, 10, 5)
    assert "local FID 2.00, precision 0.90, recall 0.05, coverage 0.10 (200 ms a step)" in line
    assert "warning: likely collapsed" in line
    assert "warning" not in _training._line({**row, "recall": 0.5}, 10, 5)


def test_what_is_out_of_range_or_of_other_classes_is_refused(monkeypatch):
    model = types.SimpleNamespace(image_shape=(2, 2, 1), value_range=(0, 1))
    images = np.linspace(0, 1, 8).reshape(2, 2, 2, 1)
    _synthesis.checked_pixels(model, images * 1.0005)  # what a resize may round
    for wrong in (images * 1.05, images - 0.05):
        with pytest.raises(ValueError, match=r"must lie in value_range, \(0, 1\)"):
            _synthesis.checked_pixels(model, wrong)
    monkeypatch.setattr(_synthesis.value_range, "check_for", lambda *_: None)
    with pytest.raises(ValueError, match=r"must give 3 numbers for each image, .*\(2, 2\)"):
        _synthesis.probabilities(lambda images: np.ones((len(images), 2)), images, 3)
    with pytest.raises(ValueError, match="real must have class numbers from 0 on"):
        evaluate_made(_Network(), (images, np.array([0, -1])), (images, np.array([0, 1])))


def test_augmentation_is_drawn_anew_for_every_step_seed_and_part(monkeypatch):
    monkeypatch.setattr(
        _gan_step._diff_augment, "diff_augment", lambda images, draws, *_, rate: draws
    )
    images = np.zeros((4, 8, 8, 1), "float32")

    def drawn(seed, step, slot):
        maker = types.SimpleNamespace(seed=seed, augment=("color",), rate=1.0)
        return np.asarray(_gan_step._augmented(maker, images, step, slot)).tobytes()

    kinds = [(1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1 << 20)]
    assert len({drawn(*kind) for kind in kinds}) == len(kinds)
    assert drawn(1, 0, 0) == drawn(1, 0, 0)


def test_every_candidate_of_the_filter_is_another_image(monkeypatch):
    """A batch of four after another; even numbers are images of class 1, odd ones of class 0."""
    monkeypatch.setattr(_synthesis, "_BATCH", 4)
    chance = lambda classifier, made, count: np.eye(2)[1 - made % 2]  # noqa: E731
    monkeypatch.setattr(_synthesis, "probabilities", chance)
    maker = types.SimpleNamespace(num_classes=2, generate=lambda labels, numbers, seed: numbers)
    found = _synthesis.chosen_images(maker, {0: 1, 1: 5}, classifier=object())
    labels, numbers, rates = found
    assert sorted(numbers[labels == 1].tolist()) == [0, 2, 4, 6, 8]
    assert numbers[labels == 0].tolist() == [1]
    assert rates == {0: 0.5, 1: 0.5}
    assert labels.tolist() in ([1, 1, 0, 1, 1, 1], [1, 1, 1, 0, 1, 1]), "classes are spread evenly"


def test_latents_are_normal_and_independent():
    draws = np.asarray(_draws.normal(1, 0, np.arange(4000, dtype="int32"), 0, 5))
    assert draws.shape == (4000, 5)
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(np.cov(draws.T), np.eye(5), atol=0.09)
