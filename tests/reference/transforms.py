"""Makes transforms.json: every transform of Albumentations and torchvision, as a call and as data.

    pip install torch==2.13.0 torchvision==0.28.0 albumentations==2.0.8
    python tests/reference/transforms.py

The pages docs/migration/albumentations.md and docs/migration/torchvision.md are made from it. What
has no entry in CALLS is called without arguments.
"""

import inspect
import json
import pathlib

import torch
from pipelines import A, described, v2

ALBUMENTATIONS = {
    "Affine": ["A.Affine(rotate=(-10, 10))", "A.Affine(shear={'x': (-15, 15), 'y': (0, 0)})",
               "A.Affine(translate_percent={'x': (-0.1, 0.1), 'y': (0, 0)})",
               "A.Affine(scale=(0.8, 1.2))"],
    "AtLeastOneBBoxRandomCrop": ["A.AtLeastOneBBoxRandomCrop(32, 32)"],
    "AutoContrast": ["A.AutoContrast(method='pil')", "A.AutoContrast()"],
    "CenterCrop": ["A.CenterCrop(224, 224)"],
    "CenterCrop3D": ["A.CenterCrop3D((8, 8, 8))"],
    "CoarseDropout": ["A.CoarseDropout()",
                      "A.CoarseDropout((1, 1), (0.2, 0.2), (0.2, 0.2))",
                      "A.CoarseDropout((1, 8), (8, 16), (8, 16), fill=128)",
                      "A.CoarseDropout((1, 1), (8, 8), (16, 16))"],
    "ColorJitter": ["A.ColorJitter()", "A.ColorJitter(0.2, 0, 0, 0)",
                    "A.ColorJitter(0, 0.2, 0, 0)", "A.ColorJitter(0, 0, 0.2, 0)"],
    "Crop": ["A.Crop(0, 0, 32, 32)"],
    "CropAndPad": ["A.CropAndPad(px=4)"],
    "CropNonEmptyMaskIfExists": ["A.CropNonEmptyMaskIfExists(32, 32)"],
    "Equalize": ["A.Equalize(mode='pil')", "A.Equalize()"],
    "FDA": [], "HistogramMatching": [], "Mosaic": [], "OverlayElements": [],
    "PixelDistributionAdaptation": [], "TextImage": [],
    "GridElasticDeform": ["A.GridElasticDeform((4, 4), 10)"],
    "LongestMaxSize": ["A.LongestMaxSize(256)"],
    "Normalize": ["A.Normalize()", "A.Normalize(normalization='image')"],
    "OneOf": ["A.OneOf([A.HorizontalFlip(), A.VerticalFlip()], p=0.5)"],
    "OneOrOther": ["A.OneOrOther(A.HorizontalFlip(), A.VerticalFlip(), p=0.5)"],
    "Pad": ["A.Pad(4)"],
    "Pad3D": ["A.Pad3D(4)"],
    "Posterize": ["A.Posterize(4)", "A.Posterize((2, 6))"],
    "PadIfNeeded": ["A.PadIfNeeded(256, 256)"],
    "PadIfNeeded3D": ["A.PadIfNeeded3D((8, 8, 8))"],
    "RandomCrop": ["A.RandomCrop(32, 32)"],
    "RandomCrop3D": ["A.RandomCrop3D((8, 8, 8))"],
    "RandomOrder": ["A.RandomOrder([A.HorizontalFlip(), A.ToGray(p=0.2)], n=2)"],
    "RandomResizedCrop": ["A.RandomResizedCrop((224, 224))",
                          "A.RandomResizedCrop((224, 224), interpolation=2)"],
    "RandomSizedBBoxSafeCrop": ["A.RandomSizedBBoxSafeCrop(32, 32)"],
    "RandomSizedCrop": ["A.RandomSizedCrop((64, 128), (224, 224))"],
    "Resize": ["A.Resize(256, 256)"],
    "Rotate": ["A.Rotate(limit=15, border_mode=0)", "A.Rotate(limit=15)",
               "A.Rotate(limit=15, border_mode=2)", "A.Rotate(limit=15, border_mode=4)"],
    "Sequential": ["A.Sequential([A.HorizontalFlip(), A.VerticalFlip()], p=0.5)"],
    "SmallestMaxSize": ["A.SmallestMaxSize(256)"],
    "Solarize": ["A.Solarize()", "A.Solarize(threshold_range=(0.2, 0.8))"],
    "SomeOf": ["A.SomeOf([A.HorizontalFlip(), A.InvertImg(), A.ToGray()], n=2)",
               "A.SomeOf([A.HorizontalFlip(), A.InvertImg(), A.ToGray()], n=2, replace=True)"],
    "ToGray": ["A.ToGray()"],
    "ToTensorV2": ["A.ToTensorV2()"],
}  # fmt: skip
TORCHVISION = {
    "AugMix": ["v2.AugMix()"],
    "CenterCrop": ["v2.CenterCrop(224)"],
    "ColorJitter": ["v2.ColorJitter(0.4, 0.4, 0.4, 0.1)", "v2.ColorJitter(brightness=0.3)"],
    "Compose": ["v2.Compose([v2.RandomHorizontalFlip(), v2.RandomRotation(15)])"],
    "ConvertBoundingBoxFormat": ["v2.ConvertBoundingBoxFormat('XYXY')"],
    "CutMix": ["v2.CutMix(num_classes=10)"],
    "FiveCrop": ["v2.FiveCrop(224)"],
    "GaussianBlur": ["v2.GaussianBlur(3)"],
    "JPEG": ["v2.JPEG((50, 90))"],
    "Lambda": [], "LinearTransformation": [], "Transform": [], "SetClampingMode": [],
    "MixUp": ["v2.MixUp(num_classes=10)"],
    "Normalize": ["v2.Normalize((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))"],
    "Pad": ["v2.Pad(4)"],
    "RandomAdjustSharpness": ["v2.RandomAdjustSharpness(2)"],
    "RandomAffine": ["v2.RandomAffine(15)", "v2.RandomAffine(0, shear=10)",
                     "v2.RandomAffine(10, (0.1, 0.1), (0.9, 1.1))"],
    "RandomApply": ["v2.RandomApply([v2.RandomRotation(15)], p=0.3)"],
    "RandomChoice": ["v2.RandomChoice([v2.RandomGrayscale(1.0), v2.RandomEqualize(1.0)])"],
    "RandomCrop": ["v2.RandomCrop(32, padding=4)", "v2.RandomCrop(32, pad_if_needed=True)",
                   "v2.RandomCrop(32, padding=4, padding_mode='reflect')"],
    "RandomErasing": ["v2.RandomErasing()", "v2.RandomErasing(value='random')"],
    "RandomOrder": ["v2.RandomOrder([v2.RandomHorizontalFlip(), v2.RandomRotation(15)])"],
    "RandomPosterize": ["v2.RandomPosterize(4)"],
    "RandomResize": ["v2.RandomResize(200, 256)"],
    "RandomResizedCrop": ["v2.RandomResizedCrop(224)"],
    "RandomRotation": ["v2.RandomRotation(15)"],
    "RandomShortestSize": ["v2.RandomShortestSize(200)"],
    "RandomSolarize": ["v2.RandomSolarize(128)"],
    "Resize": ["v2.Resize((224, 224))", "v2.Resize(256)"],
    "ScaleJitter": ["v2.ScaleJitter((224, 224))"],
    "TenCrop": ["v2.TenCrop(224)"],
    "ToDtype": ["v2.ToDtype(torch.float32, scale=True)"],
    "UniformTemporalSubsample": ["v2.UniformTemporalSubsample(4)"],
}  # fmt: skip
BASES = ("BaseCompose", "BasicTransform", "DualTransform", "ImageOnlyTransform", "Lambda",
         "ReplayCompose", "SelectiveChannelTransform", "Transform3D", "Compose")  # fmt: skip


def rows(names, calls, short, describe):
    """Yields the rows of a library: its name, the call as text, and what stands for it."""
    for name in sorted(names):
        for call in calls.get(name, [f"{short}.{name}()"]):
            given = describe(eval(call, {"A": A, "v2": v2, "torch": torch}))
            yield {"name": name, "call": call.replace("'", '"'), "given": given}
        if calls.get(name) == []:
            yield {"name": name, "call": None, "given": None}


def main():
    of_albumentations = [
        name
        for name in dir(A)
        if inspect.isclass(kind := getattr(A, name))
        and issubclass(kind, (A.BasicTransform, A.BaseCompose))
        and name not in BASES
    ]
    of_torchvision = [
        name
        for name in dir(v2)
        if inspect.isclass(kind := getattr(v2, name)) and issubclass(kind, torch.nn.Module)
    ]
    found = {
        "albumentations": list(rows(of_albumentations, ALBUMENTATIONS, "A", A.to_dict)),
        "torchvision": list(rows(of_torchvision, TORCHVISION, "v2", described)),
    }
    text = json.dumps(found, separators=(",", ":"), default=str)
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(text.replace('{"name"', '\n{"name"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
