"""Which values images have between the layers of a pipeline, and policies for such images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy.interop._common import Omissions


class Values:
    """What is known of the images at a place of a pipeline.

    Args:
        strict: whether to raise where this library cannot do the same.

    Attributes:
        floats: whether they are floats there.
    """

    def __init__(self, strict: bool) -> None:
        self.strict, self.floats = strict, False


def ends_of(layers: Sequence[Any]) -> tuple[float, float]:
    """Returns the least and the greatest value behind layers, of images in [0, 255].

    Args:
        layers: of a pipeline, those in front of a place.
    """
    import keras

    ends = np.array([[0.0], [255.0]])
    for layer in layers:
        if type(layer) is keras.layers.Rescaling:
            ends = np.sort(ends * np.asarray(layer.scale) + np.asarray(layer.offset), axis=0)
    return float(ends.min()), float(ends.max())


def filled(value: Any, ends: tuple[float, float]) -> Any:
    """Returns a colour in [0, 255] for one in the images' own range.

    Args:
        value: a number, or one per channel.
        ends: the least and the greatest value of the images.
    """
    low, high = ends
    many = isinstance(value, (list, tuple))
    made = [255 * (float(x) - low) / (high - low) for x in (value if many else [value])]
    made = [min(max(x, 0.0), 255.0) for x in made]
    return tuple(made) if many and len(made) > 1 else made[0]


def policy_layer(
    policy: Policy, layers: Sequence[Any], seed: int | None, omissions: Omissions | None = None
) -> Any:
    """Returns the layer of a policy for images behind other layers.

    Args:
        policy: a policy whose fill is in the images' own range.
        layers: those in front of it.
        seed: an integer, or None to draw one.
        omissions: where it is noted that colours are changed behind a shift of the values; None
            where the other library changes them as if there were none.
    """
    from keras_cv_extras import layers as own
    from keras_cv_extras.augment import OPS

    ends = ends_of(layers)
    if ends == (0.0, 255.0):
        return own.PolicyAugment(policy, seed=seed)
    names = {s.op for stage in policy.stages for row in stage.sub_policies for s in row}
    colours = sorted(n for n in names if OPS[n].reads_values and "blur" not in n)
    if omissions is not None and ends[0] and colours:
        omissions.add(
            f"{', '.join(colours)} behind Normalize, which has moved the values: put it in front"
        )
    policy = policy._with_stages(policy.stages, fill=filled(policy.fill, ends))
    return own.PolicyAugment(policy, value_range=ends, seed=seed)
