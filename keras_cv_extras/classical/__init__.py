"""Classical image classification: local features, coding, spatial pyramids, SVMs.

Everything is a scikit-learn estimator: it fits into `Pipeline`, `GridSearchCV`, `clone`, joblib.
"""

from keras_cv_extras.classical._aggregate import VLAD, FisherVector
from keras_cv_extras.classical._descriptors import DescriptorSet
from keras_cv_extras.classical._fusion import ModelFeatures, fuse
from keras_cv_extras.classical._hog import HOG
from keras_cv_extras.classical._input import check_classes
from keras_cv_extras.classical._kernels import chi_square, histogram_intersection, pyramid_match
from keras_cv_extras.classical._lbp import LBP
from keras_cv_extras.classical._presets import ImageClassifier, make_classifier
from keras_cv_extras.classical._pyramid import EachDescriptor, SpatialPyramid
from keras_cv_extras.classical._sift import SIFT, DenseSIFT
from keras_cv_extras.classical._sparse_coding import SparseCoding
from keras_cv_extras.classical._words import LLC, VectorQuantization
from keras_cv_extras.classical.saved._job import ClassicalScores, evaluate, train
from keras_cv_extras.classical.saved._save import load, save

__all__ = [
    "check_classes",
    "HOG",
    "LBP",
    "LLC",
    "SIFT",
    "VLAD",
    "ClassicalScores",
    "DenseSIFT",
    "DescriptorSet",
    "EachDescriptor",
    "FisherVector",
    "ImageClassifier",
    "ModelFeatures",
    "SparseCoding",
    "SpatialPyramid",
    "VectorQuantization",
    "chi_square",
    "evaluate",
    "fuse",
    "histogram_intersection",
    "load",
    "make_classifier",
    "pyramid_match",
    "save",
    "train",
]
