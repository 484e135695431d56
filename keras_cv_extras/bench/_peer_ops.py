"""The ops of other libraries that do what ops of this library do, at about strength 0.5.

Warps take the nearest pixel and fill with black wherever a library lets one choose, as this
library does. Every image gets numbers of its own where a library can draw them.
"""

# The peers are imported where they are used, and may be missing.
# pyright: reportMissingImports=false

from keras_cv_extras.bench import _mixes, _peers
from keras_cv_extras.bench._repeated import Repeated


def _keras(size):
    from keras import layers

    nearest = {"interpolation": "nearest", "fill_mode": "constant"}
    return {
        "autocontrast": lambda: layers.AutoContrast(),
        "brightness": lambda: layers.RandomBrightness(0.45),
        "clahe": lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(),
        "color": lambda: layers.RandomColorDegeneration((0.45, 0.45)),
        "color_jitter": lambda: layers.RandomColorJitter(
            brightness_factor=0.2, contrast_factor=0.2, saturation_factor=0.2, hue_factor=0.1
        ),
        "contrast": lambda: layers.RandomContrast(0.45),
        "elastic": lambda: layers.RandomElasticTransform(
            1.0, 0.5, interpolation="nearest", fill_mode="constant"
        ),
        "equalize": lambda: layers.Equalization(),
        "flip_horizontal": lambda: layers.RandomFlip("horizontal"),
        "flip_vertical": lambda: layers.RandomFlip("vertical"),
        "gaussian_blur": lambda: layers.RandomGaussianBlur(1.0, 5, (0.5, 1.0)),
        "gaussian_noise": lambda: layers.GaussianNoise(0.05),
        "grayscale": lambda: layers.RandomGrayscale(1.0),
        "hue": lambda: layers.RandomHue((0.25, 0.25)),
        "invert": lambda: layers.RandomInvert(1.0),
        "perspective": lambda: layers.RandomPerspective(1.0, 0.5, interpolation="nearest"),
        "posterize": lambda: layers.RandomPosterization((6, 7)),
        "random_erasing": lambda: layers.RandomErasing(1.0, (0.1, 0.2), fill_value=0.0),
        "rotate": lambda: layers.RandomRotation(15 / 360, **nearest),
        "saturation": lambda: layers.RandomSaturation((0.7, 0.8)),
        "sharpness": lambda: layers.RandomSharpness((0.45, 0.45)),
        "shear_x": lambda: layers.RandomShear(x_factor=0.15, **nearest),
        "shear_y": lambda: layers.RandomShear(y_factor=0.15, **nearest),
        "solarize": lambda: layers.Solarization(0.0, 0.5),
        "solarize_add": lambda: layers.Solarization(0.2, 0.5),
        "translate_x": lambda: layers.RandomTranslation(0.0, 0.2, **nearest),
        "translate_y": lambda: layers.RandomTranslation(0.2, 0.0, **nearest),
        "zoom": lambda: layers.RandomZoom(0.2, **nearest),
    }


