"""Networks by name, from pixel values to logits, and how to fine-tune them."""

from keras_cv_extras.models._finetune import (
    LayerwiseAdamW,
    LayerwiseSGD,
    freeze,
    layerwise_rates,
    replace_head,
    stages,
    unfreeze,
)
from keras_cv_extras.models._registry import build, names
from keras_cv_extras.models.networks._alexnet import alexnet
from keras_cv_extras.models.networks._auxiliary import AuxiliaryHeads
from keras_cv_extras.models.networks._bn_inception import bn_inception
from keras_cv_extras.models.networks._cifar_resnet import PaddedShortcut, cifar_resnet, wide_resnet
from keras_cv_extras.models.networks._googlenet import (
    googlenet,
    inception_module,
    naive_inception_module,
)
from keras_cv_extras.models.networks._inception_v4 import inception_v4
from keras_cv_extras.models.networks._lenet import lenet5
from keras_cv_extras.models.networks._nin import mlp_conv, nin_cifar, nin_imagenet
from keras_cv_extras.models.networks._preprocessing import ImagePreprocessing
from keras_cv_extras.models.networks._resnet import resnet
from keras_cv_extras.models.networks._vgg import vgg

__all__ = [
    "AuxiliaryHeads",
    "ImagePreprocessing",
    "LayerwiseAdamW",
    "LayerwiseSGD",
    "PaddedShortcut",
    "alexnet",
    "bn_inception",
    "build",
    "cifar_resnet",
    "freeze",
    "googlenet",
    "inception_module",
    "inception_v4",
    "layerwise_rates",
    "lenet5",
    "mlp_conv",
    "naive_inception_module",
    "names",
    "nin_cifar",
    "nin_imagenet",
    "replace_head",
    "resnet",
    "stages",
    "unfreeze",
    "vgg",
    "wide_resnet",
]
