"""Makes keras_cv_calls.npz: what KerasCV 0.9.0 gives for layers whose factors leave no choice.

KerasCV runs in an environment of its own, and its results are kept here:

    python3.11 -m venv kcv
    kcv/bin/pip install keras-cv==0.9.0 tensorflow==2.21.0 keras==3.15.1
    kcv/bin/python tests/reference/keras_cv_calls.py

Tests evaluate the same calls with `keras_cv_extras.compat.keras_cv` for `keras_cv`.
"""

import pathlib

import numpy as np


def inputs():
    """Returns the names that the calls read."""
    rng = np.random.default_rng(0)
    low, wide = rng.integers(60, 190, (2, 12, 16, 3)), rng.integers(0, 256, (2, 12, 16, 3))
    logits = rng.normal(size=(4, 5)).astype("float32")
    return {
        "images": np.stack([low[0], wide[0]]).astype("float32"),
        "unit": (wide / 255).astype("float32"),
        "maps": rng.normal(size=(2, 6, 6, 8)).astype("float32"),
        "logits": logits,
        "probabilities": (1 / (1 + np.exp(-logits))).astype("float32"),
        "one_hot": np.eye(5, dtype="float32")[[0, 2, 4, 1]],
        "np": np,
        "RANGE": (0, 255),
        "UNIT": (0, 1),
        "constant": constant,
    }


def constant(keras_cv, value):
    """Returns a sampler of one value."""
    return keras_cv.core.ConstantFactorSampler(value)


