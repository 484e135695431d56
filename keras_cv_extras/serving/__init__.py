"""Export of a classifier for servers, and its verification."""

from keras_cv_extras.serving._card import read_card
from keras_cv_extras.serving._export import export
from keras_cv_extras.serving._model import ServedModel
from keras_cv_extras.serving._ops import check_graph
from keras_cv_extras.serving._trained import ExportResult, export_file, predict_files
from keras_cv_extras.serving._verify import Verification, verify

__all__ = [
    "ExportResult",
    "ServedModel",
    "Verification",
    "check_graph",
    "export",
    "export_file",
    "predict_files",
    "read_card",
    "verify",
]
