from . import keras_cv as keras_cv
from . import tensorflow_addons as tensorflow_addons
