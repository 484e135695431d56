"""Runs a SavedModel with TensorFlow alone; a process of its own executes this file.

It must not import anything of this package, nor Keras: that is what it shows.
"""

import base64
import importlib.abc
import importlib.machinery
import json
import sys


class _Forbidden(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds Keras and this package, and refuses to load them.

    TensorFlow looks for Keras when it is imported, and is content not to get it.
    """

    def find_spec(self, name, path=None, target=None):
        """Takes charge of what a server would not have; leaves all else to Python."""
        if name.partition(".")[0] in ("keras", "tf_keras", "keras_cv_extras"):
            return importlib.machinery.ModuleSpec(name, self)
        return None

    def create_module(self, spec):
        """Refuses."""
        raise ImportError(f"{spec.name} must not be needed to serve the model")

    def exec_module(self, module):
        """Is not reached."""


def run(path, requests):
    """Returns what both signatures say of the PNG files in `requests`."""
    sys.meta_path.insert(0, _Forbidden())
    import tensorflow as tf

    loaded = tf.saved_model.load(path)  # a variable: the functions live as long as it does
    files = [base64.b64decode(text) for text in requests]
    images = tf.stack([tf.cast(tf.io.decode_png(file), tf.float32) for file in files])
    answers = {
        "serving_default": loaded.signatures["serving_default"](images=images),
        "serve_bytes": loaded.signatures["serve_bytes"](encoded=tf.constant(files)),
    }
    return {
        name: {
            "probabilities": answer["probabilities"].numpy().tolist(),
            "label": [text.decode() for text in answer["label"].numpy()],
        }
        for name, answer in answers.items()
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], json.load(sys.stdin))))
