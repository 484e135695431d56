"""The parts of exported files that do not depend on the policy."""

TORCHVISION = '''"""An augmentation policy for torchvision, written by keras_cv_extras.

    from augment import Augment
    dataset = torchvision.datasets.ImageFolder("train", transform=Augment())

Pillow images, or uint8 tensors of shape (channels, height, width).
"""

import math
import random

import torch
import torchvision.transforms.functional as F
from torchvision.transforms import InterpolationMode

{data}


def apply(image, op, value, interpolation="nearest"):
    """Applies one op with its own number: a slope, pixels, degrees, a factor, ..."""
    fill = FILL if isinstance(FILL, list) else [FILL] * F.get_image_num_channels(image)
    warp = {"interpolation": InterpolationMode(interpolation), "fill": fill}
    if op == "shear_x":
        slope = math.degrees(math.atan(value))
        return F.affine(image, 0.0, [0, 0], 1.0, [slope, 0.0], center=[0, 0], **warp)
    if op == "shear_y":
        slope = math.degrees(math.atan(value))
        return F.affine(image, 0.0, [0, 0], 1.0, [0.0, slope], center=[0, 0], **warp)
    if op in ("translate_x", "translate_y"):
        pixels = -value if interpolation != "nearest" else -math.floor(value + 0.5)
        offset = [pixels, 0] if op == "translate_x" else [0, pixels]
        return F.affine(image, 0.0, offset, 1.0, [0.0, 0.0], **warp)
    if op == "rotate":
        return F.rotate(image, value, **warp)
    if op == "cutout":
        return cutout(image, math.floor(value + 0.5))
    if op == "posterize":
        return F.posterize(image, max(1, math.floor(value + 0.5)))
    if op == "solarize_add":
        return solarize_add(image, value)
    functions = {
        "autocontrast": F.autocontrast,
        "equalize": F.equalize,
        "invert": F.invert,
        "flip_horizontal": F.hflip,
        "flip_vertical": F.vflip,
        "solarize": F.solarize,
        "brightness": F.adjust_brightness,
        "color": F.adjust_saturation,
        "contrast": F.adjust_contrast,
        "sharpness": F.adjust_sharpness,
    }
    return functions[op](image) if value is None else functions[op](image, value)


def solarize_add(image, addition):
    """Adds to the levels below 128."""
    if isinstance(image, torch.Tensor):
        added = (image.float() + addition).clamp(0, 255).to(image.dtype)
        return torch.where(image < 128, added, image)
    table = [min(255, int(k + addition)) if k < 128 else k for k in range(256)]
    return image.point(table * F.get_image_num_channels(image))


def cutout(image, size):
    """Fills a square around a random point, which may reach beyond the image."""
    width, height = F.get_image_size(image)
    top = math.floor(random.random() * height) - size // 2
    left = math.floor(random.random() * width) - size // 2
    bottom, right = min(height, top + size), min(width, left + size)
    top, left = max(0, top), max(0, left)
    if size <= 0 or bottom <= top or right <= left:
        return image
    tensor = image if isinstance(image, torch.Tensor) else F.pil_to_tensor(image)
    colour = torch.tensor(FILL, dtype=tensor.dtype).reshape(-1, 1, 1)
    tensor = F.erase(tensor, top, left, bottom - top, right - left, colour)
    return tensor if isinstance(image, torch.Tensor) else F.to_pil_image(tensor)


class Augment(torch.nn.Module):
    """Applies to every image, for every stage, some sub-policies drawn for that image."""

    def forward(self, image):
        for stage in STAGES:
            for steps in random.choices(
                stage["sub_policies"], stage["weights"], k=stage["num_draws"]
            ):
                for op, fields in steps:
                    if random.random() < fields["rate"]:
                        image = self._step(image, op, fields, stage["num_levels"])
        return image

    def _step(self, image, op, fields, num_levels):
        if "value" not in fields:
            return apply(image, op, None)
        share = random.random()
        if num_levels:
            share = math.floor(share * num_levels) / (num_levels - 1)
        width, height = F.get_image_size(image)
        sides = {"width": width, "height": height, "shorter": min(width, height)}
        low, high = (end * sides.get(fields.get("unit"), 1) for end in fields["value"])
        if fields.get("whole"):
            low, high = int(low), int(high)
        value = low + (high - low) * share
        identity = 1.0 if op in ("brightness", "color", "contrast", "sharpness") else 0.0
        if fields.get("signed") and random.random() < 0.5:
            value = 2 * identity - value
        return apply(image, op, value, fields.get("interpolation", "nearest"))
'''

DALI = '''"""An augmentation policy for NVIDIA DALI, written by keras_cv_extras.

    from nvidia.dali import pipeline_def
    from augment import augment

    @pipeline_def(enable_conditionals=True)
    def pipeline():
        images = ...  # uint8, layout HWC
        return augment(images)
"""

import numpy as np
from nvidia.dali import fn, types
from nvidia.dali.auto_aug import augmentations as a
from nvidia.dali.auto_aug.auto_augment import apply_auto_augment
from nvidia.dali.auto_aug.core import Policy, augmentation

{data}

# Two would be taken for the ends of a range.
BINS = max(3, *(len(fields.get("values", ())) for fields in AUGMENTATIONS.values()), 3)
WARPS = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")


@augmentation
def flip_horizontal(data, _):
    return fn.flip(data, horizontal=1)


@augmentation
def flip_vertical(data, _):
    return fn.flip(data, horizontal=0, vertical=1)


FLAT = {
    "invert": a.invert,
    "equalize": a.equalize,
    "autocontrast": a.auto_contrast,
    "flip_horizontal": flip_horizontal,
    "flip_vertical": flip_vertical,
}


def build(op, values=None, signed=False, unit=None):
    """Returns an augmentation whose magnitudes are exactly the given values."""
    if op in FLAT:
        return FLAT[op]
    values = np.array(values + values[-1:] * (BINS - len(values)), dtype=np.float32)
    options = {"randomly_negate": signed}
    if op.startswith("shear") or op.startswith("translate"):
        values = -values  # its warps go the other way
    if op.startswith("translate") and unit is None:
        op += "_no_shape"
    if op in ("brightness", "color", "contrast", "sharpness"):
        values = values - 1
    if op in ("posterize", "solarize", "solarize_add"):
        options = {}
    return getattr(a, op).augmentation(mag_range=values, **options)


BUILT = {name: build(**fields) for name, fields in AUGMENTATIONS.items()}
POLICIES = [
    Policy(
        NAME,
        BINS,
        [
            [(BUILT[name], rate, number) for name, rate, number in row] or [(a.identity, 0, None)]
            for row in drawn["sub_policies"]
        ],
    )
    for drawn in DRAWN
]


def augment(images, seed=None):
    """Applies the policies to a batch, within a pipeline with conditional execution."""
    for policy, drawn in zip(POLICIES, DRAWN):
        used = {name for row in drawn["sub_policies"] for name, _, _ in row}
        options = {}
        if any(AUGMENTATIONS[name]["op"] in WARPS for name in used):
            options |= {"fill_value": FILL, "interp_type": types.INTERP_NN}
        if any("unit" in AUGMENTATIONS[name] for name in used):
            options["shape"] = images.shape()
        for _ in range(drawn["num_draws"]):
            images = apply_auto_augment(policy, images, seed, **options)
    return images
'''
