"""Steps and configurations that tests/reference/policy_interop.py runs in other libraries."""

from keras_cv_extras import policy
from keras_cv_extras.policy import Step

FILL = 90

#: Of a fixed value and sign, so that a library makes one picture of each.
CASES = {
    "shear_x": Step("shear_x", value=0.2),
    "shear_y": Step("shear_y", value=-0.15),
    "translate_x": Step("translate_x", value=7.0),
    "translate_y": Step("translate_y", value=-5.0),
    "translate_x_share": Step("translate_x", value=0.2, unit="width", whole=True),
    "rotate": Step("rotate", value=20.0),
    "rotate_back": Step("rotate", value=-8.0),
    "invert": Step("invert"),
    "autocontrast": Step("autocontrast"),
    "equalize": Step("equalize"),
    "solarize": Step("solarize", value=100.0),
    "solarize_add": Step("solarize_add", value=40.0),
    "posterize": Step("posterize", value=3.0),
    "brightness": Step("brightness", value=1.4),
    "brightness_down": Step("brightness", value=0.6),
    "contrast": Step("contrast", value=1.5),
    "contrast_down": Step("contrast", value=0.5),
    "color": Step("color", value=1.6),
    "color_down": Step("color", value=0.3),
    "sharpness": Step("sharpness", value=1.7),
    "sharpness_down": Step("sharpness", value=0.2),
    "flip_horizontal": Step("flip_horizontal"),
    "flip_vertical": Step("flip_vertical"),
}

TIMM = (
    "rand-m9-n3-mstd0.5-inc1",
    "rand-m7-n2-p1.0",
    "rand-m15-n2-mmax20-inc1",
    "rand-m9-n1-tweights",
    "rand-m9-n1-t3aw-inc1",
    "rand-m5-n2-t3a",
    "original",
    "originalr",
    "v0",
    "v0r",
    "3a",
)

MODEL_GARDEN = (
    "AutoContrast",
    "Equalize",
    "Invert",
    "Rotate",
    "Posterize",
    "Solarize",
    "SolarizeAdd",
    "Color",
    "Contrast",
    "Brightness",
    "Sharpness",
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Cutout",
)
LEVELS = (*range(11), 1.4, 2.5, 7.7)


def policies():
    """Returns whole policies by name."""
    return {
        "cifar10": policy.auto_augment("cifar10"),
        "svhn, tpu": policy.auto_augment("svhn", spec="tpu"),
        "rand_augment": policy.rand_augment(2, 0.6),
        "trivial_augment": policy.trivial_augment(wide=True),
        "flips": policy.Policy([[Step("flip_horizontal", 0.5), Step("flip_vertical", 0.5)]]),
        "random": policy.Policy.random(25, 2, seed=1),
    }
