"""Makes torchvision_models.npz: logits of torchvision's networks with weights by a formula.

    pip install torch==2.13.0 torchvision==0.28.0
    PYTHONPATH=. python tests/reference/torchvision_models.py

Every network gets the weights of tests/models/formula.py under the names that the layers have
here, so that no weights need to be kept: only logits are, as `<network>`, and as `<network>/1`
and `/2` those of auxiliary heads. The hidden layers of AlexNet and VGG are 64 wide here: the full
ones hold half a gigabyte and would compare nothing more.
"""

import pathlib
import re
import sys

import numpy as np
import torch

from keras_cv_extras.bench._peers import import_torchvision

torchvision = import_torchvision()
ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "models"))
import formula  # noqa: E402

CLASSES, HIDDEN, SIDE = 10, 64, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def narrow(model, flat, dropout_first):
    """Gives AlexNet and VGG hidden layers of 64 units."""
    linear = torch.nn.Linear
    sizes = [linear(flat, HIDDEN), linear(HIDDEN, HIDDEN), linear(HIDDEN, CLASSES)]
    relu, dropout = torch.nn.ReLU(), torch.nn.Dropout()
    if dropout_first:
        stack = [dropout, sizes[0], relu, dropout, sizes[1], relu, sizes[2]]
    else:
        stack = [sizes[0], relu, dropout, sizes[1], relu, dropout, sizes[2]]
    model.classifier = torch.nn.Sequential(*stack)
    return model


def sequential_names(model, conv_names):
    """Names the layers of `features` and `classifier` in their order."""
    names, convs = {}, iter(conv_names)
    for index, layer in enumerate(model.features):
        if isinstance(layer, torch.nn.Conv2d):
            conv = names[f"features.{index}"] = next(convs)
        elif isinstance(layer, torch.nn.BatchNorm2d):
            names[f"features.{index}"] = f"{conv}_bn"
    dense = iter(("fc1", "fc2", "logits"))
    for index, layer in enumerate(model.classifier):
        if isinstance(layer, torch.nn.Linear):
            names[f"classifier.{index}"] = next(dense)
    return names


def resnet_name(name):
    name = name.replace("fc", "logits") if name == "fc" else name
    name = {"conv1": "stem", "bn1": "stem_bn"}.get(name, name)
    found = re.fullmatch(r"layer(\d)\.(\d+)\.(\w+?)(\d)?(?:\.(\d))?", name)
    if not found:
        return name
    stage, block, kind, number, part = found.groups()
    name = f"stage{stage}_block{int(block) + 1}"
    if kind == "downsample":
        return f"{name}_shortcut" + ("_bn" if (part or number) == "1" else "")
    return f"{name}_conv{number}" + ("_bn" if kind == "bn" else "")


BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",
    "branch4.1": "pool_proj",
}


def googlenet_name(name):
    if name == "fc":
        return "logits"
    name = re.sub(r"^aux(\d)\.fc1$", r"auxiliary\1_fc", name)
    name = re.sub(r"^aux(\d)\.fc2$", r"auxiliary\1_logits", name)
    name = re.sub(r"^aux(\d)\.", r"auxiliary\1_", name)
    found = re.fullmatch(r"inception(..)\.(branch\d(?:\.\d)?)\.(conv|bn)", name)
    if found:
        module, branch, kind = found.groups()
        name = f"inception_{module}_{BRANCHES[branch]}.{kind}"
    return name.replace(".conv", "").replace(".bn", "_bn")


def fill(model, name_of, flat_shapes):
    """Gives every weight its value, in PyTorch's layout."""
    kinds = {"weight": "kernel", "bias": "bias"}
    norms = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    with torch.no_grad():
        for path, layer in model.named_modules():
            norm = isinstance(layer, torch.nn.BatchNorm2d)
            if not norm and not isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
                continue
            name = name_of(path)
            for attribute, kind in (norms if norm else kinds).items():
                tensor = getattr(layer, attribute)
                if tensor is None:
                    continue
                shape = tuple(tensor.shape)
                if kind != "kernel":
                    values = formula.weight(name, kind, shape)
                elif len(shape) == 4:
                    out, inside, height, width = shape
                    values = formula.weight(name, kind, (height, width, inside, out))
                    values = values.transpose(3, 2, 0, 1)
                else:
                    values = formula.weight(name, kind, shape[::-1])
                    if path in flat_shapes:  # PyTorch flattens channels first
                        values = values.reshape(*flat_shapes[path], shape[0])
                        values = values.transpose(3, 2, 0, 1).reshape(shape)
                    else:
                        values = values.T
                tensor.copy_(torch.from_numpy(np.ascontiguousarray(values)))
    return model.eval()


def networks():
    """Yields the name of every network and the model."""
    make = torchvision.models
    model = narrow(make.alexnet(), 256 * 6 * 6, dropout_first=True)
    names = sequential_names(model, [f"conv{n}" for n in range(1, 6)])
    yield "alexnet-owt", fill(model, names.get, {"classifier.1": (6, 6, 256)})
    for depth, counts in ((11, (1, 1, 2, 2, 2)), (13, (2, 2, 2, 2, 2))):
        convs = [f"block{b + 1}_conv{n + 1}" for b in range(5) for n in range(counts[b])]
        for suffix in ("", "-bn"):
            model = getattr(make, f"vgg{depth}{suffix.replace('-', '_')}")()
            model = narrow(model, 512 * 7 * 7, dropout_first=False)
            names = sequential_names(model, convs)
            yield f"vgg{depth}{suffix}", fill(model, names.get, {"classifier.0": (7, 7, 512)})
    for depth in (18, 34, 50):
        model = getattr(make, f"resnet{depth}")(num_classes=CLASSES)
        yield f"resnet{depth}" + ("-v1.5" if depth == 50 else ""), fill(model, resnet_name, {})
    model = make.googlenet(num_classes=CLASSES, aux_logits=True, init_weights=False)
    flat = {f"aux{n}.fc1": (4, 4, 128) for n in (1, 2)}
    yield "googlenet-torchvision", fill(model, googlenet_name, flat)


def main():
    """Writes the file beside this one."""
    x = formula.images(2, SIDE).astype("float32") / 255
    x = (x - np.array(MEAN, "float32")) / np.array(STD, "float32")
    x = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    results = {}
    for name, model in networks():
        maps = {}
        if name.startswith("googlenet"):
            for module in ("inception4a", "inception4d"):

                def keep(_, __, output, maps=maps, module=module):
                    maps[module] = output

                getattr(model, module).register_forward_hook(keep)
        with torch.no_grad():
            results[name] = model(x).numpy()
            for number, output in enumerate(maps.values(), start=1):
                results[f"{name}/{number}"] = getattr(model, f"aux{number}")(output).numpy()
        print(f"{name:22s} {results[name].std():8.3f} {np.ptp(results[name], axis=0).max():8.4f}")
    path = pathlib.Path(__file__).with_suffix(".npz")
    np.savez(path, **results)
    print(f"{path.name}: torch {torch.__version__}, torchvision {torchvision.__version__}")


if __name__ == "__main__":
    main()
