"""One training step of a conditional GAN, on TensorFlow: tapes, losses, the moving average.

All random numbers are functions of the model's seed and of the step.
"""

import tensorflow as tf
from keras import ops

from keras_cv_extras.augment import _random
from keras_cv_extras.generative import _diff_augment, _gan_draws, _gan_losses

# Slots of the counter generator, so that no two draws of a step are the same.
_CRITIC, _MAKER, _REAL, _MADE, _AGAIN, _BETWEEN = ((1 << 20) * i for i in range(1, 7))


def discriminator_step(gan, real, labels, step):
    """Returns the loss, and the mean sign of the real images' scores."""
    made = gan.generator([_latents(gan, labels, step, _CRITIC), labels], training=True)
    made = tf.stop_gradient(made)
    kinds, count = gan.augment, tf.shape(real)[0]
    draws = [_draws(gan, step, count, slot) for slot in (_REAL, _MADE)]
    seen = tf.concat(
        [
            _diff_augment.diff_augment(images, own, kinds, rate=gan.rate)
            for images, own in zip((real, made), draws, strict=True)
        ],
        axis=0,
    )
    with tf.GradientTape() as tape:
        both = tf.concat([labels, labels], axis=0)
        scores = gan.discriminator([seen, both], training=True)
        of_real, of_made = scores[:count], scores[count:]
        loss = _gan_losses.discriminator_loss(gan.adversarial_loss, of_real, of_made)
        if gan.adversarial_loss == "wgan_gp":
            share = _random.uniform(gan.seed, step, ops.arange(count), _BETWEEN)
            share = ops.reshape(share, (-1, 1, 1, 1))
            between = seen[:count] * share + seen[count:] * (1 - share)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(between)
                scores = gan.discriminator([between, labels], training=True)
            gradients = inner.gradient(scores, between)
            loss = loss + _gan_losses.gradient_penalty(gradients)
    variables = gan.discriminator.trainable_variables
    gan.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
    return loss, tf.reduce_mean(tf.sign(of_real))


def generator_step(gan, labels, step):
    """Returns the loss; moves the average along."""
    latents = _latents(gan, labels, step, _MAKER)
    draws = _draws(gan, step, tf.shape(labels)[0], _AGAIN)
    with tf.GradientTape() as tape:
        made = gan.generator([latents, labels], training=True)
        seen = _diff_augment.diff_augment(made, draws, gan.augment, rate=gan.rate)
        scores = gan.discriminator([seen, labels], training=False)
        loss = _gan_losses.generator_loss(gan.adversarial_loss, scores)
    variables = gan.generator.trainable_variables
    gan.optimizer.apply(tape.gradient(loss, variables), variables)
    taken = ops.cast(step, "float32") / gan.critic_steps
    # At first the average would be mostly the weights before training.
    decay = ops.minimum(gan.ema_decay, (1 + taken) / (10 + taken))
    for average, weight in zip(gan.average.weights, gan.generator.weights, strict=True):
        share = decay if weight.trainable else 0.0  # the moments are averages already
        average.assign(average * share + weight * (1 - share))
    return loss


def generator_step_in_turn(gan, labels, step):
    """Takes a step of the generator if it is its turn; returns its loss, else the mean so far."""
    if gan.critic_steps == 1:
        return generator_step(gan, labels, step)
    return tf.cond(
        tf.equal((step + 1) % gan.critic_steps, 0),
        lambda: generator_step(gan, labels, step),
        lambda: tf.convert_to_tensor(gan.trackers["generator_loss"].result()),
    )


def _latents(gan, labels, step, slot):
    samples = ops.arange(ops.shape(labels)[0], dtype="int32")
    return _gan_draws.normal(gan.seed, step, samples, slot, gan.latent_size)


def _draws(gan, step, count, slot):
    return _gan_draws.uniform(gan.seed, step, count, slot, _diff_augment.NUM_DRAWS)
