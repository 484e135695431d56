"""The files of the package that a call passes, in the order in which it comes to them.

    python tests/walks.py

`PYTHONPATH=OTHER_TREE python tests/walks.py` follows the same calls through another version.
"""

import os
import pathlib
import sys
import tempfile
import threading

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import keras_cv_extras as kcx

ROOT = os.path.dirname(kcx.__file__) + os.sep


def passed(call):
    """Returns the files whose functions a call runs; what importing runs does not count."""
    files = {}

    def profile(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(ROOT):
            files.setdefault(code.co_filename.removeprefix(ROOT))

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return [file for file in files if not file.endswith("__init__.py")]


def main():
    """Follows a batch, a policy, a label, a request and a trial."""
    images = np.random.default_rng(0).integers(0, 255, (64, 8, 8, 1)).astype("uint8")
    labels = (np.arange(64) % 2).astype("int32")
    folder = pathlib.Path(tempfile.mkdtemp())
    policy, mix = kcx.policy.rand_augment(), kcx.mix.MixUp(num_classes=2)
    policy.save(folder / "policy.json")
    loss = kcx.losses.LogLoss(from_logits=True)
    export, pipeline, search = kcx.serving.export, kcx.data.pipeline, kcx.search.search_policy

    def network():
        return kcx.training.small_cnn((8, 8, 1), 2, width=2)

    model = network()

    def label():
        _, mixed = mix(images[:8], labels[:8], seed=1)
        loss(mixed, np.zeros((8, 2), "float32"))

    few = {"trials": 1, "epochs": 1, "train_size": 16, "confirm_seeds": 1, "batch_size": 8}
    few |= {"method": "full", "ops": ("invert", "rotate"), "progress": False}
    walks = {
        "a batch": lambda: next(iter(pipeline((images, labels), 8, policy, mix))),
        "a policy": lambda: kcx.policy.Policy.load(folder / "policy.json")(images[:8], seed=1),
        "a label": label,
        "a request": lambda: export(
            model, folder / "export", class_names=["a", "b"], images=images[:4]
        ),
        "a trial": lambda: search((images, labels), network, directory=folder / "search", **few),
    }
    for name, call in walks.items():
        files = passed(call)
        print(f"{name}: {len(files)} files\n  {' '.join(files)}")


if __name__ == "__main__":
    main()
