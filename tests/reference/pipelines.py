"""Makes pipelines.json: twenty pipelines each of Albumentations and torchvision, as written.

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
from albumentations.pytorch import ToTensorV2

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
    "leaves": [
        A.RandomResizedCrop(size=(512, 512)),
        A.Transpose(p=0.5),
        A.HorizontalFlip(p=0.5),
        A.ShiftScaleRotate(p=0.5),
        A.HueSaturationValue(0.2, 0.2, 0.2, p=0.5),
        A.RandomBrightnessContrast((-0.1, 0.1), (-0.1, 0.1), p=0.5),
        A.Normalize(MEAN, STD, max_pixel_value=255.0, p=1.0),
        A.CoarseDropout(p=0.5),
        ToTensorV2(p=1.0),
    ],
    "lesions": [
        A.RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0.2, p=0.75),
        A.OneOf(
            [
                A.MotionBlur(blur_limit=5),
                A.MedianBlur(blur_limit=5),
                A.GaussianBlur(blur_limit=5),
                A.GaussNoise(std_range=(0.05, 0.1)),
            ],
            p=0.7,
        ),
        A.OneOf([A.OpticalDistortion(), A.GridDistortion(), A.ElasticTransform(alpha=3)], p=0.7),
        A.CLAHE(clip_limit=4.0, p=0.7),
        A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=15, p=0.85),
        A.Resize(256, 256),
        A.CoarseDropout((1, 1), (96, 96), (96, 96), p=0.7),
        A.Normalize(),
    ],
    "letterbox": [
        A.LongestMaxSize(max_size=256),
        A.PadIfNeeded(256, 256, border_mode=0, fill=0),
        A.HorizontalFlip(),
        A.Normalize(),
        ToTensorV2(),
    ],
    "tutorial": [
        A.SmallestMaxSize(max_size=160),
        A.ShiftScaleRotate(shift_limit=0.05, scale_limit=0.05, rotate_limit=15, p=0.5),
        A.RandomCrop(height=128, width=128),
        A.RGBShift(r_shift_limit=15, g_shift_limit=15, b_shift_limit=15, p=0.5),
        A.RandomBrightnessContrast(p=0.5),
        A.Normalize(mean=MEAN, std=STD),
        ToTensorV2(),
    ],
    "boxes": A.Compose(
        [A.RandomCrop(450, 450), A.HorizontalFlip(p=0.5), A.RandomBrightnessContrast(p=0.2)],
        bbox_params=A.BboxParams(format="coco", label_fields=["class_labels"]),
    ),
    "replayed": A.ReplayCompose(
        [A.HorizontalFlip(p=0.5), A.ColorJitter(0.2, 0.2, 0.2, 0, p=0.5), A.ToFloat(255)]
    ),
    "nested": [
        A.OneOf(
            [
                A.Sequential([A.HorizontalFlip(p=1), A.RandomGamma(p=1)], p=0.5),
                A.Compose([A.VerticalFlip(p=1), A.NoOp()]),
            ],
            p=0.9,
        ),
        A.SomeOf([A.ChannelShuffle(), A.ToGray(p=0.3), A.InvertImg(p=0.1)], n=2, p=0.8),
    ],
    "borders": [
        A.Pad(padding=4, border_mode=4),
        A.RandomCrop(32, 32),
        A.Rotate(limit=90, border_mode=2, p=1.0),
        A.Affine(scale=(0.9, 1.1), translate_percent=(-0.1, 0.1), rotate=(-20, 20), p=0.7),
    ],
    "two images": A.Compose([A.HorizontalFlip()], additional_targets={"other": "image"}),
    "noise": [A.GaussNoise(), A.MultiplicativeNoise((0.9, 1.1)), A.ChannelDropout(), A.Blur(3)],
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
    "docs": [
        v2.ToImage(),
        v2.ToDtype(torch.uint8, scale=True),
        v2.RandomResizedCrop(size=(224, 224), antialias=True),
        v2.RandomHorizontalFlip(p=0.5),
        *TO_TENSOR[1:],
    ],
    "resize and crop": [
        v2.Resize(256),
        v2.RandomCrop(224),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(0.2, 0.2, 0.2),
        v2.ToTensor(),
        v2.Normalize((0.5,) * 3, (0.5,) * 3),
    ],
    "tensors first": [
        v2.ToTensor(),
        v2.Resize((64, 64)),
        v2.RandomRotation(10),
        v2.ColorJitter(brightness=0.2),
        v2.Normalize((0.5,) * 3, (0.5,) * 3),
        v2.RandomHorizontalFlip(),
        v2.RandomErasing(),
    ],
    "reflected": [
        v2.RandomCrop(32, padding=4, padding_mode="reflect"),
        v2.RandomHorizontalFlip(),
        *TO_TENSOR,
    ],
    "digits": [
        v2.Grayscale(num_output_channels=1),
        v2.RandomAffine(degrees=15, translate=(0.1, 0.1), shear=5),
        v2.ToTensor(),
        v2.Normalize((0.1307,), (0.3081,)),
    ],
    "affine": [
        v2.PILToTensor(),
        v2.RandomAffine(degrees=10, translate=(0.1, 0.2), scale=(0.9, 1.1)),
        v2.ConvertImageDtype(torch.float),
        v2.Normalize(MEAN, STD),
    ],
    "choices": [
        v2.RandomChoice(
            [v2.RandomRotation(15, fill=255), v2.GaussianBlur(3), v2.RandomGrayscale(1.0)],
            p=[0.2, 0.3, 0.5],
        ),
        v2.RandomOrder([v2.RandomHorizontalFlip(), v2.RandomInvert(), v2.RandomPosterize(4)]),
    ],
    "augments": [
        v2.RandAugment(fill=[128, 128, 128]),
        v2.RandomChannelPermutation(),
        v2.JPEG((50, 90)),
        v2.ToTensor(),
        v2.GaussianNoise(sigma=0.1),
    ],
    "detection": [
        v2.RandomPhotometricDistort(p=1),
        v2.RandomIoUCrop(),
        v2.SanitizeBoundingBoxes(),
        v2.ToDtype(torch.float32, scale=True),
    ],
    "padded": [v2.Pad(4, fill=128), v2.RandomCrop(40, pad_if_needed=True), v2.FiveCrop(32)],
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
        "albumentations": {
            k: A.to_dict(A.Compose(v) if isinstance(v, list) else v)
            for k, v in ALBUMENTATIONS.items()
        },
        "torchvision": {k: described(v2.Compose(v)) for k, v in TORCHVISION.items()},
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
