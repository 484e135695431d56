"""Whole systems by name: features, coding, pooling and a classifier in one pipeline."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, LinearSVC
from sklearn.utils import column_or_1d

from keras_cv_extras._base import checks
from keras_cv_extras._base.types import ArrayLike
from keras_cv_extras.classical._aggregate import FisherVector
from keras_cv_extras.classical._color import ColorHistogram
from keras_cv_extras.classical._hog import HOG
from keras_cv_extras.classical._input import COLORS, check_classes, num_images
from keras_cv_extras.classical._kernels import chi_square, histogram_intersection
from keras_cv_extras.classical._lbp import LBP
from keras_cv_extras.classical._pyramid import EachDescriptor, SpatialPyramid
from keras_cv_extras.classical._sift import DenseSIFT
from keras_cv_extras.classical._sparse_coding import SparseCoding
from keras_cv_extras.classical._words import LLC, VectorQuantization

SYSTEMS = ("hog", "lbp", "color", "bow", "scspm", "llc", "fisher")
CLASSIFIERS = ("linear_svm", "kernel_svm", "random_forest")


class ImageClassifier(Pipeline):
    """A scikit-learn pipeline that looks at the labels before it works on the images.

    Args: see `sklearn.pipeline.Pipeline`.

    Example:
        >>> isinstance(make_classifier("hog"), ImageClassifier)
        True
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **params: Any) -> Self:
        """Fits all steps.

        Args:
            X: images, as the first step takes them.
            y: labels, `(count,)`, of two or more classes; a column is taken with a warning.
            **params: of `Pipeline.fit`.

        Returns:
            This object.

        Raises:
            TypeError, ValueError: if the labels are not so, or a step finds something wrong.
        """
        if y is not None:
            if np.asarray(y).shape[1:] == (1,):
                y = column_or_1d(y, warn=True)  # as scikit-learn's classifiers do
            check_classes(y, num_images(X))
        elif is_classifier(self[-1]):  # not so for a part of the steps, `model[:-1]`
            raise TypeError("labels must be given: one class for each image")
        return super().fit(X, y, **params)


def make_classifier(
    name: str,
    *,
    classifier: Any = "linear_svm",
    num_words: int | None = None,
    levels: tuple[int, ...] | None = None,
    color: str = "grey",
    pixels: int = 28,
    value_range: tuple[float, float] = (0, 255),
    seed: int = 0,
) -> ImageClassifier:
    """Makes a classical image classifier: a pipeline that takes images.

    All steps are scikit-learn estimators: `model.set_params(coding__num_words=512)`, and
    `GridSearchCV`, reach into them. They are named "features", "reduction", "coding", "pooling"
    and "classifier", as far as a system has them.

    Args:
        name: "hog" or "lbp": histograms of the whole image; "color": of the colours of its
            channels (`ColorHistogram`); "bow": vector quantization of dense
            SIFT; "scspm": sparse coding, absolute maxima; "llc": locality-constrained linear
            coding, maxima; "fisher": Fisher vectors of dense SIFT reduced by PCA. The last four
            over a spatial pyramid.
        classifier: "linear_svm"; "kernel_svm", with histogram intersection for "bow", chi-square
            for "lbp" and "color", and a Gaussian for the others; "random_forest"; or a classifier
            of scikit-learn, of which a copy is taken, behind the features of a linear SVM.
        num_words: of the codebook; None for 256, and 16 Gaussians for "fisher".
        levels: grids of the pyramid; None for (1, 2, 4), and (1, 2) for "fisher". (1,) for "bow"
            is the bag of words without places.
        color: "grey", or "rgb" or "opponent" for SIFT in colours, as in `DenseSIFT`.
        pixels: the shorter side of the images: cells, patches and steps are made in proportion.
        value_range: `(low, high)`, the values of black and white.
        seed: an integer: the same one gives the same classifier.

    Returns:
        The pipeline, not yet fitted.

    Raises:
        TypeError, ValueError: if an argument is not as above.

    References:
        Chatfield et al., The devil is in the details: an evaluation of recent feature encoding
        methods, [BMVC 2011](https://doi.org/10.5244/C.25.76)

    Example:
        >>> model = make_classifier("llc", num_words=256).fit(images, labels)
        >>> model.score(test_images, test_labels)
    """
    checks.one_of("name", name, SYSTEMS)
    if not (isinstance(classifier, BaseEstimator) and is_classifier(classifier)):
        checks.one_of("classifier", classifier, CLASSIFIERS)
    checks.one_of("color", color, COLORS)
    checks.integer("pixels", pixels, minimum=8)
    checks.integer("seed", seed, minimum=0)
    if name in ("hog", "lbp", "color"):
        if num_words is not None or levels is not None:
            raise ValueError(f"num_words and levels are not for {name!r}, which has no codebook")
        if color != "grey":
            raise ValueError(f"color is not for {name!r}, which has no SIFT")
        steps = _whole_image(name, pixels, value_range)
    else:
        num_words = (16 if name == "fisher" else 256) if num_words is None else num_words
        checks.integer("num_words", num_words, minimum=1)
        levels = ((1, 2) if name == "fisher" else (1, 2, 4)) if levels is None else tuple(levels)
        steps = _local(name, classifier, num_words, levels, color, pixels, value_range, seed)
    return ImageClassifier([*steps, ("classifier", _classifier(name, classifier, seed))])


