"""SamplePairing: an op that blends two images."""

from keras_cv_extras._base.exact import blend
from keras_cv_extras._base.types import Numbers, Tensor
from keras_cv_extras.augment._image_op import image_op
from keras_cv_extras.augment._op import Range


@image_op(strength=Range(0.0, 0.4, least=0.0, most=1.0), pixels="computed", cheap=True)
def sample_pairing(image: Tensor, partner: Tensor, weight: Numbers) -> Tensor:
    """Blends each image with a partner; the label stays the first image's.

    Args:
        partners: images of the same shape.
        weight: share of the partner, in [0, 1]; a number, or one per image. 0 is the identity.

    References:
        [SamplePairing](https://arxiv.org/abs/1801.02929) with weight 0.5; Pillow's
        `Image.blend(image, partner, weight)`.

    Example:
        >>> paired = sample_pairing(images, images[::-1], 0.5)
    """
    return blend(image, partner, weight)
