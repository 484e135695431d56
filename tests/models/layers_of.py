"""What the layers of a network are set to, and what each of them is given.

python tests/models/layers_of.py          # writes layers.json: look at what changed, and why
"""

import hashlib
import json
import pathlib

import keras

FILE = pathlib.Path(__file__).with_name("layers.json")
# What a count of parameters does not show, and what it does.
SETTINGS = ("activation", "antialias", "depth_multiplier", "epsilon")
SETTINGS += ("filters", "groups", "height", "interpolation", "kernel_size", "keepdims", "mode")
SETTINGS += ("momentum", "padding", "pool_size", "rate", "size", "strides", "units", "use_bias")
SETTINGS += ("alpha", "beta", "bias", "survival_probability", "target_shape", "width")
INITIALIZERS = ("depthwise_initializer", "kernel_initializer", "bias_initializer")


def described(model):
    """A line for each layer, in their order: its name, its settings, its inputs."""
    for layer in model.layers:
        config = layer.get_config()
        said = {name: config[name] for name in SETTINGS if config.get(name) is not None}
        said["dtype"] = layer.compute_dtype
        for name in INITIALIZERS:
            if name in config:
                options = config[name]["config"]
                said[name] = [config[name]["class_name"], options.get("value")]
        given = [tensor._keras_history.operation.name for tensor in keras.tree.flatten(layer.input)]
        kind = type(layer).__name__
        yield json.dumps([kind, layer.name, said, given], sort_keys=True, default=str)


def digest(model):
    """A number for all of it."""
    return hashlib.sha256("\n".join(described(model)).encode()).hexdigest()[:16]


def key(name, shape):
    """What the digest of a network for such images stands under."""
    return f"{name} {'x'.join(map(str, shape))}"


def recorded():
    """The digests of networks as they were compared with the papers and other libraries."""
    return json.loads(FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    from conftest import without_values
    from test_build import SMALLEST
    from test_networks import PARAMETERS

    from keras_cv_extras import models

    found = {}
    for name, shape, classes in PARAMETERS:
        side = SMALLEST.get(name, 8)
        for size, count in ((shape, classes), ((side, side + 1, 1), 7)):
            with without_values():
                found[key(name, size)] = digest(models.build(name, size, count))
    FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
