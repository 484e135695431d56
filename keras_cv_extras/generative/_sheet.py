"""Sheets of images: a row for each class."""

from typing import Any

import numpy as np

_GAP = 2  # pixels between images, as they are


def sheet(rows, value_range=(0, 255), *, side: int = 48, clear: bool = False) -> np.ndarray:
    """Lays images out.

    Args:
        rows: a list of `(columns, height, width, 1 or 3)` arrays of one size.
        value_range: the images' lowest and highest value.
        side: about how many pixels high an image is shown; whole multiples of its height.
        clear: whether what is behind the sheet is seen between the images, white if not.

    Returns:
        A uint8 image `(height, width, 3)`, with a fourth channel if `clear`.
    """
    low, high = value_range
    columns = max(len(images) for images in rows)
    height, width = rows[0].shape[1:3]
    size = len(rows) * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP
    picture = np.full((*size, 4), (255, 255, 255, 0), np.uint8)
    for i, images in enumerate(rows):
        shares = np.clip((images.astype("float64") - low) / (high - low), 0, 1)
        for j, image in enumerate(np.rint(255 * shares).astype(np.uint8)):
            top, left = _GAP + i * (height + _GAP), _GAP + j * (width + _GAP)
            picture[top : top + height, left : left + width, :3] = image
            picture[top : top + height, left : left + width, 3] = 255
    factor = max(1, round(side / height))
    picture = picture if clear else picture[..., :3]
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def class_sheet(gan: Any, *, columns: int = 10, seed: int = 0, side: int = 48) -> np.ndarray:
    """Makes images of every class and lays them out, a row for each.

    Args:
        gan: a `ConditionalGAN`.
        columns: how many images of each class.
        seed: an integer, of the images.
        side: about how many pixels high an image is shown; whole multiples of its height.

    Returns:
        uint8 `(height, width, 3)`.

    Example:
        >>> sheet = class_sheet(ConditionalGAN((28, 28, 1), 10), columns=5)
    """
    labels = np.repeat(np.arange(gan.num_classes), columns)
    numbers = np.tile(np.arange(columns), gan.num_classes)
    images = gan.generate(labels, numbers=numbers, seed=seed)
    return sheet(np.split(images, gan.num_classes), gan.value_range, side=side)
