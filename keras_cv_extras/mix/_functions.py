"""Mixes as pure functions: who is mixed with whom, and how much, is given."""

from collections.abc import Sequence
from typing import Any

from keras_cv_extras._base import checks, engine
from keras_cv_extras._base.draws import Draws, draws_of
from keras_cv_extras._base.images.batches import per_image
from keras_cv_extras._base.types import Images, Labels, Numbers, Tensor
from keras_cv_extras.mix import _kernels
from keras_cv_extras.mix._batch import Blend, as_images, as_others, as_rows, from_rows
from keras_cv_extras.mix._long_tail import MinorityLabel
from keras_cv_extras.mix._masks import fourier_masks


def mixup(
    images: Images,
    labels: Labels,
    partners: Any,
    weight: Numbers,
    *,
    num_classes: int | None = None,
    compile: bool = True,
) -> tuple[Tensor, Any]:
    """Blends images and labels with those of a partner.

    Args:
        images: `(batch, height, width, channels)`, integer or float, of any range of values.
        labels: integers `(batch,)` or `(batch, 1)`, the numbers of classes; or rows
            `(batch, classes)`, one-hot, soft or of several labels; or a pair of them and sample
            weights `(batch,)`.
        partners: integers `(batch,)`: which image of the batch each is mixed with; or a pair
            `(images, labels)` of the same shapes, from elsewhere.
        weight: share of the partner, in [0, 1]; a number, or one per image.
        num_classes: None, or how many classes there are: integer labels become rows.
        compile: whether to run as one XLA program.

    Returns:
        `(images, labels)`. Images have the same shape and type; integers are rounded. Rows keep
        their type if it is a float, and are float32 else. Integer labels without `num_classes`
        come out compact: float32 `(batch, 2, 2)`, pairs of a label and its share, which the
        package's losses read. Sample weights come out in a pair with the labels: a mixed sample
        weighs what its parts do, by their shares, and its label leans to the heavier part.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [mixup](https://arxiv.org/abs/1710.09412)

    Example:
        >>> mixed, rows = mixup(images, labels, np.arange(96)[::-1], 0.3, num_classes=10)
    """
    images = as_images(images)
    numbers = (per_image("weight", weight, images),)
    return _run(_kernels.mixup, images, labels, partners, numbers, num_classes, compile)


def cutmix(
    images: Images,
    labels: Labels,
    partners: Any,
    weight: Numbers,
    x: Numbers = 0.5,
    y: Numbers = 0.5,
    *,
    num_classes: int | None = None,
    compile: bool = True,
) -> tuple[Tensor, Any]:
    """Puts a box of a partner over images; labels are mixed by the count of pixels.

    Args:
        images: as for `mixup`.
        labels: as for `mixup`.
        partners: as for `mixup`.
        weight: share of the image that the box has before it is cut off at the border, in
            [0, 1]; a number, or one per image. The sides are rounded to whole pixels.
        x: where the centre of the box lies, as a fraction of the width in [0, 1); a number, or
            one per image.
        y: likewise, as a fraction of the height.
        num_classes: as for `mixup`.
        compile: whether to run as one XLA program.

    Returns:
        `(images, labels)`, as from `mixup`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [CutMix](https://arxiv.org/abs/1905.04899)

    Example:
        >>> mixed, rows = cutmix(images, labels, np.arange(96)[::-1], 0.3, x=0.2, num_classes=10)
    """
    images = as_images(images)
    named = {"weight": weight, "x": x, "y": y}
    numbers = tuple(per_image(name, value, images) for name, value in named.items())
    return _run(_kernels.cutmix, images, labels, partners, numbers, num_classes, compile)


def fmix(
    images: Images,
    labels: Labels,
    partners: Any,
    weight: Numbers,
    *,
    seed: Tensor = 0,
    epoch: Tensor = 0,
    samples: Tensor | None = None,
    decay: float = 3.0,
    num_classes: int | None = None,
    compile: bool = True,
) -> tuple[Tensor, Any]:
    """Puts a partner over smooth patches of images; labels are mixed by the count of pixels.

    Args:
        images: as for `mixup`, of a known size.
        labels: as for `mixup`.
        partners: as for `mixup`.
        weight: share of the pixels that are the partner's, in [0, 1]; a number, or one per image.
        seed: an integer or integer tensor: another seed gives other patches.
        epoch: likewise.
        samples: `(batch,)`, integers: the numbers of the samples; None for 0, 1, 2, ...
        decay: how smooth the patches are, above 0.
        num_classes: as for `mixup`.
        compile: whether to run as one XLA program.

    Returns:
        `(images, labels)`, as from `mixup`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [FMix](https://arxiv.org/abs/2002.12047)

    Example:
        >>> mixed, rows = fmix(images, labels, np.arange(96)[::-1], 0.3, seed=1, num_classes=10)
    """
    images = as_images(images)
    decay = checks.positive("decay", decay)
    draws = draws_of(images, seed, epoch, samples)
    masks = engine.runner(_masks, compile, images, size=tuple(images.shape[1:3]), decay=decay)
    words = (draws.seed, draws.epoch, draws.samples)
    numbers = (masks(words, per_image("weight", weight, images)),)
    return _run(_kernels.fmix, images, labels, partners, numbers, num_classes, compile)


