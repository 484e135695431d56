"""Imports of old names: by their old files, and of names that are gone."""

import importlib
import inspect
import sys

import pytest

from keras_cv_extras import compat
from keras_cv_extras.compat import _table, keras_cv, tensorflow_addons

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
        ("from {tfa}.image.transform_ops import rotat", "cannot import name 'rotat'"),
        ("from {kcv}.layers.preprocessing import random_flop", "cannot import name"),
        ("import {kcv}.utils.preprocessing.random_flip", "No module named"),
        ("from {tfa}.metrics.utils import MeanMetricWrapper", "keras.metrics.MeanMetricWrapper"),
        ("from {kcv}.layers.mbconv import MBConvBlock", "it is a block of one network"),
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
        (f"{KERAS_CV}.layers.regularization.squeeze_excite", "SqueezeAndExcite2D", keras_cv.layers),
        (f"{KERAS_CV}.utils.preprocessing", "parse_factor", keras_cv.utils),
        (f"{KERAS_CV}.core.factor_sampler", "FactorSampler", keras_cv.core),
    ):
        assert getattr(importlib.import_module(module), name) is getattr(home, name)
    assert tensorflow_addons.image.transform_ops.rotate is tensorflow_addons.image.rotate
    assert not hasattr(compat.keras_cv.layers, "preprocessing_3d")
    assert not hasattr(tensorflow_addons.losses, "CIoULoss")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("activations", "gelu"),
        ("activations", "mish"),
        ("image", "dense_image_warp"),
        ("losses", "giou_loss"),
        ("losses", "sparsemax_loss"),
    ],
)
def test_a_function_stays_what_it_is_when_its_file_of_the_same_name_is_imported(module, name):
    home = getattr(tensorflow_addons, module)
    function = getattr(home, name)
    assert getattr(importlib.import_module(f"{home.__name__}.{name}"), name) is function
    assert getattr(home, name) is function
    assert callable(function)


def test_what_is_gone_is_a_module_that_is_not_found():
    for name in ("tfa.seq2seq", "tfa.layers.CRF"):
        path = name.replace("tfa", ADDONS)
        with pytest.raises(ModuleNotFoundError, match="has no replacement here") as caught:
            importlib.import_module(path)
        assert caught.value.name == name.replace("tfa", "tensorflow_addons")


def test_an_old_file_has_no_file():
    module = importlib.import_module(f"{ADDONS}.layers.wrappers")
    assert not hasattr(module, "__file__")
    assert inspect.getmodule(module) is module


def test_a_table_that_is_loaded_again_finds_what_it_found():
    before = len(sys.meta_path)
    importlib.reload(_table)
    assert len(sys.meta_path) == before
    with pytest.raises(ImportError, match="it is not about images"):
        importlib.import_module(f"{ADDONS}.layers.CRF")
    importlib.import_module(f"{ADDONS}.layers.netvlad")
