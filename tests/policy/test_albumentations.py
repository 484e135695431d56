"""Pipelines of Albumentations: of version 1.3.1, without a dictionary, there and back."""

import warnings

import pytest

from keras_cv_extras import policy
from keras_cv_extras.policy import Step

SMOOTH = ("interpolation", "bilinear")


def node(name, **fields):
    return {"__class_fullname__": name, "always_apply": False, "p": 0.5, **fields}


def pipeline(*nodes, version="1.3.1"):
    whole = {"__class_fullname__": "Compose", "p": 1.0, "transforms": list(nodes)}
    return {"__version__": version, "transform": whole}


def steps(*nodes):
    made = policy.read_transforms(pipeline(*nodes))
    return [list(rows) for part in made.policies for s in part.stages for rows in s.sub_policies]


TURN = {"interpolation": 1, "rotate_method": "largest_box", "crop_border": False}
OLD = {  # as `A.to_dict` of 1.3.1 has them
    "rotate": (
        node("Rotate", limit=(-30, 30), border_mode=0, value=7, mask_value=None, **TURN),
        Step("rotate", 0.5, value=(0.0, 30.0), signed=True, options=(SMOOTH,)),
    ),
    "solarize": (node("Solarize", threshold=(100, 128)), Step("solarize", 0.5, value=(100, 128))),
    "grey": (node("ToGray"), Step("color", 0.5, value=0.0)),
    "always": (node("HorizontalFlip", always_apply=True), Step("flip_horizontal")),
    "holes": (
        node(
            "CoarseDropout", max_holes=4, max_height=8, max_width=8, min_holes=1, min_height=4,
            min_width=4, fill_value=3, mask_fill_value=None,
        ),
        Step(
            "hole_dropout", 0.5, value=8.499,
            options=(("num_holes", (1, 4)), ("smallest", 3.5 / 8.499)),
        ),
    ),
    "blur": (
        node("GaussianBlur", blur_limit=(5, 5), sigma_limit=(0, 0)),
        Step("gaussian_blur", 0.5, value=1.1, options=(("kernel_size", 5), ("border", "mirror"))),
    ),
    "brightness": (
        node("RandomBrightness", limit=(-0.3, 0.3)),
        Step(
            "brightness_contrast", 0.5, value=1.0,
            options=(("brightness", (-0.3, 0.3)), ("contrast", (0.0, 0.0))),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OLD)
def test_a_transform(name):
    old, wanted = OLD[name]
    assert steps(old) == [[wanted]]


def test_fills_and_sizes():
    made = policy.read_transforms(pipeline(OLD["rotate"][0]))
    assert made.policies[0].fill == 7
    crop = node("RandomResizedCrop", height=32, width=48, scale=(0.5, 1), ratio=(1, 1), p=1.0)
    padded = node("PadIfNeeded", min_height=60, min_width=50, border_mode=0, value=9, p=1.0)
    made = policy.read_transforms(pipeline(crop, padded))
    assert made.layers[0].size == (32, 48)
    assert (made.layers[1].least, made.layers[1].fill) == ([60, 50], 9.0)


def test_flips_of_any_kind_and_scales_that_are_alike():
    both = [Step("flip_horizontal"), Step("flip_vertical")]
    assert steps(node("Flip")) == [[Step("identity")], both[:1], both[1:], both]
    limits = {"shift_limit_x": (0, 0), "shift_limit_y": (0, 0), "scale_limit": (-0.1, 0.1)}
    turned = node("ShiftScaleRotate", **limits, rotate_limit=(-9, 9), border_mode=0, value=None)
    ((step,),) = steps(turned)
    assert not dict(step.options).get("stretch")
    with pytest.raises(ValueError, match="ShiftScaleRotate with border_mode 4, in place of which"):
        steps({**turned, "border_mode": 4})
    fresh = policy.read_transforms(pipeline(turned, version="2.0.8")).policies[0]
    assert dict(fresh.sub_policies[0][0].options)["stretch"]


def test_some_of_is_applied_for_certain():
    some = {"n": 1, "replace": False, "p": 1.0}
    some["transforms"] = [node("InvertImg"), node("ToGray")]
    found = steps({**node("SomeOf"), **some})
    assert found == [[Step("invert")], [Step("color", value=0.0)]]
    some["transforms"][0]["p"] = 0.2
    with pytest.raises(ValueError, match="SomeOf of transforms with other p"):
        steps({**node("SomeOf"), **some})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (node("Rotate"), "Rotate without limit"),
        (
            node("MultiplicativeNoise", multiplier="ab"),
            "MultiplicativeNoise, whose numbers no step takes",
        ),
        (node("GaussNoise", var_limit=(10, 50)), "GaussNoise, which draws or computes otherwise"),
        (node("JpegCompression", quality_lower=50, quality_upper=60), "ImageCompression, which"),
        (node("Cutout", num_holes=8), "Cutout, which lets holes reach over the border"),
        (node("Resize", height=8), "Resize without width"),
        (
            node("CoarseDropout", max_holes=40, max_height=2, max_width=2),
            r"CoarseDropout of \(40, 40\) holes, of which 31 are the most",
        ),
    ],
)
def test_what_is_not_understood_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        policy.read_transforms(pipeline(wrong))
    with pytest.warns(UserWarning, match=message):
        policy.read_transforms(pipeline(wrong, node("HorizontalFlip")), strict=False)


