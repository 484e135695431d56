"""Forty pipelines of other libraries, as users write them: whole, or with a remainder named."""

import json
import pathlib
import re
import warnings

import numpy as np
import pytest

from keras_cv_extras import policy

PATH = pathlib.Path(__file__).parent.parent / "reference" / "pipelines.json"
GIVEN = json.loads(PATH.read_text(encoding="utf-8"))
# What one warning names where a pipeline is not read whole.
REMAINDERS = {
    ("albumentations", "imagenet"): "RandomResizedCrop.*Normalize",
    ("albumentations", "some of"): "Equalize with mode='cv'",
    ("albumentations", "solarize"): "AutoContrast with method='cdf'",
    ("albumentations", "validation"): "Resize.*CenterCrop.*Normalize",
    ("albumentations", "kaggle"): "RandomResizedCrop.*Normalize",
    ("albumentations", "leaves"): "RandomResizedCrop.*Normalize.*ToTensorV2",
    ("albumentations", "lesions"): "MotionBlur.*OpticalDistortion.*CLAHE.*Resize.*Normalize",
    ("albumentations", "letterbox"): "LongestMaxSize.*PadIfNeeded.*Normalize",
    ("albumentations", "tutorial"): "SmallestMaxSize.*RandomCrop.*Normalize",
    ("albumentations", "boxes"): "bbox_params, as boxes are out of scope.*RandomCrop",
    ("albumentations", "replayed"): "ToFloat, which is no step of a policy: give the whole",
    ("albumentations", "borders"): "Pad.*RandomCrop",
    ("albumentations", "two images"): "additional_targets other",
    ("torchvision", "imagenet"): "RandomResizedCrop.*ToImage.*ToDtype.*Normalize",
    ("torchvision", "cifar"): "RandomCrop.*Normalize",
    ("torchvision", "simclr"): "RandomResizedCrop",
    ("torchvision", "trivial"): "ToImage.*Normalize",
    ("torchvision", "recipe"): "RandomResizedCrop.*Normalize",
    ("torchvision", "docs"): "ToDtype.*RandomResizedCrop.*Normalize",
    ("torchvision", "resize and crop"): "Resize.*RandomCrop.*ToTensor.*Normalize",
    ("torchvision", "tensors first"): "ToTensor.*Resize.*Normalize",
    ("torchvision", "reflected"): "RandomCrop.*Normalize",
    ("torchvision", "digits"): "Grayscale.*RandomAffine.*ToTensor.*Normalize",
    ("torchvision", "affine"): "ConvertImageDtype.*Normalize",
    ("torchvision", "augments"): "ToTensor",
    ("torchvision", "detection"): "RandomPhotometricDistort.*RandomIoUCrop.*ToDtype",
    ("torchvision", "padded"): "Pad.*RandomCrop.*FiveCrop",
}
# Of what differs by less than a pixel or a level there is a warning, and no error.
NEARLY = {("albumentations", "nested"): "RandomGamma, which cuts values"}


def transform(value):
    """Returns what stands for a transform of torchvision: its name and its attributes."""
    if isinstance(value, dict) and "transform" in value:
        fields = {key: transform(item) for key, item in value["attributes"].items()}
        return type(value["transform"], (), fields)()
    return [transform(item) for item in value] if isinstance(value, list) else value


def read(library, name, **options):
    if library == "albumentations":
        return policy.from_albumentations(GIVEN[library][name], **options)
    return policy.from_torchvision(transform(GIVEN[library][name]), **options)


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library in GIVEN for name in GIVEN[library]]
)
def test_a_pipeline_is_read(library, name):
    remainder = REMAINDERS.get((library, name))
    if (library, name) in NEARLY:
        with pytest.warns(UserWarning, match=NEARLY[library, name]):
            made = read(library, name)
    elif remainder is None:
        made = read(library, name)
    else:
        with pytest.raises(ValueError, match=remainder):
            read(library, name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            made = read(library, name, strict=False)
        (warning,) = caught
        assert re.search(remainder, str(warning.message))
    assert policy.Policy.from_dict(made.to_dict()) == made


@pytest.mark.wide
def test_a_pipeline_augments():
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    with pytest.warns(UserWarning, match="RandomResizedCrop"):
        made = read("torchvision", "simclr", strict=False)
    augmented = np.asarray(made(images, seed=1))
    assert augmented.shape == images.shape
    assert (augmented != images).any((1, 2, 3)).all()
