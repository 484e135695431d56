"""Everything between a folder of images and a served Keras classifier that Keras leaves out.

Subpackages load when they are first used, so that `import keras_cv_extras` takes neither
TensorFlow's nor Keras' start-up time:

    import keras_cv_extras as kcx

    policy = kcx.policy.rand_augment(num_ops=2, strength=0.5)
    augmented = policy(images, seed=7)

`keras.models.load_model` finds the classes of this package in saved models from this import on.
"""

from typing import TYPE_CHECKING

from keras_cv_extras._base import lazy, saved

if TYPE_CHECKING:  # what type checkers see of what is loaded when it is first used
    from keras_cv_extras import (
        augment,
        bench,
        classical,
        compat,
        data,
        generative,
        inference,
        layers,
        losses,
        metrics,
        mix,
        models,
        optimizers,
        policy,
        search,
        serving,
        training,
    )

__version__ = "0.1.0"

__all__ = [
    "augment",
    "bench",
    "classical",
    "compat",
    "data",
    "generative",
    "layers",
    "losses",
    "metrics",
    "models",
    "inference",
    "mix",
    "optimizers",
    "policy",
    "search",
    "serving",
    "training",
]


saved.register()  # models that were saved with this package's classes load from here on

if not TYPE_CHECKING:  # which would take any name for one of the package
    __getattr__, __dir__ = lazy.attach(__name__, dict.fromkeys(__all__, ""))
