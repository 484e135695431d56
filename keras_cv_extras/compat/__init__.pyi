from . import tensorflow_addons as tensorflow_addons
