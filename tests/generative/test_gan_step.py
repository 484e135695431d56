"""A training step of a GAN, of networks of one weight: each number of it by hand."""

import types

import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras.generative.gan import _draws, _losses
from keras_cv_extras.generative.gan import _step as _gan_step

REAL = np.float32([0.5, 3.0, 0.25, 2.0]).reshape(4, 1, 1, 1)
LABELS = np.array([0, 1, 0, 1], "int32")
G, D = 0.5, 0.75


class Network:
    """Multiplies its inputs by one weight, and keeps what it was called with."""

    def __init__(self, weight, shape):
        self.weight, self.shape, self.calls = tf.Variable(weight), shape, []
        self.moment = types.SimpleNamespace(trainable=False, value=tf.constant(7.0))
        self.trainable_variables = [self.weight]

    def __call__(self, inputs, training):
        self.calls.append((np.asarray(inputs[0]), np.asarray(inputs[1]), training))
        return tf.reshape(inputs[0], (len(inputs[0]), -1))[:, 0] * self.weight

    def reshaped(self, inputs, training):
        return tf.reshape(self(inputs, training), self.shape)


class Weight:
    """A weight, or one of its averages."""

    def __init__(self, value, trainable=True):
        self.value, self.trainable = value, trainable

    def assign(self, value):
        self.value = float(value)

    def __mul__(self, share):
        return self.value * share


class Optimizer:
    def __init__(self):
        self.applied = []

    def apply(self, gradients, variables):
        self.applied.append((float(gradients[0]), variables))


def make(loss="hinge", critic_steps=1, seed=3):
    """Returns a GAN, and the draws of its augmentation."""
    gan = types.SimpleNamespace(
        seed=seed,
        latent_size=2,
        critic_steps=critic_steps,
        adversarial_loss=loss,
        augment=("color",),
        rate=0.25,
        ema_decay=0.5,
        discriminator=Network(D, (-1,)),
        optimizer=Optimizer(),
        discriminator_optimizer=Optimizer(),
        average=types.SimpleNamespace(weights=[Weight(1.0), Weight(1.0)]),
        trackers={"generator_loss": types.SimpleNamespace(result=lambda: 0.125)},
        made=Network(G, (-1, 1, 1, 1)),
    )

    def generator(inputs, training):
        return gan.made.reshaped(inputs, training)

    generator.trainable_variables = gan.made.trainable_variables
    generator.weights = [Weight(2.0), Weight(7.0, trainable=False)]
    gan.generator = generator
    return gan


@pytest.fixture
def draws(monkeypatch):
    """Images are not augmented; returns what they would have been augmented with."""
    found = []

    def augment(images, draws, kinds, *, rate):
        assert (kinds, rate) == (("color",), 0.25)
        found.append(np.asarray(draws))
        return images

    monkeypatch.setattr(_gan_step._diff_augment, "diff_augment", augment)
    return found


def step(gan, number=0):
    found = _gan_step.training_step(gan, tf.constant(REAL), LABELS, tf.constant(number))
    return [float(value) for value in found]


def latents(seed=3, number=0):
    draw = _draws.normal(seed, number, np.arange(4, dtype="int32"), _gan_step._LATENTS, 2)
    return np.asarray(draw)


def test_both_networks_step_along_their_gradients(draws):
    gan = make()
    generator_loss, loss, sign = step(gan)
    given = latents()
    made, real = G * given[:, 0], REAL.ravel()
    of_real, of_made = D * real, D * made
    assert loss == pytest.approx(
        np.maximum(0, 1 - of_real).mean() + np.maximum(0, 1 + of_made).mean(), rel=1e-5
    )
    assert generator_loss == pytest.approx(-of_made.mean(), rel=1e-5)
    assert sign == 1 != np.sign(of_made).mean()
    ((gradient, variables),) = gan.discriminator_optimizer.applied
    by_weight = -real * (of_real < 1), made * (of_made > -1)
    assert gradient == pytest.approx(by_weight[0].mean() + by_weight[1].mean(), rel=1e-5)
    assert variables == [gan.discriminator.weight]
    ((gradient, variables),) = gan.optimizer.applied
    assert gradient == pytest.approx(-(D * given[:, 0]).mean(), rel=1e-5)
    assert variables == [gan.made.weight]
    ((taken, labels, training),) = gan.made.calls
    np.testing.assert_allclose(taken, given, rtol=1e-6)
    assert (labels.tolist(), training) == (LABELS.tolist(), True)
    both, again = gan.discriminator.calls
    np.testing.assert_allclose(both[0].ravel(), np.concatenate([real, made]), rtol=1e-6)
    assert (both[1].tolist(), both[2]) == ([*LABELS, *LABELS], True)
    np.testing.assert_allclose(again[0].ravel(), made, rtol=1e-6)
    assert (again[1].tolist(), again[2]) == (LABELS.tolist(), False)


def test_no_two_numbers_of_a_step_are_the_same(draws, monkeypatch):
    found, uniform = [], _gan_step.random.uniform

    def drawn(*given):
        result = uniform(*given)
        found.append(np.ravel(result))
        return result

    monkeypatch.setattr(_gan_step.random, "uniform", drawn)
    step(make("wgan_gp"))
    assert len(found) == 5  # latents, three augmentations, and where the penalty is taken
    assert len(draws) == 3
    everything = np.concatenate(found)
    assert len(np.unique(everything)) == len(everything)


@pytest.mark.parametrize(("seed", "number"), [(4, 0), (3, 1)])
def test_latents_go_by_seed_and_step(draws, seed, number):
    gan = make(seed=seed)
    step(gan, number)
    np.testing.assert_allclose(gan.made.calls[0][0], latents(seed, number), rtol=1e-6)
    assert np.abs(latents(seed, number) - latents()).min() > 1e-3


def test_the_penalty_is_taken_between_real_and_made_images(draws):
    shares = []
    for number in (0, 1):
        gan = make("wgan_gp")
        _, loss, _ = step(gan, number)
        made, real = G * latents(number=number)[:, 0], REAL.ravel()
        penalty = _losses.PENALTY * (D - 1) ** 2
        assert loss == pytest.approx(D * made.mean() - D * real.mean() + penalty, rel=1e-4)
        _, (between, labels, training), _ = gan.discriminator.calls
        share = (between.ravel() - made) / (real - made)
        assert ((share >= 0) & (share < 1)).all()
        assert len(np.unique(share.round(4))) == 4
        assert (labels.tolist(), training) == (LABELS.tolist(), True)
        shares.append(share)
    assert np.abs(shares[0] - shares[1]).min() > 1e-3


def test_the_generator_has_its_turn_after_the_steps_of_the_critic(draws):
    gan = make(critic_steps=3)
    for number in range(6):
        generator_loss, *_ = step(gan, number)
        assert len(gan.optimizer.applied) == (number + 1) // 3
        assert (generator_loss == 0.125) == (number % 3 < 2)
    assert len(gan.discriminator_optimizer.applied) == 6


@pytest.mark.parametrize(
    ("number", "critic_steps", "decay"),
    [
        (0, 1, 1 / 10),
        (4, 1, 5 / 14),
        (8, 1, 0.5),
        (1000, 1, 0.5),
        (11, 6, (1 + 11 / 6) / (10 + 11 / 6)),
    ],
)
def test_the_average_forgets_its_start(draws, number, critic_steps, decay):
    gan = make(critic_steps=critic_steps)
    step(gan, number)
    weight, moment = gan.average.weights
    assert weight.value == pytest.approx(decay + 2.0 * (1 - decay), rel=1e-5)
    assert moment.value == 7.0  # an average already
