"""Weights by a formula of names and places, so that two frameworks can have the same ones."""

import math
import zlib

import numpy as np

# A prime number of values, so that the filters of a kernel begin at different ones.
_TABLE = np.random.default_rng(7).normal(size=65521).astype("float32")


def weight(name, kind, shape):
    """Returns the values of a weight in Keras' layout, near to what training starts from.

    Args:
        name: of the layer.
        kind: kernel, bias, gamma, beta, moving_mean or moving_variance.
        shape: of the weight.
    """
    start = zlib.crc32(f"{name}/{kind}".encode()) % len(_TABLE)
    values = np.resize(np.roll(_TABLE, -start), shape)
    if kind == "kernel":
        return values * np.float32(math.sqrt(2 / math.prod(shape[:-1])))
    if kind in ("gamma", "moving_variance"):
        return 1 + np.tanh(values) / 4
    return values / 10


def images(count, side, seed=0):
    """Returns uint8 images `(count, side, side, 3)` of 49 patches, which differ when pooled."""
    patches = np.random.default_rng(seed).integers(0, 256, (count, 7, 7, 3), dtype=np.uint8)
    return patches.repeat(side // 7, axis=1).repeat(side // 7, axis=2)


def torch_weight(name, shape, variance=1.0):
    """Returns the values of a tensor under its name in PyTorch, near to what training starts from.

    Args:
        name: of the tensor, such as "layer1.0.conv1.weight".
        shape: in PyTorch's layout.
        variance: what running variances are multiplied by, so that deep networks stay small.
    """
    start = zlib.crc32(name.encode()) % len(_TABLE)
    values = np.resize(np.roll(_TABLE, -start), shape)
    if len(shape) > 1:
        return values * np.float32(math.sqrt(2 / math.prod(shape[1:])))
    if name.endswith(("weight", "running_var")):
        return (1 + np.tanh(values) / 4) * np.float32(variance if "running" in name else 1)
    return values / 10
