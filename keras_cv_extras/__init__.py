"""Augmentation, policy search, training and serving for Keras image classifiers.

Subpackages load when they are first used, so that `import keras_cv_extras` takes neither
TensorFlow's nor Keras' start-up time:

    import keras_cv_extras as kcx

    policy = kcx.policy.rand_augment(num_ops=2, strength=0.5)
    augmented = policy(images, seed=7)

`keras.models.load_model` finds the classes of this package in saved models from this import on.
"""

from keras_cv_extras._base import lazy, saved

__version__ = "0.1.0"

saved.register()  # models that were saved with this package's classes load from here on

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