class Named:
    """Stands for a transform of Albumentations, which has a dictionary."""

    def __init__(self, name, p=0.5, **fields):
        self.fields = {"__class_fullname__": name, "p": p, **fields}

    def to_dict(self):
        return {"__version__": "2.0.8", "transform": self.fields}


class Lambda(Named):
    """Stands for one that has none, as a Lambda without a name."""

    p = 1.0

    def to_dict(self):
        raise ValueError("To make a Lambda transform serializable you should provide the `name`")


class Compose(Lambda):
    """Stands for a composition, which has no dictionary if one of its transforms has none."""

    def __init__(self, transforms, **fields):
        self.transforms, self.processors = transforms, fields
        self.additional_targets = {}


def test_a_function_without_a_name_is_named_and_the_rest_read():
    flip, grey = Named("HorizontalFlip"), Named("ToGray", p=0.2)
    whole = Compose([flip, Lambda("Lambda"), Compose([grey])])
    message = "Lambda, which runs a function of the user: make an op of it with augment.image_op"
    with pytest.raises(ValueError, match=message):
        policy.read_transforms(whole)
    with pytest.warns(UserWarning, match=message) as caught:
        made = policy.read_transforms(whole, strict=False)
    assert len(caught) == 1
    assert made.policies[0].sub_policies == (
        (Step("flip_horizontal", 0.5), Step("color", 0.2, value=0.0)),
    )
    boxes = Compose([flip, Lambda("Lambda")], bboxes="of them")
    with pytest.raises(ValueError, match="bbox_params, as boxes are out of scope.*Lambda"):
        policy.read_transforms(boxes)
    with pytest.raises(TypeError, match="fields must be a dictionary with the key 'transform'"):
        policy.from_albumentations({"p": 1.0})


@pytest.mark.parametrize(
    "step",
    [
        Step("brightness_contrast", 0.5, value=1.0, options=(("brightness", (-0.1, 0.3)),)),
        Step("flip_vertical", 0.3),
        Step("channel_shuffle", 0.3),
        Step("gamma", 0.5, value=(0.75, 1.5)),
        Step("gaussian_noise", value=(12.75, 25.5), options=(("per_channel", False),)),
        Step("rotate", 0.5, value=(5.0, 9.0), options=(("fill_mode", "reflect"),)),
        Step("translate_x", value=(-2.0, 3.0), options=(("fill_mode", "wrap"),)),
    ],
    ids=lambda step: step.op,
)
def test_steps_go_there_and_back(step):
    fields = policy.to_albumentations(policy.Policy([[step]]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of gamma's rounding
        ((found,),) = policy.from_albumentations(fields).sub_policies
    limits = dict(found.options).pop("contrast", (-0.2, 0.2))
    assert limits == (-0.2, 0.2)  # as two numbers there
    assert (found.op, found.rate) == (step.op, step.rate)
    values = (found.value, step.value)
    ends = [value if isinstance(value, tuple) else (value or 0.0,) for value in values]
    assert sorted(ends[0]) == pytest.approx(sorted(ends[1]))
    kept = {name: value for name, value in found.options if name != "contrast"}
    assert kept == dict(step.options)


def test_a_drawn_amount_is_not_said_there():
    step = Step("brightness_contrast", value=(0.5, 1.0))
    with pytest.raises(ValueError, match="a drawn amount of brightness_contrast, in place of"):
        policy.to_albumentations(policy.Policy([[step]]))
