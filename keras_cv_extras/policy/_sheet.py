"""A picture of a policy: what it does to real images, drawn once per column."""

from typing import TYPE_CHECKING

import numpy as np

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import Images
from keras_cv_extras.policy._policy import Policy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELL = 0.72  # inches, of an image
_GAP = 0.06  # of an image's side
_INK, _QUIET = "#1f2933", "#6b7785"


def policy_sheet(policy: Policy, images: Images, *, columns: int = 8, seed: int = 0) -> "Figure":
    """Draws what a policy does: a row for each sub-policy, a column for each draw.

    The first row shows the images themselves, the second what training sees: sub-policies
    drawn at random. In the rows below every image gets the named sub-policy.

    Args:
        policy: the policy to show.
        images: `(n, height, width, channels)`, 1 or 3 channels, values in the policy's range.
        columns: how many draws; each is of the next image, and from the first again.
        seed: an integer; another seed gives other draws.

    Returns:
        A matplotlib figure, to be saved by `figure.savefig(path)`.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    Example:
        >>> figure = policy_sheet(rand_augment(), images[:4], columns=4)
        >>> figure.savefig("policy.png")
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not len(images):
        raise ValueError(
            f"images must have the shape (n, height, width, 1 or 3), received {images.shape}"
        )
    checks.integer("columns", columns, minimum=1)
    images = images[np.arange(columns) % len(images)]
    # To compile for a handful of images takes longer than to draw them.
    rows = [("images", images), ("as in training", policy(images, seed=seed, compile=False))]
    for stage in policy.stages:
        shares = np.diff(stage.cumulative_weights(), prepend=0.0)
        for steps, share in zip(stage.sub_policies, shares, strict=True):
            alone = Policy(
                [steps],
                fill=policy.fill,
                value_range=policy.value_range,
                num_levels=stage.num_levels,
            )
            label = "\n".join(_label(step) for step in steps)
            if stage.weights is not None:
                label = f"{share:.0%}  {label}"
            rows.append((label, alone(images, seed=seed + len(rows), compile=False)))
    return _figure(policy, [(label, np.asarray(row)) for label, row in rows])


def _label(step):
    return step.describe().replace("_", " ")


def _figure(policy, rows):
    from matplotlib.figure import Figure

    count, height, width, channels = rows[0][1].shape
    gap = max(1, round(_GAP * min(height, width)))
    low, high = policy.value_range
    sheet = np.zeros((len(rows) * (height + gap) - gap, count * (width + gap) - gap, 4))
    for i, (_, images) in enumerate(rows):
        shares = np.clip((images.astype("float64") - low) / (high - low), 0, 1)
        shares = np.broadcast_to(shares, (count, height, width, 3))
        for j, image in enumerate(shares):
            top, left = i * (height + gap), j * (width + gap)
            sheet[top : top + height, left : left + width, :3] = image
            sheet[top : top + height, left : left + width, 3] = 1  # gaps show the page
    scale = _CELL / width
    longest = max(len(line) for label, _ in rows for line in label.splitlines())
    margin, title = 0.065 * longest + 0.25, 0.5
    size = (margin + sheet.shape[1] * scale + 0.15, title + sheet.shape[0] * scale + 0.15)
    figure = Figure(figsize=size, facecolor="white")
    axes = figure.add_axes(
        (
            margin / size[0],
            0.15 / size[1],
            sheet.shape[1] * scale / size[0],
            sheet.shape[0] * scale / size[1],
        )
    )
    axes.imshow(sheet, interpolation="nearest" if width < 64 else "antialiased", aspect="auto")
    axes.set_axis_off()
    for i, (label, _) in enumerate(rows):
        axes.text(
            -0.12 / (sheet.shape[1] * scale),
            1 - (i * (height + gap) + height / 2) / sheet.shape[0],
            label,
            transform=axes.transAxes,
            ha="right",
            va="center",
            fontsize=8,
            linespacing=1.35,
            color=_INK if i > 1 else _QUIET,
            style="normal" if i > 1 else "italic",
        )
    figure.text(
        0.12 / size[0],
        1 - 0.28 / size[1],
        policy.name or "policy",
        fontsize=11,
        weight="bold",
        color=_INK,
        va="center",
    )
    return figure
