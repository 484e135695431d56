"""Functional augmentation ops: one image or a batch in, the same shape and type out.

Every op takes `(height, width, channels)` or `(batch, height, width, channels)`, integers or
floats with values in [0, 255], and one number for all images or one per image. uint8 images
come out equal to Pillow's, to the last bit, where Pillow has the op. `OPS` lists them all.
"""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
