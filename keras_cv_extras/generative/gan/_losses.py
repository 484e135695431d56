"""What the two networks of a GAN minimise, from scores `(batch,)`."""

from keras import ops

from keras_cv_extras.losses import hinge, log_loss

LOSSES = ("hinge", "non_saturating", "wgan_gp")
PENALTY = 10.0  # of the squared distance of the gradient's norm from 1, Gulrajani et al.


def discriminator_loss(kind, real, made):
    """Returns what the discriminator minimises, without the gradient penalty.

    Args:
        kind: one of `LOSSES`.
        real: `(batch,)` scores of real images.
        made: `(batch,)` scores of synthetic ones.

    Returns:
        A scalar.

    References:
        "hinge": [Lim and Ye, Geometric GAN](https://arxiv.org/abs/1705.02894);
        "non_saturating": [Goodfellow et al.](https://arxiv.org/abs/1406.2661);
        "wgan_gp": [Gulrajani et al.](https://arxiv.org/abs/1704.00028).
    """
    ones = ops.ones_like(real)
    if kind == "hinge":
        return ops.mean(hinge(ones, real)) + ops.mean(hinge(-ones, made))
    if kind == "non_saturating":
        losses = log_loss(ones, real, from_logits=True), log_loss(0 * ones, made, from_logits=True)
        return ops.mean(losses[0]) + ops.mean(losses[1])
    return ops.mean(made) - ops.mean(real)


def generator_loss(kind, made):
    """Returns what the generator minimises, from the scores of its images."""
    if kind == "non_saturating":
        return ops.mean(log_loss(ops.ones_like(made), made, from_logits=True))
    return -ops.mean(made)


def gradient_penalty(gradients):
    """Returns how far the norms of gradients `(batch, ...)` by images are from 1, squared."""
    squares = ops.sum(ops.square(gradients), axis=tuple(range(1, len(gradients.shape))))
    # The root of exactly 0 has no derivative.
    return PENALTY * ops.mean(ops.square(ops.sqrt(squares + 1e-12) - 1))
