"""What a search does: its options, their defaults and what they may be, in this one place."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from keras_cv_extras._base import checks
from keras_cv_extras._base.saved.registry import ORACLES

METHODS = ("staged", "full")
SPACES = ("policy", "recipe", "randaugment")
FORMS = ("any", "randaugment")  # of recipes
CROPS, ALSO = ("padded", "random-resized", "none"), ("mix", "repeats", "label_smoothing")
_LEAST_HARM_SEEDS = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """The settings of a search; `search_policy` and `kcx search` read them.

    Args:
        trials: how many policies to try; None for what the budget allows, or `DEFAULT_TRIALS`.
        budget: None, or the minutes that the whole search may take, as predicted by timed
            trainings. `epochs` and `confirm_seeds` are then upper limits: if two trials would not
            fit, they are lowered, to 4 and 2 at least.
        space: "randaugment", four numbers: RandAugment's two, and whether a flip and a crop come
            before it, of which the best trial is written where it ties with a control; "recipe",
            nine numbers, see `recipe_space`; or "policy", five sub-policies of two steps, thirty
            decisions as in AutoAugment.
        crop: the crop in recipes: "padded"; "random-resized", if images show more than the object;
            or "none".
        also: what else recipes contain: "mix", "repeats" (of an image in a batch),
            "label_smoothing".
        method: "staged", or "full" without screen and shared weights, every trial being a training
            of its own, as long as the confirmation's.
        oracle: "tpe", "evolution", "controller" (AutoAugment's own), "random", the name of one
            of your own (`kcx.search.register`), or a keras-tuner Oracle over `policy_space()` or
            `recipe_space()` whose objective is "val_accuracy" or "val_log_loss". With an Oracle,
            its own `max_trials` and space are used; an op that the screen would exclude is then
            only capped.
        epochs: passes over the training part in each training.
        train_size: images of the training part; None for 1,000, or half of the images if there
            are fewer than 2,000.
        validation_size: images that trials are scored on; None for half of what is left, at
            most 5,000.
        confirmation_size: images that finalists and controls are scored on; None likewise.
        batch_size: images per training step.
        confirm_seeds: trainings of each finalist and control for the confirmation.
        harm_seeds: 0, or the most trainings from fresh weights with each op alone, at least 3:
            those ops that make a training worse by more than a point, beyond chance, are then
            named as harmful. Each op is trained with once, and again while it is suspected, some
            two trainings an op. It needs method="staged", and changes neither trials nor choice.
        ops: names of ops to search in; None for the 16 of AutoAugment that the images' number
            of channels allows and that can change them.
        flip: whether the controls, and policies of space "recipe" and "randaugment", may mirror
            images; "auto" for all but digits and letters, recognised by the name of the data.
        tuned_control: whether RandAugment, tuned with as many trainings as the search spends on
            its policies, and on the same images, is one of the controls; it takes as long.
        retrain: whether to train a last model with the policy on all the data, and write it as
            `model.keras`.
        seed: an integer; the same one gives the same trials.
        workers: how many trainings run at once, each in a process of its own: the script is
            started once more for each, up to the call of `search_policy`, and ends there (so
            `workers` needs a script; `kcx search` has the same option). With several workers, a
            trial is suggested before its neighbours have finished, so another number gives other
            trials.

    Raises:
        TypeError, ValueError: if a setting is not as above.

    Example:
        >>> SearchSettings(trials=8).method
        'staged'
    """

    DEFAULT_TRIALS: ClassVar[int] = 40

    trials: int | None = None
    budget: float | None = None
    space: Literal["policy", "recipe", "randaugment"] = "randaugment"
    crop: Literal["padded", "random-resized", "none"] = "padded"
    also: Sequence[Literal["mix", "repeats", "label_smoothing"]] = ()
    method: Literal["staged", "full"] = "staged"
    oracle: Any = "tpe"
    epochs: int = 20
    train_size: int | None = None
    validation_size: int | None = None
    confirmation_size: int | None = None
    batch_size: int = 64
    confirm_seeds: int = 3
    harm_seeds: int = 0
    ops: Sequence[str] | None = None
    flip: bool | Literal["auto"] = "auto"
    tuned_control: bool = False
    retrain: bool = False
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        """Checks the settings; what depends on the data is checked with them."""
        checks.integer("seed", self.seed)
        for name in ("epochs", "batch_size", "confirm_seeds", "workers"):
            checks.integer(name, getattr(self, name), minimum=1)
        for name in ("trials", "train_size", "validation_size", "confirmation_size"):
            if getattr(self, name) is not None:
                checks.integer(name, getattr(self, name), minimum=1)
        if self.budget is not None:
            checks.positive("budget", self.budget)
            if self.trials is not None:
                raise ValueError(
                    "give trials or budget, not both: a budget decides how many trials"
                )
        if checks.integer("harm_seeds", self.harm_seeds, minimum=0):
            if self.harm_seeds < _LEAST_HARM_SEEDS:
                raise ValueError(
                    f"harm_seeds must be 0 or at least {_LEAST_HARM_SEEDS}, which tell an op from "
                    f"chance, received {self.harm_seeds}"
                )
            if not self.staged:
                raise ValueError("harm_seeds needs method='staged', whose screen names the ops")
        if self.flip != "auto" and not isinstance(self.flip, bool):
            raise TypeError(f"flip must be True, False or 'auto', received {self.flip!r}")
        checks.one_of("space", self.space, SPACES)
        checks.one_of("crop", self.crop, CROPS)
        for part in self.also:
            checks.one_of("also", part, ALSO)
        own = not isinstance(self.oracle, str)
        for name, given in (("crop", self.crop != "padded"), ("also", bool(self.also))):
            if given and (own or self.space == "policy"):
                how = "it to recipe_space" if own else "space='recipe' or 'randaugment'"
                raise ValueError(f"{name} is a part of recipes: give {how}")
        checks.one_of("method", self.method, METHODS)
        if self.staged and self.epochs < 2:
            raise ValueError(
                "method='staged' divides a training of at least 2 epochs, received epochs=1: use "
                "more, or method='full'"
            )
        if isinstance(self.oracle, str):
            object.__setattr__(self, "oracle", ORACLES.resolved(self.oracle))

    @property
    def staged(self) -> bool:
        """Whether the ops are screened and the trials share weights."""
        return self.method == "staged"