def _masks(words, weight, *, size, decay):
    return fourier_masks(size, weight, Draws(*words), decay=decay)


def mosaic(
    images: Images,
    labels: Labels,
    partners: Any,
    x: Numbers = 0.5,
    y: Numbers = 0.5,
    *,
    num_classes: int | None = None,
    compile: bool = True,
) -> tuple[Tensor, Any]:
    """Joins four images in one point; labels are mixed by the count of pixels.

    Each quarter shows the part of its image that lies next to the point: the upper left one,
    which is the first image's, its lower right end.

    Args:
        images: as for `mixup`.
        labels: as for `mixup`.
        partners: integers `(batch, 3)`: which images of the batch are at the upper right, lower
            left and lower right; or a pair `(images, labels)` of shapes `(batch, 3, ...)`.
        x: where the four meet, as a fraction of the width in [0, 1]; a number, or one per image.
        y: likewise, as a fraction of the height.
        num_classes: as for `mixup`.
        compile: whether to run as one XLA program.

    Returns:
        `(images, labels)`, as from `mixup`; compact labels are `(batch, 4, 2)`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        The mosaic of [YOLOv4](https://arxiv.org/abs/2004.10934), without its change of scale.

    Example:
        >>> partners = (np.arange(96)[:, None] + (1, 7, 30)) % 96  # three for each image
        >>> mixed, rows = mosaic(images, labels, partners, num_classes=10)
    """
    images = as_images(images)
    numbers = tuple(per_image(name, value, images) for name, value in (("x", x), ("y", y)))
    return _run(_kernels.mosaic, images, labels, partners, numbers, num_classes, compile)


def remix(
    images: Images,
    labels: Labels,
    partners: Any,
    weight: Numbers,
    *,
    class_counts: Sequence[float],
    kappa: float = 3.0,
    tau: float = 0.5,
    num_classes: int | None = None,
    compile: bool = True,
) -> tuple[Tensor, Any]:
    """Blends images as mixup does; a minority class gets the whole label of a mixed pair.

    The label is the partner's alone if its class has `kappa` times fewer samples than the own
    one and the own share in the image is below `tau`, and likewise the other way round.

    Args:
        images: as for `mixup`.
        labels: as for `mixup`; of soft rows, the greatest entry names the class.
        partners: as for `mixup`.
        weight: share of the partner in the image, in [0, 1]; a number, or one per image.
        class_counts: how many samples each class has in the data set.
        kappa: from which ratio of their counts a class is a minority beside another, above 0.
        tau: below which share of the other's image the minority gets the whole label, in [0, 1].
        num_classes: as for `mixup`.
        compile: whether to run as one XLA program.

    Returns:
        `(images, labels)`, as from `mixup`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [ReMix](https://arxiv.org/abs/2007.03943), equation 6.

    Example:
        >>> counts, partners = np.bincount(labels), np.arange(96)[::-1]
        >>> mixed, rows = remix(images, labels, partners, 0.3, class_counts=counts, num_classes=10)
    """
    images = as_images(images)
    numbers = (per_image("weight", weight, images),)
    relabel = MinorityLabel(class_counts, kappa, tau)
    return _run(
        _kernels.mixup, images, labels, partners, numbers, num_classes, compile, relabel=relabel
    )


def sample_pairing(
    images: Images, partners: Any, weight: Numbers = 0.5, *, compile: bool = True
) -> Tensor:
    """Blends images with partners; the labels are to stay as they are.

    Args:
        images: `(batch, height, width, channels)`, integer or float, of any range of values.
        partners: integers `(batch,)`: which image of the batch each is mixed with; or images of
            the same shape.
        weight: share of the partner, in [0, 1]; a number, or one per image.
        compile: whether to run as one XLA program.

    Returns:
        Images of the same shape and type; integers are rounded.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        [SamplePairing](https://arxiv.org/abs/1801.02929), which is to be switched on and off by
        `Schedule`. `augment.sample_pairing` is the same with Pillow's rounding, as an op of
        policies.

    Example:
        >>> mixed = sample_pairing(images, np.arange(96)[::-1])
    """
    images = as_images(images)
    if len(getattr(partners, "shape", ())) == 4:
        partners = (partners, per_image("labels", 0, images))
    numbers = (per_image("weight", weight, images),)
    labels = per_image("labels", 0, images)
    return _run(_kernels.mixup, images, labels, partners, numbers, None, compile)[0]


def _run(kernel, images, labels, partners, numbers, num_classes, compile, *, relabel=None):
    if num_classes is not None:
        checks.integer("num_classes", num_classes, minimum=1)
    rows = as_rows(labels, images, num_classes=num_classes)
    others = as_others(partners, images, rows, _kernels.NUM_PARTNERS[kernel], num_classes)
    run = engine.runner(
        _program,
        compile,
        images,
        kernel=kernel,
        num_classes=num_classes,
        relabel=relabel,
    )
    images, rows = run(images, rows, others, numbers)
    return images, from_rows(rows)


def _program(images, rows, others, numbers, *, kernel, num_classes, relabel):
    mixed, shares = kernel(images, [other for other, _ in others], *numbers)
    parts = [rows, *(their for _, their in others)]
    if relabel is not None:
        shares = relabel(shares, parts)
    return Blend(mixed, parts, shares).finish(num_classes)
