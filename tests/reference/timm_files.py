"""Makes timm_files.npz: logits of timm's networks, and the names of their weights.

    pip install torch==2.13.0 torchvision==0.28.0 timm==1.0.31
    python tests/reference/timm_files.py [NETWORK...]

As torch_files.py does for torchvision's. Networks that are named are compared here and now with
`models.build`, and nothing is written.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from torch_files import fill, formula, import_torchvision

NETWORKS = (
    "convnext_tiny",
    "efficientnet_b0",
    "inception_resnet_v2",
    "inception_v4",
    "mobilenetv2_100",
    "mobilenetv3_small_100",
    "tf_efficientnet_b0",
    "tf_efficientnetv2_b0",
)
# Where gates of large numbers are steps, in which rounding decides.
VARIANCE = {"efficientnet": 16.0, "tf_efficientnetv2": 16.0}


def variance(name):
    """Returns what a network's running variances are multiplied by."""
    if name == "efficientnet_b0":  # where what is added to them is seen
        return 1.0
    return max((v for begin, v in VARIANCE.items() if name.startswith(begin)), default=1.0)


def logits(name):
    """Returns timm's logits and its network, with the weights of the formula."""
    import timm

    model = fill(timm.create_model(name, num_classes=10), variance(name))
    x = formula.images(2, 224).astype("float32") / 255
    mean, deviation = (np.array(model.default_cfg[key], "float32") for key in ("mean", "std"))
    x = torch.from_numpy(((x - mean) / deviation).transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        return model(x).numpy(), model


def compare(name):
    """Prints how far the logits of `models.build` are from timm's."""
    from keras_cv_extras import models

    wanted, model = logits(name)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "weights.pth")
        torch.save(model.state_dict(), path)
        config = {"pretrained_cfg": {key: model.default_cfg[key] for key in ("mean", "std")}}
        pathlib.Path(folder, "config.json").write_text(json.dumps(config))
        found = models.build(name, (224, 224, 3), 10, weights=path)
    found = np.asarray(found(formula.images(2, 224)))
    print(f"{name}: {wanted.std():.2g}, {abs(found - wanted).max() / abs(wanted).max():.1e}")


def main():
    import_torchvision()
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            compare(name)
        return
    results = {}
    for name in NETWORKS:
        results[name], model = logits(name)
        shapes = {key: list(t.shape) for key, t in model.state_dict().items() if t.ndim}
        results[f"{name}/shapes"] = np.array(json.dumps(shapes))
        print(name, results[name].std())
    np.savez_compressed(pathlib.Path(__file__).with_suffix(".npz"), **results)


if __name__ == "__main__":
    main()
