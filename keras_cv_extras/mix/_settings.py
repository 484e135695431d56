"""`BatchSettings`: mixing, repeats and label smoothing, as data that goes with a policy."""

import dataclasses
from typing import Any

from keras_cv_extras._base import checks
from keras_cv_extras.mix._base import Mix
from keras_cv_extras.mix._drawing_mixes import CutMix, MixUp

_MIXES = {"none": None, "mixup": MixUp, "cutmix": CutMix}


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """What a training does to whole batches: a mix, repeated augmentation, label smoothing.

    A policy changes single images; these settings stand beside it, in its file too.

    Args:
        mix: "none", "mixup" or "cutmix".
        mix_rate: share of the images that are mixed, in [0, 1].
        mix_alpha: both parameters of the beta distribution of the mix, above 0.
        repeats: how often an image stands in a batch, each time with other draws. An epoch has as
            many steps as ever, and so many times fewer images.
        label_smoothing: share of every label that all classes get in equal parts, in [0, 1).

    Raises:
        TypeError, ValueError: if a setting is not as above.

    References:
        [mixup](https://arxiv.org/abs/1710.09412), [CutMix](https://arxiv.org/abs/1905.04899),
        [Augment your batch](https://arxiv.org/abs/1901.09335)

    Example:
        >>> BatchSettings(mix="cutmix", mix_rate=0.5, repeats=2).describe()
        'cutmix of 50 % of the images (alpha 1), 2 views of each image in a batch'
    """

    mix: str = "none"
    mix_rate: float = 1.0
    mix_alpha: float = 1.0
    repeats: int = 1
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        """Checks the settings, and keeps them as Python's numbers, which JSON takes."""
        checks.one_of("mix", self.mix, tuple(_MIXES))
        checked = {
            "mix_rate": checks.fraction("mix_rate", self.mix_rate),
            "mix_alpha": checks.positive("mix_alpha", self.mix_alpha),
            "repeats": checks.integer("repeats", self.repeats, minimum=1),
            "label_smoothing": checks.below_one("label_smoothing", self.label_smoothing),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, fields: Any) -> "BatchSettings":
        """Returns the settings of a dictionary, as `to_dict` makes it.

        Raises:
            TypeError, ValueError: if it is none.
        """
        if not isinstance(fields, dict):
            raise TypeError(
                f"the field 'batch' must be a dictionary, received {checks.shown(fields)}"
            )
        checks.unknown_fields(fields, [field.name for field in dataclasses.fields(cls)])
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings that are not the defaults, for JSON."""
        default = BatchSettings()
        return {k: v for k, v in dataclasses.asdict(self).items() if v != getattr(default, k)}

    @property
    def changes_labels(self) -> bool:
        """Whether labels become rows of shares."""
        return self.mix != "none" or self.label_smoothing > 0

    def make_mix(self, num_classes: int) -> Mix | None:
        """Returns the mix, without the label smoothing; None if there is none.

        Args:
            num_classes: how many classes there are.
        """
        made = _MIXES[self.mix]
        return made and made(alpha=self.mix_alpha, rate=self.mix_rate, num_classes=num_classes)

    def describe(self) -> str:
        """Returns the settings that are not the defaults in words; "" if there are none."""
        words = []
        if self.mix != "none":
            rate, alpha = f"{100 * self.mix_rate:g} %", f"{self.mix_alpha:g}"
            words.append(f"{self.mix} of {rate} of the images (alpha {alpha})")
        if self.repeats > 1:
            words.append(f"{self.repeats} views of each image in a batch")
        if self.label_smoothing:
            words.append(f"label smoothing of {self.label_smoothing:g}")
        return ", ".join(words)
