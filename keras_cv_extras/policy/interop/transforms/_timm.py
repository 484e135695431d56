"""The keywords of timm's `create_transform` and `Mixup` as layers and a mix.

References:
    timm 1.0.31, `data/transforms_factory.py`, `data/mixup.py`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from keras_cv_extras.policy._compose import random_order
from keras_cv_extras.policy._policy import Policy
from keras_cv_extras.policy._step import Step
from keras_cv_extras.policy.interop._common import Omissions
from keras_cv_extras.policy.interop._timm import augmix_from_timm, from_timm
from keras_cv_extras.policy.interop.transforms import _sizes

#: The area and the ratios of its RandomErasing.
_ERASED = (0.02, 1 / 3), (0.3, 1 / 0.3)
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: The keywords that are read, with timm's defaults.
_DEFAULTS: dict[str, Any] = {
    "input_size": 224,
    "is_training": False,
    "no_aug": False,
    "scale": None,
    "ratio": None,
    "hflip": 0.5,
    "vflip": 0.0,
    "color_jitter": 0.4,
    "color_jitter_prob": None,
    "grayscale_prob": 0.0,
    "gaussian_blur_prob": 0.0,
    "auto_augment": None,
    "interpolation": "bilinear",
    "mean": _MEAN,
    "std": _STD,
    "normalize": True,
    "re_prob": 0.0,
    "crop_mode": "center",
    "crop_pct": None,
    "mixup_alpha": 0.0,
    "cutmix_alpha": 0.0,
    "mixup_prob": 1.0,
    "mixup_switch_prob": 0.5,
    "num_classes": None,
    "label_smoothing": 0.0,
}
#: Those that change nothing without `is_training=True`, which is not the default.
_FOR_TRAINING = ("scale", "ratio", "hflip", "vflip", "color_jitter", "color_jitter_prob")
_FOR_TRAINING += ("grayscale_prob", "gaussian_blur_prob", "auto_augment", "re_prob")
_FOR_TRAINING += ("mixup_alpha", "cutmix_alpha")
#: Keywords of its class Mixup that its script calls otherwise.
_MIXUP = {"prob": "mixup_prob", "switch_prob": "mixup_switch_prob", "mode": "mixup_mode"}
#: What loads and batches images, and changes nothing of them.
_IDLE = ("use_prefetcher", "separate")
# With what they are where nothing is to be done.
_UNREAD = {
    **{"re_mode": "const", "re_count": 1, "re_num_splits": 0, "tf_preprocessing": False},
    **{"train_crop_mode": "rrc", "crop_border_pixels": 0},
    **{"mixup_mode": "batch", "cutmix_minmax": None, "correct_lam": True},
    **{"multi_label": False, "naflex": False, "patch_size": 16, "max_seq_len": 576},
    **{"patchify": False, "patchify_channels_last": True, "patchify_flatten": True},
}


def layers_of(
    given: Mapping[str, Any], policy_layer: Callable[[Policy], Any], strict: bool, seed: int | None
) -> tuple[tuple[Any, ...], Any]:
    """Returns the layers and the mix of keywords.

    Args:
        given: keywords of `create_transform` and of `Mixup`.
        policy_layer: returns the layer of a policy.
        strict: whether to raise where this library cannot do the same.
        seed: of random layers, an integer or None.

    Raises:
        ValueError: if a keyword is not known or changes nothing, or something cannot be done and
            `strict`.
    """
    given = {_MIXUP.get(name, name): value for name, value in given.items()}
    unknown = sorted(set(given) - set(_DEFAULTS) - set(_UNREAD) - set(_IDLE))
    if unknown:
        raise ValueError(
            f"create_transform has no keyword {', '.join(unknown)} that is read here: give "
            f"some of {', '.join(_DEFAULTS)}"
        )
    unused = [name for name in _FOR_TRAINING if given.get(name) not in (None, _DEFAULTS[name])]
    if unused and "is_training" not in given:
        raise ValueError(
            f"{unused[0]} changes nothing without is_training=True, as in timm: add it, or "
            "is_training=False"
        )
    option = {**_DEFAULTS, **{key: value for key, value in given.items() if key in _DEFAULTS}}
    omissions = Omissions("keras_cv_extras")
    for name, usual in _UNREAD.items():
        if given.get(name) not in (None, usual):
            omissions.add(f"{name}={given[name]!r}")
    sides = option["input_size"]
    size = tuple(sides)[-2:] if isinstance(sides, (tuple, list)) else (int(sides), int(sides))
    made = _training if option["is_training"] else _evaluation
    layers = made(option, size, policy_layer, omissions, strict, seed)
    omissions.settle(strict)
    if option["normalize"]:
        mean, std = ([255 * float(x) for x in option[key]] for key in ("mean", "std"))
        layers = [*layers, _sizes.normalised(mean, std)]
    erased = option["is_training"] and option["re_prob"] and not option["no_aug"]
    if erased and option["normalize"]:
        layers.append(_sizes.erased(option["re_prob"], *_ERASED, (0.0,), layers, seed))
    return tuple(layers), _mix(option) if option["is_training"] else None


def _evaluation(option, size, policy_layer, omissions, strict, seed):
    share = option["crop_pct"] or 0.875
    whole = [math.floor(side / share) for side in size]
    shorter = whole if size[0] != size[1] else whole[:1]
    method = str(option["interpolation"])
    if method not in ("bilinear", "bicubic"):
        omissions.add(f"interpolation={method!r}, in place of which is bilinear")
        method = "bilinear"
    if option["crop_mode"] == "squash":
        squashed = _sizes.resized_centre(whole, "stretch", interpolation=method)
        return [squashed] if whole == list(size) else [squashed, _sizes.resized_centre(size)]
    if option["crop_mode"] not in (None, "center"):
        omissions.add(f"crop_mode={option['crop_mode']!r}, in place of which is 'center'")
    return [_sizes.resized_centre(size, *shorter, interpolation=method)]


def _training(option, size, policy_layer, omissions, strict, seed):
    if option["no_aug"]:
        option = {**option, "crop_pct": 1.0, "crop_mode": "center"}
        return _evaluation(option, size, policy_layer, omissions, strict, seed)
    method = option["interpolation"]
    if method not in ("bilinear", "nearest"):
        omissions.add(f"interpolation={method!r}, in place of which is bilinear")
    scale, ratio = option["scale"] or (0.08, 1.0), option["ratio"] or (3 / 4, 4 / 3)
    layers = [_sizes.resized_crop(size, scale, ratio, method, seed)]
    flips = [("flip_horizontal", option["hflip"]), ("flip_vertical", option["vflip"])]
    steps = [Step(op, float(rate)) for op, rate in flips if rate]
    policies = [Policy([steps])] if steps else []
    text = option["auto_augment"] or ""
    behind = []
    if option["color_jitter"] and (not text or "3a" in text):
        behind.append(_jitter(option["color_jitter"], option["color_jitter_prob"]))
    later = []
    if option["grayscale_prob"]:
        later.append(Step("color", float(option["grayscale_prob"]), value=0.0))
    if option["gaussian_blur_prob"]:
        rate = float(option["gaussian_blur_prob"])
        options = (("kernel_size", 23), ("border", "mirror"))
        later.append(Step("gaussian_blur", rate, value=(0.1, 2.0), options=options))
    behind += [Policy([later])] if later else []
    if text.startswith("augmix"):
        if "-b1" in text:
            omissions.add("augmix with b1, which blends image after image: leave it out")
            text = text.replace("-b1", "")
        before, after = map(policy_layer, policies), map(policy_layer, behind)
        return [*layers, *before, _augmix(text, option, seed), *after]
    filled = Policy([[Step("identity")]])  # of the others, none fills anything
    if text:
        fill = tuple(min(255, round(255 * float(x))) for x in option["mean"])
        moved = int(min(size) * 0.45)
        filled = from_timm(text, translate_const=moved, fill=fill, strict=strict)
        policies.append(filled)
    policies += behind
    if not policies:
        return layers
    stages = tuple(stage for policy in policies for stage in policy.stages)
    return [*layers, policy_layer(filled._with_stages(stages))]


def _augmix(text, option, seed):
    from keras_cv_extras import layers

    return layers.AugMix(**augmix_from_timm(text), seed=seed)


def _jitter(amount, rate):
    """Returns brightness, contrast, saturation and perhaps hue, in a random order."""
    amounts = [float(amount)] * 3 if isinstance(amount, (int, float)) else list(amount)
    names = ("brightness", "contrast", "color")
    steps = [
        Step(op, value=(max(0.0, 1 - share), 1 + share))
        for op, share in zip(names, amounts, strict=False)
        if share
    ]
    if len(amounts) > 3 and amounts[3]:
        steps.append(Step("hue", value=(-amounts[3], amounts[3])))
    made = random_order(steps)
    if rate is None or rate == 1:
        return made
    rows = [*made.sub_policies, (Step("identity"),)]
    return Policy(rows, [*([rate / (len(rows) - 1)] * (len(rows) - 1)), 1 - rate])


def _mix(option):
    from keras_cv_extras import mix

    rate, switch = float(option["mixup_prob"]), float(option["mixup_switch_prob"])
    given = {"rate": rate, "num_classes": option["num_classes"]}
    if option["label_smoothing"]:
        given["label_smoothing"] = float(option["label_smoothing"])
    mixup, cutmix = float(option["mixup_alpha"]), float(option["cutmix_alpha"])
    if mixup and cutmix:
        made = (mix.MixUp(mixup), mix.CutMix(cutmix))
        return mix.RandomMix(made, (1 - switch, switch), **given)
    if mixup:
        return mix.MixUp(mixup, **given)
    return mix.CutMix(cutmix, **given) if cutmix else None
