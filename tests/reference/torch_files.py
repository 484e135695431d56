"""Makes torch_files.npz: logits of torchvision's networks, and the names of their weights.

    pip install torch==2.13.0 torchvision==0.28.0
    python tests/reference/torch_files.py

Every tensor gets the values of tests/models/formula.py under its own name and in PyTorch's layout,
so that only logits are kept, as `<network>`, and as text the shapes of all tensors, as
`<network>/shapes`. AlexNet and VGG have hidden layers of 32 units here.
"""

import json
import pathlib
import re
import sys

import numpy as np
import torch

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "models"))
import formula  # noqa: E402

# Gates of large numbers are steps, where rounding decides.
VARIANCE = {"efficientnetv2-s-torchvision": 16.0}


def import_torchvision():
    """Imports torchvision, also beside a torch that its compiled operations do not load with."""
    source = pathlib.Path(torch.__file__).parent.parent / "torchvision" / "_meta_registrations.py"
    found = re.findall(r'torchvision::(\w+)|register_meta\("(\w+)"', source.read_text("utf-8"))
    for name in sorted({first or second for first, second in found}):
        torch.library.define(f"torchvision::{name}", "(Tensor x) -> Tensor")
    import torchvision

    return torchvision


def narrow(model, flat):
    """Gives AlexNet and VGG hidden layers of 32 units."""
    sizes = iter([(flat, 32), (32, 32), (32, 10)])
    for index, layer in enumerate(model.classifier):
        if isinstance(layer, torch.nn.Linear):
            model.classifier[index] = torch.nn.Linear(*next(sizes))
    return model


def fill(model, variance=1.0):
    """Gives every tensor its values."""
    state = model.state_dict()
    for name, tensor in state.items():
        if tensor.ndim:
            state[name] = torch.from_numpy(
                formula.torch_weight(name, tuple(tensor.shape), variance)
            )
    model.load_state_dict(state)
    return model.eval()


def main():
    make = import_torchvision().models
    networks = {
        "alexnet-owt": narrow(make.alexnet(), 256 * 6 * 6),
        "densenet121": make.densenet121(num_classes=10),
        "densenet169": make.densenet169(num_classes=10),
        "densenet201": make.densenet201(num_classes=10),
        "vgg11": narrow(make.vgg11(), 512 * 7 * 7),
        "vgg13-bn": narrow(make.vgg13_bn(), 512 * 7 * 7),
        "vgg16": narrow(make.vgg16(), 512 * 7 * 7),
        "vgg16-bn": narrow(make.vgg16_bn(), 512 * 7 * 7),
        "vgg19": narrow(make.vgg19(), 512 * 7 * 7),
        "vgg19-bn": narrow(make.vgg19_bn(), 512 * 7 * 7),
        "resnet18": make.resnet18(num_classes=10),
        "resnet34": make.resnet34(num_classes=10),
        "resnet50-v1.5": make.resnet50(num_classes=10),
        "resnet101-v1.5": make.resnet101(num_classes=10),
        "googlenet-torchvision": make.googlenet(
            num_classes=10, aux_logits=True, init_weights=False
        ),
        "inception-v3-torchvision": make.inception_v3(
            num_classes=10, transform_input=True, init_weights=False
        ),
        **{
            f"{name}-torchvision": getattr(make, other)(num_classes=10)
            for name, other in (
                ("convnext-tiny", "convnext_tiny"),
                ("efficientnet-b0", "efficientnet_b0"),
                ("efficientnetv2-s", "efficientnet_v2_s"),
                ("mobilenetv2", "mobilenet_v2"),
                ("mobilenetv3-small", "mobilenet_v3_small"),
            )
        },
    }
    x = formula.images(2, 224).astype("float32") / 255
    x = (x - np.array((0.485, 0.456, 0.406), "float32")) / np.array(
        (0.229, 0.224, 0.225), "float32"
    )
    x = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    results = {}
    for name, model in networks.items():
        shapes = {key: list(t.shape) for key, t in model.state_dict().items() if t.ndim}
        with torch.no_grad():
            results[name] = fill(model, VARIANCE.get(name, 1.0))(x).numpy()
        results[f"{name}/shapes"] = np.array(json.dumps(shapes))
        print(name, results[name].std())
    np.savez_compressed(pathlib.Path(__file__).with_suffix(".npz"), **results)


if __name__ == "__main__":
    main()
