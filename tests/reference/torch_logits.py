"""Prints how far logits are from torchvision's for each network that both have.

    pip install torch==2.13.0 torchvision==0.28.0
    PYTHONPATH=. python tests/reference/torch_logits.py [NAME ...]

Each network of torchvision draws its weights after the seed 0, and its logits' greatest difference
is printed; or it has ten classes and the weights of a formula, and the difference is over the
greatest logit. It is saved as a `.pth` file, which `models.build` reads; both see the two images of
tests/models/formula.py. docs/compatibility.md has the tables.
"""

import pathlib
import sys
import tempfile

import numpy as np
import torch
from torch_files import fill, formula, import_torchvision

from keras_cv_extras import models

NAMES = {
    "alexnet-owt": "alexnet",
    "densenet121": "densenet121",
    "densenet169": "densenet169",
    "densenet201": "densenet201",
    "googlenet-torchvision": "googlenet",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    **{f"resnet{depth}-v1.5": f"resnet{depth}" for depth in (50, 101, 152)},
    **{f"vgg{depth}": f"vgg{depth}" for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}-bn": f"vgg{depth}_bn" for depth in (11, 13, 16, 19)},
}
# Those whose weights are of a formula.
FILLED = {
    **{f"convnext-{s}-torchvision": f"convnext_{s}" for s in ("tiny", "small", "base", "large")},
    **{f"efficientnet-b{n}-torchvision": f"efficientnet_b{n}" for n in range(8)},
    **{f"efficientnetv2-{s}-torchvision": f"efficientnet_v2_{s}" for s in "sml"},
    "inception-v3-torchvision": "inception_v3",
    "mobilenetv2-torchvision": "mobilenet_v2",
    **{f"mobilenetv3-{s}-torchvision": f"mobilenet_v3_{s}" for s in ("small", "large")},
}
OPTIONS = {
    "googlenet": {"init_weights": False},
    "inception_v3": {"init_weights": False, "transform_input": True},
}


def main():
    make = import_torchvision().models
    pixels = formula.images(2, 224)
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    scaled = (pixels.astype("float32") / 255 - mean) / std
    halves = pixels.astype("float32") / 127.5 - 1
    scaled, halves = (torch.from_numpy(x.transpose(0, 3, 1, 2).copy()) for x in (scaled, halves))
    for name, other in {**NAMES, **FILLED}.items():
        if name not in (sys.argv[1:] or [name]):
            continue
        torch.manual_seed(0)
        classes = 10 if name in FILLED else 1000
        network = getattr(make, other)(num_classes=classes, **OPTIONS.get(other, {})).eval()
        if name in FILLED:
            network = fill(network, variance=16.0 if "efficient" in name else 1.0)
        with torch.no_grad():
            wanted = network(halves if other == "efficientnet_v2_l" else scaled).numpy()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "weights.pth"
            torch.save(network.state_dict(), path)
            model = models.build(name, (224, 224, 3), classes, weights=path)
        found = model(pixels)
        found = np.asarray(found[0] if isinstance(found, (list, tuple)) else found)
        difference = np.abs(found - wanted).max()
        if name in FILLED:
            difference /= np.abs(wanted).max()
        print(f"| `{name}` | {wanted.std():.2g} | {difference:.1e} |", flush=True)


if __name__ == "__main__":
    main()
