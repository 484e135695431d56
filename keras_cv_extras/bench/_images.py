"""The images that everything is measured on: parts of two photographs."""

import numpy as np

LARGEST = 427  # the shorter side of the photographs


def photographs(size, count):
    """Returns parts of the two photographs that scikit-learn ships.

    Args:
        size: height and width in pixels, at most 427.
        count: how many; each from another place.

    Returns:
        uint8 array of shape `(count, size, size, 3)`.
    """
    from sklearn.datasets import load_sample_images

    whole = load_sample_images().images
    parts = []
    for number in range(count):
        photograph = whole[number % len(whole)]
        # Steps without a common factor with the ranges reach all parts of the photographs.
        top = number * 37 % (photograph.shape[0] - size + 1)
        left = number * 61 % (photograph.shape[1] - size + 1)
        parts.append(photograph[top : top + size, left : left + size])
    return np.stack(parts)
