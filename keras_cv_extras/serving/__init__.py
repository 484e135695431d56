"""Export of a classifier for servers, and its verification."""

from keras_cv_extras.serving._card import read_card
from keras_cv_extras.serving._export import export
from keras_cv_extras.serving._model import ServedModel
from keras_cv_extras.serving._ops import check_graph
from keras_cv_extras.serving._verify import Verification, verify

__all__ = ["ServedModel", "Verification", "check_graph", "export", "read_card", "verify"]