def _whole_image(name, pixels, value_range):
    if name == "hog":
        # 28 pixels: cells of 4, as measured in docs/classical.md.
        features = HOG(pixels_per_cell=max(2, pixels // 7), value_range=value_range)
    elif name == "color":
        features = ColorHistogram(value_range=value_range)
    else:
        features = LBP(grid=4, value_range=value_range)
    return [("features", features)]


def _local(name, classifier, num_words, levels, color, pixels, value_range, seed):
    # Of 28 pixels: bins of 3, 4 and 6 every 3 pixels.
    bin_sizes = tuple(sorted({max(1, round(share * pixels / 28)) for share in (3, 4, 6)}))
    sift = DenseSIFT(
        step=max(1, round(3 * pixels / 28)),
        bin_sizes=bin_sizes,
        color=color,
        value_range=value_range,
    )
    steps: list[tuple[str, Any]] = [("features", sift)]
    if name == "fisher":
        steps.append(("reduction", EachDescriptor(PCA(64, random_state=seed), seed=seed)))
        return [*steps, ("coding", FisherVector(num_words, levels=levels, seed=seed))]
    if name == "bow":
        coding = VectorQuantization(num_words, seed=seed)
        kernel = isinstance(classifier, str) and classifier == "kernel_svm"
        pooling = SpatialPyramid(
            levels,
            pooling="sum",
            weights="lazebnik" if kernel else None,
            norm="l1" if kernel else "l2",
            norm_cells=not kernel,
        )
    elif name == "scspm":
        coding = SparseCoding(num_words, seed=seed)
        pooling = SpatialPyramid(levels, pooling="absmax")
    else:
        coding = LLC(num_words, num_neighbors=min(5, num_words), seed=seed)
        pooling = SpatialPyramid(levels, pooling="max")
    return [*steps, ("coding", coding), ("pooling", pooling)]


def _classifier(name, classifier, seed):
    if not isinstance(classifier, str):
        return clone(classifier)
    if classifier == "random_forest":
        return RandomForestClassifier(300, random_state=seed)
    if classifier == "linear_svm":
        # Rows of length 1 allow 1; HOG has one length for each block.
        return LinearSVC(C=0.02 if name == "hog" else 1.0, dual="auto", random_state=seed)
    kernels = {"bow": histogram_intersection, "lbp": chi_square, "color": chi_square}
    return SVC(C=10.0, kernel=kernels.get(name, "rbf"), random_state=seed)