CALLS = [
    "layers.AutoContrast(value_range=RANGE)(images)",
    "layers.AutoContrast(value_range=UNIT)(unit)",
    "layers.Equalization(value_range=RANGE)(images)",
    "layers.Equalization(value_range=UNIT)(unit)",
    "layers.Posterization(value_range=RANGE, bits=3)(images)",
    "layers.Posterization(value_range=UNIT, bits=2)(unit)",
    "layers.Solarization(value_range=RANGE, threshold_factor=(100, 100))(images)",
    "layers.Solarization(value_range=RANGE)(images)",
    "layers.Solarization(RANGE, addition_factor=(40, 40), threshold_factor=(90, 90))(images)",
    "layers.Solarization(value_range=UNIT, threshold_factor=(100, 100))(unit)",
    "layers.Grayscale()(images)",
    "layers.Grayscale(output_channels=3)(images)",
    "layers.RandomBrightness(factor=(0.2, 0.2))(images)",
    "layers.RandomBrightness(factor=(-0.4, -0.4))(images)",
    "layers.RandomBrightness((0.2, 0.2), value_range=UNIT)(unit)",
    "layers.RandomColorDegeneration(factor=(0.3, 0.3))(images)",
    "layers.RandomColorDegeneration(factor=(1.0, 1.0))(images)",
    "layers.RandomColorDegeneration(constant(keras_cv, 0.5))(images)",
    "layers.RandomHue(factor=(0.0, 0.0), value_range=RANGE)(images)",
    "layers.RandomSaturation(factor=(0.3, 0.3))(images)",
    "layers.RandomSaturation(factor=(0.7, 0.7))(images)",
    "layers.RandomSaturation(factor=(0.0, 0.0))(images)",
    "layers.RandomSaturation(factor=(0.5, 0.5))(images)",
    "layers.RandomSharpness(factor=(0.5, 0.5), value_range=RANGE)(images)",
    "layers.RandomSharpness(factor=(1.0, 1.0), value_range=RANGE)(images)",
    "layers.RandomSharpness((0.5, 0.5), value_range=UNIT)(unit)",
    "layers.RandomGaussianBlur(kernel_size=3, factor=(1.0, 1.0))(images)",
    "layers.RandomGaussianBlur((5, 5), factor=(2.0, 2.0))(images)",
    "layers.RandomGaussianBlur((3, 7), factor=(1.0, 1.0))(images)",
    "layers.RandomFlip('horizontal', rate=1.0)(images)",
    "layers.RandomFlip(mode='vertical', rate=1.0)(images)",
    "layers.RandomFlip('horizontal_and_vertical', 1.0)(images)",
    "layers.RandomRotation((0.25, 0.25))(images[:, :, :12])",
    "layers.RandomRotation((0.05, 0.05), fill_mode='constant')(images)",
    "layers.RandomRotation((-0.1, -0.1), fill_mode='nearest', interpolation='nearest')(images)",
    "layers.RandomRotation((-0.1, -0.1))(images)",
    "layers.RandomTranslation((0.25, 0.25), (-0.25, -0.25), fill_mode='constant')(images)",
    "layers.RandomTranslation((0.25, 0.25), 0.0, fill_mode='wrap')(images)",
    "layers.RandomTranslation((0.0, 0.0), (0.5, 0.5))(images)",
    "layers.RandomTranslation((0.0, 0.0), (0.5, 0.5), fill_mode='nearest')(images)",
    "layers.RandomZoom((0.5, 0.5), fill_mode='constant')(images)",
    "layers.RandomZoom((-0.5, -0.5))(images)",
    "layers.RandomZoom((-0.5, -0.5), (0.0, 0.0), interpolation='nearest')(images)",
    "layers.RandomShear(x_factor=(0.0, 0.0), y_factor=(0.0, 0.0))(images)",
    "layers.RandomCrop(12, 16)(images)",
    "layers.RandomCrop(24, 32)(images)",
    "layers.JitteredResize((12, 16), (1.0, 1.0))(images)",
    "layers.Resizing(6, 8)(images)",
    "layers.Resizing(6, 6, crop_to_aspect_ratio=True)(images)",
    "layers.Resizing(8, 8, interpolation='nearest')(images)",
    "layers.Resizing(16, 16, pad_to_aspect_ratio=True)(images)",
    "layers.Rescaling(1 / 255.0)(images)",
    "layers.Rescaling(scale=1 / 127.5, offset=-1)(images)",
    "layers.RandomChannelShift(RANGE, factor=0.0)(images)",
    "layers.RandomContrast(RANGE, factor=(0.0, 0.0))(images)",
    "layers.RandomContrast(RANGE, factor=(0.4, -0.4))(images)",
    "layers.RandomContrast(value_range=RANGE, factor=(-0.8, 0.8))(images)",
    "layers.RandomColorJitter(RANGE, (0.2, 0.2), (-0.3, 0.3), (0.7, 0.7), (0.0, 0.0))(images)",
    "layers.ChannelShuffle(groups=1)(images)",
    "layers.GridMask(ratio_factor=(1.0, 1.0), rotation_factor=0.0)(images)",
    "layers.DropPath(0.3)(maps)",
    "layers.DropBlock2D(0.3, 3)(maps, training=False)",
    "layers.StochasticDepth(0.2)([maps, maps], training=False)",
    "layers.SqueezeAndExcite2D(8)(maps).shape",
    "layers.SqueezeAndExcite2D(filters=8, bottleneck_filters=3).bottleneck_filters",
    "losses.FocalLoss()(one_hot, probabilities)",
    "losses.FocalLoss(alpha=0.5, gamma=1, from_logits=True)(one_hot, logits)",
    "losses.FocalLoss(from_logits=True, label_smoothing=0.1)(one_hot, logits)",
    "losses.FocalLoss(reduction='none')(one_hot, probabilities)",
    "losses.SmoothL1Loss()(one_hot, logits)",
    "losses.SmoothL1Loss(l1_cutoff=0.5)(one_hot, logits)",
    "losses.SmoothL1Loss(l1_cutoff=2.0, reduction='none')(one_hot, 3 * logits)",
    "losses.SimCLRLoss(temperature=0.5)(logits, logits[::-1])",
    "losses.SimCLRLoss(0.1, reduction='none')(logits, logits[::-1])",
]


def called(call, keras_cv, names):
    """Returns the array that a call gives."""
    return np.asarray(eval(f"keras_cv.{call}", {**names, "keras_cv": keras_cv}))


def main():
    import keras_cv

    names = inputs()
    out = {str(number): called(call, keras_cv, names) for number, call in enumerate(CALLS)}
    np.savez_compressed(pathlib.Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
