"""The options `--accelerator` and `--accelerator-device` of pytest."""

import os
import pathlib

import pytest

FOLDER = pathlib.Path(__file__).parent


def pytest_addoption(parser):
    group = parser.getgroup("accelerator")
    group.addoption(
        "--accelerator",
        action="store_const",
        const="GPU:0",
        help="run what must hold on an accelerator, tests/accelerator, and nothing else",
    )
    group.addoption(
        "--accelerator-device",
        dest="accelerator",
        metavar="KIND:NUMBER",
        help="likewise, on this device, such as GPU:1; CPU:1 tries the tests themselves",
    )


def pytest_configure(config):
    device = config.getoption("accelerator")
    if device is None:
        return
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "-1":  # as tests/conftest.py hides them
        del os.environ["CUDA_VISIBLE_DEVICES"]
    # Several processes share its memory.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    from accelerator import devices

    try:
        devices.prepare(device)
    except LookupError as error:
        raise pytest.UsageError(f"--accelerator: {error}") from None


def pytest_ignore_collect(collection_path, config):
    """Spares the collection of tests that --accelerator would leave out."""
    if config.getoption("accelerator") is None:
        return None
    related = FOLDER in (collection_path, *collection_path.parents)
    return None if related or collection_path in FOLDER.parents else True


def pytest_collection_modifyitems(config, items):
    """Leaves out what is not asked for."""
    wanted = config.getoption("accelerator") is not None
    chosen, others = [], []
    for item in items:
        (chosen if (FOLDER in item.path.parents) == wanted else others).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = chosen
