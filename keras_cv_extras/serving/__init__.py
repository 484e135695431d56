"""Export of a classifier for servers, and its verification."""

from keras_cv_extras.serving._card import read_card
from keras_cv_extras.serving._export import export
from keras_cv_extras.serving._verify import Verification, verify

__all__ = ["Verification", "export", "read_card", "verify"]
