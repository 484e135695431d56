"""Makes pipelines.json: ten pipelines each of Albumentations and torchvision, as users write them.

    pip install torch==2.13.0 torchvision==0.28.0 albumentations==2.0.8
    python tests/reference/pipelines.py

Albumentations' are its `to_dict`; of torchvision's transforms the name and the public attributes
are kept, a list of transforms likewise.
"""

import json
import pathlib
import re

import albumentations
import torch

source = pathlib.Path(torch.__file__).parent.parent / "torchvision" / "_meta_registrations.py"
found = re.findall(r'torchvision::(\w+)|register_meta\("(\w+)"', source.read_text("utf-8"))
for name in sorted({first or second for first, second in found}):
    torch.library.define(f"torchvision::{name}", "(Tensor x) -> Tensor")

from torchvision.transforms import v2  # noqa: E402

A = albumentations
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ALBUMENTATIONS = {
    "imagenet": [A.RandomResizedCrop((224, 224)), A.HorizontalFlip(), A.Normalize()],
    "flips": [A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)],
    "flip and rotate": [A.HorizontalFlip(), A.Rotate(limit=15, p=0.5, interpolation=1)],
    "grey or blur": [A.OneOf([A.ToGray(), A.GaussianBlur(blur_limit=(3, 3))], p=0.3)],
    "colours": [A.HorizontalFlip(), A.ColorJitter(0.2, 0, 0, 0, p=0.8)],
    "cutout": [A.HorizontalFlip(), A.CoarseDropout((1, 1), (0.2, 0.2), (0.2, 0.2), p=0.5)],
    "validation": [A.Resize(256, 256), A.CenterCrop(224, 224), A.Normalize(MEAN, STD)],
    "some of": [A.SomeOf([A.Posterize(4), A.Equalize(), A.InvertImg()], n=2, replace=True, p=1)],
    "solarize": [A.Solarize(threshold_range=(0.5, 0.5)), A.AutoContrast(p=0.3)],
    "kaggle": [
        A.RandomResizedCrop((224, 224), scale=(0.8, 1.0)),
        A.HorizontalFlip(),
        A.RandomBrightnessContrast(p=0.5),
        A.ShiftScaleRotate(p=0.5),
        A.Normalize(),
    ],
}
TO_TENSOR = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
TORCHVISION = {
    "imagenet": [v2.RandomResizedCrop(224), v2.RandomHorizontalFlip(), *TO_TENSOR],
    "cifar": [v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip(), *TO_TENSOR],
    "flips": [v2.RandomHorizontalFlip(), v2.RandomVerticalFlip()],
    "simclr": [
        v2.RandomResizedCrop(32),
        v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
        v2.RandomGrayscale(p=0.2),
        v2.RandomApply([v2.GaussianBlur(kernel_size=3)], p=0.5),
    ],
    "rotation": [v2.RandomRotation(15), v2.RandomHorizontalFlip()],
    "randaugment": [v2.RandomHorizontalFlip(), v2.RandAugment()],
    "trivial": [v2.TrivialAugmentWide(), *TO_TENSOR],
    "choice": [v2.RandomChoice([v2.RandomGrayscale(1.0), v2.RandomEqualize(1.0)])],
    "brightness": [v2.RandomHorizontalFlip(), v2.ColorJitter(brightness=0.3)],
    "recipe": [
        v2.RandomResizedCrop(176),
        v2.RandomHorizontalFlip(),
        v2.AutoAugment(),
        *TO_TENSOR,
        v2.RandomErasing(p=0.1),
    ],
}


def described(value):
    """Returns a transform as its name and its attributes."""
    if isinstance(value, torch.nn.Module):
        public = {k: v for k, v in vars(value).items() if not k.startswith("_")}
        public.pop("training")
        if "policy" in public:
            public["policy"] = getattr(public["policy"], "value", public["policy"])
        fields = {key: described(item) for key, item in public.items()}
        return {"transform": type(value).__name__, "attributes": fields}
    if isinstance(value, (list, tuple)):
        return [described(item) for item in value]
    return value if isinstance(value, (int, float, str, type(None))) else str(value)


def main():
    kept = {
        "albumentations": {k: A.to_dict(A.Compose(v)) for k, v in ALBUMENTATIONS.items()},
        "torchvision": {k: described(v2.Compose(v)) for k, v in TORCHVISION.items()},
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
