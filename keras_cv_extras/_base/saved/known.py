"""Names that are checked before TensorFlow is loaded; tests compare them with the packages."""

import difflib
from collections.abc import Iterable

#: Policies that need no file, those of AutoAugment's data sets last.
POLICIES = ("none", "flip_crop", "crop", "rand_augment", "trivial_augment")
PUBLISHED = ("cifar10", "svhn", "imagenet")
_NETWORKS = """
alexnet alexnet-owt alexnet-ungrouped bn-inception cifar-resnet110 cifar-resnet20 cifar-resnet32
cifar-resnet44 cifar-resnet56 convnext-base convnext-base-torchvision convnext-large
convnext-large-torchvision convnext-small convnext-small-torchvision convnext-tiny
convnext-tiny-torchvision convnext-xlarge densenet121 densenet169 densenet201 efficientnet-b0
efficientnet-b0-torchvision efficientnet-b1 efficientnet-b1-torchvision efficientnet-b2
efficientnet-b2-torchvision efficientnet-b3 efficientnet-b3-torchvision efficientnet-b4
efficientnet-b4-torchvision efficientnet-b5 efficientnet-b5-torchvision efficientnet-b6
efficientnet-b6-torchvision efficientnet-b7 efficientnet-b7-torchvision efficientnet-v2-l
efficientnet-v2-m efficientnet-v2-s efficientnetv2-b0 efficientnetv2-b1 efficientnetv2-b2
efficientnetv2-b3 efficientnetv2-l efficientnetv2-l-torchvision efficientnetv2-m
efficientnetv2-m-torchvision efficientnetv2-s efficientnetv2-s-torchvision googlenet
googlenet-torchvision inception-resnet-v2 inception-v3 inception-v3-torchvision inception-v4
lenet5 mobilenet mobilenet-v2 mobilenet-v3-large mobilenet-v3-small mobilenetv2 mobilenetv2-100
mobilenetv2-torchvision mobilenetv3-large mobilenetv3-large-100 mobilenetv3-large-torchvision
mobilenetv3-small mobilenetv3-small-100 mobilenetv3-small-torchvision nasnet-large nasnet-mobile
nin-cifar nin-imagenet resnet101 resnet101-v1.5 resnet101v2 resnet152 resnet152-v1.5 resnet152v2
resnet18 resnet34 resnet50 resnet50-v1.5 resnet50v2 tf-efficientnet-b0 tf-efficientnet-b1
tf-efficientnet-b2 tf-efficientnet-b3 tf-efficientnet-b4 tf-efficientnet-b5 tf-efficientnet-b6
tf-efficientnet-b7 tf-efficientnetv2-b0 tf-efficientnetv2-b1 tf-efficientnetv2-b2
tf-efficientnetv2-b3 tf-efficientnetv2-l tf-efficientnetv2-m tf-efficientnetv2-s vgg11 vgg11-bn
vgg13 vgg13-bn vgg16 vgg16-bn vgg16-short vgg19 vgg19-bn vgg19-short wrn-28-10 wrn-40-2 xception
"""
#: Networks, and the names that timm and torchvision have for them.
NETWORKS = frozenset(_NETWORKS.split())

_OPS = """
affine aspect autocontrast box_blur brightness brightness_contrast channel_dropout channel_shift
channel_shuffle clahe coarse_dropout color color_jitter contrast cutout elastic equalize
flip_horizontal flip_vertical gamma gaussian_blur gaussian_noise grayscale grid_distortion grid_mask
hole_dropout hsv_shift hue identity invert jittered_resize jpeg median_blur motion_blur padded_crop
pca_lighting perspective planckian_jitter poisson_noise posterize random_erasing random_resized_crop
rotate rotate_90 salt_and_pepper sample_pairing saturation sharpness shear_x shear_y solarize
solarize_add speckle_noise translate_x translate_y zoom
"""
#: Ops of images; `augment` publishes functions as well that are none.
OPS = frozenset(_OPS.split())


def check_policy(name: str) -> None:
    """Raises a ValueError if a policy has no such name."""
    known = (*POLICIES, *PUBLISHED)
    if name not in known:
        raise ValueError(f"policy must be a file or one of {', '.join(known)}; received {name!r}")


def unknown_network(name: str, known: Iterable[str]) -> ValueError:
    """Returns an error that says which networks were meant by a name that there is not."""
    known = sorted(known)
    key = str(name).lower().replace("_", "-")
    close = difflib.get_close_matches(key, known, n=3, cutoff=0.5) or known
    return ValueError(
        f"name must be one of keras_cv_extras.models.names(), received {name!r}; did you mean "
        f"{', '.join(close)}?"
    )
