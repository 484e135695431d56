"""Imports of old names: by their old files, and of names that are gone."""

import importlib

import pytest

from keras_cv_extras import compat
from keras_cv_extras.compat import keras_cv, tensorflow_addons

pytestmark = pytest.mark.filterwarnings("ignore:.* is now :FutureWarning")
ADDONS = tensorflow_addons.__name__
KERAS_CV = keras_cv.__name__


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import {tfa}.rnn", "tensorflow_addons.rnn has no replacement here: use the cells"),
        ("from {tfa}.rnn import NASCell", "use the cells of keras.layers"),
        ("from {tfa}.text.crf import crf_decode", "conditional random fields"),
        ("from {tfa} import seq2seq", "keras_hub's samplers"),
        ("from {tfa}.layers import CRF", "it is not about images"),
        ("from {tfa}.layers import Maxout, MultiHeadAttention", "use keras.layers.MultiHead"),
        ("from {tfa}.layers.crf import CRF", "tensorflow_addons.layers.crf.CRF has no repl"),
        ("from {kcv} import bounding_box", "boxes are out of scope"),
        ("from {kcv}.models import ImageClassifier", "keras_cv_extras.models.build"),
        ("from {kcv}.losses import CIoULoss", "boxes are out of scope"),
        ("from {kcv}.layers import PatchingAndEmbedding", "it is a block of one network"),
        ("from {kcv}.layers import RandomlyZoomedCrop", "use RandomCropAndResize"),
        ("from {tfa}.layers import Maxot", "cannot import name 'Maxot'"),
        ("import {tfa}.layers.maxot", "No module named"),
    ],
)
def test_an_import_says_what_to_use_instead(line, message):
    with pytest.raises(ImportError, match=message):
        exec(line.format(tfa=ADDONS, kcv=KERAS_CV))


def test_names_are_found_by_their_old_files():
    for module, name, home in (
        (f"{ADDONS}.layers.normalizations", "InstanceNormalization", tensorflow_addons.layers),
        (f"{ADDONS}.image.transform_ops", "rotate", tensorflow_addons.image),
        (f"{ADDONS}.optimizers.weight_decay_optimizers", "SGDW", tensorflow_addons.optimizers),
        (f"{KERAS_CV}.layers.preprocessing", "RandomFlip", keras_cv.layers),
        (f"{KERAS_CV}.layers.preprocessing.random_flip", "RandomFlip", keras_cv.layers),
        (f"{KERAS_CV}.utils.preprocessing", "parse_factor", keras_cv.utils),
    ):
        assert getattr(importlib.import_module(module), name) is getattr(home, name)
    assert tensorflow_addons.image.transform_ops.rotate is tensorflow_addons.image.rotate
    assert not hasattr(compat.keras_cv.layers, "preprocessing_3d")
    assert not hasattr(tensorflow_addons.losses, "CIoULoss")
