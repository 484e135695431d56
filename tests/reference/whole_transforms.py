"""Makes whole_transforms.npz: what whole pipelines of other libraries make of one image.

    pip install torch==2.13.0 torchvision==0.28.0 albumentations==2.0.8
    python tests/reference/whole_transforms.py

The numbers leave nothing to chance. `image` is what all are given; of each pipeline there are its
data, as pipelines.py describes it, and the result; torchvision's are of a tensor, but for those
that begin with bytes of Pillow.
"""

import json
import pathlib

import albumentations as A
import numpy as np
import torch
from pipelines import MEAN, STD, described, v2

FLOATS = [v2.ToImage(), v2.ToDtype(torch.uint8, scale=True), v2.ToDtype(torch.float32, scale=True)]
SHIFTED = {"shift_limit_x": (0.125, 0.125), "shift_limit_y": (-0.25, -0.25)}
ALBUMENTATIONS = {
    "scaled and turned": [A.Affine(scale=(1.2, 1.2), rotate=(20, 20), p=1)],
    "moved": [A.Affine(scale=0.8, translate_percent={"x": (0.25, 0.25), "y": (0.5, 0.5)}, p=1)],
    "shift scale rotate": [
        A.ShiftScaleRotate(**SHIFTED, scale_limit=(0.3, 0.3), rotate_limit=(10, 10), p=1)
    ],
    "border wrap": [A.Rotate((30, 30), border_mode=3, p=1)],
    "border replicate": [A.Rotate((30, 30), border_mode=1, p=1)],
    "border reflect": [A.Rotate((30, 30), border_mode=2, p=1)],
    "brighter": [A.RandomBrightnessContrast((0.2, 0.2), (-0.3, -0.3), p=1)],
    "darker": [A.RandomBrightnessContrast((-0.2, -0.2), (0.3, 0.3), p=1)],
    "hue": [A.HueSaturationValue((20, 20), (30, 30), (-20, -20), p=1)],
    "gamma": [A.RandomGamma((60, 60), p=1)],
    "factor": [A.MultiplicativeNoise((0.8, 0.8), p=1)],
    "median": [A.MedianBlur((3, 3), p=1)],
    "longer side": [A.LongestMaxSize(15)],
    "shorter side": [A.SmallestMaxSize(27)],
    "letterbox": [A.LongestMaxSize(18), A.PadIfNeeded(18, 18, border_mode=0, fill=7)],
    "pad": [A.Pad((3, 5), border_mode=4)],
    "pad on four sides": [A.Pad((1, 2, 3, 4), border_mode=2)],
    "pad below": [A.PadIfNeeded(27, 28, position="top_left", border_mode=1)],
    "crop of a small image": [A.CenterCrop(23, 30, pad_if_needed=True)],
    "behind the scale": [A.Normalize(MEAN, STD), A.Rotate((10, 10), p=1), A.HorizontalFlip(p=1)],
}
TORCHVISION = {
    "shorter side": [v2.Resize(15)],
    "longer side at most": [v2.Resize(27, max_size=29)],
    "bicubic": [v2.Resize(15, interpolation=v2.InterpolationMode.BICUBIC)],
    "pad": [v2.Pad(4, fill=128)],
    "pad edge": [v2.Pad((2, 4), padding_mode="edge")],
    "pad reflect": [v2.Pad((2, 4, 6, 8), padding_mode="reflect")],
    "pad symmetric": [v2.Pad((2, 4, 6, 8), padding_mode="symmetric")],
    "affine": [v2.RandomAffine((20, 20), scale=(1.2, 1.2))],
    "fill": [v2.RandomRotation((20, 20), fill=(10, 200, 30))],
    "grey": [v2.Grayscale(3)],
    "floats": [
        *FLOATS,
        v2.RandomSolarize(0.5, p=1.0),
        v2.ColorJitter((1.3, 1.3)),
        v2.RandomRotation((20, 20)),
        v2.Normalize(MEAN, STD),
        v2.RandomRotation((10, 10)),
        v2.RandomHorizontalFlip(1.0),
    ],
    "scaled once": [v2.ToTensor(), v2.ConvertImageDtype(torch.float32), v2.Normalize(MEAN, STD)],
}


def main():
    rng = np.random.default_rng(0)
    small = v2.functional.to_image(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    image = v2.Resize((20, 24))(small).numpy().transpose(1, 2, 0).copy()
    kept = {"image": image}
    for name, parts in ALBUMENTATIONS.items():
        whole = A.Compose(parts)
        given = json.dumps(whole.to_dict())
        kept |= {f"albumentations/{name}/given": given}
        kept |= {f"albumentations/{name}/made": np.asarray(whole(image=image)["image"])}
    for name, parts in TORCHVISION.items():
        whole = v2.Compose(parts)
        first = image if type(parts[0]).__name__ == "ToTensor" else v2.functional.to_image(image)
        kept |= {f"torchvision/{name}/given": json.dumps(described(whole))}
        kept |= {f"torchvision/{name}/made": whole(first).numpy().transpose(1, 2, 0)}
    np.savez_compressed(pathlib.Path(__file__).with_suffix(".npz"), **kept)


if __name__ == "__main__":
    main()
