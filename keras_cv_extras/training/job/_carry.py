"""Warns if a policy was found with far fewer images than a training uses."""

from typing import Any

FACTOR = 4  # more images seen than in the search by this factor: another kind of training


def carry_over_warning(policy: Any, num_images: int, epochs: int) -> str | None:
    """Returns a warning if a training is much longer than those that a policy was found by.

    Args:
        policy: the policy, whose provenance says how it was searched, if it was.
        num_images: images to train on.
        epochs: passes over them.

    References:
        [RandAugment](https://arxiv.org/abs/1909.13719), section 4.2: the best strength grows
        with the data and with the network.
    """
    try:
        asked = policy.provenance["settings"]
        found_images, found_epochs = int(asked["num_images"]["train"]), int(asked["epochs"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # no search has found it, or not this library's
    if found_images < 1 or found_epochs < 1:
        return None
    times = num_images * epochs / (found_images * found_epochs)
    if times < FACTOR:
        return None
    return (
        f"warning: the policy was found with {found_images:,} images and {found_epochs} epochs; "
        f"this training, {num_images:,} images and {epochs} epochs, shows {times:,.0f} times as "
        "many. The best strength mostly grows with both: search again with --train-size and "
        "--epochs nearer to these, or compare with a stronger policy, such as rand_augment"
    )