def _torchvision(size):
    from torchvision.transforms import InterpolationMode, v2

    nearest = {"interpolation": InterpolationMode.NEAREST}
    jitter = v2.ColorJitter
    return {
        "affine": lambda: v2.RandomAffine(15, (0.1, 0.1), (0.9, 1.1), 8, **nearest),
        "autocontrast": lambda: v2.RandomAutocontrast(1.0),
        "brightness": lambda: jitter(brightness=(0.55, 1.45)),
        "channel_shuffle": lambda: v2.RandomChannelPermutation(),
        "color": lambda: jitter(saturation=(0.55, 1.45)),
        "color_jitter": lambda: jitter(0.2, 0.2, 0.2, 0.1),
        "contrast": lambda: jitter(contrast=(0.55, 1.45)),
        "elastic": lambda: v2.ElasticTransform(25.0, 5.0, **nearest),
        "equalize": lambda: v2.RandomEqualize(1.0),
        "flip_horizontal": lambda: v2.RandomHorizontalFlip(1.0),
        "flip_vertical": lambda: v2.RandomVerticalFlip(1.0),
        "gaussian_blur": lambda: v2.GaussianBlur(5, (0.5, 1.0)),
        "grayscale": lambda: v2.RandomGrayscale(1.0),
        "hue": lambda: jitter(hue=0.1),
        "invert": lambda: v2.RandomInvert(1.0),
        "jpeg": lambda: v2.JPEG((50, 60)),
        "padded_crop": lambda: v2.RandomCrop(size, padding=size // 8),
        "perspective": lambda: v2.RandomPerspective(0.25, 1.0, **nearest),
        "posterize": lambda: v2.RandomPosterize(6, 1.0),
        "random_resized_crop": lambda: v2.RandomResizedCrop(size),
        "rotate": lambda: v2.RandomRotation(15, **nearest),
        "saturation": lambda: jitter(saturation=(0.55, 1.45)),
        "sharpness": lambda: v2.RandomAdjustSharpness(1.45, 1.0),
        "shear_x": lambda: v2.RandomAffine(0, shear=(-8.5, 8.5), **nearest),
        "shear_y": lambda: v2.RandomAffine(0, shear=(0, 0, -8.5, 8.5), **nearest),
        "solarize": lambda: v2.RandomSolarize(128, 1.0),
        "translate_x": lambda: v2.RandomAffine(0, (0.2, 0.0), **nearest),
        "translate_y": lambda: v2.RandomAffine(0, (0.0, 0.2), **nearest),
        "zoom": lambda: v2.RandomAffine(0, scale=(0.8, 1.2), **nearest),
    }


def _albumentations(size):
    import albumentations as a

    jitter = a.ColorJitter
    nearest = {"interpolation": 0, "p": 1}
    no_shift = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0, "p": 1}
    return {
        "affine": lambda: a.Affine(
            (0.9, 1.1), (-0.1, 0.1), rotate=(-15, 15), shear=(-8, 8), **nearest
        ),
        "autocontrast": lambda: a.AutoContrast(method="pil", p=1),
        "box_blur": lambda: a.Blur((3, 5), p=1),
        "brightness": lambda: jitter(**{**no_shift, "brightness": (0.55, 1.45)}),
        "channel_dropout": lambda: a.ChannelDropout(p=1),
        "channel_shift": lambda: a.RGBShift(p=1),
        "channel_shuffle": lambda: a.ChannelShuffle(p=1),
        "clahe": lambda: a.CLAHE(p=1),
        "hole_dropout": lambda: a.CoarseDropout((4, 8), (0.05, 0.15), (0.05, 0.15), p=1),
        "color": lambda: jitter(**{**no_shift, "saturation": (0.55, 1.45)}),
        "color_jitter": lambda: jitter((0.8, 1.2), (0.8, 1.2), (0.8, 1.2), (-0.1, 0.1), p=1),
        "contrast": lambda: jitter(**{**no_shift, "contrast": (0.55, 1.45)}),
        "cutout": lambda: a.CoarseDropout((1, 1), (0.1, 0.1), (0.1, 0.1), p=1),
        "elastic": lambda: a.ElasticTransform(25, 5, interpolation=0, p=1),
        "equalize": lambda: a.Equalize(mode="pil", p=1),
        "flip_horizontal": lambda: a.HorizontalFlip(p=1),
        "flip_vertical": lambda: a.VerticalFlip(p=1),
        "gamma": lambda: a.RandomGamma((60, 140), p=1),
        "gaussian_blur": lambda: a.GaussianBlur(5, (0.5, 1.0), p=1),
        "gaussian_noise": lambda: a.GaussNoise((0.05, 0.05), p=1),
        "grayscale": lambda: a.ToGray(p=1),
        "grid_distortion": lambda: a.GridDistortion(interpolation=0, p=1),
        "grid_mask": lambda: a.GridDropout(0.4, p=1),
        "hue": lambda: jitter(**{**no_shift, "hue": (-0.1, 0.1)}),
        "invert": lambda: a.InvertImg(p=1),
        "jpeg": lambda: a.ImageCompression("jpeg", (50, 60), p=1),
        "median_blur": lambda: a.MedianBlur((3, 3), p=1),
        "motion_blur": lambda: a.MotionBlur((5, 5), p=1),
        "padded_crop": lambda: a.Compose([a.Pad(size // 8, p=1), a.RandomCrop(size, size, p=1)]),
        "pca_lighting": lambda: a.FancyPCA(0.1, p=1),
        "perspective": lambda: a.Perspective((0.05, 0.15), interpolation=0, p=1),
        "planckian_jitter": lambda: a.PlanckianJitter(p=1),
        "poisson_noise": lambda: a.ShotNoise(p=1),
        "posterize": lambda: a.Posterize(6, p=1),
        "random_erasing": lambda: a.Erasing((0.1, 0.2), p=1),
        "random_resized_crop": lambda: a.RandomResizedCrop((size, size), p=1),
        "rotate": lambda: a.Affine(rotate=(-15, 15), **nearest),
        "rotate_90": lambda: a.RandomRotate90(p=1),
        "salt_and_pepper": lambda: a.SaltAndPepper(p=1),
        "saturation": lambda: jitter(**{**no_shift, "saturation": (0.55, 1.45)}),
        "sharpness": lambda: a.Sharpen(kernel_size=3, p=1),
        "shear_x": lambda: a.Affine(shear={"x": (-8.5, 8.5), "y": 0}, **nearest),
        "shear_y": lambda: a.Affine(shear={"x": 0, "y": (-8.5, 8.5)}, **nearest),
        "solarize": lambda: a.Solarize((0.5, 0.5), p=1),
        "speckle_noise": lambda: a.MultiplicativeNoise((0.9, 1.1), True, True, p=1),
        "translate_x": lambda: a.Affine(translate_percent={"x": (-0.2, 0.2), "y": 0}, **nearest),
        "translate_y": lambda: a.Affine(translate_percent={"x": 0, "y": (-0.2, 0.2)}, **nearest),
        "zoom": lambda: a.Affine(scale=(0.8, 1.2), **nearest),
    }


def _kornia(size):
    import kornia.augmentation as k

    nearest = {"resample": "nearest", "p": 1.0}
    return {
        "affine": lambda: k.RandomAffine(15.0, (0.1, 0.1), (0.9, 1.1), 8.0, **nearest),
        "autocontrast": lambda: k.RandomAutoContrast(p=1.0),
        "box_blur": lambda: k.RandomBoxBlur((3, 3), p=1.0),
        "brightness": lambda: k.RandomBrightness((0.55, 1.45), p=1.0),
        "channel_dropout": lambda: k.RandomChannelDropout(p=1.0),
        "channel_shift": lambda: k.RandomRGBShift(0.1, 0.1, 0.1, p=1.0),
        "channel_shuffle": lambda: k.RandomChannelShuffle(p=1.0),
        "clahe": lambda: k.RandomClahe((4.0, 4.0), p=1.0),
        "color_jitter": lambda: k.ColorJitter(0.2, 0.2, 0.2, 0.1, p=1.0),
        "contrast": lambda: k.RandomContrast((0.55, 1.45), p=1.0),
        "elastic": lambda: k.RandomElasticTransform((15, 15), (5.0, 5.0), **nearest),
        "equalize": lambda: k.RandomEqualize(p=1.0),
        "flip_horizontal": lambda: k.RandomHorizontalFlip(p=1.0),
        "flip_vertical": lambda: k.RandomVerticalFlip(p=1.0),
        "gamma": lambda: k.RandomGamma((0.6, 1.4), p=1.0),
        "gaussian_blur": lambda: k.RandomGaussianBlur((5, 5), (0.5, 1.0), p=1.0),
        "gaussian_noise": lambda: k.RandomGaussianNoise(0.0, 0.05, p=1.0),
        "grayscale": lambda: k.RandomGrayscale(p=1.0),
        "hue": lambda: k.RandomHue((-0.1, 0.1), p=1.0),
        "invert": lambda: k.RandomInvert(p=1.0),
        "jpeg": lambda: k.RandomJPEG((50.0, 60.0), p=1.0),
        "median_blur": lambda: k.RandomMedianBlur((3, 3), p=1.0),
        "motion_blur": lambda: k.RandomMotionBlur(5, 45.0, 0.0, p=1.0),
        "perspective": lambda: k.RandomPerspective(0.25, **nearest),
        "planckian_jitter": lambda: k.RandomPlanckianJitter(p=1.0),
        "posterize": lambda: k.RandomPosterize(6.0, p=1.0),
        "random_erasing": lambda: k.RandomErasing((0.1, 0.2), p=1.0),
        "random_resized_crop": lambda: k.RandomResizedCrop((size, size), p=1.0),
        "rotate": lambda: k.RandomRotation(15.0, **nearest),
        "salt_and_pepper": lambda: k.RandomSaltAndPepperNoise(p=1.0),
        "saturation": lambda: k.RandomSaturation((0.55, 1.45), p=1.0),
        "sharpness": lambda: k.RandomSharpness(0.5, p=1.0),
        "shear_x": lambda: k.RandomShear((-8.5, 8.5), **nearest),
        "solarize": lambda: k.RandomSolarize(0.1, 0.0, p=1.0),
        "translate_x": lambda: k.RandomTranslate((-0.2, 0.2), **nearest),
        "translate_y": lambda: k.RandomTranslate(None, (-0.2, 0.2), **nearest),
    }


def load(library, op, images):
    """Returns the op of a library on one core as a contestant; None where it has none.

    Args:
        library: one of `LIBRARIES`.
        op: the name of the op here.
        images: uint8 array of shape `(batch, size, size, 3)`.
    """
    ops, wrap = LIBRARIES[library]
    if library == "keras":
        _peers.tensorflow(1)  # before a layer starts it
    else:
        import torch

        torch.set_num_threads(1)
    if op in _mixes.MIXES:
        return _mixes.load(library, op, images)
    make = ops(images.shape[1]).get(op)
    return None if make is None else wrap(make(), images)


def _keras_calls(layer, images):
    import keras

    from keras_cv_extras.bench._contestants import Calls

    if isinstance(layer, keras.layers.GaussianNoise):
        # It takes floats alone, and small deviations; the conversion is not counted.
        images = images.astype("float32") / 255
    calls = Calls(lambda: lambda images, number: layer(images, training=True), images, 1)
    calls.version = keras.__version__
    return calls


def _pillow_loop(transform, images):
    from PIL import Image

    version = _peers.import_torchvision().__version__
    return Repeated(transform, [Image.fromarray(i) for i in images], len(images), version)


def _array_loop(transform, images):
    import albumentations
    import cv2

    cv2.setNumThreads(1)
    call = lambda image: transform(image=image)  # noqa: E731
    return Repeated(call, list(images), len(images), albumentations.__version__)


def _tensor_batch(transform, images):
    import kornia
    import torch

    # It takes floats in [0, 1]; the conversion is not counted.
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255
    return Repeated(transform, [batch], len(images), kornia.__version__)


def _with_torchvision(size):
    _peers.import_torchvision()
    return _torchvision(size)


#: For every library its ops, and what makes a contestant of one: Keras in a `tf.function` as the
#: ops of this library, torchvision on Pillow images and Albumentations on arrays one by one,
#: Kornia on a batch of tensors.
LIBRARIES = {
    "keras": (_keras, _keras_calls),
    "torchvision": (_with_torchvision, _pillow_loop),
    "albumentations": (_albumentations, _array_loop),
    "kornia": (_kornia, _tensor_batch),
}
