"""One training step of a conditional GAN, on TensorFlow: tapes, losses, the moving average.

All random numbers are functions of the model's seed and of the step.
"""

import tensorflow as tf
from keras import ops

from keras_cv_extras._base import random
from keras_cv_extras.generative.gan import _diff_augment, _draws, _losses

# Slots of the counter generator, so that no two draws of a step are the same.
_LATENTS, _REAL, _MADE, _AGAIN, _BETWEEN = ((1 << 20) * i for i in range(1, 6))


def training_step(gan, real, labels, step):
    """Takes a step of the discriminator and, if it is its turn, of the generator.

    Both are taken on the same synthetic images, so that the generator runs once.

    Returns:
        The losses of the generator (if it was not its turn, the mean so far) and of the
        discriminator, and the mean sign of the real images' scores.
    """
    samples = ops.arange(ops.shape(labels)[0], dtype="int32")
    latents = _draws.normal(gan.seed, step, samples, _LATENTS, gan.latent_size)
    with tf.GradientTape() as tape:
        made = gan.generator([latents, labels], training=True)
    loss, sign = _discriminator_step(gan, real, tf.stop_gradient(made), labels, step)
    if gan.critic_steps == 1:
        return _generator_step(gan, made, tape, labels, step), loss, sign
    made_loss = tf.cond(
        tf.equal((step + 1) % gan.critic_steps, 0),
        lambda: _generator_step(gan, made, tape, labels, step),
        lambda: tf.convert_to_tensor(gan.trackers["generator_loss"].result()),
    )
    return made_loss, loss, sign


def _discriminator_step(gan, real, made, labels, step):
    count = tf.shape(real)[0]
    seen = tf.concat(
        [_augmented(gan, images, step, slot) for images, slot in ((real, _REAL), (made, _MADE))],
        axis=0,
    )
    with tf.GradientTape() as tape:
        both = tf.concat([labels, labels], axis=0)
        scores = gan.discriminator([seen, both], training=True)
        of_real, of_made = scores[:count], scores[count:]
        loss = _losses.discriminator_loss(gan.adversarial_loss, of_real, of_made)
        if gan.adversarial_loss == "wgan_gp":
            share = random.uniform(gan.seed, step, ops.arange(count), _BETWEEN)
            share = ops.reshape(share, (-1, 1, 1, 1))
            between = seen[:count] * share + seen[count:] * (1 - share)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(between)
                scores = gan.discriminator([between, labels], training=True)
            gradients = inner.gradient(scores, between)
            loss = loss + _losses.gradient_penalty(gradients)
    variables = gan.discriminator.trainable_variables
    gan.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
    return loss, tf.reduce_mean(tf.sign(of_real))


def _generator_step(gan, made, tape, labels, step):
    """Steps along the gradient by `made`, which `tape` has seen being made."""
    with tf.GradientTape(watch_accessed_variables=False) as scoring:
        scoring.watch(made)
        seen = _augmented(gan, made, step, _AGAIN)
        scores = gan.discriminator([seen, labels], training=False)
        loss = _losses.generator_loss(gan.adversarial_loss, scores)
    variables = gan.generator.trainable_variables
    by_images = scoring.gradient(loss, made)
    gan.optimizer.apply(tape.gradient(made, variables, output_gradients=by_images), variables)
    taken = ops.cast(step, "float32") / gan.critic_steps
    # At first the average would be mostly the weights before training.
    decay = ops.minimum(gan.ema_decay, (1 + taken) / (10 + taken))
    for average, weight in zip(gan.average.weights, gan.generator.weights, strict=True):
        share = decay if weight.trainable else 0.0  # the moments are averages already
        average.assign(average * share + weight * (1 - share))
    return loss


def _augmented(gan, images, step, slot):
    count = tf.shape(images)[0]
    draws = _draws.uniform(gan.seed, step, count, slot, _diff_augment.NUM_DRAWS)
    return _diff_augment.diff_augment(images, draws, gan.augment, rate=gan.rate)
