"""A search space of few numbers: how many ops, how strong, of which kind, on how many images.

Thirty decisions of a policy cannot be told apart by some dozen noisy scores; nine numbers can be
learnt from them. Policies much like RandAugment, TrivialAugment, and flip and crop are points of
this space, and so are flip and crop before a RandAugment. The form "randaugment" of the space holds
nothing but these.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras_tuner as kt

from keras_cv_extras._base import checks
from keras_cv_extras.augment import OPS
from keras_cv_extras.mix import BatchSettings
from keras_cv_extras.policy import RAND_AUGMENT_OPS, SEARCH_OPS, Policy, Step
from keras_cv_extras.search._settings import ALSO, CROPS, FORMS

_GEOMETRY = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate", "rotate_90", "zoom")
_GEOMETRY += ("aspect", "affine", "padded_crop", "random_resized_crop", "jittered_resize")
_GEOMETRY += ("perspective", "elastic", "grid_distortion", "flip_horizontal", "flip_vertical")
_ERASING = ("cutout", "random_erasing", "hole_dropout", "coarse_dropout", "grid_mask")
_PARTNERS = ("sample_pairing",)  # a mix of two images, but not of their labels
_PREFIX = "recipe."
_KINDS = ("geometry", "colour", "erasing")
_WEIGHTS = [0.0, 0.25, 0.5, 1.0]
_CROPS = {  # of each kind of crop: what it is told, its values, the first of which is no crop
    "padded": ("padding", [0.0, 1 / 16, 1 / 8]),
    "random-resized": ("area", [1.0, 0.5, 0.25, 0.08]),
}
_OF_BATCHES: dict[str, dict[str, list[Any]]] = {  # the first of each changes nothing
    "mix": {
        "mix": ["none", "mixup", "cutmix"],
        "mix_rate": [1.0, 0.5, 0.25],
        "mix_alpha": [1.0, 0.2],
    },
    "repeats": {"repeats": [1, 2, 3]},
    "label_smoothing": {"label_smoothing": [0.0, 0.1, 0.2]},
}

# The first trials of a search: mild and usual policies of each kind, which know nothing yet.
FIRST = (
    {"num_ops": 2, "strength": 0.2, "spread": 0.0, "untouched": 0.0},
    {"num_ops": 1, "strength": 0.4, "spread": 1.0, "colour": 0.0, "erasing": 0.0},
    {"geometry": 0.0, "colour": 0.0, "erasing": 0.0, "flip": 0.5, "padding": 1 / 8, "area": 0.25},
    {"num_ops": 1, "strength": 1.0, "spread": 1.0, "untouched": 0.0},
    {"num_ops": 1, "strength": 0.4, "spread": 1.0, "geometry": 0.0, "erasing": 0.0},
)


def recipe_space(
    *,
    ops: Sequence[str] = SEARCH_OPS,
    flip: bool = True,
    crop: Literal["padded", "random-resized", "none"] = "padded",
    also: Sequence[Literal["mix", "repeats", "label_smoothing"]] = (),
    form: Literal["any", "randaugment"] = "any",
) -> kt.HyperParameters:
    """Returns the space of recipes, nine numbers, for `PolicyTuner` and any oracle.

    They are: `num_ops`, how many ops an image gets; `strength`, of the strongest; `spread`, how
    far below it strengths are drawn, as a share of it (0 for all alike, as in RandAugment, 1 for
    any, as in TrivialAugment); `untouched`, the share of images that are left alone; and
    `geometry`, `colour` and `erasing`, how often an op of each kind is drawn, relative to the
    others. Before these ops come a mirror and a crop: `flip`, the share of the images that are
    mirrored, 0 or 0.5; and `padding` on each side before the crop, as a share of the shorter side,
    or `area`, the smallest share of an image that a random resized crop leaves.

    With `form="randaugment"` there are four: `num_ops` ops are drawn uniformly, all of one
    `strength`, as in RandAugment, whose identity is among them; before them come `flip`, and a crop
    as usual for small images or none, `padding` of 0 or 1/8.

    What a training does to whole batches is in the space if `also` asks for it: "mix", which is
    `mix` ("none", "mixup" or "cutmix"), `mix_rate` (1, 0.5 or 0.25 of the images) and `mix_alpha`
    (1 or 0.2); "repeats", 1, 2 or 3 views of each image in a batch; and "label_smoothing", 0, 0.1
    or 0.2. The policy of a recipe holds them as its `batch`, and its file does.

    Args:
        ops: names in `keras_cv_extras.augment.OPS` to draw from.
        flip: whether images may be mirrored; not where left and right matter, as for digits.
        crop: the kind of crop that may be chosen; "random-resized" where images are larger than
            what they show.
        also: what else to search in, of "mix", "repeats" and "label_smoothing".
        form: "any", or "randaugment".

    Returns:
        Hyperparameters named `recipe.num_ops` and so on, without conditions. `recipe.ops` is
        fixed: it holds the names.

    Raises:
        ValueError: if an op, a kind of crop, a form or a part of `also` is not known, or there are
            no ops.

    References:
        [RandAugment](https://arxiv.org/abs/1909.13719),
        [TrivialAugment](https://arxiv.org/abs/2103.10158)

    Example:
        >>> space = recipe_space(ops=("rotate", "brightness"))
        >>> [hp.name for hp in space.space][1:3]
        ['recipe.num_ops', 'recipe.strength']
    """
    for op in ops:
        checks.one_of("an op", op, sorted(OPS))
    checks.one_of("crop", crop, CROPS)
    checks.one_of("form", form, FORMS)
    ops = [op for op in ops if op not in _PARTNERS]
    if not ops:
        raise ValueError("ops must name at least one op that needs no second image")
    kinds = {kind_of_op(op) for op in ops}
    space = kt.HyperParameters()
    space.Fixed(_PREFIX + "ops", ",".join(ops))
    space.Int(_PREFIX + "num_ops", 1, 3, default=2)
    space.Float(_PREFIX + "strength", 0.05, 1.0, sampling="log", default=0.2)
    if form == "randaugment":
        space.Fixed(_PREFIX + "form", form)
    else:
        space.Choice(_PREFIX + "spread", [0.0, 0.5, 1.0], default=0.0)
        space.Choice(_PREFIX + "untouched", [0.0, 0.25, 0.5], default=0.0)
        for kind in _KINDS:
            if kind in kinds:
                space.Choice(_PREFIX + kind, _WEIGHTS, default=1.0)
    if flip:
        space.Choice(_PREFIX + "flip", [0.0, 0.5], default=0.0)
    if crop != "none":
        name, values = _CROPS[crop]
        if form == "randaugment" and crop == "padded":
            values = [values[0], values[-1]]
        space.Choice(_PREFIX + name, values, default=values[0])
    for part in also:
        for name, values in _OF_BATCHES[checks.one_of("also", part, ALSO)].items():
            space.Choice(_PREFIX + name, values, default=values[0])
    return space


def rand_augment_ops(ops: Sequence[str], reinstated: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns the ops of RandAugment among some, and those that an appeal has shown to help."""
    usual = {*RAND_AUGMENT_OPS, *reinstated}
    return tuple(op for op in ops if op in usual) or tuple(ops)


def first_recipes(space: kt.HyperParameters) -> list[dict[str, Any]]:
    """Returns values for the first trials, as far as a space has them."""
    names = {hp.name for hp in space.space}
    kinds = [_PREFIX + kind for kind in _KINDS if _PREFIX + kind in names]
    named = [{_PREFIX + key: value for key, value in one.items()} for one in FIRST]
    known = [{name: v for name, v in one.items() if name in names} for one in named]
    # Where all ops are of one kind, what leaves it out would leave out all.
    return [
        one for one in known if any(one.get(kind, 1.0) > 0 for kind in kinds) or _before(_bare(one))
    ]


def is_of_recipe(name: str) -> bool:
    """Whether a hyperparameter, by its name, is a recipe's."""
    return name.startswith(_PREFIX)


def form_of(space: kt.HyperParameters) -> str:
    """Returns what a space holds: "policy", "recipe" or "randaugment"."""
    names = {hp.name for hp in space.space}
    if _PREFIX + "form" in names:
        return "randaugment"
    return "recipe" if any(map(is_of_recipe, names)) else "policy"


def batches_of(space: kt.HyperParameters) -> set[str]:
    """Returns which settings of batches the recipes of a space change: "mix", "repeats" ..."""
    found = set()
    for part, fields in _OF_BATCHES.items():
        hp = next((hp for hp in space.space if hp.name == _PREFIX + part), None)
        tried = getattr(hp, "values", None) or [getattr(hp, "value", None)]
        if hp is not None and set(tried) - {fields[part][0]}:
            found.add(part)
    return found


def kind_of_op(op: str) -> str:
    """Returns "geometry", "erasing", or for all that changes pixels in their place "colour"."""
    return "geometry" if op in _GEOMETRY else "erasing" if op in _ERASING else "colour"


def recipe_from(
    values: Mapping[str, Any], *, caps: Mapping[str, float] | None = None, **options: Any
) -> Policy:
    """Returns the policy that the values of a recipe's hyperparameters stand for.

    Args:
        values: as `recipe_space` names them.
        caps: None, or for ops the highest strength, in [0, 1]; what is above is cut.
        **options: `fill`, `value_range`, `name`, `provenance` of `Policy`.

    Returns:
        A policy of one op in each sub-policy, of which `num_ops` are drawn; in a stage before it
        the mirror and the crop, if there are any.

    Raises:
        ValueError: if the values are not those of a recipe.
    """
    found = _bare(values)
    uniform = found.get("form") == "randaugment"
    needed = {"ops", "num_ops", "strength"} | (set() if uniform else {"spread", "untouched"})
    if missing := needed - set(found):
        raise ValueError(
            f"the hyperparameters hold no {_PREFIX}{sorted(missing)[0]}: give the oracle "
            "hyperparameters=keras_cv_extras.search.recipe_space()"
        )
    ops, num_ops = found["ops"].split(","), int(found["num_ops"])
    if uniform:  # the identity is one more op, as likely as the others
        found |= {"spread": 0.0, "untouched": 0.0}
    counts = {kind: sum(kind_of_op(op) == kind for op in ops) for kind in _KINDS}
    shares = {kind: found.get(kind, 1.0) / count for kind, count in counts.items() if count}
    if uniform:
        shares = dict.fromkeys(shares, 1.0)
    drawn = [(op, shares[kind_of_op(op)]) for op in ops if shares[kind_of_op(op)] > 0]
    steps = _before(found)
    parts = {**_OF_BATCHES, "mix": _OF_BATCHES["mix"] if found.get("mix", "none") != "none" else {}}
    batch = {name: found[name] for part in parts.values() for name in part if name in found}
    options = {**options, "batch": BatchSettings(**batch)}
    if not drawn:
        return Policy([steps or [Step("identity")]], **options)
    high = float(found["strength"])
    low = high * (1 - float(found["spread"]))
    # An image is left alone if none of its draws is an op.
    alone = float(found["untouched"]) ** (1 / num_ops)
    total = sum(share for _, share in drawn)
    rows, weights = [[Step("identity")]], [alone]
    for op, share in drawn:
        cap = (caps or {}).get(op, 1.0)
        ends = round(min(low, cap), 6), round(min(high, cap), 6)
        strength = None if not OPS[op].has_strength else ends[1] if ends[0] == ends[1] else ends
        rows.append([Step(op, 1.0, strength)])
        weights.append(round((1 - alone) * share / total, 9))
    made = Policy(rows, None if uniform else weights, num_ops, **options)
    if not steps:
        return made
    first = Policy([steps]).to_dict()["stages"]
    fields = made.to_dict()
    return Policy.from_dict({**fields, "stages": first + fields["stages"]})


def _bare(values):
    return {name.removeprefix(_PREFIX): v for name, v in values.items() if is_of_recipe(name)}


def _before(values):
    """Returns the steps that every image gets before its ops: a mirror, a crop."""
    flip, padding = (float(values.get(name, 0.0)) for name in ("flip", "padding"))
    area = float(values.get("area", 1.0))
    steps = [Step("flip_horizontal", flip)] if flip else []
    if padding:
        steps.append(Step("padded_crop", 1.0, value=padding, unit="shorter"))
    return steps + ([Step("random_resized_crop", 1.0, value=area)] if area < 1 else [])


def largest_recipe(ops: Sequence[str], *, flip: bool = True, crop: str = "padded") -> Policy | None:
    """Returns the largest policy of the space, for what compiles one program; None if none is."""
    ops = [op for op in ops if op not in _PARTNERS]
    if not ops:
        return None
    values = {hp.name: hp.default for hp in recipe_space(ops=ops).space}
    most = {"num_ops": 3, "flip": 0.5 if flip else 0.0}
    if crop != "none":
        name, sizes = _CROPS[crop]
        most[name] = sizes[-1]
    return recipe_from(values | {_PREFIX + name: value for name, value in most.items()})
